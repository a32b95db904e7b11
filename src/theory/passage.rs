//! The time in which the busy count climbs by one: first passage of M/M/∞ from k−1 to k.
//!
//! This is the idle time of an instance under most-recently-used routing; [`super::lifo`] sums it
//! over levels. Nothing here knows keep-alive.
//!
//! The passage is phase type on 0..k−1. Symmetrised, its generator is −`BBᵀ` with B bidiagonal (√λ
//! on the diagonal, √(jμ) below), so its survival is Σ wᵢ·e^(−θᵢt), where θᵢ are the eigenvalues of
//! `BᵀB` and wᵢ the squared last components of its eigenvectors (Karlin–McGregor). Every term is
//! positive and Σ wᵢ = 1: unlike the textbook e'·exp(Qt)·1 in the eigenvectors of Q, nothing
//! cancels and nothing overflows at any k.

/// The law of the passage as a mixture of exponentials.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// Rate a second and weight of each exponential; rates ≥ 0, weights sum to 1.
    modes: Vec<(f64, f64)>,
}

impl Passage {
    /// Solves the climb to `level` ≥ 1 for arrivals at `rate_per_s` > 0 and exponential service of
    /// mean `mean_service_s` > 0.
    ///
    /// The slowest rate, on which all depends at long times, is right to about 1e-14 of itself;
    /// the others to 1e-15·(λ + kμ). O(level²).
    pub fn new(rate_per_s: f64, mean_service_s: f64, level: u32) -> Self {
        let death = 1.0 / mean_service_s;
        let mut diagonal: Vec<f64> = (1..=level)
            .map(|j| rate_per_s + f64::from(j) * death)
            .collect();
        if let Some(last) = diagonal.last_mut() {
            *last = rate_per_s;
        }
        let beside = (1..level)
            .map(|j| (rate_per_s * f64::from(j) * death).sqrt())
            .collect();
        let mut modes = spectrum_at_last(diagonal, beside);
        if let Some(slowest) = modes.iter_mut().min_by(|a, b| a.0.total_cmp(&b.0)) {
            let noise = 1e-10 * (rate_per_s + f64::from(level) * death);
            let from = if slowest.0 > noise { slowest.0 } else { 0.0 };
            *slowest = polish(rate_per_s, death, level, from).unwrap_or(*slowest);
        }
        Self { modes }
    }

    /// Whether all rates exceed `least_per_s`, so that P(T > t) < e^(−t·least). O(level).
    pub fn is_faster_than(
        rate_per_s: f64,
        mean_service_s: f64,
        level: u32,
        least_per_s: f64,
    ) -> bool {
        eliminate(rate_per_s, 1.0 / mean_service_s, level, least_per_s).definite
    }

    /// P(T > t), t in seconds.
    pub fn survival(&self, t_s: f64) -> f64 {
        self.modes
            .iter()
            .map(|(rate, weight)| weight * (-rate * t_s).exp())
            .sum()
    }

    /// E\[min(T, t)\] in seconds.
    pub fn mean_up_to(&self, t_s: f64) -> f64 {
        self.modes
            .iter()
            .map(|&(rate, weight)| {
                let x = rate * t_s;
                // (1 − e^(−x))/x → 1 as x → 0.
                weight * t_s * if x < 1e-16 { 1.0 } else { -(-x).exp_m1() / x }
            })
            .sum()
    }
}

/// What eliminating `BᵀB` − θ from the top leaves.
struct Eliminated {
    /// The last pivot: 1/pivot = Σ wᵢ/(θᵢ − θ).
    pivot: f64,
    /// Its derivative in θ; −1/wᵢ where θ = θᵢ.
    slope: f64,
    /// Whether every pivot is positive: no eigenvalue at or below θ.
    definite: bool,
}

/// With pivots written (j+1)μ + uⱼ the elimination is uⱼ = λ·uⱼ₋₁/(jμ + uⱼ₋₁) − θ, the
/// differential form that keeps a tiny θ's relative accuracy (Fernando and Parlett 1994).
fn eliminate(rate: f64, death: f64, level: u32, theta: f64) -> Eliminated {
    let mut u = rate - theta;
    let mut slope = -1.0;
    let mut definite = true;
    for j in 1..level {
        let fall = f64::from(j) * death;
        let pivot = fall + u;
        definite &= pivot > 0.0;
        slope = rate * fall / (pivot * pivot) * slope - 1.0;
        u = rate * (u / pivot) - theta;
    }
    Eliminated {
        pivot: u,
        slope,
        definite: definite && u > 0.0,
    }
}

/// Newton's steps from below or beside the slowest mode; its rate and weight, unless they stray.
fn polish(rate: f64, death: f64, level: u32, from: f64) -> Option<(f64, f64)> {
    let mut theta = from;
    for _ in 0..40 {
        let at = eliminate(rate, death, level, theta);
        let step = -at.pivot / at.slope;
        theta += step;
        let strayed = from > 0.0 && (theta - from).abs() > 1e-3 * from;
        if !theta.is_finite() || theta < 0.0 || strayed {
            return None;
        }
        if step.abs() <= 1e-12 * theta {
            return Some((theta, -1.0 / eliminate(rate, death, level, theta).slope));
        }
    }
    None
}

/// Eigenvalues of a symmetric tridiagonal matrix, each with its eigenvector's last component
/// squared; `diagonal` of length n, `beside` of length n − 1.
///
/// Implicit QL with shifts (Golub and Welsch 1969, EISPACK `imtql2`), carrying one row of the
/// eigenvector matrix. The matrix is positive definite, so a rounded eigenvalue below 0 is set
/// to 0.
fn spectrum_at_last(mut diagonal: Vec<f64>, mut beside: Vec<f64>) -> Vec<(f64, f64)> {
    let n = diagonal.len();
    beside.resize(n, 0.0);
    let mut row = vec![0.0; n];
    if let Some(last) = row.last_mut() {
        *last = 1.0;
    }
    for low in 0..n {
        loop {
            let split = (low..n - 1)
                .find(|&m| {
                    let scale = diagonal[m].abs() + diagonal[m + 1].abs();
                    beside[m].abs() <= f64::EPSILON * scale
                })
                .unwrap_or(n - 1);
            if split == low {
                break;
            }
            sweep(&mut diagonal, &mut beside, &mut row, low, split);
        }
    }
    diagonal
        .iter()
        .zip(&row)
        .map(|(&rate, &last)| (rate.max(0.0), last * last))
        .collect()
}

/// One implicit QL sweep over the unreduced block `low..=high`.
fn sweep(diagonal: &mut [f64], beside: &mut [f64], row: &mut [f64], low: usize, high: usize) {
    let half_gap = (diagonal[low + 1] - diagonal[low]) / (2.0 * beside[low]);
    let wilkinson = half_gap + half_gap.hypot(1.0).copysign(half_gap);
    let mut bulge = diagonal[high] - diagonal[low] + beside[low] / wilkinson;
    let (mut sin, mut cos, mut carried) = (1.0, 1.0, 0.0);
    for i in (low..high).rev() {
        let f = sin * beside[i];
        let b = cos * beside[i];
        let radius = (f * f + bulge * bulge).sqrt();
        beside[i + 1] = radius;
        if radius <= 0.0 {
            // The block splits by underflow: undo the carry and start again.
            diagonal[i + 1] -= carried;
            beside[high] = 0.0;
            return;
        }
        sin = f / radius;
        cos = bulge / radius;
        let shifted = diagonal[i + 1] - carried;
        let turned = (diagonal[i] - shifted) * sin + 2.0 * cos * b;
        carried = sin * turned;
        diagonal[i + 1] = shifted + carried;
        bulge = cos * turned - b;
        let upper = row[i + 1];
        row[i + 1] = sin * row[i] + cos * upper;
        row[i] = cos * row[i] - sin * upper;
    }
    diagonal[low] -= carried;
    beside[low] = bulge;
    beside[high] = 0.0;
}
