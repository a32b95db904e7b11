//! The one integration test binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod apart;
mod architecture;
mod capacity;
mod claimed;
mod cli;
mod config;
mod coverage;
mod deploy;
mod experiment;
mod fit;
mod gate;
mod keep_alive_curve;
mod logs;
mod oracle;
mod outputs;
mod plan;
mod prices;
mod readme;
mod report;
mod rows;
mod scaling;
mod shipped;
mod sim;
mod start_path;
mod stats;
mod swarm;
mod theory;
mod threads;
mod trace;
mod traffic;
mod validate;
mod workload;
