//! The gate: assertions, exit codes, what a pipeline reads, and runs beside earlier ones.

use std::fs;
use std::path::Path;

use frostline::baseline::{self, Basis, Change, Comparison, Wanted};
use frostline::config::load_text;
use frostline::experiment::{self, Options, Results, Standing};
use frostline::metric::{COLD_START_RATIO, MetricId, REQUESTS};
use frostline::report;
use frostline::sim::Control;
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::cli::{folder, run, text};

/// Two functions of which one is slow, under two policies.
const EXPERIMENT: &str = r#"
platform     = "aws-lambda"
duration     = "6 h"
replications = 5
seed         = 7

[[function]]
name     = "fast"
model    = "python-hello"
service  = { lognormal = { median = "20 ms", p99 = "90 ms" } }
arrivals = { poisson = { rate = "60 / h" } }

[[function]]
name     = "slow"
model    = "java-spring-boot"
service  = { lognormal = { median = "200 ms", p99 = "900 ms" } }
arrivals = { poisson = { rate = "30 / h" } }

[[policy]]
name = "as it is"

[[policy]]
name = "ping"
ping = { every = "2 min", hold = "75 ms" }
"#;

fn results(text: &str) -> Results {
    let experiment = load_text("gate", text).unwrap_or_else(|faults| panic!("{faults}"));
    experiment::run(&experiment, &Options::default(), &Control::default()).unwrap()
}

/// Runs an experiment with goals in a folder of its own; its exit code, stdout and stderr.
fn gate(test: &str, goals: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let dir = folder(test);
    fs::write(dir.join("gate.toml"), format!("{EXPERIMENT}\n{goals}")).unwrap();
    let output = run(
        &dir,
        &[&["run", "gate.toml", "--quiet"], arguments].concat(),
    );
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn a_run_ends_with_3_where_an_assertion_does_not_hold_and_with_0_where_all_do() {
    let (code, stdout, stderr) = gate(
        "gate-met",
        "[assert]\ncold-start-ratio = \"<= 60 %\"\nrejected = \"== 0\"",
        &[],
    );
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert!(stdout.contains("Assertions: 4 hold."), "{stdout}");
    let (code, stdout, stderr) = gate(
        "gate-missed",
        "[assert]\npolicy.\"as it is\".function.slow.latency-ms-p99 = \"<= 1 s\"\nrejected = \"== 0\"",
        &[],
    );
    assert_eq!(code, Some(3), "{stdout}");
    assert_eq!(stderr, "error: gate: 1 of 3 assertions do not hold\n");
    assert!(
        stdout.contains("fails     latency_ms_p99 <= 1000 of slow, as it is"),
        "{stdout}"
    );
    // An objective is missed where no scenario meets it.
    let slo = "[slo]\nfunction.slow.latency-ms-p99 = \"<= 3 s\"";
    let (code, stdout, _) = gate(
        "gate-slo-met",
        slo,
        &["--set", "policy.ping.ping.every=1 min"],
    );
    assert_eq!(code, Some(0), "{stdout}");
    let (code, stdout, stderr) = gate("gate-slo", "[slo]\nlatency-ms-p99 = \"<= 1\"", &[]);
    assert_eq!(code, Some(3));
    assert_eq!(stderr, "error: gate: no scenario meets [slo]\n");
    assert!(
        stdout.contains("Service-level objectives: 2 fail."),
        "{stdout}"
    );
    // Both are told.
    let both = "[assert]\nrejected = \"> 0\"\n[slo]\nlatency-ms-p99 = \"<= 1\"";
    let (code, _, stderr) = gate("gate-both", both, &[]);
    assert_eq!(code, Some(3));
    assert_eq!(
        stderr,
        "error: gate: 2 of 2 assertions do not hold\nerror: gate: no scenario meets [slo]\n"
    );
}

/// 3 of 60 are 5 %, however many replications the mean is of: a third of three times 0.05 is a
/// little more.
#[test]
fn what_is_exactly_the_bound_meets_it() {
    use frostline::model::Relation::{Above, AtLeast, AtMost, Below, Equal};
    let mean = (0.05 + 0.05 + 0.05) / 3.0;
    assert!(mean > 0.05);
    for relation in [AtMost, AtLeast, Equal] {
        assert!(relation.holds(mean, 0.05), "{relation}");
    }
    for relation in [Below, Above] {
        assert!(!relation.holds(mean, 0.05), "{relation}");
    }
}

/// As an assertion whose interval holds the bound does not pass, an objective does not.
#[test]
fn an_objective_that_no_scenario_is_sure_to_meet_is_not_met() {
    let (_, json, _) = gate("gate-mean", "", &["--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let means = json["scenarios"].as_array().unwrap().iter();
    let mean = |s: &serde_json::Value| s["metrics"]["latency_ms_mean"]["mean"].as_f64().unwrap();
    let least = means.map(mean).fold(f64::INFINITY, f64::min);
    let slo = format!("[slo]\nlatency-ms-mean = \"<= {least}\"");
    let (code, xml, stderr) = gate("gate-unsure", &slo, &["--format", "junit"]);
    assert_eq!(code, Some(3), "{xml}");
    let error = "error: gate: no scenario is sure to meet [slo]: more replications would tell\n";
    assert_eq!(stderr, error);
    let elements = elements(&xml);
    let suite = elements.iter().find(|e| e.0 == "testsuite").unwrap();
    for (key, value) in [("tests", "1"), ("failures", "1"), ("errors", "0")] {
        let given = (key.to_owned(), value.to_owned());
        assert!(suite.1.contains(&given), "{suite:?}");
    }
}

#[test]
fn an_assertion_may_be_about_a_policy_or_be_set_on_the_command_line() {
    let goals = "[assert]\npolicy.ping.cold-start-ratio = \"<= 10 %\"";
    let (code, stdout, _) = gate("gate-policy", goals, &[]);
    assert_eq!(code, Some(0), "{stdout}");
    assert!(stdout.contains("Assertions: 1 holds."), "{stdout}");
    let set = ["--set", "assert.cold-start-ratio=<= 0.1 %"];
    let (code, stdout, _) = gate("gate-set", goals, &set);
    assert_eq!(code, Some(3));
    assert!(stdout.contains("Assertions: 1 holds, 2 fail."), "{stdout}");
}

#[test]
fn an_interval_across_the_bound_is_unsure_and_does_not_pass() {
    let measured = results(EXPERIMENT);
    let ratio = measured.scenarios[0].metrics.get(COLD_START_RATIO);
    let (_, high) = ratio.ci95.unwrap();
    let between = 0.5 * (ratio.mean.unwrap() + high);
    let goals = format!("[assert]\npolicy.\"as it is\".cold-start-ratio = \"<= {between}\"");
    let judged = results(&format!("{EXPERIMENT}\n{goals}")).assertions;
    assert_eq!(judged.len(), 1);
    assert_eq!(judged[0].standing, Standing::Unsure);
    let (code, stdout, _) = gate("gate-unsure", &goals, &[]);
    assert_eq!(code, Some(3));
    assert!(stdout.contains("more replications would tell"), "{stdout}");
}

/// Elements of a document by name: their attributes `name` and `message`.
fn elements(xml: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut reader = Reader::from_str(xml);
    let mut elements = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => return elements,
            Event::Start(element) | Event::Empty(element) => {
                let name = element.name().as_ref().to_owned();
                let attributes = element.attributes().map(|attribute| {
                    let attribute = attribute.unwrap();
                    let key = attribute.key.as_ref().to_owned();
                    let value = attribute.value.into_owned();
                    (
                        key,
                        quick_xml::escape::unescape(&value).unwrap().into_owned(),
                    )
                });
                elements.push((name, attributes.collect()));
            }
            _ => {}
        }
    }
}

#[test]
fn a_pipeline_reads_every_assertion_as_a_test_case() {
    let goals = "[assert]\nlatency-ms-p50 = \"<= 1\"\nfunction.\"*\".rejected = \"== 0\"";
    let (code, xml, _) = gate("gate-junit", goals, &["--format", "junit"]);
    assert_eq!(code, Some(3));
    let elements = elements(&xml);
    let named = |name: &str| elements.iter().filter(|e| e.0 == name).count();
    assert_eq!(
        (named("testcase"), named("failure"), named("error")),
        (6, 2, 0)
    );
    let suite = elements.iter().find(|e| e.0 == "testsuite").unwrap();
    for (key, value) in [
        ("name", "gate"),
        ("tests", "6"),
        ("failures", "2"),
        ("errors", "0"),
    ] {
        assert!(
            suite.1.contains(&(key.to_owned(), value.to_owned())),
            "{suite:?}"
        );
    }
    let of_function = ("name".to_owned(), "rejected == 0 of slow, ping".to_owned());
    assert!(elements.iter().any(|e| e.1.contains(&of_function)), "{xml}");
    // The same stands in the folder, and in the other formats.
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("gate-junit");
    assert_eq!(
        fs::read_to_string(dir.join("results/gate/junit.xml")).unwrap(),
        xml
    );
    let (_, markdown, _) = gate("gate-markdown", goals, &["--format", "markdown"]);
    assert!(
        markdown.contains("| fails | latency\\_ms\\_p50 &lt;= 1, as it is |"),
        "{markdown}"
    );
    let (_, json, _) = gate("gate-json", goals, &["--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let first = &json["assertions"][0];
    assert_eq!(first["metric"], "latency_ms_p50");
    assert_eq!(first["standing"], "missed");
    assert!(first["mean"].as_f64().unwrap() > 1.0);
}

/// Writes results as a run does, and reads them back.
fn kept(name: &str, results: &Results) -> baseline::Kept {
    let dir = folder(name);
    for (name, bytes) in report::files(results).unwrap() {
        fs::write(dir.join(name), bytes).unwrap();
    }
    baseline::read(&dir).unwrap()
}

fn compared(name: &str, before: &str, after: &str) -> Comparison {
    let before = kept(&format!("{name}-before"), &results(before));
    let after = kept(&format!("{name}-after"), &results(after));
    baseline::compare(&before, &after, &Wanted::default())
}

fn change(comparison: &Comparison, scenario: &str, metric: &str) -> Change {
    let metric = MetricId::by_name(metric).unwrap();
    let mut rows = comparison.rows.iter();
    let row = rows.find(|row| row.scenario == scenario && row.metric == metric);
    row.unwrap().change
}

#[test]
fn with_the_same_random_numbers_a_change_of_one_percent_is_told_from_noise() {
    let slower = EXPERIMENT.replace("\"20 ms\", p99 = \"90 ms\"", "\"20.2 ms\", p99 = \"91 ms\"");
    assert_ne!(slower, EXPERIMENT);
    let comparison = compared("diff-paired", EXPERIMENT, &slower);
    assert_eq!(comparison.basis, Basis::Paired);
    for scenario in ["as it is", "ping"] {
        assert_eq!(
            change(&comparison, scenario, "service_ms_mean"),
            Change::Other
        );
        assert_eq!(
            change(&comparison, scenario, "latency_ms_mean"),
            Change::Worse
        );
        assert_eq!(change(&comparison, scenario, "requests"), Change::None);
        assert_eq!(change(&comparison, scenario, "pings"), Change::None);
    }
    let back = compared("diff-back", &slower, EXPERIMENT);
    assert_eq!(change(&back, "ping", "latency_ms_mean"), Change::Better);
    // Other random numbers hide so small a change.
    let seeded = slower.replace("seed         = 7", "seed         = 8");
    let comparison = compared("diff-unpaired", EXPERIMENT, &seeded);
    assert_eq!(comparison.basis, Basis::Intervals);
    assert_eq!(
        change(&comparison, "as it is", "latency_ms_mean"),
        Change::Noise
    );
}

/// Of runs that differ in nothing but chance, at most one in twenty may show any change: by their
/// intervals, and pair by pair, where rows of other random numbers are taken for the same.
#[test]
fn noise_is_seldom_called_a_change() {
    let seeded = |replications: u32, seed: u32| {
        let text = EXPERIMENT.replace("duration     = \"6 h\"", "duration     = \"1 h\"");
        let text = text.replace("seed         = 7", &format!("seed = {seed}"));
        let count = format!("replications = {replications}");
        let text = text.replace("replications = 5", &count);
        kept("diff-noise", &results(&text))
    };
    for (replications, paired) in [(5, false), (2, true), (3, true), (6, true)] {
        let called = (0..40).filter(|pair| {
            let before = seeded(replications, 2 * pair);
            let mut after = seeded(replications, 2 * pair + 1);
            if paired {
                after.seed = before.seed;
            }
            let comparison = baseline::compare(&before, &after, &Wanted::default());
            assert_eq!(comparison.basis == Basis::Paired, paired);
            let mut rows = comparison.rows.iter();
            rows.any(|row| !matches!(row.change, Change::None | Change::Noise | Change::Unknown))
        });
        // Binomial(40, 0.05) is above 6 with probability 0.3 %.
        let called = called.count();
        assert!(
            called <= 6,
            "{called} of 40 with {replications} replications"
        );
    }
}

/// Functions that are called once an hour, and fail half of the time: with few replications, all of
/// a side often are the same.
#[test]
fn counts_of_few_values_are_seldom_called_a_change() {
    let function = |n: u32| {
        format!(
            "[[function]]\nname = \"f{n}\"\nservice = \"10 ms\"\nmemory = \"1 GB\"\nerror-rate = 0.5\n\
             arrivals = {{ every = \"1 h\" }}\n"
        )
    };
    let functions: String = (0..60).map(function).collect();
    let seeded = |replications: u32, seed: u32| {
        let head = format!(
            "platform = \"aws-lambda\"\nduration = \"1 h\"\nreplications = {replications}\nseed = {seed}\n"
        );
        kept("diff-few-values", &results(&(head + &functions)))
    };
    let wanted = Wanted {
        functions: true,
        ..Wanted::default()
    };
    for replications in [4, 5, 6] {
        let called = (0..40).filter(|pair| {
            let before = seeded(replications, 2 * pair + 1);
            let after = seeded(replications, 2 * pair + 2);
            let comparison = baseline::compare(&before, &after, &wanted);
            let mut rows = comparison.rows.iter();
            rows.any(|row| !matches!(row.change, Change::None | Change::Noise | Change::Unknown))
        });
        let called = called.count();
        assert!(
            called <= 6,
            "{called} of 40 with {replications} replications"
        );
    }
}

#[test]
fn what_differs_alike_in_few_replications_is_neither_noise_nor_known() {
    let text = |every: &str, replications: u32| {
        format!(
            "platform = \"aws-lambda\"\nduration = \"1 h\"\nreplications = {replications}\n[[function]]\n\
             name = \"f\"\nservice = \"10 ms\"\nmemory = \"1 GB\"\narrivals = {{ every = \"{every}\" }}\n"
        )
    };
    for (replications, expected) in [(3, Change::Unknown), (10, Change::Other)] {
        let (before, after) = (text("1 s", replications), text("2 s", replications));
        let comparison = compared("diff-alike", &before, &after);
        let row = comparison.rows.iter().find(|row| row.metric == REQUESTS);
        assert_eq!(row.unwrap().change, expected, "{replications} replications");
        assert_eq!(row.unwrap().difference.mean, Some(-1800.0));
    }
    let (before, after) = (text("1 s", 3), text("2 s", 3));
    let said = report::diff::table(&compared("diff-alike", &before, &after));
    assert!(
        said.contains("of which so few replications cannot tell"),
        "{said}"
    );
    assert!(said.contains("Nothing is known to have changed."), "{said}");
}

#[test]
fn rows_of_another_run_are_refused() {
    let dir = folder("diff-mixed");
    for (name, bytes) in report::files(&results(EXPERIMENT)).unwrap() {
        fs::write(dir.join(name), bytes).unwrap();
    }
    let twice = EXPERIMENT.replace("seed         = 7", "seed = 7\ntraffic = 2");
    for (name, bytes) in report::files(&results(&twice)).unwrap() {
        if name == "summary.json" {
            fs::write(dir.join(name), bytes).unwrap();
        }
    }
    let refused = baseline::read(&dir).unwrap_err();
    assert!(
        refused.contains("are not those of the summary.json"),
        "{refused}"
    );
}

#[test]
fn diff_says_what_is_worse_and_what_is_gone() {
    let dir = folder("diff");
    let without = EXPERIMENT.replace("name = \"ping\"", "name = \"pings\"");
    for (name, text) in [("a", EXPERIMENT), ("b", &without)] {
        fs::write(dir.join(format!("{name}.toml")), text).unwrap();
        let file = format!("{name}.toml");
        assert!(
            run(&dir, &["run", &file, "--quiet", "--out", name])
                .status
                .success()
        );
    }
    let slow = ["--set", "function.slow.service=\"2 s\""];
    let run_slow = ["run", "a.toml", "--quiet", "--out", "slow"];
    assert!(
        run(&dir, &[&run_slow[..], &slow[..]].concat())
            .status
            .success()
    );
    let diff = |arguments: &[&str]| {
        let output = run(&dir, &[&["diff"], arguments].concat());
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    let (code, stdout, _) = diff(&["a", "a/summary.json"]);
    assert_eq!(code, Some(0));
    assert!(stdout.starts_with("Nothing has changed."), "{stdout}");
    let (code, stdout, stderr) = diff(&["a", "slow"]);
    assert_eq!((code, stderr.as_str()), (Some(3), "error: slow is worse\n"));
    assert!(
        stdout.contains("worse    as it is  latency_ms_mean"),
        "{stdout}"
    );
    let kinds = ["--measure", "service-ms-mean"];
    assert_eq!(diff(&[&["a", "slow"], &kinds[..]].concat()).0, Some(0));
    let strict = [&["a", "slow", "--fail-on", "change"], &kinds[..]].concat();
    assert_eq!(diff(&strict).0, Some(3));
    assert_eq!(diff(&["a", "slow", "--fail-on", "never"]).0, Some(0));
    // A copy of a summary is not read with the rows of another run beside it.
    fs::copy(dir.join("a/summary.json"), dir.join("slow/baseline.json")).unwrap();
    let (code, stdout, _) = diff(&["slow/baseline.json", "slow"]);
    assert_eq!(code, Some(3), "{stdout}");
    let tolerant = ["slow", "slow", "--tolerance", "2%"];
    assert_eq!(diff(&tolerant).0, Some(0));
    let (code, stdout, _) = diff(&["a", "b"]);
    assert_eq!(code, Some(3), "a scenario that is gone is no success");
    assert!(
        stdout.contains("Only in the earlier run: ping."),
        "{stdout}"
    );
    assert!(stdout.contains("Only in the later run: pings."), "{stdout}");
    // What is not comparable is not compared, what is gone is no success, what is new is told.
    for (name, set) in [
        ("long", "duration=\"7 h\""),
        ("none", "function.reserved-concurrency=0"),
        ("gateway", "function.fast.source=\"gateway\""),
    ] {
        let arguments = ["run", "a.toml", "--quiet", "--out", name, "--set", set];
        assert!(run(&dir, &arguments).status.success(), "{name}");
    }
    let (_, stdout, _) = diff(&["a", "long", "--fail-on", "never"]);
    assert!(stdout.contains("The runs measured 6 h and 7 h"), "{stdout}");
    assert!(!stdout.contains("cost_usd_total"), "{stdout}");
    let (code, stdout, _) = diff(&["a", "none", "--measure", "latency-ms-p99"]);
    assert_eq!(code, Some(3));
    assert!(
        stdout.contains("lost  as it is  latency_ms_p99"),
        "{stdout}"
    );
    let (code, stdout, _) = diff(&["a", "gateway", "--measure", "cost-usd-gateway"]);
    assert_eq!(code, Some(3));
    assert!(
        stdout.contains("worse  as it is  cost_usd_gateway  0 ±0"),
        "{stdout}"
    );
    let (_, xml, _) = diff(&["a", "slow", "--format", "junit", "--functions"]);
    let name = ("name".to_owned(), "latency_ms_mean of slow".to_owned());
    assert!(elements(&xml).iter().any(|e| e.1.contains(&name)), "{xml}");
    let (_, json, _) = diff(&["a", "slow", "--format", "json", "--functions"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["paired"], true);
    for row in json["changes"].as_array().unwrap() {
        assert_eq!(row["paired"], row["function"].is_null(), "{row}");
    }
    let by_intervals = "Functions one by one were compared by their intervals";
    let (_, stdout, _) = diff(&["a", "slow", "--functions"]);
    assert!(stdout.contains(by_intervals), "{stdout}");
    let (_, stdout, _) = diff(&["a", "slow"]);
    assert!(!stdout.contains(by_intervals), "{stdout}");
    let (code, _, stderr) = diff(&["a", "nothing"]);
    assert_eq!(code, Some(2));
    assert!(
        stderr.contains("nothing:") && stderr.contains("= help:"),
        "{stderr}"
    );
    fs::write(dir.join("broken.json"), "{\"experiment\": 3}").unwrap();
    let (code, _, stderr) = diff(&["a", "broken.json"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("broken.json"), "{stderr}");
}
