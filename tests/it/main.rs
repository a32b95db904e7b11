//! The one integration test binary.

mod config;
mod sim;
mod stats;
mod theory;
mod workload;
