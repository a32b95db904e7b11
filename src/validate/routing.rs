//! Reference runs of an independent simulator, where no closed form exists: routing rules, starts
//! that take time, service and arrival laws.
//!
//! The reference is itself an estimate: 20 million requests (4 million with a keep-alive of 600 s),
//! the first tenth left out. Where it gives no error, its error is ours times √(our requests ÷
//! its requests): it is the same quantity of the same system.

use super::case::{Case, Fault, Group};
use super::concurrency::cold_start_times;
use super::estimate::Estimate;
use super::lab::{self, Measured, Setup};
use super::report::Check;
use crate::dist::Dist;
use crate::metric;
use crate::model::{Process, Routing};
use crate::theory::busy;
use crate::units::Span;

/// An estimate against a reference of so many requests, printed to so many decimals.
fn against(
    quantity: &str,
    reference: f64,
    decimals: i32,
    requests: (f64, f64),
    estimate: Estimate,
) -> Check {
    let (ours, theirs) = requests;
    let error = estimate.error * (ours / theirs).sqrt();
    let half_a_digit = 0.5 * 10.0_f64.powi(-decimals);
    Check::against_reference(quantity, reference, error, half_a_digit, estimate)
}

/// What the reference found under one routing rule.
#[derive(Clone, Copy)]
enum Reference {
    /// P(cold) and instances of a system at rest.
    Rest(f64, f64),
    /// Instances of a pool that all but never shrinks: the running maximum of the busy count. One
    /// run says little about it, so it is shown, and its growth is held against theory.
    Highest(f64),
}

use Reference::{Highest, Rest};

const RULES: [(&str, Routing); 5] = [
    ("most recently used", Routing::MostRecentlyUsed),
    ("newest", Routing::Newest),
    ("oldest", Routing::Oldest),
    ("random", Routing::Random),
    ("least recently used", Routing::LeastRecentlyUsed),
];

/// B1.
pub(super) fn rules() -> Group {
    // λ, S, D and, for each rule, what the reference found.
    let rows = [
        (
            (1.0, 1.0, 10.0),
            [
                Rest(0.077_348, 3.278),
                Rest(0.073_975, 3.311),
                Rest(0.073_980, 3.311),
                Rest(0.036_848, 3.781),
                Rest(0.010_249, 4.738),
            ],
        ),
        (
            (5.0, 1.0, 5.0),
            [
                Rest(0.058_257, 9.082),
                Rest(0.052_501, 9.204),
                Rest(0.052_484, 9.204),
                Rest(0.016_993, 10.546),
                Rest(0.000_498, 14.545),
            ],
        ),
        (
            (10.0, 0.5, 20.0),
            [
                Rest(0.006_229, 11.945),
                Rest(0.006_078, 11.968),
                Rest(0.006_084, 11.968),
                Highest(19.287),
                Highest(20.991),
            ],
        ),
        (
            (0.9, 1.991, 600.0),
            [
                Rest(0.001_357, 7.693),
                Rest(0.001_352, 7.695),
                Rest(0.001_353, 7.695),
                Highest(11.979),
                Highest(12.0),
            ],
        ),
        (
            (20.0, 1.0, 1.0),
            [
                Rest(0.104_665, 24.285),
                Rest(0.088_231, 24.633),
                Rest(0.088_247, 24.633),
                Rest(0.056_234, 25.757),
                Rest(0.015_156, 29.333),
            ],
        ),
    ];
    let mut cases = Vec::new();
    for ((rate, mean_s, keep_alive_s), references) in rows {
        for ((name, rule), reference) in RULES.into_iter().zip(references) {
            let label = format!("λ {rate}/s, S {mean_s} s, D {keep_alive_s} s, {name}");
            let theirs = if keep_alive_s > 100.0 { 3.6e6 } else { 18e6 };
            let ours = 4e6;
            cases.push(Case::new(label, move |seed| {
                let mut setup = Setup::poisson(rate, lab::exponential(mean_s))
                    .kept_for(lab::constant(keep_alive_s))
                    .measured(0.1 * ours / rate, ours / rate);
                setup.platform.routing = rule;
                let run = setup.run(seed)?;
                let mut checks = compare(&run, reference, (ours, theirs));
                if let Highest(_) = reference {
                    checks.push(growth(&setup, rate, mean_s, seed)?);
                }
                Ok(checks)
            }));
        }
    }
    Group {
        id: "B1",
        title: "Routing rules, against reference runs: they matter more than the keep-alive",
        cases,
    }
}

fn compare(run: &Measured, reference: Reference, requests: (f64, f64)) -> Vec<Check> {
    let instances = run.mean(metric::INSTANCES_MEAN);
    match reference {
        Rest(cold, alive) => vec![
            against("P(cold)", cold, 6, requests, run.cold_ratio()),
            against("instances", alive, 3, requests, instances),
        ],
        Highest(alive) => vec![
            Check::at_most("P(cold)", 1e-5, run.cold_ratio().value),
            Check::within("instances", alive, instances.value, 0.1),
        ],
    }
}

/// When a pool that never shrinks has grown to twice its load and more, under any routing: V4d.
fn growth(setup: &Setup, rate: f64, mean_s: f64, seed: u64) -> Result<Check, Fault> {
    let level = (2.0 * rate * mean_s).ceil() as u32 + 3;
    let fresh = setup.clone().measured(0.0, 1e9);
    let times = cold_start_times(&fresh, &[level], seed)?;
    let expected = busy::kth_cold_start_s(rate, mean_s, level);
    let quantity = format!("E[t{level}] s");
    Ok(Check::against(
        &quantity,
        expected,
        Estimate::mean(&times[0]),
    ))
}

/// What a cold request takes longer, where warm and cold requests are exponential.
///
/// Exponential of mean c is exponential of mean w plus something that is nothing with probability
/// w/c and else exponential of mean c; so a start drawn apart from the service gives the cold
/// service its law exactly.
fn start(warm_s: f64, cold_s: f64) -> Dist {
    let nothing = warm_s / cold_s;
    let parts = [
        (nothing, Dist::ZERO),
        (1.0 - nothing, lab::exponential(cold_s)),
    ];
    lab::law(Dist::mixture(&parts))
}

/// B2.
pub(super) fn slow_starts() -> Group {
    // λ, warm, cold, D; for both rules P(cold), busy, instances, service.
    let rows = [
        (
            (0.9, 1.991, 2.244, 600.0, 8e6),
            [
                (0.001_316_3, 1.794_15, 7.692_14, 1.991_392),
                (0.001_312_6, 1.794_15, 7.693_90, 1.991_392),
            ],
        ),
        (
            (1.0, 1.0, 3.0, 10.0, 4e6),
            [
                (0.083_792_7, 1.168_24, 3.468_52, 1.167_758),
                (0.080_283_1, 1.161_24, 3.493_55, 1.160_765),
            ],
        ),
        (
            (0.1, 2.0, 12.0, 60.0, 4e6),
            [
                (0.083_271_6, 0.283_48, 1.778_11, 2.833_601),
                (0.082_439_6, 0.282_65, 1.784_20, 2.825_318),
            ],
        ),
        (
            (1.0, 0.3, 10.0, 600.0, 8e6),
            [
                (0.000_739_03, 0.307_55, 3.986_58, 0.307_224),
                (0.000_738_47, 0.307_54, 3.986_73, 0.307_224),
            ],
        ),
        (
            (5.0, 1.0, 6.0, 5.0, 4e6),
            [
                (0.063_911_9, 6.601_15, 10.716_13, 1.319_688),
                (0.057_995_1, 6.453_98, 10.686_93, 1.290_267),
            ],
        ),
    ];
    let mut cases = Vec::new();
    for ((rate, warm_s, cold_s, keep_alive_s, ours), references) in rows {
        let two = [RULES[0], RULES[1]];
        for ((name, rule), (cold, busy, alive, service)) in two.into_iter().zip(references) {
            let label =
                format!("λ {rate}/s, warm {warm_s} s, cold {cold_s} s, D {keep_alive_s} s, {name}");
            cases.push(Case::new(label, move |seed| {
                let run = slow(rate, warm_s, cold_s, keep_alive_s, ours, rule).run(seed)?;
                let requests = (ours, 18e6);
                Ok(vec![
                    against("P(cold)", cold, 7, requests, run.cold_ratio()),
                    against("busy or starting", busy, 5, requests, run.not_idle()),
                    against(
                        "instances",
                        alive,
                        5,
                        requests,
                        run.mean(metric::INSTANCES_MEAN),
                    ),
                    against(
                        "service and start s",
                        service,
                        6,
                        requests,
                        run.mean_length_s(metric::LATENCY_MS_MEAN),
                    ),
                ])
            }));
        }
    }
    cases.push(Case::new(
        "SimFaaS README (mean of ten runs of 1e6 s)",
        |seed| {
            let run = slow(0.9, 1.991, 2.244, 600.0, 8e6, Routing::Newest).run(seed)?;
            let instances = run.total(metric::INSTANCES_MEAN);
            Ok(vec![
                Check::within("P(cold)", 0.001_31, run.cold_ratio().value, 0.027),
                Check::within("instances", 7.69, instances, 0.005),
            ])
        },
    ));
    Group {
        id: "B2",
        title: "Cold requests take longer, against reference runs",
        cases,
    }
}

fn slow(
    rate: f64,
    warm_s: f64,
    cold_s: f64,
    keep_alive_s: f64,
    requests: f64,
    rule: Routing,
) -> Setup {
    let mut setup = Setup::poisson(rate, lab::exponential(warm_s))
        .kept_for(lab::constant(keep_alive_s))
        .measured(0.1 * requests / rate, requests / rate);
    setup.platform.routing = rule;
    setup.function.start.init = start(warm_s, cold_s);
    setup
}

/// B3.
pub(super) fn laws() -> Group {
    let second = Span::from_whole_secs(1);
    let exponential = |s| (format!("exponential service, S {s} s"), lab::exponential(s));
    let constant = |s| (format!("constant service, S {s} s"), lab::constant(s));
    let poisson = |rate: f64| (format!("Poisson {rate}/s"), Process::Poisson { rate });
    let renewal = |name: &str, gap: Dist| (name.to_owned(), Process::Renewal { gap });
    let weibull = |shape| lab::law(Dist::weibull(second, shape));
    let rows = [
        (poisson(1.0), constant(1.0), 10.0, 0.077_26, 3.362_8),
        (poisson(1.0), exponential(1.0), 10.0, 0.077_30, 3.278_2),
        (poisson(5.0), constant(1.0), 5.0, 0.058_47, 9.337_2),
        (poisson(5.0), exponential(1.0), 5.0, 0.058_17, 9.085_8),
        (poisson(0.1), constant(2.0), 60.0, 0.077_21, 1.707_2),
        (poisson(0.1), exponential(2.0), 60.0, 0.076_17, 1.682_3),
        (
            renewal("Weibull, shape 0.5", weibull(0.5)),
            exponential(1.0),
            10.0,
            0.155_748,
            4.250_3,
        ),
        (
            renewal("Weibull, shape 2", weibull(2.0)),
            exponential(1.0),
            10.0,
            0.052_187,
            2.782_7,
        ),
        (
            renewal("gamma, shape 0.5", lab::gamma(1.0, 2.0_f64.sqrt())),
            exponential(1.0),
            10.0,
            0.110_612,
            3.820_8,
        ),
        (
            renewal("gamma, shape 4", lab::gamma(1.0, 0.5)),
            exponential(1.0),
            10.0,
            0.049_855,
            2.735_3,
        ),
    ];
    let cases = rows.map(
        |((arrivals, process), (service, law), keep_alive_s, cold, alive)| {
            let label = format!("{arrivals}, {service}, D {keep_alive_s} s");
            Case::new(label, move |seed| {
                let rate = match &process {
                    Process::Poisson { rate } => *rate,
                    _ => 1.0,
                };
                let ours = 4e6;
                let run = Setup::new(process.clone(), law.clone())
                    .kept_for(lab::constant(keep_alive_s))
                    .measured(0.1 * ours / rate, ours / rate)
                    .run(seed)?;
                let instances = run.mean(metric::INSTANCES_MEAN);
                Ok::<_, Fault>(vec![
                    against("P(cold)", cold, 5, (ours, 18e6), run.cold_ratio()),
                    against("instances", alive, 4, (ours, 18e6), instances),
                ])
            })
        },
    );
    Group {
        id: "B3",
        title: "Laws of service and arrivals, against reference runs",
        cases: cases.into(),
    }
}
