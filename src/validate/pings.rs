//! Pings that keep one instance warm: what they prevent and what they cost.

use super::billing::plain_prices;
use super::case::{Case, Group};
use super::lab::{self, Setup};
use super::report::Check;
use crate::dist::Dist;
use crate::metric;
use crate::model::{MONTH, Ping, RemedyKind};
use crate::theory::ping::{self, Pings};
use crate::units::{Memory, Span};

fn ping(every_s: f64, instances: u32, hold_s: f64) -> RemedyKind {
    RemedyKind::Ping(Ping {
        every: Span::from_secs(every_s),
        instances,
        hold: Span::from_secs(hold_s),
        sender: false,
        skew: Dist::ZERO,
        offset: Dist::ZERO,
    })
}

/// V10.
pub(super) fn cold_starts() -> Group {
    let rows = [
        (1.0 / 600.0, 300.0, 600.0),
        (1.0 / 600.0, 900.0, 600.0),
        (1.0 / 300.0, 600.0, 300.0),
        (0.001, 1800.0, 600.0),
    ];
    let case = |(rate, every_s, keep_alive_s): (f64, f64, f64)| {
        let label = format!("λ {rate:.6}/s, ping every {every_s} s, D {keep_alive_s} s");
        Case::new(label, move |seed| {
            let run = Setup::poisson(rate, Dist::ZERO)
                .kept_for(lab::constant(keep_alive_s))
                .with(ping(every_s, 1, 0.0))
                .measured(10.0 * every_s, 2e6 / rate)
                .run(seed)?;
            let users = ping::user_cold_ratio(rate, every_s, keep_alive_s);
            let pings = ping::ping_cold_ratio(rate, every_s, keep_alive_s);
            Ok(vec![
                Check::against("P(user cold)", users, run.cold_ratio()),
                Check::against(
                    "P(ping cold)",
                    pings,
                    run.ratio(metric::PING_COLD_STARTS, metric::PINGS),
                ),
            ])
        })
    };
    Group {
        id: "V10",
        title: "Users and a ping of no length share one instance (the first ping left out)",
        cases: rows.map(case).into(),
    }
}

/// V10b.
pub(super) fn bill() -> Group {
    let rows = [
        (300.0, 1, 0.125, 0.001),
        (300.0, 5, 1.0, 0.075),
        (240.0, 1, 0.5, 0.1),
        (60.0, 20, 2.0, 0.025),
    ];
    let case = |(every_s, instances, gb, hold_s): (f64, u32, f64, f64)| {
        let label = format!("{instances} every {every_s} s, {gb} GB, {hold_s} s billed");
        Case::new(label, move |seed| {
            let mut setup = Setup::poisson(0.0, Dist::ZERO)
                .with(ping(every_s, instances, hold_s))
                .measured(0.0, MONTH.secs());
            setup.function.memory = Memory::from_mb(gb * 1024.0);
            let prices = plain_prices();
            let (request, gb_s) = (prices.request, prices.duration[0].price);
            setup.platform.prices = Some(prices);
            let run = setup.run(seed)?;
            let pings = Pings {
                period_s: every_s,
                instances: f64::from(instances),
                memory_gb: gb,
                billed_s: hold_s,
            };
            let bill = pings.monthly_bill(request, gb_s);
            Ok(vec![
                Check::exact("invocations", bill.invocations, run.total(metric::PINGS)),
                Check::exact("cost USD", bill.total(), run.total(metric::COST_USD_PING)),
            ])
        })
    };
    Group {
        id: "V10b",
        title: "What a month of pings costs",
        cases: rows.map(case).into(),
    }
}
