//! Rows of counts, read as bytes. A release has 10⁹ fields, nearly all of them `0`: runs of zeros
//! are passed up to thirty-two at a time, other fields are read as one word.

use super::super::minutes::Packer;

/// What is wrong with a row of counts.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum CountFault {
    /// Columns there are.
    Columns(u32),
    /// The minute (from 0) and its field.
    NotACount(u32, Vec<u8>),
}

const ZEROS: &[u8; 64] = b"0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,";

/// Packs the counts of a row, `minutes` of them with commas between, and adds them up. Where
/// something is wrong, the packer's row is to be dropped.
pub(super) fn pack_counts(
    fields: &[u8],
    minutes: u32,
    packer: &mut Packer,
) -> Result<u64, CountFault> {
    let (mut minute, mut at, mut sum) = (0_u32, 0_usize, 0_u64);
    loop {
        let mut rest = &fields[at..];
        while let Some((ZEROS, behind)) = rest.split_first_chunk() {
            (rest, minute) = (behind, minute + 32);
        }
        at = fields.len() - rest.len();
        let zeros = zeros(rest);
        minute += zeros as u32;
        at += 2 * zeros;
        rest = &fields[at..];
        if zeros == 8 {
            continue;
        }
        let (count, length) = match short_field(rest) {
            Some(field) => field,
            None => any_field(rest).map_err(|field| CountFault::NotACount(minute, field))?,
        };
        if count > 0 {
            packer.add(minute, count);
            sum += u64::from(count);
        }
        minute += 1;
        at += length + 1;
        if at > fields.len() {
            break;
        }
    }
    if minute == minutes {
        Ok(sum)
    } else {
        Err(CountFault::Columns(minute))
    }
}

/// How many of the next eight fields are `0` with a comma behind, up to the first that is not.
#[inline]
fn zeros(bytes: &[u8]) -> usize {
    const EIGHT: u128 = u128::from_le_bytes(*b"0,0,0,0,0,0,0,0,");
    let next = bytes.first_chunk().copied();
    let differ = next.map_or(1, |next| u128::from_le_bytes(next) ^ EIGHT);
    differ.trailing_zeros() as usize / 16
}

const ONES: u64 = 0x0101_0101_0101_0101;

/// The field in front of the first comma, and its length, where both lie within the next eight
/// bytes and the field is made of digits.
#[inline]
fn short_field(bytes: &[u8]) -> Option<(u32, usize)> {
    let word = u64::from_le_bytes(*bytes.first_chunk()?);
    // The highest bit of each byte that is a comma; exact up to the first one.
    let no_comma = word ^ (ONES * u64::from(b','));
    let commas = no_comma.wrapping_sub(ONES) & !no_comma & (ONES << 7);
    let length = commas.trailing_zeros() / 8;
    if length == 0 || length == 8 {
        return None;
    }
    // The digits moved to the end of the word, zeros in front.
    let bits = 8 * length;
    let digits = (word << (64 - bits)) | ((ONES * u64::from(b'0')) >> bits);
    let is_digits =
        (digits & (ONES * 0xF0)) | ((digits.wrapping_add(ONES * 6) & (ONES * 0xF0)) >> 4);
    if is_digits != ONES * 0x33 {
        return None;
    }
    // Pairs of digits, then fours, then all eight.
    let value = (digits & (ONES * 0x0F)).wrapping_mul(10 * 256 + 1) >> 8;
    let value = (value & 0x00FF_00FF_00FF_00FF).wrapping_mul(100 * 65_536 + 1) >> 16;
    let value = (value & 0x0000_FFFF_0000_FFFF).wrapping_mul((10_000 << 32) + 1) >> 32;
    Some((value as u32, length as usize))
}

/// A field of any length, the last one of a row as well.
#[cold]
fn any_field(bytes: &[u8]) -> Result<(u32, usize), Vec<u8>> {
    let end = memchr::memchr(b',', bytes).unwrap_or(bytes.len());
    let field = &bytes[..end];
    let digit = |value: u64, byte: &u8| {
        byte.is_ascii_digit()
            .then(|| (value * 10 + u64::from(byte - b'0')).min(1 << 40))
    };
    let value = field.iter().try_fold(0_u64, digit);
    match value.and_then(|value| u32::try_from(value).ok()) {
        Some(count) if !field.is_empty() => Ok((count, end)),
        _ => Err(field.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(fields: &str) -> Result<u64, CountFault> {
        let minutes = fields.split(',').count() as u32;
        pack_counts(fields.as_bytes(), minutes, &mut Packer::default())
    }

    #[test]
    fn fields_are_counts_or_named() {
        assert_eq!(read("0"), Ok(0));
        assert_eq!(
            read("7,0,0,12345678,9999999,4294967295,1"),
            Ok(4_317_312_980)
        );
        for (fields, minute, wrong) in [
            ("", 0, ""),
            ("1,", 1, ""),
            (",1", 0, ""),
            ("1,4294967296,1", 1, "4294967296"),
            ("1,99999999999999999999999,1", 1, "99999999999999999999999"),
            ("0,0,0,0,0,0,0,0,0,-1,0,0,0,0,0,0,0,0", 9, "-1"),
            ("0,1x,0,0,0,0,0,0", 1, "1x"),
            ("0, 1,0,0,0,0,0,0", 1, " 1"),
            ("0,1.0,0,0,0,0,0,0", 1, "1.0"),
            ("0,\u{fc},0,0,0,0,0,0", 1, "\u{fc}"),
        ] {
            let expected = CountFault::NotACount(minute, wrong.as_bytes().to_vec());
            assert_eq!(read(fields), Err(expected), "{fields}");
        }
        let packed = pack_counts(b"1,2,3", 2, &mut Packer::default());
        assert_eq!(packed, Err(CountFault::Columns(3)));
        let packed = pack_counts(b"0,0,0,0,0,0,0,0,0", 1_440, &mut Packer::default());
        assert_eq!(packed, Err(CountFault::Columns(9)));
    }

    proptest! {
        #[test]
        fn any_row_is_packed_as_a_plain_loop_packs_it(
            counts in prop::collection::vec(
                prop_oneof![8 => Just(0_u32), 3 => 0_u32..100, 1 => any::<u32>()],
                1..200,
            ),
        ) {
            let fields: Vec<String> = counts.iter().map(u32::to_string).collect();
            let (mut fast, mut plain) = (Packer::default(), Packer::default());
            let sum = pack_counts(fields.join(",").as_bytes(), counts.len() as u32, &mut fast);
            for (minute, count) in (0..).zip(&counts) {
                if *count > 0 {
                    plain.add(minute, *count);
                }
            }
            prop_assert_eq!(sum, Ok(counts.iter().copied().map(u64::from).sum()));
            prop_assert_eq!(fast.into_bytes(), plain.into_bytes());
        }
    }
}
