//! The one integration test binary.

mod sim;
mod stats;
mod theory;
mod validate;
mod workload;
