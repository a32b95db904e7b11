//! Who would be busy if requests always took the first free of a row of places.
//!
//! Requests hunt: each takes the lowest free place of its function. What the n-th place carries is
//! then what an n-th provisioned instance would carry, whatever the traffic: provisioned instances
//! are taken first, and what spills over does not come back to them. So one run without remedies
//! tells for every number of provisioned instances how much of it is used (V11b is this with
//! Poisson arrivals), and by parts of the day how much a schedule would use.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::ids::InstanceId;
use crate::sim::{Observer, State, StateChange};
use crate::units::{Span, Time};

/// The parts of the day or week that a run falls into, one after the other.
#[derive(Clone, PartialEq, Debug)]
pub struct Calendar {
    /// When each piece ends, and the part that it is of.
    pieces: Vec<(Time, usize)>,
    parts: usize,
}

impl Calendar {
    /// Pieces by their ends, ascending, each with its part of so many.
    pub fn new(pieces: Vec<(Time, usize)>, parts: usize) -> Self {
        Self { pieces, parts }
    }

    /// How many parts there are.
    pub fn parts(&self) -> usize {
        self.parts
    }

    /// How long each part lasts between two instants, by part.
    pub fn lengths(&self, from: Time, to: Time) -> Vec<Span> {
        let mut lengths = vec![Span::ZERO; self.parts];
        self.split(from, to, |part, length| lengths[part] += length);
        lengths
    }

    /// The part that an instant is in; the last one's beyond all pieces.
    fn part(&self, at: Time) -> usize {
        let piece = self.pieces.partition_point(|(end, _)| *end <= at);
        let last = self.pieces.last();
        self.pieces.get(piece).or(last).map_or(0, |(_, part)| *part)
    }

    /// Tells each part how much of a length of time falls into it.
    fn split(&self, from: Time, to: Time, mut tell: impl FnMut(usize, Span)) {
        let first = self.pieces.partition_point(|(end, _)| *end <= from);
        let mut at = from;
        for (end, part) in &self.pieces[first..] {
            if at >= to {
                break;
            }
            let until = (*end).min(to);
            tell(*part, until.since(at));
            at = until;
        }
    }
}

/// What a place was used for.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Use {
    /// How long it was taken.
    pub taken: Span,
    /// Requests that took it after they had waited for an instance to start.
    pub cold: u32,
}

/// What each place of a function was used for, by parts of the calendar and by place.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Places(pub Vec<Vec<Use>>);

impl Places {
    /// How many places were ever taken.
    pub fn count(&self) -> usize {
        self.0.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// Adds what there was in another run.
    pub fn add_all(&mut self, other: &Self) {
        for (part, places) in other.0.iter().enumerate() {
            for (place, of) in places.iter().enumerate() {
                let sum = self.at(part, place);
                sum.taken += of.taken;
                sum.cold += of.cold;
            }
        }
    }

    fn at(&mut self, part: usize, place: usize) -> &mut Use {
        let places = &mut self.0[part];
        if places.len() <= place {
            places.resize(place + 1, Use::default());
        }
        &mut places[place]
    }
}

/// Hunts for places, function by function.
#[derive(Clone, Debug)]
pub struct HuntTap<'a> {
    calendar: &'a Calendar,
    measured_from: Time,
    functions: Vec<Hunt>,
}

#[derive(Clone, Debug, Default)]
struct Hunt {
    free: BinaryHeap<Reverse<usize>>,
    /// Places that there are by now.
    places: usize,
    taken: BTreeMap<InstanceId, (usize, Time)>,
    told: Places,
}

impl<'a> HuntTap<'a> {
    /// A tap on a run of so many functions that is measured from an instant on.
    pub fn new(calendar: &'a Calendar, functions: usize, measured_from: Time) -> Self {
        let hunt = Hunt {
            told: Places(vec![Vec::new(); calendar.parts]),
            ..Hunt::default()
        };
        Self {
            calendar,
            measured_from,
            functions: vec![hunt; functions],
        }
    }

    /// What was taken of each function.
    pub fn into_places(self) -> Vec<Places> {
        self.functions.into_iter().map(|hunt| hunt.told).collect()
    }
}

impl Observer for HuntTap<'_> {
    fn changed(&mut self, change: &StateChange) {
        let hunt = &mut self.functions[change.function.index()];
        if change.from == Some(State::Busy)
            && let Some((place, since)) = hunt.taken.remove(&change.instance)
        {
            hunt.free.push(Reverse(place));
            let from = since.max(self.measured_from);
            let told = &mut hunt.told;
            self.calendar.split(from, change.at, |part, length| {
                told.at(part, place).taken += length;
            });
        }
        if change.to == Ok(State::Busy) {
            let place = hunt.free.pop().map_or_else(
                || {
                    hunt.places += 1;
                    hunt.places - 1
                },
                |Reverse(place)| place,
            );
            hunt.taken.insert(change.instance, (place, change.at));
            if change.from == Some(State::Starting) && change.at >= self.measured_from {
                let part = self.calendar.part(change.at);
                hunt.told.at(part, place).cold += 1;
            }
        }
    }
}
