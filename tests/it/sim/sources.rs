//! Event queues, queues and streams: rule by rule.

use frostline::metric;
use frostline::model::{
    AsyncRules, EventSource, Overflow, QueueRules, StreamKind, StreamRules, WorkingSet,
};
use frostline::observe::SummaryResult;
use frostline::sim::{Ending, Fate, Found};
use frostline::units::{Memory, Span};

use super::stage::{Record, Stage, secs};

pub(super) fn value(summary: &SummaryResult, name: &str) -> f64 {
    let id = metric::MetricId::by_name(name).unwrap();
    summary.values.get(id).unwrap()
}

pub(super) fn call(stage: &mut Stage, at: f64, service: f64, fails: bool) {
    stage.call(at, service);
    if let Some(call) = stage.calls.last_mut() {
        call.fails = fails;
    }
}

/// When tries that ran ended, in order.
fn tries(record: &Record) -> Vec<f64> {
    record.ends.iter().map(|end| end.ended.secs()).collect()
}

// Asynchronous events (docs.aws.amazon.com, invocation-async, 2026).

const ASYNC: AsyncRules = AsyncRules {
    retries: 2,
    retry_wait: Span::from_whole_secs(60),
    back_off: Span::from_whole_secs(1),
    longest_back_off: Span::from_whole_secs(300),
    max_age: Span::from_whole_secs(21_600),
    dead_letters: true,
};

fn asynchronous(rules: AsyncRules) -> Stage {
    let mut stage = Stage::new();
    stage.functions[0].source = EventSource::Async(rules);
    stage.duration = secs(100_000.0);
    stage
}

#[test]
fn an_event_that_fails_is_tried_after_one_minute_and_after_two_more() {
    let mut stage = asynchronous(ASYNC);
    stage.functions[0].error_rate = 1.0;
    call(&mut stage, 0.0, 1.0, true);
    let (summary, record) = stage.measure(1);
    assert_eq!(tries(&record), [1.0, 62.0, 183.0]);
    let endings: Vec<_> = record.ends.iter().map(|end| end.ending).collect();
    assert_eq!(endings, [Ending::Try, Ending::Try, Ending::Failed]);
    assert_eq!(record.dead_letters.len(), 1);
    for (name, expected) in [
        ("requests", 1.0),
        ("failed", 1.0),
        ("retries", 2.0),
        ("dead_letters", 1.0),
        ("latency_ms_max", 183_000.0),
        ("busy_gb_s", 3.0),
    ] {
        assert_eq!(value(&summary, name), expected, "{name}");
    }
}

#[test]
fn an_event_whose_second_try_is_answered_is_answered() {
    let mut stage = asynchronous(ASYNC);
    call(&mut stage, 0.0, 1.0, true);
    let (summary, record) = stage.measure(1);
    assert_eq!(tries(&record), [1.0, 62.0]);
    assert_eq!(value(&summary, "completed"), 1.0);
    assert_eq!(value(&summary, "dead_letters"), 0.0);
}

#[test]
fn retries_can_be_switched_off() {
    let mut stage = asynchronous(AsyncRules {
        retries: 0,
        dead_letters: false,
        ..ASYNC
    });
    call(&mut stage, 0.0, 1.0, true);
    let (summary, record) = stage.measure(1);
    assert_eq!(tries(&record), [1.0]);
    assert_eq!(value(&summary, "failed"), 1.0);
    assert_eq!(record.dead_letters, []);
}

#[test]
fn a_throttled_event_backs_off_from_one_second_to_five_minutes() {
    let mut stage = asynchronous(ASYNC);
    stage.platform.concurrency_quota = Some(1);
    call(&mut stage, 0.0, 3000.0, false);
    call(&mut stage, 0.0, 1.0, false);
    let record = stage.play();
    let tried: Vec<f64> = record.retried.iter().map(|at| at.secs()).collect();
    // 1, 2, 4, … 256 s, then 300 s each.
    let waits: Vec<f64> = std::iter::once(tried[0])
        .chain(tried.windows(2).map(|pair| pair[1] - pair[0]))
        .collect();
    assert_eq!(
        waits[..10],
        [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 300.0]
    );
    assert!(waits[9..].iter().all(|wait| *wait == 300.0));
    assert_eq!(record.users()[1].ending, Ending::Completed);
    assert_eq!(record.users()[1].found, Found::Warm);
}

#[test]
fn an_event_that_is_too_old_is_given_up() {
    let mut stage = asynchronous(AsyncRules {
        max_age: secs(60.0),
        ..ASYNC
    });
    stage.platform.concurrency_quota = Some(0);
    call(&mut stage, 10.0, 1.0, false);
    let (summary, record) = stage.measure(1);
    let end = record.users()[0];
    assert_eq!((end.ending, end.ended.secs()), (Ending::Rejected, 70.0));
    assert_eq!(value(&summary, "rejected"), 1.0);
    assert_eq!(value(&summary, "dead_letters"), 1.0);
}

/// The quota on requests a second is not applied to asynchronous calls (docs.aws.amazon.com,
/// lambda-concurrency, 2026).
#[test]
fn events_need_no_requests_per_second() {
    let mut stage = asynchronous(ASYNC);
    stage.platform.requests_per_second = Some(1);
    (0..5).for_each(|_| stage.call(0.0, 1.0));
    assert_eq!(stage.play().throttled.len(), 0);
    stage.functions[0].source = EventSource::Sync;
    assert_eq!(stage.play().throttled.len(), 4);
}

#[test]
fn events_and_batches_go_back_to_their_own_queues() {
    let mut stage = asynchronous(ASYNC);
    stage.platform.concurrency_quota = Some(1);
    stage.platform.overflow = Overflow::Queue {
        length: None,
        max_wait: Some(secs(0.5)),
    };
    call(&mut stage, 0.0, 60.0, false);
    call(&mut stage, 0.0, 1.0, false);
    assert!(
        stage
            .play()
            .users()
            .iter()
            .all(|end| end.ending == Ending::Completed)
    );
}

// Queues (docs.aws.amazon.com, services-sqs-scaling and with-sqs, 2026).

const QUEUE: QueueRules = QueueRules {
    batch_size: 10,
    window: Span::ZERO,
    pollers: 5,
    pollers_per_minute: 300,
    max_concurrency: 1250,
    visibility: Span::from_whole_secs(30),
    max_receives: None,
    retention: Span::from_whole_secs(345_600),
    partial_failures: false,
    poison: 0.0,
};

fn queue(rules: QueueRules) -> Stage {
    let mut stage = Stage::new();
    stage.functions[0].source = EventSource::Queue(rules);
    stage
}

/// When messages ended, and how, in order.
fn fates(record: &Record) -> Vec<(f64, Fate)> {
    let ends = record.messages.iter();
    ends.map(|end| (end.ended.secs(), end.fate)).collect()
}

#[test]
fn five_batches_of_ten_are_worked_on_at_once_and_one_message_after_the_other() {
    let mut stage = queue(QueueRules {
        pollers_per_minute: 0,
        window: secs(1.0),
        ..QUEUE
    });
    (0..60).for_each(|_| stage.call(0.0, 1.0));
    let (summary, record) = stage.measure(1);
    // Five batches end at 10 s, the sixth follows.
    let at = |second: f64| {
        fates(&record)
            .iter()
            .filter(|(at, _)| *at == second)
            .count()
    };
    assert_eq!((at(10.0), at(20.0)), (50, 10));
    for (name, expected) in [
        ("requests", 6.0),
        ("messages", 60.0),
        ("messages_processed", 60.0),
        ("busy_peak", 5.0),
        ("message_latency_ms_max", 20_000.0),
    ] {
        assert_eq!(value(&summary, name), expected, "{name}");
    }
}

#[test]
fn pollers_come_three_hundred_a_minute_up_to_the_most() {
    let mut stage = queue(QueueRules {
        batch_size: 1,
        max_concurrency: 20,
        ..QUEUE
    });
    (0..100).for_each(|_| stage.call(0.0, 500.0));
    stage.duration = secs(400.0);
    let record = stage.play();
    let begun: Vec<f64> = record.arrived.iter().map(|(at, ..)| at.secs()).collect();
    assert_eq!(begun.len(), 20);
    assert!(begun[..5].iter().all(|at| *at == 0.0));
    // One each 200 ms.
    for (n, at) in (1..).zip(&begun[5..]) {
        assert!((at - 0.2 * f64::from(n)).abs() < 1e-9, "{begun:?}");
    }
}

#[test]
fn a_window_gathers_messages_until_the_batch_is_full_or_it_is_over() {
    let mut stage = queue(QueueRules {
        batch_size: 3,
        window: secs(10.0),
        ..QUEUE
    });
    for at in [0.0, 1.0, 2.0, 20.0] {
        stage.call(at, 0.0);
    }
    let record = stage.play();
    let handed_over: Vec<f64> = record.arrived.iter().map(|(at, ..)| at.secs()).collect();
    assert_eq!(handed_over, [2.0, 30.0]);
}

#[test]
fn a_failed_batch_comes_again_after_the_visibility_timeout_and_is_given_up_in_the_end() {
    let mut stage = queue(QueueRules {
        max_receives: Some(3),
        ..QUEUE
    });
    stage.functions[0].error_rate = 1.0;
    call(&mut stage, 0.0, 1.0, true);
    let (summary, record) = stage.measure(1);
    let handed_over: Vec<f64> = record.arrived.iter().map(|(at, ..)| at.secs()).collect();
    assert_eq!(handed_over, [0.0, 30.0, 60.0]);
    assert_eq!(fates(&record), [(61.0, Fate::GivenUp)]);
    assert_eq!(value(&summary, "dead_letters"), 1.0);
    assert_eq!(value(&summary, "failed"), 3.0);
}

#[test]
fn with_partial_failures_only_what_failed_comes_again() {
    for (partial_failures, ended_at_2) in [(false, 0), (true, 1)] {
        let mut stage = queue(QueueRules {
            batch_size: 2,
            window: secs(1.0),
            partial_failures,
            ..QUEUE
        });
        call(&mut stage, 0.0, 1.0, false);
        call(&mut stage, 0.0, 1.0, true);
        let record = stage.play();
        let at_2 = fates(&record).iter().filter(|(at, _)| *at == 2.0).count();
        assert_eq!(at_2, ended_at_2);
        assert_eq!(fates(&record).len(), 2);
    }
}

/// A runtime that goes down reports nothing, so the whole batch comes again.
#[test]
fn a_batch_that_runs_out_of_memory_or_crashes_comes_again_whole() {
    for crashes in [false, true] {
        let mut stage = queue(QueueRules {
            batch_size: 2,
            window: secs(1.0),
            partial_failures: true,
            max_receives: Some(2),
            ..QUEUE
        });
        stage.duration = secs(200.0);
        if crashes {
            stage.functions[0].crash_rate = 1.0;
        } else {
            stage.functions[0].memory = Memory::from_mb(200.0);
            let need = WorkingSet::constant(Memory::from_mb(400.0));
            stage.functions[0].working_set = Some(need);
        }
        call(&mut stage, 0.0, 1.0, false);
        call(&mut stage, 0.0, 1.0, false);
        let (summary, record) = stage.measure(1);
        let given_up = |(_, fate): &(f64, Fate)| *fate == Fate::GivenUp;
        let fates = fates(&record);
        assert!(fates.len() == 2 && fates.iter().all(given_up), "{fates:?}");
        assert_eq!(value(&summary, "failed"), 2.0);
        let for_memory = if crashes { 0.0 } else { 2.0 };
        assert_eq!(value(&summary, "out_of_memory"), for_memory);
    }
}

/// Throttled polls leave messages in the queue, and what was received counts as received.
#[test]
fn a_throttled_batch_comes_again_too() {
    let mut stage = queue(QUEUE);
    stage.functions[0].reserved_concurrency = Some(0);
    stage.duration = secs(100.0);
    call(&mut stage, 0.0, 1.0, false);
    let (summary, record) = stage.measure(1);
    let tried: Vec<f64> = record.throttled.iter().map(|(at, ..)| at.secs()).collect();
    assert_eq!(tried, [0.0, 30.0, 60.0, 90.0]);
    assert_eq!(value(&summary, "messages_waiting"), 1.0);
}

#[test]
fn a_message_that_is_too_old_when_the_run_ends_does_not_wait() {
    let mut stage = queue(QueueRules {
        batch_size: 1,
        max_concurrency: 1,
        retention: secs(60.0),
        ..QUEUE
    });
    stage.duration = secs(100.0);
    for at in [0.0, 1.0, 50.0] {
        call(&mut stage, at, 1000.0, false);
    }
    let (summary, _) = stage.measure(1);
    assert_eq!(value(&summary, "messages_expired"), 1.0);
    assert_eq!(value(&summary, "messages_waiting"), 2.0);
}

#[test]
fn a_message_that_is_too_old_is_deleted() {
    let mut stage = queue(QueueRules {
        batch_size: 1,
        max_concurrency: 1,
        retention: secs(60.0),
        ..QUEUE
    });
    call(&mut stage, 0.0, 100.0, false);
    call(&mut stage, 1.0, 1.0, false);
    let record = stage.play();
    assert_eq!(
        fates(&record),
        [(100.0, Fate::Processed), (100.0, Fate::Expired)]
    );
}

// Streams (docs.aws.amazon.com, with-kinesis and services-kinesis-parameters, 2026).

const STREAM: StreamRules = StreamRules {
    kind: StreamKind::Kinesis,
    shards: 1,
    parallelization_factor: 1,
    batch_size: 100,
    window: Span::ZERO,
    poll_every: Span::ZERO,
    max_retries: None,
    retry_wait: Span::from_whole_secs(1),
    max_age: None,
    bisect: false,
    poison: 0.0,
};

fn stream(rules: StreamRules) -> Stage {
    let mut stage = Stage::new();
    stage.functions[0].source = EventSource::Stream(rules);
    stage
}

#[test]
fn a_shard_hands_over_one_batch_after_the_other() {
    let mut stage = stream(STREAM);
    stage.calls(&[(0.0, 5.0), (1.0, 1.0), (2.0, 1.0)]);
    let record = stage.play();
    // What came while the first was worked on goes together.
    assert_eq!(
        fates(&record),
        [5.0, 7.0, 7.0].map(|at| (at, Fate::Processed))
    );
    assert_eq!(record.arrived.len(), 2);
}

#[test]
fn shards_and_the_parallelization_factor_work_side_by_side() {
    for (shards, parallelization_factor) in [(8, 1), (2, 4)] {
        let mut stage = stream(StreamRules {
            shards,
            parallelization_factor,
            batch_size: 1,
            ..STREAM
        });
        (0..400).for_each(|_| stage.call(0.0, 1.0));
        let (summary, _) = stage.measure(1);
        assert_eq!(value(&summary, "busy_peak"), 8.0);
    }
}

#[test]
fn a_shard_is_looked_at_once_a_second() {
    let mut stage = stream(StreamRules {
        poll_every: secs(1.0),
        ..STREAM
    });
    (0..100).for_each(|n| stage.call(0.1 * f64::from(n), 0.0));
    let record = stage.play();
    let looks: Vec<f64> = record.arrived.iter().map(|(at, ..)| at.secs()).collect();
    for pair in looks.windows(2) {
        assert!((pair[1] - pair[0] - 1.0).abs() < 1e-9, "{looks:?}");
    }
    assert!((10..=11).contains(&looks.len()));
}

/// Where more records wait, a stream goes on until it has caught up (docs.aws.amazon.com,
/// with-kinesis).
#[test]
fn a_shard_with_a_backlog_does_not_wait_for_its_next_look() {
    let mut stage = stream(StreamRules {
        poll_every: secs(1.0),
        batch_size: 10,
        ..STREAM
    });
    (0..100).for_each(|_| stage.call(0.0, 0.01));
    let record = stage.play();
    let looks: Vec<f64> = record.arrived.iter().map(|(at, ..)| at.secs()).collect();
    assert_eq!(looks.len(), 10);
    for pair in looks.windows(2) {
        assert!((pair[1] - pair[0] - 0.1).abs() < 1e-9, "{looks:?}");
    }
}

#[test]
fn a_batch_that_fails_blocks_its_shard_until_its_tries_are_used_up() {
    let mut stage = stream(StreamRules {
        max_retries: Some(2),
        batch_size: 1,
        poison: 1.0,
        ..STREAM
    });
    stage.calls(&[(0.0, 1.0), (0.5, 1.0)]);
    let (summary, record) = stage.measure(1);
    // Three tries of 1 s each, 1 s apart, then the next record.
    assert_eq!(
        fates(&record),
        [(5.0, Fate::GivenUp), (10.0, Fate::GivenUp)]
    );
    assert_eq!(value(&summary, "failed"), 6.0);
    assert_eq!(value(&summary, "dead_letters"), 2.0);
}

#[test]
fn without_a_limit_a_batch_is_tried_until_its_records_are_too_old() {
    let mut stage = stream(StreamRules {
        max_age: Some(secs(10.0)),
        poison: 1.0,
        ..STREAM
    });
    stage.calls(&[(0.0, 1.0)]);
    assert_eq!(fates(&stage.play()), [(10.0, Fate::Expired)]);
}

/// A batch that is cut in two until the bad record is alone: only that one is given up.
#[test]
fn bisecting_gives_up_the_bad_record_alone() {
    let mut stage = stream(StreamRules {
        bisect: true,
        max_retries: Some(0),
        window: secs(1.0),
        batch_size: 40,
        poison: 0.1,
        ..STREAM
    });
    (0..40).for_each(|_| stage.call(0.0, 1.0));
    let (summary, record) = stage.measure(1);
    let given_up: Vec<f64> = fates(&record)
        .into_iter()
        .filter_map(|(at, fate)| (fate == Fate::GivenUp).then_some(at))
        .collect();
    assert!(!given_up.is_empty() && given_up.len() < 12, "{given_up:?}");
    // Each at an instant of its own: alone in its batch.
    assert!(given_up.windows(2).all(|pair| pair[0] < pair[1]));
    let processed = value(&summary, "messages_processed") as usize;
    assert_eq!(processed + given_up.len(), 40);
}

/// Cutting a batch in two does not count as a retry.
#[test]
fn bisecting_tries_both_halves_again() {
    let mut stage = stream(StreamRules {
        bisect: true,
        max_retries: Some(0),
        window: secs(1.0),
        batch_size: 4,
        ..STREAM
    });
    stage.functions[0].error_rate = 0.0;
    for n in 0..4 {
        call(&mut stage, 0.0, 1.0, n == 2);
    }
    let record = stage.play();
    let sizes: Vec<f64> = record.ends.iter().map(|end| end.service().secs()).collect();
    // Four fail; the next tries are drawn anew, and all are well.
    assert_eq!(sizes, [4.0, 2.0, 2.0]);
    let ends = fates(&record);
    assert!(
        ends.iter().all(|(_, fate)| *fate == Fate::Processed),
        "{ends:?}"
    );
}

#[test]
fn a_throttled_batch_of_a_stream_waits_and_is_not_given_up() {
    let mut stage = stream(StreamRules {
        max_retries: Some(0),
        ..STREAM
    });
    stage.functions[0].reserved_concurrency = Some(0);
    stage.duration = secs(10.5);
    stage.calls(&[(0.0, 1.0)]);
    let (summary, record) = stage.measure(1);
    assert_eq!(record.throttled.len(), 11);
    assert_eq!(value(&summary, "messages_waiting"), 1.0);
}

/// What a function's trigger reads of a table's stream is free; a Kinesis stream has its shards.
#[test]
fn the_stream_of_a_table_costs_nothing() {
    let bill = |kind| {
        let mut stage = super::measures::priced();
        stage.functions[0].source = EventSource::Stream(StreamRules { kind, ..STREAM });
        let prices = stage.platform.prices.as_mut().unwrap();
        let price = |price| frostline::model::Charge {
            tiers: vec![frostline::model::Tier { price, up_to: None }],
            free: 0.0,
        };
        prices.services.shard_hour = price(36.0);
        prices.services.put_unit = price(5.0);
        stage.call(1.0, 0.5);
        stage.measure(1).0.values.get(metric::COST_USD_STREAM)
    };
    let hours = super::measures::priced().duration.secs() / 3600.0;
    let shards = f64::from(STREAM.shards);
    assert_eq!(bill(StreamKind::Kinesis), Some(shards * hours * 36.0 + 5.0));
    assert_eq!(bill(StreamKind::DynamoDb), Some(0.0));
}

/// Calls by a scheduler are charged for, whatever they come to.
#[test]
fn what_a_scheduler_sends_is_charged_by_the_call() {
    let bill = |scheduled| {
        let mut stage = super::measures::priced();
        stage.functions[0].scheduled = scheduled;
        stage.functions[0].error_rate = 1.0;
        let prices = stage.platform.prices.as_mut().unwrap();
        prices.services.schedule = frostline::model::Charge {
            tiers: vec![frostline::model::Tier {
                price: 3.0,
                up_to: None,
            }],
            free: 0.0,
        };
        stage.calls(&[(1.0, 0.5), (2.0, 0.5)]);
        stage.measure(1).0.values.get(metric::COST_USD_SCHEDULE)
    };
    assert_eq!([bill(true), bill(false)], [Some(6.0), None]);
}
