//! Taps on the stream of happenings: measures, costs, timeline, request log.
//!
//! An observer hears what happened and counts; it must not influence the run.

pub mod costs;
mod identities;
mod measures;
pub mod metric;
mod request_log;
mod states;
mod summary;
mod tally;
mod timeline;
mod watch;

pub use identities::Violation;
pub use request_log::{CsvRows, Outcome, RequestLog, RequestRow, RowSink};
pub use states::Peaks;
pub use summary::{FunctionSummary, Parts, Summary, SummaryResult, Values};
pub use timeline::{TimelinePoint, TimelineTap};
pub use watch::Watch;
