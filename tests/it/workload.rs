//! Arrivals against theory: rates, dispersion, order, independence of other functions.

use std::sync::Arc;
use std::time::Instant;

use frostline::dist::Dist;
use frostline::ids::FunctionId;
use frostline::model::{
    BatchSize, Burst, Cpu, Function, KeepAlive, MmppState, Overflow, Package, Plan, Platform,
    Process, Profile, ProvisionedRules, Routing, Service, Source, StartPhases,
};
use frostline::random::Streams;
use frostline::units::{Memory, Span, Time};
use frostline::workload::{Arrival, Arrivals, Workload};
use proptest::prelude::*;

pub fn function(name: &str, service: Dist) -> Function {
    Function {
        name: name.to_owned(),
        runtime: "test".to_owned(),
        memory: Memory::from_mb(128.0),
        package: Package::Zip(Memory::from_mb(1.0)),
        start: StartPhases {
            sandbox: Dist::ZERO,
            fetch: Dist::ZERO,
            runtime: Dist::ZERO,
            init: Dist::ZERO,
            restore: Dist::ZERO,
            first_call: Dist::ZERO,
        },
        service: Service {
            cpu: Dist::ZERO,
            io: service,
        },
        timeout: None,
        error_rate: 0.0,
        reserved_concurrency: None,
        init_billed: false,
        snapshot_billed: false,
    }
}

pub fn plan_of(functions: Vec<Function>, sources: Vec<Source>, duration: Span) -> Plan {
    let platform = Platform {
        name: "test".to_owned(),
        routing: Routing::MostRecentlyUsed,
        keep_alive: KeepAlive::ForEver,
        max_life: None,
        concurrency_quota: None,
        unreserved_minimum: 0,
        requests_per_second: None,
        scaling_rate: None,
        overflow: Overflow::Throttle,
        client_retry: None,
        cpu: Cpu {
            one_vcpu_at: Memory::from_mb(1769.0),
            max_vcpus: 6.0,
            scales: Vec::new(),
        },
        provisioned: ProvisionedRules {
            delay: Dist::ZERO,
            instances_per_minute: None,
        },
        prices: None,
    };
    Plan {
        platform: Arc::new(platform),
        functions: functions.into(),
        sources: sources.into(),
        remedies: Vec::new(),
        warm_up: Span::ZERO,
        duration,
    }
}

/// A function a process, each with a service time of 1 s.
fn plan(processes: &[Process], duration: Span) -> Plan {
    let functions = (0..processes.len())
        .map(|number| function(&format!("f{number}"), Dist::constant(secs(1.0))))
        .collect();
    let sources = processes
        .iter()
        .zip(0..)
        .map(|(process, id)| Source::Process {
            function: FunctionId(id),
            process: process.clone(),
        })
        .collect();
    plan_of(functions, sources, duration)
}

fn secs(seconds: f64) -> Span {
    Span::from_secs(seconds)
}

pub fn pull(plan: &Plan, seed: u64) -> Vec<Arrival> {
    let mut workload = Workload::new(plan, &Streams::new(seed, 0)).unwrap();
    std::iter::from_fn(|| workload.next_arrival()).collect()
}

/// How long a request takes to draw and merge; run by hand on a quiet machine:
/// `cargo test --release --test it nanoseconds -- --ignored --nocapture`.
#[test]
#[ignore = "prints times, proves nothing"]
#[expect(
    clippy::disallowed_methods,
    reason = "a measurement of wall-clock time"
)]
fn nanoseconds_a_request() {
    for functions in [1_u32, 10, 100, 1_000, 10_000, 50_000] {
        let service = Dist::lognormal_percentiles(secs(0.08), secs(0.6)).unwrap();
        let sources = (0..functions)
            .map(|id| Source::Process {
                function: FunctionId(id),
                process: Process::Poisson { rate: 1.0 },
            })
            .collect();
        let models = vec![function("f", service); functions as usize];
        let seconds = 2e7 / f64::from(functions);
        let plan = plan_of(models, sources, secs(seconds));
        let mut best = f64::MAX;
        let mut sum = 0;
        for _ in 0..3 {
            let mut workload = Workload::new(&plan, &Streams::new(1, 0)).unwrap();
            let mut n = 0_u32;
            let began = Instant::now();
            while let Some(arrival) = workload.next_arrival() {
                n += 1;
                sum ^= arrival.at.nanos() ^ arrival.service.nanos();
            }
            best = best.min(began.elapsed().as_secs_f64() / f64::from(n) * 1e9);
        }
        println!("{functions} functions: {best:.1} ns a request ({sum:x})");
    }
}
