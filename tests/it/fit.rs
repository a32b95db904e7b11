//! Fitting logs: what is known of a model is found again in logs that it wrote.

#![expect(
    clippy::float_cmp,
    clippy::format_collect,
    reason = "what is counted is exact, and the texts of tests need not be fast"
)]

mod guesses;
mod measured;
mod program;
mod recovery;
mod speed;
mod strange;
mod writer;

use std::path::{Path, PathBuf};

use frostline::fit::{Fit, FitError, FitSpec, read};
use frostline::logs::log_files;
use frostline::sim::Control;

/// A fit of files with everything else left out.
pub(crate) fn spec(logs: &[PathBuf]) -> FitSpec {
    FitSpec {
        logs: log_files(logs).unwrap(),
        name: None,
        function: None,
        region: None,
        runtime: None,
        timeout: None,
        split: 0.5,
        replications: 20,
        seed: 1,
        jobs: None,
    }
}

/// Reads and fits.
pub(crate) fn fit(spec: FitSpec, dir: &Path) -> Result<Fit, FitError> {
    let control = Control::default();
    read(spec, &control, &|_| ())?.fit(dir, &control)
}
