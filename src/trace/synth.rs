//! Synthetic traces of the Azure Functions 2019 shape, where the real ones cannot be shipped.
//!
//! What is imitated of the release: popularity over eight orders of magnitude, apps of several
//! functions, the mix of triggers, timers with exact periods, a daily and a weekly swing, functions
//! that are missing on days without requests, executions with lognormal lengths, memory of a Burr
//! distribution, no memory on days 13 and 14. Each number has its source where it stands. What is
//! not: correlation between functions, bursts within an hour, deployments.
//!
//! A folder depends on its size and seed alone: each function and day has its own stream, so that
//! days are written one after the other, their rows side by side, and nothing is kept but what a
//! function is.

mod counts;
mod files;
mod hash;
mod popularity;
mod population;
mod rows;
mod trigger;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rayon::prelude::*;

use super::Packing;
use super::azure_2019::folder::{DURATIONS, MEMORY, REQUESTS};
use crate::random::{Purpose, Streams};
use counts::{DAY, Left, day_weight, of_day};
use files::TableFile;
use population::Population;

/// Functions of the release, its days and requests (counted from it, see `popularity`).
pub const RELEASE: (u32, u32, u64) = (72_359, 14, 12_495_810_846);

/// Days of the release with a table of memory.
const DAYS_WITH_MEMORY: u32 = 12;

/// Rows that are made and packed as one part.
const PART: usize = 128;

/// Parts that are made before they are written.
const PARTS: usize = 64;

/// How large a synthetic trace is, and how it is written.
#[derive(Clone, Debug)]
pub struct SynthSpec {
    /// Functions, at least one.
    pub functions: u32,
    /// Days, a set of tables each; at least one.
    pub days: u32,
    /// Minutes a day, from 1 to 1,440; less than all leaves out the rest of each day.
    pub minutes: u32,
    /// Requests in all, at least one a function. Without it the release's number for so many
    /// functions and minutes.
    pub requests: Option<u64>,
    /// Of all random numbers.
    pub seed: u64,
    /// How the files are packed.
    pub packing: Packing,
    /// Whether tables that are in the folder are replaced.
    pub force: bool,
}

impl SynthSpec {
    /// The size of the release.
    pub fn release() -> Self {
        Self {
            functions: RELEASE.0,
            days: RELEASE.1,
            minutes: DAY as u32,
            requests: None,
            seed: 1,
            packing: Packing::Plain,
            force: false,
        }
    }

    /// Requests in all.
    fn total(&self) -> u64 {
        let (functions, days, requests) = RELEASE;
        let size = u128::from(self.functions) * u128::from(self.days) * u128::from(self.minutes);
        let release = u128::from(functions) * u128::from(days) * DAY as u128;
        let least = u64::from(self.functions);
        self.requests
            .unwrap_or_else(|| ((u128::from(requests) * size / release) as u64).max(least))
    }

    /// # Errors
    /// The first thing that is wrong.
    fn check(&self) -> Result<(), SynthError> {
        let wrong = |text: &str| Err(SynthError::Size(text.to_owned()));
        if self.functions == 0 || self.days == 0 {
            return wrong("a trace has at least one function and one day");
        }
        if !(1..=DAY as u32).contains(&self.minutes) {
            return wrong("a day has from 1 to 1,440 minutes");
        }
        // A reader counts the minutes of all days in 32 bits.
        if self.days.checked_mul(DAY as u32).is_none() {
            return wrong("a trace has at most 2,982,616 days");
        }
        // One function may have nearly all requests, and a minute several times the average.
        let minutes = u64::from(self.days) * u64::from(self.minutes);
        if self.total() / minutes > 1 << 26 {
            return wrong("a trace has at most 67,108,864 requests a minute on average");
        }
        Ok(())
    }
}

/// What was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Summary {
    /// Functions.
    pub functions: u32,
    /// Apps they belong to.
    pub apps: u32,
    /// Requests in all.
    pub requests: u64,
    /// Bytes of all files.
    pub bytes: u64,
}

/// Why a trace was not written.
#[derive(Debug)]
pub enum SynthError {
    /// Its size is not possible.
    Size(String),
    /// The folder holds something already.
    NotEmpty(PathBuf),
    /// A file or folder cannot be written.
    Io(PathBuf, io::Error),
    /// It was stopped; the days that are whole are kept.
    Stopped,
}

impl SynthError {
    fn io(path: &Path, error: io::Error) -> Self {
        Self::Io(path.to_owned(), error)
    }
}

impl fmt::Display for SynthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size(text) => f.write_str(text),
            Self::NotEmpty(dir) => write!(
                f,
                "{}: is not empty: give another folder, or `--force` to replace the tables in it",
                dir.display()
            ),
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Stopped => f.write_str("stopped"),
        }
    }
}

impl std::error::Error for SynthError {}

/// How far the writing is, for another thread to look at, and whether it is to stop.
#[derive(Debug, Default)]
pub struct SynthControl {
    /// Functions times days that are made.
    pub done: AtomicU64,
    /// Stops at the next part.
    pub stop: AtomicBool,
}

/// Writes a folder of the published schema from a seed: the same bytes for the same size and seed,
/// on any number of threads. Memory is that of the functions.
///
/// # Errors
/// The size is not possible, the folder is not empty or cannot be written to, or it was stopped.
pub fn synth_azure_2019(
    dir: &Path,
    spec: &SynthSpec,
    control: &SynthControl,
) -> Result<Summary, SynthError> {
    spec.check()?;
    let streams = Streams::new(spec.seed, 0);
    let mut stream = streams.stream(u32::MAX, Purpose::Arrivals, 0);
    let population = Population::draw(spec, &mut stream)?;
    files::prepare(dir, spec.force)?;
    let left = population.functions.iter().map(|function| Left {
        requests: function.requests,
        weight: (0..spec.days)
            .map(|day| day_weight(function.trigger, day))
            .sum(),
    });
    let mut writing = Writing {
        dir,
        spec,
        control,
        streams,
        left: left.collect(),
        population: &population,
        requests: 0,
        bytes: 0,
    };
    for day in 0..spec.days {
        writing.day(day)?;
    }
    Ok(Summary {
        functions: spec.functions,
        apps: population.apps.len() as u32,
        requests: writing.requests,
        bytes: writing.bytes,
    })
}

struct Writing<'a> {
    dir: &'a Path,
    spec: &'a SynthSpec,
    control: &'a SynthControl,
    streams: Streams,
    population: &'a Population,
    /// By function.
    left: Vec<Left>,
    requests: u64,
    bytes: u64,
}

/// Some rows of a day, packed.
struct Part {
    requests: Vec<u8>,
    durations: Vec<u8>,
    /// By function.
    counts: Vec<u64>,
}

impl Writing<'_> {
    /// Writes the tables of a day.
    fn day(&mut self, day: u32) -> Result<(), SynthError> {
        let mut requests = self.create(REQUESTS, day)?;
        let mut durations = self.create(DURATIONS, day)?;
        self.head(
            &mut requests,
            rows::requests_header(self.spec.minutes as usize),
        )?;
        self.head(&mut durations, rows::DURATIONS_HEADER.to_vec())?;
        let mut counts = Vec::with_capacity(self.left.len());
        let mut left = std::mem::take(&mut self.left);
        for (number, batch) in left.chunks_mut(PART * PARTS).enumerate() {
            let parts = batch.par_chunks_mut(PART).enumerate().map(|(part, left)| {
                let first = number * PART * PARTS + part * PART;
                self.part(day, first, left)
            });
            for part in parts.collect::<Result<Vec<Part>, SynthError>>()? {
                requests.add(&part.requests)?;
                durations.add(&part.durations)?;
                counts.extend(part.counts);
            }
        }
        self.left = left;
        self.requests += counts.iter().sum::<u64>();
        self.bytes += requests.finish()? + durations.finish()?;
        if day % RELEASE.1 < DAYS_WITH_MEMORY {
            self.memory(day, &counts)?;
        }
        Ok(())
    }

    /// Rows of functions from `first` on.
    fn part(&self, day: u32, first: usize, left: &mut [Left]) -> Result<Part, SynthError> {
        if self.control.stop.load(Ordering::Relaxed) {
            return Err(SynthError::Stopped);
        }
        let mut minutes = vec![0; self.spec.minutes as usize];
        let (mut requests, mut durations) = (Vec::new(), Vec::new());
        let mut counts = Vec::with_capacity(left.len());
        for (place, left) in (first..).zip(left) {
            let function = &self.population.functions[place];
            let app = &self.population.apps[function.app as usize];
            let id = place as u32;
            let mut stream = self.streams.stream(id, Purpose::Arrivals, day);
            let count = of_day(function, day, left, &mut stream, &mut minutes);
            if count > 0 {
                rows::requests(app, function, &minutes, &mut requests);
                let mut stream = self.streams.stream(id, Purpose::Service, day);
                rows::durations(app, function, count, &mut stream, &mut durations);
            }
            counts.push(count);
        }
        self.control
            .done
            .fetch_add(counts.len() as u64, Ordering::Relaxed);
        Ok(Part {
            requests: self.pack(requests)?,
            durations: self.pack(durations)?,
            counts,
        })
    }

    /// The table of memory of apps with requests on a day.
    fn memory(&mut self, day: u32, counts: &[u64]) -> Result<(), SynthError> {
        let mut file = self.create(MEMORY, day)?;
        self.head(&mut file, rows::MEMORY_HEADER.to_vec())?;
        let apps = &self.population.apps;
        let parts = apps.par_chunks(PART).enumerate().map(|(part, some)| {
            let mut text = Vec::new();
            for (app, place) in some.iter().zip(part * PART..) {
                let first = app.first as usize;
                let end = apps.get(place + 1).map(|next| next.first as usize);
                let counts = &counts[first..end.unwrap_or(counts.len())];
                if counts.iter().any(|count| *count > 0) {
                    let mut stream = self.streams.stream(place as u32, Purpose::Life, day);
                    rows::memory(app, &mut stream, &mut text);
                }
            }
            self.pack(text)
        });
        for part in parts.collect::<Result<Vec<Vec<u8>>, SynthError>>()? {
            file.add(&part)?;
        }
        self.bytes += file.finish()?;
        Ok(())
    }

    fn create(&self, table: &str, day: u32) -> Result<TableFile, SynthError> {
        TableFile::create(self.dir, table, day, self.spec.packing)
    }

    fn head(&self, file: &mut TableFile, header: Vec<u8>) -> Result<(), SynthError> {
        file.add(&self.pack(header)?)
    }

    fn pack(&self, text: Vec<u8>) -> Result<Vec<u8>, SynthError> {
        let packed = self.spec.packing.pack(text);
        packed.map_err(|error| SynthError::io(self.dir, error))
    }
}
