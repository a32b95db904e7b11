//! Logs as they come: cut, broken, mixed, too long.

use frostline::logs::{Kind, Unread};
use proptest::prelude::*;

use super::read;

fn report(number: u32) -> String {
    format!(
        "REPORT RequestId: 00000000-0000-4000-8000-{number:012}\tDuration: {number}.50 ms\tBilled Duration: {} ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\t",
        number + 1
    )
}

fn event(number: u32) -> String {
    format!(
        r#"{{"time":"2026-03-01T10:00:00.000Z","type":"platform.report","record":{{"requestId":"00000000-0000-4000-8000-{number:012}","metrics":{{"durationMs":{number}.5}},"status":"success"}}}}"#
    )
}

#[test]
fn a_cut_document_takes_nothing_with_it() {
    let whole = event(1);
    for cut in 1..whole.len() {
        let text = format!("{}\n{}\n{}\n", &whole[..cut], event(2), report(3));
        let told = read(text.as_bytes());
        let durations: Vec<_> = told
            .of(Kind::Report)
            .iter()
            .map(|t| t.duration_ms)
            .collect();
        assert!(
            durations.ends_with(&[Some(2.5), Some(3.5)]),
            "{cut}: {durations:?}"
        );
        assert!(durations.len() == 2, "{cut}: {durations:?}");
        let tells = whole[..cut].contains("\"platform.");
        assert_eq!(
            told.unread
                .iter()
                .any(|(what, line)| (*what, *line) == (Unread::BrokenJson, 1)),
            tells,
            "{cut}"
        );
    }
}

#[test]
fn a_long_line_is_passed_over_and_not_held() {
    let long = "x".repeat(50 << 20);
    for text in [
        format!("{}\n{long}\n{}\n", report(1), report(2)),
        format!("{}\n{{\"message\":\"{long}\"}}\n{}\n", report(1), report(2)),
        format!("{}\n\"{long}\n{}\n", report(1), report(2)),
    ] {
        let told = read(text.as_bytes());
        assert_eq!(told.of(Kind::Report).len(), 2);
        assert_eq!(told.unread, [(Unread::TooLong, 2)]);
        assert_eq!(told.totals.lines, 3);
    }
}

#[test]
fn a_long_document_is_read_event_by_event() {
    let mut list = String::new();
    for number in 0..60_000 {
        let message = report(number).replace('\t', "\\t");
        list += &format!(
            "{}{{\"timestamp\":{},\"message\":\"{message}\"}}",
            if number > 0 { "," } else { "" },
            1_772_359_200_500_u64 + u64::from(number)
        );
    }
    assert!(list.len() > 10 << 20);
    for text in [
        format!(
            "{{\"logGroup\":\"/aws/lambda/a\",\"logStream\":\"2026/03/01/[$LATEST]0123456789abcdef\",\"logEvents\":[{list}]}}"
        ),
        format!(
            "{{\n \"logGroup\": \"/aws/lambda/a\",\n \"logStream\": \"2026/03/01/[$LATEST]0123456789abcdef\",\n \"logEvents\": [\n{}\n ]\n}}\n",
            list.replace(",{\"timestamp\"", ",\n{\"timestamp\"")
        ),
    ] {
        let told = read(text.as_bytes());
        let reports = told.of(Kind::Report);
        assert_eq!(reports.len(), 60_000);
        for place in [0, 30_000, 59_999] {
            assert_eq!(
                reports[place].stream.as_deref(),
                Some("2026/03/01/[$LATEST]0123456789abcdef")
            );
            assert_eq!(reports[place].group.as_deref(), Some("/aws/lambda/a"));
            assert_eq!(
                reports[place].at,
                Some((1_772_359_200_500 + place as i64) * 1_000_000)
            );
        }
        assert!(told.unread.is_empty(), "{:?}", told.unread);
    }
}

#[test]
fn what_is_no_text_is_said_and_not_read_further() {
    let mut bytes = report(1).into_bytes();
    let at = bytes.windows(6).position(|word| word == b"Memory").unwrap();
    bytes[at] = 0xFF;
    bytes.push(b'\n');
    bytes.extend_from_slice(report(2).as_bytes());
    let told = read(&bytes);
    let reports = told.of(Kind::Report);
    assert_eq!(
        (reports[0].duration_ms, reports[0].memory_mb),
        (Some(1.5), None)
    );
    assert_eq!(reports[1].memory_mb, Some(128.0));
    assert!(told.unread.contains(&(Unread::NotText, 1)));
}

#[test]
fn quotes_that_never_end_do_not_swallow_a_table() {
    let text = format!(
        "@timestamp,@message\n2026-03-01 10:00:00.000,\"{}\n2026-03-01 10:00:01.000,\"{}\"\n",
        "never ends",
        report(2)
    );
    let told = read(text.as_bytes());
    assert_eq!(told.of(Kind::Report).len(), 1, "{:?}", told.records);
    assert_eq!(told.unread[0], (Unread::BadRow, 2));
}

#[test]
fn empty_files_tell_nothing() {
    for text in [
        "",
        "\n",
        "\r\n\r\n",
        "[]",
        "{}",
        "[",
        "{",
        "\u{feff}",
        "@timestamp,@message\n",
    ] {
        let told = read(text.as_bytes());
        assert!(
            told.records.is_empty() && told.unread.is_empty(),
            "{text:?}"
        );
    }
}

/// Pieces of logs, whole and cut, that random files are made of.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        report(1),
        event(2),
        "{\"logEvents\":[{\"timestamp\":1,\"message\":\"REPORT RequestId: a Duration: 1 ms\"}]}"
            .to_owned(),
        "@timestamp,@message,@duration\n".to_owned(),
        "EVENTS\t1\t1772359200500\tSTART RequestId: b\n\t1772359200500".to_owned(),
        "2026-03-01T10:00:00.000Z 2026/03/01/[$LATEST]00 ".to_owned(),
        "XRAY TraceId: 1\tSegmentId: 2".to_owned(),
        "{\"results\":[[{\"field\":\"@duration\",\"value\":\"1\"}]]}".to_owned(),
        "\n".to_owned(),
        "[[[{\"".to_owned(),
        "\\t\\n".to_owned(),
    ]);
    prop_oneof![
        3 => (known, any::<prop::sample::Index>(), any::<bool>()).prop_map(|(text, at, whole)| {
            let end = if whole { text.len() } else { at.index(text.len() + 1) };
            text.as_bytes()[..end].to_vec()
        }),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

proptest! {
    #[test]
    fn no_file_is_too_strange(pieces in prop::collection::vec(piece(), 0..30)) {
        let bytes = pieces.concat();
        let told = read(&bytes);
        for record in &told.records {
            for number in [record.duration_ms, record.billed_ms, record.init_ms].into_iter().flatten() {
                prop_assert!(number.is_finite() && number >= 0.0);
            }
        }
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        prop_assert!(told.totals.lines <= lines + 1);
        prop_assert_eq!(told.totals.bytes, bytes.len() as u64);
    }
}
