//! Recorded requests of one real AWS Lambda function, replayed: how many are cold?

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::case::{Case, Fault, Group};
use super::lab::{self, Setup};
use super::lifetimes::{Choice, Lifetimes};
use super::probe::Log;
use super::report::{Check, Row};
use super::trace::Given;
use crate::dist::Dist;
use crate::random::Streams;
use crate::sim::Found;

const RECORDINGS: [&str; 3] = ["2020-05-28", "2020-06-04", "2020-06-10"];

/// Where the recordings come from, for who has them not.
const SOURCE: &str = "FROSTLINE_SHARED_DATA names the folder above aws-lambda-measured, runs of \
     github.com/pacslab/serverless-performance-modeling as CSV (arrival_s, client_s, is_cold)";

/// Simulated lives of the platform.
const SEEDS: u32 = 400;

/// Greatest share by which replayed and measured cold starts may differ.
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

/// Cold starts of a replay, one number a seed. What the client waited is recorded start and all, so
/// a simulated start adds nothing; idle time counts from its end.
fn replay(recording: &Recording, lifetimes: &Lifetimes, seed: u64) -> Result<Vec<f64>, Fault> {
    let end_s = recording.requests.last().map_or(0.0, |last| last.0);
    let mut setup = Setup::poisson(0.0, Dist::ZERO).measured(0.0, end_s + 1e4);
    lifetimes.give(&mut setup.platform);
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

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The recordings under the shipped lifetimes, each held to the gate, with the spread over lives of
/// the platform; then the lifetimes that lost.
fn rows(folder: &Path, seed: u64) -> Result<Vec<Row>, Fault> {
    let mut recordings = Vec::new();
    for name in RECORDINGS {
        let file = folder.join(format!("{name}.csv"));
        if !file.exists() {
            let why = format!("skipped: {} is absent; {SOURCE}", file.display());
            let check = Check::skipped(why);
            return Ok(vec![Row::new("three recordings", vec![check])]);
        }
        recordings.push((name, read(&file)?));
    }
    let shipped = Choice::Shipped.lifetimes()?;
    let mut rows = Vec::new();
    let (mut measured, mut predicted) = (0.0, 0.0);
    for (name, recording) in &recordings {
        let cold = replay(recording, &shipped, seed)?;
        measured += recording.cold as f64;
        predicted += mean(&cold);
        let least = cold.iter().copied().fold(f64::INFINITY, f64::min);
        let most = cold.iter().copied().fold(0.0, f64::max);
        let checks = vec![
            Check::within("cold starts", recording.cold as f64, mean(&cold), GATE),
            Check::plain("least of 400 lives", "–", least),
            Check::plain("most of 400 lives", "–", most),
        ];
        let case = format!("{name}, {} requests", recording.requests.len());
        rows.push(Row::new(case, checks));
    }
    let all = Check::within("cold starts", measured, predicted, GATE);
    rows.push(Row::new("all three", vec![all]));
    for other in Choice::OTHERS {
        let lifetimes = other.lifetimes()?;
        let check = |(name, recording): &(&str, Recording)| {
            let cold = mean(&replay(recording, &lifetimes, seed)?);
            Ok(Check::plain(name, recording.cold as f64, cold))
        };
        let checks = recordings.iter().map(check).collect::<Result<_, Fault>>()?;
        rows.push(Row::new(lifetimes.name, checks));
    }
    Ok(rows)
}

/// The recordings in the folder of shared data.
pub(super) fn recordings(shared_data: &Path) -> Group {
    let folder: PathBuf = shared_data.join("aws-lambda-measured");
    Group {
        id: "R1",
        title: "Recorded requests of an AWS Lambda function (2020), replayed under the lifetimes of \
                aws-lambda, whose 640 s were read off these recordings among others: not a \
                prediction",
        cases: vec![Case::of_rows("three recordings", move |seed| {
            rows(&folder, seed)
        })],
    }
}
