//! Times of the calendar that are known.

use jiff::civil::Date;
use proptest::prelude::*;

use super::*;

/// The first times of an expression, as the calendar of its zone shows them.
fn times(text: &str, zone: &str, start: &str, count: usize) -> Vec<String> {
    let zone = Zone::named(zone).unwrap();
    let start = Start::parse(start).unwrap();
    let schedule = Schedule::new(Expression::parse(text).unwrap(), zone.clone(), start);
    let mut from = Time::ZERO;
    let mut times = Vec::new();
    for _ in 0..count {
        let at = schedule.next_from(from);
        if at == Time::NEVER {
            break;
        }
        let shown = zone.0.to_datetime(start.at(at).unwrap());
        times.push(shown.strftime("%a %Y-%m-%d %H:%M").to_string());
        from = at + Span::from_nanos(1);
    }
    times
}

fn seconds(text: &str, zone: &str, start: &str, count: usize) -> Vec<f64> {
    let zone = Zone::named(zone).unwrap();
    let start = Start::parse(start).unwrap();
    let schedule = Schedule::new(Expression::parse(text).unwrap(), zone, start);
    let first = schedule.next_from(Time::ZERO);
    let all = std::iter::successors(Some(first), |at| Some(schedule.next_after(*at)));
    all.take(count).map(Time::secs).collect()
}

#[test]
fn five_fields_are_read_as_unix_does() {
    for (text, expected) in [
        (
            "0 8 * * MON-FRI",
            "Mon 2026-11-02 08:00, Tue 2026-11-03 08:00",
        ),
        ("*/25 9 * * *", "Mon 2026-11-02 09:00, Mon 2026-11-02 09:25"),
        ("5/50 * * * *", "Mon 2026-11-02 00:05, Mon 2026-11-02 00:55"),
        ("0 0 * * 0", "Sun 2026-11-08 00:00, Sun 2026-11-15 00:00"),
        ("0 0 * * 7", "Sun 2026-11-08 00:00, Sun 2026-11-15 00:00"),
        ("0 0 * * 5-7", "Fri 2026-11-06 00:00, Sat 2026-11-07 00:00"),
        (
            "0 0 * * fri-mon",
            "Mon 2026-11-02 00:00, Fri 2026-11-06 00:00",
        ),
        // Either day where both are restricted.
        ("0 0 5 * MON", "Mon 2026-11-02 00:00, Thu 2026-11-05 00:00"),
        ("0 0 29 2 *", "Tue 2028-02-29 00:00, Sun 2032-02-29 00:00"),
        (
            "30 22-1 * JAN,MAR *",
            "Fri 2027-01-01 00:30, Fri 2027-01-01 01:30",
        ),
    ] {
        assert_eq!(
            times(text, "UTC", "2026-11-02", 2).join(", "),
            expected,
            "{text}"
        );
    }
}

#[test]
fn six_fields_are_read_as_aws_does() {
    for (text, expected) in [
        (
            "cron(0 8 ? * MON-FRI *)",
            "Mon 2026-11-02 08:00, Tue 2026-11-03 08:00",
        ),
        // Sunday is 1.
        ("0 8 ? * 2 *", "Mon 2026-11-02 08:00, Mon 2026-11-09 08:00"),
        ("0 8 L * ? *", "Mon 2026-11-30 08:00, Thu 2026-12-31 08:00"),
        // 2026-11-15 is a Sunday, 2026-12-15 a Tuesday; 2026-11-01 a Sunday.
        (
            "0 8 15W * ? *",
            "Mon 2026-11-16 08:00, Tue 2026-12-15 08:00",
        ),
        (
            "0 8 LW JAN,FEB ? *",
            "Fri 2027-01-29 08:00, Fri 2027-02-26 08:00",
        ),
        // 2027-05-01 is a Saturday: not before the month begins.
        ("0 8 1W MAY ? 2027", "Mon 2027-05-03 08:00"),
        ("0 8 ? * 6L *", "Fri 2026-11-27 08:00, Fri 2026-12-25 08:00"),
        (
            "0 8 ? * 3#2 *",
            "Tue 2026-11-10 08:00, Tue 2026-12-08 08:00",
        ),
        (
            "0 8 1 1 ? 2030-2040/5",
            "Tue 2030-01-01 08:00, Mon 2035-01-01 08:00",
        ),
    ] {
        assert_eq!(
            times(text, "UTC", "2026-11-02", 2).join(", "),
            expected,
            "{text}"
        );
    }
}

/// Europe/Berlin goes from 02:00 to 03:00 on 2026-03-29 and from 03:00 to 02:00 on 2026-10-25.
#[test]
fn summer_time_leaves_out_what_does_not_exist_and_repeats_nothing() {
    let berlin = |text, start| times(text, "Europe/Berlin", start, 3).join(", ");
    assert_eq!(
        berlin("30 2 * * *", "2026-03-28T00:00[Europe/Berlin]"),
        "Sat 2026-03-28 02:30, Mon 2026-03-30 02:30, Tue 2026-03-31 02:30"
    );
    let hours = |text, start| seconds(text, "Europe/Berlin", start, 3).map_to_hours();
    // Midnight to midnight is 23 hours, then 24.
    assert_eq!(
        hours("0 0 * * *", "2026-03-29T00:00[Europe/Berlin]"),
        [0.0, 23.0, 47.0]
    );
    // 02:30 of summer time, the first of two; the next day's is 25 hours later.
    assert_eq!(
        hours("30 2 * * *", "2026-10-25T00:00[Europe/Berlin]"),
        [2.5, 27.5, 51.5]
    );
    // A run that begins between both does not get the second.
    assert_eq!(
        hours("30 2 * * *", "2026-10-25T01:00:00Z"),
        [24.5, 48.5, 72.5]
    );
}

trait Hours {
    fn map_to_hours(self) -> Vec<f64>;
}

impl Hours for Vec<f64> {
    fn map_to_hours(self) -> Vec<f64> {
        self.into_iter().map(|seconds| seconds / 3600.0).collect()
    }
}

#[test]
fn rates_begin_with_the_run_and_dates_come_once() {
    assert_eq!(
        seconds("rate(5 minutes)", "UTC", "2026-11-02", 3),
        [0.0, 300.0, 600.0]
    );
    assert_eq!(
        seconds("rate(1 day)", "UTC", "2026-11-02", 2),
        [0.0, 86_400.0]
    );
    let at = "at(2026-11-02T08:00:00)";
    assert_eq!(seconds(at, "UTC", "2026-11-02", 1), [28_800.0]);
    assert_eq!(seconds(at, "Asia/Kolkata", "2026-11-02", 1), [9000.0]);
    assert_eq!(times(at, "UTC", "2026-11-03", 1), Vec::<String>::new());
    assert_eq!(times(at, "UTC", "2026-11-02T08:00:00Z", 2).len(), 1);
}

#[test]
fn a_start_is_a_date_with_or_without_time_and_zone() {
    for (text, seconds) in [
        ("2024-01-01", 0),
        ("2024-01-01T01:00", 3600),
        ("2024-01-01T01:00:30Z", 3630),
        ("2024-01-01T01:00:00+01:00", 0),
        ("2024-01-01T01:00[Europe/Berlin]", 0),
    ] {
        let start = Start::parse(text).unwrap();
        let since = start.0.as_second() - Start::default().0.as_second();
        assert_eq!(since, seconds, "{text}");
    }
    for bad in [
        "",
        "monday",
        "2024-13-01",
        "1969-12-31",
        "2200-01-01",
        "08:00",
    ] {
        assert!(Start::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn what_is_no_schedule_says_why() {
    for (text, why) in [
        ("0 8 * *", "five fields"),
        ("60 8 * * *", "`60` is no minute: 0 to 59"),
        ("0 8 * * MOON", "`MOON` is no day of the week: 0 to 7"),
        ("0 8 * * MON *", "must be `?`"),
        ("0 8 ? * ? *", "must be `?`"),
        ("0 8 30 2 *", "no day of the calendar"),
        ("*/0 * * * *", "`0` is no step"),
        ("50-10 * * * *", "`50-10` is no range of minutes"),
        ("0 8 ? * 2#6 *", "no week of a month"),
        ("cron(0 8 * * *)", "six fields, not 5"),
        ("rate(0 minutes)", "no rate"),
        ("rate(5 weeks)", "no rate"),
        ("at(noon)", "no local time"),
        ("", "five fields"),
        ("* * * * +1", "is no day of the week"),
    ] {
        let error = Expression::parse(text).unwrap_err();
        assert!(error.contains(why), "{text}: {error}");
    }
}

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(texts)
}

/// Five fields or six.
fn expression() -> impl Strategy<Value = String> {
    let clock = (
        one_of(&["*", "0", "*/7", "59", "5,50", "10-20/3", "30/15"]),
        one_of(&["*", "0", "23", "8-17", "22-2", "*/5", "3,15"]),
    );
    let month = one_of(&["*", "FEB", "2-4", "*/3", "NOV-JAN", "6"]);
    let unix = (
        one_of(&["*", "1", "29", "31", "*/10", "13,14"]),
        one_of(&["*", "0", "MON-FRI", "7", "SAT-SUN", "*/2"]),
    );
    let aws = one_of(&[
        "* ?",
        "31 ?",
        "L ?",
        "LW ?",
        "15W ?",
        "1W ?",
        "31W ?",
        "? *",
        "? 1",
        "? FRI-MON",
        "? 6L",
        "? 3#5",
        "? MON#1",
    ]);
    let year = one_of(&["*", "2025-2027", "2028", "2026/4"]);
    prop_oneof![
        (clock.clone(), month.clone(), unix).prop_map(
            |((minute, hour), month, (day, week))| format!("{minute} {hour} {day} {month} {week}")
        ),
        (clock, month, aws, year).prop_map(|((minute, hour), month, days, year)| {
            let (day, week) = days.split_once(' ').unwrap();
            format!("{minute} {hour} {day} {month} {week} {year}")
        }),
    ]
}

proptest! {
    /// What is found by leaps is what is found minute by minute.
    #[test]
    fn the_next_time_is_the_first_minute_that_matches(
        text in expression(),
        (year, day, second) in (2024..2029_i16, 1..366_i16, 0..86_400_i32),
    ) {
        let Ok(cron) = Cron::parse(&text) else {
            return Ok(());
        };
        let date = Date::constant(year, 1, 1).with().day_of_year(day).build().unwrap();
        let clock = jiff::civil::Time::midnight() + jiff::SignedDuration::from_secs(second.into());
        let from = date.to_datetime(clock);
        let found = cron.next_from(from);
        let mut minute = if from.second() == 0 { from } else { cron::next_minute(from).unwrap() };
        for _ in 0..50_000 {
            if cron.has(minute) {
                prop_assert_eq!(found, Some(minute), "{}", text);
                return Ok(());
            }
            minute = cron::next_minute(minute).unwrap();
        }
        prop_assert!(found.is_none_or(|found| found >= minute), "{}", text);
    }

    /// Summer time or not, times rise, and each is a minute of local time that matches.
    #[test]
    fn times_rise_through_every_change_of_the_clock(
        text in expression(),
        zone in one_of(&["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
            "Asia/Kathmandu", "Pacific/Apia", "Africa/Casablanca"]),
        hours in 0..60_000_u32,
    ) {
        let Ok(Expression::Cron(cron)) = Expression::parse(&text) else {
            return Ok(());
        };
        let (zone, start) = (Zone::named(zone).unwrap(), Start::default());
        let schedule = Schedule::new(Expression::Cron(cron), zone.clone(), start);
        let mut last = Time::from_secs(f64::from(hours) * 3600.0);
        for _ in 0..20 {
            let at = schedule.next_after(last);
            if at == Time::NEVER {
                break;
            }
            prop_assert!(at > last);
            let local = zone.0.to_datetime(start.at(at).unwrap());
            prop_assert!(cron.has(local) && local.second() == 0, "{} {}", text, local);
            last = at;
        }
    }

    #[test]
    fn no_text_is_too_odd_to_be_answered(text in "[0-9*/,?LW#A-Za-z()\\- ]{0,24}") {
        let _ = Expression::parse(&text);
        let _ = Start::parse(&text);
        let _ = Zone::named(&text);
    }
}

#[test]
fn aws_has_rates_of_whole_minutes_and_dates_of_whole_seconds() {
    let secs = |seconds| aws_rate(Span::from_whole_secs(seconds));
    for (seconds, expected) in [
        (60, "rate(1 minute)"),
        (300, "rate(5 minutes)"),
        (3600, "rate(1 hour)"),
        (5400, "rate(90 minutes)"),
        (172_800, "rate(2 days)"),
    ] {
        assert_eq!(secs(seconds).as_deref(), Some(expected));
    }
    assert_eq!((secs(0), secs(30), secs(90)), (None, None, None));
    let berlin = Zone::named("Europe/Berlin").unwrap();
    let schedule = |text: &str| {
        let expression = Expression::parse(text).unwrap();
        Schedule::new(expression, berlin.clone(), Start::default())
    };
    let at = schedule("at(2026-11-02T08:00:00)");
    assert_eq!(at.aws(), ["at(2026-11-02T08:00:00)"]);
    assert_eq!(at.zone().name(), "Europe/Berlin");
    assert!(schedule("at(2026-11-02T08:00:00.5)").aws().is_empty());
    assert_eq!(schedule("rate(60 minutes)").aws(), ["rate(1 hour)"]);
    assert_eq!(Zone::UTC.name(), "UTC");
}
