//! What the benches simulate, and how.

use std::hint::black_box;
use std::sync::Arc;

use frostline::dist::Dist;
use frostline::experiment::{CellId, CellResult, Failure, run_cell, run_together};
use frostline::ids::FunctionId;
use frostline::metric;
use frostline::model::{
    Billing, Burst, Experiment, InitBilling, KeepAlive, Plan, Platform, Prices, Process, RateScope,
    ScalingRate, Scenario, ServicePrices, Source, Tier,
};
use frostline::random::Streams;
use frostline::sim::Control;
use frostline::units::{Memory, Span, Time};
use frostline::validate::lab;
use frostline::workload::{Arrivals, Workload};

/// That of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub(crate) struct Case {
    #[allow(dead_code, reason = "one of the benches has names of its own")]
    pub(crate) name: &'static str,
    functions: u32,
    rate_per_function: f64,
    /// Sent to each function every five minutes, all at once.
    burst: Option<u32>,
    concurrency_quota: u32,
    /// Requests in all.
    #[allow(dead_code, reason = "one of the benches has numbers of its own")]
    pub(crate) requests: f64,
}

const BURSTS_EVERY: Span = Span::from_whole_secs(300);

const CASE: Case = Case {
    name: "",
    functions: 1,
    rate_per_function: 10.0,
    burst: None,
    concurrency_quota: 1_000_000,
    requests: 1e7,
};

pub(crate) const CASES: [Case; 7] = [
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
        // 400 of each: what a function costs once does not hide what a request costs.
        requests: 4e7,
        ..CASE
    },
    Case {
        name: "100 functions, 10 requests/s each",
        functions: 100,
        ..CASE
    },
];

/// So many functions, with so many requests a second each.
#[allow(dead_code, reason = "one of the benches has a grid")]
pub(crate) const fn steady(functions: u32, rate_per_function: f64) -> Case {
    Case {
        functions,
        rate_per_function,
        ..CASE
    }
}

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
        region: None,
        architecture: "x86_64".to_owned(),
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
        ephemeral_storage: 0.0,
        ephemeral_included: Memory::from_bytes(0),
        services: ServicePrices::default(),
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
        traffic: frostline::model::Traffic::default(),
        remedies: Vec::new(),
        warm_up: Span::ZERO,
        duration: Span::from_secs(requests / rate),
    }
}

/// Draws arrivals and service times, and does nothing with them.
pub(crate) fn draw(experiment: &Experiment) -> u64 {
    let plan = &experiment.scenarios[0].plan;
    let mut workload =
        Workload::new(plan, &Streams::new(1, 1)).unwrap_or_else(|faults| panic!("{faults:?}"));
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

/// A case with so many requests, as an experiment of one scenario.
pub(crate) fn experiment(case: &Case, requests: f64) -> Experiment {
    Experiment {
        name: String::new(),
        question: String::new(),
        seed: 1,
        set: Vec::new(),
        slo: Vec::new(),
        assertions: Vec::new(),
        replications: 2,
        scenarios: vec![Scenario {
            policy: String::new(),
            set: Vec::new(),
            keep_alive_curve: false,
            claimed_concurrency: false,
            plan: plan(case, requests),
        }],
    }
}

/// Simulates all functions together, counts and turns counts into measures.
pub(crate) fn simulate_together(experiment: &Experiment) -> u64 {
    requests_of(run_together(experiment, CELL, &Control::default()))
}

/// Simulates functions apart where no limit binds, on this one core.
pub(crate) fn simulate_apart(experiment: &Experiment) -> u64 {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let run = || run_cell(experiment, CELL, &Control::default());
    requests_of(threads.expect("a thread").install(run))
}

fn requests_of(result: Result<CellResult, Failure>) -> u64 {
    let result = result.expect("the run ends and the books balance");
    let requests = result.summary.values.get(metric::REQUESTS);
    requests.expect("a count") as u64
}
