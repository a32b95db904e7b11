//! When busy instances finish: the queue that every request goes through.
//!
//! Order is by time, then insertion. With a handful of busy instances it is a short row in order;
//! with more, a calendar queue (Brown, "Calendar queues: a fast O(1) priority queue implementation
//! for the simulation event set problem", CACM 31(10), 1988) over what finishes soon, and a heap for
//! what finishes long after.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::instance::NONE;
use crate::units::Time;

/// So many finishes are kept in a row.
const ROW: usize = 12;

/// When busy instances finish, by their slots. Nothing may be pushed that is due before what has
/// been popped last.
#[derive(Default)]
pub(super) struct Finishes {
    /// (nanoseconds, slot), the first to finish last; empty where there is a calendar.
    row: Vec<(u64, u32)>,
    calendar: Option<Box<Days>>,
}

impl Finishes {
    #[inline]
    pub(super) fn next_at(&self) -> Time {
        match &self.calendar {
            None => self
                .row
                .last()
                .map_or(Time::NEVER, |(at, _)| Time::from_nanos(*at)),
            Some(days) => Time::from_nanos(days.next_at),
        }
    }

    /// An instance finishes at a time, which is not before `now`.
    #[inline]
    pub(super) fn push(&mut self, now: Time, at: Time, slot: u32) {
        let at = at.nanos();
        match &mut self.calendar {
            None if self.row.len() < ROW => {
                let later = self.row.iter().take_while(|(other, _)| *other > at);
                self.row.insert(later.count(), (at, slot));
            }
            None => self.grow(now, at, slot),
            Some(days) => days.push(now.nanos(), at, slot),
        }
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<u32> {
        match &mut self.calendar {
            None => self.row.pop().map(|(_, slot)| slot),
            Some(days) => days.pop(),
        }
    }

    #[cold]
    fn grow(&mut self, now: Time, at: u64, slot: u32) {
        let mut days = Box::new(Days {
            far_at: u64::MAX,
            ..Days::default()
        });
        let row = std::mem::take(&mut self.row);
        days.fill(now.nanos(), row.into_iter().rev().collect());
        days.push(now.nanos(), at, slot);
        self.calendar = Some(days);
    }
}

/// Fewest and most days of a year.
const DAYS: (usize, usize) = (64, 1 << 14);

/// A calendar: days of equal length, a year of them, each with its finishes in order.
#[derive(Default)]
struct Days {
    /// When the first finishes; `u64::MAX` where there is none.
    next_at: u64,
    /// By slot.
    nodes: Vec<Node>,
    /// The last finish of each day, or [`NONE`]. What follows the last is the first.
    lasts: Vec<u32>,
    /// A day is 2^`bits` nanoseconds long.
    bits: u32,
    /// The first day of the year, counted from the beginning of the run: not after the present.
    today: u64,
    /// How many finish within the year.
    held: usize,
    /// What finishes later: (nanoseconds, insertions, slot).
    far: BinaryHeap<Reverse<(u64, u64, u32)>>,
    /// When the first of them finishes; `u64::MAX` where there is none.
    far_at: u64,
    inserted: u64,
    /// Work that is left until the days are laid out anew.
    steps: usize,
}

#[derive(Clone, Copy)]
struct Node {
    at: u64,
    next: u32,
}

impl Days {
    #[inline]
    fn push(&mut self, now: u64, at: u64, slot: u32) {
        self.next_at = self.next_at.min(at);
        if (at >> self.bits) - self.today < self.lasts.len() as u64 {
            self.insert(at, slot);
        } else {
            self.push_far(at, slot);
        }
        if self.steps == 0 {
            self.lay_out(now);
        }
    }

    fn push_far(&mut self, at: u64, slot: u32) {
        self.spend(4);
        self.inserted += 1;
        self.far.push(Reverse((at, self.inserted, slot)));
        self.far_at = self.far_at.min(at);
    }

    #[inline]
    fn spend(&mut self, steps: usize) {
        self.steps = self.steps.saturating_sub(steps);
    }

    #[inline]
    fn insert(&mut self, at: u64, slot: u32) {
        if slot as usize >= self.nodes.len() {
            let room = (slot as usize + 1).next_power_of_two();
            self.nodes.resize(room, Node { at: 0, next: NONE });
        }
        self.held += 1;
        self.spend(1);
        let day = (at >> self.bits) as usize & (self.lasts.len() - 1);
        let last = self.lasts[day];
        if last == NONE {
            self.nodes[slot as usize] = Node { at, next: slot };
            self.lasts[day] = slot;
            return;
        }
        let mut before = last;
        if at >= self.nodes[last as usize].at {
            self.lasts[day] = slot;
        } else {
            // Behind what is due at the same time.
            loop {
                let after = self.nodes[before as usize].next;
                if self.nodes[after as usize].at > at {
                    break;
                }
                before = after;
                self.spend(1);
            }
        }
        let next = std::mem::replace(&mut self.nodes[before as usize].next, slot);
        self.nodes[slot as usize] = Node { at, next };
    }

    #[inline]
    fn pop(&mut self) -> Option<u32> {
        if self.held == 0 {
            return self.pop_far();
        }
        self.today = self.next_at >> self.bits;
        let day = self.today as usize & (self.lasts.len() - 1);
        let last = self.lasts[day];
        let first = self.nodes[last as usize].next;
        let next = self.nodes[first as usize].next;
        self.held -= 1;
        self.draw_near();
        if first == last {
            self.lasts[day] = NONE;
            self.next_at = self.first_from(day);
        } else {
            self.nodes[last as usize].next = next;
            self.next_at = self.nodes[next as usize].at;
        }
        Some(first)
    }

    /// Pops where nothing is due within the year.
    #[cold]
    fn pop_far(&mut self) -> Option<u32> {
        let (at, slot) = self.take_far()?;
        self.spend(4);
        self.today = at >> self.bits;
        self.draw_near();
        let day = self.today as usize & (self.lasts.len() - 1);
        self.next_at = self.first_from(day);
        Some(slot)
    }

    /// Takes in what has come to lie within the year.
    #[inline]
    fn draw_near(&mut self) {
        let year_ends = self.today + self.lasts.len() as u64;
        while self.far_at >> self.bits < year_ends
            && let Some((at, slot)) = self.take_far()
        {
            self.insert(at, slot);
        }
    }

    fn take_far(&mut self) -> Option<(u64, u32)> {
        let Reverse((at, _, slot)) = self.far.pop()?;
        self.far_at = self.far.peek().map_or(u64::MAX, |Reverse((at, ..))| *at);
        Some((at, slot))
    }

    /// When the first finishes, from this day of the year on.
    #[inline]
    fn first_from(&mut self, mut day: usize) -> u64 {
        if self.held == 0 {
            return self.far_at;
        }
        loop {
            let last = self.lasts[day];
            if last != NONE {
                return self.nodes[self.nodes[last as usize].next as usize].at;
            }
            self.spend(1);
            day = (day + 1) & (self.lasts.len() - 1);
        }
    }

    /// Makes days as many and as long as what is to finish asks for.
    #[cold]
    #[inline(never)]
    fn lay_out(&mut self, now: u64) {
        let mut all = Vec::with_capacity(self.held);
        let days = self.lasts.len();
        for day in self.today..self.today + days as u64 {
            let last = self.lasts[day as usize & (days - 1)];
            let mut slot = last;
            while slot != NONE {
                slot = self.nodes[slot as usize].next;
                all.push((self.nodes[slot as usize].at, slot));
                if slot == last {
                    break;
                }
            }
        }
        let wanted = (self.far.len() / 2 + ROW).min(DAYS.1 / 2);
        // What is due at the same time stays together, in order.
        while (all.len() < wanted || all.last().is_some_and(|(last, _)| *last == self.far_at))
            && let Some(far) = self.take_far()
        {
            all.push(far);
        }
        self.fill(now, all);
    }

    /// Lays the days out for what finishes within the year, in order.
    fn fill(&mut self, now: u64, all: Vec<(u64, u32)>) {
        // The near part says how close finishes will follow each other.
        let near = (all.len() / 4).max(8).min(all.len().saturating_sub(1));
        let first = all.first().map_or(0, |(at, _)| *at);
        let length = all.get(near).map_or(0, |(at, _)| at - first);
        let gap = length / near.max(1) as u64;
        self.bits = (gap.max(1).ilog2() + 1).min(u64::BITS - 1);
        self.today = now >> self.bits;
        let days = (2 * all.len()).next_power_of_two().clamp(DAYS.0, DAYS.1);
        self.lasts.clear();
        self.lasts.resize(days, NONE);
        self.held = 0;
        self.steps = usize::MAX;
        self.next_at = u64::MAX;
        for (at, slot) in all {
            self.push(now, at, slot);
        }
        self.draw_near();
        self.steps = 8 * days;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    /// Lengths from none at all to hours, alike and unlike.
    fn length() -> impl Strategy<Value = u64> {
        prop_oneof![
            4 => 0..5_u64,
            4 => 0..2_000_u64,
            8 => 100_000_000..200_000_000_u64,
            2 => 0..10_000_000_000_000_u64,
            2 => (0..40_u64).prop_map(|n| n * 50_000_000),
            2 => Just(7_000_000_000_000),
            1 => Just(u64::MAX),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 1000,
            rng_seed: RngSeed::Fixed(2026),
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        /// Against a map that is plainly right: bursts of pushes, then pops of a part of them.
        #[test]
        fn what_is_due_first_comes_first_and_equals_keep_their_order(
            rounds in prop::collection::vec(
                (prop::collection::vec(length(), 0..120), 0..150_usize, 0..=4_u64),
                1..40,
            ),
        ) {
            let (mut queue, mut right) = (Finishes::default(), BTreeMap::new());
            let (mut now, mut inserted, mut free) = (0_u64, 0_u64, Vec::new());
            let mut slots = 0;
            for (pushes, pops, wait) in rounds {
                // Arrivals pass while nothing finishes.
                let next = right.first_key_value().map_or(now, |((at, _), _)| *at);
                if next < u64::MAX {
                    now += (next - now) / 4 * wait;
                }
                for length in pushes {
                    let slot = free.pop().unwrap_or_else(|| {
                        slots += 1;
                        slots - 1
                    });
                    inserted += 1;
                    let at = now.saturating_add(length);
                    queue.push(Time::from_nanos(now), Time::from_nanos(at), slot);
                    right.insert((at, inserted), slot);
                }
                for _ in 0..pops {
                    let at = right.first_key_value().map_or(u64::MAX, |((at, _), _)| *at);
                    prop_assert_eq!(queue.next_at().nanos(), at);
                    if at == u64::MAX {
                        break;
                    }
                    let slot = right.pop_first().map(|(_, slot)| slot);
                    prop_assert_eq!(queue.pop(), slot);
                    free.extend(slot);
                    now = at;
                }
            }
        }
    }
}
