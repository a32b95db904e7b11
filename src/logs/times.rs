//! Instants as logs write them, in nanoseconds since 1970.

use jiff::Timestamp;
use jiff::civil::DateTime;

/// Length of `YYYY-MM-DDTHH:MM:SS`.
const SHORTEST: usize = 19;

/// Whether text begins as a day of ISO 8601 and a time do.
pub(super) fn begins_with_time(text: &[u8]) -> bool {
    text.len() >= SHORTEST
        && text[0].is_ascii_digit()
        && text[4] == b'-'
        && text[7] == b'-'
        && matches!(text[10], b'T' | b' ')
        && text[13] == b':'
        && text[16] == b':'
}

/// An instant of ISO 8601; without a zone it is UTC, as in tables of Logs Insights.
pub(super) fn parse_time(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.trim();
    if let Some(at) = parse_plain(text.as_bytes()) {
        return Some(at);
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return i64::try_from(at.as_nanosecond()).ok();
    }
    if let Ok(at) = text.parse::<DateTime>() {
        let at = jiff::tz::TimeZone::UTC.to_timestamp(at).ok()?;
        return i64::try_from(at.as_nanosecond()).ok();
    }
    parse_epoch(text)
}

/// The commonest form, `2020-06-04T15:29:19.101Z`, whose parsing would else be a tenth of reading.
fn parse_plain(text: &[u8]) -> Option<i64> {
    let rest = text.get(SHORTEST..)?;
    let fraction = rest.strip_suffix(b"Z")?;
    if !begins_with_time(text) {
        return None;
    }
    let number = |from: usize, to: usize| {
        let digits = &text[from..to];
        let all = digits.iter().all(u8::is_ascii_digit);
        all.then(|| {
            digits
                .iter()
                .fold(0_i64, |n, d| n * 10 + i64::from(d - b'0'))
        })
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let february = if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) {
        29
    } else {
        28
    };
    let days = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    if day < 1 || day > days[usize::try_from(month - 1).ok()?] {
        return None;
    }
    let mut nanos = 0;
    if let Some(digits) = fraction.strip_prefix(b".") {
        if digits.is_empty() || digits.len() > 9 || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        nanos = digits
            .iter()
            .fold(0_i64, |n, d| n * 10 + i64::from(d - b'0'));
        nanos *= 10_i64.pow(9 - digits.len() as u32);
    } else if !fraction.is_empty() {
        return None;
    }
    let seconds = ((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    seconds.checked_mul(1_000_000_000)?.checked_add(nanos)
}

/// Days from 1970-01-01 in the Gregorian calendar (Howard Hinnant, `days_from_civil`, 2013).
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// A count since 1970, in seconds, milliseconds, microseconds or nanoseconds by its size.
fn parse_epoch(text: &str) -> Option<i64> {
    let number: f64 = text.parse().ok()?;
    epoch(number)
}

/// A count since 1970 whose unit its size tells: seconds up to the year 2286, and so on.
pub(super) fn epoch(number: f64) -> Option<i64> {
    let factor = match number {
        n if !n.is_finite() || n < 1e8 => return None,
        n if n < 1e10 => 1e9,
        n if n < 1e13 => 1e6,
        n if n < 1e16 => 1e3,
        n if n < 9e18 => 1.0,
        _ => return None,
    };
    // Milliseconds are whole numbers and stay exact.
    Some((number * factor) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_instant_is_read() {
        let want: i64 = 1_591_284_559_101_000_000;
        for text in [
            "2020-06-04T15:29:19.101Z",
            "2020-06-04T15:29:19.101000Z",
            "2020-06-04T15:29:19.101000+00:00",
            "2020-06-04T17:29:19.101+02:00",
            "2020-06-04 15:29:19.101",
            "2020-06-04T15:29:19.101",
            "1591284559101",
            " 1591284559.101",
        ] {
            let got = parse_time(text.as_bytes());
            assert!(
                got.is_some_and(|got| (got - want).abs() < 1000),
                "{text}: {got:?}"
            );
        }
        for text in [
            "",
            "yesterday",
            "2020-13-04T15:29:19.101Z",
            "12",
            "NaN",
            "2020-02-30T00:00:00Z",
        ] {
            assert_eq!(parse_time(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn the_short_way_agrees_with_the_long_one() {
        for day in 0..400 {
            let at = Timestamp::from_second(day * 86_400 * 97 + day * 1_237 - 900_000_000).unwrap();
            let text = at.to_string();
            assert_eq!(
                parse_plain(text.as_bytes()),
                i64::try_from(at.as_nanosecond()).ok(),
                "{text}"
            );
        }
    }
}
