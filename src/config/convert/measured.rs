//! Whether requests arrive in the time that is measured.
//!
//! A run that measures nothing, or a recorded trace that ends in the middle of the measured time,
//! gives numbers that look like any others. So it is told before the run.

use std::path::Path;

use crate::config::diagnostic::Fault;
use crate::config::source::Place;
use crate::model::{Burst, Process, Source, TimedRequests};
use crate::trace::{Trace, TraceSpec};
use crate::units::{Span, Time, format_span};

use super::Context;
use super::experiment::Population;

/// The measured time of a run: from `from` on and before `to`.
#[derive(Clone, Copy)]
pub(super) struct MeasuredTime {
    from: Time,
    to: Time,
}

/// Seconds from which a first arrival is rather a date: 2001 in Unix time.
const UNIX_TIME: u64 = 1_000_000_000;

impl MeasuredTime {
    pub(super) fn new(warm_up: Span, duration: Span) -> Self {
        let from = Time::ZERO + warm_up;
        Self {
            from,
            to: from + duration,
        }
    }

    fn holds(self, at: Time) -> bool {
        (self.from..self.to).contains(&at)
    }

    /// `the measured time, 1 h to 2 h`.
    fn shown(self) -> String {
        format!("the measured time, {}", range(self.from, self.to))
    }

    /// Whether a burst lies in it, the requests of a single one at least in part.
    fn meets(self, burst: &Burst) -> bool {
        let in_part = |at: Time| at < self.to && at + burst.over >= self.from;
        let Some(every) = burst.every.filter(|every| !every.is_zero()) else {
            return in_part(burst.at);
        };
        let before = self.from.since(burst.at + burst.over).nanos();
        let first = before.div_ceil(every.nanos());
        let is_one = burst.times.is_none_or(|times| first < u64::from(times));
        let after = Span::from_nanos(every.nanos().saturating_mul(first));
        is_one && in_part(burst.at + after)
    }
}

impl Context {
    /// Warns of sources whose requests do not lie in the measured time, or not all over it.
    pub(super) fn meets_measured_time(&self, time: &MeasuredTime, population: &Population) {
        for (source, place) in population.sources.iter().zip(&population.places) {
            match source {
                Source::Trace { trace, .. } => self.trace_meets(trace, None, *time, *place),
                Source::Process { function, process } => {
                    let name = &population.functions[function.index()].function.name;
                    self.process_meets(process, name, *time, *place);
                }
                Source::Workflow(_) => {}
            }
        }
    }

    fn process_meets(&self, process: &Process, name: &str, time: MeasuredTime, place: Place) {
        let (what, meets) = match process {
            Process::Every { offset, .. } => ("`offset`", *offset < time.to),
            Process::Burst(burst) => ("`at`", time.meets(burst)),
            Process::Schedule(timed) => {
                self.calendar_meets(timed, name, time, place);
                return;
            }
            Process::Replay { file } => {
                self.replay_meets(file, name, time, place);
                return;
            }
            _ => return,
        };
        if !meets {
            let title = format!(
                "no request of function `{name}` falls into {}",
                time.shown()
            );
            let note = format!("{what} counts from the beginning of the run, warm-up included");
            self.fault(Fault::warning(title).at(place).note(note));
        }
    }

    /// Warns where the calendar has no request for the measured time: most likely the run begins on
    /// another day than was thought of.
    fn calendar_meets(&self, timed: &TimedRequests, name: &str, time: MeasuredTime, place: Place) {
        let late = timed.jitter.longest().unwrap_or(Span::FOR_EVER);
        let earliest = Time::ZERO + time.from.since(Time::ZERO + late);
        if timed.at.next_from(earliest) < time.to {
            return;
        }
        let title = format!(
            "no request of function `{name}` falls into {}",
            time.shown()
        );
        let start = self.start.get();
        let note = format!("the run, warm-up included, begins at {start}: `start` says when");
        self.fault(Fault::warning(title).at(place).note(note));
    }

    fn replay_meets(&self, file: &Path, name: &str, time: MeasuredTime, place: Place) {
        let spec = TraceSpec::Requests {
            file: file.to_owned(),
        };
        let Some(trace) = self.opened(spec, place) else {
            return;
        };
        let mut functions = trace.functions().iter();
        let function = functions
            .position(|function| function.name == name)
            .filter(|_| trace.names_functions());
        self.trace_meets(&trace, function, time, place);
    }

    /// Warns where a trace, or one function of it, does not fill the measured time.
    fn trace_meets(
        &self,
        trace: &Trace,
        function: Option<usize>,
        time: MeasuredTime,
        place: Place,
    ) {
        let (begins, ends) = (trace.begins(), trace.span());
        let last = Time::from_nanos(ends.nanos().saturating_sub(trace.counts_by_minute().into()));
        let all = function.map_or(trace.requests(), |f| trace.functions()[f].requests);
        let inside = if time.holds(begins) && time.holds(last) {
            Some(all)
        } else {
            match trace.requests_between(function, time.from, time.to) {
                Ok(inside) => inside,
                Err(fault) => {
                    self.fault(Fault::new(fault.to_string()).label(place, "named here"));
                    return;
                }
            }
        };
        let silent = time.to.since(ends.max(time.from));
        let of_recording = match inside {
            Some(0) => "no request",
            Some(some) => &format!("{some} of {all} requests"),
            None if ends <= time.from => "no request",
            None => "a part",
        };
        let title = format!(
            "{of_recording} of `{}` lies in {}",
            trace.path().display(),
            time.shown()
        );
        let title = match inside {
            Some(some) if some > 1 => title.replacen(" lies in ", " lie in ", 1),
            _ => title,
        };
        let none = inside == Some(0) || ends <= time.from;
        let cut = last >= time.to;
        if !none && !cut && !is_silence(silent, time, trace) {
            return;
        }
        let mut fault = Fault::warning(title)
            .at(place)
            .note(format!("it spans {}", range(begins, ends)));
        if begins.nanos() >= UNIX_TIME * 1_000_000_000 {
            fault = fault.note("its times look like Unix time: subtract the first one from all");
        } else if !none && !cut {
            let silent = format_span(rounded(silent));
            fault = fault.note(format!(
                "the last {silent} of the measured time have no requests"
            ));
        }
        self.fault(fault);
    }
}

/// Whether the end of the measured time is without requests for longer than by chance: more than
/// five mean gaps, which happens to a Poisson process once in 150 times, and a twentieth of it.
fn is_silence(silent: Span, time: MeasuredTime, trace: &Trace) -> bool {
    let recorded = trace.span().since(trace.begins()).secs();
    let gap = recorded / trace.requests().max(1) as f64;
    silent.secs() > (5.0 * gap).max(time.to.since(time.from).secs() / 20.0)
}

/// `0 s to 2 days`.
fn range(from: Time, to: Time) -> String {
    let shown = |at: Time| format_span(rounded(at.since(Time::ZERO)));
    format!("{} to {}", shown(from), shown(to))
}

/// To the second where it is longer than a minute, as a person reads it.
fn rounded(span: Span) -> Span {
    let minute = Span::from_whole_secs(60);
    if span > minute {
        Span::from_whole_secs(span.secs().round() as u64)
    } else {
        span
    }
}
