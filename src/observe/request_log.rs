//! One row a request, for whoever wants to look closer.

use std::io;

use crate::model::Plan;
use crate::sim::{Cause, Ending, Found, Observer, RequestEnd, Retirement, Sender, StateChange};
use crate::units::Time;

use super::costs::charged;

/// What became of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It found an instance ready.
    Warm,
    /// It waited for an instance to boot.
    Cold,
    /// It waited for an instance to be restored.
    Restored,
    /// Its last attempt was throttled.
    Throttled,
    /// It waited in a queue for too long.
    Rejected,
    /// The function timeout cut it.
    TimedOut,
    /// The function failed.
    Failed,
}

/// A row of the log.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct RequestRow {
    /// Place of the function in the experiment.
    pub function: u32,
    /// Counts users' requests of the run from 0.
    pub request: u64,
    /// First arrival, in seconds since the run began.
    pub arrival_s: f64,
    /// When the handler began; the time of giving up where it never ran.
    pub start_s: f64,
    /// When it ended.
    pub finish_s: f64,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it was cold, if it was.
    pub cause: Option<Cause>,
    /// Counts the instances of the run from 0; `None` where it never ran.
    pub instance: Option<u64>,
    /// First arrival to response.
    pub latency_ms: f64,
    /// Billed run time.
    pub billed_ms: f64,
}

/// Where rows go.
pub trait RowSink {
    /// Takes a row.
    ///
    /// # Errors
    /// The row cannot be written.
    fn row(&mut self, row: &RequestRow) -> io::Result<()>;
}

/// Turns ends of measured users' requests into rows, in the order of their ends.
#[derive(Debug)]
pub struct RequestLog<'a, S> {
    plan: &'a Plan,
    from: Time,
    /// Number of the instance in each slot.
    numbers: Vec<u64>,
    born: u64,
    sink: S,
    fault: Option<io::Error>,
}

impl<'a, S: RowSink> RequestLog<'a, S> {
    /// A log of a run of this plan.
    pub fn new(plan: &'a Plan, sink: S) -> Self {
        let from = plan.measured_from();
        Self {
            plan,
            from,
            numbers: Vec::new(),
            born: 0,
            sink,
            fault: None,
        }
    }

    /// The sink, with all rows in it.
    ///
    /// # Errors
    /// The first row that could not be written.
    pub fn into_sink(self) -> io::Result<S> {
        self.fault.map_or(Ok(self.sink), Err)
    }
}

impl<S: RowSink> Observer for RequestLog<'_, S> {
    fn changed(&mut self, change: &StateChange) {
        if change.from.is_none() && change.to != Err(Retirement::EndOfRun) {
            let slot = change.instance.slot as usize;
            if slot >= self.numbers.len() {
                self.numbers.resize(slot + 1, 0);
            }
            self.numbers[slot] = self.born;
            self.born += 1;
        }
    }

    fn ended(&mut self, end: &RequestEnd) {
        let of_user = end.sender == Sender::User && end.ending != Ending::Try;
        if !of_user || end.arrived < self.from || self.fault.is_some() {
            return;
        }
        let row = RequestRow {
            function: end.function.0,
            request: end.number,
            arrival_s: end.arrived.secs(),
            start_s: end.begun.secs(),
            finish_s: end.ended.secs(),
            outcome: outcome(end),
            cause: match end.found {
                Found::Cold(cause) | Found::Restored(cause) => Some(cause),
                Found::Warm | Found::Nothing => None,
            },
            instance: end.instance.map(|id| self.numbers[id.slot as usize]),
            latency_ms: end.latency().millis(),
            billed_ms: charged(self.plan, end).millis(),
        };
        if let Err(fault) = self.sink.row(&row) {
            self.fault = Some(fault);
        }
    }
}

fn outcome(end: &RequestEnd) -> Outcome {
    match (end.ending, end.found) {
        (Ending::Failed | Ending::OutOfMemory, _) => Outcome::Failed,
        (Ending::TimedOut | Ending::Abandoned, _) => Outcome::TimedOut,
        (Ending::Throttled, _) => Outcome::Throttled,
        (Ending::Rejected, _) | (Ending::Completed | Ending::Try, Found::Nothing) => {
            Outcome::Rejected
        }
        (Ending::Completed | Ending::Try, Found::Cold(_)) => Outcome::Cold,
        (Ending::Completed | Ending::Try, Found::Restored(_)) => Outcome::Restored,
        (Ending::Completed | Ending::Try, Found::Warm) => Outcome::Warm,
    }
}

impl Outcome {
    /// The word in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warm => "warm",
            Self::Cold => "cold",
            Self::Restored => "restored",
            Self::Throttled => "throttled",
            Self::Rejected => "rejected",
            Self::TimedOut => "timed-out",
            Self::Failed => "failed",
        }
    }
}
