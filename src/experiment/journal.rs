//! Finished cells on disk, from which an interrupted experiment goes on.
//!
//! One JSON line a cell, written as soon as the cell is done, after a first line that says which
//! experiment and which build the cells belong to. A line that was cut short is left out; cells of
//! another experiment or build are never used. A run names its cells by their place in the
//! experiment. A plan makes its scenarios as it goes, so it names them by what they are.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Failure;
use super::cell::{CellId, CellResult};

/// A cell by what its scenario is, whatever its place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct ScenarioCell {
    /// Hash of the scenario; see [`super::scenario_key`].
    pub scenario: u64,
    /// Replication, from 0.
    pub replication: u32,
}

/// The journal of one experiment, by what its cells are named by.
#[derive(Debug)]
pub struct Journal<K = CellId> {
    path: PathBuf,
    file: Mutex<File>,
    /// Cells that were done before.
    done: usize,
    /// Those of them that have not been taken yet.
    kept: Mutex<BTreeMap<K, CellResult>>,
}

/// A line; written from a borrowed result, read into one of its own.
#[derive(Serialize, Deserialize)]
struct Line<K, R> {
    cell: K,
    result: R,
}

impl<K: Copy + Ord + Serialize + DeserializeOwned> Journal<K> {
    /// Opens the journal at `path` for the experiment with this key; cells under another key are
    /// dropped.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn open(path: &Path, key: &str) -> Result<Self, Failure> {
        let io = |error| Failure::Io {
            path: path.to_owned(),
            error,
        };
        let kept = read(path, key);
        // What is kept stays under its name until all of it is written anew.
        let unfinished = path.with_extension("unfinished");
        let mut file = File::create(&unfinished).map_err(io)?;
        writeln!(file, "{}", serde_json::json!({ "experiment": key })).map_err(io)?;
        for (cell, result) in &kept {
            write(&mut file, *cell, result).map_err(io)?;
        }
        drop(file);
        fs::rename(&unfinished, path).map_err(io)?;
        let file = File::options().append(true).open(path).map_err(io)?;
        Ok(Self {
            path: path.to_owned(),
            file: Mutex::new(file),
            done: kept.len(),
            kept: Mutex::new(kept),
        })
    }

    /// Cells that were done before.
    pub fn len(&self) -> usize {
        self.done
    }

    /// Whether no cell was done before.
    pub fn is_empty(&self) -> bool {
        self.done == 0
    }

    /// Removes the journal: the experiment is done.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn remove(self) -> Result<(), Failure> {
        fs::remove_file(&self.path).map_err(|error| Failure::Io {
            path: self.path,
            error,
        })
    }

    /// Hands over a cell that was done before; there is no second time.
    pub fn take(&self, cell: K) -> Option<CellResult> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(&cell)
    }

    /// Writes a finished cell down.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn keep(&self, cell: K, result: &CellResult) -> Result<(), Failure> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        write(&mut file, cell, result).map_err(|error| Failure::Io {
            path: self.path.clone(),
            error,
        })
    }
}

/// Writes a line in one piece.
fn write<K: Serialize>(file: &mut File, cell: K, result: &CellResult) -> io::Result<()> {
    let mut text = serde_json::to_string(&Line { cell, result })?;
    text.push('\n');
    file.write_all(text.as_bytes())?;
    file.flush()
}

/// The cells of a journal with this key; none where there is no such journal.
fn read<K: Ord + DeserializeOwned>(path: &Path, key: &str) -> BTreeMap<K, CellResult> {
    let mut kept = BTreeMap::new();
    let Ok(file) = File::open(path) else {
        return kept;
    };
    let mut lines = BufReader::new(file).lines().map_while(Result::ok);
    let head: Option<serde_json::Value> = lines
        .next()
        .and_then(|line| serde_json::from_str(&line).ok());
    if head.is_none_or(|head| head["experiment"] != key) {
        return kept;
    }
    for line in lines {
        if let Ok(Line { cell, result }) = serde_json::from_str(&line) {
            kept.insert(cell, result);
        }
    }
    kept
}
