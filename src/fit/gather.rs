//! Takes what a reader tells and keeps of it what an estimate needs: facts about requests, names of
//! streams, and where something was not understood.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;

use crate::logs::{Kind, Place, Record, Sink, Status, Unread};

use super::call::{About, End, Fact, NEVER, NONE, NamelessError};
use super::impossible::{Impossible, MEMORY_MB, Why};
use super::sort::{Sorted, Sorter};

/// Numbers for names, in the order in which they were first seen.
#[derive(Debug, Default)]
pub(super) struct Names {
    numbers: BTreeMap<String, u32>,
    pub(super) list: Vec<String>,
}

/// Gives names their numbers.
trait Numbering {
    /// The number of a name, a new one where it is new.
    fn number(&mut self, name: &str) -> u32;
}

impl Numbering for Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.list.len() as u32;
        self.numbers.insert(name.to_owned(), number);
        self.list.push(name.to_owned());
        number
    }
}

/// Numbers for log streams, of which there may be millions: names are kept as hashes, and what is
/// wanted of them later is only which version of the function they are of.
#[derive(Debug, Default)]
pub(super) struct Streams {
    numbers: BTreeMap<u128, u32>,
    /// Numbers of versions, by stream.
    pub(super) versions: Vec<u32>,
    known: Names,
}

impl Numbering for Streams {
    fn number(&mut self, name: &str) -> u32 {
        let name = &*unexported(name);
        let next = self.versions.len() as u32;
        let number = *self.numbers.entry(hash(name)).or_insert(next);
        if number == next {
            let version = self.known.number(version_of(name));
            self.versions.push(version);
        }
        number
    }
}

/// What stands in brackets in the name of a stream.
fn version_of(stream: &str) -> &str {
    let inside = stream.split_once('[').map(|(_, rest)| rest);
    let version = inside.and_then(|rest| rest.split_once(']'));
    version.map_or("", |(version, _)| version)
}

/// Something that was met more than once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Met {
    pub(super) first: Place,
    pub(super) count: u64,
}

/// Names with how often each was met.
pub(super) type Counts = BTreeMap<String, u64>;

/// Names that are counted; a log that has more of them is none.
const MOST_NAMES: usize = 100;
/// Longer ones are no names.
const LONGEST_NAME: usize = 100;

/// What is counted of a function.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Counted {
    /// Reports, and those of them that say how their call ended.
    pub(super) reports: u64,
    pub(super) with_status: u64,
    /// Lines that say that a call begins: beside them stand those that tell of errors.
    pub(super) starts: u64,
    /// Inits that were told apart from calls and failed.
    pub(super) failed_inits: u64,
    /// Kinds of inits, with how many there were.
    pub(super) initializations: Counts,
    /// Runtimes, with how many inits had them.
    pub(super) runtimes: Counts,
    /// Regions, with how many records name them.
    pub(super) regions: Counts,
}

impl Counted {
    fn add(&mut self, other: &Self) {
        self.reports += other.reports;
        self.with_status += other.with_status;
        self.starts += other.starts;
        self.failed_inits += other.failed_inits;
        for (mine, theirs) in [
            (&mut self.initializations, &other.initializations),
            (&mut self.runtimes, &other.runtimes),
            (&mut self.regions, &other.regions),
        ] {
            for (name, count) in theirs {
                *mine.entry(name.clone()).or_default() += count;
            }
        }
    }

    /// Whether the log says which calls failed: reports say it (those in text say nothing of calls
    /// that ended well), or there are the lines beside them, of half of the calls at least.
    pub(super) fn tells_ends(&self) -> bool {
        self.with_status > 0 || self.starts * 2 >= self.reports
    }
}

/// Counts a name.
fn count(counts: &mut Counts, name: Option<&str>) {
    let Some(name) = name.filter(|name| name.len() <= LONGEST_NAME) else {
        return;
    };
    if let Some(count) = counts.get_mut(name) {
        *count += 1;
    } else if counts.len() < MOST_NAMES {
        counts.insert(name.to_owned(), 1);
    }
}

/// What was gathered from all files.
pub(super) struct Gather {
    facts: Sorter<Fact>,
    pub(super) streams: Streams,
    pub(super) groups: Names,
    pub(super) unread: BTreeMap<Why, Met>,
    /// What is counted of each group.
    counted: BTreeMap<u32, Counted>,
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
            streams: Streams::default(),
            groups: Names::default(),
            unread: BTreeMap::new(),
            counted: BTreeMap::new(),
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

    /// What is counted of a group, with what names none; of all, where none is named.
    pub(super) fn counted(&self, group: Option<u32>) -> Counted {
        let mut sum = Counted::default();
        for (number, counted) in &self.counted {
            if group.is_none_or(|group| *number == group || *number == NONE) {
                sum.add(counted);
            }
        }
        sum
    }

    /// Reports of a group.
    pub(super) fn reports(&self, group: u32) -> u64 {
        self.counted
            .get(&group)
            .map_or(0, |counted| counted.reports)
    }

    /// Whether a value is possible; one that is not is told.
    fn sound(&mut self, sound: bool, what: Impossible, place: Place) -> bool {
        if !sound {
            self.meet(Why::Impossible(what), place);
        }
        sound
    }

    fn meet(&mut self, why: Why, place: Place) {
        let met = self.unread.entry(why).or_insert(Met {
            first: place,
            count: 0,
        });
        met.count += 1;
    }

    fn of_group(&mut self, record: &Record<'_>) -> &mut Counted {
        let group = self.group(record.group.map(function_of));
        let counted = self.counted.entry(group).or_default();
        count(&mut counted.regions, record.region);
        counted
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
        let at = record.at.filter(|at| Impossible::is_time(*at));
        fact.at = at.unwrap_or(NEVER);
        fact.json = record.json;
        fact.stream = self.stream(record.stream);
        fact.group = self.group(record.group.map(function_of));
        fact
    }

    fn report(&mut self, record: &Record<'_>, place: Place) {
        let Some(duration) = record.duration_ms else {
            return;
        };
        let start = record.restore_ms.or(record.init_ms);
        let possible = self.sound(Impossible::is_length(duration), Impossible::Duration, place)
            && self.sound(
                start.is_none_or(Impossible::is_length),
                Impossible::Start,
                place,
            );
        if !possible {
            return;
        }
        let counted = self.of_group(record);
        counted.reports += 1;
        counted.with_status += u64::from(record.status.is_some());
        let mut fact = self.fact(record, About::Report);
        if record.at.is_some() && fact.at == NEVER {
            self.meet(Why::Impossible(Impossible::Time), place);
        }
        fact.run = nanos(duration);
        fact.restored = record.restore_ms.is_some();
        fact.start = start.map_or(-1, nanos);
        let mut kept = |number: Option<f64>, is: fn(f64) -> bool, what: Impossible| {
            let number = number.filter(|number| self.sound(is(*number), what, place));
            number.unwrap_or(f64::NAN)
        };
        fact.billed_ms = kept(record.billed_ms, Impossible::is_bill, Impossible::Billed);
        let restore = record.billed_restore_ms;
        fact.billed_restore_ms = kept(restore, Impossible::is_length, Impossible::Billed) as f32;
        let is_memory = |mb: f64| MEMORY_MB.contains(&mb);
        fact.memory_mb = kept(record.memory_mb, is_memory, Impossible::Memory) as f32;
        let used = record.max_memory_mb;
        fact.max_memory_mb = kept(used, Impossible::is_used, Impossible::MemoryUsed) as f32;
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

fn numbered(name: Option<&str>, last: &mut (String, u32), names: &mut dyn Numbering) -> u32 {
    let Some(name) = name else { return NONE };
    if last.1 == NONE || last.0 != name {
        last.1 = names.number(name);
        last.0.clear();
        last.0.push_str(name);
    }
    last.1
}

/// A possible length in nanoseconds.
fn nanos(ms: f64) -> i64 {
    (ms * 1e6).round() as i64
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
    hash(text)
}

/// A number for any text; of a billion texts two have the same once in 10²⁰ times.
fn hash(text: &str) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, text).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    (half(1) << 64) | half(2)
}

impl Sink for Gather {
    fn record(&mut self, record: &Record<'_>, place: Place) {
        match record.kind {
            Kind::Report => self.report(record, place),
            Kind::Start => {
                self.of_group(record).starts += 1;
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
                    let told = record.timeout_s.filter(|s| {
                        self.sound(Impossible::is_timeout(*s), Impossible::Timeout, place)
                    });
                    let mut fact = self.fact(record, About::End);
                    fact.end = end;
                    fact.timeout_s = told.map_or(f32::NAN, |s| s as f32);
                    self.keep(fact);
                }
            }
            Kind::InitStart => {
                let counted = self.of_group(record);
                count(&mut counted.runtimes, record.runtime);
                count(&mut counted.initializations, record.initialization);
            }
            Kind::InitReport | Kind::RestoreReport => {
                let failed = matches!(record.status, Some(Status::Error | Status::Timeout));
                self.of_group(record).failed_inits += u64::from(failed);
            }
        }
    }

    fn unread(&mut self, what: Unread, place: Place) {
        self.meet(Why::Unread(what), place);
    }
}
