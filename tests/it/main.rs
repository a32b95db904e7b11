//! The one integration test binary.

mod config;
mod report;
mod sim;
mod stats;
mod theory;
mod trace;
mod validate;
mod workload;
