//! Crashes, resets, deployments and clients that try again after them.

use frostline::metric;
use frostline::model::{ClientRetry, Jitter, Reset, RetryOn};
use frostline::sim::{Ending, Retirement};
use frostline::units::Time;

use super::stage::{Stage, constant, secs};

/// A function whose requests take 1 s and fail where they are told to.
fn failing(stage: &mut Stage, calls: &[f64]) {
    for at in calls {
        stage.call(*at, 1.0);
        if let Some(call) = stage.calls.last_mut() {
            call.fails = true;
        }
    }
}

/// docs.aws.amazon.com, lambda-runtime-environment: after a timeout the environment is reset, and
/// its next invocation contains a suppressed init.
#[test]
fn a_timeout_brings_a_suppressed_init_into_the_next_duration() {
    let mut stage = Stage::new();
    stage.platform.reset = Reset::SuppressedInit;
    stage.functions[0].start.runtime = constant(0.25);
    stage.functions[0].start.init = constant(1.0);
    stage.functions[0].start.first_call = constant(0.5);
    stage.functions[0].timeout = Some(secs(4.0));
    stage.calls(&[(0.0, 9.0), (10.0, 1.0), (20.0, 1.0)]);
    let record = stage.play();
    assert_eq!(record.story(), "first:0!timed-out warm:0 warm:0");
    // The second waits for runtime, init and first call again; the third for nothing.
    assert_eq!(record.ended(), [5.25, 12.75, 21.0]);
    let second = record.users()[1];
    assert_eq!((second.start(), second.service()), (secs(1.75), secs(1.0)));
    assert_eq!(record.retired(), []);
}

#[test]
fn a_platform_that_retires_on_reset_boots_again() {
    let mut stage = Stage::new();
    stage.platform.reset = Reset::Retire;
    stage.functions[0].timeout = Some(secs(4.0));
    stage.calls(&[(0.0, 9.0), (10.0, 1.0)]);
    let record = stage.play();
    assert_eq!(record.story(), "first:0!timed-out recycled:1");
}

/// A crash comes somewhere in the run, which it cuts short: half way on average.
#[test]
fn a_crash_cuts_the_run_and_retires_or_resets_the_instance() {
    for reset in [Reset::Retire, Reset::SuppressedInit] {
        let mut stage = Stage::new();
        stage.platform.reset = reset;
        stage.functions[0].crash_rate = 1.0;
        stage.duration = secs(10_000.0);
        (0..2000).for_each(|n| stage.call(5.0 * f64::from(n), 1.0));
        let record = stage.play();
        let ends = record.users();
        assert!(ends.iter().all(|end| end.ending == Ending::Failed));
        let mean = ends.iter().map(|end| end.latency().secs()).sum::<f64>() / 2000.0;
        // Uniform: standard error 0.289 ÷ √2000 = 0.0065.
        assert!((mean - 0.5).abs() < 4.0 * 0.0065, "{mean}");
        let retired = record.retired();
        match reset {
            Reset::Retire => {
                assert_eq!(retired.len(), 2000);
                assert_eq!(retired[0].2, Retirement::Crashed);
            }
            Reset::SuppressedInit => assert_eq!(retired, []),
        }
    }
}

#[test]
fn a_client_tries_again_after_a_failure_where_it_is_told_to() {
    let mut stage = Stage::new();
    failing(&mut stage, &[1.0]);
    let retry = ClientRetry {
        attempts: 3,
        first: secs(0.5),
        factor: 2.0,
        jitter: Jitter::None,
        on: RetryOn::THROTTLED,
    };
    stage.platform.client_retry = Some(retry);
    assert_eq!(stage.play().story(), "first:0!failed");
    stage.platform.client_retry = Some(ClientRetry {
        on: RetryOn {
            failed: true,
            ..RetryOn::THROTTLED
        },
        ..retry
    });
    // No error rate: the second try is answered.
    let (summary, record) = stage.measure(1);
    assert_eq!(record.ended(), [2.0, 3.5]);
    let value = |id| summary.values.get(id);
    assert_eq!(value(metric::REQUESTS), Some(1.0));
    assert_eq!(value(metric::COMPLETED), Some(1.0));
    assert_eq!(value(metric::FAILED), Some(0.0));
    assert_eq!(value(metric::RETRIES), Some(1.0));
    // First arrival to response: 1 s of work, half a second of back-off, 1 s of work.
    assert_eq!(value(metric::LATENCY_MS_MAX), Some(2500.0));
    // With an error rate of 1 all three tries fail.
    stage.functions[0].error_rate = 1.0;
    let (summary, record) = stage.measure(1);
    assert_eq!(record.ended(), [2.0, 3.5, 5.5]);
    assert_eq!(summary.values.get(metric::FAILED), Some(1.0));
    assert_eq!(summary.values.get(metric::RETRIES), Some(2.0));
}

#[test]
fn a_client_tries_again_after_a_timeout_where_it_is_told_to() {
    let mut stage = Stage::new();
    stage.functions[0].timeout = Some(secs(2.0));
    stage.call(0.0, 9.0);
    stage.platform.client_retry = Some(ClientRetry {
        attempts: 2,
        first: secs(1.0),
        factor: 2.0,
        jitter: Jitter::None,
        on: RetryOn {
            throttled: false,
            failed: false,
            timed_out: true,
        },
    });
    let (summary, record) = stage.measure(1);
    assert_eq!(record.ended(), [2.0, 5.0]);
    assert_eq!(summary.values.get(metric::TIMED_OUT), Some(1.0));
}

/// Publishing new code means new environments; old ones are not used for that version any more
/// (docs.aws.amazon.com, lambda-runtime-environment).
#[test]
fn a_deployment_takes_all_instances_of_the_old_version() {
    let mut stage = Stage::new();
    stage.start_takes(1.0);
    stage.functions[0].deployments = vec![Time::from_secs(100.0)];
    // One is idle when the new version comes, one busy, one starts.
    stage.calls(&[
        (0.0, 1.0),
        (0.0, 200.0),
        (50.0, 1.0),
        (99.5, 1.0),
        (99.5, 1.0),
        (100.0, 1.0),
        (300.0, 1.0),
    ]);
    let record = stage.play();
    assert_eq!(
        record.story(),
        "first:0 scale-out:1 warm:0 warm:0 scale-out:2 scale-out:3 deployed:4"
    );
    let retired = record.retired();
    let deployed = |at: f64| (at, Retirement::Deployed);
    let whys: Vec<_> = retired.iter().map(|(_, at, why)| (*at, *why)).collect();
    assert_eq!(
        whys,
        [
            deployed(100.5),
            deployed(101.5),
            deployed(102.0),
            deployed(201.0)
        ]
    );
}

#[test]
fn the_first_request_after_a_deployment_says_so() {
    let mut stage = Stage::new();
    stage.functions[0].deployments = vec![Time::from_secs(100.0)];
    stage.calls(&[(0.0, 1.0), (0.0, 150.0), (101.0, 1.0), (102.5, 1.0)]);
    let record = stage.play();
    // One of the old version still runs when the third comes, which does not help it.
    assert_eq!(record.story(), "first:0 scale-out:1 deployed:2 warm:2");
}

/// Capacity of the new version is there when traffic goes to it: init is billed once more, and its
/// first request pays the first call.
#[test]
fn a_deployment_renews_provisioned_capacity() {
    use frostline::model::{Provisioned, RemedyKind};
    let mut stage = Stage::new();
    stage.functions[0].start.first_call = constant(0.5);
    stage.functions[0].start.init = constant(2.0);
    stage.remedy(RemedyKind::Provisioned(Provisioned::Constant(1)));
    stage.functions[0].deployments = vec![Time::from_secs(100.0)];
    stage.calls(&[(50.0, 1.0), (60.0, 1.0), (150.0, 1.0), (160.0, 1.0)]);
    let record = stage.play();
    assert_eq!(record.story(), "warm:0 warm:0 warm:0 warm:0");
    assert_eq!(record.ended(), [51.5, 61.0, 151.5, 161.0]);
    let inits: Vec<_> = record
        .prewarmed
        .iter()
        .map(|start| start.billable_start)
        .collect();
    assert_eq!(inits, [secs(2.0), secs(2.0)]);
}

/// A restored instance that went down boots again inside its next request.
#[test]
fn after_a_reset_a_restored_instance_pays_the_first_call_of_a_boot() {
    use frostline::model::{RemedyKind, SnapshotAfter};
    let mut stage = Stage::new();
    stage.platform.reset = Reset::SuppressedInit;
    stage.functions[0].start.init = constant(1.0);
    stage.functions[0].start.first_call = constant(2.0);
    stage.functions[0].start.restored_first_call = Some(constant(0.25));
    stage.functions[0].timeout = Some(secs(4.0));
    stage.remedy(RemedyKind::Snapshot(SnapshotAfter::Init.into()));
    stage.calls(&[(0.0, 9.0), (10.0, 1.0)]);
    let record = stage.play();
    assert_eq!(record.ended(), [4.0, 14.0]);
}

#[test]
fn a_deployment_leaves_provisioned_capacity() {
    use frostline::model::{Provisioned, RemedyKind};
    let mut stage = Stage::new();
    stage.remedy(RemedyKind::Provisioned(Provisioned::Constant(1)));
    stage.functions[0].deployments = vec![Time::from_secs(100.0)];
    stage.calls(&[(50.0, 1.0), (150.0, 1.0)]);
    assert_eq!(stage.play().story(), "warm:0 warm:0");
}
