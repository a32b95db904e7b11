//! What a log does not say: told as a guess, taken as given, or inferred and told so.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::writer::{KNOWN, Known, Shape, simulate, write};
use crate::cli::{folder, run, text};

const SMALL: Known = Known { days: 2, ..KNOWN };

/// Columns of Logs Insights: no status in them. Every tenth call runs `longest`.
pub(super) fn columns(calls: u32, longest_ms: &str) -> String {
    let mut table =
        "@timestamp,@requestId,@duration,@billedDuration,@memorySize,@logStream\n".to_owned();
    for call in 0..calls {
        let at = jiff::Timestamp::from_second(1_772_359_200 + i64::from(call) * 40).unwrap();
        let at = at.strftime("%Y-%m-%d %H:%M:%S.000");
        let run = format!("{:.2}", 20.0 + f64::from(call * 37 % 100) * 1.37);
        let run = if call % 10 == 3 { longest_ms } else { &run };
        let billed = run.parse::<f64>().unwrap().ceil();
        writeln!(
            table,
            "{at},id-{call},{run},{billed},5.12E8,2026/03/01/[$LATEST]{:032x}",
            call / 20
        )
        .unwrap();
    }
    table
}

fn told(dir: &Path, arguments: &[&str]) -> Value {
    let mut all = vec!["fit", "--format", "json", "--quiet", "--replications", "2"];
    all.extend(arguments);
    let output = run(dir, &all);
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_str(&text(&output.stdout)).unwrap()
}

fn written(dir: &Path, name: &str, file: &str) -> String {
    fs::read_to_string(dir.join("fitted").join(name).join(file)).unwrap()
}

#[test]
fn region_and_runtime_are_those_of_the_log() {
    let dir = folder("fit-known");
    let calls = simulate(&SMALL, 1, &dir);
    write(&calls, Shape::Tail, &dir);
    let json = told(&dir, &["Tail.log", "--name", "orders"]);
    for (what, value) in [("region", "eu-west-1"), ("runtime", "python3.12")] {
        assert_eq!(json["parameters"][what]["value"], value);
        assert_eq!(json["parameters"][what]["from"], "log");
    }
    assert_eq!(json["parameters"]["ends_told"], true);
    let model = written(&dir, "orders", "orders.toml");
    assert!(model.contains("runtime          = \"python3.12\"   # INIT_START"));
    let experiment = written(&dir, "orders", "experiment.toml");
    assert!(experiment.contains("prices     = \"aws-lambda/eu-west-1\""));
    assert!(!experiment.contains("guess: no line names"), "{experiment}");
}

#[test]
fn the_region_of_another_function_is_not_taken() {
    let dir = folder("fit-region-of-two");
    let events = |group: &str, region: &str| {
        let mut lines = String::new();
        for call in 0..30 {
            let at = 1_772_359_200_000_i64 + call * 60_000;
            let init = format!(
                "INIT_START Runtime Version: java:21.v3\\tRuntime Version ARN: \
                 arn:aws:lambda:{region}::runtime:0"
            );
            let report = format!(
                "REPORT RequestId: {group}-{call} Duration: {call}.50 ms Billed Duration: 90 ms"
            );
            for message in [init, report] {
                writeln!(
                    lines,
                    "{{\"logGroup\":\"/aws/lambda/{group}\",\"logStream\":\"{group}\",\
                     \"logEvents\":[{{\"timestamp\":{at},\"message\":\"{message}\"}}]}}"
                )
                .unwrap();
            }
        }
        lines
    };
    let log = events("a", "eu-west-2") + &events("b", "eu-north-1");
    fs::write(dir.join("two.log"), log).unwrap();
    for (function, region) in [("a", "eu-west-2"), ("b", "eu-north-1")] {
        let json = told(&dir, &["two.log", "--function", function]);
        assert_eq!(json["parameters"]["region"]["value"], region);
    }
}

#[test]
fn what_no_line_says_is_told_as_a_guess_everywhere() {
    let dir = folder("fit-guessed");
    fs::write(dir.join("orders.csv"), columns(200, "90.5")).unwrap();
    let output = run(&dir, &["fit", "orders.csv", "--replications", "2"]);
    let table = text(&output.stdout);
    for line in [
        "timeout                900 s (a guess: no call was cut",
        "runtime                provided.al2023 (a guess: no line names it; give --runtime)",
        "region                 us-east-1 (a guess: no line names one; give --region)",
        "error-rate             not told, 0 is a guess: the log has reports alone",
        "timed out              not told",
    ] {
        assert!(table.contains(line), "{line}\n{table}");
    }
    let json = told(&dir, &["orders.csv"]);
    for (what, value) in [
        ("timeout", "900 s"),
        ("runtime", "provided.al2023"),
        ("region", "us-east-1"),
    ] {
        assert_eq!(json["parameters"][what]["value"], value);
        assert_eq!(json["parameters"][what]["from"], "guess");
    }
    assert_eq!(json["parameters"]["ends_told"], false);
    let model = written(&dir, "orders", "orders.toml");
    let experiment = written(&dir, "orders", "experiment.toml");
    for (file, line) in [
        (&model, "timeout          = \"900 s\"   # a guess: "),
        (
            &model,
            "runtime          = \"provided.al2023\"   # a guess: ",
        ),
        (&model, "error-rate       = 0.0   # a guess: "),
        (&experiment, "# prices: region us-east-1, a guess: "),
        (&experiment, "# timeout: a guess: "),
    ] {
        assert!(file.contains(line), "{line}\n{file}");
    }
}

#[test]
fn what_the_user_gives_is_taken_and_a_slip_is_told() {
    let dir = folder("fit-given");
    fs::write(dir.join("orders.csv"), columns(200, "3000.00")).unwrap();
    let given = ["--region", "eu-central-1", "--runtime", "java21"];
    let json = told(&dir, &[&["orders.csv"], &given[..]].concat());
    for (what, value) in [("region", "eu-central-1"), ("runtime", "java21")] {
        assert_eq!(json["parameters"][what]["value"], value);
        assert_eq!(json["parameters"][what]["from"], "given");
    }
    for (slip, said) in [
        (["--region", "eu-wst-1"], "did you mean `eu-west-1`?"),
        (["--runtime", "pyhton3.12"], "did you mean `python3.12`?"),
        (["--timeout", "3"], "needs its unit"),
        (["--timeout", "901 s"], "from \"1 s\" to \"900 s\""),
        (
            ["--timeout", "1 s"],
            "20 calls ran longer than that, up to 3 s",
        ),
    ] {
        let output = run(&dir, &[&["fit", "orders.csv"], &slip[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{slip:?}");
        let stderr = text(&output.stderr);
        assert!(stderr.contains(said), "{slip:?}: {stderr}");
    }
}

#[test]
fn calls_that_share_the_longest_run_are_taken_for_cut_and_do_not_spoil_the_service() {
    let dir = folder("fit-piled");
    let of = |longest: &str, more: &[&str]| {
        fs::write(dir.join("orders.csv"), columns(200, longest)).unwrap();
        let json = told(&dir, &[&["orders.csv"], more].concat());
        json["parameters"].clone()
    };
    // A whole number of seconds, twenty times: cut, likely at a timeout of three seconds.
    let piled = of("3000.00", &[]);
    assert_eq!(piled["taken_for_cut"], 20);
    assert_eq!(piled["timeout"]["value"], "3 s");
    assert_eq!(piled["timeout"]["from"], "guess");
    assert_eq!(piled["timeout_rate"]["value"], 0.1);
    // 20 + 1.37 · (0 … 99): the longest of the others.
    assert!(piled["service"]["p99_ms"]["value"].as_f64().unwrap() < 160.0);
    let given = of("3000.00", &["--timeout", "3 s"]);
    assert_eq!(given["timeout"]["from"], "given");
    assert_eq!(given["service"], piled["service"]);
    // No whole second: it may be how long they run. The user knows.
    let unknown = of("3000.40", &[]);
    assert_eq!(unknown["taken_for_cut"], 0);
    assert!(unknown["service"]["p99_ms"]["value"].as_f64().unwrap() > 2_000.0);
    assert_eq!(
        of("3000.40", &["--timeout", "3 s"])["service"],
        piled["service"]
    );
    let experiment = written(&dir, "orders", "experiment.toml");
    assert!(experiment.contains("# timeout: as given"), "{experiment}");
    // What is to be cut in the experiment is recorded a moment longer, and no warning says so.
    let checked = run(&dir, &["check", "fitted/orders/experiment.toml"]);
    let told = text(&checked.stderr);
    assert!(
        checked.status.success() && !told.contains("cuts recorded"),
        "{told}"
    );
}

#[test]
fn pieces_are_called_what_they_are() {
    let dir = folder("fit-pieces");
    let report = |call: u32| {
        format!(
            "{{\"time\":\"2026-03-01T10:00:{:02}.000Z\",\"type\":\"platform.report\",\"record\":\
             {{\"requestId\":\"{call}\",\"metrics\":{{\"durationMs\":{call}.5}},\
             \"status\":\"success\"}}}}",
            call % 60
        )
    };
    let documents: String = (0..20).map(report).collect();
    fs::write(dir.join("one-line.json"), &documents).unwrap();
    let pretty = documents.replace("}{", "}\n{").replace(",\"", ",\n\"");
    fs::write(dir.join("many-lines.json"), pretty).unwrap();
    let line = "REPORT RequestId: a Duration: 5.5 ms Billed Duration: 6 ms";
    fs::write(dir.join("text.log"), line).unwrap();
    for (file, files, calls) in [
        (
            "one-line.json",
            "20 JSON documents\n",
            "20 JSON documents told",
        ),
        (
            "many-lines.json",
            "20 JSON documents on 100 lines\n",
            "20 JSON documents told",
        ),
        (
            "text.log",
            "unpacked, 1 line\n",
            "1 line told of calls; no others\n",
        ),
    ] {
        let table = text(&run(&dir, &["fit", file]).stdout);
        assert!(table.contains(files), "{file}: {table}");
        assert!(table.contains(calls), "{file}: {table}");
    }
}
