//! Whether the intervals of one replication will mean anything.

use crate::config::diagnostic::Fault;
use crate::config::quantity::PositiveCount;
use crate::config::typed::experiment::ExperimentFile;
use crate::config::typed::value;
use crate::model::{Burst, Function, Process, Source};
use crate::units::Time;

use super::Context;

impl Context {
    /// Intervals of one replication come from the spread of equal parts of its time, as if all were
    /// alike. Where bursts come to an end, or a surge comes and goes, they are not, and the spread
    /// tells only how much.
    pub(super) fn warn_of_transients(
        &self,
        file: &ExperimentFile,
        functions: &[Function],
        sources: &[Source],
        end: Time,
    ) {
        let (Some(replications), Some(PositiveCount(1))) =
            (&file.replications, value(&file.replications))
        else {
            return;
        };
        let surge = file
            .surge
            .as_ref()
            .and_then(|surges| surges.get()?.0.first());
        if let Some(surge) = surge {
            let title = "intervals of one replication take a surge for chance";
            let fault = Fault::warning(title).label(surge.place, "this one");
            let fault = fault.label(replications.place, "one replication");
            self.fault(
                fault.note("they take equal parts of the run for alike; give replications = 10"),
            );
        }
        for source in sources {
            let Source::Process {
                function,
                process: Process::Burst(burst),
            } = source
            else {
                continue;
            };
            if ends_before(burst, end) {
                let name = &functions[function.0 as usize].name;
                self.fault(
                    Fault::warning(format!(
                        "intervals of one replication say nothing about `{name}`, whose bursts end \
                         before the run does"
                    ))
                    .at(replications.place)
                    .note("they take equal parts of the run for alike; give replications = 10"),
                );
            }
        }
    }
}

/// Whether a further burst would still lie within the run.
fn ends_before(burst: &Burst, end: Time) -> bool {
    let length = match (burst.every, burst.times) {
        (None, _) => 0,
        (Some(every), Some(times)) => every.nanos().saturating_mul(u64::from(times)),
        (Some(_), None) => return false,
    };
    burst.at.nanos().saturating_add(length) < end.nanos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Span;

    #[test]
    fn bursts_end_where_a_further_one_would_still_fit() {
        let secs = Span::from_whole_secs;
        let ends = |every: Option<u64>, times: Option<u32>| {
            let burst = Burst {
                at: Time::ZERO + secs(1),
                requests: 5,
                over: Span::ZERO,
                every: every.map(secs),
                times,
            };
            ends_before(&burst, Time::ZERO + secs(100))
        };
        assert!(ends(None, None), "a single burst");
        assert!(!ends(Some(10), None), "bursts without end");
        assert!(ends(Some(10), Some(9)), "the last one at 81 s");
        assert!(!ends(Some(10), Some(10)), "the last one at 91 s");
        assert!(!ends(Some(u64::MAX / 1_000_000_000), Some(2)));
    }
}
