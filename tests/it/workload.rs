//! Arrivals against theory: rates, dispersion, order, independence of other functions.

mod timed;
mod traffic;

use std::sync::Arc;
use std::time::Instant;

use frostline::dist::{Dist, exponential};
use frostline::ids::FunctionId;
use frostline::model::{BatchSize, Burst, Function, MmppState, Plan, Process, Profile, Source};
use frostline::random::{Purpose, Streams};
use frostline::units::{Span, Time};
use frostline::validate::lab;
use frostline::workload::{Arrival, Arrivals, Workload};
use proptest::prelude::*;

pub(crate) fn function(name: &str, service: Dist) -> Function {
    lab::bare_function(name, service)
}

pub(crate) fn plan_of(functions: Vec<Function>, sources: Vec<Source>, duration: Span) -> Plan {
    Plan {
        platform: Arc::new(lab::bare_platform()),
        functions: functions.into(),
        sources: sources.into(),
        traffic: frostline::model::Traffic::default(),
        remedies: Vec::new(),
        warm_up: Span::ZERO,
        duration,
    }
}

/// A function a process, each with a service time of 1 s.
fn plan(processes: &[Process], duration: Span) -> Plan {
    let functions = (0..processes.len())
        .map(|number| function(&format!("f{number}"), Dist::constant(secs(1.0))))
        .collect();
    let sources = processes
        .iter()
        .zip(0..)
        .map(|(process, id)| Source::Process {
            function: FunctionId(id),
            process: process.clone(),
        })
        .collect();
    plan_of(functions, sources, duration)
}

fn secs(seconds: f64) -> Span {
    Span::from_secs(seconds)
}

pub(crate) fn pull(plan: &Plan, seed: u64) -> Vec<Arrival> {
    let mut workload = Workload::new(plan, &Streams::new(seed, 0)).unwrap();
    std::iter::from_fn(|| workload.next_arrival()).collect()
}

/// Instants of each function in seconds, with the mean and its standard error over seeds.
fn over_seeds(seeds: u64, estimate: impl Fn(u64) -> f64) -> (f64, f64) {
    let values: Vec<f64> = (0..seeds).map(estimate).collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

fn assert_near((mean, error): (f64, f64), theory: f64, what: &str) {
    assert!(
        (mean - theory).abs() <= 4.0 * error,
        "{what}: {mean} ± {error} against {theory}"
    );
}

fn instants(process: &Process, seconds: f64, seed: u64) -> Vec<f64> {
    let arrivals = pull(&plan(std::slice::from_ref(process), secs(seconds)), seed);
    arrivals.iter().map(|arrival| arrival.at.secs()).collect()
}

fn gaps(instants: &[f64]) -> Vec<f64> {
    instants.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

fn cv2(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square = values.iter().map(|x| x * x).sum::<f64>() / n;
    square / (mean * mean) - 1.0
}

/// Variance over mean of the numbers of instants in windows of this many seconds.
fn dispersion(instants: &[f64], window: f64, seconds: f64) -> f64 {
    let mut counts = vec![0.0_f64; (seconds / window) as usize];
    for at in instants {
        if let Some(count) = counts.get_mut((at / window) as usize) {
            *count += 1.0;
        }
    }
    let n = counts.len() as f64;
    let mean = counts.iter().sum::<f64>() / n;
    counts
        .iter()
        .map(|count| (count - mean).powi(2))
        .sum::<f64>()
        / (n - 1.0)
        / mean
}

#[test]
fn poisson_arrivals_have_their_rate_and_no_memory() {
    let poisson = Process::Poisson { rate: 2.5 };
    let run = |seed| instants(&poisson, 4_000.0, seed);
    let rate = over_seeds(40, |seed| run(seed).len() as f64 / 4_000.0);
    assert_near(rate, 2.5, "rate");
    let cv2 = over_seeds(40, |seed| cv2(&gaps(&run(seed))));
    assert_near(cv2, 1.0, "cv² of gaps");
    let spread = over_seeds(40, |seed| dispersion(&run(seed), 10.0, 4_000.0));
    assert_near(spread, 1.0, "dispersion");
}

#[test]
fn a_rate_of_zero_is_no_request_at_all() {
    for silent in [
        Process::Poisson { rate: 0.0 },
        Process::Mmpp {
            states: vec![
                MmppState {
                    rate: 0.0,
                    stay: secs(1.0)
                };
                2
            ],
        },
        Process::Profile(Profile {
            period: secs(60.0),
            phase: Span::ZERO,
            rates: vec![0.0; 4].into(),
        }),
        Process::Burst(Burst {
            at: Time::ZERO,
            requests: 0,
            over: Span::ZERO,
            every: Some(secs(1.0)),
            times: None,
        }),
        Process::Batch {
            rate: 0.0,
            size: BatchSize::Constant(3),
        },
        Process::Batch {
            rate: 1.0,
            size: BatchSize::Constant(0),
        },
        Process::Batch {
            rate: 1.0,
            size: BatchSize::Weights(vec![(0, 1.0)].into()),
        },
        // So rare that it never happens: the instant saturates.
        Process::Poisson { rate: 1e-300 },
    ] {
        assert!(instants(&silent, 1e6, 1).is_empty(), "{silent:?}");
    }
}

#[test]
fn regular_requests_end_before_the_end_of_the_run() {
    let every = |offset| Process::Every {
        interval: secs(10.0),
        offset: Time::from_secs(offset),
    };
    assert_eq!(instants(&every(0.0), 30.0, 1), [0.0, 10.0, 20.0]);
    assert_eq!(instants(&every(5.0), 30.0, 1), [5.0, 15.0, 25.0]);
    assert!(instants(&every(30.0), 30.0, 1).is_empty());
}

#[test]
fn renewal_gaps_have_their_mean_and_spread() {
    let gap = Dist::gamma(secs(2.0), 0.5).unwrap();
    let renewal = Process::Renewal { gap };
    let run = |seed| gaps(&instants(&renewal, 10_000.0, seed));
    let mean = over_seeds(30, |seed| {
        let gaps = run(seed);
        gaps.iter().sum::<f64>() / gaps.len() as f64
    });
    assert_near(mean, 2.0, "mean gap");
    assert_near(over_seeds(30, |seed| cv2(&run(seed))), 0.25, "cv² of gaps");
}

/// Two states: c² = 1 + 2 σ₁σ₂ (λ₁ − λ₂)² / ((σ₁ + σ₂)² (λ₁λ₂ + σ₁λ₂ + σ₂λ₁)) (Fischer and
/// Meier-Hellstern, "The MMPP cookbook", 1993).
#[test]
fn mmpp_arrivals_have_the_rate_and_the_gaps_of_theory() {
    for (rate_1, rate_2, out_1, out_2) in [
        (1.0, 0.01, 0.01, 0.002),
        (5.0, 0.001, 0.1, 0.005),
        (0.1, 0.1, 1.0, 1.0),
        (2.0, 0.0, 0.05, 0.001),
    ] {
        let state = |rate, out: f64| MmppState {
            rate,
            stay: secs(1.0 / out),
        };
        let mmpp = Process::Mmpp {
            states: vec![state(rate_1, out_1), state(rate_2, out_2)],
        };
        let both = out_1 + out_2;
        let mean_rate = (rate_1 * out_2 + rate_2 * out_1) / both;
        let theory = 1.0
            + 2.0 * out_1 * out_2 * f64::powi(rate_1 - rate_2, 2)
                / (both * both * (rate_1 * rate_2 + out_1 * rate_2 + out_2 * rate_1));
        let seconds = 2e6;
        let runs: Vec<Vec<f64>> = (0..24).map(|seed| instants(&mmpp, seconds, seed)).collect();
        let rate = over_seeds(24, |seed| runs[seed as usize].len() as f64 / seconds);
        assert_near(rate, mean_rate, "rate");
        let spread = over_seeds(24, |seed| cv2(&gaps(&runs[seed as usize])));
        assert_near(spread, theory, "cv² of gaps");
    }
}

#[test]
fn mmpp_begins_in_a_state_by_the_share_of_time() {
    let mmpp = Process::Mmpp {
        states: vec![
            MmppState {
                rate: 10.0,
                stay: secs(100.0),
            },
            MmppState {
                rate: 0.0,
                stay: secs(300.0),
            },
        ],
    };
    let first_second = over_seeds(4_000, |seed| instants(&mmpp, 1.0, seed).len() as f64);
    assert_near(first_second, 2.5, "requests in the first second");
}

#[test]
fn a_profile_has_the_rate_of_each_part_of_its_period() {
    let rates = [0.0, 2.0, 0.5, 4.0, 0.0, 1.0];
    let profile = Process::Profile(Profile {
        period: secs(60.0),
        phase: Span::ZERO,
        rates: rates.into(),
    });
    let periods = 2_000.0;
    let instants = instants(&profile, 60.0 * periods, 7);
    let mut parts = [0.0; 6];
    let mut halves = [0.0; 2];
    for at in &instants {
        parts[(at % 60.0 / 10.0) as usize] += 1.0;
        if (at % 60.0) >= 30.0 && (at % 60.0) < 40.0 {
            halves[usize::from(at % 10.0 >= 5.0)] += 1.0;
        }
    }
    for (count, rate) in parts.iter().zip(rates) {
        let mean = rate * 10.0 * periods;
        assert!(
            (count - mean).abs() <= 4.0 * mean.sqrt(),
            "{count} against {mean}"
        );
    }
    let half: f64 = 4.0 * 5.0 * periods;
    assert!(
        halves
            .iter()
            .all(|count| (count - half).abs() <= 4.0 * half.sqrt()),
        "{halves:?}"
    );
    let busiest: Vec<f64> = instants
        .iter()
        .filter(|at| (30.0..40.0).contains(&(*at % 60.0)))
        .map(|at| (at / 60.0).floor() * 10.0 + at % 10.0)
        .collect();
    let error = (2.0 / periods).sqrt();
    assert_near(
        (dispersion(&busiest, 10.0, 10.0 * periods), error),
        1.0,
        "dispersion",
    );
}

#[test]
fn a_profile_with_rare_requests_skips_whole_periods() {
    let profile = Process::Profile(Profile {
        period: secs(1e-3),
        phase: Span::ZERO,
        rates: [0.0, 2e-5].into(),
    });
    let seconds = 1e6;
    let count = over_seeds(60, |seed| instants(&profile, seconds, seed).len() as f64);
    assert_near(count, 10.0, "requests");
    for at in instants(&profile, 1e7, 3) {
        assert!((at * 1e3).fract() >= 0.499, "{at} is in the silent half");
    }
}

#[test]
fn bursts_are_spread_evenly_and_may_overlap() {
    let burst = |over: f64, every: Option<f64>| {
        Process::Burst(Burst {
            at: Time::from_secs(1.0),
            requests: 3,
            over: secs(over),
            every: every.map(secs),
            times: None,
        })
    };
    let run = |process| instants(&process, 20.0, 1);
    assert_eq!(run(burst(0.0, None)), [1.0, 1.0, 1.0]);
    assert_eq!(run(burst(6.0, None)), [1.0, 3.0, 5.0]);
    assert_eq!(
        run(burst(3.0, Some(10.0))),
        [1.0, 2.0, 3.0, 11.0, 12.0, 13.0]
    );
    let overlapping = [1.0, 6.0, 6.0, 11.0, 11.0, 11.0, 16.0, 16.0, 16.0];
    assert_eq!(run(burst(15.0, Some(5.0))), overlapping);
    // More bursts at once than requests a burst.
    let mut dense: Vec<f64> = [1.0, 7.0, 13.0]
        .iter()
        .flat_map(|first| (0..20).map(move |number| first + f64::from(number)))
        .filter(|at| *at < 20.0)
        .collect();
    dense.sort_by(f64::total_cmp);
    assert_eq!(run(burst(18.0, Some(1.0))), dense);
}

#[test]
fn batches_have_their_sizes_and_come_at_one_instant() {
    let sizes = [(1, 0.7), (10, 0.95), (100, 1.0)];
    for (size, mean, at_least_10) in [
        (BatchSize::Constant(5), 5.0, 0.0),
        (
            BatchSize::Geometric { mean: 10.0 / 3.0 },
            10.0 / 3.0,
            0.7_f64.powi(9),
        ),
        (BatchSize::Geometric { mean: 1.0 }, 1.0, 0.0),
        (BatchSize::Weights(sizes.into()), 8.2, 0.3),
    ] {
        let batch = Process::Batch { rate: 0.1, size };
        let run = |seed| {
            let mut batches: Vec<(f64, f64)> = Vec::new();
            for at in instants(&batch, 50_000.0, seed) {
                match batches.last_mut() {
                    Some((last, size)) if last.total_cmp(&at).is_eq() => *size += 1.0,
                    _ => batches.push((at, 1.0)),
                }
            }
            batches
        };
        let rate = over_seeds(20, |seed| run(seed).len() as f64 / 50_000.0);
        assert_near(rate, 0.1, "batches a second");
        let size = over_seeds(20, |seed| {
            let batches = run(seed);
            batches.iter().map(|(_, size)| size).sum::<f64>() / batches.len() as f64
        });
        // An error of zero cannot be compared with: sizes may be constant.
        assert_near((size.0, size.1 + 1e-9), mean, "size");
        let large = over_seeds(20, |seed| {
            let batches = run(seed);
            let large = batches.iter().filter(|(_, size)| *size >= 10.0).count();
            large as f64 / batches.len() as f64
        });
        assert_near(
            (large.0, large.1 + 1e-9),
            at_least_10,
            "share of 10 and more",
        );
    }
}

#[test]
fn service_is_the_sum_of_its_parts_and_some_requests_fail() {
    let mut model = function("f", Dist::constant(secs(0.25)));
    model.service.cpu = Dist::exponential(secs(0.5)).unwrap();
    model.error_rate = 0.1;
    let source = Source::Process {
        function: FunctionId(0),
        process: Process::Poisson { rate: 1.0 },
    };
    let arrivals = pull(&plan_of(vec![model], vec![source], secs(50_000.0)), 3);
    let n = arrivals.len() as f64;
    let mean = arrivals.iter().map(|a| a.service.secs()).sum::<f64>() / n;
    assert_near((mean, 0.5 / n.sqrt()), 0.75, "service");
    assert!(arrivals.iter().all(|a| a.service >= secs(0.25)));
    let fails = arrivals.iter().filter(|a| a.fails).count() as f64 / n;
    assert_near((fails, (0.09 / n).sqrt()), 0.1, "share of failures");
}

/// One process of each kind, from a few numbers.
fn any_process() -> impl Strategy<Value = Process> {
    let rate = 0.0..3.0_f64;
    prop_oneof![
        rate.clone().prop_map(|rate| Process::Poisson { rate }),
        (1_u64..30, 0_u64..30).prop_map(|(interval, offset)| Process::Every {
            interval: Span::from_whole_secs(interval),
            offset: Time::ZERO + Span::from_whole_secs(offset),
        }),
        (0.1..5.0).prop_map(|mean| Process::Renewal {
            gap: Dist::weibull(secs(mean), 0.7).unwrap(),
        }),
        (rate.clone(), rate.clone()).prop_map(|(a, b)| Process::Mmpp {
            states: vec![
                MmppState {
                    rate: a,
                    stay: secs(3.0)
                },
                MmppState {
                    rate: b,
                    stay: secs(9.0)
                },
            ],
        }),
        (rate.clone(), rate.clone()).prop_map(|(a, b)| Process::Profile(Profile {
            period: secs(20.0),
            phase: Span::ZERO,
            rates: vec![a, b, 0.0].into(),
        })),
        (0_u64..40, 0_u32..3_000, 0_u64..40, 1_u64..30).prop_map(|(at, requests, over, every)| {
            Process::Burst(Burst {
                at: Time::ZERO + Span::from_whole_secs(at),
                requests,
                over: Span::from_whole_secs(over),
                every: (every > 5).then(|| Span::from_whole_secs(every)),
                times: None,
            })
        }),
        (rate, 1.0..4.0).prop_map(|(rate, mean)| Process::Batch {
            rate,
            size: BatchSize::Geometric { mean },
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// all(t) = stable sort of ∪ alone_f(t) by (at, f), and alone_f does not depend on the others.
    #[test]
    fn merged_is_sorted_and_each_function_is_as_alone(
        processes in prop::collection::vec(any_process(), 0..12),
        seed in 0_u64..1_000,
    ) {
        let plan = plan(&processes, secs(60.0));
        let merged = pull(&plan, seed);
        let mut expected = Vec::new();
        for id in 0..processes.len() as u32 {
            let streams = Streams::new(seed, 0);
            let mut alone = Workload::of_function(&plan, &streams, FunctionId(id)).unwrap();
            expected.extend(std::iter::from_fn(|| alone.next_arrival()));
        }
        prop_assert!(expected.iter().all(|arrival| arrival.at < plan.end()));
        expected.sort_by_key(|arrival| (arrival.at, arrival.function));
        prop_assert_eq!(merged, expected);
    }
}

#[test]
fn a_function_has_the_same_requests_whatever_the_others_do() {
    let service = Dist::lognormal(secs(0.1), 1.0).unwrap();
    let run = |others: f64| {
        let models = vec![function("f", service.clone()); 3];
        let sources = [others, 1.0, others / 2.0]
            .into_iter()
            .zip(0..)
            .map(|(rate, id)| Source::Process {
                function: FunctionId(id),
                process: Process::Poisson { rate },
            })
            .collect();
        let mut arrivals = pull(&plan_of(models, sources, secs(500.0)), 11);
        arrivals.retain(|arrival| arrival.function == FunctionId(1));
        arrivals
    };
    assert!(run(0.0).len() > 400);
    assert_eq!(run(0.0), run(70.0));
}

#[test]
fn several_sources_of_a_function_are_independent() {
    let source = || Source::Process {
        function: FunctionId(0),
        process: Process::Poisson { rate: 1.0 },
    };
    let model = function("f", Dist::ZERO);
    let arrivals = pull(
        &plan_of(vec![model], vec![source(), source()], secs(5_000.0)),
        1,
    );
    let n = arrivals.len() as f64;
    assert_near((n, 1e4_f64.sqrt()), 1e4, "requests");
    assert!(arrivals.windows(2).all(|pair| pair[0].at <= pair[1].at));
    assert!(
        arrivals
            .windows(2)
            .filter(|pair| pair[0].at == pair[1].at)
            .count()
            < 10
    );
}

/// More requests at one instant than a window holds, among steady ones.
#[test]
fn a_huge_burst_passes_in_order() {
    let burst = |at, over| {
        Process::Burst(Burst {
            at: Time::from_secs(at),
            requests: 200_000,
            over: secs(over),
            every: None,
            times: None,
        })
    };
    let steady = Process::Poisson { rate: 50.0 };
    let processes = [steady.clone(), burst(10.0, 0.0), burst(10.0, 1e-3), steady];
    let arrivals = pull(&plan(&processes, secs(40.0)), 5);
    let of = |id| {
        arrivals
            .iter()
            .filter(move |a| a.function == FunctionId(id))
    };
    assert_eq!((of(1).count(), of(2).count()), (200_000, 200_000));
    assert!(of(0).count() > 1_700 && of(3).count() > 1_700);
    assert!(arrivals.is_sorted_by_key(|arrival| (arrival.at, arrival.function)));
}

/// How long a request takes to draw and merge; run by hand on a quiet machine:
/// `cargo test --release --test it nanoseconds -- --ignored --nocapture`.
#[test]
#[ignore = "prints times, proves nothing"]
#[expect(
    clippy::disallowed_methods,
    reason = "a measurement of wall-clock time"
)]
fn nanoseconds_a_request() {
    let floor = {
        let streams = Streams::new(1, 0);
        let mut arrivals = streams.stream(0, Purpose::Arrivals, 0);
        let mut services = streams.stream(0, Purpose::Service, 0);
        let service = Dist::lognormal_percentiles(secs(0.08), secs(0.6)).unwrap();
        let began = Instant::now();
        let sum = (0..20_000_000).fold(0.0, |sum, _| {
            sum + exponential(&mut arrivals) + service.sample(&mut services).nanos() as f64
        });
        println!("drawn from two streams and thrown away ({sum}):");
        began.elapsed().as_secs_f64() / 2e7 * 1e9
    };
    println!("{floor:.1} ns");
    for functions in [1_u32, 10, 100, 1_000, 10_000, 50_000] {
        let service = Dist::lognormal_percentiles(secs(0.08), secs(0.6)).unwrap();
        let sources = (0..functions)
            .map(|id| Source::Process {
                function: FunctionId(id),
                process: Process::Poisson { rate: 1.0 },
            })
            .collect();
        let models = vec![function("f", service); functions as usize];
        let seconds = 2e7 / f64::from(functions);
        let plan = plan_of(models, sources, secs(seconds));
        let mut best = f64::MAX;
        let mut sum = 0;
        for _ in 0..3 {
            let mut workload = Workload::new(&plan, &Streams::new(1, 0)).unwrap();
            let mut n = 0_u32;
            let began = Instant::now();
            while let Some(arrival) = workload.next_arrival() {
                n += 1;
                sum ^= arrival.at.nanos() ^ arrival.service.nanos();
            }
            best = best.min(began.elapsed().as_secs_f64() / f64::from(n) * 1e9);
        }
        println!("{functions} functions: {best:.1} ns a request ({sum:x})");
    }
}
