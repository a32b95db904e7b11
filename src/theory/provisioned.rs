//! Provisioned concurrency: when it pays, and how much of it.
//!
//! Prices are per GB-second in one currency. The 5-minute rounding of provisioned time is left out.

use super::queues::erlang_b;

/// Prices of a GB-second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProvisionedPrices {
    /// Provisioned, used or not.
    pub provisioned: f64,
    /// Duration on a provisioned instance.
    pub provisioned_duration: f64,
    /// Duration on demand.
    pub on_demand: f64,
}

impl ProvisionedPrices {
    /// Utilization above which provisioned costs less than on demand: pc/(od − dpc) (V11).
    pub fn break_even_utilization(&self) -> f64 {
        self.provisioned / (self.on_demand - self.provisioned_duration)
    }

    /// Cost over that of on demand at a `utilization` in (0, 1]: (pc + u·dpc)/(u·od) (V11).
    pub fn cost_ratio(&self, utilization: f64) -> f64 {
        (self.provisioned + utilization * self.provisioned_duration)
            / (utilization * self.on_demand)
    }

    /// The largest saving, 1 − [`Self::cost_ratio`] at full utilization (V11).
    pub fn largest_saving(&self) -> f64 {
        1.0 - self.cost_ratio(1.0)
    }
}

/// Share of requests that spill over beyond `instances` provisioned ones: B(n, a) (V11b).
///
/// Requests go to provisioned instances first and a spilled one runs on demand to its end (ordered
/// hunt), so this is Erlang B, not the Poisson tail. Poisson arrivals, any service law.
pub fn spillover_ratio(load: f64, instances: u32) -> f64 {
    erlang_b(instances, load)
}

/// Utilization of the `nth` provisioned instance, a·(B(n−1, a) − B(n, a)), `nth` ≥ 1 (V11b).
/// Decreasing in `nth`.
pub fn marginal_utilization(load: f64, nth: u32) -> f64 {
    let before = erlang_b(nth.saturating_sub(1), load);
    load * (before - erlang_step(load, nth, before))
}

/// The cheapest static number of provisioned instances: the largest n whose marginal utilization
/// reaches `break_even` (V11b). `break_even` > 0.
pub fn best_count(load: f64, break_even: f64) -> u32 {
    let mut n = 0;
    let mut spill = 1.0;
    loop {
        let next = erlang_step(load, n + 1, spill);
        if load * (spill - next) < break_even {
            return n;
        }
        spill = next;
        n += 1;
    }
}

/// B(n, a) from B(n−1, a).
fn erlang_step(load: f64, n: u32, before: f64) -> f64 {
    load * before / (f64::from(n) + load * before)
}
