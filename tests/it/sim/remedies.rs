//! Pings, provisioned concurrency and snapshots, rule by rule.

use frostline::dist::Dist;
use frostline::metric::{
    COLD_STARTS, LATENCY_MS_MAX, PING_COLD_STARTS, PINGS, REQUESTS, WARM_STARTS,
};
use frostline::model::{Overflow, Ping, Provisioned, RemedyKind, SnapshotAfter, Tracking};
use frostline::sim::{Ending, Retirement, Sender, State};
use frostline::units::{Span, Time};

use super::causes::ping;
use super::stage::{Record, Stage, constant, secs};

fn provisioned(instances: u32) -> RemedyKind {
    RemedyKind::Provisioned(Provisioned::Constant(instances))
}

#[test]
fn pings_come_at_their_offset_and_then_every_interval() {
    let mut stage = Stage::new();
    stage.duration = secs(100.0);
    stage.remedy(ping(30.0, 2, 1.0, 7.0));
    let at: Vec<f64> = stage.play().pinged.iter().map(|at| at.secs()).collect();
    assert_eq!(at, [7.0, 7.0, 37.0, 37.0, 67.0, 67.0, 97.0, 97.0]);
}

#[test]
fn pings_keep_their_instance_for_the_hold_time_and_later_users_wait_for_nothing() {
    let mut stage = Stage::keeping(40.0);
    stage.start_takes(3.0);
    stage.functions[0].start.first_call = constant(2.0);
    stage.remedy(ping(30.0, 1, 0.5, 0.0));
    stage.call(500.0, 1.0);
    let (summary, record) = stage.measure(1);
    let first = record.of(Sender::Ping)[0];
    // The first ping pays start and first call, the user's request after it nothing.
    assert_eq!((first.begun.secs(), first.ended.secs()), (3.0, 5.5));
    assert_eq!((first.start(), first.service()), (secs(5.0), secs(0.5)));
    assert_eq!(record.story(), "warm:0");
    assert_eq!(record.users()[0].latency(), secs(1.0));
    let value = |metric| summary.values.get(metric).unwrap();
    assert_eq!(
        (value(REQUESTS), value(PINGS), value(PING_COLD_STARTS)),
        (1.0, 34.0, 1.0)
    );
    assert_eq!((value(COLD_STARTS), value(WARM_STARTS)), (0.0, 1.0));
    assert_eq!(value(LATENCY_MS_MAX), 1000.0);
}

fn instances_kept_warm(stage: &Stage) -> usize {
    let record = stage.play();
    record.born() - record.retired().len()
}

#[test]
fn pings_at_once_warm_as_many_instances_and_spaced_pings_warm_one() {
    let mut at_once = Stage::keeping(600.0);
    at_once.remedy(ping(300.0, 5, 0.075, 0.0));
    assert_eq!(instances_kept_warm(&at_once), 5);
    let mut spaced = Stage::keeping(600.0);
    (0..5).for_each(|n| spaced.remedy(ping(300.0, 1, 0.075, f64::from(n))));
    assert_eq!(instances_kept_warm(&spaced), 1);
    let mut without_hold = Stage::keeping(600.0);
    without_hold.remedy(ping(300.0, 5, 0.0, 0.0));
    assert_eq!(instances_kept_warm(&without_hold), 1);
}

#[test]
fn skew_takes_from_pings_what_they_do_at_once() {
    let mut stage = Stage::keeping(600.0);
    stage.remedy(RemedyKind::Ping(Ping {
        every: secs(300.0),
        instances: 5,
        hold: secs(0.075),
        skew: Dist::uniform(Span::ZERO, secs(250.0)).unwrap(),
        offset: Dist::ZERO,
        sender: false,
    }));
    assert_eq!(instances_kept_warm(&stage), 1);
    let late: Vec<f64> = stage
        .play()
        .pinged
        .iter()
        .map(|at| at.secs() % 300.0)
        .collect();
    assert!(late.len() > 15 && late.iter().all(|late| *late > 0.0 && *late < 250.0));
}

#[test]
fn a_throttled_ping_is_given_up_and_not_counted_as_a_request() {
    let mut stage = Stage::new();
    stage.platform.concurrency_quota = Some(1);
    stage.platform.overflow = Overflow::Queue {
        length: None,
        max_wait: None,
    };
    stage.remedy(ping(500.0, 1, 1.0, 10.0));
    stage.call(5.0, 10.0);
    let (summary, record) = stage.measure(1);
    assert_eq!(record.pings(), "throttled warm:0");
    assert_eq!(
        record.throttled,
        [(Time::from_secs(10.0), 0_u32, Sender::Ping)].map(|(at, f, sender)| (
            at,
            frostline::ids::FunctionId(f),
            sender
        ))
    );
    assert_eq!(summary.values.get(frostline::metric::THROTTLED), Some(0.0));
}

#[test]
fn provisioned_instances_are_all_ready_together_at_the_platforms_rate() {
    let mut stage = Stage::new();
    stage.functions[0].start.init = Dist::empirical(&[secs(1.0), secs(2.0)]).unwrap();
    stage.platform.provisioned.delay = constant(60.0);
    stage.platform.provisioned.instances_per_minute = Some(6000);
    stage.remedy(provisioned(101));
    stage.calls(&[(62.9, 0.5), (63.0, 1.0)]);
    let record = stage.play();
    // 60 s of delay, 100 more at 100 a second, the slowest start: 63 s.
    assert!(record.prewarmed.len() == 101);
    assert!(
        record
            .prewarmed
            .iter()
            .all(|ready| ready.at == Time::from_secs(63.0))
    );
    let on: Vec<_> = record
        .users()
        .iter()
        .map(|end| end.on_provisioned)
        .collect();
    assert_eq!(on, [false, true]);
}

#[test]
fn provisioned_instances_are_taken_before_idle_ones_on_demand() {
    let mut stage = Stage::new();
    stage.remedy(provisioned(1));
    stage.calls(&[(1.0, 5.0), (2.0, 9.0), (20.0, 1.0)]);
    assert_eq!(stage.play().story(), "warm:0 spillover:1 warm:0");
}

#[test]
fn a_function_that_provisions_all_it_has_reserved_is_throttled_beyond() {
    let mut stage = Stage::new();
    stage.functions[0].reserved_concurrency = Some(2);
    stage.remedy(provisioned(2));
    stage.calls(&[(1.0, 5.0), (2.0, 5.0), (3.0, 5.0), (7.0, 1.0)]);
    assert_eq!(stage.play().story(), "warm:1 warm:0 throttled warm:0");
}

#[test]
fn provisioned_concurrency_is_taken_out_of_the_unreserved_pool() {
    let mut stage = Stage::new();
    stage.platform.concurrency_quota = Some(3);
    stage.remedy(provisioned(2));
    let other = stage.add_function();
    stage.call_of(other, 1.0, 5.0);
    stage.call_of(other, 2.0, 5.0);
    stage.calls(&[(3.0, 5.0), (3.5, 5.0), (4.0, 5.0)]);
    let story = stage.play().story();
    assert_eq!(story, "first:2 throttled warm:1 warm:0 throttled");
}

#[test]
fn provisioned_instances_neither_expire_nor_age_and_are_replaced_after_a_timeout() {
    let mut stage = Stage::keeping(1.0);
    stage.start_takes(2.0);
    stage.platform.max_life = Some(constant(50.0));
    stage.functions[0].timeout = Some(secs(5.0));
    stage.remedy(provisioned(1));
    stage.calls(&[(200.0, 9.0), (206.0, 1.0), (207.0, 1.0)]);
    let record = stage.play();
    assert_eq!(record.story(), "warm:0!timed-out not-ready:2 warm:1");
    assert_eq!(record.retired()[0], (0, 205.0, Retirement::TimedOut));
}

#[test]
fn a_lost_provisioned_instance_does_not_hurry_those_still_to_come() {
    let mut stage = Stage::new();
    stage.platform.provisioned.delay = constant(100.0);
    stage.functions[0].timeout = Some(secs(5.0));
    // Two at first; at 300 s eight more are asked for; at 325 s one is lost.
    let rule = Tracking {
        min: 2,
        max: 10,
        target: 0.15,
        ..Tracking::default()
    };
    stage.remedy(RemedyKind::Provisioned(Provisioned::Tracking(rule)));
    let mut at = 100.0;
    while at < 320.0 {
        stage.calls(&[(at + 0.5, 4.0), (at + 1.0, 4.0)]);
        at += 5.0;
    }
    stage.call(320.0, 9.0);
    let record = stage.play();
    let asked = record.provisioned[1];
    let lost = record.retired()[0];
    assert_eq!(
        lost,
        (
            record.birth(
                record
                    .changes
                    .iter()
                    .find(|c| c.to.is_err())
                    .unwrap()
                    .instance
            ),
            325.0,
            Retirement::TimedOut
        )
    );
    assert!(asked.2 > 3 && asked.0 < Time::from_secs(325.0), "{asked:?}");
    let due = asked.0 + secs(100.0);
    assert!(due > Time::from_secs(326.0));
    let early = record
        .prewarmed
        .iter()
        .filter(|ready| ready.at > Time::from_secs(320.0) && ready.at < due);
    assert_eq!(early.count(), 1, "only the replacement comes at once");
}

#[test]
fn provisioned_instances_and_snapshots_after_init_pay_the_first_call_and_warm_up_calls_do_not() {
    let first_call = |remedy: Option<RemedyKind>| {
        let mut stage = Stage::new();
        let start = &mut stage.functions[0].start;
        start.sandbox = constant(1.0);
        start.fetch = constant(2.0);
        start.runtime = constant(4.0);
        start.init = constant(8.0);
        start.restore = constant(0.5);
        start.first_call = constant(0.25);
        stage.calls(&[(100.0, 1.0), (200.0, 1.0)]);
        if let Some(kind) = remedy {
            stage.remedy(kind);
        }
        let waits: Vec<_> = stage
            .play()
            .users()
            .iter()
            .map(|e| e.start().secs())
            .collect();
        waits
    };
    assert_eq!(first_call(None), [15.25, 0.0]);
    assert_eq!(first_call(Some(provisioned(1))), [0.25, 0.0]);
    let after_init = RemedyKind::Snapshot(SnapshotAfter::Init.into());
    assert_eq!(first_call(Some(after_init)), [1.75, 0.0]);
    let after_call = RemedyKind::Snapshot(SnapshotAfter::WarmUpCall.into());
    assert_eq!(first_call(Some(after_call)), [1.5, 0.0]);
    assert_eq!(first_call(Some(ping(600.0, 1, 0.1, 0.0))), [0.0, 0.0]);
    assert_eq!(first_call(Some(RemedyKind::MinInstances(1))), [0.25, 0.0]);
}

#[test]
fn a_first_call_after_a_restore_may_last_another_time_than_after_a_boot() {
    let waits = |remedy: Option<RemedyKind>| {
        let mut stage = Stage::new();
        let start = &mut stage.functions[0].start;
        start.first_call = constant(4.0);
        start.restored_first_call = Some(constant(1.0));
        stage.calls(&[(100.0, 1.0), (200.0, 1.0)]);
        if let Some(kind) = remedy {
            stage.remedy(kind);
        }
        let record = stage.play();
        let starts = record.users().into_iter().map(|end| end.start().secs());
        starts.collect::<Vec<_>>()
    };
    let snapshot = |after: SnapshotAfter| Some(RemedyKind::Snapshot(after.into()));
    assert_eq!(waits(None), [4.0, 0.0]);
    assert_eq!(waits(Some(provisioned(1))), [4.0, 0.0]);
    assert_eq!(waits(snapshot(SnapshotAfter::Init)), [1.0, 0.0]);
    assert_eq!(waits(snapshot(SnapshotAfter::WarmUpCall)), [0.0, 0.0]);
}

#[test]
fn each_provisioned_instance_pays_its_own_first_call_once() {
    let mut stage = Stage::new();
    stage.functions[0].start.first_call = constant(2.0);
    stage.remedy(provisioned(2));
    stage.calls(&[(1.0, 5.0), (2.0, 5.0), (20.0, 5.0), (21.0, 5.0)]);
    let record = stage.play();
    assert_eq!(record.ended(), [8.0, 9.0, 25.0, 26.0]);
}

#[test]
fn ping_snapshot_and_keep_alive_compose() {
    let mut stage = Stage::keeping(1.0);
    stage.functions[0].start.restore = constant(0.5);
    stage.remedy(RemedyKind::Snapshot(SnapshotAfter::Init.into()));
    stage.remedy(RemedyKind::KeepAlive(frostline::model::KeepAlive::For(
        constant(40.0),
    )));
    stage.remedy(ping(30.0, 1, 0.0, 0.0));
    stage.call(500.0, 1.0);
    let record = stage.play();
    assert!(record.pings().starts_with("restored-first:0 warm:0"));
    assert_eq!(record.story(), "warm:0");
}

/// Two requests keep two instances busy from 1 s to 300 s; then one short request a minute.
fn tracked(trickle: impl Fn(u32) -> bool) -> Record {
    let mut stage = Stage::new();
    stage.duration = secs(3000.0);
    let rule = Tracking {
        min: 2,
        max: 10,
        target: 0.7,
        ..Tracking::default()
    };
    stage.remedy(RemedyKind::Provisioned(Provisioned::Tracking(rule)));
    stage.calls(&[(1.0, 299.0), (1.0, 299.0)]);
    for minute in (5..48).filter(|minute| trickle(*minute)) {
        stage.call(60.0 * f64::from(minute) + 30.0, 0.1);
    }
    stage.play()
}

fn capacities(record: &Record) -> Vec<(f64, u32)> {
    record
        .provisioned
        .iter()
        .map(|(at, _, instances)| (at.secs(), *instances))
        .collect()
}

#[test]
fn tracking_adds_after_three_high_minutes_and_takes_away_after_fifteen_low_ones() {
    // ⌈2 · 1 ÷ 0.7⌉ = 3; then 2 ÷ 3 is neither above 0.7 nor below 0.63.
    let record = tracked(|_| true);
    assert_eq!(capacities(&record), [(0.0, 2), (180.0, 3), (1200.0, 2)]);
    assert_eq!(record.retired().len(), 1);
    assert_eq!(record.retired()[0].2, Retirement::Lowered);
}

#[test]
fn tracking_takes_nothing_away_without_requests_and_begins_anew_after_a_minute_without() {
    assert_eq!(capacities(&tracked(|_| false)), [(0.0, 2), (180.0, 3)]);
    // The minute from 600 s has no request: fifteen low minutes from 660 s on.
    let record = tracked(|minute| minute != 10);
    assert_eq!(capacities(&record), [(0.0, 2), (180.0, 3), (1560.0, 2)]);
}

#[test]
fn two_high_minutes_are_not_enough_and_the_maximum_holds() {
    let tracked = |service: f64, max: u32| {
        let mut stage = Stage::new();
        let rule = Tracking {
            min: 1,
            max,
            target: 0.7,
            ..Tracking::default()
        };
        stage.remedy(RemedyKind::Provisioned(Provisioned::Tracking(rule)));
        stage.call(1.0, service);
        stage.call(900.0, 0.1);
        capacities(&stage.play())
    };
    assert_eq!(tracked(130.0, 10), [(0.0, 1)]);
    assert_eq!(tracked(250.0, 10), [(0.0, 1), (180.0, 2)]);
    assert_eq!(tracked(250.0, 1), [(0.0, 1)]);
}

#[test]
fn capacity_taken_away_goes_at_once_where_idle_and_after_its_request_where_busy() {
    let mut stage = Stage::new();
    stage.duration = secs(3000.0);
    let rule = Tracking {
        min: 1,
        max: 10,
        target: 0.7,
        ..Tracking::default()
    };
    stage.remedy(RemedyKind::Provisioned(Provisioned::Tracking(rule)));
    stage.call(1.0, 250.0);
    (5..40).for_each(|minute| stage.call(60.0 * f64::from(minute) + 30.0, 0.1));
    // Busy when the second instance is taken away at 1,080 s: it ends its request.
    stage.calls(&[(1079.0, 100.0), (1079.5, 100.0)]);
    let record = stage.play();
    let lowered: Vec<_> = record.retired();
    assert_eq!(capacities(&record).last(), Some(&(1080.0, 1)));
    assert_eq!(lowered.len(), 1, "{lowered:?}");
    assert!(
        lowered[0].1 > 1178.0 && lowered[0].2 == Retirement::Lowered,
        "{lowered:?}"
    );
    assert!(
        record
            .users()
            .iter()
            .all(|end| end.ending == Ending::Completed)
    );
}

#[test]
fn a_provisioned_instance_counts_as_starting_until_it_is_ready() {
    let mut stage = Stage::new();
    stage.start_takes(5.0);
    stage.platform.provisioned.delay = constant(10.0);
    stage.remedy(provisioned(1));
    let changes = stage.play().changes;
    let seen: Vec<_> = changes
        .iter()
        .map(|c| (c.at.secs(), c.to, c.provisioned))
        .collect();
    let end = (1000.0, Err(Retirement::EndOfRun), true);
    let (starting, idle) = (Ok(State::Starting), Ok(State::Idle));
    assert_eq!(seen, [(10.0, starting, true), (15.0, idle, true), end]);
}
