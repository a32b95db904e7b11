//! Processor time a request and peak memory of the full simulator on one core: arrivals, service
//! times, keep-alive, limits, costs, quantiles and causes on.
//!
//! `cargo bench --bench requests` prints a table; each case runs in a process of its own, so that
//! its peak memory is its own. Times depend on the machine, so each row stands beside a loop that
//! only draws the same arrivals and service times, timed in the same minute. `-- CASE REQUESTS`
//! runs one case (from 0) with so many requests, and with `whole` or `drawing` behind it only that
//! part of it, for a profiler.

use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;

use frostline::dist::Dist;
use frostline::ids::FunctionId;
use frostline::experiment::{self, CellId, CellResult, Failure};
use frostline::model::{
    Billing, Burst, Experiment, InitBilling, KeepAlive, Plan, Platform, Prices, Process, RateScope,
    ScalingRate, Scenario, Source, Tier,
};
use frostline::observe::metric;
use frostline::random::Streams;
use frostline::sim::Control;
use frostline::units::{Span, Time};
use frostline::validate::lab;
use frostline::workload::{Arrivals, Workload};

struct Case {
    name: &'static str,
    functions: u32,
    rate_per_function: f64,
    /// Sent to each function every five minutes, all at once.
    burst: Option<u32>,
    concurrency_quota: u32,
}

/// Requests of a case.
const REQUESTS: f64 = 1e7;
const BURSTS_EVERY: Span = Span::from_whole_secs(300);

const CASE: Case = Case {
    name: "",
    functions: 1,
    rate_per_function: 10.0,
    burst: None,
    concurrency_quota: 1_000_000,
};

const CASES: [Case; 6] = [
    Case {
        name: "1,000 functions, 100 requests/s in all",
        functions: 1000,
        rate_per_function: 0.1,
        ..CASE
    },
    Case {
        name: "1 function, 10 requests/s",
        ..CASE
    },
    Case {
        name: "1 hot function, 10,000 requests/s",
        rate_per_function: 1e4,
        ..CASE
    },
    Case {
        name: "1 function, bursts of 10,000, 1,000 requests/s",
        rate_per_function: 1e3,
        burst: Some(10_000),
        ..CASE
    },
    Case {
        name: "10 functions, 1,000 requests/s, a quota of 100",
        functions: 10,
        rate_per_function: 100.0,
        concurrency_quota: 100,
        ..CASE
    },
    Case {
        name: "100,000 functions, 1,000 requests/s in all",
        functions: 100_000,
        rate_per_function: 0.01,
        ..CASE
    },
];

fn platform(case: &Case) -> Platform {
    let mut platform = lab::bare_platform();
    platform.keep_alive = KeepAlive::For(Dist::constant(Span::from_whole_secs(600)));
    platform.concurrency_quota = Some(case.concurrency_quota);
    platform.requests_per_second = Some(10_000_000);
    platform.scaling_rate = Some(ScalingRate {
        burst: 20_000,
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

fn processes(case: &Case) -> Vec<Process> {
    let bursts = case.burst.map(|requests| {
        Process::Burst(Burst {
            at: Time::ZERO,
            requests,
            over: Span::ZERO,
            every: Some(BURSTS_EVERY),
            times: None,
        })
    });
    let steady = Process::Poisson {
        rate: case.rate_per_function,
    };
    std::iter::once(steady).chain(bursts).collect()
}

fn plan(case: &Case, requests: f64) -> Plan {
    let service = Dist::lognormal(Span::from_millis(100.0), 0.5).expect("a valid distribution");
    let init = Dist::lognormal(Span::from_millis(300.0), 0.3).expect("a valid distribution");
    let function = |number: u32| {
        let mut function = lab::bare_function(&format!("f{number}"), service.clone());
        function.start.init = init.clone();
        function
    };
    let in_bursts = case.burst.map_or(0.0, f64::from) / BURSTS_EVERY.secs();
    let rate = f64::from(case.functions) * (case.rate_per_function + in_bursts);
    Plan {
        platform: Arc::new(platform(case)),
        functions: (0..case.functions).map(function).collect(),
        sources: (0..case.functions)
            .flat_map(|f| {
                processes(case)
                    .into_iter()
                    .map(move |process| Source::Process {
                        function: FunctionId(f),
                        process,
                    })
            })
            .collect(),
        remedies: Vec::new(),
        warm_up: Span::ZERO,
        duration: Span::from_secs(requests / rate),
    }
}

/// Draws arrivals and service times, and does nothing with them.
fn draw(plan: &Plan) -> u64 {
    let mut workload = Workload::new(plan, &Streams::new(1, 1))
        .unwrap_or_else(|faults| panic!("{faults:?}"));
    let mut requests = 0;
    while let Some(arrival) = workload.next_arrival() {
        black_box(arrival);
        requests += 1;
    }
    requests
}

/// A cell of an experiment, neither with a timeline nor with batches.
const CELL: CellId = CellId {
    scenario: 0,
    replication: 1,
};

fn experiment(plan: &Plan) -> Experiment {
    Experiment {
        name: String::new(),
        question: String::new(),
        seed: 1,
        replications: 2,
        scenarios: vec![Scenario {
            policy: String::new(),
            set: Vec::new(),
            plan: plan.clone(),
        }],
    }
}

/// Simulates all functions together, counts and turns counts into measures.
fn simulate_together(plan: &Plan) -> u64 {
    requests_of(experiment::run_together(&experiment(plan), CELL, &Control::default()))
}

/// Simulates functions apart where no limit binds, on this one core.
fn simulate_apart(plan: &Plan) -> u64 {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let run = || experiment::run_cell(&experiment(plan), CELL, &Control::default());
    requests_of(threads.expect("a thread").install(run))
}

fn requests_of(result: Result<CellResult, Failure>) -> u64 {
    let result = result.expect("the run ends and the books balance");
    let requests = result.summary.values.get(metric::REQUESTS);
    requests.expect("a count") as u64
}

/// Nanoseconds a request that `work` keeps the processor busy; it says how many it did.
fn nanos_a_request(work: impl FnOnce() -> u64) -> (f64, u64) {
    let began = processor_nanos();
    let requests = work();
    ((processor_nanos() - began) / requests as f64, requests)
}

/// Processor time of this process so far, to 10 ms, where the system tells (Linux); else the time
/// that has passed, in which others may have had the processor.
#[expect(clippy::disallowed_methods, reason = "a bench times")]
fn processor_nanos() -> f64 {
    use std::sync::LazyLock;
    use std::time::Instant;
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in brackets may hold blanks; behind it utime is the 12th field, stime the 13th.
    let ticks = stat.rsplit_once(')').and_then(|(_, fields)| {
        let mut fields = fields.split_whitespace().skip(11);
        let mut next = || fields.next()?.parse::<f64>().ok();
        Some(next()? + next()?)
    });
    ticks.map_or_else(|| BEGAN.elapsed().as_nanos() as f64, |ticks| ticks * 1e7)
}

/// Most memory this process has held, in MB; `None` where the system does not say.
fn peak_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    let kb = line.split_whitespace().nth(1)?.parse::<f64>().ok()?;
    Some(kb / 1024.0)
}

fn run_case(case: &Case, requests: f64, part: Option<&str>) {
    let plan = plan(case, requests);
    let time = |wanted: &str, work: fn(&Plan) -> u64| {
        part.is_none_or(|part| part == wanted)
            .then(|| nanos_a_request(|| work(&plan)))
    };
    let drawing = time("drawing", draw);
    let apart = time("apart", simulate_apart);
    let apart_mb = peak_mb();
    let together = time("together", simulate_together);
    let show = |timed: Option<(f64, u64)>| timed.map_or(f64::NAN, |(nanos, _)| nanos);
    println!(
        "{:<48} {:>10} {:>9.0} {:>9.0} {:>9.0} {:>8.1} {:>8.0}",
        case.name,
        apart.or(together).or(drawing).map_or(0, |(_, requests)| requests),
        show(apart),
        show(together),
        show(drawing),
        show(apart) / show(drawing),
        apart_mb.unwrap_or(f64::NAN),
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    if let Some(case) = arguments
        .first()
        .and_then(|text| text.parse::<usize>().ok())
    {
        let requests = arguments.get(1).and_then(|text| text.parse().ok());
        let part = arguments.get(2).map(String::as_str);
        return run_case(&CASES[case], requests.unwrap_or(REQUESTS), part);
    }
    println!(
        "{:<48} {:>10} {:>9} {:>9} {:>9} {:>8} {:>8}",
        "nanoseconds a request", "requests", "apart", "together", "drawing", "ratio", "peak MB"
    );
    let program = std::env::current_exe().expect("a program has a path");
    for case in 0..CASES.len() {
        let status = Command::new(&program).arg(case.to_string()).status();
        assert!(status.is_ok_and(|status| status.success()), "case {case}");
    }
}
