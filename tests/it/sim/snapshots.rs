//! Starts from a snapshot: what a restore takes and costs.

use frostline::metric;
use frostline::model::{RemedyKind, Snapshot, SnapshotAfter, Warming};

use super::measures::{assert_values, priced};
use super::stage::{Stage, constant};

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
