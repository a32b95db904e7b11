//! Grid × replications → cells → results, in order, over all cores.
//!
//! A cell is one replication of one scenario. Cells run side by side; each is a function of the
//! experiment, its seed and its place alone, and results are folded in the order of the file, so
//! the same bytes come out with any number of jobs. Finished cells are kept in a journal, from
//! which an interrupted experiment goes on. This room knows no format of any output.

mod apart;
mod cell;
mod claim;
mod curve;
mod estimate;
mod fingerprint;
mod fold;
mod goals;
mod intervals;
mod journal;
mod request_parts;
mod results;
mod way;

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;

use rayon::prelude::*;

use crate::model::Experiment;
use crate::observe::Violation;
use crate::sim::{Control, RunError};
use crate::trace::TraceFault;

pub use cell::{CellId, CellResult, run_cell, run_together, watch_cell};
pub use claim::{Claim, LOCK};
pub use estimate::estimate_core_time;
pub use fingerprint::{Reread, fingerprint, scenario_key};
pub use goals::{Judged, Standing, judge};
pub use intervals::estimate_at;
pub use journal::{Journal, ScenarioCell};
pub use request_parts::RequestParts;
pub use results::{
    ClaimedLine, ClaimedPoint, CurvePoint, Estimate, Estimates, Facts, FunctionResult,
    IntervalMethod, Results, ScenarioResult, Timeline, TimelinePoint, Values,
};
pub use way::Way;

/// Parts of the measured time where there is only one replication.
pub const BATCHES: u32 = 20;

/// Threads that look for work take time from each other; beyond a few a core nothing is gained.
pub(crate) const MOST_JOBS_A_CORE: usize = 8;

/// How an experiment is run.
#[derive(Default)]
pub struct Options<'a> {
    /// Cells at a time, at most 8 a core; `None` is one a core.
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
    /// Another run writes to the same folder.
    Claimed {
        /// The folder.
        path: PathBuf,
        /// The other run, where that is known.
        process: Option<u32>,
    },
    /// A folder would be replaced that no run has made.
    Foreign {
        /// The folder.
        path: PathBuf,
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
            Self::Claimed { path, process } => {
                let who = process.map_or_else(String::new, |id| format!(" (process {id})"));
                write!(
                    f,
                    "{}: another run{who} is writing there: wait until it ends, or choose another \
                     place",
                    path.display()
                )
            }
            Self::Foreign { path } => write!(
                f,
                "{}: rows are kept there until all are done, but it is not a folder of frostline: \
                 move it away, or name another file",
                path.display()
            ),
            Self::Threads(error) => write!(f, "cannot start threads: {error}"),
        }
    }
}

impl std::error::Error for Failure {}

/// Runs every cell of an experiment that its journal does not hold, and folds the results.
///
/// # Errors
/// See [`Failure`]: the first in the order of the cells, with any number of jobs. What is done by
/// then is in the journal.
pub fn run(
    experiment: &Experiment,
    options: &Options<'_>,
    control: &Control,
) -> Result<Results, Failure> {
    let cores = available_parallelism().map_or(1, usize::from);
    let jobs = options.jobs.unwrap_or(cores).min(cores * MOST_JOBS_A_CORE);
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs)
        .build()
        .map_err(|error| Failure::Threads(error.to_string()))?;
    let cells = CellId::all(experiment);
    let done = AtomicUsize::new(0);
    // What comes after a cell that failed need not run; what comes before it may fail first.
    let failed = AtomicUsize::new(usize::MAX);
    let run_one = |(place, id): (usize, &CellId)| {
        if place > failed.load(Ordering::Relaxed) {
            return None;
        }
        let outcome = match result(experiment, *id, options, control) {
            Err(Failure::Run {
                error: RunError::Stopped,
                ..
            }) => return None,
            outcome => outcome,
        };
        if outcome.is_err() {
            failed.fetch_min(place, Ordering::Relaxed);
        } else {
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if let Some(progress) = options.progress {
                progress(done);
            }
        }
        Some(outcome)
    };
    let outcomes = threads.install(|| cells.par_iter().enumerate().map(run_one).collect());
    Ok(fold::fold(experiment, &in_order(outcomes)?))
}

/// What a cell gives: from the journal, or else by simulating it.
fn result(
    experiment: &Experiment,
    id: CellId,
    options: &Options<'_>,
    control: &Control,
) -> Result<CellResult, Failure> {
    let logged = options.requests.is_none_or(|parts| parts.has(id));
    let kept = options.journal.filter(|_| logged);
    if let Some(result) = kept.and_then(|journal| journal.take(id)) {
        let run = experiment.scenarios[id.scenario as usize].plan.end();
        control.simulated.fetch_add(run.nanos(), Ordering::Relaxed);
        return Ok(result);
    }
    let result = cell::run(experiment, id, options.requests, control)?;
    if let Some(journal) = options.journal {
        journal.keep(id, &result)?;
    }
    Ok(result)
}

/// The results, or else the first failure in the order of the cells. Cells without an outcome were
/// stopped, which is told only where nothing failed.
fn in_order<T>(outcomes: Vec<Option<Result<T, Failure>>>) -> Result<Vec<T>, Failure> {
    let cells = outcomes.len();
    let results: Vec<T> = outcomes.into_iter().flatten().collect::<Result<_, _>>()?;
    let done = results.len();
    if done < cells {
        return Err(Failure::Interrupted { done, cells });
    }
    Ok(results)
}

/// Simulated nanoseconds of all cells together, for a progress bar.
pub fn simulated_nanos(experiment: &Experiment) -> u64 {
    let one = experiment.scenarios.iter().map(|s| s.plan.end().nanos());
    one.fold(0u64, u64::saturating_add)
        .saturating_mul(u64::from(experiment.replications))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(name: &str) -> Failure {
        Failure::Threads(name.to_owned())
    }

    #[test]
    fn the_first_failure_in_order_wins_over_cells_that_were_stopped() {
        let told = |outcomes| in_order(outcomes).map_err(|failure| failure.to_string());
        assert_eq!(told(vec![Some(Ok(1)), Some(Ok(2))]), Ok(vec![1, 2]));
        assert_eq!(
            told(vec![Some(Ok(1)), None, None]),
            Err("interrupted: 1 of 3 cells are done and kept".to_owned())
        );
        assert_eq!(
            told(vec![
                None,
                Some(Err(failure("one"))),
                Some(Err(failure("two")))
            ]),
            Err("cannot start threads: one".to_owned())
        );
    }
}
