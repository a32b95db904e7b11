//! Processor time a request and peak memory of the full simulator on one core: arrivals, service
//! times, keep-alive, limits, costs, quantiles and causes on.
//!
//! `cargo bench --bench requests` prints a table of cases, and a grid of functions and rates that
//! shows how time and memory grow; each place and each part of a case runs in a process of its own,
//! so that its memory is its own. Times depend on the machine, so each row stands beside a loop that
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

/// A name, and what is done with a case.
type Part = (&'static str, fn(&Experiment) -> u64);

/// What a case is made of: drawing alone, simulated apart, simulated together.
const PARTS: [Part; 3] = [
    ("drawing", draw),
    ("apart", simulate_apart),
    ("together", simulate_together),
];

/// One part of a case: nanoseconds a request, requests, MB.
fn run_part(case: &Case, requests: f64, part: &str) {
    let (_, work) = PARTS
        .iter()
        .find(|(name, _)| *name == part)
        .expect("a part");
    let experiment = experiment(case, requests);
    let (nanos, requests) = nanos_a_request(|| work(&experiment));
    println!("{nanos} {requests} {}", peak_mb());
}

/// Each part in a process of its own, so that none finds the memory that another has left.
fn run_case(program: &Path, case: usize, requests: f64) {
    let of_part = |(part, _): Part| -> [f64; 3] {
        let arguments = [&case.to_string(), &requests.to_string(), part];
        let output = Command::new(program).args(arguments).output();
        let output = output.expect("this program runs");
        let text = String::from_utf8_lossy(&output.stdout);
        let numbers: Vec<f64> = text
            .split_whitespace()
            .filter_map(|n| n.parse().ok())
            .collect();
        numbers
            .try_into()
            .unwrap_or_else(|_| panic!("{part}: {output:?}"))
    };
    let [drawing, apart, together] = PARTS.map(of_part);
    println!(
        "{:<48} {:>10} {:>9.0} {:>9.0} {:>9.0} {:>8.1} {:>8.0}",
        CASES[case].name,
        apart[1],
        apart[0],
        together[0],
        drawing[0],
        apart[0] / drawing[0],
        apart[2],
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
            let place: usize = case.parse().expect("a case, or `grid`");
            let case = &CASES[place];
            let requests = number(1).unwrap_or(case.requests);
            return match arguments.get(2) {
                Some(part) => run_part(case, requests, part),
                None => run_case(&program, place, requests),
            };
        }
        None => {}
    }
    println!(
        "{:<48} {:>10} {:>9} {:>9} {:>9} {:>8} {:>8}",
        "nanoseconds a request", "requests", "apart", "together", "drawing", "ratio", "peak MB"
    );
    for (place, case) in CASES.iter().enumerate() {
        run_case(&program, place, case.requests);
    }
    grid(&program);
}
