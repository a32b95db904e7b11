//! The one integration test binary.

mod oracle;
mod sim;
mod stats;
mod theory;
mod workload;
