//! Files as they are, or packed by gzip or zstd; told apart by their first bytes.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::lines::explain;

/// How a file is packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// By gzip, `.gz`.
    Gzip,
    /// By zstd, `.zst`.
    Zstd,
}

impl Packing {
    /// By the ending of a name.
    pub(super) fn of_name(path: &Path) -> Self {
        match path.extension().and_then(OsStr::to_str) {
            Some("gz") => Self::Gzip,
            Some("zst") => Self::Zstd,
            _ => Self::Plain,
        }
    }

    /// By the first bytes: RFC 1952 and RFC 8878 (a frame, or one to be skipped).
    fn of_bytes(bytes: &[u8]) -> Self {
        match bytes {
            [0x1F, 0x8B, ..] => Self::Gzip,
            [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Self::Zstd,
            _ => Self::Plain,
        }
    }
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

/// The bytes of a file, unpacked.
pub(super) enum Unpacked {
    Plain(BufReader<File>),
    Gzip(Box<MultiGzDecoder<BufReader<File>>>),
    Zstd(Box<zstd::Decoder<'static, BufReader<File>>>),
}

impl Unpacked {
    /// Opens a file, or says why it cannot be read.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| explain(&error))?;
        let mut file = BufReader::with_capacity(1 << 16, file);
        let first = file.fill_buf().map_err(|error| explain(&error))?;
        let (named, found) = (Packing::of_name(path), Packing::of_bytes(first));
        let is_pointer = first.starts_with(b"version https://git-lfs");
        if found != named && named != Packing::Plain && !first.is_empty() && !is_pointer {
            return Err(format!("is no {named} archive, though its name says so"));
        }
        Ok(match found {
            Packing::Plain => Self::Plain(file),
            Packing::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(file))),
            Packing::Zstd => {
                let decoder = zstd::Decoder::with_buffer(file);
                Self::Zstd(Box::new(decoder.map_err(|error| explain(&error))?))
            }
        })
    }

    pub(super) fn packing(&self) -> Packing {
        match self {
            Self::Plain(_) => Packing::Plain,
            Self::Gzip(_) => Packing::Gzip,
            Self::Zstd(_) => Packing::Zstd,
        }
    }
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.read(buffer),
            Self::Gzip(file) => file.read(buffer),
            Self::Zstd(file) => file.read(buffer),
        }
    }
}
