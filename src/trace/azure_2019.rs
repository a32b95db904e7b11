//! The Azure Functions 2019 release (Shahrad et al., "Serverless in the Wild", ATC'20): three
//! tables a day, of requests by the minute, durations and memory; and excerpts of it.
//!
//! | table | published as | in an excerpt | a row is |
//! |---|---|---|---|
//! | requests | `invocations_per_function_md.anon.dNN.csv` | `invocations.csv` | a function |
//! | durations | `function_durations_percentiles.anon.dNN.csv` | `durations.csv` | a function |
//! | memory | `app_memory_percentiles.anon.dNN.csv` | `memory.csv` | an app (or a function) |
//!
//! Days are put one after the other. A function's durations and memory are those of the first day
//! that has them.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::TraceFunction;
use super::fault::{Faults, TraceFault, Warnings};
use super::minutes::{MinuteCounts, Spread};
use super::names::{NameIndex, prefix, unique};
use super::text::{Header, Lines, explain, parse_fixed, split};
use crate::dist::Dist;
use crate::units::{Memory, Span};

/// What opening a folder found.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) functions: Vec<TraceFunction>,
    pub(super) counts: MinuteCounts,
}

/// Reads a folder once.
pub(super) fn open(
    dir: &Path,
    spread: Spread,
    faults: &mut Faults,
    warnings: &mut Warnings,
) -> Option<Opened> {
    let names = match list(dir) {
        Ok(names) => names,
        Err(fault) => {
            faults.add(fault);
            return None;
        }
    };
    let tables = |published: &str, excerpt: &str| tables(dir, &names, published, excerpt);
    let invocations = tables("invocations_per_function_md.anon.d", "invocations.csv");
    if invocations.is_empty() {
        let message = "holds neither `invocations_per_function_md.anon.d01.csv` \
                       nor `invocations.csv`";
        faults.add(TraceFault::of_file(dir, message.to_owned()));
        return None;
    }
    let mut reading = Reading {
        keys: NameIndex::default(),
        functions: Vec::new(),
        counts: MinuteCounts::new(spread),
        faults,
        warnings,
    };
    for file in invocations {
        reading.table(&file, Reading::invocations);
    }
    for file in tables("function_durations_percentiles.anon.d", "durations.csv") {
        reading.table(&file, Reading::durations);
    }
    for file in tables("app_memory_percentiles.anon.d", "memory.csv") {
        reading.table(&file, Reading::memory);
    }
    Some(reading.finish(dir))
}

/// The names in a folder, in order.
fn list(dir: &Path) -> Result<Vec<String>, TraceFault> {
    let fault = |error: &std::io::Error| {
        let message = match error.kind() {
            std::io::ErrorKind::NotFound => "no such folder".to_owned(),
            std::io::ErrorKind::NotADirectory => {
                "is not a folder: give the one that holds the tables".to_owned()
            }
            _ => explain(error),
        };
        TraceFault::of_file(dir, message)
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(|error| fault(&error))? {
        let entry = entry.map_err(|error| fault(&error))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn tables(dir: &Path, names: &[String], published: &str, excerpt: &str) -> Vec<PathBuf> {
    let days: Vec<PathBuf> = names
        .iter()
        .filter(|name| {
            name.starts_with(published) && Path::new(name).extension() == Some("csv".as_ref())
        })
        .map(|name| dir.join(name))
        .collect();
    if days.is_empty() && names.iter().any(|name| name == excerpt) {
        return vec![dir.join(excerpt)];
    }
    days
}

/// A function so far.
#[derive(Debug, Default)]
struct Entry {
    requests: u64,
    memory: Option<Memory>,
    service: Option<Dist>,
    /// The file (from 1) that the row of durations came from.
    has_durations: bool,
}

struct Reading<'a> {
    /// `owner,app,function`.
    keys: NameIndex,
    functions: Vec<Entry>,
    counts: MinuteCounts,
    faults: &'a mut Faults,
    warnings: &'a mut Warnings,
}

/// Where the hashes are in a row.
struct KeyColumns(Vec<usize>);

impl KeyColumns {
    fn find(header: &Header, names: &[&str]) -> Result<Self, TraceFault> {
        let columns = names.iter().map(|name| header.need(name));
        Ok(Self(columns.collect::<Result<_, _>>()?))
    }

    fn read(&self, line: &[u8], fields: &[Range<usize>], key: &mut Vec<u8>) {
        key.clear();
        for column in &self.0 {
            if !key.is_empty() {
                key.push(b',');
            }
            key.extend_from_slice(&line[fields[*column].clone()]);
        }
    }
}

const FUNCTION_KEY: [&str; 3] = ["HashOwner", "HashApp", "HashFunction"];
const APP_KEY: [&str; 2] = ["HashOwner", "HashApp"];

impl Reading<'_> {
    fn table(
        &mut self,
        file: &Path,
        read: impl FnOnce(&mut Self, &mut Lines) -> Result<(), TraceFault>,
    ) {
        let result = Lines::open(file).and_then(|mut lines| read(self, &mut lines));
        if let Err(fault) = result {
            self.faults.add(fault);
        }
    }

    fn invocations(&mut self, lines: &mut Lines) -> Result<(), TraceFault> {
        let header = lines.header()?;
        let columns = KeyColumns::find(&header, &FUNCTION_KEY)?;
        let (leading, minutes) = minute_columns(&header, lines)?;
        if let Some(column) = columns.0.iter().find(|column| **column >= leading) {
            let name = &header.names[*column];
            return Err(lines.fault(format!("column `{name}` stands after the minutes")));
        }
        let first = self.counts.minutes();
        let Some(end) = first.checked_add(minutes) else {
            return Err(lines.fault("the trace has too many minutes".to_owned()));
        };
        self.counts.extend_to(end);
        let mut fields = Vec::new();
        let mut key = Vec::new();
        let mut any = false;
        while self.next_row(lines) {
            any = true;
            let line = lines.line();
            let Some(tail) = nth_comma(line, leading) else {
                let have = line.split(|byte| *byte == b',').count();
                self.faults
                    .add(cut(lines, have, leading + minutes as usize));
                continue;
            };
            split(&line[..tail], &mut fields);
            if fields.len() != leading {
                self.faults
                    .add(cut(lines, fields.len(), leading + minutes as usize));
                continue;
            }
            columns.read(line, &fields, &mut key);
            let mark = self.counts.mark();
            match pack_counts(&line[tail + 1..], minutes, &mut self.counts) {
                Ok(requests) => {
                    let function = self.keys.insert(&key);
                    if function == self.functions.len() {
                        self.functions.push(Entry::default());
                    }
                    let sum = &mut self.functions[function].requests;
                    *sum = sum.saturating_add(requests);
                    if self.counts.assign(function, first, mark) {
                        let message = "a function has several rows: their counts are added up";
                        self.warnings.add(lines.fault(message.to_owned()));
                    }
                }
                Err(wrong) => {
                    self.counts.roll_back(mark);
                    self.faults.add(wrong.explain(lines, leading, minutes));
                }
            }
        }
        if any { Ok(()) } else { Err(headless(lines)) }
    }

    fn durations(&mut self, lines: &mut Lines) -> Result<(), TraceFault> {
        const PERCENTS: [f64; 7] = [0.0, 1.0, 25.0, 50.0, 75.0, 99.0, 100.0];
        let header = lines.header()?;
        let key_columns = KeyColumns::find(&header, &FUNCTION_KEY)?;
        let average = header.need("Average")?;
        let mut percentiles = Vec::new();
        for percent in PERCENTS {
            percentiles.push(header.need(&format!("percentile_Average_{percent}"))?);
        }
        let width = header.names.len();
        let (mut fields, mut key) = (Vec::new(), Vec::new());
        // Functions with a row in this very file, to tell a second row from another day's.
        let mut here = vec![false; self.functions.len()];
        let mut any = false;
        while self.next_row(lines) {
            any = true;
            split(lines.line(), &mut fields);
            if fields.len() != width {
                self.faults.add(cut(lines, fields.len(), width));
                continue;
            }
            key_columns.read(lines.line(), &fields, &mut key);
            let Some(function) = self.keys.get(&key) else {
                self.warn(
                    lines,
                    "a function with durations has no row of requests: left out",
                );
                continue;
            };
            if std::mem::replace(&mut here[function], true) {
                self.warn(
                    lines,
                    "a function has several rows of durations: the first counts",
                );
                continue;
            }
            if self.functions[function].has_durations {
                continue;
            }
            let mut values = [Span::ZERO; 7];
            let mut complete = true;
            for (value, column) in values.iter_mut().zip(&percentiles) {
                match self.milliseconds(lines, &fields, *column, &header) {
                    Some(span) => *value = span,
                    None => complete = false,
                }
            }
            let average = self.milliseconds(lines, &fields, average, &header);
            if let (true, Some(average)) = (complete, average) {
                let service = self.service(lines, average, &PERCENTS, values);
                let entry = &mut self.functions[function];
                entry.service = service;
                entry.has_durations = true;
            }
        }
        if any { Ok(()) } else { Err(headless(lines)) }
    }

    /// The distribution that a row of durations describes.
    fn service(
        &mut self,
        lines: &Lines,
        average: Span,
        percents: &[f64],
        mut values: [Span; 7],
    ) -> Option<Dist> {
        if !values.is_sorted() {
            self.warn(
                lines,
                "percentiles of a duration fall: each is raised to the one before",
            );
            for place in 1..values.len() {
                values[place] = values[place].max(values[place - 1]);
            }
        }
        let (least, most) = (values[0], values[values.len() - 1]);
        if most.is_zero() {
            let message = if average.is_zero() {
                "a function has durations of 0 only: it takes no time"
            } else {
                "a function has percentiles of 0 only: its average is taken"
            };
            self.warn(lines, message);
            return Some(Dist::constant(average));
        }
        if least == most {
            return Some(Dist::constant(most));
        }
        let points: Vec<(f64, Span)> = percents.iter().copied().zip(values).collect();
        match Dist::percentiles(&points) {
            Ok(dist) => Some(dist),
            Err(error) => {
                self.faults.add(lines.fault(error.to_string()));
                None
            }
        }
    }

    fn memory(&mut self, lines: &mut Lines) -> Result<(), TraceFault> {
        let header = lines.header()?;
        let by_function = header.find("HashFunction").is_some();
        let names: &[&str] = if by_function { &FUNCTION_KEY } else { &APP_KEY };
        let key_columns = KeyColumns::find(&header, names)?;
        let average = header.need("AverageAllocatedMb")?;
        let width = header.names.len();
        let (mut fields, mut key) = (Vec::new(), Vec::new());
        let mut seen = NameIndex::default();
        let mut memories: Vec<Memory> = Vec::new();
        let mut any = false;
        while self.next_row(lines) {
            any = true;
            split(lines.line(), &mut fields);
            if fields.len() != width {
                self.faults.add(cut(lines, fields.len(), width));
                continue;
            }
            key_columns.read(lines.line(), &fields, &mut key);
            let field = &lines.line()[fields[average].clone()];
            let millionths = match parse_fixed(field, 6) {
                Ok(millionths) => millionths,
                Err(wrong) => {
                    self.faults
                        .add(lines.fault(wrong.explain(field, "AverageAllocatedMb")));
                    continue;
                }
            };
            if millionths <= 0 {
                self.warn(lines, "a memory of 0 MB or less: taken as not known");
            }
            if seen.insert(&key) == memories.len() {
                memories.push(Memory::from_mb(millionths as f64 / 1e6));
            } else {
                self.warn(lines, "an app has several rows of memory: the first counts");
            }
        }
        for (place, entry) in self.functions.iter_mut().enumerate() {
            let key = self.keys.name(place);
            let key = if by_function { key } else { app_of(key) };
            let found = seen.get(key).map(|place| memories[place]);
            entry.memory = entry.memory.or(found.filter(|memory| memory.bytes() > 0));
        }
        if any { Ok(()) } else { Err(headless(lines)) }
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

    /// A duration of the release; `None` where it is none, which is noted as a fault.
    fn milliseconds(
        &mut self,
        lines: &Lines,
        fields: &[Range<usize>],
        column: usize,
        header: &Header,
    ) -> Option<Span> {
        let field = &lines.line()[fields[column].clone()];
        match parse_fixed(field, 6) {
            Ok(nanos) if nanos < 0 => {
                self.warn(lines, "a duration is negative: taken as 0");
                Some(Span::ZERO)
            }
            Ok(nanos) => Some(Span::from_nanos(nanos as u64)),
            Err(wrong) => {
                self.faults
                    .add(lines.fault(wrong.explain(field, &header.names[column])));
                None
            }
        }
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
            let message = format!(
                "{without} functions with requests have no row of durations: their service is that \
                 of [defaults] or its model"
            );
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

/// `owner,app` of `owner,app,function`.
fn app_of(key: &[u8]) -> &[u8] {
    let comma = key.iter().rposition(|byte| *byte == b',');
    &key[..comma.unwrap_or(key.len())]
}

fn cut(lines: &Lines, have: usize, want: usize) -> TraceFault {
    lines.fault(format!(
        "has {have} of {want} columns: the row is cut or damaged"
    ))
}

fn headless(lines: &Lines) -> TraceFault {
    TraceFault::of_file(lines.path(), "has a header but no rows".to_owned())
}

/// How many columns come before the minutes, and how many minutes there are.
fn minute_columns(header: &Header, lines: &Lines) -> Result<(usize, u32), TraceFault> {
    let minute = |name: &String| name.parse::<u32>().ok();
    let Some(leading) = header.names.iter().position(|name| minute(name).is_some()) else {
        return Err(lines.fault("has no columns of minutes: `1`, `2`, …".to_owned()));
    };
    for pair in header.names[leading..].windows(2) {
        if minute(&pair[0]).and_then(|minute| minute.checked_add(1)) != minute(&pair[1]) {
            let message = format!("column `{}` does not follow minute `{}`", pair[1], pair[0]);
            return Err(lines.fault(message));
        }
    }
    Ok((leading, (header.names.len() - leading) as u32))
}

/// Where the `n`-th comma outside quotes is, from 1.
fn nth_comma(line: &[u8], n: usize) -> Option<usize> {
    let mut quoted = false;
    let mut commas = line.iter().enumerate().filter(|(_, byte)| {
        quoted ^= **byte == b'"';
        **byte == b',' && !quoted
    });
    commas.nth(n.checked_sub(1)?).map(|(at, _)| at)
}

/// What is wrong with a row of counts.
enum CountFault {
    /// Columns there are.
    Columns(u32),
    /// The minute (from 0) and its field.
    NotACount(u32, Vec<u8>),
}

impl CountFault {
    fn explain(self, lines: &Lines, leading: usize, minutes: u32) -> TraceFault {
        match self {
            Self::Columns(have) => cut(lines, leading + have as usize, leading + minutes as usize),
            Self::NotACount(minute, field) => {
                let text = String::from_utf8_lossy(&field);
                let shown: String = text.chars().take(40).collect();
                lines.fault(format!(
                    "`{shown}` in column {} is no number of requests a minute",
                    leading + minute as usize + 1
                ))
            }
        }
    }
}

/// Packs a row's counts and adds them up. A release has 10⁹ fields, nearly all of them `0`, so this
/// is one pass over the bytes.
fn pack_counts(tail: &[u8], minutes: u32, counts: &mut MinuteCounts) -> Result<u64, CountFault> {
    let (mut minute, mut last, mut sum) = (0_u32, 0_u32, 0_u64);
    let (mut value, mut start) = (0_u64, 0_usize);
    for at in 0..=tail.len() {
        let byte = tail.get(at).copied().unwrap_or(b',');
        match byte {
            b'0'..=b'9' => value = (value * 10 + u64::from(byte - b'0')).min(1 << 40),
            b',' => {
                if at == start || value > u64::from(u32::MAX) {
                    return Err(CountFault::NotACount(minute, tail[start..at].to_vec()));
                }
                if value > 0 {
                    counts.add(minute - last, value as u32);
                    sum += value;
                    last = minute;
                    value = 0;
                }
                minute += 1;
                start = at + 1;
            }
            _ => {
                let end = tail[start..].iter().position(|byte| *byte == b',');
                let field = end.map_or(&tail[start..], |end| &tail[start..start + end]);
                return Err(CountFault::NotACount(minute, field.to_vec()));
            }
        }
    }
    if minute == minutes {
        Ok(sum)
    } else {
        Err(CountFault::Columns(minute))
    }
}
