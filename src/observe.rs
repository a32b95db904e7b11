//! Taps on the stream of happenings: measures, costs, timeline, request log.
//!
//! An observer hears what happened and counts; it must not influence the run.

pub mod costs;
mod identities;
mod keep_alive_curve;
mod measures;
pub mod metric;
mod request_log;
mod states;
mod summary;
mod tally;
mod timeline;

pub use identities::Violation;
pub use keep_alive_curve::{
    CurveCounts, KEEP_ALIVES, KeepAliveCurve, KeepAliveCurveTap, keep_alives,
};
pub use request_log::{CsvRows, Outcome, RequestLog, RequestRow, RowSink};
pub use summary::{FunctionSummary, Summary, SummaryResult, Values};
pub use timeline::{TimelinePoint, TimelineTap};
