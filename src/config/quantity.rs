//! Quantities as typed: a text with a unit, a whole number, a number, a date.
//!
//! Each says in its own words what it expects, and describes itself in the JSON Schema.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, de::Error as _};

use super::decode::date;
use super::names::did_you_mean;

use crate::schedule::{Expression, NoStart, Start, Zone};
use crate::units::{
    Memory, Span, parse_bandwidth, parse_memory, parse_money, parse_rate, parse_span,
};

/// A text quantity: its newtype, how it is parsed, what it expects.
macro_rules! text_quantity {
    (
        $(#[$doc:meta])* $name:ident($inner:ty), $parse:expr, $expecting:literal,
        $example:literal
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Debug)]
        pub(crate) struct $name(pub(crate) $inner);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl Visitor<'_> for Text {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        $parse(text).map($name).map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string", "description": $expecting, "examples": [$example]
                })
            }
        }
    };
}

text_quantity!(
    /// A length of time.
    Length(Span),
    parse_span,
    "a duration with its unit, such as \"250 ms\" or \"5 min\"",
    "250 ms"
);
text_quantity!(
    /// A length of time above zero.
    PositiveLength(Span),
    positive_span,
    "a duration above zero with its unit, such as \"250 ms\" or \"5 min\"",
    "5 min"
);
text_quantity!(
    /// An amount of memory above zero.
    Bytes(Memory),
    positive_memory,
    "an amount of memory with its unit, such as \"512 MB\" or \"1 GB\"",
    "512 MB"
);
text_quantity!(
    /// Events a second.
    Rate(f64),
    finite_rate,
    "a rate, such as \"30 / h\" or \"100 / s\"",
    "30 / h"
);
text_quantity!(
    /// Bytes a second, above zero.
    Bandwidth(f64),
    positive_bandwidth,
    "a bandwidth, such as \"80 MB / s\"",
    "80 MB / s"
);
text_quantity!(
    /// US dollars.
    Money(f64),
    finite_money,
    "a price, such as \"0.2 USD\"",
    "0.2 USD"
);

fn positive_span(text: &str) -> Result<Span, String> {
    match parse_span(text) {
        Ok(Span::ZERO) => Err("a duration above zero is needed here".to_owned()),
        other => other.map_err(|e| e.to_string()),
    }
}

fn positive_memory(text: &str) -> Result<Memory, String> {
    match parse_memory(text) {
        Ok(memory) if memory.bytes() == 0 => Err("an amount above zero is needed here".to_owned()),
        other => other.map_err(|e| e.to_string()),
    }
}

/// Simulated time has whole nanoseconds: where fewer than some of them lie between requests, gaps
/// drawn at random are rounded to others (at one a nanosecond 4 % more requests come).
pub(crate) const MOST_RATE: f64 = 1e8;

fn finite_rate(text: &str) -> Result<f64, String> {
    match parse_rate(text) {
        Ok(rate) if rate > MOST_RATE => Err(format!(
            "a rate above {MOST_RATE} / s cannot be simulated: time goes by whole nanoseconds"
        )),
        other => other.map_err(|e| e.to_string()),
    }
}

/// What a month costs must be a number as well.
fn finite_money(text: &str) -> Result<f64, String> {
    match parse_money(text) {
        Ok(price) if price > 1e9 => Err("a price above 1000000000 USD is no price".to_owned()),
        other => other.map_err(|e| e.to_string()),
    }
}

fn positive_bandwidth(text: &str) -> Result<f64, String> {
    match parse_bandwidth(text) {
        // What is less than a byte a century would make no length of time.
        Ok(bandwidth) if !(1e-9..1e30).contains(&bandwidth) => {
            Err("a bandwidth above zero is needed here".to_owned())
        }
        other => other.map_err(|e| e.to_string()),
    }
}

text_quantity!(
    /// When something is due.
    When(Expression),
    Expression::parse,
    "a cron expression, such as \"0 8 * * MON-FRI\" or \"cron(0 8 ? * MON-FRI *)\", a rate or a \
     date, such as \"rate(5 minutes)\" or \"at(2026-11-02T08:00:00)\"",
    "0 8 * * MON-FRI"
);

/// A number with bounds: its newtype, what it holds, what it expects.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty), $valid:expr, $expecting:literal, $schema:tt) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Debug)]
        pub(crate) struct $name(pub(crate) $inner);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Bounded;
                impl Visitor<'_> for Bounded {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }
                    fn visit_i64<E: de::Error>(self, number: i64) -> Result<$name, E> {
                        let valid: fn(Typed) -> Option<$inner> = $valid;
                        valid(Typed::Whole(number))
                            .map($name)
                            .ok_or_else(|| E::invalid_value(de::Unexpected::Signed(number), &self))
                    }
                    fn visit_f64<E: de::Error>(self, number: f64) -> Result<$name, E> {
                        let valid: fn(Typed) -> Option<$inner> = $valid;
                        valid(Typed::Real(number))
                            .map($name)
                            .ok_or_else(|| E::invalid_value(de::Unexpected::Float(number), &self))
                    }
                }
                deserializer.deserialize_any(Bounded)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

/// A number as TOML has it.
#[derive(Clone, Copy)]
enum Typed {
    Whole(i64),
    Real(f64),
}

impl Typed {
    fn real(self) -> f64 {
        match self {
            Self::Whole(number) => number as f64,
            Self::Real(number) => number,
        }
    }

    fn whole<T: TryFrom<i64>>(self) -> Option<T> {
        match self {
            Self::Whole(number) => T::try_from(number).ok(),
            Self::Real(_) => None,
        }
    }
}

number!(
    /// How many, with none allowed.
    Count(u32),
    |n| n.whole(),
    "a whole number from 0 to 4294967295",
    { "type": "integer", "minimum": 0, "maximum": 4_294_967_295_u32 }
);
number!(
    /// How many, at least one.
    PositiveCount(u32),
    |n| n.whole().filter(|n| *n > 0),
    "a whole number of 1 or more, at most 4294967295",
    { "type": "integer", "minimum": 1, "maximum": 4_294_967_295_u32 }
);
number!(
    /// Seed of all random numbers.
    Seed(u64),
    |n| n.whole(),
    "a whole number from 0 to 9223372036854775807",
    { "type": "integer", "minimum": 0 }
);
number!(
    /// A number that is not negative.
    Number(f64),
    |n| Some(n.real()).filter(|n| n.is_finite() && *n >= 0.0),
    "a number of 0 or more",
    { "type": "number", "minimum": 0 }
);
number!(
    /// A number above zero.
    PositiveNumber(f64),
    |n| Some(n.real()).filter(|n| n.is_finite() && *n > 0.0),
    "a number above 0",
    { "type": "number", "exclusiveMinimum": 0 }
);
number!(
    /// A number of one or more.
    AtLeastOne(f64),
    |n| Some(n.real()).filter(|n| n.is_finite() && *n >= 1.0),
    "a number of 1 or more",
    { "type": "number", "minimum": 1 }
);
/// Most requests for each that there usually is: more would not end, or not fit into memory.
pub(crate) const MOST_TIMES: f64 = 10_000.0;
/// Fewest: gaps that so many times as long still are lengths of time.
const LEAST_TIMES: f64 = 1e-6;

number!(
    /// How many times as many.
    Times(f64),
    |n| Some(n.real()).filter(|n| *n >= LEAST_TIMES && *n <= MOST_TIMES),
    "a number from 0.000001 to 10000",
    { "type": "number", "minimum": 0.000_001, "maximum": 10_000 }
);
number!(
    /// How many times as many, and more than usual.
    Rise(f64),
    |n| Some(n.real()).filter(|n| *n > 1.0 && *n <= MOST_TIMES),
    "a number above 1, at most 10000",
    { "type": "number", "exclusiveMinimum": 1, "maximum": 10_000 }
);
number!(
    /// A part of 1.
    Share(f64),
    |n| Some(n.real()).filter(|n| (0.0..=1.0).contains(n)),
    "a number from 0 to 1",
    { "type": "number", "minimum": 0, "maximum": 1 }
);

/// A day of the calendar.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut part = |digits: usize| {
            let part = parts.next()?;
            let valid = part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
            if valid {
                part.parse::<u16>().ok()
            } else {
                None
            }
        };
        let (year, month, day) = (part(4)?, part(2)?, part(2)?);
        if parts.next().is_some() {
            return None;
        }
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        (1..=days).contains(&day).then_some(Self {
            year,
            month: month as u8,
            day: day as u8,
        })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = String;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date, such as \"2026-11-01\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
                Ok(text.to_owned())
            }
        }
        let text = date(deserializer, Text)?;
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom("expected a day of the calendar, such as \"2026-11-01\"")
        })
    }
}

impl JsonSchema for Date {
    fn schema_name() -> Cow<'static, str> {
        "Date".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "format": "date", "description": "a date, such as \"2026-11-01\""
        })
    }
}

/// Day and time of simulated time zero.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct DateAndTime(pub(crate) Start);

impl<'de> Deserialize<'de> for DateAndTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = String;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date, or a date and time, such as \"2026-11-02T08:00:00Z\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
                Ok(text.to_owned())
            }
        }
        let text = date(deserializer, Text)?;
        Start::parse(&text)
            .map(Self)
            .map_err(|fault| D::Error::custom(no_start(&fault)))
    }
}

impl JsonSchema for DateAndTime {
    fn schema_name() -> Cow<'static, str> {
        "DateAndTime".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "a date, or a date and time; without time zone it is UTC",
            "examples": ["2026-11-02", "2026-11-02T08:00:00Z", "2026-11-02T08:00[Europe/Berlin]"]
        })
    }
}

/// What is wrong with a day and time, with the zone that was probably meant.
fn no_start(fault: &NoStart) -> String {
    let names = match fault {
        NoStart::Zone(_) => Zone::names(),
        _ => Vec::new(),
    };
    let hint = match fault {
        NoStart::Zone(name) => did_you_mean(name, names.iter().map(String::as_str)),
        _ => None,
    };
    hint.map_or_else(|| fault.to_string(), |hint| format!("{fault}: {hint}"))
}

/// A time of a run.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Moment {
    /// So long after its beginning.
    After(Span),
    /// By the calendar.
    At(Start),
}

const MOMENT: &str = "a length of time since the beginning of the run, such as \"3 days\", or a day \
                      and time of the calendar, such as \"2026-11-27T08:00[Europe/Berlin]\"";

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = String;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(MOMENT)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
                Ok(text.to_owned())
            }
        }
        let text = date(deserializer, Text)?;
        if let Ok(length) = parse_span(&text) {
            return Ok(Self::After(length));
        }
        let unknown = |fault| match fault {
            NoStart::Text => D::Error::custom(format!("expected {MOMENT}")),
            other => D::Error::custom(no_start(&other)),
        };
        Start::parse(&text).map(Self::At).map_err(unknown)
    }
}

impl JsonSchema for Moment {
    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": MOMENT,
            "examples": ["3 days", "2026-11-27", "2026-11-27T08:00[Europe/Berlin]"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_of_the_calendar_are_dates() {
        for good in ["2026-11-01", "2024-02-29", "2000-02-29"] {
            assert_eq!(Date::parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-1-1",
            "",
            "2026-11-01-1",
            "+026-01-01",
        ] {
            assert_eq!(Date::parse(bad), None, "{bad}");
        }
    }
}
