//! Starts from a snapshot: the phases that a restore leaves out.

use super::case::{Case, Fault, Group};
use super::lab::{self, Setup};
use super::probe::Log;
use super::report::Check;
use crate::dist::Dist;
use crate::model::{KeepAlive, Process, RemedyKind, SnapshotAfter};
use crate::units::{Span, Time};

/// Milliseconds of one function, as published: parts measured by themselves, and medians of the
/// whole that are not computed from them: P. Silva, D. Fireman, T. E. Pereira, "Prebaking Functions
/// to Warm the Serverless Cold Start" (Middleware 2020).
#[derive(Clone, Copy)]
struct Size {
    name: &'static str,
    /// Until a booted process is ready, and its first call.
    boot: (f64, f64),
    /// Until one restored before its first call is ready, and its first call. The published data
    /// has the latter run by run (`ServiceTime`); this is the median of 39 or 40 runs in the middle
    /// of 1000, with a standard error of 0.1 %.
    restore: (f64, f64),
    /// Until one restored after a warm-up call is ready.
    restore_warm: f64,
    /// Medians of start and first call: booted, restored, restored after a warm-up call.
    medians: [f64; 3],
    /// Classes that are loaded.
    classes: f64,
    /// Whether the published parts of a restore after a call add up to within 1 % of the published
    /// whole, and its interval: those of the smallest function exceed both (54.97 ms of 54.41,
    /// 54.06 to 54.75), so it says nothing about a simulator.
    parts_agree: bool,
}

const SIZES: [Size; 3] = [
    Size {
        name: "small, 50 classes",
        boot: (97.2, 122.8),
        restore: (60.1, 112.33),
        restore_warm: 54.9,
        medians: [219.804, 172.461, 54.414],
        classes: 50.0,
        parts_agree: false,
    },
    Size {
        name: "medium, 250 classes",
        boot: (97.9, 358.0),
        restore: (60.1, 300.38),
        restore_warm: 63.5,
        medians: [456.054, 360.877, 63.738],
        classes: 250.0,
        parts_agree: true,
    },
    Size {
        name: "big, 1250 classes",
        boot: (98.0, 1521.4),
        restore: (59.4, 1281.05),
        restore_warm: 83.3,
        medians: [1620.989, 1340.441, 83.984],
        classes: 1250.0,
        parts_agree: true,
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
    start.first_call = spread(size.boot.1);
    start.restored_first_call = Some(spread(size.restore.1));
    start.restore = spread(match snapshot {
        Some(SnapshotAfter::WarmUpCall) => size.restore_warm,
        _ => size.restore.0,
    });
    if let Some(after) = snapshot {
        setup = setup.with(RemedyKind::Snapshot(after.into()));
    }
    let (_, log) = setup.run_beside(seed, |_| Log::default())?;
    let mut latencies: Vec<_> = log.ends.iter().map(|end| end.latency().millis()).collect();
    latencies.sort_by(f64::total_cmp);
    let middle = latencies.get(latencies.len() / 2);
    middle
        .copied()
        .ok_or_else(|| Fault("no request ended".to_owned()))
}

/// Share by which a median may miss the published one.
const GATE: f64 = 0.01;
/// The same where the published parts and the published whole disagree.
const GATE_OF_WHOLE: f64 = 0.0125;

/// The restore of the middle size on the line through those of the two others, by classes.
fn on_the_line() -> f64 {
    let [small, medium, big] = &SIZES;
    let slope = (big.restore_warm - small.restore_warm) / (big.classes - small.classes);
    small.restore_warm + slope * (medium.classes - small.classes)
}

/// One function: published parts put together by the simulator, against the published whole.
fn checks(size: &Size, seed: u64) -> Result<Vec<Check>, Fault> {
    let [booted, restored, restored_warm] = size.medians;
    let boot = median(size, None, seed)?;
    let before = median(size, Some(SnapshotAfter::Init), seed)?;
    let after = median(size, Some(SnapshotAfter::WarmUpCall), seed)?;
    let warm = "restore after a call ms";
    let mut checks = vec![
        Check::within("boot ms", booted, boot, GATE),
        Check::within("restore ms", restored, before, GATE),
    ];
    if size.parts_agree {
        checks.push(Check::within(warm, restored_warm, after, GATE));
    } else {
        let parts = size.restore_warm + WARM_CALL;
        // The published parts are themselves 1.02 % more than the published whole.
        checks.push(Check::within(warm, restored_warm, after, GATE_OF_WHOLE));
        checks.push(Check::within("the same, its parts", parts, after, GATE));
    }
    Ok(checks)
}

/// D1.
pub(super) fn prebaking() -> Group {
    let case = |size: Size| Case::new(size.name, move |seed| checks(&size, seed));
    let mut cases: Vec<Case> = SIZES.map(case).into();
    // Whether a restore takes `restore` + size ÷ `bandwidth`, with classes as the size.
    cases.push(Case::new("linear in classes, medium", |_| {
        let published = SIZES[1].restore_warm;
        Ok(vec![Check::plain("restore ms", published, on_the_line())])
    }));
    Group {
        id: "D1",
        title: "Prebaking: medians of start and first call, booted and restored, out of their parts",
        cases,
    }
}
