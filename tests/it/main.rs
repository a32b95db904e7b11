//! The one integration test binary.

mod architecture;
mod config;
mod oracle;
mod report;
mod sim;
mod stats;
mod swarm;
mod theory;
mod trace;
mod workload;
