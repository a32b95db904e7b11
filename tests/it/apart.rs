//! Functions simulated apart give the same as all together, to the last bit; and where a limit of
//! the account binds, nobody is fooled.

use std::fmt::Write;
use std::path::Path;

use frostline::config::{Overrides, load};
use frostline::dist::Dist;
use frostline::experiment::{CellId, CellResult, Way, run_cell, run_together};
use frostline::ids::FunctionId;
use frostline::metric::REQUESTS;
use frostline::model::{Burst, Experiment, Plan, Process, Scenario, Source};
use frostline::observe::Binding;
use frostline::sim::Control;
use frostline::units::{Span, Time};
use frostline::validate::lab;

use crate::swarm::Dice;

fn experiment(plan: Plan, seed: u64, replications: u32) -> Experiment {
    Experiment {
        name: "apart".to_owned(),
        question: String::new(),
        seed,
        set: Vec::new(),
        replications,
        slo: Vec::new(),
        assertions: Vec::new(),
        scenarios: vec![Scenario {
            policy: "drawn".to_owned(),
            set: Vec::new(),
            plan,
            keep_alive_curve: true,
            claimed_concurrency: false,
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
        assert!(
            text(&free) == text(&together),
            "seed {seed}, {:?}",
            free.way
        );
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

/// The same with events, queues and streams, crashes, resets and deployments.
#[test]
fn any_furnished_house_gives_the_same_both_ways() {
    let mut ways = [0; 2];
    for seed in 0..400 {
        let plan = Dice::new(seed).house_apart();
        let apart = both_ways(&plan, seed) == Way::Apart;
        ways[usize::from(apart)] += 1;
    }
    println!("together, apart: {ways:?}");
    assert!(ways[1] > 50, "{ways:?}");
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
            function.account = 0;
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
            // Workflows always go together, whatever binds.
            let binds = !matches!(free.way, Way::Apart | Way::Workflows);
            needless += u32::from(binds && text(&unlimited) == text(&together));
        }
    }
    // Pings that are refused, and capacity provisioned, may differ by the quota where nothing else
    // does.
    assert!(needless <= 12, "{needless} runs together in vain");
}

/// An experiment out of a file with the rows of many functions, and what else it says.
fn of_rows(name: &str, rows: &str, more: &str) -> Experiment {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("calls.csv"), rows).unwrap();
    let text = format!(
        "platform = \"aws-lambda\"\nduration = \"1 h\"\nkeep-alive-curve = true\n\
         workload = {{ requests = {{ file = \"calls.csv\" }} }}\n\
         defaults = {{ model = \"python-api\" }}\n{more}"
    );
    let file = dir.join("experiment.toml");
    std::fs::write(&file, text).unwrap();
    load(&file, &Overrides::default()).unwrap()
}

/// Rows of 30 functions, some without a recorded time, many at the same instant, and more within a
/// second than a window of time is to hold.
fn rows() -> String {
    let mut dice = Dice::new(7);
    let mut instants: Vec<u32> = (0..20_000).map(|_| dice.below(3_600_000)).collect();
    instants.extend((0..300_000).map(|_| 1_800_000 + dice.below(1000)));
    instants.sort_unstable();
    let mut rows = "arrival_s,service_ms,function\n".to_owned();
    for at in instants {
        let service = match dice.below(4) {
            0 => String::new(),
            _ => dice.below(90).to_string(),
        };
        let function = dice.below(30);
        let at = f64::from(at) / 1e3;
        writeln!(rows, "{at},{service},f{function}").unwrap();
    }
    rows
}

#[test]
fn a_file_with_the_rows_of_many_functions_is_dealt_out() {
    let no_limits = "platform-override = { concurrency-quota = \"none\", \
                     requests-per-second = \"none\" }\n";
    let both = |more: &str| {
        let experiment = of_rows("dealt-out", &rows(), more);
        let control = Control::default();
        let free = run_cell(&experiment, FIRST, &control).unwrap();
        let together = run_together(&experiment, FIRST, &control).unwrap();
        assert_eq!(text(&free), text(&together));
        (free.way, free.summary.values.get(REQUESTS))
    };
    assert_eq!(both(no_limits), (Way::Apart, Some(320_000.0)));
    let two = format!("{no_limits}replications = 2\n");
    assert_eq!(both(&two).0, Way::Apart);
    // Copies are drawn function by function: half as many again, and some of them once more.
    let launch = "traffic = 1.5\nsurge = [{ start = \"10 min\", duration = \"20 min\", \
                  times = 2, functions = [\"f1*\"] }]\n";
    let (way, requests) = both(&format!("{no_limits}{launch}"));
    assert_eq!(way, Way::Apart);
    assert!(
        requests.is_some_and(|n| n > 480_000.0 && n < 485_000.0),
        "{requests:?}"
    );
    assert!(matches!(both("").0, Way::Binds(_)));
}

#[test]
fn a_function_with_rows_and_another_source_goes_together() {
    let rows = "arrival_s,function\n1,f0\n2,f1\n3,f0\n";
    let mut experiment = of_rows("dealt-and-drawn", rows, "");
    let way = |experiment: &Experiment| {
        let result = run_cell(experiment, FIRST, &Control::default()).unwrap();
        (result.way, result.summary.values.get(REQUESTS))
    };
    assert_eq!(way(&experiment), (Way::Apart, Some(3.0)));
    let other = Source::Process {
        function: FunctionId(1),
        process: Process::Every {
            interval: Span::from_whole_secs(60),
            offset: Time::ZERO,
        },
    };
    let sources = &mut experiment.scenarios[0].plan.sources;
    *sources = sources.iter().cloned().chain([other]).collect();
    assert_eq!(way(&experiment), (Way::OneFile, Some(63.0)));
}

/// The other function must not be ahead in what is put together.
#[test]
fn a_function_with_more_in_a_window_than_it_is_given_time_for_comes_later() {
    let every = |function, millis| Source::Process {
        function: FunctionId(function),
        process: Process::Every {
            interval: Span::from_millis(millis),
            offset: Time::ZERO,
        },
    };
    let burst = Source::Process {
        function: FunctionId(0),
        process: Process::Burst(Burst {
            at: Time::from_secs(20.0),
            requests: 1_300_000,
            over: Span::from_whole_secs(4),
            every: None,
            times: None,
        }),
    };
    let service = Dist::constant(Span::from_nanos(1000));
    let mut slow = lab::bare_function("slow", Dist::constant(Span::from_millis(30.0)));
    slow.start.init = Dist::constant(Span::from_millis(500.0));
    let plan = Plan {
        platform: lab::bare_platform().into(),
        functions: vec![lab::bare_function("burst", service), slow].into(),
        sources: vec![burst, every(0, 700.0), every(1, 10.0)].into(),
        traffic: frostline::model::Traffic::default(),
        remedies: Vec::new(),
        warm_up: Span::ZERO,
        duration: Span::from_whole_secs(60),
    };
    // Without timeline and batches, which would cut windows short.
    let second = CellId {
        scenario: 0,
        replication: 1,
    };
    let experiment = experiment(plan, 1, 2);
    let free = run_cell(&experiment, second, &Control::default()).unwrap();
    let together = run_together(&experiment, second, &Control::default()).unwrap();
    assert_eq!(free.way, Way::Apart);
    assert_eq!(text(&free), text(&together));
}

/// Attempts that come close to the quota on attempts, but keep to it, are not refused a proof.
#[test]
fn the_proof_of_the_quota_on_attempts_is_not_too_careful() {
    let every = |function| Source::Process {
        function: FunctionId(function),
        process: Process::Every {
            interval: Span::from_millis(800.0),
            offset: Time::from_nanos(u64::from(function) * 400_000_000),
        },
    };
    let way = |quota| {
        let mut platform = lab::bare_platform();
        platform.requests_per_second = Some(quota);
        let service = Dist::constant(Span::from_millis(10.0));
        let plan = Plan {
            platform: platform.into(),
            functions: (0..2)
                .map(|n| lab::bare_function(&format!("f{n}"), service.clone()))
                .collect(),
            sources: (0..2).map(every).collect(),
            traffic: frostline::model::Traffic::default(),
            remedies: Vec::new(),
            warm_up: Span::ZERO,
            duration: Span::from_whole_secs(600),
        };
        both_ways(&plan, 1)
    };
    assert_eq!(way(3), Way::Apart);
    assert_eq!(way(2), Way::Binds(Binding::RequestsPerSecond));
}

/// A file that is damaged after it was looked through.
#[test]
fn a_file_damaged_before_it_is_dealt_out_fails_the_run_as_it_does_together() {
    let rows = "arrival_s,function\n1,f0\n2,f1\n3,f0\n";
    let experiment = of_rows("dealt-damaged", rows, "");
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dealt-damaged");
    std::fs::write(dir.join("calls.csv"), rows.replace("3,f0", "x,f0")).unwrap();
    let control = Control::default();
    let apart = run_cell(&experiment, FIRST, &control).unwrap_err();
    let together = run_together(&experiment, FIRST, &control).unwrap_err();
    let [apart, together] = [apart, together].map(|failure| format!("{failure:?}"));
    assert_eq!(apart, together);
    assert!(apart.contains("calls.csv"), "{apart}");
}
