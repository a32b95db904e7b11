//! A function model, a trace and a verdict out of the logs of real calls.
//!
//! ```text
//! logs ─▶ facts by request ─▶ calls by arrival ─▶ histories ─▶ estimates ─▶ model, trace
//!                                        first part ─▶ estimates ─▶ simulation ─▶ verdict
//! ```
//!
//! Files are read once, as a stream. What is kept of a record takes 76 bytes; more than half a
//! million of them are sorted in parts that wait in temporary files. Everything after reads the
//! calls in order, so that memory is that of instances and of bounded samples.

mod arrivals;
mod bills;
mod call;
mod choose;
mod digits;
mod estimates;
mod files;
mod first_call;
mod gather;
mod goodness;
mod history;
mod impossible;
mod join;
mod json;
mod keep_alive;
mod known;
mod laws;
mod model_file;
mod platform;
mod rates;
mod sample;
mod show;
mod sort;
mod timeout;
mod verdict;

use std::fmt::{self, Write};
use std::io;
use std::path::{Path, PathBuf};

use crate::config::{self, SchemaKind};
use crate::experiment::Failure;
use crate::logs::{LogFile, Reader, Totals};
use crate::sim::Control;
use crate::units::Span;

pub use bills::{Bills, Rule};
pub use choose::name_fault;
pub use estimates::Estimates;
pub use first_call::FirstCall;
pub use goodness::Fitted;
pub use impossible::{Impossible, Why};
pub use keep_alive::{Found, KeepAlive};
pub use known::{Known, Origin};
pub use laws::Law;
pub use timeout::Endings;
pub use verdict::{Line, Outcome, Verdict};

use arrivals::Arrivals;
use gather::{Counted, Gather};
use history::{History, Window};
use join::Joined;
use model_file::{About, Run};
use platform::Platform;
use verdict::{NoVerdict, Parts};

/// The platform whose logs are read.
const PLATFORM: &str = "aws-lambda";

/// Fewer calls on either side of the split give no verdict.
const FEWEST: u64 = 10;

/// Above this share of calls retries are unlikely: two logs tell of the same calls, each otherwise.
const RETRIED: f64 = 0.4;

/// What is fitted, and how.
#[derive(Clone, Debug)]
pub struct FitSpec {
    /// The files.
    pub logs: Vec<LogFile>,
    /// Name of the model; without it that of the function, or of the first file.
    pub name: Option<String>,
    /// Which function, where there are several: its name, a part of it, or a pattern with `*` or
    /// `?`.
    pub function: Option<String>,
    /// Region whose prices are taken; without it that of the log.
    pub region: Option<String>,
    /// Runtime, as an experiment names it; without it that of the log.
    pub runtime: Option<String>,
    /// Function timeout; without it that of calls which were cut.
    pub timeout: Option<Span>,
    /// Share of the log's time that is fitted before the rest is simulated, between 0 and 1.
    pub split: f64,
    /// Replications of the verdict.
    pub replications: u32,
    /// Of all random numbers.
    pub seed: u64,
    /// Replications at a time; `None` is one a core.
    pub jobs: Option<usize>,
}

/// Why there is no fit.
#[derive(Debug)]
pub enum FitError {
    /// The logs are not what they should be; what is wrong, in full.
    Logs(String),
    /// Something could not be written or read.
    Io(io::Error),
    /// The caller stopped it.
    Stopped,
    /// A bug: what was written is not understood, or the simulation failed.
    Broken(String),
}

impl From<io::Error> for FitError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for FitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Logs(text) | Self::Broken(text) => f.write_str(text),
            Self::Io(error) => error.fmt(f),
            Self::Stopped => f.write_str("stopped"),
        }
    }
}

impl std::error::Error for FitError {}

/// Something that was not understood: what, where it was first met, and how often.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotUnderstood {
    /// Why.
    pub what: Why,
    /// `file:line` of the first.
    pub first: String,
    /// How many.
    pub count: u64,
}

/// Logs that have been read, before anything is estimated.
pub struct Read {
    spec: FitSpec,
    name: String,
    totals: Totals,
    unread: Vec<NotUnderstood>,
    /// Whether lines say which function they are of.
    chosen: bool,
    /// Of the function alone.
    counted: Counted,
    joined: Joined,
    versions: Vec<u32>,
    whole: History,
    endings: Endings,
    region: Known,
    runtime: Known,
    timeout: Known,
}

/// What a log gave.
pub struct Fit {
    read: Read,
    estimates: Estimates,
    /// Why there is none, where that is so.
    verdict: Result<Verdict, String>,
    model: String,
    experiment: Option<String>,
    platform: Platform,
}

/// Reads logs and puts their calls together. `progress` is told the bytes that were read.
///
/// # Errors
/// A file cannot be read, there is no call in any, there are several functions and none was
/// chosen, or there is no such region, runtime or timeout.
pub fn read(spec: FitSpec, control: &Control, progress: &dyn Fn(u64)) -> Result<Read, FitError> {
    if let Some(fault) = known::fault(spec.region.as_deref(), spec.runtime.as_deref()) {
        return Err(FitError::Logs(fault));
    }
    let mut gather = Gather::new();
    let mut reader = Reader::new();
    for (number, log) in (0..).zip(&spec.logs) {
        let bytes = log.open().map_err(|error| unreadable(log, &error))?;
        let stopped = || control.stop.load(std::sync::atomic::Ordering::Relaxed);
        let before = reader.totals().bytes;
        let mut passed = before;
        let watched = Watched {
            bytes,
            stopped: &stopped,
            passed: &mut |read| {
                passed += read;
                progress(passed);
            },
        };
        reader.read(watched, number, log.stream.as_deref(), &mut gather);
        if stopped() {
            return Err(FitError::Stopped);
        }
    }
    let unread = gather.unread.iter().map(|(what, met)| NotUnderstood {
        what: *what,
        first: format!(
            "{}:{}",
            spec.logs[met.first.file as usize].path.display(),
            met.first.line
        ),
        count: met.count,
    });
    let unread: Vec<NotUnderstood> = unread.collect();
    let (facts, errors) = gather.finish()?;
    let group = choose::group(&spec, &gather).map_err(FitError::Logs)?;
    let counted = gather.counted(group);
    let mut joined = join::join(facts, group, &errors)?;
    if joined.calls.len() == 0 {
        return Err(FitError::Logs(nothing(&spec, reader.totals(), &unread)));
    }
    let endings = timeout::cut(&mut joined.calls, spec.timeout, counted.tells_ends())?;
    let endings = endings.map_err(FitError::Logs)?;
    let name = spec
        .name
        .clone()
        .unwrap_or_else(|| choose::name(&spec, group, &gather));
    // Names of streams go before calls are looked at.
    let versions = gather.streams.versions;
    let whole = History::of(&joined.calls, Window::ALL, &versions)?;
    let starts = (whole.restored, whole.cold);
    let runtime = known::runtime(spec.runtime.as_deref(), &counted, starts, &whole.bills);
    Ok(Read {
        region: known::region(spec.region.as_deref(), &counted),
        runtime,
        timeout: timeout::known(spec.timeout, whole.timeout_s, &endings),
        endings,
        counted,
        chosen: group.is_some(),
        spec,
        name,
        totals: reader.totals(),
        unread,
        joined,
        versions,
        whole,
    })
}

/// Tells of bytes as they pass, and ends a file early where that was asked for.
struct Watched<'a> {
    bytes: Box<dyn io::Read>,
    stopped: &'a dyn Fn() -> bool,
    passed: &'a mut dyn FnMut(u64),
}

impl io::Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if (self.stopped)() {
            return Ok(0);
        }
        let read = self.bytes.read(buffer)?;
        (self.passed)(read as u64);
        Ok(read)
    }
}

fn unreadable(log: &LogFile, error: &io::Error) -> FitError {
    FitError::Logs(format!("error: {}: {error}", log.path.display()))
}

/// Says that there was no call, and what a log must have.
fn nothing(spec: &FitSpec, totals: Totals, unread: &[NotUnderstood]) -> String {
    let files = match &spec.logs[..] {
        [one] => one.path.display().to_string(),
        many => format!("{} files", many.len()),
    };
    if totals.bytes == 0 {
        return format!("error: {files}: no call, for nothing is in it");
    }
    let mut text = format!(
        "error: {files}: no call in {}\n  = help: a call is a line `REPORT RequestId: …`, a \
         JSON event `platform.report`, or a row of Logs Insights with @message or @duration; \
         export the log group of the function without a filter",
        show::pieces_of(totals)
    );
    for NotUnderstood { what, first, count } in unread {
        let count = digits::grouped(*count);
        let _ = write!(text, "\n  = note: {first}: {what} ({count} of them)");
    }
    text
}

impl Read {
    /// Name of the model, which its files have.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Estimates, and simulates the second part of the log; `dir` is for files that are gone
    /// afterwards.
    ///
    /// # Errors
    /// It was stopped, a file could not be written, or there is a bug.
    pub fn fit(self, dir: &Path, control: &Control) -> Result<Fit, FitError> {
        let memory = self.whole.memory.iter().max_by_key(|(_, calls)| **calls);
        let memory = memory.map_or(128, |(mb, _)| (*mb).clamp(128, 10_240));
        let platform = Platform::load(PLATFORM, memory).map_err(|e| broken(&e))?;
        let estimates = self.estimates(&self.whole, &platform);
        let Some(estimates) = estimates else {
            return Err(FitError::Logs(
                "error: every call was cut at the timeout, so that nothing is known of how long \
                 they run"
                    .to_owned(),
            ));
        };
        let source = self.source();
        let about = About {
            name: &self.name,
            source: &source,
            region: &self.region,
            runtime: &self.runtime,
            timeout: &self.timeout,
            endings: &self.endings,
        };
        let verdict = self.verdict(&about, &estimates, &platform, dir, control)?;
        let trace = format!("{}.csv", self.name);
        let model = format!("{}.toml", self.name);
        let question = format!("What does {} do as it is?", self.name);
        let experiment = self.whole.is_timed().then(|| {
            let from = self.begins(&platform);
            let run = Run {
                question: &question,
                trace: &trace,
                model: &model,
                date: &self.date(),
                verdict: Some(&verdict_note(&verdict)),
                start: Some(&show::instant(from)),
                // So that the last request lies within, be it on a whole second.
                duration_s: self.seconds_from(from).floor() + 1.0,
                warm_up_s: 0.0,
                replications: 10,
                seed: self.spec.seed,
                as_logged: false,
                keep_alives: Vec::new(),
            };
            model_file::experiment(&run, &about, &estimates)
        });
        Ok(Fit {
            model: model_file::model(&about, &estimates),
            experiment,
            estimates,
            verdict,
            platform,
            read: self,
        })
    }

    /// What a part of the log tells. The timeout is of the whole: it is configured, not drawn.
    fn estimates(&self, history: &History, platform: &Platform) -> Option<Estimates> {
        let given = self.spec.timeout.map(Span::secs);
        let timeout_s = given.or(self.whole.timeout_s);
        estimates::estimate(history, platform, timeout_s, self.spec.seed)
    }

    /// The log in a few words.
    fn source(&self) -> String {
        let files = match &self.spec.logs[..] {
            [one] => one.path.display().to_string(),
            many => format!("{} files, the first {}", many.len(), many[0].path.display()),
        };
        let calls = digits::grouped(self.whole.calls);
        match self.whole.span {
            Some((first, last)) => {
                format!(
                    "{files}: {calls} calls from {} to {}",
                    show::instant(first),
                    show::instant(last)
                )
            }
            None => format!("{files}: {calls} calls without times"),
        }
    }

    /// The whole second in which the first request arrived, in nanoseconds since 1970.
    fn begins(&self, platform: &Platform) -> i64 {
        const SECOND: i64 = 1_000_000_000;
        let first = self.whole.span.map_or(0, |(first, _)| first);
        (first - platform.unseen.mean).div_euclid(SECOND) * SECOND
    }

    /// Seconds from an instant to the last end.
    fn seconds_from(&self, from: i64) -> f64 {
        self.whole
            .span
            .map_or(0.0, |(_, last)| (last - from) as f64 / 1e9)
    }

    /// Day of the last call: what is asked of the model is what comes next.
    fn date(&self) -> String {
        let last = self.whole.span.map_or(0, |(_, last)| last);
        show::instant(last)[..10].to_owned()
    }

    /// The verdict, or why there is none.
    fn verdict(
        &self,
        about: &About<'_>,
        whole_estimates: &Estimates,
        platform: &Platform,
        dir: &Path,
        control: &Control,
    ) -> Result<Result<Verdict, String>, FitError> {
        let Some((begin, end)) = self.whole.span else {
            return Ok(Err(
                "no line has a time, so that no request can be replayed".to_owned(),
            ));
        };
        let split = begin + ((end - begin) as f64 * self.spec.split) as i64;
        let part = |from: i64, to: i64| {
            History::of(&self.joined.calls, Window { from, to }, &self.versions)
        };
        let first = part(i64::MIN, split)?;
        let second = part(split, i64::MAX)?;
        if first.calls.min(second.calls) < FEWEST {
            return Ok(Err(format!(
                "{} and {} calls before and after the split are too few",
                first.calls, second.calls
            )));
        }
        let Some(estimates) = self.estimates(&first, platform) else {
            return Ok(Err(
                "every call of the first part was cut at the timeout".to_owned()
            ));
        };
        let parts = Parts {
            calls: &self.joined.calls,
            whole: &self.whole,
            first: &first,
            second: &second,
            whole_estimates,
            estimates: &estimates,
            about,
            date: &self.date(),
            split,
            from: self.begins(platform),
            unseen: platform.unseen,
            replications: self.spec.replications,
            seed: self.spec.seed,
            jobs: self.spec.jobs,
            dir,
        };
        match verdict::verdict(&parts, control) {
            Ok(verdict) => Ok(Ok(verdict)),
            Err(NoVerdict::Io(error)) => Err(FitError::Io(error)),
            // The estimates may describe what the platform's model does not allow.
            Err(NoVerdict::Written(faults)) => Ok(Err(format!(
                "what was fitted to the first part cannot be simulated:\n{faults}"
            ))),
            Err(NoVerdict::Simulation(Failure::Run {
                error: crate::sim::RunError::Stopped,
                ..
            })) => Err(FitError::Stopped),
            Err(NoVerdict::Simulation(failure)) => Err(FitError::Broken(failure.to_string())),
        }
    }
}

/// The verdict as a file of the model carries it.
fn verdict_note(verdict: &Result<Verdict, String>) -> String {
    match verdict {
        // The reason may be a list of faults, of which a comment has no use.
        Err(why) => {
            let why = why.lines().next().unwrap_or_default();
            format!("Verdict: none, {}.", why.trim_end_matches(':'))
        }
        Ok(verdict) => {
            let caution = match verdict.holds() {
                Some(true) => "",
                Some(false) => " Do not decide by what it misses; fit tells what may be the cause.",
                None => " Fit a longer log.",
            };
            format!(
                "Verdict, of the first part of the log about the rest: {}{caution}",
                verdict.sentence()
            )
        }
    }
}

fn broken(faults: &config::Diagnostics) -> FitError {
    FitError::Broken(format!(
        "this is a bug of frostline, please report it:\n{faults}"
    ))
}

impl Fit {
    /// What was estimated of the whole log.
    pub fn estimates(&self) -> &Estimates {
        &self.estimates
    }

    /// Whether the model holds.
    ///
    /// # Errors
    /// Why that cannot be said.
    pub fn verdict(&self) -> Result<&Verdict, &str> {
        self.verdict.as_ref().map_err(String::as_str)
    }

    /// Whether bills are as the rules of their days say.
    pub fn bills(&self) -> &Bills {
        &self.read.whole.bills
    }

    /// That so many calls have the request of an earlier one that they are none: in words, where it
    /// is so.
    pub fn many_retries(&self) -> Option<String> {
        let (retries, calls) = (self.read.joined.retries, self.read.whole.calls);
        (retries as f64 > RETRIED * calls as f64).then(|| {
            format!(
                "{} of {} calls have the request id of an earlier one: if two of the files tell of \
                 the same calls, give one of them",
                digits::grouped(retries),
                digits::grouped(calls)
            )
        })
    }

    /// The function that was asked for, where no line names any.
    pub fn unused_function(&self) -> Option<&str> {
        let asked = self.read.spec.function.as_deref();
        asked.filter(|_| !self.read.chosen)
    }

    /// That calls are of several languages, which no one function has at a time.
    pub fn several_runtimes(&self) -> Option<String> {
        let languages = known::languages(&self.read.counted);
        (languages.len() > 1).then(|| {
            format!(
                "the logs name several runtimes ({}): if they are of several functions, fit each \
                 alone",
                languages.join(", ")
            )
        })
    }

    /// What was not understood of the logs.
    pub fn not_understood(&self) -> &[NotUnderstood] {
        &self.read.unread
    }

    /// What a person reads.
    pub fn table(&self) -> String {
        show::table(self)
    }

    /// The same for a program.
    pub fn json(&self) -> String {
        json::render(self)
    }

    /// Names and texts of the files, except for the trace.
    pub fn files(&self) -> Vec<(String, String)> {
        let mut files = vec![
            (format!("{}.toml", self.read.name), self.model.clone()),
            (
                "schema/function.json".to_owned(),
                config::schema(SchemaKind::Function),
            ),
        ];
        if let Some(experiment) = &self.experiment {
            files.push(("experiment.toml".to_owned(), experiment.clone()));
            let schema = config::schema(SchemaKind::Experiment);
            files.push(("schema/experiment.json".to_owned(), schema));
        }
        files
    }

    /// Name of the trace; `None` where the log has no times.
    pub fn trace_name(&self) -> Option<PathBuf> {
        self.experiment
            .as_ref()
            .map(|_| format!("{}.csv", self.read.name).into())
    }

    /// Writes the trace.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write_trace(&self, path: &Path) -> io::Result<u64> {
        let Self { read, platform, .. } = self;
        let arrivals = Arrivals::new(&read.joined.calls, platform.unseen)?;
        let from = read.begins(platform);
        files::write_arrivals(path, arrivals, (&read.name, from), true)
    }
}
