//! Whether intervals hold the true value as often as they say.

use std::fs;
use std::path::Path;

use frostline::config::{Overrides, load};
use frostline::experiment::{self, Estimates, Options, Results};
use frostline::metric::{self, MetricId};
use frostline::model::Experiment;
use frostline::sim::Control;

/// One request a second for 1,000 minutes, a start for the 7 % of them that find none idle.
const STEADY: &str = r#"
platform     = "PLATFORM"
duration     = "60000 s"
warm-up      = "1 h"
replications = 1
[[function]]
name     = "api"
service  = { exponential = { mean = "500 ms" } }
start    = { init = { exponential = { mean = "1 s" } } }
arrivals = { poisson = { rate = "1 / s" } }
[[policy]]
name       = "10 s"
keep-alive = "10 s"
[[policy]]
name       = "20 s"
keep-alive = "20 s"
"#;

/// A day and a night, 200 requests against 2.
const UNEVEN: &str = r#"
platform     = "PLATFORM"
duration     = "10 days"
replications = 1
[[function]]
name     = "api"
service  = "100 ms"
arrivals = { profile = { period = "1 day", rates = ["60 / h", "1 / h"] } }
"#;

/// All requests within a minute.
const BURST: &str = r#"
platform     = "PLATFORM"
duration     = "1 h"
replications = 1
[[function]]
name     = "api"
service  = "100 ms"
arrivals = { burst = { at = "10 min", requests = 1000, over = "1 min" } }
"#;

fn experiment(name: &str, text: &str) -> Experiment {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.toml"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let platform = root.join("tests/fixtures/platform.toml");
    let text = text.replace("PLATFORM", &platform.display().to_string());
    fs::write(&file, text).unwrap();
    load(&file, &Overrides::default()).unwrap_or_else(|faults| panic!("{faults}"))
}

fn run(experiment: &Experiment, seed: u64) -> Results {
    let seeded = Experiment {
        seed,
        ..experiment.clone()
    };
    experiment::run(&seeded, &Options::default(), &Control::default()).unwrap()
}

/// How many of the intervals hold the mean over all runs, and how many there are.
fn coverage(runs: &[&Estimates], metric: MetricId) -> (usize, usize) {
    let means: Vec<f64> = runs.iter().filter_map(|run| run.get(metric).mean).collect();
    let truth = means.iter().sum::<f64>() / means.len() as f64;
    let intervals: Vec<_> = runs.iter().filter_map(|run| run.get(metric).ci95).collect();
    let hit = intervals
        .iter()
        .filter(|(lo, hi)| (*lo..=*hi).contains(&truth));
    (hit.count(), intervals.len())
}

/// 95 % of so many runs less three standard deviations of a binomial count.
fn least(runs: usize) -> usize {
    let runs = runs as f64;
    (0.95 * runs - 3.0 * (runs * 0.95 * 0.05).sqrt()) as usize
}

fn holds(scenario: usize, results: &[Results], metrics: &[MetricId]) {
    let whole: Vec<_> = results
        .iter()
        .map(|r| &r.scenarios[scenario].metrics)
        .collect();
    let functions: Vec<_> = results
        .iter()
        .map(|r| &r.scenarios[scenario].functions[0].metrics)
        .collect();
    for (runs, &metric) in [whole, functions]
        .iter()
        .flat_map(|r| metrics.iter().map(move |m| (r, m)))
    {
        let (hit, of) = coverage(runs, metric);
        println!("{}: {hit} of {of}", metric.metric().name);
        assert_eq!(of, results.len(), "{}", metric.metric().name);
        assert!(hit >= least(of), "{}: {hit} of {of}", metric.metric().name);
    }
}

#[test]
fn one_steady_run_covers_what_it_claims() {
    let steady = experiment("coverage-steady", STEADY);
    let results: Vec<Results> = (1..=60).map(|seed| run(&steady, seed)).collect();
    let metrics = [
        metric::REQUESTS,
        metric::COLD_STARTS,
        metric::COLD_START_RATIO,
        metric::LATENCY_MS_MEAN,
        metric::LATENCY_MS_P50,
        metric::LATENCY_MS_P90,
        metric::LATENCY_MS_P99,
        metric::INSTANCES_MEAN,
        metric::BUSY_GB_S,
        metric::COST_USD_TOTAL,
    ];
    holds(1, &results, &metrics);
    let paired: Vec<_> = results
        .iter()
        .map(|r| r.scenarios[1].paired.as_ref().unwrap())
        .collect();
    for metric in [
        metric::COLD_START_RATIO,
        metric::COST_USD_TOTAL,
        metric::LATENCY_MS_P90,
    ] {
        let (hit, of) = coverage(&paired, metric);
        assert!(
            of == 60 && hit >= least(of),
            "Δ {}: {hit} of {of}",
            metric.metric().name
        );
    }
    let alone = [
        metric::INSTANCES_PEAK,
        metric::BUSY_PEAK,
        metric::LATENCY_MS_MAX,
        metric::INSTANCE_LIFE_S_MEAN,
        // Of 3,000 requests in a batch three are above it.
        metric::LATENCY_MS_P999,
    ];
    for metric in alone {
        let estimate = results[0].scenarios[0].metrics.get(metric);
        assert!(estimate.mean.is_some(), "{}", metric.metric().name);
        assert_eq!(estimate.ci95, None, "{}", metric.metric().name);
    }
}

#[test]
fn a_run_of_days_and_nights_weighs_its_parts_by_their_requests() {
    let uneven = experiment("coverage-uneven", UNEVEN);
    let results: Vec<Results> = (1..=60).map(|seed| run(&uneven, seed)).collect();
    holds(
        0,
        &results,
        &[metric::COLD_START_RATIO, metric::LATENCY_MS_MEAN],
    );
    for (_, estimate) in results.iter().flat_map(|r| r.scenarios[0].metrics.iter()) {
        let Some((lo, _)) = estimate.ci95 else {
            continue;
        };
        assert!(lo >= 0.0, "{estimate:?}");
    }
    for ratio in results
        .iter()
        .map(|r| r.scenarios[0].metrics.get(metric::COLD_START_RATIO))
    {
        assert!(ratio.ci95.unwrap().1 <= 1.0, "{ratio:?}");
    }
}

#[test]
fn a_run_whose_requests_lie_in_one_part_has_no_intervals() {
    let burst = experiment("coverage-burst", BURST);
    let results = run(&burst, 1);
    let mut metrics = results.scenarios[0].metrics.iter();
    assert!(metrics.all(|(_, estimate)| estimate.ci95.is_none()));
}

#[test]
fn replications_cover_what_they_claim_however_coarse_a_quantile_is_read() {
    let mut steady = experiment("coverage-replications", STEADY);
    steady.replications = 5;
    steady.scenarios.truncate(1);
    let results: Vec<Results> = (1..=40).map(|seed| run(&steady, seed)).collect();
    let metrics = [
        metric::COLD_START_RATIO,
        metric::LATENCY_MS_P50,
        metric::LATENCY_MS_P99,
        metric::SERVICE_MS_P50,
    ];
    holds(0, &results, &metrics);
    for results in &results {
        let p50 = results.scenarios[0].metrics.get(metric::SERVICE_MS_P50);
        let (lo, hi) = p50.ci95.unwrap();
        // A bucket has at least 1/127 of its values.
        assert!(hi - lo >= p50.mean.unwrap() / 128.0, "{p50:?}");
    }
}

#[test]
fn a_swept_duration_is_told_as_it_is() {
    let text = format!("{BURST}\n[sweep]\nduration = [\"1 h\", \"2 h\"]\n");
    let results = run(&experiment("coverage-durations", &text), 1);
    assert_eq!(results.duration(), None);
    assert_eq!(results.duration_text(), "1 h to 2 h");
}
