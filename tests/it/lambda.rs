//! Features of AWS Lambda from the file to the measures: what a person who tries them reads.

#![expect(clippy::float_cmp, reason = "counts, and values that are 0 or not")]

use std::fs;
use std::path::Path;

use frostline::config::{Overrides, load_with_warnings};
use frostline::experiment::{self, Options, Results};
use frostline::metric::{self, MetricId};
use frostline::model::Experiment;
use frostline::report::table::{self, Style};
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
    estimate
        .mean
        .unwrap_or_else(|| panic!("no {}", metric.metric().name))
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
    assert!(
        each(&results, metric::WORKFLOWS)
            .iter()
            .all(Option::is_some)
    );
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
    assert_eq!(
        memories(&format!("{functions}[sweep]\n{one}{all}"), &[]),
        expected
    );
    expected.swap(1, 2);
    assert_eq!(
        memories(&format!("{functions}[sweep]\n{all}{one}"), &[]),
        expected
    );
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
                .map(|hour| if hour == 8 {
                    "\"600 / h\""
                } else {
                    "\"0 / h\""
                })
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
    assert_eq!(
        at("2026-11-02T08:00Z", "30 min"),
        at("2026-11-04T08:00Z", "30 min")
    );
    let half = at("2026-11-02T08:30Z", "2 h");
    assert!(half > 220.0 && half < 380.0, "{half}");
}

/// Titles of what is told of an experiment, faults or warnings.
fn told(name: &str, text: &str) -> String {
    read(name, text, &[]).1.join("\n")
}

fn function(keys: &str) -> String {
    format!("duration = \"1 h\"\n{API}arrivals = {{ every = \"1 min\" }}\n{keys}\n")
}

#[test]
fn requests_that_fail_are_a_ratio_of_all() {
    let failing = function("error-rate = 0.2\nreserved-concurrency = 1");
    let results = run("failing", &failing);
    let of = |metric| mean(&results, 0, metric);
    let failures = of(metric::FAILED) + of(metric::TIMED_OUT) + of(metric::REJECTED);
    let ratio = of(metric::FAILURE_RATIO);
    assert!(
        (ratio - failures / 60.0).abs() < 1e-12,
        "{ratio} {failures}"
    );
    assert!(ratio > 0.1 && ratio < 0.3);
    let table = table::render(&results, Style::default());
    assert!(
        table.contains("failed") && table.contains("of the requests fail"),
        "{table}"
    );
    let fine = run("fine", &function(""));
    let table = table::render(&fine, Style::default());
    assert!(!table.contains("fail"), "{table}");
}

#[test]
fn the_cheapest_and_the_fastest_say_what_fails() {
    let text = function("[sweep]\n\"function.api.timeout\" = [\"1 ms\", \"10 s\"]");
    let results = run("cheap", &text);
    let table = table::render(&results, Style::default());
    assert!(table.contains("but 100 % of its requests fail"), "{table}");
    assert!(table.contains("whatever fails"), "{table}");
}

/// What a queue cannot work off is seen in the table.
#[test]
fn a_backlog_is_a_column() {
    let text = |rate: &str| {
        format!(
            "duration = \"10 min\"\nreplications = 2\n{API}service = \"1 s\"\n\
             arrivals = {{ poisson = {{ rate = \"{rate}\" }} }}\n\
             source = {{ queue = {{ max-concurrency = 2, batch-size = 1 }} }}\n"
        )
    };
    let table = |rate: &str| {
        let results = run("backlog", &text(rate));
        table::render(&results, Style::default())
    };
    assert!(table("4 / s").contains("waiting"), "{}", table("4 / s"));
    assert!(!table("2 / min").contains("waiting"));
}

#[test]
fn a_date_in_a_gap_is_told_at_check() {
    let text = "start = \"2026-03-29\"\nduration = \"1 day\"\n[[function]]\nname = \"api\"\n\
                model = \"python-api\"\narrivals = { schedule = { cron = \
                \"at(2026-03-29T02:30:00)\", time-zone = \"Europe/Berlin\" } }\n";
    let told = told("gap", text);
    assert!(told.contains("never comes"), "{told}");
}

#[test]
fn a_workflow_without_a_price_is_told() {
    let text = "duration = \"1 h\"\n[platform-override]\nprices = \"aws-lambda/eu-central-1\"\n\
                [[function]]\nname = \"api\"\nmodel = \"python-api\"\n[[workflow]]\n\
                name = \"order\"\nsteps = [{ call = \"api\" }]\narrivals = { every = \"1 h\" }\n";
    let told = told("unpriced", text);
    assert!(told.contains("no price of standard workflows"), "{told}");
    let priced = text.replace("eu-central-1", "us-east-1");
    assert_eq!(self::told("priced", &priced), "");
}

/// Draws of a jitter end with the run, and one beyond it is a mistake.
#[test]
fn jitter_ends_with_the_run() {
    let text = |jitter: &str| {
        format!(
            "duration = \"2 h\"\nreplications = 1\n{API}arrivals = {{ schedule = {{ cron = \
             \"* * * * *\", jitter = \"{jitter}\" }} }}\n"
        )
    };
    assert!(told("jitter", &text("200000 day")).contains("longer than the run"));
    let late = run("late", &text("1 h"));
    // Those of the first hour come in the second.
    assert_eq!(mean(&late, 0, metric::REQUESTS), 60.0);
}

#[test]
fn a_workflow_with_too_many_branches_is_stopped() {
    let text = "duration = \"1 h\"\nreplications = 1\n[[function]]\nname = \"api\"\n\
                model = \"python-api\"\n[[workflow]]\nname = \"fan-out\"\nkind = \"express\"\n\
                arrivals = { burst = { requests = 450 } }\nsteps = [{ map = { items = 10000, \
                steps = [{ wait = \"30 min\" }, { call = \"api\" }] } }]\n";
    let (experiment, told) = read("branches", text, &[]);
    let experiment = experiment.unwrap_or_else(|| panic!("{told:?}"));
    let failure = experiment::run(&experiment, &Options::default(), &Control::default());
    let failure = failure.unwrap_err().to_string();
    assert!(
        failure.contains("4000000 branches") && failure.contains("`fan-out`"),
        "{failure}"
    );
}

#[test]
fn waits_that_would_spin_are_refused() {
    for (keys, key) in [
        (
            "source = { stream = { retry-wait = \"1 ns\" } }",
            "retry-wait",
        ),
        (
            "source = { async = { longest-back-off = \"1 ns\" } }",
            "longest-back-off",
        ),
        ("source = { async = { back-off = \"1 us\" } }", "back-off"),
        (
            "source = { queue = { visibility = \"1 ns\" } }\ntimeout = \"1 ns\"",
            "visibility",
        ),
        (
            "connection = { to = \"pg\", attempts = 9, retry-wait = \"1 ns\" }\n[[resource]]\n\
             name = \"pg\"",
            "retry-wait",
        ),
    ] {
        let told = told("spin", &function(keys));
        assert!(
            told.contains(&format!("`{key}` is shorter than anybody waits")),
            "{told}"
        );
    }
    let enough = "source = { stream = { retry-wait = \"1 ms\" } }";
    assert_eq!(told("waits", &function(enough)), "");
}

#[test]
fn a_resource_is_set_and_swept_like_an_account() {
    let text = function("connection = { to = \"pg\" }\n[[resource]]\nname = \"pg\"");
    let connections = |text: &str, set: &[(&str, &str)]| -> Vec<Option<u32>> {
        let (experiment, told) = read("resource", text, set);
        let experiment = experiment.unwrap_or_else(|| panic!("{told:?}"));
        let of = |s: &frostline::model::Scenario| s.plan.platform.resources[0].connections;
        experiment.scenarios.iter().map(of).collect()
    };
    let set = ("resource.pg.connections", "200");
    assert_eq!(connections(&text, &[set]), [Some(200)]);
    let swept = format!("{text}[sweep]\n\"resource.pg.connections\" = [100, 300]\n");
    assert_eq!(connections(&swept, &[]), [Some(100), Some(300)]);
    let parts = format!("{text}[sweep.resource.pg]\nconnections = [100, 300]\n");
    assert_eq!(connections(&parts, &[]), [Some(100), Some(300)]);
    let (_, told) = read("resource", &text, &[("resource.sql.connections", "1")]);
    assert_eq!(told, ["no resource is named `sql`"]);
    let (_, told) = read("resource", &text, &[("account.default", "1")]);
    assert!(told[0].contains("names an account"), "{told:?}");
}

/// AWS refuses these (docs.aws.amazon.com, with-sqs, services-sqs-configure, with-kinesis,
/// invocation-async, 2026); what is just within is taken.
#[test]
fn sources_are_held_to_the_limits_of_the_platform() {
    for (wrong, right) in [
        (
            "queue = { batch-size = 10001, window = \"1 s\" }",
            "queue = { batch-size = 10000, window = \"1 s\" }",
        ),
        ("queue = { batch-size = 11 }", "queue = { batch-size = 10 }"),
        (
            "queue = { window = \"301 s\" }",
            "queue = { window = \"5 min\" }",
        ),
        (
            "queue = { max-concurrency = 1 }",
            "queue = { max-concurrency = 2 }",
        ),
        (
            "queue = { max-concurrency = 1001 }",
            "queue = { max-concurrency = 1000 }",
        ),
        (
            "queue = { visibility = \"13 h\" }",
            "queue = { visibility = \"12 h\" }",
        ),
        (
            "queue = { retention = \"15 days\" }",
            "queue = { retention = \"14 days\" }",
        ),
        (
            "stream = { parallelization-factor = 11 }",
            "stream = { parallelization-factor = 10 }",
        ),
        (
            "stream = { batch-size = 10001 }",
            "stream = { batch-size = 10000 }",
        ),
        (
            "stream = { window = \"6 min\" }",
            "stream = { window = \"5 min\" }",
        ),
        ("async = { retries = 3 }", "async = { retries = 2 }"),
        (
            "async = { max-age = \"59 s\" }",
            "async = { max-age = \"60 s\" }",
        ),
        (
            "async = { max-age = \"7 h\" }",
            "async = { max-age = \"6 h\" }",
        ),
    ] {
        let source = |source: &str| function(&format!("source = {{ {source} }}"));
        let (experiment, faults) = read("limits", &source(wrong), &[]);
        assert!(
            experiment.is_none() && faults.len() == 1,
            "{wrong}: {faults:?}"
        );
        assert!(faults[0].contains("`aws-lambda` "), "{wrong}: {faults:?}");
        assert_eq!(told("limits", &source(right)), "", "{right}");
        let free = "[platform-override]\nsource-limits.async = { max-retries = \"none\", \
                    least-age = \"0 s\", longest-age = \"none\" }\n\
                    source-limits.stream = { max-parallelization-factor = \"none\", \
                    max-batch-size = \"none\", max-window = \"none\" }\n\
                    source-limits.queue = { max-batch-size = \"none\", least-window = \"0 s\", \
                    max-window = \"none\", least-concurrency = 0, most-concurrency = \"none\", \
                    max-visibility = \"none\", max-retention = \"none\" }\n";
        assert_eq!(
            told("limits", &format!("{}{free}", source(wrong))),
            "",
            "{wrong}"
        );
    }
}

#[test]
fn what_is_hardly_meant_is_told() {
    let two = "deployments = [\"30 min\", \"30 min\"]";
    for (text, title) in [
        (
            function("memory = \"256 MB\"\nworking-set = \"300 MB\""),
            "runs out of memory",
        ),
        (function("deployments = [\"2 h\"]"), "comes after the run"),
        (function(two), "two deployments at one instant"),
        (
            function("service = \"2 s\"\ntimeout = \"1 s\""),
            "every request times out",
        ),
        (
            function("[[resource]]\nname = \"pg\""),
            "no function connects to resource `pg`",
        ),
        (
            function("[[account]]\nname = \"b\""),
            "no function is in account `b`",
        ),
        (
            function(
                "[platform-override]\nsnapshot = { bandwidth = \"1 GB / s\", \
                 tiers = [{ share = 1, bandwidth = \"2 GB / s\" }] }",
            ),
            "`bandwidth` is not used",
        ),
    ] {
        let (experiment, told) = read("doubts", &text, &[]);
        assert!(experiment.is_some() && told.len() == 1, "{title}: {told:?}");
        assert!(told[0].contains(title), "{told:?}");
    }
    for (text, title) in [
        (
            function("working-set = { base = \"90 MB\", peak = \"80 MB\" }"),
            "is below `base`",
        ),
        (
            function("[sweep]\n\"function.api.memory\" = [\"1 GB\", \"2 GB\", \"1 GB\"]"),
            "is swept over one value twice",
        ),
        (
            function(
                "[platform-override]\nclient-retry = { attempts = 2, first = \"1 s\", on = [] }",
            ),
            "`on` is empty",
        ),
        (
            function("[[account]]\nname = \"\""),
            "the name of an account is empty",
        ),
    ] {
        let (experiment, told) = read("doubts", &text, &[]);
        assert!(experiment.is_none() && told.len() == 1, "{title}: {told:?}");
        assert!(told[0].contains(title), "{told:?}");
    }
}

/// A message that always fails goes to the dead letters after its last receive; the others of its
/// batch come again with it unless the function tells which failed.
#[test]
fn poison_messages_are_given_up_after_their_last_receive() {
    let text = |partial: bool| {
        format!(
            "duration = \"3 h\"\nreplications = 2\n{API}arrivals = {{ every = \"1 s\" }}\n\
             source = {{ queue = {{ batch-size = 10, window = \"20 s\", poison-rate = 0.05, \
             max-receives = 3, visibility = \"1 min\", partial-failures = {partial} }} }}\n"
        )
    };
    let partial = run("poison", &text(true));
    let of = |metric| mean(&partial, 0, metric);
    let (messages, given_up) = (of(metric::MESSAGES), of(metric::MESSAGES_GIVEN_UP));
    let share = given_up / messages;
    assert!(share > 0.04 && share < 0.06, "{share}");
    assert_eq!(given_up, of(metric::DEAD_LETTERS));
    let all = run("poison", &text(false));
    // 1 − 0.95^9 of the good ones share their batch with a bad one, three times in a row: many.
    assert!(mean(&all, 0, metric::MESSAGES_GIVEN_UP) > 2.0 * given_up);
}
