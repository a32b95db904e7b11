//! Rows of requests, cell by cell while they run, one file in order at the end.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::Failure;
use super::cell::CellId;
use crate::model::{Experiment, Scenario};
use crate::observe::{CsvRows, RequestLog};

/// The first line of the file.
const HEADER: &str = "scenario,replication,function,request,arrival_s,start_s,finish_s,outcome,\
                      cause,instance,latency_ms,billed_ms";

/// A log that writes to a file of its own.
pub(super) type PartLog<'a> = RequestLog<'a, CsvRows<'a, BufWriter<File>>>;

/// Where the rows of each cell are kept until all are done.
#[derive(Debug)]
pub struct RequestParts {
    path: PathBuf,
    parts: PathBuf,
    /// Quoted names of each scenario's functions.
    functions: Vec<Vec<String>>,
}

impl RequestParts {
    /// Rows of this experiment, for the file at `path`.
    ///
    /// # Errors
    /// The place cannot be written.
    pub fn new(path: &Path, experiment: &Experiment) -> Result<Self, Failure> {
        let mut parts = path.as_os_str().to_owned();
        parts.push(".parts");
        let parts = PathBuf::from(parts);
        fs::create_dir_all(&parts).map_err(|error| Failure::Io {
            path: parts.clone(),
            error,
        })?;
        let functions = experiment
            .scenarios
            .iter()
            .map(|s| s.plan.functions.iter().map(|f| quoted(&f.name)).collect())
            .collect();
        Ok(Self {
            path: path.to_owned(),
            parts,
            functions,
        })
    }

    fn part(&self, id: CellId) -> PathBuf {
        self.parts
            .join(format!("{}-{}.csv", id.scenario, id.replication))
    }

    /// Whether the rows of a cell that is done are still here.
    pub(super) fn has(&self, id: CellId) -> bool {
        self.part(id).exists()
    }

    pub(super) fn open<'a>(
        &'a self,
        scenario: &'a Scenario,
        id: CellId,
    ) -> Result<PartLog<'a>, Failure> {
        let path = self.part(id);
        let file = File::create(&path).map_err(|error| Failure::Io { path, error })?;
        let sink = CsvRows {
            prefix: format!("{},{}", quoted(&scenario.label()), id.replication),
            functions: &self.functions[id.scenario as usize],
            out: BufWriter::new(file),
        };
        Ok(RequestLog::new(&scenario.plan, sink))
    }

    pub(super) fn close(&self, log: PartLog<'_>, id: CellId) -> Result<(), Failure> {
        log.into_sink()
            .and_then(|mut sink| sink.out.flush())
            .map_err(|error| Failure::Io {
                path: self.part(id),
                error,
            })
    }

    /// Joins the rows of all cells in order into one file and removes the parts.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn join(self, experiment: &Experiment) -> Result<(), Failure> {
        let io = |error| Failure::Io {
            path: self.path.clone(),
            error,
        };
        let mut out = BufWriter::new(File::create(&self.path).map_err(io)?);
        writeln!(out, "{HEADER}").map_err(io)?;
        for id in CellId::all(experiment) {
            let part = self.part(id);
            let mut rows = File::open(&part).map_err(|error| Failure::Io { path: part, error })?;
            io::copy(&mut rows, &mut out).map_err(io)?;
        }
        out.flush().map_err(io)?;
        fs::remove_dir_all(&self.parts).map_err(|error| Failure::Io {
            path: self.parts.clone(),
            error,
        })
    }
}

/// A CSV field, in quotes where it needs them (RFC 4180).
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
