//! Reading traces: megabytes a second of opening a folder, nanoseconds an arrival of its minutes.
//!
//! `cargo bench --bench trace` writes synthetic folders beside the build and prints a table of
//! processor time on one thread; `-- DIR` opens a folder of one's own instead, on all threads.

mod meter;

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use frostline::dist::Dist;
use frostline::ids::FunctionId;
use frostline::model::{Plan, Source};
use frostline::random::Streams;
use frostline::trace::synth::{SynthControl, SynthSpec, synth_azure_2019};
use frostline::trace::{Packing, Spread, Trace, TraceSpec};
use frostline::units::{Span, Time};
use frostline::validate::lab;
use frostline::workload::{Arrivals, Workload};

use meter::{peak_mb, processor_seconds};

/// That of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let dir = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"));
    if let Some(dir) = dir {
        return own(Path::new(&dir));
    }
    let threads = rayon::ThreadPoolBuilder::new().num_threads(1);
    threads.build().expect("a thread").install(|| {
        opening();
        minutes();
    });
}

/// Opens a folder, and pulls all of its requests function by function.
#[expect(clippy::disallowed_methods, reason = "a bench times")]
fn own(dir: &Path) {
    let began = Instant::now();
    let trace = open(dir, Spread::Uniform);
    println!(
        "opened in {:.1} s ({:.1} s of processor time), counts {:.0} MB, peak {:.0} MB",
        began.elapsed().as_secs_f64(),
        processor_seconds(),
        trace.counts_bytes().unwrap_or(0) as f64 / 1e6,
        peak_mb(),
    );
    let before = processor_seconds();
    let requests = pull(&trace);
    println!(
        "{requests} arrivals, {:.1} ns each",
        (processor_seconds() - before) * 1e9 / requests as f64
    );
}

fn open(dir: &Path, spread: Spread) -> Arc<Trace> {
    let dir = dir.to_owned();
    let trace = Trace::open(&TraceSpec::Azure2019 { dir, spread });
    Arc::new(trace.unwrap_or_else(|faults| panic!("{faults:?}")))
}

/// How often a folder is opened.
const TIMES: u32 = 5;

/// Megabytes of a folder's text a second, all three tables of two days.
fn opening() {
    println!(
        "{:<40} {:>10} {:>10}",
        "opening 10,000 functions, 2 days", "MB", "MB/s"
    );
    let mut plain = 0.0;
    for packing in [Packing::Plain, Packing::Gzip, Packing::Zstd] {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-trace");
        let spec = SynthSpec {
            functions: 10_000,
            days: 2,
            packing,
            force: true,
            ..SynthSpec::release()
        };
        let written = synth_azure_2019(&dir, &spec, &SynthControl::default());
        let bytes = written.expect("a folder can be written").bytes as f64 / 1e6;
        if packing == Packing::Plain {
            plain = bytes;
        }
        let time = |dir: &Path| {
            let before = processor_seconds();
            for _ in 0..TIMES {
                black_box(open(dir, Spread::Uniform));
            }
            (processor_seconds() - before) / f64::from(TIMES)
        };
        let row = |name: &str, bytes: f64, text: f64, seconds: f64| {
            println!("{name:<40} {bytes:>10.1} {:>10.0}", text / seconds);
        };
        row(
            &format!("{packing:?}").to_lowercase(),
            bytes,
            plain,
            time(&dir),
        );
        if packing == Packing::Plain {
            let mut requests = 0.0;
            for entry in fs::read_dir(&dir).expect("a folder").flatten() {
                let name = entry.file_name();
                if name.to_string_lossy().starts_with("invocations") {
                    requests += entry.metadata().expect("a file").len() as f64 / 1e6;
                } else {
                    fs::remove_file(entry.path()).expect("a file");
                }
            }
            row(
                "plain, only requests by the minute",
                requests,
                requests,
                time(&dir),
            );
        }
        fs::remove_dir_all(&dir).expect("a folder");
    }
}

/// Nanoseconds an arrival by requests a minute, with a service time that is not drawn.
fn minutes() {
    println!(
        "\n{:<40} {:>10}",
        "arrivals, by requests a minute", "ns each"
    );
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-minutes");
    fs::create_dir_all(&dir).expect("a folder");
    for spread in [
        Spread::Uniform,
        Spread::Exponential,
        Spread::Even,
        Spread::Burst,
    ] {
        for count in [1, 2, 10, 100, 1_000, 100_000, 1_000_000] {
            // A minute in ten, and about ten million requests in all.
            let busy: u32 = (10_000_000 / count).clamp(4, 200_000);
            let rows = busy.div_ceil(144);
            let header = (1..=1_440).fold(String::new(), |header, n| format!("{header},{n}"));
            let counts = format!(",{count},0,0,0,0,0,0,0,0,0").repeat(144);
            let row = |number| format!("o,a,f{number},http{counts}\n");
            let rows = (0..rows).map(row).collect::<Vec<_>>().concat();
            let text = format!("HashOwner,HashApp,HashFunction,Trigger{header}\n{rows}");
            fs::write(dir.join("invocations.csv"), text).expect("a file can be written");
            let trace = open(&dir, spread);
            let before = processor_seconds();
            let requests = pull(&trace);
            let nanos = (processor_seconds() - before) * 1e9 / requests as f64;
            println!("{:<40} {nanos:>10.1}", format!("{spread:?}, {count}"));
        }
    }
    fs::remove_dir_all(&dir).expect("a folder");
}

/// Pulls all requests, one function after the other, and says how many there were.
fn pull(trace: &Arc<Trace>) -> u64 {
    let count = trace.functions().len() as u32;
    let service = Dist::constant(Span::from_millis(1.0));
    let function = |number| lab::bare_function(&format!("f{number}"), service.clone());
    let source = Source::Trace {
        trace: Arc::clone(trace),
        functions: (0..count).map(FunctionId).collect(),
    };
    let plan = Plan {
        platform: Arc::new(lab::bare_platform()),
        functions: (0..count).map(function).collect(),
        sources: std::iter::once(source).collect(),
        traffic: frostline::model::Traffic::default(),
        remedies: Vec::new(),
        warm_up: Span::ZERO,
        duration: trace.span().since(Time::ZERO),
    };
    let streams = Streams::new(1, 0);
    let mut requests = 0;
    for function in (0..count).map(FunctionId) {
        let workload = Workload::of_function(&plan, &streams, function);
        let mut workload = workload.unwrap_or_else(|faults| panic!("{faults:?}"));
        while let Some(arrival) = workload.next_arrival() {
            black_box(arrival);
            requests += 1;
        }
    }
    requests
}
