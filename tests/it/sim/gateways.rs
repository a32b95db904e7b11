//! API gateways (docs.aws.amazon.com, API Gateway quotas, 2026).

use frostline::model::{
    ClientRetry, EventSource, Gateway, GatewayKind, GatewayThrottle, Jitter, Overflow, RetryOn,
};
use frostline::sim::Ending;

use super::sources::{call, value};
use super::stage::{Record, Stage, constant, secs};

fn behind_a_gateway(timeout: Option<f64>, throttle: Option<GatewayThrottle>) -> Stage {
    let mut stage = Stage::new();
    stage.functions[0].source = EventSource::Gateway(Gateway {
        kind: GatewayKind::Rest,
        latency: constant(0.25),
        timeout: timeout.map(secs),
        throttle,
    });
    stage
}

/// When tries ended, and how, in order.
fn endings(record: &Record) -> Vec<(f64, Ending)> {
    let ends = record.ends.iter();
    ends.map(|end| (end.ended.secs(), end.ending)).collect()
}

#[test]
fn a_gateway_takes_a_while_to_hand_over() {
    let mut stage = behind_a_gateway(None, None);
    stage.call(0.0, 1.0);
    let end = stage.play().users()[0];
    assert_eq!((end.latency(), end.wait()), (secs(1.25), secs(0.25)));
}

#[test]
fn a_gateway_stops_waiting_and_the_function_runs_on_and_is_billed() {
    let mut stage = behind_a_gateway(Some(29.0), None);
    stage.functions[0].timeout = Some(secs(900.0));
    stage.calls(&[(0.0, 100.0), (50.0, 1.0)]);
    let (summary, record) = stage.measure(1);
    let ends = endings(&record);
    assert_eq!(
        ends,
        [
            (29.0, Ending::Abandoned),
            (51.25, Ending::Completed),
            (100.25, Ending::Try)
        ]
    );
    // The instance was not free for the second request.
    assert_eq!(record.born(), 2);
    assert_eq!(value(&summary, "timed_out"), 1.0);
    assert_eq!(value(&summary, "latency_ms_max"), 29_000.0);
    assert_eq!(value(&summary, "busy_gb_s"), 101.0);
}

#[test]
fn a_gateway_stops_waiting_for_a_start_too() {
    let mut stage = behind_a_gateway(Some(2.0), None);
    stage.start_takes(10.0);
    stage.call(0.0, 1.0);
    let record = stage.play();
    let ends = endings(&record);
    assert_eq!(ends, [(2.0, Ending::Abandoned), (11.25, Ending::Try)]);
}

fn trying_again(stage: &mut Stage) {
    let all = RetryOn {
        throttled: true,
        failed: true,
        timed_out: true,
    };
    stage.platform.client_retry = Some(ClientRetry {
        attempts: 2,
        first: secs(1.0),
        factor: 1.0,
        jitter: Jitter::None,
        on: all,
    });
}

#[test]
fn a_gateway_waits_as_long_for_each_try() {
    let mut stage = behind_a_gateway(Some(29.0), None);
    trying_again(&mut stage);
    call(&mut stage, 0.0, 20.0, true);
    let record = stage.play();
    let ends = endings(&record);
    assert_eq!(ends, [(20.25, Ending::Try), (41.5, Ending::Completed)]);
}

#[test]
fn a_client_whose_gateway_gave_up_tries_again_while_the_function_runs_on() {
    let mut stage = behind_a_gateway(Some(29.0), None);
    trying_again(&mut stage);
    stage.call(0.0, 100.0);
    let (summary, record) = stage.measure(1);
    let ends = endings(&record);
    // The second try begins at 30 s, and is given up at 59 s.
    assert_eq!(
        ends,
        [
            (59.0, Ending::Abandoned),
            (100.25, Ending::Try),
            (130.25, Ending::Try)
        ]
    );
    assert_eq!(value(&summary, "requests"), 1.0);
    assert_eq!(value(&summary, "timed_out"), 1.0);
}

#[test]
fn a_request_that_waits_for_a_limit_keeps_its_client_no_longer_than_the_gateway_does() {
    let mut stage = behind_a_gateway(Some(29.0), None);
    stage.platform.concurrency_quota = Some(1);
    stage.platform.overflow = Overflow::Queue {
        length: None,
        max_wait: None,
    };
    stage.calls(&[(0.0, 100.0), (1.0, 1.0)]);
    let record = stage.play();
    let ends = record.users();
    let second = ends.iter().find(|end| end.number == 1).unwrap();
    assert_eq!(
        (second.ending, second.ended.secs()),
        (Ending::Rejected, 30.0)
    );
}

#[test]
fn what_is_abandoned_when_the_run_ends_is_not_in_flight() {
    let mut stage = behind_a_gateway(Some(2.0), None);
    stage.duration = secs(5.0);
    stage.call(0.0, 100.0);
    let (summary, _) = stage.measure(1);
    assert_eq!(value(&summary, "in_flight"), 0.0);
    assert_eq!(value(&summary, "timed_out"), 1.0);
}

/// A token bucket of its own: 5 at once, then 2 a second.
#[test]
fn a_gateway_throttles_by_itself() {
    let throttle = GatewayThrottle { rate: 2, burst: 5 };
    let mut of_its_own = behind_a_gateway(None, Some(throttle));
    let mut of_the_account = behind_a_gateway(None, None);
    of_the_account.platform.gateway_throttle = Some(throttle);
    for stage in [&mut of_its_own, &mut of_the_account] {
        (0..7).for_each(|_| stage.call(0.0, 1.0));
        (0..3).for_each(|_| stage.call(1.0, 1.0));
        let ends = stage.play().users();
        let throttled = |at: f64| {
            let refused = ends.iter().filter(|end| end.ending == Ending::Throttled);
            refused.filter(|end| end.arrived.secs() == at).count()
        };
        assert_eq!((throttled(0.0), throttled(1.0)), (2, 1));
    }
}
