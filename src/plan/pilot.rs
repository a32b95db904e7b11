//! A trial run without remedies: how much of an n-th instance would be used, and when.

use crate::experiment::{CellId, Failure, watch_cell};
use crate::model::{Days, Experiment, ScheduledSearch, Plan};
use crate::observe::{Calendar, HuntTap, Places};
use crate::sim::Control;
use crate::units::{Span, Time};

use super::setting::{Remedy, Row};

const DAY_S: u32 = 86_400;
const DAY_NAMES: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];

/// What a trial run has shown.
#[derive(Clone, Debug)]
pub(super) struct Pilot {
    /// By function, by part of the calendar, by place: over all trial runs together.
    places: Vec<Places>,
    /// How long each part was measured, in all trial runs together.
    lengths: Vec<Span>,
    /// Functions' instances busy at once, at most.
    peaks: Vec<u32>,
    pub(super) clock: Clock,
}

/// How a week is cut into parts.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    rules: ScheduledSearch,
    days: Days,
    /// Parts of a day.
    steps: usize,
    /// The part that simulated time zero is in.
    first: usize,
}

impl Clock {
    /// Weekends differ where the user says so, or where a week is measured.
    fn new(rules: &ScheduledSearch, plan: &Plan) -> Self {
        let week = Span::from_whole_secs(7 * u64::from(DAY_S));
        let days = rules.days.unwrap_or(if plan.duration >= week {
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

    fn calendar(&self, end: Time) -> Calendar {
        let mut pieces = Vec::new();
        let mut at = Time::ZERO;
        while at < end {
            let (part, left) = self.part_at(at);
            at = at + Span::from_whole_secs(u64::from(left));
            pieces.push((at, part));
        }
        Calendar::new(pieces, self.classes() * self.steps)
    }

    /// The remedy that provisions so many instances in each part of the calendar.
    pub(super) fn remedy(&self, counts: &[u32], average: f64) -> Remedy {
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
                match event {
                    Some((_, days)) => days[usize::from(day)] = true,
                    None => {
                        let mut days = [false; 7];
                        days[usize::from(day)] = true;
                        events.push((key, days));
                    }
                }
            }
        }
        events.sort_by_key(|(key, days)| (days.iter().position(|due| *due), *key));
        let rows = events.into_iter().map(|((minute, instances), days)| Row {
            cron: format!("{} {} * * {}", minute % 60, minute / 60, day_field(days)),
            instances,
        });
        Remedy::Scheduled {
            first: counts[self.first],
            time_zone: self.rules.zone.0.clone(),
            rows: rows.collect(),
            average,
        }
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

impl Pilot {
    /// Runs the first scenario of an experiment in so many replications.
    pub(super) fn run(
        experiment: &Experiment,
        rules: &ScheduledSearch,
        replications: u32,
        control: &Control,
    ) -> Result<Self, Failure> {
        let plan = &experiment.scenarios[0].plan;
        let clock = Clock::new(rules, plan);
        let calendar = clock.calendar(plan.end());
        let functions = plan.functions.len();
        let mut pilot = Self {
            places: vec![Places(vec![Vec::new(); calendar.parts()]); functions],
            lengths: vec![Span::ZERO; calendar.parts()],
            peaks: vec![0; functions],
            clock,
        };
        for replication in 0..replications {
            let mut tap = HuntTap::new(&calendar, functions, plan.measured_from());
            let id = CellId {
                scenario: 0,
                replication,
            };
            watch_cell(experiment, id, &mut tap, control)?;
            let lengths = calendar.lengths(plan.measured_from(), plan.end());
            for (sum, length) in pilot.lengths.iter_mut().zip(lengths) {
                *sum += length;
            }
            for (function, told) in tap.into_places().into_iter().enumerate() {
                pilot.peaks[function] = pilot.peaks[function].max(told.count() as u32);
                pilot.places[function].add_all(&told);
            }
        }
        Ok(pilot)
    }

    /// Instances of a function busy at once, at most.
    pub(super) fn peak(&self, function: usize) -> u32 {
        self.peaks[function]
    }

    /// How many instances are used for at least a share of the time, in each part of the calendar.
    pub(super) fn by_part(&self, function: usize, share: f64) -> Vec<u32> {
        let parts = self.places[function].0.iter().zip(&self.lengths);
        parts
            .map(|(places, length)| used(places.iter().copied(), *length, share))
            .collect()
    }

    /// The same over all the time.
    pub(super) fn at_all_times(&self, function: usize, share: f64) -> u32 {
        let whole: Span = self.lengths.iter().copied().sum();
        let places = &self.places[function];
        let count = places.count();
        let of = |place: usize| -> Span {
            let parts = places.0.iter().filter_map(|part| part.get(place));
            parts.copied().sum()
        };
        used((0..count).map(of), whole, share)
    }

    /// What the last of so many instances is used in a part of the calendar, of 1.
    pub(super) fn use_of(&self, function: usize, part: usize, instances: u32) -> f64 {
        let place = (instances as usize).wrapping_sub(1);
        let taken = self.places[function].0[part].get(place).copied();
        taken.unwrap_or_default().secs() / self.lengths[part].secs().max(1e-9)
    }

    /// Instances on average, of numbers by part of the calendar.
    pub(super) fn average(&self, counts: &[u32]) -> f64 {
        let parts = counts.iter().zip(self.weights());
        parts.map(|(count, weight)| f64::from(*count) * weight).sum()
    }

    /// How long each part of the calendar lasts, of the whole.
    fn weights(&self) -> Vec<f64> {
        let whole: Span = self.lengths.iter().copied().sum();
        let whole = whole.secs().max(1e-9);
        let parts = self.lengths.iter();
        parts.map(|length| length.secs() / whole).collect()
    }
}

/// Places that are taken for at least a share of a length of time, from the first on.
fn used(places: impl Iterator<Item = Span>, length: Span, share: f64) -> u32 {
    let least = share * length.secs();
    let enough = places.take_while(|taken| taken.secs() > 0.0 && taken.secs() >= least);
    enough.count() as u32
}
