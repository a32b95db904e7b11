//! Every measure of the catalogue, function by function and over all.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::ids::FunctionId;
use crate::model::{Plan, RemedyKind, WorkflowKind};
use crate::sim::{
    InFlight, MessageEnd, Observer, Prewarmed, Prompt, RequestEnd, Sender, State, StateChange,
    WorkflowEnd,
};
use crate::stats::Histogram;
use crate::stats::batches::BatchSums;
use crate::units::{Span, Time};

use super::costs::{UnitPrices, Usage, gb_seconds};
use super::identities::Violation;
use super::measures::{Has, Part};
use super::states::{PeakClock, Peaks};
use super::tally::Tally;
pub use super::values::Values;
use super::watch::Watch;
use super::workflows::{WorkflowBooks, Workflows};
use crate::metric::{METRICS, MetricId};

/// Most functions for which intervals over batches are kept.
const MOST_BATCHED_FUNCTIONS: usize = 2_000;

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
    /// Sums over the batches, measure by measure; empty where there was one, or where there are too
    /// many functions.
    pub batches: Vec<BatchSums>,
}

/// The parts of a run: the warm-up, then the measured time, which can be cut into equal batches
/// whose spread gives intervals where there is only one replication.
#[derive(Debug)]
pub struct Parts<'a> {
    plan: &'a Plan,
    begins: Time,
    ends: Time,
    batches: u32,
    measuring: bool,
    /// Over all functions, in the measured parts before.
    peaks: Peaks,
    batch_values: Vec<Values>,
    /// Where the plan has workflows.
    workflows: Option<Box<WorkflowBooks>>,
    /// Fewest functions that a thread measures at a time.
    piece: usize,
}

/// The same where functions are measured side by side.
const PIECE: usize = 16;

impl<'a> Parts<'a> {
    /// The parts of a plan, with so many batches (1 for no batches).
    pub fn new(plan: &'a Plan, batches: u32) -> Self {
        Self {
            plan,
            begins: Time::ZERO,
            ends: plan.measured_from(),
            batches: batches.max(1),
            measuring: false,
            peaks: Peaks::default(),
            batch_values: Vec::new(),
            workflows: WorkflowBooks::new(plan),
            piece: usize::MAX,
        }
    }

    /// The same, but functions are measured on all threads, not on the calling one.
    #[must_use]
    pub fn measured_side_by_side(self) -> Self {
        Self {
            piece: PIECE,
            ..self
        }
    }

    /// When the present part ends; `NEVER` where it is the last, which ends with the run.
    #[inline]
    pub fn ends(&self) -> Time {
        self.ends
    }

    /// Ends the present part. `watches` are those of all functions, in order, and `peaks` those
    /// over all functions in this part.
    pub fn end_part(&mut self, watches: &mut [&mut Watch], peaks: Peaks) {
        let at = self.ends;
        for watch in watches.iter_mut() {
            watch.cut(at);
        }
        if self.measuring {
            self.record_batch(at, watches, peaks);
        } else {
            self.measuring = true;
            for watch in watches.iter_mut() {
                watch.begin();
            }
        }
        self.begins = at;
        let next = self.batch_values.len() as u32 + 1;
        self.ends = if next < self.batches {
            let of_batches = (u64::from(next), u64::from(self.batches));
            self.plan.measured_from() + self.plan.duration.part(of_batches.0, of_batches.1)
        } else {
            Time::NEVER
        };
    }

    fn record_batch(&mut self, at: Time, watches: &mut [&mut Watch], peaks: Peaks) {
        let counted: Vec<_> = watches
            .iter()
            .map(|watch| (&**watch, &watch.tally))
            .collect();
        let part = (self.begins, at);
        let keep = watches.len() <= MOST_BATCHED_FUNCTIONS;
        let workflows = self.workflows.as_ref().map(|books| books.present());
        let (all, functions) = self.measure(part, &counted, workflows, peaks, keep);
        self.batch_values.push(all.0);
        for (watch, values) in watches.iter_mut().zip(functions) {
            add_batch(&mut watch.batches, &values);
        }
        for watch in watches.iter_mut() {
            watch.end_part();
        }
        if let Some(books) = &mut self.workflows {
            books.end_part();
        }
        self.peaks.join(peaks);
    }

    /// Ends the run, and with it the last part.
    ///
    /// # Errors
    /// The identity that does not hold.
    pub fn finish(
        mut self,
        watches: &mut [&mut Watch],
        peaks: Peaks,
    ) -> Result<SummaryResult, Violation> {
        let end = self.plan.end();
        for watch in watches.iter_mut() {
            watch.cut(end);
        }
        if self.batches > 1 {
            self.record_batch(end, watches, peaks);
        } else {
            self.peaks = peaks;
        }
        let counted: Vec<_> = watches.iter().map(|w| (&**w, w.whole())).collect();
        for (watch, tally) in &counted {
            watch.books.check(tally)?;
        }
        let workflows = self.workflows.as_ref().map(|books| books.whole());
        let workflows = workflows.as_ref();
        workflows.map_or(Ok(()), Workflows::check)?;
        let whole = (self.plan.measured_from(), end);
        let ((values, all), functions) = self.measure(whole, &counted, workflows, self.peaks, true);
        let functions = functions.into_iter().zip(watches);
        Ok(SummaryResult {
            values,
            batches: self.batch_values,
            functions: functions
                .map(|(values, watch)| FunctionSummary {
                    values,
                    batches: std::mem::take(&mut watch.batches),
                })
                .collect(),
            latency: all.latency().histogram(),
        })
    }

    /// Adds what sends rounds of several pings to the usage of the functions that are pinged.
    fn add_senders(&self, usages: &mut [Usage], from: Time, until: Time) {
        let Some(prices) = &self.plan.platform.prices else {
            return;
        };
        for remedy in &self.plan.remedies {
            let RemedyKind::Ping(ping) = &remedy.kind else {
                continue;
            };
            if !ping.is_sender_charged() {
                continue;
            }
            let rounds = ping.rounds(from, until);
            for id in &remedy.functions {
                usages[id.index()].add_sender(ping, rounds, &prices.billing);
            }
        }
    }

    /// Every measure over all functions, and of each function where that is asked for.
    fn measure(
        &self,
        (from, until): (Time, Time),
        counted: &[(&Watch, &Tally)],
        workflows: Option<&Workflows>,
        peaks: Peaks,
        each: bool,
    ) -> ((Values, Tally), Vec<Values>) {
        let plan = self.plan;
        let prices = plan.platform.prices.as_ref();
        let window = until - from;
        let mut usages: Vec<Usage> = counted
            .iter()
            .map(|(watch, tally)| watch.usage(tally, plan, window))
            .collect();
        self.add_senders(&mut usages, from, until);
        let mut usage = Usage::default();
        for of_one in &usages {
            usage.add(of_one);
        }
        let mut all_has = Has::default();
        for (watch, _) in counted {
            all_has.join(watch.has(plan));
        }
        if let Some(workflows) = workflows {
            usage.services.add(&workflows.services());
            all_has.join(Has {
                workflow: true,
                schedule: self.workflows.as_ref().is_some_and(|w| w.scheduled()),
                ..Has::default()
            });
        }
        let unit = prices.map(|prices| (UnitPrices::of_volume(prices, &usage, window), prices));
        let bill = |usage: &Usage| {
            unit.map_or_else(Default::default, |(unit, prices)| unit.bill(prices, usage))
        };
        let gb_s = |watch: &Watch, tally: &Tally| {
            let in_state = tally.states.in_state;
            in_state.map(|nanos| gb_seconds(nanos, watch.gb))
        };
        let values = |((watch, tally), usage): (&(&Watch, &Tally), &Usage)| {
            let part = Part {
                tally,
                gb_s: gb_s(watch, tally),
                bill: bill(usage),
                has: watch.has(plan),
                window,
            };
            part.sheet().into()
        };
        let asked = if each { counted } else { &[] };
        let functions = asked
            .par_iter()
            .zip(&usages)
            .with_min_len(self.piece)
            .map(values)
            .collect();
        // Sums of fractions depend on their order, counts do not.
        let mut all_gb_s = [0.0; 3];
        for (watch, tally) in counted {
            let gb_s = gb_s(watch, tally);
            all_gb_s = std::array::from_fn(|state| all_gb_s[state] + gb_s[state]);
        }
        let joined = counted.par_iter().with_min_len(self.piece).fold(
            Tally::default,
            |mut all, (_, tally)| {
                all.join(tally);
                all
            },
        );
        let mut all = joined.reduce(Tally::default, |mut all, more| {
            all.join(&more);
            all
        });
        // Peaks of several functions do not add up.
        all.states.peaks = peaks;
        let part = Part {
            tally: &all,
            gb_s: all_gb_s,
            bill: bill(&usage),
            has: all_has,
            window,
        };
        let mut values = part.sheet();
        if let Some(workflows) = workflows {
            workflows.set(&mut values);
        }
        ((values.into(), all), functions)
    }
}

/// The batches of a run, measure by measure.
pub fn batch_sums<'a>(batches: impl IntoIterator<Item = &'a Values>) -> Vec<BatchSums> {
    let mut sums = Vec::new();
    for values in batches {
        add_batch(&mut sums, values);
    }
    sums
}

fn add_batch(sums: &mut Vec<BatchSums>, values: &Values) {
    sums.resize_with(METRICS.len(), BatchSums::default);
    for (sums, metric) in sums.iter_mut().zip(MetricId::all()) {
        if let Some((y, x)) = values.as_batch(metric) {
            sums.record(y, x);
        }
    }
}

/// Counts a run of all functions together and turns it into measures.
#[derive(Debug)]
pub struct Summary<'a> {
    watches: Vec<Watch>,
    peaks: PeakClock,
    parts: Parts<'a>,
    result: Option<Result<SummaryResult, Violation>>,
}

impl<'a> Summary<'a> {
    /// Counts a run of this plan, the measured time in so many batches (1 for no batches).
    pub fn new(plan: &'a Plan, batches: u32) -> Self {
        let functions = 0..plan.functions.len() as u32;
        let mut summary = Self {
            watches: functions.map(|f| Watch::new(plan, FunctionId(f))).collect(),
            peaks: PeakClock::default(),
            parts: Parts::new(plan, batches),
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
        while at >= self.parts.ends() {
            self.end_part();
        }
    }

    #[cold]
    fn end_part(&mut self) {
        let peaks = self.peaks.cut(self.parts.ends());
        let mut watches: Vec<&mut Watch> = self.watches.iter_mut().collect();
        self.parts.end_part(&mut watches, peaks);
    }

    /// The watch of a function, at an instant.
    #[inline]
    fn watch(&mut self, at: Time, function: FunctionId) -> &mut Watch {
        self.tick(at);
        &mut self.watches[function.index()]
    }
}

impl Observer for Summary<'_> {
    #[inline]
    fn arrived(&mut self, at: Time, function: FunctionId, number: u64) {
        self.watch(at, function).arrived(at, function, number);
    }

    fn throttled(&mut self, at: Time, function: FunctionId, sender: Sender, arrived: Time) {
        let watch = self.watch(at, function);
        watch.throttled(at, function, sender, arrived);
    }

    fn refused_by_gateway(&mut self, at: Time, function: FunctionId, arrived: Time) {
        self.watch(at, function)
            .refused_by_gateway(at, function, arrived);
    }

    fn retried(&mut self, at: Time, function: FunctionId, arrived: Time) {
        self.watch(at, function).retried(at, function, arrived);
    }

    fn spilled_over(&mut self, at: Time, function: FunctionId, arrived: Time) {
        self.watch(at, function).spilled_over(at, function, arrived);
    }

    fn pinged(&mut self, at: Time, function: FunctionId) {
        self.watch(at, function).pinged(at, function);
    }

    #[inline]
    fn ended(&mut self, end: &RequestEnd) {
        self.watch(end.ended, end.function).ended(end);
    }

    #[inline]
    fn changed(&mut self, change: &StateChange) {
        self.watch(change.at, change.function).changed(change);
        self.peaks.change(change.at, change.from, change.to.ok());
    }

    #[inline]
    fn began(&mut self, run: &Prompt) {
        self.watch(run.arrived, run.function).began(run);
        self.peaks
            .change(run.arrived, Some(State::Idle), Some(State::Busy));
    }

    #[inline]
    fn answered(&mut self, run: &Prompt, at: Time) {
        self.watch(at, run.function).answered(run, at);
        self.peaks.change(at, Some(State::Busy), Some(State::Idle));
    }

    fn prewarmed(&mut self, start: &Prewarmed) {
        self.watch(start.at, start.function).prewarmed(start);
    }

    fn published(&mut self, at: Time, function: FunctionId, billable: Span) {
        self.watch(at, function).published(at, function, billable);
    }

    fn provisioned(&mut self, at: Time, function: FunctionId, instances: u32) {
        self.watch(at, function)
            .provisioned(at, function, instances);
    }

    fn connected(&mut self, at: Time, function: FunctionId, more: bool) {
        self.watch(at, function).connected(at, function, more);
        self.peaks.connect(more);
    }

    fn connection_refused(&mut self, at: Time, function: FunctionId) {
        self.watch(at, function).connection_refused(at, function);
    }

    fn message_arrived(&mut self, at: Time, function: FunctionId) {
        self.watch(at, function).message_arrived(at, function);
    }

    fn message_ended(&mut self, end: &MessageEnd) {
        self.watch(end.ended, end.function).message_ended(end);
    }

    fn dead_lettered(&mut self, at: Time, function: FunctionId, arrived: Time) {
        self.watch(at, function)
            .dead_lettered(at, function, arrived);
    }

    fn workflow_started(&mut self, at: Time) {
        self.tick(at);
        if let Some(books) = &mut self.parts.workflows {
            books.started(at);
        }
    }

    fn transition(&mut self, at: Time, kind: WorkflowKind, arrived: Time) {
        self.tick(at);
        if let Some(books) = &mut self.parts.workflows {
            books.transition(kind, arrived);
        }
    }

    fn workflow_ended(&mut self, end: &WorkflowEnd) {
        self.tick(end.ended);
        if let Some(books) = &mut self.parts.workflows {
            books.ended(end);
        }
    }

    fn in_flight(&mut self, request: &InFlight) {
        // Told at the end of the run, which may be the first that happens in its last part.
        self.tick(self.parts.plan.end());
        self.watches[request.function.index()].in_flight(request);
    }

    fn run_ended(&mut self, at: Time) {
        self.tick(at);
        let peaks = self.peaks.cut(at);
        let plan = self.parts.plan;
        let parts = std::mem::replace(&mut self.parts, Parts::new(plan, 1));
        let mut watches: Vec<&mut Watch> = self.watches.iter_mut().collect();
        self.result = Some(parts.finish(&mut watches, peaks));
    }
}
