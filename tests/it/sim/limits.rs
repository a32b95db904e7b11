//! Quotas, scaling rates, retries and queues, rule by rule.

use frostline::metric;
use frostline::model::{
    AccountLimits, ClientRetry, Jitter, KeepAlive, Overflow, Provisioned, RateScope, RemedyKind,
    RetryOn, ScalingRate, Tracking,
};
use frostline::sim::Ending;
use frostline::units::Span;

use super::stage::{Stage, secs};

fn queue(length: Option<u32>, max_wait: Option<f64>) -> Overflow {
    Overflow::Queue {
        length,
        max_wait: max_wait.map(secs),
    }
}

fn rate(burst: u32, instances: u32, every: f64, per: RateScope) -> ScalingRate {
    ScalingRate {
        burst,
        instances,
        every: secs(every),
        per,
    }
}

#[test]
fn the_account_quota_counts_requests_in_flight_of_all_functions() {
    let mut stage = Stage::new();
    stage.platform.concurrency_quota = Some(2);
    let other = stage.add_function();
    stage.calls(&[(0.0, 5.0), (2.0, 5.0), (5.0, 5.0)]);
    stage.call_of(other, 1.0, 9.0);
    assert_eq!(stage.play().story(), "first:0 first:1 throttled warm:0");
}

#[test]
fn a_request_whose_instance_is_starting_counts_as_in_flight() {
    let mut stage = Stage::new();
    stage.start_takes(5.0);
    stage.platform.concurrency_quota = Some(1);
    stage.calls(&[(0.0, 1.0), (3.0, 1.0), (6.0, 1.0)]);
    assert_eq!(stage.play().story(), "first:0 throttled warm:0");
}

#[test]
fn idle_instances_do_not_count_against_the_quota() {
    let mut stage = Stage::new();
    stage.platform.concurrency_quota = Some(1);
    let other = stage.add_function();
    stage.calls(&[(0.0, 1.0)]);
    stage.call_of(other, 2.0, 1.0);
    assert_eq!(stage.play().story(), "first:0 first:1");
}

#[test]
fn reserved_concurrency_is_a_cap() {
    let mut stage = Stage::new();
    stage.functions[0].reserved_concurrency = Some(1);
    stage.calls(&[(0.0, 5.0), (1.0, 1.0), (5.0, 1.0)]);
    assert_eq!(stage.play().story(), "first:0 throttled warm:0");
}

#[test]
fn reserved_concurrency_is_kept_for_its_function_and_from_all_others() {
    let mut stage = Stage::new();
    stage.platform.concurrency_quota = Some(3);
    let reserved = stage.add_function();
    stage.functions[1].reserved_concurrency = Some(2);
    stage.calls(&[(0.0, 9.0), (1.0, 9.0)]);
    stage.call_of(reserved, 2.0, 5.0);
    stage.call_of(reserved, 3.0, 5.0);
    stage.call_of(reserved, 4.0, 5.0);
    assert_eq!(
        stage.play().story(),
        "first:0 throttled first:1 scale-out:2 throttled"
    );
}

#[test]
fn a_reservation_of_nothing_switches_a_function_off() {
    let mut stage = Stage::new();
    stage.functions[0].reserved_concurrency = Some(0);
    stage.call(0.0, 1.0);
    assert_eq!(stage.play().story(), "throttled");
}

#[test]
fn requests_a_second_are_limited_for_warm_requests_too_and_flow_back_evenly() {
    let mut stage = Stage::new();
    stage.platform.requests_per_second = Some(2);
    stage.platform.overflow = queue(None, None);
    stage.calls(&[
        (0.0, 0.1),
        (0.2, 0.1),
        (0.4, 0.1),
        (0.5, 0.1),
        (0.9, 0.1),
        (1.0, 0.1),
    ]);
    // Two at once; by 0.4 s only 0.8 have flown in. Too many a second are refused, not queued.
    assert_eq!(
        stage.play().story(),
        "first:0 warm:0 throttled warm:0 throttled warm:0"
    );
}

/// Ten times what is reserved (docs.aws.amazon.com, lambda-concurrency, 2026), warm requests too.
#[test]
fn a_reservation_limits_the_requests_a_second_of_its_function_alone() {
    let mut stage = Stage::new();
    stage.platform.requests_per_concurrency = Some(2);
    stage.functions[0].reserved_concurrency = Some(1);
    let other = stage.add_function();
    stage.calls(&[(0.0, 0.1), (0.2, 0.1), (0.4, 0.1), (0.5, 0.1)]);
    (0..4).for_each(|n| stage.call_of(other, 1.0 + 0.01 * f64::from(n), 0.005));
    assert_eq!(
        stage.play().story(),
        "first:0 warm:0 throttled warm:0 first:1 warm:1 warm:1 warm:1"
    );
    // What its own quota refuses takes nothing from that of the account.
    stage.platform.requests_per_second = Some(5);
    stage.calls = Vec::new();
    (0..20).for_each(|_| stage.call(0.0, 0.0));
    (0..3).for_each(|_| stage.call_of(other, 0.0, 0.0));
    let record = stage.play();
    let of_other = record
        .users()
        .into_iter()
        .filter(|end| end.function == other);
    assert!(
        of_other
            .into_iter()
            .all(|end| end.ending == Ending::Completed)
    );
    assert_eq!(record.throttled.len(), 18);
}

fn another_account(quota: Option<u32>, requests_per_second: Option<u32>) -> AccountLimits {
    AccountLimits {
        name: "another".to_owned(),
        concurrency_quota: quota,
        unreserved_minimum: 0,
        requests_per_second,
        scaling_rate: None,
    }
}

#[test]
fn each_account_has_its_own_quota_requests_a_second_and_scaling_rate() {
    let mut stage = Stage::new();
    stage.platform.concurrency_quota = Some(1);
    let other = stage.add_function();
    let calls = |stage: &mut Stage| {
        stage.calls = Vec::new();
        stage.calls(&[(0.0, 5.0), (2.0, 5.0)]);
        stage.call_of(other, 1.0, 5.0);
        stage.call_of(other, 3.0, 5.0);
    };
    calls(&mut stage);
    assert_eq!(
        stage.play().story(),
        "first:0 throttled throttled throttled"
    );
    stage.functions[1].account = 1;
    stage.platform.accounts = vec![another_account(Some(2), None)];
    assert_eq!(
        stage.play().story(),
        "first:0 first:1 throttled scale-out:2"
    );
    stage.platform.accounts = vec![another_account(None, Some(1))];
    stage.platform.concurrency_quota = None;
    stage.calls = Vec::new();
    stage.calls(&[(0.0, 5.0), (0.1, 5.0)]);
    stage.call_of(other, 0.2, 5.0);
    stage.call_of(other, 0.3, 5.0);
    assert_eq!(
        stage.play().story(),
        "first:0 scale-out:1 first:2 throttled"
    );
    stage.platform.scaling_rate = Some(rate(1, 1, 10.0, RateScope::Account));
    let mut account = another_account(None, None);
    account.scaling_rate = stage.platform.scaling_rate;
    stage.platform.accounts = vec![account];
    calls(&mut stage);
    assert_eq!(stage.play().story(), "first:0 first:1 throttled throttled");
}

#[test]
fn reservations_are_taken_from_the_quota_of_their_own_account() {
    let mut stage = Stage::new();
    stage.platform.concurrency_quota = Some(1);
    stage.platform.accounts = vec![another_account(Some(3), None)];
    let reserved = stage.add_function();
    let beside = stage.add_function();
    stage.functions[1].reserved_concurrency = Some(2);
    for function in [reserved, beside] {
        stage.functions[function.index()].account = 1;
    }
    stage.call(0.0, 9.0);
    stage.call_of(beside, 1.0, 9.0);
    stage.call_of(beside, 2.0, 9.0);
    stage.call_of(reserved, 3.0, 9.0);
    stage.call_of(reserved, 4.0, 9.0);
    assert_eq!(
        stage.play().story(),
        "first:0 first:1 throttled first:2 scale-out:3"
    );
}

#[test]
fn a_queue_of_one_account_does_not_wait_for_another() {
    let mut stage = Stage::new();
    stage.platform.concurrency_quota = Some(1);
    stage.platform.overflow = queue(None, None);
    stage.platform.accounts = vec![another_account(Some(1), None)];
    let other = stage.add_function();
    stage.functions[1].account = 1;
    stage.calls(&[(0.0, 20.0), (1.0, 1.0)]);
    stage.call_of(other, 2.0, 3.0);
    stage.call_of(other, 3.0, 1.0);
    assert_eq!(stage.play().begun(), [0.0, 20.0, 2.0, 5.0]);
}

/// Accepted and throttled requests of groups that arrive at an instant each.
fn accepted(stage: &mut Stage, groups: &[(f64, u32)], service: f64) -> Vec<(u32, u32)> {
    for (at, requests) in groups {
        (0..*requests).for_each(|_| stage.call(*at, service));
    }
    let ends = stage.play().users();
    let mut from = 0;
    let mut counts = Vec::new();
    for (_, requests) in groups {
        let group = &ends[from..from + *requests as usize];
        from += *requests as usize;
        let throttled = group
            .iter()
            .filter(|end| end.ending == Ending::Throttled)
            .count() as u32;
        counts.push((requests - throttled, throttled));
    }
    counts
}

#[test]
fn a_thousand_instances_at_once_and_then_a_hundred_a_second() {
    let mut stage = Stage::new();
    stage.platform.scaling_rate = Some(rate(1000, 1000, 10.0, RateScope::Function));
    let counts = accepted(&mut stage, &[(0.0, 2500), (5.0, 900), (6.0, 200)], 500.0);
    assert_eq!(counts, [(1000, 1500), (500, 400), (100, 100)]);
}

/// Accepted and throttled requests, minute by minute.
type Minutes = &'static [(u32, u32)];

#[test]
fn the_published_bursts_of_ten_thousand_requests_come_out_to_the_digit() {
    let old = rate(3000, 500, 60.0, RateScope::Account);
    let new = rate(1000, 1000, 10.0, RateScope::Function);
    let rows: [(&[u32], Minutes, Minutes); 4] = [
        (&[10_000], &[(3000, 7000)], &[(1000, 9000)]),
        (
            &[5000, 5000],
            &[(3000, 2000), (3500, 1500)],
            &[(1000, 4000), (2000, 3000)],
        ),
        (
            &[3333, 3333, 3334],
            &[(3000, 333), (3333, 0), (3334, 0)],
            &[(1000, 2333), (2000, 1333), (3000, 334)],
        ),
        (
            &[2500, 2500, 2500, 2500],
            &[(2500, 0), (2500, 0), (2500, 0), (2500, 0)],
            &[(1000, 1500), (2000, 500), (2500, 0), (2500, 0)],
        ),
    ];
    for (minutes, under_old, under_new) in rows {
        for (scaling, expected) in [(old, under_old), (new, under_new)] {
            let mut stage = Stage::new();
            stage.platform.concurrency_quota = Some(10_000);
            stage.platform.scaling_rate = Some(scaling);
            let groups: Vec<_> = (0..)
                .map(|n| 60.0 * f64::from(n))
                .zip(minutes.iter().copied())
                .collect();
            assert_eq!(accepted(&mut stage, &groups, 30.0), expected, "{minutes:?}");
        }
    }
}

#[test]
fn a_scaling_rate_is_each_functions_own_or_shared_by_the_account() {
    for (per, story) in [
        (RateScope::Function, "first:0 first:1 throttled"),
        (RateScope::Account, "first:0 throttled throttled"),
    ] {
        let mut stage = Stage::new();
        stage.platform.scaling_rate = Some(rate(1, 1, 10.0, per));
        let other = stage.add_function();
        stage.calls(&[(0.0, 5.0), (2.0, 5.0)]);
        stage.call_of(other, 1.0, 5.0);
        assert_eq!(stage.play().story(), story);
    }
}

#[test]
fn warm_requests_need_no_token_of_the_scaling_rate() {
    let mut stage = Stage::new();
    stage.platform.scaling_rate = Some(rate(1, 1, 100.0, RateScope::Function));
    (0..20).for_each(|n| stage.call(2.0 * f64::from(n), 1.0));
    assert_eq!(stage.play().story().matches("warm:0").count(), 19);
}

fn retrying(attempts: u32) -> Stage {
    let mut stage = Stage::new();
    stage.platform.client_retry = Some(ClientRetry {
        attempts,
        first: secs(0.125),
        factor: 2.0,
        jitter: Jitter::None,
        on: RetryOn::THROTTLED,
    });
    stage
}

#[test]
fn a_throttled_client_tries_again_with_exponential_back_off_and_then_gives_up() {
    let mut stage = retrying(4);
    stage.platform.concurrency_quota = Some(0);
    stage.call(1.0, 1.0);
    let (summary, record) = stage.measure(1);
    let retried: Vec<f64> = record.retried.iter().map(|at| at.secs()).collect();
    assert_eq!(retried, [1.125, 1.375, 1.875]);
    assert_eq!(record.story(), "throttled");
    let end = record.users()[0];
    assert_eq!((end.arrived.secs(), end.ended.secs()), (1.0, 1.875));
    let value = |metric| summary.values.get(metric);
    assert_eq!(value(metric::THROTTLED), Some(4.0));
    assert_eq!(value(metric::RETRIES), Some(3.0));
    assert_eq!(
        (value(metric::REJECTED), value(metric::REQUESTS)),
        (Some(1.0), Some(1.0))
    );
    assert_eq!(value(metric::THROTTLE_RATIO), Some(1.0));
    assert_eq!(value(metric::REJECT_RATIO), Some(1.0));
    assert_eq!(value(metric::COLD_START_RATIO), None);
    assert_eq!(value(metric::LATENCY_MS_MEAN), None);
}

#[test]
fn a_retry_that_gets_in_has_waited_since_its_first_arrival() {
    let mut stage = retrying(4);
    stage.platform.concurrency_quota = Some(1);
    stage.calls(&[(0.0, 0.25), (0.0, 1.0)]);
    let record = stage.play();
    assert_eq!(record.story(), "first:0 warm:0");
    let end = record.users()[1];
    assert_eq!((end.wait(), end.latency()), (secs(0.375), secs(1.375)));
}

#[test]
fn a_user_arrives_before_a_retry_of_the_same_instant() {
    let mut stage = retrying(2);
    stage.platform.concurrency_quota = Some(1);
    stage.calls(&[(0.0, 0.125), (0.0, 1.0), (0.125, 1.0)]);
    assert_eq!(stage.play().story(), "first:0 throttled warm:0");
}

#[test]
fn full_jitter_spreads_the_wait_between_nothing_and_the_whole() {
    let mut stage = retrying(2);
    stage.platform.client_retry.as_mut().unwrap().jitter = Jitter::Full;
    stage.platform.concurrency_quota = Some(0);
    (0..500).for_each(|_| stage.call(1.0, 1.0));
    let waits: Vec<f64> = stage
        .play()
        .retried
        .iter()
        .map(|at| at.secs() - 1.0)
        .collect();
    let mean = waits.iter().sum::<f64>() / 500.0;
    assert!(waits.iter().all(|wait| (0.0..=0.125).contains(wait)));
    assert!((mean - 0.0625).abs() < 0.007, "{mean}");
}

#[test]
fn a_request_between_two_tries_is_in_flight_when_the_run_ends() {
    let mut stage = retrying(2);
    stage.platform.concurrency_quota = Some(0);
    stage.call(999.9, 1.0);
    assert_eq!(stage.play().in_flight, 1);
}

#[test]
fn a_queue_is_first_come_first_served_and_nobody_overtakes() {
    let mut stage = Stage::new();
    stage.platform.concurrency_quota = Some(1);
    stage.platform.overflow = queue(None, None);
    stage.calls(&[
        (0.0, 10.0),
        (1.0, 1.0),
        (2.0, 1.0),
        (10.0, 1.0),
        (10.5, 1.0),
    ]);
    let record = stage.play();
    assert_eq!(record.begun(), [0.0, 10.0, 11.0, 12.0, 13.0]);
    assert_eq!(record.story(), "first:0 warm:0 warm:0 warm:0 warm:0");
    assert_eq!(record.users()[2].wait(), secs(9.0));
}

#[test]
fn the_queues_of_functions_are_served_in_the_order_of_arrival() {
    let mut stage = Stage::new();
    stage.platform.concurrency_quota = Some(1);
    stage.platform.overflow = queue(None, None);
    let other = stage.add_function();
    stage.calls(&[(0.0, 10.0), (1.0, 1.0), (3.0, 1.0)]);
    stage.call_of(other, 2.0, 1.0);
    stage.call_of(other, 4.0, 1.0);
    let record = stage.play();
    assert_eq!(record.begun(), [0.0, 10.0, 11.0, 12.0, 13.0]);
}

#[test]
fn a_function_with_a_reservation_is_served_though_an_older_request_of_another_must_wait() {
    let mut stage = Stage::new();
    stage.platform.concurrency_quota = Some(2);
    stage.platform.overflow = queue(None, None);
    let reserved = stage.add_function();
    stage.functions[1].reserved_concurrency = Some(1);
    stage.calls(&[(0.0, 20.0), (1.0, 1.0)]);
    stage.call_of(reserved, 2.0, 3.0);
    stage.call_of(reserved, 3.0, 1.0);
    assert_eq!(stage.play().begun(), [0.0, 20.0, 2.0, 5.0]);
}

#[test]
fn a_full_queue_throttles() {
    let mut stage = Stage::new();
    stage.platform.concurrency_quota = Some(1);
    stage.platform.overflow = queue(Some(1), None);
    stage.calls(&[
        (0.0, 10.0),
        (1.0, 1.0),
        (2.0, 1.0),
        (10.5, 1.0),
        (12.0, 1.0),
    ]);
    assert_eq!(
        stage.play().story(),
        "first:0 warm:0 throttled warm:0 warm:0"
    );
    stage.platform.overflow = queue(Some(0), None);
    assert_eq!(
        stage.play().story(),
        "first:0 throttled throttled warm:0 warm:0"
    );
}

#[test]
fn a_request_waits_for_at_most_the_maximum_and_an_instance_free_at_that_instant_is_in_time() {
    let mut stage = Stage::new();
    stage.platform.concurrency_quota = Some(1);
    stage.platform.overflow = queue(None, Some(4.0));
    stage.calls(&[(0.0, 10.0), (5.5, 1.0), (6.0, 1.0), (6.5, 1.0)]);
    let record = stage.play();
    assert_eq!(record.story(), "first:0 rejected warm:0 rejected");
    assert_eq!(record.ended(), [10.0, 9.5, 11.0, 10.5]);
    assert_eq!(record.throttled.len(), 0);
}

#[test]
fn a_queue_waits_for_the_scaling_rate_too() {
    let mut stage = Stage::new();
    stage.platform.scaling_rate = Some(rate(1, 1, 10.0, RateScope::Function));
    stage.platform.overflow = queue(None, None);
    stage.calls(&[(0.0, 100.0), (1.0, 100.0), (2.0, 100.0), (3.0, 100.0)]);
    assert_eq!(stage.play().begun(), [0.0, 10.0, 20.0, 30.0]);
}

#[test]
fn a_long_queue_behind_a_scaling_rate_costs_no_more_than_its_requests() {
    let mut stage = Stage::new();
    stage.platform.keep_alive = KeepAlive::Never;
    stage.platform.scaling_rate = Some(rate(1, 1, 0.01, RateScope::Account));
    stage.platform.overflow = queue(None, None);
    // Were every end of a request to leave one more timer behind, this would take a minute.
    (0..30_000).for_each(|_| stage.call(1.0, 0.005));
    assert_eq!(stage.play().ended().last(), Some(&300.995));
}

#[test]
fn capacity_that_tracking_gives_back_lets_waiting_requests_in() {
    let mut stage = Stage::new();
    stage.duration = secs(3000.0);
    stage.platform.concurrency_quota = Some(2);
    stage.platform.overflow = queue(None, None);
    let rule = Tracking {
        min: 1,
        max: 2,
        target: 0.7,
        ..Tracking::default()
    };
    stage.remedy(RemedyKind::Provisioned(Provisioned::Tracking(rule)));
    let other = stage.add_function();
    // Two provisioned from 180 s on leave the other function nothing until 1,080 s.
    stage.call(1.0, 250.0);
    (5..20).for_each(|minute| stage.call(60.0 * f64::from(minute) + 30.0, 0.1));
    stage.call_of(other, 1051.0, 1.0);
    let record = stage.play();
    let waited = record
        .users()
        .into_iter()
        .find(|end| end.function == other)
        .unwrap();
    assert_eq!(waited.begun.secs(), 1080.0);
}

#[test]
fn a_queue_without_any_limit_is_never_used() {
    let mut stage = Stage::new();
    stage.platform.overflow = queue(Some(0), Some(0.0));
    (0..50).for_each(|_| stage.call(1.0, 1.0));
    assert!(
        stage
            .play()
            .users()
            .iter()
            .all(|end| end.wait() == Span::ZERO)
    );
}
