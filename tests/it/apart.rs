//! Functions simulated apart give the same as all together, to the last bit; and where a limit of
//! the account binds, nobody is fooled.

use frostline::experiment::{CellId, CellResult, Way, run_cell, run_together};
use frostline::model::{Experiment, Plan, Scenario};
use frostline::observe::Binding;
use frostline::sim::Control;

use crate::swarm::Dice;

fn experiment(plan: Plan, seed: u64, replications: u32) -> Experiment {
    Experiment {
        name: "apart".to_owned(),
        question: String::new(),
        seed,
        set: Vec::new(),
        replications,
        scenarios: vec![Scenario {
            policy: "drawn".to_owned(),
            set: Vec::new(),
            plan,
            keep_alive_curve: true,
        }],
    }
}

/// Everything but the way, as text: any bit that differs shows.
fn text(result: &CellResult) -> String {
    serde_json::to_string(&(&result.summary, &result.timeline, &result.keep_alive_curve)).unwrap()
}

const FIRST: CellId = CellId {
    scenario: 0,
    replication: 0,
};

/// Simulates both ways, with and without batches; which way the free choice went.
fn both_ways(plan: &Plan, seed: u64) -> Way {
    let mut way = Way::Asked;
    for replications in [1, 2] {
        let experiment = experiment(plan.clone(), seed, replications);
        let control = Control::default();
        let free = run_cell(&experiment, FIRST, &control).unwrap();
        let together = run_together(&experiment, FIRST, &control).unwrap();
        assert_eq!(text(&free), text(&together), "seed {seed}, {:?}", free.way);
        way = free.way;
    }
    way
}

#[test]
fn any_random_house_gives_the_same_both_ways() {
    let mut ways = [0; 4];
    for seed in 0..400 {
        let plan = Dice::new(seed).plan();
        let place = match both_ways(&plan, seed) {
            Way::Apart => 0,
            Way::Binds(Binding::ConcurrencyQuota) => 1,
            Way::Binds(Binding::RequestsPerSecond) => 2,
            _ => 3,
        };
        ways[place] += 1;
    }
    println!("apart, bound by quota, bound by rate, else: {ways:?}");
    assert!(ways[0] > 50 && ways[1] > 5 && ways[2] > 5, "{ways:?}");
}

/// The least quota under which all together throttle nobody is the least that lets them be apart,
/// or nearly so: the proof errs on the safe side only.
#[test]
fn the_proof_is_safe_and_not_too_careful() {
    let mut needless = 0;
    for seed in 0..40 {
        let mut plan = Dice::new(1000 + seed).plan();
        let mut platform = (*plan.platform).clone();
        platform.requests_per_second = None;
        platform.scaling_rate = None;
        for function in std::sync::Arc::make_mut(&mut plan.functions) {
            function.reserved_concurrency = None;
        }
        for quota in [1, 2, 3, 5, 8, 13, 21, 34, 55] {
            platform.concurrency_quota = Some(quota);
            plan.platform = platform.clone().into();
            if plan.functions.len() < 2 {
                continue;
            }
            let experiment = experiment(plan.clone(), seed, 2);
            let control = Control::default();
            let free = run_cell(&experiment, FIRST, &control).unwrap();
            let together = run_together(&experiment, FIRST, &control).unwrap();
            assert_eq!(text(&free), text(&together), "seed {seed}, quota {quota}");
            platform.concurrency_quota = None;
            plan.platform = platform.clone().into();
            let free_of_limits = crate::apart::experiment(plan.clone(), seed, 2);
            let unlimited = run_together(&free_of_limits, FIRST, &control).unwrap();
            let binds = free.way != Way::Apart;
            needless += u32::from(binds && text(&unlimited) == text(&together));
        }
    }
    // Pings that are refused, and capacity provisioned, may differ by the quota where nothing else
    // does.
    assert!(needless <= 12, "{needless} runs together in vain");
}
