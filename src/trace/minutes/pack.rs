//! Counts as numbers of variable length: seven bits a byte, the lowest first.

use super::PackedRow;

/// Writes rows of counts.
#[derive(Debug, Default)]
pub(in crate::trace) struct Packer {
    bytes: Vec<u8>,
    /// Where the current row began.
    start: usize,
    /// The minute of the row that comes next.
    next: u32,
}

impl Packer {
    /// Writes behind rows there are.
    pub(super) fn continuing(bytes: Vec<u8>) -> Self {
        Self {
            start: bytes.len(),
            bytes,
            next: 0,
        }
    }

    /// Adds a minute with requests (at least one), later than the last one of the row.
    #[inline]
    pub(in crate::trace) fn add(&mut self, minute: u32, count: u32) {
        if minute > self.next {
            self.push(u64::from(minute - self.next) << 1 | 1);
        }
        self.push(u64::from(count) << 1);
        self.next = minute + 1;
    }

    #[inline]
    fn push(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    /// Ends the row.
    pub(in crate::trace) fn end_row(&mut self) -> PackedRow {
        let row = PackedRow {
            start: self.start,
            length: (self.bytes.len() - self.start) as u32,
        };
        self.start = self.bytes.len();
        self.next = 0;
        row
    }

    /// Forgets what there is of the row.
    pub(in crate::trace) fn drop_row(&mut self) {
        self.bytes.truncate(self.start);
        self.next = 0;
    }

    /// All rows, in no more room than they need.
    pub(in crate::trace) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.shrink_to_fit();
        self.bytes
    }
}

/// What a number of a row says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Token {
    /// Requests of the next minute.
    Count(u32),
    /// Minutes without requests.
    Pause(u32),
}

/// The number at a place, which moves behind it.
#[inline]
pub(super) fn token(bytes: &[u8], place: &mut usize) -> Token {
    let mut number = 0_u64;
    let mut shift = 0;
    loop {
        let byte = bytes[*place];
        *place += 1;
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            break;
        }
        shift += 7;
    }
    if number & 1 == 1 {
        Token::Pause((number >> 1) as u32)
    } else {
        Token::Count((number >> 1) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_were_packed() {
        let rows: [&[(u32, u32)]; 5] = [
            &[(0, 1), (1, 63), (2, 64), (3, 8_191), (4, 8_192)],
            &[],
            &[(5, u32::MAX), (1_439, 1)],
            &[(20_159, 90_000)],
            &[(0, 7)],
        ];
        let mut packer = Packer::default();
        packer.add(3, 4);
        packer.drop_row();
        let places = rows.map(|row| {
            for (minute, count) in row {
                packer.add(*minute, *count);
            }
            packer.end_row()
        });
        let bytes = packer.into_bytes();
        for (row, packed) in rows.iter().zip(places) {
            let (mut place, end) = (packed.start, packed.start + packed.length as usize);
            let (mut minute, mut found) = (0, Vec::new());
            while place < end {
                match token(&bytes, &mut place) {
                    Token::Pause(minutes) => minute += minutes,
                    Token::Count(count) => {
                        found.push((minute, count));
                        minute += 1;
                    }
                }
            }
            assert_eq!(&found, row);
        }
        assert_eq!(places.map(|row| row.length), [9, 0, 9, 6, 1]);
    }
}
