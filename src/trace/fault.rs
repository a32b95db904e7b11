//! What is wrong with a trace, and what was read around.

use std::fmt;
use std::path::{Path, PathBuf};

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

impl TraceFault {
    /// A fault of a file as a whole.
    pub fn of_file(file: &Path, message: String) -> Self {
        Self {
            file: file.to_owned(),
            row: None,
            message,
        }
    }
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

/// A known fault of published data that was read around.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TraceWarning {
    /// The first of its kind.
    pub first: TraceFault,
    /// How many there are.
    pub count: u64,
}

impl fmt::Display for TraceWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first)?;
        if self.count > 1 {
            write!(f, " (and {} more like this)", self.count - 1)?;
        }
        Ok(())
    }
}

/// Faults listed one by one; the rest is counted.
const LISTED: usize = 20;

/// Faults of one kind listed one by one; the rest of the kind is counted.
const LISTED_OF_A_KIND: u64 = 3;

#[derive(Debug, Default)]
pub(super) struct Faults {
    list: Vec<TraceFault>,
    kinds: Vec<FaultKind>,
    more: u64,
}

/// Faults that differ in nothing but their row and value.
#[derive(Debug)]
struct FaultKind {
    kind: String,
    count: u64,
    /// Place in the list of the last one that is listed.
    last: usize,
}

impl Faults {
    pub(super) fn add(&mut self, fault: TraceFault) {
        let kind = without_value(&fault.message);
        let place = self.kinds.iter().position(|known| known.kind == kind);
        let room = self.list.len() < LISTED;
        match place.map(|place| &mut self.kinds[place]) {
            Some(known) if known.count >= LISTED_OF_A_KIND || !room => known.count += 1,
            Some(known) => {
                known.count += 1;
                known.last = self.list.len();
                self.list.push(fault);
            }
            None if room => {
                self.kinds.push(FaultKind {
                    kind,
                    count: 1,
                    last: self.list.len(),
                });
                self.list.push(fault);
            }
            None => self.more += 1,
        }
    }

    /// Forgets all for what explains it.
    pub(super) fn replace(&mut self, cause: &TraceFault) {
        *self = Self::default();
        self.add(cause.clone());
    }

    /// Adds what was found elsewhere.
    pub(super) fn append(&mut self, other: Self) {
        // Of each kind, how many were counted and not listed.
        let rest: Vec<(String, u64)> = other
            .kinds
            .iter()
            .map(|known| (known.kind.clone(), known.count - other.listed(&known.kind)))
            .collect();
        for fault in other.list {
            self.add(fault);
        }
        for (kind, rest) in rest {
            match self.kinds.iter_mut().find(|known| known.kind == kind) {
                Some(known) => known.count += rest,
                None => self.more += rest,
            }
        }
        self.more += other.more;
    }

    /// Faults of a kind that stand in the list.
    fn listed(&self, kind: &str) -> u64 {
        let of_kind = |fault: &&TraceFault| without_value(&fault.message) == kind;
        self.list.iter().filter(of_kind).count() as u64
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn finish(mut self) -> Vec<TraceFault> {
        let more: Vec<(usize, u64)> = self
            .kinds
            .iter()
            .map(|known| (known.last, known.count - self.listed(&known.kind)))
            .collect();
        for (last, more) in more.into_iter().filter(|(_, more)| *more > 0) {
            let last = &mut self.list[last].message;
            *last = format!("{last} (and {more} more like this)");
        }
        if let (Some(last), 1..) = (self.list.last(), self.more) {
            let rest = TraceFault::of_file(&last.file, format!("and {} more faults", self.more));
            self.list.push(rest);
        }
        self.list
    }
}

/// A message without the value that it is about.
fn without_value(message: &str) -> String {
    let Some((before, value)) = message.split_once(" = `") else {
        return message.to_owned();
    };
    let after = value.split_once('`').map_or("", |(_, after)| after);
    format!("{before}{after}")
}

/// Warnings, one a kind; the message is the kind.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    pub(super) list: Vec<TraceWarning>,
}

impl Warnings {
    pub(super) fn add(&mut self, first: TraceFault) {
        let same = |warning: &&mut TraceWarning| warning.first.message == first.message;
        match self.list.iter_mut().find(same) {
            Some(warning) => warning.count += 1,
            None => self.list.push(TraceWarning { first, count: 1 }),
        }
    }
}
