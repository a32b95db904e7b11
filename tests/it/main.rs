//! The one integration test binary.

mod trace;
mod workload;
