//! Which files a log is made of, and their bytes unpacked.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::utf16::FromUtf16;

/// A file of a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogFile {
    /// Where it is; `-` is the standard input.
    pub path: PathBuf,
    /// The log stream that the folder of an export to S3 names.
    pub stream: Option<String>,
}

impl LogFile {
    fn of(path: PathBuf) -> Self {
        let folder = path.parent().and_then(Path::file_name);
        let stream = folder.map(|name| name.to_string_lossy().into_owned());
        Self {
            stream: stream.filter(|name| is_export_of_stream(name)),
            path,
        }
    }

    /// Its bytes, unpacked if it begins as gzip or zstd does.
    ///
    /// # Errors
    /// It cannot be opened or read.
    pub fn open(&self) -> io::Result<Box<dyn Read>> {
        if self.path == Path::new("-") {
            return unpacked(io::stdin());
        }
        unpacked(File::open(&self.path)?)
    }
}

/// Unpacks what begins as an archive; RFC 1952 and RFC 8878.
pub(super) fn unpacked(source: impl Read + 'static) -> io::Result<Box<dyn Read>> {
    let mut source = BufReader::with_capacity(1 << 16, source);
    let unpacked: Box<dyn Read> = match source.fill_buf()? {
        [0x1F, 0x8B, ..] => Box::new(MultiGzDecoder::new(source)),
        [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => {
            Box::new(zstd::Decoder::with_buffer(source)?)
        }
        _ => return as_utf8(source),
    };
    let mut unpacked = BufReader::with_capacity(1 << 16, unpacked);
    // Damage is told where the archive is read.
    if unpacked.fill_buf().is_err() {
        return Ok(Box::new(unpacked));
    }
    as_utf8(unpacked)
}

/// Text as it is, or out of UTF-16, which a mark at its beginning tells.
fn as_utf8(mut source: impl BufRead + 'static) -> io::Result<Box<dyn Read>> {
    let big_endian = match source.fill_buf()? {
        [0xFF, 0xFE, ..] => false,
        [0xFE, 0xFF, ..] => true,
        _ => return Ok(Box::new(source)),
    };
    source.consume(2);
    Ok(Box::new(FromUtf16::new(source, big_endian)))
}

/// `2020-06-04-[$LATEST]af2b…`: an export to S3 has a folder for each stream, with its slashes
/// replaced.
fn is_export_of_stream(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.len() > 12 && bytes[4] == b'-' && bytes[7] == b'-' && bytes[10..12] == *b"-["
}

/// The files that are meant: folders with all that is in them, in the order of their names.
///
/// # Errors
/// What does not exist or cannot be listed, with why.
pub fn log_files(paths: &[PathBuf]) -> Result<Vec<LogFile>, Vec<(PathBuf, String)>> {
    let mut files = Vec::new();
    let mut wrong = Vec::new();
    for path in paths {
        if path == Path::new("-") {
            files.push(LogFile::of(path.clone()));
        } else if let Err(error) = gather(path, &mut files) {
            wrong.push((path.clone(), error.to_string()));
        }
    }
    // The same file twice is read once.
    let mut seen = std::collections::BTreeSet::new();
    files.retain(|file| {
        let real = file.path.canonicalize();
        seen.insert(real.unwrap_or_else(|_| file.path.clone()))
    });
    if wrong.is_empty() {
        Ok(files)
    } else {
        Err(wrong)
    }
}

fn gather(path: &Path, files: &mut Vec<LogFile>) -> io::Result<()> {
    if !path.metadata()?.is_dir() {
        files.push(LogFile::of(path.to_owned()));
        return Ok(());
    }
    let mut entries: Vec<PathBuf> = path
        .read_dir()?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    entries.sort();
    for entry in entries {
        let hidden = entry
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        // Left by an export to show that it may write.
        let test = entry
            .file_name()
            .is_some_and(|name| name == "aws-logs-write-test");
        // A link may lead back to where it stands.
        let is_folder_link = entry.is_symlink() && entry.is_dir();
        if !hidden && !test && !is_folder_link {
            gather(&entry, files)?;
        }
    }
    Ok(())
}
