//! The simulator against two oracles, request by request: level crossings for most-recently-used
//! routing with a fixed keep-alive, and a naive simulation for everything that can be counted.

mod compare;
mod naive;

use frostline::dist::Dist;
use frostline::ids::FunctionId;
use frostline::model::{
    AccountLimits, ClientRetry, Connection, Jitter, KeepAlive, Open, Overflow, Ping, Provisioned,
    RateScope, Remedy, RemedyKind, Resource, RetryOn, Routing, ScalingRate, SnapshotAfter,
    WorkingSet, bytes,
};
use frostline::random::{Purpose, Stream, Streams};
use frostline::sim::Found;
use frostline::units::{Memory, Span, Time};
use frostline::workload::Arrival;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rand::RngExt;

use crate::sim::stage::Stage;

/// Which requests are cold, from arrivals and ends alone. At a departure to k − 1 busy instances
/// the level k is left; at an arrival to k it is taken again, cold iff that was longer ago than
/// the keep-alive or never. Levels up to `floor` are always warm.
fn cold_by_levels(ends: &[(u64, u64)], keep_alive: u64, floor: usize) -> Vec<bool> {
    let mut departures: Vec<u64> = ends.iter().map(|(_, ended)| *ended).collect();
    departures.sort_unstable();
    let mut departed = 0;
    let mut left: Vec<Option<u64>> = vec![None; ends.len() + 1];
    let level_of = |(n, (arrived, _)): (usize, &(u64, u64))| {
        while departures[departed] <= *arrived {
            left[n - departed] = Some(departures[departed]);
            departed += 1;
        }
        let level = n + 1 - departed;
        let long_ago = left[level].is_none_or(|at| arrived - at > keep_alive);
        level > floor && long_ago
    };
    ends.iter().enumerate().map(level_of).collect()
}

/// Random requests: lone ones, and bursts within a microsecond.
fn random_trace(stream: &mut Stream) -> Vec<Arrival> {
    let mut at = 20_000_000_000;
    let gap = stream.random_range(1..8_000_000_000_u64);
    let longest = stream.random_range(1..20_000_000_000_u64);
    let burstiness = stream.random_range(0..3);
    (0..stream.random_range(1..80))
        .map(|_| {
            let close = stream.random_range(0..4) < burstiness;
            at += stream.random_range(1..if close { 1000 } else { gap + 1 });
            Arrival {
                at: Time::from_nanos(at),
                function: FunctionId(0),
                service: Span::from_nanos(stream.random_range(0..longest)),
                fails: false,
            }
        })
        .collect()
}

#[test]
fn cold_starts_are_where_levels_are_crossed_too_late_request_by_request() {
    let mut checked = 0;
    let mut cold = 0;
    for seed in 0..3000 {
        let mut stream = Streams::new(seed, 0).stream(0, Purpose::Arrivals, 0);
        let keep_alive = stream.random_range(0..15_000_000_000);
        let floor = stream.random_range(0..4) * stream.random_range(0..2);
        let start = stream.random_range(0..3_000_000_000) * stream.random_range(0..2);
        let mut stage = Stage::new();
        stage.platform.keep_alive = KeepAlive::For(Dist::constant(Span::from_nanos(keep_alive)));
        stage.functions[0].start.init = Dist::constant(Span::from_nanos(start));
        stage.remedy(RemedyKind::MinInstances(floor));
        stage.calls = random_trace(&mut stream);
        let users = stage.play().users();
        assert_eq!(users.len(), stage.calls.len(), "seed {seed}");
        let ends: Vec<_> = users
            .iter()
            .map(|end| (end.arrived.nanos(), end.ended.nanos()))
            .collect();
        let expected = cold_by_levels(&ends, keep_alive, floor as usize);
        let found: Vec<_> = users.iter().map(|end| end.found != Found::Warm).collect();
        assert_eq!(found, expected, "seed {seed}");
        checked += found.len();
        cold += found.iter().filter(|cold| **cold).count();
    }
    assert!(checked > 100_000 && cold > checked / 10 && cold < checked * 9 / 10);
}

/// A length of time on a coarse grid, where much happens at the same instant, or on a fine one.
fn length(most_secs: u64) -> impl Strategy<Value = Span> {
    let coarse = (0..=2 * most_secs).prop_map(|n| Span::from_nanos(n * 500_000_000));
    let fine = (0..=most_secs * 1_000_000_000).prop_map(Span::from_nanos);
    prop_oneof![3 => coarse, 2 => fine]
}

fn constant(most_secs: u64) -> impl Strategy<Value = Dist> {
    length(most_secs).prop_map(Dist::constant)
}

/// Often nothing.
fn maybe<T: std::fmt::Debug + Clone>(
    of: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<T>> {
    proptest::option::weighted(0.4, of)
}

fn keep_alive() -> impl Strategy<Value = KeepAlive> {
    prop_oneof![
        1 => Just(KeepAlive::Never),
        1 => Just(KeepAlive::ForEver),
        3 => constant(10).prop_map(KeepAlive::For),
        1 => (1..8_u64).prop_map(|mean| {
            let mean = Span::from_whole_secs(mean);
            KeepAlive::For(Dist::exponential(mean).unwrap())
        }),
        1 => (constant(10), length(6))
            .prop_map(|(instance, function)| KeepAlive::TwoClocks { instance, function }),
    ]
}

/// Off the coarse grid: whether an instance that is due by age and by idleness at the same instant
/// goes for the one or the other is nobody's rule.
fn max_life() -> impl Strategy<Value = Dist> {
    let off = Span::from_nanos(1_000_000_001);
    length(20).prop_map(move |life| Dist::constant(life + off))
}

/// Never at the instant at which a maximum life ends: which of both comes first is nobody's rule.
fn recycle() -> impl Strategy<Value = Dist> {
    let off = Span::from_nanos(1_000_100_000);
    length(20).prop_map(move |life| Dist::constant(life + off))
}

fn routing() -> impl Strategy<Value = Routing> {
    prop::sample::select(vec![
        Routing::MostRecentlyUsed,
        Routing::LeastRecentlyUsed,
        Routing::Newest,
        Routing::Oldest,
        Routing::Random,
    ])
}

fn overflow() -> impl Strategy<Value = Overflow> {
    let queue = (
        proptest::option::of(0..6_u32),
        proptest::option::of(length(8)),
    );
    prop_oneof![
        Just(Overflow::Throttle),
        queue.prop_map(|(length, max_wait)| Overflow::Queue { length, max_wait }),
    ]
}

fn scaling_rate() -> impl Strategy<Value = ScalingRate> {
    (1..4_u32, 1..4_u32, 1..6_u64, any::<bool>()).prop_map(|(burst, instances, every, own)| {
        ScalingRate {
            burst,
            instances,
            every: Span::from_whole_secs(every),
            per: if own {
                RateScope::Function
            } else {
                RateScope::Account
            },
        }
    })
}

/// A further account.
fn account() -> impl Strategy<Value = AccountLimits> {
    (maybe(0..5_u32), maybe(1..4_u32), maybe(scaling_rate())).prop_map(
        |(concurrency_quota, requests_per_second, scaling_rate)| AccountLimits {
            name: "another".to_owned(),
            concurrency_quota,
            unreserved_minimum: 0,
            requests_per_second,
            scaling_rate,
        },
    )
}

/// A connection to the one resource, and how it is opened.
fn connection() -> impl Strategy<Value = Connection> {
    let open = prop::sample::select(vec![Open::Init, Open::FirstCall, Open::EveryCall]);
    (open, 1..4_u32, length(2)).prop_map(|(open, attempts, wait)| Connection {
        to: 0,
        open,
        attempts,
        retry_wait: wait + Span::from_millis(1.0),
    })
}

fn resources() -> impl Strategy<Value = Vec<Resource>> {
    (maybe(1..4_u32), constant(2)).prop_map(|(connections, set_up)| {
        vec![Resource {
            name: "database".to_owned(),
            connections,
            set_up,
        }]
    })
}

fn client_retry() -> impl Strategy<Value = ClientRetry> {
    (1..4_u32, length(3)).prop_map(|(attempts, first)| ClientRetry {
        attempts,
        first,
        factor: 2.0,
        jitter: Jitter::None,
        on: RetryOn::THROTTLED,
    })
}

fn remedy() -> impl Strategy<Value = RemedyKind> {
    let ping = (length(9), 1..4_u32, length(2), constant(2), length(9));
    prop_oneof![
        ping.prop_map(
            |(every, instances, hold, skew, offset)| RemedyKind::Ping(Ping {
                every: every + Span::from_nanos(1_000_000_000),
                instances,
                hold,
                skew,
                offset: Dist::constant(offset),
                sender: false,
            })
        ),
        (0..4_u32).prop_map(|n| RemedyKind::Provisioned(Provisioned::Constant(n))),
        (1..4_u32).prop_map(RemedyKind::MinInstances),
        any::<bool>().prop_map(|called| {
            let after = if called {
                SnapshotAfter::WarmUpCall
            } else {
                SnapshotAfter::Init
            };
            RemedyKind::Snapshot(after.into())
        }),
        keep_alive().prop_map(RemedyKind::KeepAlive),
    ]
}

/// A kind of remedy that a function has at most one of.
fn once(kind: &RemedyKind) -> Option<u8> {
    match kind {
        RemedyKind::Ping(_) => None,
        RemedyKind::KeepAlive(_) => Some(0),
        RemedyKind::Provisioned(_) => Some(1),
        RemedyKind::Snapshot(_) => Some(2),
        RemedyKind::MinInstances(_) => Some(3),
    }
}

fn stage() -> impl Strategy<Value = Stage> {
    let function = (
        (
            (constant(1), constant(1), constant(2)),
            (constant(1), maybe(constant(1))),
            (constant(1), constant(1), constant(1)),
            maybe((512..1100_u32, 512..1400_u32)),
        ),
        (maybe(length(8)), maybe(0..5_u32), maybe(connection())),
    );
    let calls = (length(4), length(8), 0..3_u32, prop::bool::weighted(0.1));
    let limits = (
        maybe(0..7_u32),
        maybe(1..4_u32),
        maybe(scaling_rate()),
        overflow(),
        maybe(client_retry()),
    );
    let accounts = (maybe(1..3_u32), maybe(account()), 0..8_u32);
    let provisioning = (
        (constant(9), maybe(1..200_u32)),
        (1..4_u32, maybe(1..4_u32), maybe(recycle())),
        maybe(length(4)),
    );
    (
        (routing(), keep_alive(), maybe(max_life())),
        (limits, accounts, resources()),
        provisioning,
        prop::collection::vec(function, 3),
        prop::collection::vec(
            (
                remedy(),
                prop::sample::subsequence(vec![0, 1, 2_u32], 1..=3),
            ),
            0..4,
        ),
        prop::collection::vec(calls, 1..60),
    )
        .prop_map(
            |(rules, (limits, accounts, resources), provisioning, functions, remedies, calls)| {
                let mut stage = Stage::new();
                stage.duration = Span::from_whole_secs(120);
                let platform = &mut stage.platform;
                (platform.routing, platform.keep_alive, platform.max_life) = rules;
                platform.concurrency_quota = limits.0;
                platform.requests_per_second = limits.1;
                platform.scaling_rate = limits.2;
                platform.requests_per_concurrency = accounts.0;
                platform.accounts = accounts.1.into_iter().collect();
                let further = platform.accounts.len() as u32;
                platform.overflow = limits.3;
                platform.client_retry = limits.4;
                let rules = &mut platform.provisioned;
                (rules.delay, rules.instances_per_minute) = provisioning.0;
                (rules.burst, rules.requests_per_second, rules.recycle) = provisioning.1;
                platform.init_limit = provisioning.2;
                platform.resources = resources;
                stage.add_function();
                stage.add_function();
                for (place, of) in stage.functions.iter_mut().enumerate() {
                    of.account = further.min(accounts.2 >> place & 1);
                }
                for (of, (start, limits)) in stage.functions.iter_mut().zip(functions) {
                    let phases = &mut of.start;
                    (phases.sandbox, phases.restore, phases.init) = start.0;
                    (phases.first_call, phases.restored_first_call) = start.1;
                    (phases.network, phases.extensions, phases.download) = start.2;
                    of.working_set = start.3.map(|(base, peak)| {
                        let [base, peak] = [base, peak].map(|mb| Memory::from_mb(f64::from(mb)));
                        WorkingSet::new(base, Dist::constant(bytes(peak)))
                    });
                    (of.timeout, of.reserved_concurrency, of.connection) = limits;
                }
                let mut taken = Vec::new();
                for (kind, functions) in remedies {
                    let mut functions: Vec<_> = functions.into_iter().map(FunctionId).collect();
                    if let Some(once) = once(&kind) {
                        functions.retain(|id| !taken.contains(&(once, *id)));
                        taken.extend(functions.iter().map(|id| (once, *id)));
                    }
                    stage.remedies.push(Remedy { kind, functions });
                }
                let mut at = Time::ZERO;
                for (gap, service, function, fails) in calls {
                    at = at + gap;
                    let function = FunctionId(function);
                    stage.calls.push(Arrival {
                        at,
                        function,
                        service,
                        fails,
                    });
                }
                stage
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 3000,
        rng_seed: RngSeed::Fixed(2026),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_naive_simulation_agrees_in_every_request_and_every_retirement(stage in stage()) {
        let record = stage.play();
        let naive = naive::simulate(&stage, compare::choices(&record));
        prop_assume!(!naive.tie);
        let ends = compare::ends(&record);
        let differs = ends.iter().zip(&naive.ends).find(|(found, expected)| found != expected);
        prop_assert!(differs.is_none(), "{:?}", differs);
        prop_assert_eq!(naive.ends.len(), ends.len());
        prop_assert_eq!(naive.retired, compare::retired(&record));
    }
    /// Requests that nothing disturbs are begun and answered at once; cut by steps they are not.
    #[test]
    fn what_is_done_at_once_is_what_is_done_step_by_step(stage in stage()) {
        prop_assert_eq!(stage.play(), stage.play_in_steps(Span::from_millis(50.0)));
    }
}
