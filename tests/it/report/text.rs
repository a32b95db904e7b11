//! Golden texts of the table, JSON, CSV and Markdown.

use frostline::experiment::{FunctionResult, IntervalMethod, Results};
use frostline::metric::MetricId;
use frostline::report::table::Style;
use frostline::report::{csv, json, markdown, table};
use serde_json::Value;

use super::fixture::{estimates, results, scenario, week};
use super::gallery::sweep;

fn plain(results: &Results, width: usize) -> String {
    table::render(
        results,
        Style {
            width,
            color: false,
        },
    )
}

#[test]
fn the_table_of_four_remedies() {
    let expected = "\
Is a 5-minute ping enough, or do we pay for provisioned concurrency?

policy             cold starts  p50 latency   p99 latency       cost a month           Δ p99            Δ cost
                             %           ms            ms                USD
──────────────────────────────────────────────────────────────────────────────────────────────────────────────
do nothing        6.72 ±0.21    82.1 ±0.9    6,210 ±40      0.0731 ±0.0008 ◂    –                –
ping every 5 min  0.89 ±0.11    81.9 ±0.9 ◂  1,180 ±160     0.0904 ±0.0008    −81.0 % ±2.6 *   +23.7 % ±0.5  *
provisioned 1     0.74 ±0.10 ◂  81.9 ±0.9 ◂    655 ±22  ◂  10.94   ±0         −89.5 % ±0.7 *  ×149.7   ±0.01 *
snapshot          6.72 ±0.21    82.0 ±0.9      702 ±18      4.120  ±0.020     −88.7 % ±0.6 *   ×56.36  ±0.27 *

±: 95 % interval over 10 replications of 7 days each.
◂ best of its column. Δ: paired difference to “do nothing”; * its interval excludes zero.
Left out for want of width: idle.

Least p99 latency: “provisioned 1” (655 ms). Least cost: “do nothing” (0.0731 USD a month). Every scenario is on the
frontier: each step down in latency costs more.
";
    assert_eq!(plain(&week(), 120), expected);
}

#[test]
fn swept_keys_are_columns_and_names_wrap_in_a_narrow_terminal() {
    let mut results = sweep(2, 2);
    for scenario in &mut results.scenarios {
        scenario.policy.push_str(" and see what becomes of it");
    }
    let expected = "\
Is a 5-minute ping enough, or do we pay for provisioned
concurrency?

policy            memory   cold starts      p99 latency      cost a month
                                     %               ms               USD
─────────────────────────────────────────────────────────────────────────
do nothing and    128 MB  6.7  ±0.5     46,100 ±2,800    0.0983 ±0.0010 ◂
see what becomes
of it
do nothing and    256 MB  6.7  ±0.5     24,300 ±1,500    0.1023 ±0.0010
see what becomes
of it
ping every 5 min  128 MB  0.90 ±0.06 ◂  14,100 ±800      0.1352 ±0.0014
and see what
becomes of it
ping every 5 min  256 MB  0.90 ±0.06 ◂   7,400 ±400   ◂  0.1407 ±0.0014
and see what
becomes of it
";
    let text = plain(&results, 60);
    assert!(text.starts_with(expected), "{text}");
    assert!(
        text.contains("for want of width: idle, p50 latency, Δ cost, Δ"),
        "{text}"
    );
}

#[test]
fn colour_only_repeats_what_the_text_says() {
    let results = week();
    let colored = table::render(
        &results,
        Style {
            width: 120,
            color: true,
        },
    );
    assert!(colored.contains("\u{1b}["));
    let mut bare = String::new();
    let mut escape = false;
    for c in colored.chars() {
        match c {
            '\u{1b}' => escape = true,
            'm' if escape => escape = false,
            c if !escape => bare.push(c),
            _ => {}
        }
    }
    assert_eq!(bare, plain(&results, 120));
}

#[test]
fn rejections_and_gaps_are_shown() {
    let mut results = results(vec![
        scenario("a | b\u{1b}[31m", &[("reject_ratio", 0.012, 0.001)]),
        scenario("nothing measured", &[]),
    ]);
    results.question = String::new();
    results.replications = 1;
    results.intervals = IntervalMethod::BatchMeans { batches: 20 };
    let expected = "\
ping-or-provisioned

policy            cold starts  p50 latency  p99 latency    rejected      alive  cost a month  Δ p99  Δ cost
                            %           ms           ms           %  instances           USD
───────────────────────────────────────────────────────────────────────────────────────────────────────────
a | b [31m                  –            –            –  1.20 ±0.10          –             –      –       –
nothing measured            –            –            –  –                   –             –      –       –

±: 95 % interval over 20 equal parts (batch means) of one replication of 7 days.
Δ: paired difference to “a | b [31m”.

No scenario measured a latency or a cost.
";
    assert_eq!(plain(&results, 120), expected);
    assert!(markdown::render(&results).contains("| a \\| b \\[31m | – |"));
}

#[test]
fn many_scenarios_are_cut_to_the_frontier() {
    let text = plain(&sweep(6, 10), 120);
    assert!(
        text.contains("29 of 60 scenarios: the first, and those on the frontier"),
        "{text}"
    );
    let none = plain(&results(Vec::new()), 80);
    assert!(none.ends_with("No scenario was run.\n"));
}

#[test]
fn lines_keep_to_the_width() {
    for results in [week(), sweep(3, 3), sweep(6, 10)] {
        for width in [80, 100, 120, 200] {
            for line in plain(&results, width).lines() {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
        }
    }
}

#[test]
fn equal_scenarios_are_not_ranked() {
    let mut results = week();
    let first = results.scenarios[0].metrics.clone();
    for scenario in &mut results.scenarios {
        scenario.metrics = first.clone();
    }
    let text = plain(&results, 120);
    assert!(!text.contains('◂'), "{text}");
    assert!(
        text.ends_with(
            "\nBoth the least p99 latency (6.21 s) and the least cost (0.0731 USD a month): \
             “do nothing” and 3 others.\n"
        ),
        "{text}"
    );
}

#[test]
fn the_table_as_markdown() {
    let expected = "\
**Is a 5-minute ping enough, or do we pay for provisioned concurrency?**

| policy | cold starts (%) | p50 latency (ms) | p99 latency (ms) | idle (instances) | cost a month (USD) | Δ p99 | Δ cost |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| do nothing | 6.72 ±0.21 | 82.1 ±0.9 | 6,210 ±40 | **0.948 ±0.004** ◂ | **0.0731 ±0.0008** ◂ | – | – |
| ping every 5 min | 0.89 ±0.11 | **81.9 ±0.9** ◂ | 1,180 ±160 | 1.210 ±0.010 | 0.0904 ±0.0008 | −81.0 % ±2.6 \\* | +23.7 % ±0.5 \\* |
";
    let text = markdown::render(&week());
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn recorded_arrivals_are_said_to_be() {
    let mut results = week();
    assert!(!plain(&results, 120).contains("recorded"));
    results.facts.recorded = true;
    assert!(plain(&results, 120).contains("± does not cover another day"));
}

/// Their own intervals overlap: the pairs decide.
#[test]
fn the_least_latency_is_told_apart_by_pairs() {
    let reading = |half: f64| {
        let mut scenarios = vec![
            scenario("a", &[("latency_ms_p99", 100.0, 50.0)]),
            scenario("b", &[("latency_ms_p99", 90.0, 50.0)]),
        ];
        scenarios[1].paired = Some(estimates(&[("latency_ms_p99", -10.0, half)]));
        frostline::report::reading(&results(scenarios))
    };
    assert!(!reading(1.0).contains("told apart"), "{}", reading(1.0));
    assert!(
        reading(20.0).contains("not told apart from that of “a”"),
        "{}",
        reading(20.0)
    );
}

#[test]
fn a_legend_explains_no_column_that_is_left_out() {
    let text = plain(&week(), 60).replace('\n', " ");
    assert!(
        text.contains("for want of width") && text.contains("Δ p99"),
        "{text}"
    );
    assert!(!text.contains("Δ: paired"), "{text}");
}

#[test]
fn json_has_its_shape_and_reads_back() {
    let results = week();
    let text = json::render(&results).unwrap();
    let head = "{
  \"experiment\": \"ping-or-provisioned\",
  \"question\": \"Is a 5-minute ping enough, or do we pay for provisioned concurrency?\",
  \"seed\": 2026,
  \"replications\": 10,
  \"version\": \"0.1.0\",
  \"platform\": \"\",
  \"prices\": null,
  \"set\": {},
  \"warm_up_s\": 0.0,
  \"duration_s\": 604800.0,
  \"intervals\": {
    \"method\": \"replications\"
  },
  \"scenarios\": [
    {
      \"policy\": \"do nothing\",
      \"set\": {},
      \"metrics\": {
        \"requests\": {\"mean\": 5040.0, \"ci95\": [4989.0, 5091.0]},
        \"completed\": {\"mean\": null, \"ci95\": null},
";
    assert!(text.starts_with(head), "{}", &text[..600]);
    // The shortest form that reads back as the same number.
    let cost =
        "\"cost_usd_per_month\": {\"mean\": 0.0904, \"ci95\": [0.0896, 0.09119999999999999]}";
    assert!(text.contains(cost));
    let read: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(read["scenarios"].as_array().unwrap().len(), 4);
    for (scenario, read) in results
        .scenarios
        .iter()
        .zip(read["scenarios"].as_array().unwrap())
    {
        assert_eq!(read["paired"].is_object(), scenario.paired.is_some());
        assert_eq!(read["functions"][0]["name"], "checkout");
        let metrics = read["metrics"].as_object().unwrap();
        assert_eq!(metrics.len(), always_told());
        let told = scenario.metrics.iter().filter(|(id, _)| !id.is_optional());
        for (metric, estimate) in told {
            let value = &metrics[metric.metric().name];
            let (low, high) = estimate.ci95.unzip();
            let read = [&value["mean"], &value["ci95"][0], &value["ci95"][1]].map(Value::as_f64);
            for (read, written) in read.into_iter().zip([estimate.mean, low, high]) {
                assert_eq!(read.is_some(), written.is_some());
                // serde_json reads the last bit fast rather than exactly.
                let gap = read.unwrap_or(0.0) - written.unwrap_or(0.0);
                assert!(gap.abs() <= written.unwrap_or(0.0).abs() * 1e-15);
            }
        }
    }
}

/// Measures that outputs have whether or not a scenario has a value of them.
fn always_told() -> usize {
    MetricId::all().filter(|id| !id.is_optional()).count()
}

#[test]
fn a_measure_of_what_few_have_is_told_where_one_scenario_has_it() {
    let with = scenario("with", &[("cost_usd_gateway", 2.5, 0.5)]);
    let both = results(vec![with, scenario("without", &[])]);
    let read: Value = serde_json::from_str(&json::render(&both).unwrap()).unwrap();
    let metrics = |place: usize| read["scenarios"][place]["metrics"].as_object().unwrap();
    assert_eq!(metrics(0).len(), always_told() + 1);
    assert_eq!(metrics(0)["cost_usd_gateway"]["mean"], 2.5);
    assert_eq!(metrics(1).len(), always_told());
    let text = csv::render(&both).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].contains(",cost_usd_gateway,cost_usd_gateway_lo,cost_usd_gateway_hi,"));
    assert!(lines[1].contains(",2.5,2,3,") && !lines[2].contains("2.5"));
}

#[test]
fn csv_quotes_names_and_leaves_gaps_empty() {
    let mut one = scenario("says \"hi\", twice", &[("requests", 0.1, 0.05)]);
    one.set = vec![("platform.keep-alive".to_owned(), "10 min".to_owned())];
    one.functions = vec![FunctionResult {
        name: "api".to_owned(),
        metrics: estimates(&[("requests", 1e-9, 0.0)]),
    }];
    let text = csv::render(&results(vec![one, scenario("plain", &[])])).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let starts = [
        "policy,platform.keep-alive,function,requests,requests_lo,requests_hi,completed,",
        "\"says \"\"hi\"\", twice\",10 min,*,0.1,0.05,0.15000000000000002,,,",
        "\"says \"\"hi\"\", twice\",10 min,api,1e-9,1e-9,1e-9,,,",
        "plain,,*,,,,",
    ];
    assert_eq!(lines.len(), starts.len());
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{line}");
    }
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let columns = 3 + 3 * always_told();
    assert!(
        reader
            .records()
            .all(|record| record.unwrap().len() == columns)
    );
}
