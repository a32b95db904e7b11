//! The bill: what was used, and what it costs.

use crate::model::{Billing, Plan, Prices};
use crate::sim::{Found, RequestEnd};
use crate::units::Span;

/// A month of 30 days, for which bills are extrapolated.
pub const MONTH: Span = Span::from_whole_secs(30 * 86_400);

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
    /// Pings that ran.
    pub ping_requests: f64,
    /// Run time of pings on demand.
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
}

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
}

/// What a unit costs at a volume; tiers and the free tier are in it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct UnitPrices {
    request: f64,
    gb_s: f64,
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
    }
}

impl Bill {
    /// The sum of all charges.
    pub fn total(&self) -> f64 {
        self.requests + self.duration + self.provisioned + self.snapshot + self.ping
    }
}

impl UnitPrices {
    /// Unit prices at the volume that `usage` in `window` comes to in a month.
    pub fn of_volume(prices: &Prices, usage: &Usage, window: Span) -> Self {
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
        let share = |paid: f64, all: f64| if all > 0.0 { paid / all } else { 0.0 };
        Self {
            request: prices.request * share(requests - free_requests, requests),
            gb_s: share(tiered(prices, gb_s - free_gb_s), gb_s),
        }
    }

    /// The bill of some usage at these unit prices.
    pub fn bill(&self, prices: &Prices, usage: &Usage) -> Bill {
        let run = prices.provisioned_duration;
        Bill {
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

/// The price of a month's GB-seconds through the tiers.
fn tiered(prices: &Prices, gb_s: f64) -> f64 {
    let mut from = 0.0;
    let mut sum = 0.0;
    for tier in &prices.duration {
        let to = tier.up_to.unwrap_or(f64::INFINITY).min(gb_s);
        sum += (to - from).max(0.0) * tier.price;
        from = to.max(from);
    }
    sum
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
    let Some(billing) = billing.filter(|_| end.found != Found::Nothing) else {
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
