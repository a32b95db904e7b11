//! `frostline trace`: what it writes, says and refuses.

use super::{files, folder, run, text};

/// Arguments of a small folder.
const SMALL: [&str; 7] = [
    "trace",
    "synth",
    "azure-2019",
    "--functions",
    "50",
    "--days",
    "2",
];

#[test]
fn a_folder_is_written_told_about_and_simulated() {
    let dir = folder("trace");
    let synth = |more: &[&str]| run(&dir, &[&SMALL[..], more].concat());
    let one = synth(&["one", "--invocations", "5000", "--jobs", "1"]);
    assert!(one.status.success(), "{}", text(&one.stderr));
    assert_eq!(text(&one.stderr), "", "no bar where there is no terminal");
    let said = text(&one.stdout);
    assert!(said.starts_with("one: 50 functions in "), "{said}");
    assert!(said.contains(" apps, 2 days, 5,000 requests, "), "{said}");
    let four = synth(&["four", "--invocations", "5000", "--jobs", "4", "--quiet"]);
    assert!(four.status.success());
    assert!(files(&dir.join("one")) == files(&dir.join("four")));
    let packed = ["packed", "--invocations", "5000", "--compress", "zst"];
    assert!(synth(&packed).status.success());

    let again = synth(&["one"]);
    assert_eq!(again.status.code(), Some(2));
    let expected = "error: one: is not empty: give another folder, or `--force` to replace the \
                    tables in it\n";
    assert_eq!(text(&again.stderr), expected);
    assert!(
        synth(&["one", "--invocations", "5000", "--force"])
            .status
            .success()
    );
    let few = synth(&["few", "--invocations", "49"]);
    assert_eq!(few.status.code(), Some(2));
    let expected = "error: 49 requests are too few for 50 functions with at least one each\n";
    assert_eq!(text(&few.stderr), expected);
    assert!(!dir.join("few").exists());

    let about = run(&dir, &["trace", "info", "one"]);
    assert!(about.status.success(), "{}", text(&about.stderr));
    let about = text(&about.stdout);
    for line in [
        "format            Azure Functions 2019: requests by the minute\n",
        "functions         50\n",
        "length            2 days\n",
        "requests          5,000, 0.029 a second\n",
        "service times     of 100.00 % of the functions, 100.00 % of the requests\n",
    ] {
        assert!(about.contains(line), "{about}");
    }
    let packed = run(&dir, &["trace", "info", "packed", "--format", "json"]);
    let packed: serde_json::Value = serde_json::from_slice(&packed.stdout).unwrap();
    assert_eq!(packed["requests"], 5000);
    assert_eq!(packed["memory"]["functions"], 50);

    let experiment = "platform = \"aws-lambda\"\nduration = \"2 days\"\nreplications = 1\n\
                      workload = { azure-2019 = { dir = \"packed\" } }\n";
    std::fs::write(dir.join("experiment.toml"), experiment).unwrap();
    let simulated = run(
        &dir,
        &["run", "experiment.toml", "--format", "json", "--quiet"],
    );
    assert!(simulated.status.success(), "{}", text(&simulated.stderr));
    let simulated: serde_json::Value = serde_json::from_slice(&simulated.stdout).unwrap();
    let requests = &simulated["scenarios"][0]["metrics"]["requests"]["mean"];
    assert_eq!(requests.as_f64(), Some(5000.0));
}

#[test]
fn what_is_no_trace_is_refused_with_its_faults() {
    let dir = folder("trace-wrong");
    std::fs::write(dir.join("calls.csv"), "arrival_s,function\n2,a\n1,b\n3\n").unwrap();
    for (path, expected) in [
        ("absent", "error: absent: no such file\n"),
        (
            ".",
            "error: .: holds neither `invocations_per_function_md.anon.d01.csv`",
        ),
        (
            "calls.csv",
            "error: calls.csv:3: arrives before the row above: sort the rows by `arrival_s`\n\
             error: calls.csv:4: has 1 of 2 columns: the row is cut or damaged\n",
        ),
    ] {
        let output = run(&dir, &["trace", "info", path]);
        assert_eq!(output.status.code(), Some(2), "{path}");
        assert_eq!(text(&output.stdout), "");
        let said = text(&output.stderr);
        assert!(said.starts_with(expected), "{said}");
    }
}

#[test]
fn a_day_without_requests_is_a_day_all_the_same() {
    let dir = folder("trace-quiet-day");
    let synth = [
        "trace",
        "synth",
        "azure-2019",
        "quiet",
        "--functions",
        "1",
        "--days",
        "5",
    ];
    let made = run(&dir, &[&synth[..], &["--invocations", "1"]].concat());
    assert!(made.status.success(), "{}", text(&made.stderr));
    let said = text(&made.stdout);
    assert!(
        said.starts_with("quiet: 1 function in 1 app, 5 days, 1 request, "),
        "{said}"
    );
    let about = run(&dir, &["trace", "info", "quiet"]);
    assert!(about.status.success(), "{}", text(&about.stderr));
    let about = text(&about.stdout);
    for line in ["length            5 days\n", "requests          1, "] {
        assert!(about.contains(line), "{about}");
    }
    let experiment = "platform = \"aws-lambda\"\nduration = \"5 days\"\nreplications = 1\n\
                      [workload]\nazure-2019 = { dir = \"quiet\" }\n\
                      [defaults]\nmodel = \"python-hello\"\n";
    std::fs::write(dir.join("quiet.toml"), experiment).unwrap();
    let ran = run(&dir, &["run", "quiet.toml", "--quiet", "--format", "json"]);
    assert!(ran.status.success(), "{}", text(&ran.stderr));
}

#[cfg(unix)]
#[test]
fn a_pipe_is_no_trace() {
    let dir = folder("trace-pipe");
    let made = std::process::Command::new("mkfifo")
        .arg(dir.join("calls.csv"))
        .status();
    assert!(made.is_ok_and(|status| status.success()));
    let experiment = "platform = \"aws-lambda\"\nduration = \"1 h\"\n\
                      [workload]\nrequests = { file = \"calls.csv\" }\n\
                      [defaults]\nmodel = \"python-hello\"\n";
    std::fs::write(dir.join("pipe.toml"), experiment).unwrap();
    let ran = run(&dir, &["check", "pipe.toml"]);
    assert_eq!(ran.status.code(), Some(2));
    let told = text(&ran.stderr);
    assert!(told.contains("calls.csv: is a pipe or a device"), "{told}");
    assert!(told.contains("--> pipe.toml:4:"), "{told}");
}
