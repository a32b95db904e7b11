//! Writes logs of simulated calls as the platform would, in each of its shapes.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A model that is known: every call of it can be told.
#[derive(Clone, Copy)]
pub(super) struct Known {
    pub(super) keep_alive: &'static str,
    pub(super) service: &'static str,
    pub(super) init: &'static str,
    pub(super) first_call: &'static str,
    pub(super) arrivals: &'static str,
    /// What the platform does before a log tells of a start.
    pub(super) sandbox_ms: f64,
    pub(super) days: u32,
    pub(super) timeout: &'static str,
}

pub(super) const KNOWN: Known = Known {
    keep_alive: "\"300 s\"",
    service: "{ lognormal = { median = \"80 ms\", p99 = \"400 ms\" } }",
    init: "{ lognormal = { median = \"250 ms\", p99 = \"400 ms\" } }",
    first_call: "{ lognormal = { median = \"10 ms\", p99 = \"20 ms\" } }",
    arrivals: "{ poisson = { rate = \"20 / h\" } }",
    sandbox_ms: 0.0,
    days: 10,
    timeout: "20 s",
};

/// A simulated call.
#[derive(Clone, Debug)]
pub(super) struct Simulated {
    pub(super) arrival_s: f64,
    pub(super) start_s: f64,
    pub(super) finish_s: f64,
    pub(super) outcome: String,
    pub(super) cold: bool,
    pub(super) instance: u32,
}

/// Simulates the model: what a log of it tells is all that happens but for the sandbox. Calls are
/// those that the log tells of: cold ones arrive when their runtime begins.
pub(super) fn simulate(known: &Known, seed: u32, dir: &Path) -> Vec<Simulated> {
    let Known {
        keep_alive,
        service,
        init,
        first_call,
        arrivals,
        sandbox_ms,
        days,
        timeout,
    } = known;
    let text = format!(
        "platform = \"aws-lambda\"\nduration = \"{days} days\"\nreplications = 1\nseed = {seed}\n\
         [platform-override]\nkeep-alive = {keep_alive}\n[[function]]\nname = \"orders\"\n\
         memory = \"512 MB\"\ntimeout = \"{timeout}\"\nerror-rate = 0.02\nservice = {service}\n\
         start = {{ sandbox = \"{sandbox_ms} ms\", fetch = \"0 s\", init = {init}, first-call = {first_call} }}\n\
         arrivals = {arrivals}\n"
    );
    fs::create_dir_all(dir).unwrap();
    fs::write(dir.join("known.toml"), text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_frostline"))
        .args([
            "run",
            "known.toml",
            "--out",
            "known",
            "--requests",
            "known.csv",
            "--quiet",
        ])
        .current_dir(dir)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        crate::cli::text(&output.stderr)
    );
    let rows = fs::read_to_string(dir.join("known.csv")).unwrap();
    let mut calls = Vec::new();
    for row in rows.lines().skip(1) {
        let fields: Vec<&str> = row.split(',').collect();
        calls.push(Simulated {
            arrival_s: fields[4].parse::<f64>().unwrap()
                + if fields[8].is_empty() {
                    0.0
                } else {
                    sandbox_ms / 1e3
                },
            start_s: fields[5].parse().unwrap(),
            finish_s: fields[6].parse().unwrap(),
            outcome: fields[7].to_owned(),
            cold: !fields[8].is_empty(),
            instance: fields[9].parse().unwrap(),
        });
    }
    calls
}

/// A shape of logs.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Shape {
    Tail,
    Export,
    Events,
    Subscription,
    Platform,
    Insights,
    InsightsJson,
    /// Not one more shape: instances start from a snapshot.
    Restored,
}

impl Shape {
    pub(super) const ALL: [Self; 7] = [
        Self::Tail,
        Self::Export,
        Self::Events,
        Self::Subscription,
        Self::Platform,
        Self::Insights,
        Self::InsightsJson,
    ];
}

/// An event of a log.
struct Event {
    at_ms: i64,
    stream: String,
    message: String,
}

/// 2026-03-01T10:00:00Z.
const BEGIN_MS: f64 = 1_772_359_200_000.0;

fn id(number: usize) -> String {
    format!("{number:08x}-0000-4000-8000-0123456789ab")
}

fn ceil(ms: f64) -> f64 {
    (ms - 1e-9).ceil()
}

/// The events of calls, in the order of their times; `json` has platform events instead of lines.
fn events(calls: &[Simulated], json: bool) -> Vec<Event> {
    let mut events = Vec::new();
    for (number, call) in calls.iter().enumerate() {
        let id = id(number);
        let hundredth = |ms: f64| (ms * 100.0).round() / 100.0;
        let run = hundredth((call.finish_s - call.start_s) * 1e3);
        let init = hundredth((call.start_s - call.arrival_s) * 1e3);
        let billed = ceil(run + if call.cold { init } else { 0.0 });
        let begin = (BEGIN_MS + call.start_s * 1e3).round() as i64;
        let end = (BEGIN_MS + call.finish_s * 1e3).round() as i64;
        let stream = format!("2026/03/01/[$LATEST]{:032x}", call.instance);
        let mut tell = |at_ms: i64, message: String| {
            events.push(Event {
                at_ms,
                stream: stream.clone(),
                message,
            });
        };
        let cut = call.outcome == "timed-out";
        let failed = call.outcome == "failed";
        if json {
            let status = if cut {
                "timeout"
            } else if failed {
                "error"
            } else {
                "success"
            };
            let init = if call.cold {
                format!(",\"initDurationMs\":{init}")
            } else {
                String::new()
            };
            let time = |ms: i64| jiff::Timestamp::from_millisecond(ms).unwrap();
            tell(
                begin,
                format!(
                    "{{\"time\":\"{}\",\"type\":\"platform.start\",\"record\":{{\"requestId\":\"{id}\",\"version\":\"$LATEST\"}}}}",
                    time(begin)
                ),
            );
            tell(
                end,
                format!(
                    "{{\"time\":\"{}\",\"type\":\"platform.report\",\"record\":{{\"requestId\":\"{id}\",\"metrics\":{{\"durationMs\":{run},\"billedDurationMs\":{billed},\"memorySizeMB\":512,\"maxMemoryUsedMB\":{}{init}}},\"status\":\"{status}\"}}}}",
                    time(end),
                    80 + number % 7
                ),
            );
            continue;
        }
        if call.cold {
            tell(begin - 1, "INIT_START Runtime Version: python:3.12.v77\tRuntime Version ARN: arn:aws:lambda:eu-west-1::runtime:0\n".to_owned());
        }
        tell(begin, format!("START RequestId: {id} Version: $LATEST\n"));
        tell(
            begin,
            format!("order {number}, {} pieces, Duration: unknown\n", number % 9),
        );
        if failed {
            tell(end, "[ERROR] ValueError: no such order\n".to_owned());
        }
        if cut {
            tell(
                end,
                format!(
                    "{} {id} Task timed out after {:.2} seconds\n\n",
                    jiff::Timestamp::from_millisecond(end).unwrap(),
                    (run / 1e3).floor()
                ),
            );
        }
        tell(end, format!("END RequestId: {id}\n"));
        let init = if call.cold {
            format!("\tInit Duration: {init:.2} ms")
        } else {
            String::new()
        };
        tell(
            end,
            format!(
                "REPORT RequestId: {id}\tDuration: {run:.2} ms\tBilled Duration: {billed} ms\tMemory Size: 512 MB\tMax Memory Used: {} MB{init}\t\n",
                80 + number % 7
            ),
        );
    }
    events.sort_by_key(|event| event.at_ms);
    events
}

/// What of a restore is billed, in milliseconds.
pub(super) const BILLED_RESTORE_MS: f64 = 20.0;

/// Turns the init of a report into a restore.
fn restored(message: &mut String) {
    let Some((before, init)) = message.split_once("\tInit Duration: ") else {
        return;
    };
    let (first, rest) = before.split_once("Billed Duration: ").unwrap();
    let (_, memory) = rest.split_once(" ms").unwrap();
    let run = first.split("Duration: ").nth(1).unwrap();
    let run: f64 = run.split(' ').next().unwrap().parse().unwrap();
    let billed = ceil(run) + BILLED_RESTORE_MS;
    *message = format!(
        "{first}Billed Duration: {billed} ms{memory}\tRestore Duration: {}\tBilled Restore \
         Duration: {BILLED_RESTORE_MS} ms\t\n",
        init.trim_end()
    );
}

/// Writes calls as a log; the files of it.
pub(super) fn write(calls: &[Simulated], shape: Shape, dir: &Path) -> Vec<PathBuf> {
    let mut events = events(calls, shape == Shape::Platform);
    if shape == Shape::Restored {
        events.retain(|event| !event.message.starts_with("INIT_START"));
        for event in &mut events {
            restored(&mut event.message);
        }
    }
    let time = |ms: i64| {
        let at = jiff::Timestamp::from_millisecond(ms).unwrap();
        at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    };
    let mut text = String::new();
    match shape {
        Shape::Tail | Shape::Platform | Shape::Restored => {
            for Event {
                at_ms,
                stream,
                message,
            } in &events
            {
                writeln!(text, "{} {stream} {}", time(*at_ms), message.trim_end()).unwrap();
            }
        }
        Shape::Export => {
            let mut streams: Vec<&str> = events.iter().map(|event| event.stream.as_str()).collect();
            streams.sort_unstable();
            streams.dedup();
            let root = dir.join("exported");
            for stream in streams {
                let folder = root.join(stream.replace('/', "-"));
                fs::create_dir_all(&folder).unwrap();
                let own = events.iter().filter(|event| event.stream == stream);
                let lines: String = own
                    .map(|e| format!("{} {}\n", time(e.at_ms), e.message.trim_end()))
                    .collect();
                let mut packed =
                    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                std::io::Write::write_all(&mut packed, lines.as_bytes()).unwrap();
                fs::write(folder.join("000000.gz"), packed.finish().unwrap()).unwrap();
            }
            return vec![root];
        }
        Shape::Events => {
            let list: Vec<_> = events.iter().map(|e| serde_json::json!({"logStreamName": e.stream, "timestamp": e.at_ms, "message": e.message})).collect();
            text = serde_json::to_string_pretty(&serde_json::json!({"events": list})).unwrap();
        }
        Shape::Subscription => {
            for chunk in events.chunk_by(|a, b| a.stream == b.stream) {
                let list: Vec<_> = chunk.iter().map(|e| serde_json::json!({"id": "1", "timestamp": e.at_ms, "message": e.message})).collect();
                text += &serde_json::json!({"logGroup": "/aws/lambda/orders", "logStream": chunk[0].stream, "logEvents": list}).to_string();
            }
        }
        Shape::Insights => {
            text += "@timestamp,@message,@logStream\n";
            // Newest first, as the console has them.
            for e in events.iter().rev() {
                let stamp = time(e.at_ms).replace('T', " ").replace('Z', "");
                writeln!(
                    text,
                    "{stamp},\"{}\",{}",
                    e.message.replace('"', "\"\""),
                    e.stream
                )
                .unwrap();
            }
        }
        Shape::InsightsJson => {
            let rows: Vec<_> = events.iter().map(|e| serde_json::json!([
                {"field": "@timestamp", "value": time(e.at_ms).replace('T', " ").replace('Z', "")},
                {"field": "@message", "value": e.message},
                {"field": "@logStream", "value": e.stream},
            ])).collect();
            text = serde_json::json!({"results": rows, "status": "Complete"}).to_string();
        }
    }
    let file = dir.join(format!("{shape:?}.log"));
    fs::write(&file, text).unwrap();
    vec![file]
}
