//! The words of a plan: where there is no goal, no request, no cost, no other kind.

use super::*;

fn run(file: &Path, more: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_frostline"))
        .arg("plan")
        .arg(file)
        .arg("--out")
        .arg(file.with_file_name("out"))
        .args(more)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn no_two_candidates_have_one_name() {
    let found = answer("names", &shop("cold-start-ratio = \"<= 0.02 %\"", ""));
    let files = report::plan::files(&found).unwrap();
    let (_, bytes) = files
        .iter()
        .find(|(name, _)| name == "candidates.csv")
        .unwrap();
    let mut reader = csv::Reader::from_reader(&bytes[..]);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let mut column = |name: &str| {
        let mut heads = reader.headers().unwrap().iter();
        heads.position(|head| head == name).unwrap()
    };
    let (name, keys) = (0, column("policy_keys"));
    let mut names: Vec<&str> = rows.iter().map(|row| &row[name]).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    // Some are told in the same words, and differ in the rows of their schedule.
    let words: Vec<String> = found
        .candidates
        .iter()
        .map(|c| c.setting.to_string())
        .collect();
    let twice = words
        .iter()
        .filter(|word| names.contains(&&*format!("{word} (2)")))
        .count();
    assert!(twice > 1, "{words:?}");
    let mut keys: Vec<&str> = rows.iter().map(|row| &row[keys]).collect();
    keys.sort_unstable();
    assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "{keys:?}");
}

#[test]
fn a_share_of_no_cost_is_not_told() {
    let mut found = answer("no-cost", &shop("cold-start-ratio = \"<= 1 %\"", ""));
    let second = found.runner_up.as_mut().unwrap();
    second.tie = false;
    second.extra.mean = Some(0.5);
    found.winner.as_mut().unwrap().cost.mean = Some(0.0);
    let told = text(&found);
    let line = told
        .lines()
        .find(|line| line.starts_with("Runner-up: "))
        .unwrap();
    assert!(line.ends_with(" USD a month more."), "{line}");
}

#[test]
fn fewer_replications_than_tell_are_not_taken_in_silence() {
    let file = write(
        "few",
        &shop("cold-start-ratio = \"<= 1 %\"", "remedies = [\"none\"]"),
    );
    let (code, _, told) = run(&file, &["--replications", "2"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("note: a plan needs 3 replications"), "{told}");
    let (_, _, told) = run(&file, &["--replications", "3"]);
    assert!(!told.contains("note:"), "{told}");
}

#[test]
fn without_goals_none_is_met() {
    let text_of = shop("", "remedies = [\"none\", \"provisioned\"]").replace("[slo]", "");
    let found = answer("no-goals", &text_of);
    let told = text(&found);
    assert!(
        told.contains("no goals") && !told.contains("  met"),
        "{told}"
    );
    let files = report::plan::files(&found).unwrap();
    let (_, bytes) = files
        .iter()
        .find(|(name, _)| name == "candidates.csv")
        .unwrap();
    let csv = String::from_utf8(bytes.clone()).unwrap();
    assert!(
        csv.lines().skip(1).all(|line| line.ends_with(",no goals")),
        "{csv}"
    );
}

#[test]
fn where_there_are_no_requests_that_is_told() {
    let text_of = api(
        "arrivals = { every = \"40 h\" }",
        "latency-ms-p99 = \"<= 100\"",
        "",
    );
    let told = text(&answer("no-requests", &text_of));
    assert!(
        told.contains("There were no requests in the measured time."),
        "{told}"
    );
    assert!(told.contains("no value: there were no requests"), "{told}");
}

#[test]
fn nothing_is_cheaper_and_better_than_what_comes_nearest() {
    let slo = "latency-ms-p50 = \"<= 10\"";
    let found = answer(
        "nearest",
        &shop(slo, "remedies = [\"none\", \"provisioned\"]"),
    );
    let nearest = found.nearest.as_ref().unwrap();
    // Provisioned instances change the median by nothing that one could tell.
    assert!(nearest.setting.rules.is_empty(), "{}", text(&found));
    assert_eq!(nearest.replications, found.replications);
}

#[test]
fn the_second_best_is_another_remedy_not_another_reservation() {
    let search = "reserved-concurrency = [20, 30]\nremedies = [\"none\", \"provisioned\"]";
    let found = answer(
        "reserved",
        &shop("cold-start-ratio = \"<= 0.02 %\"", search),
    );
    let (winner, second) = (winner(&found), found.runner_up.as_ref());
    let told = text(&found);
    match second {
        Some(second) if !second.alike => assert_ne!(second.choice.setting.kind(), winner.kind()),
        Some(_) => assert!(
            told.contains("Runner-up, of the same kind for want of another: ")
                && told.contains(" (the same remedy with other reserved concurrency)"),
            "{told}"
        ),
        None => panic!("{told}"),
    }
    let both = shop("cold-start-ratio = \"<= 50 %\"", search);
    let found = answer("reserved-both", &both);
    let second = found.runner_up.as_ref().unwrap();
    assert!(!second.alike, "{}", text(&found));
}

#[test]
fn what_is_only_open_is_not_said_to_be_missed() {
    let text_of = shop(
        "cold-start-ratio = \"<= 0.02 %\"",
        "remedies = [\"none\", \"provisioned\"]",
    );
    let mut found = answer("only-open", &text_of);
    found.runner_up = None;
    let line = |found: &Answer, begin: &str| {
        let told = text(found);
        let line = told.lines().find(|line| line.starts_with(begin));
        line.unwrap_or_else(|| panic!("{told}")).to_owned()
    };
    assert!(line(&found, "No remedy costs").contains(", and misses cold_start_ratio"));
    for choice in &mut found.candidates {
        choice.verdict = Verdict::Missed;
    }
    found.rejected.clear();
    let none = "Runner-up: none; no other kind meets the goals.";
    assert_eq!(line(&found, "Runner-up"), none);
    let nothing = found.nothing.as_mut().unwrap();
    nothing.verdict = Verdict::Open;
    nothing.goals[0].standing = frostline::experiment::Standing::Unsure;
    let open = nothing.clone();
    found.candidates.push(open);
    let told = line(&found, "No remedy costs");
    assert!(
        told.contains(", and is not sure to meet cold_start_ratio"),
        "{told}"
    );
    let none = "Runner-up: none; no other kind is sure to meet the goals.";
    assert_eq!(line(&found, "Runner-up"), none);
    // No more is claimed than three looks at fresh replications leave.
    let sure = line(&found, "Sure: ");
    assert!(sure.contains(" at more than 97.5 %, by "), "{sure}");
    assert!(sure.ends_with(" that it was not chosen by."), "{sure}");
    // Numbers that put it first are not fresh for its cost.
    found.instead_of = Some(Setting::default());
    let sure = line(&found, "Sure: ");
    assert!(
        sure.ends_with(", but that put it before no remedy."),
        "{sure}"
    );
}

#[test]
fn what_a_little_more_buys_is_little_more_or_the_next_that_is_told_as_such() {
    let text_of = shop(
        "cold-start-ratio = \"<= 0.02 %\"",
        "remedies = [\"none\", \"provisioned\"]",
    );
    let mut found = answer("little", &text_of);
    let own = found.chosen.as_ref().unwrap().cost.mean.unwrap();
    for better in &found.more {
        assert!(
            better.choice.cost.mean.unwrap() <= 2.0 * own,
            "{}",
            text(&found)
        );
    }
    let Some(mut next) = found.more.first().cloned() else {
        panic!("{}", text(&found));
    };
    next.choice.cost.mean = Some(4.0 * own);
    found.more.clear();
    found.more_from = Some(next);
    let told = text(&found);
    let line = "Nothing that was simulated does better for less than ";
    assert!(told.contains(line), "{told}");
    assert!(!told.contains("A little more a month"), "{told}");
}

#[test]
fn headroom_says_what_is_only_open_and_why_no_more_was_looked_at() {
    let text_of = shop("cold-start-ratio = \"<= 50 %\"", "remedies = [\"none\"]");
    let mut found = answer("headroom-words", &text_of);
    found.headroom = vec![plan::Headroom {
        setting: Setting::default(),
        meets: Some(2.0),
        from: None,
        unsure: vec!["cold_start_ratio <= 0.5".to_owned()],
        misses: Some((2.1, vec!["throttle_ratio <= 0.01".to_owned()])),
        sure: true,
        end: Some("out of memory".to_owned()),
    }];
    let told = text(&found);
    let line = "  no remedy: 2 times the traffic; at 2.1 it misses throttle_ratio <= 0.01; no other \
                was simulated: out of memory; at 1 it is not sure to meet cold_start_ratio <= 0.5";
    assert!(told.lines().any(|told| told == line), "{told}");
}

#[test]
fn instances_by_load_that_never_scaled_are_told_as_such() {
    let text_of = api(
        "arrivals = { every = \"20 min\" }",
        "cold-start-ratio = \"<= 1 %\"",
        "remedies = [\"provisioned\", \"tracking\"]",
    );
    let told = text(&answer("never-scaled", &text_of));
    let told = told.replace('\n', " ");
    assert!(
        told.contains(" never scaled: it gave what provisioned 1 does."),
        "{told}"
    );
}

#[test]
fn what_is_doubtful_about_a_setting_is_told_with_it() {
    let text_of = shop("", "memory = [\"128 MB\", \"1 GB\"]\nremedies = [\"none\"]")
        .replace("[slo]", "")
        .replace(
            "name     = \"f\"",
            "name     = \"f\"\nworking-set = { base = \"200 MB\", peak = \"300 MB\" }",
        );
    let file = write("doubts", &text_of);
    let (code, stdout, stderr) = run(&file, &[]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("warning: 128 MB, no remedy: "), "{stderr}");
    assert!(!stderr.contains("warning: 1 GB"), "{stderr}");
    assert!(stdout.contains("Doubtful: 128 MB, no remedy: "), "{stdout}");
    let json = fs::read_to_string(file.with_file_name("out").join("plan.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let of = |choice: &serde_json::Value| choice["doubts"].as_array().map_or(0, Vec::len);
    assert!(of(&json["winner"]) + of(&json["runner_up"]["choice"]) > 0);
}

/// Rules of the clock send pings by whole minutes: others are left to the user, which is told.
#[test]
fn a_plan_says_that_its_files_do_not_hold_all_of_the_winner() {
    let note = "Not all of it is in these files";
    let told = |name: &str, every: &str| {
        let text_of = format!(
            "platform = \"aws-lambda\"\nduration = \"4 h\"\nreplications = 3\n\
             [[function]]\nname = \"f\"\nmodel = \"python-api\"\n\
             arrivals = {{ poisson = {{ rate = \"30 / h\" }} }}\n\
             [search]\nremedies = [\"ping\"]\n\
             ping = {{ every = [\"{every}\"], instances = [1] }}\n"
        );
        text(&answer(name, &text_of))
    };
    let by_hand = told("by-hand", "90 s");
    assert!(by_hand.contains(note), "{by_hand}");
    let whole = told("in-files", "2 min");
    assert!(!whole.contains(note), "{whole}");
}
