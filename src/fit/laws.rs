//! Families of distributions, each with how it is fitted to numbers above zero: by likelihood, or
//! by moments where frostline's own parameters are moments.
//!
//! Lengths are in milliseconds.

use crate::dist::{Dist, DistError};
use crate::stats::student::normal_quantile;
use crate::theory::special::{gamma_p, ln_gamma, normal_cdf};
use crate::units::Span;

use super::digits::{ms, short};
use super::sample::quantile;

/// Percentiles that stand for a distribution that no family fits.
pub(super) const PERCENTILES: [f64; 14] = [
    0.0, 1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 98.0, 99.0, 99.5, 99.9, 100.0,
];

/// A distribution with its parameters.
#[derive(Clone, PartialEq, Debug)]
pub enum Law {
    /// Always the same.
    Constant(f64),
    /// Normal, far from zero.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        sd: f64,
    },
    /// Lognormal.
    LogNormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// Gamma.
    Gamma {
        /// Shape.
        shape: f64,
        /// Scale.
        scale: f64,
    },
    /// Weibull.
    Weibull {
        /// Shape.
        shape: f64,
        /// Scale.
        scale: f64,
    },
    /// Exponential.
    Exponential {
        /// Mean.
        mean: f64,
    },
    /// Two exponentials with balanced means.
    Hyperexponential {
        /// Mean.
        mean: f64,
        /// Coefficient of variation, above 1.
        cv: f64,
    },
    /// Points of the cumulative distribution: (percentile, value), linear between.
    Percentiles(Vec<(f64, f64)>),
}

impl Law {
    /// Name of the family.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Constant(_) => "constant",
            Self::Normal { .. } => "normal",
            Self::LogNormal { .. } => "lognormal",
            Self::Gamma { .. } => "gamma",
            Self::Weibull { .. } => "weibull",
            Self::Exponential { .. } => "exponential",
            Self::Hyperexponential { .. } => "hyperexponential",
            Self::Percentiles(_) => "percentiles",
        }
    }

    /// Parameters that were chosen by the numbers.
    pub(super) fn parameters(&self) -> f64 {
        match self {
            Self::Constant(_) | Self::Exponential { .. } => 1.0,
            Self::Percentiles(points) => points.len() as f64,
            _ => 2.0,
        }
    }

    /// Probability of a value up to `x`.
    pub(super) fn cdf(&self, x: f64) -> f64 {
        if x <= 0.0 && !matches!(self, Self::Constant(_) | Self::Percentiles(_)) {
            return 0.0;
        }
        match self {
            Self::Constant(value) => f64::from(u8::from(x >= *value)),
            Self::Normal { mean, sd } => normal_cdf((x - mean) / sd),
            Self::LogNormal { mu, sigma } => normal_cdf((x.ln() - mu) / sigma),
            Self::Gamma { shape, scale } => gamma_p(*shape, x / scale),
            Self::Weibull { shape, scale } => -(-(x / scale).powf(*shape)).exp_m1(),
            Self::Exponential { mean } => -(-x / mean).exp_m1(),
            Self::Hyperexponential { mean, cv } => {
                let (p, first, second) = balanced(*mean, *cv);
                1.0 - p * (-x / first).exp() - (1.0 - p) * (-x / second).exp()
            }
            Self::Percentiles(points) => below(points, x),
        }
    }

    /// Logarithm of the density.
    fn ln_density(&self, x: f64) -> f64 {
        let normal = |z: f64| -0.5 * (z * z + (2.0 * std::f64::consts::PI).ln());
        match self {
            Self::Constant(_) | Self::Percentiles(_) => f64::NEG_INFINITY,
            Self::Normal { mean, sd } => normal((x - mean) / sd) - sd.ln(),
            Self::LogNormal { mu, sigma } => normal((x.ln() - mu) / sigma) - sigma.ln() - x.ln(),
            Self::Gamma { shape, scale } => {
                (shape - 1.0) * x.ln() - x / scale - ln_gamma(*shape) - shape * scale.ln()
            }
            Self::Weibull { shape, scale } => {
                let z = x / scale;
                shape.ln() - scale.ln() + (shape - 1.0) * z.ln() - z.powf(*shape)
            }
            Self::Exponential { mean } => -mean.ln() - x / mean,
            Self::Hyperexponential { mean, cv } => {
                let (p, first, second) = balanced(*mean, *cv);
                (p / first * (-x / first).exp() + (1.0 - p) / second * (-x / second).exp()).ln()
            }
        }
    }

    pub(super) fn ln_likelihood(&self, values: &[f64]) -> f64 {
        values.iter().map(|x| self.ln_density(*x)).sum()
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Constant(mean)
            | Self::Normal { mean, .. }
            | Self::Exponential { mean }
            | Self::Hyperexponential { mean, .. } => *mean,
            Self::LogNormal { mu, sigma } => (mu + sigma * sigma / 2.0).exp(),
            Self::Gamma { shape, scale } => shape * scale,
            Self::Weibull { shape, scale } => scale * libm::tgamma(1.0 + 1.0 / shape),
            Self::Percentiles(points) => points
                .windows(2)
                .map(|line| (line[1].0 - line[0].0) / 100.0 * (line[0].1 + line[1].1) / 2.0)
                .sum(),
        }
    }

    /// The distribution to draw from.
    ///
    /// # Errors
    /// The parameters are none of a distribution.
    pub fn dist(&self) -> Result<Dist, DistError> {
        let span = Span::from_millis;
        match self {
            Self::Constant(value) => Ok(Dist::constant(span(*value))),
            Self::Normal { mean, sd } => Dist::normal(span(*mean), span(*sd)),
            Self::LogNormal { mu, sigma } => {
                Dist::lognormal_percentiles(span(mu.exp()), span((mu + sigma * z99()).exp()))
            }
            Self::Gamma { shape, scale } => Dist::gamma(span(shape * scale), shape.sqrt().recip()),
            Self::Weibull { shape, .. } => Dist::weibull(span(self.mean()), *shape),
            Self::Exponential { mean } => Dist::exponential(span(*mean)),
            Self::Hyperexponential { mean, cv } => Dist::hyperexponential(span(*mean), *cv),
            Self::Percentiles(points) => {
                let points: Vec<(f64, Span)> = points.iter().map(|(p, v)| (*p, span(*v))).collect();
                Dist::percentiles(&points)
            }
        }
    }

    /// As a value of an experiment file.
    pub fn toml(&self) -> String {
        match self {
            Self::Constant(value) => format!("\"{}\"", ms(*value)),
            Self::Normal { mean, sd } => {
                format!(
                    "{{ normal = {{ mean = \"{}\", sd = \"{}\" }} }}",
                    ms(*mean),
                    ms(*sd)
                )
            }
            Self::LogNormal { mu, sigma } => format!(
                "{{ lognormal = {{ median = \"{}\", p99 = \"{}\" }} }}",
                ms(mu.exp()),
                ms((mu + sigma * z99()).exp())
            ),
            Self::Gamma { shape, scale } => format!(
                "{{ gamma = {{ mean = \"{}\", cv = {} }} }}",
                ms(shape * scale),
                short(shape.sqrt().recip())
            ),
            Self::Weibull { shape, .. } => format!(
                "{{ weibull = {{ mean = \"{}\", shape = {} }} }}",
                ms(self.mean()),
                short(*shape)
            ),
            Self::Exponential { mean } => {
                format!("{{ exponential = {{ mean = \"{}\" }} }}", ms(*mean))
            }
            Self::Hyperexponential { mean, cv } => format!(
                "{{ hyperexponential = {{ mean = \"{}\", cv = {} }} }}",
                ms(*mean),
                short(*cv)
            ),
            Self::Percentiles(points) => {
                let points: Vec<String> = points
                    .iter()
                    .map(|(p, v)| format!("\"{p}\" = \"{}\"", ms(*v)))
                    .collect();
                format!("{{ percentiles = {{ {} }} }}", points.join(", "))
            }
        }
    }

    /// Every value times a factor above zero.
    #[must_use]
    pub(super) fn scaled(&self, factor: f64) -> Self {
        match self {
            Self::Constant(value) => Self::Constant(value * factor),
            Self::Normal { mean, sd } => Self::Normal {
                mean: mean * factor,
                sd: sd * factor,
            },
            Self::LogNormal { mu, sigma } => Self::LogNormal {
                mu: mu + factor.ln(),
                sigma: *sigma,
            },
            Self::Gamma { shape, scale } => Self::Gamma {
                shape: *shape,
                scale: scale * factor,
            },
            Self::Weibull { shape, scale } => Self::Weibull {
                shape: *shape,
                scale: scale * factor,
            },
            Self::Exponential { mean } => Self::Exponential {
                mean: mean * factor,
            },
            Self::Hyperexponential { mean, cv } => Self::Hyperexponential {
                mean: mean * factor,
                cv: *cv,
            },
            Self::Percentiles(points) => {
                Self::Percentiles(points.iter().map(|(p, v)| (*p, v * factor)).collect())
            }
        }
    }

    /// The percentiles of rising numbers. Where there are few, fewer of them.
    pub(super) fn percentiles(sorted: &[f64]) -> Self {
        if let [first, .., last] = sorted
            && first >= last
        {
            return Self::Constant(*first);
        }
        let fewest = sorted.len() as f64;
        let told = PERCENTILES.iter().filter(|p| {
            let tail = p.min(100.0 - **p) / 100.0;
            tail == 0.0 || tail * fewest >= 3.0
        });
        Self::Percentiles(told.map(|p| (*p, quantile(sorted, p / 100.0))).collect())
    }

    /// Every family that can be fitted to rising numbers above zero.
    pub(super) fn families(sorted: &[f64]) -> Vec<Self> {
        let n = sorted.len() as f64;
        if sorted.len() < 2 || sorted[0] <= 0.0 {
            return Vec::new();
        }
        let mean = sorted.iter().sum::<f64>() / n;
        let variance = sorted.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let mu = sorted.iter().map(|x| x.ln()).sum::<f64>() / n;
        let spread = sorted.iter().map(|x| (x.ln() - mu).powi(2)).sum::<f64>() / n;
        let cv = variance.sqrt() / mean;
        if cv < 1e-6 {
            return Vec::new();
        }
        let mut families = vec![
            Self::LogNormal {
                mu,
                sigma: spread.sqrt(),
            },
            Self::Exponential { mean },
        ];
        // Its values below zero are cut, which would be no longer the same law.
        if cv < 0.25 {
            families.push(Self::Normal {
                mean,
                sd: variance.sqrt(),
            });
        }
        families.extend(gamma(mean, mu));
        families.extend(weibull(sorted, mu, spread));
        if cv > 1.05 {
            families.push(Self::Hyperexponential { mean, cv });
        }
        families
    }

    /// The same family fitted to other rising numbers.
    pub(super) fn refitted(&self, sorted: &[f64]) -> Option<Self> {
        match self {
            Self::Percentiles(_) => Some(Self::percentiles(sorted)),
            _ => Self::families(sorted)
                .into_iter()
                .find(|law| law.name() == self.name()),
        }
    }
}

/// The standard normal quantile of 0.99.
fn z99() -> f64 {
    normal_quantile(0.99)
}

/// Share and mean of the first of two exponentials with balanced means, and the mean of the second.
fn balanced(mean: f64, cv: f64) -> (f64, f64, f64) {
    let c2 = cv * cv;
    let p = 0.5 * (1.0 + ((c2 - 1.0) / (c2 + 1.0)).sqrt());
    (p, mean / (2.0 * p), mean / (2.0 * (1.0 - p)))
}

/// Share of what percentiles stand for that is up to `x`.
fn below(points: &[(f64, f64)], x: f64) -> f64 {
    let above = points.partition_point(|(_, value)| *value <= x);
    match (above.checked_sub(1).map(|at| points[at]), points.get(above)) {
        (None, _) => 0.0,
        (Some(_), None) => 1.0,
        (Some((p0, v0)), Some((p1, v1))) => (p0 + (p1 - p0) * (x - v0) / (v1 - v0)) / 100.0,
    }
}

/// Greatest likelihood: ln k − ψ(k) = ln mean − mean ln (Minka 2002), by Newton in 1/k.
fn gamma(mean: f64, mean_ln: f64) -> Option<Law> {
    let s = mean.ln() - mean_ln;
    if s.is_nan() || s <= 1e-12 {
        return None;
    }
    let mut shape = (3.0 - s + ((s - 3.0).powi(2) + 24.0 * s).sqrt()) / (12.0 * s);
    for _ in 0..30 {
        let step =
            (shape.ln() - digamma(shape) - s) / (shape * shape * (1.0 / shape - trigamma(shape)));
        let next = 1.0 / (1.0 / shape + step);
        if !next.is_finite() || next <= 0.0 {
            break;
        }
        let done = (next - shape).abs() < 1e-10 * shape;
        shape = next;
        if done {
            break;
        }
    }
    // Beyond, it is a constant to all digits.
    (1e-4..1e8).contains(&shape).then(|| Law::Gamma {
        shape,
        scale: mean / shape,
    })
}

/// Greatest likelihood: Σ xᵏ ln x / Σ xᵏ − 1/k = mean ln x, by Newton.
fn weibull(sorted: &[f64], mean_ln: f64, spread: f64) -> Option<Law> {
    // Numbers about 1 keep their powers within reach.
    let unit = mean_ln.exp();
    let logs: Vec<f64> = sorted.iter().map(|x| (x / unit).ln()).collect();
    let mut shape = std::f64::consts::PI / (6.0 * spread.max(1e-12)).sqrt();
    for _ in 0..50 {
        let (mut s0, mut s1, mut s2) = (0.0, 0.0, 0.0);
        for ln in &logs {
            let power = (shape * ln).exp();
            s0 += power;
            s1 += power * ln;
            s2 += power * ln * ln;
        }
        let value = s1 / s0 - 1.0 / shape;
        let slope = s2 / s0 - (s1 / s0).powi(2) + 1.0 / (shape * shape);
        let next = (shape - value / slope).clamp(shape / 2.0, shape * 2.0);
        if !next.is_finite() {
            return None;
        }
        let done = (next - shape).abs() < 1e-10 * shape;
        shape = next;
        if done {
            break;
        }
    }
    let mean_power = logs.iter().map(|ln| (shape * ln).exp()).sum::<f64>() / logs.len() as f64;
    let scale = unit * mean_power.powf(1.0 / shape);
    // Below 0.05 the mean says nothing, and frostline takes no such shape.
    ((0.05..1e4).contains(&shape) && scale.is_finite()).then_some(Law::Weibull { shape, scale })
}

/// ψ(x) for x > 0, by recurrence and its asymptotic series (Abramowitz and Stegun 6.3.5, 6.3.18).
fn digamma(x: f64) -> f64 {
    let (mut x, mut sum) = (x, 0.0);
    while x < 8.0 {
        sum -= 1.0 / x;
        x += 1.0;
    }
    let f = 1.0 / (x * x);
    let series = f * (1.0 / 12.0 - f * (1.0 / 120.0 - f * (1.0 / 252.0 - f * (1.0 / 240.0))));
    sum + x.ln() - 0.5 / x - series
}

/// ψ′(x) for x > 0 (Abramowitz and Stegun 6.4.6, 6.4.12).
fn trigamma(x: f64) -> f64 {
    let (mut x, mut sum) = (x, 0.0);
    while x < 8.0 {
        sum += 1.0 / (x * x);
        x += 1.0;
    }
    let f = 1.0 / (x * x);
    let series = f * (1.0 / 6.0 - f * (1.0 / 30.0 - f * (1.0 / 42.0 - f * (1.0 / 30.0))));
    sum + 1.0 / x + f / 2.0 + series / x
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "what is compared is exact")]
mod tests {
    use super::*;
    use crate::random::{Purpose, Streams};

    #[test]
    fn digamma_and_trigamma_are_as_in_tables() {
        // −γ, and π²/6.
        assert!((digamma(1.0) + 0.577_215_664_901_532_9).abs() < 1e-10);
        assert!((trigamma(1.0) - std::f64::consts::PI.powi(2) / 6.0).abs() < 1e-9);
        assert!((digamma(0.5) + 1.963_510_026_021_423_5).abs() < 1e-10);
    }

    #[test]
    fn every_family_is_recovered_from_its_own_draws() {
        let laws = [
            Law::Normal {
                mean: 2000.0,
                sd: 30.0,
            },
            Law::LogNormal {
                mu: 4.0,
                sigma: 0.6,
            },
            Law::Gamma {
                shape: 3.0,
                scale: 20.0,
            },
            Law::Weibull {
                shape: 1.7,
                scale: 50.0,
            },
            Law::Exponential { mean: 40.0 },
            Law::Hyperexponential {
                mean: 40.0,
                cv: 2.0,
            },
        ];
        for (number, law) in (0..).zip(laws) {
            let mut stream = Streams::new(7, 0).stream(number, Purpose::Fit, 0);
            let dist = law.dist().unwrap();
            let mut values: Vec<f64> = (0..40_000)
                .map(|_| dist.sample(&mut stream).millis())
                .collect();
            values.retain(|value| *value > 0.0);
            values.sort_by(f64::total_cmp);
            let fitted = law.refitted(&values).unwrap();
            for q in [0.05, 0.25, 0.5, 0.75, 0.95] {
                let value = quantile(&values, q);
                assert!((law.cdf(value) - q).abs() < 0.01, "{law:?} at {q}");
                assert!(
                    (fitted.cdf(value) - q).abs() < 0.015,
                    "{fitted:?} for {law:?} at {q}"
                );
            }
            assert!(
                (fitted.mean() / law.mean() - 1.0).abs() < 0.03,
                "{fitted:?} for {law:?}"
            );
            // Of its own numbers no family is likelier by much.
            let best = Law::families(&values)
                .into_iter()
                .map(|law| law.ln_likelihood(&values));
            let best = best.fold(f64::NEG_INFINITY, f64::max);
            if number < 5 {
                assert!(fitted.ln_likelihood(&values) > best - 3.0, "{law:?}");
            }
        }
    }

    #[test]
    fn percentiles_hold_their_own_numbers() {
        let sorted: Vec<f64> = (0..=1000).map(f64::from).collect();
        let law = Law::percentiles(&sorted);
        assert!((law.cdf(250.0) - 0.25).abs() < 1e-9);
        assert!((law.mean() - 500.0).abs() < 1e-9);
        assert_eq!(law.cdf(-1.0), 0.0);
        assert_eq!(law.cdf(1000.0), 1.0);
        assert_eq!(Law::percentiles(&[3.0, 3.0]), Law::Constant(3.0));
        assert_eq!(
            Law::percentiles(&[1.0, 5.0]),
            Law::Percentiles(vec![(0.0, 1.0), (100.0, 5.0)])
        );
    }
}
