//! From counts to the measures of the catalogue.

use crate::model::MONTH;
use crate::sim::{Cause, State};
use crate::stats::{Histogram, Joint};
use crate::units::Span;

use super::costs::Bill;
use super::messages::Messages;
use super::tally::Tally;
use super::values::Sheet;
use crate::metric::{self, MetricId};

/// What the measures of one function, or of all, are taken from.
pub(super) struct Part<'a> {
    pub(super) tally: &'a Tally,
    /// GB-seconds by [`State`].
    pub(super) gb_s: [f64; 3],
    pub(super) bill: Bill,
    /// What it has of what few have: there 0 is a value.
    pub(super) has: Has,
    /// The measured time.
    pub(super) window: Span,
}

/// What a function or a plan has of what few have. Where it has it, 0 is a value like any other:
/// means over replications, and sums, are wrong without.
#[expect(clippy::struct_excessive_bools, reason = "each is asked for by itself")]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Has {
    pub(super) gateway: bool,
    pub(super) queue: bool,
    pub(super) stream: bool,
    pub(super) schedule: bool,
    pub(super) storage: bool,
    pub(super) workflow: bool,
}

impl Has {
    /// Adds what another has.
    pub(super) fn join(&mut self, other: Self) {
        self.gateway |= other.gateway;
        self.queue |= other.queue;
        self.stream |= other.stream;
        self.schedule |= other.schedule;
        self.storage |= other.storage;
        self.workflow |= other.workflow;
    }
}

impl Part<'_> {
    /// Every measure of the catalogue.
    pub(super) fn sheet(&self) -> Sheet {
        let mut values = Sheet::default();
        self.counts(&mut values);
        self.ratios(&mut values);
        let tally = self.tally;
        let lengths = [
            (metric::LATENCY_MS_MEAN, tally.latency()),
            (metric::WAIT_MS_MEAN, tally.wait()),
            (metric::START_MS_MEAN, tally.start()),
            (metric::SERVICE_MS_MEAN, tally.service()),
        ];
        for (first, histogram) in lengths {
            lengths_of_time(&mut values, first, &histogram);
        }
        self.messages(&mut values);
        self.instances(&mut values);
        self.costs(&mut values);
        values
    }

    fn counts(&self, values: &mut Sheet) {
        let t = self.tally;
        let counts = [
            (metric::REQUESTS, t.requests),
            (metric::COMPLETED, t.completed()),
            (metric::OUT_OF_MEMORY, t.out_of_memory),
            (metric::FAILED, t.failed),
            (metric::TIMED_OUT, t.timed_out),
            (metric::THROTTLED, t.throttled),
            (metric::REJECTED, t.rejected),
            (metric::RETRIES, t.retries),
            (metric::IN_FLIGHT, t.in_flight),
            (metric::COLD_STARTS, t.boots + t.restores),
            (metric::RESTORES, t.restores),
            (metric::WARM_STARTS, t.warm_starts()),
            (metric::SPILLOVERS, t.spillovers),
            (metric::PINGS, t.pings),
            (metric::PING_COLD_STARTS, t.ping_cold_starts),
            (metric::PREWARMS, t.prewarms),
            (metric::PREWARMS_UNUSED, t.prewarms_unused),
            (metric::STARTS, t.starts),
        ];
        for (id, count) in counts {
            values.set(id, count as f64);
        }
        for cause in Cause::ALL {
            let first = metric::COLD_CAUSE_FIRST.0;
            values.set(
                MetricId(first + cause as u16),
                t.causes[cause as usize] as f64,
            );
        }
    }

    /// What there is only of functions with a queue or stream.
    fn messages(&self, values: &mut Sheet) {
        values.set(metric::DEAD_LETTERS, self.tally.dead_letters as f64);
        if !self.has.queue && !self.has.stream {
            return;
        }
        let none = Messages::default();
        let messages = self.tally.messages.as_deref().unwrap_or(&none);
        let counts = [
            (metric::MESSAGES, messages.arrived),
            (metric::MESSAGES_PROCESSED, messages.processed),
            (metric::MESSAGES_GIVEN_UP, messages.given_up),
            (metric::MESSAGES_EXPIRED, messages.expired),
            (metric::MESSAGES_WAITING, messages.waiting),
        ];
        for (id, count) in counts {
            values.set(id, count as f64);
        }
        let latency = Joint::new([&messages.latency, const { &Histogram::new() }], 0);
        lengths_of_time(values, metric::MESSAGE_LATENCY_MS_MEAN, &latency);
    }

    fn ratios(&self, values: &mut Sheet) {
        let t = self.tally;
        let cold = t.boots + t.restores;
        let ratio = |part: u64, all: u64| {
            if all == 0 {
                f64::NAN
            } else {
                part as f64 / all as f64
            }
        };
        values.set(
            metric::COLD_START_RATIO,
            ratio(cold, cold + t.warm_starts()),
        );
        values.set(
            metric::THROTTLE_RATIO,
            ratio(t.throttled, t.requests + t.retries),
        );
        values.set(metric::REJECT_RATIO, ratio(t.rejected, t.requests));
        let failures = t.failed + t.timed_out + t.rejected;
        values.set(metric::FAILURE_RATIO, ratio(failures, t.requests));
    }

    fn instances(&self, values: &mut Sheet) {
        let t = self.tally;
        let nanos = self.window.nanos() as f64;
        let mean = |instance_nanos: u128| {
            if nanos == 0.0 {
                f64::NAN
            } else {
                instance_nanos as f64 / nanos
            }
        };
        let [_, idle, busy] = t.states.in_state;
        values.set(metric::INSTANCES_MEAN, mean(t.states.alive));
        values.set(metric::INSTANCES_PEAK, f64::from(t.states.peaks.alive));
        values.set(metric::BUSY_MEAN, mean(busy));
        values.set(metric::CONNECTIONS_MEAN, mean(t.states.connections));
        let connections = f64::from(t.states.peaks.connections);
        values.set(metric::CONNECTIONS_PEAK, connections);
        values.set(metric::CONNECTIONS_REFUSED, t.connections_refused as f64);
        values.set(metric::BUSY_PEAK, f64::from(t.states.peaks.busy));
        values.set(metric::IDLE_MEAN, mean(idle));
        if t.retired > 0 {
            let life = t.life_nanos as f64 / 1e9 / t.retired as f64;
            values.set(metric::INSTANCE_LIFE_S_MEAN, life);
        }
        values.set(metric::BUSY_GB_S, self.gb_s[State::Busy as usize]);
        values.set(metric::IDLE_GB_S, self.gb_s[State::Idle as usize]);
        values.set(metric::START_GB_S, self.gb_s[State::Starting as usize]);
    }

    fn costs(&self, values: &mut Sheet) {
        let bill = &self.bill;
        values.set(metric::COST_USD_TOTAL, bill.total());
        values.set(metric::COST_USD_REQUESTS, bill.requests);
        values.set(metric::COST_USD_DURATION, bill.duration);
        values.set(metric::COST_USD_PROVISIONED, bill.provisioned);
        values.set(metric::COST_USD_SNAPSHOT, bill.snapshot);
        values.set(metric::COST_USD_PING, bill.ping);
        let has = self.has;
        let optional = [
            (has.storage, metric::COST_USD_STORAGE, bill.storage),
            (has.gateway, metric::COST_USD_GATEWAY, bill.gateway),
            (has.queue, metric::COST_USD_QUEUE, bill.queue),
            (has.stream, metric::COST_USD_STREAM, bill.stream),
            (has.schedule, metric::COST_USD_SCHEDULE, bill.schedule),
            (has.workflow, metric::COST_USD_WORKFLOW, bill.workflow),
        ];
        for (_, id, usd) in optional.into_iter().filter(|(has, ..)| *has) {
            values.set(id, usd);
        }
        if !self.window.is_zero() {
            let month = bill.total() * MONTH.secs() / self.window.secs();
            values.set(metric::COST_USD_PER_MONTH, month);
        }
    }
}

/// Mean, quantiles and greatest, in milliseconds, in the order of the catalogue from `first` on.
pub(super) fn lengths_of_time(values: &mut Sheet, first: MetricId, histogram: &Joint<'_>) {
    let millis = |nanos: u64| nanos as f64 / 1e6;
    let Some(mean) = histogram.mean() else { return };
    values.set(first, mean / 1e6);
    let quantiles = histogram.quantiles([0.5, 0.9, 0.95, 0.99, 0.999, 1.0]);
    for (i, quantile) in (1..).zip(quantiles) {
        if let Some(nanos) = quantile {
            values.set(MetricId(first.0 + i), millis(nanos));
        }
    }
}
