//! More traffic than the sources say: all the time, and on launch days.

use crate::config::decode::Given;
use crate::config::diagnostic::Fault;
use crate::config::quantity::{MOST_TIMES, Moment};
use crate::config::source::Place;
use crate::config::typed::experiment::ExperimentFile;
use crate::config::typed::traffic::SurgeEntry;
use crate::config::typed::value;
use crate::model::{BatchSize, Process, Source, Surge, Traffic};
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
            self.fault(fault.note(format!("the run ends after {}", shown(end))));
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

    /// Refuses more than can be simulated.
    fn bounds(&self, times: f64, surges: &[Placed], sources: &[Source], place: Place) {
        let tops = surges.iter().map(|placed| placed.surge.times);
        let top = times * tops.fold(1.0, f64::max);
        if top > MOST_TIMES {
            let title = format!("`traffic` and the highest surge come to {top} times as many");
            let fault = Fault::new(title).at(place);
            self.fault(fault.note(format!("allowed: at most {MOST_TIMES}")));
        } else if sources
            .iter()
            .any(|source| at_once(source) * top > MOST_AT_ONCE)
        {
            let title =
                format!("more than {MOST_AT_ONCE} requests at one instant cannot be simulated");
            let fault = Fault::new(title).at(place);
            self.fault(fault.note(format!("{top} times as many as usual are asked for")));
        }
    }
}

/// Most requests that a source sends at one instant.
fn at_once(source: &Source) -> f64 {
    let process = match source {
        Source::Process { process, .. } => process,
        Source::Workflow(workflow) => &workflow.process,
        Source::Trace { .. } => return 1.0,
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
