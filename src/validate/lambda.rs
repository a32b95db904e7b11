//! Twenty measured experiments on AWS Lambda, with one idle-lifetime model for all.
//!
//! N. Mahmoudi and H. Khazaei, "Performance Modeling of Serverless Computing Platforms" (IEEE TCC
//! 2020): one function, Poisson requests, measured in June 2020. The data are their `exp.csv`.

use rayon::prelude::*;

use super::case::{Case, Fault, Group};
use super::estimate::Estimate;
use super::lab::{self, Setup};
use super::lifetimes::{Choice, Lifetimes};
use super::report::{Check, Row};
use crate::dist::Dist;
use crate::metric;
use crate::stats::accuracy::mape_percent;
use crate::units::Span;

/// What was measured at one rate.
#[derive(Clone, Copy)]
struct Experiment {
    rate_per_s: f64,
    warm_ms: f64,
    cold_ms: f64,
    cold_ratio: f64,
    instances: f64,
}

const fn experiment(
    rate_per_s: f64,
    warm_ms: f64,
    cold_ms: f64,
    cold_ratio: f64,
    instances: f64,
) -> Experiment {
    Experiment {
        rate_per_s,
        warm_ms,
        cold_ms,
        cold_ratio,
        instances,
    }
}

const EXPERIMENTS: [Experiment; 20] = [
    experiment(0.001_863_137, 1955.0, 2563.42, 0.342_988, 0.674_194),
    experiment(0.002_457_662, 1954.2, 2462.75, 0.210_828, 0.813_505),
    experiment(0.002_881_641, 1952.41, 2536.06, 0.145_431, 0.779_471),
    experiment(0.003_453_464, 1959.83, 2430.14, 0.110_098, 0.90757),
    experiment(0.004_247_997, 1958.28, 2397.8, 0.079_480_1, 0.945_903),
    experiment(0.005_724_776, 1951.71, 2358.57, 0.038_284_8, 1.0319),
    experiment(0.007_850_938, 1969.64, 2421.96, 0.033_821_4, 1.12908),
    experiment(0.016_383_63, 1959.43, 2340.86, 0.019_552_6, 1.2699),
    experiment(0.050_119_97, 1967.13, 2192.31, 0.008_542_13, 2.11358),
    experiment(0.099_871_13, 1972.59, 2310.11, 0.005_949_12, 2.7641),
    experiment(0.100_377_4, 1975.89, 2244.13, 0.005_658_49, 2.8888),
    experiment(0.198_076_1, 1986.14, 2302.0, 0.003_724_28, 3.71882),
    experiment(0.301_791_3, 1991.68, 2270.8, 0.002_939_49, 4.42176),
    experiment(0.397_485_8, 1997.78, 2180.51, 0.002_084_64, 5.045),
    experiment(0.499_672_8, 2006.74, 2152.44, 0.001_913_31, 5.6942),
    experiment(0.595_605_8, 2002.4, 2208.71, 0.001_755_95, 6.41938),
    experiment(0.697_266_1, 2012.68, 2183.53, 0.001_751_21, 6.92772),
    experiment(0.797_943_1, 2015.49, 2182.83, 0.001_560_2, 7.56394),
    experiment(0.902_459_4, 2016.05, 2163.43, 0.001_513_39, 7.86984),
    experiment(1.000_533, 2021.75, 2172.54, 0.001_307_04, 8.39714),
];

/// Requests simulated of each experiment.
const REQUESTS: f64 = 2e6;

/// Greatest mean error against P(cold), in percent.
const COLD_GATE: f64 = 11.0;
/// Greatest mean error against instances, in percent.
const INSTANCES_GATE: f64 = 3.0;

/// P(cold) and instances.
fn simulate(
    of: &Experiment,
    seed: u64,
    lifetimes: &Lifetimes,
) -> Result<(Estimate, Estimate), Fault> {
    let warm = Span::from_millis(of.warm_ms);
    let spread = Span::from_millis(of.warm_ms * 0.02);
    let mut setup = Setup::poisson(of.rate_per_s, lab::law(Dist::normal(warm, spread)))
        .measured(50_000.0, REQUESTS / of.rate_per_s);
    setup.function.start.init = Dist::constant(Span::from_millis(of.cold_ms - of.warm_ms));
    lifetimes.give(&mut setup.platform);
    let run = setup.run(seed)?;
    Ok((run.cold_ratio(), run.mean(metric::INSTANCES_MEAN)))
}

/// The experiments under one lifetime model, and the mean errors as the last row; of a model that
/// lost, that row alone.
fn rows(seed: u64, choice: Choice) -> Result<Vec<Row>, Fault> {
    let lifetimes = choice.lifetimes()?;
    let simulated: Vec<(Estimate, Estimate)> = EXPERIMENTS
        .par_iter()
        .enumerate()
        .with_max_len(1)
        .map(|(place, of)| simulate(of, seed.wrapping_add(place as u64), &lifetimes))
        .collect::<Result<_, _>>()?;
    let each = EXPERIMENTS.iter().zip(&simulated);
    let mut rows: Vec<Row> = each
        .filter(|_| lifetimes.shipped)
        .map(|(of, (cold, instances))| {
            let checks = vec![
                Check::info("P(cold)", of.cold_ratio, *cold),
                Check::info("instances", of.instances, *instances),
            ];
            Row::new(format!("{}, λ {}/s", lifetimes.name, of.rate_per_s), checks)
        })
        .collect();
    let error = |measured: fn(&Experiment) -> f64,
                 simulated: fn(&(Estimate, Estimate)) -> f64,
                 of: &[(Estimate, Estimate)]| {
        let values: Vec<f64> = of.iter().map(simulated).collect();
        mape_percent(&EXPERIMENTS.map(|of| measured(&of)), &values).unwrap_or(f64::NAN)
    };
    let cold = error(|of| of.cold_ratio, |(cold, _)| cold.value, &simulated);
    let instances = error(|of| of.instances, |(_, alive)| alive.value, &simulated);
    let gate = |quantity: &str, gate: f64, value: f64| {
        if lifetimes.shipped {
            Check::at_most(quantity, gate, value)
        } else {
            Check::plain(quantity, "–", value)
        }
    };
    let checks = vec![
        gate("P(cold), mean error %", COLD_GATE, cold),
        gate("instances, mean error %", INSTANCES_GATE, instances),
    ];
    rows.push(Row::new(format!("{}, all", lifetimes.name), checks));
    Ok(rows)
}

/// D2.
pub(super) fn experiments() -> Group {
    let mut cases = vec![Case::of_rows("as shipped", |seed| {
        rows(seed, Choice::Shipped)
    })];
    for other in Choice::OTHERS {
        cases.push(Case::of_rows("for comparison", move |seed| {
            rows(seed, other)
        }));
    }
    Group {
        id: "D2",
        title: "Twenty measured experiments on AWS Lambda (2020), under the lifetimes of aws-lambda \
                and those that lost",
        cases,
    }
}
