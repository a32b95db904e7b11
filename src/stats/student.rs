//! Quantiles of the normal and of Student's t distribution.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::theory::special::{beta_i, erfc, ln_gamma, normal_density};

/// Quantile of the standard normal: z with Φ(z) = `p`. 0 < `p` < 1; ∓∞ at the ends.
///
/// Relative error about 1e-14 of the lesser tail; near `p` = 1 the rounding of `p` itself is
/// larger, so ask for the lower tail and negate.
pub fn normal_quantile(p: f64) -> f64 {
    from_lesser_tail(p, |q| {
        let tail = |z: f64| 0.5 * erfc(z * std::f64::consts::FRAC_1_SQRT_2);
        solve_tail(q, tail, normal_density)
    })
}

/// Degrees of freedom from which the expansion about the normal is exact to rounding.
const EXPANSION_FROM: f64 = 1e5;

/// Quantile of Student's t with `degrees` of freedom > 0 (fractions and ∞ allowed): t with
/// P(T ≤ t) = `p`. 0 < `p` < 1; ∓∞ at the ends.
///
/// Relative error about 1e-13, by inverting the incomplete beta function; from 1e5 degrees by the
/// Cornish–Fisher expansion about the normal quantile (Abramowitz and Stegun 26.7.5).
pub fn student_t_quantile(p: f64, degrees: f64) -> f64 {
    /// Quantiles that are remembered.
    const MOST: usize = 4096;
    thread_local! {
        /// The same few are asked for again and again: by coverage and count of replications.
        static KNOWN: RefCell<BTreeMap<(u64, u64), f64>> = const { RefCell::new(BTreeMap::new()) };
    }
    let key = (p.to_bits(), degrees.to_bits());
    if let Some(known) = KNOWN.with_borrow(|known| known.get(&key).copied()) {
        return known;
    }
    let quantile = solve_student_t(p, degrees);
    KNOWN.with_borrow_mut(|known| {
        if known.len() < MOST {
            known.insert(key, quantile);
        }
    });
    quantile
}

fn solve_student_t(p: f64, degrees: f64) -> f64 {
    from_lesser_tail(p, |q| {
        if degrees >= EXPANSION_FROM {
            return expand(-normal_quantile(q), degrees);
        }
        let tail = |t: f64| 0.5 * student_t_two_sided(t, degrees);
        let scale = ln_gamma(0.5 * (degrees + 1.0))
            - ln_gamma(0.5 * degrees)
            - 0.5 * (degrees * std::f64::consts::PI).ln();
        let density = |t: f64| (scale - 0.5 * (degrees + 1.0) * (t * t / degrees).ln_1p()).exp();
        solve_tail(q, tail, density)
    })
}

/// P(|T| ≥ `t`) for Student's t with `degrees` of freedom > 0 (fractions allowed), `t` ≥ 0.
pub fn student_t_two_sided(t: f64, degrees: f64) -> f64 {
    let sum = degrees + t * t;
    beta_i(0.5 * degrees, 0.5, degrees / sum, t * t / sum)
}

fn expand(z: f64, degrees: f64) -> f64 {
    let s = z * z;
    let first = z * (s + 1.0) / 4.0;
    let second = z * ((5.0 * s + 16.0) * s + 3.0) / 96.0;
    z + (first + second / degrees) / degrees
}

/// Solves the upper half for the lesser tail and gives it the sign of `p`'s side.
fn from_lesser_tail(p: f64, upper: impl Fn(f64) -> f64) -> f64 {
    if p.is_nan() || !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    let (q, sign) = if p < 0.5 { (p, -1.0) } else { (1.0 - p, 1.0) };
    if q <= 0.0 {
        return sign * f64::INFINITY;
    }
    if q >= 0.5 {
        return 0.0;
    }
    sign * upper(q)
}

/// x > 0 with `tail(x)` = `q`, for a decreasing tail with tail(0) = ½ > `q` and its density: Newton
/// steps on ln tail, kept inside a shrinking bracket.
fn solve_tail(q: f64, tail: impl Fn(f64) -> f64, density: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    while tail(high) > q {
        low = high;
        high *= 2.0;
    }
    let mut x = 0.5 * (low + high);
    for _ in 0..200 {
        let at = tail(x);
        if at > q {
            low = x;
        } else {
            high = x;
        }
        let newton = x + (at / q).ln() * at / density(x);
        let next = if newton > low && newton < high {
            newton
        } else {
            0.5 * (low + high)
        };
        if (next - x).abs() <= 2.0 * f64::EPSILON * x {
            return next;
        }
        x = next;
    }
    x
}
