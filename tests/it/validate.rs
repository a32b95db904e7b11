//! The validation sheet, one test a group; and what validation itself must be.

use frostline::dist::Dist;
use frostline::metric;
use frostline::model::{KeepAlive, Process};
use frostline::units::Span;
use frostline::validate::{
    self, Check, Estimate, GroupReport, Options, Report, Row, Value, Verdict, lab,
};

fn report(filter: &str, jobs: usize) -> Report {
    let options = Options {
        filter: Some(filter.to_owned()),
        jobs,
        ..Options::default()
    };
    validate::run(&options, &|_| ())
}

fn passes(id: &str) {
    let report = report(id, 0);
    assert_eq!(report.groups.len(), 1, "{id}");
    assert!(report.passed(), "\n{}", validate::table(&report));
    if report.rows().skipped > 0 {
        println!("{}", validate::table(&report));
    }
    for row in report.groups.iter().flat_map(|group| &group.rows) {
        for check in &row.checks {
            assert!(
                has_power(check),
                "{}: {check:?} says nothing, its interval is too wide",
                row.case
            );
        }
    }
}

/// Whether a test could fail: its interval is narrow beside the value. Where the expected value is
/// all but nothing, only that is tested.
fn has_power(check: &Check) -> bool {
    match (&check.expected, check.interval, check.verdict) {
        (_, _, Verdict::Info) | (_, None, _) => true,
        (Value::Number(expected), Some(interval), _) => {
            // Long waits come in long rows: few independent ones, however many requests.
            let most = if check.quantity == "P(wait > S)" {
                0.4
            } else {
                0.12
            };
            *expected < 1e-7 || interval.half_width() < most * expected
        }
        _ => false,
    }
}

macro_rules! groups {
    ($($name:ident: $id:literal;)*) => {
        $(#[test] fn $name() { passes($id); })*

        #[test]
        fn every_group_has_a_test() {
            let ids: Vec<_> = validate::groups().into_iter().map(|(id, _)| id).collect();
            assert_eq!(ids, [$($id),*]);
        }
    };
}

groups! {
    v1_littles_law: "V1";
    v2_erlang_b: "V2";
    v3_erlang_c: "V3";
    v3b_bounded_queue: "V3b";
    v3c_single_instance: "V3c";
    v4_busy_count: "V4";
    v4b_busy_from_empty: "V4b";
    v4c_daily_rate: "V4c";
    v4d_growth: "V4d";
    v5_fixed_keep_alive: "V5";
    v5b_drawn_keep_alive: "V5b";
    v6_periodic: "V6";
    v7_renewal: "V7";
    v9_most_recently_used: "V9";
    v9b_min_instances: "V9b";
    v9c_limit: "V9c";
    v10_pings: "V10";
    v10b_ping_bill: "V10b";
    v11_break_even: "V11";
    v13_batches: "V13";
    v13b_random_batches: "V13b";
    v19_rounding: "V19";
    v19b_minimum: "V19b";
    b1_routing: "B1";
    b2_slow_starts: "B2";
    b3_laws: "B3";
    w4_mini_trace: "W4";
    w5_scaling_budget: "W5";
    w6_burst: "W6";
    d1_prebaking: "D1";
    d2_experiments: "D2";
    d4_right_sizing: "D4";
    d9_bills: "D9";
    r1_recordings: "R1";
}

#[test]
fn the_report_does_not_depend_on_the_number_of_jobs() {
    for filter in ["V4b", "V13b", "V19", "W"] {
        let (one, four) = (report(filter, 1), report(filter, 4));
        assert_eq!(one, four);
        assert_eq!(validate::table(&one), validate::table(&four));
        assert!(!one.groups.is_empty());
    }
}

/// P(cold) of λ = 1/s, S = 1 s, D = 10 s, which theory says is 0.0773738…
fn simulated_cold_ratio() -> Estimate {
    let secs = Span::from_secs;
    let mut platform = lab::bare_platform();
    platform.keep_alive = KeepAlive::For(Dist::constant(secs(10.0)));
    let function = lab::bare_function("f", Dist::exponential(secs(1.0)).unwrap());
    let poisson = Process::Poisson { rate: 1.0 };
    let plan = lab::plan_of_one(platform, function, poisson, secs(1e3), secs(1e6));
    let run = lab::simulate(&plan, 1, 0, 50);
    let batches = run
        .batches
        .iter()
        .map(|batch| batch.get(metric::COLD_START_RATIO).unwrap());
    Estimate::mean(&batches.collect::<Vec<_>>())
}

fn report_of(check: Check) -> Report {
    let rows = vec![Row::new("a case", vec![check])];
    let group = GroupReport {
        id: "X1".to_owned(),
        title: "a title".to_owned(),
        rows,
    };
    Report {
        groups: vec![group],
    }
}

#[test]
fn a_wrong_expectation_fails() {
    let simulated = simulated_cold_ratio();
    let right = report_of(Check::against("P(cold)", 0.077_373_826_9, simulated));
    assert!(right.passed(), "{}", validate::table(&right));
    for wrong in [0.0800, 0.0747, f64::NAN] {
        let report = report_of(Check::against("P(cold)", wrong, simulated));
        assert!(!report.passed(), "{}", validate::table(&report));
        assert_eq!(report.rows().failed, 1);
        assert!(validate::table(&report).contains("FAIL"));
    }
    assert!(!report_of(Check::exact("cold", 6_u32, 5_u32)).passed());
    assert!(!report_of(Check::exact("outcomes", "CW", "CC")).passed());
    assert!(!report_of(Check::exact("cost", 0.1, 0.1 + 1e-9)).passed());
    assert!(!report_of(Check::within("median", 100.0, 101.1, 0.01)).passed());
    assert!(!report_of(Check::at_most("error", 3.0, 3.01)).passed());
    assert!(!report_of(Check::at_most("error", 3.0, f64::NAN)).passed());
}

#[test]
fn a_filter_takes_the_group_of_that_id_or_all_that_begin_so() {
    let ids = |filter: &str| -> Vec<String> {
        report(filter, 0)
            .groups
            .into_iter()
            .map(|group| group.id)
            .collect()
    };
    assert_eq!(ids("w5"), ["W5"]);
    assert_eq!(ids("w"), ["W4", "W5", "W6"]);
    assert!(ids("nothing").is_empty());
}

#[test]
fn data_that_are_absent_are_skipped_and_said_so() {
    let options = Options {
        filter: Some("R1".to_owned()),
        shared_data: "no/such/folder".into(),
        ..Options::default()
    };
    let report = validate::run(&options, &|_| ());
    assert!(report.passed());
    assert_eq!(report.rows().skipped, 1);
    assert!(validate::table(&report).contains("skipped: no/such/folder"));
}

#[test]
fn a_table_is_aligned_and_counts() {
    let estimate = Estimate::ratio(&[(1.0, 10.0), (2.0, 10.0), (3.0, 10.0)]);
    let report = Report {
        groups: vec![GroupReport {
            id: "X1".to_owned(),
            title: "a title".to_owned(),
            rows: vec![
                Row::new(
                    "λ 1/s",
                    vec![
                        Check::against("P(cold)", 0.25, estimate),
                        Check::info("idle", 1234.5, estimate),
                    ],
                ),
                Row::new("a longer case", vec![Check::exact("cold", 6_u32, 5_u32)]),
            ],
        }],
    };
    let expected = "  \
case           quantity  expected  simulated  95 % interval          rule   verdict

X1  a title
  λ 1/s          P(cold)   0.25      0.2        -0.0484138 … 0.448414  4 SE   pass
                 idle      1234.5    0.2        -0.0484138 … 0.448414         info
  a longer case  cold      6         5                                 equal  FAIL

1 group, 2 rows: 1 pass, 1 fail; 3 quantities: 1 pass, 1 fail, 1 for comparison
";
    assert_eq!(validate::table(&report), expected);
}
