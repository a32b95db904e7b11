//! Taps on the stream of happenings: measures, costs, timeline, request log.
//!
//! An observer hears what happened and counts; it must not influence the run.

pub mod costs;
mod identities;
mod measures;
pub mod metric;
mod request_csv;
mod request_file;
mod request_log;
mod request_parquet;
mod states;
mod summary;
mod tally;
mod timeline;

pub use identities::Violation;
pub use request_file::{RowFile, RowFormat, RowJoin, RunName};
pub use request_log::{Outcome, RequestLog, RequestRow, RowSink};
pub use summary::{FunctionSummary, Summary, SummaryResult, Values};
pub use timeline::{TimelinePoint, TimelineTap};
