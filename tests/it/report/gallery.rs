//! Pictures to look at: `cargo test --test it gallery -- --ignored` writes them to
//! `target/gallery`. What a test can hold of them is in `svg.rs`; whether they are good, an eye
//! must say.

use std::fs;
use std::path::Path;

use frostline::experiment::{Estimate, Estimates, Results};
use frostline::metric::METRICS;
use frostline::report;

use super::fixture::{self, curve, estimates, latency, scenario, timeline, week};

#[test]
#[ignore = "writes pictures for a person to look at"]
fn gallery() {
    for (name, results) in all() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("target/gallery")
            .join(name);
        fs::create_dir_all(&dir).unwrap();
        for (file, bytes) in report::files(&results).unwrap() {
            fs::write(dir.join(file), bytes).unwrap();
        }
        let style = report::table::Style {
            width: 120,
            color: false,
        };
        fs::write(
            dir.join("table.txt"),
            report::table::render(&results, style),
        )
        .unwrap();
        fs::write(dir.join("table.md"), report::markdown::render(&results)).unwrap();
    }
}

/// Results of every size, and of every kind that has broken a plot before.
pub(crate) fn all() -> Vec<(&'static str, Results)> {
    let mut one = week();
    one.scenarios.truncate(1);
    one.question = String::new();
    let mut zero = week();
    for scenario in &mut zero.scenarios {
        scenario.metrics = Estimates::new(vec![fixture::estimate(0.0, 0.0); METRICS.len()]);
        scenario
            .timeline
            .points
            .fill(frostline::experiment::TimelinePoint::default());
    }
    let mut missing = week();
    for scenario in &mut missing.scenarios {
        scenario.metrics = Estimates::new(vec![Estimate::default(); METRICS.len()]);
        scenario.latency = frostline::stats::Histogram::new();
        scenario.timeline.points.clear();
    }
    let mut huge = week();
    for scenario in &mut huge.scenarios {
        let values = [
            fixture::estimate(1e300, 1e299),
            fixture::estimate(3e-12, 1e-10),
        ];
        scenario.metrics = Estimates::new((0..METRICS.len()).map(|i| values[i % 2]).collect());
    }
    let mut equal = week();
    let first = equal.scenarios[0].clone();
    for scenario in &mut equal.scenarios {
        scenario.metrics = first.metrics.clone();
        scenario.latency = first.latency.clone();
    }
    let mut curves = week();
    for (i, scenario) in curves.scenarios.iter_mut().enumerate() {
        // The last has none.
        let of = [(30.0, 2.0), (30.0, 2.1), (400.0, 60.0)].get(i);
        scenario.keep_alive_curve = of.map(|(half_s, most_gb)| curve(*half_s, *most_gb));
    }
    vec![
        ("curves", curves),
        ("one", one),
        ("four", week()),
        ("nine", sweep(3, 3)),
        ("twenty", policies(20)),
        ("sixty", sweep(6, 10)),
        ("zero", zero),
        ("missing", missing),
        ("huge", huge),
        ("equal", equal),
    ]
}

/// So many policies, each at so many sizes of memory.
pub(crate) fn sweep(policies: usize, sizes: usize) -> Results {
    let names = [
        "do nothing",
        "ping every 5 min",
        "provisioned 1",
        "provisioned, tracking",
        "snapshot",
        "keep-alive 1 h",
    ];
    let mut scenarios = Vec::new();
    for i in 0..policies * sizes {
        let (policy, size) = (i / sizes, i % sizes);
        let memory = 128 << size.min(5);
        let memory = memory + 512 * (size.saturating_sub(5));
        let speed = 0.4 + 900.0 / memory as f64;
        let p99 = [6200.0, 1900.0, 650.0, 800.0, 720.0, 2500.0][policy % 6] * speed;
        let gb = memory as f64 / 1024.0;
        let cost = [0.08, 0.11, 10.9, 7.4, 4.1, 0.09][policy % 6] * (0.3 + gb * speed);
        let cold = [0.067, 0.009, 0.007, 0.011, 0.067, 0.03][policy % 6];
        let mut one = scenario(
            names[policy % 6],
            &[
                ("cold_start_ratio", cold, cold * 0.07),
                ("latency_ms_p50", 80.0 * speed, 1.0),
                ("latency_ms_p99", p99, p99 * 0.06),
                ("idle_mean", 0.9 + policy as f64 * 0.1, 0.004),
                ("cost_usd_per_month", cost, cost * 0.01),
                ("cold_cause_first", 1.0, 0.0),
                ("cold_cause_expired", 3000.0 * cold, 9.0),
                ("cold_cause_scale_out", 36.0, 4.0),
            ],
        );
        one.set = vec![(
            "function.checkout.memory".to_owned(),
            format!("{memory} MB"),
        )];
        if i > 0 {
            one.paired = Some(estimates(&[
                ("latency_ms_p99", p99 - 8000.0, 300.0),
                ("cost_usd_per_month", cost - 0.4, 0.01),
            ]));
        }
        one.latency = latency(80.0 * speed, cold, p99, 50_000);
        one.timeline = timeline(policy as f64);
        scenarios.push(one);
    }
    fixture::results(scenarios)
}

/// So many policies without a sweep, some close to each other.
fn policies(count: usize) -> Results {
    let mut results = sweep(count, 1);
    for (i, scenario) in results.scenarios.iter_mut().enumerate() {
        scenario.policy = format!("remedy {} with {} instances & a <hold>", i + 1, i * 3);
        scenario.set.clear();
        let factor = 1.0 + (i as f64 * 0.37).sin() * 0.5;
        let mut values: Vec<Estimate> = scenario.metrics.iter().map(|(_, e)| e).collect();
        for value in &mut values {
            if let (Some(mean), Some((low, high))) = (value.mean, value.ci95) {
                value.mean = Some(mean * factor);
                value.ci95 = Some((low * factor, high * factor));
            }
        }
        scenario.metrics = Estimates::new(values);
        scenario.latency = latency(
            80.0 * factor,
            0.01 * factor,
            5000.0 / (1.0 + i as f64),
            50_000,
        );
    }
    results
}
