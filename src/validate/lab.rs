//! Small plans for checks: a platform without limits, starts that take no time, one function.

use std::sync::Arc;

use crate::dist::{Dist, DistError};
use crate::ids::FunctionId;
use crate::metric::{self, MetricId};
use crate::model::{
    Cpu, EventSource, Function, KeepAlive, Overflow, Package, Plan, Platform, Process,
    ProvisionedRules, Remedy, RemedyKind, Reset, Routing, Service, Source, StartPhases,
};
use crate::observe::{Summary, SummaryResult};
use crate::policy;
use crate::random::Streams;
use crate::sim::{self, Control, Observer, RunError};
use crate::units::{Memory, Span};
use crate::workload::{Arrivals, Workload};

use super::case::Fault;
use super::estimate::Estimate;

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
        requests_per_concurrency: None,
        scaling_rate: None,
        overflow: Overflow::Throttle,
        client_retry: None,
        gateway_throttle: None,
        reset: Reset::Retire,
        resources: Vec::new(),
        workflows: [None, None],
        cpu: Cpu {
            one_vcpu_at: Memory::from_mb(1769.0),
            max_vcpus: 6.0,
            scales: Vec::new(),
        },
        provisioned: ProvisionedRules::AT_ONCE,
        init_limit: None,
        prices: None,
        accounts: Vec::new(),
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
            network: Dist::ZERO,
            fetch: Dist::ZERO,
            layers: Vec::new(),
            image: None,
            extensions: Dist::ZERO,
            download: Dist::ZERO,
            runtime: Dist::ZERO,
            init: Dist::ZERO,
            restore: Dist::ZERO,
            warming: None,
            before_checkpoint: Dist::ZERO,
            snapshot_kept: None,
            after_restore: Dist::ZERO,
            first_call: Dist::ZERO,
            restored_first_call: None,
        },
        service: Service {
            cpu: Dist::ZERO,
            io: service,
        },
        extension_overhead: Dist::ZERO,
        timeout: None,
        error_rate: 0.0,
        crash_rate: 0.0,
        source: EventSource::Sync,
        deployments: Vec::new(),
        scheduled: false,
        connection: None,
        account: 0,
        reserved_concurrency: None,
        ephemeral_storage: None,
        init_billed: true,
        snapshot_billed: true,
        working_set: None,
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
        traffic: crate::model::Traffic::default(),
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

/// Batches that a run is cut into for its errors.
pub(super) const BATCHES: u32 = 50;

/// A plan of one function in the making.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    pub(super) platform: Platform,
    pub(super) function: Function,
    pub(super) process: Process,
    pub(super) remedies: Vec<RemedyKind>,
    /// Seconds before measuring begins.
    pub(super) warm_up_s: f64,
    /// Measured seconds.
    pub(super) duration_s: f64,
}

impl Setup {
    /// Requests of `process` that take `service`, on a bare platform.
    pub(super) fn new(process: Process, service: Dist) -> Self {
        Self {
            platform: bare_platform(),
            function: bare_function("f", service),
            process,
            remedies: Vec::new(),
            warm_up_s: 0.0,
            duration_s: 0.0,
        }
    }

    /// Poisson requests.
    pub(super) fn poisson(rate_per_s: f64, service: Dist) -> Self {
        Self::new(Process::Poisson { rate: rate_per_s }, service)
    }

    /// Measures so many seconds after a warm-up.
    pub(super) fn measured(mut self, warm_up_s: f64, duration_s: f64) -> Self {
        self.warm_up_s = warm_up_s;
        self.duration_s = duration_s;
        self
    }

    /// Idle instances are kept so long.
    pub(super) fn kept_for(mut self, keep_alive: Dist) -> Self {
        self.platform.keep_alive = KeepAlive::For(keep_alive);
        self
    }

    /// With one more remedy.
    pub(super) fn with(mut self, remedy: RemedyKind) -> Self {
        self.remedies.push(remedy);
        self
    }

    pub(super) fn plan(&self) -> Plan {
        let plan = plan_of_one(
            self.platform.clone(),
            self.function.clone(),
            self.process.clone(),
            Span::from_secs(self.warm_up_s),
            Span::from_secs(self.duration_s),
        );
        self.remedies.iter().cloned().fold(plan, with_remedy)
    }

    /// Simulates it and measures in batches.
    pub(super) fn run(&self, seed: u64) -> Result<Measured, Fault> {
        let (measured, ()) = self.run_beside(seed, |_| ())?;
        Ok(measured)
    }

    /// The same, with an observer of one's own beside.
    pub(super) fn run_beside<O: Observer>(
        &self,
        seed: u64,
        own: impl FnOnce(&Plan) -> O,
    ) -> Result<(Measured, O), Fault> {
        let plan = self.plan();
        let mut both = (Summary::new(&plan, BATCHES), own(&plan));
        observe(&plan, seed, 0, &mut both)?;
        Ok((Measured::of(both.0, self.duration_s)?, both.1))
    }
}

/// What a run in batches gave.
pub(super) struct Measured {
    summary: SummaryResult,
    /// Measured seconds.
    duration_s: f64,
}

impl Measured {
    /// What a summary has counted, once the run has ended.
    pub(super) fn of(summary: Summary<'_>, duration_s: f64) -> Result<Self, Fault> {
        let ended = summary.into_result();
        let summary = ended.ok_or(Fault("the run has no end".to_owned()))??;
        Ok(Self {
            summary,
            duration_s,
        })
    }

    /// A measure of the whole run; NaN where it has no value.
    pub(super) fn total(&self, metric: MetricId) -> f64 {
        self.summary.values.get(metric).unwrap_or(f64::NAN)
    }

    /// Measured seconds.
    pub(super) fn duration_s(&self) -> f64 {
        self.duration_s
    }

    /// A count of the whole run.
    pub(super) fn count(&self, metric: MetricId) -> u64 {
        self.total(metric) as u64
    }

    /// A measure batch by batch; 0 where a batch has no value.
    fn series(&self, metric: MetricId) -> impl Iterator<Item = f64> + '_ {
        let batches = self.summary.batches.iter();
        batches.map(move |batch| batch.get(metric).unwrap_or(0.0))
    }

    fn batch_s(&self) -> f64 {
        self.duration_s / self.summary.batches.len() as f64
    }

    /// The mean over time of a measure that is one.
    pub(super) fn mean(&self, metric: MetricId) -> Estimate {
        Estimate::mean(&self.series(metric).collect::<Vec<_>>())
    }

    /// One total over another.
    pub(super) fn ratio(&self, above: MetricId, below: MetricId) -> Estimate {
        Estimate::ratio(
            &self
                .series(above)
                .zip(self.series(below))
                .collect::<Vec<_>>(),
        )
    }

    /// A total a second.
    pub(super) fn per_second(&self, total: MetricId) -> Estimate {
        self.mean(total).times(1.0 / self.batch_s())
    }

    /// P(cold) of the requests that ran.
    pub(super) fn cold_ratio(&self) -> Estimate {
        let ran = self.ran().collect::<Vec<_>>();
        Estimate::ratio(
            &self
                .series(metric::COLD_STARTS)
                .zip(ran)
                .collect::<Vec<_>>(),
        )
    }

    fn ran(&self) -> impl Iterator<Item = f64> + '_ {
        let cold = self.series(metric::COLD_STARTS);
        cold.zip(self.series(metric::WARM_STARTS))
            .map(|(cold, warm)| cold + warm)
    }

    /// The mean over requests that ran of a mean length of time, in seconds.
    pub(super) fn mean_length_s(&self, mean_ms: MetricId) -> Estimate {
        let sums = self
            .series(mean_ms)
            .zip(self.ran())
            .map(|(mean, n)| (mean * n, n));
        Estimate::ratio(&sums.collect::<Vec<_>>()).times(1e-3)
    }

    /// Instance-seconds of a mean over time, for each request that ran.
    pub(super) fn seconds_a_request(&self, mean: MetricId) -> Estimate {
        let pairs = self.series(mean).zip(self.ran());
        Estimate::ratio(&pairs.collect::<Vec<_>>()).times(self.batch_s())
    }

    /// Mean life of an instance in seconds by Little's law, instances ÷ rate of starts. The mean
    /// over retired instances would leave out those that outlive the run.
    pub(super) fn life_s(&self) -> Estimate {
        self.ratio(metric::INSTANCES_MEAN, metric::STARTS)
            .times(self.batch_s())
    }

    /// The mean of instances that are busy or start for a request: all that are not idle.
    pub(super) fn not_idle(&self) -> Estimate {
        let alive = self.series(metric::INSTANCES_MEAN);
        let values = alive
            .zip(self.series(metric::IDLE_MEAN))
            .map(|(all, idle)| all - idle);
        Estimate::mean(&values.collect::<Vec<_>>())
    }
}

/// Simulates a plan with requests that are given instead of drawn.
pub(super) fn observe_given(
    plan: &Plan,
    streams: &Streams,
    arrivals: &mut impl Arrivals,
    observer: &mut impl Observer,
) -> Result<(), RunError> {
    let policies = policy::of_plan(plan);
    sim::run(
        plan,
        streams,
        policies,
        arrivals,
        observer,
        &Control::default(),
    )
    .map(|_| ())
}

/// A distribution of a row of the sheet.
///
/// # Panics
/// If the row gives no distribution: a fault of the row.
pub(super) fn law(dist: Result<Dist, DistError>) -> Dist {
    match dist {
        Ok(dist) => dist,
        Err(error) => panic!("{error}"),
    }
}

/// Exponential with a mean in seconds.
pub(super) fn exponential(mean_s: f64) -> Dist {
    law(Dist::exponential(Span::from_secs(mean_s)))
}

/// Always so many seconds.
pub(super) fn constant(seconds: f64) -> Dist {
    Dist::constant(Span::from_secs(seconds))
}

/// Gamma with a mean in seconds and a coefficient of variation.
pub(super) fn gamma(mean_s: f64, cv: f64) -> Dist {
    law(Dist::gamma(Span::from_secs(mean_s), cv))
}

/// Lognormal with a mean in seconds and a coefficient of variation.
pub(super) fn lognormal(mean_s: f64, cv: f64) -> Dist {
    law(Dist::lognormal(Span::from_secs(mean_s), cv))
}

/// The requests of a plan.
pub(super) fn workload(plan: &Plan, streams: &Streams) -> Result<Workload, Fault> {
    let faults = |faults: Vec<_>| faults.iter().map(ToString::to_string).collect::<String>();
    Workload::new(plan, streams).map_err(|all| Fault(faults(all)))
}
