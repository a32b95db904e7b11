//! `frostline fit` as a user meets it.

use std::fmt::Write as _;
use std::fs;

use super::writer::{KNOWN, Known, Shape, simulate, write};
use crate::cli::{folder, run, text};

const SMALL: Known = Known { days: 2, ..KNOWN };

#[test]
fn what_is_written_is_read_and_run_by_the_program_itself() {
    let dir = folder("fit-program");
    let calls = simulate(&SMALL, 1, &dir);
    write(&calls, Shape::Subscription, &dir);
    let output = run(&dir, &["fit", "Subscription.log"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("Verdict: fitted to the first"));
    assert!(text(&output.stderr).contains("Files: fitted/orders"));
    let names = [
        "orders.toml",
        "orders.csv",
        "experiment.toml",
        "schema/function.json",
        "schema/experiment.json",
    ];
    for name in names {
        assert!(dir.join("fitted/orders").join(name).exists(), "{name}");
    }
    assert_eq!(
        fs::read_dir(dir.join("fitted/orders")).unwrap().count(),
        4,
        "something was left behind"
    );
    let check = run(&dir, &["check", "fitted/orders/experiment.toml"]);
    assert!(check.status.success(), "{}", text(&check.stderr));
    assert!(
        !text(&check.stderr).contains("warning"),
        "{}",
        text(&check.stderr)
    );
    let result = run(
        &dir,
        &[
            "run",
            "fitted/orders/experiment.toml",
            "--format",
            "json",
            "--quiet",
        ],
    );
    assert!(result.status.success(), "{}", text(&result.stderr));
    let json: serde_json::Value = serde_json::from_str(&text(&result.stdout)).unwrap();
    let mean = |name: &str| {
        json["scenarios"][0]["metrics"][name]["mean"]
            .as_f64()
            .unwrap()
    };
    assert_eq!(mean("requests"), calls.len() as f64);
    let cold = calls.iter().filter(|call| call.cold).count() as f64;
    assert!(
        (mean("cold_starts") / cold - 1.0).abs() < 0.1,
        "{} for {cold}",
        mean("cold_starts")
    );
    let info = run(&dir, &["trace", "info", "fitted/orders/orders.csv"]);
    assert!(
        text(&info.stdout).contains(&format!("orders: {}, 100.00 %", calls.len())),
        "{}",
        text(&info.stdout)
    );
    // Once more, beside its own results: the same files, and a note.
    let again = run(&dir, &["fit", "Subscription.log", "--jobs", "1"]);
    assert_eq!(
        text(&again.stdout),
        text(&output.stdout),
        "jobs make no difference"
    );
    assert!(text(&again.stderr).contains("replaced"));
}

/// Requests that come a moment after one another meet a busy instance. By when their own begins to
/// run, after a sandbox that no log shows, the other may be idle again: they are cold all the same,
/// be the sandbox that of the platform's model or not.
#[test]
fn what_was_cold_in_the_log_is_cold_in_the_experiment_and_its_hours_are_those_of_the_log() {
    for sandbox_ms in [75.0, 150.0] {
        let known = Known {
            arrivals: "{ mmpp = { rates = [\"6 / h\", \"5 / s\"], stays = [\"5 min\", \"2 s\"] } }",
            service: "{ lognormal = { median = \"90 ms\", p99 = \"300 ms\" } }",
            sandbox_ms,
            days: 3,
            ..KNOWN
        };
        let dir = folder(&format!("fit-cold-{sandbox_ms}"));
        let calls = simulate(&known, 7, &dir);
        let cold = calls.iter().filter(|call| call.cold).count() as f64;
        let log = write(&calls, Shape::Tail, &dir).remove(0);
        let log = log.to_str().unwrap();
        let fitted = run(
            &dir,
            &["fit", log, "--name", "orders", "--out", "out", "--quiet"],
        );
        assert_eq!(fitted.status.code(), Some(0), "{}", text(&fitted.stderr));
        let file = dir.join("out/experiment.toml");
        let experiment = fs::read_to_string(&file).unwrap();
        // The log begins at ten; the first call is cold, and arrived a sandbox before.
        assert!(
            experiment.contains("start        = \"2026-03-01T1"),
            "{experiment}"
        );
        let arguments = ["run", "out/experiment.toml", "--format", "json", "--quiet"];
        let output = run(&dir, &arguments);
        let json: serde_json::Value = serde_json::from_str(&text(&output.stdout)).unwrap();
        let found = json["scenarios"][0]["metrics"]["cold_starts"]["mean"]
            .as_f64()
            .unwrap();
        assert!(cold > 300.0, "{cold}");
        assert!(
            (found / cold - 1.0).abs() < 0.05,
            "{found} of {cold} with {sandbox_ms} ms"
        );
        fs::remove_dir_all(&dir).unwrap();
    }
}

#[test]
fn the_same_log_in_two_files_does_not_double_its_calls() {
    let dir = folder("fit-twice");
    let calls = simulate(&SMALL, 2, &dir);
    write(&calls, Shape::Tail, &dir);
    write(&calls, Shape::Insights, &dir);
    let told = |logs: &[&str]| -> serde_json::Value {
        let mut arguments = vec!["fit", "--format", "json", "--name", "orders", "--quiet"];
        arguments.extend(logs);
        let output = run(&dir, &arguments);
        assert!(output.status.success(), "{}", text(&output.stderr));
        serde_json::from_str(&text(&output.stdout)).unwrap()
    };
    let (one, both) = (told(&["Tail.log"]), told(&["Tail.log", "Insights.log"]));
    assert_eq!(one["read"]["duplicates"], 0);
    assert_eq!(both["read"]["duplicates"], calls.len());
    for part in ["instances", "parameters", "bills", "verdict"] {
        assert_eq!(one[part], both[part], "{part}");
    }
    // A file that is named twice is read once.
    assert_eq!(told(&["Tail.log", "./Tail.log"])["read"]["duplicates"], 0);
}

/// Text has durations with two decimals, JSON the same ones with three.
#[test]
fn the_same_calls_as_text_and_as_json_are_told_once() {
    let dir = folder("fit-text-and-json");
    let (mut lines, mut events) = (String::new(), String::new());
    for call in 0..60_u32 {
        let at = jiff::Timestamp::from_millisecond(1_772_359_200_000 + i64::from(call) * 60_000);
        let at = at.unwrap().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        let run = 20.0 + f64::from(call * 37 % 100) * 1.373;
        let id = format!("{call:08x}-0000-4000-8000-000000000000");
        let stream = "2026/03/01/[$LATEST]0123456789abcdef0123456789abcdef";
        let billed = run.ceil();
        writeln!(
            lines,
            "{at} {stream} REPORT RequestId: {id}\tDuration: {run:.2} ms\tBilled Duration: {billed} \
             ms\tMemory Size: 512 MB\tMax Memory Used: 80 MB\t"
        )
        .unwrap();
        let record = serde_json::json!({"requestId": id, "status": "success", "metrics": {
            "durationMs": (run * 1e3).round() / 1e3, "billedDurationMs": billed,
            "memorySizeMB": 512, "maxMemoryUsedMB": 80,
        }});
        let event = serde_json::json!({"time": at, "type": "platform.report", "record": record});
        writeln!(events, "{event}").unwrap();
    }
    fs::write(dir.join("shop.log"), &lines).unwrap();
    fs::write(dir.join("report.jsonl"), events).unwrap();
    // The calls again, a minute later and longer: retries that are none.
    let retried = lines.replace("2026-03-01T", "2026-03-02T");
    fs::write(dir.join("retried.log"), retried).unwrap();
    let told = |logs: &[&str]| {
        let mut arguments = vec!["fit", "--format", "json", "--name", "orders"];
        arguments.extend(logs);
        let output = run(&dir, &arguments);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let json: serde_json::Value = serde_json::from_str(&text(&output.stdout)).unwrap();
        (json["read"].clone(), text(&output.stderr))
    };
    let (read, warned) = told(&["shop.log", "report.jsonl"]);
    assert_eq!(read["calls"], 60);
    assert_eq!(read["duplicates"], 60);
    assert_eq!(read["retries"], 0);
    assert!(!warned.contains("warning"), "{warned}");
    let (read, warned) = told(&["shop.log", "retried.log"]);
    assert_eq!(read["retries"], 60);
    let expected = "warning: 60 of 120 calls have the request id of an earlier one";
    assert!(warned.contains(expected), "{warned}");
}

#[test]
fn calls_without_a_time_are_of_neither_part() {
    let dir = folder("fit-untimed");
    let calls = simulate(&SMALL, 2, &dir);
    let timed = write(&calls, Shape::Tail, &dir).remove(0);
    let mut log = fs::read_to_string(timed).unwrap();
    for number in 0..50 {
        let _ = writeln!(
            log,
            "REPORT RequestId: {number:032x}\tDuration: 20.00 ms\tBilled Duration: 20 ms\t\
             Memory Size: 512 MB\tMax Memory Used: 80 MB\t"
        );
    }
    // The name that a file gives is none that its experiment has.
    fs::write(dir.join("experiment.log"), log).unwrap();
    let output = run(
        &dir,
        &["fit", "experiment.log", "--format", "json", "--quiet"],
    );
    assert!(output.status.success(), "{}", text(&output.stderr));
    let json: serde_json::Value = serde_json::from_str(&text(&output.stdout)).unwrap();
    assert_eq!(json["read"]["calls"], calls.len() + 50);
    let part = |name: &str| json["verdict"][name].as_u64().unwrap();
    let parts = part("calls_fitted") + part("calls_simulated");
    assert_eq!(parts, calls.len() as u64);
    assert!(
        dir.join("fitted/experiment-function/experiment.toml")
            .exists()
    );
}

#[test]
fn a_log_on_the_standard_input_is_read() {
    use std::io::Write;
    let dir = folder("fit-stdin");
    let calls = simulate(&SMALL, 3, &dir);
    let file = write(&calls, Shape::Tail, &dir).remove(0);
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_frostline"))
        .args(["fit", "-", "--format", "json"])
        .current_dir(&dir)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(&fs::read(file).unwrap())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let json: serde_json::Value = serde_json::from_str(&text(&output.stdout)).unwrap();
    assert_eq!(json["read"]["calls"], calls.len());
    assert!(dir.join("fitted/function/function.toml").exists());
}

#[test]
fn what_cannot_be_fitted_is_refused_in_words() {
    let dir = folder("fit-refused");
    fs::write(dir.join("words.log"), "nothing\nof interest\n").unwrap();
    fs::write(dir.join("empty.log"), "").unwrap();
    let report = |name: &str, id: u32| {
        format!(
            "{{\"logGroup\":\"/aws/lambda/{name}\",\"logStream\":\"2026/03/01/[$LATEST]{id}\",\"logEvents\":[{{\"timestamp\":1772359200500,\"message\":\"REPORT RequestId: {id} Duration: 5 ms\"}}]}}\n"
        )
    };
    fs::write(
        dir.join("two.log"),
        report("orders-api", 1) + &report("orders-worker", 2),
    )
    .unwrap();
    fs::write(dir.join("orders.csv"), "arrival_s\n1\n").unwrap();
    fs::create_dir_all(dir.join("nothing")).unwrap();
    for (arguments, code, told) in [
        (
            &["fit", "words.log"][..],
            2,
            "words.log: no call in 2 lines",
        ),
        (&["fit", "empty.log"], 2, "no call, for nothing is in it"),
        (&["fit", "absent.log"], 2, "absent.log"),
        (&["fit", "nothing"], 2, "no file in these folders"),
        (
            &["fit", "two.log"],
            2,
            "choose one with --function: `orders-api`, `orders-worker`",
        ),
        (
            &["fit", "two.log", "--function", "orders"],
            2,
            "`orders` fits several",
        ),
        (
            &["fit", "two.log", "--function", "order-worker"],
            2,
            "did you mean `orders-worker`?",
        ),
        (
            &["fit", "two.log", "--function", "*worker", "--name", "a/b"],
            2,
            "without slashes",
        ),
        (
            &[
                "fit",
                "two.log",
                "--function",
                "*worker",
                "--name",
                "experiment",
            ],
            2,
            "the experiment beside the model is called so",
        ),
        (
            &["fit", "two.log", "--function", "*worker", "--name", "a\nb"],
            2,
            "a control character",
        ),
        (&["fit", "two.log", "--split", "1.5"], 2, "between 0 and 1"),
        (
            &["fit", "two.log", "--function", "*worker"],
            0,
            "Files: fitted/orders-worker",
        ),
        (
            &["fit", "two.log", "--function", "api"],
            0,
            "Files: fitted/orders-api",
        ),
    ] {
        let output = run(&dir, arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            text(&output.stderr)
        );
        assert!(
            text(&output.stderr).contains(told),
            "{arguments:?}: {}",
            text(&output.stderr)
        );
    }
    // A log that would be written over is left alone.
    fs::write(dir.join("orders-api.csv"), report("orders-api", 1)).unwrap();
    let output = run(&dir, &["fit", "orders-api.csv", "--out", "."]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("is one of the logs"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(
        fs::read_to_string(dir.join("orders-api.csv")).unwrap(),
        report("orders-api", 1)
    );
}

/// A person appends goals to the experiment, as the guide says, and fits again.
#[test]
fn an_edited_experiment_is_kept_under_another_name() {
    let dir = folder("fit-edited");
    write(&simulate(&SMALL, 1, &dir), Shape::Tail, &dir);
    let fit = || run(&dir, &["fit", "Tail.log", "--name", "orders"]);
    assert!(fit().status.success());
    let file = dir.join("fitted/orders/experiment.toml");
    let edited = fs::read_to_string(&file).unwrap() + "\n[slo]\nlatency-ms-p99 = \"<= 300\"\n";
    for number in 1..3 {
        fs::write(&file, &edited).unwrap();
        let told = text(&fit().stderr);
        let kept = format!("fitted/orders/experiment.{number}.toml");
        assert!(told.contains(&kept), "{told}");
        assert_eq!(fs::read_to_string(dir.join(kept)).unwrap(), edited);
    }
    // What nobody has edited is written as it was, and needs no second name.
    let told = text(&fit().stderr);
    assert!(!told.contains("is now"), "{told}");
}

#[test]
fn logs_of_several_functions_without_their_names_are_doubted() {
    let dir = folder("fit-several");
    let lines = |runtime: &str, id: &str| {
        format!(
            "INIT_START Runtime Version: {runtime}.v5\\tRuntime Version ARN: arn:aws:x\\n\
             START RequestId: {id} Version: $LATEST\\n\
             END RequestId: {id}\\n\
             REPORT RequestId: {id}\\tDuration: 5.00 ms\\tBilled Duration: 5 ms\\t\
             Memory Size: 128 MB\\tMax Memory Used: 60 MB\\tInit Duration: 100.00 ms\\n"
        )
        .replace("\\t", "\t")
        .replace("\\n", "\n")
    };
    let id = |n: u32| format!("8f5a3c1e-0000-4000-8000-{n:012}");
    fs::write(dir.join("a.log"), lines("python:3.12", &id(1))).unwrap();
    fs::write(dir.join("b.log"), lines("java:21", &id(2))).unwrap();
    let told = text(&run(&dir, &["fit", "a.log", "b.log", "--function", "checkout"]).stderr);
    assert!(told.contains("several runtimes (java, python)"), "{told}");
    assert!(
        told.contains("--function checkout chooses nothing"),
        "{told}"
    );
    let alone = text(&run(&dir, &["fit", "a.log"]).stderr);
    assert!(!alone.contains("several runtimes"), "{alone}");
    let half = run(&dir, &["fit", "a.log", "--timeout", "3.5 s"]);
    assert_eq!(half.status.code(), Some(2));
    assert!(
        text(&half.stderr).contains("whole seconds"),
        "{}",
        text(&half.stderr)
    );
}
