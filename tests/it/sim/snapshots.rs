//! Starts from a snapshot: what a restore takes and costs.

use frostline::metric;
use frostline::model::{KeepAlive, Overflow, RemedyKind, Snapshot, SnapshotAfter, Warming};
use frostline::units::Time;

use super::measures::{assert_values, priced};
use super::stage::{Stage, constant, secs};

fn from_snapshots(stage: &mut Stage, versions: u32) {
    stage.remedy(RemedyKind::Snapshot(Snapshot {
        after: SnapshotAfter::Init,
        versions,
    }));
}

/// Hooks and runtime after a restore are waited for and billed, also where init is not
/// (docs.aws.amazon.com, snapstart, 2026).
#[test]
fn what_runs_after_a_restore_is_waited_for_and_billed() {
    for init_billed in [true, false] {
        let mut stage = priced();
        stage.functions[0].init_billed = init_billed;
        stage.functions[0].snapshot_billed = false;
        stage.functions[0].start.restore = constant(3.0);
        stage.functions[0].start.after_restore = constant(2.0);
        from_snapshots(&mut stage, 1);
        // The third is cut by the end of the run.
        stage.calls(&[(0.0, 4.0), (20.0, 4.0), (20.0, 1000.0)]);
        let (summary, record) = stage.measure(1);
        assert_eq!(record.begun(), [5.0, 20.0]);
        let billed = 2.0 + 4.0 + 4.0 + 2.0 + 975.0;
        // A GB-second costs 1.
        assert_values(&summary.values, &[(metric::COST_USD_DURATION, billed)]);
    }
}

#[test]
fn an_instance_restored_for_nobody_is_billed_what_runs_after_it() {
    let mut stage = priced();
    stage.functions[0].init_billed = false;
    stage.functions[0].snapshot_billed = false;
    stage.functions[0].start.after_restore = constant(2.0);
    from_snapshots(&mut stage, 1);
    stage.remedy(RemedyKind::MinInstances(3));
    let (summary, _) = stage.measure(1);
    assert_values(&summary.values, &[(metric::COST_USD_DURATION, 3.0 * 2.0)]);
}

/// The first restores after a publication are slower, for their pages are in no cache (V. Kazulkin,
/// dev.to, SnapStart series, part 17).
#[test]
fn restores_get_faster_until_the_snapshot_is_cached() {
    let mut stage = Stage::keeping(1.0);
    stage.functions[0].start.restore = constant(1.0);
    stage.functions[0].start.warming = Some(Warming {
        extra: constant(8.0),
        restores: 4,
    });
    let boots = {
        (0..6).for_each(|n| stage.call(100.0 * f64::from(n), 1.0));
        stage.play()
    };
    assert!(
        boots.users().iter().all(|end| end.start().is_zero()),
        "boots do not read it"
    );
    from_snapshots(&mut stage, 1);
    let restored = stage.play();
    let starts: Vec<_> = restored
        .users()
        .iter()
        .map(|end| end.start().secs())
        .collect();
    assert_eq!(starts, [9.0, 7.0, 5.0, 3.0, 1.0, 1.0]);
}

/// Each published version is cached and paid for, three hours at least (aws.amazon.com, Lambda
/// pricing, 2026).
#[test]
fn every_version_is_cached_and_only_what_is_restored_is_restored() {
    let mut stage = priced();
    from_snapshots(&mut stage, 3);
    stage.calls(&[(0.0, 4.0), (1.0, 4.0)]);
    let (summary, _) = stage.measure(1);
    // 0.001 a GB-second, 2 a GB.
    let charge = 3.0 * 10_800.0 * 0.001 + 2.0 * 2.0;
    assert_values(&summary.values, &[(metric::COST_USD_SNAPSHOT, charge)]);
}

/// A version is published before traffic goes there: its init and the hooks before the checkpoint are
/// billed, in all eras, and the old version serves meanwhile (docs.aws.amazon.com, snapstart, 2026).
#[test]
fn a_deployment_publishes_a_version_which_takes_as_long_as_init_and_hooks() {
    let mut stage = priced();
    stage.functions[0].init_billed = false;
    stage.functions[0].snapshot_billed = false;
    stage.functions[0].start.init = constant(20.0);
    stage.functions[0].start.before_checkpoint = constant(10.0);
    stage.functions[0].deployments = vec![Time::from_secs(100.0)];
    stage.calls(&[(0.0, 1.0), (129.0, 0.5), (130.5, 1.0)]);
    let booted = stage.measure(1);
    assert_eq!(booted.1.story(), "first:0 deployed:1 scale-out:2");
    assert_values(&booted.0.values, &[(metric::COST_USD_DURATION, 2.5)]);
    from_snapshots(&mut stage, 1);
    let (summary, record) = stage.measure(1);
    assert_eq!(
        record.story(),
        "restored-first:0 warm:0 restored-deployed:1"
    );
    assert_values(&summary.values, &[(metric::COST_USD_DURATION, 2.5 + 30.0)]);
}

/// What is in the snapshot has run before it was taken.
#[test]
fn a_warm_up_call_is_made_and_billed_when_a_version_is_published() {
    let mut stage = priced();
    stage.functions[0].snapshot_billed = false;
    stage.functions[0].start.init = constant(20.0);
    stage.functions[0].start.first_call = constant(6.0);
    stage.functions[0].deployments = vec![Time::from_secs(100.0)];
    stage.calls(&[(0.0, 1.0), (125.0, 0.5), (126.5, 1.0)]);
    stage.remedy(RemedyKind::Snapshot(SnapshotAfter::WarmUpCall.into()));
    let (summary, record) = stage.measure(1);
    assert_eq!(
        record.story(),
        "restored-first:0 warm:0 restored-deployed:1"
    );
    assert_values(&summary.values, &[(metric::COST_USD_DURATION, 2.5 + 26.0)]);
}

/// A snapshot that nobody has started from for 14 days is dropped: requests are refused until the
/// version has been published once more (`SnapStartNotReady`; docs.aws.amazon.com, snapstart, 2026).
#[test]
fn a_snapshot_of_a_function_that_nobody_invokes_is_dropped_and_made_again() {
    const DAY: f64 = 86_400.0;
    let mut stage = priced();
    stage.duration = secs(40.0 * DAY);
    stage.platform.keep_alive = KeepAlive::For(constant(60.0));
    stage.functions[0].snapshot_billed = false;
    stage.functions[0].start.init = constant(20.0);
    stage.functions[0].start.before_checkpoint = constant(10.0);
    let calls = [
        (DAY, 1.0),
        (15.0 * DAY, 1.0),
        // 14 days after the end of the one before.
        (29.0 * DAY + 1.0, 1.0),
        (29.0 * DAY + 30.5, 1.0),
        (29.0 * DAY + 31.0, 1.0),
    ];
    stage.calls(&calls);
    from_snapshots(&mut stage, 1);
    let kept = stage.measure(1);
    assert!(!kept.1.story().contains("throttled"), "{}", kept.1.story());
    stage.functions[0].start.snapshot_kept = Some(secs(14.0 * DAY));
    let (summary, record) = stage.measure(1);
    let story = "restored-first:0 restored-expired:1 throttled throttled restored-expired:2";
    assert_eq!(record.story(), story);
    assert_values(&summary.values, &[(metric::COST_USD_DURATION, 3.0 + 30.0)]);
}

#[test]
fn a_request_that_may_wait_waits_for_the_snapshot() {
    let mut stage = Stage::keeping(1.0);
    stage.duration = secs(1000.0);
    stage.functions[0].start.init = constant(20.0);
    stage.functions[0].start.snapshot_kept = Some(secs(100.0));
    stage.platform.overflow = Overflow::Queue {
        length: None,
        max_wait: None,
    };
    stage.calls(&[(0.0, 1.0), (101.0, 1.0), (200.0, 1.0)]);
    from_snapshots(&mut stage, 1);
    assert_eq!(stage.play().begun(), [0.0, 121.0, 200.0]);
}

/// A version that another takes the place of is deleted, and owes its minimum; the newest is cached
/// until the end.
#[test]
fn every_version_that_was_released_owes_three_hours() {
    const HOUR: f64 = 3600.0;
    let mut stage = priced();
    stage.duration = secs(24.0 * HOUR);
    stage.functions[0].init_billed = false;
    stage.functions[0].deployments = [1.0, 2.0, 3.0]
        .map(|hour| Time::from_secs(hour * HOUR))
        .to_vec();
    from_snapshots(&mut stage, 1);
    let hours = |stage: &Stage, batches| {
        let values = stage.measure(batches).0.values;
        values.get(metric::COST_USD_SNAPSHOT).unwrap() / (HOUR * 0.001)
    };
    assert!((hours(&stage, 1) - (3.0 * 3.0 + 21.0)).abs() < 1e-9);
    // Parts of the run bear it together.
    assert!((hours(&stage, 4) - 30.0).abs() < 1e-9);
    stage.functions[0].deployments = vec![Time::from_secs(10.0 * HOUR)];
    assert!((hours(&stage, 1) - 24.0).abs() < 1e-9);
    // Of several versions the oldest goes.
    stage.remedies.clear();
    from_snapshots(&mut stage, 3);
    assert!((hours(&stage, 1) - 3.0 * 24.0).abs() < 1e-9);
}
