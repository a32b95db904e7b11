//! Rows of requests, cell by cell while they run, one file in order at the end.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::Failure;
use super::cell::CellId;
use super::claim::{Claim, LOCK};
use crate::model::{Experiment, Scenario};
use crate::observe::{RequestLog, RowFile, RowFormat, RunName};

/// A log that writes to a file of its own.
pub(super) type PartLog<'a> = RequestLog<'a, RowFile>;

/// Name of the file that tells a folder of parts from others, and the experiment that it is of.
const MARK: &str = "experiment";
/// Ending of a file that is being written.
const UNFINISHED: &str = "unfinished";
/// What the mark begins with.
const MARK_OF_PARTS: &str = "rows of frostline ";

/// Where the rows of each cell are kept until all are done.
#[derive(Debug)]
pub struct RequestParts {
    path: PathBuf,
    parts: PathBuf,
    format: RowFormat,
    claim: Claim,
}

impl RequestParts {
    /// Rows of the experiment with this key, for the file at `path`; rows that were kept under
    /// another key are dropped.
    ///
    /// # Errors
    /// The place cannot be written, another run writes there, or it is a folder of the user's own.
    pub fn new(path: &Path, format: RowFormat, key: &str) -> Result<Self, Failure> {
        let parts = parts_of(path);
        let at = |path: &Path| {
            let path = path.to_owned();
            move |error| Failure::Io { path, error }
        };
        if path.is_dir() {
            let error = io::Error::other("this is a directory: remove it, or name another file");
            return Err(at(path)(error));
        }
        let mark = parts.join(MARK);
        if !may_take(&parts, &mark) {
            return Err(Failure::Foreign { path: parts });
        }
        let claim = Claim::of(&parts)?;
        let ours = format!("{MARK_OF_PARTS}{key}");
        if fs::read_to_string(&mark)
            .ok()
            .is_none_or(|before| before != ours)
        {
            drop_parts(&parts).map_err(at(&parts))?;
            fs::write(&mark, ours).map_err(at(&mark))?;
        }
        Ok(Self {
            path: path.to_owned(),
            parts,
            format,
            claim,
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
        self.parts.join(name).with_extension(UNFINISHED)
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

    /// Joins the rows of all cells in order into one file. The parts stay until [`Self::remove`].
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn join(&self, experiment: &Experiment) -> Result<(), Failure> {
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
            .map_err(io)
    }

    /// Removes the parts: the experiment is done.
    ///
    /// # Errors
    /// They cannot be removed.
    pub fn remove(self) -> Result<(), Failure> {
        let Self { parts, claim, .. } = self;
        let removed = drop_parts(&parts).and_then(|()| {
            fs::remove_file(parts.join(MARK))?;
            drop(claim);
            match fs::remove_dir(&parts) {
                // Something that no run has put there.
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
                other => other,
            }
        });
        removed.map_err(|error| Failure::Io { path: parts, error })
    }
}

/// The folder of parts for the file at `path`.
fn parts_of(path: &Path) -> PathBuf {
    let mut parts = path.as_os_str().to_owned();
    parts.push(".parts");
    PathBuf::from(parts)
}

/// Whether parts may be kept in a folder: it is not there, empty, or marked by a run before.
fn may_take(parts: &Path, mark: &Path) -> bool {
    let Ok(entries) = fs::read_dir(parts) else {
        return !parts.exists();
    };
    let mut names = entries.flatten().map(|entry| entry.file_name());
    fs::read_to_string(mark).is_ok_and(|mark| mark.starts_with(MARK_OF_PARTS))
        || names.all(|name| name == LOCK)
}

/// Removes the files that runs keep in a folder of parts, and nothing else.
fn drop_parts(parts: &Path) -> io::Result<()> {
    for entry in fs::read_dir(parts)? {
        let path = entry?.path();
        let ending = path.extension().unwrap_or_default();
        let of_rows = RowFormat::ALL
            .iter()
            .any(|format| ending == format.ending());
        if (of_rows || ending == UNFINISHED) && path.is_file() {
            fs::remove_file(path)?;
        }
    }
    Ok(())
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
        let rows = dir.join("log.csv");
        let open = |key: &str| RequestParts::new(&rows, RowFormat::Csv, key).unwrap();
        let has = |key: &str| open(key).has(CELL);
        let parts = open("one");
        fs::write(parts.unfinished(&parts.part(CELL)), "rows").unwrap();
        assert!(!parts.has(CELL), "a part that is being written is none");
        fs::write(parts.part(CELL), "rows").unwrap();
        assert!(parts.has(CELL));
        drop(parts);
        assert!(has("one"), "the same experiment goes on");
        assert!(!has("two"), "another one does not");
        open("two").remove().unwrap();
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 0, "nothing is left");
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn what_no_run_has_written_is_never_removed() {
        let dir = std::env::temp_dir().join(format!("frostline-foreign-{}", std::process::id()));
        let (rows, parts) = (dir.join("log.csv"), dir.join("log.csv.parts"));
        fs::create_dir_all(&parts).unwrap();
        let open = || RequestParts::new(&rows, RowFormat::Csv, "key");
        open().unwrap().remove().unwrap();
        fs::create_dir_all(&parts).unwrap();
        fs::write(parts.join("thesis.txt"), "years of work").unwrap();
        assert!(matches!(open(), Err(Failure::Foreign { .. })));
        fs::write(parts.join(MARK), "a file of the user's own").unwrap();
        assert!(matches!(open(), Err(Failure::Foreign { .. })));
        fs::write(parts.join(MARK), format!("{MARK_OF_PARTS}of before")).unwrap();
        open().unwrap().remove().unwrap();
        assert!(parts.join("thesis.txt").exists());
        fs::remove_dir_all(&dir).unwrap();
    }
}
