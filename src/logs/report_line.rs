//! A line of names and values, such as `REPORT RequestId: … Duration: 1.35 ms …`.
//!
//! Tabs, spaces, and backslashes with a letter that a writer of JSON escaped twice all part the
//! values, names come in any order, and unknown ones (such as `Runtime Duration`) are passed over
//! as a whole, so that none is read for another.

use super::record::{Record, Status};

/// Reads names and values into a record. Whether the line stops in the middle of one is noted.
pub(super) fn read_pairs<'a>(text: &'a str, record: &mut Record<'a>) {
    let mut rest = skip_separators(text);
    while !rest.is_empty() {
        let Some(colon) = rest.find(':') else {
            // The name of a value that is not there any more.
            record.cut = true;
            return;
        };
        let (name, after) = (rest[..colon].trim(), &rest[colon + 1..]);
        let after = after.trim_start_matches([' ', '\t']);
        let value = &after[..end_of_word(after)];
        rest = skip_separators(&after[value.len()..]);
        let Ok(number) = value.parse::<f64>() else {
            record.cut |= value.is_empty();
            word(name, value, record);
            continue;
        };
        let unit = &rest[..end_of_word(rest)];
        match unit {
            "ms" | "MB" | "seconds" => {
                rest = skip_separators(&rest[unit.len()..]);
                if number.is_finite() && number >= 0.0 {
                    quantity(name, number, record);
                } else {
                    record.bad_number = true;
                }
            }
            // A number that lost its unit may have lost digits as well.
            "" | "m" | "M" => {
                record.cut |= name.ends_with("Duration") || name.contains("Memory");
                rest = &rest[unit.len()..];
                word(name, value, record);
            }
            _ => word(name, value, record),
        }
    }
}

fn quantity(name: &str, number: f64, record: &mut Record<'_>) {
    let field = match name {
        "Duration" => &mut record.duration_ms,
        "Billed Duration" => &mut record.billed_ms,
        "Memory Size" => &mut record.memory_mb,
        "Max Memory Used" => &mut record.max_memory_mb,
        "Init Duration" => &mut record.init_ms,
        "Restore Duration" => &mut record.restore_ms,
        "Billed Restore Duration" => &mut record.billed_restore_ms,
        _ => return,
    };
    *field = Some(number);
}

fn word<'a>(name: &str, value: &'a str, record: &mut Record<'a>) {
    let value = Some(value).filter(|value| !value.is_empty());
    match name {
        "RequestId" => record.request = value,
        "XRAY TraceId" => record.trace_id = value,
        "SegmentId" => record.segment_id = value,
        "Sampled" => record.sampled = value,
        "Status" => record.status = value.and_then(status),
        _ => {}
    }
}

/// A status of a text line or of JSON.
pub(super) fn status(text: &str) -> Option<Status> {
    Some(match text {
        "success" => Status::Success,
        "timeout" => Status::Timeout,
        "error" | "failure" => Status::Error,
        _ => return None,
    })
}

/// Where a value ends: at white space, or at an escape that was escaped twice.
fn end_of_word(text: &str) -> usize {
    let bytes = text.as_bytes();
    let ends = |at: usize| match bytes[at] {
        b' ' | b'\t' | b'\n' | b'\r' => true,
        b'\\' => matches!(bytes.get(at + 1), Some(b't' | b'n' | b'r')),
        _ => false,
    };
    (0..bytes.len()).find(|at| ends(*at)).unwrap_or(bytes.len())
}

pub(super) fn skip_separators(text: &str) -> &str {
    let mut rest = text;
    loop {
        let shorter = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        let shorter = ["\\t", "\\n", "\\r"]
            .iter()
            .find_map(|escape| shorter.strip_prefix(escape))
            .unwrap_or(shorter);
        if shorter.len() == rest.len() {
            return rest;
        }
        rest = shorter;
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "what is compared is exact")]
mod tests {
    use super::*;
    use crate::logs::Kind;

    fn pairs(text: &str) -> Record<'_> {
        let mut record = Record::new(Kind::Report);
        read_pairs(text, &mut record);
        record
    }

    #[test]
    fn separators_of_every_kind_part_the_values() {
        for text in [
            "RequestId: a-1\tDuration: 12.50 ms\tBilled Duration: 13 ms\tMemory Size: 512 MB\tMax Memory Used: 70 MB\t",
            "RequestId: a-1 Duration: 12.50 ms Billed Duration: 13 ms Memory Size: 512 MB Max Memory Used: 70 MB",
            "RequestId: a-1\\tDuration: 12.50 ms\\tBilled Duration: 13 ms\\tMemory Size: 512 MB\\tMax Memory Used: 70 MB\\t\\n",
            "RequestId: a-1   Memory Size: 512 MB  Max Memory Used: 70 MB  Billed Duration: 13 ms Duration: 12.50 ms\r\n",
        ] {
            let record = pairs(text);
            assert_eq!(record.request, Some("a-1"), "{text}");
            assert_eq!(record.duration_ms, Some(12.5), "{text}");
            assert_eq!(record.billed_ms, Some(13.0), "{text}");
            assert_eq!(record.memory_mb, Some(512.0), "{text}");
            assert_eq!(record.max_memory_mb, Some(70.0), "{text}");
            assert!(!record.cut, "{text}");
        }
    }

    #[test]
    fn a_name_inside_another_is_not_read_for_it() {
        let record =
            pairs("Post Runtime Duration: 3.00 ms Duration: 9.00 ms Runtime Duration: 7.00 ms");
        assert_eq!(record.duration_ms, Some(9.0));
    }

    #[test]
    fn a_number_that_lost_its_end_is_not_read() {
        let whole =
            "RequestId: a-1\tDuration: 1298.79 ms\tBilled Duration: 1332 ms\tMemory Size: 256 MB";
        for length in 0..whole.len() {
            let record = pairs(&whole[..length]);
            assert!(
                record.duration_ms.is_none_or(|ms| ms == 1298.79),
                "{length}"
            );
            assert!(record.billed_ms.is_none_or(|ms| ms == 1332.0), "{length}");
            assert!(record.memory_mb.is_none_or(|mb| mb == 256.0), "{length}");
        }
        assert!(pairs("RequestId: a-1 Duration: 198.79 ms Billed Dur").cut);
        assert!(pairs("RequestId: a-1 Duration: 198.7").cut);
    }
}
