//! A plan that is stopped goes on from the cells that it has.

use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

use frostline::experiment::{Failure, Journal, ScenarioCell};
use frostline::plan::{Phase, Step};

use super::*;

#[test]
fn a_plan_that_is_stopped_goes_on_to_the_same_answer() {
    let text = shop("cold-start-ratio = \"<= 0.5 %\"", "");
    let draft = draft("stopped", &text, &Overrides::default());
    let path = write("stopped", &text).with_file_name("cells.jsonl");
    // What an earlier test has left there is no part of this.
    let _ = fs::remove_file(&path);
    let simulated = |control: &Control| control.simulated.load(Ordering::Relaxed);
    let planned = |journal: Option<&Journal<ScenarioCell>>, stop_at: usize, control: &Control| {
        let told = |step: Step| {
            if step.cells >= stop_at {
                control.stop.store(true, Ordering::Relaxed);
            }
        };
        let options = Options {
            jobs: Some(2),
            replications: 5,
            journal,
            progress: Some(&told),
            ..Options::default()
        };
        plan::plan(&draft, &options, control)
    };
    let whole = Control::default();
    let expected = planned(None, usize::MAX, &whole).unwrap();
    let stopped = Control::default();
    let journal = Journal::open(&path, "key").unwrap();
    match planned(Some(&journal), 30, &stopped) {
        Err(Failure::Interrupted { done, .. }) => assert!(done >= 30, "{done}"),
        other => panic!("{other:?}"),
    }
    drop(journal);
    let journal = Journal::open(&path, "key").unwrap();
    assert!(journal.len() >= 20, "{}", journal.len());
    let resumed = Control::default();
    let found = planned(Some(&journal), usize::MAX, &resumed).unwrap();
    assert_eq!(
        report::plan::files(&found).unwrap(),
        report::plan::files(&expected).unwrap()
    );
    assert!(
        simulated(&resumed) < simulated(&whole),
        "{} of {}",
        simulated(&resumed),
        simulated(&whole)
    );
    // With all its cells there only trial runs are left.
    drop(journal);
    let journal = Journal::open(&path, "key").unwrap();
    let again = Control::default();
    planned(Some(&journal), usize::MAX, &again).unwrap();
    assert!(2 * simulated(&again) < simulated(&resumed));
}

#[test]
fn it_is_told_what_goes_on() {
    let draft = draft(
        "phases",
        &shop("cold-start-ratio = \"<= 0.5 %\"", ""),
        &Overrides::default(),
    );
    let steps: Mutex<Vec<Step>> = Mutex::default();
    let told = |step| steps.lock().unwrap().push(step);
    let options = Options {
        jobs: Some(1),
        replications: 5,
        progress: Some(&told),
        ..Options::default()
    };
    let found = plan::plan(&draft, &options, &Control::default()).unwrap();
    let steps = steps.into_inner().unwrap();
    assert!(steps.is_sorted_by_key(|step| step.cells));
    assert_eq!(steps.last().unwrap().cells, found.effort.cells);
    let is_there = |phase| steps.iter().any(|step| step.phase == phase);
    assert!(is_there(Phase::Trials { base: 1, of: 1 }));
    assert!(is_there(Phase::Race) && is_there(Phase::Confirmation));
    let searched = steps.iter().find_map(|step| match step.phase {
        Phase::Search { of, .. } => Some(of),
        _ => None,
    });
    let of = searched.unwrap();
    assert!(is_there(Phase::Search { chain: of, of }));
}

/// Two memories, the second with a service time of its own.
fn by_memory(second: &str) -> String {
    let text = api(
        "arrivals = { poisson = { rate = \"1 / s\" } }",
        "cold-start-ratio = \"<= 50 %\"",
        "memory = [\"1 GB\", \"2 GB\"]\nremedies = [\"none\"]",
    );
    let rows = format!(
        "service  = {{ by-memory = {{ \"1 GB\" = \"800 ms\", \"2 GB\" = \"{second}\" }} }}"
    );
    text.replace("service  = \"300 ms\"", &rows)
}

#[test]
fn cells_of_a_setting_are_taken_for_what_they_are_and_for_no_other() {
    let path = write("rows", "").with_file_name("cells.jsonl");
    let _ = fs::remove_file(&path);
    let planned = |second: &str, journal: Option<&Journal<ScenarioCell>>| {
        let draft = draft("rows", &by_memory(second), &Overrides::default());
        let options = Options {
            jobs: Some(1),
            replications: 4,
            journal,
            ..Options::default()
        };
        let control = Control::default();
        let found = plan::plan(&draft, &options, &control).unwrap();
        let files = report::plan::files(&found).unwrap();
        (files, control.simulated.load(Ordering::Relaxed))
    };
    let journal = Journal::open(&path, "key").unwrap();
    planned("500 ms", Some(&journal));
    drop(journal);
    // The row of the other memory is no part of the scenario that the file itself gives.
    let (fresh, whole) = planned("100 ms", None);
    let journal = Journal::open(&path, "key").unwrap();
    assert!(!journal.is_empty());
    let (resumed, simulated) = planned("100 ms", Some(&journal));
    assert_eq!(resumed, fresh);
    // What the row does not touch is there already.
    assert!(simulated < whole, "{simulated} of {whole}");
}

#[cfg(unix)]
#[test]
fn the_program_goes_on_and_leaves_no_journal_behind() {
    let text = shop("cold-start-ratio = \"<= 0.5 %\"", "");
    let file = write("goes-on", &text);
    let program = |out: &Path| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_frostline"));
        program.args(["plan", "--jobs", "1", "--out"]).arg(out);
        program
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        program
    };
    let (out, whole) = (file.with_file_name("out"), file.with_file_name("whole"));
    for dir in [&out, &whole] {
        // What an earlier test has left there is no part of this.
        let _ = fs::remove_dir_all(dir);
    }
    let journal = out.join("plan-cells.jsonl");
    let child = program(&out).spawn().unwrap();
    let kept = || fs::read_to_string(&journal).map_or(0, |text| text.lines().count());
    let mut polls = 0;
    while kept() < 8 {
        polls += 1;
        assert!(polls < 30_000, "no cells");
        std::thread::sleep(Duration::from_millis(2));
    }
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    let stopped = child.wait_with_output().unwrap();
    assert_eq!(stopped.status.code(), Some(130), "{stopped:?}");
    let output = program(&out).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("Going on with "), "{told}");
    assert!(!journal.exists());
    assert_eq!(program(&whole).status().unwrap().code(), Some(0));
    let names = fs::read_dir(&whole)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let names: Vec<_> = names
        .filter(|name| name.to_string_lossy().starts_with("plan"))
        .collect();
    assert!(names.len() >= 3, "{names:?}");
    for name in names {
        let read = |dir: &Path| fs::read(dir.join(&name)).unwrap();
        assert_eq!(read(&out), read(&whole), "{}", name.display());
    }
}
