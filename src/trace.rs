//! Readers of recorded requests, in the formats in which traces are published.
//!
//! A trace is opened once: its functions are listed and its faults found. Reading then pulls one
//! request after the other; nothing is loaded whole. This room knows no platform and no policy.

use std::path::PathBuf;

/// A trace that has been opened and indexed.
#[derive(Debug)]
pub struct Trace {
    path: PathBuf,
}

impl Trace {
    /// Where the trace was found.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }
}

/// Which trace, and where.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum TraceSpec {
    /// Counts by minute, in a directory of CSV files.
    Azure2019 {
        /// The directory.
        dir: PathBuf,
        /// How requests lie within their minute.
        spread: Spread,
    },
    /// One row a request, with its end and duration.
    Azure2021 {
        /// The file.
        file: PathBuf,
    },
    /// One row a request: function, `arrival_s`, optionally `service_ms` and `memory_mb`.
    Requests {
        /// The file.
        file: PathBuf,
    },
}

/// How requests lie within their minute.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Spread {
    /// At independent uniform instants.
    Uniform,
    /// With exponential gaps.
    Exponential,
    /// At equal distances.
    Even,
    /// All at the beginning.
    Burst,
}

/// A function that a trace names.
#[derive(Clone, Debug)]
pub struct TraceFunction {
    /// Its name in the trace.
    pub name: String,
    /// Memory, where the trace says so.
    pub memory: Option<crate::units::Memory>,
    /// Service times, where the trace describes them by a distribution.
    pub service: Option<crate::dist::Dist>,
    /// Requests in the whole trace.
    pub requests: u64,
}

/// What is wrong with a trace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TraceFault {
    /// In which file.
    pub file: PathBuf,
    /// In which row, counted from 1 with the header.
    pub row: Option<u64>,
    /// What it is.
    pub message: String,
}

impl Trace {
    /// Opens a trace, lists its functions and finds its faults.
    ///
    /// # Errors
    /// Every fault found.
    pub fn open(spec: &TraceSpec) -> Result<Self, Vec<TraceFault>> {
        let (TraceSpec::Azure2019 { dir: path, .. }
        | TraceSpec::Azure2021 { file: path }
        | TraceSpec::Requests { file: path }) = spec;
        Err(vec![TraceFault {
            file: path.clone(),
            row: None,
            message: "the reader of traces is not built in yet".to_owned(),
        }])
    }

    /// The functions that the trace names.
    pub fn functions(&self) -> &[TraceFunction] {
        &[]
    }
}

impl std::fmt::Display for TraceFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.message)
    }
}
