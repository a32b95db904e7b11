//! What every picture must be, whatever the results: well-formed, finite, escaped, inside its
//! edges.

use frostline::experiment::{
    ClaimedLine, ClaimedPoint, CurvePoint, Estimate, Estimates, IntervalMethod, Results,
    ScenarioResult, Timeline, TimelinePoint,
};
use frostline::metric::METRICS;
use frostline::report;
use frostline::stats::Histogram;
use frostline::units::{Span, Time};
use proptest::prelude::*;

use super::gallery;

#[test]
fn every_picture_of_the_gallery_holds() {
    for (_, results) in gallery::all() {
        check(&results);
    }
}

/// One policy, two keys: names are the values, and no two curves look alike.
#[test]
fn names_in_pictures_are_what_differs() {
    let mut results = super::fixture::week();
    let values = [
        ("1 GB", "5 min"),
        ("1 GB", "1 h"),
        ("2 GB", "5 min"),
        ("2 GB", "1 h"),
    ];
    for (scenario, (memory, keep)) in results.scenarios.iter_mut().zip(values) {
        scenario.policy = "a policy that all of them share".to_owned();
        scenario.set = vec![
            ("function.api.memory".to_owned(), memory.to_owned()),
            ("platform.keep-alive".to_owned(), keep.to_owned()),
        ];
    }
    for (name, bytes) in report::files(&results).unwrap() {
        assert!(report::NAMES.contains(&name), "{name} is no name of a file");
        let text = String::from_utf8(bytes).unwrap();
        if std::path::Path::new(name).extension() == Some("svg".as_ref()) {
            assert!(text.contains("Names say memory · keep-alive."), "{name}");
            assert!(text.contains(">2 GB · 1 h<"), "{name}");
            assert!(!text.contains("that all of them share"), "{name}");
        }
    }
    let latency = report::files(&results).unwrap();
    let (_, bytes) = latency
        .iter()
        .find(|(name, _)| *name == "latency.svg")
        .unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let strokes = text
        .lines()
        .filter(|line| line.contains("stroke-width=\"2.2\""));
    let styles: std::collections::BTreeSet<&str> = strokes
        .map(|line| line.split(" points").next().unwrap())
        .collect();
    assert_eq!(styles.len(), 4, "{styles:?}");
}

#[test]
fn the_same_results_give_the_same_bytes() {
    let results = super::fixture::week();
    assert_eq!(
        report::files(&results).unwrap(),
        report::files(&results).unwrap()
    );
    let names: Vec<_> = report::files(&results)
        .unwrap()
        .into_iter()
        .map(|f| f.0)
        .collect();
    let expected = [
        "summary.json",
        "summary.csv",
        "replications.csv",
        "frontier.svg",
        "latency.svg",
        "cold-starts.svg",
        "timeline.svg",
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_curve_adds_its_table_and_its_picture() {
    let mut results = super::fixture::week();
    results.scenarios[2].keep_alive_curve = Some(super::fixture::curve(30.0, 2.0));
    let files = report::files(&results).unwrap();
    let names: Vec<_> = files[7..].iter().map(|file| file.0).collect();
    assert_eq!(names, ["keep-alive-curve.csv", "keep-alive-curve.svg"]);
    let text = |file: usize| String::from_utf8(files[file].1.clone()).unwrap();
    let rows: Vec<String> = text(7).lines().map(str::to_owned).collect();
    assert_eq!(rows.len(), 1 + 129);
    assert!(
        rows[1..]
            .iter()
            .all(|row| row.starts_with("provisioned 1,"))
    );
    for word in ["provisioned 1", "10 min", "1 day", "Bands are 95 %"] {
        assert!(text(8).contains(word), "{word}");
    }
    assert!(!text(8).contains("do nothing"));
}

#[test]
fn claimed_concurrency_adds_its_picture_with_the_quota_as_a_line() {
    let mut results = super::fixture::week();
    let line = |account: &str, quota, most: f64| ClaimedLine {
        account: account.to_owned(),
        quota,
        points: vec![ClaimedPoint { mean: 1.0, most }; 600],
    };
    results.scenarios[1].timeline.claimed = vec![line("default", Some(100), 90.0)];
    results.scenarios[2].timeline.claimed =
        vec![line("default", Some(900), 90.0), line("shop", None, 20.0)];
    let files = report::files(&results).unwrap();
    assert_eq!(files[7].0, "claimed-concurrency.svg");
    let text = String::from_utf8(files[7].1.clone()).unwrap();
    for word in [
        "quota 100",
        "quota 900, far above",
        "shop",
        "stroke-dasharray",
    ] {
        assert!(text.contains(word), "{word}");
    }
    assert!(!text.contains("do nothing"), "it has not measured it");
}

#[test]
fn files_name_their_scenarios() {
    let results = super::fixture::week();
    for (name, bytes) in report::files(&results).unwrap() {
        // These results were made by hand, without replications.
        if name == "replications.csv" {
            continue;
        }
        let text = String::from_utf8(bytes).unwrap();
        for scenario in &results.scenarios {
            assert!(
                text.contains(&scenario.policy),
                "{name} without {}",
                scenario.policy
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, max_shrink_iters: 300, ..Default::default() })]

    /// For all results: no panic, no NaN or infinity in any output, well-formed XML, valid JSON,
    /// text inside the edges.
    #[test]
    fn any_results_can_be_written(results in any_results()) {
        check(&results);
        for width in [1, 40, 100] {
            for color in [false, true] {
                let text = report::table::render(&results, report::table::Style { width, color });
                prop_assert!(!mentions_nan(&text), "{text}");
            }
        }
        prop_assert!(!mentions_nan(&report::markdown::render(&results)));
        let json = report::json::render(&results).unwrap();
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(read["scenarios"].as_array().map(Vec::len), Some(results.scenarios.len()));
        prop_assert!(!mentions_nan(&report::csv::render(&results).unwrap()));
    }
}

/// No generated name contains these words, so that they can only come from a number.
fn mentions_nan(text: &str) -> bool {
    text.contains("NaN") || text.contains("inf,") || text.contains(" inf") || text.contains("∞")
}

fn check(results: &Results) {
    for (name, bytes) in report::files(results).expect("formats can be written") {
        let text = String::from_utf8(bytes).expect("formats are text");
        if text.starts_with("<svg") {
            check_svg(&text).unwrap_or_else(|fault| panic!("{name}: {fault}\n{text}"));
        }
    }
}

/// A small XML reader, strict about what our writer may do: tags nest, attributes are quoted, text
/// has no bare markup, numbers are finite and inside the picture.
fn check_svg(text: &str) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    let mut size = (f64::NAN, f64::NAN);
    while let Some(start) = rest.find('<') {
        check_text(&rest[..start])?;
        let end = start + rest[start..].find('>').ok_or("a tag does not end")?;
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("</{name}> closes nothing"));
            }
            continue;
        }
        let closed = tag.ends_with('/');
        let tag = tag.trim_end_matches('/');
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let attributes = attributes_of(attributes)?;
        let number = |key: &str| -> Option<f64> {
            attributes.iter().find(|(of, _)| *of == key)?.1.parse().ok()
        };
        if name == "svg" {
            size = (
                number("width").ok_or("width")?,
                number("height").ok_or("height")?,
            );
        }
        for (key, value) in &attributes {
            check_text(value)?;
            let limit = match *key {
                "x" | "x1" | "x2" | "cx" | "width" => size.0,
                "y" | "y1" | "y2" | "cy" | "height" => size.1,
                _ => continue,
            };
            let number: f64 = value.parse().map_err(|_| format!("{key}={value}"))?;
            if !(0.0..=limit).contains(&number) {
                return Err(format!("{key}={value} is outside the picture"));
            }
        }
        if !closed {
            open.push(name);
        }
    }
    check_text(rest)?;
    if open.is_empty() {
        Ok(())
    } else {
        Err(format!("{open:?} not closed"))
    }
}

fn check_text(text: &str) -> Result<(), String> {
    if text.contains("NaN")
        || text
            .split([' ', ','])
            .any(|word| word == "inf" || word == "-inf")
    {
        return Err(format!("not a number: {text}"));
    }
    if text
        .chars()
        .any(|c| c == '>' || (c.is_control() && c != '\n'))
    {
        return Err(format!("not escaped: {text:?}"));
    }
    let entities = ["amp;", "lt;", "gt;", "quot;"];
    let mut parts = text.split('&');
    parts.next();
    match parts.find(|part| !entities.iter().any(|entity| part.starts_with(entity))) {
        Some(part) => Err(format!("bare &{part}")),
        None => Ok(()),
    }
}

fn attributes_of(text: &str) -> Result<Vec<(&str, &str)>, String> {
    let mut attributes = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (key, after) = rest
            .split_once("=\"")
            .ok_or_else(|| format!("attribute: {rest}"))?;
        let (value, after) = after
            .split_once('"')
            .ok_or_else(|| format!("quote: {after}"))?;
        attributes.push((key, value));
        rest = after.trim_start();
    }
    Ok(attributes)
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 0.0..1e4_f64,
        2 => Just(0.0),
        1 => Just(1.0),
        1 => -10.0..0.0_f64,
        1 => prop::sample::select(vec![
            f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 5e-324, 1e300, 1e-300,
            -0.0, 1e15, 1e16,
        ]),
    ]
}

fn any_estimate() -> impl Strategy<Value = Estimate> {
    let mean = prop::option::weighted(0.9, any_number());
    let ci95 = prop::option::weighted(0.8, (any_number(), any_number()));
    (mean, ci95).prop_map(|(mean, ci95)| Estimate { mean, ci95 })
}

fn any_estimates() -> impl Strategy<Value = Estimates> {
    prop::collection::vec(any_estimate(), METRICS.len()).prop_map(Estimates::new)
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-c <>&\"'|*;,é冷\u{1b}\n\t\u{0}\u{fffe}]{0,12}",
        1 => "[xyz ]{40,200}",
    ]
}

fn any_histogram() -> impl Strategy<Value = Histogram> {
    prop::collection::vec((any::<u64>(), 0..64_u32, 1..1_000_000_u64), 0..20).prop_map(|values| {
        let mut histogram = Histogram::new();
        for (value, shift, times) in values {
            histogram.record_n(value >> shift, times);
        }
        histogram
    })
}

fn any_timeline() -> impl Strategy<Value = Timeline> {
    let point = (any_number(), any_number(), any_number()).prop_map(|(starting, busy, idle)| {
        TimelinePoint {
            starting,
            busy,
            idle,
        }
    });
    let lengths = prop_oneof![Just(0), Just(1), Just(u64::MAX), 1..1_000_000_000_000_u64];
    (
        lengths.clone(),
        prop::collection::vec(point, 0..30),
        lengths,
        prop::collection::vec(any_claimed(), 0..3),
    )
        .prop_map(|(step, points, from, claimed)| Timeline {
            step: Span::from_nanos(step),
            points,
            measured_from: Time::from_nanos(from),
            claimed,
        })
}

fn any_claimed() -> impl Strategy<Value = ClaimedLine> {
    let point = (any_number(), any_number()).prop_map(|(mean, most)| ClaimedPoint { mean, most });
    (
        any_name(),
        prop::option::of(any::<u32>()),
        prop::collection::vec(point, 0..30),
    )
        .prop_map(|(account, quota, points)| ClaimedLine {
            account,
            quota,
            points,
        })
}

fn any_curve() -> impl Strategy<Value = Vec<CurvePoint>> {
    let point = (
        prop_oneof![Just(0), 1..90_000_u64],
        prop::array::uniform4(any_estimate()),
    );
    prop::collection::vec(point, 0..20).prop_map(|points| {
        let points = points.into_iter().map(|(seconds, numbers)| CurvePoint {
            keep_alive: Span::from_whole_secs(seconds),
            cold_starts: numbers[0],
            cold_start_ratio: numbers[1],
            idle_gb_s: numbers[2],
            idle_instance_s: numbers[3],
        });
        points.collect()
    })
}

fn any_scenario() -> impl Strategy<Value = ScenarioResult> {
    (
        any_name(),
        prop::collection::vec((any_name(), any_name()), 0..3),
        any_estimates(),
        prop::option::of(any_estimates()),
        any_histogram(),
        any_timeline(),
        prop::option::of(any_curve()),
    )
        .prop_map(
            |(policy, set, metrics, paired, latency, timeline, curve)| ScenarioResult {
                policy,
                set,
                metrics,
                replications: Vec::new(),
                paired,
                functions: Vec::new(),
                latency,
                timeline,
                keep_alive_curve: curve,
            },
        )
}

fn any_results() -> impl Strategy<Value = Results> {
    let scenarios = prop_oneof![
        4 => prop::collection::vec(any_scenario(), 0..6),
        1 => prop::collection::vec(any_scenario(), 38..50),
    ];
    (any_name(), any_name(), scenarios, 0..3_u32).prop_map(
        |(experiment, question, scenarios, replications)| Results {
            experiment,
            question,
            seed: u64::MAX,
            replications,
            intervals: if replications == 1 {
                IntervalMethod::BatchMeans { batches: 20 }
            } else {
                IntervalMethod::Replications
            },
            durations: (Span::ZERO, Span::FOR_EVER),
            facts: frostline::experiment::Facts::default(),
            scenarios,
            assertions: Vec::new(),
            slo: Vec::new(),
        },
    )
}
