//! Quantities with their units in the type: simulated time, memory, rates.
//!
//! Simulated time is an integer number of nanoseconds, so that no sum depends on the order of its
//! terms and two instants are either equal or not. This room knows nothing of the rest of the
//! house; it must not read a wall clock.

mod parse;

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Sub};

pub use parse::{
    ParseQuantityError, format_bandwidth, format_memory, format_rate, format_span, parse_bandwidth,
    parse_memory, parse_money, parse_rate, parse_span,
};

/// Nanoseconds in a second.
pub const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// An instant of simulated time: nanoseconds since the run began.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Time(u64);

/// A length of simulated time in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Span(u64);

/// An amount of memory or of stored bytes. 1 MB = 1,048,576 bytes, as in the price lists.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Memory(u64);

impl Time {
    /// The beginning of the run.
    pub const ZERO: Self = Self(0);
    /// Later than anything that happens.
    pub const NEVER: Self = Self(u64::MAX);

    /// The instant `nanos` nanoseconds after the beginning of the run.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The instant `seconds` after the beginning, rounded to the nanosecond; below zero is zero.
    pub fn from_secs(seconds: f64) -> Self {
        Self(Span::from_secs(seconds).0)
    }

    /// Nanoseconds since the beginning of the run.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the beginning of the run.
    pub fn secs(self) -> f64 {
        Span(self.0).secs()
    }

    /// A nanosecond earlier; the beginning stays what it is.
    #[inline]
    #[must_use]
    pub const fn just_before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// The length from `earlier` to this instant; zero where `earlier` is later.
    #[inline]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Longer than any run.
    pub const FOR_EVER: Self = Self(u64::MAX);

    /// A length of `nanos` nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A length of whole seconds.
    pub const fn from_whole_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(NANOS_PER_SECOND))
    }

    /// A length in seconds, rounded to the nanosecond. Below zero and NaN become zero, more than
    /// 584 years becomes [`Span::FOR_EVER`].
    #[inline]
    pub fn from_secs(seconds: f64) -> Self {
        Self::from_nanos_f64(seconds * NANOS_PER_SECOND as f64)
    }

    /// A length in nanoseconds, rounded to one. Below zero and NaN become zero, more than 584 years
    /// becomes [`Span::FOR_EVER`].
    #[inline]
    pub fn from_nanos_f64(nanos: f64) -> Self {
        // `as` saturates at both ends and maps NaN to zero; + 0.5 rounds half up.
        let nanos = nanos + 0.5;
        // Signed numbers are converted by one instruction, unsigned ones by a dozen.
        if nanos < i64::MAX as f64 {
            Self((nanos as i64).max(0) as u64)
        } else {
            Self(nanos as u64)
        }
    }

    /// A length in milliseconds, rounded to the nanosecond.
    pub fn from_millis(millis: f64) -> Self {
        Self::from_secs(millis / 1e3)
    }

    /// The length in nanoseconds.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// The length in seconds.
    pub fn secs(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND as f64
    }

    /// The length in milliseconds.
    pub fn millis(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The shorter of two lengths.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }

    /// This length rounded up to a whole number of steps; a step of zero leaves it as it is.
    #[must_use]
    pub const fn round_up(self, step: Self) -> Self {
        if step.0 == 0 {
            self
        } else {
            Self(self.0.div_ceil(step.0).saturating_mul(step.0))
        }
    }

    /// This length times `times` divided by `parts`, rounded down, without overflow in between.
    ///
    /// # Panics
    /// If `parts` is zero, which is a fault of the caller.
    #[must_use]
    pub fn part(self, times: u64, parts: u64) -> Self {
        let nanos = u128::from(self.0) * u128::from(times) / u128::from(parts);
        Self(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Whether the length is zero.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The difference, or zero where `other` is longer.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Memory {
    /// A number of bytes.
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// A number of MB of 1,048,576 bytes.
    pub fn from_mb(mb: f64) -> Self {
        Self((mb * 1_048_576.0).round() as u64)
    }

    /// The amount in bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// The amount in MB of 1,048,576 bytes.
    pub fn mb(self) -> f64 {
        self.0 as f64 / 1_048_576.0
    }

    /// The amount in GB of 1,024 MB.
    pub fn gb(self) -> f64 {
        self.mb() / 1024.0
    }
}

impl Add<Span> for Time {
    type Output = Self;
    /// Saturates at [`Time::NEVER`].
    #[inline]
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Add for Span {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Span {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Time {
    type Output = Span;
    #[inline]
    fn sub(self, earlier: Self) -> Span {
        debug_assert!(self >= earlier, "{self:?} is before {earlier:?}");
        self.since(earlier)
    }
}

impl Mul<u64> for Span {
    type Output = Self;
    fn mul(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

impl Sum for Span {
    fn sum<I: Iterator<Item = Self>>(spans: I) -> Self {
        spans.fold(Self::ZERO, |a, b| a + b)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_span(*self))
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_memory(*self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_become_lengths_at_every_end() {
        let of = |nanos| Span::from_nanos_f64(nanos).nanos();
        let two = |power: i32| 2_f64.powi(power);
        let kept = [
            0.0,
            0.49,
            0.5,
            1.49,
            two(53),
            two(62),
            two(63),
            1.5 * two(63),
        ];
        let nanos = [0, 0, 1, 1, 1 << 53, 1 << 62, 1 << 63, 3 << 62];
        assert_eq!(kept.map(of), nanos);
        assert_eq!([-0.4, -1.0, f64::NEG_INFINITY, f64::NAN].map(of), [0; 4]);
        assert_eq!([two(64), f64::INFINITY].map(of), [u64::MAX; 2]);
    }
}
