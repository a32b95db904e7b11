//! Every cold request has exactly one cause.

use frostline::dist::Dist;
use frostline::model::{Ping, Provisioned, RemedyKind, SnapshotAfter};
use frostline::units::Span;

use super::stage::{Stage, constant, secs};

pub(super) fn ping(every: f64, instances: u32, hold: f64, offset: f64) -> RemedyKind {
    RemedyKind::Ping(Ping {
        every: secs(every),
        instances,
        hold: secs(hold),
        skew: Dist::ZERO,
        offset: Dist::constant(Span::from_secs(offset)),
        sender: false,
    })
}

#[test]
fn the_first_request_is_cold_because_there_never_was_an_instance() {
    let mut stage = Stage::new();
    stage.call(7.0, 1.0);
    assert_eq!(stage.play().story(), "first:0");
}

#[test]
fn a_request_that_finds_all_busy_is_a_scale_out_even_if_they_are_still_starting() {
    let mut stage = Stage::new();
    stage.start_takes(5.0);
    stage.calls(&[(0.0, 1.0), (0.0, 1.0), (5.5, 1.0)]);
    assert_eq!(stage.play().story(), "first:0 scale-out:1 scale-out:2");
}

#[test]
fn a_request_after_the_last_instance_was_idle_too_long_is_expired() {
    let mut stage = Stage::keeping(10.0);
    stage.calls(&[(0.0, 1.0), (12.0, 1.0)]);
    assert_eq!(stage.play().story(), "first:0 expired:1");
}

#[test]
fn the_last_instance_to_go_decides_between_expired_and_recycled() {
    // 0 expires at 14 s and 1 reaches its maximum life at 20 s; then the other way round.
    for (calls, cause) in [
        (
            [(0.0, 1.0), (0.0, 4.0), (10.0, 1.0), (30.0, 1.0)],
            "recycled:2",
        ),
        (
            [(0.0, 1.0), (0.0, 4.0), (5.0, 1.0), (30.0, 1.0)],
            "expired:2",
        ),
    ] {
        let mut stage = Stage::keeping(10.0);
        stage.platform.max_life = Some(constant(20.0));
        stage.calls(&calls);
        let story = stage.play().story();
        assert!(story.ends_with(cause), "{story}");
    }
}

#[test]
fn a_request_beside_an_instance_busy_only_with_a_ping_is_a_ping_collision() {
    let mut stage = Stage::new();
    stage.remedy(ping(1000.0, 1, 5.0, 10.0));
    stage.calls(&[(0.0, 1.0), (12.0, 1.0), (15.0, 1.0)]);
    let record = stage.play();
    // MRU: the ping's instance became idle at 15 s, after the other at 13 s.
    assert_eq!(record.story(), "first:0 ping-collision:1 warm:0");
    assert_eq!(record.pings(), "warm:0");
}

#[test]
fn a_ping_that_is_still_starting_its_instance_collides_too() {
    let mut stage = Stage::new();
    stage.start_takes(10.0);
    stage.remedy(ping(1000.0, 1, 1.0, 5.0));
    stage.call(8.0, 1.0);
    let record = stage.play();
    assert_eq!(
        (record.pings().as_str(), record.story().as_str()),
        ("first:0", "ping-collision:1")
    );
}

#[test]
fn one_ping_among_busy_instances_is_enough_for_a_ping_collision() {
    let mut stage = Stage::new();
    stage.remedy(ping(1000.0, 1, 5.0, 10.0));
    stage.calls(&[
        (0.0, 20.0),
        (0.0, 1.0),
        (12.0, 1.0),
        (17.0, 30.0),
        (18.0, 9.0),
        (19.0, 1.0),
    ]);
    let story = stage.play().story();
    assert_eq!(
        story,
        "first:0 scale-out:1 ping-collision:2 warm:1 warm:2 scale-out:3"
    );
}

#[test]
fn a_request_beyond_provisioned_concurrency_is_a_spillover() {
    let mut stage = Stage::new();
    stage.remedy(RemedyKind::Provisioned(Provisioned::Constant(1)));
    stage.calls(&[(1.0, 5.0), (2.0, 5.0), (10.0, 5.0), (11.0, 5.0)]);
    let record = stage.play();
    assert_eq!(record.story(), "warm:0 spillover:1 warm:0 warm:1");
    assert_eq!(record.spilled_over.len(), 2);
    let on: Vec<_> = record
        .users()
        .iter()
        .map(|end| end.on_provisioned)
        .collect();
    assert_eq!(on, [true, false, true, false]);
}

#[test]
fn a_ping_on_provisioned_capacity_collides_as_any_other() {
    let mut stage = Stage::new();
    stage.remedy(RemedyKind::Provisioned(Provisioned::Constant(1)));
    stage.remedy(ping(100.0, 1, 5.0, 10.0));
    stage.calls(&[
        (1.0, 2.0),
        (12.0, 1.0),
        (20.0, 5.0),
        (21.0, 1.0),
        (22.0, 1.0),
    ]);
    let record = stage.play();
    assert_eq!(
        record.story(),
        "warm:0 ping-collision:1 warm:0 warm:1 warm:1"
    );
    assert_eq!(record.spilled_over.len(), 3);
}

#[test]
fn a_request_before_provisioned_concurrency_is_allocated_is_not_ready() {
    let mut stage = Stage::new();
    stage.platform.provisioned.delay = constant(60.0);
    stage.remedy(RemedyKind::Provisioned(Provisioned::Constant(1)));
    stage.calls(&[(30.0, 1.0), (59.0, 4.0), (59.5, 1.0), (61.0, 1.0)]);
    let record = stage.play();
    assert_eq!(record.story(), "not-ready:0 warm:0 not-ready:1 warm:2");
    assert_eq!(record.spilled_over.len(), 0);
}

#[test]
fn a_request_beside_an_instance_that_starts_for_nobody_is_not_ready() {
    let mut stage = Stage::new();
    stage.start_takes(10.0);
    stage.remedy(RemedyKind::MinInstances(1));
    stage.calls(&[(5.0, 1.0), (12.0, 1.0), (12.5, 9.0), (13.5, 1.0)]);
    assert_eq!(
        stage.play().story(),
        "not-ready:1 warm:0 scale-out:2 warm:0"
    );
}

#[test]
fn a_restored_request_has_a_cause_as_well() {
    let mut stage = Stage::keeping(10.0);
    stage.remedy(RemedyKind::Snapshot(SnapshotAfter::Init.into()));
    stage.calls(&[(0.0, 1.0), (0.5, 1.0), (20.0, 1.0)]);
    let story = "restored-first:0 restored-scale-out:1 restored-expired:2";
    assert_eq!(stage.play().story(), story);
}
