//! `frostline trace info`: what a trace holds.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::super::{Failed, print};
use crate::trace::{Trace, TraceFunction, TraceSpec, TraceWarning};
use crate::units::format_span;

#[derive(Args)]
pub(in crate::cli) struct InfoArgs {
    /// A folder of the Azure Functions 2019 release or in its shape, a file of the 2021 release, or
    /// a CSV file of requests; .gz and .zst are unpacked
    path: PathBuf,
    /// What is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

pub(super) fn run(args: &InfoArgs) -> Result<(), Failed> {
    let wrong = |text: String| Failed::BadInput(format!("error: {text}"));
    let spec = TraceSpec::detect(&args.path).map_err(|fault| wrong(fault.to_string()))?;
    let trace = Trace::open(&spec).map_err(|faults| {
        let lines = faults.iter().map(|fault| format!("error: {fault}"));
        Failed::BadInput(lines.collect::<Vec<_>>().join("\n"))
    })?;
    let about = About::of(&spec, &trace);
    print(&match args.format {
        Format::Table => about.table(),
        Format::Json => format!("{:#}\n", about.json()),
    })
}

/// What there is to say.
struct About<'a> {
    kind: &'static str,
    trace: &'a Trace,
    requests: u64,
    busiest: Option<&'a TraceFunction>,
    silent: usize,
    durations: Coverage,
    memory: Coverage,
}

/// Functions of which something is known, and their requests.
#[derive(Clone, Copy, Default)]
struct Coverage {
    functions: usize,
    requests: u64,
}

impl Coverage {
    fn of(functions: &[TraceFunction], known: impl Fn(&TraceFunction) -> bool) -> Self {
        let mut coverage = Self::default();
        for function in functions.iter().filter(|function| known(function)) {
            coverage.functions += 1;
            coverage.requests = coverage.requests.saturating_add(function.requests);
        }
        coverage
    }
}

impl<'a> About<'a> {
    fn of(spec: &TraceSpec, trace: &'a Trace) -> Self {
        let functions = trace.functions();
        let recorded = trace.records_service();
        Self {
            kind: match spec {
                TraceSpec::Azure2019 { .. } => "Azure Functions 2019: requests by the minute",
                TraceSpec::Azure2021 { .. } => "Azure Functions 2021: one row a request",
                TraceSpec::Requests { .. } => "CSV: one row a request",
            },
            trace,
            requests: trace.requests(),
            busiest: functions.iter().max_by_key(|function| function.requests),
            silent: functions.iter().filter(|f| f.requests == 0).count(),
            durations: Coverage::of(functions, |function| recorded || function.service.is_some()),
            memory: Coverage::of(functions, |function| function.memory.is_some()),
        }
    }

    fn table(&self) -> String {
        let span = self.trace.span();
        let count = self.trace.functions().len();
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name:<18}{value}");
        };
        line("trace", self.trace.path().display().to_string());
        line("format", self.kind.to_owned());
        let functions = grouped(count as u64);
        line(
            "functions",
            match self.silent {
                0 => functions,
                silent => format!("{functions}, {} without requests", grouped(silent as u64)),
            },
        );
        line("length", format_span(span.since(crate::units::Time::ZERO)));
        let rate = self.requests as f64 / span.secs().max(1e-9);
        line(
            "requests",
            format!("{}, {rate:.3} a second", grouped(self.requests)),
        );
        if let Some(busiest) = self.busiest {
            let share = share(busiest.requests, self.requests);
            let requests = grouped(busiest.requests);
            line(
                "busiest function",
                format!("{}: {requests}, {share}", busiest.name),
            );
        }
        let coverage = |known: Coverage| {
            let functions = share(known.functions as u64, count as u64);
            let requests = share(known.requests, self.requests);
            format!("of {functions} of the functions, {requests} of the requests")
        };
        line("service times", coverage(self.durations));
        line("memory", coverage(self.memory));
        if let Some(bytes) = self.trace.counts_bytes() {
            line("counts in memory", megabytes(bytes as u64));
        }
        for (number, warning) in self.trace.warnings().iter().enumerate() {
            line(
                if number == 0 { "read around" } else { "" },
                warning.to_string(),
            );
        }
        text
    }

    fn json(&self) -> serde_json::Value {
        let coverage =
            |known: Coverage| json!({ "functions": known.functions, "requests": known.requests });
        let warning = |warning: &TraceWarning| {
            let first = warning.first.to_string();
            json!({ "first": first, "count": warning.count })
        };
        json!({
            "trace": self.trace.path().display().to_string(),
            "format": self.kind,
            "functions": self.trace.functions().len(),
            "functions_without_requests": self.silent,
            "length_s": self.trace.span().secs(),
            "requests": self.requests,
            "busiest": self.busiest.map(|busiest| {
                json!({ "function": busiest.name, "requests": busiest.requests })
            }),
            "service_times": coverage(self.durations),
            "memory": coverage(self.memory),
            "counts_bytes": self.trace.counts_bytes(),
            "read_around": self.trace.warnings().iter().map(warning).collect::<Vec<_>>(),
        })
    }
}

/// A part of a whole in percent.
fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "0 %".to_owned();
    }
    format!("{:.2} %", part as f64 / whole as f64 * 100.0)
}

/// A number with a comma for each thousand.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in millions.
pub(super) fn megabytes(bytes: u64) -> String {
    if bytes < 100_000 {
        return format!("{} bytes", grouped(bytes));
    }
    format!("{:.1} MB", bytes as f64 / 1e6)
}
