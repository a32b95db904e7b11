//! frostline simulates serverless (FaaS) platforms request by request.

pub mod dist;
pub mod experiment;
pub mod ids;
pub mod model;
pub mod observe;
pub mod random;
pub mod report;
pub mod stats;
pub mod trace;
pub mod units;
pub mod workload;
