//! Taps on the stream of happenings: measures, costs, timeline, request log.
//!
//! An observer hears what happened and counts; it must not influence the run.

mod claimed;
mod claims;
pub mod costs;
mod hunt;
mod identities;
mod keep_alive_curve;
mod measures;
mod messages;
mod request_csv;
mod request_file;
mod request_log;
mod request_parquet;
mod shared;
mod states;
mod summary;
mod tally;
mod timeline;
mod values;
mod watch;
mod workflows;

pub use claimed::{ClaimedLine, ClaimedPoint, ClaimedTap};
pub use claims::{Claims, LONGEST_RUN, Notes};
pub use hunt::{Calendar, HuntTap, Places, Use};
pub use identities::Violation;
pub use keep_alive_curve::{
    CurveBooks, CurveCounts, KEEP_ALIVES, KeepAliveCurve, KeepAliveCurveTap, keep_alives,
};
pub use request_file::{RowFile, RowFormat, RowJoin, RunName};
pub use request_log::{Outcome, RequestLog, RequestRow, RowSink};
pub use shared::{Binding, Shared};
pub use states::Peaks;
pub use summary::{FunctionSummary, Parts, Summary, SummaryResult, Values, batch_sums};
pub use timeline::{TimelinePoint, TimelineSteps, TimelineTap};
pub use watch::Watch;
