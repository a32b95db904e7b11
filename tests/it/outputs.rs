//! Files that a run writes: work is never lost, and no file of the user's is.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::cli::{folder, run, started, text, write_experiment};

fn code_and_error(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), text(&output.stderr))
}

/// A run of a file in a folder, quiet.
fn of(dir: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(dir, &[&["run", "--quiet"], arguments].concat());
    code_and_error(&output)
}

#[test]
fn a_folder_in_place_of_an_output_is_told_before_the_work() {
    let dir = folder("output-is-a-folder");
    write_experiment(&dir, "10 min");
    fs::create_dir_all(dir.join("out/summary.json")).unwrap();
    let (code, error) = of(&dir, &["experiment.toml", "--out", "out"]);
    assert_eq!(code, Some(1));
    assert_eq!(
        error,
        "error: out/summary.json: a file is to be written here, but this is a directory: remove \
         it, or choose another --out\n"
    );
    assert!(!dir.join("out/cells.jsonl").exists());
    fs::create_dir(dir.join("log.csv")).unwrap();
    let (code, error) = of(&dir, &["experiment.toml", "--requests", "log.csv"]);
    assert_eq!(code, Some(1));
    assert_eq!(
        error,
        "error: log.csv: this is a directory: remove it, or name another file\n"
    );
}

#[cfg(unix)]
#[test]
fn what_is_done_is_kept_when_the_results_cannot_be_written() {
    let dir = folder("output-fails");
    write_experiment(&dir, "8 h");
    let child = started(&dir, "log.csv");
    fs::create_dir(dir.join("out/summary.csv.unfinished")).unwrap();
    let failed = child.wait_with_output().unwrap();
    let (code, error) = code_and_error(&failed);
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains("out/summary.csv.unfinished"), "{error}");
    assert!(dir.join("out/cells.jsonl").exists());
    assert!(!dir.join("out/summary.json").exists(), "all files or none");
    fs::remove_dir(dir.join("out/summary.csv.unfinished")).unwrap();
    let again = [
        "run",
        "experiment.toml",
        "--out",
        "out",
        "--requests",
        "log.csv",
    ];
    let output = run(&dir, &again);
    let (code, error) = code_and_error(&output);
    assert_eq!(code, Some(0), "{error}");
    assert!(error.contains("Going on with 8 cells"), "{error}");
    assert!(!dir.join("out/cells.jsonl").exists());
    assert!(!dir.join("log.csv.parts").exists());
}

#[cfg(unix)]
#[test]
fn two_runs_never_write_to_one_place() {
    let dir = folder("claimed");
    write_experiment(&dir, "8 h");
    let mut first = started(&dir, "log.csv");
    let id = first.id();
    for (arguments, place) in [
        (&["--out", "out"][..], "out"),
        (
            &["--out", "other", "--requests", "log.csv"],
            "log.csv.parts",
        ),
    ] {
        let (code, error) = of(&dir, &[&["experiment.toml"], arguments].concat());
        assert_eq!(code, Some(1));
        assert_eq!(
            error,
            format!(
                "error: {place}: another run (process {id}) is writing there: wait until it ends, \
                 or choose another place\n"
            )
        );
    }
    first.kill().unwrap();
    first.wait().unwrap();
    let (code, error) = of(&dir, &["experiment.toml", "--out", "out"]);
    assert_eq!(code, Some(0), "{error}");
    assert!(!dir.join("out/.lock").exists());
}

#[test]
fn a_folder_of_the_users_is_not_taken_for_rows() {
    let dir = folder("foreign");
    write_experiment(&dir, "10 min");
    fs::create_dir(dir.join("rows.csv.parts")).unwrap();
    let thesis = dir.join("rows.csv.parts/thesis.txt");
    fs::write(&thesis, "years of work").unwrap();
    let (code, error) = of(&dir, &["experiment.toml", "--requests", "rows.csv"]);
    assert_eq!(code, Some(2));
    assert_eq!(
        error,
        "error: rows.csv.parts: rows are kept there until all are done, but it is not a folder of \
         frostline: move it away, or name another file\n"
    );
    assert!(thesis.exists());
}

#[test]
fn no_file_that_is_read_is_written() {
    let dir = folder("reads-and-writes");
    let calls = "arrival_s,function\n1,api\n2,api\n";
    for name in ["calls.csv", "summary.csv"] {
        fs::write(dir.join(name), calls).unwrap();
        let experiment = format!(
            "platform = \"aws-lambda\"\nduration = \"1 min\"\nseed = 1\n[workload]\nrequests = {{ \
             file = \"{name}\" }}\n[defaults]\nmodel = \"python-api\"\n[[policy]]\nname = \
             \"nothing\"\n"
        );
        fs::write(dir.join(name).with_extension("toml"), experiment).unwrap();
    }
    fs::create_dir(dir.join("sub")).unwrap();
    for (arguments, wanted) in [
        (
            &["calls.toml", "--requests", "sub/../calls.csv"][..],
            "--requests: `sub/../calls.csv` would be written, but the experiment reads it: choose \
             another place",
        ),
        (
            &["summary.toml", "--out", "."],
            "--out: `./summary.csv` would be written, but the experiment reads it: choose another \
             place",
        ),
        (
            &["calls.toml", "--out", "q", "--requests", "q/summary.csv"],
            "--requests q/summary.csv: the results are written to this file: name another",
        ),
        (
            &["calls.toml", "summary.toml", "sub/../calls.toml"],
            "`calls.toml` and `sub/../calls.toml` would both write to results/calls: rename one \
             of them, or run them one at a time with --out",
        ),
    ] {
        let (code, error) = of(&dir, arguments);
        assert_eq!((code, error), (Some(2), format!("error: {wanted}\n")));
    }
    for name in ["calls.csv", "summary.csv"] {
        assert_eq!(fs::read_to_string(dir.join(name)).unwrap(), calls);
    }
}
