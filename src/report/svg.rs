//! Pictures of results, as SVG.
//!
//! Written by hand: a picture is some hundred lines of text, and label placement is what makes it
//! readable, which no plotting crate does. No system font is asked; text is measured with the
//! widths of a wide common font, so that it fits in any. A measure that does not exist is not
//! drawn, and no coordinate is ever NaN.

mod canvas;
mod claimed_concurrency;
mod cold_starts;
mod frame;
mod frontier;
mod keep_alive_curve;
mod latency;
mod place;
mod scale;
mod timeline;

pub use claimed_concurrency::claimed_concurrency;
pub use cold_starts::cold_starts;
pub use frontier::{frontier, frontier_of};
pub use keep_alive_curve::keep_alive_curve;
pub use latency::latency;
pub use timeline::timeline;

/// Hues that people with any colour vision tell apart (Okabe and Ito, "Color universal design",
/// 2008), without the yellow that is too light for a line on white.
const HUES: [&str; 6] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
];

const INK: &str = "#1f2933";
const SOFT_INK: &str = "#52606d";
const FAINT_INK: &str = "#9aa5b1";
const GRID: &str = "#e4e7eb";
const PAPER: &str = "#ffffff";

/// Beyond this no plot is read and sums overflow; 10^15 ms are 30,000 years.
const GREATEST: f64 = 1e15;
/// Nearer to zero than this is zero: ratios of smaller numbers overflow.
const LEAST: f64 = 1e-15;

/// A number that can be drawn.
fn drawable(value: f64) -> Option<f64> {
    let near_zero = value.abs() < LEAST;
    let value = if near_zero { 0.0 } else { value };
    value.is_finite().then(|| value.clamp(-GREATEST, GREATEST))
}
