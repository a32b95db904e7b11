//! Results made by hand, for tests of formats.

use frostline::experiment::{
    CurvePoint, Estimate, Estimates, Facts, FunctionResult, IntervalMethod, Results,
    ScenarioResult, Timeline, TimelinePoint,
};
use frostline::metric::{METRICS, MetricId};
use frostline::stats::Histogram;
use frostline::units::{Span, Time};

/// A mean with half the width of its interval.
pub(crate) fn estimate(mean: f64, half: f64) -> Estimate {
    Estimate {
        mean: Some(mean),
        ci95: Some((mean - half, mean + half)),
    }
}

/// Estimates with these measures and no others.
pub(crate) fn estimates(values: &[(&str, f64, f64)]) -> Estimates {
    let mut all = vec![Estimate::default(); METRICS.len()];
    for (name, mean, half) in values {
        let metric = MetricId::by_name(name).unwrap_or_else(|| panic!("no measure {name}"));
        all[metric.index()] = estimate(*mean, *half);
    }
    Estimates::new(all)
}

pub(crate) fn scenario(policy: &str, values: &[(&str, f64, f64)]) -> ScenarioResult {
    ScenarioResult {
        policy: policy.to_owned(),
        set: Vec::new(),
        metrics: estimates(values),
        replications: Vec::new(),
        paired: None,
        functions: Vec::new(),
        latency: Histogram::new(),
        timeline: Timeline::default(),
        keep_alive_curve: None,
    }
}

pub(crate) fn results(scenarios: Vec<ScenarioResult>) -> Results {
    Results {
        experiment: "ping-or-provisioned".to_owned(),
        question: "Is a 5-minute ping enough, or do we pay for provisioned concurrency?".to_owned(),
        seed: 2026,
        replications: 10,
        intervals: IntervalMethod::Replications,
        durations: (
            Span::from_whole_secs(7 * 86_400),
            Span::from_whole_secs(7 * 86_400),
        ),
        facts: Facts::default(),
        scenarios,
        assertions: Vec::new(),
        slo: Vec::new(),
    }
}

/// A week of four remedies, as an experiment would give it.
pub(crate) fn week() -> Results {
    let mut scenarios = vec![
        scenario(
            "do nothing",
            &[
                ("requests", 5040.0, 51.0),
                ("cold_start_ratio", 0.0672, 0.0021),
                ("latency_ms_p50", 82.1, 0.9),
                ("latency_ms_p99", 6213.0, 41.0),
                ("reject_ratio", 0.0, 0.0),
                ("idle_mean", 0.948, 0.004),
                ("cost_usd_per_month", 0.0731, 0.0008),
                ("cold_cause_first", 1.0, 0.0),
                ("cold_cause_expired", 302.0, 9.0),
                ("cold_cause_scale_out", 36.0, 4.0),
            ],
        ),
        scenario(
            "ping every 5 min",
            &[
                ("requests", 5040.0, 51.0),
                ("cold_start_ratio", 0.0089, 0.0011),
                ("latency_ms_p50", 81.9, 0.9),
                ("latency_ms_p99", 1180.0, 160.0),
                ("reject_ratio", 0.0, 0.0),
                ("idle_mean", 1.21, 0.01),
                ("cost_usd_per_month", 0.0904, 0.0008),
                ("cold_cause_first", 1.0, 0.0),
                ("cold_cause_scale_out", 38.0, 4.0),
                ("cold_cause_ping_collision", 6.0, 1.4),
            ],
        ),
        scenario(
            "provisioned 1",
            &[
                ("requests", 5040.0, 51.0),
                ("cold_start_ratio", 0.0074, 0.0010),
                ("latency_ms_p50", 81.9, 0.9),
                ("latency_ms_p99", 655.0, 22.0),
                ("reject_ratio", 0.0, 0.0),
                ("idle_mean", 1.02, 0.01),
                ("cost_usd_per_month", 10.94, 0.0),
                ("cold_cause_spillover", 37.0, 4.0),
            ],
        ),
        scenario(
            "snapshot",
            &[
                ("requests", 5040.0, 51.0),
                ("cold_start_ratio", 0.0672, 0.0021),
                ("latency_ms_p50", 82.0, 0.9),
                ("latency_ms_p99", 702.0, 18.0),
                ("reject_ratio", 0.0, 0.0),
                ("idle_mean", 0.948, 0.004),
                ("cost_usd_per_month", 4.12, 0.02),
                ("cold_cause_first", 1.0, 0.0),
                ("cold_cause_expired", 302.0, 9.0),
                ("cold_cause_scale_out", 36.0, 4.0),
            ],
        ),
    ];
    let paired = [
        &[
            ("latency_ms_p99", -5033.0, 160.0),
            ("cost_usd_per_month", 0.0173, 0.0004),
        ],
        &[
            ("latency_ms_p99", -5558.0, 45.0),
            ("cost_usd_per_month", 10.8669, 0.0008),
        ],
        &[
            ("latency_ms_p99", -5511.0, 38.0),
            ("cost_usd_per_month", 4.0469, 0.02),
        ],
    ];
    for (scenario, paired) in scenarios[1..].iter_mut().zip(paired) {
        scenario.paired = Some(estimates(paired));
    }
    for (i, scenario) in scenarios.iter_mut().enumerate() {
        let cold = scenario
            .metrics
            .iter()
            .find(|(m, _)| m.metric().name == "cold_start_ratio");
        let cold = cold.and_then(|(_, e)| e.mean).unwrap_or(0.0);
        let start_ms = if i == 3 { 620.0 } else { 6000.0 };
        scenario.latency = latency(82.0, cold, start_ms, 50_000);
        scenario.timeline = timeline(i as f64);
        scenario.functions = vec![FunctionResult {
            name: "checkout".to_owned(),
            metrics: scenario.metrics.clone(),
        }];
    }
    results(scenarios)
}

/// Half of the idle times end within `half_s` seconds, and so on; this many GB idle at most.
pub(crate) fn curve(half_s: f64, most_gb: f64) -> Vec<CurvePoint> {
    let week_s = 7.0 * 86_400.0;
    let points = frostline::observe::keep_alives().map(|keep_alive| {
        let cold = 0.3 / (1.0 + keep_alive.secs() / half_s).powf(1.4);
        let idle = most_gb * (1.0 - cold) * week_s;
        CurvePoint {
            keep_alive,
            cold_starts: estimate(5040.0 * cold, 40.0 * cold),
            cold_start_ratio: estimate(cold, 0.01 * cold),
            idle_gb_s: estimate(idle, idle * 0.02),
            idle_instance_s: estimate(idle, idle * 0.02),
        }
    });
    points.collect()
}

/// Lognormal-looking latencies around a median, a share of which waits for a start.
pub(crate) fn latency(median_ms: f64, cold: f64, start_ms: f64, count: u64) -> Histogram {
    let mut histogram = Histogram::new();
    let parts = 4000_u32;
    for part in 0..parts {
        // Of a logistic, whose quantiles need no special function.
        let p = (f64::from(part) + 0.5) / f64::from(parts);
        let service = median_ms * ((p / (1.0 - p)).ln() * 0.45).exp();
        let start = start_ms * ((p / (1.0 - p)).ln() * 0.08).exp();
        let each = count / u64::from(parts);
        let colds = (each as f64 * cold * 10.0).round() as u64;
        histogram.record_n((service * 1e6) as u64, each * 10 - colds.min(each * 10));
        if colds > 0 {
            histogram.record_n(((service + start) * 1e6) as u64, colds);
        }
    }
    histogram
}

/// A week in hours with a rhythm of days.
pub(crate) fn timeline(floor: f64) -> Timeline {
    let points = (0..7 * 24 * 4).map(|quarter| {
        let day = f64::from(quarter) / 96.0 * std::f64::consts::TAU;
        let busy = (1.2 - day.cos()) * (1.0 + 0.3 * (day * 7.3).sin());
        TimelinePoint {
            starting: 0.12 * (1.0 + (day * 11.0).sin()),
            busy,
            idle: floor + 0.8 + 0.5 * (day * 5.0).cos(),
        }
    });
    Timeline {
        step: Span::from_whole_secs(900),
        points: points.collect(),
        measured_from: Time::from_secs(6.0 * 3600.0),
        claimed: Vec::new(),
    }
}
