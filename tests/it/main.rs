//! The one integration test binary.

mod workload;
