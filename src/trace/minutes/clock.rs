//! The instants of one function's requests, minute by minute.

use std::sync::Arc;

use rand::Rng;

use super::pack::{Token, token};
use super::{MINUTE, MinuteCounts, PackedRow, Spread};
use crate::dist::exponential;
use crate::random::Stream;

/// The instants of one function's requests, pulled one by one. Needs no more memory for a minute of
/// a million requests than for one of two.
///
/// Uniform instants in order are the running sums of exponential gaps, divided by the sum of all of
/// them and the gap behind the last (Rényi, 1953). The sum is wanted before the first gap, so the
/// gaps are drawn twice: once to add them up, and again from a copy of the stream as they are
/// needed. That is two draws a request, and neither a sort nor a logarithm.
#[derive(Debug)]
pub(crate) struct MinuteClock {
    counts: Arc<MinuteCounts>,
    function: usize,
    /// How many pieces of the function have been begun.
    pieces: usize,
    file: usize,
    place: usize,
    end: usize,
    /// Nanoseconds at which the current minute began, and the next one to be looked at.
    minute: u64,
    next_minute: u64,
    /// Requests of the current minute that are still to come, and how many it has.
    left: u32,
    count: u32,
    /// Where in the minute the last request was, in gaps of mean length 1.
    gaps: f64,
    /// Nanoseconds of such a gap.
    scale: f64,
    /// The gaps of this minute, from the next one on.
    again: Stream,
}

impl MinuteClock {
    pub(crate) fn new(counts: &Arc<MinuteCounts>, function: usize) -> Self {
        Self {
            counts: Arc::clone(counts),
            function,
            pieces: 0,
            file: 0,
            place: 0,
            end: 0,
            minute: 0,
            next_minute: 0,
            left: 0,
            count: 0,
            gaps: 0.0,
            scale: 0.0,
            again: rand::SeedableRng::seed_from_u64(0),
        }
    }

    /// The next instant in nanoseconds; `None` after the last.
    #[inline]
    pub(crate) fn next(&mut self, stream: &mut Stream) -> Option<u64> {
        if self.left == 0 && !self.begin_minute(stream) {
            return None;
        }
        self.left -= 1;
        if self.scale > 0.0 {
            self.gaps += exponential(&mut self.again);
            let within = (self.gaps * self.scale) as u64;
            return Some(self.minute + within.min(MINUTE - 1));
        }
        Some(self.minute + self.fixed(stream))
    }

    /// How far into its minute a request is whose place does not depend on the one before.
    #[inline(never)]
    fn fixed(&mut self, stream: &mut Stream) -> u64 {
        let number = self.count - self.left - 1;
        match self.counts.spread {
            Spread::Burst => 0,
            Spread::Even => MINUTE * u64::from(number) / u64::from(self.count),
            Spread::Exponential => {
                // The first one; the others follow in gaps.
                self.draw_gaps(self.count, stream);
                0
            }
            // The only one.
            Spread::Uniform => {
                ((u128::from(stream.next_u64()) * u128::from(MINUTE)) >> u64::BITS) as u64
            }
        }
    }

    /// Adds up so many gaps, which the next requests are then spread by.
    fn draw_gaps(&mut self, gaps: u32, stream: &mut Stream) {
        self.again = stream.clone();
        let total: f64 = (0..gaps).map(|_| exponential(stream)).sum();
        self.gaps = 0.0;
        self.scale = MINUTE as f64 / total;
    }

    /// Goes on to the next minute with requests; false after the last.
    #[inline(never)]
    fn begin_minute(&mut self, stream: &mut Stream) -> bool {
        self.scale = 0.0;
        loop {
            while self.place == self.end {
                if !self.begin_piece() {
                    return false;
                }
            }
            match token(&self.counts.files[self.file].bytes, &mut self.place) {
                Token::Pause(minutes) => self.next_minute += u64::from(minutes) * MINUTE,
                Token::Count(count) => {
                    self.minute = self.next_minute;
                    self.next_minute += MINUTE;
                    (self.count, self.left) = (count, count);
                    if self.counts.spread == Spread::Uniform && count > 1 {
                        self.draw_gaps(count.saturating_add(1), stream);
                    }
                    if count > 0 {
                        return true;
                    }
                }
            }
        }
    }

    fn begin_piece(&mut self) -> bool {
        let pieces = self.counts.pieces.get(self.function);
        let Some(piece) = pieces.and_then(|pieces| pieces.get(self.pieces)) else {
            return false;
        };
        self.pieces += 1;
        self.file = piece.file as usize;
        let PackedRow { start, length } = piece.row;
        (self.place, self.end) = (start, start + length as usize);
        self.next_minute = u64::from(self.counts.files[self.file].minute) * MINUTE;
        true
    }
}
