//! Numbers as a person reads them: as many digits as the interval supports, a unit that fits.
//!
//! Minus is `−`, thousands are grouped by `,`. Nothing here prints NaN or an infinity: a number
//! that is not finite is no value.

use crate::experiment::Estimate;

/// Stands where a value does not exist.
pub(super) const NONE: &str = "–";

/// From here on plain digits say less than a power of ten.
const HUGE: f64 = 1e12;
/// Below this as well.
const TINY: f64 = 1e-6;

/// A mean and half the width of its interval, rounded to the same place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Shown {
    pub(super) mean: String,
    pub(super) half: Option<String>,
}

impl Shown {
    /// Such as `412 ±9`.
    pub(super) fn text(&self) -> String {
        match &self.half {
            Some(half) => format!("{} ±{half}", self.mean),
            None => self.mean.clone(),
        }
    }
}

/// Half the width of an interval, where it is a number: its longer side, for the other may have
/// been cut to what is possible.
pub(super) fn half_width(estimate: Estimate) -> Option<f64> {
    let side = |(low, high): (f64, f64)| match estimate.mean {
        Some(mean) => (high - mean).max(mean - low).abs(),
        None => (high - low).abs() / 2.0,
    };
    estimate.ci95.map(side).filter(|half| half.is_finite())
}

/// The mean, where it is a number.
pub(super) fn mean(estimate: Estimate) -> Option<f64> {
    estimate.mean.filter(|mean| mean.is_finite())
}

/// An estimate times `factor`: the half width with one significant digit (two up to 35, so that
/// rounding never changes it by much), the mean to the same place, so that no digit is shown that
/// the interval does not support.
pub(super) fn shown(estimate: Estimate, factor: f64) -> Option<Shown> {
    let mean = mean(estimate)? * factor;
    if !mean.is_finite() {
        return None;
    }
    let half = half_width(estimate)
        .map(|half| half * factor.abs())
        .filter(|half| half.is_finite());
    let Some(half) = half else {
        return Some(Shown {
            mean: significant(mean, 3),
            half: None,
        });
    };
    // A mean keeps two digits even where its interval is far wider, and no more than four where
    // its interval is far narrower.
    let of_mean = magnitude(mean);
    let place = if half > 0.0 {
        let of_half = magnitude(half);
        let digits = i32::from(half / 10_f64.powi(of_half) < 3.55);
        of_half - digits
    } else {
        of_mean - 3
    };
    let place = if mean == 0.0 {
        place
    } else {
        place.clamp(of_mean - 3, of_mean - 1)
    };
    if half == 0.0 {
        return Some(Shown {
            mean: significant(mean, 4),
            half: Some("0".to_owned()),
        });
    }
    let unit = 10_f64.powi(place);
    let half = if half >= unit / 2.0 {
        to_place(half, place)
    } else if half > unit / 100.0 {
        to_place(half, magnitude(half))
    } else {
        "0".to_owned()
    };
    Some(Shown {
        mean: to_place(mean, place),
        half: Some(half),
    })
}

/// The power of ten of the first digit; 0 for zero.
fn magnitude(value: f64) -> i32 {
    if value == 0.0 {
        0
    } else {
        value.abs().log10().floor() as i32
    }
}

/// Rounded to the decimal place `10^place`, with thousands grouped.
fn to_place(value: f64, place: i32) -> String {
    if value.abs() >= HUGE || (value != 0.0 && value.abs() < TINY) {
        // Plain `e` gives the shortest digits, which may be seventeen.
        let rounded = format!("{value:.2e}");
        let (digits, power) = rounded.split_once('e').unwrap_or((&rounded, "0"));
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        return format!("{digits}e{power}").replace('-', "−");
    }
    if place > 0 {
        let step = 10_f64.powi(place);
        fixed((value / step).round() * step, 0)
    } else {
        fixed(value, place.unsigned_abs().min(12) as usize)
    }
}

fn is_zero(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0' | b'.'))
}

/// Rounded to `digits` significant digits, but never short of the units; trailing zeros go.
pub(super) fn significant(value: f64, digits: i32) -> String {
    let text = to_place(value, (magnitude(value) - digits + 1).min(0));
    if text.contains('.') && !text.contains('e') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// With this many decimals and grouped thousands.
fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut grouped = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if !fraction.is_empty() {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    if value < 0.0 && !is_zero(&text) {
        grouped.insert(0, '−');
    }
    grouped
}

/// A length of time in the unit that fits: `0.8 ms`, `412 ms`, `6.21 s`, `1.5 h`.
pub(super) fn time_ms(millis: f64) -> String {
    if millis == 0.0 {
        return "0 s".to_owned();
    }
    let (unit, size) = time_unit(millis);
    format!("{} {unit}", significant(millis / size, 3))
}

/// The unit that a length of time reads best in, with its size in milliseconds.
fn time_unit(millis: f64) -> (&'static str, f64) {
    const UNITS: [(&str, f64); 6] = [
        ("d", 86_400_000.0),
        ("h", 3_600_000.0),
        ("min", 60_000.0),
        ("s", 1_000.0),
        ("ms", 1.0),
        ("µs", 0.001),
    ];
    let millis = millis.abs();
    UNITS
        .into_iter()
        .find(|(unit, size)| {
            // 100 s reads better than 1.67 min.
            let least = if matches!(*unit, "min" | "h") {
                2.0
            } else {
                1.0
            };
            millis >= size * least * 0.9995
        })
        .unwrap_or(("µs", 0.001))
}

/// An amount of money: `0.0042 USD`, `1,234 USD`.
pub(super) fn usd(value: f64) -> String {
    format!("{} USD", significant(value, 3))
}

/// A ratio in percent: `1.2 %`.
pub(super) fn percent(ratio: f64) -> String {
    format!(
        "{} %",
        significant((ratio * 100.0).clamp(f64::MIN, f64::MAX), 3)
    )
}

/// The shortest form that reads back as the same number; `None` if it is not finite.
pub(super) fn exact(value: f64) -> Option<String> {
    if !value.is_finite() {
        None
    } else if value == 0.0 || (1e-5..1e16).contains(&value.abs()) {
        Some(format!("{value}"))
    } else {
        Some(format!("{value:e}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(mean: f64, half: f64) -> Estimate {
        Estimate {
            mean: Some(mean),
            ci95: Some((mean - half, mean + half)),
        }
    }

    fn text(mean: f64, half: f64) -> String {
        shown(estimate(mean, half), 1.0).unwrap().text()
    }

    #[test]
    fn digits_follow_the_interval() {
        assert_eq!(text(412.3, 9.04), "412 ±9");
        assert_eq!(text(412.34, 1.24), "412.3 ±1.2");
        assert_eq!(text(655.2, 22.4), "655 ±22");
        assert_eq!(text(6213.0, 412.0), "6,200 ±400");
        assert_eq!(text(149.66, 0.011), "149.7 ±0.01");
        assert_eq!(text(0.421, 0.0123), "0.421 ±0.012");
        assert_eq!(text(108.0, 0.0), "108 ±0");
        assert_eq!(text(0.0, 0.0), "0 ±0");
        assert_eq!(text(108.0, 1e-9), "108.0 ±0");
        assert_eq!(text(5.2, 5_000.0), "5.2 ±5,000.0");
        assert_eq!(text(-38.2, 4.0), "−38 ±4");
        assert_eq!(text(3e-9, 1e-9), "3e−9 ±1e−9");
        assert_eq!(text(1.5e15, 2e14), "1.5e15 ±2e14");
    }

    #[test]
    fn what_is_not_finite_is_no_value() {
        assert_eq!(shown(estimate(f64::NAN, 1.0), 1.0), None);
        assert_eq!(shown(estimate(1e307, 1.0), 100.0), None);
        assert_eq!(shown(Estimate::default(), 1.0), None);
        assert_eq!(exact(f64::INFINITY), None);
        assert_eq!(percent(1e307), "1.8e308 %");
        let half = shown(estimate(5.0, f64::INFINITY), 1.0).unwrap();
        assert_eq!(half.text(), "5");
    }

    #[test]
    fn units_fit_the_size() {
        let times = [
            0.0,
            0.000_4,
            0.8,
            412.3,
            999.9,
            6213.0,
            60_000.0,
            5_400_000.0,
            2e8,
        ];
        let read = times.map(time_ms);
        let expected = [
            "0 s", "0.4 µs", "800 µs", "412 ms", "1 s", "6.21 s", "60 s", "90 min", "2.31 d",
        ];
        assert_eq!(read, expected);
        assert_eq!(usd(0.0042), "0.0042 USD");
        assert_eq!(usd(1234.4), "1,234 USD");
        assert_eq!(percent(0.0123), "1.23 %");
    }

    #[test]
    fn exact_numbers_read_back() {
        for value in [0.0, 0.1, 1.0 / 3.0, 5040.0, 1e-9, 1.7e300, -4.5e-7] {
            assert_eq!(exact(value).unwrap().parse(), Ok(value));
        }
    }
}
