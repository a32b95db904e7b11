//! The keep-alive values of the curve, and between which two of them an age lies.

use crate::units::{NANOS_PER_SECOND, Span};

/// Tenths of a unit from one second, minute or hour to just before the next; the last hours of the
/// day end at 24. Neighbours are 7 to 13 % apart.
const TENTHS: [u64; 46] = [
    10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 26, 28, 30, 33, 36, 40, 45, 50, 55, 60, 65, 70, 75,
    80, 90, 100, 110, 120, 130, 140, 150, 160, 180, 200, 220, 240, 260, 280, 300, 330, 360, 400,
    450, 500, 550,
];
/// Of these are hours: up to 24.
const HOURS: usize = 37;
/// Keep-alive values of the curve.
pub const KEEP_ALIVES: usize = 2 * TENTHS.len() + HOURS;

/// The values in nanoseconds, ascending; then one that no age exceeds.
const EDGES: [u64; KEEP_ALIVES + 1] = edges();

/// Bits of an age after its leading one that choose its cell.
const FINE: u32 = 4;
const CELLS: usize = (u64::BITS as usize) << FINE;

/// For each cell the number of values below its least age. A cell is at most 1/16 of its ages wide,
/// so that no more than one value lies in it.
static BELOW: [u8; CELLS] = below();

const fn edges() -> [u64; KEEP_ALIVES + 1] {
    let mut edges = [u64::MAX; KEEP_ALIVES + 1];
    let mut unit = NANOS_PER_SECOND / 10;
    let mut i = 0;
    while i < KEEP_ALIVES {
        if i == TENTHS.len() || i == 2 * TENTHS.len() {
            unit *= 60;
        }
        edges[i] = TENTHS[i % TENTHS.len()] * unit;
        i += 1;
    }
    edges
}

const fn below() -> [u8; CELLS] {
    let mut below = [0; CELLS];
    let mut cell = (FINE as usize) << FINE;
    let mut edge = 0;
    while cell < CELLS {
        let exponent = (cell >> FINE) as u32;
        let mantissa = (1 << FINE) | (cell & ((1 << FINE) - 1)) as u64;
        let least = mantissa << (exponent - FINE);
        while EDGES[edge] < least {
            edge += 1;
        }
        below[cell] = edge as u8;
        cell += 1;
    }
    below
}

/// How many values are less than an age: under the value of this number, and under all after it,
/// an instance of this age is still kept.
#[inline]
pub(super) fn values_below(age: Span) -> usize {
    let nanos = age.nanos() | (1 << FINE);
    let exponent = nanos.ilog2();
    let mantissa = (nanos >> (exponent - FINE)) as usize & ((1 << FINE) - 1);
    let below = usize::from(BELOW[(exponent as usize) << FINE | mantissa]);
    below + usize::from(age.nanos() > EDGES[below])
}

/// Every keep-alive of the curve, ascending: round values from 1 s to 24 h.
pub fn keep_alives() -> impl ExactSizeIterator<Item = Span> {
    EDGES[..KEEP_ALIVES].iter().copied().map(Span::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_are_round_and_no_two_are_far_apart() {
        let values: Vec<u64> = keep_alives().map(Span::nanos).collect();
        assert_eq!(values.len(), 129);
        for seconds in [
            1, 2, 5, 10, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 14_400, 43_200, 86_400,
        ] {
            assert!(values.contains(&(seconds * NANOS_PER_SECOND)), "{seconds}");
        }
        assert_eq!(values[0], NANOS_PER_SECOND);
        assert_eq!(values[128], 86_400 * NANOS_PER_SECOND);
        for pair in values.windows(2) {
            let ratio = pair[1] as f64 / pair[0] as f64;
            assert!((1.06..1.13).contains(&ratio), "{pair:?}");
        }
    }

    #[test]
    fn an_age_is_found_as_a_search_finds_it() {
        let search = |nanos: u64| EDGES.partition_point(|edge| *edge < nanos);
        let mut ages: Vec<u64> = vec![0, 1, 15, 16, 17, u64::MAX - 1, u64::MAX];
        for edge in &EDGES[..KEEP_ALIVES] {
            ages.extend([edge - 1, *edge, edge + 1]);
        }
        for exponent in 0..64 {
            for part in 0..64_u64 {
                let age = (1_u128 << exponent) * u128::from(64 + part) / 64;
                ages.push(age as u64);
            }
        }
        for age in ages {
            assert_eq!(values_below(Span::from_nanos(age)), search(age), "{age}");
        }
    }
}
