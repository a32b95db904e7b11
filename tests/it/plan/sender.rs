//! What sends rounds of several pings is part of what they cost.

use frostline::metric::COST_USD_PING;
use frostline::model::MONTH;

use super::*;

/// Requests in pairs, on a platform that keeps idle instances a little longer than from one round of
/// pings to the next.
fn pairs(keep_alive: &str, search: &str) -> String {
    format!(
        r#"
platform     = "lab.toml"
duration     = "4 h"
warm-up      = "10 min"
replications = 3

[platform-override]
keep-alive = "{keep_alive}"

[[function]]
name     = "f"
memory   = "128 MB"
service  = "20 ms"
arrivals = {{ batch = {{ rate = "2 / min", size = 2 }} }}

[slo]
cold-start-ratio = "<= 5 %"

[search]
{search}
"#
    )
}

/// Two pings every 5 s and what sends them cost more than two provisioned instances, which cost
/// more than the pings alone.
#[test]
fn a_remedy_that_costs_less_than_the_sender_wins() {
    let search = |sender: &str| {
        let remedies = "remedies = [\"none\", \"ping\", \"provisioned\"]\n";
        format!("{remedies}ping = {{ every = [\"5 s\"], {sender} }}")
    };
    let found = answer("sender", &pairs("6 s", &search("")));
    assert_eq!(provisioned(winner(&found)), 2, "{}", text(&found));
    let found = answer("no-sender", &pairs("6 s", &search("sender = false")));
    let kind = winner(&found).kind();
    assert_eq!(kind, Kind::Remedy(RemedyName::Ping), "{}", text(&found));
}

/// USD a month: for each round, every minute, 512 MB run for 1 s and the hold.
fn a_month() -> f64 {
    MONTH.secs() / 60.0 * (2e-7 + 1.1 * 0.5 * 1.666_67e-5)
}

#[test]
fn plans_charge_for_what_sends_rounds_of_several_pings() {
    let search = |sender: &str| {
        let ping = "ping = { every = [\"1 min\"], instances = [1, 2]";
        format!("remedies = [\"ping\"]\n{ping}, {sender} }}")
    };
    let costs = |name: &str, sender: &str| {
        let found = answer(name, &pairs("70 s", &search(sender)));
        let cost = |choice: &plan::Choice| choice.cost.mean.unwrap();
        let of = |words: &str| {
            let mut choices = found.candidates.iter();
            let is_it = |choice: &&plan::Choice| choice.setting.to_string().starts_with(words);
            cost(choices.find(is_it).unwrap())
        };
        ([of("ping 1"), of("ping 2")], text(&found))
    };
    let ([one, two], told) = costs("charged", "sender = true");
    let ([bare_one, bare_two], bare) = costs("bare", "sender = false");
    assert_eq!(one, bare_one, "a single ping is sent by a rule");
    let more = (two - bare_two) / a_month();
    assert!((more - 1.0).abs() < 1e-4, "{more}");
    let note = "the cost: the function that sends rounds of several pings";
    assert!(told.contains(&format!("\nIn {note}")), "{told}");
    assert!(bare.contains(&format!("\nNot in {note}")), "{bare}");
}

/// A policy of the file is charged alike in a plan, unless it says otherwise; in a run only where it
/// says so.
#[test]
fn a_policy_of_the_file_is_charged_as_it_says() {
    let policy = |sender: &str| {
        let ping = "every = \"1 min\", instances = 2, hold = \"100 ms\"";
        let policy = format!("[[policy]]\nname = \"p\"\nping = {{ {ping}{sender} }}\n");
        format!("{}\n{policy}", pairs("70 s", "remedies = [\"none\"]"))
    };
    let planned = |name: &str, sender: &str| {
        let found = answer(name, &policy(sender));
        let mut choices = found.candidates.iter();
        let policy = choices.find(|choice| choice.setting.policy.is_some());
        policy.unwrap().cost.mean.unwrap()
    };
    let charged = planned("policy", "");
    assert_eq!(charged, planned("policy-true", ", sender = true"));
    let more = (charged - planned("policy-false", ", sender = false")) / a_month();
    assert!((more - 1.0).abs() < 1e-4, "{more}");
    let run = |name: &str, sender: &str| {
        let path = write(name, &policy(sender));
        let experiment = frostline::config::load(&path, &Overrides::default()).unwrap();
        let cell = CellId {
            scenario: 0,
            replication: 0,
        };
        let result = frostline::experiment::run_cell(&experiment, cell, &Control::default());
        result.unwrap().summary.values.get(COST_USD_PING).unwrap()
    };
    let bare = run("run", "");
    assert_eq!(bare, run("run-false", ", sender = false"));
    let whole = a_month() * 4.0 * 3600.0 / MONTH.secs();
    let more = (run("run-true", ", sender = true") - bare) / whole;
    assert!((more - 1.0).abs() < 1e-4, "{more}");
}
