//! Every measure of the catalogue, function by function and over all.

use serde::{Deserialize, Serialize};

use crate::ids::FunctionId;
use crate::model::{Plan, RemedyKind};
use crate::sim::{Ending, Found, Observer, Prewarmed, RequestEnd, Retirement, Sender, StateChange};
use crate::stats::Histogram;
use crate::stats::moments::Moments;
use crate::units::{Span, Time};

use super::costs::{UnitPrices, Usage, charged, gb_seconds};
use super::identities::{Books, Violation};
use super::measures::Part;
pub use super::measures::Values;
use super::states::{StateClock, StateTimes};
use super::tally::Tally;

/// Most functions for which intervals over batches are kept.
const MOST_BATCHED_FUNCTIONS: usize = 2_000;

/// Counts a run and turns it into measures.
///
/// What is measured begins at the end of the warm-up: requests that arrived since, and the state of
/// instances since. The measured time can be cut into equal batches, whose spread gives intervals
/// where there is only one replication.
#[derive(Debug)]
pub struct Summary<'a> {
    plan: &'a Plan,
    watches: Vec<Watch>,
    all_states: StateClock,
    all_times: StateTimes,
    books: Books,
    from: Time,
    /// The part that is being counted begins here …
    part_from: Time,
    /// … and ends here.
    part_to: Time,
    /// Times and peaks over all functions in the parts before.
    before_all: StateTimes,
    batches: u32,
    measuring: bool,
    batch_values: Vec<Values>,
    result: Option<Result<SummaryResult, Violation>>,
}

/// What a run gave.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SummaryResult {
    /// Every measure over all functions.
    pub values: Values,
    /// The same for each batch; empty where there was one.
    pub batches: Vec<Values>,
    /// Every measure, function by function.
    pub functions: Vec<FunctionSummary>,
    /// Latencies of users' requests in nanoseconds.
    pub latency: Histogram,
}

/// What a run gave for one function.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FunctionSummary {
    /// Every measure.
    pub values: Values,
    /// Mean and spread of every measure over the batches; empty where there was one, or where
    /// there are too many functions.
    pub batches: Vec<Moments>,
}

/// What is counted of one function; what every request touches first.
#[derive(Debug)]
#[repr(C)]
struct Watch {
    states: StateClock,
    /// Of the present part.
    tally: Tally,
    /// Of the parts before.
    before: Box<Tally>,
    batches: Vec<Moments>,
    capacity: u32,
    capacity_since: Time,
    init_billed: bool,
    gb: f64,
    free_tier_counts: bool,
    snapshots_billed: bool,
}

impl<'a> Summary<'a> {
    /// Counts a run of this plan, the measured time in so many batches (1 for no batches).
    pub fn new(plan: &'a Plan, batches: u32) -> Self {
        let from = plan.measured_from();
        let watches = (0..plan.functions.len() as u32)
            .map(|function| Watch::new(plan, FunctionId(function)))
            .collect();
        let mut summary = Self {
            plan,
            watches,
            all_states: StateClock::default(),
            all_times: StateTimes::default(),
            books: Books::new(from),
            from,
            part_from: Time::ZERO,
            part_to: from,
            before_all: StateTimes::default(),
            batches: batches.max(1),
            measuring: false,
            batch_values: Vec::new(),
            result: None,
        };
        summary.tick(Time::ZERO);
        summary
    }

    /// What the run gave; `None` before its end.
    ///
    /// # Errors
    /// The identity that does not hold.
    pub fn into_result(self) -> Option<Result<SummaryResult, Violation>> {
        self.result
    }

    /// Begins the next part where time has come to it.
    #[inline]
    fn tick(&mut self, at: Time) {
        while at >= self.part_to {
            self.end_part();
        }
    }

    #[cold]
    fn end_part(&mut self) {
        let at = self.part_to;
        self.cut_states(at);
        if self.measuring {
            self.record_batch(at);
        } else {
            self.measuring = true;
            self.all_times = StateTimes::default();
            self.books.begin(self.all_states.alive());
            self.watches
                .iter_mut()
                .for_each(|watch| watch.tally = Tally::default());
        }
        self.part_from = at;
        let next = self.batch_values.len() as u32 + 1;
        // The last part ends with the run.
        self.part_to = if next < self.batches {
            self.from
                + self
                    .plan
                    .duration
                    .part(u64::from(next), u64::from(self.batches))
        } else {
            Time::NEVER
        };
    }

    /// Adds what states and capacity have come to since the last cut.
    fn cut_states(&mut self, at: Time) {
        self.all_times.join(&self.all_states.cut(at));
        for watch in &mut self.watches {
            watch.tally.states.join(&watch.states.cut(at));
            watch.set_capacity(at, watch.capacity);
        }
    }

    fn record_batch(&mut self, at: Time) {
        let window = at - self.part_from;
        let times = std::mem::take(&mut self.all_times);
        let (all, functions) = self.measure(window, times, |watch| &watch.tally);
        self.batch_values.push(all.0);
        let keep = self.watches.len() <= MOST_BATCHED_FUNCTIONS;
        for (watch, values) in self.watches.iter_mut().zip(functions) {
            if keep {
                watch
                    .batches
                    .resize_with(values.iter().count(), Moments::new);
                for (moments, value) in watch.batches.iter_mut().zip(values.iter()) {
                    if let Some(value) = value {
                        moments.record(value);
                    }
                }
            }
            let tally = std::mem::take(&mut watch.tally);
            watch.before.join(&tally);
        }
        self.before_all.join(&times);
    }

    /// Every measure over all functions, and function by function.
    fn measure(
        &self,
        window: Span,
        times: StateTimes,
        tally_of: impl Fn(&Watch) -> &Tally,
    ) -> ((Values, Tally), Vec<Values>) {
        let prices = self.plan.platform.prices.as_ref();
        let usages: Vec<Usage> = self
            .watches
            .iter()
            .map(|w| w.usage(tally_of(w), self.plan, window))
            .collect();
        let mut usage = Usage::default();
        for of_one in &usages {
            usage.add(of_one);
        }
        let unit = prices.map(|prices| (UnitPrices::of_volume(prices, &usage, window), prices));
        let bill = |usage: &Usage| {
            unit.map_or_else(Default::default, |(unit, prices)| unit.bill(prices, usage))
        };
        let mut all = Tally::default();
        let mut all_gb_s = [0.0; 3];
        let mut functions = Vec::with_capacity(self.watches.len());
        for (watch, usage) in self.watches.iter().zip(&usages) {
            let tally = tally_of(watch);
            let gb_s = tally
                .states
                .in_state
                .map(|nanos| gb_seconds(nanos, watch.gb));
            functions.push(
                Part {
                    tally,
                    gb_s,
                    bill: bill(usage),
                    window,
                }
                .values(),
            );
            all.join(tally);
            all_gb_s
                .iter_mut()
                .zip(gb_s)
                .for_each(|(sum, more)| *sum += more);
        }
        all.states = times;
        let part = Part {
            tally: &all,
            gb_s: all_gb_s,
            bill: bill(&usage),
            window,
        };
        ((part.values(), all), functions)
    }

    fn finish(&mut self, at: Time) {
        self.tick(at);
        self.cut_states(at);
        if self.batches > 1 {
            self.record_batch(at);
        } else {
            self.before_all = self.all_times;
            for watch in &mut self.watches {
                *watch.before = std::mem::take(&mut watch.tally);
            }
        }
        let ((values, all), functions) =
            self.measure(self.plan.duration, self.before_all, |watch| &watch.before);
        self.result = Some(self.books.check(&all).map(|()| {
            SummaryResult {
                values,
                batches: std::mem::take(&mut self.batch_values),
                functions: functions
                    .into_iter()
                    .zip(&mut self.watches)
                    .map(|(values, watch)| FunctionSummary {
                        values,
                        batches: std::mem::take(&mut watch.batches),
                    })
                    .collect(),
                latency: all.latency(),
            }
        }));
    }

    #[inline]
    fn watch(&mut self, function: FunctionId) -> &mut Tally {
        &mut self.watches[function.index()].tally
    }
}

impl Watch {
    fn new(plan: &Plan, id: FunctionId) -> Self {
        let function = &plan.functions[id.index()];
        let has = |wanted: fn(&RemedyKind) -> bool| {
            plan.remedies
                .iter()
                .any(|r| wanted(&r.kind) && r.functions.contains(&id))
        };
        Self {
            tally: Tally::default(),
            states: StateClock::default(),
            before: Box::default(),
            batches: Vec::new(),
            capacity: 0,
            capacity_since: Time::ZERO,
            init_billed: function.init_billed,
            gb: function.memory.gb(),
            free_tier_counts: !has(|kind| matches!(kind, RemedyKind::Provisioned(_))),
            snapshots_billed: function.snapshot_billed
                && has(|kind| matches!(kind, RemedyKind::Snapshot(_))),
        }
    }

    fn set_capacity(&mut self, at: Time, capacity: u32) {
        let nanos = u128::from(at.since(self.capacity_since).nanos());
        self.tally.charges.capacity_nanos += nanos * u128::from(self.capacity);
        self.capacity = capacity;
        self.capacity_since = at;
    }

    /// What is charged for of this function.
    fn usage(&self, tally: &Tally, plan: &Plan, window: Span) -> Usage {
        let Some(prices) = &plan.platform.prices else {
            return Usage::default();
        };
        let charges = &tally.charges;
        let gb_s = |nanos: u128| gb_seconds(nanos, self.gb);
        // What is rounded up for the whole run is borne by its parts in proportion.
        let run = plan.duration;
        let share = |whole: Span| whole.part(window.nanos(), run.nanos().max(1));
        let rounding = share(run.round_up(prices.provisioned_step).saturating_sub(run));
        let capacity =
            charges.capacity_nanos + u128::from(self.capacity) * u128::from(rounding.nanos());
        let cached = if self.snapshots_billed {
            share(run.max(prices.snapshot_cache_minimum))
        } else {
            Span::ZERO
        };
        let free = if self.free_tier_counts { 1.0 } else { 0.0 };
        let restored = if self.snapshots_billed {
            charges.restored
        } else {
            0
        };
        Usage {
            requests: tally.charged_requests() as f64,
            gb_s: gb_s(charges.nanos),
            provisioned_run_gb_s: gb_s(charges.provisioned_run_nanos),
            provisioned_gb_s: gb_s(capacity),
            provisioned_init_gb_s: gb_s(charges.provisioned_init_nanos),
            ping_requests: charges.ping_requests as f64,
            ping_gb_s: gb_s(charges.ping_nanos),
            ping_provisioned_run_gb_s: gb_s(charges.ping_provisioned_run_nanos),
            snapshot_gb_s: cached.secs() * self.gb,
            restored_gb: restored as f64 * self.gb,
            free_requests: free * (tally.charged_requests() + charges.ping_requests) as f64,
            free_gb_s: free * gb_s(charges.nanos + charges.ping_nanos),
        }
    }
}

impl Observer for Summary<'_> {
    #[inline]
    fn arrived(&mut self, at: Time, function: FunctionId, _number: u64) {
        self.tick(at);
        self.books.arrived(at);
        self.watch(function).requests += 1;
    }

    fn throttled(&mut self, at: Time, function: FunctionId, sender: Sender, arrived: Time) {
        self.tick(at);
        let measured = sender == Sender::User && arrived >= self.from;
        self.watch(function).throttled += u64::from(measured);
    }

    fn retried(&mut self, at: Time, function: FunctionId, arrived: Time) {
        self.tick(at);
        let measured = arrived >= self.from;
        self.watch(function).retries += u64::from(measured);
    }

    fn spilled_over(&mut self, at: Time, function: FunctionId, arrived: Time) {
        self.tick(at);
        let measured = arrived >= self.from;
        self.watch(function).spillovers += u64::from(measured);
    }

    fn pinged(&mut self, at: Time, function: FunctionId) {
        self.tick(at);
        self.watch(function).pings += 1;
    }

    #[inline]
    fn ended(&mut self, end: &RequestEnd) {
        self.tick(end.ended);
        self.books.ended(end.sender, end.arrived, end.ended);
        if end.arrived < self.from {
            return;
        }
        let charged = charged(self.plan, end).nanos();
        let watch = &mut self.watches[end.function.index()];
        let tally = &mut watch.tally;
        if end.is_prompt() && end.sender == Sender::User {
            tally.prompt.record(end.latency().nanos());
            tally.charges.nanos += u128::from(charged);
        } else if end.sender == Sender::User {
            tally.count_other(end, charged);
        } else {
            tally.count_ping(end, charged);
        }
    }

    #[inline]
    fn changed(&mut self, change: &StateChange) {
        self.tick(change.at);
        self.books.changed(change);
        let to = change.to.ok();
        self.all_states.change(change.at, change.from, to);
        let watch = &mut self.watches[change.function.index()];
        watch.states.change(change.at, change.from, to);
        if change.from.is_none() {
            watch.tally.starts += 1;
            watch.tally.prewarms += u64::from(change.prewarmed);
        }
        if let Err(why) = change.to {
            let unused = change.prewarmed && !change.served && change.born >= self.from;
            watch.tally.prewarms_unused += u64::from(unused);
            if why != Retirement::EndOfRun {
                watch.tally.retired += 1;
                watch.tally.life_nanos += u128::from((change.at - change.born).nanos());
            }
        }
    }

    fn prewarmed(&mut self, start: &Prewarmed) {
        self.tick(start.at);
        let Some(prices) = &self.plan.platform.prices else {
            return;
        };
        let watch = &mut self.watches[start.function.index()];
        let charges = &mut watch.tally.charges;
        charges.restored += u64::from(start.restored);
        if start.billable_start.is_zero() {
            return;
        }
        let nanos = u128::from(prices.billing.billed(start.billable_start).nanos());
        if start.provisioned {
            // Init of provisioned capacity has always been billed.
            charges.provisioned_init_nanos += nanos;
        } else if watch.init_billed {
            charges.nanos += nanos;
        }
    }

    fn provisioned(&mut self, at: Time, function: FunctionId, instances: u32) {
        self.tick(at);
        self.watches[function.index()].set_capacity(at, instances);
    }

    fn in_flight(&mut self, function: FunctionId, sender: Sender, arrived: Time) {
        self.books.ended(sender, arrived, self.plan.end());
        if sender == Sender::User && arrived >= self.from {
            self.watch(function).in_flight += 1;
        }
    }

    fn run_ended(&mut self, at: Time) {
        self.finish(at);
    }
}

impl Tally {
    /// Counts a user's request that waited for something, or was not simply answered on demand.
    fn count_other(&mut self, end: &RequestEnd, charged: u64) {
        match end.ending {
            Ending::Completed => self.other_completed += 1,
            Ending::Failed => self.failed += 1,
            Ending::TimedOut => self.timed_out += 1,
            Ending::Throttled | Ending::Rejected => {
                self.rejected += 1;
                return;
            }
        }
        self.charges.other_requests += 1;
        if end.on_provisioned {
            self.charges.provisioned_run_nanos += u128::from(charged);
        } else {
            self.charges.nanos += u128::from(charged);
        }
        self.delayed.latency.record(end.latency().nanos());
        self.delayed.wait.record(end.wait().nanos());
        self.delayed.start.record(end.start().nanos());
        self.delayed.service.record(end.service().nanos());
        match end.found {
            Found::Cold(cause) => {
                self.boots += 1;
                self.causes[cause as usize] += 1;
            }
            Found::Restored(cause) => {
                self.restores += 1;
                self.causes[cause as usize] += 1;
                self.charges.restored += 1;
            }
            Found::Warm | Found::Nothing => self.other_warm_starts += 1,
        }
    }

    fn count_ping(&mut self, end: &RequestEnd, charged: u64) {
        if end.found == Found::Nothing {
            return;
        }
        self.charges.ping_requests += 1;
        if end.on_provisioned {
            self.charges.ping_provisioned_run_nanos += u128::from(charged);
        } else {
            self.charges.ping_nanos += u128::from(charged);
        }
        let cold = end.found != Found::Warm;
        self.ping_cold_starts += u64::from(cold);
        self.charges.restored += u64::from(matches!(end.found, Found::Restored(_)));
    }
}
