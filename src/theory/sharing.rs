//! Several requests in one instance that share its processors equally (processor sharing).

use super::queues::ErlangC;

/// M/M/1-PS mean response time in seconds, E\[S\]/(1−ρ) (V14); any service law, infinite at ρ ≥ 1.
///
/// Also the mean response of a request of given size: pass its size as `size_s`.
pub fn shared_response_s(rate_per_s: f64, mean_service_s: f64, size_s: f64) -> f64 {
    let free = 1.0 - rate_per_s * mean_service_s;
    if free <= 0.0 {
        f64::INFINITY
    } else {
        size_s / free
    }
}

/// M/M/1-PS mean number present, ρ/(1−ρ) (V14); infinite at ρ ≥ 1.
pub fn shared_count(rate_per_s: f64, mean_service_s: f64) -> f64 {
    rate_per_s * shared_response_s(rate_per_s, mean_service_s, mean_service_s)
}

/// One processor shared by at most so many requests, the rest rejected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoundedSharing {
    /// Share of offered requests rejected.
    pub reject_probability: f64,
    /// Mean number present.
    pub mean_count: f64,
    /// Mean response time in seconds of the requests accepted.
    pub mean_response_s: f64,
}

/// Solves [`BoundedSharing`] (V14b): p(n) ∝ ρⁿ on 0..=`capacity`; any service law.
pub fn bounded_sharing(rate_per_s: f64, mean_service_s: f64, capacity: u32) -> BoundedSharing {
    let law = super::queues::count_law(rate_per_s * mean_service_s, 1, capacity);
    let reject_probability = law[capacity as usize];
    let mean_count: f64 = law.iter().enumerate().map(|(n, p)| n as f64 * p).sum();
    BoundedSharing {
        reject_probability,
        mean_count,
        mean_response_s: mean_count / (rate_per_s * (1.0 - reject_probability)),
    }
}

/// M/M/c-PS mean response time in seconds: `cpus` processors, at most one a request (V14c).
///
/// The count is that of M/M/c, hence the response too; exponential service only.
pub fn multi_cpu_response_s(rate_per_s: f64, mean_service_s: f64, cpus: u32) -> f64 {
    ErlangC::new(rate_per_s, mean_service_s, cpus).mean_response_s
}
