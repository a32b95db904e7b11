//! Nanoseconds a request and peak memory of the full simulator on one core: arrivals, service
//! times, keep-alive, limits, costs, quantiles and causes on.
//!
//! `cargo bench --bench requests` prints a table. Times depend on the machine, so each row stands
//! beside a loop that only draws the same arrivals and service times, timed in the same minute.
//! `-- CASE REQUESTS` runs one case (from 0) with so many requests, for a profiler.

use std::hint::black_box;
use std::sync::Arc;

use frostline::dist::Dist;
use frostline::ids::FunctionId;
use frostline::model::{
    Billing, InitBilling, KeepAlive, Plan, Platform, Prices, Process, RateScope, ScalingRate,
    Source, Tier,
};
use frostline::observe::Summary;
use frostline::policy;
use frostline::random::Streams;
use frostline::sim::{self, Control};
use frostline::units::Span;
use frostline::validate::lab;
use frostline::workload::{Arrivals, Workload};

struct Case {
    name: &'static str,
    functions: u32,
    rate_per_function: f64,
    requests: f64,
}

const CASES: [Case; 4] = [
    Case {
        name: "1,000 functions, 100 requests/s in all",
        functions: 1000,
        rate_per_function: 0.1,
        requests: 1e7,
    },
    Case {
        name: "1 function, 10 requests/s",
        functions: 1,
        rate_per_function: 10.0,
        requests: 1e7,
    },
    Case {
        name: "1 hot function, 10,000 requests/s",
        functions: 1,
        rate_per_function: 1e4,
        requests: 1e7,
    },
    Case {
        name: "100,000 functions, 1,000 requests/s in all",
        functions: 100_000,
        rate_per_function: 0.01,
        requests: 1e7,
    },
];

fn platform() -> Platform {
    let mut platform = lab::bare_platform();
    platform.keep_alive = KeepAlive::For(Dist::constant(Span::from_whole_secs(600)));
    platform.concurrency_quota = Some(1_000_000);
    platform.requests_per_second = Some(10_000_000);
    platform.scaling_rate = Some(ScalingRate {
        burst: 1000,
        instances: 1000,
        every: Span::from_whole_secs(10),
        per: RateScope::Function,
    });
    platform.prices = Some(Prices {
        name: "us-east-1".to_owned(),
        request: 2e-7,
        duration: vec![Tier {
            price: 0.000_016_666_7,
            up_to: None,
        }],
        provisioned_capacity: 0.0,
        provisioned_duration: 0.0,
        provisioned_step: Span::from_whole_secs(300),
        snapshot_cache: 0.0,
        snapshot_cache_minimum: Span::ZERO,
        snapshot_restore: 0.0,
        free_tier: None,
        billing: Billing {
            step: Span::from_millis(1.0),
            minimum: Span::ZERO,
            init: InitBilling::All,
        },
    });
    platform
}

fn plan(case: &Case, requests: f64) -> Plan {
    let service = Dist::lognormal(Span::from_millis(100.0), 0.5).expect("a valid distribution");
    let function = |number: u32| {
        let mut function = lab::bare_function(&format!("f{number}"), service.clone());
        function.start.init =
            Dist::lognormal(Span::from_millis(300.0), 0.3).expect("a valid distribution");
        function
    };
    let process = Process::Poisson {
        rate: case.rate_per_function,
    };
    let rate = f64::from(case.functions) * case.rate_per_function;
    Plan {
        platform: Arc::new(platform()),
        functions: (0..case.functions).map(function).collect(),
        sources: (0..case.functions)
            .map(|f| Source::Process {
                function: FunctionId(f),
                process: process.clone(),
            })
            .collect(),
        remedies: Vec::new(),
        warm_up: Span::ZERO,
        duration: Span::from_secs(requests / rate),
    }
}

/// Nanoseconds that `work` takes a request; it says how many it did.
#[expect(clippy::disallowed_methods, reason = "a bench times")]
fn nanos_a_request(work: impl FnOnce() -> u64) -> (f64, u64) {
    let began = std::time::Instant::now();
    let requests = work();
    (
        began.elapsed().as_nanos() as f64 / requests as f64,
        requests,
    )
}

/// Most memory this process has held, in MB; `None` where the system does not say.
fn peak_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace()
        .nth(1)?
        .parse::<f64>()
        .ok()
        .map(|kb| kb / 1024.0)
}

fn main() {
    println!(
        "{:<46} {:>12} {:>12} {:>14} {:>10}",
        "", "requests", "ns/request", "ns drawing", "peak MB"
    );
    let streams = Streams::new(1, 0);
    let mut arguments = std::env::args()
        .skip(1)
        .filter_map(|text| text.parse::<f64>().ok());
    let only = arguments.next().map(|case| case as usize);
    let requests = arguments.next();
    for (number, case) in CASES.iter().enumerate() {
        if only.is_some_and(|only| only != number) {
            continue;
        }
        let plan = plan(case, requests.unwrap_or(case.requests));
        let open = || Workload::new(&plan, &streams).unwrap_or_else(|faults| panic!("{faults:?}"));
        let (drawing, _) = nanos_a_request(|| {
            let mut workload = open();
            let mut requests = 0;
            while let Some(arrival) = workload.next_arrival() {
                black_box(arrival);
                requests += 1;
            }
            requests
        });
        let (whole, requests) = nanos_a_request(|| {
            let mut summary = Summary::new(&plan, 1);
            let policies = policy::of_plan(&plan);
            let control = Control::default();
            let mut workload = open();
            let run = sim::run(
                &plan,
                &streams,
                policies,
                &mut workload,
                &mut summary,
                &control,
            );
            black_box(
                summary
                    .into_result()
                    .expect("the run ends")
                    .expect("the books balance"),
            );
            run.expect("the run ends").requests
        });
        let peak = peak_mb().map_or_else(|| "?".to_owned(), |mb| format!("{mb:.0}"));
        println!(
            "{:<46} {requests:>12} {whole:>12.1} {drawing:>14.1} {peak:>10}",
            case.name
        );
    }
}
