//! The simulator against closed forms and published tables.

pub mod lab;
