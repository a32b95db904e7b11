//! The bytes of a file cut into pieces: lines of text and JSON documents, none of which is held
//! longer than it takes to read it, nor at all where it is too long.

use std::io::{ErrorKind, Read};
use std::ops::Range;

use super::json::{Scanned, Scanner};

/// Longer pieces are passed over, or stepped into: an event of `CloudWatch` has at most 1 MB, a
/// record of a subscription 6 MB.
pub(super) const LONGEST: usize = 8 << 20;

/// So much is read at a time, at least.
const BUFFER: usize = 1 << 18;

/// What comes next in a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Piece {
    /// A line of text, without its end. `broken` tells that it begins like JSON and is none.
    Line {
        range: Range<usize>,
        line: u64,
        broken: bool,
    },
    /// A JSON document, whole.
    Document { range: Range<usize>, line: u64 },
    /// The beginning of a document that is too long to hold: what it encloses comes next, piece by
    /// piece.
    Prefix { range: Range<usize>, line: u64 },
    /// Something was too long and has been passed over.
    TooLong { line: u64 },
    /// A bracket closed that a [`Piece::Prefix`] had opened.
    Closed,
    /// The file ends here.
    End,
    /// It cannot be read any further.
    Damaged { line: u64 },
}

/// A file that is read piece by piece.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Input<'r> {
    source: Box<dyn Read + 'r>,
    buffer: Vec<u8>,
    unread: Range<usize>,
    line: u64,
    ended: bool,
    damaged: bool,
    /// Whether a document on this line has ended, so that what follows is between documents.
    after_document: bool,
    /// Brackets of prefixes that are still open.
    open: u32,
    /// Whether the last byte that was read ends a line.
    ends_line: bool,
    /// Bytes that were read.
    pub(super) bytes: u64,
}

impl<'r> Input<'r> {
    pub(super) fn new(source: impl Read + 'r) -> Self {
        Self {
            source: Box::new(source),
            buffer: vec![0; BUFFER],
            unread: 0..0,
            line: 1,
            ended: false,
            damaged: false,
            after_document: false,
            open: 0,
            ends_line: false,
            bytes: 0,
        }
    }

    /// Lines that were passed so far, with the one that the file ends in.
    pub(super) fn lines(&self) -> u64 {
        self.line - u64::from(self.bytes == 0 || self.ends_line)
    }

    /// The bytes of a piece.
    pub(super) fn bytes_of(&self, range: &Range<usize>) -> &[u8] {
        &self.buffer[range.clone()]
    }

    /// The first bytes of the file, without taking them: at least a line, if it is not too long.
    pub(super) fn peek_line(&mut self) -> &[u8] {
        let end = self.find_line_end().unwrap_or(self.unread.end);
        &self.buffer[self.unread.start..end]
    }

    /// What comes next.
    pub(super) fn next(&mut self) -> Piece {
        loop {
            if self.unread.is_empty() && !self.fill() {
                if std::mem::take(&mut self.damaged) {
                    return Piece::Damaged { line: self.line };
                }
                return Piece::End;
            }
            match self.buffer[self.unread.start] {
                b'\n' => {
                    self.unread.start += 1;
                    self.line += 1;
                    self.after_document = false;
                }
                b'\r' => self.unread.start += 1,
                b' ' | b',' | b'\t' | b'\0' if self.after_document => self.unread.start += 1,
                b']' | b'}' if self.after_document || self.open > 0 => {
                    self.unread.start += 1;
                    if self.open > 0 {
                        self.open -= 1;
                        return Piece::Closed;
                    }
                }
                _ => return self.piece(),
            }
        }
    }

    fn piece(&mut self) -> Piece {
        if self.begins_document() {
            return self.document();
        }
        self.text_line(false)
    }

    /// Whether a document seems to begin here, perhaps behind spaces.
    fn begins_document(&mut self) -> bool {
        let mut at = 0;
        let mut bracket = None;
        loop {
            while self.unread.start + at >= self.unread.end {
                if at > 4096 || !self.fill() {
                    return bracket == Some(b'{');
                }
            }
            let byte = self.buffer[self.unread.start + at];
            match (bracket, byte) {
                (_, b' ' | b'\t') | (None, b'\0') | (Some(_), b'\r') => {}
                (None, b'{') => return true,
                (None, b'[') => bracket = Some(b'['),
                (None, _) => return false,
                // `[ERROR]` and the like are no lists.
                (Some(_), other) => return matches!(other, b'{' | b'[' | b'"' | b'\n'),
            }
            at += 1;
            if at > LONGEST {
                return false;
            }
        }
    }

    fn document(&mut self) -> Piece {
        // Spaces before it belong to no document.
        while matches!(self.buffer[self.unread.start], b' ' | b'\t' | b'\0') {
            self.unread.start += 1;
        }
        let line = self.line;
        let mut scanner = Scanner::default();
        loop {
            match scanner.scan(&self.buffer[self.unread.clone()]) {
                Scanned::Complete(end) => {
                    let range = self.unread.start..self.unread.start + end;
                    self.take(&range);
                    self.after_document = true;
                    return Piece::Document { range, line };
                }
                Scanned::More if self.unread.len() >= LONGEST => return self.step_into(line),
                Scanned::More if self.fill() => {}
                Scanned::More | Scanned::Broken => return self.text_line(true),
            }
        }
    }

    /// Passes over the beginning of a long document, up to and with the first list in it.
    fn step_into(&mut self, line: u64) -> Piece {
        // What lies further behind is no envelope of events.
        const WITHIN: usize = 1 << 16;
        let bytes = &self.buffer[self.unread.clone()];
        let head = &bytes[..bytes.len().min(WITHIN)];
        let Some(at) = memchr::memchr(b'[', head).filter(|at| *at == 0 || head[0] == b'{') else {
            return self.pass_line(line);
        };
        // Names of streams hold brackets too.
        let at = list_begins(head).unwrap_or(at);
        let range = self.unread.start..self.unread.start + at + 1;
        self.open += 1 + u32::from(head[0] == b'{');
        self.take(&range);
        self.after_document = true;
        Piece::Prefix { range, line }
    }

    fn take(&mut self, range: &Range<usize>) {
        let ends = memchr::memchr_iter(b'\n', &self.buffer[range.clone()]).count();
        self.line += ends as u64;
        self.unread.start = range.end;
    }

    fn text_line(&mut self, broken: bool) -> Piece {
        let line = self.line;
        match self.find_line_end() {
            Some(end) => {
                let range = self.unread.start..end;
                let ended = end < self.unread.end;
                self.unread.start = end + usize::from(ended);
                self.line += u64::from(ended);
                self.after_document = false;
                let returned = self.buffer[range.clone()].ends_with(b"\r");
                let range = range.start..range.end - usize::from(returned);
                Piece::Line {
                    range,
                    line,
                    broken,
                }
            }
            None => self.pass_line(line),
        }
    }

    /// The end of the line that begins here, or of the file; `None` where it is too long.
    fn find_line_end(&mut self) -> Option<usize> {
        let mut looked_at = 0;
        loop {
            let rest = &self.buffer[self.unread.start + looked_at..self.unread.end];
            if let Some(at) = memchr::memchr(b'\n', rest) {
                return Some(self.unread.start + looked_at + at);
            }
            looked_at = self.unread.len();
            if looked_at > LONGEST {
                return None;
            }
            if !self.fill() {
                return Some(self.unread.end);
            }
        }
    }

    /// Passes over the rest of a line without holding it.
    fn pass_line(&mut self, line: u64) -> Piece {
        loop {
            let rest = &self.buffer[self.unread.clone()];
            if let Some(at) = memchr::memchr(b'\n', rest) {
                self.unread.start += at + 1;
                self.line += 1;
                self.after_document = false;
                return Piece::TooLong { line };
            }
            self.unread.start = self.unread.end;
            if !self.fill() {
                return Piece::TooLong { line };
            }
        }
    }

    /// Reads more behind what is unread; false at the end.
    fn fill(&mut self) -> bool {
        if self.ended {
            return false;
        }
        if self.unread.start > 0 && self.unread.end == self.buffer.len() {
            self.buffer.copy_within(self.unread.clone(), 0);
            self.unread = 0..self.unread.len();
        }
        if self.unread.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        loop {
            match self.source.read(&mut self.buffer[self.unread.end..]) {
                Ok(0) => {
                    self.ended = true;
                    return false;
                }
                Ok(read) => {
                    self.unread.end += read;
                    self.ends_line = self.buffer[self.unread.end - 1] == b'\n';
                    self.bytes += read as u64;
                    return true;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    self.ended = true;
                    self.damaged = true;
                    return false;
                }
            }
        }
    }

    /// Takes a row of a table that begins here: up to an end of line outside of quotes. `None` at
    /// the end of the file.
    pub(super) fn row(&mut self) -> Option<Result<(Range<usize>, u64), u64>> {
        while !self.unread.is_empty() || self.fill() {
            if !matches!(self.buffer[self.unread.start], b'\n' | b'\r') {
                break;
            }
            self.line += u64::from(self.buffer[self.unread.start] == b'\n');
            self.unread.start += 1;
        }
        if self.unread.is_empty() {
            return None;
        }
        let line = self.line;
        let (mut at, mut quoted) = (0, false);
        loop {
            let rest = &self.buffer[self.unread.start + at..self.unread.end];
            if let Some(found) = memchr::memchr2(b'"', b'\n', rest) {
                at += found + 1;
                if rest[found] == b'"' {
                    quoted = !quoted;
                } else if !quoted {
                    break;
                }
                continue;
            }
            at = self.unread.len();
            if at <= LONGEST && self.fill() {
                continue;
            }
            if quoted || at > LONGEST {
                // Quotes that never end must not swallow the file.
                self.pass_line(line);
                return Some(Err(line));
            }
            break;
        }
        let range = self.unread.start..self.unread.start + at;
        self.take(&range);
        let mut end = range.end;
        while end > range.start && matches!(self.buffer[end - 1], b'\n' | b'\r') {
            end -= 1;
        }
        Some(Ok((range.start..end, line)))
    }

    /// Whether reading ended before the file did.
    pub(super) fn is_damaged(&self) -> bool {
        self.damaged
    }
}

/// Where the first list of an envelope begins: a bracket outside of texts.
fn list_begins(head: &[u8]) -> Option<usize> {
    let (mut in_text, mut escaped) = (false, false);
    for (at, byte) in head.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' if !in_text => return Some(at),
            _ => {}
        }
    }
    None
}

impl std::fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input")
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}
