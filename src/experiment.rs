//! Grid × replications → cells → results, in order, over all cores.
//!
//! A cell is one replication of one scenario. Cells run side by side; each is a function of the
//! experiment, its seed and its place alone, and results are folded in the order of the file, so
//! the same bytes come out with any number of jobs. Finished cells are kept in a journal, from
//! which an interrupted experiment goes on. This room knows no format of any output.

mod cell;
mod curve;
mod estimate;
mod fingerprint;
mod fold;
mod journal;
mod request_parts;
mod results;

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use rayon::prelude::*;

use crate::model::Experiment;
use crate::observe::Violation;
use crate::sim::{Control, RunError};
use crate::trace::TraceFault;

pub use cell::{CellId, CellResult};
pub use estimate::estimate_core_time;
pub use fingerprint::fingerprint;
pub use journal::Journal;
pub use request_parts::RequestParts;
pub use results::{
    CurvePoint, Estimate, Estimates, FunctionResult, IntervalMethod, Results, ScenarioResult,
    Timeline, TimelinePoint,
};

/// Parts of the measured time where there is only one replication.
pub const BATCHES: u32 = 20;

/// How an experiment is run.
#[derive(Default)]
pub struct Options<'a> {
    /// Cells at a time; `None` is one a core.
    pub jobs: Option<usize>,
    /// Where finished cells are kept.
    pub journal: Option<&'a Journal>,
    /// Where rows of requests are kept.
    pub requests: Option<&'a RequestParts>,
    /// Told the number of cells done each time one is.
    pub progress: Option<&'a (dyn Fn(usize) + Sync)>,
}

/// Why an experiment has no results.
#[derive(Debug)]
pub enum Failure {
    /// The caller stopped it after so many of its cells.
    Interrupted {
        /// Cells that are done.
        done: usize,
        /// Cells in all.
        cells: usize,
    },
    /// A trace could not be read to its end.
    Trace(Vec<TraceFault>),
    /// A cell has no result.
    Run {
        /// Policy and swept values.
        scenario: String,
        /// Why.
        error: RunError,
    },
    /// A bug: books do not balance.
    Identity {
        /// Policy and swept values.
        scenario: String,
        /// Seed of the experiment.
        seed: u64,
        /// Replication, from 0.
        replication: u32,
        /// Which identity.
        violation: Violation,
    },
    /// Finished cells or rows could not be kept.
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The threads could not be started.
    Threads(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interrupted { done, cells } => {
                write!(f, "interrupted: {done} of {cells} cells are done and kept")
            }
            Self::Trace(faults) => {
                let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
            Self::Run { scenario, error } => write!(f, "scenario `{scenario}`: {error}"),
            Self::Identity {
                scenario,
                seed,
                replication,
                violation,
            } => write!(
                f,
                "this is a bug of frostline, please report it with the experiment file: scenario \
                 `{scenario}`, seed {seed}, replication {replication}: {violation}"
            ),
            Self::Io { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Threads(error) => write!(f, "cannot start threads: {error}"),
        }
    }
}

impl std::error::Error for Failure {}

/// Runs every cell of an experiment that its journal does not hold, and folds the results.
///
/// # Errors
/// See [`Failure`]; what is done by then is in the journal.
pub fn run(
    experiment: &Experiment,
    options: &Options<'_>,
    control: &Control,
) -> Result<Results, Failure> {
    let jobs = options.jobs.unwrap_or(0);
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs)
        .build()
        .map_err(|error| Failure::Threads(error.to_string()))?;
    let cells = CellId::all(experiment);
    let done = std::sync::atomic::AtomicUsize::new(0);
    let run_one = |id: &CellId| -> Result<CellResult, Failure> {
        let logged = options.requests.is_none_or(|parts| parts.has(*id));
        let kept = options
            .journal
            .filter(|_| logged)
            .and_then(|journal| journal.get(*id));
        let result = if let Some(result) = kept {
            let run = experiment.scenarios[id.scenario as usize].plan.end();
            control.simulated.fetch_add(run.nanos(), Ordering::Relaxed);
            result
        } else {
            let result = cell::run(experiment, *id, options.requests, control)?;
            if let Some(journal) = options.journal {
                journal.keep(*id, &result)?;
            }
            result
        };
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(progress) = options.progress {
            progress(done);
        }
        Ok(result)
    };
    let outcomes: Vec<_> = threads.install(|| cells.par_iter().map(run_one).collect());
    let mut results = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        match outcome {
            Ok(result) => results.push(result),
            Err(Failure::Run {
                error: RunError::Stopped,
                ..
            }) => {
                let done = done.load(Ordering::Relaxed);
                return Err(Failure::Interrupted {
                    done,
                    cells: cells.len(),
                });
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(fold::fold(experiment, &results))
}

/// Simulated nanoseconds of all cells together, for a progress bar.
pub fn simulated_nanos(experiment: &Experiment) -> u64 {
    let one = experiment.scenarios.iter().map(|s| s.plan.end().nanos());
    one.fold(0u64, u64::saturating_add)
        .saturating_mul(u64::from(experiment.replications))
}
