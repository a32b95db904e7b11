//! The shipped experiments: each gives the answer that it is there for.

#![expect(clippy::float_cmp, reason = "counts are whole")]

mod plans;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use frostline::theory::queues::erlang_b;
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

    /// A measure of one function in the only scenario of a policy.
    fn of_one_function(&self, policy: &str, name: &str, metric: &str) -> f64 {
        let scenarios = self.0["scenarios"].as_array().unwrap();
        let scenario = scenarios
            .iter()
            .find(|scenario| scenario["policy"] == policy);
        let functions = scenario.unwrap()["functions"].as_array().unwrap();
        let function = functions.iter().find(|function| function["name"] == name);
        function.unwrap()["metrics"][metric]["mean"]
            .as_f64()
            .unwrap()
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
        "chain-or-events",
        "database-connections",
        "deploy-at-peak",
        "init-in-or-out",
        "keep-alive-curve",
        "keep-connections",
        "latency-gate",
        "launch-day",
        "memory",
        "mobile-backend",
        "one-large-or-many-small",
        "ping-collision",
        "plan-checkout",
        "plan-functions",
        "plan-schedule",
        "poison-queue",
        "power-tuning",
        "provisioned-schedule",
        "quickstart",
        "scaling-eras",
        "sequential-pings",
        "six-languages",
        "snapstart",
        "stream-processing",
        "web-application",
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

/// What is refused is what the formula of Erlang says of each minute by itself.
#[test]
fn launch_day_a_quota_that_was_always_enough_refuses_a_twelfth_of_all_requests() {
    let rates = [
        0.4, 0.2, 0.2, 0.2, 0.2, 0.4, 1.0, 2.0, 3.0, 4.0, 4.0, 4.0, 3.0, 3.0, 3.0, 3.0, 3.0, 4.0,
        5.0, 5.0, 4.0, 3.0, 2.0, 1.0,
    ];
    let answer = Answer::of("launch-day");
    let policy = "platform as it is";
    let rejected = answer.all(policy, "rejected");
    let busy_s = answer.all(policy, "service_ms_mean")[0] / 1e3;
    let refused = |traffic: f64, quota: u32| -> f64 {
        let of_minute = |minute: u32| {
            let hour = (f64::from(minute) + 0.5) / 60.0;
            let height = (hour - 8.0).min(14.0 - hour) / 0.5;
            let surge = 1.0 + 4.0 * height.clamp(0.0, 1.0);
            let rate = rates[(minute / 60 % 24) as usize] * traffic * surge;
            60.0 * rate * erlang_b(quota, rate * busy_s)
        };
        (0..2 * 24 * 60).map(of_minute).sum()
    };
    let theory = [
        refused(1.0, 10),
        refused(1.0, 20),
        refused(1.0, 40),
        refused(2.0, 10),
        refused(2.0, 20),
        refused(2.0, 40),
    ];
    for (found, theory) in rejected.iter().zip(theory) {
        let error = 0.03 * theory + 6.0 * theory.sqrt();
        assert!(
            (found - theory).abs() <= error + 1.0,
            "{rejected:?} {theory}"
        );
    }
    let share = rejected[0] / answer.all(policy, "requests")[0];
    assert!((share - 1.0 / 12.0).abs() < 0.005, "{share}");
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
fn chain_or_events_a_chain_is_cold_at_each_step_and_its_client_waits_for_all() {
    let answer = Answer::of("chain-or-events");
    let (nothing, ping) = ("do nothing", "ping every 5 min");
    // Rare orders are cold from the first step to the last, or at none.
    let cold = answer.one(nothing, "workflow_cold_ratio");
    assert!((0.4..0.6).contains(&cold), "{cold}");
    let each = answer.one(nothing, "workflow_cold_starts_mean") / cold;
    assert!(each > 3.9, "{each}");
    let of_chain = answer.one(nothing, "workflow_latency_ms_mean");
    let of_first = answer.of_one_function(nothing, "events-validate", "latency_ms_mean");
    assert!(of_chain > 3.5 * of_first, "{of_chain} {of_first}");
    assert!(of_chain > 5.0 * answer.one(ping, "workflow_latency_ms_p50"));
    // Four transitions an order cost more than its four calls.
    let charged = answer.one(ping, "transitions") * 2.5e-5;
    assert!((answer.one(ping, "cost_usd_workflow") - charged).abs() < 1e-9);
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

#[test]
fn init_in_or_out_the_handler_has_less_cpu_and_no_snapshot() {
    let answer = Answer::of("init-in-or-out");
    // At init with 512 and 1769 MB, then in the handler.
    let told = answer.all("do nothing", "latency_ms_p99");
    let [init, init_whole, handler, handler_whole] = told[..] else {
        panic!("{told:?}")
    };
    // 631 ms at one vCPU are 2180 with 512 MB, against 612 of init.
    assert!(handler - init > 1400.0, "{init} {handler}");
    assert!((handler_whole / init_whole - 1.0).abs() < 0.05);
    let told = answer.all("snapshot after init", "latency_ms_p99");
    let [restored, restored_whole, in_handler, in_handler_whole] = told[..] else {
        panic!("{told:?}")
    };
    assert!(restored < init && restored_whole < init_whole);
    assert!(in_handler > 3.0 * restored && in_handler_whole > 1.5 * restored_whole);
}

#[test]
fn power_tuning_the_measured_curve_is_met_and_the_cheapest_memory_is_not_the_fastest() {
    let answer = Answer::of("power-tuning");
    let service = answer.all("do nothing", "service_ms_mean");
    let measured = [5800.0, 2850.0, 1420.0, f64::NAN, 730.0, 510.0, 440.0, 410.0];
    for (found, measured) in service.iter().zip(measured) {
        assert!(measured.is_nan() || (found / measured - 1.0).abs() < 1e-6);
    }
    // Between 512 and 1024 MB, where their geometric mean would be at 724 MB.
    let share = (768.0_f64 / 512.0).ln() / 2.0_f64.ln();
    let between = 1420.0 * (730.0_f64 / 1420.0).powf(share);
    assert!((service[3] / between - 1.0).abs() < 1e-6, "{}", service[3]);
    let cost = answer.all("do nothing", "cost_usd_per_month");
    let p99 = answer.all("do nothing", "latency_ms_p99");
    let cheapest = (0..8).min_by(|a, b| cost[*a].total_cmp(&cost[*b])).unwrap();
    assert!(cheapest == 1 || cheapest == 2, "{cost:?}");
    // 1 GB is the first that answers within a second, for a few percent more.
    let within = p99.iter().position(|ms| *ms < 1000.0).unwrap();
    assert!(
        within == 4 && cost[within] < 1.05 * cost[cheapest],
        "{p99:?} {cost:?}"
    );
    assert!(cost[7] > 1.5 * cost[cheapest]);
}

#[test]
fn six_languages_the_language_is_half_a_second_and_a_ping_takes_it_away() {
    let answer = Answer::of("six-languages");
    let p50 = answer.all("do nothing", "latency_ms_p50");
    // Rust, Go, Python, Node.js, Java, .NET.
    assert!(p50.is_sorted() && p50[5] > 4.0 * p50[0], "{p50:?}");
    assert!(answer.all("do nothing", "cold_start_ratio")[0] > 0.85);
    let warm = answer.all("ping every 5 min", "latency_ms_p50");
    assert!(warm.iter().all(|ms| *ms < 3.0), "{warm:?}");
}

#[test]
fn one_large_function_is_seldom_cold_and_long_and_many_small_ones_often_and_short() {
    let answer = Answer::of("one-large-or-many-small");
    let of = |name: &str, metric: &str| answer.of_one_function("do nothing", name, metric);
    let small = |metric: &str| {
        (1..=6)
            .map(|n| of(&format!("small-{n}"), metric))
            .sum::<f64>()
            / 6.0
    };
    // At 60 an hour a pause of 640 s has a probability of e^-10.7; at 10 an hour of e^-1.8 = 17 %.
    assert!(of("large", "cold_start_ratio") < 0.02);
    assert!((0.1..0.25).contains(&small("cold_start_ratio")));
    // A cold start of the large one takes longer: 1 s of package and 0.8 of init.
    let longest = |start: f64, cold: f64| start / cold;
    let large = longest(
        of("large", "start_ms_mean"),
        of("large", "cold_start_ratio"),
    );
    let each = longest(small("start_ms_mean"), small("cold_start_ratio"));
    assert!(large > 2.5 * each, "{large} {each}");
    // Still all requests together wait less for it.
    assert!(of("large", "start_ms_mean") < 0.7 * small("start_ms_mean"));
}

#[test]
fn provisioned_schedule_the_clock_buys_for_a_third_what_the_load_cannot() {
    let answer = Answer::of("provisioned-schedule");
    let p99 = |policy| answer.one(policy, "latency_ms_p99");
    let cold = |policy| answer.one(policy, "cold_start_ratio");
    let cost = |policy| answer.one(policy, "cost_usd_per_month");
    // The same latency in the same waves; 50 of 168 hours.
    assert!((p99("by the clock") / p99("always 15") - 1.0).abs() < 0.05);
    assert!(cost("by the clock") < 0.31 * cost("always 15"));
    for by_load in ["by load, average", "by load, maximum"] {
        assert!(cold(by_load) > 0.7 * cold("do nothing"));
    }
    assert!(cost("by the clock, each wave") < 0.4 * cost("by the clock"));
    assert!(cold("by the clock, each wave") > 2.0 * cold("by the clock"));
    // 15 GB for a week, in US dollars.
    let capacity = 15.0 * 7.0 * 86_400.0 * 0.000_004_166_7;
    let off = answer.one("always 15", "cost_usd_provisioned") - capacity;
    assert!(off.abs() < 1e-3, "{off}");
}

#[test]
fn snapstart_halves_javas_worst_for_nothing_and_costs_python_fifty_times_the_bill() {
    let answer = Answer::of("snapstart");
    let of = |policy, metric| {
        let values = answer.all(policy, metric);
        (values[0], values[1])
    };
    let (java, python) = of("do nothing", "latency_ms_p99");
    let (java_restored, python_restored) = of("snapshot", "latency_ms_p99");
    let (java_called, _) = of("snapshot, warm-up call", "latency_ms_p99");
    assert!(java_restored < 0.6 * java && python_restored > 0.7 * python);
    // What is left is mostly the first call.
    assert!(java_called < 0.4 * java_restored);
    let (java_bill, python_bill) = of("snapshot", "cost_usd_total");
    let (java_before, python_before) = of("do nothing", "cost_usd_total");
    assert!(java_bill < java_before && python_bill > 40.0 * python_before);
    // 1 GB for three days, each version, and each restore (us-east-1, 2026).
    for (policy, versions) in [("snapshot", 1.0), ("snapshot, 10 versions", 10.0)] {
        let (_, restores) = of(policy, "restores");
        let charge = versions * 259_200.0 * 0.000_001_504_6 + restores * 0.000_139_799_8;
        let (free, paid) = of(policy, "cost_usd_snapshot");
        assert!(
            free == 0.0 && (paid - charge).abs() < 1e-9,
            "{policy}: {paid} {charge}"
        );
    }
}

/// The only policy of experiments that sweep keys of functions or of the platform.
const AS_IT_IS: &str = "platform as it is";

#[test]
fn web_application_the_gateway_is_most_of_the_bill_and_instances_hold_the_connections() {
    let answer = Answer::of("web-application");
    let told = |metric| answer.all(AS_IT_IS, metric);
    let (gateway, all) = (told("cost_usd_gateway"), told("cost_usd_total"));
    assert!(gateway[0] > 0.9 * all[0], "{gateway:?} of {all:?}");
    assert!((gateway[0] / gateway[1] - 3.5).abs() < 1e-9, "{gateway:?}");
    let (held, busy) = (told("connections_mean"), told("busy_mean"));
    assert!(held[0] > 10.0 * busy[0], "{held:?} {busy:?}");
    assert!(told("connections_peak")[0] <= told("instances_peak")[0]);
}

#[test]
fn mobile_backend_only_who_waits_hears_of_failures() {
    let answer = Answer::of("mobile-backend");
    let told = |function, metric| answer.of_function(function, metric)[0];
    let of_api = told("api", "failed") / told("api", "requests");
    assert!((of_api - 0.02).abs() < 0.002, "{of_api}");
    // 0.02³ of 17,000 events.
    assert!(told("resize", "failed") <= 3.0);
    assert!(told("resize", "retries") > 200.0);
    assert!(told("resize", "latency_ms_p99") > 60_000.0);
    assert_eq!(told("notify", "messages_given_up"), 0.0);
    assert!(told("notify", "failed") > 1000.0);
}

#[test]
fn stream_processing_a_limit_on_retries_unblocks_and_bisecting_saves_the_good_records() {
    let answer = Answer::of("stream-processing");
    let told = |metric| answer.all(AS_IT_IS, metric);
    let (all, waiting) = (told("messages"), told("messages_waiting"));
    assert!(waiting[0] > 0.95 * all[0], "{waiting:?} of {all:?}");
    assert!(waiting[1..].iter().all(|waiting| *waiting < 200.0));
    let given_up = told("messages_given_up");
    assert!(given_up[1] > 10.0 * given_up[2], "{given_up:?}");
    let poison = given_up[2] / all[2];
    assert!((poison - 0.0005).abs() < 0.0001, "{poison}");
    let scenarios = answer.0["scenarios"].as_array().unwrap().iter();
    let p99: Vec<_> = scenarios
        .map(|scenario| scenario["metrics"]["message_latency_ms_p99"]["mean"].as_f64())
        .collect();
    assert!(p99[1] > Some(1200.0) && p99[2] > Some(4000.0), "{p99:?}");
    assert!(p99[3] < Some(1500.0) && p99[4] < Some(1500.0), "{p99:?}");
}

#[test]
fn sequential_pings_keep_one_instance_however_many_they_are() {
    let answer = Answer::of("sequential-pings");
    let cold = |policy| answer.one(policy, "cold_start_ratio");
    let one = cold("1 ping");
    assert!(one < cold("do nothing"));
    for like_one in ["10 pings one after another", "10 pings at once, no hold"] {
        assert!((cold(like_one) / one - 1.0).abs() < 0.1, "{like_one}");
    }
    assert!(cold("10 pings at once, hold 75 ms") < 0.1 * one);
}

#[test]
fn deploy_at_peak_costs_as_many_cold_starts_as_are_busy_then() {
    let answer = Answer::of("deploy-at-peak");
    let cold = answer.all("do nothing", "cold_starts");
    let (at_night, at_peak) = (cold[1] - cold[0], cold[2] - cold[0]);
    assert!(at_peak > 70.0, "seven deployments: {cold:?}");
    assert!(at_night < 0.3 * at_peak, "{cold:?}");
    let provisioned = answer.all("provisioned 8", "cold_starts");
    // First calls of the new version keep instances busy for longer, so a few more spill over.
    assert!(provisioned[2] - provisioned[0] < 0.2 * at_peak);
    assert_eq!(provisioned[1], provisioned[0]);
}

#[test]
fn database_connections_that_are_held_for_life_are_not_there_for_others() {
    let answer = Answer::of("database-connections");
    let told = |metric| answer.all(AS_IT_IS, metric);
    // Two by two: without and with a cap.
    let (all, failed) = (told("requests"), told("failed"));
    for held_for_life in [0, 2, 6, 8] {
        assert!(failed[held_for_life] > 0.7 * all[held_for_life]);
    }
    assert!(failed[4] > 0.05 * all[4] && failed[4] < 0.2 * all[4]);
    assert_eq!(failed[10], 0.0, "opened in every call, with further tries");
    let refused = told("connections_refused");
    let rejected = told("rejected");
    for capped in (1..12).step_by(2) {
        assert_eq!(refused[capped], 0.0);
        assert!(rejected[capped] < 0.03 * all[capped], "{rejected:?}");
    }
    let peaks = told("connections_peak");
    assert!(peaks.iter().all(|peak| *peak == 100.0), "{peaks:?}");
}

#[test]
fn keep_connections_kept_ones_are_faster_and_many_more() {
    let answer = Answer::of("keep-connections");
    let told = |metric| answer.all(AS_IT_IS, metric);
    let (p50, held) = (told("latency_ms_p50"), told("connections_mean"));
    assert!(p50[2] - p50[0] > 50.0, "{p50:?}");
    assert_eq!(p50[0], p50[1]);
    assert!(held[0] > 5.0 * held[2] && held[1] > 5.0 * held[2]);
    let usd = told("cost_usd_total");
    assert!(usd[2] > 1.5 * usd[0], "{usd:?}");
}

#[test]
fn poison_queue_all_or_none_makes_good_messages_wait_for_a_bad_one() {
    let answer = Answer::of("poison-queue");
    let told = |metric| answer.all(AS_IT_IS, metric);
    let p95 = told("message_latency_ms_p95");
    assert!(p95[0] > 180_000.0, "{p95:?}");
    assert!(p95[1] < 10_000.0 && p95[2] < 1000.0, "{p95:?}");
    // One in 200 of five a second for twelve hours, and with all or none some good ones.
    let given_up = told("messages_given_up");
    let poison = 0.005 * 5.0 * 43_200.0;
    assert!((given_up[1] / poison - 1.0).abs() < 0.1, "{given_up:?}");
    assert!((given_up[2] / poison - 1.0).abs() < 0.1, "{given_up:?}");
    assert!(given_up[0] > given_up[1], "{given_up:?}");
    let usd = told("cost_usd_queue");
    assert!(usd[2] > 2.0 * usd[1], "{usd:?}");
}

#[test]
fn latency_gate_every_promise_is_kept() {
    let answer = Answer::of("latency-gate");
    let promises = answer.0["assertions"].as_array().unwrap();
    assert_eq!(promises.len(), 5);
    for promise in promises {
        assert_eq!(promise["standing"], "met", "{promise}");
    }
}
