//! A plan that is stopped goes on from the cells that it has.

use std::sync::Mutex;
use std::sync::atomic::Ordering;

use frostline::experiment::{Failure, Journal};
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
    let planned = |journal: Option<&Journal>, stop_at: usize, control: &Control| {
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

#[test]
fn the_program_goes_on_and_leaves_no_journal_behind() {
    let file = write(
        "goes-on",
        &shop("cold-start-ratio = \"<= 1 %\"", "remedies = [\"none\"]"),
    );
    let out = file.with_file_name("out");
    let output = Command::new(env!("CARGO_BIN_EXE_frostline"))
        .args(["plan", "--out"])
        .arg(&out)
        .arg(&file)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(!out.join("plan-cells.jsonl").exists());
    assert!(out.join("plan.json").exists());
}
