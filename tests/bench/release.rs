//! A day of the size of the Azure 2019 release, 72,359 functions and 0.9 billion requests, simulated
//! one request at a time under one keep-alive.
//!
//! `cargo bench --bench release` writes a synthetic folder beside the build, then simulates it on one
//! core and on all. `-- DAYS` takes so many days, up to the 14 of the release.

mod meter;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use frostline::config::{self, Overrides};
use frostline::experiment::{self, CellId};
use frostline::metric;
use frostline::sim::Control;
use frostline::trace::Packing;
use frostline::trace::synth::{SynthControl, SynthSpec, synth_azure_2019};

use meter::{peak_mb, processor_seconds};

/// That of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-release")
}

fn file() -> PathBuf {
    folder().with_extension("toml")
}

fn write(days: u32) {
    let spec = SynthSpec {
        days,
        packing: Packing::Zstd,
        force: true,
        ..SynthSpec::release()
    };
    let written = synth_azure_2019(&folder(), &spec, &SynthControl::default());
    written.expect("a folder can be written");
    let experiment = format!(
        "platform = \"aws-lambda\"\nduration = \"{days} days\"\nreplications = 1\n\
         platform-override = {{ concurrency-quota = \"none\", requests-per-second = \"none\", \
         scaling-rate = \"none\", keep-alive = \"10 min\", max-life = \"none\" }}\n\
         workload = {{ azure-2019 = {{ dir = \"bench-release\" }} }}\n\
         defaults = {{ model = \"python-api\" }}\n"
    );
    fs::write(file(), experiment).expect("a file can be written");
}

#[expect(clippy::disallowed_methods, reason = "a bench times")]
fn simulate(threads: usize) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("threads").install(|| {
        let began = Instant::now();
        let experiment = config::load(&file(), &Overrides::default());
        let experiment = experiment.unwrap_or_else(|faults| panic!("{faults:?}"));
        let read = processor_seconds();
        let cell = CellId {
            scenario: 0,
            replication: 1,
        };
        let result = experiment::run_cell(&experiment, cell, &Control::default());
        let values = result
            .expect("the run ends and the books balance")
            .summary
            .values;
        let requests = values.get(metric::REQUESTS).expect("a count");
        let busy = processor_seconds();
        println!(
            "{threads:>7} {requests:>14} {:>9.1} {:>12.1} {:>12.1} {:>9.1} {:>8.0}",
            began.elapsed().as_secs_f64(),
            busy,
            read,
            (busy - read) * 1e9 / requests,
            peak_mb(),
        );
    });
}

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"));
    let (first, second) = (arguments.next(), arguments.next());
    if let (Some("threads"), Some(threads)) = (first.as_deref(), &second) {
        return simulate(threads.parse().expect("a number"));
    }
    write(first.map_or(1, |days| days.parse().expect("a number of days")));
    println!(
        "{:>7} {:>14} {:>9} {:>12} {:>12} {:>9} {:>8}",
        "threads", "requests", "seconds", "of processor", "for reading", "ns each", "peak MB"
    );
    let program = std::env::current_exe().expect("a program has a path");
    let all = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    for threads in [1, all] {
        let status = Command::new(&program)
            .args(["threads", &threads.to_string()])
            .status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "{threads} threads"
        );
    }
    let _ = fs::remove_dir_all(folder());
    let _ = fs::remove_file(file());
}
