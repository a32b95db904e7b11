//! Where the files of a run go: claimed before it begins, written whole at its end.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::Failed;
use crate::experiment::{Claim, Failure, LOCK};
use crate::report;

/// Name of the journal of finished cells.
const JOURNAL: &str = "cells.jsonl";

/// A folder that this run alone writes to.
pub(super) struct Folder {
    dir: PathBuf,
    _claim: Claim,
}

impl Folder {
    /// Claims a folder and sees that nothing stands in the way of its files.
    pub(super) fn claim(dir: PathBuf) -> Result<Self, Failed> {
        let claim = Claim::of(&dir).map_err(|failure| Failed::Error(explain(&failure, &dir)))?;
        for path in files(&dir) {
            if path.is_dir() {
                return Err(Failed::Error(format!(
                    "{}: a file is to be written here, but this is a directory: remove it, or \
                     choose another --out",
                    path.display()
                )));
            }
        }
        Ok(Self { dir, _claim: claim })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.dir.join(JOURNAL)
    }

    /// Writes files whole or not at all: each under another name first, and they get their own
    /// names when all are there. What an earlier run left, and this one does not give, goes.
    pub(super) fn write(&self, files: &[(&str, Vec<u8>)]) -> Result<(), Failed> {
        let unfinished = |name: &str| self.dir.join(format!("{name}.unfinished"));
        let at = |path: PathBuf| {
            move |error: io::Error| Failed::Error(format!("{}: {error}", path.display()))
        };
        let written = files.iter().try_for_each(|(name, bytes)| {
            let path = unfinished(name);
            fs::write(&path, bytes).map_err(at(path))
        });
        if written.is_err() {
            for (name, _) in files {
                // It is the first error that is told.
                let _ = fs::remove_file(unfinished(name));
            }
            return written;
        }
        files.iter().try_for_each(|(name, _)| {
            let path = self.dir.join(name);
            fs::rename(unfinished(name), &path).map_err(at(path))
        })?;
        let given = |name: &&&str| files.iter().any(|(given, _)| given == *name);
        for name in report::NAMES.iter().filter(|name| !given(name)) {
            let path = self.dir.join(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(at(path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Every file that a run may leave in its folder.
pub(super) fn files(dir: &Path) -> impl Iterator<Item = PathBuf> {
    let names = report::NAMES.iter().chain(&[JOURNAL, LOCK]);
    names.map(|name| dir.join(name))
}

/// What is in the way of a folder, where the system says too little.
fn explain(failure: &Failure, dir: &Path) -> String {
    match failure {
        Failure::Io { .. } if dir.is_file() => format!(
            "{}: this is a file: name a folder for the results with --out",
            dir.display()
        ),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_written_all_or_none() {
        let dir = std::env::temp_dir().join(format!("frostline-folder-{}", std::process::id()));
        let Ok(folder) = Folder::claim(dir.clone()) else {
            panic!("no folder");
        };
        let files = |text: &str| [("a.csv", text.into()), ("b.csv", text.into())];
        assert!(folder.write(&files("before")).is_ok());
        fs::create_dir(dir.join("b.csv.unfinished")).unwrap();
        assert!(folder.write(&files("after")).is_err());
        for name in ["a.csv", "b.csv"] {
            assert_eq!(fs::read_to_string(dir.join(name)).unwrap(), "before");
        }
        assert!(!dir.join("a.csv.unfinished").exists());
        let of_before = dir.join("junit.xml");
        fs::write(&of_before, "of a run with assertions").unwrap();
        fs::remove_dir(dir.join("b.csv.unfinished")).unwrap();
        assert!(folder.write(&files("after")).is_ok());
        assert!(!of_before.exists());
        drop(folder);
        fs::remove_dir_all(&dir).unwrap();
    }
}
