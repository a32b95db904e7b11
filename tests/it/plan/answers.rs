//! What plans say: winners, schedules, goals in the way, headroom, files.

use super::*;

#[test]
fn the_answer_is_the_same_with_any_number_of_jobs() {
    let draft = draft(
        "jobs",
        &shop("cold-start-ratio = \"<= 1 %\"", ""),
        &Overrides::default(),
    );
    let json = |jobs| report::plan::json(&made(&draft, jobs, false)).unwrap();
    assert_eq!(json(1), json(4));
}

#[test]
fn a_schedule_beats_the_best_constant_where_days_have_nights() {
    let search = "remedies = [\"none\", \"provisioned\", \"scheduled\", \"tracking\"]";
    let found = answer("night", &shop("cold-start-ratio = \"<= 0.02 %\"", search));
    let best = |name: RemedyName| {
        let of = found
            .kinds
            .iter()
            .find(|of| of.kind == Kind::Remedy(name))
            .unwrap();
        match &of.best {
            Best::Meets(choice) => choice.cost.mean.unwrap(),
            other => panic!("{name:?}: {other:?}\n{}", text(&found)),
        }
    };
    let scheduled = best(RemedyName::Scheduled);
    assert!(
        scheduled < 0.9 * best(RemedyName::Provisioned),
        "{}",
        text(&found)
    );
    assert_eq!(
        found.winner.as_ref().unwrap().kind,
        Kind::Remedy(RemedyName::Scheduled)
    );
    // What is claimed of the winner comes from other random numbers than the choice.
    let winner = found.winner.as_ref().unwrap();
    let chosen = found
        .candidates
        .iter()
        .find(|c| c.setting == winner.setting)
        .unwrap();
    assert!(winner.fresh && winner.cost.mean != chosen.cost.mean);
    assert_eq!(winner.verdict, Verdict::Met);
}

#[test]
fn nobody_meets_what_cannot_be_met_and_the_goal_in_the_way_is_told() {
    let file = write(
        "nobody",
        &shop(
            "latency-ms-p50 = \"<= 10\"\ncold-start-ratio = \"<= 50 %\"",
            "remedies = [\"none\", \"provisioned\"]",
        ),
    );
    let out = file.with_file_name("out");
    let output = Command::new(env!("CARGO_BIN_EXE_frostline"))
        .arg("plan")
        .arg(&file)
        .arg("--out")
        .arg(&out)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("No setting meets every goal."), "{told}");
    assert!(
        told.contains("In the way: latency_ms_p50 <= 10 ms ("),
        "{told}"
    );
    assert!(!told.contains("cold_start_ratio <= 50 % ("), "{told}");
    for name in [
        "plan.json",
        "plan.txt",
        "candidates.csv",
        "plan-latency-ms-p50.svg",
    ] {
        assert!(out.join(name).exists(), "{name}");
    }
}

#[test]
fn the_goal_that_binds_is_the_one_that_costs() {
    let slo = "latency-ms-p50 = \"<= 2000\"\ncold-start-ratio = \"<= 0.02 %\"";
    let found = answer(
        "binding",
        &shop(slo, "remedies = [\"none\", \"provisioned\"]"),
    );
    let binding = found.binding.as_ref().unwrap();
    assert_eq!(
        found.goals[binding.goals[0]].metric.metric().name,
        "cold_start_ratio"
    );
    assert!(
        binding.without.setting.rules.is_empty(),
        "{}",
        binding.without.setting
    );
    let cost = found.winner.as_ref().unwrap().cost.mean.unwrap();
    assert!(binding.without.cost.mean.unwrap() < cost);
    // What more money buys does better at that goal, the dearer the better.
    let colds: Vec<f64> = found
        .more
        .iter()
        .map(|better| better.choice.goals[1].estimate.mean.unwrap())
        .collect();
    assert!(
        !colds.is_empty() && colds.windows(2).all(|w| w[1] < w[0]),
        "{colds:?}"
    );
}

#[test]
fn settings_are_taken_by_the_files_own_rules() {
    let found = answer(
        "rules",
        &shop(
            "cold-start-ratio = \"<= 100 %\"",
            "remedies = [\"none\", \"snapshot\"]\narchitecture = [\"x86_64\", \"arm64\"]\nmemory = [\"64 MB\", \"1 GB\"]",
        ),
    );
    // Node.js has no snapshots on AWS Lambda, and nobody has 64 MB.
    let left_out: Vec<&String> = found.left_out.iter().map(|(setting, _)| setting).collect();
    assert!(
        left_out.iter().any(|setting| setting.contains("snapshot")),
        "{left_out:?}"
    );
    assert!(
        left_out.iter().any(|setting| setting.contains("64 MB")),
        "{left_out:?}"
    );
    // arm64 costs a fifth less and is taken to be as fast.
    assert_eq!(winner(&found).to_string(), "1 GB, arm64, no remedy");
    let cost = |setting: &str| {
        let mut choices = found.candidates.iter();
        let choice = choices.find(|choice| choice.setting.to_string() == setting);
        choice.unwrap().cost.mean.unwrap()
    };
    let ratio = cost("1 GB, arm64, no remedy") / cost("1 GB, x86_64, no remedy");
    assert!((0.79..0.83).contains(&ratio), "{ratio}");
}

#[test]
fn of_several_functions_only_those_get_instances_that_the_goals_need() {
    let text = r#"
platform     = "lab.toml"
duration     = "6 days"
warm-up      = "3 h"
replications = 4

[[function]]
name     = "busy"
memory   = "1 GB"
service  = "2 s"
arrivals = { poisson = { rate = "10 / min" } }

[[function]]
name     = "rare"
memory   = "1 GB"
service  = "1 s"
arrivals = { poisson = { rate = "3 / h" } }

[slo]
function.rare.cold-start-ratio = "<= 1 %"

[search]
remedies = ["none", "provisioned"]
"#;
    let found = answer("functions", text);
    let setting = winner(&found);
    assert!(setting.of("busy").remedies.is_empty(), "{setting}");
    // One is used a thousandth of the time, and two at once are needed as seldom.
    let one = Remedy::Provisioned { instances: 1 };
    assert_eq!(setting.of("rare").remedies, [&one], "{setting}");
}

#[test]
fn headroom_ends_where_erlang_b_loses_too_much() {
    let text = r#"
platform     = "lab.toml"
duration     = "12 h"
warm-up      = "10 min"
replications = 6

[[function]]
name     = "f"
memory   = "1 GB"
service  = "1 s"
reserved-concurrency = 10
arrivals = { poisson = { rate = "2 / s" } }

[slo]
throttle-ratio = "<= 5 %"

[search]
remedies = ["none"]
"#;
    let draft = draft("headroom", text, &Overrides::default());
    let options = Options {
        jobs: Some(2),
        replications: 6,
        ..Options::default()
    };
    let control = Control::default();
    let answer = plan::plan(&draft, &options, &control).unwrap();
    let found = plan::headroom(&draft, &answer, &options, &control).unwrap();
    let found = &found.unwrap()[0];
    let (meets, (misses, goals)) = (found.meets.unwrap(), found.misses.clone().unwrap());
    // B(10, a) is 5 % at a = 6.216, which is 3.108 times the 2 erlangs of the file.
    let loss = |times: f64| erlang_b(10, 2.0 * times);
    assert!(loss(meets) < 0.05 && meets > 2.9, "{meets}");
    assert!(loss(misses) > 0.048 && misses < 3.25, "{misses}");
    assert_eq!(goals, ["throttle_ratio <= 0.05"]);
}

fn headroom_of(name: &str, text: &str) -> plan::Headroom {
    let draft = draft(name, text, &Overrides::default());
    let options = Options {
        jobs: Some(2),
        replications: 6,
        ..Options::default()
    };
    let control = Control::default();
    let answer = plan::plan(&draft, &options, &control).unwrap();
    let mut found = plan::headroom(&draft, &answer, &options, &control)
        .unwrap()
        .unwrap();
    found.remove(0)
}

/// One instance that stays warm for 10 minutes: a request of rate λ finds none with e^(-λ · 10 min),
/// which is 1 % at 4.605 in ten minutes.
#[test]
fn headroom_begins_where_requests_come_often_enough_to_find_warm_instances() {
    let text = r#"
platform     = "lab.toml"
duration     = "20 days"
warm-up      = "1 h"
replications = 6

[[function]]
name     = "f"
memory   = "1 GB"
service  = "1 us"
arrivals = { poisson = { rate = "12 / h" } }

[[policy]]
name       = "ten minutes"
keep-alive = "10 min"

[slo]
cold-start-ratio = "<= 1 %"

[search]
remedies = ["none"]
"#;
    let found = headroom_of("headroom-from", text);
    let cold = |times: f64| (-2.0 * times).exp();
    let from = found.from.unwrap();
    assert!(cold(from) < 0.01 && cold(from) > 0.008, "{from}");
    assert_eq!((found.meets, found.misses), (Some(64.0), None));
    let shown = format!("{:?}", found.end);
    assert_eq!(shown, "None");
}

#[test]
fn headroom_ends_where_no_more_can_be_simulated() {
    let text = r#"
platform     = "lab.toml"
duration     = "1 h"
replications = 3

[[function]]
name     = "f"
memory   = "1 GB"
service  = "1 s"
arrivals = { poisson = { rate = "1 / min" } }

[[surge]]
start    = "20 min"
duration = "5 s"
times    = 3_000

[slo]
failure-ratio = "<= 10 %"

[search]
remedies = ["none"]
"#;
    let found = headroom_of("headroom-end", text);
    assert_eq!((found.meets, found.misses), (Some(2.0), None));
    assert!(found.end.unwrap().contains("12000 times as many"));
}

#[test]
fn policies_of_the_file_take_part() {
    let text = shop("cold-start-ratio = \"<= 0.04 %\"", "remedies = [\"none\"]");
    let text = format!(
        "{text}\n[[policy]]\nname = \"as it is\"\n\n[[policy]]\nname = \"six\"\nprovisioned = {{ instances = 6 }}\n"
    );
    let found = answer("policies", &text);
    assert_eq!(winner(&found).policy.as_deref(), Some("six"));
    // The one without remedies is the platform as it is, and counted once.
    assert_eq!(found.effort.tried, 2);
}

#[test]
fn a_plan_writes_what_deploys_its_winner() {
    let goals = "cold-start-ratio = \"<= 1 %\"";
    let made = answer("deploys", &shop(goals, "remedies = [\"provisioned\"]"));
    let instances = provisioned(winner(&made)).to_string();
    let files = report::plan::files(&made).unwrap();
    let text = |wanted: &str| {
        let file = files.iter().find(|(name, _)| name == wanted);
        String::from_utf8(file.unwrap().1.clone()).unwrap()
    };
    for (name, key) in [
        ("main.tf", "provisioned_concurrent_executions"),
        ("template.yaml", "ProvisionedConcurrentExecutions:"),
        ("serverless.yml", "provisionedConcurrency:"),
    ] {
        let text = text(name);
        let mut lines = text.lines().map(str::trim);
        let line = lines.find(|line| line.starts_with(key)).unwrap();
        assert_eq!(line.split_whitespace().last(), Some(&*instances), "{name}");
        assert!(text.contains("The cheapest setting: "), "{name}");
        assert!(text.contains("cold_start_ratio <= 1 %"), "{name}");
    }
}

/// With too little memory every request fails at once, which is cheap and never late.
#[test]
fn what_fails_its_requests_is_no_answer() {
    let text = shop(
        "latency-ms-p99 = \"<= 10 s\"",
        "memory = [\"128 MB\", \"1 GB\"]\nremedies = [\"none\"]",
    );
    let overrides = Overrides {
        set: vec![(
            "function.working-set".to_owned(),
            "{ base = \"200 MB\", peak = \"300 MB\" }".to_owned(),
        )],
        ..Overrides::default()
    };
    let made = made(&draft("fails", &text, &overrides), 2, false);
    assert_eq!(winner(&made).memory.unwrap().mb(), 1024.0);
    let told = report::plan::text(&made, report::table::Style::default());
    assert!(told.contains("Binding: failure_ratio <= 1 %."), "{told}");
}

#[test]
fn a_search_that_leaves_nothing_to_try_is_bad_input() {
    let slo = "cold-start-ratio = \"<= 1 %\"";
    let file = write("nothing", &shop(slo, "memory = [\"1 MB\", \"64 MB\"]"));
    let output = Command::new(env!("CARGO_BIN_EXE_frostline"))
        .args(["plan", "--quiet", "--out"])
        .arg(file.with_file_name("out"))
        .arg(&file)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("[search] leaves no setting to try"), "{told}");
    assert!(told.contains("= help: 64 MB"), "{told}");
    assert!(output.stdout.is_empty());
}
