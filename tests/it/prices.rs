//! The price book: every list that comes in the binary, and bills to the last digit of published
//! ones.

#![expect(
    clippy::float_cmp,
    reason = "counts, and prices as they stand in the lists"
)]

use frostline::config::{ModelKind, load_text};
use frostline::metric;
use frostline::model::{
    ClientRetry, EventSource, Gateway, GatewayKind, GatewayThrottle, InitBilling, Jitter, MONTH,
    Prices, QueueRules, RetryOn, StreamRules,
};
use frostline::observe::costs::{self, Services, Usage};
use frostline::units::{Memory, Span};

use crate::sim::stage::{Stage, constant};

/// A shipped list at a date, with or without its free tier.
fn list(name: &str, date: Option<&str>, free_tier: bool) -> Prices {
    let date = date.map_or(String::new(), |date| format!("date = \"{date}\"\n"));
    let text = format!(
        "platform = \"aws-lambda\"\nduration = \"1 h\"\nfree-tier = {free_tier}\n{date}\
         [platform-override]\nprices = \"{name}\"\n\
         [[function]]\nname = \"f\"\nmodel = \"node-hello\"\narrivals = {{ every = \"1 min\" }}\n"
    );
    let experiment = load_text("prices", &text).unwrap_or_else(|faults| panic!("{faults}"));
    let plan = &experiment.scenarios[0].plan;
    plan.platform.prices.clone().unwrap()
}

fn east(free_tier: bool) -> Prices {
    list("aws-lambda/us-east-1", None, free_tier)
}

/// A month's bill of services, at the list of us-east-1.
fn month_of(services: Services, free_tier: bool) -> costs::Bill {
    let usage = Usage {
        services,
        ..Usage::default()
    };
    costs::bill(&east(free_tier), &usage, MONTH)
}

fn assert_usd(found: f64, expected: f64) {
    let close = (found - expected).abs() <= 1e-9 * expected.abs().max(1e-6);
    assert!(close, "{found}, not {expected}");
}

/// Regions whose first tier, requests and provisioned prices are sourced (see the files).
#[test]
fn every_region_has_both_architectures_with_its_name_in_it() {
    let names: Vec<&str> = ModelKind::Prices.models().map(|model| model.name).collect();
    assert_eq!(names.len(), 26);
    for name in names {
        let prices = list(name, None, true);
        let arm = name.ends_with("-arm");
        let first = if arm {
            0.000_013_333_4
        } else {
            0.000_016_666_7
        };
        assert_eq!(prices.duration[0].price, first, "{name}");
        let bounds: Vec<_> = prices.duration.iter().map(|tier| tier.up_to).collect();
        let (second, third) = if arm { (7.5e9, 18.75e9) } else { (6e9, 15e9) };
        assert_eq!(bounds, [Some(second), Some(third), None], "{name}");
        assert_eq!(prices.request, 2e-7, "{name}");
        assert_eq!(prices.ephemeral_included, Memory::from_mb(512.0));
        let other = match name.strip_suffix("-arm") {
            Some(x86) => x86.to_owned(),
            None => format!("{name}-arm"),
        };
        let other = list(&other, None, true);
        let ratio = prices.provisioned_capacity / other.provisioned_capacity;
        let wanted = if arm { 0.8 } else { 1.25 };
        assert!((ratio - wanted).abs() < 1e-4, "{name}: {ratio}");
        assert_eq!(prices.ephemeral_storage, other.ephemeral_storage, "{name}");
        assert_eq!(prices.services, other.services, "{name}");
        let text = ModelKind::Prices
            .models()
            .find(|model| model.name == name)
            .map(|model| model.text);
        let place = name.trim_start_matches("aws-lambda/");
        let region = format!("region       = \"{}\"", place.trim_end_matches("-arm"));
        assert!(text.is_some_and(|text| text.contains(&region)), "{name}");
    }
}

/// docs: the check of platforms §8, 12,500 GB-s and a million requests.
#[test]
fn a_million_requests_of_100_ms_at_128_mb_cost_41_cents() {
    let prices = east(false);
    let gb_s = 1e6 * costs::gb_seconds(100_000_000, Memory::from_mb(128.0).gb());
    let usage = Usage {
        requests: 1e6,
        gb_s,
        ..Usage::default()
    };
    let bill = costs::bill(&prices, &usage, MONTH);
    assert_eq!(format!("{:.4}", bill.duration), "0.2083");
    assert_eq!(format!("{:.4}", bill.total()), "0.4083");
}

/// jconning/lambda-cpu-cost: the four totals of 1,000 calls, to the last digit that is printed, at
/// the price of then and without rounding.
#[test]
fn the_right_sizing_table_comes_out_to_the_last_digit() {
    let mut prices = list("aws-lambda/us-east-1", Some("2018-01-01"), false);
    assert_eq!(prices.duration.len(), 1, "one price for any volume then");
    prices.duration[0].price = 0.000_016_67;
    let rows = [
        (128.0, 11.722_965, "0.024628"),
        (256.0, 6.678_945, "0.028035"),
        (512.0, 3.194_954, "0.026830"),
        (1024.0, 1.465_984, "0.024638"),
    ];
    for (mb, mean_s, dollars) in rows {
        let usage = Usage {
            requests: 1000.0,
            gb_s: 1000.0 * mean_s * mb / 1024.0,
            ..Usage::default()
        };
        let bill = costs::bill(&prices, &usage, MONTH);
        assert_eq!(format!("{:.6}", bill.total()), dollars, "{mb} MB");
    }
}

/// The two examples of AWS's price page, to the cent.
#[test]
fn the_worked_examples_of_the_price_page_come_out_to_the_cent() {
    let gb_s = 3e6 * 0.12 * 1.5;
    let usage = Usage {
        requests: 3e6,
        gb_s,
        free_requests: 3e6,
        free_gb_s: gb_s,
        ..Usage::default()
    };
    let bill = costs::bill(&east(true), &usage, MONTH);
    let cents = |usd: f64| format!("{usd:.2}");
    assert_eq!(cents(bill.duration), "2.33");
    assert_eq!(cents(bill.requests), "0.40");
    assert_eq!(cents(bill.total()), "2.73");
    let usage = Usage {
        requests: 1.2e6,
        provisioned_gb_s: 1000.0 * 7200.0,
        provisioned_run_gb_s: 1.2e6,
        ..Usage::default()
    };
    let bill = costs::bill(&east(true), &usage, MONTH);
    assert_eq!(cents(bill.provisioned), "30.00");
    assert_eq!(cents(bill.requests), "0.24");
    assert_eq!(cents(bill.duration), "11.67");
    assert_eq!(cents(bill.total()), "41.91");
}

#[test]
fn duration_is_charged_tier_by_tier_on_both_architectures() {
    let month = |name: &str, gb_s: f64| {
        let usage = Usage {
            gb_s,
            ..Usage::default()
        };
        costs::bill(&list(name, None, false), &usage, MONTH).duration
    };
    let x86 = |gb_s| month("aws-lambda/us-east-1", gb_s);
    assert_usd(x86(6e9), 6e9 * 1.666_67e-5);
    assert_usd(x86(6e9 + 1e6), 6e9 * 1.666_67e-5 + 1e6 * 1.5e-5);
    assert_usd(x86(15e9), 6e9 * 1.666_67e-5 + 9e9 * 1.5e-5);
    assert_usd(
        x86(16e9),
        6e9 * 1.666_67e-5 + 9e9 * 1.5e-5 + 1e9 * 1.333_34e-5,
    );
    let arm = |gb_s| month("aws-lambda/us-east-1-arm", gb_s);
    let two = 7.5e9 * 1.333_34e-5 + 11.25e9 * 1.200_01e-5;
    assert_usd(arm(7.5e9), 7.5e9 * 1.333_34e-5);
    assert_usd(arm(18.75e9), two);
    assert_usd(arm(20e9), two + 1.25e9 * 1.066_67e-5);
    // A run of a day stands for a month: its bill is a thirtieth of the month's.
    let day = Usage {
        gb_s: 16e9 / 30.0,
        ..Usage::default()
    };
    let of_day = costs::bill(&east(false), &day, Span::from_whole_secs(86_400));
    assert_usd(of_day.duration, x86(16e9) / 30.0);
}

#[test]
fn each_era_has_its_rounding_its_init_and_its_tiers() {
    let of = |date: &str| {
        let prices = list("aws-lambda/us-east-1", Some(date), false);
        let billed = prices.billing.billed(Span::from_millis(40.2)).nanos() / 1_000_000;
        (billed, prices.billing.init, prices.duration.len())
    };
    let (all, unmanaged) = (InitBilling::All, InitBilling::Unmanaged);
    assert_eq!(of("2026-11-01"), (41, all, 3));
    assert_eq!(of("2025-08-01"), (41, all, 3));
    assert_eq!(of("2025-07-31"), (41, unmanaged, 3));
    assert_eq!(of("2022-08-08"), (41, unmanaged, 3));
    assert_eq!(of("2022-08-07"), (41, unmanaged, 1));
    assert_eq!(of("2020-12-01"), (41, unmanaged, 1));
    assert_eq!(of("2020-11-30"), (100, unmanaged, 1));
    assert_eq!(of("2015-04-09"), (100, unmanaged, 1));
}

#[test]
fn a_gateway_is_charged_a_request_by_its_kind_and_volume() {
    let rest = |requests: f64| {
        let services = Services {
            rest_requests: requests,
            ..Services::default()
        };
        month_of(services, false).gateway
    };
    assert_usd(rest(1e6), 3.50);
    assert_usd(rest(333e6), 1165.50);
    assert_usd(rest(334e6), 1165.50 + 2.80);
    assert_usd(rest(1000e6), 1165.50 + 667.0 * 2.80);
    assert_usd(rest(20_000e6), 1165.50 + 667.0 * 2.80 + 19_000.0 * 2.38);
    let all_tiers = 1165.50 + 667.0 * 2.80 + 19_000.0 * 2.38 + 1000.0 * 1.51;
    assert_usd(rest(21_000e6), all_tiers);
    let http = |requests: f64| {
        let services = Services {
            http_requests: requests,
            ..Services::default()
        };
        month_of(services, false).gateway
    };
    assert_usd(http(300e6), 300.0);
    assert_usd(http(301e6), 300.90);
    assert_usd(rest(0.0) + http(0.0), 0.0);
}

#[test]
fn a_queue_has_a_million_free_requests() {
    let queue = |requests: f64, free| {
        let services = Services {
            queue_requests: requests,
            ..Services::default()
        };
        month_of(services, free).queue
    };
    assert_usd(queue(3e6, false), 1.20);
    assert_usd(queue(3e6, true), 0.80);
    assert_usd(queue(0.4e6, true), 0.0);
    assert_usd(queue(300_000e6, false), 40_000.0 + 30_000.0 + 24_000.0);
    // An idle queue: five pollers, 20 s each, 30 days.
    assert_usd(queue(648_000.0, false), 0.2592);
    let prices = east(false).services;
    let requests = |kb: f64| prices.queue_requests(Memory::from_mb(kb / 1024.0));
    assert_eq!(
        [
            requests(1.0),
            requests(64.0),
            requests(65.0),
            requests(256.0)
        ],
        [1, 1, 2, 4]
    );
}

#[test]
fn a_stream_is_charged_by_shard_hours_and_put_units() {
    let services = Services {
        shard_hours: 720.0,
        put_units: 10e6,
        ..Services::default()
    };
    let bill = month_of(services, true);
    assert_usd(bill.stream, 10.80 + 0.14);
    assert_usd(bill.total(), bill.stream);
    let prices = east(false).services;
    let units = |kb: f64| prices.put_units(Memory::from_mb(kb / 1024.0));
    assert_eq!(
        [units(0.0), units(25.0), units(26.0), units(50.0)],
        [1, 1, 2, 2]
    );
}

#[test]
fn workflows_are_charged_by_transition_or_by_memory_time() {
    let standard = |transitions: f64, free| {
        let services = Services {
            transitions,
            ..Services::default()
        };
        month_of(services, free).workflow
    };
    assert_usd(standard(1e5, false), 2.50);
    assert_usd(standard(4000.0, true), 0.0);
    assert_usd(standard(104_000.0, true), 2.50);
    let express = |requests: f64, gb_s: f64| {
        let services = Services {
            express_requests: requests,
            express_gb_s: gb_s,
            ..Services::default()
        };
        month_of(services, true).workflow
    };
    assert_usd(express(1e6, 0.0), 1.00);
    assert_usd(express(0.0, 3.6e6), 60.012);
    assert_usd(express(0.0, 18e6), 60.012 + 14.4e6 * 8.33e-6);
    assert_usd(
        express(0.0, 20e6),
        60.012 + 14.4e6 * 8.33e-6 + 2e6 * 4.56e-6,
    );
    let prices = east(false).services;
    let gb_s = prices.express_billed_gb_s(Memory::from_mb(65.0), Span::from_millis(101.0));
    assert_eq!(gb_s, 0.125 * 0.2);
}

#[test]
fn a_scheduler_has_its_free_volume() {
    let schedule = |scheduled: f64, free| {
        let services = Services {
            scheduled,
            ..Services::default()
        };
        month_of(services, free).schedule
    };
    assert_usd(schedule(2e6, false), 2.00);
    assert_usd(schedule(15e6, true), 1.00);
}

#[test]
fn temporary_storage_is_charged_beyond_what_every_function_has() {
    let usage = Usage {
        ephemeral_gb_s: 1e9,
        ..Usage::default()
    };
    assert_usd(costs::bill(&east(true), &usage, MONTH).storage, 30.9);
}

/// AWS: temporary storage above 512 MB is charged for the billed time of all runs.
#[test]
fn a_function_with_more_temporary_storage_pays_for_its_run_time() {
    let mut stage = Stage::new();
    let mut prices = east(false);
    prices.ephemeral_storage = 0.5;
    stage.platform.prices = Some(prices);
    stage.call(0.0, 2.0);
    stage.call(10.0, 4.0);
    let storage = |stage: &Stage| stage.measure(1).0.values.get(metric::COST_USD_STORAGE);
    assert_eq!(storage(&stage), None, "no function has more than all have");
    for (mb, usd) in [
        (2560.0, Some(6.0)),
        (1024.0, Some(1.5)),
        (512.0, None),
        (256.0, None),
    ] {
        stage.functions[0].ephemeral_storage = Some(Memory::from_mb(mb));
        assert_eq!(storage(&stage), usd, "{mb} MB");
    }
    stage.functions[0].ephemeral_storage = Some(Memory::from_mb(2560.0));
    let total = stage
        .measure(1)
        .0
        .values
        .get(metric::COST_USD_TOTAL)
        .unwrap();
    assert_usd(total, 6.0 + 6.0 * 1.666_67e-5 + 2.0 * 2e-7);
}

/// A stage of 1,000 s at the list of us-east-1, and its bill of one kind.
fn behind(source: EventSource) -> Stage {
    let mut stage = Stage::new();
    stage.platform.prices = Some(east(false));
    stage.functions[0].source = source;
    stage
}

fn usd(stage: &Stage, id: metric::MetricId) -> f64 {
    stage.measure(1).0.values.get(id).unwrap_or(0.0)
}

/// 3.50 and 1.00 USD a million (aws.amazon.com/api-gateway/pricing): every call to the gateway, also
/// one that a client makes again.
#[test]
fn each_call_to_a_gateway_is_on_the_bill() {
    for (kind, price) in [(GatewayKind::Rest, 3.5e-6), (GatewayKind::Http, 1e-6)] {
        let mut stage = behind(EventSource::Gateway(Gateway {
            kind,
            latency: constant(0.0),
            timeout: None,
            throttle: None,
        }));
        stage.calls(&[(0.0, 1.0), (10.0, 1.0), (20.0, 1.0)]);
        assert_usd(usd(&stage, metric::COST_USD_GATEWAY), 3.0 * price);
        // 3 GB-s and 3 requests besides.
        let of_function = 3.0 * 1.666_67e-5 + 3.0 * 2e-7;
        assert_usd(
            usd(&stage, metric::COST_USD_TOTAL),
            3.0 * price + of_function,
        );
        stage.platform.client_retry = Some(ClientRetry {
            attempts: 3,
            first: Span::from_whole_secs(1),
            factor: 2.0,
            jitter: Jitter::None,
            on: RetryOn {
                failed: true,
                ..RetryOn::THROTTLED
            },
        });
        stage.calls[1].fails = true;
        assert_usd(usd(&stage, metric::COST_USD_GATEWAY), 4.0 * price);
        // What it throttles itself is free: of three at once one gets in, and no other comes again.
        stage.platform.client_retry = None;
        stage.platform.gateway_throttle = Some(GatewayThrottle { rate: 1, burst: 1 });
        stage.calls(&[(30.0, 1.0), (30.0, 1.0), (30.0, 1.0)]);
        assert_usd(usd(&stage, metric::COST_USD_GATEWAY), 4.0 * price);
    }
}

/// 0.40 USD a million (aws.amazon.com/sqs/pricing): each message sent, each batch received and
/// deleted, and five pollers that wait 20 s each for what does not come.
#[test]
fn a_queue_pays_for_sending_receiving_deleting_and_waiting() {
    let rules = QueueRules {
        batch_size: 10,
        window: Span::from_whole_secs(1),
        pollers: 5,
        pollers_per_minute: 300,
        max_concurrency: 1250,
        visibility: Span::from_whole_secs(30),
        max_receives: Some(2),
        retention: Span::from_whole_secs(345_600),
        partial_failures: false,
        poison: 0.0,
    };
    let mut stage = behind(EventSource::Queue(rules));
    (0..25).for_each(|_| stage.call(0.0, 1.0));
    // 25 sent, three batches received and deleted, 5 × 1,000 s ÷ 20 s polls, of which three found some.
    let requests = 25.0 + 3.0 + 3.0 + (250.0 - 3.0);
    assert_usd(usd(&stage, metric::COST_USD_QUEUE), requests * 4e-7);
    // What fails is received twice, and never deleted.
    let mut stage = behind(EventSource::Queue(rules));
    stage.functions[0].error_rate = 1.0;
    stage.call(0.0, 1.0);
    stage.calls[0].fails = true;
    let requests = 1.0 + 2.0 + (250.0 - 2.0);
    assert_usd(usd(&stage, metric::COST_USD_QUEUE), requests * 4e-7);
    // A batch of 25 takes two and a half calls each way.
    let mut stage = behind(EventSource::Queue(QueueRules {
        batch_size: 100,
        ..rules
    }));
    (0..25).for_each(|_| stage.call(0.0, 1.0));
    let requests = 25.0 + 2.5 + 2.5 + (250.0 - 2.5);
    assert_usd(usd(&stage, metric::COST_USD_QUEUE), requests * 4e-7);
    // A month of an empty one: 648,000 requests.
    let mut stage = behind(EventSource::Queue(rules));
    stage.duration = MONTH;
    assert_usd(usd(&stage, metric::COST_USD_QUEUE), 648_000.0 * 4e-7);
}

/// 0.015 USD for each hour of a shard, 0.014 USD a million units put
/// (aws.amazon.com/kinesis/data-streams/pricing): a record is a unit, however often it is tried.
#[test]
fn a_stream_pays_for_its_shards_and_its_records() {
    let mut stage = behind(EventSource::Stream(StreamRules {
        kind: frostline::model::StreamKind::Kinesis,
        shards: 2,
        parallelization_factor: 3,
        batch_size: 100,
        window: Span::ZERO,
        poll_every: Span::ZERO,
        max_retries: Some(2),
        retry_wait: Span::from_whole_secs(1),
        max_age: None,
        bisect: false,
        poison: 1.0,
    }));
    stage.duration = Span::from_whole_secs(7200);
    (0..25).for_each(|n| stage.call(f64::from(n), 1.0));
    let expected = 2.0 * 2.0 * 0.015 + 25.0 * 1.4e-8;
    assert_usd(usd(&stage, metric::COST_USD_STREAM), expected);
}
