//! Cold starts and idle time under every keep-alive, from one run.
//!
//! Under most-recently-used routing an arrival takes the instance whose last request ended last.
//! Were idle instances kept for ever, they would form a stack: an end puts its instant on top, an
//! arrival takes the top. Under a keep-alive D the arrival is cold iff what it takes had lain there
//! for longer than D (or nothing did), and an instance that lay there for an age was idle for
//! min(age, D). So the ages tell all, whatever keep-alive the run itself had.
//!
//! Exact where requests occupy instances at the same times under every keep-alive: where starts
//! take no time. Where they do, a cold request occupies its instance for longer, and the run's own
//! keep-alive says which are cold. Under that keep-alive the curve is always exact.
//!
//! The curve knows no maximum life: an instance that reaches it stays on the stack. Pings occupy
//! instances as users do, but only users are counted. What is below a floor of the pool is never
//! cold and always idle; provisioned capacity has idle time and no cold start under any keep-alive.

mod ages;
mod grid;

use serde::{Deserialize, Serialize};

use crate::ids::{FunctionId, InstanceId};
use crate::model::{Plan, RemedyKind};
use crate::sim::{Ending, Observer, Prompt, RequestEnd, Retirement, Sender, State, StateChange};
use crate::units::Time;

use ages::{Ages, NEVER, Sign};

pub use ages::CurveCounts;
pub use grid::{KEEP_ALIVES, keep_alives};

/// Keeps the ages of instances that requests take. What it keeps grows with functions and with the
/// greatest number of instances, not with requests.
#[derive(Clone, Debug)]
pub struct KeepAliveCurveTap {
    /// Of the functions that are simulated, from this one on.
    stacks: Vec<Stack>,
    first: FunctionId,
    /// For each instance, by its place in the table, the bin of the age that its request found.
    found: Vec<u8>,
    books: CurveBooks,
    /// The part that time has come to.
    present: usize,
    present_ends: Time,
}

/// What taps have counted. All sums are exact, so that the same comes out in whatever order
/// functions are counted, and in whichever books.
#[derive(Clone, Default, Debug)]
pub struct CurveBooks {
    /// The warm-up, then each part of the measured time.
    parts: Vec<Part>,
}

/// The idle instances of one function, were they kept for ever.
#[derive(Clone, Debug)]
struct Stack {
    /// When each became idle, ascending.
    idle_since: Vec<Time>,
    /// Instances on demand that run a request or ping, or start for one.
    occupied: u32,
    /// Memory of an instance.
    bytes: u64,
    /// The pool never shrinks below this.
    floor: u32,
}

#[derive(Clone, Debug)]
struct Part {
    begins: Time,
    ages: Ages,
}

/// An idle time on its way to the books.
#[derive(Clone, Copy)]
struct Idle {
    since: Time,
    until: Time,
    bytes: u64,
    /// Whether it lasts whatever the keep-alive.
    held: bool,
}

/// What a run would have been under every keep-alive.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct KeepAliveCurve {
    /// Over the measured time.
    pub whole: CurveCounts,
    /// Over each of its batches; empty where there was one.
    pub batches: Vec<CurveCounts>,
}

impl KeepAliveCurveTap {
    /// A tap on all functions of a plan, the measured time in so many batches (1 for no batches).
    pub fn new(plan: &Plan, batches: u32) -> Self {
        let functions = (0..plan.functions.len() as u32).map(FunctionId);
        let stacks = functions.map(|id| Stack::new(plan, id)).collect();
        let books = CurveBooks::new(plan, batches);
        Self::of(plan, FunctionId(0), stacks, books)
    }

    /// A tap on one function that is simulated apart. It has no books: it must be lent some by
    /// [`Self::exchange`] for as long as anything happens.
    pub fn of_one(plan: &Plan, id: FunctionId) -> Self {
        Self::of(plan, id, vec![Stack::new(plan, id)], CurveBooks::default())
    }

    fn of(plan: &Plan, first: FunctionId, stacks: Vec<Stack>, books: CurveBooks) -> Self {
        Self {
            stacks,
            first,
            found: Vec::new(),
            books,
            present: 0,
            present_ends: plan.measured_from(),
        }
    }

    /// Exchanges the books for others, to be added to.
    pub fn exchange(&mut self, books: &mut CurveBooks) {
        std::mem::swap(&mut self.books, books);
    }

    /// What has been counted; all of it after the end of the run.
    pub fn into_books(self) -> CurveBooks {
        self.books
    }

    #[inline]
    fn stack(&mut self, function: FunctionId) -> &mut Stack {
        &mut self.stacks[(function.0 - self.first.0) as usize]
    }

    /// Begins the next part where time has come to it.
    #[inline]
    fn tick(&mut self, at: Time) {
        while at >= self.present_ends {
            self.present += 1;
            // The last part ends with the run.
            let next = self.books.parts.get(self.present + 1);
            self.present_ends = next.map_or(Time::NEVER, |next| next.begins);
        }
    }

    /// A request or ping takes an instance, which is one that lay on the stack.
    #[inline]
    fn take(&mut self, at: Time, function: FunctionId, instance: InstanceId) {
        let stack = self.stack(function);
        stack.occupied += 1;
        let held = stack.occupied <= stack.floor;
        let since = stack.idle_since.pop();
        let bin = match since {
            _ if held => 0,
            Some(since) => Ages::bin(at - since),
            None => NEVER,
        };
        let bytes = stack.bytes;
        let slot = instance.slot as usize;
        if slot >= self.found.len() {
            self.found.resize(slot + 1, NEVER);
        }
        self.found[slot] = bin;
        if let Some(since) = since {
            self.count_idle(Idle {
                since,
                until: at,
                bytes,
                held,
            });
        }
    }

    /// Counts an idle time that ends in the present part, each part of the run for itself.
    #[inline]
    fn count_idle(&mut self, idle: Idle) {
        let part = &mut self.books.parts[self.present];
        part.count_idle(idle, idle.until, Sign::Plus);
        if idle.since < part.begins {
            self.count_idle_before(idle);
        }
    }

    #[cold]
    fn count_idle_before(&mut self, idle: Idle) {
        let parts = &mut self.books.parts;
        for number in (0..=self.present).rev() {
            let begins = parts[number].begins;
            if idle.since >= begins {
                break;
            }
            parts[number].count_idle(idle, begins, Sign::Minus);
            parts[number - 1].count_idle(idle, begins, Sign::Plus);
        }
    }

    /// A user's request has ended that ran on an instance in this bin.
    #[inline]
    fn count_request(&mut self, arrived: Time, bin: u8) {
        if arrived >= self.books.parts[1].begins {
            self.books.parts[self.present].ages.count_request(bin);
        }
    }
}

impl CurveBooks {
    /// Empty books of a run of this plan, the measured time in so many batches (1 for no batches).
    pub fn new(plan: &Plan, batches: u32) -> Self {
        let batches = u64::from(batches.max(1));
        let begins =
            (0..batches).map(|batch| plan.measured_from() + plan.duration.part(batch, batches));
        let parts = std::iter::once(Time::ZERO)
            .chain(begins)
            .map(|begins| Part {
                begins,
                ages: Ages::new(),
            });
        Self {
            parts: parts.collect(),
        }
    }

    /// Adds what was counted in other books of the same run.
    pub fn join(&mut self, other: &Self) {
        for (part, more) in self.parts.iter_mut().zip(&other.parts) {
            part.ages.join(&more.ages);
        }
    }

    /// What the run would have been under every keep-alive.
    pub fn into_curve(self) -> KeepAliveCurve {
        let measured = self.parts.get(1..).unwrap_or_default();
        let mut whole = Ages::new();
        for part in measured {
            whole.join(&part.ages);
        }
        let counts = |part: &Part| part.ages.counts(keep_alives());
        KeepAliveCurve {
            whole: whole.counts(keep_alives()),
            batches: match measured {
                [_] => Vec::new(),
                _ => measured.iter().map(counts).collect(),
            },
        }
    }
}

impl Part {
    #[inline]
    fn count_idle(&mut self, idle: Idle, until: Time, sign: Sign) {
        let age = until - idle.since;
        if idle.held {
            self.ages.count_held(age, idle.bytes, sign);
        } else {
            self.ages.count_idle(age, idle.bytes, sign);
        }
    }
}

impl Stack {
    fn new(plan: &Plan, function: FunctionId) -> Self {
        let floor = plan.remedies.iter().find_map(|remedy| match remedy.kind {
            RemedyKind::MinInstances(floor) if remedy.functions.contains(&function) => Some(floor),
            _ => None,
        });
        Self {
            idle_since: Vec::new(),
            occupied: 0,
            bytes: plan.functions[function.index()].memory.bytes(),
            floor: floor.unwrap_or(0),
        }
    }

    /// The request or ping of an instance has ended. One that timed out, crashed or ran out of
    /// memory has ended its instance; every other end leaves one that could be kept.
    #[inline]
    fn give_back(&mut self, at: Time, to: Result<State, Retirement>) {
        match to {
            Err(Retirement::EndOfRun) => {}
            Err(Retirement::TimedOut | Retirement::Crashed | Retirement::OutOfMemory) => {
                self.occupied -= 1;
            }
            _ => {
                self.occupied -= 1;
                self.idle_since.push(at);
            }
        }
    }

    /// An instance that nobody waited for is ready. Below the floor that is one more; above, it
    /// takes the place of one that has gone, which on the stack is still there.
    fn prewarmed(&mut self, at: Time) {
        if self.occupied as usize + self.idle_since.len() < self.floor as usize {
            self.idle_since.push(at);
        }
    }

    /// Idle times up to the end of the run.
    fn left(&self, end: Time) -> impl Iterator<Item = Idle> + '_ {
        let levels = self.occupied + 1..;
        let newest_first = self.idle_since.iter().rev();
        newest_first.zip(levels).map(move |(&since, level)| Idle {
            since,
            until: end,
            bytes: self.bytes,
            held: level <= self.floor,
        })
    }
}

impl Observer for KeepAliveCurveTap {
    #[inline]
    fn ended(&mut self, end: &RequestEnd) {
        self.tick(end.ended);
        let Some(instance) = end.instance else { return };
        // What was abandoned is counted when its run ends.
        if end.sender == Sender::User && end.ending != Ending::Abandoned {
            let bin = if end.on_provisioned {
                0
            } else {
                self.found[instance.slot as usize]
            };
            self.count_request(end.arrived, bin);
        }
    }

    #[inline]
    fn changed(&mut self, change: &StateChange) {
        self.tick(change.at);
        let stack = self.stack(change.function);
        if change.provisioned {
            if change.from == Some(State::Idle) {
                let bytes = stack.bytes;
                self.count_idle(Idle {
                    since: change.since,
                    until: change.at,
                    bytes,
                    held: true,
                });
            }
            return;
        }
        match (change.from, change.to) {
            (None, _) if change.prewarmed => {}
            (None, _) | (Some(State::Idle), Ok(State::Busy)) => {
                self.take(change.at, change.function, change.instance);
            }
            (Some(State::Busy), to) => stack.give_back(change.at, to),
            (Some(State::Starting), Ok(State::Idle)) => stack.prewarmed(change.at),
            _ => {}
        }
    }

    #[inline]
    fn began(&mut self, run: &Prompt) {
        self.tick(run.arrived);
        self.take(run.arrived, run.function, run.instance);
    }

    #[inline]
    fn answered(&mut self, run: &Prompt, at: Time) {
        self.tick(at);
        self.count_request(run.arrived, self.found[run.instance.slot as usize]);
        self.stack(run.function).give_back(at, Ok(State::Idle));
    }

    fn run_ended(&mut self, at: Time) {
        self.tick(at);
        for stack in std::mem::take(&mut self.stacks) {
            for idle in stack.left(at) {
                self.count_idle(idle);
            }
        }
    }
}
