//! Which files a run writes: never one that it reads, never one twice.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::folder;
use crate::cli::{Failed, Loaded};

/// What a run writes, and for what.
type Target = (PathBuf, &'static str);

/// Refuses folders that two experiments would write to.
pub(super) fn apart(files: &[PathBuf], dirs: &[PathBuf]) -> Result<(), Failed> {
    let mut taken: BTreeMap<PathBuf, &Path> = BTreeMap::new();
    for (file, dir) in files.iter().zip(dirs) {
        if let Some(other) = taken.insert(real(dir), file) {
            return Err(Failed::BadInput(format!(
                "error: `{}` and `{}` would both write to {}: rename one of them, or run them one \
                 at a time with --out",
                other.display(),
                file.display(),
                dir.display()
            )));
        }
    }
    Ok(())
}

/// Refuses to write rows or results over a file that is read, or rows over results.
pub(super) fn check(loaded: &Loaded, dir: &Path, rows: Option<&Path>) -> Result<(), Failed> {
    let (experiment, diagnostics) = loaded;
    let results: Vec<Target> = folder::files(dir).map(|path| (path, "--out")).collect();
    let mut targets = results.clone();
    if let Some(rows) = rows {
        let rows_at = real(rows);
        if results.iter().any(|(path, _)| real(path) == rows_at) {
            return Err(Failed::BadInput(format!(
                "error: --requests {0}: the results are written to this file: name another",
                rows.display()
            )));
        }
        targets.push((rows.to_owned(), "--requests"));
    }
    let recorded = experiment.recordings();
    let read: Vec<PathBuf> = diagnostics.files().chain(recorded).map(real).collect();
    for (target, option) in targets {
        let at = real(&target);
        let in_folder = at.parent();
        // What is read may be a folder, of which every file belongs to it.
        if read
            .iter()
            .any(|read| at == *read || in_folder == Some(read))
        {
            return Err(Failed::BadInput(format!(
                "error: {option}: `{}` would be written, but the experiment reads it: choose \
                 another place",
                target.display()
            )));
        }
    }
    Ok(())
}

/// A path as the system sees it, as far as it exists.
fn real(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if parent == Path::new("") => real(Path::new(".")).join(name),
        (Some(parent), Some(name)) => real(parent).join(name),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_the_same_however_it_is_typed() {
        let here = std::env::current_dir().unwrap().canonicalize().unwrap();
        for typed in ["new/rows.csv", "./new/rows.csv", "src/../new/rows.csv"] {
            assert_eq!(real(Path::new(typed)), here.join("new/rows.csv"), "{typed}");
        }
        assert_eq!(real(Path::new("rows.csv")), here.join("rows.csv"));
        assert_eq!(real(Path::new("Cargo.toml")), here.join("Cargo.toml"));
    }
}
