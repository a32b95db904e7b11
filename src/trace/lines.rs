//! The lines of a file, packed or not, read as bytes and without copying them.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::TraceFault;
use super::text::Header;
use super::unpack::{Packing, Unpacked};

/// Longer lines are no CSV; the longest of the published ones has about 10 kB.
const LONGEST_LINE: usize = 1 << 22;

/// So much is read at a time, at least.
const BUFFER: usize = 1 << 18;

/// The lines of a file, without their ends.
pub(super) struct Lines {
    path: PathBuf,
    file: Unpacked,
    /// What has been read and not been passed lies in `unread`.
    buffer: Vec<u8>,
    unread: Range<usize>,
    line: Range<usize>,
    row: u64,
    /// After the end, or after a fault that nothing readable follows.
    ended: bool,
    /// That the archive is damaged. What was unpacked before is doubtful too, for its sum was not
    /// reached.
    damage: Option<TraceFault>,
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, row, .. } = self;
        f.debug_struct("Lines")
            .field("path", path)
            .field("row", row)
            .finish_non_exhaustive()
    }
}

impl Lines {
    pub(super) fn open(path: &Path) -> Result<Self, TraceFault> {
        let fault = |message: String| TraceFault::of_file(path, message);
        // Opening a folder succeeds on some systems, and reading it then fails with less to say.
        if path.is_dir() {
            return Err(fault("is a folder, not a file".to_owned()));
        }
        // Opening a pipe waits for somebody to write into it, and reading it takes the lines away.
        if std::fs::metadata(path).is_ok_and(|about| !about.is_file()) {
            let message = "is a pipe or a device, and recorded requests are read several times: \
                           write them to a file first";
            return Err(fault(message.to_owned()));
        }
        let file = Unpacked::open(path).map_err(fault)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            buffer: vec![0; BUFFER],
            unread: 0..0,
            line: 0..0,
            row: 0,
            ended: false,
            damage: None,
        })
    }

    /// The names of the columns.
    pub(super) fn header(&mut self) -> Result<Header, TraceFault> {
        if !self.next()? {
            return Err(TraceFault::of_file(&self.path, "is empty".to_owned()));
        }
        let line = self.line();
        let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        if line.starts_with(b"version https://git-lfs") {
            let message =
                "is a Git LFS pointer, not the trace itself: fetch it with `git lfs pull`";
            return Err(self.fault(message.to_owned()));
        }
        let text = std::str::from_utf8(line).map_err(|_| self.fault(NOT_UTF8.to_owned()))?;
        let others = [(';', "semicolons"), ('\t', "tabs")];
        for (_, name) in others.into_iter().filter(|(cut, _)| text.contains(*cut)) {
            if !text.contains(',') {
                let message = format!("cuts its columns by {name}: save it with commas");
                return Err(self.fault(message));
            }
        }
        let names: Vec<String> = text
            .split(',')
            .map(|name| name.trim().trim_matches('"').to_owned())
            .collect();
        let mut seen = BTreeSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(self.fault(format!("has two columns `{twice}`: rename one of them")));
        }
        Ok(Header {
            path: self.path.clone(),
            names,
        })
    }

    /// Goes on to the next line that is not empty; false after the last.
    pub(super) fn next(&mut self) -> Result<bool, TraceFault> {
        while !self.ended {
            self.row += 1;
            match self.take() {
                Ok(true) if self.line.is_empty() => {}
                Ok(true) => return Ok(true),
                Ok(false) => self.ended = true,
                Err(message) => {
                    self.ended = true;
                    self.line = 0..0;
                    let fault = self.fault(message);
                    if self.file.packing() != Packing::Plain {
                        self.damage = Some(fault.clone());
                    }
                    return Err(fault);
                }
            }
        }
        self.line = 0..0;
        Ok(false)
    }

    /// Takes a line out of the buffer, empty or not; false at the end of the file.
    fn take(&mut self) -> Result<bool, String> {
        // Bytes of `unread` that are known to hold no end of a line.
        let mut looked_at = 0;
        loop {
            let rest = &self.buffer[self.unread.clone()][looked_at..];
            if let Some(at) = memchr::memchr(b'\n', rest) {
                let start = self.unread.start;
                let end = start + looked_at + at;
                self.unread.start = end + 1;
                let returned = end > start && self.buffer[end - 1] == b'\r';
                self.line = start..end - usize::from(returned);
                return Ok(true);
            }
            looked_at = self.unread.len();
            if looked_at >= LONGEST_LINE {
                return Err("has a line of more than 4 MB: not a CSV file".to_owned());
            }
            let read = self.fill();
            let read = read.map_err(|error| explain_packed(&error, self.file.packing()))?;
            if read == 0 {
                self.line = self.unread.clone();
                self.unread.start = self.unread.end;
                return Ok(!self.line.is_empty());
            }
        }
    }

    /// Reads more behind what is unread, which moves to the front if there is no room.
    fn fill(&mut self) -> io::Result<usize> {
        if self.unread.end == self.buffer.len() {
            if self.unread.start > 0 {
                self.buffer.copy_within(self.unread.clone(), 0);
                self.unread = 0..self.unread.len();
            } else {
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
        }
        loop {
            match self.file.read(&mut self.buffer[self.unread.end..]) {
                Ok(read) => {
                    self.unread.end += read;
                    return Ok(read);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// That the archive is damaged, which explains whatever else was found in it.
    pub(super) fn damage(&self) -> Option<&TraceFault> {
        self.damage.as_ref()
    }

    /// Whether the line is text, for a file that is seen for the first time.
    pub(super) fn check_utf8(&self) -> Result<(), TraceFault> {
        self.check_utf8_of(self.line())
    }

    /// Whether a part of the line is text.
    pub(super) fn check_utf8_of(&self, part: &[u8]) -> Result<(), TraceFault> {
        match std::str::from_utf8(part) {
            Ok(_) => Ok(()),
            Err(_) => Err(self.fault(NOT_UTF8.to_owned())),
        }
    }

    /// The current line.
    pub(super) fn line(&self) -> &[u8] {
        &self.buffer[self.line.clone()]
    }

    /// The number of the current line, from 1.
    pub(super) fn row(&self) -> u64 {
        self.row
    }

    /// A fault of the current line.
    pub(super) fn fault(&self, message: String) -> TraceFault {
        TraceFault {
            file: self.path.clone(),
            row: Some(self.row),
            message,
        }
    }

    /// A fault of the current line: it has fewer or more columns than the header.
    pub(super) fn cut(&self, have: usize, want: usize) -> TraceFault {
        let message = format!("has {have} of {want} columns: the row is cut or damaged");
        self.fault(message)
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

const NOT_UTF8: &str = "is not UTF-8 text: convert it, or unpack it if it is an archive";

/// Why a file cannot be read, in words without the system's error number.
pub(super) fn explain(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "no such file".to_owned(),
        ErrorKind::PermissionDenied => "may not be read: permission denied".to_owned(),
        ErrorKind::IsADirectory => "is a folder, not a file".to_owned(),
        kind => format!("cannot be read: {kind}"),
    }
}

fn explain_packed(error: &io::Error, packing: Packing) -> String {
    match (packing, error.kind()) {
        (Packing::Gzip | Packing::Zstd, ErrorKind::UnexpectedEof) => {
            format!("is cut off: the {packing} archive ends in the middle; fetch it again")
        }
        (
            Packing::Gzip | Packing::Zstd,
            ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::Other,
        ) => format!("is damaged: the {packing} archive cannot be unpacked from here on"),
        _ => explain(error),
    }
}
