//! The busy count where nothing limits it: at rest, from empty, under a daily rate; and a pool that
//! only grows.

use std::cell::Cell;
use std::f64::consts::TAU;

use super::case::{Case, Fault, Group};
use super::estimate::Estimate;
use super::lab::{self, Setup};
use super::probe::{InFlight, Probe};
use super::report::Check;
use crate::dist::Dist;
use crate::model::{Process, Profile};
use crate::random::Streams;
use crate::sim::{Observer, StateChange};
use crate::theory::busy::{self, DailyRate, Service};
use crate::units::{Span, Time};
use crate::workload::{Arrival, Arrivals, Workload};

/// V4.
pub(super) fn at_rest() -> Group {
    let rows = [
        (0.9, 1.991, 6),
        (10.0, 0.5, 12),
        (100.0, 1.0, 130),
        (5.0, 20.0, 125),
        (0.01, 2.0, 2),
    ];
    let case = |(rate, mean_s, k): (f64, f64, u32)| {
        Case::new(format!("λ {rate}/s, S {mean_s} s, k {k}"), move |seed| {
            let arrivals = if k == 2 || k > 100 { 2e7 } else { 6e6 };
            let setup = Setup::poisson(rate, lab::exponential(mean_s))
                .measured(50.0 * mean_s, arrivals / rate);
            let (_, probe) = setup.run_beside(seed, |plan| Probe::new(plan, 0.0))?;
            let load = rate * mean_s;
            let none = busy::busy_probability(load, 0);
            let more = busy::busy_at_least(load, k);
            let empty = probe.busy_share(|n| n == 0).or_binomial(none, arrivals);
            let over_time = probe.busy_share(|n| n >= k as usize);
            let mut checks = vec![
                Check::against("P(N = 0)", none, empty),
                Check::against("P(N ≥ k), time", more, over_time),
                Check::against("P(N ≥ k), arrivals", more, probe.found_at_least(k as usize)),
            ];
            for (name, share) in [("p50(N)", 0.5), ("p99(N)", 0.99), ("p99.9(N)", 0.999)] {
                let theory = busy::busy_quantile(load, share);
                checks.push(Check::exact(name, theory, probe.busy_quantile(share)));
            }
            Ok(checks)
        })
    };
    Group {
        id: "V4",
        title: "The busy count without limits is Poisson, seen over time and by arrivals",
        cases: rows.map(case).into(),
    }
}

/// Busy instances when a run ends, over many runs.
fn busy_at_end(setup: &Setup, seed: u64, runs: u32) -> Result<Estimate, Fault> {
    let plan = setup.plan();
    let mut counts = Vec::with_capacity(runs as usize);
    for run in 0..runs {
        let mut in_flight = InFlight::default();
        lab::observe(&plan, seed, run, &mut in_flight)?;
        counts.push(in_flight.0 as f64);
    }
    Ok(Estimate::mean(&counts))
}

fn both_laws(mean_s: f64) -> [(&'static str, Service, Dist); 2] {
    [
        (
            "exponential",
            Service::Exponential(mean_s),
            lab::exponential(mean_s),
        ),
        ("constant", Service::Constant(mean_s), lab::constant(mean_s)),
    ]
}

/// V4b.
pub(super) fn from_empty() -> Group {
    let rows = [(10.0, 2.0, 1.0), (10.0, 2.0, 3.0), (100.0, 0.5, 0.25)];
    let case = |(rate, mean_s, t_s): (f64, f64, f64)| {
        Case::new(
            format!("λ {rate}/s, S {mean_s} s, t {t_s} s"),
            move |seed| {
                let mut checks = Vec::new();
                for (name, law, service) in both_laws(mean_s) {
                    let setup = Setup::poisson(rate, service).measured(0.0, t_s);
                    let quantity = format!("E[N(t)], {name}");
                    let expected = busy::busy_from_empty(rate, law, t_s);
                    checks.push(Check::against(
                        &quantity,
                        expected,
                        busy_at_end(&setup, seed, 20_000)?,
                    ));
                }
                Ok(checks)
            },
        )
    };
    Group {
        id: "V4b",
        title: "The busy count some time after an empty start",
        cases: rows.map(case).into(),
    }
}

/// Equal parts that a period is cut into; the rate of each is the mean over it.
const PARTS: u32 = 2_880;

/// The daily rate as a profile that begins so far into its period.
fn profile(rate: &DailyRate, from_s: f64) -> Profile {
    let omega = TAU / rate.period_s;
    let step_s = rate.period_s / f64::from(PARTS);
    let cumulated = |t: f64| t - rate.amplitude / omega * (omega * t).cos();
    let of_part = |part: u32| {
        let t = from_s + f64::from(part) * step_s;
        rate.mean_per_s * (cumulated(t + step_s) - cumulated(t)) / step_s
    };
    Profile {
        period: Span::from_secs(rate.period_s),
        phase: Span::ZERO,
        rates: (0..PARTS).map(of_part).collect(),
    }
}

/// V4c.
pub(super) fn daily() -> Group {
    let rows = [
        (10.0, 0.8, 86_400.0, 30.0, 21_600.0),
        (10.0, 0.8, 60.0, 10.0, 15.0),
        (50.0, 0.5, 600.0, 120.0, 150.0),
    ];
    let case = |(mean_per_s, amplitude, period_s, mean_s, t_s): (f64, f64, f64, f64, f64)| {
        let label =
            format!("λ̄ {mean_per_s}/s, A {amplitude}, P {period_s} s, S {mean_s} s, t {t_s} s");
        Case::new(label, move |seed| {
            let rate = DailyRate {
                mean_per_s,
                amplitude,
                period_s,
            };
            // The past is forgotten after a few service times: the run begins there, at that phase.
            let lead_s = 14.0 * mean_s;
            let process = Process::Profile(profile(&rate, t_s - lead_s));
            let mut checks = Vec::new();
            for (name, law, service) in both_laws(mean_s) {
                let setup = Setup::new(process.clone(), service).measured(0.0, lead_s);
                let quantity = format!("E[N(t)], {name}");
                let simulated = busy_at_end(&setup, seed, 300)?;
                checks.push(Check::against(&quantity, rate.busy(law, t_s), simulated));
            }
            Ok(checks)
        })
    };
    Group {
        id: "V4c",
        title: "The busy count under a rate that swings like the day, peaks late",
        cases: rows.map(case).into(),
    }
}

/// Requests until enough instances have started; then there are none, and the run is over soon.
struct Until<'a> {
    requests: Workload,
    started: &'a Cell<usize>,
    enough: usize,
}

impl Arrivals for Until<'_> {
    fn next_arrival(&mut self) -> Option<Arrival> {
        let more = self.started.get() < self.enough;
        more.then(|| self.requests.next_arrival()).flatten()
    }
}

/// Keeps when each instance was born.
struct Births<'a> {
    at: Vec<Time>,
    started: &'a Cell<usize>,
}

impl Observer for Births<'_> {
    fn changed(&mut self, change: &StateChange) {
        if change.from.is_none() {
            self.at.push(change.at);
            self.started.set(self.at.len());
        }
    }
}

/// When the k-th instance was started, for each of some k, one number a run of `setup`.
pub(super) fn cold_start_times(
    setup: &Setup,
    levels: &[u32],
    seed: u64,
) -> Result<Vec<Vec<f64>>, Fault> {
    let enough = levels.iter().copied().max().unwrap_or(0) as usize;
    let plan = setup.plan();
    let mut times = vec![Vec::new(); levels.len()];
    for run in 0..4_000 {
        let started = Cell::new(0);
        let streams = Streams::new(seed, run);
        let requests = lab::workload(&plan, &streams)?;
        let mut arrivals = Until {
            requests,
            started: &started,
            enough,
        };
        let mut births = Births {
            at: Vec::new(),
            started: &started,
        };
        lab::observe_given(&plan, &streams, &mut arrivals, &mut births)?;
        for (times, level) in times.iter_mut().zip(levels) {
            times.push(births.at[*level as usize - 1].secs());
        }
    }
    Ok(times)
}

/// V4d.
pub(super) fn growth() -> Group {
    let rows = [(2.0, 1.0, vec![1, 3, 6, 8]), (0.9, 1.991, vec![8])];
    let case = |(rate, mean_s, levels): (f64, f64, Vec<u32>)| {
        Case::new(format!("λ {rate}/s, S {mean_s} s"), move |seed| {
            let setup = Setup::poisson(rate, lab::exponential(mean_s)).measured(0.0, 1e9);
            let times = cold_start_times(&setup, &levels, seed)?;
            let check = |(level, times): (&u32, Vec<f64>)| {
                let expected = busy::kth_cold_start_s(rate, mean_s, *level);
                Check::against(&format!("E[t{level}] s"), expected, Estimate::mean(&times))
            };
            Ok(levels.iter().zip(times).map(check).collect())
        })
    };
    Group {
        id: "V4d",
        title: "When the k-th cold start comes, kept for ever, from an empty start",
        cases: rows.map(case).into(),
    }
}
