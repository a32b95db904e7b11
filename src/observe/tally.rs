//! What is counted of a function in a part of the measured time.

use crate::sim::{Cause, Found, RequestEnd, Sender};
use crate::stats::{Histogram, Joint};

use super::messages::Messages;
use super::states::StateTimes;

/// Counts, times and charges of one function, or of all together.
///
/// Nearly all requests find an instance ready and are answered: they are counted in `prompt` and
/// nowhere else. What every request touches stands first, side by side, for the sake of the cache.
#[derive(Clone, Debug, Default)]
#[repr(C)]
pub(super) struct Tally {
    /// Latencies of users' requests that waited for nothing and were answered on demand: their
    /// latency is their service time.
    pub(super) prompt: Histogram,
    /// Users' requests that arrived.
    pub(super) requests: u64,
    pub(super) charges: Charges,
    /// Requests answered that are not in `prompt`.
    pub(super) other_completed: u64,
    pub(super) failed: u64,
    /// Of those that failed.
    pub(super) out_of_memory: u64,
    pub(super) timed_out: u64,
    pub(super) throttled: u64,
    pub(super) rejected: u64,
    pub(super) retries: u64,
    pub(super) in_flight: u64,
    pub(super) boots: u64,
    pub(super) restores: u64,
    /// Warm starts that are not in `prompt`.
    pub(super) other_warm_starts: u64,
    pub(super) spillovers: u64,
    pub(super) pings: u64,
    pub(super) ping_cold_starts: u64,
    pub(super) prewarms: u64,
    pub(super) prewarms_unused: u64,
    pub(super) causes: [u64; Cause::ALL.len()],
    /// Of those that waited for something, or were not simply answered.
    pub(super) delayed: Delayed,
    pub(super) starts: u64,
    pub(super) retired: u64,
    pub(super) life_nanos: u128,
    pub(super) states: StateTimes,
    pub(super) dead_letters: u64,
    pub(super) connections_refused: u64,
    /// Tries that a gateway's own throttle refused.
    pub(super) refused_by_gateway: u64,
    /// Of a function with a queue or stream.
    pub(super) messages: Option<Box<Messages>>,
}

/// Lengths of time of requests that waited for something, in nanoseconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Delayed {
    pub(super) latency: Histogram,
    pub(super) wait: Histogram,
    pub(super) start: Histogram,
    pub(super) service: Histogram,
}

impl Delayed {
    /// Records how long a request took.
    pub(super) fn record(&mut self, end: &RequestEnd) {
        self.latency.record(end.latency().nanos());
        self.wait.record(end.wait().nanos());
        self.start.record(end.start().nanos());
        self.service.record(end.service().nanos());
    }
}

/// Billed amounts: requests, and nanoseconds at the function's memory.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(super) struct Charges {
    pub(super) nanos: u128,
    /// Charged requests that are not in `prompt`.
    pub(super) other_requests: u64,
    pub(super) provisioned_run_nanos: u128,
    pub(super) provisioned_init_nanos: u128,
    pub(super) capacity_nanos: u128,
    pub(super) ping_requests: u64,
    pub(super) ping_nanos: u128,
    pub(super) ping_provisioned_run_nanos: u128,
    pub(super) restored: u64,
}

impl Tally {
    /// Joins what was counted elsewhere, or in the part that follows.
    pub(super) fn join(&mut self, other: &Self) {
        let counts = [
            (&mut self.requests, other.requests),
            (&mut self.other_completed, other.other_completed),
            (&mut self.failed, other.failed),
            (&mut self.out_of_memory, other.out_of_memory),
            (&mut self.timed_out, other.timed_out),
            (&mut self.throttled, other.throttled),
            (&mut self.rejected, other.rejected),
            (&mut self.retries, other.retries),
            (&mut self.in_flight, other.in_flight),
            (&mut self.boots, other.boots),
            (&mut self.restores, other.restores),
            (&mut self.other_warm_starts, other.other_warm_starts),
            (&mut self.spillovers, other.spillovers),
            (&mut self.pings, other.pings),
            (&mut self.ping_cold_starts, other.ping_cold_starts),
            (&mut self.prewarms, other.prewarms),
            (&mut self.prewarms_unused, other.prewarms_unused),
            (&mut self.starts, other.starts),
            (&mut self.retired, other.retired),
            (&mut self.dead_letters, other.dead_letters),
            (&mut self.connections_refused, other.connections_refused),
            (&mut self.refused_by_gateway, other.refused_by_gateway),
        ];
        for (count, more) in counts
            .into_iter()
            .chain(self.causes.iter_mut().zip(other.causes))
        {
            *count += more;
        }
        self.prompt.merge(&other.prompt);
        self.delayed.latency.merge(&other.delayed.latency);
        self.delayed.wait.merge(&other.delayed.wait);
        self.delayed.start.merge(&other.delayed.start);
        self.delayed.service.merge(&other.delayed.service);
        self.life_nanos += other.life_nanos;
        self.states.join(&other.states);
        self.charges.join(&other.charges);
        if let Some(messages) = &other.messages {
            self.messages.get_or_insert_default().join(messages);
        }
    }

    /// Requests answered.
    pub(super) fn completed(&self) -> u64 {
        self.prompt.count() + self.other_completed
    }

    /// Requests that found an instance ready.
    pub(super) fn warm_starts(&self) -> u64 {
        self.prompt.count() + self.other_warm_starts
    }

    /// Users' requests that are charged for.
    pub(super) fn charged_requests(&self) -> u64 {
        self.prompt.count() + self.charges.other_requests
    }

    /// Latencies of all requests that ran.
    pub(super) fn latency(&self) -> Joint<'_> {
        Joint::new([&self.prompt, &self.delayed.latency], 0)
    }

    /// Service times of all requests that ran.
    pub(super) fn service(&self) -> Joint<'_> {
        Joint::new([&self.prompt, &self.delayed.service], 0)
    }

    /// Waits of all requests that ran.
    pub(super) fn wait(&self) -> Joint<'_> {
        self.with_zeros(&self.delayed.wait)
    }

    /// Starts waited for by all requests that ran.
    pub(super) fn start(&self) -> Joint<'_> {
        self.with_zeros(&self.delayed.start)
    }

    fn with_zeros<'a>(&'a self, delayed: &'a Histogram) -> Joint<'a> {
        Joint::new([delayed, const { &Histogram::new() }], self.prompt.count())
    }
}

impl Charges {
    /// Adds a request or ping that begins to run, where it is not counted with those that end.
    pub(super) fn add_begun(&mut self, sender: Sender, found: Found) {
        match sender {
            Sender::User => self.other_requests += 1,
            Sender::Ping => self.ping_requests += 1,
        }
        self.restored += u64::from(matches!(found, Found::Restored(_)));
    }

    /// Adds the billed time of a request or ping.
    pub(super) fn add_run(&mut self, sender: Sender, on_provisioned: bool, nanos: u64) {
        let sum = match (sender, on_provisioned) {
            (Sender::User, false) => &mut self.nanos,
            (Sender::User, true) => &mut self.provisioned_run_nanos,
            (Sender::Ping, false) => &mut self.ping_nanos,
            (Sender::Ping, true) => &mut self.ping_provisioned_run_nanos,
        };
        *sum += u128::from(nanos);
    }

    /// Billed nanoseconds of runs, on demand and on provisioned capacity, of users and pings.
    pub(super) fn run_nanos(&self) -> u128 {
        let users = self.nanos + self.provisioned_run_nanos;
        users + self.ping_nanos + self.ping_provisioned_run_nanos
    }

    fn join(&mut self, other: &Self) {
        self.other_requests += other.other_requests;
        self.nanos += other.nanos;
        self.provisioned_run_nanos += other.provisioned_run_nanos;
        self.provisioned_init_nanos += other.provisioned_init_nanos;
        self.capacity_nanos += other.capacity_nanos;
        self.ping_requests += other.ping_requests;
        self.ping_nanos += other.ping_nanos;
        self.ping_provisioned_run_nanos += other.ping_provisioned_run_nanos;
        self.restored += other.restored;
    }
}
