//! What one message of a log stream says: the text that `CloudWatch` holds for one event.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::document;
use super::reader::Out;
use super::record::{Kind, Record, Unread};
use super::report_line::{read_pairs, skip_separators};

/// Reads a message. `base` is what is known of it from outside: its time, its stream, its columns.
/// Whether it told of anything.
pub(super) fn read(message: &[u8], base: &Record<'_>, out: &mut Out<'_>) -> bool {
    let message = message.trim_ascii();
    match message.first() {
        Some(b'{' | b'[') if document::may_tell(message) => {
            if let Some(told) = document::read(message, base, out) {
                return told;
            }
            // Such as `[ERROR] …`.
        }
        Some(b'R' | b'S' | b'I' | b'E') => {
            if let Some(told) = headed(message, base, out) {
                return told;
            }
        }
        _ => {}
    }
    unheaded(message, base, out)
}

/// A line that its first words tell.
fn headed(message: &[u8], base: &Record<'_>, out: &mut Out<'_>) -> Option<bool> {
    let rest = |head: &str| message.strip_prefix(head.as_bytes());
    if let Some(pairs) = rest("REPORT ") {
        return Some(report(pairs, base, out));
    }
    if rest("END RequestId:").is_some() {
        return Some(true);
    }
    if let Some(pairs) = rest("START ") {
        return Some(pairs.starts_with(b"RequestId:") && of_pairs(Kind::Start, pairs, base, out));
    }
    if let Some(words) = rest("INIT_START ") {
        let words = text_of(words);
        let mut record = Record::new(Kind::InitStart);
        let version = words.split_once("Runtime Version: ").map(|(_, rest)| rest);
        record.runtime = version.and_then(|rest| rest.split_whitespace().next());
        let arn = words.split_once("Runtime Version ARN: ");
        record.region = arn.and_then(|(_, arn)| document::region_of(arn.trim_start()));
        out.tell(&record, base);
        return Some(true);
    }
    for (head, kind) in [
        ("INIT_REPORT ", Kind::InitReport),
        ("RESTORE_REPORT ", Kind::RestoreReport),
    ] {
        if let Some(pairs) = rest(head) {
            return Some(of_pairs(kind, pairs, base, out));
        }
    }
    rest("RESTORE_START ").map(|_| true)
}

fn report(pairs: &[u8], base: &Record<'_>, out: &mut Out<'_>) -> bool {
    let mut record = Record::new(Kind::Report);
    let text = valid(pairs, &mut record, out);
    read_pairs(text, &mut record);
    out.tell(&record, base)
}

fn of_pairs(kind: Kind, pairs: &[u8], base: &Record<'_>, out: &mut Out<'_>) -> bool {
    let mut record = Record::new(kind);
    read_pairs(text_of(pairs), &mut record);
    if kind != Kind::Start {
        record.duration_ms = record.init_ms.take().or(record.restore_ms.take());
    }
    record.cut = false;
    out.tell(&record, base)
}

/// The text up to the first byte that is none.
fn valid<'a>(bytes: &'a [u8], record: &mut Record<'_>, out: &mut Out<'_>) -> &'a str {
    let text = text_of(bytes);
    if text.len() < bytes.len() {
        out.unread(Unread::NotText);
        record.cut = true;
    }
    text
}

fn text_of(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    }
}

struct Finders {
    timed_out: Finder<'static>,
    exited: Finder<'static>,
    invoke_error: Finder<'static>,
    report: Finder<'static>,
}

/// Made once: each would else be made for every line.
static FIND: LazyLock<Finders> = LazyLock::new(|| Finders {
    timed_out: Finder::new("Task timed out after "),
    exited: Finder::new(" exited "),
    invoke_error: Finder::new("\tERROR\tInvoke Error"),
    report: Finder::new("REPORT RequestId:"),
});

/// Longer messages are the function's own: a platform's sentence stands near the beginning.
const SENTENCE_WITHIN: usize = 400;

/// A line in which the platform's words stand somewhere.
fn unheaded(message: &[u8], base: &Record<'_>, out: &mut Out<'_>) -> bool {
    let near = &message[..message.len().min(SENTENCE_WITHIN)];
    if let Some(at) = FIND.report.find(near) {
        return report(&message[at + "REPORT ".len()..], base, out);
    }
    if let Some(at) = FIND.timed_out.find(near) {
        return timed_out(near, at, base, out);
    }
    let ended = FIND.exited.find(near).is_some_and(|at| {
        let before = &near[..at];
        before.ends_with(b"Runtime") || before.ends_with(b"Process")
    });
    if ended && let Some(request) = named_request(text_of(near)) {
        return failed(Kind::Exited, Some(request), base, out);
    }
    if let Some(at) = FIND.invoke_error.find(near) {
        let before = text_of(&near[..at]);
        return failed(Kind::Failed, before.rsplit('\t').next(), base, out);
    }
    // An exception that nobody caught, as the Python runtime writes it.
    let uncaught = near.strip_prefix(b"[ERROR] ");
    if uncaught.is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_alphabetic)) {
        return failed(Kind::Failed, None, base, out);
    }
    false
}

/// `2020-06-09T15:02:26.150Z ID Task timed out after 3.00 seconds`.
fn timed_out(near: &[u8], at: usize, base: &Record<'_>, out: &mut Out<'_>) -> bool {
    let mut record = Record::new(Kind::TimedOut);
    let before = text_of(&near[..at]).trim_end();
    record.request = before.rsplit(char::is_whitespace).next();
    let after = text_of(&near[at + "Task timed out after ".len()..]);
    let seconds = after.split_whitespace().next().unwrap_or_default();
    record.timeout_s = seconds
        .parse()
        .ok()
        .filter(|s: &f64| s.is_finite() && *s > 0.0);
    out.tell(&record, base)
}

fn failed(kind: Kind, request: Option<&str>, base: &Record<'_>, out: &mut Out<'_>) -> bool {
    let mut record = Record::new(kind);
    record.request = request.filter(|id| !id.is_empty());
    out.tell(&record, base)
}

/// `RequestId: ID Error: …`.
fn named_request(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("RequestId:")?;
    skip_separators(rest).split(char::is_whitespace).next()
}
