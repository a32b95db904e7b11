//! Limits of AWS Lambda as its platform file states them, by date, region, quota and account, through
//! files, the whole simulator and its measures.

#![expect(
    clippy::float_cmp,
    reason = "counts, and prices as they stand in the lists"
)]

use std::fs;
use std::path::Path;

use frostline::config::{Overrides, load, load_text};
use frostline::experiment::{CellId, run_cell};
use frostline::metric;
use frostline::model::{Experiment, Plan, RateScope, ScalingRate};
use frostline::observe::Values;
use frostline::sim::Control;
use frostline::units::Span;

/// An experiment on AWS Lambda; what is given stands before and after its function.
fn experiment(before: &str, after: &str) -> Experiment {
    let text = format!(
        "platform = \"aws-lambda\"\nduration = \"10 min\"\n{before}\n[[function]]\nname = \"f\"\n\
         model = \"node-hello\"\nservice = \"30 s\"\ntimeout = \"1 min\"\n{after}\n"
    );
    load_text("scaling", &text).unwrap_or_else(|faults| panic!("{faults}"))
}

const ARRIVALS: &str = "arrivals = { every = \"1 min\" }";

fn plan(before: &str, after: &str) -> Plan {
    experiment(before, &format!("{ARRIVALS}\n{after}"))
        .scenarios
        .remove(0)
        .plan
}

fn faults(before: &str, after: &str) -> Vec<String> {
    let text = format!(
        "platform = \"aws-lambda\"\nduration = \"10 min\"\n{before}\n[[function]]\nname = \"f\"\n\
         model = \"node-hello\"\n{ARRIVALS}\n{after}\n"
    );
    let faults = load_text("scaling", &text).expect_err("this is at fault");
    faults.titles().map(str::to_owned).collect()
}

fn rate(burst: u32, instances: u32, every_s: u64, per: RateScope) -> ScalingRate {
    ScalingRate {
        burst,
        instances,
        every: Span::from_whole_secs(every_s),
        per,
    }
}

fn of_region(region: &str) -> String {
    format!("[platform-override]\nprices = \"aws-lambda/{region}\"")
}

/// AWS News Blog, 2023-11-26, and the developer guide before.
#[test]
fn the_date_and_the_region_choose_the_rule_of_scaling() {
    let new = Some(rate(1000, 1000, 10, RateScope::Function));
    let old = |burst| Some(rate(burst, 500, 60, RateScope::Account));
    let rule = |date: &str, region: &str| {
        let date = if date.is_empty() {
            String::new()
        } else {
            format!("date = \"{date}\"\n")
        };
        plan(&(date + &of_region(region)), "").platform.scaling_rate
    };
    assert_eq!(rule("", "us-east-1"), new);
    assert_eq!(rule("2023-11-26", "eu-central-1"), new);
    let before = "2023-11-25";
    for (region, burst) in [
        ("us-east-1", 3000),
        ("us-west-2", 3000),
        ("eu-west-1-arm", 3000),
        ("us-east-2", 1000),
        ("eu-central-1", 1000),
        ("ap-northeast-1", 1000),
        ("ap-south-1", 500),
        ("sa-east-1-arm", 500),
    ] {
        assert_eq!(rule(before, region), old(burst), "{region}");
    }
    // A region without a list of prices, and a rate that is given in part or altogether.
    let at = |keys: &str| {
        let before = format!("date = \"{before}\"\n[platform-override]\n{keys}");
        plan(&before, "").platform.scaling_rate
    };
    assert_eq!(at("region = \"eu-south-1\""), old(500));
    assert_eq!(at("region = \"us-west-2\"\nprices = \"none\""), old(3000));
    assert_eq!(
        at("scaling-rate = { burst = 7, per = \"function\" }"),
        Some(rate(7, 500, 60, RateScope::Function))
    );
    assert_eq!(at("scaling-rate = \"none\""), None);
}

/// Throttled requests of so many each minute, under the rule of a day.
fn throttled(date: &str, region: &str, requests: u32, minutes: u32) -> f64 {
    let before = format!(
        "date = \"{date}\"\nseed = 1\n{}\nconcurrency-quota = 10000\n",
        of_region(region)
    );
    let arrivals = format!(
        "arrivals = {{ burst = {{ at = \"1 s\", requests = {requests}, every = \"1 min\", times = \
         {minutes} }} }}"
    );
    let experiment = experiment(&before, &arrivals);
    let first = CellId {
        scenario: 0,
        replication: 0,
    };
    let cell = run_cell(&experiment, first, &Control::default()).unwrap();
    cell.summary.values.get(metric::THROTTLED).unwrap()
}

/// The published example of the operator guide, under both rules, through the whole simulator: starts
/// that take their time, requests that last half a minute, instances that stay.
#[test]
fn ten_thousand_requests_in_one_to_four_minutes_under_both_rules() {
    let old = |requests, minutes| throttled("2023-11-25", "us-east-1", requests, minutes);
    assert_eq!(old(10_000, 1), 7000.0);
    assert_eq!(old(5000, 2), 2000.0 + 1500.0);
    assert_eq!(old(3333, 3), 333.0);
    assert_eq!(old(2500, 4), 0.0);
    let new = |requests, minutes| throttled("2023-11-26", "us-east-1", requests, minutes);
    assert_eq!(new(10_000, 1), 9000.0);
    assert_eq!(new(5000, 2), 4000.0 + 3000.0);
    assert_eq!(new(3333, 3), 2333.0 + 1333.0 + 333.0);
    assert_eq!(new(2500, 4), 1500.0 + 500.0);
    // Elsewhere the burst was less.
    assert_eq!(throttled("2023-11-25", "eu-central-1", 5000, 1), 4000.0);
    assert_eq!(throttled("2023-11-25", "ap-south-1", 5000, 1), 4500.0);
}

/// The budget of 1,000 and 100 a second, through a file of requests and the whole simulator: each
/// request needs a new instance, for none ends in between.
#[test]
fn the_budget_fills_up_by_a_hundred_a_second() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scaling-budget");
    fs::create_dir_all(&dir).unwrap();
    let mut rows = "arrival_s\n".to_owned();
    for (at, requests) in [("0", 2500), ("5", 900), ("6", 200)] {
        rows.extend((0..requests).map(|_| format!("{at}\n")));
    }
    fs::write(dir.join("calls.csv"), rows).unwrap();
    let of = |rows: &str, more: &str| {
        let text = format!(
            "platform = \"aws-lambda\"\nduration = \"5 min\"\n{more}[platform-override]\n\
             concurrency-quota = 10000\n[[function]]\nname = \"f\"\nmodel = \"node-hello\"\n\
             service = \"100 s\"\ntimeout = \"2 min\"\narrivals = {{ replay = {{ file = \"{rows}\" }} }}\n"
        );
        let file = dir.join("experiment.toml");
        fs::write(&file, text).unwrap();
        let experiment = load(&file, &Overrides::default()).unwrap_or_else(|f| panic!("{f}"));
        let first = CellId {
            scenario: 0,
            replication: 0,
        };
        let cell = run_cell(&experiment, first, &Control::default()).unwrap();
        let value = |metric| cell.summary.values.get(metric).unwrap();
        (value(metric::STARTS), value(metric::THROTTLED))
    };
    let new = (1000.0 + 500.0 + 100.0, 1500.0 + 400.0 + 100.0);
    assert_eq!(of("calls.csv", ""), new);
    // The old rule has 3,000 at once, and 41.7 and 8.3 more by then.
    let old = (2500.0 + 541.0 + 9.0, 359.0 + 191.0);
    assert_eq!(of("calls.csv", "date = \"2023-01-01\"\n"), old);
}

#[test]
fn before_november_2023_functions_shared_one_budget() {
    let throttled = |date: &str| {
        let burst = "arrivals = { burst = { at = \"1 s\", requests = 2000 } }";
        let before = format!(
            "date = \"{date}\"\n[platform-override]\nconcurrency-quota = 10000\n[[function]]\n\
             name = \"g\"\nmodel = \"node-hello\"\nservice = \"30 s\"\ntimeout = \"1 min\"\n{burst}\n"
        );
        let experiment = experiment(&before, burst);
        let first = CellId {
            scenario: 0,
            replication: 0,
        };
        let cell = run_cell(&experiment, first, &Control::default()).unwrap();
        let of = |values: &Values| values.get(metric::THROTTLED).unwrap();
        let functions = &cell.summary.functions;
        (
            of(&functions[0].values) + of(&functions[1].values),
            functions.len(),
        )
    };
    assert_eq!(throttled("2023-11-25"), (1000.0, 2));
    assert_eq!(throttled("2023-11-26"), (2000.0, 2));
}

/// docs.aws.amazon.com, lambda-concurrency, 2026: 10 × the concurrency quota.
#[test]
fn requests_a_second_follow_the_quota_unless_they_are_given() {
    let of = |keys: &str| {
        let platform = plan(&format!("[platform-override]\n{keys}"), "").platform;
        (
            platform.requests_per_second,
            platform.requests_per_concurrency,
        )
    };
    assert_eq!(of(""), (Some(10_000), Some(10)));
    assert_eq!(of("concurrency-quota = 3000"), (Some(30_000), Some(10)));
    assert_eq!(of("concurrency-quota = \"none\""), (None, Some(10)));
    let both = "concurrency-quota = 3000\nrequests-per-second = 7";
    assert_eq!(of(both), (Some(7), Some(10)));
    assert_eq!(of("requests-per-second = \"none\""), (None, Some(10)));
    assert_eq!(of("requests-per-concurrency = \"none\""), (None, None));
    assert_eq!(of("concurrency-quota = 4000000000").0, Some(u32::MAX));
}

#[test]
fn accounts_take_from_the_platform_what_they_leave_out() {
    let accounts = "[[account]]\nname = \"second\"\n[[account]]\nname = \"third\"\n\
                    concurrency-quota = 200\nscaling-rate = { burst = 3 }\n\
                    unreserved-minimum = 0\n";
    let before = format!("[platform-override]\nrequests-per-second = 77\n{accounts}");
    let plan = plan(&before, "account = \"third\"\nreserved-concurrency = 200");
    assert_eq!(plan.functions[0].account, 2);
    let [second, third] = &plan.platform.accounts[..] else {
        panic!("{:?}", plan.platform.accounts)
    };
    assert_eq!(
        (second.concurrency_quota, second.unreserved_minimum),
        (Some(1000), 100)
    );
    assert_eq!(second.requests_per_second, Some(77));
    assert_eq!(second.scaling_rate, plan.platform.scaling_rate);
    assert_eq!(
        (third.concurrency_quota, third.unreserved_minimum),
        (Some(200), 0)
    );
    assert_eq!(third.requests_per_second, Some(2000));
    let three = Some(rate(3, 1000, 10, RateScope::Function));
    assert_eq!(third.scaling_rate, three);
}

#[test]
fn accounts_are_named_once_and_reservations_leave_the_minimum_of_theirs() {
    let second = "[[account]]\nname = \"second\"\n";
    assert_eq!(
        faults(second, "account = \"secnd\""),
        ["no account is named `secnd`"]
    );
    assert_eq!(
        faults("[[account]]\nname = \"default\"", ""),
        ["the account `default` is that of functions that name none"]
    );
    assert_eq!(
        faults(&format!("{second}{second}"), ""),
        ["two account tables are named `second`"]
    );
    let quota = format!("{second}concurrency-quota = 300");
    assert_eq!(
        faults(&quota, "account = \"second\"\nreserved-concurrency = 201"),
        ["with function `f`, 201 instances are reserved: more than the quota allows"]
    );
    plan(&quota, "account = \"second\"\nreserved-concurrency = 200");
    plan(&quota, "account = \"default\"\nreserved-concurrency = 900");
    assert_eq!(
        faults(&quota, "reserved-concurrency = 901"),
        ["with function `f`, 901 instances are reserved: more than the quota allows"]
    );
    assert_eq!(
        faults(
            &quota,
            "account = \"second\"\n[[policy]]\nname = \"p\"\nprovisioned = { instances = 201 }"
        ),
        ["201 provisioned and 0 reserved instances are more than the quota allows"]
    );
}
