//! Starts from a snapshot: the phases that a restore leaves out.

use super::case::{Case, Fault, Group};
use super::lab::{self, Setup};
use super::probe::Log;
use super::report::Check;
use crate::dist::Dist;
use crate::model::{KeepAlive, Process, RemedyKind, SnapshotAfter};
use crate::units::{Span, Time};

/// Milliseconds of one function, as published: P. Silva, D. Fireman, T. E. Pereira, "Prebaking
/// Functions to Warm the Serverless Cold Start" (Middleware 2020).
#[derive(Clone, Copy)]
struct Size {
    name: &'static str,
    /// Until a booted process is ready, and its first call.
    boot: (f64, f64),
    /// Until one restored before its first call is ready.
    restore: f64,
    /// Until one restored after a warm-up call is ready.
    restore_warm: f64,
    /// Medians of start and first call: booted, restored, restored after a warm-up call.
    medians: [f64; 3],
}

const SIZES: [Size; 3] = [
    Size {
        name: "small, 50 classes",
        boot: (97.2, 122.8),
        restore: 60.1,
        restore_warm: 54.9,
        medians: [219.804, 172.461, 54.414],
    },
    Size {
        name: "medium, 250 classes",
        boot: (97.9, 358.0),
        restore: 60.1,
        restore_warm: 63.5,
        medians: [456.054, 360.877, 63.738],
    },
    Size {
        name: "big, 1250 classes",
        boot: (98.0, 1521.4),
        restore: 59.4,
        restore_warm: 83.3,
        medians: [1620.989, 1340.441, 83.984],
    },
];

/// A warm call, in milliseconds.
const WARM_CALL: f64 = 0.07;

/// The median of start and first call in milliseconds.
fn median(size: &Size, snapshot: Option<SnapshotAfter>, seed: u64) -> Result<f64, Fault> {
    let spread = |ms: f64| lab::lognormal(ms / 1e3, 0.02);
    let every = Process::Every {
        interval: Span::from_whole_secs(10),
        offset: Time::ZERO,
    };
    let warm = Dist::constant(Span::from_millis(WARM_CALL));
    let mut setup = Setup::new(every, warm).measured(0.0, 50_000.0);
    setup.platform.keep_alive = KeepAlive::Never;
    let start = &mut setup.function.start;
    start.runtime = spread(size.boot.0);
    // A restored process finds part of what its first call loads in the page cache: published is
    // only the sum, so the first call is what the restore leaves of it.
    start.first_call = spread(match snapshot {
        None => size.boot.1,
        Some(_) => size.medians[1] - size.restore,
    });
    start.restore = spread(match snapshot {
        Some(SnapshotAfter::WarmUpCall) => size.restore_warm,
        _ => size.restore,
    });
    if let Some(after) = snapshot {
        setup = setup.with(RemedyKind::Snapshot(after));
    }
    let (_, log) = setup.run_beside(seed, |_| Log::default())?;
    let mut latencies: Vec<_> = log.ends.iter().map(|end| end.latency().millis()).collect();
    latencies.sort_by(f64::total_cmp);
    let middle = latencies.get(latencies.len() / 2);
    middle
        .copied()
        .ok_or_else(|| Fault("no request ended".to_owned()))
}

/// Share by which a median may miss the published one: the published parts of the smallest function,
/// restored after a call, add up to 1.02 % more than its published total; all else is within 0.8 %.
const GATE: f64 = 0.0125;

/// D1.
pub(super) fn prebaking() -> Group {
    let case = |size: Size| {
        Case::new(size.name, move |seed| {
            let after = [
                ("boot ms", None),
                ("restore ms", Some(SnapshotAfter::Init)),
                ("restore after a call ms", Some(SnapshotAfter::WarmUpCall)),
            ];
            let checks =
                after
                    .into_iter()
                    .zip(size.medians)
                    .map(|((name, snapshot), published)| {
                        Ok(Check::within(
                            name,
                            published,
                            median(&size, snapshot, seed)?,
                            GATE,
                        ))
                    });
            checks.collect()
        })
    };
    Group {
        id: "D1",
        title: "Prebaking: medians of start and first call, booted and restored",
        cases: SIZES.map(case).into(),
    }
}
