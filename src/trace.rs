//! Readers of recorded requests, in the formats in which traces are published.
//!
//! A trace is opened once: its functions are listed and its faults found. Reading then pulls one
//! request after the other; nothing is loaded whole. Of a trace that counts requests by the minute
//! the counts are kept, packed to one to three bytes a minute with requests; of a trace with one
//! row a request only the names of its functions are. Files may be packed by gzip or zstd. This
//! room knows no platform and no policy.
//!
//! Times are relative: 0 is the first minute of a folder, or the clock of a file with rows.

mod azure_2019;
mod detect;
mod fault;
mod lines;
mod minutes;
mod names;
mod rows;
pub mod synth;
mod text;
mod unpack;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use fault::{TraceFault, TraceWarning};
pub(crate) use minutes::MinuteClock;
pub use minutes::Spread;
pub use rows::{RecordedRequest, RowReader};
pub use unpack::Packing;

use crate::dist::Dist;
use crate::units::{Memory, Span, Time};
use fault::{Faults, Warnings};
use minutes::MinuteCounts;
use rows::{Format, RowTrace};

/// Where a trace is, and what it looks like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TraceSpec {
    /// A folder with the three tables of the Azure Functions 2019 release (requests by the minute,
    /// durations, memory), of one or several days, or an excerpt of it.
    Azure2019 {
        /// The folder.
        dir: PathBuf,
        /// Where in its minute a request lies.
        spread: Spread,
    },
    /// The Azure Functions 2021 release: `app,func,end_timestamp,duration`, one row a request.
    Azure2021 {
        /// The file.
        file: PathBuf,
    },
    /// A CSV file with `arrival_s` and optionally `function`, `service_ms`, `memory_mb`.
    Requests {
        /// The file.
        file: PathBuf,
    },
}

/// A function of a trace.
#[derive(Clone, PartialEq, Debug)]
pub struct TraceFunction {
    /// Its name, or hash; no two functions of a trace have the same.
    pub name: String,
    /// Memory it used, where that is recorded: the average, or the largest of its rows.
    pub memory: Option<Memory>,
    /// How long it ran, where the trace has a distribution of it. Where it has a column with the
    /// length of each run, see [`Trace::records_service`].
    pub service: Option<Dist>,
    /// Requests in the whole trace.
    pub requests: u64,
}

/// A trace that has been opened and indexed.
pub struct Trace {
    path: PathBuf,
    functions: Vec<TraceFunction>,
    begins: Time,
    span: Time,
    warnings: Vec<TraceWarning>,
    kind: Kind,
}

enum Kind {
    Minutes(Arc<MinuteCounts>),
    Rows(RowTrace),
}

/// In short: what it holds may be gigabytes.
impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace")
            .field("path", &self.path)
            .field("requests", &self.requests())
            .finish_non_exhaustive()
    }
}

impl Trace {
    /// Reads a trace once, for its functions and its faults.
    ///
    /// # Errors
    /// Everything that is wrong with it, up to twenty faults and how many more there are.
    pub fn open(spec: &TraceSpec) -> Result<Self, Vec<TraceFault>> {
        let mut faults = Faults::default();
        let mut warnings = Warnings::default();
        let trace = match spec {
            TraceSpec::Azure2019 { dir, spread } => {
                azure_2019::open(dir, *spread, &mut faults, &mut warnings).map(|opened| Self {
                    path: dir.clone(),
                    functions: opened.functions,
                    begins: Time::ZERO,
                    span: opened.counts.end(),
                    warnings: warnings.list,
                    kind: Kind::Minutes(Arc::new(opened.counts)),
                })
            }
            TraceSpec::Azure2021 { file } => Self::open_rows(file, Format::Azure2021, &mut faults),
            TraceSpec::Requests { file } => Self::open_rows(file, Format::Requests, &mut faults),
        };
        match trace {
            Some(trace) if faults.is_empty() => Ok(trace),
            _ => Err(faults.finish()),
        }
    }

    fn open_rows(file: &Path, format: Format, faults: &mut Faults) -> Option<Self> {
        let mut rows = RowTrace::scan(file, format, faults)?;
        Some(Self {
            path: file.to_owned(),
            functions: std::mem::take(&mut rows.functions),
            begins: rows.first,
            span: rows.last,
            warnings: std::mem::take(&mut rows.warnings),
            kind: Kind::Rows(rows),
        })
    }

    /// Where the trace was found.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The files that it is read from, or may be.
    pub fn files(&self) -> Vec<PathBuf> {
        let Ok(entries) = self.path.read_dir() else {
            return vec![self.path.clone()];
        };
        let mut files: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
        // Such as `invocations.csv.gz`.
        files.retain(|file| file.to_string_lossy().contains(".csv"));
        files.sort();
        files
    }

    /// The functions, in the order in which the trace first names them.
    pub fn functions(&self) -> &[TraceFunction] {
        &self.functions
    }

    /// Requests of all functions.
    pub fn requests(&self) -> u64 {
        self.functions
            .iter()
            .map(|function| function.requests)
            .sum()
    }

    /// When the trace begins: its first minute, or its first arrival.
    pub fn begins(&self) -> Time {
        self.begins
    }

    /// How long the trace is: the end of its last minute, or its last arrival.
    pub fn span(&self) -> Time {
        self.span
    }

    /// The longest recorded service time of a function, by its place.
    pub fn longest_service(&self, function: usize) -> Option<Span> {
        match &self.kind {
            Kind::Minutes(_) => self.functions[function].service.as_ref()?.longest(),
            Kind::Rows(rows) => rows.longest[function],
        }
    }

    /// How many requests arrive from `from` on and before `to`, of one function (by its place) or
    /// of all, by reading the file again; `None` where the trace counts by the minute.
    ///
    /// # Errors
    /// The file cannot be read any more.
    pub fn requests_between(
        &self,
        function: Option<usize>,
        from: Time,
        to: Time,
    ) -> Result<Option<u64>, TraceFault> {
        let Some(mut rows) = self.rows()? else {
            return Ok(None);
        };
        let mut count = 0;
        while let Some(request) = rows.next_request().filter(|request| request.at < to) {
            let wanted = function.is_none_or(|function| function == request.function);
            count += u64::from(wanted && request.at >= from);
        }
        rows.fault()
            .map_or(Ok(Some(count)), |fault| Err(fault.clone()))
    }

    /// Whether requests are counted by the minute, so that [`Self::span`] is the instant after the
    /// last minute and not a request's.
    pub fn counts_by_minute(&self) -> bool {
        matches!(self.kind, Kind::Minutes(_))
    }

    /// Whether each row names its function. A file without that column has one function, named
    /// after the file, and replays for any.
    pub fn names_functions(&self) -> bool {
        match &self.kind {
            Kind::Minutes(_) => true,
            Kind::Rows(rows) => rows.names_functions,
        }
    }

    /// Known faults of the published data that were read around, each kind once, and columns that
    /// were probably meant to be read.
    pub fn warnings(&self) -> &[TraceWarning] {
        &self.warnings
    }

    /// Whether each request brings its own service time (a row may still leave it empty).
    pub fn records_service(&self) -> bool {
        match &self.kind {
            Kind::Minutes(_) => false,
            Kind::Rows(rows) => rows.has_service,
        }
    }

    /// Whether the requests of one function can be read without reading those of all others.
    pub fn reads_functions_apart(&self) -> bool {
        matches!(self.kind, Kind::Minutes(_))
    }

    /// Bytes of memory that the counts take, where the trace counts by the minute.
    pub fn counts_bytes(&self) -> Option<usize> {
        self.minutes().map(|counts| counts.bytes())
    }

    /// The counts, where the trace counts by the minute.
    pub(crate) fn minutes(&self) -> Option<&Arc<MinuteCounts>> {
        match &self.kind {
            Kind::Minutes(counts) => Some(counts),
            Kind::Rows(_) => None,
        }
    }

    /// The rows from the first one on, where the trace has one row a request.
    ///
    /// # Errors
    /// The file cannot be opened any more.
    pub(crate) fn rows(&self) -> Result<Option<RowReader>, TraceFault> {
        match &self.kind {
            Kind::Minutes(_) => Ok(None),
            Kind::Rows(rows) => RowReader::of_trace(&self.path, rows).map(Some),
        }
    }
}
