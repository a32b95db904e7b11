//! What policies must not change, and what a seed fixes.

use frostline::dist::Dist;
use frostline::model::{
    KeepAlive, Plan, Process, Provisioned, RemedyKind, Routing, SnapshotAfter, Surge, Traffic,
};
use frostline::sim::Sender;
use frostline::units::{Span, Time};
use frostline::validate::lab;

use super::causes::ping;
use super::stage::{Record, constant, secs};

/// Two requests a second of 1.5 s each.
fn plan() -> Plan {
    let service = Dist::lognormal(secs(1.5), 2.0).unwrap();
    lab::plan_of_one(
        lab::bare_platform(),
        lab::bare_function("f", service),
        Process::Poisson { rate: 2.0 },
        Span::ZERO,
        secs(2000.0),
    )
}

fn record(plan: &Plan, seed: u64) -> Record {
    let mut record = Record::default();
    lab::observe(plan, seed, 0, &mut record).unwrap();
    record
}

fn keep_alives() -> Vec<KeepAlive> {
    vec![
        KeepAlive::ForEver,
        KeepAlive::Never,
        KeepAlive::For(constant(0.0)),
        KeepAlive::For(constant(20.0)),
        KeepAlive::For(Dist::exponential(secs(5.0)).unwrap()),
        KeepAlive::TwoClocks {
            instance: constant(9.0),
            function: secs(2.0),
        },
    ]
}

const ROUTINGS: [Routing; 5] = [
    Routing::MostRecentlyUsed,
    Routing::LeastRecentlyUsed,
    Routing::Newest,
    Routing::Oldest,
    Routing::Random,
];

/// Common random numbers: what arrives does not depend on the policy, with surges as without.
#[test]
fn no_policy_changes_what_arrives_on_a_launch_day() {
    let mut plan = plan();
    plan.traffic = Traffic {
        times: 1.5,
        surges: [Surge {
            start: Time::from_secs(500.0),
            duration: secs(500.0),
            times: 3.0,
            ramp: secs(100.0),
            functions: None,
        }]
        .into(),
    };
    let expected = record(&plan, 1).arrived;
    assert!(expected.len() > 7000, "{}", expected.len());
    for kind in [RemedyKind::MinInstances(4), ping(9.0, 3, 1.0, 0.0)] {
        let other = lab::with_remedy(plan.clone(), kind);
        assert_eq!(record(&other, 1).arrived, expected);
    }
}

#[test]
fn without_quota_and_with_starts_of_no_length_no_policy_changes_the_busy_path() {
    let expected = record(&plan(), 1).busy_path();
    assert!(expected.len() > 5000);
    for keep_alive in keep_alives() {
        for routing in ROUTINGS {
            for remedy in [
                None,
                Some(RemedyKind::MinInstances(4)),
                Some(RemedyKind::Provisioned(Provisioned::Constant(3))),
                Some(RemedyKind::Snapshot(SnapshotAfter::Init.into())),
            ] {
                let mut plan = plan();
                let mut platform = (*plan.platform).clone();
                platform.keep_alive = keep_alive.clone();
                platform.routing = routing;
                platform.max_life = Some(Dist::exponential(secs(60.0)).unwrap());
                plan.platform = platform.into();
                let what = format!("{keep_alive:?} {routing:?} {remedy:?}");
                if let Some(kind) = remedy {
                    plan = lab::with_remedy(plan, kind);
                }
                assert!(record(&plan, 1).busy_path() == expected, "{what}");
            }
        }
    }
}

/// Instant of arrival and service time of every request that ended.
fn drawn(record: &Record) -> Vec<(u64, Time, Span)> {
    let ends = record.of(Sender::User);
    ends.iter()
        .map(|end| (end.number, end.arrived, end.service()))
        .collect()
}

#[test]
fn arrivals_and_service_times_are_the_same_under_every_policy() {
    let mut slow = plan();
    let mut function = slow.functions[0].clone();
    function.start.init = Dist::exponential(secs(0.2)).unwrap();
    function.start.first_call = Dist::exponential(secs(0.2)).unwrap();
    slow.functions = [function].into();
    slow.duration = secs(2500.0);
    let mut keep_never = (*slow.platform).clone();
    keep_never.keep_alive = KeepAlive::Never;
    // By 2,500 s everything that arrived before 2,000 s has ended.
    let early = |plan: &Plan| -> Vec<_> {
        let all = drawn(&record(plan, 5));
        all.into_iter()
            .filter(|(_, at, _)| *at < Time::from_secs(2000.0))
            .collect()
    };
    let expected = early(&slow);
    assert!(expected.len() > 3500);
    for remedy in [
        RemedyKind::KeepAlive(KeepAlive::For(Dist::exponential(secs(1.0)).unwrap())),
        RemedyKind::Provisioned(Provisioned::Constant(3)),
        RemedyKind::Snapshot(SnapshotAfter::WarmUpCall.into()),
        RemedyKind::MinInstances(5),
        ping(30.0, 3, 0.5, 0.0),
    ] {
        let name = format!("{remedy:?}");
        let plan = lab::with_remedy(slow.clone(), remedy);
        assert!(early(&plan) == expected, "{name}");
    }
    slow.platform = keep_never.into();
    assert!(early(&slow) == expected);
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    assert!(record(&plan(), 3) == record(&plan(), 3));
    assert!(record(&plan(), 3) != record(&plan(), 4));
}

#[test]
fn replications_differ() {
    let number = |replication| {
        let mut record = Record::default();
        lab::observe(&plan(), 1, replication, &mut record).unwrap();
        drawn(&record)
    };
    assert!(number(0) != number(1));
}

#[test]
fn another_function_changes_nothing_for_this_one() {
    let mut two = plan();
    let other = lab::bare_function("other", constant(1.0));
    two.functions = [two.functions[0].clone(), other].into();
    let first = two.sources[0].clone();
    let process = Process::Poisson { rate: 5.0 };
    let function = frostline::ids::FunctionId(1);
    two.sources = [
        first,
        frostline::model::Source::Process { function, process },
    ]
    .into();
    let times = |record: &Record| -> Vec<_> {
        let ends = record.ends.iter().filter(|end| end.function.0 == 0);
        ends.map(|end| (end.arrived, end.begun, end.ended, end.found))
            .collect()
    };
    assert!(times(&record(&two, 1)) == times(&record(&plan(), 1)));
}
