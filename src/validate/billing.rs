//! Bills: rounding, least billed duration, and where provisioned concurrency pays.

use super::case::{Case, Group};
use super::lab::{self, Measured, Setup};
use super::report::Check;
use crate::metric;
use crate::model::{
    Billing, InitBilling, Prices, Process, Provisioned, RemedyKind, ServicePrices, Tier,
};
use crate::theory::billing;
use crate::theory::provisioned::ProvisionedPrices;
use crate::units::{Memory, Span, Time};

/// AWS Lambda, us-east-1, x86, without tiers and free tier; billed by the nanosecond.
pub(super) fn plain_prices() -> Prices {
    Prices {
        name: "plain".to_owned(),
        region: None,
        architecture: "x86_64".to_owned(),
        request: 2e-7,
        duration: vec![Tier {
            price: 1.666_67e-5,
            up_to: None,
        }],
        provisioned_capacity: 4.1667e-6,
        provisioned_duration: 9.7222e-6,
        provisioned_step: Span::from_whole_secs(300),
        snapshot_cache: 0.0,
        snapshot_cache_minimum: Span::ZERO,
        snapshot_restore: 0.0,
        ephemeral_storage: 0.0,
        ephemeral_included: Memory::from_bytes(0),
        services: ServicePrices::default(),
        free_tier: None,
        billing: Billing {
            step: Span::ZERO,
            minimum: Span::ZERO,
            init: InitBilling::All,
        },
    }
}

/// A request of so many seconds every ten, on an instance of 1 GB, for a day.
fn every_ten(busy_s: f64, prices: &Prices) -> Setup {
    let every = Process::Every {
        interval: Span::from_whole_secs(10),
        offset: Time::from_secs(5.0),
    };
    let mut setup = Setup::new(every, lab::constant(busy_s)).measured(0.0, 86_400.0 + busy_s);
    setup.platform.prices = Some(prices.clone());
    setup
}

/// V11.
pub(super) fn break_even() -> Group {
    let rows = [
        ("x86", 4.1667e-6, 9.7222e-6, 1.666_67e-5),
        ("arm64", 3.3334e-6, 7.7778e-6, 1.333_34e-5),
    ];
    let case = |(name, provisioned, provisioned_duration, on_demand): (&str, f64, f64, f64)| {
        Case::new(format!("AWS Lambda, {name}"), move |seed| {
            let mut prices = plain_prices();
            prices.provisioned_capacity = provisioned;
            prices.provisioned_duration = provisioned_duration;
            prices.duration[0].price = on_demand;
            prices.provisioned_step = Span::ZERO;
            let ahead = RemedyKind::Provisioned(Provisioned::Constant(1));
            // What a GB-second of capacity and of either run time costs, out of two bills.
            let bought = every_ten(10.0, &prices).with(ahead).run(seed)?;
            let asked = every_ten(10.0, &prices).run(seed)?;
            let capacity = bought.total(metric::COST_USD_PROVISIONED) / bought.duration_s();
            // At 1 GB, where a GB-second is a second.
            let a_second = |run: &Measured| {
                run.total(metric::COST_USD_DURATION) / run.total(metric::BUSY_GB_S)
            };
            let (run, demand) = (a_second(&bought), a_second(&asked));
            let theory = ProvisionedPrices {
                provisioned,
                provisioned_duration,
                on_demand,
            };
            let ratio = (capacity + run) / demand;
            Ok(vec![
                Check::within(
                    "break-even utilisation",
                    theory.break_even_utilization(),
                    capacity / (demand - run),
                    1e-9,
                ),
                Check::within(
                    "cost ratio, fully used",
                    theory.cost_ratio(1.0),
                    ratio,
                    1e-9,
                ),
                Check::within("largest saving", theory.largest_saving(), 1.0 - ratio, 1e-9),
            ])
        })
    };
    Group {
        id: "V11",
        title: "Provisioned concurrency pays from this utilisation on",
        cases: rows.map(case).into(),
    }
}

/// Billed seconds a request, out of a bill at 1 USD a GB-second.
fn billed(mean_s: f64, billing: Billing) -> Setup {
    let mut prices = plain_prices();
    prices.request = 0.0;
    prices.duration[0].price = 1.0;
    prices.billing = billing;
    let mut setup = Setup::poisson(1.0, lab::exponential(mean_s)).measured(0.0, 1e6);
    setup.platform.prices = Some(prices);
    setup
}

/// V19.
pub(super) fn rounding() -> Group {
    let rows = [(0.05, 0.001), (0.05, 0.1), (0.5, 0.1), (2.0, 0.1)];
    let case = |(mean_s, step_s): (f64, f64)| {
        Case::new(format!("mean {mean_s} s, step {step_s} s"), move |seed| {
            let rule = Billing {
                step: Span::from_secs(step_s),
                minimum: Span::ZERO,
                init: InitBilling::All,
            };
            let run = billed(mean_s, rule).run(seed)?;
            let cost = run.ratio(metric::COST_USD_DURATION, metric::COMPLETED);
            let expected = billing::rounded_up_s(mean_s, step_s);
            Ok(vec![
                Check::against("billed s", expected, cost),
                Check::against("inflation", expected / mean_s, cost.times(1.0 / mean_s)),
            ])
        })
    };
    Group {
        id: "V19",
        title: "Billed duration, rounded up to a step",
        cases: rows.map(case).into(),
    }
}

/// V19b.
pub(super) fn minimum() -> Group {
    let rows = [(0.05, 0.1), (0.5, 0.1)];
    let case = |(mean_s, least_s): (f64, f64)| {
        Case::new(
            format!("mean {mean_s} s, at least {least_s} s"),
            move |seed| {
                let rule = Billing {
                    step: Span::ZERO,
                    minimum: Span::from_secs(least_s),
                    init: InitBilling::All,
                };
                let run = billed(mean_s, rule).run(seed)?;
                let cost = run.ratio(metric::COST_USD_DURATION, metric::COMPLETED);
                Ok(vec![Check::against(
                    "billed s",
                    billing::at_least_s(mean_s, least_s),
                    cost,
                )])
            },
        )
    };
    Group {
        id: "V19b",
        title: "Billed duration with a least one",
        cases: rows.map(case).into(),
    }
}
