//! Instructions a request of the hot kernels, counted by callgrind: the only figure that holds on a
//! machine that is shared. Needs `valgrind`.
//!
//! `cargo bench --bench instructions` counts, compares with `tests/bench/instructions.txt` and fails
//! where a kernel needs over a tenth more. `-- bless` writes the file anew: a commit of its own,
//! that says why. Each kernel runs with two numbers of requests, and what the second needs more is
//! divided by how many more they are, so neither setting up nor reporting counts.

mod cases;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, process};

use frostline::model::Experiment;

use cases::{CASES, draw, experiment, simulate_apart, simulate_together};

/// A name, the case, and what is done with it.
type Kernel = (&'static str, usize, fn(&Experiment) -> u64);

const KERNELS: [Kernel; 9] = [
    ("draw, 1 function", 1, draw),
    ("draw, 1,000 functions", 0, draw),
    ("simulate, 1 function", 1, simulate_together),
    ("simulate, 1 hot function", 2, simulate_together),
    ("simulate, bursts", 3, simulate_together),
    ("simulate, a quota that binds", 4, simulate_together),
    ("simulate apart, 1,000 functions", 0, simulate_apart),
    ("simulate together, 1,000 functions", 0, simulate_together),
    ("simulate apart, 100 functions", 6, simulate_apart),
];

/// Numbers of requests of the two runs.
const FEW: u64 = 100_000;
const MANY: u64 = 300_000;

/// How much more a kernel may need than its baseline.
const TOLERANCE: f64 = 1.1;

const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/instructions.txt");

/// Instructions of this program when it runs a kernel on so many requests, and how many it had.
fn count(kernel: usize, requests: u64) -> Result<(u64, u64), String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let out: PathBuf = env::temp_dir().join(format!("frostline-callgrind-{}", process::id()));
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program)
        .args(["run", &kernel.to_string(), &requests.to_string()])
        .output()
        .map_err(|error| format!("cannot run valgrind ({error}): install it"))?;
    let counted = fs::read_to_string(&out).unwrap_or_default();
    let _ = fs::remove_file(&out);
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let totals = counted
        .lines()
        .find_map(|line| line.strip_prefix("totals:"));
    totals
        .and_then(number)
        .zip(number(&String::from_utf8_lossy(&run.stdout)))
        .ok_or_else(|| String::from_utf8_lossy(&run.stderr).into_owned())
}

fn instructions_a_request(kernel: usize) -> Result<u64, String> {
    let (few, many) = (count(kernel, FEW)?, count(kernel, MANY)?);
    Ok((many.0 - few.0) / (many.1 - few.1))
}

/// Name and instructions of each kernel of the baseline.
fn baseline(path: &Path) -> BTreeMap<String, u64> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.rsplit_once(' '))
        .filter_map(|(name, count)| Some((name.trim().to_owned(), count.parse().ok()?)))
        .collect()
}

fn compare(bless: bool) -> Result<bool, String> {
    let known = baseline(Path::new(BASELINE));
    let mut new = String::new();
    let mut within = true;
    println!(
        "{:<36} {:>12} {:>12}",
        "instructions a request", "counted", "baseline"
    );
    for (kernel, (name, ..)) in KERNELS.iter().enumerate() {
        let counted = instructions_a_request(kernel)?;
        let before = known.get(*name).copied();
        let more = before.is_none_or(|before| counted as f64 > before as f64 * TOLERANCE);
        within &= !more;
        let verdict = match before {
            None => "  no baseline",
            Some(_) if more => "  more than a tenth above",
            Some(_) => "",
        };
        let before = before.map_or_else(|| "none".to_owned(), |before| before.to_string());
        println!("{name:<36} {counted:>12} {before:>12}{verdict}");
        writeln!(new, "{name:<36} {counted}").map_err(|error| error.to_string())?;
    }
    if bless {
        fs::write(BASELINE, new).map_err(|error| format!("{BASELINE}: {error}"))?;
        return Ok(true);
    }
    Ok(within)
}

fn main() -> Result<(), String> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [what, kernel, requests] = &arguments[..]
        && what == "run"
    {
        let parsed = kernel.parse().ok().zip(requests.parse().ok());
        let (kernel, requests): (usize, f64) = parsed.ok_or("expected two numbers")?;
        let (_, case, work) = KERNELS[kernel];
        println!("{}", work(&experiment(&CASES[case], requests)));
        return Ok(());
    }
    if compare(arguments.iter().any(|argument| argument == "bless"))? {
        Ok(())
    } else {
        Err("a kernel got slower; if that has to be, `-- bless` and say why".to_owned())
    }
}
