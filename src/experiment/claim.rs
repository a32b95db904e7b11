//! A folder that one run at a time writes to.
//!
//! The claim is a lock that the system gives back when the process ends, however it ends; what the
//! file says only tells others who holds it.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::Failure;

/// Name of the file that is locked; it is gone when the claim ends.
pub const LOCK: &str = ".lock";

/// A folder is this process's as long as this lives.
#[derive(Debug)]
pub struct Claim {
    path: PathBuf,
    file: File,
}

impl Claim {
    /// Claims a folder, which is made if need be.
    ///
    /// # Errors
    /// Another run has claimed it, or it cannot be written to.
    pub fn of(dir: &Path) -> Result<Self, Failure> {
        let at = |path: &Path, error| Failure::Io {
            path: path.to_owned(),
            error,
        };
        fs::create_dir_all(dir).map_err(|error| at(dir, error))?;
        let path = dir.join(LOCK);
        loop {
            let options = File::options()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .clone();
            let mut file = options.open(&path).map_err(|error| at(&path, error))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(Failure::Claimed {
                        path: dir.to_owned(),
                        process: holder(&mut file),
                    });
                }
                // A file system without locks: better no guard than no run.
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
                Err(TryLockError::Error(error)) => return Err(at(&path, error)),
            }
            // The run before may have removed the file after this one opened it.
            if is_at(&file, &path) {
                let id = std::process::id().to_string();
                sign(&mut file, &id).map_err(|error| at(&path, error))?;
                return Ok(Self { path, file });
            }
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // While it is still locked, so that nobody else's is removed. What is left does no harm.
        let _ = fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

/// The process that holds a lock, where it can be read.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn sign(file: &mut File, id: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(id.as_bytes())
}

/// Whether an open file is the one at a path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let number = |meta: fs::Metadata| (meta.dev(), meta.ino());
    let there = fs::metadata(path).map(number).ok();
    there.is_some() && there == file.metadata().map(number).ok()
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_claim_at_a_time() {
        let dir = std::env::temp_dir().join(format!("frostline-claim-{}", std::process::id()));
        let first = Claim::of(&dir).unwrap();
        let second = Claim::of(&dir).map(drop).map_err(|e| e.to_string());
        let wanted = format!(
            "{}: another run (process {}) is writing there: wait until it ends, or choose \
             another place",
            dir.display(),
            std::process::id()
        );
        assert_eq!(second, Err(wanted));
        drop(first);
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 0, "nothing is left");
        drop(Claim::of(&dir).unwrap());
        fs::write(dir.join(LOCK), "a process that was killed").unwrap();
        assert!(Claim::of(&dir).is_ok());
        fs::remove_dir_all(&dir).unwrap();
    }
}
