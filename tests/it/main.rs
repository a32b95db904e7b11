//! The one integration test binary.

mod stats;
mod theory;
mod workload;
