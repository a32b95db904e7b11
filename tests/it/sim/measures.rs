//! Measures and the bill, computed by hand.

use frostline::metric::{self, Kind, MetricId};
use frostline::model::{
    Billing, FreeTier, InitBilling, KeepAlive, Prices, Provisioned, RemedyKind, ServicePrices,
    SnapshotAfter, Tier,
};
use frostline::observe::{SummaryResult, Values};
use frostline::units::{Memory, Span};

use super::causes::ping;
use super::stage::{Stage, constant, secs};

fn value(summary: &SummaryResult, metric: MetricId) -> f64 {
    summary.values.get(metric).unwrap()
}

#[track_caller]
pub(super) fn assert_values(values: &Values, expected: &[(MetricId, f64)]) {
    for (id, expected) in expected {
        let name = id.metric().name;
        let found = values.get(*id).unwrap_or(f64::NAN);
        let close = (found - expected).abs() <= 1e-9 * expected.abs();
        assert!(close, "{name}: {found}, not {expected}");
    }
}

/// 1,024 MB and round prices.
pub(super) fn prices() -> Prices {
    Prices {
        name: "round".to_owned(),
        region: None,
        architecture: "x86_64".to_owned(),
        request: 0.01,
        duration: vec![Tier {
            price: 1.0,
            up_to: None,
        }],
        provisioned_capacity: 0.25,
        provisioned_duration: 0.5,
        provisioned_step: secs(300.0),
        snapshot_cache: 0.001,
        snapshot_cache_minimum: secs(10_800.0),
        snapshot_restore: 2.0,
        ephemeral_storage: 0.0,
        ephemeral_included: Memory::from_bytes(0),
        services: ServicePrices::default(),
        free_tier: None,
        billing: Billing {
            step: Span::from_millis(1.0),
            minimum: Span::from_millis(1.0),
            init: InitBilling::All,
        },
    }
}

pub(super) fn priced() -> Stage {
    let mut stage = Stage::new();
    stage.platform.prices = Some(prices());
    stage
}

#[test]
fn latency_is_wait_plus_start_plus_service_and_means_are_exact() {
    let mut stage = Stage::new();
    stage.start_takes(2.0);
    stage.functions[0].start.first_call = constant(1.0);
    stage.platform.concurrency_quota = Some(1);
    stage.platform.overflow = frostline::model::Overflow::Queue {
        length: None,
        max_wait: None,
    };
    stage.calls(&[(0.0, 4.0), (5.0, 2.0), (20.0, 3.0)]);
    let (summary, record) = stage.measure(1);
    for end in record.users() {
        assert_eq!(end.latency(), end.wait() + end.start() + end.service());
    }
    assert_values(
        &summary.values,
        &[
            (metric::LATENCY_MS_MEAN, (7.0 + 4.0 + 3.0) / 3.0 * 1e3),
            (metric::WAIT_MS_MEAN, 2.0 / 3.0 * 1e3),
            (metric::START_MS_MEAN, 1e3),
            (metric::SERVICE_MS_MEAN, 3e3),
            (metric::LATENCY_MS_MAX, 7e3),
            (metric::WAIT_MS_MAX, 2e3),
            (metric::START_MS_MAX, 3e3),
            (metric::SERVICE_MS_MAX, 4e3),
            (metric::WAIT_MS_P50, 0.0),
            (metric::COLD_STARTS, 1.0),
            (metric::WARM_STARTS, 2.0),
            (metric::COLD_START_RATIO, 1.0 / 3.0),
        ],
    );
    assert_eq!(summary.latency.count(), 3);
}

#[test]
fn quantiles_are_within_a_hundredth() {
    let mut stage = Stage::new();
    (1..=1000).for_each(|n| stage.call(0.0, 0.001 * f64::from(n)));
    let (summary, _) = stage.measure(1);
    for (id, expected) in [
        (metric::LATENCY_MS_P50, 500.0),
        (metric::LATENCY_MS_P90, 900.0),
        (metric::LATENCY_MS_P95, 950.0),
        (metric::LATENCY_MS_P99, 990.0),
        (metric::LATENCY_MS_P999, 999.0),
    ] {
        assert!(
            (value(&summary, id) / expected - 1.0).abs() < 0.01,
            "{}",
            id.metric().name
        );
    }
}

#[test]
fn every_way_to_end_is_counted_once_and_ratios_are_to_what_ran() {
    let mut stage = Stage::keeping(5.0);
    stage.duration = secs(100.0);
    stage.platform.concurrency_quota = Some(2);
    stage.functions[0].timeout = Some(secs(10.0));
    stage.calls(&[
        (0.0, 1.0),
        (1.0, 1.0),
        (2.0, 1.0),
        (20.0, 30.0),
        (21.0, 1.0),
        (22.0, 20.0),
        (23.0, 1.0),
        (99.5, 3.0),
    ]);
    stage.calls[4].fails = true;
    let (summary, record) = stage.measure(1);
    let story = "first:0 warm:0 warm:0 expired:1!timed-out scale-out:2!failed \
                 warm:2!timed-out throttled";
    assert_eq!(record.story(), story);
    assert_values(
        &summary.values,
        &[
            (metric::REQUESTS, 8.0),
            (metric::COMPLETED, 3.0),
            (metric::FAILED, 1.0),
            (metric::TIMED_OUT, 2.0),
            (metric::THROTTLED, 1.0),
            (metric::REJECTED, 1.0),
            (metric::IN_FLIGHT, 1.0),
            (metric::COLD_STARTS, 3.0),
            (metric::WARM_STARTS, 3.0),
            (metric::COLD_START_RATIO, 0.5),
            (metric::THROTTLE_RATIO, 0.125),
            (metric::REJECT_RATIO, 0.125),
            (metric::COLD_CAUSE_FIRST, 1.0),
            (metric::COLD_CAUSE_EXPIRED, 1.0),
            (metric::COLD_CAUSE_SCALE_OUT, 1.0),
            (metric::STARTS, 4.0),
            (metric::INSTANCE_LIFE_S_MEAN, (8.0 + 10.0 + 11.0) / 3.0),
        ],
    );
}

#[test]
fn time_in_each_state_adds_up_to_instances_and_memory_time() {
    let mut stage = Stage::new();
    stage.duration = secs(100.0);
    stage.functions[0].memory = frostline::units::Memory::from_mb(512.0);
    stage.start_takes(5.0);
    stage.calls(&[(10.0, 20.0), (15.0, 5.0)]);
    let (summary, _) = stage.measure(1);
    // 0: starts 10–15, busy 15–35, idle 65 s. 1: starts 15–20, busy 20–25, idle 75 s.
    assert_values(
        &summary.values,
        &[
            (metric::INSTANCES_MEAN, 1.75),
            (metric::BUSY_MEAN, 0.25),
            (metric::IDLE_MEAN, 1.4),
            (metric::INSTANCES_PEAK, 2.0),
            (metric::BUSY_PEAK, 2.0),
            (metric::BUSY_GB_S, 12.5),
            (metric::IDLE_GB_S, 70.0),
            (metric::START_GB_S, 5.0),
        ],
    );
    assert_eq!(summary.values.get(metric::INSTANCE_LIFE_S_MEAN), None);
}

#[test]
fn an_instance_handed_over_at_an_instant_does_not_raise_the_busy_peak() {
    let mut stage = Stage::new();
    stage.calls(&[(0.0, 1.0), (1.0, 1.0), (2.0, 1.0)]);
    let (summary, _) = stage.measure(1);
    assert_values(
        &summary.values,
        &[(metric::BUSY_PEAK, 1.0), (metric::INSTANCES_PEAK, 1.0)],
    );
}

#[test]
fn a_request_that_arrives_in_the_warm_up_is_not_counted_but_its_instance_is() {
    let mut stage = priced();
    stage.warm_up = secs(100.0);
    stage.duration = secs(100.0);
    stage.start_takes(10.0);
    stage.platform.concurrency_quota = Some(3);
    // A peak of three in the warm-up; one request that ends, and one that starts, after it.
    stage.calls(&[
        (0.0, 5.0),
        (0.0, 5.0),
        (0.0, 110.0),
        (95.0, 10.0),
        (99.0, 1.0),
        (99.5, 1.0),
    ]);
    stage.calls(&[(100.0, 2.0), (150.0, 4.0)]);
    let (summary, record) = stage.measure(1);
    assert_eq!(
        record.story(),
        "first:0 scale-out:1 scale-out:2 warm:1 warm:0 throttled warm:0 warm:2"
    );
    assert_values(
        &summary.values,
        &[
            (metric::REQUESTS, 2.0),
            (metric::COMPLETED, 2.0),
            (metric::COLD_STARTS, 0.0),
            (metric::WARM_STARTS, 2.0),
            (metric::THROTTLED, 0.0),
            (metric::REJECTED, 0.0),
            (metric::LATENCY_MS_MEAN, 3000.0),
            (metric::LATENCY_MS_MAX, 4000.0),
            (metric::STARTS, 0.0),
            (metric::INSTANCES_MEAN, 3.0),
            (metric::BUSY_MEAN, (20.0 + 5.0 + 2.0 + 4.0) / 100.0),
            (metric::COST_USD_REQUESTS, 0.02),
            (metric::COST_USD_DURATION, 20.0 + 5.0 + 2.0 + 4.0),
        ],
    );
}

#[test]
fn a_peak_of_the_warm_up_is_forgotten() {
    let mut stage = Stage::keeping(10.0);
    stage.warm_up = secs(100.0);
    stage.calls(&[(0.0, 5.0), (0.0, 5.0), (0.0, 5.0), (200.0, 1.0)]);
    let (summary, _) = stage.measure(1);
    assert_values(
        &summary.values,
        &[(metric::BUSY_PEAK, 1.0), (metric::INSTANCES_PEAK, 1.0)],
    );
}

#[test]
fn a_request_in_flight_at_the_end_is_neither_warm_nor_cold() {
    let mut stage = Stage::new();
    stage.call(999.0, 5.0);
    let (summary, _) = stage.measure(1);
    assert_values(
        &summary.values,
        &[
            (metric::REQUESTS, 1.0),
            (metric::IN_FLIGHT, 1.0),
            (metric::COMPLETED, 0.0),
            (metric::COLD_STARTS, 0.0),
            (metric::STARTS, 1.0),
        ],
    );
    assert_eq!(summary.values.get(metric::COLD_START_RATIO), None);
}

#[test]
fn a_spillover_of_a_request_that_arrived_in_the_warm_up_is_not_counted() {
    let mut stage = Stage::new();
    stage.warm_up = secs(100.0);
    stage.platform.concurrency_quota = Some(2);
    stage.platform.overflow = frostline::model::Overflow::Queue {
        length: None,
        max_wait: None,
    };
    stage.remedy(RemedyKind::Provisioned(Provisioned::Constant(1)));
    stage.calls(&[(90.0, 100.0), (91.0, 15.0), (92.0, 10.0)]);
    let (summary, record) = stage.measure(1);
    assert_eq!(record.spilled_over.len(), 2);
    assert_values(
        &summary.values,
        &[(metric::REQUESTS, 0.0), (metric::SPILLOVERS, 0.0)],
    );
}

#[test]
fn no_more_prewarmed_instances_are_unused_than_were_prewarmed() {
    let mut stage = Stage::keeping(5.0);
    stage.remedy(RemedyKind::MinInstances(2));
    stage.call(500.0, 1.0);
    let (summary, _) = stage.measure(1);
    let counts = [(metric::PREWARMS, 2.0), (metric::PREWARMS_UNUSED, 1.0)];
    assert_values(&summary.values, &counts);
    stage.warm_up = secs(100.0);
    let (summary, _) = stage.measure(1);
    let counts = [(metric::PREWARMS, 0.0), (metric::PREWARMS_UNUSED, 0.0)];
    assert_values(&summary.values, &counts);
}

#[test]
fn batches_join_to_the_whole() {
    let mut stage = priced();
    stage.platform.keep_alive = KeepAlive::For(constant(30.0));
    stage.start_takes(0.5);
    stage.warm_up = secs(50.0);
    stage.remedy(ping(70.0, 2, 0.1, 0.0));
    (0..300).for_each(|n| stage.call(f64::from(n * n % 1009) + 0.37, f64::from(n % 7) * 3.3));
    let (whole, _) = stage.measure(1);
    let (summary, _) = stage.measure(7);
    assert_eq!(summary.batches.len(), 7);
    for (id, metric) in MetricId::all().map(|id| (id, id.metric())) {
        let found = summary.values.get(id);
        assert_eq!(
            found.is_some(),
            whole.values.get(id).is_some(),
            "{}",
            metric.name
        );
        let Some(all) = found else { continue };
        assert!(
            (all - value(&whole, id)).abs() <= 1e-9 * all.abs(),
            "{}",
            metric.name
        );
        let parts = || summary.batches.iter().filter_map(|batch| batch.get(id));
        let joined = if metric.kind == Kind::Total {
            parts().sum()
        } else if metric.name.ends_with("peak") || metric.name.ends_with("ms_max") {
            parts().fold(0.0, f64::max)
        } else {
            continue;
        };
        assert!(
            (joined - all).abs() <= 1e-9 * all.abs(),
            "{}: {joined} {all}",
            metric.name
        );
    }
}

#[test]
fn the_bill_of_capacity_and_snapshots_joins_too_though_its_time_is_rounded_up() {
    for remedy in [
        RemedyKind::Provisioned(Provisioned::Constant(2)),
        RemedyKind::Snapshot(SnapshotAfter::Init.into()),
    ] {
        let mut stage = priced();
        stage.remedy(remedy);
        stage.calls(&[(10.0, 1.0), (500.0, 1.0)]);
        let whole = value(&stage.measure(1).0, metric::COST_USD_TOTAL);
        let (summary, _) = stage.measure(9);
        let costs = summary
            .batches
            .iter()
            .filter_map(|b| b.get(metric::COST_USD_TOTAL));
        let parts: f64 = costs.sum();
        assert!((parts - whole).abs() < 1e-9 * whole, "{parts} {whole}");
    }
}

#[test]
fn functions_add_up_to_the_whole() {
    let mut stage = priced();
    stage.start_takes(0.5);
    let other = stage.add_function();
    (0..50).for_each(|n| stage.call(f64::from(n) * 7.0, 3.0));
    (0..30).for_each(|n| stage.call_of(other, f64::from(n) * 11.0, 13.0));
    let (summary, _) = stage.measure(1);
    let totals = MetricId::all().filter(|id| id.metric().kind == Kind::Total);
    for id in totals.filter(|id| !id.is_optional()) {
        let parts: f64 = summary
            .functions
            .iter()
            .map(|f| f.values.get(id).unwrap_or(0.0))
            .sum();
        let all = summary.values.get(id).unwrap_or(0.0);
        assert!(
            (parts - all).abs() <= 1e-9 * all.abs(),
            "{}",
            id.metric().name
        );
    }
}

#[test]
fn each_request_is_billed_for_itself_rounded_up() {
    let mut stage = priced();
    stage.calls(&[(0.0, 0.0101), (1.0, 0.0), (2.0, 0.25), (3.0, 0.000_000_001)]);
    let (summary, _) = stage.measure(1);
    let duration = 0.011 + 0.001 + 0.25 + 0.001;
    assert_values(
        &summary.values,
        &[
            (metric::COST_USD_REQUESTS, 0.04),
            (metric::COST_USD_DURATION, duration),
            (metric::COST_USD_TOTAL, 0.04 + duration),
            (metric::COST_USD_PER_MONTH, (0.04 + duration) * 2592.0),
        ],
    );
}

#[test]
fn init_is_billed_with_its_request_where_it_is_billed_and_sandbox_and_fetch_never_are() {
    for (init_billed, duration) in [(true, 2.251), (false, 0.501)] {
        let mut stage = priced();
        stage.functions[0].init_billed = init_billed;
        let start = &mut stage.functions[0].start;
        start.sandbox = constant(4.0);
        start.fetch = constant(8.0);
        start.runtime = constant(0.75);
        start.init = constant(1.0);
        start.first_call = constant(0.25);
        stage.call(0.0, 0.2502);
        let (summary, _) = stage.measure(1);
        assert_values(&summary.values, &[(metric::COST_USD_DURATION, duration)]);
    }
}

#[test]
fn a_request_that_never_ran_costs_nothing_and_one_that_was_cut_costs_its_time() {
    let mut stage = priced();
    stage.platform.concurrency_quota = Some(1);
    stage.functions[0].timeout = Some(secs(3.0));
    stage.calls(&[(0.0, 100.0), (1.0, 1.0)]);
    let (summary, _) = stage.measure(1);
    let bill = [
        (metric::COST_USD_REQUESTS, 0.01),
        (metric::COST_USD_DURATION, 3.0),
    ];
    assert_values(&summary.values, &bill);
}

/// A run of 100 s, with requests that straddle any of its instants.
fn straddling() -> Stage {
    let mut stage = priced();
    stage.start_takes(2.0);
    stage.remedy(ping(30.0, 1, 12.0, 25.0));
    stage.remedy(RemedyKind::Provisioned(Provisioned::Constant(1)));
    (0..45).for_each(|n| {
        stage.call(
            f64::from(n) * 2.1 + 0.37,
            f64::from(n * n % 17) * 1.9 + 0.0004,
        );
    });
    // A minute after the end of the run: it is not in it.
    stage.call(160.0, 1.0);
    stage
}

#[test]
fn measured_times_that_follow_each_other_are_billed_what_they_are_together() {
    let bill = |from: f64, to: f64| {
        let mut stage = straddling();
        stage.warm_up = secs(from);
        stage.duration = secs(to - from);
        let (summary, _) = stage.measure(1);
        [
            metric::COST_USD_REQUESTS,
            metric::COST_USD_DURATION,
            metric::COST_USD_PING,
        ]
        .map(|id| value(&summary, id))
    };
    let whole = bill(0.0, 100.0);
    for cuts in [&[0.0, 40.0, 100.0][..], &[0.0, 17.3, 21.0, 56.9, 100.0]] {
        let mut sum = [0.0; 3];
        for ends in cuts.windows(2) {
            let part = bill(ends[0], ends[1]);
            sum.iter_mut()
                .zip(part)
                .for_each(|(sum, part)| *sum += part);
        }
        for (sum, whole) in sum.iter().zip(whole) {
            assert!(
                (sum - whole).abs() < 1e-9 * whole,
                "{cuts:?}: {sum} {whole}"
            );
        }
    }
}

#[test]
fn the_bill_of_long_requests_is_that_of_their_busy_time() {
    let mut stage = priced();
    (0..60).for_each(|n| stage.call(f64::from(n) * 60.0, 840.0));
    stage.warm_up = secs(1200.0);
    stage.duration = secs(2400.0);
    let (summary, _) = stage.measure(1);
    let busy = value(&summary, metric::BUSY_GB_S);
    assert_values(&summary.values, &[(metric::COST_USD_DURATION, busy)]);
    assert!((busy - 14.0 * 2400.0).abs() < 1e-6, "{busy}");
}

#[test]
fn pings_are_billed_apart() {
    let mut stage = priced();
    stage.start_takes(2.0);
    stage.remedy(ping(100.0, 1, 0.5, 0.0));
    stage.call(50.0, 1.0);
    let (summary, _) = stage.measure(1);
    assert_values(
        &summary.values,
        &[
            (metric::COST_USD_REQUESTS, 0.01),
            (metric::COST_USD_DURATION, 1.0),
            (metric::COST_USD_PING, 10.0 * 0.01 + 10.0 * 0.5 + 2.0),
        ],
    );
}

#[test]
fn provisioned_capacity_is_billed_in_blocks_with_its_init_and_a_lower_run_time() {
    let mut stage = priced();
    stage.start_takes(2.0);
    stage.remedy(RemedyKind::Provisioned(Provisioned::Constant(2)));
    stage.calls(&[(50.0, 4.0), (51.0, 4.0), (52.0, 1.0)]);
    let (summary, record) = stage.measure(1);
    assert_eq!(record.story(), "warm:1 warm:0 spillover:2");
    assert_values(
        &summary.values,
        &[
            // 1,000 s are four blocks of 5 min.
            (
                metric::COST_USD_PROVISIONED,
                2.0 * 1200.0 * 0.25 + 2.0 * 2.0 * 0.5,
            ),
            (metric::COST_USD_DURATION, 8.0 * 0.5 + (1.0 + 2.0)),
            (metric::COST_USD_REQUESTS, 0.03),
            (metric::SPILLOVERS, 1.0),
            (metric::PREWARMS, 2.0),
        ],
    );
}

#[test]
fn snapshots_are_charged_for_their_cache_and_each_restore_where_they_are_charged_for() {
    for billed in [true, false] {
        let mut stage = priced();
        stage.functions[0].snapshot_billed = billed;
        stage.functions[0].start.restore = constant(1.0);
        stage.remedy(RemedyKind::Snapshot(SnapshotAfter::Init.into()));
        stage.calls(&[(0.0, 4.0), (1.0, 4.0), (60.0, 1.0)]);
        let (summary, _) = stage.measure(1);
        let charge = if billed {
            10_800.0 * 0.001 + 2.0 * 2.0
        } else {
            0.0
        };
        assert_values(
            &summary.values,
            &[
                (metric::COST_USD_SNAPSHOT, charge),
                (metric::RESTORES, 2.0),
                (metric::COLD_STARTS, 2.0),
                (metric::COST_USD_DURATION, 9.0),
            ],
        );
    }
}

#[test]
fn an_instance_prewarmed_without_init_costs_nothing() {
    let mut stage = priced();
    stage.remedy(RemedyKind::Snapshot(SnapshotAfter::Init.into()));
    stage.functions[0].snapshot_billed = false;
    stage.remedy(RemedyKind::MinInstances(3));
    let (summary, _) = stage.measure(1);
    assert_values(
        &summary.values,
        &[(metric::COST_USD_TOTAL, 0.0), (metric::PREWARMS, 3.0)],
    );
}

#[test]
fn tiers_and_the_free_tier_hold_for_the_month_that_the_run_stands_for() {
    let mut stage = priced();
    let prices = stage.platform.prices.as_mut().unwrap();
    // The month has 2,592 times the run: 25,920 requests and 51,840 GB-seconds.
    prices.free_tier = Some(FreeTier {
        requests: 20_000.0,
        gb_seconds: 21_840.0,
    });
    prices.duration = vec![
        Tier {
            price: 1.0,
            up_to: Some(10_000.0),
        },
        Tier {
            price: 0.5,
            up_to: None,
        },
    ];
    (0..10).for_each(|n| stage.call(f64::from(n) * 50.0, 2.0));
    let (summary, _) = stage.measure(1);
    let month = 5920.0 * 0.01 + 10_000.0 + 20_000.0 * 0.5;
    assert_values(
        &summary.values,
        &[
            (metric::COST_USD_PER_MONTH, month),
            (metric::COST_USD_TOTAL, month / 2592.0),
        ],
    );
}
