//! A row of the sheet before it has run.

use std::fmt;

use super::report::{Check, Row};

/// Why a row gave no result: a bug, or data that cannot be read.
#[derive(Debug)]
pub(super) struct Fault(pub(super) String);

impl<E: fmt::Display> From<E> for Fault {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// The rows of one id of the sheet.
pub(super) struct Group {
    pub(super) id: &'static str,
    /// What is tested, in one line.
    pub(super) title: &'static str,
    pub(super) cases: Vec<Case>,
}

type Run = dyn Fn(u64) -> Result<Vec<Row>, Fault> + Send + Sync;

/// What makes one row, or several that belong together.
pub(super) struct Case {
    label: String,
    rows: Box<Run>,
}

impl Case {
    /// A case of one row; what it is given is its seed.
    pub(super) fn new(
        label: impl Into<String>,
        checks: impl Fn(u64) -> Result<Vec<Check>, Fault> + Send + Sync + 'static,
    ) -> Self {
        let label = label.into();
        let name = label.clone();
        Self::of_rows(label, move |seed| {
            let checks = checks(seed)?;
            Ok(vec![Row::new(name.clone(), checks)])
        })
    }

    /// A case of several rows.
    pub(super) fn of_rows(
        label: impl Into<String>,
        rows: impl Fn(u64) -> Result<Vec<Row>, Fault> + Send + Sync + 'static,
    ) -> Self {
        Self {
            label: label.into(),
            rows: Box::new(rows),
        }
    }

    /// Runs it; a fault becomes a row that fails.
    pub(super) fn run(&self, seed: u64) -> Vec<Row> {
        (self.rows)(seed).unwrap_or_else(|Fault(message)| {
            let check = Check::broken(message);
            vec![Row::new(self.label.clone(), vec![check])]
        })
    }
}

/// A seed for each row, so that adding one leaves the others as they were (FNV-1a).
pub(super) fn seed_of(id: &str, place: usize) -> u64 {
    let bytes = id.bytes().chain((place as u64).to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
