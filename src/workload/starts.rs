//! The instants of a process alone: what starts is not a request but a workflow.

use crate::ids::FunctionId;
use crate::model::{Function, Process, Traffic};
use crate::random::Streams;
use crate::units::Time;

use super::clock::NEVER;
use super::source::FunctionArrivals;

/// The instants of a process in order of time.
#[derive(Debug)]
pub struct Starts {
    /// The next instant of each clock; there is more than one where bursts overlap.
    clocks: Vec<(u64, FunctionArrivals)>,
}

impl Starts {
    /// Those of a process; none where it is a replay. `number` tells the streams of several apart,
    /// from which no function draws. Of `function` nothing is asked but a name.
    pub fn new(
        process: &Process,
        function: &Function,
        streams: &Streams,
        number: u32,
        traffic: &Traffic,
    ) -> Self {
        let id = (FunctionId(u32::MAX - number), None);
        let drawn = (streams, 0);
        let clocks = FunctionArrivals::of_traffic(id, function, process, drawn, traffic);
        let begun = clocks.into_iter().map(|mut clock| {
            let first = clock.next_instant();
            (first, clock)
        });
        Self {
            clocks: begun.collect(),
        }
    }

    /// The next instant, `NEVER` after the last.
    pub fn next_instant(&mut self) -> Time {
        let Some((head, clock)) = self.clocks.iter_mut().min_by_key(|(head, _)| *head) else {
            return Time::NEVER;
        };
        let at = *head;
        if at == NEVER {
            return Time::NEVER;
        }
        *head = clock.next_instant();
        Time::from_nanos(at)
    }
}
