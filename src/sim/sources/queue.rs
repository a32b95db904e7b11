//! A queue and those who poll it: messages are handed over in batches, come again when they were
//! not worked off, and are given up in the end.

use super::*;
use crate::dist::uniform;
use crate::model::QueueRules;

const MINUTE: Span = Span::from_whole_secs(60);
/// How long nothing is polled after a batch was throttled. AWS Lambda backs off, but does not say
/// for how long; an assumption.
const BACK_OFF: Span = Span::from_whole_secs(1);

/// What a queue keeps.
pub(in crate::sim) struct QueueState {
    /// Messages that can be handed over.
    visible: VecDeque<Message>,
    /// Batches that the function works on.
    in_flight: u32,
    /// Batches that may be in flight.
    allowed: u32,
    /// When `allowed` was last raised, where messages wait for that.
    raised: Option<Time>,
    /// Nothing is polled before.
    backs_off_until: Time,
    /// When the live timer fires.
    timer: Time,
    /// Which messages are poison.
    draws: Stream,
}

impl QueueState {
    pub(super) fn new(rules: &QueueRules, draws: Stream) -> Self {
        Self {
            draws,
            visible: VecDeque::new(),
            in_flight: 0,
            allowed: rules.pollers.min(rules.max_concurrency),
            raised: None,
            backs_off_until: Time::ZERO,
            timer: Time::NEVER,
        }
    }

    pub(super) fn waiting(&self) -> Vec<Message> {
        self.visible.iter().copied().collect()
    }

    /// Raises what may be in flight, while messages wait.
    fn raise(&mut self, rules: &QueueRules, now: Time) {
        let Some(step) = step(rules) else { return };
        let since = *self.raised.get_or_insert(now);
        let steps = now.since(since).nanos() / step.nanos();
        let raised = self.allowed.saturating_add(steps as u32);
        self.allowed = raised.min(rules.max_concurrency);
        self.raised = Some(since + Span::from_nanos(steps * step.nanos()));
    }

    /// Little is to be done: the pollers that came for more go.
    fn calm_down(&mut self, rules: &QueueRules) {
        self.raised = None;
        let usual = rules.pollers.min(rules.max_concurrency);
        if self.in_flight <= usual {
            self.allowed = usual;
        }
    }
}

/// From one further batch at the same time to the next.
fn step(rules: &QueueRules) -> Option<Span> {
    let rate = u64::from(rules.pollers_per_minute);
    (rate > 0).then(|| Span::from_nanos((MINUTE.nanos() / rate).max(1)))
}

/// What a look at a queue comes to.
enum Look {
    /// Nothing to do before this instant; `NEVER` is until something happens.
    Wait(Time),
    /// A batch of so many messages.
    Take(usize),
}

impl<O: Observer> Simulation<'_, O> {
    fn queue_rules(&self, id: FunctionId) -> Option<QueueRules> {
        match &self.plan.functions[id.index()].source {
            EventSource::Queue(rules) => Some(*rules),
            _ => None,
        }
    }

    fn queue(&mut self, id: FunctionId) -> Option<&mut QueueState> {
        match &mut self.functions[id].rare.source {
            SourceState::Queue(state) => Some(state),
            _ => None,
        }
    }

    pub(super) fn enqueue_message(&mut self, id: FunctionId, mut message: Message) {
        let poison = self.queue_rules(id).map_or(0.0, |rules| rules.poison);
        if let Some(state) = self.queue(id) {
            message.poison = poison > 0.0 && uniform(&mut state.draws) < poison;
            state.visible.push_back(message);
        }
        self.poll(id);
    }

    /// The timer of a queue fires.
    pub(in crate::sim) fn poll_due(&mut self, id: FunctionId) {
        let now = self.now;
        if let Some(state) = self.queue(id).filter(|state| state.timer == now) {
            state.timer = Time::NEVER;
            self.poll(id);
        }
    }

    /// Hands over what can be handed over now.
    fn poll(&mut self, id: FunctionId) {
        let Some(rules) = self.queue_rules(id) else {
            return;
        };
        loop {
            match self.look_at_queue(id, &rules) {
                Look::Take(size) => self.take_batch(id, &rules, size),
                Look::Wait(at) => {
                    let Some(state) = self.queue(id) else { return };
                    if at < state.timer {
                        state.timer = at;
                        self.calendar.push(at, Event::Poll { function: id.0 });
                    }
                    return;
                }
            }
        }
    }

    fn look_at_queue(&mut self, id: FunctionId, rules: &QueueRules) -> Look {
        let now = self.now;
        let Some(state) = self.queue(id) else {
            return Look::Wait(Time::NEVER);
        };
        let Some(first) = state.visible.front() else {
            state.calm_down(rules);
            return Look::Wait(Time::NEVER);
        };
        if now < state.backs_off_until {
            return Look::Wait(state.backs_off_until);
        }
        let full = state.visible.len() >= rules.batch_size as usize;
        let gathered = first.since + rules.window;
        if !full && now < gathered {
            return Look::Wait(gathered);
        }
        if state.in_flight < state.allowed {
            return Look::Take(state.visible.len().min(rules.batch_size as usize));
        }
        state.raise(rules, now);
        if state.in_flight < state.allowed {
            return Look::Take(state.visible.len().min(rules.batch_size as usize));
        }
        match (step(rules), state.raised) {
            (Some(step), Some(raised)) if state.allowed < rules.max_concurrency => {
                Look::Wait(raised + step)
            }
            // The end of a batch goes on.
            _ => Look::Wait(Time::NEVER),
        }
    }

    fn take_batch(&mut self, id: FunctionId, rules: &QueueRules, size: usize) {
        let now = self.now;
        let mut messages = self.batches.list();
        let mut expired = self.batches.list();
        let Some(state) = self.queue(id) else { return };
        for mut message in state.visible.drain(..size) {
            if message.arrived + rules.retention <= now {
                expired.push(message);
            } else {
                message.receives = message.receives.saturating_add(1);
                messages.push(message);
            }
        }
        let any = !messages.is_empty();
        state.in_flight += u32::from(any);
        for message in &expired {
            self.end_message(id, message, Fate::Expired);
        }
        self.batches.recycle(expired);
        if any {
            let batch = self.batches.put(id, 0, messages, now);
            self.hand_over(id, batch);
        } else {
            self.batches.recycle(messages);
        }
    }

    pub(super) fn queue_batch_tried(&mut self, request: &Request, tried: Tried) {
        let id = request.function;
        let Some(rules) = self.queue_rules(id) else {
            return;
        };
        let Some((_, _, mut messages, taken)) = self.batches.take(request.batch) else {
            return;
        };
        let now = self.now;
        if let Some(state) = self.queue(id) {
            state.in_flight -= 1;
            if tried == Tried::Refused {
                state.backs_off_until = now + BACK_OFF;
                state.allowed = state.allowed.saturating_sub(1).max(1);
                state.raised = None;
            }
        }
        // Only a function that lives to say so tells which of its messages failed.
        let whole = tried != Tried::Failed || !rules.partial_failures;
        let mut left = self.batches.list();
        for message in messages.drain(..) {
            let done = tried == Tried::Completed || (!whole && !message.fails && !message.poison);
            if done {
                self.end_message(id, &message, Fate::Processed);
            } else if rules
                .max_receives
                .is_some_and(|most| message.receives >= most)
            {
                self.end_message(id, &message, Fate::GivenUp);
            } else {
                left.push(message);
            }
        }
        self.batches.recycle(messages);
        if left.is_empty() {
            self.batches.recycle(left);
        } else {
            let place = self.batches.put(id, 0, left, taken);
            let at = (taken + rules.visibility).max(now);
            self.calendar.push(at, Event::Visible { batch: place });
        }
        self.poll(id);
    }

    /// Messages that were handed over and not worked off can be handed over again.
    pub(in crate::sim) fn visible_again(&mut self, batch: u32) {
        let Some((id, _, mut messages, _)) = self.batches.take(batch) else {
            return;
        };
        let now = self.now;
        for message in &mut messages {
            message.since = now;
            message.fails = self.draws_failure(id);
        }
        if let Some(state) = self.queue(id) {
            state.visible.extend(messages.drain(..));
        }
        self.batches.recycle(messages);
        self.poll(id);
    }
}

impl EventSource {
    pub(super) fn is_queue(&self) -> bool {
        matches!(self, Self::Queue(_))
    }
}
