//! What a start is made of: an init that takes too long, extensions, downloads, a private network,
//! layers, chunks of an image; and memory that does not suffice.

use frostline::dist::Dist;
use frostline::metric;
use frostline::model::{
    CacheLevel, ImageFetch, LayerFetch, Provisioned, RemedyKind, Reset, SnapshotAfter, WorkingSet,
    bytes,
};
use frostline::observe::costs::charged;
use frostline::sim::{Ending, Retirement};
use frostline::units::{Memory, Span};

use super::stage::{Stage, constant, secs};

/// Init takes `init` seconds where 10 are allowed (docs.aws.amazon.com,
/// lambda-runtime-environment: INIT that takes longer is run again at the time of the first
/// invocation, then under the function timeout).
fn slow_init(init: f64) -> Stage {
    let mut stage = Stage::new();
    stage.platform.init_limit = Some(secs(10.0));
    stage.functions[0].start.sandbox = constant(1.0);
    stage.functions[0].start.runtime = constant(2.0);
    stage.functions[0].start.init = constant(init - 2.0);
    stage.functions[0].start.first_call = constant(0.5);
    stage
}

#[test]
fn an_init_beyond_the_limit_is_cut_and_run_again_inside_the_first_invocation() {
    let mut stage = slow_init(12.0);
    stage.calls(&[(0.0, 1.0), (100.0, 1.0)]);
    let record = stage.play();
    assert_eq!(record.story(), "first:0 warm:0");
    // 1 s of sandbox and 10 of init, then 12 of init, the first call and the handler's second.
    assert_eq!(record.begun(), [11.0, 100.0]);
    assert_eq!(record.ended(), [24.5, 101.0]);
    let end = record.users()[0];
    assert_eq!((end.first_call, end.service()), (secs(12.5), secs(1.0)));
    assert_eq!((end.start(), end.billable_start), (secs(23.5), secs(10.0)));
}

#[test]
fn an_init_of_exactly_the_limit_is_not_cut() {
    let mut stage = slow_init(10.0);
    stage.call(0.0, 1.0);
    let end = stage.play().users()[0];
    assert_eq!((end.begun.secs(), end.ended.secs()), (11.0, 12.5));
    assert_eq!(end.first_call, secs(0.5));
}

#[test]
fn the_function_timeout_cuts_the_second_init_and_resets_the_instance() {
    let mut stage = slow_init(12.0);
    stage.functions[0].timeout = Some(secs(5.0));
    stage.calls(&[(0.0, 1.0), (100.0, 1.0)]);
    let record = stage.play();
    let word = "first:0!timed-out recycled:1!timed-out";
    assert_eq!((record.story().as_str(), record.ended()[0]), (word, 16.0));
    assert_eq!(record.users()[0].first_call, secs(5.0));
}

#[test]
fn an_instance_that_nobody_waited_for_runs_its_init_again_for_its_first_request() {
    let mut stage = slow_init(12.0);
    stage.remedy(RemedyKind::MinInstances(1));
    stage.calls(&[(50.0, 1.0), (100.0, 1.0)]);
    let record = stage.play();
    assert_eq!(record.story(), "warm:0 warm:0");
    assert_eq!(record.ended(), [63.5, 101.0]);
    assert_eq!(record.prewarmed[0].at.secs(), 11.0);
}

#[test]
fn provisioned_capacity_and_restores_have_no_such_limit() {
    let mut stage = slow_init(12.0);
    stage.remedy(RemedyKind::Provisioned(Provisioned::Constant(1)));
    stage.call(50.0, 1.0);
    let record = stage.play();
    assert_eq!(record.prewarmed[0].at.secs(), 13.0);
    assert_eq!(record.ended(), [51.5]);

    let mut stage = slow_init(12.0);
    stage.functions[0].start.restore = constant(11.0);
    stage.remedy(RemedyKind::Snapshot(SnapshotAfter::Init.into()));
    stage.call(0.0, 1.0);
    assert_eq!(stage.play().ended(), [13.5]);
}

/// The second try is in the first invocation's duration, so that it was billed before init was; the
/// time that was cut is init, billed since 2025-08-01 (AWS compute blog, 2025-04-29).
#[test]
fn the_second_init_is_billed_in_every_era_and_the_first_where_init_is() {
    let price = super::measures::prices();
    let billed = |init_billed: bool| {
        let mut stage = slow_init(12.0);
        stage.platform.prices = Some(price.clone());
        stage.functions[0].init_billed = init_billed;
        stage.call(0.0, 1.0);
        let end = stage.play().users()[0];
        charged(&stage.plan(), &end)
    };
    assert_eq!([false, true].map(billed), [secs(13.5), secs(23.5)]);
}

#[test]
fn extensions_and_downloads_are_init_and_a_private_network_is_not() {
    let mut stage = Stage::new();
    let start = &mut stage.functions[0].start;
    start.sandbox = constant(1.0);
    start.network = constant(10.0);
    start.fetch = constant(0.5);
    start.extensions = constant(0.25);
    start.runtime = constant(0.125);
    start.download = constant(2.0);
    start.init = constant(4.0);
    stage.call(0.0, 1.0);
    let end = stage.play().users()[0];
    assert_eq!(end.begun.secs(), 17.875);
    assert_eq!(end.billable_start, secs(6.375));
}

#[test]
fn a_restore_needs_the_network_but_no_extension_and_no_download() {
    let mut stage = Stage::new();
    let start = &mut stage.functions[0].start;
    start.network = constant(10.0);
    start.extensions = constant(1.0);
    start.download = constant(1.0);
    start.restore = constant(0.5);
    stage.remedy(RemedyKind::Snapshot(SnapshotAfter::Init.into()));
    stage.call(0.0, 1.0);
    assert_eq!(stage.play().begun(), [10.5]);
}

/// A stage of so many cold requests, one after the other.
fn all_cold(requests: u32) -> Stage {
    let mut stage = Stage::new();
    stage.platform.keep_alive = frostline::model::KeepAlive::Never;
    stage.duration = secs(f64::from(requests) * 100.0 + 100.0);
    for n in 0..requests {
        stage.call(f64::from(n) * 100.0, 0.0);
    }
    stage
}

fn mean_start(stage: &Stage) -> f64 {
    let ends = stage.play().users();
    ends.iter().map(|end| end.start().secs()).sum::<f64>() / ends.len() as f64
}

#[test]
fn a_layer_costs_its_fetch_as_often_as_it_is_not_cached() {
    for (cached, expected, within) in [(0.0, 0.9, 1e-9), (1.0, 0.5, 1e-9), (0.75, 0.6, 0.02)] {
        let mut stage = all_cold(4000);
        let start = &mut stage.functions[0].start;
        start.fetch = constant(0.5);
        let fetch = secs(0.4);
        start.layers = vec![LayerFetch { cached, fetch }];
        let mean = mean_start(&stage);
        assert!((mean - expected).abs() <= within, "{cached}: {mean}");
    }
}

/// Chunks of 0.1, 0.55 and 36 ms with 67, 32.9 and 0.1 %.
fn image(chunks: u64, parallel: u32) -> ImageFetch {
    let level = |hit, millis| CacheLevel {
        hit,
        chunk: Span::from_millis(millis),
    };
    ImageFetch {
        chunks,
        parallel,
        levels: vec![level(0.67, 0.1), level(0.329, 0.55), level(0.001, 36.0)],
    }
}

#[test]
fn an_image_takes_its_chunks_times_the_mean_of_a_chunk() {
    // One chunk: 0.284 ms on average. With 1300 of them (10 GB) one at a time 369 ms.
    let one = 0.67 * 0.1 + 0.329 * 0.55 + 0.001 * 36.0;
    for (chunks, parallel) in [(1, 1), (52, 1), (1300, 1), (100_000, 4)] {
        let mut stage = all_cold(4000);
        stage.functions[0].start.image = Some(image(chunks, parallel));
        let ends = stage.play().users();
        let millis: Vec<f64> = ends.iter().map(|end| end.start().millis()).collect();
        let n = millis.len() as f64;
        let mean = millis.iter().sum::<f64>() / n;
        let variance = millis.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        let expected = chunks as f64 * one / f64::from(parallel);
        let error = 5.0 * (variance / n).sqrt() + 1e-6;
        assert!(
            (mean - expected).abs() <= error,
            "{chunks}: {mean} {expected} {error}"
        );
        // And its variance: counts of the levels are drawn, not their means taken.
        let squares = 0.67 * 0.1_f64.powi(2) + 0.329 * 0.55_f64.powi(2) + 0.001 * 36.0_f64.powi(2);
        let spread = chunks as f64 * (squares - one * one) / f64::from(parallel).powi(2);
        if chunks > 50 {
            assert!(
                (variance / spread - 1.0).abs() < 0.25,
                "{variance} {spread}"
            );
        }
    }
}

#[test]
fn chunks_that_are_read_at_once_take_no_less_than_the_slowest_one() {
    let mut stage = all_cold(50);
    let mut image = image(10, 1000);
    image.levels = vec![CacheLevel {
        hit: 1.0,
        chunk: secs(0.25),
    }];
    stage.functions[0].start.image = Some(image);
    assert!((mean_start(&stage) - 0.25).abs() < 1e-9);
}

/// A function of 200 MB that has used `base` MB when its handler begins and `peak` at its end.
fn growing(base: f64, peak: f64) -> Stage {
    let mut stage = Stage::new();
    let function = &mut stage.functions[0];
    function.memory = Memory::from_mb(200.0);
    let peak = Dist::constant(bytes(Memory::from_mb(peak)));
    function.working_set = Some(WorkingSet::new(Memory::from_mb(base), peak));
    stage
}

#[test]
fn a_request_fails_where_its_memory_is_used_up_and_its_instance_ends() {
    let mut stage = growing(100.0, 300.0);
    stage.functions[0].start.init = constant(3.0);
    stage.calls(&[(0.0, 4.0), (100.0, 8.0)]);
    let (summary, record) = stage.measure(1);
    assert_eq!(
        record.story(),
        "first:0!out-of-memory recycled:1!out-of-memory"
    );
    // Half of the growth fits.
    assert_eq!(record.ended(), [5.0, 107.0]);
    let gone = |n, at| (n, at, Retirement::OutOfMemory);
    assert_eq!(record.retired(), [gone(0, 5.0), gone(1, 107.0)]);
    let value = |id| summary.values.get(id);
    assert_eq!(value(metric::OUT_OF_MEMORY), Some(2.0));
    assert_eq!(value(metric::FAILED), Some(2.0));
    assert_eq!(value(metric::COMPLETED), Some(0.0));
}

#[test]
fn a_request_that_needs_all_there_is_succeeds() {
    let mut stage = growing(100.0, 200.0);
    stage.calls(&[(0.0, 4.0), (100.0, 4.0)]);
    assert_eq!(stage.play().story(), "first:0 warm:0");
}

#[test]
fn the_timeout_comes_first_where_it_is_due_first() {
    let mut stage = growing(100.0, 300.0);
    stage.functions[0].timeout = Some(secs(1.0));
    stage.call(0.0, 4.0);
    let end = stage.play().users()[0];
    assert_eq!((end.ending, end.ended.secs()), (Ending::TimedOut, 1.0));
}

#[test]
fn an_init_that_does_not_fit_fails_is_run_again_and_fails_the_request() {
    let mut stage = growing(201.0, 250.0);
    stage.functions[0].start.sandbox = constant(1.0);
    stage.functions[0].start.init = constant(3.0);
    stage.calls(&[(0.0, 4.0), (100.0, 4.0)]);
    let record = stage.play();
    assert_eq!(
        record.story(),
        "first:0!out-of-memory recycled:1!out-of-memory"
    );
    assert_eq!(record.ended(), [7.0, 107.0]);
    let end = record.users()[0];
    assert_eq!((end.billable_start, end.service()), (secs(3.0), Span::ZERO));
}

#[test]
fn needs_are_the_same_for_every_memory_so_more_of_it_only_helps() {
    let failed = |mb: f64| {
        let mut stage = growing(0.0, 0.0);
        stage.functions[0].memory = Memory::from_mb(mb);
        let [least, most] = [200.0, 400.0].map(|mb| bytes(Memory::from_mb(mb)));
        let peak = Dist::uniform(least, most).unwrap();
        stage.functions[0].working_set = Some(WorkingSet::new(Memory::from_mb(1.0), peak));
        stage.duration = secs(20_000.0);
        for n in 0..4000 {
            stage.call(f64::from(n) * 4.0, 1.0);
        }
        let ends = stage.play().users();
        let outgrown = ends.iter().filter(|end| end.ending == Ending::OutOfMemory);
        outgrown.map(|end| end.number).collect::<Vec<_>>()
    };
    let [some, half, none] = [350.0, 300.0, 400.0].map(failed);
    assert!(
        (half.len() as f64 / 4000.0 - 0.5).abs() < 0.04,
        "{}",
        half.len()
    );
    assert!(
        (some.len() as f64 / 4000.0 - 0.25).abs() < 0.04,
        "{}",
        some.len()
    );
    assert!(none.is_empty() && some.iter().all(|number| half.contains(number)));
}

/// Where an instance is reset, not retired, its next request pays a suppressed init, extensions and
/// downloads included (docs.aws.amazon.com, lambda-runtime-environment).
#[test]
fn an_instance_that_is_reset_for_want_of_memory_runs_all_of_its_init_again() {
    let mut stage = growing(100.0, 300.0);
    stage.platform.reset = Reset::SuppressedInit;
    let start = &mut stage.functions[0].start;
    start.extensions = constant(0.5);
    start.download = constant(1.5);
    start.init = constant(1.0);
    stage.calls(&[(0.0, 4.0), (100.0, 4.0)]);
    let record = stage.play();
    assert_eq!(record.story(), "first:0!out-of-memory warm:0!out-of-memory");
    assert_eq!(record.ended(), [5.0, 105.0]);
    assert_eq!(record.users()[1].first_call, secs(3.0));
}

#[test]
fn a_request_out_of_memory_is_billed_up_to_there() {
    let mut stage = growing(100.0, 300.0);
    stage.platform.prices = Some(super::measures::prices());
    stage.functions[0].start.init = constant(3.0);
    stage.call(0.0, 4.0);
    let end = stage.play().users()[0];
    assert_eq!(charged(&stage.plan(), &end), secs(5.0));
}
