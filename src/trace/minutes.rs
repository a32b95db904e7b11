//! Requests counted by the minute: kept packed, and spread within their minutes when pulled.
//!
//! A row is a sequence of numbers of variable length ([`pack`]): twice the count of a minute with
//! requests, or one more than twice the length of a run of minutes without. So a busy minute takes
//! one byte up to 63 requests and two up to 8,191, a lonely request two or three, and a run without
//! any the same however long. The whole release of 2019 (72,359 functions, 14 days) fits into a few
//! hundred megabytes.

mod clock;
mod pack;

use std::fmt;

pub(crate) use clock::MinuteClock;
pub(super) use pack::Packer;
use pack::{Token, token};

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

/// A row of some file.
#[derive(Clone, Copy, Debug)]
pub(super) struct PackedRow {
    pub(super) start: usize,
    pub(super) length: u32,
}

/// The counts of a function in a file.
#[derive(Clone, Copy, Debug)]
struct Piece {
    file: u32,
    row: PackedRow,
}

#[derive(Debug)]
struct PackedFile {
    /// Its first minute.
    minute: u32,
    bytes: Vec<u8>,
}

/// The counts of all functions.
pub(crate) struct MinuteCounts {
    /// In order of time.
    files: Vec<PackedFile>,
    /// By function, then in order of time.
    pieces: Vec<Vec<Piece>>,
    minutes: u32,
    spread: Spread,
    digest: u64,
}

/// Two traces with the same counts show the same, and a hundred megabytes are not printed.
impl fmt::Debug for MinuteCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            minutes,
            spread,
            digest,
            ..
        } = self;
        write!(f, "{minutes} minutes, {spread:?}, {digest:016x}")
    }
}

impl MinuteCounts {
    pub(super) fn new(spread: Spread) -> Self {
        Self {
            files: Vec::new(),
            pieces: Vec::new(),
            minutes: 0,
            spread,
            digest: 0,
        }
    }

    /// The end of the last minute.
    pub(super) fn end(&self) -> Time {
        Time::from_nanos(u64::from(self.minutes) * MINUTE)
    }

    /// Bytes that the counts take.
    pub(super) fn bytes(&self) -> usize {
        let pieces = self.pieces.iter().map(Vec::capacity).sum::<usize>() * size_of::<Piece>();
        let files: usize = self.files.iter().map(|file| file.bytes.capacity()).sum();
        files + pieces
    }

    /// Puts a file's packed rows, which cover so many minutes, behind those there are. False, and
    /// nothing done, where the minutes are too many to be counted.
    pub(super) fn add_file(&mut self, bytes: Vec<u8>, minutes: u32) -> bool {
        let Some(end) = self.minutes.checked_add(minutes) else {
            return false;
        };
        self.digest = mix_in(self.digest, &bytes);
        self.files.push(PackedFile {
            minute: self.minutes,
            bytes,
        });
        self.minutes = end;
        true
    }

    /// Gives a row of the last file to a function. Adds up where the file has had a row of this
    /// function before, and says so.
    pub(super) fn assign(&mut self, function: usize, mut row: PackedRow) -> bool {
        if self.pieces.len() <= function {
            self.pieces.resize(function + 1, Vec::new());
        }
        self.digest = (self.digest ^ function as u64).rotate_left(23);
        let file = self.files.len().saturating_sub(1);
        let earlier = self.pieces[function].last().copied();
        let earlier = earlier.filter(|earlier| earlier.file as usize == file);
        if let (Some(earlier), Some(packed)) = (earlier, self.files.get_mut(file)) {
            row = packed.sum(earlier.row, row);
            self.pieces[function].pop();
        }
        self.pieces[function].push(Piece {
            file: file as u32,
            row,
        });
        earlier.is_some()
    }
}

impl PackedFile {
    /// A new row that is the sum of two.
    fn sum(&mut self, a: PackedRow, b: PackedRow) -> PackedRow {
        let mut sums = std::collections::BTreeMap::new();
        for row in [a, b] {
            let (mut place, end) = (row.start, row.start + row.length as usize);
            let mut minute = 0;
            while place < end {
                match token(&self.bytes, &mut place) {
                    Token::Pause(minutes) => minute += minutes,
                    Token::Count(count) => {
                        let sum: &mut u32 = sums.entry(minute).or_default();
                        *sum = sum.saturating_add(count);
                        minute += 1;
                    }
                }
            }
        }
        let mut packer = Packer::continuing(std::mem::take(&mut self.bytes));
        for (minute, count) in sums {
            packer.add(minute, count);
        }
        let row = packer.end_row();
        self.bytes = packer.into_bytes();
        row
    }
}

/// A digest of bytes by words of eight: fixed, so that runs do not differ.
fn mix_in(digest: u64, bytes: &[u8]) -> u64 {
    bytes.chunks(8).fold(digest, |digest, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        let mixed = (digest ^ u64::from_le_bytes(word)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed ^ (mixed >> 29)
    })
}
