//! The shipped experiments: each gives the answer that it is there for.

#![expect(clippy::float_cmp, reason = "counts are whole")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What an experiment found in one replication.
struct Answer(Value);

impl Answer {
    /// Runs `experiments/NAME.toml`.
    fn of(name: &str) -> Self {
        let out = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("shipped")
            .join(name);
        let output = Command::new(env!("CARGO_BIN_EXE_frostline"))
            .current_dir(root())
            .arg("run")
            .arg(format!("experiments/{name}.toml"))
            .args([
                "--replications",
                "1",
                "--format",
                "json",
                "--quiet",
                "--out",
            ])
            .arg(out)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {told}");
        Self(serde_json::from_slice(&output.stdout).unwrap())
    }

    /// A measure of every scenario of a policy, in the order of the sweep.
    fn all(&self, policy: &str, metric: &str) -> Vec<f64> {
        let scenarios = self.0["scenarios"].as_array().unwrap().iter();
        let values: Vec<f64> = scenarios
            .filter(|scenario| scenario["policy"] == policy)
            .map(|scenario| scenario["metrics"][metric]["mean"].as_f64().unwrap())
            .collect();
        assert!(!values.is_empty(), "no policy `{policy}`");
        values
    }

    /// A measure of a function, in the order of the sweep.
    fn of_function(&self, function: &str, metric: &str) -> Vec<f64> {
        let scenarios = self.0["scenarios"].as_array().unwrap().iter();
        let found = scenarios.map(|scenario| {
            let mut functions = scenario["functions"].as_array().unwrap().iter();
            let found = functions.find(|f| f["name"] == function).unwrap();
            found["metrics"][metric]["mean"].as_f64().unwrap()
        });
        found.collect()
    }

    /// A measure of the only scenario of a policy.
    fn one(&self, policy: &str, metric: &str) -> f64 {
        let values = self.all(policy, metric);
        assert_eq!(values.len(), 1, "{policy}");
        values[0]
    }
}

#[test]
fn every_experiment_has_an_answer_here() {
    let mut names: Vec<String> = fs::read_dir(root().join("experiments"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .map(|path: PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let tested = [
        "account-split",
        "azure-2019",
        "azure-2019-synthetic",
        "burst",
        "bursting-neighbour",
        "keep-alive-curve",
        "memory",
        "ping-collision",
        "quickstart",
        "scaling-eras",
    ];
    assert_eq!(names, tested);
}

#[test]
fn quickstart_a_ping_buys_nearly_all_that_provisioned_concurrency_does() {
    let answer = Answer::of("quickstart");
    let p99 = |policy| answer.one(policy, "latency_ms_p99");
    let cost = |policy| answer.one(policy, "cost_usd_per_month");
    assert!(p99("do nothing") > 50.0 * p99("ping every 5 min"));
    assert!(p99("ping every 5 min") < 1.5 * p99("provisioned 1"));
    assert!(cost("ping every 5 min") < cost("do nothing"));
    assert!(cost("provisioned 1") > 100.0 * cost("ping every 5 min"));
    assert!(p99("snapshot") > 1000.0 && p99("snapshot") < p99("do nothing"));
}

#[test]
fn burst_spreading_pays_and_provisioned_capacity_takes_its_share() {
    let answer = Answer::of("burst");
    let throttled = |policy| answer.all(policy, "throttled");
    // 10,000 less the 1,000 started at once, or found idle, in each minute; 3 × 3,333 are 9,999.
    assert_eq!(throttled("do nothing"), [9000.0, 7000.0, 3999.0, 2000.0]);
    // A minute takes 2,500 provisioned and 1,000 on demand, the later minutes more.
    assert_eq!(throttled("provisioned 2500"), [6500.0, 2000.0, 0.0, 0.0]);
}

#[test]
fn scaling_eras_the_old_rule_was_kinder_to_one_burst_and_the_new_one_to_what_lasts() {
    let answer = Answer::of("scaling-eras");
    let throttled = answer.all("platform as it is", "throttled");
    let (before, since) = throttled.split_at(5);
    assert_eq!(before[..4], [7000.0, 3500.0, 333.0, 0.0]);
    assert_eq!(since[..4], [9000.0, 7000.0, 3999.0, 2000.0]);
    // Evenly over the minute: 167 a second, of which 100 get a new instance.
    assert!(since[4] < 0.5 * before[4], "{throttled:?}");
}

#[test]
fn bursting_neighbour_a_reservation_caps_it_and_keeps_the_others_served() {
    let answer = Answer::of("bursting-neighbour");
    for neighbour in ["api-a", "api-b", "api-c"] {
        let rejected = answer.of_function(neighbour, "rejected");
        assert!(rejected[0] > 100.0, "{neighbour}: {rejected:?}");
        assert_eq!(rejected[1], 0.0, "{neighbour}");
    }
    let of_burst = answer.of_function("bursting", "rejected");
    assert!(
        of_burst[1] > of_burst[0],
        "the cap is paid by the tenant that bursts"
    );
    let peaks = answer.all("platform as it is", "claimed_concurrency_peak");
    assert_eq!(peaks[0], 200.0, "the quota");
    assert!(peaks[1] < 200.0, "{peaks:?}");
}

#[test]
fn account_split_two_accounts_serve_what_one_refuses() {
    let answer = Answer::of("account-split");
    let told = |metric| answer.all("platform as it is", metric);
    let refused = told("reject_ratio");
    assert!((0.1..0.25).contains(&refused[0]), "{refused:?}");
    assert_eq!(refused[1], 0.0);
    let peaks = told("claimed_concurrency_peak");
    assert_eq!(peaks[0], 1000.0, "the quota");
    assert!(peaks[1] < 800.0, "{peaks:?}");
    let each = |metric| {
        let (all, ran) = (told(metric), told("completed"));
        (all[0] / ran[0], all[1] / ran[1])
    };
    let (one, two) = each("cost_usd_total");
    assert!((one / two - 1.0).abs() < 0.01, "{one} {two}");
}

#[test]
fn keep_alive_curve_one_run_tells_what_the_others_find() {
    let answer = Answer::of("keep-alive-curve");
    let names = ["keep 1 min", "keep 10 min", "keep 1 h"];
    let scenarios = answer.0["scenarios"].as_array().unwrap();
    for curve in scenarios
        .iter()
        .map(|scenario| &scenario["keep_alive_curve"])
    {
        for (name, seconds) in names.into_iter().zip([60.0, 600.0, 3600.0]) {
            let points = curve.as_array().unwrap();
            let point = points.iter().find(|point| point["keep_alive_s"] == seconds);
            let told = |metric: &str| point.unwrap()[metric]["mean"].as_f64().unwrap();
            let off = |metric: &str| (told(metric) / answer.one(name, metric) - 1.0).abs();
            assert!(off("cold_start_ratio") < 0.2, "{name}: {point:?}");
            assert!(off("idle_gb_s") < 0.05, "{name}: {point:?}");
        }
    }
}

#[test]
fn memory_is_time_for_the_same_money() {
    let answer = Answer::of("memory");
    let p50 = answer.all("do nothing", "latency_ms_p50");
    let cost = answer.all("do nothing", "cost_usd_per_month");
    // Doubled memory halves the time; the last step is to 1769 MB.
    for pair in p50[..4].windows(2) {
        assert!((pair[0] / pair[1] - 2.0).abs() < 0.02, "{p50:?}");
    }
    let same = |usd: &f64| (usd / cost[0] - 1.0).abs() < 0.01;
    assert!(cost.iter().all(same), "{cost:?}");
}

#[test]
fn ping_collision_long_pings_do_more_harm_than_good() {
    let answer = Answer::of("ping-collision");
    let cold = |policy| answer.one(policy, "cold_start_ratio");
    let collided = |policy| answer.one(policy, "cold_cause_ping_collision");
    assert!(cold("10 pings, hold 75 ms") < cold("do nothing"));
    assert!(cold("10 pings, hold 2 s") > cold("do nothing"));
    assert!(collided("10 pings, hold 2 s") > 10.0 * collided("1 ping, hold 75 ms").max(1.0));
}

/// Each hour more of idleness saves fewer cold starts, and a snapshot saves none of them.
fn keeping_longer_saves_less_and_less(answer: &Answer) {
    let cold = |policy| answer.one(policy, "cold_start_ratio");
    let (minute, ten) = (cold("keep 1 min"), cold("keep 10 min"));
    let (hour, ever) = (cold("keep 1 h"), cold("keep for ever"));
    assert!(minute > ten && ten > hour && hour >= ever && ever > 0.0);
    assert!(minute - ten > 5.0 * (ten - hour), "{minute} {ten} {hour}");
    assert!((cold("keep 10 min, snapshot") / ten - 1.0).abs() < 0.05);
}

#[test]
fn azure_2019_synthetic_keeping_longer_saves_less_and_less() {
    keeping_longer_saves_less_and_less(&Answer::of("azure-2019-synthetic"));
}

#[test]
fn azure_2019_keeping_longer_saves_less_and_less() {
    if !root().join("../shared/data/azure-2019-100").exists() {
        println!("skipped: experiments/azure-2019.toml, its trace is not here");
        return;
    }
    keeping_longer_saves_less_and_less(&Answer::of("azure-2019"));
}
