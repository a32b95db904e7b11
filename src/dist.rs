//! Distributions of lengths of time: service times, phases of a start, lifetimes, gaps.
//!
//! A [`Dist`] is valid by construction: finite, never negative, never NaN. Drawing is done by
//! `rand_distr`; this room holds parameters, means and scaling.

mod draw;

use std::fmt;
use std::sync::Arc;

use rand_distr::Gamma;

use crate::units::Span;

pub use draw::{exponential, uniform};

/// The standard normal quantile of 0.99, which turns a p99 into a lognormal's sigma.
const Z99: f64 = 2.326_347_874_040_841;

/// A distribution of lengths of time that are never negative.
#[derive(Clone, Debug, PartialEq)]
pub struct Dist(Shape);

#[derive(Clone, Debug, PartialEq)]
enum Shape {
    Constant(Span),
    /// Seconds.
    Uniform {
        min: f64,
        width: f64,
    },
    /// Seconds.
    Exponential {
        mean: f64,
    },
    /// Seconds; what falls below zero is zero.
    Normal {
        mean: f64,
        sd: f64,
    },
    /// Natural logarithm of seconds.
    LogNormal {
        mu: f64,
        sigma: f64,
    },
    /// `scale` in seconds.
    Gamma {
        shape: f64,
        scale: f64,
        unit: Gamma<f64>,
    },
    /// `scale` in seconds.
    Weibull {
        shape: f64,
        scale: f64,
    },
    /// `least` in seconds.
    Pareto {
        shape: f64,
        least: f64,
    },
    /// Two exponentials with balanced means, in seconds; `p` is the share of the first.
    Hyperexponential {
        p: f64,
        first: f64,
        second: f64,
    },
    /// Each value with the same probability.
    Empirical(Arc<[Span]>),
    /// (probability, seconds), rising in both; linear between.
    Percentiles(Arc<[Line]>),
    /// (cumulated weight up to and with this one, of 1).
    Mixture(Arc<[(f64, Dist)]>),
    /// Another distribution, each draw longer by the same length.
    Shifted(Arc<Dist>, Span),
}

/// A piece of a cumulative distribution, from the probability `p` on: seconds are
/// `secs` + `slope` · (u − `p`). The last piece is the end, at the probability 1.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Line {
    p: f64,
    secs: f64,
    slope: f64,
}

/// Parameters that describe no distribution, with what would.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DistError(String);

impl fmt::Display for DistError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DistError {}

fn ensure(valid: bool, message: impl FnOnce() -> String) -> Result<(), DistError> {
    if valid {
        Ok(())
    } else {
        Err(DistError(message()))
    }
}

fn positive(value: f64, name: &str) -> Result<(), DistError> {
    ensure(value.is_finite() && value > 0.0, || {
        format!("`{name}` must be above 0, not {value}")
    })
}

impl Dist {
    /// Always the same length.
    pub const fn constant(value: Span) -> Self {
        Self(Shape::Constant(value))
    }

    /// No time at all.
    pub const ZERO: Self = Self::constant(Span::ZERO);

    /// Uniform between two lengths.
    ///
    /// # Errors
    /// `max` is below `min`.
    pub fn uniform(min: Span, max: Span) -> Result<Self, DistError> {
        ensure(max >= min, || {
            format!("`max` ({max}) is below `min` ({min})")
        })?;
        Ok(Self(Shape::Uniform {
            min: min.secs(),
            width: max.secs() - min.secs(),
        }))
    }

    /// Exponential with a mean.
    ///
    /// # Errors
    /// The mean is zero.
    pub fn exponential(mean: Span) -> Result<Self, DistError> {
        positive(mean.secs(), "mean")?;
        Ok(Self(Shape::Exponential { mean: mean.secs() }))
    }

    /// Normal with mean and standard deviation before the cut; what falls below zero is zero.
    ///
    /// # Errors
    /// Never for valid spans; kept fallible like its siblings.
    pub fn normal(mean: Span, sd: Span) -> Result<Self, DistError> {
        Ok(Self(Shape::Normal {
            mean: mean.secs(),
            sd: sd.secs(),
        }))
    }

    /// Lognormal by its median and 99th percentile.
    ///
    /// # Errors
    /// The median is zero, or the 99th percentile is below it.
    pub fn lognormal_percentiles(median: Span, p99: Span) -> Result<Self, DistError> {
        positive(median.secs(), "median")?;
        ensure(p99 >= median, || {
            format!("`p99` ({p99}) is below `median` ({median})")
        })?;
        let sigma = (p99.secs() / median.secs()).ln() / Z99;
        Ok(Self(Shape::LogNormal {
            mu: median.secs().ln(),
            sigma,
        }))
    }

    /// Lognormal by its mean and coefficient of variation.
    ///
    /// # Errors
    /// The mean is zero, or `cv` is negative or not finite.
    pub fn lognormal(mean: Span, cv: f64) -> Result<Self, DistError> {
        positive(mean.secs(), "mean")?;
        ensure(cv.is_finite() && cv >= 0.0, || {
            format!("`cv` must be 0 or more, not {cv}")
        })?;
        let variance = (cv * cv).ln_1p();
        Ok(Self(Shape::LogNormal {
            mu: mean.secs().ln() - variance / 2.0,
            sigma: variance.sqrt(),
        }))
    }

    /// Gamma by its mean and coefficient of variation.
    ///
    /// # Errors
    /// The mean or `cv` is not above zero.
    pub fn gamma(mean: Span, cv: f64) -> Result<Self, DistError> {
        positive(mean.secs(), "mean")?;
        positive(cv, "cv")?;
        let shape = 1.0 / (cv * cv);
        let unit = Gamma::new(shape, 1.0)
            .map_err(|e| DistError(format!("`cv` = {cv} gives no gamma distribution: {e}")))?;
        Ok(Self(Shape::Gamma {
            shape,
            scale: mean.secs() / shape,
            unit,
        }))
    }

    /// Weibull by its mean and shape.
    ///
    /// # Errors
    /// The mean is not above zero, or the shape is below 0.05, where the mean says nothing.
    pub fn weibull(mean: Span, shape: f64) -> Result<Self, DistError> {
        positive(mean.secs(), "mean")?;
        ensure(shape.is_finite() && shape >= 0.05, || {
            format!("`shape` must be 0.05 or more, not {shape}")
        })?;
        Ok(Self(Shape::Weibull {
            shape,
            scale: mean.secs() / libm::tgamma(1.0 + 1.0 / shape),
        }))
    }

    /// Pareto by its mean and shape.
    ///
    /// # Errors
    /// The mean is not above zero, or the shape is 1 or less, where there is no mean.
    pub fn pareto(mean: Span, shape: f64) -> Result<Self, DistError> {
        positive(mean.secs(), "mean")?;
        ensure(shape.is_finite() && shape > 1.0, || {
            format!("`shape` must be above 1 (a Pareto has no mean else), not {shape}")
        })?;
        Ok(Self(Shape::Pareto {
            shape,
            least: mean.secs() * (shape - 1.0) / shape,
        }))
    }

    /// Two exponentials with balanced means, by mean and coefficient of variation.
    ///
    /// # Errors
    /// The mean is not above zero, or `cv` is below 1.
    pub fn hyperexponential(mean: Span, cv: f64) -> Result<Self, DistError> {
        positive(mean.secs(), "mean")?;
        ensure(cv.is_finite() && cv >= 1.0, || {
            format!("`cv` of a hyperexponential must be 1 or more, not {cv}")
        })?;
        let c2 = cv * cv;
        let p = 0.5 * (1.0 + ((c2 - 1.0) / (c2 + 1.0)).sqrt());
        let half = mean.secs() / 2.0;
        Ok(Self(Shape::Hyperexponential {
            p,
            first: half / p,
            second: half / (1.0 - p),
        }))
    }

    /// Each of the values with the same probability.
    ///
    /// # Errors
    /// There is no value.
    pub fn empirical(values: &[Span]) -> Result<Self, DistError> {
        ensure(!values.is_empty(), || "`values` is empty".to_owned())?;
        Ok(Self(Shape::Empirical(values.into())))
    }

    /// By points of the cumulative distribution, as (percentile, value); linear between them.
    ///
    /// # Errors
    /// Percentiles 0 and 100 are missing, a percentile stands twice, or a value falls.
    pub fn percentiles(points: &[(f64, Span)]) -> Result<Self, DistError> {
        let mut points: Vec<(f64, f64)> = points
            .iter()
            .map(|(percent, value)| (percent / 100.0, value.secs()))
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let ends = (points.first().map(|p| p.0), points.last().map(|p| p.0));
        ensure(ends == (Some(0.0), Some(1.0)), || {
            "`percentiles` needs values for \"0\" and \"100\", and nothing beyond".to_owned()
        })?;
        for pair in points.windows(2) {
            let percent = pair[1].0 * 100.0;
            ensure(pair[0].0 < pair[1].0, || {
                format!("percentile {percent} stands twice")
            })?;
            ensure(pair[0].1 <= pair[1].1, || {
                format!("the value falls at percentile {percent}: percentiles rise")
            })?;
        }
        let slope = |place: usize| {
            let ((p0, v0), (p1, v1)) = (points[place], *points.get(place + 1)?);
            Some((v1 - v0) / (p1 - p0))
        };
        let lines = points.iter().enumerate().map(|(place, (p, secs))| Line {
            p: *p,
            secs: *secs,
            slope: slope(place).unwrap_or(0.0),
        });
        Ok(Self(Shape::Percentiles(lines.collect())))
    }

    /// One of several distributions, by weight.
    ///
    /// # Errors
    /// There is none, or a weight is not above zero.
    pub fn mixture(parts: &[(f64, Self)]) -> Result<Self, DistError> {
        ensure(!parts.is_empty(), || {
            "a mixture needs at least one part".to_owned()
        })?;
        for (weight, _) in parts {
            positive(*weight, "weight")?;
        }
        let total: f64 = parts.iter().map(|(weight, _)| weight).sum();
        let mut sum = 0.0;
        let parts: Arc<[(f64, Self)]> = parts
            .iter()
            .map(|(weight, of)| {
                sum += weight / total;
                (sum, of.clone())
            })
            .collect();
        Ok(Self(Shape::Mixture(parts)))
    }

    /// The mean in seconds.
    pub fn mean_secs(&self) -> f64 {
        match &self.0 {
            Shape::Constant(value) => value.secs(),
            Shape::Uniform { min, width } => min + width / 2.0,
            Shape::Exponential { mean } => *mean,
            Shape::Normal { mean, sd } if *sd == 0.0 => *mean,
            Shape::Normal { mean, sd } => {
                let z = mean / sd;
                let density = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
                mean * 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2) + sd * density
            }
            Shape::LogNormal { mu, sigma } => (mu + sigma * sigma / 2.0).exp(),
            Shape::Gamma { shape, scale, .. } => shape * scale,
            Shape::Weibull { shape, scale } => scale * libm::tgamma(1.0 + 1.0 / shape),
            Shape::Pareto { shape, least } => least * shape / (shape - 1.0),
            Shape::Hyperexponential { p, first, second } => p * first + (1.0 - p) * second,
            Shape::Empirical(values) => {
                values.iter().map(|v| v.secs()).sum::<f64>() / values.len() as f64
            }
            Shape::Percentiles(points) => points
                .windows(2)
                .map(|line| (line[1].p - line[0].p) * (line[0].secs + line[1].secs) / 2.0)
                .sum(),
            Shape::Mixture(parts) => {
                let mut before = 0.0;
                parts
                    .iter()
                    .map(|(up_to, of)| {
                        let weight = up_to - std::mem::replace(&mut before, *up_to);
                        weight * of.mean_secs()
                    })
                    .sum()
            }
            Shape::Shifted(of, by) => of.mean_secs() + by.secs(),
        }
    }

    /// The same distribution with every length times `factor`.
    ///
    /// # Panics
    /// If `factor` is negative or not finite, which is a fault of the caller.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        assert!(
            factor.is_finite() && factor >= 0.0,
            "a length cannot be scaled by {factor}"
        );
        if factor == 0.0 {
            return Self::ZERO;
        }
        let span = |value: &Span| Span::from_secs(value.secs() * factor);
        Self(match &self.0 {
            Shape::Constant(value) => Shape::Constant(span(value)),
            Shape::Uniform { min, width } => Shape::Uniform {
                min: min * factor,
                width: width * factor,
            },
            Shape::Exponential { mean } => Shape::Exponential {
                mean: mean * factor,
            },
            Shape::Normal { mean, sd } => Shape::Normal {
                mean: mean * factor,
                sd: sd * factor,
            },
            Shape::LogNormal { mu, sigma } => Shape::LogNormal {
                mu: mu + factor.ln(),
                sigma: *sigma,
            },
            Shape::Gamma { shape, scale, unit } => Shape::Gamma {
                shape: *shape,
                scale: scale * factor,
                unit: *unit,
            },
            Shape::Weibull { shape, scale } => Shape::Weibull {
                shape: *shape,
                scale: scale * factor,
            },
            Shape::Pareto { shape, least } => Shape::Pareto {
                shape: *shape,
                least: least * factor,
            },
            Shape::Hyperexponential { p, first, second } => Shape::Hyperexponential {
                p: *p,
                first: first * factor,
                second: second * factor,
            },
            Shape::Empirical(values) => Shape::Empirical(values.iter().map(span).collect()),
            Shape::Percentiles(points) => {
                let scaled = |line: &Line| Line {
                    p: line.p,
                    secs: line.secs * factor,
                    slope: line.slope * factor,
                };
                Shape::Percentiles(points.iter().map(scaled).collect())
            }
            Shape::Mixture(parts) => Shape::Mixture(
                parts
                    .iter()
                    .map(|(up_to, of)| (*up_to, of.scaled(factor)))
                    .collect(),
            ),
            Shape::Shifted(of, by) => Shape::Shifted(Arc::new(of.scaled(factor)), span(by)),
        })
    }

    /// The same distribution with every length longer by `by`.
    #[must_use]
    pub fn plus(&self, by: Span) -> Self {
        match &self.0 {
            _ if by.is_zero() => self.clone(),
            Shape::Constant(value) => Self::constant(*value + by),
            Shape::Shifted(of, before) => Self(Shape::Shifted(Arc::clone(of), *before + by)),
            _ => Self(Shape::Shifted(Arc::new(self.clone()), by)),
        }
    }

    /// The length, where it is always the same.
    pub fn as_constant(&self) -> Option<Span> {
        match self.0 {
            Shape::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// The greatest length that is ever drawn; `None` where there is none.
    pub fn longest(&self) -> Option<Span> {
        match &self.0 {
            Shape::Constant(value) => Some(*value),
            Shape::Uniform { min, width } => Some(Span::from_secs(min + width)),
            Shape::Empirical(values) => values.iter().max().copied(),
            Shape::Percentiles(points) => points.last().map(|end| Span::from_secs(end.secs)),
            Shape::Mixture(parts) => {
                let longest: Option<Vec<Span>> = parts.iter().map(|(_, of)| of.longest()).collect();
                longest?.into_iter().max()
            }
            Shape::Shifted(of, by) => of.longest().map(|longest| longest + *by),
            _ => None,
        }
    }

    /// Whether every draw is zero.
    pub fn is_zero(&self) -> bool {
        self.as_constant() == Some(Span::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Streams};

    fn secs(s: f64) -> Span {
        Span::from_secs(s)
    }

    fn all() -> Vec<Dist> {
        vec![
            Dist::constant(secs(2.0)),
            Dist::uniform(secs(1.0), secs(3.0)).unwrap(),
            Dist::exponential(secs(2.0)).unwrap(),
            Dist::normal(secs(1.0), secs(1.0)).unwrap(),
            Dist::lognormal(secs(2.0), 0.8).unwrap(),
            Dist::lognormal_percentiles(secs(2.0), secs(9.0)).unwrap(),
            Dist::gamma(secs(2.0), 0.5).unwrap(),
            Dist::weibull(secs(2.0), 1.5).unwrap(),
            Dist::pareto(secs(2.0), 3.5).unwrap(),
            Dist::hyperexponential(secs(2.0), 2.0).unwrap(),
            Dist::empirical(&[secs(1.0), secs(3.0), secs(5.0)]).unwrap(),
            Dist::percentiles(&[(0.0, secs(0.0)), (50.0, secs(1.0)), (100.0, secs(4.0))]).unwrap(),
            Dist::mixture(&[
                (3.0, Dist::constant(secs(1.0))),
                (1.0, Dist::exponential(secs(5.0)).unwrap()),
            ])
            .unwrap(),
            Dist::exponential(secs(1.0))
                .unwrap()
                .plus(secs(0.5))
                .plus(secs(0.5)),
        ]
    }

    #[test]
    fn the_mean_of_many_draws_is_the_mean_also_when_scaled() {
        for (number, dist) in all().into_iter().enumerate() {
            for factor in [1.0, 0.25] {
                let dist = dist.scaled(factor);
                let mut stream = Streams::new(1, 0).stream(number as u32, Purpose::Service, 0);
                let n = 400_000;
                let (mut sum, mut squares) = (0.0, 0.0);
                for _ in 0..n {
                    let x = dist.sample(&mut stream).secs();
                    sum += x;
                    squares += x * x;
                }
                let mean = sum / f64::from(n);
                let se = ((squares / f64::from(n) - mean * mean).max(0.0) / f64::from(n)).sqrt();
                let gap = (mean - dist.mean_secs()).abs();
                assert!(
                    gap <= 4.5 * se + 1e-9,
                    "{dist:?}: {mean} against {}",
                    dist.mean_secs()
                );
            }
        }
    }

    #[test]
    fn parameters_that_describe_nothing_are_refused_with_their_name() {
        let refused = [
            Dist::uniform(secs(2.0), secs(1.0)),
            Dist::exponential(Span::ZERO),
            Dist::lognormal_percentiles(secs(2.0), secs(1.0)),
            Dist::gamma(secs(1.0), 0.0),
            Dist::weibull(secs(1.0), 0.0),
            Dist::pareto(secs(1.0), 1.0),
            Dist::hyperexponential(secs(1.0), 0.5),
            Dist::empirical(&[]),
            Dist::percentiles(&[(0.0, secs(1.0))]),
            Dist::mixture(&[(0.0, Dist::ZERO)]),
        ];
        for dist in refused {
            assert!(dist.is_err(), "{dist:?}");
        }
    }
}
