//! `frostline run`: simulate, print, write files.

mod folder;
mod progress;
mod targets;

use std::fs;
use std::io::{IsTerminal, stdout};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{Failed, OverrideArgs, load_all, print, stopped_by_ctrl_c, tell, warn};
use crate::experiment::{
    self, Failure, Journal, Options, RequestParts, Reread, Results, Standing, Way,
};
use crate::model::Experiment;
use crate::observe::RowFormat;
use crate::report;
use crate::sim::Control;

use folder::Folder;
use progress::Progress;

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
    /// Simulate so many cells at a time, at most 8 a core [default: one a core]; the results are
    /// the same
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
    /// What the file asserts as test cases
    Junit,
}

pub(super) fn run(args: &RunArgs) -> Result<(), Failed> {
    if args.requests.is_some() && args.files.len() > 1 {
        let text = "error: --requests takes one experiment file at a time";
        return Err(Failed::BadInput(text.to_owned()));
    }
    let rows = args.requests.as_deref().map(rows_to).transpose()?;
    let loaded = load_all(&args.files, &args.overrides.overrides())?;
    let dirs: Vec<PathBuf> = args
        .files
        .iter()
        .zip(&loaded)
        .map(|(file, (experiment, _))| out_dir(args, file, experiment))
        .collect();
    targets::apart(&args.files, &dirs)?;
    for (loaded, dir) in loaded.iter().zip(&dirs) {
        targets::check(loaded, dir, rows.map(|(path, _)| path))?;
    }
    let control = stopped_by_ctrl_c(|control: &Control| &control.stop)?;
    let mut held = true;
    for ((experiment, warnings), dir) in loaded.iter().zip(dirs) {
        if !args.quiet {
            warn(warnings);
        }
        let folder = Folder::claim(dir)?;
        let results = simulate(args, rows, experiment, &folder, &control)?;
        print(&rendered(&results, args.format)?)?;
        held &= say_failed(&results) & say_missed(&results);
        if !args.quiet {
            say_ways(&results);
            tell(&format!("Files: {}", folder.dir().display()));
        }
    }
    if held { Ok(()) } else { Err(Failed::NotMet(3)) }
}

/// Says that no scenario meets the objectives for sure, if none does; whether one does.
fn say_missed(results: &Results) -> bool {
    let name = &results.experiment;
    match results.best_standing() {
        None | Some(Standing::Met) => return true,
        Some(Standing::Unsure) => tell(&format!(
            "error: {name}: no scenario is sure to meet [slo]: more replications would tell"
        )),
        Some(Standing::Missed | Standing::NoValue) => {
            tell(&format!("error: {name}: no scenario meets [slo]"));
        }
    }
    false
}

/// Says how many assertions do not hold, if any; whether all do.
fn say_failed(results: &Results) -> bool {
    let all = results.assertions.len();
    let judged = results.assertions.iter();
    let failed = judged.filter(|j| j.standing != Standing::Met).count();
    if failed > 0 {
        let name = &results.experiment;
        tell(&format!(
            "error: {name}: {failed} of {all} assertions do not hold"
        ));
    }
    failed == 0
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
        [(way, _)] => tell(&format!("Simulated {way}.")),
        _ => {
            for (way, cells) in ways {
                tell(&format!("Simulated {way} ({cells} cells)."));
            }
        }
    }
}

fn simulate(
    args: &RunArgs,
    rows: Option<RowsTo<'_>>,
    experiment: &Experiment,
    folder: &Folder,
    control: &Control,
) -> Result<Results, Failed> {
    let key = key(experiment);
    let reread = Reread::of(experiment);
    let journal = Journal::open(&folder.journal(), &key).map_err(failed)?;
    let requests = rows.map(|(path, format)| RequestParts::new(path, format, &key));
    let requests = requests.transpose().map_err(failed)?;
    if !journal.is_empty() && !args.quiet {
        tell(&match journal.len() {
            1 => "Going on with 1 cell that is done already".to_owned(),
            cells => format!("Going on with {cells} cells that are done already"),
        });
    }
    let progress = Progress::new(experiment, args.quiet);
    let done = |done: usize| progress.done(done);
    let options = Options {
        jobs: args.jobs.map(usize::from),
        journal: Some(&journal),
        requests: requests.as_ref(),
        progress: Some(&done),
    };
    let results = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| progress.watch(control));
        let finish = Finish {
            progress: &progress,
            watcher: watcher.thread(),
        };
        let results = experiment::run(experiment, &options, control);
        drop(finish);
        results
    });
    if let Some(file) = reread.changed() {
        // Cells before and after the change do not belong together.
        if let Some(parts) = requests {
            parts.remove().map_err(failed)?;
        }
        if folder.journal().exists() {
            journal.remove().map_err(failed)?;
        }
        return Err(Failed::BadInput(format!(
            "error: {} changed while its requests were simulated, so there is no result\n  \
             = help: leave the files of the workload alone during a run, and run it again",
            file.display()
        )));
    }
    match results {
        Ok(results) => {
            // What the work can be taken up from goes last.
            if let Some(parts) = &requests {
                parts.join(experiment).map_err(failed)?;
            }
            folder.write(&report::files(&results)?)?;
            if let Some(parts) = requests {
                parts.remove().map_err(failed)?;
            }
            journal.remove().map_err(failed)?;
            Ok(results)
        }
        Err(failure @ Failure::Interrupted { .. }) => Err(Failed::Interrupted(format!(
            "{failure} in {}; the same command goes on from there",
            folder.dir().display()
        ))),
        Err(failure) => Err(failed(failure)),
    }
}

/// Ends the progress and its watcher, even where a bug makes the run panic: the scope would wait
/// for the watcher for ever.
struct Finish<'a> {
    progress: &'a Progress,
    watcher: &'a std::thread::Thread,
}

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        self.progress.finish();
        self.watcher.unpark();
    }
}

#[expect(clippy::needless_pass_by_value, reason = "`map_err` hands it over")]
pub(super) fn failed(failure: Failure) -> Failed {
    match failure {
        Failure::Trace(_) => Failed::BadInput(failure.to_string()),
        Failure::Foreign { .. } => Failed::BadInput(format!("error: {failure}")),
        _ => Failed::Error(failure.to_string()),
    }
}

/// Which experiment and which build finished cells belong to.
pub(super) fn key(experiment: &Experiment) -> String {
    let build = std::env::current_exe().and_then(fs::metadata).ok();
    let age = build.and_then(|build| build.modified().ok());
    let age = age.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    experiment::fingerprint(
        experiment,
        &format!("{} {age:?}", env!("CARGO_PKG_VERSION")),
    )
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
        Format::Junit => report::junit::render(results)?,
    })
}
