//! The program as a user meets it: exit codes, streams, files, the same bytes, going on.

mod trace;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// An experiment that takes a moment: two policies, a quota that throttles, every way to end.
const EXPERIMENT: &str = r#"
question     = "Does it all come out the same?"
platform     = "aws-lambda"
duration     = "DURATION"
warm-up      = "10 min"
replications = 4
seed         = 7
[platform-override]
concurrency-quota  = 6
unreserved-minimum = 0
client-retry       = { attempts = 2, first = "1 s", factor = 2.0, jitter = "full" }
[[function]]
name       = "api, \"quoted\""
model      = "node-api"
timeout    = "2 s"
error-rate = 0.01
service    = { lognormal = { median = "300 ms", p99 = "3 s" } }
arrivals   = { poisson = { rate = "6 / s" } }
[[policy]]
name = "nothing"
[[policy]]
name = "ping"
ping = { every = "5 min", instances = 2, hold = "75 ms" }
"#;

/// A folder of a test's own, empty.
pub(crate) fn folder(test: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    dir
}

pub(crate) fn write_experiment(dir: &Path, duration: &str) -> PathBuf {
    let file = dir.join("experiment.toml");
    fs::write(&file, EXPERIMENT.replace("DURATION", duration)).unwrap();
    file
}

fn frostline(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_frostline"));
    command.current_dir(dir);
    command
}

pub(crate) fn run(dir: &Path, arguments: &[&str]) -> Output {
    frostline(dir).args(arguments).output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Every file of a folder with its bytes, by name.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (
                text(entry.file_name().as_encoded_bytes()),
                fs::read(entry.path()).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}

#[test]
fn any_number_of_jobs_gives_the_same_bytes() {
    let dir = folder("jobs");
    write_experiment(&dir, "1 h");
    let of_jobs = |jobs: &str| {
        let out = format!("out-{jobs}");
        let log = format!("{out}.csv");
        let arguments = [
            "run",
            "experiment.toml",
            "--jobs",
            jobs,
            "--out",
            &out,
            "--requests",
            &log,
        ];
        let output = run(&dir, &arguments);
        assert!(output.status.success(), "{}", text(&output.stderr));
        (
            text(&output.stdout),
            files(&dir.join(&out)),
            fs::read(dir.join(&log)).unwrap(),
        )
    };
    let one = of_jobs("1");
    assert_eq!(
        one.1
            .iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>(),
        [
            "cold-starts.svg",
            "frontier.svg",
            "latency.svg",
            "replications.csv",
            "summary.csv",
            "summary.json",
            "timeline.svg"
        ]
    );
    assert!(one == of_jobs("4"), "one job and four differ");
    assert!(one == of_jobs("1"), "the same run twice differs");
}

#[test]
fn the_log_of_requests_and_the_summary_tell_the_same() {
    let dir = folder("log");
    write_experiment(&dir, "2 h");
    let arguments = [
        "run",
        "experiment.toml",
        "--format",
        "json",
        "--requests",
        "log.csv",
        "--quiet",
    ];
    let output = run(&dir, &arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "");
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut log = csv::Reader::from_path(dir.join("log.csv")).unwrap();
    let rows: Vec<csv::StringRecord> = log.records().map(Result::unwrap).collect();
    for scenario in summary["scenarios"].as_array().unwrap() {
        let policy = scenario["policy"].as_str().unwrap();
        let mean = |metric: &str| scenario["metrics"][metric]["mean"].as_f64().unwrap();
        let rows: Vec<_> = rows.iter().filter(|row| &row[0] == policy).collect();
        let share = |wanted: &dyn Fn(&csv::StringRecord) -> bool| {
            rows.iter().filter(|row| wanted(row)).count() as f64 / 4.0
        };
        assert!(rows.iter().all(|row| &row[2] == "api, \"quoted\""));
        let near = |metric: &str, logged: f64| {
            let told = mean(metric);
            assert!(
                (told - logged).abs() <= 1e-9 * told.abs(),
                "{policy} {metric}: {told} {logged}"
            );
        };
        near("requests", rows.len() as f64 / 4.0 + mean("in_flight"));
        near("rejected", share(&|row| &row[7] == "throttled"));
        near("failed", share(&|row| &row[7] == "failed"));
        near("timed_out", share(&|row| &row[7] == "timed-out"));
        near("cold_starts", share(&|row| !row[8].is_empty()));
        near("cold_cause_scale_out", share(&|row| &row[8] == "scale-out"));
        for row in rows {
            let number = |column: usize| row[column].parse::<f64>().unwrap();
            assert!(number(4) <= number(5) && number(5) <= number(6), "{row:?}");
            let latency = (number(6) - number(4)) * 1e3;
            assert!((latency - number(10)).abs() < 1e-3, "{row:?}");
            assert_eq!(row[9].is_empty(), &row[7] == "throttled", "{row:?}");
        }
    }
}

#[test]
fn exit_codes_and_streams_are_kept_apart() {
    let dir = folder("codes");
    write_experiment(&dir, "10 min");
    let code = |arguments: &[&str]| {
        let output = run(&dir, arguments);
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    let (ok, out, _) = code(&["check", "experiment.toml"]);
    assert_eq!(ok, Some(0));
    assert!(
        out.starts_with("experiment.toml: ok, 2 scenarios × 4 replications = 8 cells"),
        "{out}"
    );
    for wrong in [
        &["run", "missing.toml"][..],
        &["check", "experiment.toml", "missing.toml"],
        &[
            "run",
            "experiment.toml",
            "--set",
            "function.nobody.memory=1 GB",
        ],
        &["run", "experiment.toml", "--set", "duration"],
        &["run", "experiment.toml", "--replications", "0"],
        &["run", "experiment.toml", "--jobs", "0"],
        &["run", "experiment.toml", "--seed", "9223372036854775808"],
        &["check", "experiment.toml", "--replications", "4294967295"],
        &[
            "run",
            "experiment.toml",
            "experiment.toml",
            "--requests",
            "log.csv",
        ],
        &["run"],
        &["schema", "experimnt"],
        &["models", "show", "aws-lamda"],
        &["validate", "V99"],
        &["run", "experiment.toml", "--requests", "log.txt"],
        &["run", "experiment.toml", "--requests", "log"],
        &["walk"],
    ] {
        let (code, out, err) = code(wrong);
        assert_eq!(code, Some(2), "{wrong:?}: {err}");
        assert_eq!(out, "", "{wrong:?}");
        assert!(!err.is_empty(), "{wrong:?}");
    }
    let (_, _, err) = code(&["run", "experiment.toml", "--requests", "log.txt"]);
    assert_eq!(
        err,
        "error: --requests writes CSV or Parquet: end `log.txt` in .csv or .parquet\n"
    );
    let blocked = dir.join("blocked");
    fs::write(&blocked, "a file where a folder should be").unwrap();
    let (code, _, err) = code(&["run", "experiment.toml", "--out", "blocked/below"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("blocked/below"), "{err}");
}

#[test]
fn more_jobs_than_there_can_be_use_for_do_no_harm() {
    let dir = folder("many-jobs");
    write_experiment(&dir, "10 min");
    let output = run(
        &dir,
        &["run", "experiment.toml", "--jobs", "65535", "--quiet"],
    );
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[cfg(target_os = "linux")]
#[test]
fn an_error_that_nobody_can_hear_keeps_its_code() {
    let dir = folder("deaf");
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let status = frostline(&dir)
        .args(["check", "missing.toml"])
        .stderr(full)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(2));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let dir = folder("pipe");
    let mut child = frostline(&dir)
        .args(["schema"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(
        !text(&output.stderr).contains("panicked"),
        "{}",
        text(&output.stderr)
    );
}

/// Starts a run and waits until its journal holds a finished cell.
#[cfg(unix)]
pub(crate) fn started(dir: &Path, log: &str) -> Child {
    let mut child = frostline(dir)
        .args([
            "run",
            "experiment.toml",
            "--jobs",
            "1",
            "--out",
            "out",
            "--requests",
            log,
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let journal = dir.join("out/cells.jsonl");
    for _ in 0..3000 {
        if fs::read_to_string(&journal).is_ok_and(|text| text.lines().count() > 1) {
            return child;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    panic!(
        "no cell was finished in half a minute: {:?}",
        child.wait_with_output()
    );
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args([name, &id])
            .status()
            .unwrap()
            .success()
    );
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_says_how_to_go_on_and_goes_on() {
    let whole = folder("uninterrupted");
    write_experiment(&whole, "8 h");
    let to = |log| ["run", "experiment.toml", "--out", "out", "--requests", log];
    let expected = run(&whole, &to("log.csv"));
    assert!(expected.status.success());
    assert!(run(&whole, &to("log.parquet")).status.success());
    for (how, log) in [
        ("-INT", "log.csv"),
        ("-TERM", "log.parquet"),
        ("-KILL", "log.csv"),
    ] {
        let dir = folder(&format!("interrupted{how}"));
        write_experiment(&dir, "8 h");
        let child = started(&dir, log);
        signal(&child, how);
        let stopped = child.wait_with_output().unwrap();
        if how != "-KILL" {
            let told = text(&stopped.stderr);
            assert_eq!(stopped.status.code(), Some(130), "{told}");
            assert!(told.contains("of 8 cells are done"), "{told}");
            assert!(told.contains("the same command goes on"), "{told}");
        }
        let rest = run(&dir, &to(log));
        let told = text(&rest.stderr);
        assert!(rest.status.success(), "{told}");
        assert!(told.contains("done already"), "{how}: {told}");
        assert_eq!(text(&rest.stdout), text(&expected.stdout), "{how}");
        assert!(
            files(&dir.join("out")) == files(&whole.join("out")),
            "{how}: files differ"
        );
        let rows = |dir: &Path| fs::read(dir.join(log)).unwrap();
        assert!(rows(&dir) == rows(&whole), "{how}: the logs differ");
        assert!(!dir.join(format!("{log}.parts")).exists(), "{how}");
    }
}

/// The curve's point at each policy's own keep-alive is what the summary says of it, intervals
/// included, over replications and over the parts of one.
#[test]
fn the_keep_alive_curve_goes_through_what_was_simulated() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for replications in ["1", "2"] {
        let out = folder(&format!("curve-{replications}"));
        let run = |jobs: &str| {
            let output = frostline(root)
                .args(["run", "experiments/keep-alive-curve.toml", "--quiet"])
                .args(["--set", "duration=6 h", "--set", "warm-up=1 h"])
                .args(["--replications", replications, "--jobs", jobs])
                .arg("--out")
                .arg(out.join(jobs))
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", text(&output.stderr));
            files(&out.join(jobs))
        };
        let files = run("1");
        assert!(files == run("3"), "one job and three differ");
        let file = |name: &str| {
            let found = files.iter().find(|(of, _)| of == name);
            text(&found.unwrap_or_else(|| panic!("no {name}")).1)
        };
        assert!(file("keep-alive-curve.svg").starts_with("<svg"));
        let summary: serde_json::Value = serde_json::from_str(&file("summary.json")).unwrap();
        let scenarios = summary["scenarios"].as_array().unwrap();
        for (scenario, own_s) in scenarios.iter().zip([600.0, 60.0, 3600.0]) {
            let curve = scenario["keep_alive_curve"].as_array().unwrap();
            let own = curve.iter().find(|point| point["keep_alive_s"] == own_s);
            for metric in ["cold_starts", "cold_start_ratio", "idle_gb_s"] {
                let numbers = |of: &serde_json::Value| {
                    let ends = [&of["mean"], &of["ci95"][0], &of["ci95"][1]];
                    ends.map(|number| number.as_f64().unwrap())
                };
                let (curve, told) = (&own.unwrap()[metric], &scenario["metrics"][metric]);
                for (a, b) in numbers(curve).into_iter().zip(numbers(told)) {
                    assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{curve} {told}");
                }
            }
        }
        let csv = file("keep-alive-curve.csv");
        let mut rows = csv::Reader::from_reader(csv.as_bytes());
        let head = rows.headers().unwrap().iter().collect::<Vec<_>>().join(",");
        assert_eq!(
            head,
            "policy,keep_alive_s,cold_starts,cold_starts_lo,cold_starts_hi,cold_start_ratio,\
             cold_start_ratio_lo,cold_start_ratio_hi,idle_gb_s,idle_gb_s_lo,idle_gb_s_hi,\
             idle_instance_s,idle_instance_s_lo,idle_instance_s_hi"
        );
        assert_eq!(rows.records().count(), 3 * 129);
    }
}

/// Some of its cells would have had other requests than the others.
#[test]
fn a_workload_that_is_replaced_during_a_run_gives_no_result() {
    let dir = folder("replaced");
    let rows = |every: u32| {
        let row = |n: u32| format!("{}.5,5,f{}\n", n * every, n % 3);
        let rows: String = (0..100_000).map(row).collect();
        format!("arrival_s,service_ms,function\n{rows}")
    };
    fs::write(dir.join("calls.csv"), rows(1)).unwrap();
    fs::write(dir.join("other.csv"), rows(2)).unwrap();
    let experiment = "platform = \"aws-lambda\"\nduration = \"100000 s\"\nreplications = 60\n\
                      workload = { requests = { file = \"calls.csv\" } }\n\
                      defaults = { model = \"python-api\" }\n";
    fs::write(dir.join("experiment.toml"), experiment).unwrap();
    let child = frostline(&dir)
        .args(["run", "experiment.toml", "--out", "out", "--jobs", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let journal = dir.join("out/cells.jsonl");
    for _ in 0..5000 {
        if fs::metadata(&journal).is_ok_and(|file| file.len() > 0) {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    fs::rename(dir.join("other.csv"), dir.join("calls.csv")).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(
        text(&output.stderr).contains("calls.csv changed while"),
        "{}",
        text(&output.stderr)
    );
    assert!(!dir.join("out/summary.json").exists() && !journal.exists());
}
