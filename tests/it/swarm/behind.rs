//! What stands before and behind the functions of a random house: sources of every kind, crashes and
//! what follows them, deployments, resources.

use super::*;
use frostline::model::{
    AsyncRules, Connection, EventSource, Gateway, GatewayKind, GatewayThrottle, Open, QueueRules,
    Reset, Resource, StreamKind, StreamRules,
};

impl Dice {
    /// A plan, in half of all cases with more around its functions.
    pub(super) fn house(&mut self) -> Plan {
        let mut plan = self.plan();
        if self.one_in(2) {
            self.furnish(&mut plan);
        }
        plan
    }

    /// The same always, without what functions can only be simulated together with.
    pub(crate) fn house_apart(&mut self) -> Plan {
        let mut plan = self.plan();
        self.furnish(&mut plan);
        let platform = Arc::make_mut(&mut plan.platform);
        platform.accounts.clear();
        platform.gateway_throttle = None;
        for function in Arc::make_mut(&mut plan.functions) {
            function.account = 0;
            function.connection = None;
            if matches!(function.source, EventSource::Gateway(_)) {
                function.source = EventSource::Sync;
            }
        }
        let processes = plan.sources.iter();
        let processes = processes.filter(|source| matches!(source, Source::Process { .. }));
        plan.sources = processes.cloned().collect();
        plan
    }

    fn furnish(&mut self, plan: &mut Plan) {
        let platform = Arc::make_mut(&mut plan.platform);
        if self.one_in(2) {
            platform.reset = Reset::SuppressedInit;
        }
        platform.gateway_throttle = self.maybe(Self::throttle);
        if let Some(retry) = &mut platform.client_retry {
            retry.on = RetryOn {
                throttled: self.one_in(2),
                failed: self.one_in(2),
                timed_out: self.one_in(2),
            };
        }
        let resources = self.below(3);
        platform.resources = (0..resources)
            .map(|number| Resource {
                name: format!("resource {number}"),
                connections: self.maybe(|dice| 1 + dice.below(8)),
                set_up: self.dist(0.5),
            })
            .collect();
        for function in Arc::make_mut(&mut plan.functions) {
            function.source = self.event_source();
            function.crash_rate = f64::from(self.below(3)) * 0.1;
            function.deployments = (0..self.below(3))
                .map(|_| Time::ZERO + self.span(600.0))
                .collect();
            function.deployments.sort_unstable();
            function.connection = self
                .maybe(|dice| dice.connection(resources))
                .filter(|_| resources > 0);
        }
    }

    fn connection(&mut self, resources: u32) -> Connection {
        Connection {
            to: self.below(resources.max(1)),
            open: [Open::Init, Open::FirstCall, Open::EveryCall][self.below(3) as usize],
            attempts: 1 + self.below(5),
            retry_wait: self.some_span(1.0),
        }
    }

    fn throttle(&mut self) -> GatewayThrottle {
        GatewayThrottle {
            rate: 1 + self.below(5),
            burst: 1 + self.below(5),
        }
    }

    fn event_source(&mut self) -> EventSource {
        match self.below(6) {
            0 => EventSource::Sync,
            1 | 2 => EventSource::Gateway(Gateway {
                kind: if self.one_in(2) {
                    GatewayKind::Rest
                } else {
                    GatewayKind::Http
                },
                latency: self.dist(0.2),
                timeout: self.maybe(|dice| dice.some_span(5.0)),
                throttle: self.maybe(Self::throttle),
            }),
            3 => EventSource::Async(AsyncRules {
                retries: self.below(3),
                retry_wait: self.span(60.0),
                back_off: self.some_span(2.0),
                longest_back_off: self.some_span(300.0),
                max_age: self.some_span(300.0),
                dead_letters: self.one_in(2),
            }),
            4 => EventSource::Queue(QueueRules {
                batch_size: 1 + self.below(10),
                window: self.span(5.0),
                pollers: 1 + self.below(5),
                pollers_per_minute: self.below(300),
                max_concurrency: 1 + self.below(20),
                visibility: self.some_span(60.0),
                max_receives: self.maybe(|dice| 1 + dice.below(4)),
                retention: self.some_span(600.0),
                partial_failures: self.one_in(2),
                poison: 0.0,
            }),
            _ => EventSource::Stream(StreamRules {
                kind: StreamKind::Kinesis,
                shards: 1 + self.below(4),
                parallelization_factor: 1 + self.below(3),
                batch_size: 1 + self.below(10),
                window: self.span(5.0),
                poll_every: self.span(2.0),
                max_retries: self.maybe(|dice| dice.below(4)),
                retry_wait: self.some_span(2.0),
                max_age: self.maybe(|dice| dice.some_span(300.0)),
                bisect: self.one_in(2),
                poison: f64::from(self.below(3)) * 0.02,
            }),
        }
    }
}

/// No resource holds more connections than it has, and nobody lets go what nobody took.
pub(super) fn check_connections(plan: &Plan, record: &Record) {
    let mut held = vec![0_u32; plan.platform.resources.len()];
    for (_, function, more) in &record.connected {
        let connection = plan.functions[function.index()].connection.unwrap();
        let held = &mut held[connection.to as usize];
        *held = if *more { *held + 1 } else { *held - 1 };
        let most = plan.platform.resources[connection.to as usize].connections;
        assert!(most.is_none_or(|most| *held <= most), "{held} of {most:?}");
    }
}

/// Tries that ran, and whose answer somebody waited for, were cold or warm; those that were not the
/// last of their request, and those that nobody waited for any more, are not its end.
pub(super) fn check_tries(plan: &Plan, summary: &SummaryResult, record: &Record) {
    let tries = record.ends.iter().filter(|end| {
        end.sender == Sender::User
            && end.arrived >= plan.measured_from()
            && end.found != Found::Nothing
            && end.ending != Ending::Abandoned
    });
    let value = |id: MetricId| summary.values.get(id).unwrap_or(0.0);
    let starts = value(metric::COLD_STARTS) + value(metric::WARM_STARTS);
    assert_eq!(tries.count() as f64, starts);
}
