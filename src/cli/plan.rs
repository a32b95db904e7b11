//! `frostline plan`: find the cheapest setting that meets the goals, print it, write files.

use std::fmt::Write;
use std::io::{IsTerminal, stderr, stdout};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::run::{failed, key};
use super::{Failed, OverrideArgs, print, stopped_by_ctrl_c, tell, warn};
use crate::config::Draft;
use crate::experiment::{Claim, Failure, Journal, Reread, ScenarioCell};
use crate::plan::{self, Answer};
use crate::report;
use crate::sim::Control;

/// Exit code where no setting meets the goals.
const NOT_MET: u8 = 3;
/// Name of the journal of finished cells; another than that of a run, which may use the same
/// folder.
const JOURNAL: &str = "plan-cells.jsonl";

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
    /// Simulate every setting of [search] with all replications, to check the search; without what
    /// a plan tries between them: other schedules, numbers by function, kinds mixed by function
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
    if draft.experiment().slo.len() == usize::from(draft.bounds_failures()) && !args.quiet {
        tell("note: there is no [slo]: the cheapest setting of all wins");
    }
    let asked = draft.experiment().replications as usize;
    if asked < plan::FIRST && !args.quiet {
        tell(&format!(
            "note: a plan needs {} replications to tell settings apart: it takes these, not {asked}",
            plan::FIRST
        ));
    }
    let stem = args.file.file_stem();
    let stem = stem.unwrap_or(draft.experiment().name.as_ref());
    let dir = args.out.clone();
    let dir = dir.unwrap_or_else(|| Path::new("results").join(stem));
    let control = stopped_by_ctrl_c(|control: &Control| &control.stop)?;
    let _claim = Claim::of(&dir).map_err(failed)?;
    let (answer, no_headroom) = answer(args, &draft, &dir, &control)?;
    if answer.effort.settings == 0 {
        return Err(nothing_to_try(&args.file, &answer.left_out));
    }
    write(&dir, &answer)?;
    print(&match args.format {
        Format::Table => report::plan::text(&answer, style()),
        Format::Json => report::plan::json(&answer)?,
    })?;
    if !args.quiet {
        for (setting, doubt) in report::plan::doubts(&answer) {
            tell(&format!("warning: {setting}: {doubt}"));
        }
        if let Some(why) = no_headroom {
            tell(&format!("note: no headroom can be told: {why}"));
        }
        tell(&format!("Files: {}", dir.display()));
    }
    if answer.winner.is_some() {
        Ok(())
    } else {
        Err(Failed::NotMet(NOT_MET))
    }
}

/// Makes the plan, from the cells on that an interrupted one has left in the folder; with why no
/// headroom can be told, where it was asked for.
fn answer(
    args: &PlanArgs,
    draft: &Draft,
    dir: &Path,
    control: &Control,
) -> Result<(Answer, Option<String>), Failed> {
    let experiment = draft.experiment();
    let reread = Reread::of(experiment);
    let key = key(experiment);
    let journal: Journal<ScenarioCell> = Journal::open(&dir.join(JOURNAL), &key).map_err(failed)?;
    if !journal.is_empty() && !args.quiet {
        let cells = journal.len();
        tell(&format!(
            "Going on with {cells} cells that are done already"
        ));
    }
    let bar = progress(args.quiet);
    let told = |step: plan::Step| {
        bar.set_message(format!("{} · {} cells", step.phase, step.cells));
    };
    let options = plan::Options {
        jobs: args.jobs.map(usize::from),
        replications: experiment.replications as usize,
        exhaustive: args.exhaustive,
        journal: Some(&journal),
        progress: Some(&told),
    };
    let made = made(args, draft, &options, control);
    bar.finish_and_clear();
    if let Some(file) = reread.changed() {
        let file = file.display().to_string();
        // Cells before and after the change do not belong together.
        journal.remove().map_err(failed)?;
        return Err(Failed::BadInput(format!(
            "error: {file} changed while its requests were simulated, so there is no answer\n  \
             = help: leave the files of the workload alone during a plan, and plan again"
        )));
    }
    let answer = made.map_err(|failure| match failure {
        Failure::Interrupted { done, .. } => Failed::Interrupted(format!(
            "interrupted after {done} cells, kept in {}; the same command goes on from there",
            dir.display()
        )),
        other => failed(other),
    })?;
    journal.remove().map_err(failed)?;
    Ok(answer)
}

fn made(
    args: &PlanArgs,
    draft: &Draft,
    options: &plan::Options<'_>,
    control: &Control,
) -> Result<(Answer, Option<String>), Failure> {
    let mut answer = plan::plan(draft, options, control)?;
    if args.headroom {
        match plan::headroom(draft, &answer, options, control)? {
            Ok(headroom) => answer.headroom = headroom,
            Err(why) => return Ok((answer, Some(why))),
        }
    }
    Ok((answer, None))
}

/// Says why no setting of `[search]` may be tried.
pub(super) fn nothing_to_try(file: &Path, left_out: &[(String, String)]) -> Failed {
    let mut text = format!(
        "error: {}: [search] leaves no setting to try",
        file.display()
    );
    for (setting, why) in left_out {
        // Writing to a text cannot fail.
        let _ = write!(text, "\n  = help: {setting}: {why}");
    }
    Failed::BadInput(text)
}

/// What goes on and how many cells are done: how many there will be nobody knows before, so how
/// long it took is all that can be told of time.
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
