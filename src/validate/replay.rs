//! Recorded requests of one real AWS Lambda function, replayed: how many are cold?

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::case::{Case, Fault, Group};
use super::estimate::Estimate;
use super::lab::{self, Setup};
use super::lambda::lifetimes_of_2020;
use super::probe::Log;
use super::report::{Check, Row};
use super::trace::Given;
use crate::dist::Dist;
use crate::random::Streams;
use crate::sim::Found;
use crate::stats::moments::Moments;

const RECORDINGS: [&str; 3] = ["2020-05-28", "2020-06-04", "2020-06-10"];

/// Simulated lives of the platform.
const SEEDS: u32 = 400;

/// Greatest share by which predicted and measured cold starts of all recordings may differ.
const GATE: f64 = 0.15;

/// A recorded request.
#[derive(Deserialize)]
struct Recorded {
    arrival_s: f64,
    /// Response time as the client saw it, in seconds.
    client_s: f64,
    is_cold: u8,
}

/// One recording: arrivals with service times, and the requests that were cold.
struct Recording {
    requests: Vec<(f64, f64)>,
    cold: u64,
}

fn read(file: &Path) -> Result<Recording, Fault> {
    let fault = |error| Fault(format!("{}: {error}", file.display()));
    let mut recording = Recording {
        requests: Vec::new(),
        cold: 0,
    };
    for row in csv::Reader::from_path(file).map_err(fault)?.deserialize() {
        let row: Recorded = row.map_err(fault)?;
        recording.requests.push((row.arrival_s, row.client_s));
        // It begins with a warm request, where a simulation begins with a cold one: the first
        // request is left out on both sides.
        let counted = recording.requests.len() > 1;
        recording.cold += u64::from(row.is_cold) * u64::from(counted);
    }
    Ok(recording)
}

/// Cold starts of a replay under the lifetimes of 2020, over many seeds. What the client waited is
/// recorded start and all, so a simulated start adds nothing; idle time counts from its end.
fn replay(recording: &Recording, seed: u64) -> Result<Vec<f64>, Fault> {
    let end_s = recording.requests.last().map_or(0.0, |last| last.0);
    let mut setup = Setup::poisson(0.0, Dist::ZERO).measured(0.0, end_s + 1e4);
    lifetimes_of_2020(&mut setup);
    let plan = setup.plan();
    let cold = (0..SEEDS).map(|number| {
        let mut log = Log::default();
        let streams = Streams::new(seed, number);
        let mut given = Given::new(&recording.requests);
        lab::observe_given(&plan, &streams, &mut given, &mut log)?;
        let cold = |end: &&crate::sim::RequestEnd| end.number > 0 && end.found != Found::Warm;
        Ok(log.ends.iter().filter(cold).count() as f64)
    });
    cold.collect()
}

fn rows(folder: &Path, seed: u64) -> Result<Vec<Row>, Fault> {
    let mut rows = Vec::new();
    let (mut measured, mut predicted) = (0.0, 0.0);
    for name in RECORDINGS {
        let file = folder.join(format!("{name}.csv"));
        if !file.exists() {
            let why = format!("skipped: {} is absent", file.display());
            return Ok(vec![Row::new(
                "three recordings",
                vec![Check::skipped(why)],
            )]);
        }
        let recording = read(&file)?;
        let cold = replay(&recording, seed)?;
        let estimate = Estimate::mean(&cold);
        let spread: Moments = cold.into_iter().collect();
        measured += recording.cold as f64;
        predicted += estimate.value;
        let checks = vec![
            Check::info("cold starts", recording.cold as f64, estimate),
            Check::plain(
                "their deviation",
                "–",
                spread.standard_deviation().unwrap_or(0.0),
            ),
        ];
        rows.push(Row::new(
            format!("{name}, {} requests", recording.requests.len()),
            checks,
        ));
    }
    let all = Check::within("cold starts", measured, predicted, GATE);
    rows.push(Row::new("all three", vec![all]));
    Ok(rows)
}

/// The recordings in the folder of shared data.
pub(super) fn recordings(shared_data: &Path) -> Group {
    let folder: PathBuf = shared_data.join("aws-lambda-measured");
    Group {
        id: "R1",
        title: "Recorded requests of an AWS Lambda function (2020), replayed with D2's lifetimes",
        cases: vec![Case::of_rows("three recordings", move |seed| {
            rows(&folder, seed)
        })],
    }
}
