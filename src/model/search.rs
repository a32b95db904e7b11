//! What `frostline plan` may choose from.

use crate::schedule::{Start, Zone};
use crate::units::{Memory, Span};

/// The settings to look for the cheapest in. What the user left open is `None`, and is decided by
/// what a trial run shows.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Search {
    /// Names of the functions that settings are for, in the order of the experiment; empty where
    /// the user named none, which is all.
    pub functions: Vec<String>,
    /// Memory; empty is as in the file.
    pub memory: Vec<Memory>,
    /// Processor architectures; empty is as in the file.
    pub architecture: Vec<Architecture>,
    /// Concurrency kept for each function; empty is as in the file.
    pub reserved: Vec<u32>,
    /// Kinds of remedies.
    pub remedies: Option<Vec<RemedyName>>,
    /// Pings.
    pub ping: PingSearch,
    /// Numbers of provisioned instances.
    pub provisioned: Option<Vec<u32>>,
    /// Provisioned instances by the clock.
    pub scheduled: ScheduledSearch,
    /// Provisioned instances by load.
    pub tracking: TrackingSearch,
    /// How long idle instances are kept.
    pub keep_alive: Vec<Span>,
    /// Floors of the pool.
    pub min_instances: Option<Vec<u32>>,
}

/// A kind of remedy.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RemedyName {
    /// The platform as it is.
    None,
    /// Start from a snapshot.
    Snapshot,
    /// Requests of one's own.
    Ping,
    /// Always as many instances.
    Provisioned,
    /// As many instances as the calendar says.
    Scheduled,
    /// As many instances as the load asks for.
    Tracking,
    /// How long idle instances are kept.
    KeepAlive,
    /// A floor of the pool.
    MinInstances,
}

impl RemedyName {
    /// The word of the `[search]` table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Snapshot => "snapshot",
            Self::Ping => "ping",
            Self::Provisioned => "provisioned",
            Self::Scheduled => "scheduled",
            Self::Tracking => "tracking",
            Self::KeepAlive => "keep-alive",
            Self::MinInstances => "min-instances",
        }
    }
}

/// A processor architecture, which has price lists of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Architecture {
    /// Intel and AMD.
    X86,
    /// Graviton.
    Arm,
}

impl Architecture {
    /// What AWS calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::X86 => "x86_64",
            Self::Arm => "arm64",
        }
    }
}

/// Pings to try.
#[derive(Clone, PartialEq, Debug)]
pub struct PingSearch {
    /// From one round to the next.
    pub every: Option<Vec<Span>>,
    /// Pings a round.
    pub instances: Option<Vec<u32>>,
    /// How long each keeps its instance.
    pub hold: Option<Span>,
    /// Whether the function that sends rounds of several pings is charged for.
    pub sender: bool,
}

impl Default for PingSearch {
    /// Whatever a trial run asks for, with all that it costs.
    fn default() -> Self {
        Self {
            every: None,
            instances: None,
            hold: None,
            sender: true,
        }
    }
}

/// Schedules to try.
#[derive(Clone, PartialEq, Debug)]
pub struct ScheduledSearch {
    /// Length of a part of the day with a number of its own.
    pub step: Span,
    /// Which days may differ.
    pub days: Option<Days>,
    /// The zone whose local time they are in, with its name.
    pub zone: (String, Zone),
    /// How long before a part of the day more instances are asked for.
    pub lead: Span,
    /// Day and time of simulated time zero.
    pub start: Start,
}

impl Default for ScheduledSearch {
    /// By the hour, in UTC, 5 minutes ahead.
    fn default() -> Self {
        Self {
            step: Span::from_whole_secs(3600),
            days: None,
            zone: ("UTC".to_owned(), Zone::UTC),
            lead: Span::from_whole_secs(300),
            start: Start::default(),
        }
    }
}

/// Which days of the week may have schedules of their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Days {
    /// All days are alike.
    Same,
    /// Monday to Friday, and the weekend.
    Weekend,
    /// Each day of the week.
    Each,
}

/// Target tracking to try.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TrackingSearch {
    /// Utilisations aimed at.
    pub target: Option<Vec<f64>>,
    /// Never fewer.
    pub min: Option<Vec<u32>>,
    /// Never more.
    pub max: Option<u32>,
}
