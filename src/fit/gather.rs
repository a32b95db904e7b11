//! Takes what a reader tells and keeps of it what an estimate needs: facts about requests, names of
//! streams, and where something was not understood.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;

use crate::logs::{Kind, Place, Record, Sink, Status, Unread};

use super::call::{About, End, Fact, NEVER, NONE, NamelessError};
use super::sort::{Sorted, Sorter};

/// Numbers for names, in the order in which they were first seen.
#[derive(Debug, Default)]
pub(super) struct Names {
    numbers: BTreeMap<String, u32>,
    pub(super) list: Vec<String>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        let name = &*unexported(name);
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.list.len() as u32;
        self.numbers.insert(name.to_owned(), number);
        self.list.push(name.to_owned());
        number
    }
}

/// Something that was met more than once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Met {
    pub(super) first: Place,
    pub(super) count: u64,
}

/// What was gathered from all files.
pub(super) struct Gather {
    facts: Sorter<Fact>,
    pub(super) streams: Names,
    pub(super) groups: Names,
    pub(super) unread: BTreeMap<Unread, Met>,
    /// Inits that were told apart from calls and failed.
    pub(super) failed_inits: u64,
    /// Kinds of inits, with how many there were.
    pub(super) initializations: BTreeMap<String, u64>,
    /// Runtimes, with how many inits had them.
    pub(super) runtimes: BTreeMap<String, u64>,
    /// Reports of each group.
    pub(super) reports: Vec<u64>,
    /// Errors that name no request.
    errors: Sorter<NamelessError>,
    /// Requests that have no name so far.
    nameless: u64,
    /// What kept facts from being kept.
    failure: Option<io::Error>,
    /// The last name of a stream and of a group with its number: most records follow one of their
    /// own stream.
    last_stream: (String, u32),
    last_group: (String, u32),
}

impl Gather {
    pub(super) fn new() -> Self {
        Self {
            facts: Sorter::new(),
            streams: Names::default(),
            groups: Names::default(),
            unread: BTreeMap::new(),
            failed_inits: 0,
            initializations: BTreeMap::new(),
            runtimes: BTreeMap::new(),
            reports: Vec::new(),
            errors: Sorter::new(),
            nameless: 0,
            failure: None,
            last_stream: (String::new(), NONE),
            last_group: (String::new(), NONE),
        }
    }

    /// The facts, by request, and the errors that name none, by stream.
    ///
    /// # Errors
    /// They could not be kept in temporary files.
    pub(super) fn finish(&mut self) -> io::Result<(Sorted<Fact>, Sorted<NamelessError>)> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let facts = std::mem::replace(&mut self.facts, Sorter::new());
        let errors = std::mem::replace(&mut self.errors, Sorter::new());
        Ok((facts.finish()?, errors.finish()?))
    }

    fn stream(&mut self, name: Option<&str>) -> u32 {
        numbered(name, &mut self.last_stream, &mut self.streams)
    }

    fn group(&mut self, name: Option<&str>) -> u32 {
        numbered(name, &mut self.last_group, &mut self.groups)
    }

    fn fact(&mut self, record: &Record<'_>, about: About) -> Fact {
        let request = record.request.map_or_else(
            || {
                self.nameless += 1;
                u128::MAX - u128::from(self.nameless)
            },
            request_number,
        );
        let mut fact = Fact::new(request, about);
        fact.at = record.at.unwrap_or(NEVER);
        fact.json = record.json;
        fact.stream = self.stream(record.stream);
        fact.group = self.group(record.group.map(function_of));
        fact
    }

    fn report(&mut self, record: &Record<'_>) {
        let Some(duration) = record.duration_ms.and_then(nanos) else {
            return;
        };
        let mut fact = self.fact(record, About::Report);
        if fact.group != NONE {
            let group = fact.group as usize;
            self.reports.resize(self.reports.len().max(group + 1), 0);
            self.reports[group] += 1;
        }
        fact.run = duration;
        fact.restored = record.restore_ms.is_some();
        fact.start = record
            .restore_ms
            .or(record.init_ms)
            .and_then(nanos)
            .unwrap_or(-1);
        fact.billed_ms = record.billed_ms.unwrap_or(f64::NAN);
        let narrow = |number: Option<f64>| number.map_or(f32::NAN, |number| number as f32);
        fact.billed_restore_ms = narrow(record.billed_restore_ms);
        fact.memory_mb = narrow(record.memory_mb);
        fact.max_memory_mb = narrow(record.max_memory_mb);
        fact.end = match record.status {
            Some(Status::Timeout) => End::Timeout,
            Some(Status::Error) => End::Error,
            Some(Status::Success) | None => End::Plain,
        };
        self.keep(fact);
    }

    fn keep(&mut self, fact: Fact) {
        if self.failure.is_none() {
            let pushed = self.facts.push(fact);
            self.note(pushed);
        }
    }

    fn note(&mut self, pushed: io::Result<()>) {
        if let (None, Err(error)) = (&self.failure, pushed) {
            self.failure = Some(error);
        }
    }
}

/// An export to S3 writes the slashes of a stream's name as hyphens.
fn unexported(name: &str) -> Cow<'_, str> {
    match name.as_bytes() {
        [_, _, _, _, b'-', _, _, b'-', _, _, b'-', b'[', ..] => name.replacen('-', "/", 3).into(),
        _ => name.into(),
    }
}

/// The function of a log group: `/aws/lambda/name` is `name`.
fn function_of(group: &str) -> &str {
    group.strip_prefix("/aws/lambda/").unwrap_or(group)
}

fn numbered(name: Option<&str>, last: &mut (String, u32), names: &mut Names) -> u32 {
    let Some(name) = name else { return NONE };
    if last.1 == NONE || last.0 != name {
        last.1 = names.number(name);
        last.0.clear();
        last.0.push_str(name);
    }
    last.1
}

/// A length in nanoseconds; `None` where it is longer than any run.
fn nanos(ms: f64) -> Option<i64> {
    const YEAR_MS: f64 = 3.2e10;
    (0.0..YEAR_MS)
        .contains(&ms)
        .then(|| (ms * 1e6).round() as i64)
}

/// A number that stands for a request: that of its UUID, or else a hash.
fn request_number(text: &str) -> u128 {
    let mut digits = 0_u32;
    let mut number = 0_u128;
    for byte in text.bytes() {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            b'-' => continue,
            _ => {
                digits = 0;
                break;
            }
        };
        number = (number << 4) | u128::from(digit);
        digits += 1;
    }
    if digits == 32 {
        return number;
    }
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, text).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    (half(1) << 64) | half(2)
}

impl Sink for Gather {
    fn record(&mut self, record: &Record<'_>, _: Place) {
        match record.kind {
            Kind::Report => self.report(record),
            Kind::Start => {
                let fact = self.fact(record, About::Start);
                self.keep(fact);
            }
            Kind::RuntimeDone | Kind::TimedOut | Kind::Failed | Kind::Exited => {
                let end = match (record.kind, record.status) {
                    (Kind::TimedOut, _) | (_, Some(Status::Timeout)) => End::Timeout,
                    (Kind::Exited, _) => End::Exit,
                    (Kind::Failed, _) | (_, Some(Status::Error)) => End::Error,
                    _ => return,
                };
                if record.request.is_none() {
                    let stream = self.stream(record.stream);
                    if let (Some(at), true) = (record.at, stream != NONE) {
                        let pushed = self.errors.push(NamelessError { stream, at });
                        self.note(pushed);
                    }
                } else {
                    let mut fact = self.fact(record, About::End);
                    fact.end = end;
                    fact.timeout_s = record.timeout_s.map_or(f32::NAN, |s| s as f32);
                    self.keep(fact);
                }
            }
            Kind::InitStart => {
                if let Some(runtime) = record.runtime {
                    *self.runtimes.entry(runtime.to_owned()).or_default() += 1;
                }
                if let Some(kind) = record.initialization {
                    *self.initializations.entry(kind.to_owned()).or_default() += 1;
                }
            }
            Kind::InitReport | Kind::RestoreReport => {
                let failed = matches!(record.status, Some(Status::Error | Status::Timeout));
                self.failed_inits += u64::from(failed);
            }
        }
    }

    fn unread(&mut self, what: Unread, place: Place) {
        let met = self.unread.entry(what).or_insert(Met {
            first: place,
            count: 0,
        });
        met.count += 1;
    }
}
