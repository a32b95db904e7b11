//! Rows of requests as CSV.

use std::io::{self, Write};

use super::request_file::RunName;
use super::request_log::{RequestRow, RowSink};
use crate::sim::Cause;

/// The first line of a file.
pub(super) const HEADER: &str = "scenario,replication,function,request,arrival_s,start_s,\
                                 finish_s,outcome,cause,instance,latency_ms,billed_ms";

/// The rows of one run, without the first line.
#[derive(Debug)]
pub struct CsvRows<W> {
    /// Scenario and replication, as they stand at the beginning of each row.
    prefix: String,
    /// Quoted names of the functions.
    functions: Vec<String>,
    out: W,
}

impl<W: Write> CsvRows<W> {
    pub(super) fn new(run: &RunName<'_>, out: W) -> Self {
        Self {
            prefix: format!("{},{}", quoted(run.scenario), run.replication),
            functions: run.functions.iter().map(|f| quoted(&f.name)).collect(),
            out,
        }
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Write> RowSink for CsvRows<W> {
    fn row(&mut self, row: &RequestRow) -> io::Result<()> {
        let (prefix, function) = (&self.prefix, &self.functions[row.function as usize]);
        write!(self.out, "{prefix},{function},{},", row.request)?;
        write!(
            self.out,
            "{},{},{},",
            row.arrival_s, row.start_s, row.finish_s
        )?;
        write!(
            self.out,
            "{},{},",
            row.outcome.name(),
            row.cause.map_or("", Cause::name)
        )?;
        if let Some(instance) = row.instance {
            write!(self.out, "{instance}")?;
        }
        writeln!(self.out, ",{},{}", row.latency_ms, row.billed_ms)
    }
}

/// A field, in quotes where it needs them (RFC 4180).
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
