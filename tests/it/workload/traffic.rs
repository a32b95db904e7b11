//! More traffic: a process so many times as often, launch days, copies of recorded requests, against
//! closed forms and one by one.

#![expect(clippy::float_cmp, reason = "counts are whole, and times exact")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use frostline::dist::Dist;
use frostline::ids::FunctionId;
use frostline::model::{
    BatchSize, Burst, MmppState, Plan, Process, Profile, Source, Surge, TimedRequests, Traffic,
};
use frostline::schedule::{Expression, Schedule, Start, Zone};
use frostline::trace::{Spread, Trace, TraceSpec};
use frostline::units::{Span, Time};

use super::{assert_near, dispersion, over_seeds, plan, pull, secs};

const LENGTH: f64 = 4_000.0;

/// From 1,000 s on, for 2,000 s, of all functions.
fn surge(times: f64, ramp: f64) -> Surge {
    Surge {
        start: Time::from_secs(1_000.0),
        duration: secs(2_000.0),
        times,
        ramp: secs(ramp),
        functions: None,
    }
}

fn traffic(times: f64, surges: &[Surge]) -> Traffic {
    Traffic {
        times,
        surges: surges.into(),
    }
}

fn with(processes: &[Process], traffic: &Traffic) -> Plan {
    Plan {
        traffic: traffic.clone(),
        ..plan(processes, secs(LENGTH))
    }
}

fn instants(process: &Process, traffic: &Traffic, seed: u64) -> Vec<f64> {
    let arrivals = pull(&with(std::slice::from_ref(process), traffic), seed);
    assert!(arrivals.is_sorted_by_key(|arrival| arrival.at));
    arrivals.iter().map(|arrival| arrival.at.secs()).collect()
}

fn between(instants: &[f64], from: f64, to: f64) -> f64 {
    instants
        .iter()
        .filter(|at| (from..to).contains(*at))
        .count() as f64
}

fn poisson(rate: f64) -> Process {
    Process::Poisson { rate }
}

fn every(interval: f64, offset: f64) -> Process {
    Process::Every {
        interval: secs(interval),
        offset: Time::from_secs(offset),
    }
}

/// Mean and variance of the number of requests of a Poisson process are the integral of its rate,
/// and so are those of two that come together.
#[test]
fn a_surge_on_a_poisson_process_is_a_poisson_process() {
    let launch = traffic(2.0, &[surge(4.0, 500.0)]);
    let run = |seed| instants(&poisson(0.5), &launch, seed);
    let part = |from, to| over_seeds(300, move |seed| between(&run(seed), from, to));
    assert_near(part(0.0, 1_000.0), 1_000.0, "before");
    assert_near(part(3_000.0, LENGTH), 1_000.0, "after");
    // 2 × 0.5 a second, four times as many at the height, the mean of both on the ramps.
    assert_near(part(1_500.0, 2_500.0), 4_000.0, "at its height");
    assert_near(part(1_000.0, 1_500.0), 1_250.0, "rising");
    assert_near(part(1_000.0, 1_250.0), 250.0 * 1.75, "its lower half");
    assert_near(part(2_750.0, 3_000.0), 250.0 * 1.75, "its end");
    let variance = |from: f64, to: f64| {
        let counts: Vec<f64> = (0..2_000).map(|s| between(&run(s), from, to)).collect();
        let n = counts.len() as f64;
        let mean = counts.iter().sum::<f64>() / n;
        counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / (n - 1.0) / mean
    };
    // Of 2,000 counts the ratio has a standard error of √(2 ÷ 2,000) = 0.032.
    assert!((variance(1_000.0, 1_500.0) - 1.0).abs() < 0.13, "rising");
    assert!(
        (variance(1_600.0, 1_700.0) - 1.0).abs() < 0.13,
        "at its height"
    );
}

#[test]
fn a_process_times_k_is_the_same_process_with_rates_times_k() {
    let mmpp = |k: f64| Process::Mmpp {
        states: vec![
            MmppState {
                rate: k,
                stay: secs(100.0),
            },
            MmppState {
                rate: 5.0 * k,
                stay: secs(50.0),
            },
        ],
    };
    let profile = |k: f64| {
        Process::Profile(Profile {
            period: secs(1_000.0),
            phase: Span::ZERO,
            rates: [k, 3.0 * k, 0.0].into(),
        })
    };
    let renewal = |k: f64| Process::Renewal {
        gap: Dist::constant(secs(2.0 / k)),
    };
    let pairs = [
        (poisson(1.0), poisson(3.0)),
        (mmpp(1.0), mmpp(3.0)),
        (profile(1.0), profile(3.0)),
        (renewal(1.0), renewal(3.0)),
        (every(3.0, 7.0), every(1.0, 7.0)),
    ];
    for (one, three) in &pairs {
        let scaled = instants(one, &traffic(3.0, &[]), 5);
        assert_eq!(scaled, instants(three, &Traffic::default(), 5), "{one:?}");
        assert!(scaled.len() > 1_000);
    }
}

/// The states of an MMPP change when they do without the surge, and the rates of a profile.
#[test]
fn a_surge_raises_the_rates_that_a_process_has() {
    let profile = Process::Profile(Profile {
        period: secs(1_000.0),
        phase: Span::ZERO,
        rates: [0.0, 2.0].into(),
    });
    let launch = traffic(1.0, &[surge(3.0, 0.0)]);
    let run = |seed| instants(&profile, &launch, seed);
    let part = |from, to| over_seeds(60, move |seed| between(&run(seed), from, to));
    assert_near(part(500.0, 1_000.0), 1_000.0, "before");
    assert_near(part(1_500.0, 2_000.0), 3_000.0, "at its height");
    assert_eq!(between(&run(1), 1_000.0, 1_500.0), 0.0);
    let mmpp = Process::Mmpp {
        states: vec![
            MmppState {
                rate: 0.0,
                stay: secs(10.0),
            },
            MmppState {
                rate: 8.0,
                stay: secs(10.0),
            },
        ],
    };
    let run = |seed| instants(&mmpp, &launch, seed);
    let part = |from, to| over_seeds(200, move |seed| between(&run(seed), from, to));
    assert_near(part(0.0, 1_000.0), 4_000.0, "before");
    assert_near(part(1_000.0, 3_000.0), 24_000.0, "at its height");
    // As bursty as an MMPP with three times the rates: its states are not drawn anew.
    let threefold = mmpp.times(3.0);
    let usual = |seed| {
        dispersion(
            &instants(&threefold, &Traffic::default(), seed),
            5.0,
            LENGTH,
        )
    };
    let raised = |seed| {
        let inside: Vec<f64> = run(seed).iter().map(|at| at - 1_000.0).collect();
        let inside: Vec<f64> = inside.into_iter().filter(|at| *at >= 0.0).collect();
        dispersion(&inside, 5.0, 2_000.0)
    };
    let (theory, error) = over_seeds(200, usual);
    let (found, own) = over_seeds(200, raised);
    assert_near((found, error.hypot(own)), theory, "dispersion");
}

#[test]
fn what_comes_evenly_or_together_becomes_more_each_time() {
    let launch = traffic(1.0, &[surge(4.0, 0.0)]);
    let at = |process: &Process, traffic: &Traffic| instants(process, traffic, 1);
    // Every 500 s, and every 125 s as long as it lasts.
    let thick = [
        500.0, 1_000.0, 1_125.0, 1_250.0, 1_375.0, 1_500.0, 1_625.0, 1_750.0, 1_875.0, 2_000.0,
        2_125.0, 2_250.0, 2_375.0, 2_500.0, 2_625.0, 2_750.0, 2_875.0, 3_000.0, 3_500.0,
    ];
    assert_eq!(at(&every(500.0, 500.0), &launch), thick);
    let burst = Process::Burst(Burst {
        at: Time::from_secs(500.0),
        requests: 3,
        over: Span::ZERO,
        every: Some(secs(1_000.0)),
        times: None,
    });
    let counts = |traffic: &Traffic| {
        let instants = at(&burst, traffic);
        [500.0, 1_500.0, 2_500.0, 3_500.0].map(|from| between(&instants, from, from + 1.0))
    };
    assert_eq!(counts(&Traffic::default()), [3.0; 4]);
    assert_eq!(counts(&launch), [3.0, 12.0, 12.0, 3.0]);
    assert_eq!(counts(&traffic(1.5, &[])), [5.0; 4]);
    assert_eq!(
        counts(&traffic(2.0, &[surge(4.0, 0.0)])),
        [6.0, 24.0, 24.0, 6.0]
    );
}

/// So that the day with a launch is that without one, and more.
#[test]
fn a_surge_moves_no_request_that_there_is_without_it() {
    let mmpp = Process::Mmpp {
        states: [(0.0, 100.0), (5.0, 50.0)]
            .map(|(rate, stay)| MmppState {
                rate,
                stay: secs(stay),
            })
            .into(),
    };
    let profile = Process::Profile(Profile {
        period: secs(700.0),
        phase: secs(60.0),
        rates: [0.5, 3.0, 0.0].into(),
    });
    let burst = Process::Burst(Burst {
        at: Time::from_secs(10.0),
        requests: 7,
        over: secs(90.0),
        every: Some(secs(60.0)),
        times: None,
    });
    let batch = Process::Batch {
        rate: 0.2,
        size: BatchSize::Geometric { mean: 3.0 },
    };
    for process in [poisson(1.0), mmpp, profile, burst, batch, every(7.0, 3.0)] {
        for ramp in [0.0, 300.0] {
            let usual = instants(&process, &traffic(1.0, &[]), 4);
            let mut launch = instants(&process, &traffic(1.0, &[surge(2.5, ramp)]), 4);
            let inside = |at: &f64| (1_000.0..3_000.0).contains(at);
            let more = launch.len() - usual.len();
            for at in &usual {
                let place = launch.iter().position(|other| other == at);
                launch.remove(place.unwrap_or_else(|| panic!("{at} of {process:?}")));
            }
            assert_eq!(launch.len(), more);
            assert!(launch.iter().all(inside), "{process:?}");
            assert!(more > 100, "{process:?}");
        }
    }
}

#[test]
fn what_a_surge_adds_to_even_requests_lies_within_it_and_is_as_much_as_it_says() {
    let short = |start: f64, duration: f64| Surge {
        start: Time::from_secs(start),
        duration: secs(duration),
        ..surge(6.0, 0.0)
    };
    // 5 additional ones an hour for 10 minutes: 5/6 of one.
    for start in [3_600.0, 3_900.0, 6_000.0] {
        let launch = traffic(1.0, &[short(start, 600.0)]);
        let plan = Plan {
            traffic: launch,
            ..plan(&[every(3_600.0, 0.0)], secs(10_800.0))
        };
        let added = |seed| {
            let at = pull(&plan, seed)
                .into_iter()
                .map(|arrival| arrival.at.secs());
            let added: Vec<f64> = at.filter(|at| at % 3_600.0 != 0.0).collect();
            assert!(added.iter().all(|at| (start..start + 600.0).contains(at)));
            added.len() as f64
        };
        assert_near(over_seeds(2_000, added), 5.0 / 6.0, "of one");
    }
    // Over 2 s each, three times as many: evenly, every 2/3 s.
    let slow = Process::Burst(Burst {
        at: Time::from_secs(1_200.0),
        requests: 4,
        over: secs(8.0),
        every: None,
        times: None,
    });
    let expected: Vec<f64> = (0..12)
        .map(|n| 1_200.0 + f64::from(n) * 8.0 / 12.0)
        .collect();
    let found = instants(&slow, &traffic(1.0, &[surge(3.0, 0.0)]), 1);
    assert_eq!(found.len(), expected.len());
    let mut pairs = found.iter().zip(&expected);
    assert!(pairs.all(|(a, b)| (a - b).abs() < 1e-8), "{found:?}");
    // What is no whole number for each is one for all of them.
    let wide = Process::Burst(Burst {
        at: Time::from_secs(1_200.0),
        requests: 1_000,
        over: Span::ZERO,
        every: None,
        times: None,
    });
    for seed in 1..20 {
        assert_eq!(
            instants(&wide, &traffic(1.0, &[surge(1.5, 0.0)]), seed).len(),
            1_500
        );
    }
}

/// A launch that adds next to nothing to an MMPP that changes often takes no longer than one that
/// adds much: it looks for its requests within the surge alone.
#[test]
fn a_surge_that_adds_next_to_nothing_ends() {
    let mmpp = Process::Mmpp {
        states: [(1e-3, 1e-3), (2e-3, 1e-3)]
            .map(|(rate, stay)| MmppState {
                rate,
                stay: secs(stay),
            })
            .into(),
    };
    let slight = traffic(1.0, &[surge(1.0 + 1e-12, 0.0)]);
    let usual = instants(&mmpp, &traffic(1.0, &[]), 1);
    assert_eq!(instants(&mmpp, &slight, 1), usual);
}

/// States and batches are drawn apart from requests and sizes.
#[test]
fn more_traffic_comes_in_the_same_states_and_batches() {
    let mmpp = Process::Mmpp {
        states: [(0.0, 100.0), (5.0, 100.0)]
            .map(|(rate, stay)| MmppState {
                rate,
                stay: secs(stay),
            })
            .into(),
    };
    let busy = |times: f64| {
        let instants = instants(&mmpp, &traffic(times, &[]), 3);
        (0..400)
            .map(|n| between(&instants, f64::from(n) * 10.0, f64::from(n + 1) * 10.0) > 0.0)
            .collect::<Vec<bool>>()
    };
    let differ = busy(1.0).into_iter().zip(busy(4.0)).filter(|(a, b)| a != b);
    // Only where one begins or ends, about 40 times, may a piece be empty by chance.
    assert!(differ.count() < 30);
    let batch = Process::Batch {
        rate: 0.2,
        size: BatchSize::Weights([(1, 0.5), (5, 1.0)].into()),
    };
    let batches = |times: f64| {
        let mut instants = instants(&batch, &traffic(times, &[]), 3);
        instants.dedup();
        instants
    };
    assert_eq!(batches(1.0), batches(2.5));
}

#[test]
fn batches_become_larger_and_no_more() {
    let sizes = [
        BatchSize::Constant(3),
        BatchSize::Geometric { mean: 3.0 },
        BatchSize::Weights([(1, 0.5), (5, 1.0)].into()),
    ];
    for size in sizes {
        let batch = Process::Batch { rate: 0.2, size };
        for times in [0.25, 0.5, 1.5, 4.0] {
            let run = |seed| instants(&batch, &traffic(times, &[]), seed);
            let requests = over_seeds(100, |seed| run(seed).len() as f64);
            assert_near(requests, 0.2 * 3.0 * LENGTH * times, "requests");
            if times > 1.0 {
                let batches = |seed| {
                    let mut instants = run(seed);
                    instants.dedup();
                    instants.len() as f64
                };
                assert_near(over_seeds(100, batches), 0.2 * LENGTH, "batches");
            }
        }
        let launch = traffic(1.0, &[surge(2.5, 0.0)]);
        let inside = |seed| between(&instants(&batch, &launch, seed), 1_000.0, 3_000.0);
        assert_near(over_seeds(100, inside), 0.6 * 2_000.0 * 2.5, "surge");
    }
}

#[test]
fn the_calendar_knows_no_traffic() {
    let timed = Process::Schedule(TimedRequests {
        until: Time::NEVER,
        at: Schedule::new(
            Expression::parse("*/5 * * * *").unwrap(),
            Zone::UTC,
            Start::default(),
        ),
        requests: 2,
        jitter: Dist::uniform(Span::ZERO, secs(1.0)).unwrap(),
    });
    let usual = instants(&timed, &Traffic::default(), 1);
    assert_eq!(usual.len(), 28);
    assert_eq!(
        instants(&timed, &traffic(7.0, &[surge(3.0, 0.0)]), 1),
        usual
    );
}

/// Only the functions of a surge have it; the others' requests are the same to the last bit.
#[test]
fn a_surge_of_one_function_leaves_the_others_alone() {
    let of_second = Surge {
        functions: Some([FunctionId(1)].into()),
        ..surge(5.0, 100.0)
    };
    let processes = [poisson(0.5), poisson(0.5)];
    let of = |traffic: &Traffic, id| {
        let all = pull(&with(&processes, traffic), 3);
        let own = all.into_iter().filter(|a| a.function == FunctionId(id));
        own.collect::<Vec<_>>()
    };
    let launch = traffic(1.0, &[of_second]);
    let usual = Traffic::default();
    assert_eq!(of(&launch, 0), of(&usual, 0));
    let before = |all: Vec<frostline::workload::Arrival>| {
        let early = all.into_iter().filter(|a| a.at < Time::from_secs(1_000.0));
        early.collect::<Vec<_>>()
    };
    assert_eq!(before(of(&launch, 1)), before(of(&usual, 1)));
    assert!(of(&launch, 1).len() > 2 * of(&usual, 1).len());
}

/// Requests every 2 s, written down.
fn recorded(name: &str) -> (Process, Vec<u64>) {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("traffic");
    std::fs::create_dir_all(&dir).unwrap();
    let file = dir.join(name);
    let seconds: Vec<u64> = (0..2_000).map(|n| 2 * n).collect();
    let mut rows = "arrival_s,service_ms\n".to_owned();
    for at in &seconds {
        writeln!(rows, "{at},{}", 10 + at % 7).unwrap();
    }
    std::fs::write(&file, rows).unwrap();
    let nanos = seconds.iter().map(|at| at * 1_000_000_000).collect();
    (Process::Replay { file }, nanos)
}

/// With three times the traffic each request is there at its own time and twice more within 30 s of it,
/// as long as recorded.
#[test]
fn recorded_requests_are_there_so_many_times_near_their_own_time() {
    let (replay, seconds) = recorded("thrice.csv");
    let thrice = pull(&with(std::slice::from_ref(&replay), &traffic(3.0, &[])), 1);
    assert_eq!(thrice.len(), 3 * seconds.len());
    assert!(thrice.is_sorted_by_key(|arrival| arrival.at));
    let mut copies: Vec<u64> = thrice.iter().map(|arrival| arrival.at.nanos()).collect();
    let of_length = |all: &[frostline::workload::Arrival]| {
        let mut lengths: BTreeMap<Span, usize> = BTreeMap::new();
        for arrival in all {
            *lengths.entry(arrival.service).or_default() += 1;
        }
        lengths
    };
    let once = pull(&with(std::slice::from_ref(&replay), &Traffic::default()), 1);
    let three = of_length(&once).into_iter().map(|(s, n)| (s, 3 * n));
    assert_eq!(of_length(&thrice), three.collect());
    for at in &seconds {
        let place = copies.binary_search(at).unwrap();
        copies.remove(place);
    }
    assert!(copies.is_sorted() && copies.windows(2).all(|pair| pair[0] < pair[1]));
    // What lies within 30 s one by one does so in order of time, too.
    for (place, at) in copies.iter().enumerate() {
        assert!(at.abs_diff(seconds[place / 2]) <= 30_000_000_000);
        assert!(*at < 4_000_000_000_000);
    }
    let minutes = copies.iter().filter(|at| **at < 60_000_000_000).count();
    assert!((30..90).contains(&minutes), "{minutes} of 60");
}

/// Thinning: a request is there with the probability that is left over.
#[test]
fn a_part_of_the_traffic_is_a_thinned_recording() {
    let (replay, seconds) = recorded("thinned.csv");
    let n = seconds.len() as f64;
    for (times, part) in [(0.3, 0.3), (2.75, 0.75)] {
        let counts: Vec<f64> = (0..400)
            .map(|seed| instants(&replay, &traffic(times, &[]), seed).len() as f64)
            .collect();
        let mean = counts.iter().sum::<f64>() / 400.0;
        let variance = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / 399.0;
        let theory: f64 = n * part * (1.0 - part);
        assert!(
            (mean - n * times).abs() < 4.0 * (theory / 400.0).sqrt(),
            "{mean}"
        );
        assert!(
            (variance / theory - 1.0).abs() < 0.3,
            "{variance} of {theory}"
        );
    }
    let thin = pull(&with(std::slice::from_ref(&replay), &traffic(0.3, &[])), 1);
    let known = |at: Time| seconds.binary_search(&at.nanos()).is_ok();
    assert!(thin.iter().all(|arrival| known(arrival.at)));
}

#[test]
fn a_surge_thickens_the_recorded_requests_of_its_time() {
    let (replay, _) = recorded("surge.csv");
    let thick = instants(&replay, &traffic(1.0, &[surge(4.0, 0.0)]), 1);
    assert_eq!(thick.len(), 1_000 + 4 * 1_000);
    assert_eq!(between(&thick, 0.0, 970.0), 485.0);
    assert_eq!(between(&thick, 970.0, 3_030.0), 4_000.0 + 30.0);
    let both = instants(&replay, &traffic(2.0, &[surge(4.0, 0.0)]), 1);
    assert_eq!(both.len(), 2 * (1_000 + 4 * 1_000));
}

/// Counts by the minute: as many as counted, times the traffic.
#[test]
fn a_trace_of_counts_is_there_so_many_times() {
    let spec = TraceSpec::Azure2019 {
        dir: Path::new("experiments/traces/azure-2019-synthetic").to_owned(),
        spread: Spread::Uniform,
    };
    let trace = std::sync::Arc::new(Trace::open(&spec).unwrap());
    let count = trace.functions().len();
    let functions = (0..count).map(|n| super::function(&format!("f{n}"), Dist::ZERO));
    let plan = |traffic: Traffic| Plan {
        traffic,
        ..super::plan_of(
            functions.clone().collect(),
            vec![Source::Trace {
                trace: std::sync::Arc::clone(&trace),
                functions: (0..count as u32).map(FunctionId).collect(),
            }],
            secs(6.0 * 3600.0),
        )
    };
    let requests = |traffic| pull(&plan(traffic), 1);
    let once = requests(Traffic::default());
    let thrice = requests(traffic(3.0, &[]));
    assert!(thrice.is_sorted_by_key(|arrival| arrival.at));
    assert_eq!(thrice.len(), 3 * once.len());
    let half = requests(traffic(0.5, &[])).len() as f64;
    let n = once.len() as f64;
    assert!(
        (half - n / 2.0).abs() < 4.0 * (n / 4.0).sqrt(),
        "{half} of {n}"
    );
}
