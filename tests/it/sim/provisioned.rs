//! Provisioned concurrency: by the calendar, by load, within its limits.

use frostline::model::{Provisioned, RemedyKind, Scheduled, ScheduledAction, Statistic, Tracking};
use frostline::schedule::{Expression, Schedule, Start, Zone};

use super::stage::{Record, Stage, constant, secs};

/// Bounds from a time on, in a run that begins on Monday, 2024-01-01, 00:00 UTC.
fn action(cron: &str, zone: &str, min: u32, max: u32) -> ScheduledAction {
    let expression = Expression::parse(cron).unwrap();
    let zone = Zone::named(zone).unwrap();
    ScheduledAction {
        at: Schedule::new(expression, zone, Start::default()),
        min,
        max,
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
