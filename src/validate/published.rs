//! Published bills and tables, to the digit that was printed.

use super::case::{Case, Fault, Group};
use super::lab::{self, Setup};
use super::report::Check;
use super::shipped::{self, Shipped};
use crate::dist::Dist;
use crate::metric;
use crate::model::{Burst, MONTH, Prices, Process, Provisioned, RemedyKind};
use crate::units::{Memory, Span, Time};

/// So many requests evenly over a time, and another minute to end in; each takes so long, on so
/// many MB.
fn evenly(requests: u32, over: Span, service: Dist, mb: f64) -> Setup {
    let burst = Process::Burst(Burst {
        at: Time::from_secs(1.0),
        requests,
        over,
        every: None,
        times: None,
    });
    let mut setup = Setup::new(burst, service).measured(0.0, over.secs() + 60.0);
    setup.function.memory = Memory::from_mb(mb);
    setup
}

/// D4.
///
/// The bill is of the published times at the price of then. The times are those of the shipped
/// model `prime-numbers`: one number fitted to these four, which is why 10 % is all that they can
/// be held to (README of jconning/lambda-cpu-cost; the four differ by 14 % at equal CPU).
pub(super) fn right_sizing() -> Group {
    // MB, mean seconds, dollars for 1,000 requests as printed.
    let rows = [
        (128.0, 11.722_965, "0.024628"),
        (256.0, 6.678_945, "0.028035"),
        (512.0, 3.194_954, "0.026830"),
        (1024.0, 1.465_984, "0.024638"),
    ];
    let case = |(mb, mean_s, dollars): (f64, f64, &'static str)| {
        Case::new(format!("{mb} MB"), move |seed| {
            let shipped = shipped::aws_lambda("prime-numbers", &format!("{mb} MB"), false)?;
            let over = Span::from_whole_secs(20_000);
            let mut setup = evenly(1000, over, lab::constant(mean_s), mb);
            let mut prices = list(&shipped)?;
            prices.duration.truncate(1);
            prices.duration[0].price = 0.000_016_67;
            prices.duration[0].up_to = None;
            prices.billing.step = Span::ZERO;
            setup.platform.prices = Some(prices);
            let bill = setup.run(seed)?.total(metric::COST_USD_TOTAL);
            setup.function.service = shipped.function.service;
            let served = setup.run(seed)?.mean_length_s(metric::SERVICE_MS_MEAN);
            Ok::<_, Fault>(vec![
                Check::exact("1,000 requests USD", dollars, format!("{bill:.6}")),
                Check::within("model's service s", mean_s, served.value, 0.1),
            ])
        })
    };
    Group {
        id: "D4",
        title: "All primes up to a million, by memory: the bill, and the model fitted to the times",
        cases: rows.map(case).into(),
    }
}

/// The shipped price list.
fn list(shipped: &Shipped) -> Result<Prices, Fault> {
    let prices = shipped.platform.prices.clone();
    prices.ok_or(Fault("the platform has no prices".to_owned()))
}

/// D9.
pub(super) fn bills() -> Group {
    let on_demand = Case::new(
        "3 million requests of 120 ms at 1536 MB, free tier",
        |seed| {
            let prices = list(&shipped::aws_lambda("node-hello", "1536 MB", true)?)?;
            let mut setup =
                evenly(3_000_000, MONTH, lab::constant(0.12), 1536.0).measured(0.0, MONTH.secs());
            setup.platform.prices = Some(prices);
            let run = setup.run(seed)?;
            Ok(vec![
                cents("duration USD", "2.33", run.total(metric::COST_USD_DURATION)),
                cents("requests USD", "0.40", run.total(metric::COST_USD_REQUESTS)),
                cents("total USD", "2.73", run.total(metric::COST_USD_TOTAL)),
            ])
        },
    );
    let label = "1.2 million requests of 1 s at 1024 MB, 1,000 provisioned for 2 h";
    let provisioned = Case::new(label, |seed| {
        let prices = list(&shipped::aws_lambda("node-hello", "1024 MB", false)?)?;
        // The last request ends before the two hours do.
        let over = Span::from_whole_secs(7190);
        let mut setup = evenly(1_200_000, over, lab::constant(1.0), 1024.0)
            .measured(0.0, 7200.0)
            .with(RemedyKind::Provisioned(Provisioned::Constant(1000)));
        setup.platform.prices = Some(prices);
        let run = setup.run(seed)?;
        Ok(vec![
            cents(
                "provisioned USD",
                "30.00",
                run.total(metric::COST_USD_PROVISIONED),
            ),
            cents("requests USD", "0.24", run.total(metric::COST_USD_REQUESTS)),
            cents(
                "duration USD",
                "11.67",
                run.total(metric::COST_USD_DURATION),
            ),
            cents("total USD", "41.91", run.total(metric::COST_USD_TOTAL)),
        ])
    });
    Group {
        id: "D9",
        title: "Two bills that AWS works out on its price page, to the cent",
        cases: vec![on_demand, provisioned],
    }
}

fn cents(quantity: &str, published: &str, dollars: f64) -> Check {
    Check::exact(quantity, published, format!("{dollars:.2}"))
}
