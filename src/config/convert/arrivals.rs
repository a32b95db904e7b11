//! Arrival processes.

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::decode::Given;
use crate::config::diagnostic::Fault;
use crate::config::names::{did_you_mean, list};
use crate::config::source::Place;
use crate::config::typed::arrivals::{
    Arrivals, BatchSize, Mmpp, Processes, Profile, Replay, TimedRequests,
};
use crate::config::typed::value;
use crate::dist::Dist;
use crate::model::{self, MmppState, Process};
use crate::trace::{Trace, TraceSpec};
use crate::units::{Span, Time, format_span};

use super::Context;
use super::experiment::Recorded;

/// Requests that arrive at one instant are in memory together.
pub(super) const MOST_AT_ONCE: f64 = 1e6;

impl Context {
    /// The process of a function of this name.
    pub(super) fn process(&self, given: &Given<Arrivals>, function: &str) -> Option<Process> {
        match given.get()? {
            Arrivals::Replay(_) => self.replay(&replayed(given)?, function),
            Arrivals::Table(processes) => self.one_process(processes, given.place, function),
        }
    }

    fn one_process(&self, typed: &Processes, table: Place, function: &str) -> Option<Process> {
        if let Some(key) = &typed.closed {
            self.fault(
                Fault::new("arrivals `closed` are not in this version")
                    .at(key.place)
                    .note("a later version will have them"),
            );
            return None;
        }
        let given = [
            ("poisson", typed.poisson.is_some()),
            ("every", typed.every.is_some()),
            ("renewal", typed.renewal.is_some()),
            ("mmpp", typed.mmpp.is_some()),
            ("profile", typed.profile.is_some()),
            ("burst", typed.burst.is_some()),
            ("batch", typed.batch.is_some()),
            ("schedule", typed.schedule.is_some()),
            ("replay", typed.replay.is_some()),
        ];
        let names: Vec<&str> = given
            .iter()
            .filter(|(_, is)| *is)
            .map(|(name, _)| *name)
            .collect();
        if names.is_empty() && self.faults.has_unknown(table) {
            return None;
        }
        if names.len() != 1 {
            let title = if names.is_empty() {
                "`arrivals` needs one process".to_owned()
            } else {
                format!("`arrivals` has one process, not {}", list(names))
            };
            self.fault(
                Fault::new(title)
                    .at(table)
                    .note(format!("processes: {}", list(given.map(|(name, _)| name)))),
            );
            return None;
        }
        match &typed.replay {
            Some(replay) => self.replay(&file_of(replay)?, function),
            None => self.first_process(typed),
        }
    }

    fn first_process(&self, typed: &Processes) -> Option<Process> {
        if let Some(key) = &typed.poisson {
            return Some(Process::Poisson {
                rate: key.get()?.rate.0,
            });
        }
        if let Some(key) = &typed.every {
            let every = key.get()?;
            return Some(Process::Every {
                interval: every.interval.0,
                offset: Time::ZERO + every.offset.map_or(Span::ZERO, |offset| offset.0),
            });
        }
        if let Some(key) = &typed.renewal {
            let gap = key.get()?.0.clone();
            if gap.mean_secs() < 1e-9 {
                self.fault(
                    Fault::new("gaps of zero would be endlessly many requests at once")
                        .at(key.place)
                        .note("give a distribution with a mean above zero"),
                );
                return None;
            }
            return Some(Process::Renewal { gap });
        }
        if let Some(key) = &typed.mmpp {
            return self.mmpp(key.get()?, key.place);
        }
        if let Some(key) = &typed.profile {
            return self.profile(key.get()?, key.place);
        }
        if let Some(key) = &typed.burst {
            let burst = key.get()?;
            let over = burst.over.map_or(Span::ZERO, |over| over.0);
            let overlap = burst.every.is_some_and(|every| over > every.0);
            if burst.times.is_some() && (overlap || burst.every.is_none()) {
                self.fault(
                    Fault::new("`times` counts bursts that follow each other")
                        .at(key.place)
                        .note("give `every`, no shorter than `over`"),
                );
                return None;
            }
            let at_once = f64::from(burst.requests.0) / over.nanos().max(1) as f64;
            self.requests_at_once(at_once, key.place)?;
            return Some(Process::Burst(model::Burst {
                at: Time::ZERO + burst.at.map_or(Span::ZERO, |at| at.0),
                requests: burst.requests.0,
                over,
                every: burst.every.map(|every| every.0),
                times: burst.times.map(|times| times.0),
            }));
        }
        if let Some(key) = &typed.schedule {
            return self.timed(key.get()?, key.place);
        }
        let key = typed.batch.as_ref()?;
        let batch = key.get()?;
        self.requests_at_once(largest(&batch.size), key.place)?;
        Some(Process::Batch {
            rate: batch.rate.0,
            size: batch_size(&batch.size),
        })
    }

    fn timed(&self, typed: &TimedRequests, place: Place) -> Option<Process> {
        let at = self.schedule(&typed.cron, &typed.time_zone, place, "`schedule`");
        let requests = value(&typed.requests).map_or(1, |requests| requests.0);
        self.requests_at_once(f64::from(requests), place)?;
        let until = self.end.get();
        let jitter = value(&typed.jitter).map_or(Dist::ZERO, |jitter| jitter.0.clone());
        let mean = Span::from_secs(jitter.mean_secs());
        if let Some(key) = &typed.jitter
            && mean > until.since(Time::ZERO)
        {
            let mean = format_span(mean);
            let title = format!("a jitter of {mean} on average is longer than the run");
            self.fault(Fault::new(title).at(key.place));
            return None;
        }
        Some(Process::Schedule(model::TimedRequests {
            at: at?,
            requests,
            jitter,
            until,
        }))
    }

    /// Refuses more requests at one instant than memory may hold.
    fn requests_at_once(&self, requests: f64, place: Place) -> Option<()> {
        if requests <= MOST_AT_ONCE {
            return Some(());
        }
        let title = format!("more than {MOST_AT_ONCE} requests at one instant cannot be simulated");
        self.fault(Fault::new(title).at(place));
        None
    }

    fn mmpp(&self, typed: &Mmpp, place: Place) -> Option<Process> {
        let rates = self.need(&typed.rates, place, "`mmpp`", "rates");
        let stays = self.need(&typed.stays, place, "`mmpp`", "stays");
        let (rates, stays) = (rates?, stays?);
        if rates.is_empty() {
            self.fault(Fault::new("`rates` is empty").at(typed.rates.as_ref()?.place));
            return None;
        }
        if rates.len() != stays.len() {
            let (one, other) = (typed.rates.as_ref()?.place, typed.stays.as_ref()?.place);
            self.fault(
                Fault::new("`mmpp` needs a stay for each rate")
                    .label(one, format!("{} rates", rates.len()))
                    .label(other, format!("{} stays", stays.len())),
            );
            return None;
        }
        let states = rates.iter().zip(stays).map(|(rate, stay)| {
            Some(MmppState {
                rate: rate.get()?.0,
                stay: stay.get()?.0,
            })
        });
        Some(Process::Mmpp {
            states: states.collect::<Option<_>>()?,
        })
    }

    fn profile(&self, typed: &Profile, place: Place) -> Option<Process> {
        let rates = self.need(&typed.rates, place, "`profile`", "rates")?;
        if rates.is_empty() {
            self.fault(Fault::new("`rates` is empty").at(typed.rates.as_ref()?.place));
            return None;
        }
        let period = match (&typed.period, rates.len()) {
            (Some(period), _) => period.get()?.0,
            (None, 24) => Span::from_whole_secs(86_400),
            (None, 168) => Span::from_whole_secs(7 * 86_400),
            (None, count) => {
                self.fault(
                    Fault::new(format!(
                        "`profile` lacks `period`, and {count} rates do not tell it"
                    ))
                    .at(place)
                    .note("24 rates are taken for a day, 168 for a week"),
                );
                return None;
            }
        };
        if period.nanos() < rates.len() as u64 {
            self.fault(Fault::new("`period` is too short for so many rates").at(place));
            return None;
        }
        let rates = rates.iter().map(|rate| Some(rate.get()?.0));
        // By the clock of `start`: the first rate is that of Monday 00:00, and of 00:00 each day.
        let phase = self.start.get().of_week().nanos() % period.nanos();
        Some(Process::Profile(model::Profile {
            period,
            phase: Span::from_nanos(phase),
            rates: rates.collect::<Option<_>>()?,
        }))
    }

    /// What these arrivals say about service times, where they are recorded requests: with a column
    /// of them the function needs none of its own.
    pub(super) fn recorded(&self, given: &Given<Arrivals>, function: &str) -> Recorded {
        let Some((_, trace)) = replayed(given).and_then(|file| self.recording(&file)) else {
            return Recorded::default();
        };
        let mut functions = trace.functions().iter();
        let named = functions.position(|f| f.name == function);
        match named.filter(|_| trace.names_functions()) {
            Some(place) => Recorded::of(&trace, place),
            None => Recorded {
                each: trace.records_service(),
                longest: trace
                    .longest_service(0)
                    .filter(|_| !trace.names_functions()),
            },
        }
    }

    /// The file of a replay, opened and checked.
    pub(super) fn recording(&self, file: &Given<String>) -> Option<(PathBuf, Arc<Trace>)> {
        let found: PathBuf = self.existing(file, "file")?;
        if found.is_dir() {
            let title = format!("`{}` is a directory: name a CSV file", found.display());
            self.fault(Fault::new(title).at(file.place));
            return None;
        }
        let spec = TraceSpec::Requests {
            file: found.clone(),
        };
        Some((found, self.opened(spec, file.place)?))
    }

    fn replay(&self, file: &Given<String>, function: &str) -> Option<Process> {
        let (found, trace) = self.recording(file)?;
        let names = || trace.functions().iter().map(|f| f.name.as_str());
        if trace.names_functions() && !names().any(|name| name == function) {
            let title = format!(
                "no row of `{}` names function `{function}`",
                found.display()
            );
            let mut fault = Fault::new(title).at(file.place);
            if let Some(hint) = did_you_mean(function, names()) {
                fault = fault.note(hint);
            }
            self.fault(fault.note(format!("its functions: {}", list(names()))));
            return None;
        }
        Some(Process::Replay { file: found })
    }
}

/// The largest size of a batch, or the mean of one without bound.
fn largest(size: &BatchSize) -> f64 {
    match size {
        BatchSize::Constant(size) => f64::from(*size),
        BatchSize::Geometric(mean) => *mean,
        BatchSize::Weights(weights) => weights.last().map_or(0.0, |(size, _)| f64::from(*size)),
    }
}

/// The file of a replay, where these arrivals are one.
pub(super) fn replayed(given: &Given<Arrivals>) -> Option<Given<String>> {
    match given.get()? {
        Arrivals::Replay(path) => Some(Given {
            place: given.place,
            value: Some(path.clone()),
        }),
        Arrivals::Table(table) => file_of(table.replay.as_ref()?),
    }
}

fn file_of(replay: &Given<Replay>) -> Option<Given<String>> {
    Some(replay.get()?.file.clone())
}

fn batch_size(typed: &BatchSize) -> model::BatchSize {
    match typed {
        BatchSize::Constant(size) => model::BatchSize::Constant(*size),
        BatchSize::Geometric(mean) => model::BatchSize::Geometric { mean: *mean },
        BatchSize::Weights(weights) => {
            let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
            let mut sum = 0.0;
            let cumulated = weights.iter().map(|(size, weight)| {
                sum += weight / total;
                (*size, sum)
            });
            model::BatchSize::Weights(cumulated.collect())
        }
    }
}
