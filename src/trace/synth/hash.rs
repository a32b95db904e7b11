//! Names as the release has them.

use rand::Rng;

use crate::random::Stream;

/// A hash of 256 bits, written as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hash([u64; 4]);

impl Hash {
    pub(super) fn draw(stream: &mut Stream) -> Self {
        Self(std::array::from_fn(|_| stream.next_u64()))
    }

    pub(super) fn write(self, text: &mut Vec<u8>) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        for word in self.0 {
            let digit = |place: usize| DIGITS[(word >> (60 - 4 * place) & 15) as usize];
            text.extend_from_slice(&std::array::from_fn::<u8, 16, _>(digit));
        }
    }
}
