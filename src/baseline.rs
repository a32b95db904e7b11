//! An earlier run beside a later one: what has changed, and what is noise.
//!
//! Reads what `run` has written; simulates nothing.

mod compare;
mod read;

pub use compare::{Basis, Change, Compared, Comparison, Wanted, compare};
pub use read::{Kept, KeptScenario, read};
