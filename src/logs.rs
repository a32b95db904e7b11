//! Readers of what a platform wrote about calls: one record for each line that tells of one.
//!
//! Logs come as text (exports of `CloudWatch`, with or without times and names of streams), as JSON
//! (`platform.report` bare or inside events, one a line, one after the other, or printed over many
//! lines) and as tables of Logs Insights; plain or packed. What a piece is, is told by its content.
//! Nothing is held but the piece that is being read. This room knows no platform's rules and no
//! simulator: it says what was written, not what it means.

mod document;
mod input;
mod insights;
mod json;
mod message;
mod open;
mod reader;
mod record;
mod report_line;
mod times;
mod utf16;

pub use open::{LogFile, log_files};
pub use reader::{Reader, Totals};
pub use record::{Kind, Place, Record, Sink, Status, Unread};
