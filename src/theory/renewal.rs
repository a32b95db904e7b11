//! Renewal arrivals and requests that take no time: a fixed keep-alive, and a prewarm window
//! followed by a keep-alive window.
//!
//! Both need only two functions of the law of the gap between arrivals: its survival and the
//! integral of it.

use super::special::{gamma_p, gamma_q, ln_gamma, normal_cdf};

/// Law of the time between two arrivals, by its mean in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Gap {
    /// Always `mean_s`.
    Constant {
        /// Mean, in seconds.
        mean_s: f64,
    },
    /// Exponential: Poisson arrivals.
    Exponential {
        /// Mean, in seconds.
        mean_s: f64,
    },
    /// Weibull of shape k; scale β = m/Γ(1+1/k).
    Weibull {
        /// Mean, in seconds.
        mean_s: f64,
        /// k > 0.
        shape: f64,
    },
    /// Gamma of shape k; scale m/k.
    Gamma {
        /// Mean, in seconds.
        mean_s: f64,
        /// k > 0.
        shape: f64,
    },
    /// Lognormal; σ² = ln(1+cv²).
    Lognormal {
        /// Mean, in seconds.
        mean_s: f64,
        /// Coefficient of variation, > 0.
        cv: f64,
    },
    /// Two exponentials with balanced means: p = ½(1+√((c²−1)/(c²+1))), rates 2p/m and 2(1−p)/m.
    Hyperexponential {
        /// Mean, in seconds.
        mean_s: f64,
        /// Squared coefficient of variation c² ≥ 1.
        cv2: f64,
    },
    /// Pareto of tail exponent α; least value m(α−1)/α.
    Pareto {
        /// Mean, in seconds.
        mean_s: f64,
        /// α > 1.
        shape: f64,
    },
}

impl Gap {
    /// P(T > t), `t_s` ≥ 0 in seconds: P(cold) of a keep-alive of `t_s` (V7).
    pub fn survival(&self, t_s: f64) -> f64 {
        match *self {
            Self::Constant { mean_s } => f64::from(u8::from(t_s < mean_s)),
            Self::Exponential { mean_s } => (-t_s / mean_s).exp(),
            Self::Weibull { mean_s, shape } => (-weibull_power(mean_s, shape, t_s)).exp(),
            Self::Gamma { mean_s, shape } => gamma_q(shape, t_s * shape / mean_s),
            Self::Lognormal { mean_s, cv } => {
                let (z, _) = lognormal_score(mean_s, cv, t_s);
                normal_cdf(-z)
            }
            Self::Hyperexponential { mean_s, cv2 } => two_exponentials(mean_s, cv2)
                .iter()
                .map(|(p, rate)| p * (-rate * t_s).exp())
                .sum(),
            Self::Pareto { mean_s, shape } => {
                let least = mean_s * (shape - 1.0) / shape;
                if t_s <= least {
                    1.0
                } else {
                    (least / t_s).powf(shape)
                }
            }
        }
    }

    /// E\[min(T, t)\] = ∫₀ᵗ P(T>u) du in seconds: idle time after each request under a keep-alive
    /// of `t_s` (V7).
    pub fn mean_up_to(&self, t_s: f64) -> f64 {
        match *self {
            Self::Constant { mean_s } => mean_s.min(t_s),
            Self::Exponential { mean_s } => mean_s * -(-t_s / mean_s).exp_m1(),
            // (β/k)·γ(1/k, (t/β)^k) with (β/k)·Γ(1/k) = m.
            Self::Weibull { mean_s, shape } => {
                mean_s * gamma_p(1.0 / shape, weibull_power(mean_s, shape, t_s))
            }
            Self::Gamma { mean_s, shape } => {
                let x = t_s * shape / mean_s;
                mean_s * gamma_p(shape + 1.0, x) + t_s * gamma_q(shape, x)
            }
            Self::Lognormal { mean_s, cv } => {
                let (z, sigma) = lognormal_score(mean_s, cv, t_s);
                mean_s * normal_cdf(z - sigma) + t_s * normal_cdf(-z)
            }
            Self::Hyperexponential { mean_s, cv2 } => two_exponentials(mean_s, cv2)
                .iter()
                .map(|(p, rate)| p / rate * -(-rate * t_s).exp_m1())
                .sum(),
            Self::Pareto { mean_s, shape } => {
                let least = mean_s * (shape - 1.0) / shape;
                if t_s <= least {
                    t_s
                } else {
                    // x + x^α·(t^(1−α) − x^(1−α))/(1−α), divided through by x.
                    least - least * ((1.0 - shape) * (t_s / least).ln()).exp_m1() / (shape - 1.0)
                }
            }
        }
    }
}

/// (t/β)^k.
fn weibull_power(mean_s: f64, shape: f64, t_s: f64) -> f64 {
    let scale_s = mean_s / ln_gamma(1.0 + 1.0 / shape).exp();
    (t_s / scale_s).powf(shape)
}

/// z = (ln t − μ)/σ, and σ.
fn lognormal_score(mean_s: f64, cv: f64, t_s: f64) -> (f64, f64) {
    let variance = (cv * cv).ln_1p();
    let sigma = variance.sqrt();
    (((t_s / mean_s).ln() + variance / 2.0) / sigma, sigma)
}

/// Weight and rate a second of each branch.
fn two_exponentials(mean_s: f64, cv2: f64) -> [(f64, f64); 2] {
    let p = 0.5 * (1.0 + ((cv2 - 1.0) / (cv2 + 1.0)).sqrt());
    let q = 1.0 / ((cv2 + 1.0) * 2.0 * p); // 1 − p, without cancellation: p(1−p) = 1/(2(c²+1))
    [(p, 2.0 * p / mean_s), (q, 2.0 * q / mean_s)]
}

/// A prewarm window: unload at the end of a run, load again after `prewarm_s`, unload
/// `keep_alive_s` later (V8). Requests take no time and loading is instantaneous.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Seconds from the end of a run to the load; 0 keeps the instance loaded.
    pub prewarm_s: f64,
    /// Seconds from the load to the unload.
    pub keep_alive_s: f64,
}

impl Window {
    /// P(cold) = P(T < prewarm) + P(T > prewarm + keep-alive) (V8).
    ///
    /// For a law with atoms ([`Gap::Constant`]) a gap exactly at the load instant is counted cold.
    pub fn cold_ratio(&self, gap: Gap) -> f64 {
        let early = if self.prewarm_s > 0.0 {
            1.0 - gap.survival(self.prewarm_s)
        } else {
            0.0
        };
        early + gap.survival(self.prewarm_s + self.keep_alive_s)
    }

    /// Loaded and idle seconds a request, ∫ P(T>u) du over the window (V8).
    pub fn idle_s(&self, gap: Gap) -> f64 {
        gap.mean_up_to(self.prewarm_s + self.keep_alive_s) - gap.mean_up_to(self.prewarm_s)
    }
}
