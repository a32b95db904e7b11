//! Requests at times of the calendar.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::model::TimedRequests;
use crate::random::Stream;
use crate::units::Time;

use super::clock::NEVER;

/// Requests that the calendar sends, at some instant.
#[derive(Clone, Debug)]
pub(super) struct TimedClock {
    process: TimedRequests,
    /// The next time that is due and has not been drawn.
    due: Time,
    /// Drawn and not sent. With jitter a request may be overtaken by those of later times.
    pending: BinaryHeap<Reverse<u64>>,
}

impl TimedClock {
    /// `None` where there is never a request.
    pub(super) fn new(process: &TimedRequests) -> Option<Self> {
        let due = process.at.next_from(Time::ZERO);
        (process.requests > 0 && due != Time::NEVER).then(|| Self {
            process: process.clone(),
            due,
            pending: BinaryHeap::new(),
        })
    }

    pub(super) fn next(&mut self, stream: &mut Stream) -> u64 {
        // What is due later comes later, however small its jitter.
        while self.due < self.process.until
            && self
                .pending
                .peek()
                .is_none_or(|first| first.0 > self.due.nanos())
        {
            for _ in 0..self.process.requests {
                let at = self.due + self.process.jitter.sample(stream);
                self.pending.push(Reverse(at.nanos()));
            }
            self.due = self.process.at.next_after(self.due);
        }
        self.pending.pop().map_or(NEVER, |first| first.0)
    }
}
