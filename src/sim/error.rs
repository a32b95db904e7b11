//! Why a run ended without a result.

use std::fmt;

use super::calendar::MOST_INSTANCES;
use super::workflows::MOST_THREADS;

/// Why a run ended without a result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RunError {
    /// The caller stopped it.
    Stopped,
    /// More instances were alive than the simulator can tell apart.
    TooManyInstances,
    /// A workflow had more branches under way than memory may hold.
    TooManyBranches {
        /// The workflow that began the one too many.
        workflow: String,
    },
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("the run was stopped"),
            Self::TooManyInstances => write!(
                f,
                "more than {MOST_INSTANCES} instances are alive at once: lower the rate, the service time or the \
                 keep-alive, or set a concurrency quota"
            ),
            Self::TooManyBranches { workflow } => write!(
                f,
                "more than {MOST_THREADS} branches of workflows are under way at once, the last of \
                 `{workflow}`: start fewer executions, lower the `max-concurrency` of its map, or \
                 shorten what its steps wait for"
            ),
        }
    }
}

impl std::error::Error for RunError {}
