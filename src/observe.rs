//! Taps on the stream of happenings: measures, costs, timeline, request log.
//!
//! An observer hears what happened and counts; it must not influence the run.

pub mod costs;
mod identities;
mod measures;
pub mod metric;
mod states;
mod summary;
mod tally;
mod timeline;

pub use identities::Violation;
pub use summary::{Summary, SummaryResult, Values};
pub use timeline::{TimelinePoint, TimelineTap};
