//! Which files of a folder are the tables.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::fault::{Faults, TraceFault, Warnings};
use super::super::lines::explain;

/// The files of each table, by day.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) requests: Vec<PathBuf>,
    pub(super) durations: Vec<PathBuf>,
    pub(super) memory: Vec<PathBuf>,
}

/// How the files of a table are called in the release, up to the number of the day.
pub(in crate::trace) const REQUESTS: &str = "invocations_per_function_md.anon.d";
pub(in crate::trace) const DURATIONS: &str = "function_durations_percentiles.anon.d";
pub(in crate::trace) const MEMORY: &str = "app_memory_percentiles.anon.d";

/// What may stand behind the day: the file as it is, or packed.
pub(in crate::trace) const ENDINGS: [&str; 3] = [".csv", ".csv.gz", ".csv.zst"];

impl Tables {
    /// What is wrong with the folder goes to the faults; then there may be no tables.
    pub(super) fn find(dir: &Path, faults: &mut Faults, warnings: &mut Warnings) -> Self {
        let names = match list(dir) {
            Ok(names) => names,
            Err(fault) => {
                faults.add(fault);
                return Self::default();
            }
        };
        let requests = days(dir, &names, REQUESTS, "invocations", faults);
        if requests.is_empty() {
            let message = "holds neither `invocations_per_function_md.anon.d01.csv` \
                           nor `invocations.csv`, plain or packed (.gz, .zst)";
            faults.add(TraceFault::of_file(dir, message.to_owned()));
        }
        for pair in requests.windows(2) {
            if pair[1].0 > pair[0].0 + 1 {
                let message = "the day before is missing: this one follows the one before that";
                warnings.add(TraceFault::of_file(&pair[1].1, message.to_owned()));
            }
        }
        let files = |days: Vec<(u32, PathBuf)>| days.into_iter().map(|(_, file)| file).collect();
        Self {
            requests: files(requests),
            durations: files(days(dir, &names, DURATIONS, "durations", faults)),
            memory: files(days(dir, &names, MEMORY, "memory", faults)),
        }
    }
}

/// The files of a table in order of the days; the one of an excerpt where there is no other.
fn days(
    dir: &Path,
    names: &[String],
    published: &str,
    excerpt: &str,
    faults: &mut Faults,
) -> Vec<(u32, PathBuf)> {
    let mut days = numbered(dir, names, |name| day_of(name, published));
    if days.is_empty() {
        let is_excerpt = |name: &str| ENDINGS.contains(&name.strip_prefix(excerpt)?).then_some(1);
        days = numbered(dir, names, is_excerpt);
    }
    days.dedup_by(|second, first| {
        let twice = second.0 == first.0;
        if twice {
            let name = first.1.file_name().unwrap_or_default().to_string_lossy();
            let message = format!("is the same table as `{name}`: remove one of them");
            faults.add(TraceFault::of_file(&second.1, message));
        }
        twice
    });
    days
}

fn numbered(
    dir: &Path,
    names: &[String],
    number: impl Fn(&str) -> Option<u32>,
) -> Vec<(u32, PathBuf)> {
    let of = |name: &String| Some((number(name)?, dir.join(name)));
    let mut numbered: Vec<_> = names.iter().filter_map(of).collect();
    numbered.sort();
    numbered
}

/// The day that a file of the release is of.
pub(in crate::trace) fn day_of(name: &str, published: &str) -> Option<u32> {
    let rest = name.strip_prefix(published)?;
    let digits = rest.find('.')?;
    let known = ENDINGS.contains(&&rest[digits..]);
    rest[..digits].parse().ok().filter(|_| known)
}

/// The names in a folder, in order.
fn list(dir: &Path) -> Result<Vec<String>, TraceFault> {
    let fault = |error: &std::io::Error| {
        let message = match error.kind() {
            std::io::ErrorKind::NotFound => "no such folder".to_owned(),
            std::io::ErrorKind::NotADirectory => {
                "is not a folder: give the one that holds the tables".to_owned()
            }
            _ => explain(error),
        };
        TraceFault::of_file(dir, message)
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(|error| fault(&error))? {
        let entry = entry.map_err(|error| fault(&error))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
