//! Rows of requests, cell by cell while they run, one file in order at the end.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::Failure;
use super::cell::CellId;
use crate::model::{Experiment, Scenario};
use crate::observe::{RequestLog, RowFile, RowFormat, RunName};

/// A log that writes to a file of its own.
pub(super) type PartLog<'a> = RequestLog<'a, RowFile>;

/// Where the rows of each cell are kept until all are done.
#[derive(Debug)]
pub struct RequestParts {
    path: PathBuf,
    parts: PathBuf,
    format: RowFormat,
}

impl RequestParts {
    /// Rows of the experiment with this key, for the file at `path`; rows that were kept under
    /// another key are dropped.
    ///
    /// # Errors
    /// The place cannot be written.
    pub fn new(path: &Path, format: RowFormat, key: &str) -> Result<Self, Failure> {
        let mut parts = path.as_os_str().to_owned();
        parts.push(".parts");
        let parts = PathBuf::from(parts);
        let at = |path: &Path| {
            let path = path.to_owned();
            move |error| Failure::Io { path, error }
        };
        let kept = parts.join("experiment");
        let before = fs::read_to_string(&kept).ok();
        if parts.exists() && before.is_none_or(|before| before != key) {
            fs::remove_dir_all(&parts).map_err(at(&parts))?;
        }
        fs::create_dir_all(&parts).map_err(at(&parts))?;
        fs::write(&kept, key).map_err(at(&kept))?;
        Ok(Self {
            path: path.to_owned(),
            parts,
            format,
        })
    }

    fn part(&self, id: CellId) -> PathBuf {
        let (scenario, replication) = (id.scenario, id.replication);
        let ending = self.format.ending();
        self.parts
            .join(format!("{scenario}-{replication}.{ending}"))
    }

    /// A part, or the whole, while it is written: under its own name it is complete.
    fn unfinished(&self, path: &Path) -> PathBuf {
        let name = path.file_name().unwrap_or_default();
        self.parts.join(name).with_extension("unfinished")
    }

    /// Whether the rows of a cell that is done are still here.
    pub(super) fn has(&self, id: CellId) -> bool {
        self.part(id).exists()
    }

    pub(super) fn open<'a>(
        &self,
        scenario: &'a Scenario,
        id: CellId,
    ) -> Result<PartLog<'a>, Failure> {
        let path = self.unfinished(&self.part(id));
        let run = RunName {
            scenario: &scenario.label(),
            replication: id.replication,
            functions: &scenario.plan.functions,
        };
        match self.format.create(&path, &run) {
            Ok(sink) => Ok(RequestLog::new(&scenario.plan, sink)),
            Err(error) => Err(Failure::Io { path, error }),
        }
    }

    pub(super) fn close(&self, log: PartLog<'_>, id: CellId) -> Result<(), Failure> {
        let path = self.part(id);
        let written = log.into_sink().and_then(RowFile::finish);
        written
            .and_then(|()| fs::rename(self.unfinished(&path), &path))
            .map_err(|error| Failure::Io { path, error })
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
        let whole = self.unfinished(&self.path);
        let mut out = self.format.join(&whole).map_err(io)?;
        for id in CellId::all(experiment) {
            let path = self.part(id);
            let mut rows = match File::open(&path) {
                Ok(rows) => rows,
                Err(error) => return Err(Failure::Io { path, error }),
            };
            out.append(&mut rows).map_err(io)?;
        }
        out.finish()
            .and_then(|()| fs::rename(&whole, &self.path))
            .map_err(io)?;
        fs::remove_dir_all(&self.parts).map_err(|error| Failure::Io {
            path: self.parts.clone(),
            error,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELL: CellId = CellId {
        scenario: 0,
        replication: 0,
    };

    #[test]
    fn parts_of_another_experiment_or_cut_short_are_not_taken() {
        let dir = std::env::temp_dir().join(format!("frostline-parts-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let open =
            |key: &str| RequestParts::new(&dir.join("log.csv"), RowFormat::Csv, key).unwrap();
        let parts = open("one");
        fs::write(parts.unfinished(&parts.part(CELL)), "rows").unwrap();
        assert!(!parts.has(CELL), "a part that is being written is none");
        fs::write(parts.part(CELL), "rows").unwrap();
        assert!(parts.has(CELL));
        assert!(open("one").has(CELL), "the same experiment goes on");
        assert!(!open("two").has(CELL), "another one does not");
        fs::remove_dir_all(&dir).unwrap();
    }
}
