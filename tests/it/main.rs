//! The one integration test binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod architecture;
mod cli;
mod config;
mod experiment;
mod keep_alive_curve;
mod oracle;
mod readme;
mod report;
mod rows;
mod sim;
mod stats;
mod swarm;
mod theory;
mod trace;
mod validate;
mod workload;
