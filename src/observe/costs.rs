//! The bill: what was used, and what it costs.

use crate::model::{Billing, Charge, MONTH, Ping, Plan, Prices, ServicePrices, tiered};
use crate::sim::{Ending, Found, RequestEnd};
use crate::units::Span;

/// What is charged for, in requests, GB-seconds and GB.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Usage {
    /// Users' requests that ran.
    pub requests: f64,
    /// Run time of users' requests and of starts nobody waited for, on demand.
    pub gb_s: f64,
    /// Run time of users' requests on provisioned capacity.
    pub provisioned_run_gb_s: f64,
    /// Provisioned capacity, used or not.
    pub provisioned_gb_s: f64,
    /// Billed init of provisioned instances.
    pub provisioned_init_gb_s: f64,
    /// Pings that ran, and rounds that were sent by a function that is charged for.
    pub ping_requests: f64,
    /// Run time of pings on demand and of what sends them.
    pub ping_gb_s: f64,
    /// Run time of pings on provisioned capacity.
    pub ping_provisioned_run_gb_s: f64,
    /// Cached snapshots.
    pub snapshot_gb_s: f64,
    /// Restored snapshots, in GB.
    pub restored_gb: f64,
    /// Requests and pings of functions that the free tier counts.
    pub free_requests: f64,
    /// Run time on demand of functions that the free tier counts.
    pub free_gb_s: f64,
    /// Run time on temporary storage beyond what every function has.
    pub ephemeral_gb_s: f64,
    /// What the services around functions did.
    pub services: Services,
}

/// What costs outside functions: whoever simulates such a service counts it here, in the units that
/// are charged (`model::ServicePrices` tells how a payload counts).
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Services {
    /// Requests to REST APIs.
    pub rest_requests: f64,
    /// Requests to HTTP APIs.
    pub http_requests: f64,
    /// Requests to standard queues, polls that find nothing included.
    pub queue_requests: f64,
    /// Hours of shards.
    pub shard_hours: f64,
    /// Units put into streams.
    pub put_units: f64,
    /// Calls by a scheduler.
    pub scheduled: f64,
    /// State transitions of standard workflows, retries included.
    pub transitions: f64,
    /// Executions of express workflows.
    pub express_requests: f64,
    /// Billed GB-seconds of express workflows.
    pub express_gb_s: f64,
}

/// How many amounts [`Services`] has.
const SERVICES: usize = 9;

/// What it costs, in US dollars.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Bill {
    /// Charges per user request.
    pub requests: f64,
    /// Charges for the run time of users' requests.
    pub duration: f64,
    /// Charges for provisioned capacity and its init.
    pub provisioned: f64,
    /// Charges for cached and restored snapshots.
    pub snapshot: f64,
    /// All charges for pings.
    pub ping: f64,
    /// Charges for temporary storage.
    pub storage: f64,
    /// Charges for requests to an API gateway.
    pub gateway: f64,
    /// Charges for requests to queues.
    pub queue: f64,
    /// Charges for streams.
    pub stream: f64,
    /// Charges for calls by a scheduler.
    pub schedule: f64,
    /// Charges for workflows.
    pub workflow: f64,
}

/// What a unit costs at a volume; tiers and the free tier are in it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct UnitPrices {
    request: f64,
    gb_s: f64,
    services: [f64; SERVICES],
}

impl Services {
    /// The amounts, in the order of the fields.
    fn amounts(&self) -> [f64; SERVICES] {
        [
            self.rest_requests,
            self.http_requests,
            self.queue_requests,
            self.shard_hours,
            self.put_units,
            self.scheduled,
            self.transitions,
            self.express_requests,
            self.express_gb_s,
        ]
    }

    /// Adds another's amounts.
    pub fn add(&mut self, other: &Self) {
        self.rest_requests += other.rest_requests;
        self.http_requests += other.http_requests;
        self.queue_requests += other.queue_requests;
        self.shard_hours += other.shard_hours;
        self.put_units += other.put_units;
        self.scheduled += other.scheduled;
        self.transitions += other.transitions;
        self.express_requests += other.express_requests;
        self.express_gb_s += other.express_gb_s;
    }
}

/// What each of [`Services::amounts`] is charged, in the same order.
fn charges(prices: &ServicePrices) -> [&Charge; SERVICES] {
    [
        &prices.rest_request,
        &prices.http_request,
        &prices.queue_request,
        &prices.shard_hour,
        &prices.put_unit,
        &prices.schedule,
        &prices.transition,
        &prices.express_request,
        &prices.express_gb_s,
    ]
}

impl Usage {
    /// Adds another's usage.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.gb_s += other.gb_s;
        self.provisioned_run_gb_s += other.provisioned_run_gb_s;
        self.provisioned_gb_s += other.provisioned_gb_s;
        self.provisioned_init_gb_s += other.provisioned_init_gb_s;
        self.ping_requests += other.ping_requests;
        self.ping_gb_s += other.ping_gb_s;
        self.ping_provisioned_run_gb_s += other.ping_provisioned_run_gb_s;
        self.snapshot_gb_s += other.snapshot_gb_s;
        self.restored_gb += other.restored_gb;
        self.free_requests += other.free_requests;
        self.free_gb_s += other.free_gb_s;
        self.ephemeral_gb_s += other.ephemeral_gb_s;
        self.services.add(&other.services);
    }

    /// Adds runs of the function that sends rounds of pings, which free tiers count.
    pub(super) fn add_sender(&mut self, ping: &Ping, rounds: f64, billing: &Billing) {
        let run = billing.billed(ping.sender_run());
        let gb_s = rounds * gb_seconds(run.nanos().into(), Ping::sender_memory().gb());
        self.ping_requests += rounds;
        self.free_requests += rounds;
        self.ping_gb_s += gb_s;
        self.free_gb_s += gb_s;
    }
}

impl Bill {
    /// The sum of all charges.
    pub fn total(&self) -> f64 {
        let functions =
            self.requests + self.duration + self.provisioned + self.snapshot + self.ping;
        let around = self.gateway + self.queue + self.stream + self.schedule + self.workflow;
        functions + self.storage + around
    }
}

impl UnitPrices {
    /// Unit prices at the volume that `usage` in `window` comes to in a month.
    pub fn of_volume(prices: &Prices, usage: &Usage, window: Span) -> Self {
        /// What is left by rounding of what is all free.
        const ROUNDING: f64 = 1e-9;
        let monthly = |amount: f64| {
            if window.is_zero() {
                0.0
            } else {
                amount * MONTH.secs() / window.secs()
            }
        };
        let requests = monthly(usage.requests + usage.ping_requests);
        let gb_s = monthly(usage.gb_s + usage.ping_gb_s);
        let (free_requests, free_gb_s) = prices.free_tier.map_or((0.0, 0.0), |free| {
            let least = |free: f64, used: f64| free.min(monthly(used));
            (
                least(free.requests, usage.free_requests),
                least(free.gb_seconds, usage.free_gb_s),
            )
        });
        let share = |paid: f64, all: f64| {
            if all > 0.0 && paid > 0.0 {
                paid / all
            } else {
                0.0
            }
        };
        let paid = |all: f64, free: f64| {
            let paid = all - free;
            if paid < ROUNDING * all { 0.0 } else { paid }
        };
        Self {
            request: prices.request * share(paid(requests, free_requests), requests),
            gb_s: share(tiered(&prices.duration, paid(gb_s, free_gb_s)), gb_s),
            services: service_units(&prices.services, usage.services.amounts().map(monthly)),
        }
    }

    /// The bill of some usage at these unit prices.
    pub fn bill(&self, prices: &Prices, usage: &Usage) -> Bill {
        let run = prices.provisioned_duration;
        let mut services = usage.services.amounts();
        for (amount, unit) in services.iter_mut().zip(self.services) {
            *amount *= unit;
        }
        let [
            rest,
            http,
            queue,
            shards,
            puts,
            scheduled,
            transitions,
            express_requests,
            express_gb_s,
        ] = services;
        Bill {
            storage: usage.ephemeral_gb_s * prices.ephemeral_storage,
            gateway: rest + http,
            queue,
            stream: shards + puts,
            schedule: scheduled,
            workflow: transitions + express_requests + express_gb_s,
            requests: usage.requests * self.request,
            duration: usage.gb_s * self.gb_s + usage.provisioned_run_gb_s * run,
            provisioned: usage.provisioned_gb_s * prices.provisioned_capacity
                + usage.provisioned_init_gb_s * run,
            snapshot: usage.snapshot_gb_s * prices.snapshot_cache
                + usage.restored_gb * prices.snapshot_restore,
            ping: usage.ping_requests * self.request
                + usage.ping_gb_s * self.gb_s
                + usage.ping_provisioned_run_gb_s * run,
        }
    }
}

/// The bill of one account whose usage fell in `window`, with tiers and free tier by the month.
pub fn bill(prices: &Prices, usage: &Usage, window: Span) -> Bill {
    UnitPrices::of_volume(prices, usage, window).bill(prices, usage)
}

/// What a unit of each service costs at a month's amounts.
fn service_units(prices: &ServicePrices, monthly: [f64; SERVICES]) -> [f64; SERVICES] {
    let of = charges(prices);
    std::array::from_fn(|i| {
        let amount = monthly[i];
        if amount <= 0.0 {
            return 0.0;
        }
        of[i].of_month(amount) / amount
    })
}

/// GB-seconds of a number of billed nanoseconds.
pub fn gb_seconds(nanos: u128, gb: f64) -> f64 {
    nanos as f64 / 1e9 * gb
}

/// The billed length of a request or ping: its run, and the part of its start that is billed where
/// init is. Nothing where it never ran, or where the platform has no prices.
pub fn charged(plan: &Plan, end: &RequestEnd) -> Span {
    let billing = plan.platform.prices.as_ref().map(|prices| &prices.billing);
    let init_billed = plan.functions[end.function.index()].init_billed;
    billed(billing, init_billed, end)
}

/// The same, under billing rules and for a function that are known.
#[inline]
pub(super) fn billed(billing: Option<&Billing>, init_billed: bool, end: &RequestEnd) -> Span {
    // What an abandoned request costs is known when its function ends.
    let unknown = end.found == Found::Nothing || end.ending == Ending::Abandoned;
    let Some(billing) = billing.filter(|_| !unknown) else {
        return Span::ZERO;
    };
    // What runs after a restore has always been billed.
    let start = if init_billed || matches!(end.found, Found::Restored(_)) {
        end.billable_start
    } else {
        Span::ZERO
    };
    billing.billed((end.ended - end.begun) + start)
}
