//! Results → bytes: a table for the terminal, JSON, CSV, Markdown and pictures.
//!
//! Each format is a file and a pure function of [`Results`]; nothing here opens a file, asks
//! whether there is a terminal, or sees the simulator. A value that does not exist is a gap in
//! every format (`–`, `null`, an empty cell, a missing bar) and never a NaN.

pub mod csv;
pub mod curve_csv;
pub mod deploy;
pub mod diff;
mod frontier;
mod goals;
mod grid;
pub mod json;
pub mod junit;
pub mod markdown;
mod number;
pub mod plan;
mod reading;
pub mod replications_csv;
pub mod svg;
pub mod table;
mod text;

use crate::experiment::Results;

pub use reading::reading;

/// The name of every file that [`files`] may give.
pub const NAMES: &[&str] = &[
    "summary.json",
    "summary.csv",
    "replications.csv",
    "junit.xml",
    "frontier.svg",
    "latency.svg",
    "cold-starts.svg",
    "timeline.svg",
    "keep-alive-curve.csv",
    "keep-alive-curve.svg",
    "claimed-concurrency.svg",
];

/// Every file of an experiment: its name and its bytes, in a fixed order; those of assertions and
/// objectives, of the keep-alive curve and of claimed concurrency where a scenario has them. The
/// caller writes them.
///
/// # Errors
/// If a format cannot be written, which is a fault of this program.
pub fn files(results: &Results) -> Result<Vec<(&'static str, Vec<u8>)>, std::io::Error> {
    let mut files = vec![
        ("summary.json", json::render(results)?.into_bytes()),
        ("summary.csv", csv::render(results)?.into_bytes()),
        (
            "replications.csv",
            replications_csv::render(results)?.into_bytes(),
        ),
        ("frontier.svg", svg::frontier(results).into_bytes()),
        ("latency.svg", svg::latency(results).into_bytes()),
        ("cold-starts.svg", svg::cold_starts(results).into_bytes()),
        ("timeline.svg", svg::timeline(results).into_bytes()),
    ];
    if !results.assertions.is_empty() || !results.slo.is_empty() {
        files.push(("junit.xml", junit::render(results)?.into_bytes()));
    }
    if let Some(curve) = curve_csv::render(results)? {
        let picture = svg::keep_alive_curve(results);
        files.push(("keep-alive-curve.csv", curve.into_bytes()));
        files.push(("keep-alive-curve.svg", picture.into_bytes()));
    }
    if let Some(picture) = svg::claimed_concurrency(results) {
        files.push(("claimed-concurrency.svg", picture.into_bytes()));
    }
    Ok(files)
}
