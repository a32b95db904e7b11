//! frostline simulates serverless (FaaS) platforms request by request.

pub mod stats;
pub mod theory;
