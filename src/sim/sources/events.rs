//! Events that a function is called with later: asynchronous invocation.

use super::*;
use crate::model::{AsyncRules, ClientRetry};
use crate::sim::admission::back_off;

impl<O: Observer> Simulation<'_, O> {
    /// Whether a client tries again, and if so, lets it wait for that.
    pub(super) fn client_tries_again(&mut self, request: &Request, tried: Tried) -> bool {
        let Some(retry) = self.plan.platform.client_retry else {
            return false;
        };
        let wanted = match tried {
            Tried::Completed => false,
            Tried::Failed | Tried::WentDown => retry.on.failed,
            Tried::TimedOut => retry.on.timed_out,
            Tried::Refused => retry.on.throttled,
        };
        if !wanted || request.sender != Sender::User || request.attempts >= retry.attempts {
            return false;
        }
        let wait = self.client_wait(&retry, request);
        self.try_later(request, tried, self.now + wait);
        true
    }

    fn client_wait(&mut self, retry: &ClientRetry, request: &Request) -> Span {
        let stream = &mut self.functions[request.function].rare.retry_stream;
        back_off(retry, request.attempts, stream)
    }

    /// Whether an event is tried again, and if so, lets it wait for that.
    pub(super) fn event_tries_again(&mut self, request: &Request, tried: Tried) -> bool {
        let EventSource::Async(rules) = &self.plan.functions[request.function.index()].source
        else {
            return false;
        };
        let wait = match tried {
            Tried::Completed => return false,
            Tried::Refused => throttled_wait(rules, request),
            Tried::Failed | Tried::WentDown | Tried::TimedOut => {
                if u32::from(request.errors) >= rules.retries {
                    return false;
                }
                Span::from_nanos(
                    rules
                        .retry_wait
                        .nanos()
                        .saturating_mul(u64::from(request.errors) + 1),
                )
            }
        };
        // An event that will be too old by then is given up when it is.
        let at = (self.now + wait).min(request.arrived + rules.max_age);
        self.try_later(request, tried, at.max(self.now));
        true
    }

    /// Lets a request wait for its next try, which may fail or not whatever became of this one.
    fn try_later(&mut self, request: &Request, tried: Tried, at: Time) {
        let ran = tried != Tried::Refused;
        let fails = if ran {
            self.draws_failure(request.function)
        } else {
            request.fails
        };
        let next = Request {
            attempts: request.attempts.saturating_add(1),
            errors: request.errors.saturating_add(u8::from(ran)),
            fails,
            ..*request
        };
        let waiting = self.waiting.keep(next).0;
        self.calendar.push(at, Event::Retry { waiting });
    }

    /// Whether a further try fails.
    pub(super) fn draws_failure(&mut self, function: FunctionId) -> bool {
        let rate = self.plan.functions[function.index()].error_rate;
        rate > 0.0 && crate::dist::uniform(&mut self.functions[function].rare.retry_stream) < rate
    }

    /// Whether an event is given up for its age, now that it could be tried again.
    pub(in crate::sim) fn is_too_old(&self, request: &Request) -> bool {
        match &self.plan.functions[request.function.index()].source {
            EventSource::Async(rules) if request.via == Via::Event => {
                request.arrived + rules.max_age <= self.now
            }
            _ => false,
        }
    }

    /// An event is given up.
    pub(in crate::sim) fn tell_dead_letter(&mut self, request: &Request) {
        if let EventSource::Async(rules) = &self.plan.functions[request.function.index()].source
            && rules.dead_letters
            && request.via == Via::Event
        {
            self.observer
                .dead_lettered(self.now, request.function, request.arrived);
        }
    }
}

/// Wait of an event that was throttled so many times, whether or not one after the other.
fn throttled_wait(rules: &AsyncRules, request: &Request) -> Span {
    let throttled = request
        .attempts
        .saturating_sub(u32::from(request.errors) + 1);
    let factor = 1_u64.checked_shl(throttled).unwrap_or(u64::MAX);
    let wait = rules.back_off.nanos().saturating_mul(factor);
    Span::from_nanos(wait).min(rules.longest_back_off)
}
