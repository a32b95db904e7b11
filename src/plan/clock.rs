//! The calendar of a schedule: how a week is cut into parts, and the rows that change numbers
//! between them.

use crate::model::{Days, Plan, ScheduledSearch};
use crate::observe::Calendar;
use crate::units::{Span, Time};

use super::setting::{Remedy, Row};

const DAY_S: u32 = 86_400;
const DAY_NAMES: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];

/// How a week is cut into parts.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    rules: ScheduledSearch,
    days: Days,
    /// Parts of a day.
    steps: usize,
    /// The part that simulated time zero is in.
    first: usize,
    /// When the run ends, where its traffic is that of these days alone.
    once: Option<Time>,
}

impl Clock {
    /// Each day differs where there is a surge, weekends where a week is measured, or what the user
    /// says.
    pub(super) fn new(rules: &ScheduledSearch, plan: &Plan) -> Self {
        let week = Span::from_whole_secs(7 * u64::from(DAY_S));
        let days = rules.days.unwrap_or(if !plan.traffic.surges.is_empty() {
            Days::Each
        } else if plan.duration >= week {
            Days::Weekend
        } else {
            Days::Same
        });
        let step = (rules.step.nanos() / 1_000_000_000) as u32;
        let mut clock = Self {
            rules: rules.clone(),
            days,
            steps: (DAY_S / step.max(60)) as usize,
            first: 0,
            once: (!plan.traffic.surges.is_empty()).then(|| plan.end()),
        };
        clock.first = clock.part_at(Time::ZERO).0;
        clock
    }

    /// Seconds of a step.
    fn step_s(&self) -> u32 {
        DAY_S / self.steps as u32
    }

    /// Which kind of day a day of the week is.
    fn class(&self, day: u8) -> usize {
        match self.days {
            Days::Same => 0,
            Days::Weekend => usize::from(day >= 5),
            Days::Each => usize::from(day),
        }
    }

    fn classes(&self) -> usize {
        match self.days {
            Days::Same => 1,
            Days::Weekend => 2,
            Days::Each => 7,
        }
    }

    /// The part that an instant is in, and the seconds until it ends.
    fn part_at(&self, at: Time) -> (usize, u32) {
        let (day, second) = self.rules.start.local(at, &self.rules.zone.1);
        let step = self.step_s();
        let part = self.class(day) * self.steps + (second / step) as usize;
        (part, step - second % step)
    }

    pub(super) fn calendar(&self, end: Time) -> Calendar {
        let mut pieces = Vec::new();
        let mut at = Time::ZERO;
        while at < end {
            let (part, left) = self.part_at(at);
            at = at + Span::from_whole_secs(u64::from(left));
            pieces.push((at, part));
        }
        Calendar::new(pieces, self.classes() * self.steps)
    }

    /// The remedy that provisions so many instances in each part of the calendar: always as many
    /// where nothing ever changes the number; `None` where that is none.
    pub(super) fn remedy(&self, counts: &[u32], average: f64) -> Option<Remedy> {
        let rows = match self.once {
            Some(end) => self.rows_of_days(counts, end),
            None => self.rows_of_every_day(counts),
        };
        let first = counts[self.first];
        if rows.is_empty() {
            return (first > 0).then_some(Remedy::Provisioned { instances: first });
        }
        Some(Remedy::Scheduled {
            first,
            time_zone: self.rules.zone.0.clone(),
            rows,
            average,
        })
    }

    /// What changes on the days of the run, and on no other.
    fn rows_of_days(&self, counts: &[u32], end: Time) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut before = counts[self.first];
        let mut at = Time::ZERO;
        while at < end {
            let (part, left) = self.part_at(at);
            let now = counts[part];
            let ahead = if now > before {
                self.rules.lead
            } else {
                Span::ZERO
            };
            let due = Time::ZERO + at.since(Time::ZERO).saturating_sub(ahead);
            if now != before
                && let Some(cron) = self.rules.start.at_once(due, &self.rules.zone.1)
            {
                rows.push(Row {
                    cron,
                    instances: now,
                });
            }
            before = now;
            at = at + Span::from_whole_secs(u64::from(left));
        }
        rows
    }

    fn rows_of_every_day(&self, counts: &[u32]) -> Vec<Row> {
        let at = |day: u8, step: usize| counts[self.class(day) * self.steps + step];
        // (minute of the day, instances) with the days on which they are due.
        let mut events: Vec<((u32, u32), [bool; 7])> = Vec::new();
        let lead = (self.rules.lead.nanos() / 1_000_000_000) as u32;
        for day in 0..7_u8 {
            for step in 0..self.steps {
                let before = match step {
                    0 => at((day + 6) % 7, self.steps - 1),
                    _ => at(day, step - 1),
                };
                let now = at(day, step);
                if now == before {
                    continue;
                }
                let begins = step as u32 * self.step_s();
                // Instances that come have to be ready in time; those that go are not needed.
                let ahead = if now > before { lead } else { 0 };
                let (second, day) = if begins >= ahead {
                    (begins - ahead, day)
                } else {
                    (begins + DAY_S - ahead, (day + 6) % 7)
                };
                let key = (second / 60, now);
                let event = events.iter_mut().find(|(other, _)| *other == key);
                if let Some((_, days)) = event {
                    days[usize::from(day)] = true;
                } else {
                    let mut days = [false; 7];
                    days[usize::from(day)] = true;
                    events.push((key, days));
                }
            }
        }
        events.sort_by_key(|(key, days)| (days.iter().position(|due| *due), *key));
        let rows = events.into_iter().map(|((minute, instances), days)| Row {
            cron: format!("{} {} * * {}", minute % 60, minute / 60, day_field(days)),
            instances,
        });
        rows.collect()
    }
}

/// Days of the week as a field of a cron expression.
fn day_field(days: [bool; 7]) -> String {
    match days {
        [true, true, true, true, true, true, true] => "*".to_owned(),
        [true, true, true, true, true, false, false] => "MON-FRI".to_owned(),
        _ => {
            let names = DAY_NAMES.iter().zip(days).filter(|(_, due)| *due);
            names.map(|(name, _)| *name).collect::<Vec<_>>().join(",")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Start, Zone};

    fn clock(days: Days, step_h: u64, lead_min: u64) -> Clock {
        let hour = 3600;
        Clock {
            rules: ScheduledSearch {
                step: Span::from_whole_secs(step_h * hour),
                days: Some(days),
                zone: ("UTC".to_owned(), Zone::UTC),
                lead: Span::from_whole_secs(lead_min * 60),
                start: Start::default(),
            },
            days,
            steps: (24 / step_h) as usize,
            first: 0,
            once: None,
        }
    }

    fn rows(clock: &Clock, counts: &[u32]) -> Vec<(String, u32)> {
        let Some(Remedy::Scheduled { rows, .. }) = clock.remedy(counts, 0.0) else {
            panic!("no schedule");
        };
        rows.into_iter()
            .map(|row| (row.cron, row.instances))
            .collect()
    }

    #[test]
    fn more_instances_come_ahead_of_their_part_of_the_day_and_fewer_at_its_beginning() {
        let row = |cron: &str, instances| (cron.to_owned(), instances);
        let found = rows(&clock(Days::Same, 6, 5), &[0, 2, 5, 2]);
        let expected = vec![
            row("0 0 * * *", 0),
            row("55 5 * * *", 2),
            row("55 11 * * *", 5),
            row("0 18 * * *", 2),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_comes_ahead_of_midnight_comes_on_the_day_before() {
        let row = |cron: &str, instances| (cron.to_owned(), instances);
        // Monday to Friday 3 in the first half of the day, 1 in the second; none at the weekend.
        let found = rows(&clock(Days::Weekend, 12, 10), &[3, 1, 0, 0]);
        let expected = vec![
            row("0 12 * * MON-FRI", 1),
            row("50 23 * * MON,TUE,WED,THU,SUN", 3),
            row("0 0 * * SAT", 0),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_number_that_never_changes_needs_no_clock() {
        let mut clock = clock(Days::Same, 6, 5);
        let always = Some(Remedy::Provisioned { instances: 3 });
        assert_eq!(clock.remedy(&[3; 4], 3.0), always);
        assert_eq!(clock.remedy(&[0; 4], 0.0), None);
        // Of parts of the day that the run has not nothing is known.
        clock.once = Some(Time::ZERO + Span::from_whole_secs(6 * 3600));
        assert_eq!(clock.remedy(&[3, 9, 9, 9], 3.0), always);
        assert_eq!(clock.remedy(&[0, 9, 9, 9], 0.0), None);
    }

    #[test]
    fn what_is_of_some_days_alone_is_due_once() {
        let mut once = clock(Days::Same, 6, 5);
        once.rules.start = Start::parse("2026-11-26").expect("a date");
        // A day and a half, which ends in its third part.
        once.once = Some(Time::ZERO + Span::from_whole_secs(36 * 3600));
        let row = |at: &str, instances| (format!("at({at})"), instances);
        let expected = vec![
            row("2026-11-26T05:55:00", 2),
            row("2026-11-26T11:55:00", 5),
            row("2026-11-26T18:00:00", 2),
            row("2026-11-27T00:00:00", 0),
            row("2026-11-27T05:55:00", 2),
        ];
        assert_eq!(rows(&once, &[0, 2, 5, 2]), expected);
    }

    #[test]
    fn a_week_is_told_apart_where_a_week_is_measured() {
        // The run begins on a Monday.
        let clock = clock(Days::Weekend, 1, 0);
        let at = |hours: u64| {
            clock
                .part_at(Time::ZERO + Span::from_whole_secs(hours * 3600))
                .0
        };
        assert_eq!(
            [at(0), at(23), at(24), at(5 * 24), at(6 * 24 + 1)],
            [0, 23, 0, 24, 25]
        );
        let calendar = clock.calendar(Time::ZERO + Span::from_whole_secs(7 * 86_400));
        let day = Time::ZERO + Span::from_whole_secs(86_400);
        let lengths = calendar.lengths(day, day + Span::from_whole_secs(90 * 60));
        let seconds: Vec<f64> = lengths.iter().map(|length| length.secs()).collect();
        assert_eq!((seconds[0], seconds[1], seconds[24]), (3600.0, 1800.0, 0.0));
    }
}
