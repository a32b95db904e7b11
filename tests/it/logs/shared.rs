//! The records of the shared data, each with what a reader must get out of it.

use std::fs;
use std::path::PathBuf;

use frostline::logs::{Kind, Status};
use serde_json::Value;

use super::{Told, read};

fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/data/lambda-logs"
    ));
    if folder.exists() {
        return Some(folder);
    }
    println!("skipped: {} is absent", folder.display());
    None
}

fn check(id: &str, told: &Told, expect: &Value) {
    let number = |value: Option<f64>| value.map_or(Value::Null, Value::from);
    let text = |value: &Option<String>| value.clone().map_or(Value::Null, Value::from);
    let fields = [
        ("request_id", text(&told.request)),
        ("duration_ms", number(told.duration_ms)),
        ("billed_ms", number(told.billed_ms)),
        ("memory_mb", number(told.memory_mb)),
        ("max_memory_mb", number(told.max_memory_mb)),
        ("init_ms", number(told.init_ms)),
        ("restore_ms", number(told.restore_ms)),
        ("billed_restore_ms", number(told.billed_restore_ms)),
        ("trace_id", text(&told.trace_id)),
        ("segment_id", text(&told.segment_id)),
        ("sampled", text(&told.sampled)),
    ];
    for (name, got) in fields {
        let want = expect.get(name).cloned().unwrap_or(Value::Null);
        let same = got == want || (got.as_f64().is_some() && got.as_f64() == want.as_f64());
        assert!(same, "{id}: {name} is {got}, not {want}");
    }
}

fn check_json(id: &str, told: &Told, expect: &Value) {
    let kind = match expect["type"].as_str().unwrap() {
        "platform.report" => Kind::Report,
        "platform.initReport" => Kind::InitReport,
        "platform.restoreReport" => Kind::RestoreReport,
        other => panic!("{id}: {other}"),
    };
    assert_eq!(told.kind, kind, "{id}");
    let metric = |name: &str| expect["metrics"].get(name).and_then(Value::as_f64);
    assert_eq!(told.duration_ms, metric("durationMs"), "{id}");
    assert_eq!(told.billed_ms, metric("billedDurationMs"), "{id}");
    assert_eq!(told.memory_mb, metric("memorySizeMB"), "{id}");
    assert_eq!(told.max_memory_mb, metric("maxMemoryUsedMB"), "{id}");
    assert_eq!(told.init_ms, metric("initDurationMs"), "{id}");
    assert_eq!(told.restore_ms, metric("restoreDurationMs"), "{id}");
    assert_eq!(
        told.billed_restore_ms,
        metric("billedRestoreDurationMs"),
        "{id}"
    );
    let status = expect["status"].as_str().map(|status| match status {
        "success" => Status::Success,
        "timeout" => Status::Timeout,
        _ => Status::Error,
    });
    assert_eq!(told.status, status, "{id}");
    assert!(told.at.is_some(), "{id}");
}

#[test]
fn every_record_is_read_as_it_must_be() {
    let Some(folder) = folder() else { return };
    let text = fs::read_to_string(folder.join("report_lines.jsonl")).unwrap();
    let mut seen = 0;
    for record in text.lines() {
        let record: Value = serde_json::from_str(record).unwrap();
        let (id, line) = (
            record["id"].as_str().unwrap(),
            record["line"].as_str().unwrap(),
        );
        let expect = &record["expect"];
        // As it stands, among other lines, and as the message of an event.
        let event = serde_json::json!({"logEvents": [
            {"id": "1", "timestamp": 1_591_284_559_101_i64, "message": line}
        ]});
        for bytes in [
            line.to_owned(),
            format!("what is this\n{line}\nan INFO line: Duration: 3 ms\n"),
            event.to_string(),
            serde_json::to_string_pretty(&event).unwrap(),
        ] {
            let told = read(bytes.as_bytes());
            if expect.as_object().unwrap().is_empty() {
                assert_eq!(told.records.len(), 1, "{id}");
                assert_eq!(told.records[0].kind, Kind::TimedOut, "{id}");
                continue;
            }
            assert_eq!(told.records.len(), 1, "{id}: {:?}\n{bytes}", told.records);
            match expect.get("type") {
                Some(_) => check_json(id, &told.records[0], expect),
                None => check(id, &told.records[0], expect),
            }
        }
        seen += 1;
    }
    assert!(seen >= 21, "{seen} records");
}

#[test]
fn whole_events_of_subscriptions_are_read() {
    let Some(folder) = folder() else { return };
    for (name, at, duration, init) in [
        ("coldstart", 1_591_284_559_101, 1.76, Some(120.96)),
        ("lambda_invocation", 1_583_425_836_750, 619.31, None),
        ("timeout", 1_591_714_946_151, 3003.16, Some(127.02)),
    ] {
        let file = folder.join(format!("datadog_cloudwatch_log_{name}.json"));
        let told = read(&fs::read(file).unwrap());
        let report = told.report();
        assert_eq!(report.at, Some(at * 1_000_000), "{name}");
        assert_eq!(
            (report.duration_ms, report.init_ms),
            (Some(duration), init),
            "{name}"
        );
        assert!(
            report.stream.as_ref().unwrap().contains("/[$LATEST]"),
            "{name}"
        );
        assert!(
            report.group.as_ref().unwrap().starts_with("/aws/lambda/"),
            "{name}"
        );
        let cut = told.of(Kind::TimedOut);
        if name == "timeout" {
            assert_eq!(cut[0].timeout_s, Some(3.0));
            assert_eq!(cut[0].request, report.request);
        } else {
            assert!(cut.is_empty());
        }
        assert!(told.unread.is_empty(), "{name}: {:?}", told.unread);
    }
}
