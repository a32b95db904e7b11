//! How fast logs are read and fitted: a measurement, asked for by name.

use std::fmt::Write;
use std::fs;
use std::time::Instant;

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

/// Calls with three lines of their own each, of instances that take turns.
fn text(calls: u32) -> String {
    let mut text = String::new();
    for call in 0..calls {
        let (end_ms, run) = (
            i64::from(call) * 200,
            20.0 + f64::from(call * 37 % 1000) / 10.0,
        );
        let at = jiff::Timestamp::from_millisecond(1_772_359_200_000 + end_ms).unwrap();
        let at = at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ");
        let stream = format!("2026/03/01/[$LATEST]{:032x}", call % 50);
        let id = format!("{call:08x}-0000-4000-8000-0123456789ab");
        writeln!(text, "{at} {stream} START RequestId: {id} Version: $LATEST").unwrap();
        for line in 0..3 {
            writeln!(text, "{at} {stream} {at}\t{id}\tINFO\tpiece {line} of order {call} is packed and goes to the counter where somebody waits for it").unwrap();
        }
        writeln!(text, "{at} {stream} END RequestId: {id}").unwrap();
        writeln!(text, "{at} {stream} REPORT RequestId: {id}\tDuration: {run:.2} ms\tBilled Duration: {} ms\tMemory Size: 512 MB\tMax Memory Used: 90 MB\t", run.ceil()).unwrap();
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
