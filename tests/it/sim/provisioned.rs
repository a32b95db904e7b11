//! Provisioned concurrency: by the calendar, by load, within its limits.

use frostline::dist::Dist;
use frostline::metric;
use frostline::model::{Provisioned, RemedyKind, Scheduled, ScheduledAction, Statistic, Tracking};
use frostline::policy::{Happening, HappeningKind, Orders, Policy};
use frostline::random::Stream;
use frostline::schedule::{Expression, Schedule, Start, Zone};
use frostline::sim::Retirement;

use super::measures::{assert_values, priced};
use super::stage::{Record, Stage, constant, secs};

/// Bounds from a time on, in a run that begins on Monday, 2024-01-01, 00:00 UTC.
fn action(cron: &str, zone: &str, min: u32, max: u32) -> ScheduledAction {
    let expression = Expression::parse(cron).unwrap();
    let zone = Zone::named(zone).unwrap();
    ScheduledAction {
        at: Schedule::new(expression, zone, Start::default()),
        min: Some(min),
        max: Some(max),
    }
}

fn scheduled(
    instances: u32,
    tracking: Option<Tracking>,
    actions: Vec<ScheduledAction>,
) -> RemedyKind {
    RemedyKind::Provisioned(Provisioned::Scheduled(Scheduled {
        instances,
        tracking,
        actions,
    }))
}

fn tracking(min: u32, max: u32) -> Tracking {
    Tracking {
        min,
        max,
        ..Tracking::default()
    }
}

fn by_load(rule: Tracking) -> RemedyKind {
    RemedyKind::Provisioned(Provisioned::Tracking(rule))
}

/// What was asked for, by the minute.
fn capacities(record: &Record) -> Vec<(f64, u32)> {
    let asked = record.provisioned.iter();
    asked
        .map(|(at, _, instances)| (at.secs() / 60.0, *instances))
        .collect()
}

/// Scheduled actions have a time zone (docs.aws.amazon.com, Application Auto Scaling, 2026).
#[test]
fn capacity_follows_the_calendar_of_its_time_zone() {
    let mut stage = Stage::new();
    stage.duration = secs(36.0 * 3600.0);
    stage.remedy(scheduled(
        1,
        None,
        vec![
            action("0 8 * * MON", "Europe/Berlin", 4, 4),
            action("cron(30 18 ? * 2 *)", "Europe/Berlin", 0, 0),
            action("at(2024-01-02T01:00:00)", "UTC", 2, 2),
        ],
    ));
    // 08:00 in Berlin is 07:00 UTC in winter.
    let expected = [(0.0, 1), (420.0, 4), (1050.0, 0), (1500.0, 2)];
    assert_eq!(capacities(&stage.play()), expected);
}

#[test]
fn an_action_at_the_beginning_holds_from_the_beginning_and_the_last_of_several_wins() {
    let mut stage = Stage::new();
    stage.remedy(scheduled(
        1,
        None,
        vec![
            action("0 0 * * *", "UTC", 2, 2),
            action("0 0 * * MON", "UTC", 3, 3),
            action("10 0 * * *", "UTC", 5, 5),
            action("*/10 * * * *", "UTC", 3, 3),
        ],
    ));
    // At 00:10 both are due, and the last holds: nothing changes.
    assert_eq!(capacities(&stage.play()), [(0.0, 3)]);
}

/// New capacity by the calendar takes its time like any other: an action at the moment it is needed
/// comes too late.
#[test]
fn scheduled_capacity_is_used_when_all_of_it_is_ready() {
    let mut stage = Stage::new();
    stage.start_takes(1.0);
    stage.platform.provisioned.delay = constant(90.0);
    stage.remedy(scheduled(0, None, vec![action("5 0 * * *", "UTC", 2, 2)]));
    stage.calls(&[(300.0, 1.0), (390.5, 1.0), (391.0, 1.0), (391.0, 1.0)]);
    let record = stage.play();
    let on: Vec<_> = record
        .users()
        .iter()
        .map(|end| end.on_provisioned)
        .collect();
    assert_eq!(on, [false, false, true, true]);
    assert!(
        record.story().starts_with("first:0 warm:0 "),
        "{}",
        record.story()
    );
}

/// Actions move capacity into new bounds and no further; the load moves it within them.
#[test]
fn actions_set_the_bounds_that_the_load_moves_capacity_within() {
    let busy_until_half_an_hour = |actions| {
        let mut stage = Stage::new();
        stage.duration = secs(3600.0);
        stage.remedy(scheduled(1, Some(tracking(1, 3)), actions));
        for second in 0..1790 {
            (0..8).for_each(|_| stage.call(f64::from(second) + 1.0, 1.0));
        }
        capacities(&stage.play())
    };
    // ⌈1 ÷ 0.7⌉ = 2, ⌈2 ÷ 0.7⌉ = 3; never more than three.
    let alone = [(0.0, 1), (3.0, 2), (4.0, 3)];
    assert_eq!(busy_until_half_an_hour(Vec::new()), alone);
    let actions = vec![
        action("10 0 * * *", "UTC", 5, 20),
        action("40 0 * * *", "UTC", 1, 4),
        action("50 0 * * *", "UTC", 1, 9),
    ];
    // Five at least, then as the load says: ⌈5 ÷ 0.7⌉ = 8, ⌈8 ÷ 0.7⌉ = 12, where 8 of 12 are busy.
    // Without load nothing is taken away, but four are the most from 00:40 on.
    let expected = [
        (0.0, 1),
        (3.0, 2),
        (4.0, 3),
        (10.0, 5),
        (11.0, 8),
        (12.0, 12),
        (40.0, 4),
    ];
    assert_eq!(busy_until_half_an_hour(actions), expected);
}

/// One request a minute that keeps three of four instances busy for a moment: 0.75 at most, next to
/// nothing on average (docs.aws.amazon.com, provisioned-concurrency, 2026: the maximum for load
/// with peaks).
#[test]
fn the_maximum_of_a_minute_sees_peaks_that_its_average_does_not() {
    let with = |statistic| {
        let mut stage = Stage::new();
        stage.duration = secs(600.0);
        stage.remedy(by_load(Tracking {
            statistic,
            ..tracking(4, 20)
        }));
        for minute in 0..10 {
            (0..3).for_each(|_| stage.call(60.0 * f64::from(minute) + 30.0, 0.5));
        }
        capacities(&stage.play())
    };
    assert_eq!(with(Statistic::Average), [(0.0, 4)]);
    // ⌈4 · 0.75 ÷ 0.7⌉ = 5, of which three are 0.6.
    assert_eq!(with(Statistic::Maximum), [(0.0, 4), (3.0, 5)]);
}

/// A request that lasts over a minute's end counts in the next minute's maximum as well.
#[test]
fn what_is_busy_when_a_minute_begins_is_in_its_maximum() {
    let mut stage = Stage::new();
    stage.duration = secs(600.0);
    stage.remedy(by_load(Tracking {
        statistic: Statistic::Maximum,
        ..tracking(1, 20)
    }));
    stage.call(59.0, 62.0);
    assert_eq!(capacities(&stage.play()), [(0.0, 1), (3.0, 2)]);
}

/// Cooldowns are 0 s unless given (Application Auto Scaling, API reference, 2026).
#[test]
fn a_cooldown_holds_back_the_same_direction_only() {
    let with = |out: f64, inn: f64| {
        let mut stage = Stage::new();
        stage.duration = secs(3600.0);
        stage.remedy(by_load(Tracking {
            scale_out_cooldown: secs(out),
            scale_in_cooldown: secs(inn),
            ..tracking(1, 8)
        }));
        for second in 0..590 {
            (0..8).for_each(|_| stage.call(f64::from(second) + 1.0, 1.0));
        }
        // Then three of eight, so that five remain, then one.
        for second in 600..1790 {
            (0..3).for_each(|_| stage.call(f64::from(second), 1.0));
        }
        (1790..3590).for_each(|second| stage.call(f64::from(second), 1.0));
        capacities(&stage.play())
    };
    let up = [(0.0, 1), (3.0, 2), (4.0, 3), (5.0, 5), (6.0, 8)];
    let free = with(0.0, 0.0);
    assert_eq!(free[..5], up);
    assert_eq!(free[5], (25.0, 5));
    let slow = with(120.0, 0.0);
    assert_eq!(
        slow[..5],
        [(0.0, 1), (3.0, 2), (5.0, 3), (7.0, 5), (9.0, 8)]
    );
    assert_eq!(slow[5..], free[5..]);
    let held = with(0.0, 3600.0);
    assert_eq!(held[..6], free[..6]);
    assert!(held.len() == 6 && free.len() > 6, "{held:?} {free:?}");
}

fn constantly(instances: u32) -> RemedyKind {
    RemedyKind::Provisioned(Provisioned::Constant(instances))
}

/// Whether each request ran on a provisioned instance.
fn on_provisioned(record: &Record) -> Vec<bool> {
    let users = record.users();
    users.iter().map(|end| end.on_provisioned).collect()
}

/// 10 requests a second for each provisioned instance, then spillover, even where one is idle
/// (docs.aws.amazon.com, lambda-concurrency, 2026).
#[test]
fn provisioned_instances_take_ten_requests_a_second_each_and_no_more() {
    let with = |limit| {
        let mut stage = Stage::new();
        stage.platform.provisioned.requests_per_second = limit;
        stage.remedy(constantly(2));
        (0..30).for_each(|n| stage.call(100.0 + f64::from(n) / 100.0, 0.001));
        stage.play()
    };
    assert!(on_provisioned(&with(None)).iter().all(|on| *on));
    let record = with(Some(10));
    // 20 at once and one more each 50 ms: the 25th of 100 a second finds none.
    let spilled: Vec<_> = (0..30).filter(|n| !on_provisioned(&record)[*n]).collect();
    assert_eq!(spilled, [24, 26, 27, 28, 29]);
    assert_eq!(record.spilled_over.len(), 5);
    assert!(
        record.story().contains("spillover:2 warm"),
        "{}",
        record.story()
    );
}

/// In the long run 10 n of λ requests a second, whatever their service time.
#[test]
fn the_share_on_provisioned_instances_is_the_rate_of_these_over_that_of_all() {
    let mut stage = Stage::new();
    stage.duration = secs(200.0);
    stage.platform.provisioned.requests_per_second = Some(10);
    stage.remedy(constantly(3));
    (0..10_000).for_each(|n| stage.call(f64::from(n) / 50.0, 0.001));
    let on = on_provisioned(&stage.play())
        .iter()
        .filter(|on| **on)
        .count();
    // 30 more at the beginning.
    assert!((6000..=6030).contains(&on), "{on}");
}

/// At first what the burst holds, then by the minute (awsdocs/aws-lambda-developer-guide, text of
/// October 2023: 3,000, then 500 a minute).
#[test]
fn a_burst_starts_at_once_and_the_rest_by_the_minute() {
    let ready = |instances| {
        let mut stage = Stage::new();
        stage.platform.provisioned.delay = constant(60.0);
        stage.platform.provisioned.burst = 30;
        stage.platform.provisioned.instances_per_minute = Some(5);
        stage.remedy(constantly(instances));
        let record = stage.play();
        assert_eq!(record.prewarmed.len(), instances as usize);
        record.prewarmed[0].at.secs()
    };
    assert_eq!([ready(1), ready(30), ready(40)], [60.0, 60.0, 180.0]);
}

/// One at once, two from 150 s on.
struct Raises;

impl Policy for Raises {
    fn hears(&self) -> &'static [HappeningKind] {
        &[HappeningKind::RunBegan, HappeningKind::Woke]
    }
    fn hear(&mut self, happening: &Happening, orders: &mut Orders, _: &mut Stream) {
        if *happening == Happening::RunBegan {
            orders.set_provisioned(1);
            orders.wake_after(secs(150.0));
        } else {
            orders.set_provisioned(2);
        }
    }
}

/// Capacity that was asked for comes after its delay, whoever is recycled meanwhile.
#[test]
fn recycling_does_not_bring_capacity_before_its_time() {
    let mut stage = Stage::new();
    stage.duration = secs(280.0);
    stage.start_takes(2.0);
    stage.platform.provisioned.delay = constant(90.0);
    stage.platform.provisioned.recycle = Some(constant(100.0));
    stage.policy(|| Raises);
    let ready: Vec<f64> = stage.play().prewarmed.iter().map(|p| p.at.secs()).collect();
    // The first at 92 s; its successor two seconds after 190 s; the second 92 s after 150 s.
    assert_eq!(ready, [92.0, 192.0, 242.0]);
}

/// Allocation and later again: init is billed at each recycling, though nobody waits for it
/// (docs.aws.amazon.com, provisioned-concurrency, 2026).
#[test]
fn a_recycled_instance_serves_until_its_successor_is_ready_and_both_inits_are_billed() {
    let mut stage = priced();
    stage.duration = secs(250.0);
    stage.start_takes(2.0);
    stage.platform.provisioned.recycle = Some(constant(100.0));
    stage.remedy(constantly(1));
    // Born at 0 s; the next at 100 s, ready at 102 s; the one after at 200 s, when one is busy.
    stage.calls(&[
        (101.0, 0.5),
        (101.9, 0.05),
        (103.0, 0.5),
        (199.0, 9.0),
        (203.0, 1.0),
    ]);
    let (summary, record) = stage.measure(1);
    assert_eq!(record.story(), "warm:0 warm:0 warm:1 warm:1 warm:2");
    let gone = [
        (0, 102.0, Retirement::MaxLife),
        (1, 208.0, Retirement::MaxLife),
    ];
    assert_eq!(record.retired(), gone);
    // A block of 300 s at 0.25, three inits of 2 s at 0.5.
    let bill = 300.0 * 0.25 + 3.0 * 2.0 * 0.5;
    assert_values(&summary.values, &[(metric::COST_USD_PROVISIONED, bill)]);
}

#[test]
fn an_instance_that_dies_or_is_lowered_while_it_is_replaced_leaves_as_many_as_were_asked_for() {
    let mut stage = Stage::new();
    stage.start_takes(20.0);
    stage.functions[0].timeout = Some(secs(5.0));
    stage.platform.provisioned.recycle = Some(constant(100.0));
    stage.remedy(scheduled(2, None, vec![action("2 0 * * *", "UTC", 1, 1)]));
    // Both are recycled at 100 s; one times out at 110 s, before its successor is ready; at 120 s
    // both successors are, and one instance is asked for.
    stage.calls(&[(105.0, 9.0), (130.0, 1.0), (130.5, 1.0)]);
    let record = stage.play();
    let provisioned = |second: f64| {
        let so_far = record
            .changes
            .iter()
            .filter(|c| c.provisioned && c.at.secs() <= second);
        so_far.fold(0, |alive, c| {
            alive + i32::from(c.from.is_none()) - i32::from(c.to.is_err())
        })
    };
    assert_eq!(
        [90.0, 105.0, 115.0, 125.0, 190.0].map(provisioned),
        [2, 4, 3, 1, 1]
    );
    assert_eq!(on_provisioned(&record), [true, true, false]);
}

/// From enabled to disabled, rounded up to five minutes (aws.amazon.com, Lambda pricing, 2026).
#[test]
fn each_stretch_of_scheduled_capacity_is_billed_in_blocks() {
    let bill = |actions| {
        let mut stage = priced();
        stage.duration = secs(1800.0);
        stage.remedy(scheduled(0, None, actions));
        let (summary, _) = stage.measure(1);
        let (parts, _) = stage.measure(6);
        let cost = |of: &frostline::observe::SummaryResult| {
            of.values.get(metric::COST_USD_PROVISIONED).unwrap()
        };
        assert!((cost(&summary) - cost(&parts)).abs() < 1e-9);
        // A GB-second costs 0.25.
        cost(&summary) / 0.25
    };
    let at = |minute: u32, n| action(&format!("{minute} 0 * * *"), "UTC", n, n);
    // Two for two minutes are two blocks.
    assert_eq!(bill(vec![at(1, 2), at(3, 0)]), 600.0);
    // One of them for ten minutes and another three are three blocks.
    assert_eq!(bill(vec![at(1, 2), at(3, 1), at(14, 0)]), 300.0 + 900.0);
    // The latest go first: one for 20 minutes, and twice one for four and for one.
    let waves = vec![at(0, 1), at(2, 2), at(6, 1), at(8, 2), at(9, 1), at(20, 0)];
    assert_eq!(bill(waves), 1200.0 + 600.0);
}

/// What is still on when the run ends is rounded up from when it was asked for, like the rest.
#[test]
fn capacity_that_is_still_on_at_the_end_is_billed_in_blocks_from_its_beginning() {
    let mut stage = priced();
    stage.duration = secs(1000.0);
    stage.warm_up = secs(100.0);
    let one_more = vec![action("10 0 * * *", "UTC", 3, 3)];
    stage.remedy(scheduled(1, None, one_more));
    let (summary, _) = stage.measure(1);
    // One since 0 s, whose 1,100 s become 1,200; two since 600 s, whose 500 become 600.
    let bill = 0.25 * (1000.0 + 100.0 + 2.0 * 600.0);
    assert_values(&summary.values, &[(metric::COST_USD_PROVISIONED, bill)]);
}

/// Capacity that takes the place of other capacity brings no tokens along: they are of the place.
#[test]
fn recycling_grants_no_tokens_anew() {
    let spilled = |recycle| {
        let mut stage = Stage::new();
        stage.duration = secs(200.0);
        stage.platform.provisioned.requests_per_second = Some(1);
        stage.platform.provisioned.recycle = recycle;
        stage.remedy(constantly(2));
        // Both are busy when their successors come, and both tokens are gone.
        stage.calls(&[(99.9, 0.5), (99.9, 0.5), (100.2, 0.01), (100.3, 0.01)]);
        on_provisioned(&stage.play())
    };
    assert_eq!(spilled(None), [true, true, false, false]);
    assert_eq!(spilled(Some(constant(100.0))), [true, true, false, false]);
    let idle = |recycle| {
        let mut stage = Stage::new();
        stage.duration = secs(200.0);
        stage.platform.provisioned.requests_per_second = Some(1);
        stage.platform.provisioned.recycle = recycle;
        stage.remedy(constantly(1));
        stage.calls(&[(99.9, 0.01), (100.1, 0.01)]);
        on_provisioned(&stage.play())
    };
    assert_eq!(idle(Some(constant(100.0))), [true, false]);
}

/// None of those that are added is used before all of them are ready; those that were there serve on
/// (docs.aws.amazon.com, provisioned-concurrency, 2026).
#[test]
fn raised_capacity_is_ready_all_together_while_what_was_there_serves() {
    let mut stage = Stage::new();
    stage.functions[0].start.init = Dist::empirical(&[secs(1.0), secs(2.0)]).unwrap();
    stage.platform.provisioned.delay = constant(30.0);
    stage.remedy(scheduled(1, None, vec![action("2 0 * * *", "UTC", 40, 40)]));
    stage.calls(&[(140.0, 1.0), (151.5, 8.0), (151.6, 1.0), (152.0, 1.0)]);
    let record = stage.play();
    assert_eq!(on_provisioned(&record), [true, true, false, true]);
    let ready: Vec<_> = record
        .prewarmed
        .iter()
        .map(|ready| ready.at.secs())
        .collect();
    assert!(ready[0] <= 32.0);
    assert_eq!(ready[1..], [152.0; 39]);
}

/// Who waits in a queue need not wait for a finish: the next token lets it in.
#[test]
fn a_request_that_waits_is_let_in_with_the_next_token() {
    let mut stage = Stage::new();
    stage.functions[0].reserved_concurrency = Some(2);
    stage.platform.overflow = frostline::model::Overflow::Queue {
        length: None,
        max_wait: None,
    };
    stage.platform.provisioned.requests_per_second = Some(1);
    stage.remedy(constantly(2));
    // Two tokens, and two a second: at 100.5, 101 and 101.5 s.
    (0..5).for_each(|_| stage.call(100.0, 0.125));
    stage.call(102.0, 0.125);
    let record = stage.play();
    assert_eq!(record.begun(), [100.0, 100.0, 100.5, 101.0, 101.5, 102.0]);
    assert!(on_provisioned(&record).iter().all(|on| *on));
}

/// ⌈capacity · utilisation ÷ target⌉: 10 at 0.9 go to 13, 100 at 0.35 to 50, for a target of 0.7;
/// low is below 0.63 (AWS target tracking).
#[test]
fn capacity_jumps_to_what_the_published_examples_say() {
    let with = |capacity: u32, busy: u32| {
        let mut stage = Stage::new();
        stage.duration = secs(1800.0);
        let actions = vec![
            action("0 0 * * *", "UTC", capacity, capacity),
            action("1 0 * * *", "UTC", 1, 200),
        ];
        stage.remedy(scheduled(1, Some(tracking(1, 200)), actions));
        (0..busy).for_each(|_| stage.call(1.0, 1700.0));
        capacities(&stage.play())
    };
    assert_eq!(with(10, 9), [(0.0, 10), (3.0, 13)]);
    assert_eq!(with(100, 35), [(0.0, 100), (15.0, 50)]);
    assert_eq!(with(100, 63), [(0.0, 100)]);
    // Seven tenths are not above seven tenths, either.
    assert_eq!(with(10, 7), [(0.0, 10)]);
}

/// An action may move one bound alone, as on AWS; the other stays, unless it is passed.
#[test]
fn a_scheduled_action_may_move_one_bound() {
    let one = |cron: &str, min: Option<u32>, max: Option<u32>| ScheduledAction {
        min,
        max,
        ..action(cron, "UTC", 0, 0)
    };
    let mut stage = Stage::new();
    stage.duration = secs(600.0);
    let actions = vec![
        one("1 0 * * *", Some(5), None),
        one("2 0 * * *", None, Some(3)),
        one("3 0 * * *", Some(20), None),
    ];
    stage.remedy(scheduled(1, Some(tracking(1, 10)), actions));
    let found = capacities(&stage.play());
    assert_eq!(found, [(0.0, 1), (1.0, 5), (2.0, 3), (3.0, 20)]);
}
