//! Connections to what is behind functions: when they are opened, how long they are held, who is
//! refused one.

use frostline::dist::Dist;
use frostline::ids::InstanceId;
use frostline::metric;
use frostline::model::{
    Connection, EventSource, Gateway, GatewayKind, Open, Ping, Process, Provisioned, RemedyKind,
    Reset, Resource, Snapshot, SnapshotAfter, WorkingSet, bytes,
};
use frostline::observe::SummaryResult;
use frostline::policy::{Happening, HappeningKind, Orders, Policy};
use frostline::random::Stream;
use frostline::sim::{Ending, Retirement};
use frostline::theory::queues::erlang_b;
use frostline::units::{Memory, Span, Time};
use frostline::validate::lab;

use super::stage::{Record, Stage, constant, secs};

/// One function whose instances are idle for 100 s at most, and a resource with so many connections
/// that takes a quarter of a second to open one.
fn connected(open: Open, connections: Option<u32>) -> Stage {
    let mut stage = Stage::keeping(100.0);
    stage.platform.resources = vec![Resource {
        name: "database".to_owned(),
        connections,
        set_up: constant(0.25),
    }];
    stage.functions[0].connection = Some(Connection {
        to: 0,
        open,
        attempts: 1,
        retry_wait: secs(0.5),
    });
    stage
}

fn tries(stage: &mut Stage, attempts: u32) {
    let connection = stage.functions[0].connection.as_mut();
    connection.unwrap().attempts = attempts;
}

/// When connections were taken, and when they were let go.
fn path(record: &Record) -> Vec<(f64, bool)> {
    let path = record.connected.iter();
    path.map(|(at, _, more)| (at.secs(), *more)).collect()
}

fn refused(record: &Record) -> Vec<f64> {
    let refused = record.connections_refused.iter();
    refused.map(|at| at.secs()).collect()
}

/// Peak, mean and refusals.
fn measures(summary: &SummaryResult) -> [f64; 3] {
    [
        metric::CONNECTIONS_PEAK,
        metric::CONNECTIONS_MEAN,
        metric::CONNECTIONS_REFUSED,
    ]
    .map(|id| summary.values.get(id).unwrap())
}

#[test]
fn in_init_a_connection_makes_the_start_longer_and_is_held_for_life() {
    let mut stage = connected(Open::Init, None);
    stage.start_takes(1.0);
    stage.calls(&[(0.0, 2.0), (10.0, 2.0)]);
    let (summary, record) = stage.measure(1);
    assert_eq!(record.story(), "first:0 warm:0");
    assert_eq!(record.ended(), [3.25, 12.0]);
    // The start and what it is billed are a quarter longer.
    assert_eq!(record.users()[0].billable_start, secs(1.25));
    assert_eq!(record.users()[0].service(), secs(2.0));
    assert_eq!(path(&record), [(0.0, true), (112.0, false)]);
    assert_eq!(measures(&summary), [1.0, 0.112, 0.0]);
}

#[test]
fn in_the_first_call_a_connection_makes_the_request_longer_once() {
    let mut stage = connected(Open::FirstCall, None);
    stage.start_takes(1.0);
    stage.calls(&[(0.0, 2.0), (10.0, 2.0)]);
    let record = stage.play();
    assert_eq!(record.ended(), [3.25, 12.0]);
    let first = record.users()[0];
    assert_eq!(first.billable_start, secs(1.0));
    assert_eq!((first.first_call, first.service()), (secs(0.25), secs(2.0)));
    assert_eq!(path(&record), [(1.0, true), (112.0, false)]);
}

#[test]
fn in_every_call_each_request_opens_one_and_lets_it_go() {
    let mut stage = connected(Open::EveryCall, None);
    stage.start_takes(1.0);
    stage.calls(&[(0.0, 2.0), (10.0, 2.0)]);
    let (summary, record) = stage.measure(1);
    assert_eq!(record.ended(), [3.25, 12.25]);
    assert_eq!(record.users()[1].service(), secs(2.25));
    let expected = [(1.0, true), (3.25, false), (10.0, true), (12.25, false)];
    assert_eq!(path(&record), expected);
    assert_eq!(measures(&summary), [1.0, 0.0045, 0.0]);
}

/// The first call's own work comes before the handler, and so before the connection.
#[test]
fn a_connection_is_opened_after_what_the_first_call_loads() {
    for open in [Open::FirstCall, Open::EveryCall] {
        let mut stage = connected(open, Some(1));
        stage.functions[0].start.first_call = constant(3.0);
        // The second finds the only connection taken when it has loaded its code.
        stage.calls(&[(0.0, 8.0), (1.0, 8.0)]);
        let record = stage.play();
        assert_eq!(path(&record)[0], (3.0, true));
        assert_eq!(refused(&record), [4.0]);
        assert_eq!(record.ended(), [11.25, 4.0]);
        let second = record.users()[1];
        assert_eq!(second.ending, Ending::Failed);
        assert_eq!(second.first_call, secs(3.0));
    }
}

#[test]
fn a_request_beyond_the_limit_fails_at_once() {
    let mut stage = connected(Open::EveryCall, Some(2));
    stage.calls(&[(0.0, 2.0), (0.0, 2.0), (1.0, 2.0), (3.0, 2.0)]);
    let (summary, record) = stage.measure(1);
    assert_eq!(
        record.story(),
        "first:0 scale-out:1 scale-out:2!failed warm:1"
    );
    assert_eq!(record.ended(), [2.25, 2.25, 1.0, 5.25]);
    assert_eq!(refused(&record), [1.0]);
    assert_eq!(measures(&summary)[0], 2.0);
    assert_eq!(summary.values.get(metric::FAILED), Some(1.0));
}

#[test]
fn a_request_that_is_refused_tries_again_until_its_attempts_are_used_up() {
    for (attempts, ended, ending, how_often) in [
        (2, 1.5, Ending::Failed, 2),
        (3, 2.0, Ending::Failed, 3),
        // At 2.25 s the first is done, and the fourth try at 2.5 s is let in.
        (4, 4.75, Ending::Completed, 3),
        (9, 4.75, Ending::Completed, 3),
    ] {
        let mut stage = connected(Open::EveryCall, Some(1));
        tries(&mut stage, attempts);
        stage.calls(&[(0.0, 2.0), (1.0, 2.0)]);
        let record = stage.play();
        let second = record.users()[1];
        assert_eq!((second.ended.secs(), second.ending), (ended, ending));
        assert_eq!(refused(&record).len(), how_often);
        // It waits within its own duration, which is billed.
        assert_eq!(second.begun.secs(), 1.0);
    }
}

#[test]
fn the_function_timeout_cuts_a_request_that_waits_for_a_connection() {
    let mut stage = connected(Open::EveryCall, Some(1));
    tries(&mut stage, 100);
    stage.functions[0].timeout = Some(secs(3.25));
    stage.calls(&[(0.0, 3.0), (0.0, 1.0), (0.25, 1.0)]);
    let record = stage.play();
    // The second waits all the time; the third is let in at 3.25 s, and its work is cut.
    assert_eq!(record.ended(), [3.25, 3.25, 3.5]);
    let endings: Vec<_> = record.users().iter().map(|end| end.ending).collect();
    let (done, cut) = (Ending::Completed, Ending::TimedOut);
    assert_eq!(endings, [done, cut, cut]);
    let last = *path(&record).last().unwrap();
    assert_eq!(last, (3.5, false));
}

/// A gateway stops waiting whatever the function waits for.
#[test]
fn a_gateway_stops_waiting_for_a_request_that_waits_for_a_connection() {
    let mut stage = connected(Open::EveryCall, Some(1));
    tries(&mut stage, 100);
    stage.functions[0].source = EventSource::Gateway(Gateway {
        kind: GatewayKind::Rest,
        latency: constant(0.0),
        timeout: Some(secs(5.0)),
        throttle: None,
    });
    stage.calls(&[(0.0, 20.0), (1.0, 1.0)]);
    let record = stage.play();
    let abandoned = record.ends.iter().filter(|e| e.ending == Ending::Abandoned);
    let at: Vec<f64> = abandoned.map(|end| end.ended.secs()).collect();
    assert_eq!(at, [5.0, 6.0]);
    // The function goes on, and is let in when the first is done.
    assert_eq!(path(&record)[2], (20.5, true));
}

#[test]
fn what_is_refused_in_init_is_opened_by_a_request() {
    let mut stage = connected(Open::Init, Some(1));
    stage.start_takes(1.0);
    stage.functions[0].deployments = vec![Time::from_secs(10.0)];
    // The old version's instance holds the connection until its request ends at 21.25 s.
    stage.calls(&[(0.0, 20.0), (15.0, 1.0), (30.0, 1.0), (40.0, 1.0)]);
    let record = stage.play();
    assert_eq!(record.story(), "first:0 deployed:1!failed warm:1 warm:1");
    assert_eq!(record.ended(), [21.25, 16.0, 31.25, 41.0]);
    let taken = path(&record);
    assert_eq!(taken[..3], [(0.0, true), (21.25, false), (30.0, true)]);
}

#[test]
fn a_timeout_lets_the_connection_go_where_the_runtime_is_reset() {
    for reset in [Reset::SuppressedInit, Reset::Retire] {
        let mut stage = connected(Open::Init, None);
        stage.start_takes(1.0);
        stage.platform.reset = reset;
        stage.functions[0].timeout = Some(secs(4.0));
        stage.calls(&[(0.0, 9.0), (10.0, 2.0)]);
        let record = stage.play();
        let again = match reset {
            // Init runs again inside the request, and then opens one.
            Reset::SuppressedInit => 11.0,
            Reset::Retire => 10.0,
        };
        assert_eq!(
            path(&record)[..3],
            [(0.0, true), (5.25, false), (again, true)]
        );
        assert_eq!(record.ended(), [5.25, 13.25]);
    }
}

#[test]
fn a_crash_lets_the_connection_go() {
    for open in [Open::Init, Open::FirstCall, Open::EveryCall] {
        let mut stage = connected(open, None);
        stage.functions[0].crash_rate = 1.0;
        stage.call(0.0, 1.0);
        let record = stage.play();
        assert_eq!(record.retired()[0].2, Retirement::Crashed);
        assert_eq!(path(&record).len(), 2);
    }
}

#[test]
fn a_deployment_closes_the_connections_of_the_old_version() {
    let mut stage = connected(Open::FirstCall, None);
    stage.functions[0].deployments = vec![Time::from_secs(50.0)];
    stage.calls(&[(0.0, 1.0), (0.0, 60.0), (70.0, 1.0)]);
    let record = stage.play();
    // The idle one goes with the deployment, the busy one after its request.
    let expected = [
        (0.0, true),
        (0.0, true),
        (50.0, false),
        (60.25, false),
        (70.0, true),
        (171.25, false),
    ];
    assert_eq!(path(&record), expected);
}

/// A snapshot is taken after init, but no connection lives on in it (docs.aws.amazon.com,
/// snapstart-best-practices: connections have to be opened anew after a restore).
#[test]
fn a_restored_instance_opens_its_connection_in_its_first_request() {
    for after in [SnapshotAfter::Init, SnapshotAfter::WarmUpCall] {
        for open in [Open::Init, Open::FirstCall] {
            let mut stage = connected(open, None);
            stage.start_takes(1.0);
            stage.functions[0].start.restore = constant(0.5);
            stage.functions[0].start.first_call = constant(2.0);
            stage.remedy(RemedyKind::Snapshot(Snapshot { after, versions: 1 }));
            stage.calls(&[(0.0, 1.0), (10.0, 1.0)]);
            let record = stage.play();
            let first_call = match after {
                SnapshotAfter::Init => 2.0,
                SnapshotAfter::WarmUpCall => 0.0,
            };
            let taken = 0.5 + first_call;
            assert_eq!(path(&record)[0], (taken, true));
            assert_eq!(record.ended(), [taken + 1.25, 11.0]);
        }
    }
}

#[test]
fn pings_open_no_connection() {
    for open in [Open::FirstCall, Open::EveryCall] {
        let mut stage = connected(open, Some(1));
        stage.remedy(RemedyKind::Ping(Ping {
            every: secs(50.0),
            instances: 3,
            hold: secs(1.0),
            skew: constant(0.0),
            offset: Dist::ZERO,
            sender: false,
        }));
        stage.call(10.0, 1.0);
        let record = stage.play();
        assert_eq!(record.born(), 3);
        assert_eq!(path(&record)[0], (10.0, true));
        assert!(refused(&record).is_empty());
        assert_eq!(record.story(), "warm:2");
    }
}

#[test]
fn the_start_of_an_instance_for_a_ping_opens_one_in_init() {
    let mut stage = connected(Open::Init, None);
    stage.start_takes(1.0);
    stage.remedy(RemedyKind::Ping(Ping {
        every: secs(2000.0),
        instances: 1,
        hold: secs(1.0),
        skew: constant(0.0),
        offset: Dist::constant(Span::from_secs(10.0)),
        sender: false,
    }));
    assert_eq!(path(&stage.play()), [(10.0, true), (112.25, false)]);
}

/// A request that was refused has not worked: neither is its memory used up.
#[test]
fn a_request_that_is_refused_does_not_run_out_of_memory() {
    let mut stage = connected(Open::EveryCall, Some(1));
    stage.calls(&[(0.0, 4.0), (1.0, 4.0)]);
    let (base, peak) = (Memory::from_mb(512.0), Memory::from_mb(2048.0));
    let peak = Dist::constant(bytes(peak));
    stage.functions[0].working_set = Some(WorkingSet::new(base, peak));
    let endings: Vec<_> = stage.play().users().iter().map(|end| end.ending).collect();
    assert_eq!(endings, [Ending::OutOfMemory, Ending::Failed]);
}

/// Without further tries a resource of c connections is a loss system: of Poisson arrivals it refuses
/// Erlang's B of c and of the load that set-up and work bring, whatever their distributions.
#[test]
fn a_resource_refuses_what_erlang_b_says() {
    let set_up = secs(0.25);
    for (connections, mean) in [(3, 1.75), (6, 4.75)] {
        let mut platform = lab::bare_platform();
        platform.resources = vec![Resource {
            name: "database".to_owned(),
            connections: Some(connections),
            set_up: Dist::constant(set_up),
        }];
        let mut function = lab::bare_function("f", Dist::exponential(secs(mean)).unwrap());
        function.connection = Some(Connection {
            to: 0,
            open: Open::EveryCall,
            attempts: 1,
            retry_wait: secs(1.0),
        });
        let poisson = Process::Poisson { rate: 1.0 };
        let plan = lab::plan_of_one(platform, function, poisson, secs(1e3), secs(4e5));
        let summary = lab::simulate(&plan, 1, 0, 1);
        let value = |id| summary.values.get(id).unwrap();
        let refused = value(metric::CONNECTIONS_REFUSED) / value(metric::REQUESTS);
        let load = mean + set_up.secs();
        let expected = erlang_b(connections, load);
        assert!(
            (refused / expected - 1.0).abs() < 0.02,
            "{refused} {expected}"
        );
        let held = value(metric::CONNECTIONS_MEAN);
        let carried = load * (1.0 - expected);
        assert!((held / carried - 1.0).abs() < 0.01, "{held} {carried}");
    }
}

#[test]
fn two_functions_share_one_resource() {
    let mut stage = connected(Open::EveryCall, Some(2));
    let other = stage.add_function();
    stage.functions[1].connection = stage.functions[0].connection;
    stage.calls(&[(0.0, 2.0), (0.5, 2.0)]);
    stage.call_of(other, 1.0, 2.0);
    stage.call_of(other, 3.0, 1.75);
    let (summary, record) = stage.measure(1);
    assert_eq!(refused(&record), [1.0]);
    // Twice 2.25 s and once 2 s, of 1000.
    assert_eq!(measures(&summary), [2.0, 0.0065, 1.0]);
    let of = |n: usize| {
        let values = &summary.functions[n].values;
        (
            values.get(metric::CONNECTIONS_PEAK),
            values.get(metric::CONNECTIONS_REFUSED),
        )
    };
    assert_eq!(of(0), (Some(2.0), Some(0.0)));
    assert_eq!(of(1), (Some(1.0), Some(1.0)));
}

/// A peak of both together is not the sum of the peaks of each.
#[test]
fn the_peak_of_two_functions_is_that_of_both_at_once() {
    let mut stage = connected(Open::EveryCall, None);
    let other = stage.add_function();
    stage.functions[1].connection = stage.functions[0].connection;
    stage.calls(&[(0.0, 2.0), (0.0, 2.0)]);
    stage.call_of(other, 10.0, 2.0);
    stage.call_of(other, 10.0, 2.0);
    let (summary, _) = stage.measure(1);
    assert_eq!(measures(&summary)[0], 2.0);
}

#[test]
fn what_is_held_when_the_warm_up_ends_is_measured_and_refusals_before_are_not() {
    for batches in [1, 10] {
        let mut stage = connected(Open::FirstCall, Some(2));
        stage.warm_up = secs(50.0);
        stage.duration = secs(100.0);
        // Two are held over the end of the warm-up; the third request is refused in it.
        stage.calls(&[(0.0, 10.0), (0.0, 30.0), (0.0, 1.0), (60.0, 1.0)]);
        let (summary, record) = stage.measure(batches);
        assert_eq!(refused(&record), [0.0]);
        let [peak, mean, refusals] = measures(&summary);
        assert_eq!((peak, refusals), (2.0, 0.0), "{batches}");
        // The first until 110.25 s, the second, used again at 60 s, beyond the end.
        let expected = (100.0 + 60.25) / 100.0;
        assert!((mean - expected).abs() < 1e-9, "{batches}: {mean}");
    }
}

#[test]
fn provisioned_instances_hold_connections_from_their_start_and_until_they_go() {
    let mut stage = connected(Open::Init, Some(3));
    stage.start_takes(1.0);
    stage.remedy(RemedyKind::Provisioned(Provisioned::Constant(2)));
    stage.calls(&[(10.0, 1.0), (10.0, 1.0), (10.0, 1.0)]);
    let record = stage.play();
    assert_eq!(record.ended(), [11.0, 11.0, 12.25]);
    assert_eq!(path(&record)[..2], [(0.0, true), (0.0, true)]);
    // The one on demand is kept for its 100 s; the others to the end of the run.
    assert_eq!(path(&record)[2..], [(10.0, true), (112.25, false)]);
}

/// Starts an instance for nobody at 5 s and retires it at 20 s.
struct ThereAndGone {
    started: Option<InstanceId>,
}

impl Policy for ThereAndGone {
    fn hears(&self) -> &'static [HappeningKind] {
        &[
            HappeningKind::RunBegan,
            HappeningKind::Woke,
            HappeningKind::Idle,
        ]
    }

    fn hear(&mut self, happening: &Happening, orders: &mut Orders, _: &mut Stream) {
        match happening {
            Happening::RunBegan => orders.wake_at(Time::from_secs(5.0)),
            Happening::Woke => match self.started {
                None => orders.prewarm(1),
                Some(instance) => orders.retire(instance),
            },
            Happening::Idle(event) => {
                self.started = Some(event.instance);
                orders.wake_at(Time::from_secs(20.0));
            }
            _ => {}
        }
    }
}

#[test]
fn an_instance_that_a_policy_starts_and_retires_holds_a_connection_meanwhile() {
    let mut stage = connected(Open::Init, None);
    stage.start_takes(1.0);
    stage.policy(|| ThereAndGone { started: None });
    let record = stage.play();
    assert_eq!(path(&record), [(5.0, true), (20.0, false)]);
}

#[test]
fn a_handler_that_is_never_reached_opens_none() {
    for open in [Open::Init, Open::FirstCall, Open::EveryCall] {
        let mut stage = connected(open, None);
        stage.start_takes(1.0);
        let base = Memory::from_mb(2048.0);
        stage.functions[0].working_set = Some(WorkingSet::new(base, constant(0.0)));
        stage.call(0.0, 1.0);
        let record = stage.play();
        assert_eq!(record.users()[0].ending, Ending::OutOfMemory);
        assert!(path(&record).is_empty());
    }
}

#[test]
fn a_connection_that_is_waited_for_when_the_run_ends_leaves_the_books_in_order() {
    let mut stage = connected(Open::EveryCall, Some(1));
    tries(&mut stage, 1_000_000);
    stage.duration = secs(10.0);
    stage.calls(&[(0.0, 100.0), (1.0, 1.0)]);
    let (summary, record) = stage.measure(1);
    assert_eq!(record.in_flight, 2);
    assert_eq!(measures(&summary)[..2], [1.0, 1.0]);
    assert_eq!(path(&record), [(0.0, true)]);
}
