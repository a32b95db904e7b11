//! Rows of `CloudWatch` Logs Insights: as CSV, as lists of fields, as objects.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::document::of_group;
use super::message;
use super::reader::Out;
use super::record::{Kind, Record, Unread};
use super::report_line::status;
use super::times::parse_time;

/// (name, value) of each column of a row.
pub(super) type Row<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// A row as the command line gives it: `[{"field":"@message","value":"…"},…]`.
pub(super) fn row_of_fields(values: &[Value]) -> Option<Row<'_>> {
    let pair = |value: &'_ Value| -> Option<(Cow<'_, str>, Cow<'_, str>)> {
        let object = value.as_object()?;
        let name = object.get("field")?.as_str()?.to_owned();
        Some((Cow::Owned(name), Cow::Owned(shown(object.get("value")?))))
    };
    let row: Option<Row<'_>> = values.iter().map(pair).collect();
    row.filter(|row| !row.is_empty())
}

/// A row as the console gives it: `{"@message":"…",…}`.
pub(super) fn row_of_object(object: &Map<String, Value>) -> Row<'_> {
    object
        .iter()
        .map(|(name, value)| (Cow::Borrowed(name.as_str()), Cow::Owned(shown(value))))
        .collect()
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Whether the first line of a file is the header of a table of calls.
pub(super) fn is_header(line: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line)) else {
        return false;
    };
    let names: Vec<&str> = text.split(',').map(bare).collect();
    let is_name = |name: &&str| {
        let mut chars = name.chars();
        !name.is_empty() && chars.all(|c| c.is_alphanumeric() || "@_.() ".contains(c))
    };
    let known = names
        .iter()
        .filter(|name| COLUMNS.contains(&plain(name)))
        .count();
    (names.len() > 1 || names[0].starts_with('@'))
        && names.iter().all(is_name)
        && known * 2 >= names.len()
}

const COLUMNS: [&str; 18] = [
    "timestamp",
    "message",
    "logStream",
    "log",
    "duration",
    "billedDuration",
    "initDuration",
    "restoreDuration",
    "billedRestoreDuration",
    "memorySize",
    "maxMemoryUsed",
    "requestId",
    "status",
    "type",
    "ingestionTime",
    "ptr",
    "entity",
    "xrayTraceId",
];

/// A name without quotes and spaces.
pub(super) fn bare(name: &str) -> &str {
    name.trim().trim_matches('"').trim()
}

fn plain(name: &str) -> &str {
    name.strip_prefix('@').unwrap_or(name)
}

/// The fields of a row of CSV (RFC 4180): quotes may hold commas, ends of lines and, doubled,
/// quotes.
pub(super) fn fields<'a>(row: &'a str, names: &'a [String]) -> Option<Row<'a>> {
    let mut fields: Row<'a> = Vec::with_capacity(names.len());
    let mut rest = row;
    loop {
        let (value, after) = field(rest)?;
        let name = names.get(fields.len())?;
        fields.push((Cow::Borrowed(name.as_str()), value));
        match after.strip_prefix(',') {
            Some(after) => rest = after,
            None if after.trim().is_empty() => break,
            None => return None,
        }
    }
    (fields.len() == names.len()).then_some(fields)
}

fn field(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(',').unwrap_or(text.len());
        return Some((Cow::Borrowed(&text[..end]), &text[end..]));
    };
    let mut from = 0;
    loop {
        let at = from + quoted[from..].find('"')?;
        if quoted[at + 1..].starts_with('"') {
            from = at + 2;
            continue;
        }
        let inside = &quoted[..at];
        let value = if from == 0 {
            Cow::Borrowed(inside)
        } else {
            inside.replace("\"\"", "\"").into()
        };
        return Some((value, &quoted[at + 1..]));
    }
}

/// Reads a row; whether it told of anything.
pub(super) fn read(row: &Row<'_>, base: &Record<'_>, out: &mut Out<'_>) -> bool {
    let mut base = *base;
    let mut message = None;
    let mut kind = None;
    for (name, value) in row {
        let value: &str = value;
        if value.is_empty() {
            continue;
        }
        match plain(name) {
            "timestamp" | "time" => match parse_time(value.as_bytes()) {
                Some(at) => base.at = Some(at),
                None => base.bad_time = true,
            },
            "message" => message = Some(value),
            "logStream" => base.stream = Some(value),
            // `123456789012:/aws/lambda/name`
            "log" => (base.region, base.group) = of_group(value, base.region),
            "requestId" | "record.requestId" => base.request = Some(value),
            "status" | "record.status" => base.status = status(value),
            "type" => kind = Some(value),
            name => quantity(name, value, &mut base),
        }
    }
    if message.is_some_and(|message| message::read(message.as_bytes(), &base, out)) {
        return true;
    }
    let kind = match kind {
        Some("REPORT" | "platform.report") => Kind::Report,
        Some("START" | "platform.start") => Kind::Start,
        None if message.is_none() && base.duration_ms.is_some() => Kind::Report,
        _ => return false,
    };
    let known = base.duration_ms.is_some() || base.request.is_some();
    known && out.tell(&Record::new(kind), &base)
}

/// A column that holds a length or an amount of memory.
fn quantity(name: &str, value: &str, record: &mut Record<'_>) {
    let (field, is_memory) = match name {
        "duration" | "record.metrics.durationMs" => (&mut record.duration_ms, false),
        "billedDuration" | "record.metrics.billedDurationMs" => (&mut record.billed_ms, false),
        "initDuration" | "record.metrics.initDurationMs" => (&mut record.init_ms, false),
        "restoreDuration" | "record.metrics.restoreDurationMs" => (&mut record.restore_ms, false),
        "billedRestoreDuration" | "record.metrics.billedRestoreDurationMs" => {
            (&mut record.billed_restore_ms, false)
        }
        "memorySize" | "record.metrics.memorySizeMB" => (&mut record.memory_mb, true),
        "maxMemoryUsed" | "record.metrics.maxMemoryUsedMB" => (&mut record.max_memory_mb, true),
        _ => return,
    };
    let Ok(number) = value.trim().parse::<f64>() else {
        record.bad_number = true;
        return;
    };
    if !number.is_finite() || number < 0.0 {
        record.bad_number = true;
        return;
    }
    // Logs Insights counts memory in bytes, records in MB.
    let bytes = is_memory && number >= 1e5;
    *field = Some(if bytes { number / 1e6 } else { number });
}

/// The fields that a list of columns has, for a message to a person.
pub(super) fn header(line: &[u8]) -> Vec<String> {
    let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
    let text = String::from_utf8_lossy(line);
    text.split(',').map(|name| bare(name).to_owned()).collect()
}

/// What a row of a table is made of, or that it is none.
pub(super) fn read_row(
    bytes: &[u8],
    names: &[String],
    base: &Record<'_>,
    out: &mut Out<'_>,
) -> bool {
    let lossy = String::from_utf8_lossy(bytes);
    if let Some(row) = fields(&lossy, names) {
        return read(&row, base, out);
    }
    // The columns may be damaged where the message is not.
    let text: &str = &lossy;
    if !message::read(text.as_bytes(), base, out) {
        out.unread(Unread::BadRow);
    }
    true
}
