//! The one integration test binary.

mod theory;
