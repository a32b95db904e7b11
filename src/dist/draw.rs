//! Drawing lengths. What service times mostly are is inlined where it is drawn.

use rand::distr::{Distribution, StandardUniform};
use rand_distr::{Exp1, StandardNormal};

use super::{Dist, Line, Shape};
use crate::random::Stream;
use crate::units::Span;

impl Dist {
    /// Draws a length.
    #[expect(
        clippy::inline_always,
        reason = "drawn once a request: a tenth of its instructions were spent on the call"
    )]
    #[inline(always)]
    pub fn sample(&self, stream: &mut Stream) -> Span {
        match &self.0 {
            Shape::Constant(value) => *value,
            Shape::LogNormal { mu, sigma } => Span::from_secs((mu + sigma * normal(stream)).exp()),
            Shape::Percentiles(points) => Span::from_secs(sample_percentiles(points, stream)),
            _ => self.sample_others(stream),
        }
    }

    /// Kept out of the way of the commonest shapes, which are inlined.
    #[inline(never)]
    fn sample_others(&self, stream: &mut Stream) -> Span {
        match &self.0 {
            Shape::Empirical(values) => values[(uniform(stream) * values.len() as f64) as usize],
            Shape::Mixture(parts) => {
                let u = uniform(stream);
                let part = parts.iter().find(|(up_to, _)| u < *up_to);
                part.map_or(&parts[parts.len() - 1].1, |(_, of)| of)
                    .sample(stream)
            }
            Shape::Shifted(of, by) => of.sample(stream) + *by,
            shape => Span::from_secs(shape.sample_secs(stream)),
        }
    }
}

impl Shape {
    /// The shapes that are drawn in seconds.
    #[inline]
    fn sample_secs(&self, stream: &mut Stream) -> f64 {
        match self {
            Self::Uniform { min, width } => min + width * uniform(stream),
            Self::Exponential { mean } => mean * exponential(stream),
            Self::Normal { mean, sd } => (mean + sd * normal(stream)).max(0.0),
            Self::Gamma { scale, unit, .. } => scale * unit.sample(stream),
            Self::Weibull { shape, scale } => scale * exponential(stream).powf(1.0 / shape),
            Self::Pareto { shape, least } => least * (exponential(stream) / shape).exp(),
            Self::Hyperexponential { p, first, second } => {
                let mean = if uniform(stream) < *p { first } else { second };
                mean * exponential(stream)
            }
            Self::Constant(_)
            | Self::LogNormal { .. }
            | Self::Percentiles(_)
            | Self::Empirical(_)
            | Self::Mixture(_)
            | Self::Shifted(..) => {
                unreachable!("drawn as spans by `Dist::sample`")
            }
        }
    }
}

/// Seconds.
#[inline]
fn sample_percentiles(points: &[Line], stream: &mut Stream) -> f64 {
    let u = uniform(stream);
    // Counted, not searched: which piece it is cannot be foreseen, and a wrong guess of the
    // processor costs more than the few pieces there are.
    let before = points[1..].iter().map(|line| usize::from(line.p <= u));
    let line = &points[before.sum::<usize>()];
    line.secs + line.slope * (u - line.p)
}

/// Uniform on [0, 1).
#[inline]
pub fn uniform(stream: &mut Stream) -> f64 {
    StandardUniform.sample(stream)
}

/// Exponential with mean 1.
#[inline]
pub fn exponential(stream: &mut Stream) -> f64 {
    Exp1.sample(stream)
}

/// Standard normal.
#[inline]
fn normal(stream: &mut Stream) -> f64 {
    StandardNormal.sample(stream)
}
