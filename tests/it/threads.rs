//! What memory buys: vCPUs, as many as a function has threads for.

use frostline::config::load_text;
use frostline::dist::Dist;
use frostline::model::Service;
use frostline::units::Span;

/// The service of a function on AWS Lambda, 1 s of CPU at one vCPU.
fn service(memory: &str, threads: u32) -> Service {
    let text = format!(
        r#"
platform = "aws-lambda"
duration = "1 h"
[[function]]
name     = "f"
memory   = "{memory}"
threads  = {threads}
service  = {{ cpu = "1 s", io = "0 s" }}
arrivals = {{ every = "1 min" }}
"#
    );
    let experiment = load_text("threads", &text).unwrap_or_else(|faults| panic!("{faults}"));
    experiment.scenarios[0].plan.functions[0].service.clone()
}

fn seconds(memory: &str, threads: u32) -> f64 {
    service(memory, threads).cpu.mean_secs()
}

#[test]
fn one_thread_uses_one_vcpu_however_much_memory_buys() {
    let second = Dist::constant(Span::from_whole_secs(1));
    for memory in ["1769 MB", "3538 MB", "10240 MB"] {
        assert_eq!(service(memory, 1).cpu, second, "{memory}");
    }
}

#[test]
fn threads_use_what_memory_buys_and_no_more() {
    // 3538 MB are two vCPUs, 10240 MB are 5.79.
    for (memory, threads, expected) in [
        ("3538 MB", 2, 0.5),
        ("3538 MB", 8, 0.5),
        ("10240 MB", 4, 0.25),
        ("10240 MB", 8, 1769.0 / 10240.0),
    ] {
        let taken = seconds(memory, threads);
        assert!(
            (taken / expected - 1.0).abs() < 1e-6,
            "{memory} {threads}: {taken}"
        );
    }
}

#[test]
fn a_platform_without_limits_takes_any_function() {
    let text = r#"
platform = "tests/fixtures/unlimited.toml"
duration = "1 h"
[[function]]
name     = "f"
memory   = "64 GB"
package  = { zip = "1 GB" }
timeout  = "2 h"
service  = "1 s"
arrivals = { every = "1 min" }
"#;
    load_text("unlimited", text).unwrap_or_else(|faults| panic!("{faults}"));
}
