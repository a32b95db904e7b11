//! The life of a request and of an instance on demand, rule by rule.

use frostline::dist::Dist;
use frostline::ids::InstanceId;
use frostline::model::{KeepAlive, RemedyKind, Routing};
use frostline::policy::{Happening, HappeningKind, Orders, Policy};
use frostline::random::Stream;
use frostline::sim::{Ending, Retirement, State};
use frostline::units::{Span, Time};

use super::stage::{Stage, constant, secs};

#[test]
fn an_instance_idle_for_exactly_its_keep_alive_is_warm_and_cold_a_nanosecond_later() {
    let mut stage = Stage::keeping(10.0);
    stage.calls(&[(0.0, 2.0), (12.0, 1.0), (23.000_000_001, 1.0)]);
    assert_eq!(stage.play().story(), "first:0 warm:0 expired:1");
}

#[test]
fn an_instance_that_finishes_at_the_instant_of_an_arrival_takes_it() {
    let mut stage = Stage::keeping(10.0);
    stage.calls(&[(0.0, 2.0), (2.0, 1.0)]);
    assert_eq!(stage.play().story(), "first:0 warm:0");
}

#[test]
fn an_instance_prewarmed_to_the_instant_of_an_arrival_takes_it() {
    let mut stage = Stage::new();
    stage.start_takes(3.0);
    stage.remedy(RemedyKind::MinInstances(1));
    stage.call(3.0, 1.0);
    assert_eq!(stage.play().story(), "warm:0");
}

#[test]
fn a_request_at_the_end_of_the_run_does_not_arrive_and_one_that_ends_then_is_in_flight() {
    let mut stage = Stage::new();
    stage.duration = secs(10.0);
    stage.calls(&[(0.0, 10.0), (5.0, 1.0), (10.0, 1.0)]);
    let record = stage.play();
    assert_eq!(
        (record.arrived.len(), record.ends.len(), record.in_flight),
        (2, 1, 1)
    );
}

#[test]
fn without_keep_alive_every_request_is_cold_and_its_instance_ends_with_it() {
    let mut stage = Stage::new();
    stage.platform.keep_alive = KeepAlive::Never;
    stage.calls(&[(0.0, 1.0), (1.0, 1.0), (1.0, 1.0)]);
    let record = stage.play();
    assert_eq!(record.story(), "first:0 expired:1 scale-out:2");
    let idle = |r: &(usize, f64, Retirement)| r.2 == Retirement::IdleTimeout;
    assert!(record.retired().len() == 3 && record.retired().iter().all(idle));
    assert!(
        record
            .changes
            .iter()
            .all(|change| change.to != Ok(State::Idle))
    );
}

#[test]
fn a_keep_alive_of_zero_keeps_for_the_same_instant_only() {
    let mut stage = Stage::keeping(0.0);
    stage.calls(&[(0.0, 1.0), (1.0, 1.0), (2.000_000_001, 1.0)]);
    assert_eq!(stage.play().story(), "first:0 warm:0 expired:1");
}

#[test]
fn an_instance_kept_for_ever_ends_with_the_run() {
    let mut stage = Stage::new();
    stage.calls(&[(0.0, 1.0), (999.0, 0.5)]);
    let record = stage.play();
    assert_eq!(record.story(), "first:0 warm:0");
    assert_eq!(record.changes.last().unwrap().to, Err(Retirement::EndOfRun));
    assert_eq!(record.changes.last().unwrap().at, Time::from_secs(1000.0));
}

#[test]
fn a_request_waits_for_the_instance_it_started_even_if_another_is_free_sooner() {
    let mut stage = Stage::new();
    stage.start_takes(5.0);
    stage.calls(&[(0.0, 1.0), (5.5, 1.0), (7.0, 1.0)]);
    let record = stage.play();
    assert_eq!(record.story(), "first:0 scale-out:1 warm:0");
    assert_eq!(record.begun(), [5.0, 10.5, 7.0]);
}

#[test]
fn a_start_is_the_sum_of_its_phases_and_the_first_call_runs_inside_the_handler() {
    let mut stage = Stage::new();
    let start = &mut stage.functions[0].start;
    start.sandbox = constant(1.0);
    start.fetch = constant(0.5);
    start.runtime = constant(0.25);
    start.init = constant(0.125);
    start.restore = constant(64.0);
    start.first_call = constant(2.0);
    stage.calls(&[(0.0, 10.0), (20.0, 1.0)]);
    let record = stage.play();
    let [cold, warm] = record.users()[..] else {
        panic!()
    };
    assert_eq!((cold.begun.secs(), cold.ended.secs()), (1.875, 13.875));
    assert_eq!(
        (cold.start(), cold.service(), cold.wait()),
        (secs(3.875), secs(10.0), Span::ZERO)
    );
    assert_eq!(cold.billable_start, secs(0.375));
    assert_eq!((warm.start(), warm.latency()), (Span::ZERO, secs(1.0)));
    assert_eq!(warm.billable_start, Span::ZERO);
}

#[test]
fn the_timeout_cuts_the_handler_and_resets_the_instance() {
    let mut stage = Stage::new();
    stage.functions[0].timeout = Some(secs(3.0));
    stage.calls(&[(0.0, 5.0), (4.0, 3.0), (10.0, 1.0)]);
    let record = stage.play();
    assert_eq!(record.story(), "first:0!timed-out recycled:1 warm:1");
    assert_eq!(record.ended(), [3.0, 7.0, 11.0]);
    assert_eq!(record.retired(), [(0, 3.0, Retirement::TimedOut)]);
}

#[test]
fn the_timeout_counts_the_first_call_but_not_the_start() {
    let mut stage = Stage::new();
    stage.start_takes(10.0);
    stage.functions[0].start.first_call = constant(2.0);
    stage.functions[0].timeout = Some(secs(3.0));
    stage.call(0.0, 1.5);
    let end = stage.play().users()[0];
    assert_eq!((end.ending, end.ended.secs()), (Ending::TimedOut, 13.0));
    assert_eq!((end.first_call, end.service()), (secs(2.0), secs(1.0)));
}

#[test]
fn a_first_call_longer_than_the_timeout_leaves_no_service() {
    let mut stage = Stage::new();
    stage.functions[0].start.first_call = constant(9.0);
    stage.functions[0].timeout = Some(secs(3.0));
    stage.call(0.0, 1.5);
    let end = stage.play().users()[0];
    assert_eq!(
        (end.first_call, end.service(), end.latency()),
        (secs(3.0), secs(0.0), secs(3.0))
    );
}

#[test]
fn a_request_that_fails_runs_its_time_and_leaves_the_instance_warm() {
    let mut stage = Stage::new();
    stage.calls(&[(0.0, 2.0), (3.0, 1.0)]);
    stage.calls[0].fails = true;
    let record = stage.play();
    assert_eq!(record.story(), "first:0!failed warm:0");
    assert_eq!(record.ended()[0], 2.0);
}

#[test]
fn an_idle_instance_is_retired_when_it_reaches_its_maximum_life() {
    let mut stage = Stage::new();
    stage.platform.max_life = Some(constant(10.0));
    stage.calls(&[(0.0, 1.0), (9.0, 0.5), (11.0, 1.0)]);
    let record = stage.play();
    assert_eq!(record.story(), "first:0 warm:0 recycled:1");
    let lived = (0, 10.0, Retirement::MaxLife);
    assert_eq!(record.retired(), [lived, (1, 21.0, Retirement::MaxLife)]);
}

#[test]
fn a_busy_instance_is_retired_at_its_next_finish_after_its_maximum_life() {
    let mut stage = Stage::new();
    stage.platform.max_life = Some(constant(10.0));
    stage.calls(&[(0.0, 30.0), (30.0, 1.0)]);
    let record = stage.play();
    assert_eq!(record.story(), "first:0 recycled:1");
    assert_eq!(record.retired()[0], (0, 30.0, Retirement::MaxLife));
}

#[test]
fn the_maximum_life_counts_from_the_beginning_of_the_start() {
    let mut stage = Stage::new();
    stage.start_takes(4.0);
    stage.platform.max_life = Some(constant(10.0));
    stage.call(0.0, 1.0);
    assert_eq!(stage.play().retired(), [(0, 10.0, Retirement::MaxLife)]);
}

/// Three instances: 0 is born first and used last, 2 is born last and used first.
fn three_idle(routing: Routing) -> Stage {
    let mut stage = Stage::new();
    stage.platform.routing = routing;
    stage.calls(&[(0.0, 9.0), (0.0, 8.0), (0.0, 7.0)]);
    stage
}

#[test]
fn each_routing_takes_its_own_idle_instance() {
    let expected = [
        (Routing::MostRecentlyUsed, "warm:0 warm:1 warm:1"),
        (Routing::LeastRecentlyUsed, "warm:2 warm:1 warm:0"),
        (Routing::Newest, "warm:2 warm:1 warm:2"),
        (Routing::Oldest, "warm:0 warm:1 warm:0"),
    ];
    for (routing, rest) in expected {
        let mut stage = three_idle(routing);
        stage.calls(&[(10.0, 5.0), (11.0, 5.0), (20.0, 1.0)]);
        let story = stage.play().story();
        assert_eq!(
            story,
            format!("first:0 scale-out:1 scale-out:2 {rest}"),
            "{routing:?}"
        );
    }
}

#[test]
fn random_routing_takes_every_idle_instance_about_equally_often() {
    let mut stage = three_idle(Routing::Random);
    stage.duration = secs(1e5);
    (0..3000).for_each(|n| stage.call(100.0 + f64::from(n), 0.5));
    let record = stage.play();
    let mut taken = [0_u32; 3];
    for end in &record.users()[3..] {
        taken[record.birth(end.instance.unwrap())] += 1;
    }
    assert!(taken.iter().all(|n| n.abs_diff(1000) < 120), "{taken:?}");
}

#[test]
fn the_worked_trace_has_the_published_outcome_under_every_routing() {
    let trace = [
        (0.0, 2.0),
        (1.0, 3.0),
        (1.5, 4.0),
        (6.2, 1.0),
        (8.1, 5.0),
        (9.3, 1.0),
        (11.6, 2.0),
        (12.7, 3.0),
        (20.4, 1.0),
        (24.9, 2.0),
        (25.3, 2.0),
        (41.0, 1.0),
    ];
    let expected = [
        (
            Routing::MostRecentlyUsed,
            "012221133345",
            "CCCWWWWCWWCC",
            76.4,
        ),
        (Routing::Newest, "012221133345", "CCCWWWWCWWCC", 76.4),
        (Routing::Oldest, "012001120023", "CCCWWWWWWWWC", 79.3),
        (
            Routing::LeastRecentlyUsed,
            "012012021213",
            "CCCWWWWWWWWC",
            79.3,
        ),
    ];
    for (routing, instances, outcomes, idle) in expected {
        let mut stage = Stage::keeping(10.0);
        stage.platform.routing = routing;
        stage.calls(&trace);
        let (summary, record) = stage.measure(1);
        let ids: String = record
            .users()
            .iter()
            .map(|end| record.birth(end.instance.unwrap()).to_string())
            .collect();
        let found: String = record
            .story()
            .split(' ')
            .map(|word| if word.starts_with("warm") { 'W' } else { 'C' })
            .collect();
        assert_eq!(
            (ids.as_str(), found.as_str()),
            (instances, outcomes),
            "{routing:?}"
        );
        let gb_s = summary.values.get(frostline::metric::IDLE_GB_S).unwrap();
        assert!((gb_s - idle).abs() < 1e-9, "{routing:?}: {gb_s}");
    }
}

#[test]
fn the_floor_is_there_from_the_beginning_and_is_never_undercut() {
    let mut stage = Stage::keeping(5.0);
    stage.remedy(RemedyKind::MinInstances(2));
    stage.calls(&[
        (100.0, 1.0),
        (100.0, 1.0),
        (100.0, 1.0),
        (200.0, 1.0),
        (200.0, 1.0),
    ]);
    let record = stage.play();
    assert_eq!(record.story(), "warm:1 warm:0 scale-out:2 warm:2 warm:0");
    assert_eq!(record.retired(), [(1, 106.0, Retirement::IdleTimeout)]);
}

#[test]
fn a_floored_instance_that_reaches_its_maximum_life_is_replaced_at_once() {
    let mut stage = Stage::keeping(5.0);
    stage.start_takes(1.0);
    stage.platform.max_life = Some(constant(400.0));
    stage.remedy(RemedyKind::MinInstances(1));
    stage.calls(&[(400.5, 1.0), (500.0, 1.0)]);
    let record = stage.play();
    assert_eq!(record.story(), "not-ready:2 warm:2");
    assert_eq!(record.retired()[0], (0, 400.0, Retirement::MaxLife));
}

#[test]
fn the_floor_holds_even_without_keep_alive() {
    let mut stage = Stage::new();
    stage.platform.keep_alive = KeepAlive::Never;
    stage.remedy(RemedyKind::MinInstances(1));
    stage.calls(&[(10.0, 1.0), (10.5, 1.0), (20.0, 1.0)]);
    assert_eq!(stage.play().story(), "warm:0 scale-out:1 warm:1");
}

/// Lowers its floor at 50 s.
struct Lowering(u32, u32);

impl Policy for Lowering {
    fn hears(&self) -> &'static [HappeningKind] {
        &[HappeningKind::RunBegan, HappeningKind::Woke]
    }
    fn hear(&mut self, happening: &Happening, orders: &mut Orders, _: &mut Stream) {
        if *happening == Happening::RunBegan {
            orders.set_floor(self.0);
            orders.wake_after(secs(50.0));
        } else {
            orders.set_floor(self.1);
        }
    }
}

#[test]
fn instances_that_only_the_floor_held_go_when_it_is_lowered() {
    let mut stage = Stage::keeping(10.0);
    stage.policy(|| Lowering(3, 1));
    let lowered = Retirement::Lowered;
    assert_eq!(
        stage.play().retired(),
        [(0, 50.0, lowered), (1, 50.0, lowered)]
    );
    // Where their keep-alive has not passed, it goes on.
    let mut stage = Stage::keeping(60.0);
    stage.policy(|| Lowering(2, 0));
    let idle = Retirement::IdleTimeout;
    assert_eq!(stage.play().retired(), [(0, 60.0, idle), (1, 60.0, idle)]);
}

fn two_clocks(instance: f64, function: f64) -> Stage {
    let mut stage = Stage::new();
    stage.platform.keep_alive = KeepAlive::TwoClocks {
        instance: constant(instance),
        function: secs(function),
    };
    stage
}

#[test]
fn two_clocks_retire_an_instance_by_its_own_or_all_by_their_function() {
    let idle = Retirement::IdleTimeout;
    // One instance is used on and on; the other is retired by its own clock.
    let mut stage = two_clocks(30.0, 10.0);
    (0..10).for_each(|n| stage.call(8.0 * f64::from(n), 1.0));
    stage.call(0.5, 0.1);
    let record = stage.play();
    assert_eq!(record.retired(), [(1, 30.6, idle), (0, 83.0, idle)]);
    // Nothing has run for 10 s: both are retired together, the longest idle first.
    let mut stage = two_clocks(30.0, 10.0);
    stage.calls(&[(0.0, 5.0), (0.0, 3.0), (15.0, 1.0), (26.000_000_001, 1.0)]);
    let record = stage.play();
    assert_eq!(record.story(), "first:0 scale-out:1 warm:0 expired:2");
    assert_eq!(record.retired()[..2], [(1, 26.0, idle), (0, 26.0, idle)]);
}

#[test]
fn a_drawn_keep_alive_is_drawn_anew_for_each_idle_period() {
    let mut stage = Stage::new();
    let values = [secs(1.0), secs(100.0)];
    stage.platform.keep_alive = KeepAlive::For(Dist::empirical(&values).unwrap());
    stage.duration = secs(1e5);
    (0..400).for_each(|n| stage.call(50.0 * f64::from(n), 1.0));
    let warm = stage.play().story().matches("warm").count();
    assert!((150..250).contains(&warm), "{warm}");
}

/// Retires the first instance it hears of, again and again.
struct Insistent(Option<InstanceId>);

impl Policy for Insistent {
    fn hears(&self) -> &'static [HappeningKind] {
        &[HappeningKind::Idle]
    }
    fn hear(&mut self, happening: &Happening, orders: &mut Orders, _: &mut Stream) {
        if let Happening::Idle(event) = happening {
            orders.retire(*self.0.get_or_insert(event.instance));
        }
    }
}

#[test]
fn an_order_about_a_retired_instance_is_ignored_and_counted() {
    let mut stage = Stage::new();
    stage.policy(|| Insistent(None));
    stage.calls(&[(0.0, 1.0), (2.0, 1.0), (4.0, 1.0)]);
    let record = stage.play();
    assert_eq!(record.story(), "first:0 recycled:1 warm:1");
    assert_eq!(record.retired(), [(0, 1.0, Retirement::Lowered)]);
    assert_eq!(record.finished.orders_ignored, 2);
}
