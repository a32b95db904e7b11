//! How long instances had been idle, sorted between the keep-alive values of the curve.

use serde::{Deserialize, Serialize};

use super::grid::{KEEP_ALIVES, values_below};
use crate::units::{NANOS_PER_SECOND, Span};

/// Bytes in a GB.
const GB: f64 = (1_u64 << 30) as f64;

/// Stands for the age of an instance that there never was: longer than every keep-alive.
pub(super) const NEVER: u8 = KEEP_ALIVES as u8;

/// Ages by the number of keep-alive values below them. All are integers, so that sums are exact and
/// do not depend on the order in which functions are counted.
#[derive(Clone, Debug)]
pub(super) struct Ages {
    bins: Box<[Bin; KEEP_ALIVES + 1]>,
    /// Users' requests that ran.
    ran: u64,
}

/// Ages between two neighbouring values.
#[derive(Clone, Copy, Default, Debug)]
struct Bin {
    /// Users' requests that took an instance of such an age.
    requests: u64,
    /// Idle times, and their sum in nanoseconds.
    idle: i64,
    idle_nanos: i128,
    /// The same, each times the memory of its instance in bytes.
    idle_bytes: i128,
    idle_byte_nanos: i128,
}

/// An end of an idle time: counted where it ends, taken back where only a part of it is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Plus,
    Minus,
}

/// What a part of the run would have been under every keep-alive of the curve, in its order.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CurveCounts {
    /// Users' requests that ran.
    pub ran: u64,
    /// Those that would have been cold.
    pub cold_starts: Vec<u64>,
    /// Time that instances would have been idle, in seconds.
    pub idle_instance_s: Vec<f64>,
    /// The same, each times the memory of its function in GB.
    pub idle_gb_s: Vec<f64>,
}

impl Ages {
    pub(super) fn new() -> Self {
        Self {
            bins: Box::new([Bin::default(); KEEP_ALIVES + 1]),
            ran: 0,
        }
    }

    /// The bin of an age.
    #[inline]
    pub(super) fn bin(age: Span) -> u8 {
        values_below(age) as u8
    }

    /// A user's request ran on an instance whose age was in this bin.
    #[inline]
    pub(super) fn count_request(&mut self, bin: u8) {
        self.ran += 1;
        self.bins[usize::from(bin)].requests += 1;
    }

    /// An instance was idle for so long, or would have been until its keep-alive ended.
    #[inline]
    pub(super) fn count_idle(&mut self, age: Span, bytes: u64, sign: Sign) {
        self.count_idle_in(Self::bin(age), age, bytes, sign);
    }

    /// An instance was idle for so long, whatever the keep-alive.
    #[inline]
    pub(super) fn count_held(&mut self, age: Span, bytes: u64, sign: Sign) {
        self.count_idle_in(0, age, bytes, sign);
    }

    #[inline]
    fn count_idle_in(&mut self, bin: u8, age: Span, bytes: u64, sign: Sign) {
        let one = if sign == Sign::Plus { 1 } else { -1 };
        let nanos = i128::from(one) * i128::from(age.nanos());
        let bin = &mut self.bins[usize::from(bin)];
        bin.idle += one;
        bin.idle_nanos += nanos;
        bin.idle_bytes += i128::from(one) * i128::from(bytes);
        bin.idle_byte_nanos += nanos * i128::from(bytes);
    }

    /// Adds what was counted elsewhere.
    pub(super) fn join(&mut self, other: &Self) {
        self.ran += other.ran;
        for (bin, more) in self.bins.iter_mut().zip(other.bins.iter()) {
            bin.add(more);
        }
    }

    /// Under the keep-alive D a request is cold iff its instance had been idle for longer, and an
    /// instance is idle for min(age, D).
    pub(super) fn counts(&self, keep_alives: impl ExactSizeIterator<Item = Span>) -> CurveCounts {
        let mut longer = Bin::default();
        for bin in self.bins.iter() {
            longer.add(bin);
        }
        let mut shorter = Bin::default();
        let mut counts = CurveCounts {
            ran: self.ran,
            cold_starts: Vec::with_capacity(keep_alives.len()),
            idle_instance_s: Vec::with_capacity(keep_alives.len()),
            idle_gb_s: Vec::with_capacity(keep_alives.len()),
        };
        for (bin, keep_alive) in self.bins.iter().zip(keep_alives) {
            shorter.add(bin);
            longer.subtract(bin);
            let kept = i128::from(keep_alive.nanos());
            let nanos = shorter.idle_nanos + kept * i128::from(longer.idle);
            let byte_nanos = shorter.idle_byte_nanos + kept * longer.idle_bytes;
            let second = NANOS_PER_SECOND as f64;
            counts.cold_starts.push(longer.requests);
            counts.idle_instance_s.push(nanos as f64 / second);
            counts.idle_gb_s.push(byte_nanos as f64 / second / GB);
        }
        counts
    }
}

impl Bin {
    fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.idle += other.idle;
        self.idle_nanos += other.idle_nanos;
        self.idle_bytes += other.idle_bytes;
        self.idle_byte_nanos += other.idle_byte_nanos;
    }

    fn subtract(&mut self, other: &Self) {
        self.requests -= other.requests;
        self.idle -= other.idle;
        self.idle_nanos -= other.idle_nanos;
        self.idle_bytes -= other.idle_bytes;
        self.idle_byte_nanos -= other.idle_byte_nanos;
    }
}

#[cfg(test)]
mod tests {
    use super::super::grid::keep_alives;
    use super::*;

    #[test]
    fn an_age_is_idle_up_to_the_keep_alive_and_cold_beyond() {
        let mut ages = Ages::new();
        let age = Span::from_whole_secs(90);
        ages.count_request(Ages::bin(age));
        ages.count_request(NEVER);
        ages.count_idle(age, 1 << 29, Sign::Plus);
        ages.count_held(Span::from_whole_secs(1000), 1 << 29, Sign::Plus);
        let counts = ages.counts(keep_alives());
        assert_eq!(counts.ran, 2);
        for (i, keep_alive) in keep_alives().enumerate() {
            let warm = keep_alive >= age;
            assert_eq!(counts.cold_starts[i], 1 + u64::from(!warm), "{keep_alive}");
            let idle = keep_alive.min(age).secs() + 1000.0;
            assert!((counts.idle_instance_s[i] - idle).abs() < 1e-9);
            assert!((counts.idle_gb_s[i] - idle / 2.0).abs() < 1e-9);
        }
    }

    #[test]
    fn what_is_taken_back_leaves_the_rest() {
        let mut ages = Ages::new();
        // Idle for 100 s, of which the first 40 s are not measured.
        ages.count_idle(Span::from_whole_secs(100), 1 << 30, Sign::Plus);
        ages.count_idle(Span::from_whole_secs(40), 1 << 30, Sign::Minus);
        let counts = ages.counts(keep_alives());
        for (keep_alive, idle) in keep_alives().zip(counts.idle_gb_s) {
            let expected = (keep_alive.secs().min(100.0) - 40.0).max(0.0);
            assert!((idle - expected).abs() < 1e-9, "{keep_alive}: {idle}");
        }
    }
}
