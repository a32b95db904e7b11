//! Plans for several functions, and for what happens once.

use super::*;

/// Two functions whose pings are worth little or much: one is called every 20 minutes by several at
/// once, the other is never idle for as long as the keep-alive.
fn two(slo: &str, search: &str) -> String {
    format!(
        r#"
platform     = "lab.toml"
duration     = "2 days"
warm-up      = "2 h"
replications = 4

[[function]]
name     = "rare"
memory   = "1 GB"
service  = "2 s"
arrivals = {{ batch = {{ rate = "3 / h", size = 3 }} }}

[[function]]
name     = "busy"
memory   = "1 GB"
service  = "20 ms"
arrivals = {{ every = "1 min" }}

[slo]
{slo}

[search]
{search}
"#
    )
}

/// Pings a round to a function.
fn pings(setting: &Setting, function: &str) -> u32 {
    let remedies = setting.of(function).remedies;
    let each = remedies.iter().map(|remedy| match remedy {
        Remedy::Ping { instances, .. } => *instances,
        other => panic!("{other}"),
    });
    each.sum()
}

#[test]
fn only_functions_whose_goals_need_pings_get_them_as_many_as_each_needs() {
    let goals = "function.rare.cold-start-ratio = \"<= 5 %\"\n\
                 function.busy.cold-start-ratio = \"<= 5 %\"";
    let search = "remedies = [\"none\", \"ping\"]";
    let found = answer("two-pinged", &two(goals, search));
    let setting = winner(&found);
    assert_eq!(pings(setting, "busy"), 0, "{setting}");
    // Three at once need three, and more would only cost.
    assert_eq!(pings(setting, "rare"), 3, "{setting}");
    // A number that the user gives is for all.
    let typed = format!("{search}\nping = {{ instances = [3], every = [\"9 min\"] }}");
    let found = answer("two-typed", &two(goals, &typed));
    let setting = winner(&found);
    assert_eq!((pings(setting, "rare"), pings(setting, "busy")), (3, 3));
}

#[test]
fn only_functions_whose_goals_need_them_get_instances_by_load() {
    let goals = "function.\"*\".cold-start-ratio = \"<= 1 %\"";
    let search = "remedies = [\"tracking\"]\ntracking = { target = [0.5], min = [3] }";
    let found = answer("two-tracked", &two(goals, search));
    let setting = winner(&found);
    assert!(setting.of("busy").remedies.is_empty(), "{setting}");
    let minimum = |remedy: &Remedy| match remedy {
        Remedy::Tracking { min, .. } => *min,
        other => panic!("{other}"),
    };
    let remedies = setting.of("rare").remedies;
    let minima: Vec<u32> = remedies.iter().map(|r| minimum(r)).collect();
    assert_eq!(minima, [3], "{setting}");
}

/// One function has its hours, the other is as busy at night.
#[test]
fn of_two_functions_one_by_the_clock_the_other_may_have_always_as_many() {
    let day = "arrivals = { profile = { period = \"1 day\", rates = [\"0 / h\", \"3600 / h\"] } }";
    let text_of = two(
        "cold-start-ratio = \"<= 2 %\"",
        "remedies = [\"scheduled\"]",
    )
    .replace("arrivals = { batch = { rate = \"3 / h\", size = 3 } }", day)
    .replace("20 ms", "30 s");
    let found = answer("two-clocks", &text_of);
    assert_eq!(found.left_out, []);
    let mixed = found.candidates.iter().filter(|choice| {
        let busy = choice.setting.of("busy").remedies;
        matches!(busy[..], [Remedy::Provisioned { .. }])
            && choice.kind == Kind::Remedy(RemedyName::Scheduled)
    });
    assert!(mixed.count() > 0, "{}", text(&found));
}

#[test]
fn instances_for_a_surge_are_provisioned_on_its_day_alone() {
    let text_of = r#"
platform     = "lab.toml"
start        = "2026-11-26"
duration     = "2 days"
replications = 3

[[surge]]
start    = "2026-11-27T08:00"
duration = "2 h"
times    = 8

[[function]]
name     = "f"
memory   = "1 GB"
service  = "10 s"
arrivals = { poisson = { rate = "30 / h" } }

[slo]
cold-start-ratio = "<= 20 %"

[search]
remedies  = ["scheduled"]
scheduled = { step = "2 h" }
"#;
    let found = answer("surge", text_of);
    let setting = winner(&found);
    let Remedy::Scheduled { rows, .. } = &setting.rules[0].remedy else {
        panic!("{setting}");
    };
    assert!(!rows.is_empty());
    for row in rows {
        let day = ["at(2026-11-26T", "at(2026-11-27T"];
        assert!(
            day.iter().any(|day| row.cron.starts_with(day)),
            "{}",
            row.cron
        );
    }
    let told = text(&found);
    let note = "There is a [[surge]]: a month costs 15 times what the measured 2 days do";
    assert!(told.replace('\n', " ").contains(note), "{told}");
    let files = report::plan::files(&found).unwrap();
    let (_, main) = files.iter().find(|(name, _)| name == "main.tf").unwrap();
    let main = String::from_utf8(main.clone()).unwrap();
    let schedules = || main.lines().filter(|line| line.contains(" schedule "));
    assert_eq!(schedules().count(), rows.len());
    assert!(
        schedules().all(|line| line.contains("\"at(2026-11-2")),
        "{main}"
    );
}

fn cost(answer: &Answer) -> f64 {
    let winner = answer.winner.as_ref().expect("a winner");
    winner.cost.mean.expect("a cost")
}

/// A winner that is not confirmed gives way to what is a little dearer, not to the next step of its
/// kind, which is three times as dear.
#[test]
fn what_refinement_has_met_takes_the_place_of_a_winner_that_is_lost() {
    let text = r#"
platform     = "aws-lambda"
duration     = "1 day"
warm-up      = "1 h"
replications = 6

[[function]]
name     = "f0"
model    = "node-api"
memory   = "2 GB"
arrivals = { mmpp = { rates = ["0.01489 / s", "0.9798 / s"], stays = ["20 min", "2 min"] } }

[[function]]
name     = "f1"
model    = "java-api"
memory   = "1 GB"
arrivals = { poisson = { rate = "0.003399 / s" } }
service  = "500 ms"

[[function]]
name     = "f2"
model    = "node-api"
memory   = "512 MB"
arrivals = { poisson = { rate = "0.676 / s" } }
service  = "200 ms"

[slo]
function."*".cold-start-ratio = "<= 1 %"

[search]
remedies = ["none", "scheduled"]
"#;
    let found = answer("lost-winner", text);
    assert!(!found.rejected.is_empty(), "{}", self::text(&found));
    // `f1` alone always with one instance costs 14.3 USD, and meets the goals.
    assert!(cost(&found) < 15.0, "{}", self::text(&found));
    let own = found
        .kinds
        .iter()
        .find(|of| of.kind == winner(&found).kind());
    let Some(Best::Meets(best)) = own.map(|of| &of.best) else {
        panic!("{}", self::text(&found));
    };
    assert_eq!(best.setting, *winner(&found), "the best of its kind");
}

/// With few replications what is open is looked at closer, function by function.
#[test]
fn with_few_replications_no_function_keeps_pings_that_it_does_not_need() {
    let text = r#"
platform     = "aws-lambda"
duration     = "12 h"
warm-up      = "1 h"
replications = 4

[[function]]
name     = "a"
model    = "python-api"
arrivals = { poisson = { rate = "30 / h" } }

[[function]]
name     = "b"
model    = "python-api"
arrivals = { poisson = { rate = "300 / h" } }

[[function]]
name     = "c"
model    = "java-api"
memory   = "1 GB"
arrivals = { poisson = { rate = "3000 / h" } }

[slo]
function."*".cold-start-ratio = "<= 0.6 %"

[search]
remedies = ["none", "ping"]
"#;
    let found = answer("three-pinged", text);
    let setting = winner(&found);
    let told = self::text(&found);
    assert_eq!((pings(setting, "b"), pings(setting, "c")), (0, 0), "{told}");
    assert!(pings(setting, "a") > 1, "{told}");
}

#[test]
fn a_check_of_a_search_without_settings_is_bad_input() {
    let slo = "cold-start-ratio = \"<= 1 %\"";
    let file = write(
        "check-nothing",
        &shop(slo, "memory = [\"1 MB\", \"64 MB\"]"),
    );
    let output = Command::new(env!("CARGO_BIN_EXE_frostline"))
        .arg("check")
        .arg(&file)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("[search] leaves no setting to try"), "{told}");
    assert!(told.contains("= help: 64 MB"), "{told}");
    assert!(output.stdout.is_empty());
}
