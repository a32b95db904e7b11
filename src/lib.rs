//! `frostline` simulates serverless (`FaaS`) platforms request by request.

pub mod baseline;
pub mod cli;
pub mod config;
pub mod dist;
pub mod experiment;
pub mod fit;

pub mod ids;
pub mod logs;
pub mod metric;
pub mod model;
pub mod observe;
pub mod pattern;
pub mod plan;
pub mod policy;
pub mod random;
pub mod report;
pub mod schedule;
pub mod sim;
pub mod stats;
pub mod theory;
pub mod trace;
pub mod units;
pub mod validate;
pub mod workload;
