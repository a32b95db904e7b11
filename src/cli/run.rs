//! `frostline run`: simulate, print, write files.

use std::fs;
use std::io::{IsTerminal, stderr, stdout};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::{Failed, OverrideArgs, load_all, print, warn};
use crate::experiment::{self, Failure, Journal, Options, RequestParts, Results, Way};
use crate::model::Experiment;
use crate::observe::RowFormat;
use crate::report;
use crate::sim::Control;

/// How often the progress bar looks.
const LOOK: Duration = Duration::from_millis(100);

#[derive(Args)]
pub(super) struct RunArgs {
    /// Experiment files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Where the files go [default: results/<file stem>; with several experiments, a folder each]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    overrides: OverrideArgs,
    /// Simulate so many cells at a time [default: one a core]; the results are the same
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// What is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Also write one row a request to this file, in the order in which requests ended: CSV or
    /// Parquet, by its ending .csv or .parquet
    #[arg(long, value_name = "FILE")]
    requests: Option<PathBuf>,
    /// No progress bar and no notes, only the result and errors
    #[arg(long)]
    quiet: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// summary.json
    Json,
    /// One row a scenario and function
    Csv,
    /// The table, for a pull request or a notebook
    Markdown,
}

pub(super) fn run(args: &RunArgs) -> Result<(), Failed> {
    if args.requests.is_some() && args.files.len() > 1 {
        let text = "error: --requests takes one experiment file at a time";
        return Err(Failed::BadInput(text.to_owned()));
    }
    let rows = args.requests.as_deref().map(rows_to).transpose()?;
    let loaded = load_all(&args.files, &args.overrides.overrides())?;
    let control = control()?;
    for (file, (experiment, warnings)) in args.files.iter().zip(&loaded) {
        if !args.quiet {
            warn(warnings);
        }
        let dir = out_dir(args, file, experiment);
        let results = simulate(args, rows, experiment, &dir, &control)?;
        write_files(&results, &dir)?;
        print(&rendered(&results, args.format)?)?;
        if !args.quiet {
            say_ways(&results);
            eprintln!("Files: {}", dir.display());
        }
    }
    Ok(())
}

/// A file for rows of requests, with the format that its ending means.
type RowsTo<'a> = (&'a Path, RowFormat);

fn rows_to(path: &Path) -> Result<RowsTo<'_>, Failed> {
    let format = RowFormat::of(path).ok_or_else(|| {
        Failed::BadInput(format!(
            "error: --requests writes CSV or Parquet: end `{}` in .csv or .parquet",
            path.display()
        ))
    })?;
    Ok((path, format))
}

fn out_dir(args: &RunArgs, file: &Path, experiment: &Experiment) -> PathBuf {
    match &args.out {
        Some(dir) if args.files.len() == 1 => dir.clone(),
        Some(dir) => dir.join(&experiment.name),
        None => {
            let stem = file
                .file_stem()
                .map_or(experiment.name.as_ref(), |stem| stem);
            Path::new("results").join(stem)
        }
    }
}

/// Says which way the simulator went, where there is a choice.
fn say_ways(results: &Results) {
    let ways = &results.facts.ways;
    match &ways[..] {
        [(Way::OneFunction, _)] => {}
        [(way, _)] => eprintln!("Simulated {way}."),
        _ => {
            for (way, cells) in ways {
                eprintln!("Simulated {way} ({cells} cells).");
            }
        }
    }
}

/// A control that Ctrl-C stops; the second Ctrl-C ends the program at once.
fn control() -> Result<Arc<Control>, Failed> {
    let control = Arc::new(Control::default());
    let stopped = Arc::clone(&control);
    ctrlc::set_handler(move || {
        if stopped.stop.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .map_err(|error| Failed::Error(format!("cannot listen for Ctrl-C: {error}")))?;
    Ok(control)
}

fn simulate(
    args: &RunArgs,
    rows: Option<RowsTo<'_>>,
    experiment: &Experiment,
    dir: &Path,
    control: &Control,
) -> Result<Results, Failed> {
    let at = |path: &Path, error| Failed::Error(format!("{}: {error}", path.display()));
    fs::create_dir_all(dir).map_err(|error| at(dir, error))?;
    let key = key(experiment);
    let journal = Journal::open(&dir.join("cells.jsonl"), &key).map_err(failed)?;
    let requests = rows.map(|(path, format)| RequestParts::new(path, format, &key));
    let requests = requests.transpose().map_err(failed)?;
    if !journal.is_empty() && !args.quiet {
        eprintln!(
            "Going on with {} cells that are done already",
            journal.len()
        );
    }
    let cells = experiment.scenarios.len() * experiment.replications as usize;
    let bar = bar(experiment, args.quiet);
    let finished = AtomicUsize::new(0);
    let progress = |done: usize| {
        finished.store(done, Ordering::Relaxed);
        bar.set_message(format!("{done} of {cells} cells"));
    };
    let options = Options {
        jobs: args.jobs.map(usize::from),
        journal: Some(&journal),
        requests: requests.as_ref(),
        progress: Some(&progress),
    };
    let results = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            while !bar.is_finished() {
                // Time is told now and then within a cell, finished cells at once.
                let simulated = control.simulated.load(Ordering::Relaxed) / 1_000_000;
                let done = finished.load(Ordering::Relaxed) as f64 / cells.max(1) as f64;
                let of_cells = bar.length().unwrap_or(0) as f64 * done;
                bar.set_position(simulated.max(of_cells as u64));
                std::thread::park_timeout(LOOK);
            }
        });
        let results = experiment::run(experiment, &options, control);
        bar.finish_and_clear();
        watcher.thread().unpark();
        results
    });
    match results {
        Ok(results) => {
            if let Some(parts) = requests {
                parts.join(experiment).map_err(failed)?;
            }
            journal.remove().map_err(failed)?;
            Ok(results)
        }
        Err(failure @ Failure::Interrupted { .. }) => Err(Failed::Interrupted(format!(
            "{failure} in {}; the same command goes on from there",
            dir.display()
        ))),
        Err(failure) => Err(failed(failure)),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "`map_err` hands it over")]
fn failed(failure: Failure) -> Failed {
    match failure {
        Failure::Trace(_) => Failed::BadInput(failure.to_string()),
        _ => Failed::Error(failure.to_string()),
    }
}

/// Which experiment and which build finished cells belong to.
fn key(experiment: &Experiment) -> String {
    let build = std::env::current_exe().and_then(fs::metadata).ok();
    let age = build.and_then(|build| build.modified().ok());
    let age = age.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    experiment::fingerprint(
        experiment,
        &format!("{} {age:?}", env!("CARGO_PKG_VERSION")),
    )
}

fn bar(experiment: &Experiment, quiet: bool) -> ProgressBar {
    if quiet || !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(experiment::simulated_nanos(experiment) / 1_000_000);
    let style = ProgressStyle::with_template("{bar:32} {percent:>3} % · {msg} · {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        .with_message("starting")
}

fn write_files(results: &Results, dir: &Path) -> Result<(), Failed> {
    for (name, bytes) in report::files(results)? {
        let path = dir.join(name);
        fs::write(&path, bytes)
            .map_err(|error| Failed::Error(format!("{}: {error}", path.display())))?;
    }
    Ok(())
}

fn rendered(results: &Results, format: Format) -> Result<String, Failed> {
    Ok(match format {
        Format::Table => {
            let terminal = stdout().is_terminal();
            let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
            let style = report::table::Style {
                width: width.filter(|_| terminal).unwrap_or(120),
                color: terminal && !plain,
            };
            report::table::render(results, style)
        }
        Format::Json => report::json::render(results)?,
        Format::Csv => report::csv::render(results)?,
        Format::Markdown => report::markdown::render(results),
    })
}
