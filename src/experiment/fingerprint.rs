//! A key that is the same for the same experiment and build.

use std::collections::BTreeSet;
use std::fmt::{self, Write};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::model::{Experiment, Process, Scenario, Source};

/// Tells experiments apart by everything that they are made of, the contents of their traces
/// included, and builds by `build`. Each file is read once, however many scenarios it is in.
pub fn fingerprint(experiment: &Experiment, build: &str) -> String {
    let mut hash = Fnv::new();
    // Writing to a hash cannot fail.
    let _ = write!(hash, "{build}\n{experiment:?}");
    for file in files(experiment) {
        // A file that cannot be read ends the run, too.
        if let Err(error) = hash.add_file(&file) {
            let _ = write!(hash, "{error}");
        }
    }
    format!("{:016x}", hash.0)
}

/// Tells scenarios under one experiment apart by everything that they and it are made of, besides
/// what its files hold: that is part of [`fingerprint`]. `experiment` stands for all that
/// scenarios share, so the scenarios in it count as well.
pub fn scenario_key(experiment: &Experiment, scenario: &Scenario) -> u64 {
    let mut hash = Fnv::new();
    // Writing to a hash cannot fail.
    let _ = write!(hash, "{experiment:?}\n{scenario:?}");
    hash.0
}

/// The files that each cell reads anew, with what they held when the run began.
pub struct Reread(Vec<(PathBuf, Option<u64>)>);

impl Reread {
    /// Those of an experiment, as they are now.
    pub fn of(experiment: &Experiment) -> Self {
        let sources = experiment
            .scenarios
            .iter()
            .flat_map(|scenario| scenario.plan.sources.iter());
        let mut files = BTreeSet::new();
        for source in sources {
            match source {
                Source::Trace { trace, .. } if trace.minutes().is_none() => {
                    files.extend(trace.files());
                }
                Source::Process {
                    process: Process::Replay { file },
                    ..
                } => {
                    files.insert(file.clone());
                }
                _ => {}
            }
        }
        let files = files.into_iter();
        Self(
            files
                .map(|file| {
                    let held = contents(&file);
                    (file, held)
                })
                .collect(),
        )
    }

    /// A file that holds something else by now, or is gone.
    pub fn changed(&self) -> Option<&Path> {
        let mut files = self.0.iter();
        let changed = files.find(|(file, held)| contents(file) != *held);
        changed.map(|(file, _)| file.as_path())
    }
}

/// A hash of a file; `None` where it cannot be read.
fn contents(file: &Path) -> Option<u64> {
    let mut hash = Fnv::new();
    hash.add_file(file).ok()?;
    Some(hash.0)
}

/// Every file that requests are read from.
fn files(experiment: &Experiment) -> BTreeSet<PathBuf> {
    let sources = experiment
        .scenarios
        .iter()
        .flat_map(|s| s.plan.sources.iter());
    let mut files = BTreeSet::new();
    let mut last = None;
    for source in sources {
        match source {
            Source::Trace { trace, .. } if last == Some(trace.path()) => {}
            Source::Trace { trace, .. } => {
                last = Some(trace.path());
                files.extend(trace.files());
            }
            Source::Process {
                process: Process::Replay { file },
                ..
            } => {
                files.insert(file.clone());
            }
            Source::Process { .. } | Source::Workflow(_) => {}
        }
    }
    files
}

/// FNV-1a (Fowler, Noll and Vo): a hash of text as it comes, without keeping it.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01B3);
        }
    }

    fn add_file(&mut self, path: &Path) -> io::Result<()> {
        self.add(path.as_os_str().as_encoded_bytes());
        let mut file = File::open(path)?;
        let mut bytes = [0; 1 << 14];
        loop {
            match file.read(&mut bytes)? {
                0 => return Ok(()),
                read => self.add(&bytes[..read]),
            }
        }
    }
}

impl Write for Fnv {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.add(text.as_bytes());
        Ok(())
    }
}
