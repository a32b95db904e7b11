//! The Azure Functions 2019 release (Shahrad et al., "Serverless in the Wild", ATC'20): three
//! tables a day, of requests by the minute, durations and memory; and excerpts of it.
//!
//! | table | published as | in an excerpt | a row is |
//! |---|---|---|---|
//! | requests | `invocations_per_function_md.anon.dNN.csv` | `invocations.csv` | a function |
//! | durations | `function_durations_percentiles.anon.dNN.csv` | `durations.csv` | a function |
//! | memory | `app_memory_percentiles.anon.dNN.csv` | `memory.csv` | an app (or a function) |
//!
//! Each may be packed (`.gz`, `.zst`). Days are put one after the other; a function need not have
//! a row on each, and a day need not have a row at all. A function's durations and memory are those
//! of the first day that has them.

mod durations;
pub(super) mod folder;
mod keys;
mod memory;
mod requests;
mod scan;

use std::path::Path;

use rayon::prelude::*;

use super::TraceFunction;
use super::fault::{Faults, TraceFault, Warnings};
use super::lines::Lines;
use super::minutes::{MinuteCounts, Spread};
use super::names::{NameIndex, prefix, unique};
use crate::dist::Dist;
use crate::units::Memory;
use folder::Tables;
use requests::RequestTable;

/// What opening a folder found.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) functions: Vec<TraceFunction>,
    pub(super) counts: MinuteCounts,
}

/// Reads a folder once, days side by side; what is found does not depend on how many at a time.
pub(super) fn open(
    dir: &Path,
    spread: Spread,
    faults: &mut Faults,
    warnings: &mut Warnings,
) -> Option<Opened> {
    let tables = Tables::find(dir, faults, warnings);
    if tables.requests.is_empty() {
        return None;
    }
    let mut reading = Reading {
        keys: NameIndex::default(),
        functions: Vec::new(),
        counts: MinuteCounts::new(spread),
        days: tables.requests.len(),
        faults,
        warnings,
    };
    let files = tables.requests.par_iter();
    let days: Vec<RequestTable> = files.map(|file| RequestTable::read(file)).collect();
    // Where no day has a request, the first one tells.
    if days.iter().all(|day| day.is_empty) {
        reading.faults.add(headless(&tables.requests[0]));
    }
    for (file, day) in tables.requests.iter().zip(days) {
        reading.add_day(file, day);
    }
    for file in &tables.durations {
        reading.table(file, Reading::durations);
    }
    for file in &tables.memory {
        reading.table(file, Reading::memory);
    }
    Some(reading.finish(dir))
}

/// That a file ends after its header.
fn headless(file: &Path) -> TraceFault {
    TraceFault::of_file(file, "has a header but no rows".to_owned())
}

/// A function so far.
#[derive(Debug, Default)]
struct Entry {
    requests: u64,
    memory: Option<Memory>,
    service: Option<Dist>,
    has_durations: bool,
}

struct Reading<'a> {
    /// `owner,app,function`.
    keys: NameIndex,
    functions: Vec<Entry>,
    counts: MinuteCounts,
    /// Tables of requests that there are.
    days: usize,
    faults: &'a mut Faults,
    warnings: &'a mut Warnings,
}

impl Reading<'_> {
    /// Puts a day's requests behind those there are.
    fn add_day(&mut self, file: &Path, mut day: RequestTable) {
        self.faults.append(std::mem::take(&mut day.faults));
        let packed = std::mem::take(&mut day.packed);
        if !self.counts.add_file(packed, day.minutes) {
            let message = "the trace has too many minutes".to_owned();
            self.faults.add(TraceFault::of_file(file, message));
            return;
        }
        for (key, row) in day.keyed_rows() {
            let function = self.keys.insert(key);
            if function == self.functions.len() {
                self.functions.push(Entry::default());
            }
            let sum = &mut self.functions[function].requests;
            *sum = sum.saturating_add(row.requests);
            if self.counts.assign(function, row.packed) {
                self.warnings.add(TraceFault {
                    file: file.to_owned(),
                    row: Some(row.line),
                    message: "a function has several rows: their counts are added up".to_owned(),
                });
            }
        }
    }

    /// Whether a table may end after its header: of one day of several.
    fn ends(&self, any: bool, lines: &Lines) -> Result<(), TraceFault> {
        if any || self.days > 1 {
            Ok(())
        } else {
            Err(headless(lines.path()))
        }
    }

    fn table(
        &mut self,
        file: &Path,
        read: impl FnOnce(&mut Self, &mut Lines) -> Result<(), TraceFault>,
    ) {
        let before = std::mem::take(self.faults);
        let result = Lines::open(file).and_then(|mut lines| {
            let result = read(self, &mut lines);
            if let Some(damage) = lines.damage() {
                self.faults.replace(damage);
                return Ok(());
            }
            result
        });
        if let Err(fault) = result {
            self.faults.add(fault);
        }
        let found = std::mem::replace(self.faults, before);
        self.faults.append(found);
    }

    /// Goes on to the next row that can be read as text; false after the last.
    fn next_row(&mut self, lines: &mut Lines) -> bool {
        loop {
            match lines.next() {
                Ok(false) => return false,
                Ok(true) => match lines.check_utf8() {
                    Ok(()) => return true,
                    Err(fault) => self.faults.add(fault),
                },
                Err(fault) => self.faults.add(fault),
            }
        }
    }

    fn warn(&mut self, lines: &Lines, message: &str) {
        self.warnings.add(lines.fault(message.to_owned()));
    }

    fn finish(self, dir: &Path) -> Opened {
        let Self { keys, warnings, .. } = self;
        let part = |place: usize, number: usize| {
            keys.name(place)
                .split(|byte| *byte == b',')
                .nth(number)
                .unwrap_or_default()
        };
        let whole = usize::MAX;
        let names = unique(keys.len(), 3, |place, level| match level {
            0 => prefix(part(place, 2), whole),
            1 => format!(
                "{}/{}",
                prefix(part(place, 1), 8),
                prefix(part(place, 2), whole)
            ),
            _ => String::from_utf8_lossy(keys.name(place)).replace(',', "/"),
        });
        let without = self
            .functions
            .iter()
            .filter(|entry| !entry.has_durations)
            .count();
        if without > 0 {
            let message = match without {
                1 => "1 function with requests has no row of durations: its service is that of \
                      [defaults] or its model"
                    .to_owned(),
                _ => format!(
                    "{without} functions with requests have no row of durations: their service is \
                     that of [defaults] or its model"
                ),
            };
            warnings.add(TraceFault::of_file(dir, message));
        }
        let functions = names
            .into_iter()
            .zip(self.functions)
            .map(|(name, entry)| TraceFunction {
                name,
                memory: entry.memory,
                service: entry.service,
                requests: entry.requests,
            })
            .collect();
        Opened {
            functions,
            counts: self.counts,
        }
    }
}
