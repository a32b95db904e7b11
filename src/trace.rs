//! Readers of recorded requests, in the formats in which traces are published.
//!
//! A trace is opened once: its functions are listed and its faults found. Reading then pulls one
//! request after the other; nothing is loaded whole. This room knows no platform and no policy.

use std::fmt;
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

/// What is wrong with a trace, where, and what to do about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TraceFault {
    /// The file.
    pub file: PathBuf,
    /// The line of the file, from 1; `None` where the file as a whole is meant.
    pub row: Option<u64>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for TraceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some(row) = self.row {
            write!(f, "{row}:")?;
        }
        write!(f, " {}", self.message)
    }
}

impl std::error::Error for TraceFault {}
