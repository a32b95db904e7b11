//! Experiments as a whole: which failure is told, and what is kept of one that failed.

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;

use frostline::config::{Overrides, load};
use frostline::experiment::{self, Failure, Journal, Options};
use frostline::model::Experiment;
use frostline::sim::Control;

use crate::cli::folder;

/// Two cells that run, then four that fail: two for want of a trace, two for want of another.
fn failing(dir: &Path) -> Experiment {
    let traces = ["a.csv", "b.csv"].map(|name| dir.join(name));
    for trace in &traces {
        fs::write(trace, "arrival_s\n1\n").unwrap();
    }
    let text = r#"
        platform     = "aws-lambda"
        duration     = "1 day"
        replications = 2
        [[function]]
        name     = "api"
        model    = "node-api"
        [sweep]
        "function.api.arrivals" = [{ poisson = { rate = "10 / s" } }, "a.csv", "b.csv"]
    "#;
    let file = dir.join("failing.toml");
    fs::write(&file, text).unwrap();
    let experiment = load(&file, &Overrides::default()).unwrap_or_else(|e| panic!("{e}"));
    for trace in &traces {
        fs::remove_file(trace).unwrap();
    }
    experiment
}

#[test]
fn the_first_failing_cell_is_told_with_any_number_of_jobs() {
    let dir = folder("failing");
    let experiment = failing(&dir);
    for jobs in [1, 2, 8] {
        let path = dir.join(format!("{jobs}.jsonl"));
        let journal = Journal::open(&path, "key").unwrap();
        let options = Options {
            jobs: Some(jobs),
            journal: Some(&journal),
            ..Options::default()
        };
        let failure = experiment::run(&experiment, &options, &Control::default()).unwrap_err();
        assert!(matches!(failure, Failure::Trace(_)), "{failure}");
        assert!(
            failure.to_string().contains("a.csv"),
            "{jobs} jobs: {failure}"
        );
        assert_eq!(
            <Journal>::open(&path, "key").unwrap().len(),
            2,
            "{jobs} jobs"
        );
    }
}

#[test]
fn a_failure_is_not_hidden_by_cells_that_were_stopped() {
    let dir = folder("failing-and-stopped");
    let experiment = failing(&dir);
    let control = Control::default();
    control.stop.store(true, Ordering::Relaxed);
    let failure = experiment::run(&experiment, &Options::default(), &control).unwrap_err();
    assert!(failure.to_string().contains("a.csv"), "{failure}");
}

#[test]
fn an_experiment_is_another_one_when_what_its_traces_hold_has_changed() {
    let dir = folder("fingerprints");
    let folder_of_minutes = dir.join("azure");
    fs::create_dir_all(&folder_of_minutes).unwrap();
    let minutes = folder_of_minutes.join("invocations.csv");
    let calls = dir.join("calls.csv");
    let head = "platform = \"aws-lambda\"\nduration = \"1 h\"\n";
    let api = "[[function]]\nname = \"api\"\nmodel = \"node-api\"\narrivals = \"calls.csv\"\n";
    let defaults = "[defaults]\nmodel = \"node-api\"\n";
    let key = |text: &str| {
        let file = dir.join("experiment.toml");
        fs::write(&file, format!("{head}{text}")).unwrap();
        let loaded = load(&file, &Overrides::default()).unwrap_or_else(|e| panic!("{e}"));
        experiment::fingerprint(&loaded, "build")
    };
    for text in [
        api.to_owned(),
        format!("[workload]\nrequests = {{ file = \"calls.csv\" }}\n{defaults}"),
        format!("[workload]\nazure-2019 = {{ dir = \"azure\" }}\n{defaults}"),
    ] {
        // As many bytes and as many requests each time.
        let write = |second: u32| {
            fs::write(&calls, format!("arrival_s\n1\n{second}\n")).unwrap();
            let counts = if second == 2 { "1,2" } else { "2,1" };
            let header = "HashOwner,HashApp,HashFunction,Trigger,1,2";
            fs::write(&minutes, format!("{header}\no,a,f,http,{counts}\n")).unwrap();
        };
        write(2);
        let before = key(&text);
        assert_eq!(before, key(&text), "{text}");
        write(3);
        assert_ne!(before, key(&text), "{text}");
    }
}

#[test]
fn a_journal_that_cannot_be_written_anew_is_left_as_it_was() {
    let dir = folder("journal-kept");
    let path = dir.join("cells.jsonl");
    drop(<Journal>::open(&path, "key").unwrap());
    let before = fs::read(&path).unwrap();
    fs::create_dir(dir.join("cells.unfinished")).unwrap();
    assert!(matches!(
        <Journal>::open(&path, "other"),
        Err(Failure::Io { .. })
    ));
    assert_eq!(fs::read(&path).unwrap(), before);
}
