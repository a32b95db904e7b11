//! The start path and memory from the keys of a file to what is simulated.

#![expect(
    clippy::float_cmp,
    reason = "lengths are whole milliseconds, and counts are whole"
)]

use std::fs;
use std::path::{Path, PathBuf};

use frostline::config::{Overrides, load, load_with_warnings};
use frostline::dist::Dist;
use frostline::metric::{self, MetricId};
use frostline::model::{Function, Plan};
use frostline::units::{Memory, Span};
use frostline::validate::lab;

const HEAD: &str = "platform = \"aws-lambda\"\nduration = \"6 h\"\n";

/// The plan of an experiment whose functions are called every ten seconds, cold each time.
fn plan(name: &str, text: &str) -> Plan {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("start-path");
    fs::create_dir_all(&dir).unwrap();
    let file: PathBuf = dir.join(format!("{name}.toml"));
    fs::write(&file, text).unwrap();
    let mut experiment = load(&file, &Overrides::default()).unwrap_or_else(|f| panic!("{f}"));
    experiment.scenarios.remove(0).plan
}

fn function(name: &str, keys: &str) -> Function {
    let text =
        format!("{HEAD}[[function]]\nname = \"f\"\narrivals = {{ every = \"10 s\" }}\n{keys}");
    plan(name, &text).functions[0].clone()
}

fn measure(plan: &Plan, id: MetricId) -> f64 {
    lab::simulate(plan, 1, 0, 1).values.get(id).unwrap()
}

fn millis(dist: &Dist) -> f64 {
    dist.mean_secs() * 1e3
}

/// Service is `cpu` ÷ vCPUs + `io`, and vCPUs are memory ÷ 1769 MB, at most as many as threads and
/// as the platform's 6 (docs.aws.amazon.com, configuration-memory).
#[test]
fn service_and_first_call_follow_the_cpu_share_and_threads_only_the_service() {
    for (mb, threads, vcpus) in [
        (128.0, 1, 128.0 / 1769.0),
        (1769.0, 1, 1.0),
        (3538.0, 1, 1.0),
        (3538.0, 2, 2.0),
        (3538.0, 8, 2.0),
        (10_240.0, 4, 4.0),
        (10_240.0, 8, 10_240.0 / 1769.0),
    ] {
        let text = format!(
            "{HEAD}[[function]]\nname = \"f\"\narrivals = {{ every = \"10 s\" }}\n\
             memory = \"{mb} MB\"\nthreads = {threads}\n\
             service = {{ cpu = \"400 ms\", io = \"30 ms\" }}\n\
             start = {{ sandbox = \"0 s\", fetch = \"0 s\", first-call = \"100 ms\" }}\n\
             [platform-override]\nkeep-alive = \"none\"\n"
        );
        let plan = plan(&format!("cpu-{mb}-{threads}"), &text);
        let close = |found: f64, expected: f64| (found / expected - 1.0).abs() < 1e-6;
        let service = measure(&plan, metric::SERVICE_MS_MEAN);
        assert!(
            close(service, 400.0 / vcpus + 30.0),
            "{mb} {threads}: {service}"
        );
        let first_call = measure(&plan, metric::START_MS_MEAN);
        let one_thread = vcpus.min(1.0);
        assert!(close(first_call, 100.0 / one_thread), "{mb}: {first_call}");
    }
}

#[test]
fn a_service_by_memory_is_met_where_it_was_measured_and_between() {
    let at = |memory: &str, beyond: &str| {
        let keys = format!(
            "memory = \"{memory}\"\nservice = {{ {beyond}by-memory = {{ \"512 MB\" = \"2 s\", \
             \"2 GB\" = \"500 ms\", \"128 MB\" = \"8 s\" }} }}\n"
        );
        millis(&function("by-memory", &keys).service.io)
    };
    let nearest = "beyond = \"nearest\", ";
    let found = [
        at("128 MB", ""),
        at("256 MB", ""),
        at("1 GB", ""),
        at("2 GB", ""),
    ];
    assert_eq!(found.map(f64::round), [8000.0, 4000.0, 1000.0, 500.0]);
    assert_eq!(at("4 GB", nearest).round(), 500.0);
}

#[test]
fn a_power_tuning_result_is_read_from_its_statistics_or_its_address() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = root.join("experiments/traces/power-tuning.json");
    let text = fs::read_to_string(&file).unwrap();
    let output: serde_json::Value = serde_json::from_str(&text).unwrap();
    let address = output["stateMachine"]["visualization"].as_str().unwrap();
    for source in [file.to_str().unwrap(), address] {
        let keys = format!("memory = \"1 GB\"\nservice = {{ power-tuning = {source:?} }}\n");
        let service = function("power-tuning", &keys).service.io;
        assert!((millis(&service) - 730.0).abs() < 1e-4, "{source}");
    }
}

/// An interface for each environment until 2019-09, one for all since (docs.aws.amazon.com,
/// configuration-vpc).
#[test]
fn a_private_network_costs_ten_seconds_until_september_2019_and_nothing_since() {
    let network = |date: &str, vpc: bool| {
        let text = format!(
            "date = \"{date}\"\n{HEAD}[[function]]\nname = \"f\"\nservice = \"1 ms\"\n\
             arrivals = {{ every = \"10 s\" }}\nvpc = {vpc}\n"
        );
        plan("vpc", &text).functions[0].start.network.clone()
    };
    assert_eq!(millis(&network("2019-09-02", true)), 10_000.0);
    assert_eq!(millis(&network("2019-09-03", true)), 0.0);
    assert_eq!(millis(&network("2018-01-01", false)), 0.0);
    let now = function("vpc-now", "service = \"1 ms\"\nvpc = true\n");
    assert!(now.start.network.is_zero());
}

#[test]
fn a_layer_that_more_functions_share_is_more_often_on_the_host() {
    let mut text = format!("{HEAD}[platform-override]\nstart.layer-cached = 0.2\n");
    for name in ["a", "b", "c"] {
        let own = if name == "c" { "alone" } else { "shared" };
        let table = format!(
            "[[function]]\nname = \"{name}\"\nservice = \"1 ms\"\n\
             arrivals = {{ every = \"10 s\" }}\n\
             layers = [{{ name = \"{own}\", size = \"40 MB\" }}]\n"
        );
        text.push_str(&table);
    }
    let plan = plan("layers", &text);
    for (function, cached) in plan.functions.iter().zip([0.36, 0.36, 0.2]) {
        let layer = function.start.layers[0];
        assert!((layer.cached - cached).abs() < 1e-12, "{layer:?}");
        // 40 of 80 MB a second.
        assert_eq!(layer.fetch, Span::from_millis(500.0));
    }
}

/// ATC 2023: 6.5 % of an image in chunks of 512 KiB.
#[test]
fn an_image_reads_its_share_in_chunks_and_a_fetch_of_ones_own_wins() {
    let keys = "service = \"1 ms\"\npackage = { image = \"400 MB\" }\n";
    let image = function("image", keys).start.image.unwrap();
    assert_eq!((image.chunks, image.parallel), (52, 1));
    let hits: Vec<f64> = image.levels.iter().map(|level| level.hit).collect();
    assert!((hits.iter().sum::<f64>() - 1.0).abs() < 1e-9 && hits.len() == 3);
    let own = function("own-fetch", &format!("{keys}start.fetch = \"2 s\"\n"));
    assert!(own.start.image.is_none() && millis(&own.start.fetch) == 2000.0);
}

#[test]
fn a_download_is_latency_and_size_by_bandwidth_in_init() {
    let keys = "service = \"1 ms\"\nstart.download = { size = \"180 MB\", \
                bandwidth = \"90 MB / s\", latency = { uniform = { min = \"20 ms\", \
                max = \"40 ms\" } } }\nstart.extensions = \"120 ms\"\n";
    let start = function("download", keys).start;
    assert!((millis(&start.download) - 2030.0).abs() < 1e-6);
    assert_eq!(millis(&start.extensions), 120.0);
}

/// The duration ends when runtime and all extensions are done (docs.aws.amazon.com,
/// lambda-runtime-environment).
#[test]
fn what_extensions_do_after_the_handler_lengthens_every_run_and_the_bill() {
    let run = |overhead: &str| {
        let text = format!(
            "{HEAD}[[function]]\nname = \"f\"\narrivals = {{ every = \"10 s\" }}\n\
             service = {{ cpu = \"0 s\", io = \"80 ms\" }}\nmemory = \"1 GB\"\n{overhead}"
        );
        let plan = plan("extensions", &text);
        let service = measure(&plan, metric::SERVICE_MS_MEAN);
        (service, measure(&plan, metric::COST_USD_DURATION))
    };
    let (without, cheap) = run("");
    let (with, dear) = run("extension-overhead = \"20 ms\"\n");
    assert!((without - 80.0).abs() < 1e-6 && (with - 100.0).abs() < 1e-6);
    assert!((dear / cheap - 1.25).abs() < 0.01, "{cheap} {dear}");
}

#[test]
fn the_second_try_of_a_long_init_is_in_the_bill_of_every_era() {
    let cost = |date: &str, init: &str| {
        let text = format!(
            "date = \"{date}\"\n{HEAD}[platform-override]\nkeep-alive = \"none\"\n\
             prices = \"aws-lambda/us-east-1\"\n[[function]]\nname = \"f\"\nservice = \"1 s\"\n\
             memory = \"1 GB\"\nruntime = \"java21\"\narrivals = {{ every = \"10 s\" }}\n\
             start.init = \"{init}\"\ntimeout = \"60 s\"\n"
        );
        let plan = plan("eras", &text);
        let run = lab::simulate(&plan, 1, 0, 1);
        let of = |id| run.values.get(id).unwrap();
        // Seconds a request that ended, at a price by the GB-second.
        of(metric::COST_USD_DURATION) / (of(metric::COMPLETED) * 1.666_67e-5)
    };
    let close = |found: f64, expected: f64| (found / expected - 1.0).abs() < 0.01;
    for (date, init_9, init_12) in [("2025-07-31", 1.0, 13.0), ("2025-08-01", 10.0, 23.0)] {
        let found = [cost(date, "9 s"), cost(date, "12 s")];
        assert!(
            close(found[0], init_9) && close(found[1], init_12),
            "{date}: {found:?}"
        );
    }
}

#[test]
fn a_working_set_above_the_memory_fails_its_share_of_requests() {
    let failed = |memory: &str| {
        let text = format!(
            "{HEAD}[[function]]\nname = \"f\"\narrivals = {{ every = \"2 s\" }}\n\
             service = \"1 s\"\nmemory = \"{memory}\"\n\
             working-set = {{ base = \"100 MB\", peak = {{ uniform = {{ min = \"200 MB\", \
             max = \"400 MB\" }} }} }}\n"
        );
        let run = lab::simulate(&plan("working-set", &text), 1, 0, 1);
        let of = |id| run.values.get(id).unwrap();
        assert_eq!(of(metric::OUT_OF_MEMORY), of(metric::FAILED));
        of(metric::OUT_OF_MEMORY) / of(metric::REQUESTS)
    };
    assert_eq!(failed("400 MB"), 0.0);
    assert!((failed("250 MB") - 0.75).abs() < 0.02);
    assert_eq!(failed("128 MB"), 1.0);
    let plain = function("plain-set", "service = \"1 s\"\nworking-set = \"300 MB\"\n");
    let need = plain.working_set.unwrap();
    assert!(need.may_outgrow(Memory::from_mb(299.0)) && !need.may_outgrow(Memory::from_mb(300.0)));
}

#[test]
fn a_start_that_cannot_be_meant_is_told() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("start-path");
    fs::create_dir_all(&dir).unwrap();
    let file = dir.join("doubtful.toml");
    let text = format!(
        "{HEAD}[[function]]\nname = \"f\"\narrivals = {{ every = \"10 s\" }}\nservice = \"1 ms\"\n\
         memory = \"256 MB\"\nstart = {{ runtime = \"2 s\", init = \"9 s\" }}\n\
         working-set = {{ base = \"300 MB\" }}\n"
    );
    fs::write(&file, text).unwrap();
    let (_, warnings) = load_with_warnings(&file, &Overrides::default()).unwrap();
    let told = warnings.to_string();
    for part in [
        "init takes 11 s on average",
        "after 10 s",
        "256 MB init runs out of memory",
    ] {
        assert!(told.contains(part), "{told}");
    }
}
