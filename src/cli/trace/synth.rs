//! `frostline trace synth azure-2019`: a folder in the shape of the release.

use std::io::{IsTerminal, stderr};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::super::{Failed, print, stopped_by_ctrl_c};
use super::info::{grouped, megabytes};
use crate::trace::Packing;
use crate::trace::synth::{
    RELEASE, Summary, SynthControl, SynthError, SynthSpec, synth_azure_2019,
};

/// How often the progress bar looks.
const LOOK: Duration = Duration::from_millis(100);

#[derive(Args)]
pub(in crate::cli) struct SynthArgs {
    /// Folder to write; it is made, or must be empty
    dir: PathBuf,
    /// Functions; the default is the release's size, as for the days
    #[arg(long, value_name = "N", default_value_t = RELEASE.0,
          value_parser = clap::value_parser!(u32).range(1..))]
    functions: u32,
    /// Days, three tables each
    #[arg(long, value_name = "D", default_value_t = RELEASE.1,
          value_parser = clap::value_parser!(u32).range(1..))]
    days: u32,
    /// Minutes of each day that are covered, from midnight on
    #[arg(long, value_name = "M", default_value_t = 1_440,
          value_parser = clap::value_parser!(u32).range(1..=1_440))]
    minutes: u32,
    /// Requests in all [default: as many a function and minute as the release has]
    #[arg(long, value_name = "TOTAL")]
    invocations: Option<u64>,
    /// Of all random numbers; the same seed and size give the same bytes
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Pack the files
    #[arg(long, value_enum)]
    compress: Option<Compress>,
    /// Replace the tables that are in the folder; other files are left alone
    #[arg(long)]
    force: bool,
    /// Make so many parts at a time [default: one a core]; the bytes are the same
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// No progress bar, only errors and what was written
    #[arg(long)]
    quiet: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Compress {
    /// gzip
    Gz,
    /// zstd: as small, packed and read faster
    Zst,
}

pub(super) fn run(args: &SynthArgs) -> Result<(), Failed> {
    let spec = SynthSpec {
        functions: args.functions,
        days: args.days,
        minutes: args.minutes,
        requests: args.invocations,
        seed: args.seed,
        packing: match args.compress {
            None => Packing::Plain,
            Some(Compress::Gz) => Packing::Gzip,
            Some(Compress::Zst) => Packing::Zstd,
        },
        force: args.force,
    };
    let control = stopped_by_ctrl_c(|control: &SynthControl| &control.stop)?;
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(args.jobs.map_or(0, usize::from))
        .build()
        .map_err(|error| Failed::Error(format!("cannot start threads: {error}")))?;
    let bar = bar(&spec, args.quiet);
    let written = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            while !bar.is_finished() {
                bar.set_position(control.done.load(Ordering::Relaxed));
                std::thread::park_timeout(LOOK);
            }
        });
        let written = threads.install(|| synth_azure_2019(&args.dir, &spec, &control));
        bar.finish_and_clear();
        watcher.thread().unpark();
        written
    });
    let Summary {
        functions,
        apps,
        requests,
        bytes,
    } = written.map_err(|error| failed(&error))?;
    print(&format!(
        "{}: {} in {}, {}, {}, {}\n",
        args.dir.display(),
        counted(functions.into(), "function"),
        counted(apps.into(), "app"),
        counted(args.days.into(), "day"),
        counted(requests, "request"),
        megabytes(bytes),
    ))
}

fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(count))
}

fn failed(error: &SynthError) -> Failed {
    match error {
        SynthError::Size(_) | SynthError::NotEmpty(_) => {
            Failed::BadInput(format!("error: {error}"))
        }
        SynthError::Io(..) => Failed::Error(error.to_string()),
        SynthError::Stopped => Failed::Interrupted(
            "stopped; days that are whole are kept; start again with --force".to_owned(),
        ),
    }
}

fn bar(spec: &SynthSpec, quiet: bool) -> ProgressBar {
    if quiet || !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(u64::from(spec.functions) * u64::from(spec.days));
    let style = ProgressStyle::with_template("{bar:32} {percent:>3} % · {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
