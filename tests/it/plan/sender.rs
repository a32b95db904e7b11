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

/// Rounds of two pings on AWS, under an experiment's keys and a policy's.
fn on_aws(keys: &str, ping: &str) -> String {
    format!(
        "platform = \"aws-lambda\"\nduration = \"12 h\"\nreplications = 3\n{keys}\n\
         [[function]]\nname = \"f\"\nmodel = \"python-api\"\n\
         arrivals = {{ poisson = {{ rate = \"30 / h\" }} }}\n\
         [[policy]]\nname = \"p\"\nping = {ping}\n\
         [search]\nremedies = [\"none\"]\n"
    )
}

/// What is told of the sender, in USD a month.
fn told_of_senders(found: &Answer) -> Vec<(bool, f64)> {
    let told = text(found).replace('\n', " ");
    let notes = told.match_indices("the cost: the function that sends");
    let each = notes.map(|(at, note)| {
        let rest = &told[at + note.len()..];
        let (words, _) = rest.split_once(" USD a month").unwrap();
        let usd = words.rsplit(' ').next().unwrap().parse().unwrap();
        (told[..at].ends_with("In "), usd)
    });
    each.collect()
}

fn policy_cost(found: &Answer) -> f64 {
    let policy = found.candidates.iter().find(|c| c.setting.policy.is_some());
    policy.unwrap().cost.mean.unwrap()
}

/// What is told is what is charged, in the steps that were billed then.
#[test]
fn what_is_told_of_the_sender_is_what_is_in_the_cost() {
    let keys = "date = \"2019-06-01\"\n[slo]\ncold-start-ratio = \"<= 1 %\"";
    let with = |name: &str, sender: bool| {
        let ping = "every = \"2 min\", instances = 2, hold = \"50 ms\"";
        answer(
            name,
            &on_aws(keys, &format!("{{ {ping}, sender = {sender} }}")),
        )
    };
    let (charged, bare) = (with("steps", true), with("steps-bare", false));
    let more = policy_cost(&charged) - policy_cost(&bare);
    let told = told_of_senders(&charged);
    assert!(
        matches!(told[..], [(true, usd)] if (usd / more - 1.0).abs() < 0.005),
        "{more}: {}",
        text(&charged)
    );
    let told = told_of_senders(&bare);
    assert!(matches!(told[..], [(false, _)]), "{}", text(&bare));
}

#[test]
fn of_two_rounds_one_may_be_charged_for_and_the_other_not() {
    let ping = "[{ every = \"2 min\", instances = 2, hold = \"100 ms\" }, \
                 { every = \"4 min\", instances = 2, hold = \"100 ms\", sender = false }]";
    let found = answer(
        "two-rounds",
        &on_aws("[slo]\ncold-start-ratio = \"<= 1 %\"", ping),
    );
    let told = told_of_senders(&found);
    let [(true, charged), (false, bare)] = told[..] else {
        panic!("{}", text(&found));
    };
    assert!((charged / bare - 2.0).abs() < 0.02, "{charged} {bare}");
}

/// Pings that come one by one are not sent at once, and what is free costs nothing.
#[test]
fn neither_late_pings_nor_a_free_tier_cost_a_sender() {
    let cost = |name: &str, keys: &str, ping: &str| policy_cost(&answer(name, &on_aws(keys, ping)));
    let late = |sender: bool| {
        format!(
            "{{ every = \"5 min\", instances = 2, hold = \"100 ms\", skew = {{ uniform = \
             {{ min = \"0 s\", max = \"1 min\" }} }}, sender = {sender} }}"
        )
    };
    // The files that deploy them send them at once all the same, which is told.
    let path = write("late-told", &on_aws("", &late(true)));
    let experiment = frostline::config::load(&path, &Overrides::default()).unwrap();
    let notes = report::deploy::Cost::notes(&experiment.scenarios[0].plan);
    assert!(
        matches!(&notes[..], [note] if note.starts_with("Not in the cost: ")),
        "{notes:?}"
    );
    assert_eq!(
        cost("late", "", &late(true)),
        cost("late-bare", "", &late(false))
    );
    let ping = "{ every = \"5 min\", instances = 2, hold = \"100 ms\" }";
    assert_eq!(cost("free", "free-tier = true", ping), 0.0);
}
