//! What a JSON document says: a platform event, an envelope of events, or rows of Logs Insights.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde_json::{Map, Value};

use super::insights;
use super::message;
use super::reader::Out;
use super::record::{Kind, Record};
use super::report_line::status;
use super::times;

static TELLING: LazyLock<[Finder<'static>; 9]> = LazyLock::new(|| {
    [
        "platform.",
        "REPORT",
        "timed out",
        "exited",
        "RequestId",
        "INIT_START",
        "[ERROR] ",
        "Invoke Error",
        "@",
    ]
    .map(Finder::new)
});

/// Whether a document may tell of calls at all. Most of a log is the function's own words, and is
/// not worth parsing.
pub(super) fn may_tell(document: &[u8]) -> bool {
    TELLING.iter().any(|word| word.find(document).is_some())
}

/// Reads a document; whether it told of anything, or `None` where it is no JSON.
pub(super) fn read(document: &[u8], base: &Record<'_>, out: &mut Out<'_>) -> Option<bool> {
    let value: Value = serde_json::from_slice(document).ok()?;
    Some(walk(&value, base, out))
}

fn walk(value: &Value, base: &Record<'_>, out: &mut Out<'_>) -> bool {
    match value {
        Value::Object(object) => of_object(object, base, out),
        Value::Array(values) => {
            if let Some(row) = insights::row_of_fields(values) {
                return insights::read(&row, base, out);
            }
            let mut told = false;
            for value in values {
                told |= walk(value, base, out);
            }
            told
        }
        _ => false,
    }
}

fn of_object(object: &Map<String, Value>, base: &Record<'_>, out: &mut Out<'_>) -> bool {
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    if let Some(kind) = text("type").and_then(|name| name.strip_prefix("platform.")) {
        return platform_event(kind, object, base, out);
    }
    if object.keys().any(|key| key.starts_with('@')) {
        let row = insights::row_of_object(object);
        return insights::read(&row, base, out);
    }
    let mut base = *base;
    let group = ["logGroup", "logGroupName", "logGroupIdentifier"];
    if let Some(group) = group.into_iter().find_map(text) {
        (base.region, base.group) = of_group(group, base.region);
    }
    base.stream = text("logStream").or(text("logStreamName")).or(base.stream);
    let time = object.get("timestamp").or(object.get("time"));
    base.at = time.and_then(instant).or(base.at);
    base.bad_time = time.is_some() && base.at.is_none();
    if let Some(message) = text("message").or(text("log")).or(text("record")) {
        return message::read(message.as_bytes(), &base, out);
    }
    let mut told = false;
    for inner in object.values() {
        told |= walk(inner, &base, out);
    }
    told
}

/// A time as text or as a count since 1970.
pub(super) fn instant(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => times::parse_time(text.as_bytes()),
        Value::Number(number) => match number.as_i64() {
            // Whole milliseconds, which all of CloudWatch counts in.
            Some(ms) if (10_000_000_000..10_000_000_000_000).contains(&ms) => Some(ms * 1_000_000),
            _ => times::epoch(number.as_f64()?),
        },
        _ => None,
    }
}

/// `{"time":…,"type":"platform.report","record":{…}}`, as the Telemetry API and logs in JSON have
/// it.
fn platform_event(
    kind: &str,
    object: &Map<String, Value>,
    base: &Record<'_>,
    out: &mut Out<'_>,
) -> bool {
    let mut base = *base;
    // The event's own time is when it happened, an envelope's when it was taken in.
    let time = object.get("time");
    base.at = time.and_then(instant).or(base.at);
    base.bad_time = time.is_some() && base.at.is_none();
    let Some(Value::Object(fields)) = object.get("record") else {
        // Faults come as a sentence.
        let text = object.get("record").and_then(Value::as_str);
        return text.is_some_and(|text| message::read(text.as_bytes(), &base, out));
    };
    let kind = match kind {
        "report" => Kind::Report,
        "start" => Kind::Start,
        "runtimeDone" => Kind::RuntimeDone,
        "initStart" => Kind::InitStart,
        "initReport" => Kind::InitReport,
        "restoreReport" => Kind::RestoreReport,
        // Other events tell nothing of a call.
        _ => return true,
    };
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let metrics = fields.get("metrics").and_then(Value::as_object);
    let mut bad_number = false;
    let mut metric = |name: &str| {
        let number = metrics?.get(name)?.as_f64()?;
        let sound = number.is_finite() && number >= 0.0;
        bad_number |= !sound;
        sound.then_some(number)
    };
    let tracing = fields.get("tracing").and_then(Value::as_object);
    let trace = tracing.and_then(|tracing| tracing.get("value")?.as_str());
    let mut record = Record {
        request: text("requestId"),
        group: base.group.or(text("functionName")),
        duration_ms: metric("durationMs"),
        billed_ms: metric("billedDurationMs"),
        memory_mb: metric("memorySizeMB"),
        max_memory_mb: metric("maxMemoryUsedMB"),
        init_ms: metric("initDurationMs"),
        restore_ms: metric("restoreDurationMs"),
        billed_restore_ms: metric("billedRestoreDurationMs"),
        status: text("status").and_then(status),
        initialization: text("initializationType"),
        runtime: text("runtimeVersion"),
        region: text("runtimeVersionArn").and_then(region_of),
        trace_id: trace.and_then(|trace| {
            let root = trace.split(';').find_map(|part| part.strip_prefix("Root="));
            root.or(Some(trace))
        }),
        json: true,
        ..Record::new(kind)
    };
    record.bad_number = bad_number;
    out.tell(&record, &base)
}

/// The region of a resource name: `arn:aws:lambda:REGION:…`.
pub(super) fn region_of(arn: &str) -> Option<&str> {
    let mut parts = arn.strip_prefix("arn:")?.splitn(4, ':');
    let region = parts.nth(2)?;
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let sound = (6..=20).contains(&region.len()) && region.chars().all(allowed);
    (sound && parts.next().is_some()).then_some(region)
}

/// Region and group of what names a log group: `/aws/lambda/name`, perhaps behind an account, or a
/// resource name (`arn:aws:logs:REGION:ACCOUNT:log-group:/aws/lambda/name:*`).
pub(super) fn of_group<'a>(
    text: &'a str,
    region: Option<&'a str>,
) -> (Option<&'a str>, Option<&'a str>) {
    if let Some((_, group)) = text.split_once(":log-group:") {
        let group = group.strip_suffix(":*").unwrap_or(group);
        return (region_of(text).or(region), Some(group));
    }
    let group = text
        .split_once(':')
        .filter(|(account, _)| is_account(account));
    (region, Some(group.map_or(text, |(_, group)| group)))
}

fn is_account(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_known_by_each_of_its_names() {
        let group = Some("/aws/lambda/orders");
        for (text, region) in [
            ("/aws/lambda/orders", None),
            ("123456789012:/aws/lambda/orders", None),
            (
                "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/orders",
                Some("eu-west-1"),
            ),
            (
                "arn:aws-cn:logs:cn-north-1:123456789012:log-group:/aws/lambda/orders:*",
                Some("cn-north-1"),
            ),
        ] {
            assert_eq!(of_group(text, None), (region, group), "{text}");
        }
        for no_region in [
            "arn:aws:lambda",
            "arn:aws:lambda:EU:x",
            "arn:aws:lambda::x",
            "x",
        ] {
            assert_eq!(region_of(no_region), None, "{no_region}");
        }
    }
}
