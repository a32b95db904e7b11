//! A file from its first byte to its last: each piece goes to who can read it.

use std::io::Read;

use super::document;
use super::input::{Input, Piece};
use super::insights;
use super::message;
use super::record::{Kind, Place, Record, Sink, Unread};
use super::times::{begins_with_time, parse_time};

/// What was read, in numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// Files.
    pub files: u64,
    /// Lines of text, of JSON as of all else; the last one need not end.
    pub lines: u64,
    /// JSON documents: each is a piece, on however many lines.
    pub documents: u64,
    /// Bytes, unpacked.
    pub bytes: u64,
    /// Pieces that told of a call, an init or an error.
    pub telling: u64,
    /// Other pieces: mostly what the function itself wrote.
    pub other: u64,
}

/// Who is told, and where the reading stands.
pub(super) struct Out<'s> {
    sink: &'s mut dyn Sink,
    place: Place,
    /// The last request that began in this file, and its stream: errors that name no request are
    /// its own.
    begun: Option<(String, Option<String>)>,
}

impl Out<'_> {
    /// Tells a record; what it leaves out is as outside of it. Whether it tells of anything.
    pub(super) fn tell(&mut self, record: &Record<'_>, base: &Record<'_>) -> bool {
        let mut record = Record {
            at: record.at.or(base.at),
            stream: record.stream.or(base.stream),
            group: record.group.or(base.group),
            region: record.region.or(base.region),
            request: record.request.or(base.request),
            bad_number: record.bad_number || base.bad_number,
            ..*record
        };
        match record.kind {
            Kind::Report => {
                record.duration_ms = record.duration_ms.or(base.duration_ms);
                record.billed_ms = record.billed_ms.or(base.billed_ms);
                record.memory_mb = record.memory_mb.or(base.memory_mb);
                record.max_memory_mb = record.max_memory_mb.or(base.max_memory_mb);
                record.init_ms = record.init_ms.or(base.init_ms);
                record.restore_ms = record.restore_ms.or(base.restore_ms);
                record.billed_restore_ms = record.billed_restore_ms.or(base.billed_restore_ms);
                record.status = record.status.or(base.status);
                if record.at.is_none() && (record.bad_time || base.bad_time) {
                    self.unread(Unread::BadTime);
                }
                if record.bad_number {
                    self.unread(Unread::BadNumber);
                }
                if record.cut {
                    self.unread(Unread::CutReport);
                } else if record.duration_ms.is_none() && !record.bad_number {
                    self.unread(Unread::NoDuration);
                }
            }
            Kind::Start => self.begin(&record),
            // Its time and stream tell whose it is: the order of a file need not be that of time.
            Kind::Failed if record.at.is_some() && record.stream.is_some() => {}
            Kind::Failed | Kind::TimedOut if record.request.is_none() => {
                let begun = self.begun.clone();
                let begun = begun.filter(|(_, stream)| stream.as_deref() == record.stream);
                if let Some((request, _)) = &begun {
                    record.request = Some(request);
                    self.sink.record(&record, self.place);
                }
                return true;
            }
            _ => {}
        }
        self.sink.record(&record, self.place);
        true
    }

    fn begin(&mut self, record: &Record<'_>) {
        let Some(request) = record.request else {
            return;
        };
        let (id, stream) = self.begun.get_or_insert_default();
        id.clear();
        id.push_str(request);
        if stream.as_deref() != record.stream {
            *stream = record.stream.map(str::to_owned);
        }
    }

    /// Tells what was not understood.
    pub(super) fn unread(&mut self, what: Unread) {
        self.sink.unread(what, self.place);
    }
}

/// Reads files and tells their records.
#[derive(Debug, Default)]
pub struct Reader {
    totals: Totals,
}

impl Reader {
    /// A reader that has read nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was read so far.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Reads a file to its end. `number` is what it is called in places, `stream` the log stream
    /// that its folder names.
    pub fn read(
        &mut self,
        bytes: impl Read,
        number: u32,
        stream: Option<&str>,
        sink: &mut dyn Sink,
    ) {
        let mut base = Record::new(Kind::Report);
        base.stream = stream;
        let mut file = File {
            input: Input::new(bytes),
            out: Out {
                sink,
                place: Place {
                    file: number,
                    line: 1,
                },
                begun: None,
            },
            base,
            line: Vec::new(),
            telling: 0,
            other: 0,
            documents: 0,
        };
        if insights::is_header(file.input.peek_line()) {
            file.table();
        } else {
            file.pieces();
        }
        let Totals {
            files,
            lines,
            documents,
            bytes,
            telling,
            other,
        } = &mut self.totals;
        *files += 1;
        *lines += file.input.lines();
        *documents += file.documents;
        *bytes += file.input.bytes;
        *telling += file.telling;
        *other += file.other;
    }
}

struct File<'r, 's, 'b> {
    input: Input<'r>,
    out: Out<'s>,
    base: Record<'b>,
    /// A line that what follows it may add to.
    line: Vec<u8>,
    telling: u64,
    other: u64,
    documents: u64,
}

impl File<'_, '_, '_> {
    fn count(&mut self, told: bool) {
        self.telling += u64::from(told);
        self.other += u64::from(!told);
    }

    fn table(&mut self) {
        let Some(Ok((header, _))) = self.input.row() else {
            return;
        };
        let names = insights::header(self.input.bytes_of(&header));
        while let Some(row) = self.input.row() {
            let told = match row {
                Ok((row, line)) => {
                    self.out.place.line = line;
                    let row = self.input.bytes_of(&row);
                    insights::read_row(row, &names, &self.base, &mut self.out)
                }
                Err(line) => {
                    self.out.place.line = line;
                    self.out.unread(Unread::BadRow);
                    true
                }
            };
            self.count(told);
        }
        if self.input.is_damaged() {
            self.out.unread(Unread::DamagedArchive);
        }
    }

    fn pieces(&mut self) {
        // Of the envelope of documents that are read one by one.
        let mut envelope: Option<(Option<String>, Option<String>)> = None;
        loop {
            let told = match self.input.next() {
                Piece::End => return,
                Piece::Closed => {
                    envelope = None;
                    continue;
                }
                Piece::Damaged { line } => {
                    self.out.place.line = line;
                    self.out.unread(Unread::DamagedArchive);
                    return;
                }
                Piece::TooLong { line } => {
                    self.out.place.line = line;
                    self.out.unread(Unread::TooLong);
                    true
                }
                Piece::Prefix { range, line } => {
                    self.out.place.line = line;
                    let prefix = String::from_utf8_lossy(self.input.bytes_of(&range));
                    envelope = Some((named(&prefix, "logGroup"), named(&prefix, "logStream")));
                    continue;
                }
                Piece::Document { range, line } => {
                    self.documents += 1;
                    self.out.place.line = line;
                    let mut base = self.base;
                    if let Some((group, stream)) = &envelope {
                        base.group = group.as_deref().or(base.group);
                        base.stream = stream.as_deref().or(base.stream);
                    }
                    let bytes = self.input.bytes_of(&range);
                    document::may_tell(bytes)
                        && document::read(bytes, &base, &mut self.out).unwrap_or_else(|| {
                            self.out.unread(Unread::BrokenJson);
                            true
                        })
                }
                Piece::Line {
                    range,
                    line,
                    broken,
                } => {
                    self.out.place.line = line;
                    self.line(&range, broken)
                }
            };
            self.count(told);
        }
    }

    /// A line of text, with what stands before its message.
    fn line(&mut self, range: &std::ops::Range<usize>, broken: bool) -> bool {
        let line = self.input.bytes_of(range);
        if broken && memchr::memmem::find(line, b"\"platform.").is_some() {
            self.out.unread(Unread::BrokenJson);
            return true;
        }
        if let Some(columns) = line.strip_prefix(b"EVENTS\t") {
            self.line.clear();
            self.line.extend_from_slice(columns);
            return self.event_columns();
        }
        if memchr::memchr(ESCAPE, &line[..line.len().min(HEAD)]).is_some() {
            // Written for a terminal, as `aws logs tail --color on` does.
            let plain = uncoloured(line);
            let (prefix, message) = heading(&plain);
            return message::read(message, &with_prefix(prefix, &self.base), &mut self.out);
        }
        let (prefix, message) = heading(line);
        if !message.starts_with(b"REPORT ") {
            let prefixed;
            let base = if prefix.is_empty() {
                &self.base
            } else {
                prefixed = with_prefix(prefix, &self.base);
                &prefixed
            };
            return message::read(message, base, &mut self.out);
        }
        // The next line may belong to it, and reading that moves the buffer.
        self.line.clear();
        self.line.extend_from_slice(line);
        let next = self.input.peek_line();
        if next.starts_with(b"XRAY TraceId:") {
            self.line.push(b'\n');
            self.line.extend_from_slice(next);
        }
        let (prefix, message) = heading(&self.line);
        let base = with_prefix(prefix, &self.base);
        message::read(message, &base, &mut self.out)
    }

    /// A row of `aws logs … --output text`: the stream, the message and the time of an event, in
    /// columns with tabs between, as are in the message. The time may stand on the next line, for
    /// messages end lines.
    fn event_columns(&mut self) -> bool {
        let next = self.input.peek_line();
        let next = if next.starts_with(b"XRAY") {
            self.line.push(b'\n');
            self.line.extend_from_slice(next);
            None
        } else {
            next.strip_prefix(b"\t")
        };
        let digits = next.map(<[u8]>::trim_ascii).filter(|text| is_epoch(text));
        let mut at = digits.and_then(parse_time);
        let mut columns: &[u8] = &self.line;
        if at.is_none() {
            let last = columns.iter().rposition(|byte| *byte == b'\t').unwrap_or(0);
            let tail = columns[last..].trim_ascii();
            if is_epoch(tail) {
                at = parse_time(tail);
                columns = &columns[..last];
            }
        }
        let mut base = self.base;
        // [event id,] time of intake, [stream,] message
        while let Some(end) = memchr::memchr(b'\t', columns) {
            let column = &columns[..end];
            if is_stream(column) {
                base.stream = std::str::from_utf8(column).ok();
            } else if is_epoch(column) {
                // Taken in a little later than written: better than no time.
                at = at.or(parse_time(column));
            } else if column.is_empty() || !column.iter().all(u8::is_ascii_digit) {
                break;
            }
            columns = &columns[end + 1..];
        }
        base.at = at;
        message::read(columns, &base, &mut self.out)
    }
}

/// Begins a sequence that a terminal takes for a colour.
const ESCAPE: u8 = 0x1B;
/// Colours stand about what is before a message.
const HEAD: usize = 200;

/// A line without sequences such as `ESC [ 3 2 m` (ECMA-48, 5.4).
fn uncoloured(line: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = memchr::memchr(ESCAPE, rest) {
        plain.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(sequence) = rest.strip_prefix(b"[") {
            let end = sequence.iter().position(|byte| (0x40..0x7F).contains(byte));
            rest = end.map_or(&[], |end| &sequence[end + 1..]);
        }
    }
    plain.extend_from_slice(rest);
    plain
}

/// Thirteen digits: milliseconds since 1970.
fn is_epoch(text: &[u8]) -> bool {
    text.len() == 13 && text.iter().all(u8::is_ascii_digit)
}

/// `2020/06/04/[$LATEST]af2b…`
fn is_stream(word: &[u8]) -> bool {
    word.len() > 12 && word[4] == b'/' && word[7] == b'/' && word[10..12] == *b"/["
}

/// Parts what stands before a message (a time, a stream, a group, in any order) from it.
fn heading(line: &[u8]) -> (&[u8], &[u8]) {
    // A file that was cut short while it was written to begins with nothing.
    let nothing = line.iter().take_while(|byte| **byte == 0).count();
    let line = &line[nothing..];
    let line_without = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
    let mut rest = line_without;
    for _ in 0..4 {
        let digit = rest.first().is_some_and(u8::is_ascii_digit);
        if !digit && !rest.starts_with(b"/aws/") {
            break;
        }
        let mut end = memchr::memchr2(b' ', b'\t', rest).unwrap_or(rest.len());
        if begins_with_time(rest) && end == 10 {
            end += memchr::memchr2(b' ', b'\t', &rest[11..]).map_or(rest.len() - 10, |at| at + 1);
        } else if !begins_with_time(rest)
            && !is_stream(&rest[..end])
            && digit
            && !is_epoch(&rest[..end])
        {
            break;
        }
        rest = rest[end..].trim_ascii_start();
    }
    let prefix = &line_without[..line_without.len() - rest.len()];
    (prefix, rest)
}

/// What a prefix says.
fn with_prefix<'a>(prefix: &'a [u8], base: &Record<'a>) -> Record<'a> {
    let mut base = *base;
    let mut rest = prefix;
    while !rest.is_empty() {
        let mut end = memchr::memchr2(b' ', b'\t', rest).unwrap_or(rest.len());
        if begins_with_time(rest) {
            if end == 10 {
                end +=
                    memchr::memchr2(b' ', b'\t', &rest[11..]).map_or(rest.len() - 10, |at| at + 1);
            }
            base.at = parse_time(&rest[..end]).or(base.at);
            base.bad_time = base.at.is_none();
        } else if is_stream(&rest[..end]) {
            base.stream = std::str::from_utf8(&rest[..end]).ok().or(base.stream);
        } else if rest.starts_with(b"/aws/") {
            base.group = std::str::from_utf8(&rest[..end]).ok().or(base.group);
        } else {
            base.at = parse_time(&rest[..end]).or(base.at);
        }
        rest = rest[end..].trim_ascii_start();
    }
    base
}

/// The text after a key of a JSON object that has not ended yet.
fn named(prefix: &str, key: &str) -> Option<String> {
    let at = prefix.find(&format!("\"{key}\""))?;
    let after = prefix[at + key.len() + 2..]
        .trim_start()
        .strip_prefix(':')?;
    let quoted = after.trim_start().strip_prefix('"')?;
    Some(quoted[..quoted.find('"')?].to_owned())
}
