//! The one integration test binary.

mod config;
mod oracle;
mod report;
mod sim;
mod stats;
mod theory;
mod trace;
mod workload;
