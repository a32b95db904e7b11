//! The same two calls in every shape in which logs come.

use std::io::Write;

use frostline::logs::Kind;

use super::{Collected, Told, read};

const STREAM: &str = "2026/03/01/[$LATEST]0123456789abcdef0123456789abcdef";
const GROUP: &str = "/aws/lambda/orders";
const COLD: &str = "11111111-aaaa-4bbb-8ccc-000000000001";
const WARM: &str = "11111111-aaaa-4bbb-8ccc-000000000002";
/// 2026-03-01T10:00:00.500Z and 10:00:07.020Z, when the calls ended.
const ENDS_MS: [i64; 2] = [1_772_359_200_500, 1_772_359_207_020];

/// (milliseconds since 1970, message) of each event.
pub(super) fn events() -> Vec<(i64, String)> {
    let [first, second] = ENDS_MS;
    let pairs = |id: &str, rest: &str| format!("REPORT RequestId: {id}\t{rest}\t\n");
    vec![
        (first - 400, "INIT_START Runtime Version: python:3.12.v77\tRuntime Version ARN: arn:aws:lambda:eu-west-1::runtime:00\n".to_owned()),
        (first - 31, format!("START RequestId: {COLD} Version: $LATEST\n")),
        (first - 20, "loading the model, \"quoted\", Duration: 99 ms\n".to_owned()),
        (first, format!("END RequestId: {COLD}\n")),
        (first, pairs(COLD, "Duration: 30.25 ms\tBilled Duration: 399 ms\tMemory Size: 256 MB\tMax Memory Used: 71 MB\tInit Duration: 368.50 ms")),
        (second - 12, format!("START RequestId: {WARM} Version: $LATEST\n")),
        (second, format!("END RequestId: {WARM}\n")),
        (second, pairs(WARM, "Duration: 11.02 ms\tBilled Duration: 12 ms\tMemory Size: 256 MB\tMax Memory Used: 72 MB")),
    ]
}

/// What a shape can carry.
#[derive(Clone, Copy)]
struct Carries {
    time: bool,
    stream: bool,
    group: bool,
}

const ALL: Carries = Carries {
    time: true,
    stream: true,
    group: true,
};

fn check(shape: &str, collected: &Collected, carries: Carries) {
    let reports: Vec<&Told> = collected.of(Kind::Report);
    assert_eq!(reports.len(), 2, "{shape}: {:?}", collected.records);
    assert!(
        collected.unread.is_empty(),
        "{shape}: {:?}",
        collected.unread
    );
    for (number, report) in reports.iter().enumerate() {
        let (id, duration, billed, used) =
            [(COLD, 30.25, 399.0, 71.0), (WARM, 11.02, 12.0, 72.0)][number];
        assert_eq!(report.request.as_deref(), Some(id), "{shape}");
        assert_eq!(report.duration_ms, Some(duration), "{shape}");
        assert_eq!(report.billed_ms, Some(billed), "{shape}");
        assert_eq!(report.memory_mb, Some(256.0), "{shape}");
        assert_eq!(report.max_memory_mb, Some(used), "{shape}");
        assert_eq!(report.init_ms, [Some(368.5), None][number], "{shape}");
        let at = carries.time.then_some(ENDS_MS[number] * 1_000_000);
        assert_eq!(report.at, at, "{shape}");
        assert_eq!(
            report.stream.as_deref(),
            carries.stream.then_some(STREAM),
            "{shape}"
        );
        assert_eq!(
            report.group.as_deref(),
            carries.group.then_some(GROUP),
            "{shape}"
        );
    }
}

fn iso(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .unwrap()
        .strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
        .to_string()
}

#[test]
fn plain_text_with_whatever_stands_before_it() {
    let joined =
        |line: &dyn Fn(&(i64, String)) -> String| events().iter().map(line).collect::<String>();
    let bare = Carries {
        time: false,
        stream: false,
        group: false,
    };
    check("bare", &read(joined(&|(_, m)| m.clone()).as_bytes()), bare);
    let timed = Carries { time: true, ..bare };
    check(
        "export",
        &read(joined(&|(t, m)| format!("{} {m}", iso(*t))).as_bytes()),
        timed,
    );
    let crlf = joined(&|(t, m)| format!("{} {m}", iso(*t))).replace('\n', "\r\n");
    check("CRLF", &read(crlf.as_bytes()), timed);
    let spaces = joined(&|(t, m)| format!("{} {m}", iso(*t))).replace('\t', " ");
    check("spaces", &read(spaces.as_bytes()), timed);
    let tail =
        |(t, m): &(i64, String)| format!("{} {STREAM} {m}", iso(*t).replace('Z', "000+00:00"));
    check(
        "aws logs tail",
        &read(joined(&tail).as_bytes()),
        Carries {
            group: false,
            ..ALL
        },
    );
    let short = |(t, m): &(i64, String)| format!("{GROUP} {STREAM} {} {m}", iso(*t));
    check("awslogs", &read(joined(&short).as_bytes()), ALL);
    let columns =
        |(t, m): &(i64, String)| format!("EVENTS\t3799{t}\t{}\t{STREAM}\t{m}\t{t}\n", t + 3000);
    let text = joined(&columns) + "SEARCHEDLOGSTREAMS\tTrue\tname\n";
    check(
        "filter-log-events --output text",
        &read(text.as_bytes()),
        Carries {
            group: false,
            ..ALL
        },
    );
    let columns = |(t, m): &(i64, String)| format!("EVENTS\t{}\t{m}\t{t}\n", t + 3000);
    check(
        "get-log-events --output text",
        &read(joined(&columns).as_bytes()),
        timed,
    );
}

#[test]
fn json_one_a_line_one_after_the_other_and_over_many_lines() {
    let of_event = |(t, m): &(i64, String)| serde_json::json!({"logStreamName": STREAM, "timestamp": t, "message": m, "ingestionTime": t + 3000, "eventId": "37"});
    let list: Vec<serde_json::Value> = events().iter().map(of_event).collect();
    let filtered = serde_json::json!({"events": list, "searchedLogStreams": []});
    let no_group = Carries {
        group: false,
        ..ALL
    };
    for text in [
        filtered.to_string(),
        serde_json::to_string_pretty(&filtered).unwrap(),
    ] {
        check(
            "filter-log-events --output json",
            &read(text.as_bytes()),
            no_group,
        );
    }
    for text in [
        serde_json::to_string(&list).unwrap(),
        serde_json::to_string_pretty(&list).unwrap(),
        list.iter()
            .map(|event| format!("{event}\n"))
            .collect::<String>(),
        list.iter().map(ToString::to_string).collect::<String>(),
    ] {
        check("events", &read(text.as_bytes()), no_group);
    }
    let of_subscription =
        |(t, m): &(i64, String)| serde_json::json!({"id": "1", "timestamp": t, "message": m});
    let list: Vec<serde_json::Value> = events().iter().map(of_subscription).collect();
    let envelope = serde_json::json!({
        "messageType": "DATA_MESSAGE", "logGroup": GROUP, "logStream": STREAM, "logEvents": list,
    });
    // A delivery stream puts one behind the other with nothing between.
    let (first, second) = list.split_at(5);
    let half = |list: &[serde_json::Value]| {
        serde_json::json!({"logGroup": GROUP, "logStream": STREAM, "logEvents": list}).to_string()
    };
    for text in [
        envelope.to_string(),
        serde_json::to_string_pretty(&envelope).unwrap(),
        half(first) + &half(second),
        half(first) + "\n" + &half(second) + "\n",
    ] {
        check("subscription", &read(text.as_bytes()), ALL);
    }
}

#[test]
fn tables_of_logs_insights() {
    let stamp = |ms: i64| iso(ms).replace('T', " ").replace('Z', "");
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut csv = "@timestamp,@message,@logStream,@log\n".to_owned();
    for (t, m) in events() {
        csv += &format!(
            "{},{},{STREAM},123456789012:{GROUP}\n",
            stamp(t),
            quoted(&m)
        );
    }
    check("messages", &read(csv.as_bytes()), ALL);
    check(
        "messages, CRLF",
        &read(
            csv.replace(
                ",123456789012:/aws/lambda/orders\n",
                ",123456789012:/aws/lambda/orders\r\n",
            )
            .as_bytes(),
        ),
        ALL,
    );
    let [first, second] = ENDS_MS.map(stamp);
    let columns = format!(
        "@requestId,@duration,@billedDuration,@initDuration,@memorySize,@maxMemoryUsed,@type,@timestamp,@logStream,@log\n\
         {COLD},30.25,399,368.5,2.56E8,7.1E7,REPORT,{first},{STREAM},123456789012:{GROUP}\n\
         {WARM},11.02,12,,2.56E8,7.2E7,REPORT,{second},{STREAM},123456789012:{GROUP}\n"
    );
    check("columns", &read(columns.as_bytes()), ALL);
    let row = |(t, m): &(i64, String)| {
        serde_json::json!([
            {"field": "@timestamp", "value": stamp(*t)},
            {"field": "@message", "value": m},
            {"field": "@logStream", "value": STREAM},
            {"field": "@ptr", "value": "CmEK"},
        ])
    };
    let rows: Vec<serde_json::Value> = events().iter().map(row).collect();
    let results = serde_json::json!({"results": rows, "statistics": {"recordsMatched": 8.0}, "status": "Complete"});
    let no_group = Carries {
        group: false,
        ..ALL
    };
    for text in [
        results.to_string(),
        serde_json::to_string_pretty(&results).unwrap(),
    ] {
        check("get-query-results", &read(text.as_bytes()), no_group);
    }
    let object = |(t, m): &(i64, String)| serde_json::json!({"@timestamp": stamp(*t), "@message": m, "@logStream": STREAM, "@log": format!("1:{GROUP}")});
    let rows: Vec<serde_json::Value> = events().iter().map(object).collect();
    check(
        "objects",
        &read(serde_json::to_string_pretty(&rows).unwrap().as_bytes()),
        ALL,
    );
}

#[test]
fn platform_events_bare_and_inside_messages() {
    let [first, second] = ENDS_MS.map(iso);
    let lines = [
        format!(r#"{{"time":"{first}","type":"platform.initStart","record":{{"initializationType":"on-demand","phase":"init","runtimeVersion":"nodejs:22.v41"}}}}"#),
        format!(r#"{{"time":"{first}","type":"platform.start","record":{{"requestId":"{COLD}","version":"$LATEST"}}}}"#),
        r#"{"timestamp":"2026-03-01T10:00:00Z","level":"ERROR","message":"platform.report is not what I am","requestId":"x"}"#.to_owned(),
        format!(r#"{{"time":"{first}","type":"platform.report","record":{{"requestId":"{COLD}","metrics":{{"durationMs":30.25,"billedDurationMs":399,"memorySizeMB":256,"maxMemoryUsedMB":71,"initDurationMs":368.5}},"status":"success"}}}}"#),
        format!(r#"{{"time":"{second}","type":"platform.report","record":{{"requestId":"{WARM}","metrics":{{"durationMs":11.02,"billedDurationMs":12,"memorySizeMB":256,"maxMemoryUsedMB":72}},"status":"success"}}}}"#),
    ];
    let timed = Carries {
        time: true,
        stream: false,
        group: false,
    };
    check("bare", &read(lines.join("\n").as_bytes()), timed);
    check(
        "array",
        &read(format!("[{}]", lines.join(",")).as_bytes()),
        timed,
    );
    check(
        "array over lines",
        &read(format!("[\n{}\n]", lines.join(",\n")).as_bytes()),
        timed,
    );
    let pretty: Vec<String> = lines
        .iter()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|value| serde_json::to_string_pretty(&value).unwrap())
        .collect();
    check("pretty", &read(pretty.join("\n").as_bytes()), timed);
    let export: String = lines
        .iter()
        .map(|line| format!("{first} {line}\n"))
        .collect();
    check("export", &read(export.as_bytes()), timed);
    let envelope = serde_json::json!({"logGroup": GROUP, "logStream": STREAM, "logEvents":
        lines.iter().map(|line| serde_json::json!({"timestamp": 1, "message": line})).collect::<Vec<_>>()});
    check("subscription", &read(envelope.to_string().as_bytes()), ALL);
}

#[test]
fn errors_and_timeouts_find_their_request() {
    let text = format!(
        "START RequestId: {COLD} Version: 7\n\
         [ERROR] KeyError: 'amount'\n\
         Traceback (most recent call last):\n\
         END RequestId: {COLD}\n\
         2026-03-01T10:00:05.000Z {WARM} Task timed out after 2.50 seconds\n\
         2026-03-01T10:00:05.000Z\t{WARM}\tERROR\tInvoke Error \t{{\"errorType\":\"TypeError\"}}\n\
         RequestId: {COLD} Error: Runtime exited with error: signal: killed\n\
         RequestId: {WARM} Process exited before completing request\n\
         [ERROR]\t2026-03-01T10:00:05.000Z\t{COLD}\ta line of the function's own logger\n\
         our process exited cleanly, we hope\n"
    );
    let told = read(text.as_bytes());
    let requests = |kind: Kind| -> Vec<String> {
        told.of(kind)
            .iter()
            .map(|told| told.request.clone().unwrap())
            .collect()
    };
    assert_eq!(requests(Kind::Failed), [COLD, WARM]);
    assert_eq!(requests(Kind::Exited), [COLD, WARM]);
    let cut = told.of(Kind::TimedOut);
    assert_eq!(
        (cut[0].timeout_s, cut[0].request.as_deref()),
        (Some(2.5), Some(WARM))
    );
    assert_eq!(told.of(Kind::InitStart).len(), 0);
}

#[test]
fn archives_are_unpacked_and_streams_taken_from_folders() {
    let dir = crate::cli::folder("logs-archives");
    let stream = dir.join("exported/task/2026-03-01-[$LATEST]0123456789abcdef");
    std::fs::create_dir_all(&stream).unwrap();
    let text: String = events()
        .iter()
        .map(|(t, m)| format!("{} {m}", iso(*t)))
        .collect();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    std::fs::write(stream.join("000000.gz"), packed.finish().unwrap()).unwrap();
    std::fs::write(
        dir.join("plain.zst"),
        zstd::encode_all(text.as_bytes(), 1).unwrap(),
    )
    .unwrap();
    // An archive that ends early: what came before counts.
    let many = text.repeat(200);
    let mut half = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    half.write_all(many.as_bytes()).unwrap();
    let half = half.finish().unwrap();
    let cut = dir.with_extension("cut.gz");
    std::fs::write(&cut, &half[..half.len() / 2]).unwrap();
    let files = frostline::logs::log_files(std::slice::from_ref(&cut)).unwrap();
    let mut collected = Collected::default();
    frostline::logs::Reader::new().read(files[0].open().unwrap(), 0, None, &mut collected);
    assert!(collected.of(Kind::Report).len() > 100);
    assert!(matches!(
        collected.unread.last(),
        Some((frostline::logs::Unread::DamagedArchive, _))
    ));
    let files = frostline::logs::log_files(std::slice::from_ref(&dir)).unwrap();
    assert_eq!(files.len(), 2);
    assert_eq!(
        files[0].stream.as_deref(),
        Some("2026-03-01-[$LATEST]0123456789abcdef")
    );
    assert_eq!(files[1].stream, None);
    for file in &files {
        let mut collected = Collected::default();
        frostline::logs::Reader::new().read(
            file.open().unwrap(),
            0,
            file.stream.as_deref(),
            &mut collected,
        );
        let reports = collected.of(Kind::Report);
        assert_eq!(reports.len(), 2, "{}", file.path.display());
        assert_eq!(reports[0].stream, file.stream);
    }
}
