//! How many instances are busy when nothing limits them: M/G/∞ at rest, from empty, and under a
//! daily rate; and how a pool that never shrinks grows.
//!
//! With starts of zero length this is the platform's concurrency under every keep-alive, so nothing
//! here mentions keep-alive.

use std::f64::consts::TAU;

use super::queues::erlang_b;
use super::special::{gamma_p, gamma_q, poisson_density};

/// P(N = k) of the busy count, N ~ Poisson(`load`): M/G/∞ for any service law (V4).
pub fn busy_probability(load: f64, k: u32) -> f64 {
    poisson_density(f64::from(k), load)
}

/// P(N ≥ k) of the busy count; by PASTA also the share of arrivals that find k or more busy (V4).
pub fn busy_at_least(load: f64, k: u32) -> f64 {
    if k == 0 {
        1.0
    } else {
        gamma_p(f64::from(k), load)
    }
}

/// The `q` quantile of the busy count: the least k with P(N ≤ k) ≥ q (V4). 0 < q < 1.
pub fn busy_quantile(load: f64, q: f64) -> u32 {
    let at_most = |k: u32| gamma_q(f64::from(k) + 1.0, load);
    let mut k = load as u32;
    while at_most(k) < q {
        k += 1;
    }
    while k > 0 && at_most(k - 1) >= q {
        k -= 1;
    }
    k
}

/// Service law of the transient formulas, by its mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Service {
    /// Exponential with this mean in seconds.
    Exponential(f64),
    /// Constant, in seconds.
    Constant(f64),
}

/// Mean busy instances `t_s` seconds after an empty start: λ·∫₀ᵗ P(S>u) du (V4b).
pub fn busy_from_empty(rate_per_s: f64, service: Service, t_s: f64) -> f64 {
    match service {
        Service::Exponential(mean_s) => rate_per_s * mean_s * -(-t_s / mean_s).exp_m1(),
        Service::Constant(s) => rate_per_s * t_s.min(s),
    }
}

/// A rate that swings like the day: λ(t) = λ̄·(1 + A·sin(2πt/P)).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DailyRate {
    /// λ̄, arrivals a second.
    pub mean_per_s: f64,
    /// A, between 0 and 1.
    pub amplitude: f64,
    /// P, in seconds.
    pub period_s: f64,
}

impl DailyRate {
    /// Mean busy instances at time `t_s`, long after the start: E∫ λ over the last S (V4c,
    /// M(t)/G/∞). The busy count is Poisson with this mean.
    pub fn busy(&self, service: Service, t_s: f64) -> f64 {
        let omega = TAU / self.period_s;
        match service {
            Service::Exponential(mean_s) => {
                let turn = omega * mean_s;
                let (sin, cos) = (omega * t_s).sin_cos();
                let swing = (sin - turn * cos) / (1.0 + turn * turn);
                self.mean_per_s * mean_s * (1.0 + self.amplitude * swing)
            }
            Service::Constant(s) => {
                // cos ω(t−s) − cos ωt, as a product so that a short service keeps its digits.
                let swing = 2.0 * (omega * (t_s - s / 2.0)).sin() * (omega * s / 2.0).sin();
                self.mean_per_s * (s + self.amplitude * swing / omega)
            }
        }
    }

    /// How long in seconds the peak of the busy count trails the peak of the rate (V4c):
    /// arctan(ω·E\[S\])/ω for exponential service, S/2 for constant (S below the period).
    pub fn peak_lag_s(&self, service: Service) -> f64 {
        let omega = TAU / self.period_s;
        match service {
            Service::Exponential(mean_s) => (omega * mean_s).atan() / omega,
            Service::Constant(s) => s / 2.0,
        }
    }
}

/// Expected time in seconds of the `k`-th cold start when instances are kept for ever and the pool
/// starts empty: Σ 1/(λ·B(j−1, a)) over j = 1..k (V4d).
///
/// M/M/∞ with starts of zero length, under any routing: the pool is the running maximum of the
/// busy count.
pub fn kth_cold_start_s(rate_per_s: f64, mean_service_s: f64, k: u32) -> f64 {
    let load = rate_per_s * mean_service_s;
    (0..k).map(|j| 1.0 / (rate_per_s * erlang_b(j, load))).sum()
}
