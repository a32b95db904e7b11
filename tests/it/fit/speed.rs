//! How fast logs are read and fitted: a measurement, asked for by name.

use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use frostline::logs::{Place, Reader, Record, Sink, Unread};

use super::{fit, spec};
use crate::cli::folder;

#[derive(Default)]
struct Count(u64);

impl Sink for Count {
    fn record(&mut self, _: &Record<'_>, _: Place) {
        self.0 += 1;
    }
    fn unread(&mut self, _: Unread, _: Place) {}
}

/// Whose instance a call runs on.
#[derive(Clone, Copy, PartialEq)]
enum Streams {
    /// Fifty instances take turns.
    Fifty,
    /// Every call has one of its own, and every tenth request never ends.
    Endless,
}

/// Appends a call with three lines of its own.
fn call_text(text: &mut String, call: u32, streams: Streams) {
    let (end_ms, run) = (
        i64::from(call) * 200,
        20.0 + f64::from(call.wrapping_mul(2_654_435_761) % 1000) / 10.0,
    );
    let at = jiff::Timestamp::from_millisecond(1_772_359_200_000 + end_ms).unwrap();
    let at = at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    let instance = match streams {
        Streams::Fifty => call % 50,
        Streams::Endless => call,
    };
    let stream = format!("2026/03/01/[$LATEST]{instance:032x}");
    let id = format!("{call:08x}-0000-4000-8000-0123456789ab");
    writeln!(text, "{at} {stream} START RequestId: {id} Version: $LATEST").unwrap();
    for line in 0..3 {
        writeln!(text, "{at} {stream} {at}\t{id}\tINFO\tpiece {line} of order {call} is packed and goes to the counter where somebody waits for it").unwrap();
    }
    if streams == Streams::Endless && call.is_multiple_of(10) {
        return;
    }
    let init = match streams {
        Streams::Endless => "Init Duration: 210.25 ms\t",
        Streams::Fifty => "",
    };
    writeln!(text, "{at} {stream} END RequestId: {id}").unwrap();
    writeln!(text, "{at} {stream} REPORT RequestId: {id}\tDuration: {run:.2} ms\tBilled Duration: {} ms\tMemory Size: 512 MB\tMax Memory Used: 90 MB\t{init}", run.ceil()).unwrap();
}

/// Calls of fifty instances.
fn text(calls: u32) -> String {
    let mut text = String::new();
    for call in 0..calls {
        call_text(&mut text, call, Streams::Fifty);
    }
    text
}

#[expect(clippy::disallowed_methods, reason = "it measures")]
#[test]
#[ignore = "a measurement: cargo test --test it -- --ignored --nocapture fit::speed"]
fn megabytes_a_second() {
    let dir = folder("fit-speed");
    let text = text(300_000);
    let megabytes = text.len() as f64 / 1e6;
    let file = dir.join("big.log");
    fs::write(&file, &text).unwrap();
    let begun = Instant::now();
    let mut count = Count::default();
    Reader::new().read(text.as_bytes(), 0, None, &mut count);
    let reading = begun.elapsed().as_secs_f64();
    assert_eq!(count.0, 600_000);
    let begun = Instant::now();
    fit(spec(&[file]), &dir).unwrap();
    let all = begun.elapsed().as_secs_f64();
    println!(
        "{megabytes:.0} MB: read at {:.0} MB/s, fitted in {all:.1} s",
        megabytes / reading
    );
    fs::remove_dir_all(&dir).unwrap();
}

/// Writes calls until there are so many bytes; how many calls, and of how many bytes.
fn pour(sink: &mut dyn Write, bytes: u64, streams: Streams) -> (u32, u64) {
    let (mut calls, mut written) = (0, 0);
    let mut text = String::new();
    while written < bytes {
        text.clear();
        for _ in 0..1_000 {
            call_text(&mut text, calls, streams);
            calls += 1;
        }
        sink.write_all(text.as_bytes()).unwrap();
        written += text.len() as u64;
    }
    (calls, written)
}

/// Most memory that a process had so far, in MB, as Linux tells it.
fn peak_mb(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kb: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kb / 1024.0)
}

#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "it measures")]
#[test]
#[ignore = "a measurement: GB=4 FROSTLINE=target/release/frostline cargo test --test it -- --ignored --nocapture fit::speed::gigabytes"]
fn gigabytes_in_a_pipe() {
    let program = std::env::var("FROSTLINE");
    let program = program.unwrap_or_else(|_| env!("CARGO_BIN_EXE_frostline").to_owned());
    let program = fs::canonicalize(program).unwrap();
    let gigabytes = std::env::var("GB").map_or(0.1, |gb| gb.parse::<f64>().unwrap());
    let dir = folder("fit-gigabytes");
    for (name, packed, streams) in [
        ("plain", false, Streams::Fifty),
        ("gzip", true, Streams::Fifty),
        ("endless streams", false, Streams::Endless),
    ] {
        let begun = Instant::now();
        let mut child = Command::new(&program)
            .args(["fit", "-", "--quiet"])
            .current_dir(&dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let bytes = (gigabytes * 1e9) as u64;
        let mut stdin = child.stdin.take().unwrap();
        let (calls, written) = if packed {
            let mut gz = GzEncoder::new(stdin, Compression::fast());
            let poured = pour(&mut gz, bytes, streams);
            gz.finish().unwrap();
            poured
        } else {
            let poured = pour(&mut stdin, bytes, streams);
            drop(stdin);
            poured
        };
        let reading = begun.elapsed().as_secs_f64();
        let mut peak = 0.0;
        while child.try_wait().unwrap().is_none() {
            peak = peak_mb(child.id()).unwrap_or(peak);
            std::thread::sleep(Duration::from_millis(20));
        }
        let all = begun.elapsed().as_secs_f64();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let megabytes = written as f64 / 1e6;
        println!(
            "{name}: {megabytes:.0} MB, {calls} calls: read in {reading:.0} s ({:.0} MB/s), all in \
             {all:.0} s, peak {peak:.0} MB",
            megabytes / reading
        );
    }
    fs::remove_dir_all(&dir).unwrap();
}
