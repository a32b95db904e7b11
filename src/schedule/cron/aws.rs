//! Cron expressions as AWS writes them: six fields, one kind of days being `?`
//! (docs.aws.amazon.com, eventbridge, eb-cron-expressions, 2026; Application Auto Scaling has the
//! same).

use std::ops::RangeInclusive;

use super::{Cron, DAYS, MonthDays, WeekDays, YEARS};

impl Cron {
    /// Expressions that together are due when this one is. None where there are none: AWS cannot
    /// ask for a day of the month that is a certain day of the week as well.
    pub(in crate::schedule) fn aws(&self) -> Vec<String> {
        let month = self.month_days.aws();
        let week = self.week_days.aws();
        let days = match (month == "*", week == "*", self.either) {
            (true, true, _) | (true, false, true) | (false, true, true) => {
                vec![("*".to_owned(), "?".to_owned())]
            }
            (false, true, false) => vec![(month, "?".to_owned())],
            (true, false, false) => vec![("?".to_owned(), week)],
            (false, false, true) => vec![(month, "?".to_owned()), ("?".to_owned(), week)],
            (false, false, false) => Vec::new(),
        };
        let within = |bits: u64, range: RangeInclusive<i16>| {
            let members = range.clone().filter(|n| bits >> n & 1 == 1);
            field(&members.collect::<Vec<_>>(), &range, &|n| n.to_string())
        };
        let minutes = within(self.minutes, 0..=59);
        let hours = within(self.hours.into(), 0..=23);
        let months = within(self.months.into(), 1..=12);
        let years: Vec<i16> = YEARS.filter(|year| self.has_year(*year)).collect();
        let years = field(&years, &YEARS, &|n| n.to_string());
        let expressions = days.into_iter().map(|(month_day, week_day)| {
            format!("cron({minutes} {hours} {month_day} {months} {week_day} {years})")
        });
        expressions.collect()
    }
}

impl MonthDays {
    fn aws(self) -> String {
        match self {
            Self::Days(bits) => {
                let members: Vec<i16> = (1..=31).filter(|day| bits >> day & 1 == 1).collect();
                field(&members, &(1..=31), &|n| n.to_string())
            }
            Self::Last => "L".to_owned(),
            Self::LastWorkday => "LW".to_owned(),
            Self::NearestWorkday(day) => format!("{day}W"),
        }
    }
}

impl WeekDays {
    fn aws(self) -> String {
        match self {
            Self::Days(bits) => {
                let members: Vec<i16> = (0..=6).filter(|day| bits >> day & 1 == 1).collect();
                let name = |day: i16| DAYS[day as usize].to_owned();
                field(&members, &(0..=6), &name)
            }
            // Sunday is 1.
            Self::Last(day) => format!("{}L", day + 1),
            Self::Nth(day, nth) => format!("{}#{nth}", day + 1),
        }
    }
}

/// A field that has these members of a range and no others; they rise.
fn field(members: &[i16], range: &RangeInclusive<i16>, name: &dyn Fn(i16) -> String) -> String {
    if members.len() == range.clone().count() {
        return "*".to_owned();
    }
    if let [first, second, .., last] = *members
        // Steps over days of the week are not worth a second look to read.
        && range.clone().count() > 7
    {
        let step = second - first;
        let even = members.windows(2).all(|pair| pair[1] - pair[0] == step);
        if even && step > 1 && last + step > *range.end() {
            return format!("{}/{step}", name(first));
        }
    }
    let mut runs: Vec<(i16, i16)> = Vec::new();
    for member in members {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *member => *last = *member,
            _ => runs.push((*member, *member)),
        }
    }
    let runs = runs.into_iter().map(|(first, last)| match last - first {
        0 => name(first),
        1 => format!("{},{}", name(first), name(last)),
        _ => format!("{}-{}", name(first), name(last)),
    });
    runs.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn aws(text: &str) -> Vec<String> {
        Cron::parse(text).unwrap().aws()
    }

    #[test]
    fn five_fields_become_six_with_a_question_mark_and_days_by_name() {
        for (unix, expected) in [
            ("0 8 * * *", "cron(0 8 * * ? *)"),
            ("0 8 * * 1-5", "cron(0 8 ? * MON-FRI *)"),
            ("0 8 * * 0", "cron(0 8 ? * SUN *)"),
            ("0 8 * * 7", "cron(0 8 ? * SUN *)"),
            ("0 8 * * 6,0", "cron(0 8 ? * SUN,SAT *)"),
            ("*/15 * * * *", "cron(0/15 * * * ? *)"),
            ("30 6 1,15 * *", "cron(30 6 1,15 * ? *)"),
            ("0 7-9 * 1-3 *", "cron(0 7-9 * 1-3 ? *)"),
            ("0 */6 * * *", "cron(0 0/6 * * ? *)"),
            ("0 0 1-31 * MON", "cron(0 0 * * ? *)"),
            ("0 8 ? * MON#2 2026", "cron(0 8 ? * 2#2 2026)"),
            ("0 8 LW * ? *", "cron(0 8 LW * ? *)"),
            ("0 8 15W * ? 2026-2028", "cron(0 8 15W * ? 2026-2028)"),
            ("0 8 ? * FRIL *", "cron(0 8 ? * 6L *)"),
        ] {
            assert_eq!(aws(unix), [expected], "{unix}");
        }
    }

    #[test]
    fn either_kind_of_days_takes_two_expressions_and_both_at_once_has_none() {
        assert_eq!(
            aws("0 0 13 * FRI"),
            ["cron(0 0 13 * ? *)", "cron(0 0 ? * FRI *)"]
        );
        assert!(aws("0 0 */2 * MON").is_empty());
    }

    #[test]
    fn what_is_written_is_due_when_what_was_read_is() {
        let texts = [
            "*/7 3-5,22 * * *",
            "5,6,9-40 * 2-4,9 */5 *",
            "0 12 13 * FRI",
            "1-59/2 */3 * JAN,DEC SAT,SUN,WED",
            "0 8 ? 2 TUE#3 2024-2026",
            "0/10 8/4 L * ? *",
            "59 23 31 12 ? 2199",
        ];
        for text in texts {
            let read = Cron::parse(text).unwrap();
            let written: Vec<Cron> = aws(text)
                .iter()
                .map(|text| {
                    let inner = text.trim_start_matches("cron(").trim_end_matches(')');
                    Cron::parse_aws(inner).unwrap()
                })
                .collect();
            assert!(!written.is_empty(), "{text}");
            let mut at = date(2024, 1, 1).at(0, 0, 0, 0);
            for _ in 0..40_000 {
                let any = written.iter().any(|cron| cron.has(at));
                assert_eq!(any, read.has(at), "{text} at {at}");
                at = at.checked_add(jiff::SignedDuration::from_mins(17)).unwrap();
            }
        }
    }
}
