//! Cron expressions: five fields of Unix, or six of AWS with a year, `L`, `W` and `#`.

mod aws;

use jiff::civil::{Date, DateTime, Time as Clock};

use super::YEARS;

/// Minutes of local time that match a cron expression.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cron {
    /// A bit for each minute, hour and month that matches.
    minutes: u64,
    hours: u32,
    months: u16,
    /// A bit for each year since the first.
    years: [u64; 4],
    month_days: MonthDays,
    week_days: WeekDays,
    /// Whether one of both kinds of days is enough: Unix, where both are restricted.
    either: bool,
}

/// Days of a month.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum MonthDays {
    /// A bit for each day.
    Days(u32),
    /// The last one.
    Last,
    /// The last one from Monday to Friday.
    LastWorkday,
    /// The one from Monday to Friday that is nearest to this day, within the month.
    NearestWorkday(i8),
}

/// Days of a week, counted from Sunday as 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum WeekDays {
    /// A bit for each day.
    Days(u8),
    /// The last such day of the month.
    Last(i8),
    /// The n-th such day of the month.
    Nth(i8, i8),
}

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// What a field may hold.
struct Field {
    what: &'static str,
    least: i16,
    most: i16,
    names: &'static [&'static str],
    /// The number of the first name.
    first: i16,
    /// Whether a range may go over the end, as from Friday to Monday.
    wraps: bool,
}

const MINUTE: Field = Field::plain("minute", 0, 59);
const HOUR: Field = Field {
    wraps: true,
    ..Field::plain("hour", 0, 23)
};
const MONTH_DAY: Field = Field::plain("day of the month", 1, 31);
const MONTH: Field = Field {
    names: &MONTHS,
    first: 1,
    wraps: true,
    ..Field::plain("month", 1, 12)
};
/// Sunday is 0 and 7.
const UNIX_WEEK_DAY: Field = Field {
    names: &DAYS,
    first: 0,
    wraps: true,
    ..Field::plain("day of the week", 0, 7)
};
/// Sunday is 1.
const AWS_WEEK_DAY: Field = Field {
    names: &DAYS,
    first: 1,
    wraps: true,
    ..Field::plain("day of the week", 1, 7)
};
const YEAR: Field = Field::plain("year", *YEARS.start(), *YEARS.end());

impl Field {
    const fn plain(what: &'static str, least: i16, most: i16) -> Self {
        Self {
            what,
            least,
            most,
            names: &[],
            first: 0,
            wraps: false,
        }
    }

    fn number(&self, text: &str) -> Result<i16, String> {
        let named = (self.first..).zip(self.names);
        let mut named = named.filter(|(_, name)| name.eq_ignore_ascii_case(text));
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = match named.next() {
            Some((number, _)) => Some(number),
            None if digits => text.parse().ok(),
            None => None,
        };
        number
            .filter(|number| (self.least..=self.most).contains(number))
            .ok_or_else(|| {
                format!(
                    "`{text}` is no {}: {} to {}",
                    self.what, self.least, self.most
                )
            })
    }

    /// The numbers that a field lists.
    fn numbers(&self, text: &str) -> Result<Vec<i16>, String> {
        let mut numbers = Vec::new();
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, Some(step)),
                None => (part, None),
            };
            let (from, to) = match range.split_once('-') {
                _ if range == "*" => (self.least, self.most),
                Some((from, to)) => (self.number(from)?, self.number(to)?),
                None if step.is_some() => (self.number(range)?, self.most),
                None => (self.number(range)?, self.number(range)?),
            };
            let step = match step {
                None => 1,
                Some(step) => match step.parse::<u16>() {
                    Ok(step) if step > 0 => usize::from(step),
                    _ => return Err(format!("`{step}` is no step: a whole number above 0")),
                },
            };
            if from <= to {
                numbers.extend((from..=to).step_by(step));
            } else if self.wraps {
                let around = (from..=self.most).chain(self.least..=to);
                numbers.extend(around.step_by(step));
            } else {
                return Err(format!("`{range}` is no range of {}s", self.what));
            }
        }
        Ok(numbers)
    }

    fn bits(&self, text: &str) -> Result<u64, String> {
        let numbers = self.numbers(text)?;
        Ok(numbers.into_iter().fold(0, |bits, n| bits | 1 << n))
    }
}

impl Cron {
    /// Reads five fields as Unix does, or six as AWS does.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        match fields[..] {
            [minute, hour, day, month, weekday] => {
                Self::unix(minute, hour, day, month, weekday).and_then(Self::ever)
            }
            [_, _, _, _, _, _] => Self::parse_aws(text),
            _ => Err(format!(
                "a cron expression has five fields, or six with a year, not {}: such as \
                 \"0 8 * * MON-FRI\"",
                fields.len()
            )),
        }
    }

    /// Reads six fields: minute, hour, day of the month, month, day of the week, year.
    pub(super) fn parse_aws(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday, year] = fields[..] else {
            return Err(format!(
                "an AWS cron expression has six fields, not {}: such as \"0 8 ? * MON-FRI *\"",
                fields.len()
            ));
        };
        if (day == "?") == (weekday == "?") {
            let one = "one of the day of the month and the day of the week must be `?`";
            return Err(format!("{one}, and only one"));
        }
        let mut years = [0; 4];
        for number in YEAR.numbers(year)? {
            let place = (number - YEARS.start()) as usize;
            years[place / 64] |= 1 << (place % 64);
        }
        Self {
            minutes: MINUTE.bits(minute)?,
            hours: HOUR.bits(hour)? as u32,
            months: MONTH.bits(month)? as u16,
            years,
            month_days: MonthDays::parse(day)?,
            week_days: WeekDays::parse(weekday)?,
            either: false,
        }
        .ever()
    }

    fn unix(
        minute: &str,
        hour: &str,
        day: &str,
        month: &str,
        weekday: &str,
    ) -> Result<Self, String> {
        let week = UNIX_WEEK_DAY.bits(weekday)? as u8;
        Ok(Self {
            minutes: MINUTE.bits(minute)?,
            hours: HOUR.bits(hour)? as u32,
            months: MONTH.bits(month)? as u16,
            years: [u64::MAX; 4],
            month_days: MonthDays::Days(MONTH_DAY.bits(day)? as u32),
            week_days: WeekDays::Days((week | week >> 7) & 0x7F),
            either: !day.starts_with('*') && !weekday.starts_with('*'),
        })
    }

    /// Refuses what never comes.
    fn ever(self) -> Result<Self, String> {
        let first = Date::constant(*YEARS.start(), 1, 1).to_datetime(Clock::midnight());
        match self.next_from(first) {
            Some(_) => Ok(self),
            None => Err("no day of the calendar is like this".to_owned()),
        }
    }

    /// The first whole minute at `from` or later that matches.
    pub(super) fn next_from(&self, from: DateTime) -> Option<DateTime> {
        let whole = from.second() == 0 && from.subsec_nanosecond() == 0;
        let from = if whole { from } else { next_minute(from)? };
        let mut date = from.date();
        let mut clock = (from.hour() as u32, from.minute() as u32);
        while date.year() <= *YEARS.end() {
            if !self.has_year(date.year()) {
                date = Date::new(date.year() + 1, 1, 1).ok()?;
            } else if self.months >> date.month() & 1 == 0 {
                date = date.last_of_month().tomorrow().ok()?;
            } else {
                if self.has_day(date)
                    && let Some((hour, minute)) = self.clock_from(clock)
                {
                    return Some(date.at(hour, minute, 0, 0));
                }
                date = date.tomorrow().ok()?;
            }
            clock = (0, 0);
        }
        None
    }

    fn has_year(&self, year: i16) -> bool {
        let place = year - YEARS.start();
        place >= 0 && self.years[place as usize / 64] >> (place % 64) & 1 == 1
    }

    fn has_day(&self, date: Date) -> bool {
        let (month, week) = (self.month_days.has(date), self.week_days.has(date));
        if self.either {
            month || week
        } else {
            month && week
        }
    }

    /// The first matching hour and minute of a day that are not before these.
    fn clock_from(&self, (hour, minute): (u32, u32)) -> Option<(i8, i8)> {
        let later = self.minutes & u64::MAX << minute;
        if self.hours >> hour & 1 == 1 && later != 0 {
            return Some((hour as i8, later.trailing_zeros() as i8));
        }
        let hours = u64::from(self.hours) & u64::MAX << (hour + 1);
        let first = self.minutes.trailing_zeros() as i8;
        (hours != 0).then(|| (hours.trailing_zeros() as i8, first))
    }
}

impl MonthDays {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.to_ascii_uppercase();
        Ok(match text.as_str() {
            "?" => Self::Days(u32::MAX),
            "L" => Self::Last,
            "LW" => Self::LastWorkday,
            _ => match text.strip_suffix('W') {
                Some(day) => Self::NearestWorkday(MONTH_DAY.number(day)? as i8),
                None => Self::Days(MONTH_DAY.bits(&text)? as u32),
            },
        })
    }

    fn has(self, date: Date) -> bool {
        let (day, last) = (date.day(), date.days_in_month());
        match self {
            Self::Days(days) => days >> day & 1 == 1,
            Self::Last => day == last,
            Self::LastWorkday => day == nearest_workday(date, last),
            // A month without this day has none near it.
            Self::NearestWorkday(wanted) => wanted <= last && day == nearest_workday(date, wanted),
        }
    }
}

/// The day from Monday to Friday that is nearest to this day of a date's month, within the month.
fn nearest_workday(date: Date, day: i8) -> i8 {
    // Sunday is 0.
    let weekday = (week_day(date) + day - date.day()).rem_euclid(7);
    match weekday {
        6 if day > 1 => day - 1,
        6 => day + 2,
        0 if day < date.days_in_month() => day + 1,
        0 => day - 2,
        _ => day,
    }
}

impl WeekDays {
    fn parse(text: &str) -> Result<Self, String> {
        let day = |text: &str| AWS_WEEK_DAY.number(text).map(|day| day as i8 - 1);
        if text == "?" {
            return Ok(Self::Days(u8::MAX));
        }
        if let Some((name, nth)) = text.split_once('#') {
            return match nth.parse() {
                Ok(nth @ 1..=5) => Ok(Self::Nth(day(name)?, nth)),
                _ => Err(format!("`{nth}` is no week of a month: 1 to 5")),
            };
        }
        if let Some(name) = text.strip_suffix(['L', 'l'])
            && !name.is_empty()
        {
            return Ok(Self::Last(day(name)?));
        }
        Ok(Self::Days((AWS_WEEK_DAY.bits(text)? >> 1) as u8))
    }

    fn has(self, date: Date) -> bool {
        let weekday = week_day(date);
        match self {
            Self::Days(days) => days >> weekday & 1 == 1,
            Self::Last(wanted) => weekday == wanted && date.day() + 7 > date.days_in_month(),
            Self::Nth(wanted, nth) => weekday == wanted && (date.day() - 1) / 7 + 1 == nth,
        }
    }
}

/// Sunday is 0.
fn week_day(date: Date) -> i8 {
    date.weekday().to_sunday_zero_offset()
}

/// The next whole minute.
pub(super) fn next_minute(local: DateTime) -> Option<DateTime> {
    let minute = local
        .date()
        .at(local.hour(), local.minute(), 0, 0)
        .checked_add(jiff::SignedDuration::from_secs(60));
    minute.ok()
}

#[cfg(test)]
impl Cron {
    /// Whether a whole minute matches, bit by bit.
    pub(super) fn has(&self, local: DateTime) -> bool {
        self.minutes >> local.minute() & 1 == 1
            && self.hours >> local.hour() & 1 == 1
            && self.months >> local.month() & 1 == 1
            && self.has_year(local.year())
            && self.has_day(local.date())
    }
}
