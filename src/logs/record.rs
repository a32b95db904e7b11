//! What one line of a log tells.

use std::fmt;

/// What a record is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// A call has ended: a REPORT line or `platform.report`.
    Report,
    /// A call begins.
    Start,
    /// The handler has returned: `platform.runtimeDone`.
    RuntimeDone,
    /// An instance begins to start; the runtime may be named.
    InitStart,
    /// An init told apart from a call: `INIT_REPORT` or `platform.initReport`.
    InitReport,
    /// A restore told apart from a call: `RESTORE_REPORT` or `platform.restoreReport`.
    RestoreReport,
    /// The platform cut a call at its timeout.
    TimedOut,
    /// A call failed: an error that nobody caught.
    Failed,
    /// A call failed because its process ended; its instance is started anew.
    Exited,
}

/// How a call, init or restore ended, where the record says so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// As it should.
    Success,
    /// With an error of the function.
    Error,
    /// Cut by the function timeout.
    Timeout,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
/// What a line tells. Lengths are in milliseconds, memory in MB, as written; what was not there is
/// `None`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Record<'a> {
    /// What it is about.
    pub kind: Kind,
    /// When it was written, in nanoseconds since 1970: of a report, the end of its call.
    pub at: Option<i64>,
    /// The log stream, which is one instance.
    pub stream: Option<&'a str>,
    /// The log group, or else the name of the function.
    pub group: Option<&'a str>,
    /// The request.
    pub request: Option<&'a str>,
    /// How long the handler ran; of an init or restore, how long that took.
    pub duration_ms: Option<f64>,
    /// What was billed.
    pub billed_ms: Option<f64>,
    /// Memory configured.
    pub memory_mb: Option<f64>,
    /// Most memory used so far in the instance.
    pub max_memory_mb: Option<f64>,
    /// The init that the call waited for.
    pub init_ms: Option<f64>,
    /// The restore that the call waited for.
    pub restore_ms: Option<f64>,
    /// The part of the restore that is billed.
    pub billed_restore_ms: Option<f64>,
    /// How it ended.
    pub status: Option<Status>,
    /// The timeout, where a line says after how long a call was cut, in seconds.
    pub timeout_s: Option<f64>,
    /// Kind of an init: `on-demand`, `provisioned-concurrency` or `snap-start`.
    pub initialization: Option<&'a str>,
    /// The runtime with its version, as the platform names it, such as `python:3.12.v18`.
    pub runtime: Option<&'a str>,
    /// The region, as a resource name (ARN) beside it says.
    pub region: Option<&'a str>,
    /// Trace of AWS X-Ray.
    pub trace_id: Option<&'a str>,
    /// Segment of that trace.
    pub segment_id: Option<&'a str>,
    /// Whether that trace was sampled, as written.
    pub sampled: Option<&'a str>,
    /// Whether the record came from JSON, where the name of its type told what it is.
    pub json: bool,
    /// Whether the line stops in the middle.
    pub cut: bool,
    /// Whether a time stands there that is none, or outside of 1678 to 2261.
    pub bad_time: bool,
    /// Whether a number stands there that is below zero or not finite, and was left out.
    pub bad_number: bool,
}

impl Record<'_> {
    /// A record of which nothing but the kind is known.
    pub const fn new(kind: Kind) -> Self {
        Self {
            kind,
            at: None,
            stream: None,
            group: None,
            request: None,
            duration_ms: None,
            billed_ms: None,
            memory_mb: None,
            max_memory_mb: None,
            init_ms: None,
            restore_ms: None,
            billed_restore_ms: None,
            status: None,
            timeout_s: None,
            initialization: None,
            runtime: None,
            region: None,
            trace_id: None,
            segment_id: None,
            sampled: None,
            json: false,
            cut: false,
            bad_time: false,
            bad_number: false,
        }
    }
}

/// Where something stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// Number of the file, as the reader was told.
    pub file: u32,
    /// Line of the file, from 1.
    pub line: u64,
}

/// What was met and not understood.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Unread {
    /// A report that stops in the middle.
    CutReport,
    /// A report without a duration.
    NoDuration,
    /// JSON that tells of calls and is broken or cut.
    BrokenJson,
    /// A line, document or row of more than a few megabytes.
    TooLong,
    /// A time that is none, or that 64 bits of nanoseconds since 1970 do not hold.
    BadTime,
    /// A number below zero, or none that is finite, where a length or an amount of memory belongs.
    BadNumber,
    /// A row of a table with more or fewer columns than its header, or with quotes that never end.
    BadRow,
    /// Bytes that are no text, in a line that tells of a call.
    NotText,
    /// An archive that ends early or is damaged; what came before was read.
    DamagedArchive,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CutReport => "report cut off in the middle (what is left of it was read)",
            Self::NoDuration => "report without a duration",
            Self::BrokenJson => "broken or cut JSON",
            Self::TooLong => "line or document of more than 8 MB",
            Self::BadTime => "time that is none, or outside of the years 1678 to 2261",
            Self::BadNumber => "number below zero, or none that is finite (left out)",
            Self::BadRow => "row that does not fit its header",
            Self::NotText => "report with bytes that are not UTF-8",
            Self::DamagedArchive => "archive that ends early or is damaged",
        })
    }
}

/// Who is told what is read.
pub trait Sink {
    /// A record, in the order of the file.
    fn record(&mut self, record: &Record<'_>, place: Place);
    /// Something that was not understood.
    fn unread(&mut self, what: Unread, place: Place);
}
