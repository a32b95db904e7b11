//! Observers for what no measure of the catalogue says: the law of the busy count, the share of
//! requests that wait, the length of the queue.

use super::estimate::Estimate;
use super::lab::BATCHES;
use crate::ids::FunctionId;
use crate::model::Plan;
use crate::sim::{self, Found, Observer, RequestEnd, Sender, State, StateChange};
use crate::units::{Span, Time};

/// What is counted in one batch.
#[derive(Clone, Debug, Default)]
struct Batch {
    /// Nanoseconds with so many busy instances, by their number.
    busy: Vec<u128>,
    /// Arrivals by the number of busy instances found.
    found_busy: Vec<u64>,
    /// Request-nanoseconds in the queue.
    queued: u128,
    ran: u64,
    waited: u64,
    waited_long: u64,
}

/// Counts busy instances and waiting requests, batch by batch.
#[derive(Debug)]
pub(super) struct Probe {
    from: Time,
    duration: Span,
    /// A wait longer than this is long.
    long: Span,
    busy: usize,
    queued: u64,
    counted_to: Time,
    batches: Vec<Batch>,
}

impl Probe {
    pub(super) fn new(plan: &Plan, long_s: f64) -> Self {
        Self {
            from: plan.measured_from(),
            duration: plan.duration,
            long: Span::from_secs(long_s),
            busy: 0,
            queued: 0,
            counted_to: Time::ZERO,
            batches: vec![Batch::default(); BATCHES as usize],
        }
    }

    fn batch_end(&self, batch: usize) -> Time {
        self.from + self.duration.part(batch as u64 + 1, u64::from(BATCHES))
    }

    /// The batch of an instant; `None` before measuring begins.
    fn batch_at(&self, at: Time) -> Option<usize> {
        if at < self.from {
            return None;
        }
        let share = at.since(self.from).secs() / self.duration.secs();
        Some(((share * f64::from(BATCHES)) as usize).min(BATCHES as usize - 1))
    }

    /// Adds up what has been the case since the last change.
    fn count_to(&mut self, at: Time) {
        self.counted_to = self.counted_to.max(self.from.min(at));
        while self.counted_to < at {
            let batch = self.batch_at(self.counted_to).unwrap_or(0);
            let end = self.batch_end(batch);
            // At a boundary the share may round to the batch before.
            let to = if end > self.counted_to {
                end.min(at)
            } else {
                at
            };
            let length = u128::from((to - self.counted_to).nanos());
            let counts = &mut self.batches[batch];
            *grown(&mut counts.busy, self.busy) += length;
            counts.queued += length * u128::from(self.queued);
            self.counted_to = to;
        }
    }

    /// P(the busy count fulfils a condition), over time.
    pub(super) fn busy_share(&self, wanted: impl Fn(usize) -> bool) -> Estimate {
        let batches = self.batches.iter().map(|batch| {
            let all: u128 = batch.busy.iter().sum();
            let held = batch.busy.iter().enumerate().filter(|(n, _)| wanted(*n));
            (held.map(|(_, t)| *t).sum::<u128>() as f64, all as f64)
        });
        Estimate::ratio(&batches.collect::<Vec<_>>())
    }

    /// The share of arrivals that found so many or more busy.
    pub(super) fn found_at_least(&self, busy: usize) -> Estimate {
        let batches = self.batches.iter().map(|batch| {
            let all: u64 = batch.found_busy.iter().sum();
            let more: u64 = batch.found_busy.iter().skip(busy).sum();
            (more as f64, all as f64)
        });
        Estimate::ratio(&batches.collect::<Vec<_>>())
    }

    /// The least number of busy instances that is not exceeded for a share of the time.
    pub(super) fn busy_quantile(&self, share: f64) -> u64 {
        let most = self
            .batches
            .iter()
            .map(|batch| batch.busy.len())
            .max()
            .unwrap_or(0);
        let fits = |n: &usize| self.busy_share(|busy| busy <= *n).value >= share;
        (0..most).find(fits).unwrap_or(most) as u64
    }

    /// The mean number of waiting requests.
    pub(super) fn queue(&self) -> Estimate {
        let batch_s = self.duration.secs() / f64::from(BATCHES);
        let queued = self
            .batches
            .iter()
            .map(|batch| batch.queued as f64 / 1e9 / batch_s);
        Estimate::mean(&queued.collect::<Vec<_>>())
    }

    fn share(&self, part: impl Fn(&Batch) -> u64) -> Estimate {
        let batches = self
            .batches
            .iter()
            .map(|batch| (part(batch) as f64, batch.ran as f64));
        Estimate::ratio(&batches.collect::<Vec<_>>())
    }

    /// The share of requests that waited.
    pub(super) fn waited(&self) -> Estimate {
        self.share(|batch| batch.waited)
    }

    /// The share of requests that waited long.
    pub(super) fn waited_long(&self) -> Estimate {
        self.share(|batch| batch.waited_long)
    }

    /// Requests that ran.
    pub(super) fn ran(&self) -> f64 {
        self.batches.iter().map(|batch| batch.ran).sum::<u64>() as f64
    }
}

fn grown<T: Clone + Default>(counts: &mut Vec<T>, place: usize) -> &mut T {
    if place >= counts.len() {
        counts.resize(place + 1, T::default());
    }
    &mut counts[place]
}

impl Observer for Probe {
    fn arrived(&mut self, at: Time, _: FunctionId, _: u64) {
        self.count_to(at);
        if let Some(batch) = self.batch_at(at) {
            *grown(&mut self.batches[batch].found_busy, self.busy) += 1;
        }
        self.queued += 1;
    }

    fn ended(&mut self, end: &RequestEnd) {
        if end.found == Found::Nothing {
            self.count_to(end.ended);
            self.queued -= 1;
        }
        if end.found == Found::Nothing || end.arrived < self.from {
            return;
        }
        if let Some(batch) = self.batch_at(end.ended) {
            let batch = &mut self.batches[batch];
            batch.ran += 1;
            batch.waited += u64::from(!end.wait().is_zero());
            batch.waited_long += u64::from(end.wait() > self.long);
        }
    }

    fn changed(&mut self, change: &StateChange) {
        self.count_to(change.at);
        if change.from == Some(State::Busy) {
            self.busy -= 1;
        }
        if change.to == Ok(State::Busy) {
            self.busy += 1;
            self.queued -= 1;
        }
    }

    fn run_ended(&mut self, at: Time) {
        self.count_to(at);
    }
}

/// Counts the requests in flight when the run ends.
#[derive(Debug, Default)]
pub(super) struct InFlight(pub(super) u64);

impl Observer for InFlight {
    fn in_flight(&mut self, request: &sim::InFlight) {
        self.0 += u64::from(request.sender == Sender::User);
    }
}

/// Keeps what became of each request, in order of their numbers, and the instances' idle time.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// Every request that ended.
    pub(super) ends: Vec<RequestEnd>,
    /// Instances in the order of their birth.
    pub(super) born: Vec<crate::ids::InstanceId>,
    /// Idle instance time.
    pub(super) idle: Span,
}

impl Observer for Log {
    fn ended(&mut self, end: &RequestEnd) {
        self.ends.push(*end);
    }

    fn changed(&mut self, change: &StateChange) {
        if change.from.is_none() {
            self.born.push(change.instance);
        }
        if change.from == Some(State::Idle) {
            self.idle += change.at - change.since;
        }
    }
}
