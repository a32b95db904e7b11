//! A fixed or drawn keep-alive with Poisson or strictly periodic arrivals and requests that take no
//! time, and the same over a population of functions.
//!
//! A gap equal to the keep-alive is warm. Overlapping requests are in [`super::lifo`], other
//! arrival laws in [`super::renewal`].

/// What a keep-alive of fixed length gives under Poisson arrivals and zero service (V5).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FixedKeepAlive {
    /// P(cold) = e^(−λD).
    pub cold_ratio: f64,
    /// Mean idle seconds after each request, E\[min(T, D)\] = (1 − e^(−λD))/λ.
    pub idle_s: f64,
    /// Time-average of warm instances, 1 − e^(−λD).
    pub mean_warm: f64,
    /// Mean life of an instance in seconds, (e^(λD) − 1)/λ.
    pub mean_life_s: f64,
}

/// Solves [`FixedKeepAlive`]; `rate_per_s` > 0, `keep_alive_s` ≥ 0.
pub fn fixed(rate_per_s: f64, keep_alive_s: f64) -> FixedKeepAlive {
    let x = rate_per_s * keep_alive_s;
    let mean_warm = -(-x).exp_m1();
    FixedKeepAlive {
        cold_ratio: (-x).exp(),
        idle_s: mean_warm / rate_per_s,
        mean_warm,
        mean_life_s: x.exp_m1() / rate_per_s,
    }
}

/// Share of requests that are cold and find no instance busy, e^(−a−λD): exact for any service law
/// and routing (V5), hence a lower bound of P(cold).
pub fn cold_and_alone(rate_per_s: f64, mean_service_s: f64, keep_alive_s: f64) -> f64 {
    (-rate_per_s * (mean_service_s + keep_alive_s)).exp()
}

/// Cost a second of a fixed keep-alive: λ·C·e^(−λD) + c·(1 − e^(−λD)), with C the cost of a cold
/// start and c that of an idle second, in one currency (V5).
///
/// Monotone in D, so the best keep-alive is a corner: see [`keep_for_ever`].
pub fn fixed_cost_per_s(
    rate_per_s: f64,
    keep_alive_s: f64,
    cold_start_cost: f64,
    idle_cost_per_s: f64,
) -> f64 {
    let kept = fixed(rate_per_s, keep_alive_s);
    rate_per_s * cold_start_cost * kept.cold_ratio + idle_cost_per_s * kept.mean_warm
}

/// Whether Poisson arrivals make it cheapest never to unload: λ·C > c (V5). Otherwise unload at
/// once.
pub fn keep_for_ever(rate_per_s: f64, cold_start_cost: f64, idle_cost_per_s: f64) -> bool {
    rate_per_s * cold_start_cost > idle_cost_per_s
}

/// A keep-alive drawn for each idle period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DrawnKeepAlive {
    /// Exponential with this mean in seconds.
    Exponential {
        /// Mean, in seconds.
        mean_s: f64,
    },
    /// Uniform between two bounds in seconds, `min_s` < `max_s`.
    Uniform {
        /// Lower bound, in seconds.
        min_s: f64,
        /// Upper bound, in seconds.
        max_s: f64,
    },
}

impl DrawnKeepAlive {
    /// P(cold) = E\[e^(−λD)\] under Poisson arrivals and zero service (V5b): 1/(1+λm), or
    /// (e^(−λa) − e^(−λb))/(λ(b−a)).
    pub fn cold_ratio(&self, rate_per_s: f64) -> f64 {
        match *self {
            Self::Exponential { mean_s } => 1.0 / (1.0 + rate_per_s * mean_s),
            Self::Uniform { min_s, max_s } => {
                let width = rate_per_s * (max_s - min_s);
                (-rate_per_s * min_s).exp() * -(-width).exp_m1() / width
            }
        }
    }

    /// Mean idle seconds after each request, (1 − P(cold))/λ (V5b).
    pub fn idle_s(&self, rate_per_s: f64) -> f64 {
        match *self {
            Self::Exponential { mean_s } => mean_s / (1.0 + rate_per_s * mean_s),
            Self::Uniform { .. } => (1.0 - self.cold_ratio(rate_per_s)) / rate_per_s,
        }
    }
}

/// Worst-case ratio to the clairvoyant optimum of keeping C/c seconds (ski rental, V5b).
pub const FIXED_COMPETITIVE_RATIO: f64 = 2.0;

/// Worst-case expected ratio e/(e−1) of the best drawn keep-alive, whose density is
/// [`ski_rental_density`] (V5b).
pub const DRAWN_COMPETITIVE_RATIO: f64 = std::f64::consts::E / (std::f64::consts::E - 1.0);

/// Density at `keep_alive_s` of the best drawn keep-alive against an adversary (V5b):
/// e^(D/R)/(R(e−1)) on \[0, R\], R = C/c = `break_even_s` seconds.
pub fn ski_rental_density(break_even_s: f64, keep_alive_s: f64) -> f64 {
    if (0.0..=break_even_s).contains(&keep_alive_s) {
        (keep_alive_s / break_even_s).exp() / (break_even_s * (std::f64::consts::E - 1.0))
    } else {
        0.0
    }
}

/// Long-run P(cold) of arrivals exactly `period_s` apart, the first left out (V6).
///
/// A warm request takes `warm_s`, a cold one `cold_s`, `warm_s` ≤ `cold_s` < `period_s`; the
/// keep-alive counts from the end of the run. 1 when even the gap after a cold run is too long, 0
/// when the gap after a warm run is not, ½ between: cold and warm take turns.
pub fn periodic_cold_ratio(period_s: f64, warm_s: f64, cold_s: f64, keep_alive_s: f64) -> f64 {
    if period_s - cold_s > keep_alive_s {
        1.0
    } else if period_s - warm_s <= keep_alive_s {
        0.0
    } else {
        0.5
    }
}
