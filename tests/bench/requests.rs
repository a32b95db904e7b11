//! Processor time a request and peak memory of the full simulator on one core: arrivals, service
//! times, keep-alive, limits, costs, quantiles and causes on.
//!
//! `cargo bench --bench requests` prints a table; each case runs in a process of its own, so that
//! its peak memory is its own. Times depend on the machine, so each row stands beside a loop that
//! only draws the same arrivals and service times, timed in the same minute. `-- CASE REQUESTS`
//! runs one case (from 0) with so many requests, and with `apart`, `together` or `drawing` behind it
//! only that, for a profiler.

mod cases;

use std::process::Command;

use frostline::model::Plan;

use cases::{CASES, Case, draw, plan, simulate_apart, simulate_together};

/// Requests of a case.
const REQUESTS: f64 = 1e7;

/// Nanoseconds a request that `work` keeps the processor busy; it says how many it did.
fn nanos_a_request(work: impl FnOnce() -> u64) -> (f64, u64) {
    let began = processor_nanos();
    let requests = work();
    ((processor_nanos() - began) / requests as f64, requests)
}

/// Processor time of this process so far, to 10 ms, where the system tells (Linux); else the time
/// that has passed, in which others may have had the processor.
#[expect(clippy::disallowed_methods, reason = "a bench times")]
fn processor_nanos() -> f64 {
    use std::sync::LazyLock;
    use std::time::Instant;
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in brackets may hold blanks; behind it utime is the 12th field, stime the 13th.
    let ticks = stat.rsplit_once(')').and_then(|(_, fields)| {
        let mut fields = fields.split_whitespace().skip(11);
        let mut next = || fields.next()?.parse::<f64>().ok();
        Some(next()? + next()?)
    });
    ticks.map_or_else(|| BEGAN.elapsed().as_nanos() as f64, |ticks| ticks * 1e7)
}

/// Most memory this process has held, in MB; `None` where the system does not say.
fn peak_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    let kb = line.split_whitespace().nth(1)?.parse::<f64>().ok()?;
    Some(kb / 1024.0)
}

fn run_case(case: &Case, requests: f64, part: Option<&str>) {
    let plan = plan(case, requests);
    let time = |wanted: &str, work: fn(&Plan) -> u64| {
        part.is_none_or(|part| part == wanted)
            .then(|| nanos_a_request(|| work(&plan)))
    };
    let drawing = time("drawing", draw);
    let apart = time("apart", simulate_apart);
    let apart_mb = peak_mb();
    let together = time("together", simulate_together);
    let show = |timed: Option<(f64, u64)>| timed.map_or(f64::NAN, |(nanos, _)| nanos);
    println!(
        "{:<48} {:>10} {:>9.0} {:>9.0} {:>9.0} {:>8.1} {:>8.0}",
        case.name,
        apart
            .or(together)
            .or(drawing)
            .map_or(0, |(_, requests)| requests),
        show(apart),
        show(together),
        show(drawing),
        show(apart) / show(drawing),
        apart_mb.unwrap_or(f64::NAN),
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    if let Some(case) = arguments
        .first()
        .and_then(|text| text.parse::<usize>().ok())
    {
        let requests = arguments.get(1).and_then(|text| text.parse().ok());
        let part = arguments.get(2).map(String::as_str);
        return run_case(&CASES[case], requests.unwrap_or(REQUESTS), part);
    }
    println!(
        "{:<48} {:>10} {:>9} {:>9} {:>9} {:>8} {:>8}",
        "nanoseconds a request", "requests", "apart", "together", "drawing", "ratio", "peak MB"
    );
    let program = std::env::current_exe().expect("a program has a path");
    for case in 0..CASES.len() {
        let status = Command::new(&program).arg(case.to_string()).status();
        assert!(status.is_ok_and(|status| status.success()), "case {case}");
    }
}
