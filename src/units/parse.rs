//! Reading and writing quantities as a person types them: `"250 ms"`, `"1 GB"`, `"30 / h"`.

use std::fmt;

use super::{Memory, Span};

/// Why a text is not a quantity, with what would be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseQuantityError(String);

impl fmt::Display for ParseQuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ParseQuantityError {}

fn error<T>(text: String) -> Result<T, ParseQuantityError> {
    Err(ParseQuantityError(text))
}

const SPANS: [(&str, f64); 7] = [
    ("ns", 1e-9),
    ("us", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("min", 60.0),
    ("h", 3600.0),
    ("day", 86_400.0),
];

const MEMORIES: [(&str, f64); 4] = [
    ("B", 1.0),
    ("kB", 1024.0),
    ("MB", 1_048_576.0),
    ("GB", 1_073_741_824.0),
];

/// Other spellings people use, and the one meant.
const SPELLINGS: [(&str, &str); 27] = [
    ("µs", "us"),
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("millisecond", "ms"),
    ("milliseconds", "ms"),
    ("m", "min"),
    ("mins", "min"),
    ("minute", "min"),
    ("minutes", "min"),
    ("hr", "h"),
    ("hrs", "h"),
    ("hour", "h"),
    ("hours", "h"),
    ("d", "day"),
    ("days", "day"),
    ("KB", "kB"),
    ("KiB", "kB"),
    ("MiB", "MB"),
    ("GiB", "GB"),
    ("kb", "kB"),
    ("mb", "MB"),
    ("Mb", "MB"),
    ("gb", "GB"),
    ("Gb", "GB"),
    ("b", "B"),
];

fn split_number(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text
        .char_indices()
        .find(|&(i, c)| {
            let exponent = matches!(c, 'e' | 'E')
                && text[i + 1..].starts_with(|n: char| n.is_ascii_digit() || n == '-' || n == '+')
                && i > 0;
            let sign = matches!(c, '-' | '+') && (i == 0 || text[..i].ends_with(['e', 'E']));
            !(c.is_ascii_digit() || c == '.' || c == '_' || exponent || sign)
        })
        .map_or(text.len(), |(i, _)| i);
    let number: f64 = text[..end].replace('_', "").parse().ok()?;
    number.is_finite().then_some((number, text[end..].trim()))
}

fn factor(unit: &str, units: &[(&str, f64)]) -> Option<f64> {
    let meant = SPELLINGS
        .iter()
        .find(|(typed, _)| *typed == unit)
        .map_or(unit, |(_, u)| u);
    units
        .iter()
        .find(|(name, _)| *name == meant)
        .map(|(_, factor)| *factor)
}

fn unit_names(units: &[(&str, f64)]) -> String {
    units
        .iter()
        .map(|(name, _)| *name)
        .collect::<Vec<_>>()
        .join(", ")
}

/// A number that is not negative, in the base unit of `units`.
fn parse(
    text: &str,
    what: &str,
    example: &str,
    units: &[(&str, f64)],
) -> Result<f64, ParseQuantityError> {
    let Some((number, unit)) = split_number(text) else {
        return error(format!("expected {what} with its unit, such as {example}"));
    };
    if number < 0.0 {
        return error(format!("{what} cannot be negative"));
    }
    if unit.is_empty() {
        return error(format!("{what} needs its unit, such as {example}"));
    }
    match factor(unit, units) {
        Some(factor) => Ok(number * factor),
        None => error(format!(
            "unknown unit `{unit}`: {what} is given in {}",
            unit_names(units)
        )),
    }
}

/// A length of time: `"250 ms"`, `"5 min"`, `"7 days"`.
///
/// # Errors
/// The text is no number with a unit of time, is negative, longer than 570 years, or less than a
/// nanosecond and not 0.
pub fn parse_span(text: &str) -> Result<Span, ParseQuantityError> {
    let seconds = parse(text, "a duration", "\"250 ms\" or \"5 min\"", &SPANS)?;
    if seconds > 1.8e10 {
        return error("a duration of more than 570 years cannot be simulated".to_owned());
    }
    match Span::from_secs(seconds) {
        Span::ZERO if seconds > 0.0 => {
            error("a duration below a nanosecond cannot be simulated".to_owned())
        }
        span => Ok(span),
    }
}

/// An amount of memory: `"512 MB"`, `"1 GB"` (1 GB = 1,024 MB).
///
/// # Errors
/// The text is no number with a unit of memory, is negative, or more than 16 EB.
pub fn parse_memory(text: &str) -> Result<Memory, ParseQuantityError> {
    let bytes = parse(
        text,
        "an amount of memory",
        "\"512 MB\" or \"1 GB\"",
        &MEMORIES,
    )?;
    if bytes > 1.8e19 {
        return error("that is more memory than 64 bits can count".to_owned());
    }
    Ok(Memory::from_bytes(bytes.round() as u64))
}

fn parse_per(
    text: &str,
    what: &str,
    example: &str,
) -> Result<(f64, f64, String), ParseQuantityError> {
    let wrong = || ParseQuantityError(format!("expected {what}, such as {example}"));
    let (left, per) = text.split_once('/').ok_or_else(wrong)?;
    let (number, unit) = split_number(left).ok_or_else(wrong)?;
    if number < 0.0 {
        return error(format!("{what} cannot be negative"));
    }
    let (times, per_unit) = split_number(per).unwrap_or((1.0, per.trim()));
    match factor(per_unit, &SPANS) {
        Some(seconds) if times > 0.0 => Ok((number, times * seconds, unit.to_owned())),
        Some(_) => error(format!("{what} per no time at all")),
        None => error(format!(
            "unknown unit of time `{per_unit}`: use one of {}",
            unit_names(&SPANS)
        )),
    }
}

/// A rate of events a second: `"30 / h"`, `"100 / s"`.
///
/// # Errors
/// The text is not `NUMBER / UNIT OF TIME`, or is negative.
pub fn parse_rate(text: &str) -> Result<f64, ParseQuantityError> {
    let (number, seconds, unit) = parse_per(text, "a rate", "\"30 / h\" or \"100 / s\"")?;
    if !unit.is_empty() {
        return error(format!("a rate counts requests: leave out `{unit}`"));
    }
    Ok(number / seconds)
}

/// Bytes a second: `"80 MB / s"`.
///
/// # Errors
/// The text is not `NUMBER UNIT OF MEMORY / UNIT OF TIME`, or is negative.
pub fn parse_bandwidth(text: &str) -> Result<f64, ParseQuantityError> {
    let (number, seconds, unit) = parse_per(text, "a bandwidth", "\"80 MB / s\"")?;
    match factor(&unit, &MEMORIES) {
        Some(bytes) => Ok(number * bytes / seconds),
        None => error(format!(
            "unknown unit `{unit}`: use one of {}",
            unit_names(&MEMORIES)
        )),
    }
}

/// An amount of money in US dollars: `"0.2 USD"`.
///
/// # Errors
/// The text is no number followed by `USD`, or is negative.
pub fn parse_money(text: &str) -> Result<f64, ParseQuantityError> {
    parse(text, "a price", "\"0.2 USD\"", &[("USD", 1.0)])
}

fn shortest(number: f64) -> String {
    let text = format!("{number:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A length of time in a unit that it fills, and in which its number has the fewest digits:
/// `250 ms`, `5 min`, `1.5 h`, but `1000 min`. Of units with as many digits, the largest.
pub fn format_span(span: Span) -> String {
    if span == Span::FOR_EVER {
        return "for-ever".to_owned();
    }
    let seconds = span.secs();
    let digits = |number: &str| number.bytes().filter(u8::is_ascii_digit).count();
    let (unit, number) = SPANS
        .iter()
        .rev()
        .filter(|(_, factor)| seconds >= *factor)
        .map(|(unit, factor)| (*unit, shortest(seconds / factor)))
        .min_by_key(|(_, number)| digits(number))
        .unwrap_or_else(|| ("s", shortest(seconds)));
    let plural = if unit == "day" && number != "1" {
        "s"
    } else {
        ""
    };
    format!("{number} {unit}{plural}")
}

/// An amount of memory in the largest unit that it fills: `512 MB`.
pub fn format_memory(memory: Memory) -> String {
    let bytes = memory.bytes() as f64;
    let digits = |number: &str| number.bytes().filter(u8::is_ascii_digit).count();
    let (unit, number) = MEMORIES
        .iter()
        .rev()
        .filter(|(_, factor)| bytes >= *factor)
        .map(|(unit, factor)| (*unit, shortest(bytes / factor)))
        .min_by_key(|(_, number)| digits(number))
        .unwrap_or_else(|| ("B", shortest(bytes)));
    format!("{number} {unit}")
}

/// A rate in the smallest unit of time in which it is at least one: `30 / h`.
pub fn format_rate(per_second: f64) -> String {
    let (unit, seconds) = SPANS[3..]
        .iter()
        .find(|(_, seconds)| per_second * seconds >= 1.0)
        .unwrap_or(&SPANS[6]);
    format!("{} / {unit}", shortest(per_second * seconds))
}

/// Bytes a second: `80 MB / s`.
pub fn format_bandwidth(bytes_per_second: f64) -> String {
    format!(
        "{} / s",
        format_memory(Memory::from_bytes(bytes_per_second.round() as u64))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_as_typed_and_as_written() {
        assert_eq!(parse_span("250 ms"), Ok(Span::from_nanos(250_000_000)));
        assert_eq!(parse_span("1e3 us"), Ok(Span::from_nanos(1_000_000)));
        assert_eq!(parse_span("7 days"), Ok(Span::from_whole_secs(604_800)));
        assert_eq!(parse_span("5min"), Ok(Span::from_whole_secs(300)));
        assert_eq!(parse_memory("1 GB"), Ok(Memory::from_mb(1024.0)));
        assert_eq!(parse_rate("30 / h"), Ok(30.0 / 3600.0));
        assert_eq!(parse_rate("1 / 5 min"), Ok(1.0 / 300.0));
        assert_eq!(parse_bandwidth("80 MB / s"), Ok(80.0 * 1_048_576.0));
        assert_eq!(parse_money("0.0000166667 USD"), Ok(0.000_016_666_7));
        for text in [
            "250 ms",
            "5 min",
            "1.5 h",
            "7 days",
            "1 day",
            "0 s",
            "1000 min",
            "25 h",
            "1.5 days",
            "75 s",
            "12.345678 s",
            "1 ns",
        ] {
            assert_eq!(format_span(parse_span(text).unwrap()), text);
        }
        assert_eq!(format_span(Span::from_secs(1.0 / 3.0)), "333.333333 ms");
        assert_eq!(format_span(Span::from_whole_secs(100)), "100 s");
        assert_eq!(format_memory(parse_memory("1769 MB").unwrap()), "1769 MB");
        assert_eq!(format_rate(30.0 / 3600.0), "30 / h");
    }

    #[test]
    fn wrong_quantities_say_what_would_be_right() {
        for (text, message) in [
            (
                "5",
                "a duration needs its unit, such as \"250 ms\" or \"5 min\"",
            ),
            (
                "",
                "expected a duration with its unit, such as \"250 ms\" or \"5 min\"",
            ),
            ("-1 s", "a duration cannot be negative"),
            (
                "5 parsec",
                "unknown unit `parsec`: a duration is given in ns, us, ms, s, min, h, day",
            ),
            (
                "1e300 s",
                "a duration of more than 570 years cannot be simulated",
            ),
            (
                "nan s",
                "expected a duration with its unit, such as \"250 ms\" or \"5 min\"",
            ),
        ] {
            assert_eq!(parse_span(text).unwrap_err().to_string(), message, "{text}");
        }
    }
}
