//! Concurrency limits without and with a queue: Erlang B and C, M/M/c/K, M/G/1, and Little's law.

use super::billing::plain_prices;
use super::case::{Case, Fault, Group};
use super::lab::{self, Measured, Setup};
use super::probe::Probe;
use super::report::Check;
use crate::dist::Dist;
use crate::metric;
use crate::model::Overflow;
use crate::theory::queues;

/// Poisson requests that at most `limit` instances serve.
fn limited(rate: f64, service: Dist, limit: u32, arrivals: f64) -> Setup {
    let mean_s = service.mean_secs();
    let mut setup = Setup::poisson(rate, service);
    setup.platform.concurrency_quota = Some(limit);
    // The relaxation time of a queue near saturation is E[S]/(√c − √a)²; without one, or where the
    // limit bounds it, no more than the few E[S] that c instances need to turn over.
    let gap = f64::from(limit).sqrt() - (rate * mean_s).sqrt();
    let relaxation_s = mean_s * (1.0 + (gap * gap).recip().min(20.0));
    setup.measured(20.0 * relaxation_s, arrivals / rate)
}

fn queue(length: Option<u32>) -> Overflow {
    Overflow::Queue {
        length,
        max_wait: None,
    }
}

/// V1.
pub(super) fn little() -> Group {
    let rows = [(100.0, 0.2), (0.9, 1.991), (1000.0, 0.05), (3.0, 12.5)];
    let case = |(rate, mean_s): (f64, f64)| {
        Case::new(format!("λ {rate}/s, S {mean_s} s"), move |seed| {
            let mut setup = Setup::poisson(rate, lab::exponential(mean_s))
                .kept_for(lab::constant(5.0 * mean_s))
                .measured(50.0 * mean_s, 1e6 / rate);
            // A function of 1 GB at 1 USD a GB-second: the bill is in seconds.
            let mut prices = plain_prices();
            prices.request = 0.0;
            prices.duration[0].price = 1.0;
            setup.platform.prices = Some(prices);
            Ok(little_checks(&setup.run(seed)?, rate, mean_s))
        })
    };
    Group {
        id: "V1",
        title: "Little's law, of requests and of instances by state",
        cases: rows.map(case).into(),
    }
}

fn little_checks(run: &Measured, rate: f64, mean_s: f64) -> Vec<Check> {
    let total = |metric| run.total(metric);
    let idle_and_busy = total(metric::IDLE_MEAN) + total(metric::BUSY_MEAN);
    let life = total(metric::INSTANCE_LIFE_S_MEAN) * total(metric::STARTS) / run.duration_s();
    vec![
        Check::against(
            "busy",
            queues::little(rate, mean_s),
            run.mean(metric::BUSY_MEAN),
        ),
        // The edges of the measured time: a life begun before it, or not ended in it.
        Check::within(
            "start rate × life",
            total(metric::INSTANCES_MEAN),
            life,
            0.02,
        ),
        Check::within(
            "idle + busy",
            total(metric::INSTANCES_MEAN),
            idle_and_busy,
            1e-12,
        ),
        Check::against(
            "billed GB-s a request",
            mean_s,
            run.ratio(metric::COST_USD_DURATION, metric::COMPLETED),
        ),
    ]
}

/// V2.
pub(super) fn loss() -> Group {
    let rows = [
        (1.0, 1.0, 1),
        (3.0, 1.0, 5),
        (40.0, 0.2, 10),
        (10.0, 5.0, 50),
        (45.0, 2.0, 100),
        (480.0, 2.0, 1000),
        (1000.0, 2.016, 1000),
    ];
    let mut cases = Vec::new();
    for (rate, mean_s, limit) in rows {
        let services = [
            ("exponential", lab::exponential(mean_s)),
            ("constant", lab::constant(mean_s)),
            ("lognormal", lab::lognormal(mean_s, 1.0)),
        ];
        for (law, service) in services {
            // Overloaded and of equal length, requests end in step with those that filled the
            // empty platform: it takes millions of service times to forget that.
            if law == "constant" && rate * mean_s > f64::from(limit) {
                continue;
            }
            let label = format!("λ {rate}/s, S {mean_s} s {law}, c {limit}");
            cases.push(Case::new(label, move |seed| {
                let arrivals = if limit == 1000 { 6e6 } else { 2e6 };
                let run = limited(rate, service.clone(), limit, arrivals).run(seed)?;
                let load = rate * mean_s;
                let blocked = queues::erlang_b(limit, load);
                let busy = queues::erlang_b_busy(limit, load);
                let simulated = run.mean(metric::BUSY_MEAN);
                let share = 1.0 / f64::from(limit);
                Ok(vec![
                    Check::against(
                        "P(throttle)",
                        blocked,
                        run.ratio(metric::THROTTLED, metric::REQUESTS),
                    ),
                    Check::against("busy", busy, simulated),
                    Check::against(
                        "throttles/s",
                        rate * blocked,
                        run.per_second(metric::THROTTLED),
                    ),
                    Check::against("utilisation", busy * share, simulated.times(share)),
                ])
            }));
        }
    }
    Group {
        id: "V2",
        title: "A concurrency limit without a queue is Erlang B, whatever the service law",
        cases,
    }
}

/// V3.
pub(super) fn unbounded() -> Group {
    let rows = [
        (0.5, 1.0, 1),
        (1.5, 1.0, 2),
        (45.0, 0.2, 10),
        (47.5, 2.0, 100),
        (490.0, 2.0, 1000),
    ];
    let case = |(rate, mean_s, limit): (f64, f64, u32)| {
        Case::new(
            format!("λ {rate}/s, S {mean_s} s, c {limit}"),
            move |seed| {
                // Near saturation waits last for many service times: it takes more of them.
                let arrivals = if limit < 100 { 6e6 } else { 24e6 };
                let mut setup = limited(rate, lab::exponential(mean_s), limit, arrivals);
                setup.platform.overflow = queue(None);
                let (run, probe) = setup.run_beside(seed, |plan| Probe::new(plan, mean_s))?;
                let theory = queues::ErlangC::new(rate, mean_s, limit);
                let tail = theory.wait_tail(mean_s);
                let long = probe.waited_long().or_binomial(tail, probe.ran());
                Ok(vec![
                    Check::against("P(wait)", theory.wait_probability, probe.waited()),
                    Check::against(
                        "wait s",
                        theory.mean_wait_s,
                        run.mean_length_s(metric::WAIT_MS_MEAN),
                    ),
                    Check::against(
                        "response s",
                        theory.mean_response_s,
                        run.mean_length_s(metric::LATENCY_MS_MEAN),
                    ),
                    Check::against("queue", theory.mean_queue, probe.queue()),
                    Check::against("P(wait > S)", tail, long),
                ])
            },
        )
    };
    Group {
        id: "V3",
        title: "A concurrency limit with an unbounded queue is Erlang C",
        cases: rows.map(case).into(),
    }
}

/// V3b.
pub(super) fn bounded() -> Group {
    let rows = [
        (1.0, 1.0, 1, 5),
        (9.0, 1.0, 10, 15),
        (12.0, 1.0, 10, 30),
        (100.0, 1.0, 100, 120),
    ];
    let case = |(rate, mean_s, limit, capacity): (f64, f64, u32, u32)| {
        let label = format!("λ {rate}/s, S {mean_s} s, c {limit}, K {capacity}");
        Case::new(label, move |seed| {
            let mut setup = limited(rate, lab::exponential(mean_s), limit, 3e6);
            setup.platform.overflow = queue(Some(capacity - limit));
            let (run, probe) = setup.run_beside(seed, |plan| Probe::new(plan, mean_s))?;
            let theory = queues::bounded_queue(rate, mean_s, limit, capacity);
            Ok(vec![
                Check::against(
                    "P(reject)",
                    theory.reject_probability,
                    run.ratio(metric::THROTTLED, metric::REQUESTS),
                ),
                Check::against("queue", theory.mean_queue, probe.queue()),
                Check::against(
                    "wait s",
                    theory.mean_wait_s,
                    run.mean_length_s(metric::WAIT_MS_MEAN),
                ),
                Check::against(
                    "response s",
                    theory.mean_response_s,
                    run.mean_length_s(metric::LATENCY_MS_MEAN),
                ),
            ])
        })
    };
    Group {
        id: "V3b",
        title: "A concurrency limit with a bounded queue is M/M/c/K",
        cases: rows.map(case).into(),
    }
}

/// V3c.
pub(super) fn single() -> Group {
    let rows = [
        (0.5, 1.0, 0.0),
        (0.5, 1.0, 1.0),
        (0.8, 1.0, 2.0),
        (2.0, 0.3, 0.5),
    ];
    let case = |(rate, mean_s, cv): (f64, f64, f64)| {
        Case::new(format!("λ {rate}/s, S {mean_s} s, cv {cv}"), move |seed| {
            let service = if cv == 0.0 {
                lab::constant(mean_s)
            } else {
                lab::gamma(mean_s, cv)
            };
            let mut setup = limited(rate, service, 1, 6e6);
            setup.platform.overflow = queue(None);
            let run = setup.run(seed)?;
            let wait = queues::single_server_wait(rate, mean_s, cv);
            let simulated = run.mean_length_s(metric::WAIT_MS_MEAN);
            Ok::<_, Fault>(vec![Check::against("wait s", wait, simulated)])
        })
    };
    Group {
        id: "V3c",
        title: "One instance and a queue wait as Pollaczek and Khinchine say, for any service law",
        cases: rows.map(case).into(),
    }
}
