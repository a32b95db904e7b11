//! A real function of 2020: its recorded calls, written as the lines that `CloudWatch` had of them.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use frostline::fit::{Found, Rule};

use super::{fit, spec};
use crate::cli::folder;

/// What a client waits for beside the platform: chosen so that warm calls have no init.
const NETWORK_MS: f64 = 100.0;

fn recording(day: &str) -> Option<PathBuf> {
    shared(&format!("aws-lambda-measured/{day}.csv"))
}

/// A file of real data, where there is any.
fn shared(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("FROSTLINE_SHARED_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data")),
        PathBuf::from,
    );
    let file = root.join(name);
    if file.exists() {
        return Some(file);
    }
    println!("skipped: {} is absent", file.display());
    None
}

#[test]
fn recorded_calls_give_the_keep_alive_that_their_authors_found() {
    for (day, calls, cold, instances) in [
        ("2020-05-28", 186, 59, 60),
        ("2020-06-04", 246, 52, 53),
        ("2020-06-10", 428, 32, 33),
    ] {
        let Some(file) = recording(day) else { return };
        let dir = folder(&format!("fit-measured-{day}"));
        let mut text = String::new();
        let begin = format!("{day}T00:00:00Z")
            .parse::<jiff::Timestamp>()
            .unwrap();
        for (number, row) in csv::Reader::from_path(file).unwrap().records().enumerate() {
            let row = row.unwrap();
            let number_of = |column: usize| row[column].parse::<f64>().unwrap();
            let (arrival_s, client_s, run) = (number_of(0), number_of(1), number_of(2));
            let init = (number_of(5) > 0.0).then(|| (client_s * 1e3 - run - NETWORK_MS).max(1.0));
            let end_ms = (arrival_s * 1e3 + run + init.unwrap_or(0.0)).round() as i64;
            let end = begin + jiff::SignedDuration::from_millis(end_ms);
            let init =
                init.map_or_else(String::new, |init| format!("\tInit Duration: {init:.2} ms"));
            writeln!(
                text,
                "{end} {}/[$LATEST]{:032x} REPORT RequestId: {number:032x}\tDuration: {run:.2} ms\t\
                 Billed Duration: {} ms\tMemory Size: 128 MB\tMax Memory Used: {} MB{init}\t",
                day.replace('-', "/"),
                number_of(6) as u32,
                number_of(3) as u32,
                number_of(4) as u32,
            )
            .unwrap();
        }
        let log = dir.join("lambda.log");
        fs::write(&log, text).unwrap();
        let fit = fit(spec(&[log]), &dir).unwrap();
        let json: serde_json::Value = serde_json::from_str(&fit.json()).unwrap();
        assert_eq!(json["read"]["calls"], calls, "{day}");
        assert_eq!(json["instances"]["cold_starts"], cold, "{day}");
        assert_eq!(json["instances"]["streams"], instances, "{day}");
        // Longest gap still warm 635.8 s, shortest gap found expired 645.0 s in a study by itself.
        let Found::Constant { s, contradicting } = &fit.estimates().keep_alive.found else {
            panic!("{day}: {:?}", fit.estimates().keep_alive)
        };
        assert!((590.0..650.0).contains(&s.mean), "{day}: {s:?}");
        assert!(*contradicting <= 3, "{day}: {contradicting}");
        // All of 2020 was billed in steps of 100 ms.
        assert_eq!(
            fit.bills().agree.get(&Rule::Steps100),
            Some(&calls),
            "{day}"
        );
        let verdict = fit.verdict().unwrap();
        let cold = &verdict.lines[0];
        assert!(
            (cold.simulated / cold.measured - 1.0).abs() < 0.2,
            "{day}: {cold:?}"
        );
    }
}

#[test]
fn every_real_bill_is_one_by_the_rule_of_its_day() {
    let Some(file) = shared("lambda-logs/report_lines.jsonl") else {
        return;
    };
    let dir = folder("fit-bills");
    let log = dir.join("lambda.log");
    let mut text = String::new();
    for record in fs::read_to_string(file).unwrap().lines() {
        let record: serde_json::Value = serde_json::from_str(record).unwrap();
        // An agent has rewritten one, whose numbers are made up.
        if record["id"] != "t36-agent-rewritten" {
            writeln!(text, "{}", record["line"].as_str().unwrap().trim_end()).unwrap();
        }
    }
    fs::write(&log, text).unwrap();
    let fit = fit(spec(&[log]), &dir).unwrap();
    let bills = fit.bills();
    assert_eq!((bills.disagree, bills.agree.values().sum::<u64>()), (0, 14));
    for rule in [
        Rule::Steps100,
        Rule::Warm,
        Rule::InitFree,
        Rule::InitBilled,
        Rule::Restore,
        Rule::Timeout,
    ] {
        assert!(bills.agree.contains_key(&rule), "{rule:?}");
    }
}
