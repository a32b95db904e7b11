//! Traces with one row a request: the Azure Functions 2021 release, and CSV files of one's own.
//!
//! Opening reads the file once for its functions and its faults; a run reads it again, row by row.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::lines::Lines;
use super::names::{NameIndex, prefix, unique};
use super::text::{NumberFault, parse_fixed, split};
use super::{Faults, TraceFault, TraceFunction, TraceWarning};
use crate::units::{Memory, Span, Time};

/// What the rows look like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    /// `app,func,end_timestamp,duration`, both in seconds, by start.
    Azure2021,
    /// `arrival_s` and optionally `function`, `service_ms`, `memory_mb`, by arrival.
    Requests,
}

/// Starts of the 2021 release are the end minus a duration that is rounded to the millisecond, so
/// they may lie a little before their turn, or before the beginning.
const AZURE_2021_SLACK: i64 = 1_000_000;

/// A row as it is written.
#[derive(Clone, Copy, Debug)]
struct Row {
    /// Nanoseconds.
    at: u64,
    /// Nanoseconds.
    service: Option<u64>,
    /// In millionths of a MB.
    memory: Option<i64>,
}

#[derive(Debug)]
struct Columns {
    count: usize,
    /// `arrival_s` or `end_timestamp`.
    at: usize,
    /// `service_ms` or `duration`.
    service: Option<usize>,
    memory: Option<usize>,
    /// `function`, or `app` and `func`.
    function: Option<(usize, Option<usize>)>,
}

/// The rows of a file, checked one by one.
#[derive(Debug)]
struct Rows {
    lines: Lines,
    format: Format,
    columns: Columns,
    warnings: Vec<TraceWarning>,
    fields: Vec<Range<usize>>,
    /// Name of the last row's function; with a comma between app and function.
    key: Vec<u8>,
    last: u64,
}

impl Rows {
    fn open(path: &Path, format: Format) -> Result<Self, TraceFault> {
        let mut lines = Lines::open(path)?;
        let header = lines.header()?;
        let columns = match format {
            Format::Azure2021 => Columns {
                count: header.names.len(),
                at: header.need("end_timestamp")?,
                service: Some(header.need("duration")?),
                memory: None,
                function: Some((header.need("app")?, Some(header.need("func")?))),
            },
            Format::Requests => Columns {
                count: header.names.len(),
                at: header.need("arrival_s")?,
                service: header.find("service_ms"),
                memory: header.find("memory_mb"),
                function: header.find("function").map(|column| (column, None)),
            },
        };
        let warnings = match format {
            Format::Azure2021 => Vec::new(),
            Format::Requests => {
                for name in ["function", "service_ms", "memory_mb"] {
                    if let Some(meant) = misspelt(name, &header.names) {
                        let message = format!("has a column `{meant}`; did you mean `{name}`?");
                        return Err(lines.fault(message));
                    }
                }
                overlooked(path, &header.names)
            }
        };
        Ok(Self {
            lines,
            format,
            columns,
            warnings,
            fields: Vec::new(),
            key: Vec::new(),
            last: 0,
        })
    }

    /// The next row; its function's name is in `key`.
    fn next(&mut self) -> Result<Option<Row>, TraceFault> {
        if !self.lines.next()? {
            return Ok(None);
        }
        let line = self.lines.line();
        split(line, &mut self.fields);
        let (have, want) = (self.fields.len(), self.columns.count);
        if have != want {
            let message = format!("has {have} of {want} columns: the row is cut or damaged");
            return Err(self.lines.fault(message));
        }
        self.key.clear();
        if let Some((first, second)) = self.columns.function {
            self.key
                .extend_from_slice(&line[self.fields[first].clone()]);
            if let Some(second) = second {
                self.key.push(b',');
                self.key
                    .extend_from_slice(&line[self.fields[second].clone()]);
            }
            if self.key.is_empty() || self.key == b"*" {
                let message = "has no name in `function`, or `*`, which stands for all of them";
                return Err(self.lines.fault(message.to_owned()));
            }
        }
        let row = match self.format {
            Format::Azure2021 => self.azure_2021()?,
            Format::Requests => self.request()?,
        };
        self.last = row.at;
        Ok(Some(row))
    }

    fn number(&self, column: usize, name: &str, digits: u32) -> Result<i64, TraceFault> {
        let field = &self.lines.line()[self.fields[column].clone()];
        parse_fixed(field, digits).map_err(|wrong| {
            let message = wrong.explain(field, name);
            self.lines.fault(if is_date(field) {
                format!("{message} but a date: subtract the first one and give seconds")
            } else {
                message
            })
        })
    }

    /// A number that is not negative; `None` where the field is empty.
    fn amount(
        &self,
        column: Option<usize>,
        name: &str,
        digits: u32,
    ) -> Result<Option<i64>, TraceFault> {
        let Some(column) = column else {
            return Ok(None);
        };
        let field = &self.lines.line()[self.fields[column].clone()];
        if field.is_empty() {
            return Ok(None);
        }
        match self.number(column, name, digits)? {
            amount if amount < 0 => {
                let shown = String::from_utf8_lossy(field);
                Err(self
                    .lines
                    .fault(format!("`{name}` = `{shown}` is negative")))
            }
            amount => Ok(Some(amount)),
        }
    }

    fn azure_2021(&self) -> Result<Row, TraceFault> {
        let end = self.number(self.columns.at, "end_timestamp", 9)?;
        let duration = self.amount(self.columns.service, "duration", 9)?;
        let Some(duration) = duration else {
            return Err(self
                .lines
                .fault(NumberFault::NotANumber.explain(b"", "duration")));
        };
        let start = end.saturating_sub(duration);
        if start < -AZURE_2021_SLACK {
            let message = "starts before the trace: `duration` is longer than `end_timestamp`";
            return Err(self.lines.fault(message.to_owned()));
        }
        let last = self.last.cast_signed();
        if start < last - AZURE_2021_SLACK {
            let message = "starts before the row above: \
                           sort the rows by `end_timestamp` − `duration`";
            return Err(self.lines.fault(message.to_owned()));
        }
        Ok(Row {
            at: start.max(last) as u64,
            service: Some(duration as u64),
            memory: None,
        })
    }

    fn request(&self) -> Result<Row, TraceFault> {
        let at = self.number(self.columns.at, "arrival_s", 9)?;
        if at < 0 {
            let message = "`arrival_s` is negative: times count from the beginning of the run";
            return Err(self.lines.fault(message.to_owned()));
        }
        let at = at as u64;
        if at < self.last {
            let message = "arrives before the row above: sort the rows by `arrival_s`";
            return Err(self.lines.fault(message.to_owned()));
        }
        Ok(Row {
            at,
            service: self
                .amount(self.columns.service, "service_ms", 6)?
                .map(|ms| ms as u64),
            memory: self.amount(self.columns.memory, "memory_mb", 6)?,
        })
    }
}

/// Whether a field begins as a date of ISO 8601 does, `2026-01-31`.
fn is_date(field: &[u8]) -> bool {
    let shape = |(place, byte): (usize, &u8)| match place {
        4 | 7 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    let field = field.trim_ascii();
    field.len() >= 10 && field.iter().take(10).enumerate().all(shape)
}

/// A column that can only be this one, which is not there: its beginning, or one or two letters
/// off.
fn misspelt<'a>(name: &str, names: &'a [String]) -> Option<&'a String> {
    if names.iter().any(|other| other == name) {
        return None;
    }
    names.iter().find(|other| {
        let lower = other.trim().to_lowercase();
        let edits = strsim::damerau_levenshtein(&lower, name);
        (lower.len() >= 4 && name.starts_with(&lower)) || edits * 4 <= name.len()
    })
}

/// Columns that are not read, and were probably meant to be.
fn overlooked(path: &Path, names: &[String]) -> Vec<TraceWarning> {
    const READ: [(&str, &[&str]); 3] = [
        ("function", &["func"]),
        ("service_ms", &["service", "duration"]),
        ("memory_mb", &["memory"]),
    ];
    let mut warnings = Vec::new();
    for (name, traits) in READ {
        if names.iter().any(|other| other == name) {
            continue;
        }
        let meant = names.iter().find(|other| {
            let lower = other.to_lowercase();
            traits.iter().any(|part| lower.contains(part))
        });
        if let Some(meant) = meant {
            let message = format!("column `{meant}` is not read; did you mean `{name}`?");
            warnings.push(TraceWarning {
                first: TraceFault {
                    file: path.to_owned(),
                    row: Some(1),
                    message,
                },
                count: 1,
            });
        }
    }
    warnings
}

/// What opening a file of rows found.
#[derive(Debug)]
pub(super) struct RowTrace {
    format: Format,
    names: Arc<NameIndex>,
    pub(super) functions: Vec<TraceFunction>,
    /// The longest recorded service time of each function.
    pub(super) longest: Vec<Option<Span>>,
    pub(super) warnings: Vec<TraceWarning>,
    /// Whether a column names the function of each row.
    pub(super) names_functions: bool,
    pub(super) first: Time,
    pub(super) last: Time,
    pub(super) has_service: bool,
}

impl RowTrace {
    /// Reads the whole file once.
    pub(super) fn scan(path: &Path, format: Format, faults: &mut Faults) -> Option<Self> {
        let mut rows = match Rows::open(path, format) {
            Ok(rows) => rows,
            Err(fault) => {
                faults.add(fault);
                return None;
            }
        };
        let mut names = NameIndex::default();
        let mut counts: Vec<(u64, i64)> = Vec::new();
        let mut longest: Vec<Option<Span>> = Vec::new();
        let mut any = false;
        let mut first = None;
        loop {
            let row = rows.next();
            if let Err(fault) = rows.lines.check_utf8() {
                faults.add(fault);
                any = true;
                continue;
            }
            match row {
                Ok(Some(row)) => {
                    any = true;
                    first.get_or_insert(row.at);
                    let place = names.insert(&rows.key);
                    if place == counts.len() {
                        counts.push((0, 0));
                        longest.push(None);
                    }
                    longest[place] = longest[place].max(row.service.map(Span::from_nanos));
                    counts[place].0 += 1;
                    counts[place].1 = counts[place].1.max(row.memory.unwrap_or(0));
                }
                Ok(None) => break,
                Err(fault) => {
                    any = true;
                    faults.add(fault);
                }
            }
        }
        if let Some(damage) = rows.lines.damage() {
            faults.replace(damage);
        } else if !any {
            let message = "has a header but no rows".to_owned();
            faults.add(TraceFault::of_file(path, message));
        }
        let file_stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let file_stem = file_stem.strip_suffix(".csv").unwrap_or(&file_stem);
        let functions = function_names(&names, format, rows.columns.function.is_some(), file_stem)
            .into_iter()
            .zip(counts)
            .map(|(name, (requests, memory))| TraceFunction {
                name,
                memory: (memory > 0).then(|| Memory::from_mb(memory as f64 / 1e6)),
                service: None,
                requests,
            })
            .collect();
        Some(Self {
            format,
            names: Arc::new(names),
            functions,
            longest,
            warnings: std::mem::take(&mut rows.warnings),
            names_functions: rows.columns.function.is_some(),
            first: Time::from_nanos(first.unwrap_or(0)),
            last: Time::from_nanos(rows.last),
            has_service: rows.columns.service.is_some(),
        })
    }
}

fn function_names(
    names: &NameIndex,
    format: Format,
    has_column: bool,
    file_stem: &str,
) -> Vec<String> {
    match format {
        Format::Requests if !has_column => vec![file_stem.to_owned(); names.len()],
        Format::Requests => (0..names.len())
            .map(|place| String::from_utf8_lossy(names.name(place)).into_owned())
            .collect(),
        Format::Azure2021 => {
            const LENGTHS: [usize; 4] = [8, 16, 32, usize::MAX];
            unique(names.len(), LENGTHS.len(), |place, level| {
                let mut parts = names.name(place).splitn(2, |byte| *byte == b',');
                let app = prefix(parts.next().unwrap_or_default(), LENGTHS[level]);
                let func = prefix(parts.next().unwrap_or_default(), LENGTHS[level]);
                format!("{app}/{func}")
            })
        }
    }
}

/// A recorded request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecordedRequest {
    /// When.
    pub at: Time,
    /// Place of its function in [`super::Trace::functions`].
    pub function: usize,
    /// How long it ran, where that is recorded.
    pub service: Option<Span>,
}

/// Recorded requests of a file, pulled row by row. A fault ends them and is kept.
#[derive(Debug)]
pub struct RowReader {
    rows: Rows,
    names: Arc<NameIndex>,
    /// Whether rows of functions that are not in `names` are passed over.
    only_named: bool,
    fault: Option<TraceFault>,
}

impl RowReader {
    pub(super) fn of_trace(path: &Path, trace: &RowTrace) -> Result<Self, TraceFault> {
        Ok(Self {
            rows: Rows::open(path, trace.format)?,
            names: Arc::clone(&trace.names),
            only_named: false,
            fault: None,
        })
    }

    /// The requests of one function of a requests file, or all of them where it has no column
    /// `function`. They are checked as they are read; [`super::Trace::open`] checks them all.
    ///
    /// # Errors
    /// The file cannot be opened, or has no column `arrival_s`.
    pub fn replay(path: &Path, function: &str) -> Result<Self, TraceFault> {
        let rows = Rows::open(path, Format::Requests)?;
        let mut names = NameIndex::default();
        let only_named = rows.columns.function.is_some();
        names.insert(if only_named { function.as_bytes() } else { b"" });
        Ok(Self {
            rows,
            names: Arc::new(names),
            only_named,
            fault: None,
        })
    }

    /// The next request, or `None` after the last one or at a fault.
    pub fn next_request(&mut self) -> Option<RecordedRequest> {
        if self.fault.is_some() {
            return None;
        }
        loop {
            let row = match self.rows.next() {
                Ok(row) => row?,
                Err(fault) => {
                    self.fault = Some(fault);
                    return None;
                }
            };
            if let Some(function) = self.names.get(&self.rows.key) {
                return Some(RecordedRequest {
                    at: Time::from_nanos(row.at),
                    function,
                    service: row.service.map(Span::from_nanos),
                });
            }
            if !self.only_named {
                let name = String::from_utf8_lossy(&self.rows.key);
                let message = format!("names `{name}`: the file changed since it was opened");
                self.fault = Some(self.rows.lines.fault(message));
                return None;
            }
        }
    }

    /// What ended the reading early, if anything did.
    pub fn fault(&self) -> Option<&TraceFault> {
        self.fault.as_ref()
    }
}
