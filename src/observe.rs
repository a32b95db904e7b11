//! Taps on the stream of happenings: measures, costs, timeline, request log.
//!
//! An observer hears what happened and counts; it must not influence the run.

pub mod metric;
