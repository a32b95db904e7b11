//! What is counted of messages and records: they are many to a request, and wait before it.

use crate::sim::{Fate, MessageEnd};
use crate::stats::Histogram;

/// Counts of messages that arrived in the measured time.
#[derive(Clone, Debug, Default)]
pub(super) struct Messages {
    pub(super) arrived: u64,
    pub(super) processed: u64,
    pub(super) given_up: u64,
    pub(super) expired: u64,
    pub(super) waiting: u64,
    /// From arrival until they were worked off, in nanoseconds.
    pub(super) latency: Histogram,
}

impl Messages {
    pub(super) fn ended(&mut self, end: &MessageEnd) {
        let count = match end.fate {
            Fate::Processed => {
                self.latency.record((end.ended - end.arrived).nanos());
                &mut self.processed
            }
            Fate::GivenUp => &mut self.given_up,
            Fate::Expired => &mut self.expired,
            Fate::Waiting => &mut self.waiting,
        };
        *count += 1;
    }

    pub(super) fn join(&mut self, other: &Self) {
        self.arrived += other.arrived;
        self.processed += other.processed;
        self.given_up += other.given_up;
        self.expired += other.expired;
        self.waiting += other.waiting;
        self.latency.merge(&other.latency);
    }

    /// Messages that are accounted for.
    pub(super) fn accounted(&self) -> u64 {
        self.processed + self.given_up + self.expired + self.waiting
    }
}
