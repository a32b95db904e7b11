//! What is said about samples: quantiles, means, intervals, differences.
//!
//! Plain functions and types of plain numbers. They know no simulator type and take no samples
//! themselves; whoever measures feeds them.

pub mod accuracy;
pub mod batches;
pub mod histogram;
pub mod intervals;
pub mod moments;
pub mod student;

pub use histogram::{Histogram, Joint};
