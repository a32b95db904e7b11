//! Special functions that the closed forms and the intervals need.
//!
//! Written here rather than taken from a crate: the few that are needed fit on two pages once they
//! share one accurate core, Stirling's remainder and the deviance (C. Loader, "Fast and accurate
//! computation of binomial probabilities", 2000). That core keeps the relative error of the
//! incomplete gamma and beta functions near 1e-14 even for large parameters, where differences of
//! log-gammas lose digits.
//!
//! Nothing here knows queues, samples or platforms.

#![expect(clippy::many_single_char_names, reason = "the letters of the formulas")]

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// ½·ln 2π.
const HALF_LN_2PI: f64 = 0.918_938_533_204_672_7;

/// More terms than any series or continued fraction below needs for parameters up to 1e9.
const MOST_TERMS: u32 = 1_000_000;

/// Stirling's remainder δ(x) = ln Γ(x+1) − (x+½)·ln x + x − ½·ln 2π, for x > 0.
///
/// Absolute error about 1e-15. Below 10 it climbs by δ(x) = δ(x+1) + (x+½)·ln(1+1/x) − 1, above it
/// sums the asymptotic series.
fn stirling_remainder(x: f64) -> f64 {
    let mut climbed = 0.0;
    let mut at = x;
    while at < 10.0 {
        climbed += (at + 0.5) * (1.0 / at).ln_1p() - 1.0;
        at += 1.0;
    }
    let inverse = 1.0 / at;
    let square = inverse * inverse;
    let series = [
        1.0 / 156.0,
        -691.0 / 360_360.0,
        1.0 / 1188.0,
        -1.0 / 1680.0,
        1.0 / 1260.0,
        -1.0 / 360.0,
        1.0 / 12.0,
    ]
    .iter()
    .fold(0.0, |sum, term| sum * square + term);
    climbed + series * inverse
}

/// Deviance x·ln(x/m) + m − x, without the cancellation near x = m; for x, m > 0.
fn deviance(x: f64, m: f64) -> f64 {
    if (x - m).abs() >= 0.1 * (x + m) {
        return x * (x / m).ln() + m - x;
    }
    let v = (x - m) / (x + m);
    let mut sum = (x - m) * v;
    let mut term = 2.0 * x * v;
    let mut odd = 3.0;
    loop {
        term *= v * v;
        let next = sum + term / odd;
        if next.to_bits() == sum.to_bits() {
            return sum;
        }
        sum = next;
        odd += 2.0;
    }
}

/// ln Γ(x), for x > 0. Absolute error about 1e-15·max(1, |ln Γ(x)|).
pub fn ln_gamma(x: f64) -> f64 {
    stirling_remainder(x) + (x - 0.5) * x.ln() - x + HALF_LN_2PI
}

/// Γ(x), for 0 < x < 171.6.
pub fn gamma(x: f64) -> f64 {
    ln_gamma(x).exp()
}

/// m^x·e^(−m) / Γ(x+1): the Poisson probability of x at mean m, for real x ≥ 0 and m ≥ 0.
///
/// Relative error about 1e-14 wherever the answer is a normal number.
pub fn poisson_density(x: f64, mean: f64) -> f64 {
    if x <= 0.0 {
        return (-mean).exp();
    }
    if mean <= 0.0 {
        return 0.0;
    }
    (-stirling_remainder(x) - deviance(x, mean)).exp() / (2.0 * PI * x).sqrt()
}

/// Regularised lower incomplete gamma P(a, x) = γ(a, x) / Γ(a), for a > 0 and x ≥ 0.
///
/// Also the Poisson tail: P(N ≥ a) at mean x for integer a.
pub fn gamma_p(a: f64, x: f64) -> f64 {
    if x < a + 1.0 {
        gamma_series(a, x)
    } else {
        1.0 - gamma_fraction(a, x)
    }
}

/// Regularised upper incomplete gamma Q(a, x) = 1 − P(a, x), for a > 0 and x ≥ 0.
///
/// Keeps its relative accuracy deep in the tail.
pub fn gamma_q(a: f64, x: f64) -> f64 {
    if x < a + 1.0 {
        1.0 - gamma_series(a, x)
    } else {
        gamma_fraction(a, x)
    }
}

/// P(a, x) by its power series, for x < a + 1.
fn gamma_series(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let mut term = 1.0;
    let mut sum = 1.0;
    let mut n = a;
    while term > sum * f64::EPSILON * 0.1 {
        n += 1.0;
        term *= x / n;
        sum += term;
    }
    sum * poisson_density(a, x)
}

/// Q(a, x) by Legendre's continued fraction (modified Lentz), for x ≥ a + 1.
fn gamma_fraction(a: f64, x: f64) -> f64 {
    if x.is_infinite() {
        return 0.0;
    }
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / f64::MIN_POSITIVE;
    let mut d = 1.0 / b;
    let mut h = d;
    for i in 1..=MOST_TERMS {
        let i = f64::from(i);
        let numerator = -i * (i - a);
        b += 2.0;
        d = 1.0 / away_from_zero(numerator * d + b);
        c = away_from_zero(b + numerator / c);
        let factor = d * c;
        h *= factor;
        if (factor - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    h * a * poisson_density(a, x)
}

fn away_from_zero(x: f64) -> f64 {
    if x.abs() < f64::MIN_POSITIVE {
        f64::MIN_POSITIVE
    } else {
        x
    }
}

/// Error function.
pub fn erf(x: f64) -> f64 {
    gamma_p(0.5, x * x).copysign(x)
}

/// Complementary error function 1 − erf(x), relative error below 1e-13 into the far tail.
pub fn erfc(x: f64) -> f64 {
    if x >= 0.0 {
        gamma_q(0.5, x * x)
    } else {
        1.0 + gamma_p(0.5, x * x)
    }
}

/// Φ(z): the standard normal distribution function.
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * erfc(-z * FRAC_1_SQRT_2)
}

/// Standard normal density.
pub fn normal_density(z: f64) -> f64 {
    (-0.5 * z * z - HALF_LN_2PI).exp()
}

/// Regularised incomplete beta I(a, b) at x, for a, b > 0.
///
/// Takes both x and y = 1 − x, so that neither end loses digits.
pub fn beta_i(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x > (a + 1.0) / (a + b + 2.0) {
        1.0 - beta_fraction(b, a, y, x)
    } else {
        beta_fraction(a, b, x, y)
    }
}

/// I(a, b) at x by its continued fraction, quick where x is below the mean.
fn beta_fraction(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let sum = a + b;
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - sum * x / (a + 1.0));
    let mut h = d;
    for m in 1..=MOST_TERMS {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away_from_zero(1.0 + even * d);
        c = away_from_zero(1.0 + even / c);
        h *= d * c;
        let odd = -(a + m) * (sum + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away_from_zero(1.0 + odd * d);
        c = away_from_zero(1.0 + odd / c);
        let factor = d * c;
        h *= factor;
        if (factor - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    h * binomial_density(a, b, x, y) * b / sum
}

/// Γ(a+b+1) / (Γ(a+1)·Γ(b+1)) · x^a·y^b, for a, b > 0.
fn binomial_density(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let n = a + b;
    let exponent = stirling_remainder(n)
        - stirling_remainder(a)
        - stirling_remainder(b)
        - deviance(a, n * x)
        - deviance(b, n * y);
    exponent.exp() * (n / (2.0 * PI * a * b)).sqrt()
}
