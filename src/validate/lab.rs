//! Small plans for checks: a platform without limits, starts that take no time, one function.

use std::sync::Arc;

use crate::dist::Dist;
use crate::ids::FunctionId;
use crate::model::{
    Cpu, Function, KeepAlive, Overflow, Package, Plan, Platform, Process, ProvisionedRules, Remedy,
    RemedyKind, Routing, Service, Source, StartPhases,
};
use crate::observe::{Summary, SummaryResult};
use crate::policy;
use crate::random::Streams;
use crate::sim::{self, Control, Observer, RunError};
use crate::units::{Memory, Span};
use crate::workload::Workload;

/// A platform without limits and prices that keeps instances for ever.
pub fn bare_platform() -> Platform {
    Platform {
        name: "bare".to_owned(),
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
    }
}

/// A function of 1 GB with this service time and starts that take no time.
pub fn bare_function(name: &str, service: Dist) -> Function {
    Function {
        name: name.to_owned(),
        runtime: "provided.al2023".to_owned(),
        memory: Memory::from_mb(1024.0),
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
        init_billed: true,
        snapshot_billed: true,
    }
}

/// A plan of one function on a platform.
pub fn plan_of_one(
    platform: Platform,
    function: Function,
    process: Process,
    warm_up: Span,
    duration: Span,
) -> Plan {
    Plan {
        platform: Arc::new(platform),
        functions: Arc::new([function]),
        sources: Arc::new([Source::Process {
            function: FunctionId(0),
            process,
        }]),
        remedies: Vec::new(),
        warm_up,
        duration,
    }
}

/// The plan with one more remedy, for its first function.
#[must_use]
pub fn with_remedy(mut plan: Plan, kind: RemedyKind) -> Plan {
    plan.remedies.push(Remedy {
        kind,
        functions: vec![FunctionId(0)],
    });
    plan
}

/// Simulates a plan, the measured time in so many batches.
///
/// # Panics
/// If the run ends without a result or an identity does not hold: a bug.
pub fn simulate(plan: &Plan, seed: u64, replication: u32, batches: u32) -> SummaryResult {
    let mut summary = Summary::new(plan, batches);
    match observe(plan, seed, replication, &mut summary) {
        Ok(()) => {}
        Err(error) => panic!("{error}"),
    }
    match summary.into_result() {
        Some(Ok(result)) => result,
        Some(Err(violation)) => panic!("seed {seed}: {violation}"),
        None => panic!("seed {seed}: the run has no end"),
    }
}

/// Simulates a plan under an observer of one's own.
///
/// # Errors
/// Where the run ends without a result.
///
/// # Panics
/// If a trace of the plan cannot be read.
pub fn observe(
    plan: &Plan,
    seed: u64,
    replication: u32,
    observer: &mut impl Observer,
) -> Result<(), RunError> {
    let streams = Streams::new(seed, replication);
    let mut workload = match Workload::new(plan, &streams) {
        Ok(workload) => workload,
        Err(faults) => panic!(
            "{}",
            faults.iter().map(ToString::to_string).collect::<String>()
        ),
    };
    let policies = policy::of_plan(plan);
    sim::run(
        plan,
        &streams,
        policies,
        &mut workload,
        observer,
        &Control::default(),
    )
    .map(|_| ())
}
