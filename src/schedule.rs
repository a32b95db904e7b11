//! Times of the calendar: when a cron expression, a rate or a date is due in simulated time.
//!
//! Simulated time zero is a [`Start`] on the calendar. Cron expressions are read in a time zone, by
//! the rule of Amazon EventBridge Scheduler for summer time: a local time that does not exist is
//! left out, and one that comes twice counts the first time (docs.aws.amazon.com, scheduler,
//! schedule-types, 2026). The time zones are those of the build, not of the machine, so that the
//! same build gives the same times everywhere.

mod cron;

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ZonedDateTime};

use crate::units::{Span, Time};

pub use cron::Cron;

/// First and last year that a schedule knows, which are those of AWS cron expressions.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2199;

/// Day and time of simulated time zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Start {
    at: Timestamp,
    /// Local time since Monday 00:00, by the clock of the zone it was given in.
    of_week: Span,
}

impl Default for Start {
    /// Monday, 2024-01-01, 00:00 UTC.
    fn default() -> Self {
        Self {
            at: Timestamp::from_second(1_704_067_200).unwrap_or(Timestamp::UNIX_EPOCH),
            of_week: Span::ZERO,
        }
    }
}

/// Why a text is no [`Start`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoStart {
    /// It is no date at all.
    Text,
    /// A year that schedules do not know.
    Year,
    /// No time zone has this name.
    Zone(String),
    /// The offset is not that of the zone at that time.
    Offset,
    /// Summer time leaves it out.
    LeftOut,
}

impl fmt::Display for NoStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str(
                "expected a date, or a date and time, such as \"2026-11-02\" or \
                 \"2026-11-02T08:00[Europe/Berlin]\"",
            ),
            Self::Year => {
                let (first, last) = (YEARS.start(), YEARS.end());
                write!(f, "expected a year from {first} to {last}")
            }
            Self::Zone(name) => write!(f, "no time zone is named `{name}`"),
            Self::Offset => f.write_str("the time zone has another offset then: leave one out"),
            Self::LeftOut => f.write_str("there is no such time: the clock is put forward over it"),
        }
    }
}

impl Start {
    /// Reads `2026-11-02`, `2026-11-02T08:00`, `2026-11-02T08:00:00Z` or
    /// `2026-11-02T08:00[Europe/Berlin]`; without time zone it is UTC, without time midnight.
    ///
    /// # Errors
    /// Where the text is none of these, a year that schedules do not know, or a local time that
    /// does not exist.
    pub fn parse(text: &str) -> Result<Self, NoStart> {
        let (at, local) = match text.split_once('[') {
            Some((before, zone)) => zoned(text, before, zone)?,
            None => with_offset(text).ok_or(NoStart::Text)?,
        };
        if !YEARS.contains(&TimeZone::UTC.to_datetime(at).year()) {
            return Err(NoStart::Year);
        }
        let days = u64::from(local.weekday().to_monday_zero_offset().unsigned_abs());
        let midnight = local.time().duration_since(jiff::civil::Time::midnight());
        let nanos = u64::try_from(midnight.as_nanos()).unwrap_or(0);
        Ok(Self {
            at,
            of_week: Span::from_whole_secs(days * 86_400) + Span::from_nanos(nanos),
        })
    }

    /// Local time since Monday 00:00 when the run begins, as the clock shows it.
    pub fn of_week(self) -> Span {
        self.of_week
    }

    /// The simulated instant of another day and time; `None` where it is before this one.
    pub fn until(self, other: Self) -> Option<Time> {
        (other.at >= self.at).then(|| self.since(other.at))
    }

    /// The calendar's instant of a simulated one.
    fn at(self, time: Time) -> Option<Timestamp> {
        let nanos = self.at.as_nanosecond() + i128::from(time.nanos());
        Timestamp::from_nanosecond(nanos).ok()
    }

    /// The day of the week, from 0 for Monday, and the second of the day in a zone; midnight of a
    /// Monday beyond the calendar.
    pub fn local(self, time: Time, zone: &Zone) -> (u8, u32) {
        let Some(at) = self.at(time) else {
            return (0, 0);
        };
        let local = zone.0.to_datetime(at);
        let day = local.weekday().to_monday_zero_offset() as u8;
        let clock = [local.hour(), local.minute(), local.second()].map(i64::from);
        (day, (clock[0] * 3600 + clock[1] * 60 + clock[2]) as u32)
    }

    /// An expression that is due once, at this instant by the clock of a zone, to the second;
    /// `None` beyond the calendar.
    pub fn at_once(self, time: Time, zone: &Zone) -> Option<String> {
        let local = zone.0.to_datetime(self.at(time)?);
        Some(format!("at({})", local.strftime("%Y-%m-%dT%H:%M:%S")))
    }

    /// The simulated instant of one of the calendar; [`Time::NEVER`] beyond all simulated time.
    fn since(self, at: Timestamp) -> Time {
        let nanos = at.as_nanosecond() - self.at.as_nanosecond();
        u64::try_from(nanos.max(0)).map_or(Time::NEVER, Time::from_nanos)
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.at.fmt(f)
    }
}

/// A time with a zone behind it, and what a clock there shows.
fn zoned(text: &str, before: &str, zone: &str) -> Result<(Timestamp, DateTime), NoStart> {
    let name = zone.strip_suffix(']').ok_or(NoStart::Text)?;
    let Some(zone) = Zone::named(name) else {
        return Err(NoStart::Zone(name.to_owned()));
    };
    let typed = before.parse::<DateTime>().ok();
    let Ok(found) = text.parse::<ZonedDateTime>() else {
        let contradicts = typed.is_some() || before.parse::<Timestamp>().is_ok();
        return Err(if contradicts {
            NoStart::Offset
        } else {
            NoStart::Text
        });
    };
    let at = found.timestamp();
    let local = zone.0.to_datetime(at);
    // What is written with `Z` is no local time.
    if typed.is_some_and(|typed| typed != local) {
        return Err(NoStart::LeftOut);
    }
    Ok((at, local))
}

/// A time with an offset, or in universal time.
fn with_offset(text: &str) -> Option<(Timestamp, DateTime)> {
    let local = text.parse::<DateTime>().ok();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some((at, local.unwrap_or_else(|| TimeZone::UTC.to_datetime(at))));
    }
    // An offset that cannot be read must not become none.
    let has_offset = text
        .get(10..)
        .is_some_and(|time| time.contains(['+', '-', 'Z', 'z']));
    let local = local.filter(|_| !has_offset)?;
    Some((TimeZone::UTC.to_timestamp(local).ok()?, local))
}

/// A time zone of the IANA database that is part of the build.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Zone(TimeZone);

impl Zone {
    /// Universal time.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The zone of this name, such as `Europe/Berlin`; `None` where there is none.
    pub fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self)
    }

    /// The names of all zones.
    pub fn names() -> Vec<String> {
        let names = jiff::tz::db().available();
        names.map(|name| name.as_str().to_owned()).collect()
    }

    /// Its name in the database.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
}

/// When something is due, without the zone that it is read in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expression {
    /// Whenever local time matches.
    Cron(Cron),
    /// From simulated time zero on, each so much later than the last.
    Rate(Span),
    /// Once, at this local time.
    At(DateTime),
}

impl Expression {
    /// Reads five fields of Unix, six of AWS with or without `cron(…)` around them, `rate(5
    /// minutes)` or `at(2026-11-02T08:00:00)`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let inner = |name: &str| {
            let rest = text.strip_prefix(name)?.trim_start();
            rest.strip_prefix('(')?.strip_suffix(')')
        };
        if let Some(rate) = inner("rate") {
            return parse_rate(rate);
        }
        if let Some(at) = inner("at") {
            return at
                .trim()
                .parse()
                .map(Self::At)
                .map_err(|_| format!("`{at}` is no local time: such as at(2026-11-02T08:00:00)"));
        }
        match inner("cron") {
            Some(fields) => Cron::parse_aws(fields).map(Self::Cron),
            None => Cron::parse(text).map(Self::Cron),
        }
    }
}

/// `5 minutes`.
fn parse_rate(text: &str) -> Result<Expression, String> {
    let wrong = || format!("`{text}` is no rate: such as rate(5 minutes), rate(1 hour)");
    let (number, unit) = text.trim().split_once(' ').ok_or_else(wrong)?;
    let number: u32 = number.parse().map_err(|_| wrong())?;
    let unit = match unit.trim() {
        "minute" | "minutes" => 60,
        "hour" | "hours" => 3600,
        "day" | "days" => 86_400,
        _ => return Err(wrong()),
    };
    if number == 0 {
        return Err(wrong());
    }
    let seconds = u64::from(number) * unit;
    Ok(Expression::Rate(Span::from_whole_secs(seconds)))
}

/// A rate as AWS writes it, such as `rate(5 minutes)`; `None` where it is not of whole minutes.
pub fn aws_rate(every: Span) -> Option<String> {
    const MINUTE: u64 = 60_000_000_000;
    let nanos = every.nanos();
    if nanos == 0 || !nanos.is_multiple_of(MINUTE) {
        return None;
    }
    let minutes = nanos / MINUTE;
    let (count, unit) = match minutes {
        _ if minutes.is_multiple_of(1440) => (minutes / 1440, "day"),
        _ if minutes.is_multiple_of(60) => (minutes / 60, "hour"),
        _ => (minutes, "minute"),
    };
    let plural = if count == 1 { "" } else { "s" };
    Some(format!("rate({count} {unit}{plural})"))
}

/// When something is due, in simulated time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Schedule {
    expression: Expression,
    zone: Zone,
    start: Start,
}

impl Schedule {
    /// An expression read in a zone, in a simulation that begins at `start`.
    pub fn new(expression: Expression, zone: Zone, start: Start) -> Self {
        Self {
            expression,
            zone,
            start,
        }
    }

    /// The zone that local times are of.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Whether it is due once, on a day that no calendar has: simulated time zero is that of an
    /// experiment that names none.
    pub fn is_of_no_day(&self) -> bool {
        matches!(self.expression, Expression::At(_)) && self.start == Start::default()
    }

    /// Whether it is due once.
    pub fn is_once(&self) -> bool {
        matches!(self.expression, Expression::At(_))
    }

    /// Expressions of AWS that together are due when this one is; none where AWS has none.
    pub fn aws(&self) -> Vec<String> {
        match &self.expression {
            Expression::Cron(cron) => cron.aws(),
            Expression::Rate(every) => Vec::from_iter(aws_rate(*every)),
            Expression::At(local) if local.subsec_nanosecond() == 0 => {
                vec![format!("at({local})")]
            }
            Expression::At(_) => Vec::new(),
        }
    }

    /// The first time at `from` or later; [`Time::NEVER`] where there is none.
    pub fn next_from(&self, from: Time) -> Time {
        let next = match &self.expression {
            Expression::Rate(every) => Some(Time::ZERO + from.since(Time::ZERO).round_up(*every)),
            Expression::At(local) => {
                let at = self.instant(*local);
                let due = at.filter(|at| *at >= self.start.at);
                due.map(|at| self.start.since(at)).filter(|at| *at >= from)
            }
            Expression::Cron(cron) => self.next_cron(cron, from),
        };
        next.unwrap_or(Time::NEVER)
    }

    /// The first time after `from`; [`Time::NEVER`] where there is none.
    pub fn next_after(&self, from: Time) -> Time {
        self.next_from(from + Span::from_nanos(1))
    }

    /// Whether it is a date that summer time leaves out, so that it never comes.
    pub fn is_left_out(&self) -> bool {
        matches!(self.expression, Expression::At(local) if self.instant(local).is_none())
    }

    /// The instant of a local time, of one that comes twice the first: the second is no time of its
    /// own. `None` where summer time leaves it out.
    fn instant(&self, local: DateTime) -> Option<Timestamp> {
        let ambiguous = self.zone.0.to_ambiguous_timestamp(local);
        match ambiguous.offset() {
            AmbiguousOffset::Gap { .. } => None,
            _ => ambiguous.earlier().ok(),
        }
    }

    fn next_cron(&self, cron: &Cron, from: Time) -> Option<Time> {
        let zone = &self.zone.0;
        let earliest = self.start.at(from)?;
        let mut local = zone.to_datetime(earliest);
        loop {
            local = cron.next_from(local)?;
            if let Some(at) = self.instant(local)
                && at >= earliest
            {
                return Some(self.start.since(at));
            }
            local = cron::next_minute(local)?;
        }
    }
}

#[cfg(test)]
mod tests;
