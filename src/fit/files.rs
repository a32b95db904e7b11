//! The files of a fit.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::arrivals::Arrivals;
use super::call::End;

/// A folder for files that nobody needs afterwards.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn in_folder(dir: &Path) -> io::Result<Self> {
        let path = dir.join(format!(".frostline-fit-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Writes a request of the trace a row: function, seconds from an instant on, and how long it ran
/// on a warm instance. A cold call's run has its first call in it: its row leaves it out, so
/// that it is drawn. How many rows there are.
///
/// # Errors
/// It cannot be written.
pub(super) fn write_arrivals(
    path: &Path,
    mut arrivals: Arrivals<'_>,
    (function, from): (&str, i64),
    with_service: bool,
) -> io::Result<u64> {
    let mut file = BufWriter::with_capacity(1 << 18, File::create(path)?);
    let header = if with_service {
        "function,arrival_s,service_ms"
    } else {
        "function,arrival_s"
    };
    writeln!(file, "{header}")?;
    let name = field(function);
    let mut count = 0;
    while let Some((arrival, call)) = arrivals.next()? {
        let since = (arrival - from).max(0);
        write!(
            file,
            "{name},{}.{:09}",
            since / 1_000_000_000,
            since % 1_000_000_000
        )?;
        if with_service {
            if call.0.end == End::Timeout {
                // So that it is cut again.
                write!(file, ",{}", call.run_ms() + 1.0)?;
            } else if call.is_cold() {
                write!(file, ",")?;
            } else {
                write!(file, ",{}", call.run_ms())?;
            }
        }
        writeln!(file)?;
        count += 1;
    }
    file.flush()?;
    Ok(count)
}

/// A field of CSV; the reader of traces takes quotes around a field, but none inside.
fn field(name: &str) -> String {
    let plain = name.replace('"', "'");
    if plain.contains(',') {
        format!("\"{plain}\"")
    } else {
        plain
    }
}
