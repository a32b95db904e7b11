//! frostline simulates serverless (FaaS) platforms request by request.

pub mod theory;
