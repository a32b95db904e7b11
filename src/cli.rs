//! The command line: one file a subcommand, and no logic in it.

pub mod models;
pub mod schema;
