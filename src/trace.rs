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
