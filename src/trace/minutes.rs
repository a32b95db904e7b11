//! Requests counted by the minute: kept packed, and spread within their minutes when pulled.
//!
//! A minute with requests is two variable-length integers, the minutes since the last one and the
//! count; a minute without costs nothing. A release of 50,000 functions over 14 days, with a
//! request in every tenth minute, takes about 250 MB.

use std::sync::Arc;

use crate::dist::exponential;
use crate::random::Stream;
use crate::units::{NANOS_PER_SECOND, Time};

const MINUTE: u64 = 60 * NANOS_PER_SECOND;

/// Where in its minute a request lies, which a count does not say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spread {
    /// Each anywhere in the minute with equal probability, independently.
    Uniform,
    /// The first at the beginning of the minute, then gaps that are exponential, normalised so
    /// that all of them, with the one up to the next minute, fill it. Load generators that send
    /// the first request of a minute at once do this.
    Exponential,
    /// At equal distances, the first at the beginning of the minute.
    Even,
    /// All at the beginning of the minute: the worst case, which overstates cold starts by as much
    /// as a minute has requests.
    Burst,
}

/// The counts of some function in some file.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// The file's first minute.
    minute: u32,
    start: usize,
    length: u32,
}

/// The counts of all functions.
#[derive(Debug)]
pub(crate) struct MinuteCounts {
    packed: Vec<u8>,
    /// By function, then in order of time.
    pieces: Vec<Vec<Piece>>,
    minutes: u32,
    spread: Spread,
}

impl MinuteCounts {
    pub(super) fn new(spread: Spread) -> Self {
        Self {
            packed: Vec::new(),
            pieces: Vec::new(),
            minutes: 0,
            spread,
        }
    }

    /// The end of the last minute.
    pub(super) fn end(&self) -> Time {
        Time::from_nanos(u64::from(self.minutes) * MINUTE)
    }

    pub(super) fn minutes(&self) -> u32 {
        self.minutes
    }

    /// Makes the trace longer by a file's minutes.
    pub(super) fn extend_to(&mut self, minutes: u32) {
        self.minutes = minutes;
    }

    /// Where the next row's counts will lie.
    pub(super) fn mark(&self) -> usize {
        self.packed.len()
    }

    /// Forgets what was added after a mark.
    pub(super) fn roll_back(&mut self, mark: usize) {
        self.packed.truncate(mark);
    }

    /// Adds a minute with requests, `gap` minutes after the last one of this row.
    #[inline]
    pub(super) fn add(&mut self, gap: u32, count: u32) {
        self.pack(gap);
        self.pack(count);
    }

    fn pack(&mut self, mut number: u32) {
        while number >= 0x80 {
            self.packed.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.packed.push(number as u8);
    }

    /// Gives what was added since a mark to a function; `minute` is the first one of the file. Adds
    /// up where the file has had a row of this function before, and says so.
    pub(super) fn assign(&mut self, function: usize, minute: u32, mark: usize) -> bool {
        if self.pieces.len() <= function {
            self.pieces.resize(function + 1, Vec::new());
        }
        let mut piece = Piece {
            minute,
            start: mark,
            length: (self.packed.len() - mark) as u32,
        };
        let earlier = self.pieces[function].last().copied();
        let again = earlier.is_some_and(|earlier| earlier.minute == minute);
        if let (true, Some(earlier)) = (again, earlier) {
            let sums = self.sum(earlier, piece);
            self.roll_back(mark);
            let mut last = 0;
            for (at, count) in sums {
                self.add(at - last, count);
                last = at;
            }
            piece.length = (self.packed.len() - mark) as u32;
            self.pieces[function].pop();
        }
        self.pieces[function].push(piece);
        again
    }

    /// The minutes (within the file) and counts of two rows together.
    fn sum(&self, a: Piece, b: Piece) -> Vec<(u32, u32)> {
        let mut sums = std::collections::BTreeMap::new();
        for piece in [a, b] {
            let (mut place, end) = (piece.start, piece.start + piece.length as usize);
            let mut at = 0;
            while place < end {
                at += self.unpack(&mut place);
                let count = self.unpack(&mut place);
                let sum: &mut u32 = sums.entry(at).or_default();
                *sum = sum.saturating_add(count);
            }
        }
        sums.into_iter().collect()
    }

    #[inline]
    fn unpack(&self, place: &mut usize) -> u32 {
        let mut number = 0;
        let mut shift = 0;
        loop {
            let byte = self.packed[*place];
            *place += 1;
            number |= u32::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return number;
            }
            shift += 7;
        }
    }
}

/// The instants of one function's requests, pulled one by one.
#[derive(Debug)]
pub(crate) struct MinuteClock {
    counts: Arc<MinuteCounts>,
    function: usize,
    /// The next piece of the function.
    piece: usize,
    place: usize,
    end: usize,
    /// Nanoseconds at which the current minute began.
    minute: u64,
    /// Requests of the current minute, and how many of them have been sent.
    count: u32,
    sent: u32,
    /// Minus the logarithm of the share of the minute that is left.
    spent: f64,
}

impl MinuteClock {
    pub(crate) fn new(counts: &Arc<MinuteCounts>, function: usize) -> Self {
        Self {
            counts: Arc::clone(counts),
            function,
            piece: 0,
            place: 0,
            end: 0,
            minute: 0,
            count: 0,
            sent: 0,
            spent: 0.0,
        }
    }

    /// The next instant in nanoseconds; `None` after the last.
    pub(crate) fn next(&mut self, stream: &mut Stream) -> Option<u64> {
        if self.sent == self.count && !self.next_minute() {
            return None;
        }
        let number = self.sent;
        self.sent += 1;
        let within = match self.counts.spread {
            Spread::Burst => 0,
            Spread::Even => MINUTE * u64::from(number) / u64::from(self.count),
            // With the first one at the beginning, the n − 1 others cut the minute into n
            // normalised exponential gaps, as so many uniform instants do.
            Spread::Exponential if number == 0 => 0,
            Spread::Uniform | Spread::Exponential => {
                // The least of k uniform instants in what is left takes an exponential with mean
                // 1/k off the logarithm of that (Rényi), so none has to be stored.
                self.spent += exponential(stream) / f64::from(self.count - number);
                let within = -(-self.spent).exp_m1() * MINUTE as f64;
                (within as u64).min(MINUTE - 1)
            }
        };
        Some(self.minute + within)
    }

    fn next_minute(&mut self) -> bool {
        while self.place == self.end {
            let Some(pieces) = self.counts.pieces.get(self.function) else {
                return false;
            };
            let Some(piece) = pieces.get(self.piece) else {
                return false;
            };
            self.piece += 1;
            self.place = piece.start;
            self.end = piece.start + piece.length as usize;
            self.minute = u64::from(piece.minute) * MINUTE;
        }
        let gap = self.counts.unpack(&mut self.place);
        self.minute += u64::from(gap) * MINUTE;
        self.count = self.counts.unpack(&mut self.place);
        self.sent = 0;
        self.spent = 0.0;
        true
    }
}
