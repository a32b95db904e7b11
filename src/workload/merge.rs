//! All sources of a plan in time order.
//!
//! Requests are drawn a window of time ahead: each source in turn draws what falls into the
//! window, then the window is put in order by a bucket sort. The window is made to hold a few
//! requests a source, so memory is that of the sources, whatever the number of requests. A tree
//! of one request ahead a source needs less memory, but walks over the sources in random order and
//! mispredicts at every level: 104 ns a request for 1,000 functions against 56 ns, of which about
//! 26 are the draws themselves (on a shared machine: compare ratios).

use std::collections::VecDeque;

use crate::ids::FunctionId;
use crate::model::{Function, Plan, Process, Source};
use crate::random::Streams;
use crate::trace::{MinuteClock, Trace, TraceFault};
use crate::units::Time;

use super::clock::NEVER;
use super::copies::Copier;
use super::dealer::Dealer;
use super::recorded::RowArrivals;
use super::source::{FunctionArrivals, ServiceDraws};
use super::window::{Drawn, Window};
use super::{Arrival, Arrivals};

/// The requests of a plan in time order, up to its end.
#[derive(Debug)]
pub struct Workload {
    /// By function, then in the order of the plan.
    lanes: Vec<FunctionArrivals>,
    /// Numbered after the lanes of single functions.
    rows: Vec<RowArrivals>,
    /// The next instant of each lane, in nanoseconds; those from `end` on are [`NEVER`].
    heads: Vec<u64>,
    /// Nanoseconds; a request at this instant is not sent.
    end: u64,
    window: Window,
    /// Requests out of a file that is read elsewhere; then there are no lanes and no rows.
    dealt: VecDeque<Arrival>,
}

/// The requests of a plan, function by function.
#[derive(Debug)]
pub struct OfEachFunction {
    /// By function.
    pub workloads: Vec<Workload>,
    /// A file with the requests of several functions, which has to be dealt out to them.
    pub dealer: Option<Dealer>,
}

impl Workload {
    /// All requests of a plan.
    ///
    /// # Errors
    /// The files that cannot be read.
    pub fn new(plan: &Plan, streams: &Streams) -> Result<Self, Vec<TraceFault>> {
        Self::gather(plan, *streams, None)
    }

    /// The requests of one function of a plan: the same as [`Self::new`] gives for it. A trace with
    /// one row a request is read as a whole nevertheless, see [`Trace::reads_functions_apart`].
    ///
    /// # Errors
    /// The files that cannot be read.
    pub fn of_function(
        plan: &Plan,
        streams: &Streams,
        function: FunctionId,
    ) -> Result<Self, Vec<TraceFault>> {
        Self::gather(plan, *streams, Some(function))
    }

    /// The requests of each function of a plan, function by function; `None` where a function has
    /// requests out of a file with those of several and out of another source as well, or where
    /// there are several such files.
    ///
    /// # Errors
    /// The files that cannot be read.
    pub fn of_each_function(
        plan: &Plan,
        streams: &Streams,
    ) -> Result<Option<OfEachFunction>, Vec<TraceFault>> {
        let all = Gathering::gather(plan, *streams, None)?;
        let mut of_functions: Vec<(Vec<FunctionArrivals>, Vec<RowArrivals>)> = Vec::new();
        of_functions.resize_with(plan.functions.len(), Default::default);
        for lane in all.lanes {
            let lanes = &mut of_functions[lane.function.index()].0;
            if lanes.is_empty() {
                // Most functions have one.
                lanes.reserve_exact(1);
            }
            lanes.push(lane);
        }
        let mut files = Vec::new();
        for rows in all.rows {
            let functions: Vec<FunctionId> = rows.functions().take(2).collect();
            match functions[..] {
                [] => {}
                [only] => of_functions[only.index()].1.push(rows),
                _ => files.push(rows),
            }
        }
        let mixed = |function: FunctionId| {
            let (lanes, rows) = &of_functions[function.index()];
            !lanes.is_empty() || !rows.is_empty()
        };
        if files.len() > 1 || files.iter().flat_map(RowArrivals::functions).any(mixed) {
            return Ok(None);
        }
        let dealer = files.pop().map(|file| Dealer::new(file, plan.end()));
        let merged = of_functions
            .into_iter()
            .map(|(lanes, rows)| Self::merge(lanes, rows, plan.end()));
        Ok(Some(OfEachFunction {
            workloads: merged.collect(),
            dealer,
        }))
    }

    /// Adds a request that a [`Dealer`] has dealt out.
    ///
    /// # Panics
    /// If there are sources of its own, which is a fault of the caller.
    pub fn push(&mut self, request: Arrival) {
        assert!(self.heads.is_empty(), "requests are drawn and dealt out");
        self.dealt.push_back(request);
    }

    fn gather(
        plan: &Plan,
        streams: Streams,
        only: Option<FunctionId>,
    ) -> Result<Self, Vec<TraceFault>> {
        let all = Gathering::gather(plan, streams, only)?;
        Ok(Self::merge(all.lanes, all.rows, plan.end()))
    }

    fn merge(mut lanes: Vec<FunctionArrivals>, mut rows: Vec<RowArrivals>, end: Time) -> Self {
        lanes.sort_by_key(|lane| lane.function);
        let end = end.nanos();
        let mut heads: Vec<u64> = lanes
            .iter_mut()
            .map(|lane| before(lane.next_instant(), end))
            .collect();
        heads.extend(rows.iter_mut().map(|rows| before(rows.next_instant(), end)));
        let window = Window::new(heads.len());
        Self {
            lanes,
            rows,
            heads,
            end,
            window,
            dealt: VecDeque::new(),
        }
    }

    /// What ended the reading of a file early, to be asked after the last request: the file was
    /// damaged after it had been opened.
    pub fn fault(&self) -> Option<&TraceFault> {
        self.rows.iter().find_map(RowArrivals::fault)
    }

    /// Draws the next window. False after the last request.
    #[inline(never)]
    fn draw_ahead(&mut self) -> bool {
        let first = self.heads.iter().copied().min().unwrap_or(NEVER);
        let Some(mut until) = self.window.begin(first) else {
            return false;
        };
        for (number, (lane, head)) in self.lanes.iter_mut().zip(&mut self.heads).enumerate() {
            while *head < until {
                if self.window.is_full() {
                    until = self.window.halve();
                    continue;
                }
                let request = lane.request(Time::from_nanos(*head));
                self.window.push(Drawn::new(&request, number));
                *head = before(lane.next_instant(), self.end);
            }
        }
        let first_row = self.lanes.len();
        for (number, rows) in (first_row..).zip(&mut self.rows) {
            let head = &mut self.heads[number];
            while *head < until {
                if self.window.is_full() {
                    until = self.window.halve();
                    continue;
                }
                if let Some(request) = rows.request(Time::from_nanos(*head)) {
                    self.window.push(Drawn::new(&request, number));
                }
                *head = before(rows.next_instant(), self.end);
            }
        }
        self.window.sort();
        true
    }
}

/// The sources of a plan so far.
struct Gathering<'a> {
    plan: &'a Plan,
    streams: Streams,
    /// The one function that is wanted; `None` is all of them.
    only: Option<FunctionId>,
    /// How many sources each function has had: the number of the next one's streams.
    numbers: Vec<u32>,
    lanes: Vec<FunctionArrivals>,
    rows: Vec<RowArrivals>,
}

impl<'a> Gathering<'a> {
    fn gather(
        plan: &'a Plan,
        streams: Streams,
        only: Option<FunctionId>,
    ) -> Result<Self, Vec<TraceFault>> {
        let mut gathering = Self {
            plan,
            streams,
            only,
            numbers: vec![0; plan.functions.len()],
            lanes: Vec::new(),
            rows: Vec::new(),
        };
        let mut faults = Vec::new();
        for source in plan.sources.iter() {
            if let Err(fault) = gathering.add(source) {
                faults.push(fault);
            }
        }
        if faults.is_empty() {
            Ok(gathering)
        } else {
            Err(faults)
        }
    }

    fn add(&mut self, source: &Source) -> Result<(), TraceFault> {
        match source {
            Source::Process { function, process } => self.process(*function, process),
            Source::Trace { trace, functions } => self.trace(trace, functions),
            // The simulator itself calls their functions.
            Source::Workflow(_) => Ok(()),
        }
    }

    fn wants(&self, function: FunctionId) -> bool {
        self.only.is_none_or(|only| only == function)
    }

    /// The model of a function, and the number of its next source.
    fn next_source(&mut self, function: FunctionId) -> (&Function, u32) {
        let number = &mut self.numbers[function.index()];
        *number += 1;
        (&self.plan.functions[function.index()], *number - 1)
    }

    fn process(&mut self, id: FunctionId, process: &Process) -> Result<(), TraceFault> {
        if !self.wants(id) {
            return Ok(());
        }
        let streams = self.streams;
        let (traffic, end) = (&self.plan.traffic, self.plan.end().nanos());
        let (function, number) = self.next_source(id);
        if let Process::Replay { file } = process {
            let copier = Copier::new(traffic, id, &streams, number, end);
            let rows = RowArrivals::replay(file, id, function, streams, number)?;
            self.rows.push(rows.copied(vec![copier]));
        } else {
            let of = (id, Some(id));
            let drawn = (&streams, number);
            let lanes = FunctionArrivals::of_traffic(of, function, process, drawn, traffic);
            self.numbers[id.index()] += lanes.len().saturating_sub(1) as u32;
            self.lanes.extend(lanes);
        }
        Ok(())
    }

    fn trace(&mut self, trace: &Trace, functions: &[FunctionId]) -> Result<(), TraceFault> {
        let streams = self.streams;
        let (traffic, end) = (&self.plan.traffic, self.plan.end().nanos());
        if let Some(counts) = trace.minutes() {
            for (place, id) in functions.iter().enumerate() {
                if self.wants(*id) {
                    let (function, number) = self.next_source(*id);
                    let clock = MinuteClock::new(counts, place);
                    let copier = Copier::new(traffic, *id, &streams, number, end);
                    let drawn = (streams, number);
                    let lane = FunctionArrivals::of_minutes(*id, function, clock, copier, drawn);
                    self.lanes.push(lane);
                }
            }
        } else if let Some(reader) = trace.rows()? {
            let mut draws = Vec::new();
            let mut copiers = Vec::new();
            for id in functions {
                draws.push(if self.wants(*id) {
                    let (function, number) = self.next_source(*id);
                    copiers.push(Copier::new(traffic, *id, &streams, number, end));
                    Some((*id, ServiceDraws::new(*id, function, streams, number)))
                } else {
                    copiers.push(None);
                    None
                });
            }
            self.rows
                .push(RowArrivals::new(reader, draws).copied(copiers));
        }
        Ok(())
    }
}

/// The instant, where it is before the end.
#[inline]
fn before(at: u64, end: u64) -> u64 {
    if at < end { at } else { NEVER }
}

impl Arrivals for Workload {
    #[expect(
        clippy::inline_always,
        reason = "else requests are handed over in memory: 85 ns each for one function, not 62"
    )]
    #[inline(always)]
    fn next_arrival(&mut self) -> Option<Arrival> {
        if let ([lane], []) = (&mut self.lanes[..], &self.rows[..]) {
            // Nothing to merge with: 10 ns less a request.
            let head = &mut self.heads[0];
            if *head == NEVER {
                return None;
            }
            let arrival = lane.request(Time::from_nanos(*head));
            *head = before(lane.next_instant(), self.end);
            return Some(arrival);
        }
        if self.heads.is_empty() {
            return self.dealt.pop_front();
        }
        if !self.window.is_sent() || self.draw_ahead() {
            self.window.pop()
        } else {
            None
        }
    }
}
