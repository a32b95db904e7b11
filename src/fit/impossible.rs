//! Values that no call of AWS Lambda has. They are told and left out, so that no model is made of
//! them that the platform would refuse.

use std::fmt;

use crate::logs::Unread;

/// A timeout is at most 900 s, and a call that is cut ends soon after it (docs.aws.amazon.com,
/// lambda, gettingstarted-limits, 2026). Half a minute more is taken for a clock of its own.
const LONGEST_MS: f64 = 930_000.0;

/// The longest timeout, in seconds.
pub(super) const LONGEST_TIMEOUT_S: f64 = 900.0;

/// Memory that can be configured, in MB.
pub(super) const MEMORY_MB: std::ops::RangeInclusive<f64> = 128.0..=10_240.0;

/// Lambda is generally available since 2015-04-09; in nanoseconds since 1970.
const BEGAN: i64 = 1_428_537_600 * 1_000_000_000;
/// 2100-01-01: a log of later is of a clock that is wrong.
const ENDS: i64 = 4_102_444_800 * 1_000_000_000;

/// What is impossible about a value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Impossible {
    /// A run of more than the longest timeout.
    Duration,
    /// An init or a restore of more than that.
    Start,
    /// A bill of more than run and start can come to.
    Billed,
    /// Memory that cannot be configured.
    Memory,
    /// Used memory of nothing, or of more than can be configured.
    MemoryUsed,
    /// A timeout that cannot be configured.
    Timeout,
    /// A time before Lambda began or after 2100.
    Time,
}

impl fmt::Display for Impossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Duration => "Duration above the 900 s that Lambda allows: call left out",
            Self::Start => "Init or Restore Duration above the 900 s of a call: call left out",
            Self::Billed => "Billed Duration above what a call can come to: bill left out",
            Self::Memory => "Memory Size outside of 128 to 10,240 MB: size left out",
            Self::MemoryUsed => "Max Memory Used of 0 or of more than 10,240 MB: left out",
            Self::Timeout => "timeout outside of 0 to 900 s: left out",
            Self::Time => "time before 2015-04-09, when Lambda began, or after 2099: left out",
        })
    }
}

impl Impossible {
    /// A length of a run, init or restore in milliseconds.
    pub(super) fn is_length(ms: f64) -> bool {
        (0.0..=LONGEST_MS).contains(&ms)
    }

    /// A bill, for a run and a start together.
    pub(super) fn is_bill(ms: f64) -> bool {
        (0.0..=2.0 * LONGEST_MS).contains(&ms)
    }

    /// Memory that was used, in MB.
    pub(super) fn is_used(mb: f64) -> bool {
        mb > 0.0 && mb <= *MEMORY_MB.end()
    }

    /// A timeout in seconds.
    pub(super) fn is_timeout(s: f64) -> bool {
        s > 0.0 && s <= LONGEST_TIMEOUT_S
    }

    /// A time in nanoseconds since 1970.
    pub(super) fn is_time(at: i64) -> bool {
        (BEGAN..ENDS).contains(&at)
    }
}

/// Why something was not understood.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Why {
    /// It cannot be read.
    Unread(Unread),
    /// It is read, and cannot be.
    Impossible(Impossible),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread(what) => what.fmt(f),
            Self::Impossible(what) => what.fmt(f),
        }
    }
}
