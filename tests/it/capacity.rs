//! Keys of provisioned capacity and snapshots, from the file to the plan.

use std::path::Path;

use frostline::config::{Overrides, load};
use frostline::dist::Dist;
use frostline::model::{EventSource, Plan, Provisioned, RemedyKind, Statistic, StreamKind};
use frostline::units::{Span, Time};

/// The plan of the example's first scenario whose policy is the only one, with keys set.
fn plan(pairs: &[(&str, &str)]) -> Plan {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    let overrides = Overrides {
        set: pairs.iter().map(owned).collect(),
        ..Overrides::default()
    };
    let file = Path::new("tests/fixtures/example.toml");
    let experiment = load(file, &overrides).unwrap_or_else(|faults| panic!("{faults}"));
    experiment.scenarios[0].plan.clone()
}

/// 3,000 at once and 500 a minute until 2023 (awsdocs/aws-lambda-developer-guide, text of October
/// 2023), 6,000 a minute since (docs.aws.amazon.com, provisioned-concurrency, 2026).
#[test]
fn aws_lambda_allocates_as_of_the_experiments_date() {
    for (date, burst, rate) in [
        (None, 1, 6000),
        (Some("2023-12-31"), 3000, 500),
        (Some("2024-01-01"), 1, 6000),
    ] {
        let pairs: Vec<_> = date.map(|date| ("date", date)).into_iter().collect();
        let rules = plan(&pairs).platform.provisioned.clone();
        assert_eq!(
            (rules.burst, rules.instances_per_minute),
            (burst, Some(rate))
        );
        assert_eq!(rules.requests_per_second, Some(10));
        assert_eq!(rules.recycle, None);
        assert!((rules.delay.mean_secs() - 90.0).abs() < 1e-9);
    }
}

#[test]
fn an_era_wins_over_what_holds_now_and_the_first_to_end_over_later_ones() {
    let eras = "[{ until = \"2024-01-01\", burst = 7, requests-per-second = \"none\" }, \
                { until = \"2023-01-01\", burst = 3 }]";
    for (date, burst, each) in [("2022-05-05", 3, Some(10)), ("2023-05-05", 7, None)] {
        let rules = plan(&[("date", date), ("platform.provisioned.eras", eras)]);
        let rules = &rules.platform.provisioned;
        assert_eq!(
            (rules.burst, rules.requests_per_second),
            (burst, each),
            "{date}"
        );
    }
}

#[test]
fn a_schedule_is_read_in_its_zone_from_the_start_of_the_run() {
    let schedule = "{ max = 9, statistic = \"maximum\", scale-in-cooldown = \"5 min\", schedule = [{ \
                    cron = \"0 8 * * MON-FRI\", time-zone = \"America/New_York\", min = 4, max = 20 \
                    }] }";
    let plan = plan(&[
        ("policy.do nothing.provisioned", schedule),
        ("start", "2026-07-04T00:00[America/New_York]"),
    ]);
    let RemedyKind::Provisioned(provisioned) = &plan.remedies[0].kind else {
        panic!("{:?}", plan.remedies)
    };
    assert_eq!(provisioned.most(), 20);
    let Provisioned::Scheduled(scheduled) = provisioned else {
        panic!("{provisioned:?}")
    };
    let tracking = scheduled.tracking.unwrap();
    assert_eq!((tracking.min, tracking.max, scheduled.instances), (1, 9, 1));
    assert_eq!(tracking.statistic, Statistic::Maximum);
    assert_eq!(tracking.scale_in_cooldown, Span::from_whole_secs(300));
    assert!(tracking.scale_out_cooldown.is_zero());
    let action = &scheduled.actions[0];
    assert_eq!((action.min, action.max), (Some(4), Some(20)));
    // The fourth of July 2026 is a Saturday: Monday at eight.
    let monday = Time::from_secs(56.0 * 3600.0);
    assert_eq!(action.at.next_from(Time::ZERO), monday);
}

/// Once a second, and four times a second (docs.aws.amazon.com, with-kinesis and with-ddb, 2026).
#[test]
fn the_shards_of_a_stream_are_looked_at_as_often_as_its_kind_is() {
    let every = |keys: &str| {
        let source = format!("{{ stream = {{ {keys} }} }}");
        match &plan(&[("function.checkout.source", &source)]).functions[0].source {
            EventSource::Stream(rules) => (rules.kind, rules.poll_every.secs()),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(every(""), (StreamKind::Kinesis, 1.0));
    assert_eq!(every("kind = \"dynamodb\""), (StreamKind::DynamoDb, 0.25));
    let own = "kind = \"dynamodb\", poll-every = \"100 ms\"";
    assert_eq!(every(own), (StreamKind::DynamoDb, 0.1));
}

/// Two weeks, of Java alone (docs.aws.amazon.com, snapstart, 2026).
#[test]
fn snapshots_of_java_functions_are_dropped() {
    let start = |runtime: &str| {
        let hooks = ("function.checkout.start.before-checkpoint", "3 s");
        plan(&[("function.checkout.runtime", runtime), hooks]).functions[0]
            .start
            .clone()
    };
    let java = start("java21");
    assert_eq!(java.snapshot_kept, Some(Span::from_whole_secs(14 * 86_400)));
    assert_eq!(
        java.before_checkpoint,
        Dist::constant(Span::from_whole_secs(3))
    );
    assert_eq!(start("python3.12").snapshot_kept, None);
}

#[test]
fn a_restore_reads_memory_from_the_cache_levels_that_there_are() {
    let keys = [
        ("function.checkout.memory", "1 GB"),
        ("function.checkout.start.after-restore", "40 ms"),
        ("platform.snapshot.restore", "500 ms"),
        ("platform.snapshot.bandwidth", "1 GB / s"),
    ];
    let start =
        |more: &[(&str, &str)]| plan(&[&keys[..], more].concat()).functions[0].start.clone();
    let even = start(&[]);
    assert_eq!(even.restore, Dist::constant(Span::from_millis(1500.0)));
    assert_eq!(even.after_restore, Dist::constant(Span::from_millis(40.0)));
    assert_eq!(even.warming, None);
    let tiers = "[{ share = 0.75, bandwidth = \"4 GB / s\" }, { share = 0.25, bandwidth = \"500 MB / s\" }]";
    let warming = "{ extra = \"610 ms\", restores = 50 }";
    let tiered = start(&[
        ("platform.snapshot.tiers", tiers),
        ("platform.snapshot.warming", warming),
    ]);
    let mean = 0.5 + 0.75 * 0.25 + 0.25 * 1024.0 / 500.0;
    assert!((tiered.restore.mean_secs() - mean).abs() < 1e-9);
    assert_eq!(
        tiered.restore.longest(),
        Some(Span::from_secs(0.5 + 1024.0 / 500.0))
    );
    let warming = tiered.warming.unwrap();
    assert_eq!(warming.restores, 50);
    assert_eq!(warming.extra, Dist::constant(Span::from_millis(610.0)));
}
