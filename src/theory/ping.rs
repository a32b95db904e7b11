//! Keeping one instance warm with a periodic ping: what it prevents and what it costs.

/// Chance that a user's request is cold while something pings every `period_s` seconds (V10):
/// 0 for T ≤ D, else (1 − D/T)·e^(−λD).
///
/// Poisson users at `rate_per_s`, one instance, zero service, the first ping left out. Where a ping
/// runs for s seconds, pass T − s as the period.
pub fn user_cold_ratio(rate_per_s: f64, period_s: f64, keep_alive_s: f64) -> f64 {
    if period_s <= keep_alive_s {
        return 0.0;
    }
    (1.0 - keep_alive_s / period_s) * (-rate_per_s * keep_alive_s).exp()
}

/// Chance that the ping itself is cold (V10): 0 for T ≤ D, else e^(−λD).
pub fn ping_cold_ratio(rate_per_s: f64, period_s: f64, keep_alive_s: f64) -> f64 {
    if period_s <= keep_alive_s {
        0.0
    } else {
        (-rate_per_s * keep_alive_s).exp()
    }
}

/// What pings are billed for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pings {
    /// Seconds between two rounds.
    pub period_s: f64,
    /// Instances pinged at once.
    pub instances: f64,
    /// Memory of the function in GB.
    pub memory_gb: f64,
    /// Billed seconds of one ping.
    pub billed_s: f64,
}

/// The bill of a ping over a month of 30 days.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PingBill {
    /// Pings sent.
    pub invocations: f64,
    /// Price of the requests, in the currency of the prices given.
    pub requests: f64,
    /// Price of their duration, in the same currency.
    pub duration: f64,
}

impl PingBill {
    /// Requests and duration.
    pub fn total(&self) -> f64 {
        self.requests + self.duration
    }
}

/// Seconds in the 30 days that [`Pings::monthly_bill`] counts.
pub const MONTH_S: f64 = 2_592_000.0;

impl Pings {
    /// The bill of a month of 30 days: N = 2 592 000/T · n invocations,
    /// N·(request + GB·billed·GB-second) (V10b).
    pub fn monthly_bill(&self, per_request: f64, per_gb_s: f64) -> PingBill {
        let invocations = MONTH_S / self.period_s * self.instances;
        PingBill {
            invocations,
            requests: invocations * per_request,
            duration: invocations * self.memory_gb * self.billed_s * per_gb_s,
        }
    }
}
