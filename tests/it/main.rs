//! The one integration test binary.

mod report;
mod sim;
mod stats;
mod theory;
mod workload;
