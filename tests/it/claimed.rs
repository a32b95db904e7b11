//! Claimed concurrency: what is told of each account, exactly and in random houses.

#![expect(
    clippy::float_cmp,
    reason = "counts, and prices as they stand in the lists"
)]

use frostline::config::load_text;
use frostline::experiment::{CellId, Way, run_cell};
use frostline::metric::{CLAIMED_CONCURRENCY_MEAN, CLAIMED_CONCURRENCY_PEAK};
use frostline::model::{AccountLimits, Provisioned, RemedyKind};
use frostline::observe::{ClaimedLine, ClaimedTap, Summary, SummaryResult};
use frostline::sim::Control;
use frostline::units::Time;
use frostline::validate::lab;

use crate::sim::stage::{Record, Stage, secs};
use crate::swarm::Dice;

/// The measures of a play with so many batches, and what accounts claimed over ten steps.
fn measured(stage: &Stage, batches: u32) -> (SummaryResult, Vec<ClaimedLine>) {
    let plan = stage.plan();
    let mut observers = (
        Summary::new(&plan, batches),
        ClaimedTap::new(&plan, batches, 10),
    );
    stage.run(&plan, &mut observers);
    let mut summary = observers.0.into_result().unwrap().unwrap();
    let lines = observers.1.finish(&mut summary);
    (summary, lines)
}

fn mean_and_peak(summary: &SummaryResult) -> (f64, f64) {
    let value = |metric| summary.values.get(metric).unwrap();
    (
        value(CLAIMED_CONCURRENCY_MEAN),
        value(CLAIMED_CONCURRENCY_PEAK),
    )
}

/// docs.aws.amazon.com, lambda-concurrency, 2026: unreserved requests in flight, all reserved, all
/// provisioned that is not reserved already.
#[test]
fn claimed_is_what_runs_unreserved_what_is_reserved_and_what_is_provisioned_besides() {
    let mut stage = Stage::new();
    stage.duration = secs(100.0);
    stage.start_takes(2.0);
    stage.platform.concurrency_quota = Some(50);
    // 8 s of run and 2 s of start; 10 s at the same time as another.
    stage.calls(&[(0.0, 8.0), (20.0, 8.0), (22.0, 8.0)]);
    let (summary, lines) = measured(&stage, 1);
    assert_eq!(mean_and_peak(&summary), (0.1 + 0.08 + 0.1, 2.0));
    assert_eq!((lines.len(), lines[0].quota), (1, Some(50)));
    let most: Vec<f64> = lines[0].points.iter().map(|point| point.most).collect();
    assert_eq!(most, [1.0, 0.0, 2.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);

    // A reservation is claimed whether it is used or not, and its runs claim nothing more.
    stage.functions[0].reserved_concurrency = Some(7);
    assert_eq!(mean_and_peak(&measured(&stage, 1).0), (7.0, 7.0));
    let other = stage.add_function();
    stage.call_of(other, 50.0, 10.0);
    assert_eq!(mean_and_peak(&measured(&stage, 1).0), (7.1, 8.0));

    // So is provisioned capacity of a function without a reservation.
    stage.remedy(RemedyKind::Provisioned(Provisioned::Constant(3)));
    assert_eq!(mean_and_peak(&measured(&stage, 1).0), (7.1, 8.0));
    stage.functions[0].reserved_concurrency = None;
    stage.calls.clear();
    stage.call(60.0, 10.0);
    assert_eq!(mean_and_peak(&measured(&stage, 1).0), (3.0, 3.0));
}

#[test]
fn the_account_that_claims_most_is_told_and_each_is_drawn() {
    let mut stage = Stage::new();
    stage.duration = secs(100.0);
    stage.platform.accounts = vec![AccountLimits {
        name: "shop".to_owned(),
        concurrency_quota: Some(9),
        unreserved_minimum: 0,
        requests_per_second: None,
        scaling_rate: None,
    }];
    let shop = stage.add_function();
    stage.functions[1].account = 1;
    stage.call(10.0, 50.0);
    stage.call_of(shop, 0.0, 20.0);
    stage.call_of(shop, 5.0, 20.0);
    let (summary, lines) = measured(&stage, 1);
    assert_eq!(mean_and_peak(&summary), (0.5, 2.0));
    let told: Vec<_> = lines
        .iter()
        .map(|line| (line.account.as_str(), line.quota))
        .collect();
    assert_eq!(told, [("default", None), ("shop", Some(9))]);
    assert_eq!(lines[1].points[0].most, 2.0);
    assert_eq!(lines[1].points[0].mean, 1.5);
}

#[test]
fn batches_share_out_the_measured_time_and_the_warm_up_is_left_out() {
    let mut stage = Stage::new();
    (stage.warm_up, stage.duration) = (secs(50.0), secs(100.0));
    stage.calls(&[(0.0, 10.0), (0.0, 10.0), (40.0, 20.0), (90.0, 20.0)]);
    let (summary, lines) = measured(&stage, 4);
    assert_eq!(mean_and_peak(&summary), (0.3, 1.0));
    let means: Vec<_> = summary
        .batches
        .iter()
        .map(|values| values.get(CLAIMED_CONCURRENCY_MEAN).unwrap())
        .collect();
    assert_eq!(means, [0.4, 0.4, 0.4, 0.0]);
    assert_eq!(lines[0].points[0].most, 2.0);
    assert_eq!(lines[0].points.len(), 10);
}

/// In any random house: nothing but admission to end is claimed, and no more than there is.
#[test]
fn what_is_claimed_is_the_time_from_admission_to_end_and_keeps_to_the_quota() {
    let mut exact = 0;
    for seed in 0..400 {
        let mut plan = Dice::new(5000 + seed).plan();
        plan.warm_up = secs(0.0);
        plan.remedies
            .retain(|remedy| !matches!(remedy.kind, RemedyKind::Provisioned(_)));
        let mut observers = (
            Summary::new(&plan, 1),
            (ClaimedTap::new(&plan, 1, 7), Record::default()),
        );
        lab::observe(&plan, seed, 0, &mut observers).unwrap();
        let (summary, (tap, record)) = observers;
        let mut summary = summary.into_result().unwrap().unwrap();
        let lines = tap.finish(&mut summary);
        let of_account = |number: usize| {
            let functions = plan.functions.iter();
            functions.filter(move |f| f.account as usize == number)
        };
        for (number, line) in lines.iter().enumerate() {
            let reserved: u32 = of_account(number)
                .filter_map(|f| f.reserved_concurrency)
                .sum();
            let peak = line
                .points
                .iter()
                .map(|point| point.most)
                .fold(0.0, f64::max);
            if let Some(quota) = line.quota {
                assert!(
                    peak <= f64::from(quota.max(reserved)),
                    "seed {seed}: {line:?}"
                );
            }
        }
        if record.in_flight > 0 || lines.len() > 1 {
            continue;
        }
        let unreserved = |end: &&frostline::sim::RequestEnd| {
            let function = &plan.functions[end.function.index()];
            function.reserved_concurrency.is_none() && end.instance.is_some()
        };
        let ends = record.ends.iter().filter(unreserved);
        let nanos: u64 = ends.map(|end| (end.ended - end.admitted).nanos()).sum();
        let reserved: u32 = of_account(0).filter_map(|f| f.reserved_concurrency).sum();
        let run = plan.end().since(Time::ZERO).nanos() as f64;
        let expected = nanos as f64 / run + f64::from(reserved);
        let (mean, _) = mean_and_peak(&summary);
        assert!(
            (mean - expected).abs() < 1e-9 * expected.max(1.0),
            "seed {seed}: {mean} {expected}"
        );
        exact += 1;
    }
    assert!(exact > 20, "{exact} houses in which all requests end");
}

#[test]
fn it_is_measured_where_it_is_asked_for_and_all_functions_go_together_then() {
    let cell = |asked: bool| {
        let text = format!(
            "platform = \"aws-lambda\"\nduration = \"1 h\"\nclaimed-concurrency = {asked}\n\
             [[function]]\nname = \"f\"\nmodel = \"node-api\"\n\
             arrivals = {{ poisson = {{ rate = \"2 / s\" }} }}\n\
             [[function]]\nname = \"g\"\nmodel = \"node-api\"\nreserved-concurrency = 5\n\
             arrivals = {{ poisson = {{ rate = \"2 / s\" }} }}\n"
        );
        let experiment = load_text("claimed", &text).unwrap_or_else(|faults| panic!("{faults}"));
        let first = CellId {
            scenario: 0,
            replication: 0,
        };
        run_cell(&experiment, first, &Control::default()).unwrap()
    };
    let (asked, not) = (cell(true), cell(false));
    assert_eq!((asked.way, not.way), (Way::Claimed, Way::Apart));
    assert!(mean_and_peak(&asked.summary).0 > 5.0);
    assert_eq!(not.summary.values.get(CLAIMED_CONCURRENCY_MEAN), None);
    assert!(asked.claimed.is_some() && not.claimed.is_none());
    let all_else =
        |cell: &frostline::experiment::CellResult| cell.summary.values.iter().flatten().count();
    assert_eq!(all_else(&asked), all_else(&not) + 2);
}
