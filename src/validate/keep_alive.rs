//! Keep-alive by itself: requests that take no time, so that only the gap between two counts.

use super::case::{Case, Group};
use super::lab::{self, Setup};
use super::report::Check;
use crate::dist::Dist;
use crate::metric;
use crate::model::Process;
use crate::theory::keep_alive::{self, DrawnKeepAlive};
use crate::theory::renewal::Gap;
use crate::units::{Span, Time};

/// V5.
pub(super) fn fixed() -> Group {
    let rows = [
        (1.0 / 600.0, 600.0, 1.0),
        (1.0 / 60.0, 600.0, 60.0),
        (1.0 / 3600.0, 600.0, 1.0),
        (1.0 / 1200.0, 1200.0, 1.0),
        (0.004_247_997, 600.0, 1.0),
    ];
    let case = |(rate, keep_alive_s, millions): (f64, f64, f64)| {
        Case::new(format!("λ {rate:.6}/s, D {keep_alive_s} s"), move |seed| {
            let run = Setup::poisson(rate, Dist::ZERO)
                .kept_for(lab::constant(keep_alive_s))
                .measured(2.0 * keep_alive_s, millions * 1e6 / rate)
                .run(seed)?;
            let theory = keep_alive::fixed(rate, keep_alive_s);
            Ok(vec![
                Check::against("P(cold)", theory.cold_ratio, run.cold_ratio()),
                Check::against(
                    "idle s per request",
                    theory.idle_s,
                    run.seconds_a_request(metric::IDLE_MEAN),
                ),
                Check::against(
                    "warm instances",
                    theory.mean_warm,
                    run.mean(metric::IDLE_MEAN),
                ),
                Check::against("life s", theory.mean_life_s, run.life_s()),
            ])
        })
    };
    Group {
        id: "V5",
        title: "A fixed keep-alive under Poisson requests that take no time",
        cases: rows.map(case).into(),
    }
}

/// V5b.
pub(super) fn drawn() -> Group {
    let exponential = |mean_s| DrawnKeepAlive::Exponential { mean_s };
    let uniform = |min_s, max_s| DrawnKeepAlive::Uniform { min_s, max_s };
    let rows = [
        (1.0 / 600.0, exponential(600.0), 1.0),
        (1.0 / 300.0, exponential(600.0), 1.0),
        (1.0 / 600.0, uniform(300.0, 900.0), 1.0),
        (1.0 / 600.0, uniform(1500.0, 3600.0), 2.0),
    ];
    let case = |(rate, law, millions): (f64, DrawnKeepAlive, f64)| {
        let (name, lifetime) = match law {
            DrawnKeepAlive::Exponential { mean_s } => {
                (format!("exponential {mean_s} s"), lab::exponential(mean_s))
            }
            DrawnKeepAlive::Uniform { min_s, max_s } => {
                let (min, max) = (Span::from_secs(min_s), Span::from_secs(max_s));
                (
                    format!("uniform {min_s} … {max_s} s"),
                    lab::law(Dist::uniform(min, max)),
                )
            }
        };
        Case::new(format!("λ {rate:.6}/s, D {name}"), move |seed| {
            let run = Setup::poisson(rate, Dist::ZERO)
                .kept_for(lifetime.clone())
                .measured(10_000.0, millions * 1e6 / rate)
                .run(seed)?;
            Ok(vec![
                Check::against("P(cold)", law.cold_ratio(rate), run.cold_ratio()),
                Check::against(
                    "idle s per request",
                    law.idle_s(rate),
                    run.seconds_a_request(metric::IDLE_MEAN),
                ),
            ])
        })
    };
    Group {
        id: "V5b",
        title: "A keep-alive drawn for each idle period",
        cases: rows.map(case).into(),
    }
}

/// V6.
pub(super) fn periodic() -> Group {
    let rows = [
        (700.0, 1.0, 3.0, 600.0),
        (600.0, 1.0, 3.0, 600.0),
        (602.0, 1.0, 3.0, 600.0),
        (60.0, 2.0, 2.5, 600.0),
    ];
    let case = |(period_s, warm_s, cold_s, keep_alive_s): (f64, f64, f64, f64)| {
        let label =
            format!("every {period_s} s, warm {warm_s} s, cold {cold_s} s, D {keep_alive_s} s");
        Case::new(label, move |seed| {
            let every = Process::Every {
                interval: Span::from_secs(period_s),
                offset: Time::ZERO,
            };
            // The first request, at 0, falls into the warm-up.
            let mut setup = Setup::new(every, lab::constant(warm_s))
                .kept_for(lab::constant(keep_alive_s))
                .measured(period_s, 1000.0 * period_s);
            setup.function.start.init = lab::constant(cold_s - warm_s);
            let run = setup.run(seed)?;
            let theory = keep_alive::periodic_cold_ratio(period_s, warm_s, cold_s, keep_alive_s);
            Ok(vec![
                Check::exact("P(cold)", theory, run.total(metric::COLD_START_RATIO)),
                Check::exact("requests", 1000_u32, run.count(metric::REQUESTS)),
            ])
        })
    };
    Group {
        id: "V6",
        title: "Periodic requests: keep-alive counts from the end of the run, the start included",
        cases: rows.map(case).into(),
    }
}

/// V7.
pub(super) fn renewal() -> Group {
    let mean_s = 300.0;
    let mean = Span::from_secs(mean_s);
    let rows: [(&str, Gap, Dist); 8] = [
        (
            "Weibull, shape 0.5",
            Gap::Weibull { mean_s, shape: 0.5 },
            lab::law(Dist::weibull(mean, 0.5)),
        ),
        (
            "Weibull, shape 2",
            Gap::Weibull { mean_s, shape: 2.0 },
            lab::law(Dist::weibull(mean, 2.0)),
        ),
        (
            "gamma, shape 0.5",
            Gap::Gamma { mean_s, shape: 0.5 },
            lab::gamma(mean_s, 2.0_f64.sqrt()),
        ),
        (
            "gamma, shape 4",
            Gap::Gamma { mean_s, shape: 4.0 },
            lab::gamma(mean_s, 0.5),
        ),
        (
            "lognormal, cv 2",
            Gap::Lognormal { mean_s, cv: 2.0 },
            lab::lognormal(mean_s, 2.0),
        ),
        (
            "hyperexponential, cv² 9",
            Gap::Hyperexponential { mean_s, cv2: 9.0 },
            lab::law(Dist::hyperexponential(mean, 3.0)),
        ),
        (
            "Pareto, shape 1.5",
            Gap::Pareto { mean_s, shape: 1.5 },
            lab::law(Dist::pareto(mean, 1.5)),
        ),
        ("constant", Gap::Constant { mean_s }, lab::constant(mean_s)),
    ];
    let cases = rows.map(|(name, law, gap)| {
        let keep_alive_s = 600.0;
        Case::new(
            format!("{name}, mean {mean_s} s, D {keep_alive_s} s"),
            move |seed| {
                let run = Setup::new(Process::Renewal { gap: gap.clone() }, Dist::ZERO)
                    .kept_for(lab::constant(keep_alive_s))
                    .measured(20.0 * keep_alive_s, 6e6 * mean_s)
                    .run(seed)?;
                let idle = run.seconds_a_request(metric::IDLE_MEAN);
                // Nothing is random in constant gaps but where the measured time is cut.
                let idle = if gap.as_constant().is_some() {
                    Check::within(
                        "idle s per request",
                        law.mean_up_to(keep_alive_s),
                        idle.value,
                        1e-6,
                    )
                } else {
                    Check::against("idle s per request", law.mean_up_to(keep_alive_s), idle)
                };
                let cold = Check::against("P(cold)", law.survival(keep_alive_s), run.cold_ratio());
                Ok(vec![cold, idle])
            },
        )
    });
    Group {
        id: "V7",
        title: "A fixed keep-alive under renewal requests that take no time",
        cases: cases.into(),
    }
}
