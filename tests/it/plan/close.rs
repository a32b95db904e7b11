//! Where few replications do not tell: close calls, and the search held to the full grid.

use super::*;

/// A request every four minutes, with a long cold start, and a goal that single pings meet or miss
/// by how their clock meets that of the requests.
fn by_the_clock(replications: u32) -> String {
    format!(
        r#"
platform     = "aws-lambda"
duration     = "1 day"
warm-up      = "1 h"
replications = {replications}

[[function]]
name     = "f"
model    = "java-spring-boot"
memory   = "1 GB"
arrivals = {{ every = "4 min" }}

[slo]
cold-start-ratio = "<= 1 %"
"#
    )
}

#[test]
fn pings_beside_requests_by_the_clock_are_found_whatever_their_order() {
    for replications in [3, 10] {
        let name = format!("clock-{replications}");
        let (found, _) = held_to_grid(&name, &by_the_clock(replications), 1);
        let rule = &winner(&found).rules[0].remedy;
        // Single pings, however often, miss the goal at some times of their interval.
        assert_eq!(rule.to_string(), "ping 2 every 10 min", "{}", text(&found));
    }
}

/// A small experiment by its number: shapes of arrivals, remedies, goals and replications in turn.
fn small(number: usize) -> String {
    fn turn<'a>(of: &[&'a str], number: usize) -> &'a str {
        of[number % of.len()]
    }
    let arrivals = turn(
        &[
            "{ poisson = { rate = \"20 / h\" } }",
            "{ every = \"5 min\" }",
            "{ poisson = { rate = \"3 / min\" } }",
            "{ profile = { period = \"12 h\", rates = [\"1 / min\", \"10 / min\"] } }",
            "{ renewal = { gamma = { mean = \"3 min\", cv = 2.0 } } }",
        ],
        number,
    );
    let goal = turn(
        &[
            "cold-start-ratio = \"<= 1 %\"",
            "latency-ms-p99 = \"<= 900\"",
            "cold-start-ratio = \"<= 0.2 %\"",
            "latency-ms-p95 = \"<= 400\"",
        ],
        number / 2,
    );
    let search = turn(
        &[
            "",
            "[search]\nremedies = [\"none\", \"ping\", \"provisioned\"]",
            "[search]\nremedies = [\"none\", \"provisioned\", \"tracking\"]",
        ],
        number,
    );
    let model = turn(&["node-api", "java-spring-boot"], number / 3);
    let replications = 3 + number % 4;
    format!(
        r#"
platform     = "aws-lambda"
duration     = "12 h"
warm-up      = "30 min"
replications = {replications}
seed         = {number}

[[function]]
name     = "f"
model    = "{model}"
memory   = "1 GB"
service  = {{ lognormal = {{ median = "200 ms", p99 = "800 ms" }} }}
arrivals = {arrivals}

[slo]
{goal}

{search}
"#
    )
}

#[test]
fn no_winner_is_dearer_than_that_of_the_grid_unless_what_is_cheaper_is_told() {
    let (mut cells, mut grid, mut won) = (0, 0, 0);
    for number in 0..20 {
        let draft = draft(
            &format!("small-{number}"),
            &small(number),
            &Overrides::default(),
        );
        let (found, full) = (made(&draft, 2, false), made(&draft, 2, true));
        cells += found.effort.cells;
        grid += full.effort.cells;
        let both = format!("{number}:\n{}\n{}", text(&found), text(&full));
        let Some(best) = &full.winner else {
            continue;
        };
        won += 1;
        let told = found.close.iter().chain(&found.rejected);
        if told.clone().any(|choice| choice.setting == best.setting) {
            continue;
        }
        let winner = found.winner.as_ref();
        let winner = winner.unwrap_or_else(|| panic!("none in {both}"));
        let half = |choice: &plan::Choice| {
            let (low, high) = choice.cost.ci95.unwrap();
            (high - low) / 2.0
        };
        let dearer = winner.cost.mean.unwrap() - best.cost.mean.unwrap();
        assert!(dearer <= half(winner) + half(best), "{dearer} in {both}");
    }
    assert!(won >= 12, "{won} experiments have an answer");
    assert!(cells < grid, "{cells} of {grid} cells");
}

/// Always one or always two provisioned instances under a goal.
fn one_or_two(bound: f64) -> String {
    format!(
        r#"
platform     = "aws-lambda"
duration     = "1 day"
warm-up      = "1 h"
replications = 3

[[function]]
name     = "f"
model    = "node-api"
memory   = "1 GB"
service  = {{ exponential = {{ mean = "2 s" }} }}
arrivals = {{ poisson = {{ rate = "1 / min" }} }}

[slo]
cold-start-ratio = "<= {bound}"

[search]
remedies    = ["provisioned"]
provisioned = {{ instances = [1, 3] }}
"#
    )
}

#[test]
fn what_is_cheaper_and_too_close_to_tell_is_told_with_what_may_tell() {
    let of_one = |found: &Answer| {
        let mut candidates = found.candidates.iter();
        let one = candidates.find(|choice| provisioned(&choice.setting) == 1);
        one.unwrap().clone()
    };
    // The bound is what one instance gives by three replications, so that they cannot tell.
    let loose = answer("one-or-two", &one_or_two(0.5));
    assert_eq!(provisioned(winner(&loose)), 1);
    let found = of_one(&loose).goals[0].estimate.mean.unwrap();
    let close = answer("too-close", &one_or_two(found));
    let one = of_one(&close);
    assert!(one.replications > 3, "{}", text(&close));
    if one.verdict == Verdict::Met {
        assert_eq!(provisioned(winner(&close)), 1);
        return;
    }
    assert_eq!(one.verdict, Verdict::Open, "{}", text(&close));
    assert_eq!(provisioned(winner(&close)), 3);
    assert_eq!(close.close.len(), 1);
    let told = text(&close);
    let begin = format!(
        "Cheaper, but too close to tell with {} replications: provisioned 1 at ",
        one.replications
    );
    let line = told.lines().find(|line| line.starts_with(&begin));
    let line = line.unwrap_or_else(|| panic!("{told}"));
    assert!(
        line.contains("; --replications ") || line.contains("; more replications hardly tell"),
        "{line}"
    );
}

/// The half width of an interval falls with the root of the number of replications.
#[test]
fn twice_the_precision_takes_four_times_the_replications() {
    let mut found = answer("precision", &one_or_two(0.5));
    let mut choice = found.candidates[0].clone();
    found.goals[0].bound = 0.10;
    choice.replications = 50;
    choice.goals.truncate(1);
    choice.goals[0].standing = frostline::experiment::Standing::Unsure;
    choice.goals[0].estimate.mean = Some(0.08);
    choice.goals[0].estimate.ci95 = Some((0.04, 0.12));
    // At 97 % as wide an interval takes (2.170 / 1.960)² = 1.226 times as many, 245.2 cells, of
    // which a plan takes four a replication at its last look.
    assert_eq!(found.replications_to_tell(&choice), Some(62));
    // Where fewer would do, those that there are have not done.
    choice.replications = 1;
    let more = found.replications + 1;
    assert_eq!(found.replications_to_tell(&choice), Some(more));
    choice.replications = 50;
    // As close as this nobody waits for.
    choice.goals[0].estimate.mean = Some(0.0999);
    assert_eq!(found.replications_to_tell(&choice), None);
}

#[test]
fn where_too_many_winners_are_lost_it_is_not_said_that_none_is_there() {
    let mut found = answer("gave-up", &one_or_two(0.5));
    found.rejected = vec![found.candidates[0].clone(); 8];
    found.winner = None;
    found.gave_up = true;
    let told = text(&found);
    assert!(
        told.contains("No setting is confirmed: of those that seemed to meet every goal the 8"),
        "{told}"
    );
    assert!(!told.contains("No setting meets every goal"), "{told}");
}

/// No remedy or a ping each 10 minutes, which costs a little more, under a goal that both come near.
fn none_or_ping(bound: f64) -> String {
    let text = one_or_two(1.0).replace("<= 1\"", &format!("<= {bound} %\""));
    let search =
        "remedies = [\"none\", \"ping\"]\nping = { every = [\"10 min\"], instances = [1] }";
    let begin = text.split("remedies ").next().unwrap();
    format!("{begin}{search}\n").replace("replications = 3", "replications = 4")
}

fn none_or_ping_of(name: &str, bound: f64, seed: u64) -> (Draft, Answer) {
    let overrides = Overrides {
        seed: Some(seed),
        ..Overrides::default()
    };
    let draft = draft(name, &none_or_ping(bound), &overrides);
    let found = made(&draft, 2, false);
    (draft, found)
}

/// A setting that was looked at closer has other numbers in its further replications, which must
/// not count against it.
#[test]
fn what_was_looked_at_closer_is_compared_by_the_numbers_that_its_rivals_have() {
    let mut closer = 0;
    for (seed, bound) in [(7, 2.4), (2, 2.5), (5, 2.6), (4, 2.7)] {
        let (_, found) = none_or_ping_of(&format!("paired-{seed}"), bound, seed);
        let mut candidates = found.candidates.iter();
        let none = candidates.find(|choice| choice.setting.rules.is_empty());
        let none = none.unwrap();
        let rejected = found.rejected.iter().any(|c| c.setting == none.setting);
        if none.verdict == Verdict::Met && !rejected {
            assert!(winner(&found).rules.is_empty(), "{}", text(&found));
            closer += usize::from(none.replications > found.replications);
        }
    }
    assert!(closer >= 2, "{closer} were looked at closer");
}

#[test]
fn headroom_looks_as_often_as_a_winner_was_looked_at() {
    for (seed, bound) in [(1, 2.35), (2, 2.35), (5, 2.3)] {
        let (draft, found) = none_or_ping_of(&format!("bears-{seed}"), bound, seed);
        let options = Options {
            jobs: Some(2),
            replications: 4,
            ..Options::default()
        };
        let control = Control::default();
        let bears = plan::headroom(&draft, &found, &options, &control).unwrap();
        let bears = &bears.unwrap()[0];
        assert_eq!(bears.setting, *winner(&found));
        // What won with the traffic of the file bears that.
        assert!(bears.meets.is_some_and(|most| most >= 1.0), "{bears:?}");
        assert_eq!(bears.from, None, "{bears:?}");
        assert!(bears.unsure.is_empty(), "{bears:?}");
    }
}
