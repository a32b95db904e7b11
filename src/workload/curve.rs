//! How many requests there are for each that there usually is, over time.

use crate::model::Surge;

/// Requests for each that there usually is, over time: 1 but for surges, which do not overlap.
#[derive(Clone, Debug)]
pub(super) struct Curve(Box<[Piece]>);

/// From one instant to another, in nanoseconds, it goes evenly from `first` to `last`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) first: f64,
    pub(super) last: f64,
}

impl Piece {
    /// Where the area under it since its beginning has come to so much.
    pub(super) fn reaches(&self, area: f64) -> u64 {
        let length = self.to - self.from;
        let slope = (self.last - self.first) / length as f64;
        let root = (self.first * self.first + 2.0 * slope * area).max(0.0);
        let passed = 2.0 * area / (self.first + root.sqrt());
        self.from + (passed.round() as u64).min(length)
    }

    fn height(&self, at: u64) -> f64 {
        let part = (at - self.from) as f64 / (self.to - self.from) as f64;
        self.first + (self.last - self.first) * part
    }

    /// What of it lies between two instants.
    fn between(&self, from: u64, to: u64) -> Option<Self> {
        let (from, to) = (from.max(self.from), to.min(self.to));
        (from < to).then(|| Self {
            from,
            to,
            first: self.height(from),
            last: self.height(to),
        })
    }

    /// The same with what is usual taken away.
    fn more(&self) -> Self {
        Self {
            first: self.first - 1.0,
            last: self.last - 1.0,
            ..*self
        }
    }

    pub(super) fn area(&self) -> f64 {
        (self.to - self.from) as f64 * f64::midpoint(self.first, self.last)
    }
}

impl Curve {
    /// That of surges in the order of time; `None` where there is none.
    pub(super) fn new(surges: &[&Surge]) -> Option<Self> {
        let mut pieces = Vec::with_capacity(3 * surges.len());
        for surge in surges {
            let (start, end) = (surge.start.nanos(), surge.end().nanos());
            let ramp = surge.ramp.nanos();
            let (risen, falls) = (start.saturating_add(ramp), end.saturating_sub(ramp));
            let times = surge.times;
            let mut push = |from, to, first, last| {
                if from < to {
                    pieces.push(Piece {
                        from,
                        to,
                        first,
                        last,
                    });
                }
            };
            push(start, risen, 1.0, times);
            push(risen, falls, times, times);
            push(falls, end, times, 1.0);
        }
        (!pieces.is_empty()).then(|| Self(pieces.into()))
    }

    pub(super) fn pieces(&self) -> &[Piece] {
        &self.0
    }

    pub(super) fn at(&self, at: u64) -> f64 {
        match self.from(at).first() {
            Some(piece) if piece.from <= at => piece.height(at),
            _ => 1.0,
        }
    }

    pub(super) fn most(&self) -> f64 {
        let tops = self.0.iter().map(|piece| piece.first.max(piece.last));
        tops.fold(1.0, f64::max)
    }

    /// When the last surge is over.
    pub(super) fn end(&self) -> u64 {
        self.0.last().map_or(0, |piece| piece.to)
    }

    /// When a surge lasts next, at an instant or after it.
    pub(super) fn next(&self, at: u64) -> Option<u64> {
        Some(self.from(at).first()?.from.max(at))
    }

    /// Pieces that are not over at an instant.
    fn from(&self, at: u64) -> &[Piece] {
        &self.0[self.0.partition_point(|piece| piece.to <= at)..]
    }

    /// What surges add between two instants.
    fn additions(&self, from: u64, to: u64) -> impl Iterator<Item = Piece> {
        let pieces = self.from(from).iter();
        pieces.map_while(move |piece| Some(piece.between(from, to)?.more()))
    }

    /// How many times the usual requests of a length of time surges add between two instants, in
    /// nanoseconds.
    pub(super) fn added(&self, from: u64, to: u64) -> f64 {
        self.additions(from, to).map(|piece| piece.area()).sum()
    }

    /// Where a part of that, of 1, has been added.
    pub(super) fn reaches(&self, from: u64, to: u64, part: f64) -> u64 {
        let mut left = self.added(from, to) * part;
        let mut last = from;
        for piece in self.additions(from, to) {
            let area = piece.area();
            if left < area {
                return piece.reaches(left);
            }
            left -= area;
            last = piece.to;
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Span, Time};

    fn curve(ramp: f64) -> Curve {
        let surge = Surge {
            start: Time::from_nanos(1000),
            duration: Span::from_nanos(1000),
            times: 5.0,
            ramp: Span::from_nanos_f64(ramp),
            functions: None,
        };
        Curve::new(&[&surge]).expect("a surge")
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9 * b.abs().max(1.0)
    }

    #[test]
    fn what_surges_add_is_the_area_above_one() {
        let (flat, ramped) = (curve(0.0), curve(500.0));
        for (from, to, of_flat, of_ramped) in [
            (0, 1000, 0.0, 0.0),
            (0, 5000, 4000.0, 2000.0),
            (1000, 1500, 2000.0, 1000.0),
            (1500, 1600, 400.0, 360.0),
            (2000, 9000, 0.0, 0.0),
        ] {
            assert!(close(flat.added(from, to), of_flat), "{from} to {to}");
            assert!(close(ramped.added(from, to), of_ramped), "{from} to {to}");
        }
    }

    #[test]
    fn a_part_of_what_is_added_lies_within_the_surge() {
        for (ramp, part, expected) in [
            (0.0, 0.25, 1250),
            (0.0, 0.5, 1500),
            (500.0, 0.5, 1500),
            // A quarter of the area of a triangle's rising half is reached at half its length.
            (500.0, 0.125, 1250),
            (500.0, 0.875, 1750),
        ] {
            assert_eq!(
                curve(ramp).reaches(0, 5000, part),
                expected,
                "{ramp} {part}"
            );
        }
    }
}
