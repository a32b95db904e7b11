//! Features of AWS Lambda from the file to the measures: what a person who tries them reads.

#![expect(clippy::float_cmp, reason = "counts, and values that are 0 or not")]

use std::fs;
use std::path::Path;

use frostline::config::{Overrides, load_with_warnings};
use frostline::experiment::{self, Options, Results};
use frostline::metric::{self, MetricId};
use frostline::model::Experiment;
use frostline::sim::Control;

/// An experiment on AWS Lambda, with the titles of its warnings or faults.
fn read(name: &str, text: &str, set: &[(&str, &str)]) -> (Option<Experiment>, Vec<String>) {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lambda");
    fs::create_dir_all(&dir).unwrap();
    let file = dir.join(format!("{name}.toml"));
    fs::write(&file, format!("platform = \"aws-lambda\"\n{text}")).unwrap();
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    let overrides = Overrides {
        set: set.iter().map(owned).collect(),
        ..Overrides::default()
    };
    let (experiment, told) = match load_with_warnings(&file, &overrides) {
        Ok((experiment, warnings)) => (Some(experiment), warnings),
        Err(faults) => (None, faults),
    };
    (experiment, told.titles().map(str::to_owned).collect())
}

fn run_set(name: &str, text: &str, set: &[(&str, &str)]) -> Results {
    let (experiment, told) = read(name, text, set);
    let experiment = experiment.unwrap_or_else(|| panic!("{told:?}"));
    experiment::run(&experiment, &Options::default(), &Control::default()).unwrap()
}

fn run(name: &str, text: &str) -> Results {
    run_set(name, text, &[])
}

/// A measure of each replication of the first scenario.
fn each(results: &Results, metric: MetricId) -> Vec<Option<f64>> {
    let replications = results.scenarios[0].replications.iter();
    replications.map(|values| values.get(metric)).collect()
}

fn mean(results: &Results, scenario: usize, metric: MetricId) -> f64 {
    let estimate = results.scenarios[scenario].metrics.get(metric);
    estimate.mean.unwrap_or_else(|| panic!("no {}", metric.metric().name))
}

const API: &str = "[[function]]\nname = \"api\"\nmodel = \"python-api\"\n";

/// Means leave out nothing: a workflow started in one replication of several costs its mean over
/// all, so that the parts of a bill add up to its sum.
#[test]
fn what_a_replication_has_none_of_is_zero() {
    let workflow = format!(
        "duration = \"10 min\"\n{API}arrivals = {{ every = \"1 min\" }}\n\
         [[workflow]]\nname = \"order\"\nsteps = [{{ call = \"api\" }}]\n\
         arrivals = {{ poisson = {{ rate = \"1 / h\" }} }}\n"
    );
    let results = run("zeroes", &workflow);
    let each_workflow = each(&results, metric::COST_USD_WORKFLOW);
    assert_eq!(each_workflow.len(), 10);
    assert!(each_workflow.contains(&Some(0.0)), "{each_workflow:?}");
    let sum: f64 = each_workflow.iter().map(|usd| usd.unwrap()).sum();
    assert!(sum > 0.0);
    assert_eq!(mean(&results, 0, metric::COST_USD_WORKFLOW), sum / 10.0);
    assert!(each(&results, metric::WORKFLOWS).iter().all(Option::is_some));
    let parts: f64 = [
        metric::COST_USD_REQUESTS,
        metric::COST_USD_DURATION,
        metric::COST_USD_WORKFLOW,
    ]
    .iter()
    .map(|part| mean(&results, 0, *part))
    .sum();
    let total = mean(&results, 0, metric::COST_USD_TOTAL);
    assert!((parts / total - 1.0).abs() < 1e-12, "{parts} {total}");
    // What the scenario has not, it has no value of.
    assert_eq!(each(&results, metric::COST_USD_QUEUE), vec![None; 10]);
    assert_eq!(each(&results, metric::MESSAGES), vec![None; 10]);
}

/// The free tier pays for all of a small queue: that is 0, not nothing. So are its messages where
/// none came.
#[test]
fn a_queue_without_messages_has_none_and_one_paid_for_costs_nothing() {
    let queue = |rate: &str| {
        format!(
            "duration = \"10 min\"\nfree-tier = true\n{API}source = \"queue\"\n\
             arrivals = {{ poisson = {{ rate = \"{rate}\" }} }}\n"
        )
    };
    let seldom = run("seldom", &queue("2 / h"));
    let messages = each(&seldom, metric::MESSAGES);
    assert!(messages.contains(&Some(0.0)), "{messages:?}");
    assert!(messages.iter().all(Option::is_some), "{messages:?}");
    assert_eq!(each(&seldom, metric::COST_USD_QUEUE), vec![Some(0.0); 10]);
    let function = &seldom.scenarios[0].functions[0].metrics;
    assert_eq!(function.get(metric::COST_USD_QUEUE).mean, Some(0.0));
    assert_eq!(function.get(metric::COST_USD_STREAM).mean, None);
}

/// Memory of one function wins over that of all, in whatever order both stand.
#[test]
fn the_more_specific_key_wins() {
    let functions = format!(
        "duration = \"1 min\"\nreplications = 1\n{API}arrivals = {{ every = \"1 min\" }}\n\
         [[function]]\nname = \"other\"\nmodel = \"python-api\"\narrivals = {{ every = \"1 min\" }}\n"
    );
    let one = "\"function.api.memory\" = [\"256 MB\", \"512 MB\"]\n";
    let all = "\"function.memory\" = [\"1 GB\", \"2 GB\"]\n";
    let memories = |text: &str, set: &[(&str, &str)]| -> Vec<[f64; 2]> {
        let (experiment, told) = read("specific", text, set);
        let experiment = experiment.unwrap_or_else(|| panic!("{told:?}"));
        let scenarios = experiment.scenarios.iter();
        let of = |plan: &frostline::model::Plan| [0, 1].map(|f| plan.functions[f].memory.gb());
        scenarios.map(|scenario| of(&scenario.plan)).collect()
    };
    let mut expected = vec![[0.25, 1.0], [0.25, 2.0], [0.5, 1.0], [0.5, 2.0]];
    assert_eq!(memories(&format!("{functions}[sweep]\n{one}{all}"), &[]), expected);
    expected.swap(1, 2);
    assert_eq!(memories(&format!("{functions}[sweep]\n{all}{one}"), &[]), expected);
    // So it does on the command line, and against a sweep.
    let of_one = ("function.api.memory", "256 MB");
    let of_all = ("function.memory", "1 GB");
    for set in [[of_one, of_all], [of_all, of_one]] {
        assert_eq!(memories(&functions, &set), [[0.25, 1.0]]);
    }
    let swept = format!("{functions}[sweep]\n{all}");
    assert_eq!(memories(&swept, &[of_one]), [[0.25, 1.0], [0.25, 2.0]]);
    // What is in a table wins over the table.
    let parts = [
        ("function.api.service.cpu", "7 ms"),
        ("function.api.service", "{ cpu = \"1 ms\", io = \"2 ms\" }"),
    ];
    let (experiment, _) = read("specific", &functions, &parts);
    let service = &experiment.unwrap().scenarios[0].plan.functions[0].service;
    assert_eq!(service.io.mean_secs(), 0.002);
    assert!(service.cpu.mean_secs() > 0.006);
}

/// Rates by time of day are those of the calendar.
#[test]
fn a_profile_follows_the_clock_of_the_start() {
    let at = |start: &str, zero: &str| {
        let text = format!(
            "start = \"{start}\"\nduration = \"{zero}\"\nreplications = 1\n{API}arrivals = \
             {{ profile = {{ rates = [{}] }} }}\n",
            (0..24)
                .map(|hour| if hour == 8 { "\"600 / h\"" } else { "\"0 / h\"" })
                .collect::<Vec<_>>()
                .join(", ")
        );
        mean(&run("profile", &text), 0, metric::REQUESTS)
    };
    assert_eq!(at("2024-01-01", "8 h"), 0.0);
    assert!(at("2024-01-01T08:00Z", "1 h") > 450.0);
    assert_eq!(at("2024-01-01T09:00Z", "23 h"), 0.0);
    // Eight in Berlin, whatever it is in Greenwich.
    assert!(at("2026-11-02T08:00[Europe/Berlin]", "1 h") > 450.0);
    assert_eq!(at("2026-11-02T08:00Z", "30 min"), at("2026-11-04T08:00Z", "30 min"));
    let half = at("2026-11-02T08:30Z", "2 h");
    assert!(half > 220.0 && half < 380.0, "{half}");
}
