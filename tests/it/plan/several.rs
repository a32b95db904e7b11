//! Plans for several functions whose remedies differ: in price, in order, in kind.

use super::*;

/// A winner that no setting of its own plan undercuts: none that meets the goals with all
/// replications is cheaper, unless other random numbers spoke against it.
fn undercut_by_nothing(found: &Answer) {
    let chosen = found.chosen.as_ref();
    let chosen = chosen.unwrap_or_else(|| panic!("no winner: {}", text(found)));
    let cost = |choice: &plan::Choice| choice.cost.mean.unwrap();
    for choice in &found.candidates {
        let stands = choice.verdict == Verdict::Met && choice.replications >= found.replications;
        let passed_over = found.rejected.iter().any(|c| c.setting == choice.setting);
        if stands && !passed_over && !found.rejected.iter().any(|lost| cost(lost) <= cost(choice)) {
            assert!(
                cost(choice) >= cost(chosen) * (1.0 - 1e-9),
                "{} in {}",
                choice.setting,
                text(found)
            );
        }
    }
}

/// A small and a large function that share the slack of a goal over both, in either order.
fn shared(small_first: bool, remedies: &str, seed: u32) -> String {
    let function = |name: &str, memory: &str, rate: u32| {
        format!(
            "[[function]]\nname = \"{name}\"\nmodel = \"python-api\"\nmemory = \"{memory}\"\n\
             arrivals = {{ poisson = {{ rate = \"{rate} / h\" }} }}\n"
        )
    };
    let (a, b) = (function("a", "128 MB", 45), function("b", "4 GB", 30));
    let both = if small_first { a + &b } else { b + &a };
    format!(
        "platform = \"aws-lambda\"\nduration = \"12 h\"\nwarm-up = \"1 h\"\nseed = {seed}\n\
         replications = 8\n{both}\n[slo]\ncold-start-ratio = \"<= 1.2 %\"\n\
         [search]\nremedies = [\"none\", {remedies}]\n"
    )
}

/// An instance of the large one costs 32 times as much and spares fewer cold starts.
#[test]
fn the_cheap_function_gets_the_instance_whatever_their_order() {
    for remedies in ["\"provisioned\"", "\"tracking\""] {
        for (seed, small_first) in [(1, true), (1, false), (2, true), (2, false)] {
            let name = format!("shared-{}-{seed}-{small_first}", &remedies[1..4]);
            let found = answer(&name, &shared(small_first, remedies, seed));
            let setting = winner(&found);
            assert!(setting.of("b").remedies.is_empty(), "{}", text(&found));
            assert_eq!(setting.of("a").remedies.len(), 1, "{}", text(&found));
            undercut_by_nothing(&found);
        }
    }
}

/// Schedules near a bound: many seem to meet it by luck, and one does.
#[test]
fn where_the_cheapest_are_lost_those_that_bear_their_luck_are_tried() {
    for (seed, small_first) in [(2, true), (10, false)] {
        let name = format!("lost-{seed}");
        let found = answer(&name, &shared(small_first, "\"scheduled\"", seed));
        assert!(!found.rejected.is_empty(), "{}", text(&found));
        undercut_by_nothing(&found);
    }
}

/// One function is best kept warm by pings, for its memory is large; the other by provisioned
/// instances, for what sends its rounds of two costs more.
#[test]
fn each_function_has_the_kind_of_remedy_that_is_cheapest_for_it() {
    let text_of = r#"
platform     = "lab.toml"
duration     = "4 h"
warm-up      = "10 min"
replications = 4

[platform-override]
keep-alive = "6 s"

[[function]]
name     = "pairs"
memory   = "128 MB"
service  = "20 ms"
arrivals = { batch = { rate = "2 / min", size = 2 } }

[[function]]
name     = "single"
memory   = "4 GB"
service  = "20 ms"
arrivals = { poisson = { rate = "4 / min" } }

[slo]
function."*".cold-start-ratio = "<= 5 %"

[search]
remedies = ["ping", "provisioned"]
ping     = { every = ["5 s"] }
"#;
    let found = answer("mixed", text_of);
    let setting = winner(&found);
    let of = |name: &str| setting.of(name).remedies;
    assert!(
        matches!(of("pairs")[..], [Remedy::Provisioned { instances: 2 }]),
        "{}",
        text(&found)
    );
    assert!(
        matches!(of("single")[..], [Remedy::Ping { instances: 1, .. }]),
        "{}",
        text(&found)
    );
    undercut_by_nothing(&found);
}

/// One of two runtimes cannot be restored: the other's function still can.
#[test]
fn snapshots_are_tried_for_those_functions_that_can_have_one() {
    let text_of = r#"
platform     = "aws-lambda"
duration     = "12 h"
replications = 3

[[function]]
name     = "java"
model    = "java-api"
memory   = "1 GB"
arrivals = { poisson = { rate = "30 / h" } }

[[function]]
name     = "node"
model    = "node-api"
memory   = "512 MB"
arrivals = { poisson = { rate = "60 / h" } }

[slo]
function.java.latency-ms-p99 = "<= 4000"

[search]
remedies = ["none", "snapshot"]
"#;
    let found = answer("some-snapshots", text_of);
    let setting = winner(&found);
    assert_eq!(setting.of("java").remedies, [&Remedy::Snapshot]);
    assert!(setting.of("node").remedies.is_empty(), "{}", text(&found));
    let told = found
        .left_out
        .iter()
        .find(|(what, _)| what == "node snapshot");
    let why = &told.unwrap_or_else(|| panic!("{:?}", found.left_out)).1;
    assert!(why.contains("cannot restore runtime"), "{why}");
}

/// An instance that is being provisioned takes the one place there is from requests, so that the
/// strongest schedule fails where weaker ones do not.
#[test]
fn schedules_where_there_is_no_room_are_all_looked_at() {
    let text_of = r#"
platform     = "aws-lambda"
duration     = "1 day"
warm-up      = "2 h"
replications = 6
seed         = 5

[[function]]
name     = "f0"
model    = "python-api"
memory   = "1 GB"
service  = "50 ms"
arrivals = { profile = { period = "1 day", rates = ["6 / h", "30 / h", "300 / h", "100 / h"] } }
reserved-concurrency = 1

[slo]
latency-ms-p99 = "<= 1500 ms"

[search]
remedies = ["scheduled", "provisioned"]
"#;
    let draft = draft("reserved-one", text_of, &Overrides::default());
    let cost = |answer: &Answer| answer.winner.as_ref().unwrap().cost.mean.unwrap();
    let (found, full) = (made(&draft, 2, false), made(&draft, 2, true));
    let both = format!("{}\n{}", text(&found), text(&full));
    assert!(cost(&found) <= 1.03 * cost(&full), "{both}");
}
