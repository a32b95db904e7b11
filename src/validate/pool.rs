//! The exact law of most-recently-used routing with a fixed keep-alive: alone, with a floor, with a
//! limit.

use super::case::{Case, Group};
use super::lab::{self, Setup};
use super::report::Check;
use crate::metric;
use crate::model::RemedyKind;
use crate::theory::lifo::LifoLoad;

/// Poisson arrivals, exponential service and a keep-alive in seconds.
///
/// The pool is a function of what was busy during the last keep-alive, so it is at rest one
/// keep-alive after the busy count is: no need to wait for whole lives of instances.
fn pool(rate: f64, mean_s: f64, keep_alive_s: f64, arrivals: f64) -> Setup {
    Setup::poisson(rate, lab::exponential(mean_s))
        .kept_for(lab::constant(keep_alive_s))
        .measured(2.0 * keep_alive_s + 50.0 * mean_s, arrivals / rate)
}

/// V9.
pub(super) fn fixed() -> Group {
    // (λ, E[S], D, arrivals in millions, whether every instance ends within the run)
    let rows = [
        (0.01, 1.0, 600.0, 2.0, true),
        (0.1, 2.0, 60.0, 2.0, true),
        (1.0, 1.0, 2.0, 1.0, true),
        (1.0, 1.0, 10.0, 4.0, true),
        (5.0, 1.0, 5.0, 2.0, false),
        (10.0, 0.5, 20.0, 4.0, false),
        (0.9, 1.991, 600.0, 8.0, false),
        (20.0, 1.0, 1.0, 2.0, false),
        (50.0, 1.0, 30.0, 6.0, false),
        (100.0, 2.0, 600.0, 40.0, false),
    ];
    let case = |(rate, mean_s, keep_alive_s, millions, all_end): (f64, f64, f64, f64, bool)| {
        let label = format!("λ {rate}/s, S {mean_s} s, D {keep_alive_s} s");
        Case::new(label, move |seed| {
            let run = pool(rate, mean_s, keep_alive_s, millions * 1e6).run(seed)?;
            let load = LifoLoad {
                rate_per_s: rate,
                mean_service_s: mean_s,
            };
            let theory = load.fixed(keep_alive_s);
            let life = theory.instance_life_s_mean;
            let mut checks = vec![
                Check::against("P(cold)", theory.cold_ratio, run.cold_ratio()),
                Check::against("idle", theory.idle_mean, run.mean(metric::IDLE_MEAN)),
                Check::against(
                    "instances",
                    theory.instances_mean(),
                    run.mean(metric::INSTANCES_MEAN),
                ),
                Check::against("life s (Little)", life, run.life_s()),
            ];
            if all_end {
                let mean = run.mean(metric::INSTANCE_LIFE_S_MEAN);
                checks.push(Check::against("life s (retired)", life, mean));
            }
            Ok(checks)
        })
    };
    Group {
        id: "V9",
        title: "Most-recently-used routing with a fixed keep-alive, against the exact law",
        cases: rows.map(case).into(),
    }
}

/// V9b.
pub(super) fn with_floor() -> Group {
    let rows = [
        (2.0, 1.0, 5.0, 0, 2.0),
        (2.0, 1.0, 5.0, 3, 2.0),
        (2.0, 1.0, 5.0, 6, 4.0),
        (5.0, 1.0, 4.0, 6, 2.0),
        (0.9, 1.991, 600.0, 4, 8.0),
    ];
    let case = |(rate, mean_s, keep_alive_s, floor, millions): (f64, f64, f64, u32, f64)| {
        let label = format!("λ {rate}/s, S {mean_s} s, D {keep_alive_s} s, m {floor}");
        Case::new(label, move |seed| {
            let run = pool(rate, mean_s, keep_alive_s, millions * 1e6)
                .with(RemedyKind::MinInstances(floor))
                .run(seed)?;
            let load = LifoLoad {
                rate_per_s: rate,
                mean_service_s: mean_s,
            };
            let theory = load.with_floor(keep_alive_s, floor);
            Ok(vec![
                Check::against("P(cold)", theory.cold_ratio, run.cold_ratio()),
                Check::against("idle", theory.idle_mean, run.mean(metric::IDLE_MEAN)),
                Check::against(
                    "instances",
                    theory.instances_mean(),
                    run.mean(metric::INSTANCES_MEAN),
                ),
            ])
        })
    };
    Group {
        id: "V9b",
        title: "The same with min-instances, a floor on all instances",
        cases: rows.map(case).into(),
    }
}

/// V9c.
pub(super) fn with_limit() -> Group {
    let rows = [
        (5.0, 1.0, 4.0, 6, 2.0),
        (2.0, 1.0, 5.0, 3, 2.0),
        (10.0, 1.0, 2.0, 12, 2.0),
        (1.0, 1.0, 10.0, 1, 60.0),
    ];
    let case = |(rate, mean_s, keep_alive_s, limit, millions): (f64, f64, f64, u32, f64)| {
        let label = format!("λ {rate}/s, S {mean_s} s, D {keep_alive_s} s, c {limit}");
        Case::new(label, move |seed| {
            let mut setup = pool(rate, mean_s, keep_alive_s, millions * 1e6);
            setup.platform.concurrency_quota = Some(limit);
            let run = setup.run(seed)?;
            let load = LifoLoad {
                rate_per_s: rate,
                mean_service_s: mean_s,
            };
            let theory = load.with_limit(keep_alive_s, limit);
            Ok(vec![
                Check::against(
                    "P(cold) per offered",
                    theory.cold_ratio,
                    run.ratio(metric::COLD_STARTS, metric::REQUESTS),
                ),
                Check::against(
                    "P(throttle)",
                    theory.throttle_ratio,
                    run.ratio(metric::THROTTLED, metric::REQUESTS),
                ),
                Check::against("idle", theory.idle_mean, run.mean(metric::IDLE_MEAN)),
                Check::against("busy", theory.busy_mean, run.mean(metric::BUSY_MEAN)),
            ])
        })
    };
    Group {
        id: "V9c",
        title: "The same with a concurrency limit that throttles",
        cases: rows.map(case).into(),
    }
}
