//! One seed makes a random platform, random functions, processes and remedies; the books must
//! balance, whatever comes, and the same seed must give the same run.

#![expect(clippy::float_cmp, reason = "counts are whole")]

mod behind;
mod traffic;
mod workflows;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use frostline::dist::Dist;
use frostline::experiment::{self, Options, Results};
use frostline::ids::FunctionId;
use frostline::metric::{self, MetricId};
use frostline::model::{
    AccountLimits, BatchSize, Billing, Burst, CacheLevel, ClientRetry, Experiment, FreeTier,
    Function, ImageFetch, InitBilling, Jitter, KeepAlive, LayerFetch, MmppState, Overflow, Ping,
    Plan, Platform, Prices, Process, Profile, Provisioned, RateScope, Remedy, RemedyKind, RetryOn,
    Routing, ScalingRate, Scenario, Scheduled, ScheduledAction, ServicePrices, Snapshot,
    SnapshotAfter, Source, Statistic, Tier, TimedRequests, Tracking, Traffic, Warming, WorkingSet,
};
use frostline::observe::{Summary, SummaryResult, Values};
use frostline::random::{Purpose, Stream, Streams};
use frostline::schedule::{Expression, Schedule, Start, Zone};
use frostline::sim::{Control, Ending, Found, Sender};
use frostline::units::{Memory, Span, Time};
use frostline::validate::lab;
use rand::RngExt;

use crate::sim::stage::Record;

/// Draws whatever a plan needs.
pub(crate) struct Dice(Stream);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Streams::new(seed, 0).stream(0, Purpose::Policy, 7))
    }

    pub(super) fn below(&mut self, n: u32) -> u32 {
        self.0.random_range(0..n)
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }

    fn maybe<T>(&mut self, draw: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.one_in(3).then(|| draw(self))
    }

    /// Sometimes on a grid of half seconds, where much happens at the same instant.
    fn span(&mut self, most_secs: f64) -> Span {
        if self.one_in(3) {
            return Span::from_secs(0.5 * f64::from(self.below(1 + (2.0 * most_secs) as u32)));
        }
        Span::from_secs(self.0.random_range(0.0..most_secs))
    }

    fn some_span(&mut self, most_secs: f64) -> Span {
        self.span(most_secs) + Span::from_millis(10.0)
    }

    fn dist(&mut self, most_secs: f64) -> Dist {
        let span = self.some_span(most_secs);
        let dist = match self.below(8) {
            0 => return Dist::ZERO,
            1 | 2 => return Dist::constant(self.span(most_secs)),
            3 => Dist::exponential(span),
            4 => Dist::lognormal(span, 1.5),
            5 => Dist::uniform(Span::ZERO, span),
            6 => Dist::gamma(span, 0.7),
            _ => Dist::empirical(&[Span::ZERO, span, span + span]),
        };
        dist.unwrap()
    }

    fn keep_alive(&mut self) -> KeepAlive {
        match self.below(6) {
            0 => KeepAlive::Never,
            1 => KeepAlive::ForEver,
            2 => KeepAlive::TwoClocks {
                instance: self.dist(60.0),
                function: self.span(30.0),
            },
            _ => KeepAlive::For(self.dist(60.0)),
        }
    }

    pub(crate) fn prices(&mut self) -> Prices {
        Prices {
            name: "drawn".to_owned(),
            region: None,
            architecture: "x86_64".to_owned(),
            request: 2e-7,
            duration: vec![
                Tier {
                    price: 1.7e-5,
                    up_to: Some(1e5),
                },
                Tier {
                    price: 1.5e-5,
                    up_to: None,
                },
            ],
            provisioned_capacity: 4.2e-6,
            provisioned_duration: 9.7e-6,
            provisioned_step: self.span(300.0),
            snapshot_cache: 1.5e-6,
            snapshot_cache_minimum: self.span(10_800.0),
            snapshot_restore: 1.4e-4,
            ephemeral_storage: 0.0,
            ephemeral_included: Memory::from_bytes(0),
            services: ServicePrices::default(),
            free_tier: self.maybe(|_| FreeTier {
                requests: 1e6,
                gb_seconds: 4e5,
            }),
            billing: Billing {
                step: Span::from_millis(f64::from(self.below(3)) * 50.0),
                minimum: Span::from_millis(f64::from(self.below(3)) * 50.0),
                init: InitBilling::All,
            },
        }
    }

    fn platform(&mut self) -> Platform {
        let mut platform = lab::bare_platform();
        platform.routing = [
            Routing::MostRecentlyUsed,
            Routing::LeastRecentlyUsed,
            Routing::Newest,
            Routing::Oldest,
            Routing::Random,
        ][self.below(5) as usize];
        platform.keep_alive = self.keep_alive();
        let least = Dist::constant(Span::from_millis(500.0));
        platform.max_life = self.maybe(|dice| {
            // Never nothing, or a floor would start instances for ever.
            Dist::mixture(&[(1.0, least), (2.0, Dist::constant(dice.some_span(300.0)))]).unwrap()
        });
        platform.concurrency_quota = self.maybe(|dice| dice.below(30));
        platform.requests_per_second = self.maybe(|dice| 1 + dice.below(20));
        platform.scaling_rate = self.maybe(|dice| ScalingRate {
            burst: dice.below(10),
            instances: dice.below(10),
            every: dice.some_span(20.0),
            per: if dice.one_in(2) {
                RateScope::Account
            } else {
                RateScope::Function
            },
        });
        if self.one_in(2) {
            platform.overflow = Overflow::Queue {
                length: self.maybe(|dice| dice.below(20)),
                max_wait: self.maybe(|dice| dice.span(20.0)),
            };
        }
        platform.client_retry = self.maybe(|dice| ClientRetry {
            attempts: 1 + dice.below(5),
            first: dice.span(1.0),
            factor: 2.0,
            jitter: if dice.one_in(2) {
                Jitter::Full
            } else {
                Jitter::None
            },
            on: RetryOn::THROTTLED,
        });
        platform.provisioned.delay = self.dist(60.0);
        platform.provisioned.instances_per_minute = self.maybe(|dice| dice.below(6000));
        platform.init_limit = self.maybe(|dice| dice.span(3.0));
        platform.provisioned.burst = 1 + self.below(4);
        platform.provisioned.requests_per_second = self.maybe(|dice| 1 + dice.below(3));
        platform.provisioned.recycle = self.maybe(|dice| dice.dist(120.0));
        platform.prices = self.one_in(2).then(|| self.prices());
        platform
    }

    fn function(&mut self) -> Function {
        let service = self.dist(4.0);
        let mut function = lab::bare_function("drawn", service);
        function.memory = Memory::from_mb(f64::from(128 << self.below(5)));
        let start = &mut function.start;
        start.sandbox = self.dist(0.5);
        start.fetch = self.dist(0.5);
        start.runtime = self.dist(0.5);
        start.init = self.dist(2.0);
        start.restore = self.dist(1.0);
        start.after_restore = self.dist(0.5);
        start.warming = self.maybe(|dice| Warming {
            extra: dice.dist(2.0),
            restores: 1 + dice.below(9),
        });
        start.first_call = self.dist(0.5);
        start.restored_first_call = self.maybe(|dice| dice.dist(0.5));
        start.network = self.dist(0.5);
        start.extensions = self.dist(0.3);
        start.download = self.dist(0.5);
        start.layers = (0..self.below(3)).map(|_| self.layer()).collect();
        start.image = self.maybe(Self::image);
        function.timeout = self.maybe(|dice| dice.span(5.0));
        function.error_rate = f64::from(self.below(3)) * 0.1;
        function.reserved_concurrency = self.maybe(|dice| dice.below(10));
        function.init_billed = self.one_in(2);
        function.snapshot_billed = self.one_in(2);
        function.extension_overhead = self.dist(0.2);
        function.working_set = self.maybe(|dice| {
            let base = Memory::from_mb(f64::from(dice.below(300)));
            WorkingSet::new(base, dice.dist(2.0))
        });
        function
    }

    fn layer(&mut self) -> LayerFetch {
        LayerFetch {
            cached: f64::from(self.below(5)) / 4.0,
            fetch: self.span(0.5),
        }
    }

    fn image(&mut self) -> ImageFetch {
        let near = f64::from(self.below(5)) / 4.0;
        let levels = [near, 1.0 - near].map(|hit| CacheLevel {
            hit,
            chunk: self.span(0.01),
        });
        ImageFetch {
            chunks: u64::from(self.below(2000)),
            parallel: 1 + self.below(20),
            levels: levels.into(),
        }
    }

    fn process(&mut self) -> Process {
        let rate = 0.01 + f64::from(self.below(300)) * 0.01;
        match self.below(8) {
            0 => Process::Poisson { rate },
            1 => Process::Every {
                interval: self.some_span(5.0),
                offset: Time::ZERO + self.span(5.0),
            },
            2 => Process::Renewal {
                gap: Dist::exponential(self.some_span(5.0)).unwrap(),
            },
            3 => Process::Mmpp {
                states: vec![
                    MmppState {
                        rate,
                        stay: self.some_span(50.0),
                    },
                    MmppState {
                        rate: 0.0,
                        stay: self.some_span(50.0),
                    },
                ],
            },
            4 => Process::Profile(Profile {
                period: self.some_span(200.0),
                phase: Span::ZERO,
                rates: Arc::new([rate, 0.0, 2.0 * rate]),
            }),
            5 => self.burst(),
            6 => Process::Schedule(TimedRequests {
                until: Time::NEVER,
                at: self.schedule(),
                requests: 1 + self.below(20),
                jitter: self.dist(90.0),
            }),
            _ => Process::Batch {
                rate: rate / 10.0,
                size: BatchSize::Geometric { mean: 3.0 },
            },
        }
    }

    fn burst(&mut self) -> Process {
        Process::Burst(Burst {
            at: Time::ZERO + self.span(50.0),
            requests: self.below(60),
            over: self.span(2.0),
            every: Some(self.some_span(100.0) + Span::from_whole_secs(1)),
            times: self.maybe(|dice| dice.below(5)),
        })
    }

    fn remedy(&mut self) -> RemedyKind {
        match self.below(6) {
            0 => RemedyKind::KeepAlive(self.keep_alive()),
            1 => RemedyKind::Ping(Ping {
                every: self.some_span(60.0),
                instances: self.below(6),
                hold: self.span(1.0),
                skew: self.dist(2.0),
                offset: Dist::constant(self.span(60.0)),
                sender: self.below(2) == 1,
            }),
            2 => RemedyKind::Provisioned(Provisioned::Constant(self.below(8))),
            3 => {
                let rule = self.tracking();
                RemedyKind::Provisioned(if self.one_in(2) {
                    Provisioned::Tracking(rule)
                } else {
                    self.scheduled(rule)
                })
            }
            4 => RemedyKind::Snapshot(Snapshot {
                after: if self.one_in(2) {
                    SnapshotAfter::Init
                } else {
                    SnapshotAfter::WarmUpCall
                },
                versions: 1 + self.below(3),
            }),
            _ => RemedyKind::MinInstances(self.below(6)),
        }
    }

    fn tracking(&mut self) -> Tracking {
        let min = self.below(4);
        Tracking {
            min,
            max: min + self.below(6),
            target: 0.1 + f64::from(self.below(9)) * 0.1,
            statistic: if self.one_in(2) {
                Statistic::Average
            } else {
                Statistic::Maximum
            },
            scale_out_cooldown: self.span(120.0),
            scale_in_cooldown: self.span(120.0),
        }
    }

    /// Every few minutes other bounds.
    fn scheduled(&mut self, rule: Tracking) -> Provisioned {
        let tracking = self.one_in(2).then_some(rule);
        let actions = (0..=self.below(3)).map(|_| {
            let min = self.below(5);
            ScheduledAction {
                at: self.schedule(),
                min: Some(min),
                max: Some(min + tracking.map_or(0, |_| self.below(4))),
            }
        });
        Provisioned::Scheduled(Scheduled {
            instances: rule.min,
            tracking,
            actions: actions.collect(),
        })
    }

    fn schedule(&mut self) -> Schedule {
        let text = ["*/2 * * * *", "1-59/3 * * * *", "rate(4 minutes)"][self.below(3) as usize];
        let expression = Expression::parse(text).unwrap();
        Schedule::new(expression, Zone::UTC, Start::default())
    }

    /// Remedies without two owners of a question, two capacities or two floors for a function.
    fn remedies(&mut self, functions: u32) -> Vec<Remedy> {
        let mut taken = Vec::new();
        let mut remedies = Vec::new();
        for _ in 0..self.below(5) {
            let kind = self.remedy();
            let once = match kind {
                RemedyKind::Ping(_) => None,
                RemedyKind::KeepAlive(_) => Some(0),
                RemedyKind::Provisioned(_) => Some(1),
                RemedyKind::Snapshot(_) => Some(2),
                RemedyKind::MinInstances(_) => Some(3),
            };
            let mut chosen: Vec<_> = (0..functions).map(FunctionId).collect();
            chosen.retain(|id| !self.one_in(3) && !taken.contains(&(once, *id)));
            if once.is_some() {
                taken.extend(chosen.iter().map(|id| (once, *id)));
            }
            remedies.push(Remedy {
                kind,
                functions: chosen,
            });
        }
        remedies
    }

    pub(crate) fn plan(&mut self) -> Plan {
        let functions = 1 + self.below(8);
        let sources: Vec<_> = (0..functions + self.below(3))
            .map(|n| Source::Process {
                function: FunctionId(n % functions),
                process: self.process(),
            })
            .collect();
        let mut plan = Plan {
            platform: self.platform().into(),
            functions: (0..functions).map(|_| self.function()).collect(),
            sources: sources.into(),
            traffic: Traffic::default(),
            remedies: self.remedies(functions),
            warm_up: if self.one_in(2) {
                Span::ZERO
            } else {
                self.span(200.0)
            },
            duration: self.some_span(600.0),
        };
        self.accounts(&mut plan);
        self.workflows(&mut plan);
        if self.one_in(3) {
            plan.traffic = self.traffic(functions);
        }
        plan
    }

    /// Quotas on the requests of reservations, temporary storage, and further accounts.
    fn accounts(&mut self, plan: &mut Plan) {
        let platform = Arc::make_mut(&mut plan.platform);
        platform.requests_per_concurrency = self.maybe(|dice| 1 + dice.below(3));
        let further = if self.one_in(4) { 1 + self.below(2) } else { 0 };
        platform.accounts = (0..further)
            .map(|number| AccountLimits {
                name: format!("account {number}"),
                concurrency_quota: self.maybe(|dice| dice.below(20)),
                unreserved_minimum: 0,
                requests_per_second: self.maybe(|dice| 1 + dice.below(20)),
                scaling_rate: platform.scaling_rate.filter(|_| self.one_in(2)),
            })
            .collect();
        for function in Arc::make_mut(&mut plan.functions) {
            function.account = self.below(further + 1);
            function.ephemeral_storage = self.maybe(|_| Memory::from_mb(2048.0));
        }
    }
}

fn run(plan: &Plan, seed: u64, batches: u32) -> (SummaryResult, Record) {
    let mut observers = (Summary::new(plan, batches), Record::default());
    lab::observe(plan, seed, 0, &mut observers).unwrap();
    match observers.0.into_result().unwrap() {
        Ok(summary) => (summary, observers.1),
        Err(violation) => panic!("{violation}"),
    }
}

/// Measures that are parts of others.
fn check_measures(summary: &SummaryResult) {
    let value = |id: MetricId| summary.values.get(id).unwrap_or(0.0);
    let causes: f64 = MetricId::all()
        .filter(|id| id.metric().name.starts_with("cold_cause_"))
        .map(value)
        .sum();
    let ran = value(metric::COMPLETED) + value(metric::FAILED) + value(metric::TIMED_OUT);
    assert_eq!(causes, value(metric::COLD_STARTS));
    assert!(value(metric::OUT_OF_MEMORY) <= value(metric::FAILED));
    assert!(value(metric::RESTORES) <= value(metric::COLD_STARTS));
    assert!(value(metric::PREWARMS) <= value(metric::STARTS));
    assert!(value(metric::PREWARMS_UNUSED) <= value(metric::PREWARMS));
    assert!(value(metric::SPILLOVERS) <= value(metric::REQUESTS) + value(metric::RETRIES));
    assert!(value(metric::INSTANCES_MEAN) <= value(metric::INSTANCES_PEAK) + 1e-9);
    assert!(value(metric::BUSY_PEAK) <= value(metric::INSTANCES_PEAK));
    for id in MetricId::all() {
        let value = value(id);
        assert!(
            value.is_finite() && value >= 0.0,
            "{}: {value}",
            id.metric().name
        );
    }
    assert_eq!(summary.latency.count() as f64, ran);
}

fn check_requests(record: &Record) {
    for end in &record.ends {
        assert!(end.arrived <= end.admitted && end.admitted <= end.begun);
        assert_eq!(
            end.latency(),
            end.wait() + end.start() + end.service(),
            "{end:?}"
        );
    }
}

fn values(summary: &SummaryResult) -> Vec<Option<f64>> {
    let functions = summary.functions.iter().map(|function| &function.values);
    let all = [&summary.values].into_iter();
    all.chain(&summary.batches)
        .chain(functions)
        .flat_map(Values::iter)
        .collect()
}

fn check(seed: u64) -> u64 {
    let mut dice = Dice::new(seed);
    let plan = dice.house();
    let batches = 1 + dice.below(2) * dice.below(20);
    let (summary, record) = run(&plan, seed, batches);
    check_measures(&summary);
    check_requests(&record);
    behind::check_tries(&plan, &summary, &record);
    behind::check_connections(&plan, &record);
    let (again, record_again) = run(&plan, seed, batches);
    assert!(record == record_again, "the same seed differs");
    assert!(values(&summary) == values(&again), "the same seed differs");
    // How the measured time is cut must not change what is measured.
    let (whole, _) = run(&plan, seed, 1);
    for id in MetricId::all() {
        let [whole, parts] = [&whole, &summary].map(|s| s.values.get(id));
        let close = match (whole, parts) {
            (Some(whole), Some(parts)) => (whole - parts).abs() <= 1e-9 * whole.abs(),
            (whole, parts) => whole == parts,
        };
        assert!(close, "{}: {whole:?} {parts:?}", id.metric().name);
    }
    record.arrived.len() as u64
}

#[test]
fn the_books_of_any_random_house_balance_and_the_same_seed_gives_the_same_run() {
    let mut requests = 0;
    for seed in 0..400 {
        let Ok(arrived) = catch_unwind(AssertUnwindSafe(|| check(seed))) else {
            panic!("the swarm fails with seed {seed}");
        };
        requests += arrived;
    }
    assert!(requests > 200_000, "{requests}");
}

fn results(experiment: &Experiment, jobs: usize) -> Results {
    let options = Options {
        jobs: Some(jobs),
        ..Options::default()
    };
    experiment::run(experiment, &options, &Control::default()).unwrap()
}

#[test]
fn one_job_and_four_give_the_same_results() {
    for seed in 0..12 {
        let mut dice = Dice::new(1000 + seed);
        let scenarios = (0..3)
            .map(|n| Scenario {
                policy: format!("{n}"),
                set: Vec::new(),
                plan: dice.house(),
                keep_alive_curve: n % 2 == 0,
                claimed_concurrency: n % 3 == 0,
            })
            .collect();
        let experiment = Experiment {
            name: "swarm".to_owned(),
            question: String::new(),
            seed,
            replications: 1 + dice.below(4),
            set: Vec::new(),
            slo: Vec::new(),
            assertions: Vec::new(),
            scenarios,
        };
        let [one, four] = [1, 4].map(|jobs| format!("{:?}", results(&experiment, jobs)));
        assert!(one == four, "seed {seed}");
    }
}
