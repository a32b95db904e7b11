//! Logs as nobody would write them: told as what they are, and never a model that is refused.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use frostline::config::{self, Overrides};
use frostline::fit::{Fit, FitError, FitSpec, Impossible, Why};
use frostline::logs::Unread;
use proptest::prelude::*;
use serde_json::Value;

use super::{fit, spec};
use crate::cli::{folder, run, text};

/// A report line.
struct Report<'a> {
    at: &'a str,
    stream: u32,
    duration: &'a str,
    memory: &'a str,
    used: &'a str,
    more: &'a str,
}

const PLAIN: Report<'_> = Report {
    at: "2026-03-01T10:00:00.000Z",
    stream: 1,
    duration: "20.5",
    memory: "512",
    used: "80",
    more: "",
};

fn line(number: u32, of: &Report<'_>) -> String {
    let Report {
        at,
        stream,
        duration,
        memory,
        used,
        more,
    } = of;
    format!(
        "{at} 2026/03/01/[$LATEST]{stream:032x} REPORT RequestId: {number:032x}\tDuration: \
         {duration} ms\tBilled Duration: 30 ms\tMemory Size: {memory} MB\tMax Memory Used: {used} \
         MB\t{more}\n"
    )
}

fn small(file: &Path) -> FitSpec {
    FitSpec {
        replications: 2,
        ..spec(&[file.to_owned()])
    }
}

/// Writes what was fitted and asks whether it is accepted.
fn accepted(fit: &Fit, dir: &Path) -> Result<(), String> {
    fs::create_dir_all(dir.join("schema")).unwrap();
    let files = fit.files();
    for (name, text) in &files {
        fs::write(dir.join(name), text).unwrap();
    }
    let model = &files[0].0;
    let around = format!(
        "platform = \"aws-lambda\"\nduration = \"1 h\"\n[[function]]\nname = \"f\"\nmodel = \
         \"{model}\"\narrivals = {{ poisson = {{ rate = \"1 / min\" }} }}\n"
    );
    fs::write(dir.join("of-model.toml"), around).unwrap();
    let mut experiments = vec!["of-model.toml"];
    if let Some(trace) = fit.trace_name() {
        fit.write_trace(&dir.join(trace)).unwrap();
        experiments.push("experiment.toml");
    }
    for experiment in experiments {
        config::load(&dir.join(experiment), &Overrides::default())
            .map_err(|faults| format!("{faults}\n{}", files[0].1))?;
    }
    Ok(())
}

fn reasons(log: &str, test: &str) -> Vec<(Why, u64)> {
    let dir = folder(&format!("fit-strange-{test}"));
    let file = dir.join("strange.log");
    // Something to fit beside it.
    let plain: String = (0..4).map(|number| line(9_000 + number, &PLAIN)).collect();
    fs::write(&file, plain + log).unwrap();
    let fit = fit(small(&file), &dir).unwrap();
    accepted(&fit, &dir).unwrap();
    let told = fit
        .not_understood()
        .iter()
        .map(|unread| (unread.what, unread.count));
    told.collect()
}

#[test]
fn what_no_call_has_is_told_with_its_reason() {
    let init = |ms: &str| format!("Init Duration: {ms} ms\t");
    let impossible = Why::Impossible;
    for (test, of, why) in [
        (
            "memory-0",
            Report {
                memory: "0",
                ..PLAIN
            },
            impossible(Impossible::Memory),
        ),
        (
            "memory-big",
            Report {
                memory: "99999999",
                ..PLAIN
            },
            impossible(Impossible::Memory),
        ),
        (
            "used-0",
            Report { used: "0", ..PLAIN },
            impossible(Impossible::MemoryUsed),
        ),
        (
            "duration",
            Report {
                duration: "930001",
                ..PLAIN
            },
            impossible(Impossible::Duration),
        ),
        (
            "init",
            Report {
                more: &init("1000000000000"),
                ..PLAIN
            },
            impossible(Impossible::Start),
        ),
        (
            "below-0",
            Report {
                memory: "-1",
                ..PLAIN
            },
            Why::Unread(Unread::BadNumber),
        ),
        (
            "below-0-run",
            Report {
                duration: "-1",
                ..PLAIN
            },
            Why::Unread(Unread::BadNumber),
        ),
        (
            "init-nan",
            Report {
                more: &init("NaN"),
                ..PLAIN
            },
            Why::Unread(Unread::BadNumber),
        ),
        (
            "year-0",
            Report {
                at: "0000-03-01T10:00:00.000Z",
                ..PLAIN
            },
            Why::Unread(Unread::BadTime),
        ),
        (
            "year-9999",
            Report {
                at: "9999-03-01T10:00:00.000Z",
                ..PLAIN
            },
            Why::Unread(Unread::BadTime),
        ),
        (
            "year-1990",
            Report {
                at: "1990-03-01T10:00:00.000Z",
                ..PLAIN
            },
            impossible(Impossible::Time),
        ),
    ] {
        let log: String = (0..3).map(|number| line(number, &of)).collect();
        assert_eq!(reasons(&log, test), [(why, 3)], "{test}");
    }
    assert_eq!(reasons("", "none"), []);
}

#[test]
fn times_that_cannot_be_are_not_told_as_none() {
    let dir = folder("fit-strange-times");
    for (year, says) in [
        ("0000", "none: no line has a time that can be"),
        ("1990", "none: no line has a time that can be"),
        ("", "none: lines have no times"),
    ] {
        let at = format!("{year}-03-01T10:00:00.000Z");
        let of = Report { at: &at, ..PLAIN };
        let mut log: String = (0..20).map(|number| line(number, &of)).collect();
        if year.is_empty() {
            log = log.replace(&format!("{at} "), "");
        }
        fs::write(dir.join("years.log"), log).unwrap();
        let output = run(&dir, &["fit", "years.log"]);
        let table = text(&output.stdout);
        assert!(table.contains(says), "{year}: {table}");
    }
    // A clock that was wrong once stretches a log over years.
    let at = |day: u32| format!("2026-03-{day:02}T10:00:00.000Z");
    let mut log = String::new();
    for day in 1..29 {
        log += &line(
            day,
            &Report {
                at: &at(day),
                ..PLAIN
            },
        );
    }
    let wrong = Report {
        at: "2031-03-01T10:00:00.000Z",
        ..PLAIN
    };
    log += &line(99, &wrong);
    fs::write(dir.join("jump.log"), log).unwrap();
    let table = text(&run(&dir, &["fit", "jump.log"]).stdout);
    assert!(
        table.contains("of it without a call, up to 2031-03-01"),
        "{table}"
    );
}

#[test]
fn a_log_is_the_same_in_every_encoding() {
    let dir = folder("fit-strange-encodings");
    let mut log = String::new();
    for number in 0..60_u32 {
        let at = format!("2026-03-01T10:{number:02}:00.000Z");
        log += &line(number, &Report { at: &at, ..PLAIN });
    }
    let wide = |mark: u16, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        std::iter::once(mark)
            .chain(log.encode_utf16())
            .flat_map(bytes)
            .collect()
    };
    let packed = |bytes: &[u8]| {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gz, bytes).unwrap();
        gz.finish().unwrap()
    };
    let (first, second) = log.split_at(log.len() / 2);
    let nothing = [&[0; 5_000][..], log.as_bytes()].concat();
    let coloured: String = log
        .lines()
        .map(|line| line.splitn(3, ' ').collect::<Vec<_>>())
        .map(|parts| {
            format!(
                "\u{1b}[32m{}\u{1b}[0m \u{1b}[1;36m{}\u{1b}[0m {}\n",
                parts[0], parts[1], parts[2]
            )
        })
        .collect();
    let mut before: Option<Value> = None;
    for (name, bytes) in [
        ("plain", log.clone().into_bytes()),
        ("windows", log.replace('\n', "\r\n").into_bytes()),
        ("mark", [b"\xEF\xBB\xBF", log.as_bytes()].concat()),
        ("utf16-le", wide(0xFEFF, u16::to_le_bytes)),
        ("utf16-be", wide(0xFEFF, u16::to_be_bytes)),
        ("utf16-packed", packed(&wide(0xFEFF, u16::to_le_bytes))),
        (
            "two-members",
            [packed(first.as_bytes()), packed(second.as_bytes())].concat(),
        ),
        ("rotated", nothing),
        ("coloured", coloured.into_bytes()),
    ] {
        fs::write(dir.join("orders.log"), bytes).unwrap();
        let arguments = ["fit", "orders.log", "--format", "json", "--quiet"];
        let output = run(&dir, &arguments);
        assert!(output.status.success(), "{name}: {}", text(&output.stderr));
        let mut json: Value = serde_json::from_str(&text(&output.stdout)).unwrap();
        assert_eq!(json["read"]["calls"], 60, "{name}");
        json["read"]["bytes"] = Value::Null;
        if let Some(before) = &before {
            assert_eq!(&json, before, "{name}");
        }
        before = Some(json);
    }
}

#[test]
fn requests_side_by_side_on_an_instance_are_told() {
    let dir = folder("fit-strange-overlap");
    for (duration, told) in [("3000.5", true), ("30.5", false)] {
        let mut log = String::new();
        for number in 0..60_u32 {
            let at = format!("2026-03-01T10:00:{number:02}.000Z");
            log += &line(
                number,
                &Report {
                    at: &at,
                    duration,
                    ..PLAIN
                },
            );
        }
        // Else they would have been cut.
        let log = log.replace("Billed Duration: 30 ms", "Billed Duration: 3001 ms");
        fs::write(dir.join("orders.log"), log).unwrap();
        let table = text(&run(&dir, &["fit", "orders.log"]).stdout);
        let says = "59 calls began while another ran on their instance";
        assert_eq!(table.contains(says), told, "{table}");
    }
}

/// A line of which each part may be what it should not be.
fn strange_line() -> impl Strategy<Value = String> {
    let of = |some: &'static [&'static str]| prop::sample::select(some);
    let report = (
        (0..40_u32, 0..50_u32, 0..3_u32),
        of(&[
            "",
            "2026-03-01T10:MM:SS.000Z",
            "2026-03-01T10:MM:SS.000Z",
            "2026-03-01T10:MM:SS.000Z",
            "0000-03-01T10:00:00Z",
            "1990-03-01T10:00:00Z",
            "2015-04-09T00:00:00Z",
            "2099-12-31T23:59:59Z",
            "9999-03-01T10:00:00Z",
        ]),
        of(&[
            "20.5",
            "81.03",
            "7.77",
            "0.00",
            "0.01",
            "1000.00",
            "3000.00",
            "899999.99",
            "900000.00",
            "929999.00",
            "1e12",
            "-5",
            "NaN",
            "inf",
        ]),
        of(&[
            "512", "512", "128", "10240", "0", "1", "127", "10241", "1e300", "-1", "128.4",
        ]),
        of(&["80", "80", "0", "512", "513", "10240", "1e9", "0.2"]),
        of(&[
            "",
            "",
            "Init Duration: 250.00 ms\t",
            "Init Duration: 0 ms\t",
            "Init Duration: 899999 ms\t",
            "Init Duration: 1e13 ms\t",
            "Restore Duration: 300 ms\tBilled Restore Duration: 500 ms\t",
            "Restore Duration: 0 ms\tBilled Restore Duration: 1e12 ms\t",
            "Status: timeout\t",
            "Status: error\tError Type: Runtime.ExitError\t",
        ]),
    );
    let report = report.prop_map(
        |((number, second, stream), at, duration, memory, used, more)| {
            let at = at.replace("MM:SS", &format!("{:02}:{second:02}", number % 60));
            let of = Report {
                at: &at,
                stream,
                duration,
                memory,
                used,
                more,
            };
            // Half of them without a bill, which would tell that they were cut.
            let bill = if number % 2 == 0 {
                ""
            } else {
                "Billed Duration: 30 ms\t"
            };
            line(number, &of).replace("Billed Duration: 30 ms\t", bill)
        },
    );
    let other = of(&[
        "INIT_START Runtime Version: python:3.12.v7\tRuntime Version ARN: arn:aws:lambda:eu-west-1::r:0\n",
        "INIT_START Runtime Version: :\tRuntime Version ARN: arn:aws:lambda:\"::r\n",
        "INIT_START Runtime Version: py\"thon\n",
        "{\"type\":\"platform.initStart\",\"record\":{\"runtimeVersion\":\"python:3.\\n12\\\"\"}}\n",
        "2026-03-01T10:00:00Z 00000000000000000000000000000001 Task timed out after 1e9 seconds\n",
        "2026-03-01T10:00:00Z 00000000000000000000000000000002 Task timed out after 3.00 seconds\n",
        "START RequestId: 00000000000000000000000000000003 Version: $LATEST\n",
        "{\"time\":\"2026-03-01T10:00:09Z\",\"type\":\"platform.report\",\"record\":{\"requestId\":\"9\",\"metrics\":{\"durationMs\":-3,\"memorySizeMB\":0}}}\n",
        "@duration\n",
    ])
    .prop_map(str::to_owned);
    prop_oneof![8 => report, 1 => other]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever goes in: there is no model, and it is said why, or it is one that `check` accepts.
    #[test]
    fn no_model_is_written_that_is_refused(lines in prop::collection::vec(strange_line(), 1..60)) {
        let dir = folder("fit-strange-property");
        let file = dir.join("st\u{7}range.log");
        let mut log = String::new();
        for line in &lines {
            write!(log, "{line}").unwrap();
        }
        fs::write(&file, &log).unwrap();
        match fit(small(&file), &dir) {
            Ok(fit) => {
                if let Err(refused) = accepted(&fit, &dir) {
                    prop_assert!(false, "{refused}\n{log}");
                }
                // A verdict that cannot be simulated is a fault of the same kind.
                if let Err(why) = fit.verdict() {
                    prop_assert!(!why.contains("cannot be simulated"), "{why}\n{log}");
                }
            }
            Err(FitError::Logs(_)) => {}
            Err(other) => prop_assert!(false, "{other}\n{log}"),
        }
    }
}
