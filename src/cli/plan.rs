//! `frostline plan`: find the cheapest setting that meets the goals, print it, write files.

use std::fmt::Write;
use std::io::{IsTerminal, stderr, stdout};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::run::failed;
use super::{Failed, OverrideArgs, print, stopped_by_ctrl_c, tell, warn};
use crate::config::Draft;
use crate::experiment::{Claim, Failure};
use crate::plan::{self, Answer};
use crate::report;
use crate::sim::Control;

/// Exit code where no setting meets the goals.
const NOT_MET: u8 = 3;

#[derive(Args)]
pub(super) struct PlanArgs {
    /// Experiment file with [slo], and [search] where not everything is to be tried
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where the files go [default: results/<file stem>]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    overrides: OverrideArgs,
    /// Simulate so many cells at a time [default: one a core]; the answer is the same
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Also find how much more traffic the winner, its runner-up and the policies of the file bear
    #[arg(long)]
    headroom: bool,
    /// Simulate every setting with all replications, to check the search
    #[arg(long)]
    exhaustive: bool,
    /// What is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// No progress and no notes, only the answer and errors
    #[arg(long)]
    quiet: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// plan.json
    Json,
}

pub(super) fn run(args: &PlanArgs) -> Result<(), Failed> {
    let (draft, warnings) = Draft::load(&args.file, &args.overrides.overrides())?;
    if !args.quiet {
        warn(&warnings);
        if draft
            .experiment()
            .scenarios
            .iter()
            .any(|s| !s.set.is_empty())
        {
            tell("note: a plan does not use [sweep]: say in [search] what is to be tried");
        }
    }
    let control = stopped_by_ctrl_c(|control: &Control| &control.stop)?;
    let bar = progress(args.quiet);
    let told = |step: plan::Step| {
        bar.set_message(format!("{} · {} cells", step.phase, step.cells));
    };
    let options = plan::Options {
        jobs: args.jobs.map(usize::from),
        replications: draft.experiment().replications as usize,
        exhaustive: args.exhaustive,
        journal: None,
        progress: Some(&told),
    };
    let answer = answer(args, &draft, &options, &control);
    bar.finish_and_clear();
    let answer = answer?;
    if answer.effort.settings == 0 {
        return Err(nothing_to_try(&args.file, &answer));
    }
    let dir = args.out.clone().unwrap_or_else(|| {
        let stem = args.file.file_stem();
        Path::new("results").join(stem.unwrap_or(answer.experiment.as_ref()))
    });
    write(&dir, &answer)?;
    print(&match args.format {
        Format::Table => report::plan::text(&answer, style()),
        Format::Json => report::plan::json(&answer)?,
    })?;
    if !args.quiet {
        tell(&format!("Files: {}", dir.display()));
    }
    if answer.winner.is_some() {
        Ok(())
    } else {
        Err(Failed::NotMet(NOT_MET))
    }
}

fn answer(
    args: &PlanArgs,
    draft: &Draft,
    options: &plan::Options<'_>,
    control: &Control,
) -> Result<Answer, Failed> {
    let mut answer = plan::plan(draft, options, control).map_err(stopped)?;
    if args.headroom {
        let headroom = plan::headroom(draft, &answer, options, control).map_err(stopped)?;
        answer.headroom = headroom
            .map_err(|why| Failed::BadInput(format!("error: no headroom can be told: {why}")))?;
    }
    Ok(answer)
}

/// Says why no setting of `[search]` may be tried.
fn nothing_to_try(file: &Path, answer: &Answer) -> Failed {
    let mut text = format!(
        "error: {}: [search] leaves no setting to try",
        file.display()
    );
    for (setting, why) in &answer.left_out {
        // Writing to a text cannot fail.
        let _ = write!(text, "\n  = help: {setting}: {why}");
    }
    Failed::BadInput(text)
}

/// A plan keeps nothing of what was stopped.
fn stopped(failure: Failure) -> Failed {
    match failure {
        Failure::Interrupted { done, .. } => {
            Failed::Interrupted(format!("interrupted after {done} cells; no answer"))
        }
        other => failed(other),
    }
}

/// How many cells are done: how many there will be nobody knows before.
fn progress(quiet: bool) -> ProgressBar {
    if quiet || !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {msg} · {elapsed}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
    let bar = ProgressBar::new_spinner().with_style(style);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// As wide as the terminal.
fn style() -> report::table::Style {
    let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    report::table::Style {
        width: width.filter(|_| stdout().is_terminal()).unwrap_or(100),
        color: false,
    }
}

fn write(dir: &Path, answer: &Answer) -> Result<(), Failed> {
    let at =
        |path: &Path, error: std::io::Error| Failed::Error(format!("{}: {error}", path.display()));
    let _claim = Claim::of(dir).map_err(failed)?;
    // Those of an older plan must not be taken for this one's.
    for name in report::deploy::NAMES {
        let path = dir.join(name);
        if answer.deployed.is_none() && path.exists() {
            std::fs::remove_file(&path).map_err(|error| at(&path, error))?;
        }
    }
    for (name, bytes) in report::plan::files(answer)? {
        let path = dir.join(name);
        std::fs::write(&path, bytes).map_err(|error| at(&path, error))?;
    }
    Ok(())
}
