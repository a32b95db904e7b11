//! A key that is the same for the same experiment and build.

use std::fmt::{self, Write};

use crate::model::Experiment;

/// Tells experiments apart by everything that they are made of, and builds by `build`.
pub fn fingerprint(experiment: &Experiment, build: &str) -> String {
    let mut hash = Fnv(0xCBF2_9CE4_8422_2325);
    // Writing to a hash cannot fail.
    let _ = write!(hash, "{build}\n{experiment:?}");
    format!("{:016x}", hash.0)
}

/// FNV-1a (Fowler, Noll and Vo): a hash of text as it comes, without keeping it.
struct Fnv(u64);

impl Write for Fnv {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3);
        }
        Ok(())
    }
}
