//! Axes: from values to pixels, and where the ticks are.

/// A value axis: linear, or logarithmic where the values spread over more than a factor of 20.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    kind: Kind,
    low: f64,
    high: f64,
    start: f64,
    end: f64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Linear,
    /// With a place of its own for zero at the start where there are zeros.
    Log {
        zero: bool,
    },
}

/// Above this ratio of the largest to the smallest value an axis is logarithmic.
const SPREAD: f64 = 20.0;
/// An axis spans at least this share of its largest value, so that ticks differ in their digits
/// and nothing that hardly matters looks large.
const LEAST_SPAN: f64 = 0.05;
/// Share of a logarithmic axis that zero takes.
const ZERO: f64 = 0.07;

impl Scale {
    /// An axis for `values` that also shows `reach` (ends of intervals), from pixel `start` to
    /// pixel `end`. Values below zero are drawn at zero.
    pub(super) fn fit(values: &[f64], reach: &[f64], start: f64, end: f64) -> Self {
        let positive = |v: &&f64| **v > 0.0;
        let least = values
            .iter()
            .filter(positive)
            .copied()
            .fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(0.0, f64::max);
        let zero = values.iter().any(|v| *v <= 0.0);
        let top = reach.iter().copied().fold(most, f64::max);
        if most / least > SPREAD {
            // An interval may reach to zero: it is cut off a factor of 2 below the least value.
            let bottom = reach.iter().copied().filter(|v| *v > least / 2.0);
            let bottom = bottom.fold(least, f64::min);
            let room = (top / bottom).powf(0.06);
            return Self {
                kind: Kind::Log { zero },
                low: bottom / room,
                high: top * room,
                start,
                end,
            };
        }
        let bottom = reach.iter().copied().fold(least, f64::min).max(0.0);
        let (low, high) = if top <= 0.0 {
            (0.0, 1.0)
        } else if zero || bottom < 0.6 * top || bottom >= top {
            (0.0, top * 1.1)
        } else {
            let span = top - bottom;
            let room = (span * 0.15).max((top * LEAST_SPAN - span) / 2.0);
            ((bottom - room).max(0.0), top + room)
        };
        Self {
            kind: Kind::Linear,
            low,
            high,
            start,
            end,
        }
    }

    /// A linear axis from zero to a round number at or above `top`.
    pub(super) fn from_zero(top: f64, start: f64, end: f64) -> Self {
        let high = if top > 0.0 { top } else { 1.0 };
        let step = step(high, 5);
        Self {
            kind: Kind::Linear,
            low: 0.0,
            high: (high / step - 1e-9).ceil() * step,
            start,
            end,
        }
    }

    /// A logarithmic axis between two positive values, whatever their spread.
    pub(super) fn log(low: f64, high: f64, start: f64, end: f64) -> Self {
        Self {
            kind: Kind::Log { zero: false },
            low,
            high,
            start,
            end,
        }
    }

    pub(super) fn is_log(&self) -> bool {
        self.kind != Kind::Linear
    }

    pub(super) fn low(&self) -> f64 {
        self.low
    }

    pub(super) fn high(&self) -> f64 {
        self.high
    }

    /// The pixel of a value; values beyond the ends are drawn at the ends.
    pub(super) fn at(&self, value: f64) -> f64 {
        let share = match self.kind {
            Kind::Linear => (value - self.low) / (self.high - self.low),
            Kind::Log { zero } => {
                let from = if zero { ZERO } else { 0.0 };
                if value <= 0.0 {
                    0.0
                } else {
                    let part = (value / self.low).ln() / (self.high / self.low).ln();
                    from + (1.0 - from) * part.clamp(0.0, 1.0)
                }
            }
        };
        self.start + (self.end - self.start) * share.clamp(0.0, 1.0)
    }

    /// Round values to mark, ascending, about `count` of them.
    pub(super) fn ticks(&self, count: usize) -> Vec<f64> {
        match self.kind {
            Kind::Linear => multiples(step(self.high - self.low, count), self.low, self.high),
            Kind::Log { zero } => {
                let mut ticks = if zero { vec![0.0] } else { Vec::new() };
                ticks.extend(self.log_ticks(count));
                ticks
            }
        }
    }

    /// Powers of ten, with 2 and 5 or 3 between them where there is room; linear ticks where the
    /// axis is shorter than a factor of 4.
    fn log_ticks(&self, count: usize) -> Vec<f64> {
        if self.high / self.low < 4.0 {
            return multiples(step(self.high - self.low, count), self.low, self.high);
        }
        let decades = (self.high / self.low).log10();
        let room = count as f64 / decades;
        let digits: &[f64] = if room >= 2.5 {
            &[1.0, 2.0, 5.0]
        } else if room >= 1.7 {
            &[1.0, 3.0]
        } else {
            &[1.0]
        };
        let every = ((1.0 / room).ceil() as i32).max(1);
        let (from, to) = (
            self.low.log10().floor() as i32,
            self.high.log10().ceil() as i32,
        );
        (from..=to)
            .filter(|power| power.rem_euclid(every) == 0)
            .flat_map(|power| digits.iter().map(move |digit| digit * 10_f64.powi(power)))
            .filter(|tick| (self.low..=self.high).contains(tick))
            .collect()
    }
}

/// The 1, 2 or 5 × 10ⁿ that cuts `length` into about `count` parts.
fn step(length: f64, count: usize) -> f64 {
    let raw = length / count.max(1) as f64;
    let power = 10_f64.powf(raw.log10().floor());
    let digit = raw / power;
    let round = if digit < 1.5 {
        1.0
    } else if digit < 3.5 {
        2.0
    } else if digit < 7.5 {
        5.0
    } else {
        10.0
    };
    round * power
}

/// Multiples of a step in a range; by counting, so that they cannot drift.
pub(super) fn multiples(step: f64, low: f64, high: f64) -> Vec<f64> {
    let (from, to) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    // An axis too short for its step has no end of them; NaN casts to zero.
    let count = (to - from + 1.0).clamp(0.0, 100.0) as u32;
    (0..count).map(|i| (from + f64::from(i)) * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_spread_is_logarithmic_with_a_place_for_zero() {
        let scale = Scale::fit(&[0.0, 0.1, 10.0], &[], 0.0, 100.0);
        assert!(scale.is_log());
        assert!(scale.at(0.0) < 1e-9);
        assert!(scale.at(0.1) > 7.0 && scale.at(10.0) < 100.0);
        assert_eq!(scale.ticks(3), [0.0, 0.1, 1.0, 10.0]);
    }

    #[test]
    fn degenerate_values_still_give_an_axis() {
        for values in [
            &[][..],
            &[0.0],
            &[5.0],
            &[5.0, 5.0],
            &[1e15, 1e15],
            &[1e-9, 1e15],
        ] {
            let scale = Scale::fit(values, values, 0.0, 100.0);
            assert!(!scale.ticks(5).is_empty(), "{values:?}: {scale:?}");
            for value in values {
                assert!((0.0..=100.0).contains(&scale.at(*value)), "{values:?}");
            }
        }
    }

    #[test]
    fn values_that_hardly_differ_do_not_fill_the_axis() {
        let scale = Scale::fit(&[1.1331, 1.1333, 1.1345], &[], 0.0, 100.0);
        assert!(
            scale.high() - scale.low() > 0.05 * 1.1345 - 1e-12,
            "{scale:?}"
        );
        assert!(scale.at(1.1345) - scale.at(1.1331) < 5.0);
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(
            Scale::fit(&[3.0, 9.7], &[], 0.0, 1.0).ticks(5),
            [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
        );
        assert_eq!(
            Scale::log(1.0, 100.0, 0.0, 1.0).ticks(8),
            [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]
        );
    }
}
