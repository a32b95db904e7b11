//! Workflows: each rule at exact times.

use std::sync::Arc;

use frostline::dist::Dist;
use frostline::ids::FunctionId;
use frostline::metric::{self, MetricId};
use frostline::model::{
    Charge, Process, RatePerSecond, Source, Step, StepKind, StepRetry, Tier, Way, Workflow,
    WorkflowKind, WorkflowRules,
};
use frostline::observe::SummaryResult;
use frostline::sim::WorkflowFate::{Completed, Failed, InFlight, Refused};
use frostline::units::{Memory, Span, Time};

use super::stage::{Record, Stage, constant, secs};

const A: StepKind = StepKind::Call(FunctionId(0));
const B: StepKind = StepKind::Call(FunctionId(1));
const C: StepKind = StepKind::Call(FunctionId(2));

fn rules() -> WorkflowRules {
    WorkflowRules {
        transition: constant(0.1),
        transitions: None,
        executions: None,
        max_duration: None,
    }
}

fn step(kind: StepKind, next: Option<u32>) -> Step {
    Step { kind, next }
}

/// One step after another, from the first on.
fn chain(kinds: impl IntoIterator<Item = StepKind>) -> Vec<Step> {
    let kinds: Vec<StepKind> = kinds.into_iter().collect();
    let count = kinds.len() as u32;
    (1..)
        .zip(kinds)
        .map(|(next, kind)| step(kind, (next < count).then_some(next)))
        .collect()
}

/// Three functions that work for these lengths, and an execution at 1 s.
fn stage(services: [f64; 3], steps: Vec<Step>) -> Stage {
    let mut stage = Stage::new();
    stage.add_function();
    stage.add_function();
    for (function, service) in stage.functions.iter_mut().zip(services) {
        function.service.io = constant(service);
    }
    stage.platform.workflows = [Some(rules()), Some(rules())];
    stage.sources = vec![Source::Workflow(Arc::new(Workflow {
        name: "w".to_owned(),
        kind: WorkflowKind::Standard,
        process: every(10_000.0),
        retry: None,
        memory: Memory::from_mb(64.0),
        steps,
        first: 0,
    }))];
    stage
}

fn every(seconds: f64) -> Process {
    Process::Every {
        interval: secs(seconds),
        offset: Time::from_secs(1.0),
    }
}

fn workflow(stage: &mut Stage) -> &mut Workflow {
    match &mut stage.sources[0] {
        Source::Workflow(workflow) => Arc::make_mut(workflow),
        _ => panic!("no workflow"),
    }
}

fn standard(stage: &mut Stage) -> &mut WorkflowRules {
    stage.platform.workflows[0].as_mut().unwrap()
}

fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}

/// How executions ended, and after how many milliseconds.
fn ends(record: &Record) -> Vec<(frostline::sim::WorkflowFate, i64)> {
    let ends = record.workflows.iter();
    ends.map(|end| (end.fate, millis((end.ended - end.arrived).secs())))
        .collect()
}

fn value(summary: &SummaryResult, id: MetricId) -> f64 {
    summary.values.get(id).unwrap()
}

#[test]
fn a_chain_takes_its_transitions_and_its_calls() {
    let record = stage([1.0, 2.0, 3.0], chain([A, B, C])).play();
    assert_eq!(ends(&record), [(Completed, 6300)]);
    assert_eq!(record.transitions.len(), 3);
    assert_eq!(record.begun(), [1.1, 2.2, 4.3]);
}

#[test]
fn parallel_branches_join_at_the_slowest() {
    // 0: both; 1: after them; 2 alone, 3 and then 4 beside it.
    let steps = vec![
        step(StepKind::Parallel(vec![2, 3]), Some(1)),
        step(A, None),
        step(A, None),
        step(B, Some(4)),
        step(A, None),
    ];
    let record = stage([1.0, 2.0, 0.0], steps).play();
    // 0.1 into it, 0.1 + 2 + 0.1 + 1 in the slower branch, 0.1 + 1 after it.
    assert_eq!(ends(&record), [(Completed, 4400)]);
    assert_eq!(record.transitions.len(), 5);
}

#[test]
fn a_map_has_so_many_items_at_the_same_time_and_no_more() {
    let map = |at_once| {
        let kind = StepKind::Map {
            items: 5,
            at_once,
            first: 1,
        };
        vec![step(kind, None), step(A, None)]
    };
    for (at_once, takes) in [(1, 5600), (2, 3400), (4, 2300), (5, 1200)] {
        let record = stage([1.0, 0.0, 0.0], map(at_once)).play();
        assert_eq!(ends(&record), [(Completed, takes)], "{at_once} at once");
        let busiest = record.busy_path().into_iter().map(|(_, busy)| busy).max();
        assert_eq!(busiest, Some(i64::from(at_once)));
        assert_eq!(record.transitions.len(), 6);
    }
}

/// A map of ten thousand items, one after another, needs no stack.
#[test]
fn a_long_map_and_nested_branches_end() {
    let kind = |first| StepKind::Map {
        items: 10_000,
        at_once: 1,
        first,
    };
    let parallel = StepKind::Parallel(vec![2]);
    let steps = vec![step(kind(1), None), step(parallel, None), step(A, None)];
    let mut stage = stage([0.0; 3], steps);
    standard(&mut stage).transition = Dist::ZERO;
    let record = stage.play();
    assert_eq!(ends(&record), [(Completed, 0)]);
    assert_eq!(record.transitions.len(), 20_001);
}

#[test]
fn a_choice_follows_its_weights_and_is_the_same_under_every_keep_alive() {
    let ways = |weights: [f64; 2]| {
        let way = |weight, first| Way { weight, first };
        let kind = StepKind::Choice(vec![way(weights[0], Some(1)), way(weights[1], Some(2))]);
        vec![
            step(kind, Some(3)),
            step(A, Some(3)),
            step(B, Some(3)),
            step(C, None),
        ]
    };
    let play = |keep| {
        let mut stage = stage([0.01; 3], ways([9.0, 1.0]));
        workflow(&mut stage).process = every(0.1);
        stage.platform.keep_alive = keep;
        stage.functions[0].start.init = constant(0.5);
        let arrived = stage.play().arrived;
        let of = |n| {
            arrived
                .iter()
                .filter(|(_, f, _)| *f == FunctionId(n))
                .count()
        };
        [of(0), of(1), of(2)]
    };
    let [often, seldom, after] = play(frostline::model::KeepAlive::ForEver);
    // 9,990 draws with p = 0.1: a standard deviation of 30.
    assert!((880..1120).contains(&seldom), "{seldom}");
    assert!(often + seldom >= after && after + 20 > often + seldom);
    let never = play(frostline::model::KeepAlive::Never);
    assert_eq!([never[0], never[1]], [often, seldom]);
}

#[test]
fn a_way_without_steps_goes_straight_on() {
    let way = Way {
        weight: 1.0,
        first: None,
    };
    let record = stage([1.0; 3], chain([StepKind::Choice(vec![way])])).play();
    assert_eq!(ends(&record), [(Completed, 100)]);
}

#[test]
fn a_wait_takes_its_time_after_its_transition() {
    let record = stage([1.0; 3], chain([StepKind::Wait(secs(5.0)), A])).play();
    assert_eq!(ends(&record), [(Completed, 6200)]);
}

/// Interval, attempts and back-off rate of the Amazon States Language.
#[test]
fn a_step_that_fails_is_tried_again_and_then_fails_the_execution() {
    let mut stage = stage([1.0; 3], chain([A, B]));
    stage.functions[0].error_rate = 1.0;
    assert_eq!(ends(&stage.play()), [(Failed, 1100)]);
    workflow(&mut stage).retry = Some(StepRetry {
        attempts: 3,
        first: secs(1.0),
        factor: 2.0,
    });
    let record = stage.play();
    // Three tries of 0.1 + 1, waits of 1 and 2 between.
    assert_eq!(ends(&record), [(Failed, 6300)]);
    assert_eq!(record.transitions.len(), 3);
    assert_eq!(
        record.story(),
        "warm:0!failed warm:0!failed warm:0!failed".replacen("warm", "first", 1)
    );
}

#[test]
fn a_throttled_or_timed_out_call_fails_its_step() {
    let mut throttled = stage([1.0; 3], chain([A]));
    throttled.functions[0].reserved_concurrency = Some(0);
    assert_eq!(ends(&throttled.play()), [(Failed, 100)]);
    let mut slow = stage([1.0; 3], chain([A]));
    slow.functions[0].timeout = Some(secs(0.5));
    assert_eq!(ends(&slow.play()), [(Failed, 600)]);
}

#[test]
fn a_branch_that_fails_ends_the_execution_and_the_other_goes_no_further() {
    let steps = vec![
        step(StepKind::Parallel(vec![1, 2]), Some(4)),
        step(A, None),
        step(B, Some(3)),
        step(C, None),
        step(C, None),
    ];
    let mut stage = stage([1.0, 5.0, 1.0], steps);
    stage.functions[0].error_rate = 1.0;
    let record = stage.play();
    assert_eq!(ends(&record), [(Failed, 1200)]);
    // The call of the other branch ran to its end, and nothing came after it.
    assert_eq!(record.ends.len(), 2);
    assert_eq!(record.ended(), [2.2, 6.2]);
}

#[test]
fn transitions_beyond_the_rate_wait_and_starts_beyond_it_are_refused() {
    let one = Some(RatePerSecond { rate: 1, burst: 1 });
    let mut slow = stage([0.0; 3], chain([A, B, C]));
    standard(&mut slow).transitions = one;
    standard(&mut slow).transition = Dist::ZERO;
    let record = slow.play();
    assert_eq!(record.begun(), [1.0, 2.0, 3.0]);
    assert_eq!(ends(&record), [(Completed, 2000)]);
    let mut many = stage([0.0; 3], chain([A]));
    standard(&mut many).executions = one;
    workflow(&mut many).process = every(0.5);
    many.duration = secs(3.0);
    let (summary, record) = many.measure(1);
    let refused = record.workflows.iter().filter(|end| end.fate == Refused);
    assert_eq!(refused.count(), 2);
    assert_eq!(value(&summary, metric::WORKFLOWS), 4.0);
    assert_eq!(value(&summary, metric::WORKFLOWS_COMPLETED), 2.0);
    assert_eq!(value(&summary, metric::WORKFLOWS_REFUSED), 2.0);
}

/// Express workflows end after five minutes (docs.aws.amazon.com, step-functions, 2026).
#[test]
fn an_execution_that_takes_too_long_fails_then() {
    let mut stage = stage([400.0; 3], chain([A, B]));
    standard(&mut stage).max_duration = Some(secs(300.0));
    let record = stage.play();
    assert_eq!(ends(&record), [(Failed, 300_000)]);
    assert_eq!(record.ends.len(), 1);
    // It is so where the run ends before its call does.
    stage.duration = secs(350.0);
    assert_eq!(ends(&stage.play()), [(Failed, 300_000)]);
    stage.duration = secs(300.0);
    assert_eq!(ends(&stage.play()), [(InFlight, 299_000)]);
}

/// A chain of n cold functions takes the sum of n starts, side by side the longest.
#[test]
fn cold_starts_add_up_through_a_chain_and_not_side_by_side() {
    let starts = |stage: &mut Stage| {
        for (function, init) in stage.functions.iter_mut().zip([1.0, 2.0, 4.0]) {
            function.start.init = constant(init);
        }
    };
    let mut one_by_one = stage([0.0; 3], chain([A, B, C]));
    starts(&mut one_by_one);
    let (summary, record) = one_by_one.measure(1);
    assert_eq!(ends(&record), [(Completed, 7300)]);
    assert_eq!(record.workflows[0].cold_starts, 3);
    assert_eq!(value(&summary, metric::WORKFLOW_COLD_STARTS_MEAN), 3.0);
    assert_eq!(value(&summary, metric::WORKFLOW_COLD_RATIO), 1.0);
    assert_eq!(value(&summary, metric::WORKFLOW_LATENCY_MS_MAX), 7300.0);
    let mut side_by_side = stage(
        [0.0; 3],
        vec![
            step(StepKind::Parallel(vec![1, 2, 3]), None),
            step(A, None),
            step(B, None),
            step(C, None),
        ],
    );
    starts(&mut side_by_side);
    let record = side_by_side.play();
    assert_eq!(ends(&record), [(Completed, 4200)]);
    assert_eq!(record.workflows[0].cold_starts, 3);
}

/// 0.025 USD a thousand transitions, retries included; 1 USD a million executions and
/// 0.00001667 USD a GB-s in steps of 64 MB and 100 ms (aws.amazon.com/step-functions/pricing).
#[test]
fn a_bill_is_that_of_transitions_or_of_executions_and_their_length() {
    let flat = |price| Charge {
        tiers: vec![Tier { price, up_to: None }],
        free: 0.0,
    };
    let mut stage = stage([0.0; 3], chain([A, B]));
    workflow(&mut stage).process = every(1.0);
    let mut prices = crate::swarm::Dice::new(1).prices();
    prices.services.transition = flat(2.5e-5);
    prices.services.express_request = flat(1e-6);
    prices.services.express_gb_s = flat(1.667e-5);
    prices.services.express_memory_step = Some(Memory::from_mb(64.0));
    prices.services.express_step = Span::from_millis(100.0);
    stage.platform.prices = Some(prices);
    stage.duration = secs(500.5);
    let (summary, _) = stage.measure(1);
    assert_eq!(value(&summary, metric::TRANSITIONS), 1000.0);
    let usd = value(&summary, metric::COST_USD_WORKFLOW);
    assert!((usd - 0.025).abs() < 1e-12, "{usd}");
    workflow(&mut stage).kind = WorkflowKind::Express;
    workflow(&mut stage).memory = Memory::from_mb(65.0);
    // 500 executions of 0.2 s with two chunks; of 0.21 s they are charged for 0.3 s.
    for (service, charged) in [(0.0, 0.2), (0.01, 0.3)] {
        stage.functions[0].service.io = constant(service);
        let (summary, _) = stage.measure(4);
        let usd = value(&summary, metric::COST_USD_WORKFLOW);
        let expected = 500.0 * (1e-6 + charged * 0.125 * 1.667e-5);
        assert!((usd / expected - 1.0).abs() < 1e-9, "{usd} {expected}");
    }
}

#[test]
fn only_executions_of_the_measured_time_count() {
    let mut stage = stage([1.0; 3], chain([A]));
    workflow(&mut stage).process = every(10.0);
    stage.warm_up = secs(100.0);
    stage.duration = secs(100.0);
    let (summary, _) = stage.measure(3);
    assert_eq!(value(&summary, metric::WORKFLOWS), 10.0);
    assert_eq!(value(&summary, metric::TRANSITIONS), 10.0);
    assert_eq!(value(&summary, metric::WORKFLOW_COLD_RATIO), 0.0);
    assert_eq!(summary.functions[0].values.get(metric::WORKFLOWS), None);
}
