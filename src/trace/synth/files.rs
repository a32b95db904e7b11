//! Files of a folder that are whole or not there.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;

use super::super::Packing;
use super::super::azure_2019::folder::{DURATIONS, MEMORY, REQUESTS, day_of};
use super::SynthError;

/// What a file that is being written ends in.
const PARTIAL: &str = ".partial";

/// Makes the folder, and sees that it is empty. With `force`, tables of the release that are in it
/// are removed first (they would be read as days of the new trace), and nothing else.
pub(super) fn prepare(dir: &Path, force: bool) -> Result<(), SynthError> {
    fs::create_dir_all(dir).map_err(|error| SynthError::io(dir, error))?;
    let mut others = 0_usize;
    let entries = fs::read_dir(dir).map_err(|error| SynthError::io(dir, error))?;
    let mut tables = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| SynthError::io(dir, error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let name = name.strip_suffix(PARTIAL).unwrap_or(&name);
        let of = |table| day_of(name, table).is_some();
        if of(REQUESTS) || of(DURATIONS) || of(MEMORY) {
            tables.push(entry.path());
        } else {
            others += 1;
        }
    }
    if force {
        for table in tables {
            fs::remove_file(&table).map_err(|error| SynthError::io(&table, error))?;
        }
    } else if tables.len() + others > 0 {
        return Err(SynthError::NotEmpty(dir.to_owned()));
    }
    Ok(())
}

/// A table as it is written; it has its name only from [`Self::finish`] on.
pub(super) struct TableFile {
    path: PathBuf,
    partial: PathBuf,
    writer: BufWriter<File>,
    bytes: u64,
    whole: bool,
}

impl TableFile {
    /// A table of a day (from 0).
    pub(super) fn create(
        dir: &Path,
        table: &str,
        day: u32,
        packing: Packing,
    ) -> Result<Self, SynthError> {
        let path = dir.join(format!("{table}{:02}.csv{}", day + 1, packing.ending()));
        let mut partial = path.clone().into_os_string();
        partial.push(PARTIAL);
        let partial = PathBuf::from(partial);
        let file = File::create(&partial).map_err(|error| SynthError::io(&partial, error))?;
        Ok(Self {
            path,
            partial,
            writer: BufWriter::with_capacity(1 << 18, file),
            bytes: 0,
            whole: false,
        })
    }

    /// Adds bytes that have been packed.
    pub(super) fn add(&mut self, packed: &[u8]) -> Result<(), SynthError> {
        self.bytes += packed.len() as u64;
        let written = self.writer.write_all(packed);
        written.map_err(|error| SynthError::io(&self.path, error))
    }

    /// Gives the file its name, and says how many bytes it has.
    pub(super) fn finish(mut self) -> Result<u64, SynthError> {
        let synced = self.writer.flush();
        let renamed = synced.and_then(|()| fs::rename(&self.partial, &self.path));
        renamed.map_err(|error| SynthError::io(&self.path, error))?;
        self.whole = true;
        Ok(self.bytes)
    }
}

impl Drop for TableFile {
    fn drop(&mut self) {
        if !self.whole {
            // Nothing more can be done where this fails; the name says that it is a part.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

impl Packing {
    fn ending(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }

    /// Packs a part of a file by itself. Parts one after the other are one archive (RFC 1952,
    /// section 2.2; RFC 8878, section 3.1), so they can be packed side by side.
    pub(super) fn pack(self, text: Vec<u8>) -> io::Result<Vec<u8>> {
        match self {
            Self::Plain => Ok(text),
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(&text)?;
                encoder.finish()
            }
            Self::Zstd => {
                let mut encoder = zstd::Encoder::new(Vec::new(), zstd::DEFAULT_COMPRESSION_LEVEL)?;
                encoder.include_checksum(true)?;
                encoder.write_all(&text)?;
                encoder.finish()
            }
        }
    }
}
