//! Remedies against cold starts, as a policy of the experiment lists them.

use crate::dist::Dist;
use crate::ids::FunctionId;
use crate::schedule::Schedule;
use crate::units::{Memory, Span, Time};

use super::KeepAlive;

/// One remedy, for some functions.
#[derive(Clone, PartialEq, Debug)]
pub struct Remedy {
    /// What is done.
    pub kind: RemedyKind,
    /// For which functions, in order.
    pub functions: Vec<FunctionId>,
}

/// What is done against cold starts.
#[derive(Clone, PartialEq, Debug)]
pub enum RemedyKind {
    /// Idle instances are kept so long.
    KeepAlive(KeepAlive),
    /// Requests of one's own keep instances warm.
    Ping(Ping),
    /// Instances are started ahead and kept.
    Provisioned(Provisioned),
    /// Instances start from a snapshot.
    Snapshot(Snapshot),
    /// The pool never shrinks below so many instances, and begins with them.
    MinInstances(u32),
}

/// Requests of one's own that keep instances warm.
#[derive(Clone, PartialEq, Debug)]
pub struct Ping {
    /// From one round to the next.
    pub every: Span,
    /// Pings a round.
    pub instances: u32,
    /// How long each keeps its instance.
    pub hold: Span,
    /// How late each ping of a round is sent.
    pub skew: Dist,
    /// The first round, from the beginning of the run; drawn once.
    pub offset: Dist,
    /// Whether the function that sends rounds of several pings is charged for.
    pub sender: bool,
}

impl Ping {
    /// Memory in MB of the function that sends rounds of several pings at once, and with it its
    /// share of a processor: it opens a connection for each ping.
    pub const SENDER_MEMORY_MB: u32 = 512;
    /// What that function is taken to run besides the time that pings are held.
    pub const SENDER_ASIDE: Span = Span::from_whole_secs(1);

    /// Whether each round needs a function that sends all its pings at once. A single ping needs
    /// none: a rule of the clock sends it. Nor do pings that come one by one.
    pub fn needs_sender(&self) -> bool {
        self.instances > 1 && self.skew.is_zero()
    }

    /// Whether each round costs a run of the function that sends it.
    pub fn is_sender_charged(&self) -> bool {
        self.sender && self.needs_sender()
    }

    /// Rounds from one time of a run on, until before another; where chance decides when the first
    /// one comes, as many as there are on average.
    pub fn rounds(&self, from: Time, until: Time) -> f64 {
        let Some(offset) = self.offset.as_constant() else {
            return until.since(from).secs() / self.every.secs();
        };
        let first = Time::ZERO + offset;
        let before = |at: Time| at.since(first).nanos().div_ceil(self.every.nanos().max(1));
        (before(until) - before(from)) as f64
    }

    /// How long the function that sends a round runs: until all its pings are answered.
    pub fn sender_run(&self) -> Span {
        self.hold + Self::SENDER_ASIDE
    }

    /// Its memory.
    pub fn sender_memory() -> Memory {
        Memory::from_mb(f64::from(Self::SENDER_MEMORY_MB))
    }
}

/// How many instances are provisioned.
#[derive(Clone, PartialEq, Debug)]
pub enum Provisioned {
    /// Always as many.
    Constant(u32),
    /// As many as the load asks for.
    Tracking(Tracking),
    /// As many as the calendar says, or the load within bounds that the calendar sets.
    Scheduled(Scheduled),
}

impl Provisioned {
    /// The most instances that are ever asked for.
    pub fn most(&self) -> u32 {
        match self {
            Self::Constant(instances) => *instances,
            Self::Tracking(tracking) => tracking.max,
            Self::Scheduled(scheduled) => {
                let first = scheduled.tracking.map_or(scheduled.instances, |t| t.max);
                let actions = scheduled
                    .actions
                    .iter()
                    .map(|action| action.min.max(action.max));
                actions.flatten().fold(first, u32::max)
            }
        }
    }
}

/// Capacity with scheduled actions (AWS Application Auto Scaling).
#[derive(Clone, PartialEq, Debug)]
pub struct Scheduled {
    /// Provisioned until the first action is due; where the load decides, its minimum.
    pub instances: u32,
    /// How the load moves capacity within the bounds that actions set; `None` is not at all.
    pub tracking: Option<Tracking>,
    /// Of those due at the same instant the last one holds.
    pub actions: Vec<ScheduledAction>,
}

/// New bounds of capacity at given times; one that is not given stays, unless the other passes it.
/// Capacity below them is raised to the least, above them
/// lowered to the most.
#[derive(Clone, PartialEq, Debug)]
pub struct ScheduledAction {
    /// When.
    pub at: Schedule,
    /// No fewer from then on.
    pub min: Option<u32>,
    /// No more from then on.
    pub max: Option<u32>,
}

impl ScheduledAction {
    /// The bounds after it, given those before.
    pub fn bounds(&self, (min, max): (u32, u32)) -> (u32, u32) {
        match (self.min, self.max) {
            (Some(min), Some(max)) => (min, max),
            (Some(min), None) => (min, max.max(min)),
            (None, Some(max)) => (min.min(max), max),
            (None, None) => (min, max),
        }
    }
}

/// Target tracking on the utilisation of provisioned concurrency.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Tracking {
    /// Never fewer.
    pub min: u32,
    /// Never more.
    pub max: u32,
    /// Utilisation aimed at, of 1.
    pub target: f64,
    /// What stands for a minute.
    pub statistic: Statistic,
    /// After capacity was added, until more is added.
    pub scale_out_cooldown: Span,
    /// After capacity was taken away, until more is taken away.
    pub scale_in_cooldown: Span,
}

impl Default for Tracking {
    /// One instance, 0.7, the average of a minute and no cooldown.
    fn default() -> Self {
        Self {
            min: 1,
            max: 1,
            target: 0.7,
            statistic: Statistic::Average,
            scale_out_cooldown: Span::ZERO,
            scale_in_cooldown: Span::ZERO,
        }
    }
}

/// What stands for the utilisation of a minute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Statistic {
    /// Its mean over time.
    Average,
    /// Its highest value.
    Maximum,
}

/// Starts from a snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Snapshot {
    /// When it is taken.
    pub after: SnapshotAfter,
    /// Published versions of a function, of each of which a snapshot is cached and paid for.
    pub versions: u32,
}

impl From<SnapshotAfter> for Snapshot {
    /// Of a function with one version.
    fn from(after: SnapshotAfter) -> Self {
        Self { after, versions: 1 }
    }
}

/// When the snapshot is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SnapshotAfter {
    /// After init: a restored instance still pays its first call.
    Init,
    /// After a warm-up call: the first call is in the snapshot.
    WarmUpCall,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_of_parts_are_those_of_the_whole() {
        let ping = Ping {
            every: Span::from_whole_secs(5),
            instances: 2,
            hold: Span::ZERO,
            skew: Dist::ZERO,
            offset: Dist::constant(Span::from_whole_secs(3)),
            sender: true,
        };
        let at = |secs: u64| Time::ZERO + Span::from_whole_secs(secs);
        // Due at 3, 8, 13 and 18 s.
        let rounds = |from: u64, until: u64| ping.rounds(at(from), at(until)) as u64;
        for (from, until, count) in [(0, 3, 0), (3, 4, 1), (4, 8, 0), (0, 9, 2), (8, 18, 2)] {
            assert_eq!(rounds(from, until), count, "{from} to {until}");
        }
        let parts: u64 = (0..20).map(|s| rounds(s, s + 1)).sum();
        assert_eq!(parts, rounds(0, 20));
    }
}
