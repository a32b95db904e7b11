//! A cell whose functions are simulated apart, side by side on all cores.
//!
//! Functions share nothing but the limits of their account. So each is simulated as if it were
//! alone, window of time by window of time, and what all of them claim in a window is put together
//! while the next one is simulated. Where no limit of the account binds, that is the same run as
//! all of them together, and gives the same result to the last bit. Where one binds, or cannot be
//! shown not to, there is no result, and the functions have to be simulated together.
//!
//! How long windows are, and which core simulates what, changes nothing in a result.

use rayon::prelude::*;

use crate::ids::FunctionId;
use crate::model::Plan;
use crate::observe::{
    Binding, Claims, CurveBooks, KeepAliveCurveTap, Notes, Parts, Shared, SummaryResult,
    TimelineSteps, Violation, Watch,
};
use crate::policy::{self, Bound};
use crate::random::Streams;
use crate::sim::{Control, RunError, Simulation};
use crate::trace::TraceFault;
use crate::units::{Span, Time};
use crate::workload::{Dealer, OfEachFunction, Workload};

use super::curve::CurveStock;

/// Functions of a chunk, the unit of work of a core.
const CHUNK: usize = 64;
/// Beginnings and ends of runs in a window for each function, so that what it needs is fetched once
/// for many requests: at least so many, and as many as the bound over all functions allows.
const NOTES_A_FUNCTION: (usize, usize) = (160, 512);
/// The same over all functions: in a short window, and in one that takes 32 MB, or half a kilobyte
/// a function where that is more.
const NOTES_A_WINDOW: (usize, usize) = (1 << 17, 1 << 22);
/// Most requests that are dealt out for a window: they take 4 MB.
const MOST_DEALT: usize = 1 << 17;
/// Most events of a function in a window, which bounds memory where a rate rises all of a sudden.
const MOST_EVENTS: u64 = 1 << 20;

/// What a cell is to give.
pub(super) struct Wanted {
    /// Batches of the measured time.
    pub(super) batches: u32,
    /// The timeline, where one is wanted.
    pub(super) timeline: Option<TimelineSteps>,
    pub(super) keep_alive_curve: bool,
}

/// What became of a cell.
pub(super) enum Outcome {
    /// It came to its end.
    Done(Box<Done>),
    /// A limit binds.
    Binds(Binding),
}

/// What it gave, as far as it was wanted.
pub(super) struct Done {
    pub(super) summary: SummaryResult,
    pub(super) timeline: Option<TimelineSteps>,
    pub(super) keep_alive_curve: Option<CurveBooks>,
}

/// Why there is no outcome.
pub(super) enum Ended {
    /// The run was stopped or had to end.
    Run(RunError),
    /// A trace could not be read to its end.
    Trace(TraceFault),
    /// A bug: books do not balance.
    Identity(Violation),
}

impl From<RunError> for Ended {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}

/// Who hears a function.
type Ears = (Watch, (Claims, Option<KeepAliveCurveTap>));

/// One function on its way.
struct Lane<'a> {
    simulation: Simulation<'a, Ears>,
    arrivals: Workload,
}

/// Some functions, in order.
struct Chunk<'a> {
    lanes: Vec<Lane<'a>>,
    /// When something happens next in each lane.
    due: Vec<Time>,
    /// What is claimed in the present window.
    notes: Notes,
}

impl Chunk<'_> {
    /// Simulates what happens before `until`; up to when all lanes have come.
    fn advance(
        &mut self,
        until: Time,
        stock: Option<&CurveStock>,
        control: &Control,
    ) -> Result<Time, RunError> {
        let mut reached = until;
        let mut books = stock.map(CurveStock::take).unwrap_or_default();
        for (lane, due) in self.lanes.iter_mut().zip(&mut self.due) {
            if *due < until {
                let (simulation, arrivals) = (&mut lane.simulation, &mut lane.arrivals);
                exchange(simulation.observer_mut(), &mut self.notes, &mut books);
                let advanced = simulation.advance(arrivals, until, MOST_EVENTS, control);
                exchange(simulation.observer_mut(), &mut self.notes, &mut books);
                advanced?;
                *due = simulation.next_at();
                reached = reached.min(*due);
            }
        }
        if let Some(stock) = stock {
            stock.give(books);
        }
        Ok(reached)
    }

    fn so_far(&mut self, at: Time) -> [u128; 3] {
        let lanes = self.lanes.iter_mut();
        lanes.fold([0; 3], |sums, lane| {
            add(sums, lane.simulation.observer_mut().0.so_far(at))
        })
    }
}

/// Lends notes and books to those who hear a function, or takes them back.
fn exchange((_, (claims, curve)): &mut Ears, notes: &mut Notes, books: &mut CurveBooks) {
    claims.exchange(notes);
    if let Some(curve) = curve {
        curve.exchange(books);
    }
}

fn add(a: [u128; 3], b: [u128; 3]) -> [u128; 3] {
    std::array::from_fn(|state| a[state] + b[state])
}

/// A cell on its way.
struct Cell<'a> {
    plan: &'a Plan,
    chunks: Vec<Chunk<'a>>,
    /// Of the file that is read for all functions, where there is one.
    dealer: Option<Dealer>,
    shared: Shared,
    parts: Parts<'a>,
    timeline: Option<TimelineSteps>,
    /// Books of the keep-alive curve, where it is wanted.
    stock: Option<CurveStock>,
    /// Instance-nanoseconds in each state in the parts before.
    before: [u128; 3],
    /// No function has come further than this.
    furthest: Time,
    /// The window before the present one, and what was claimed in it, chunk by chunk.
    settling: (Time, Time),
    notes: Vec<Notes>,
}

/// Simulates a plan whose functions have these workloads.
///
/// # Errors
/// See [`Ended`].
pub(super) fn run(
    plan: &Plan,
    streams: &Streams,
    workloads: OfEachFunction,
    wanted: Wanted,
    control: &Control,
) -> Result<Outcome, Ended> {
    let mut cell = Cell::new(plan, streams, workloads, wanted);
    match cell.simulate(control)? {
        Some(binding) => {
            let in_vain = cell.settling.1.since(Time::ZERO);
            control.has_not_simulated(in_vain);
            Ok(Outcome::Binds(binding))
        }
        None => cell.finish(),
    }
}

impl<'a> Cell<'a> {
    fn new(plan: &'a Plan, streams: &Streams, workloads: OfEachFunction, wanted: Wanted) -> Self {
        let curve = wanted.keep_alive_curve;
        let chunks = chunks(plan, streams, workloads.workloads, curve);
        Self {
            plan,
            notes: chunks.iter().map(|_| Notes::default()).collect(),
            chunks,
            dealer: workloads.dealer,
            shared: Shared::new(plan),
            parts: Parts::new(plan, wanted.batches).measured_side_by_side(),
            timeline: wanted.timeline,
            stock: curve.then(|| CurveStock::new(CurveBooks::new(plan, wanted.batches))),
            before: [0; 3],
            furthest: Time::ZERO,
            settling: (Time::ZERO, Time::ZERO),
        }
    }

    /// Simulates to the end, or until a limit binds.
    fn simulate(&mut self, control: &Control) -> Result<Option<Binding>, RunError> {
        let end = self.plan.end();
        let functions = self.plan.functions.len();
        let (least, most) = (
            NOTES_A_FUNCTION.0 * functions,
            NOTES_A_FUNCTION.1 * functions,
        );
        let aim = most.clamp(NOTES_A_WINDOW.0, NOTES_A_WINDOW.1).max(least);
        let mut length = Span::from_nanos(end.nanos() >> 10).max(Span::from_nanos(1));
        let mut now = Time::ZERO;
        while now < end {
            while now >= self.parts.ends() {
                if let Err(binding) = self.settle() {
                    return Ok(Some(binding));
                }
                self.end_part();
            }
            let step = self
                .timeline
                .as_ref()
                .map_or(Time::NEVER, TimelineSteps::ends);
            let until = (now + length).min(end).min(self.parts.ends()).min(step);
            let until = self.deal(until, (aim / 2).min(MOST_DEALT));
            let Self {
                chunks,
                shared,
                settling,
                notes,
                stock,
                ..
            } = self;
            let stock = stock.as_ref();
            let (reached, settled) = rayon::join(
                || {
                    let advanced = chunks
                        .par_iter_mut()
                        .map(|c| c.advance(until, stock, control));
                    advanced.try_reduce(|| until, |a, b| Ok(a.min(b)))
                },
                || shared.settle(settling.0, settling.1, notes),
            );
            if let Err(binding) = settled {
                return Ok(Some(binding));
            }
            let reached = reached?;
            self.furthest = self.furthest.max(until);
            let noted = self.turn_over(now, reached);
            control.has_simulated(reached.since(now));
            if noted > 2 * aim {
                length = Span::from_nanos((length.nanos() / 2).max(1));
            } else if noted < aim / 2 && reached == now + length {
                length = length * 2;
            }
            now = reached;
            if let Some(timeline) = &mut self.timeline
                && now >= timeline.ends()
            {
                let so_far = self.chunks.par_iter_mut().map(|c| c.so_far(now));
                let sums = so_far.reduce(|| [0; 3], add);
                timeline.end_step(now, add(self.before, sums));
            }
        }
        Ok(self.settle().err())
    }

    /// Reads what arrives in a window; when the window ends, which may be earlier than wanted.
    fn deal(&mut self, until: Time, most: usize) -> Time {
        let chunks = &mut self.chunks;
        let Some(dealer) = &mut self.dealer else {
            return until;
        };
        dealer.deal(until, most, |request| {
            let place = request.function.index();
            let chunk = &mut chunks[place / CHUNK];
            let due = &mut chunk.due[place % CHUNK];
            *due = request.at.min(*due);
            chunk.lanes[place % CHUNK].arrivals.push(request);
        })
    }

    /// The window that has been simulated is now to be settled; how many notes it has.
    fn turn_over(&mut self, begin: Time, reached: Time) -> usize {
        self.settling = (begin, reached);
        let mut noted = 0;
        for (chunk, notes) in self.chunks.iter_mut().zip(&mut self.notes) {
            notes.clear();
            if reached < self.furthest {
                chunk.notes.keep_for_later(reached, notes);
            }
            std::mem::swap(&mut chunk.notes, notes);
            noted += notes.runs();
        }
        noted
    }

    fn settle(&mut self) -> Result<(), Binding> {
        let (begin, until) = self.settling;
        self.settling.0 = until;
        let settled = self.shared.settle(begin, until, &self.notes);
        self.notes.iter_mut().for_each(Notes::clear);
        settled
    }

    fn end_part(&mut self) {
        let at = self.parts.ends();
        let so_far = self.chunks.par_iter_mut().map(|c| c.so_far(at));
        self.before = add(self.before, so_far.reduce(|| [0; 3], add));
        let mut watches = watches(&mut self.chunks);
        self.parts.end_part(&mut watches, self.shared.take_peaks());
    }

    fn finish(mut self) -> Result<Outcome, Ended> {
        let stock = self.stock.as_ref();
        let chunks = self.chunks.par_iter_mut();
        chunks.for_each(|chunk| {
            for lane in &mut chunk.lanes {
                end_lane(lane, stock);
            }
            chunk.notes = Notes::default();
        });
        // Measures take the memory of what only the run needed.
        self.notes = Vec::new();
        let peaks = self.shared.take_peaks();
        self.shared = Shared::new(self.plan);
        let mut lanes = self.chunks.iter().flat_map(|chunk| &chunk.lanes);
        let of_file = self.dealer.as_ref().and_then(Dealer::fault);
        let fault = of_file.or_else(|| lanes.find_map(|lane| lane.arrivals.fault()));
        if let Some(fault) = fault {
            return Err(Ended::Trace(fault.clone()));
        }
        let mut watches = watches(&mut self.chunks);
        let summary = self
            .parts
            .finish(&mut watches, peaks)
            .map_err(Ended::Identity)?;
        Ok(Outcome::Done(Box::new(Done {
            summary,
            timeline: self.timeline,
            keep_alive_curve: self.stock.map(CurveStock::into_books),
        })))
    }
}

/// Who counts what, function by function.
fn watches<'c>(chunks: &'c mut [Chunk<'_>]) -> Vec<&'c mut Watch> {
    let lanes = chunks.iter_mut().flat_map(|chunk| &mut chunk.lanes);
    lanes
        .map(|lane| &mut lane.simulation.observer_mut().0)
        .collect()
}

/// Ends a function.
fn end_lane(lane: &mut Lane<'_>, stock: Option<&CurveStock>) {
    let mut books = stock.map(CurveStock::take).unwrap_or_default();
    let mut lend = |lane: &mut Lane<'_>| {
        if let (_, (_, Some(curve))) = lane.simulation.observer_mut() {
            curve.exchange(&mut books);
        }
    };
    lend(lane);
    lane.simulation.end();
    lend(lane);
    if let Some(stock) = stock {
        stock.give(books);
    }
}

fn chunks<'a>(
    plan: &'a Plan,
    streams: &Streams,
    workloads: Vec<Workload>,
    with_curve: bool,
) -> Vec<Chunk<'a>> {
    let mut policies: Vec<Vec<Bound>> = workloads.iter().map(|_| Vec::new()).collect();
    for bound in policy::of_plan(plan) {
        policies[bound.function.index()].push(bound);
    }
    let lane = |id: u32, arrivals, policies| {
        let id = FunctionId(id);
        let curve = with_curve.then(|| KeepAliveCurveTap::of_one(plan, id));
        let observer = (Watch::new(plan, id), (Claims::new(plan, id), curve));
        Lane {
            simulation: Simulation::of_one(plan, streams, id, policies, observer),
            arrivals,
        }
    };
    let mut functions = (0..).zip(workloads.into_iter().zip(policies));
    let count = plan.functions.len().div_ceil(CHUNK);
    (0..count)
        .map(|_| {
            let mut lanes = Vec::with_capacity(CHUNK);
            for (id, (arrivals, policies)) in functions.by_ref().take(CHUNK) {
                lanes.push(lane(id, arrivals, policies));
            }
            Chunk {
                due: vec![Time::ZERO; lanes.len()],
                lanes,
                notes: Notes::default(),
            }
        })
        .collect()
}
