//! The keep-alive curve: one run against a run of its own for every keep-alive, and against theory.

use std::path::Path;

use frostline::config::{Overrides, load};
use frostline::dist::Dist;
use frostline::experiment::{CellId, Way, run_cell, run_together};
use frostline::ids::FunctionId;
use frostline::metric::{self, MetricId};
use frostline::model::{
    ClientRetry, Jitter, KeepAlive, Overflow, Ping, Plan, Process, Provisioned, Remedy, RemedyKind,
    RetryOn,
};
use frostline::observe::{CurveBooks, KeepAliveCurve, KeepAliveCurveTap, Values, keep_alives};
use frostline::random::{Purpose, Stream, Streams};
use frostline::sim::Control;
use frostline::theory::lifo::LifoLoad;
use frostline::units::{Memory, Span, Time};
use frostline::validate::lab;
use frostline::workload::Arrival;
use rand::RngExt;

use crate::sim::stage::{Stage, constant, secs};

/// A dozen keep-alives of the curve, in seconds.
const DOZEN: [f64; 12] = [
    1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 8.0, 10.0, 20.0, 60.0, 300.0, 86_400.0,
];

/// The place of a keep-alive in the curve.
fn place(seconds: f64) -> usize {
    keep_alives().position(|d| d == secs(seconds)).unwrap()
}

fn near(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-9 * expected.abs().max(1.0)
}

fn coin(stream: &mut Stream) -> bool {
    stream.random_range(0..2) == 0
}

/// Requests in bursts and batches; half of all gaps and service times are whole seconds, so that
/// some ages are exactly a keep-alive.
fn calls(stream: &mut Stream) -> Vec<Arrival> {
    let longest = stream.random_range(1..12_000);
    let mut at = 0;
    let millis = |stream: &mut Stream, most: u64| {
        let millis = stream.random_range(0..most);
        if coin(stream) {
            millis / 1000 * 1000
        } else {
            millis
        }
    };
    let mut calls = Vec::new();
    for _ in 0..stream.random_range(1..150) {
        at += match stream.random_range(0..10) {
            0..4 => 0,
            4..9 => millis(stream, 9_000),
            _ => millis(stream, 400_000),
        };
        calls.push(Arrival {
            at: Time::from_nanos(at * 1_000_000),
            function: FunctionId(stream.random_range(0..3)),
            service: Span::from_nanos(millis(stream, longest) * 1_000_000),
            fails: stream.random_range(0..20) == 0,
        });
    }
    calls
}

fn keep_alive(stream: &mut Stream) -> KeepAlive {
    match stream.random_range(0..5) {
        0 => KeepAlive::Never,
        1 => KeepAlive::ForEver,
        2 => KeepAlive::For(constant(7.0)),
        3 => KeepAlive::For(Dist::exponential(secs(5.0)).unwrap()),
        _ => KeepAlive::TwoClocks {
            instance: constant(9.0),
            function: secs(2.0),
        },
    }
}

fn remedies(stream: &mut Stream) -> Vec<Remedy> {
    let mut remedies = Vec::new();
    let mut add = |kind| {
        let functions = vec![FunctionId(0), FunctionId(2)];
        remedies.push(Remedy { kind, functions });
    };
    if stream.random_range(0..3) == 0 {
        add(RemedyKind::Ping(Ping {
            every: secs(f64::from(stream.random_range(1..90))),
            instances: stream.random_range(1..4),
            hold: secs(f64::from(stream.random_range(0..3))),
            skew: Dist::ZERO,
            offset: Dist::ZERO,
            sender: false,
        }));
    }
    if stream.random_range(0..3) == 0 {
        add(RemedyKind::MinInstances(stream.random_range(1..4)));
    }
    if stream.random_range(0..4) == 0 {
        let instances = stream.random_range(1..3);
        add(RemedyKind::Provisioned(Provisioned::Constant(instances)));
    }
    remedies
}

/// Three functions of different memory, whose starts take no time, under limits and remedies.
fn stage(seed: u64) -> Stage {
    let mut stream = Streams::new(seed, 0).stream(0, Purpose::Start, 0);
    let stream = &mut stream;
    let mut stage = Stage::new();
    stage.add_function();
    stage.add_function();
    stage.remedies = remedies(stream);
    let floor = |remedy: &Remedy| matches!(remedy.kind, RemedyKind::MinInstances(_));
    // A timeout takes an instance from the floor, and what comes in its place depends on which
    // others have expired: there the curve is not exact.
    let cut = !stage.remedies.iter().any(floor) && coin(stream);
    for (function, mb) in stage.functions.iter_mut().zip([128.0, 1024.0, 3008.0]) {
        function.memory = Memory::from_mb(mb);
        function.timeout = cut.then(|| secs(3.0));
    }
    stage.calls = calls(stream);
    let end = stage.calls.last().map_or(0.0, |call| call.at.secs());
    stage.warm_up = secs((end * stream.random_range(0.0..0.7)).floor());
    stage.duration = secs((end * stream.random_range(0.1..1.5)).floor() + 1.0);
    stage.platform.keep_alive = keep_alive(stream);
    if coin(stream) {
        stage.platform.max_life = Some(constant(30.0));
    }
    if coin(stream) {
        stage.platform.concurrency_quota = Some(stream.random_range(4..9));
        stage.platform.client_retry = Some(ClientRetry {
            attempts: 3,
            first: secs(1.0),
            factor: 2.0,
            jitter: Jitter::Full,
            on: RetryOn::THROTTLED,
        });
        if coin(stream) {
            stage.platform.overflow = Overflow::Queue {
                length: Some(5),
                max_wait: Some(secs(4.0)),
            };
        }
    }
    stage
}

fn curve(stage: &Stage, batches: u32) -> KeepAliveCurve {
    let plan = stage.plan();
    let mut tap = KeepAliveCurveTap::new(&plan, batches);
    stage.run(&plan, &mut tap);
    tap.into_books().into_curve()
}

/// Holds the point of the curve against what a run under that keep-alive has measured.
fn agrees(curve: &KeepAliveCurve, i: usize, whole: &Values, batches: &[Values], seconds: f64) {
    let get = |values: &Values, metric: MetricId| values.get(metric).unwrap_or(0.0);
    let parts = curve.batches.iter().zip(batches);
    for (counts, values) in parts.chain([(&curve.whole, whole)]) {
        assert_eq!(
            counts.cold_starts[i],
            get(values, metric::COLD_STARTS) as u64
        );
        let ran = get(values, metric::COLD_STARTS) + get(values, metric::WARM_STARTS);
        assert_eq!(counts.ran, ran as u64);
        let (found, expected) = (counts.idle_gb_s[i], get(values, metric::IDLE_GB_S));
        assert!(near(found, expected), "{found} {expected}");
    }
    let idle = get(whole, metric::IDLE_MEAN) * seconds;
    let found = curve.whole.idle_instance_s[i];
    assert!(near(found, idle), "{found} {idle}");
    assert_eq!(curve.batches.len(), batches.len());
}

#[test]
fn where_starts_take_no_time_the_curve_is_a_run_of_its_own_for_every_keep_alive() {
    let mut cold = 0;
    for seed in 0..400 {
        let stage = &mut stage(seed);
        let batches = 1 + seed as u32 % 3;
        let curve = curve(stage, batches);
        stage.platform.max_life = None;
        for seconds in DOZEN {
            stage.platform.keep_alive = KeepAlive::For(constant(seconds));
            let (own, _) = stage.measure(batches);
            println!("seed {seed}, keep-alive {seconds} s");
            let window = stage.duration.secs();
            agrees(&curve, place(seconds), &own.values, &own.batches, window);
            cold += curve.whole.cold_starts[place(seconds)];
        }
    }
    assert!(cold > 10_000, "{cold}");
}

#[test]
fn an_age_of_exactly_the_keep_alive_is_warm() {
    let mut stage = Stage::keeping(1.0);
    // 10 s and one nanosecond more than 10 s after the end before.
    stage.calls(&[(0.0, 1.0), (11.0, 1.0), (22.000_000_001, 0.0)]);
    stage.duration = secs(23.0);
    let curve = curve(&stage, 1).whole;
    assert_eq!(curve.cold_starts[place(9.0)], 3);
    assert_eq!(curve.cold_starts[place(10.0)], 2);
    assert_eq!(curve.cold_starts[place(11.0)], 1);
    assert_eq!(curve.ran, 3);
    assert!(near(curve.idle_instance_s[place(10.0)], 20.999_999_999));
}

#[test]
fn idle_time_counts_inside_the_measured_time_alone() {
    let mut stage = Stage::keeping(1.0);
    stage.calls(&[(0.0, 0.0)]);
    (stage.warm_up, stage.duration) = (secs(50.0), secs(30.0));
    let curve = curve(&stage, 3);
    for (seconds, idle) in [
        (1.0, [0.0, 0.0, 0.0]),
        (50.0, [0.0, 0.0, 0.0]),
        (55.0, [5.0, 0.0, 0.0]),
        (72.0, [10.0, 10.0, 2.0]),
        (90.0, [10.0, 10.0, 10.0]),
    ] {
        let i = place(seconds);
        let batches: Vec<f64> = curve
            .batches
            .iter()
            .map(|batch| batch.idle_instance_s[i])
            .collect();
        assert_eq!(batches, idle, "{seconds}");
        assert!(near(curve.whole.idle_instance_s[i], idle.iter().sum()));
    }
    assert_eq!(
        curve.whole.cold_starts[0], 0,
        "the request was before the measured time"
    );
}

#[test]
fn functions_may_be_counted_apart() {
    for seed in 0..50 {
        let mut stage = stage(seed);
        // What functions share would not let them run apart.
        stage.platform.concurrency_quota = None;
        let together = curve(&stage, 2);
        let plan = stage.plan();
        let calls = std::mem::take(&mut stage.calls);
        let mut joined = CurveBooks::new(&plan, 2);
        // A ping is sent whether a function has requests or not: leave those of the others out.
        let remedies = std::mem::take(&mut stage.remedies);
        for function in (0..3).rev().map(FunctionId) {
            let own = |call: &&Arrival| call.function == function;
            stage.calls = calls.iter().filter(own).copied().collect();
            stage.remedies.clone_from(&remedies);
            for remedy in &mut stage.remedies {
                remedy.functions.retain(|id| *id == function);
            }
            let plan = stage.plan();
            let mut tap = KeepAliveCurveTap::new(&plan, 2);
            stage.run(&plan, &mut tap);
            joined.join(&tap.into_books());
        }
        assert_eq!(joined.into_curve(), together, "seed {seed}");
    }
}

/// As the journal of finished cells keeps it.
#[test]
fn a_curve_that_was_kept_is_the_same() {
    for seed in 0..50 {
        let curve = curve(&stage(seed), 3);
        let kept = serde_json::to_string(&curve).unwrap();
        assert_eq!(
            serde_json::from_str::<KeepAliveCurve>(&kept).unwrap(),
            curve
        );
    }
}

/// One function under Poisson arrivals and exponential service.
fn poisson(rate: f64, mean_service_s: f64, warm_up_s: f64, measured_s: f64) -> Plan {
    let service = Dist::exponential(secs(mean_service_s)).unwrap();
    lab::plan_of_one(
        lab::bare_platform(),
        lab::bare_function("f", service),
        Process::Poisson { rate },
        secs(warm_up_s),
        secs(measured_s),
    )
}

/// Mean over the batches, and its standard error.
fn of_batches(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let values: Vec<f64> = values.collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0) / n).sqrt())
}

#[test]
fn one_run_gives_the_closed_form_at_every_keep_alive() {
    for (rate, mean_service_s, measured_s) in [(1.0, 1.0, 1e6), (0.1, 2.0, 6e6), (5.0, 1.0, 2e5)] {
        let plan = poisson(rate, mean_service_s, 2e4, measured_s);
        let mut tap = KeepAliveCurveTap::new(&plan, 40);
        lab::observe(&plan, 11, 0, &mut tap).unwrap();
        let curve = tap.into_books().into_curve();
        let load = LifoLoad {
            rate_per_s: rate,
            mean_service_s,
        };
        for seconds in [1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0] {
            let theory = load.fixed(seconds);
            let i = place(seconds);
            if theory.cold_ratio * rate * measured_s < 200.0 {
                continue;
            }
            let batches = curve.batches.iter();
            let cold = batches.map(|b| b.cold_starts[i] as f64 / b.ran as f64);
            let idle = curve
                .batches
                .iter()
                .map(|b| b.idle_instance_s[i] / (measured_s / 40.0));
            for ((found, error), expected) in [
                (of_batches(cold), theory.cold_ratio),
                (of_batches(idle), theory.idle_mean),
            ] {
                let z = (found - expected) / error;
                println!("{rate} {mean_service_s} {seconds}: {found} {expected}, z = {z:.2}");
                assert!(z.abs() < 4.0, "{seconds} s: {found} ± {error}, {expected}");
            }
        }
    }
}

/// Cold starts and idle GB-s under a keep-alive: by the curve of a run that kept for `kept_s`, and
/// by a run of its own.
fn both_ways(plan: &Plan, kept_s: f64, seconds: f64) -> [(f64, f64); 2] {
    let keeping = |seconds: f64| {
        let mut plan = plan.clone();
        let mut platform = (*plan.platform).clone();
        platform.keep_alive = KeepAlive::For(constant(seconds));
        plan.platform = platform.into();
        plan
    };
    let observed = keeping(kept_s);
    let mut tap = KeepAliveCurveTap::new(&observed, 1);
    lab::observe(&observed, 5, 0, &mut tap).unwrap();
    let curve = tap.into_books().into_curve().whole;
    let own = lab::simulate(&keeping(seconds), 5, 0, 1).values;
    let i = place(seconds);
    let own_of = |metric| own.get(metric).unwrap();
    [
        (curve.cold_starts[i] as f64, own_of(metric::COLD_STARTS)),
        (curve.idle_gb_s[i], own_of(metric::IDLE_GB_S)),
    ]
}

/// 300 ms of init, 100 ms of service, kept for 10 min: the table of DECISIONS.md is what this
/// prints. The most that cold starts and idle time may be off, in percent, by rate and keep-alive.
#[test]
fn where_starts_take_time_the_difference_is_as_the_documents_say() {
    for (rate, limits) in [
        (0.01, [(0.1, 0.1), (0.2, 0.1), (0.2, 0.1)]),
        (0.1, [(1.0, 0.5), (2.5, 1.0), (1.5, 0.1)]),
        (1.0, [(9.0, 2.5), (5.0, 1.0), (2.0, 0.2)]),
        (10.0, [(18.0, 3.5), (8.0, 1.5), (5.0, 0.5)]),
    ] {
        let mut plan = poisson(rate, 0.1, 1e5, 2e5_f64.max(2e4 / rate));
        let mut function = plan.functions[0].clone();
        function.start.init = constant(0.3);
        plan.functions = [function].into();
        for (seconds, limit) in [1.0, 10.0, 60.0].into_iter().zip(limits) {
            let [cold, idle] = both_ways(&plan, 600.0, seconds);
            let percent = |(curve, own): (f64, f64)| 100.0 * (curve - own) / own;
            let off = (percent(cold), percent(idle));
            println!(
                "{rate} / s at {seconds} s: {} for {} cold starts ({:+.2} %), idle {:+.2} %",
                cold.0, cold.1, off.0, off.1
            );
            // The curve is too low: its run has fewer cold starts, which occupy more instances.
            assert!((-limit.0..0.0).contains(&off.0), "{off:?}");
            assert!((-limit.1..0.0).contains(&off.1), "{off:?}");
        }
        // Under the run's own keep-alive it is the run itself.
        let [cold, idle] = both_ways(&plan, 600.0, 600.0);
        assert!(near(cold.0, cold.1), "{cold:?}");
        assert!(near(idle.0, idle.1), "{idle:?}");
    }
}

/// Functions simulated side by side count in books that they share, and give the same to the bit.
#[test]
fn functions_simulated_apart_give_the_curve_of_all_together() {
    let file = Path::new("experiments/keep-alive-curve.toml");
    for replications in [1, 2] {
        let overrides = Overrides {
            set: vec![
                ("duration".to_owned(), "6 h".to_owned()),
                ("warm-up".to_owned(), "1 h".to_owned()),
            ],
            replications: Some(replications),
            seed: None,
        };
        let experiment = load(file, &overrides).unwrap_or_else(|faults| panic!("{faults}"));
        for scenario in 0..3 {
            let id = CellId {
                scenario,
                replication: 0,
            };
            let control = Control::default();
            let apart = run_cell(&experiment, id, &control).unwrap();
            let together = run_together(&experiment, id, &control).unwrap();
            assert_eq!(apart.way, Way::Apart);
            assert_eq!(apart.keep_alive_curve, together.keep_alive_curve);
            assert!(apart.keep_alive_curve.is_some());
        }
    }
}
