//! The shipped plans.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::root;

/// What `frostline plan` answers to `experiments/NAME.toml`.
fn planned(name: &str) -> Value {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("shipped")
        .join(name);
    let output = Command::new(env!("CARGO_BIN_EXE_frostline"))
        .current_dir(root())
        .arg("plan")
        .arg(format!("experiments/{name}.toml"))
        .args([
            "--replications",
            "4",
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
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Cost of the best of a kind in a plan, where it meets the goals.
fn cost_of(plan: &Value, kind: &str) -> Option<f64> {
    let mut kinds = plan["kinds"].as_array().unwrap().iter();
    let of = kinds.find(|of| of["kind"] == kind).unwrap();
    let met = of["goals"] == "met";
    met.then(|| of["best"]["cost_usd_per_month"]["mean"].as_f64().unwrap())
}

#[test]
fn plan_checkout_a_ping_is_enough_and_a_restore_takes_too_long() {
    let plan = planned("plan-checkout");
    assert_eq!(plan["winner"]["kind"], "ping");
    assert_eq!(plan["winner"]["verdict"], "met");
    assert_eq!(cost_of(&plan, "snapshot"), None);
    assert!(cost_of(&plan, "provisioned").unwrap() > 2.0 * cost_of(&plan, "ping").unwrap());
}

#[test]
fn plan_functions_each_gets_the_pings_that_its_goal_needs() {
    let plan = planned("plan-functions");
    let winner = &plan["winner"];
    let remedies = winner["configuration"]["remedies"].as_array().unwrap();
    let pings = |function: &str| {
        let of = |remedy: &&Value| remedy["functions"][0] == function;
        let remedy = remedies.iter().find(of);
        remedy.map_or(0, |remedy| {
            remedy["remedy"]["ping"]["instances"].as_u64().unwrap()
        })
    };
    assert_eq!(pings("search"), 0, "{winner}");
    assert!(pings("login") >= 1, "{winner}");
    assert!(pings("reports") >= 3, "{winner}");
}

#[test]
fn plan_schedule_by_the_clock_costs_less_than_the_best_constant_and_than_by_load() {
    let plan = planned("plan-schedule");
    assert_eq!(plan["winner"]["kind"], "provisioned by the clock");
    let clock = cost_of(&plan, "provisioned by the clock").unwrap();
    for kind in ["provisioned", "provisioned by load"] {
        let other = cost_of(&plan, kind);
        assert!(
            other.is_none_or(|other| other > 1.2 * clock),
            "{kind}: {other:?}"
        );
    }
}
