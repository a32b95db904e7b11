//! Text of two bytes a letter, as PowerShell writes what a program prints: turned into UTF-8 as it
//! is read.

use std::io::{self, Read};

/// Units that are read at a time.
const UNITS: usize = 1 << 15;

/// Stands for what is no letter.
const NO_LETTER: char = char::REPLACEMENT_CHARACTER;

/// A source of UTF-16 that gives UTF-8.
pub(super) struct FromUtf16<R> {
    source: R,
    big_endian: bool,
    raw: Vec<u8>,
    text: Vec<u8>,
    given: usize,
    /// The first half of a letter of which the second half is still to be read.
    half: Option<u16>,
}

impl<R: Read> FromUtf16<R> {
    pub(super) fn new(source: R, big_endian: bool) -> Self {
        Self {
            source,
            big_endian,
            raw: Vec::new(),
            text: Vec::new(),
            given: 0,
            half: None,
        }
    }

    /// Reads some units and turns them into text; false at the end.
    fn more(&mut self) -> io::Result<bool> {
        self.raw.clear();
        let mut limited = (&mut self.source).take(2 * UNITS as u64);
        limited.read_to_end(&mut self.raw)?;
        let units = self.raw.chunks(2).map(|unit| match unit {
            [a, b] if self.big_endian => u16::from_be_bytes([*a, *b]),
            [a, b] => u16::from_le_bytes([*a, *b]),
            // Half a unit, at the end.
            _ => 0xFFFD,
        });
        let mut units: Vec<u16> = self.half.take().into_iter().chain(units).collect();
        let full = self.raw.len() == 2 * UNITS;
        if full
            && units
                .last()
                .is_some_and(|unit| (0xD800..0xDC00).contains(unit))
        {
            self.half = units.pop();
        }
        self.text.clear();
        self.given = 0;
        let mut bytes = [0; 4];
        for letter in char::decode_utf16(units) {
            let letter = letter.unwrap_or(NO_LETTER);
            let letter = letter.encode_utf8(&mut bytes);
            self.text.extend_from_slice(letter.as_bytes());
        }
        Ok(!self.text.is_empty())
    }
}

impl<R: Read> Read for FromUtf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.text.len() && !self.more()? {
            return Ok(0);
        }
        let rest = &self.text[self.given..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_comes_through_wherever_it_is_cut() {
        let text = "REPORT RequestId: ä 😀\r\n".repeat(5_000);
        for before in 0..4 {
            let text = format!("{}{text}", "x".repeat(before));
            let units: Vec<u16> = text.encode_utf16().collect();
            for big_endian in [false, true] {
                let bytes: Vec<u8> = units
                    .iter()
                    .flat_map(|unit| {
                        if big_endian {
                            unit.to_be_bytes()
                        } else {
                            unit.to_le_bytes()
                        }
                    })
                    .collect();
                let mut told = String::new();
                let mut source = FromUtf16::new(&bytes[..], big_endian);
                source.read_to_string(&mut told).unwrap();
                assert_eq!(told, text);
                // An odd byte at the end is no letter, and no panic.
                let odd = &bytes[..bytes.len() - 1];
                let mut told = String::new();
                let mut source = FromUtf16::new(odd, big_endian);
                source.read_to_string(&mut told).unwrap();
                assert!(told.ends_with(NO_LETTER), "{big_endian}");
            }
        }
    }
}
