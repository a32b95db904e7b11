//! More traffic than the sources say: all the time, and on launch days.

use crate::config::decode::Given;
use crate::config::diagnostic::Fault;
use crate::config::quantity::{MOST_RATE, MOST_TIMES, Moment};
use crate::config::source::Place;
use crate::config::typed::experiment::ExperimentFile;
use crate::config::typed::traffic::SurgeEntry;
use crate::config::typed::value;
use crate::ids::FunctionId;
use crate::model::{BatchSize, Process, Source, Surge, Traffic};
use crate::schedule::Start;
use crate::units::{Span, Time, format_span};

use super::Context;
use super::arrivals::MOST_AT_ONCE;
use super::experiment::tables;
use super::policy::Known;

/// A surge with where it was typed.
struct Placed {
    place: Place,
    surge: Surge,
}

impl Context {
    /// How many requests there are for each that these sources send.
    pub(super) fn traffic(
        &self,
        file: &ExperimentFile,
        known: &Known<'_>,
        sources: &[Source],
        measured_from: Time,
    ) -> Traffic {
        let times = value(&file.traffic).map_or(1.0, |times| times.0);
        let mut placed: Vec<Placed> = Vec::new();
        for table in tables(&file.surge) {
            if let Some(surge) = self.surge(table, known, measured_from) {
                self.overlaps(&placed, table.place, &surge, known);
                let place = table.place;
                placed.push(Placed { place, surge });
            }
        }
        let place = file.traffic.as_ref().map(|key| key.place);
        if let Some(place) = place.or(placed.first().map(|surge| surge.place)) {
            self.bounds(times, &placed, sources, place);
            self.doubt_traffic(place, &placed, sources);
        }
        Traffic {
            times,
            surges: placed.into_iter().map(|placed| placed.surge).collect(),
        }
    }

    fn surge(
        &self,
        table: &Given<SurgeEntry>,
        known: &Known<'_>,
        measured_from: Time,
    ) -> Option<Surge> {
        let typed = table.get()?;
        let start = self.need(&typed.start, table.place, "the surge", "start");
        let duration = self.need(&typed.duration, table.place, "the surge", "duration");
        let times = self.need(&typed.times, table.place, "the surge", "times");
        let functions = typed.functions.as_ref();
        let functions = functions.map(|_| self.functions_of(&typed.functions, known).into());
        let start_place = typed.start.as_ref().map_or(table.place, |key| key.place);
        let start = self.moment(*start?, start_place);
        let (start, duration) = (start?, duration?.0);
        let end = self.end.get();
        if start >= end && end != Time::NEVER {
            let shown = |at: Time| format_span(at.since(Time::ZERO));
            let title = format!("the surge begins {} after the run does", shown(start));
            let fault = Fault::new(title).at(start_place);
            let fault = fault.note(format!("the run ends after {}", shown(end)));
            let by_calendar = matches!(value(&typed.start), Some(Moment::At(_)));
            self.fault(if by_calendar {
                let begins = self.start.get();
                fault.note(if begins == Start::default() {
                    "the run begins on 2024-01-01 unless `start` says otherwise".to_owned()
                } else {
                    format!("the run begins at {begins}")
                })
            } else {
                fault
            });
        } else if start + duration <= measured_from {
            let title = "the surge is over before measuring begins";
            let fault = Fault::warning(title).at(table.place);
            self.fault(
                fault.note("`start` counts from the beginning of the run, warm-up included"),
            );
        }
        let ramp = value(&typed.ramp).map_or(Span::ZERO, |ramp| ramp.0);
        if let Some(key) = &typed.ramp
            && ramp > duration.part(1, 2)
        {
            let title = "`ramp` is longer than half of the surge";
            let fault = Fault::new(title).at(key.place);
            self.fault(fault.note("it rises for so long, and falls for so long before it ends"));
        }
        Some(Surge {
            start,
            duration,
            times: times?.0,
            ramp,
            functions,
        })
    }

    /// A moment as a time of the run.
    fn moment(&self, moment: Moment, place: Place) -> Option<Time> {
        match moment {
            Moment::After(length) => Some(Time::ZERO + length),
            Moment::At(at) => {
                let start = self.start.get();
                let time = start.until(at);
                if time.is_none() {
                    let title = "the surge begins before the run does";
                    let fault = Fault::new(title).at(place);
                    let note = format!("the run, warm-up included, begins at {start}");
                    self.fault(fault.note(note));
                }
                time
            }
        }
    }

    /// Two surges of a function at the same time would leave open whether they add up.
    fn overlaps(&self, before: &[Placed], place: Place, surge: &Surge, known: &Known<'_>) {
        for other in before {
            let apart = surge.start >= other.surge.end() || other.surge.start >= surge.end();
            let ids = (0..known.functions.len() as u32).map(crate::ids::FunctionId);
            let both = |id: &_| surge.is_of(Some(*id)) && other.surge.is_of(Some(*id));
            let Some(id) = ids.into_iter().find(both).filter(|_| !apart) else {
                continue;
            };
            let name = &known.functions[id.index()].function.name;
            self.fault(
                Fault::new(format!("two surges of function `{name}` overlap"))
                    .label(place, "the second")
                    .label(other.place, "the first")
                    .note("give one of them another time, or `functions` of its own"),
            );
        }
    }

    /// What would be multiplied, and is nothing.
    fn doubt_traffic(&self, place: Place, surges: &[Placed], sources: &[Source]) {
        // A source that is wrong is not among them.
        if self.faults.any_error() {
            return;
        }
        let moved = sources.iter().filter(|source| !is_by_the_calendar(source));
        if !sources.is_empty() && moved.clone().next().is_none() {
            let title = "`traffic` and surges change nothing: all requests come by the calendar";
            self.fault(Fault::warning(title).at(place).note(BY_THE_CALENDAR));
            return;
        }
        for Placed { place, surge } in surges {
            if !moved.clone().any(|source| is_about(surge, source)) {
                let title =
                    "the surge changes nothing: its functions have no requests of their own";
                let note = "requests that come by the calendar, or are sent by a workflow, are not \
                            multiplied; a surge without `functions` multiplies workflows";
                self.fault(Fault::warning(title).at(*place).note(note));
            }
        }
    }

    /// Refuses more than can be simulated.
    fn bounds(&self, times: f64, surges: &[Placed], sources: &[Source], place: Place) {
        let most = |of: &dyn Fn(&Surge) -> bool| {
            let of_these = surges.iter().map(|placed| &placed.surge).filter(|s| of(s));
            times * of_these.map(|surge| surge.times).fold(1.0, f64::max)
        };
        let top = most(&|_| true);
        if top > MOST_TIMES {
            let title = format!("`traffic` and the highest surge come to {top} times as many");
            let fault = Fault::new(title).at(place);
            self.fault(fault.note(format!("allowed: at most {MOST_TIMES}")));
            return;
        }
        for source in sources {
            let top = most(&|surge| surge.is_of(of_source(source)));
            let title = if at_once(source) * top > MOST_AT_ONCE {
                format!("more than {MOST_AT_ONCE} requests at one instant cannot be simulated")
            } else if top > 1.0 && fastest(source) * top > MOST_RATE {
                format!("more than {MOST_RATE} requests a second cannot be simulated")
            } else {
                continue;
            };
            let fault = Fault::new(title).at(place);
            self.fault(fault.note(format!("{top} times as many as usual are asked for")));
            return;
        }
    }
}

/// Note on what traffic does not multiply.
const BY_THE_CALENDAR: &str = "a `schedule` sends as many requests as it says, however much traffic \
                               there is: write another one";

fn is_by_the_calendar(source: &Source) -> bool {
    matches!(process(source), Some(Process::Schedule(_)))
}

/// Whether a surge multiplies requests of a source.
fn is_about(surge: &Surge, source: &Source) -> bool {
    match source {
        Source::Trace { functions, .. } => functions.iter().any(|id| surge.is_of(Some(*id))),
        other => surge.is_of(of_source(other)),
    }
}

/// Whose surges are those of a source.
fn of_source(source: &Source) -> Option<FunctionId> {
    match source {
        Source::Process { function, .. } => Some(*function),
        Source::Workflow(_) | Source::Trace { .. } => None,
    }
}

fn process(source: &Source) -> Option<&Process> {
    match source {
        Source::Process { process, .. } => Some(process),
        Source::Workflow(workflow) => Some(&workflow.process),
        Source::Trace { .. } => None,
    }
}

/// Requests a second of a source where it sends most, which those of bursts and batches are not.
fn fastest(source: &Source) -> f64 {
    let top = |rates: &mut dyn Iterator<Item = f64>| rates.fold(0.0, f64::max);
    match process(source) {
        Some(Process::Poisson { rate } | Process::Batch { rate, .. }) => *rate,
        Some(Process::Every { interval, .. }) => 1.0 / interval.secs(),
        Some(Process::Renewal { gap }) => 1.0 / gap.mean_secs(),
        Some(Process::Mmpp { states }) => top(&mut states.iter().map(|state| state.rate)),
        Some(Process::Profile(profile)) => top(&mut profile.rates.iter().copied()),
        _ => 0.0,
    }
}

/// Most requests that a source sends at one instant.
fn at_once(source: &Source) -> f64 {
    let Some(process) = process(source) else {
        return 1.0;
    };
    match process {
        Process::Burst(burst) => f64::from(burst.requests) / burst.over.nanos().max(1) as f64,
        Process::Batch { size, .. } => match size {
            BatchSize::Constant(size) => f64::from(*size),
            BatchSize::Geometric { mean } => *mean,
            BatchSize::Weights(sizes) => sizes.last().map_or(0.0, |(size, _)| f64::from(*size)),
        },
        _ => 1.0,
    }
}
