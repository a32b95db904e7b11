//! A fixed keep-alive under bursty arrivals: a two-state Markov-modulated Poisson process, and
//! batches that arrive at one instant. Requests take no time.

/// Two-state Markov-modulated Poisson process; rates a second.
///
/// With `arrivals.1` = 0 it is the interrupted Poisson (on/off) process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mmpp2 {
    /// Arrival rates λ₁, λ₂, not both 0.
    pub arrivals: (f64, f64),
    /// Switching rates 1→2 and 2→1, both > 0.
    pub switches: (f64, f64),
}

/// Weight and rate a second of the two exponentials that the gap between arrivals mixes.
type Modes = [(f64, f64); 2];

impl Mmpp2 {
    /// λ̄: arrivals a second in the long run.
    pub fn mean_rate_per_s(&self) -> f64 {
        let ((l1, l2), (q12, q21)) = (self.arrivals, self.switches);
        (l1 * q21 + l2 * q12) / (q12 + q21)
    }

    /// φ·e^((Q−Λ)t)·1 as w₁e^(−r₁t) + w₂e^(−r₂t): r are the eigenvalues of Λ−Q, the weights follow
    /// from Σw = 1 and Σwr = the density at 0. A weight may be 0, never negative.
    fn modes(&self) -> Modes {
        let ((l1, l2), (q12, q21)) = (self.arrivals, self.switches);
        let (a, b) = (l1 + q12, l2 + q21);
        let product = l1 * l2 + l1 * q21 + l2 * q12;
        let fast = 0.5 * (a + b + ((a - b) * (a - b) + 4.0 * q12 * q21).sqrt());
        let slow = product / fast;
        let at_zero = (l1 * l1 * q21 + l2 * l2 * q12) / (l1 * q21 + l2 * q12);
        let weight = ((at_zero - slow) / (fast - slow)).clamp(0.0, 1.0);
        [(weight, fast), (1.0 - weight, slow)]
    }

    /// Squared coefficient of variation of the gap between arrivals (V12).
    pub fn gap_cv2(&self) -> f64 {
        let second: f64 = self
            .modes()
            .iter()
            .map(|(w, rate)| 2.0 * w / (rate * rate))
            .sum();
        second * self.mean_rate_per_s().powi(2) - 1.0
    }

    /// P(cold) = φ·e^((Q−Λ)D)·1, φ the state just after an arrival (V12).
    pub fn cold_ratio(&self, keep_alive_s: f64) -> f64 {
        self.modes()
            .iter()
            .map(|(w, rate)| w * (-rate * keep_alive_s).exp())
            .sum()
    }

    /// Mean idle seconds after each request, φ·(Λ−Q)⁻¹·(I − e^((Q−Λ)D))·1 (V12).
    pub fn idle_s(&self, keep_alive_s: f64) -> f64 {
        self.modes()
            .iter()
            .map(|(w, rate)| w / rate * -(-rate * keep_alive_s).exp_m1())
            .sum()
    }

    /// Mean warm instances, λ̄·[`Self::idle_s`] (V12).
    pub fn mean_warm(&self, keep_alive_s: f64) -> f64 {
        self.mean_rate_per_s() * self.idle_s(keep_alive_s)
    }
}

/// What batches do to a pool under most-recently-used routing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchPool {
    /// Mean batch size.
    pub mean_size: f64,
    /// P(cold) of a request.
    pub cold_ratio: f64,
    /// Mean idle instances.
    pub idle_mean: f64,
}

/// Batches of exactly `size` requests at `batches_per_s`, Poisson (V13): P(cold) = e^(−λD),
/// idle = b·(1 − e^(−λD)).
pub fn fixed_batches(batches_per_s: f64, size: u32, keep_alive_s: f64) -> BatchPool {
    mixed_batches(batches_per_s, &[(1.0, size)], keep_alive_s)
}

/// Batches of random size, P(B ≥ k) = q^(k−1), 0 ≤ `q` < 1 (V13b).
pub fn geometric_batches(batches_per_s: f64, q: f64, keep_alive_s: f64) -> BatchPool {
    let mut tail = 1.0;
    let tails = std::iter::from_fn(|| {
        let now = tail;
        tail *= q;
        (now > 1e-18).then_some(now)
    });
    batches(batches_per_s, tails, keep_alive_s)
}

/// Batches of random size given as (probability, size) points; probabilities sum to 1 (V13b).
pub fn mixed_batches(batches_per_s: f64, sizes: &[(f64, u32)], keep_alive_s: f64) -> BatchPool {
    let largest = sizes.iter().map(|(_, size)| *size).max().unwrap_or(0);
    let tail = |k: u32| {
        sizes
            .iter()
            .filter(|(_, size)| *size >= k)
            .map(|(p, _)| p)
            .sum()
    };
    batches(batches_per_s, (1..=largest).map(tail), keep_alive_s)
}

/// Level k is used by batches of k or more, a Poisson process of rate λ·P(B≥k):
/// P(cold) = Σ P(B≥k)·e^(−λP(B≥k)D)/E\[B\], idle = Σ (1 − e^(−λP(B≥k)D)).
fn batches(batches_per_s: f64, tails: impl Iterator<Item = f64>, keep_alive_s: f64) -> BatchPool {
    let (mut mean_size, mut cold, mut idle_mean) = (0.0, 0.0, 0.0);
    for tail in tails {
        let x = batches_per_s * tail * keep_alive_s;
        mean_size += tail;
        cold += tail * (-x).exp();
        idle_mean -= (-x).exp_m1();
    }
    BatchPool {
        mean_size,
        cold_ratio: cold / mean_size,
        idle_mean,
    }
}
