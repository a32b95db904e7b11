//! The simulator against closed forms, reference runs and published tables.
//!
//! [`run`] repeats every row of the validation sheet that the simulator can produce and holds each
//! quantity against its expected value; [`table`] shows it. Where a closed form exists it comes
//! from [`crate::theory`], which knows nothing of the simulator; otherwise the published value
//! stands in the row. Nothing here changes a simulation: a row builds a plan, runs it and looks.
//!
//! A row has a seed of its own and rows are put together in the order of the sheet, so the same
//! build gives the same report with any number of jobs.

mod batches;
mod billing;
mod case;
mod concurrency;
mod estimate;
mod keep_alive;
pub mod lab;
mod lambda;
mod lifetimes;
mod limits;
mod pings;
mod pool;
mod probe;
mod published;
mod queues;
mod replay;
mod report;
mod routing;
mod shipped;
mod show;
mod snapshots;
mod trace;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use case::Group;

pub use estimate::Estimate;
pub use report::{Check, GroupReport, Report, Row, Tally, Value, Verdict};
pub use show::table;

/// What to validate, and with what.
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads; 0 is one a core.
    pub jobs: usize,
    /// Only the group of this id (`V9`), whatever its case, or, where there is no such group, those
    /// whose id begins so (`B`).
    pub filter: Option<String>,
    /// Folder of the measured data; rows that need it are skipped where it is absent.
    pub shared_data: PathBuf,
}

impl Default for Options {
    /// Everything, on all cores, with the data in `FROSTLINE_SHARED_DATA` or else `../shared/data`.
    fn default() -> Self {
        let shared_data = std::env::var_os("FROSTLINE_SHARED_DATA")
            .map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from);
        Self {
            jobs: 0,
            filter: None,
            shared_data,
        }
    }
}

/// How far a validation is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Rows done.
    pub done: usize,
    /// Rows in all.
    pub of: usize,
}

/// The groups of the sheet: id and what is tested, in order.
pub fn groups() -> Vec<(&'static str, &'static str)> {
    let all = sheet(&Options::default());
    all.iter().map(|group| (group.id, group.title)).collect()
}

/// Validates; `progress` is called after each row, from any thread.
///
/// The report is empty where the filter matches no group; [`groups`] names them all.
pub fn run(options: &Options, progress: &(dyn Fn(Progress) + Sync)) -> Report {
    let chosen = choose(sheet(options), options.filter.as_deref());
    let simulate = || simulate_all(&chosen, progress);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.jobs);
    // Without threads of its own it takes those of the process: slower or faster, the same bytes.
    let rows = pool
        .build()
        .map_or_else(|_| simulate(), |pool| pool.install(simulate));
    let groups = chosen.iter().zip(rows).map(|(group, rows)| GroupReport {
        id: group.id.to_owned(),
        title: group.title.to_owned(),
        rows,
    });
    Report {
        groups: groups.collect(),
    }
}

/// The rows of each group, in order.
fn simulate_all(groups: &[Group], progress: &(dyn Fn(Progress) + Sync)) -> Vec<Vec<Row>> {
    let of = groups.iter().map(|group| group.cases.len()).sum();
    let done = AtomicUsize::new(0);
    groups
        .par_iter()
        .with_max_len(1)
        .map(|group| {
            let cases = group.cases.par_iter().enumerate().with_max_len(1);
            let rows: Vec<Vec<Row>> = cases
                .map(|(place, case)| {
                    let rows = case.run(case::seed_of(group.id, place));
                    let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                    progress(Progress { done, of });
                    rows
                })
                .collect();
            rows.into_iter().flatten().collect()
        })
        .collect()
}

fn choose(groups: Vec<Group>, filter: Option<&str>) -> Vec<Group> {
    let Some(wanted) = filter.map(str::to_ascii_lowercase) else {
        return groups;
    };
    let id = |group: &Group| group.id.to_ascii_lowercase();
    let whole = groups.iter().any(|group| id(group) == wanted);
    let fits = |group: &Group| {
        if whole {
            id(group) == wanted
        } else {
            id(group).starts_with(&wanted)
        }
    };
    groups.into_iter().filter(fits).collect()
}

/// The whole sheet, in order.
fn sheet(options: &Options) -> Vec<Group> {
    let mut groups = vec![
        queues::little(),
        queues::loss(),
        queues::unbounded(),
        queues::bounded(),
        queues::single(),
        concurrency::at_rest(),
        concurrency::from_empty(),
        concurrency::daily(),
        concurrency::growth(),
        keep_alive::fixed(),
        keep_alive::drawn(),
        keep_alive::periodic(),
        keep_alive::renewal(),
        pool::fixed(),
        pool::with_floor(),
        pool::with_limit(),
        pings::cold_starts(),
        pings::bill(),
        billing::break_even(),
        batches::fixed(),
        batches::random(),
        billing::rounding(),
        billing::minimum(),
        routing::rules(),
        routing::slow_starts(),
        routing::laws(),
        trace::mini(),
        limits::scaling_budget(),
        limits::burst(),
        snapshots::prebaking(),
        lambda::experiments(),
        published::right_sizing(),
        published::bills(),
    ];
    groups.push(replay::recordings(&options.shared_data));
    groups
}
