//! Processor time a request and peak memory of the full simulator on one core: arrivals, service
//! times, keep-alive, limits, costs, quantiles and causes on.
//!
//! `cargo bench --bench requests` prints a table of cases, and a grid of functions and rates that shows
//! how time and memory grow; each case runs in a process of its own, so that
//! its peak memory is its own. Times depend on the machine, so each row stands beside a loop that
//! only draws the same arrivals and service times, timed in the same minute. `-- CASE REQUESTS`
//! runs one case (from 0) with so many requests, and with `apart`, `together` or `drawing` behind it
//! only that, for a profiler; `-- grid` prints the grid alone.

mod cases;
mod meter;

use std::io::Write;
use std::path::Path;
use std::process::Command;

use frostline::model::Experiment;

use cases::{CASES, Case, draw, experiment, simulate_apart, simulate_together, steady};
use meter::{peak_mb, processor_seconds};

/// Nanoseconds a request that `work` keeps the processor busy; it says how many it did.
fn nanos_a_request(work: impl FnOnce() -> u64) -> (f64, u64) {
    let began = processor_seconds();
    let requests = work();
    (
        (processor_seconds() - began) * 1e9 / requests as f64,
        requests,
    )
}

fn run_case(case: &Case, requests: f64, part: Option<&str>) {
    let experiment = experiment(case, requests);
    let time = |wanted: &str, work: fn(&Experiment) -> u64| {
        part.is_none_or(|part| part == wanted)
            .then(|| nanos_a_request(|| work(&experiment)))
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
        apart_mb,
    );
}

/// Functions and requests a second of each in the grid.
const FUNCTIONS: [u32; 6] = [1, 10, 100, 1_000, 10_000, 100_000];
const RATES: [f64; 5] = [0.01, 0.1, 1.0, 10.0, 100.0];
/// Requests of a place in the grid, and at least of each function.
const IN_GRID: (f64, f64) = (3e6, 100.0);

/// A place in the grid: nanoseconds a request, apart where there are several functions, and MB.
fn run_place(functions: u32, rate: f64) {
    let (requests, of_each) = IN_GRID;
    let experiment = experiment(
        &steady(functions, rate),
        requests.max(of_each * f64::from(functions)),
    );
    let (nanos, _) = nanos_a_request(|| simulate_apart(&experiment));
    print!("{:>11}", format!("{nanos:.0} {:.0}", peak_mb()));
}

/// How time and memory grow: with neither the rate nor, until caches overflow, the functions.
fn grid(program: &Path) {
    print!("\n{:<32}", "nanoseconds a request, peak MB");
    for rate in RATES {
        print!("{:>11}", format!("{rate}/s"));
    }
    println!(" a function");
    for functions in FUNCTIONS {
        print!("{:<32}", format!("{functions} functions"));
        let _ = std::io::stdout().flush();
        for rate in RATES {
            run(
                program,
                &["place", &functions.to_string(), &rate.to_string()],
            );
        }
        println!();
    }
}

/// Runs this program once more, for what shall have a process of its own.
fn run(program: &Path, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).status();
    assert!(status.is_ok_and(|status| status.success()), "{arguments:?}");
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let number = |place: usize| {
        arguments
            .get(place)
            .and_then(|text| text.parse::<f64>().ok())
    };
    let program = std::env::current_exe().expect("a program has a path");
    match arguments.first().map(String::as_str) {
        Some("place") => {
            let rate = number(2).expect("a rate");
            return run_place(number(1).expect("functions") as u32, rate);
        }
        Some("grid") => return grid(&program),
        Some(case) => {
            let case: usize = case.parse().expect("a case, or `grid`");
            let part = arguments.get(2).map(String::as_str);
            let case = &CASES[case];
            return run_case(case, number(1).unwrap_or(case.requests), part);
        }
        None => {}
    }
    println!(
        "{:<48} {:>10} {:>9} {:>9} {:>9} {:>8} {:>8}",
        "nanoseconds a request", "requests", "apart", "together", "drawing", "ratio", "peak MB"
    );
    for case in 0..CASES.len() {
        run(&program, &[&case.to_string()]);
    }
    grid(&program);
}
