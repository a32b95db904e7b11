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
        reason = "drawn once a request: the calls were a tenth of the instructions of a draw"
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
        Span::from_secs(match &self.0 {
            Shape::Constant(_) | Shape::LogNormal { .. } | Shape::Percentiles(_) => {
                return self.sample(stream);
            }
            Shape::Empirical(values) => {
                return values[(uniform(stream) * values.len() as f64) as usize];
            }
            Shape::Mixture(parts) => {
                let u = uniform(stream);
                let part = parts.iter().find(|(up_to, _)| u < *up_to);
                return part
                    .map_or(&parts[parts.len() - 1].1, |(_, of)| of)
                    .sample(stream);
            }
            Shape::Shifted(of, by) => return of.sample(stream) + *by,
            Shape::Uniform { min, width } => min + width * uniform(stream),
            Shape::Exponential { mean } => mean * exponential(stream),
            Shape::Normal { mean, sd } => (mean + sd * normal(stream)).max(0.0),
            Shape::Gamma { scale, unit, .. } => scale * unit.sample(stream),
            Shape::Weibull { shape, scale } => scale * exponential(stream).powf(1.0 / shape),
            Shape::Pareto { shape, least } => least * (exponential(stream) / shape).exp(),
            Shape::Hyperexponential { p, first, second } => {
                let mean = if uniform(stream) < *p { first } else { second };
                mean * exponential(stream)
            }
        })
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
