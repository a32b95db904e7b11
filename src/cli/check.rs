//! `frostline check`: validate files, say how much work they are.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, available_parallelism};
use std::time::Duration;

use clap::Args;

use super::{Failed, OverrideArgs, load_all, print, warn};
use crate::config::Draft;
use crate::experiment;
use crate::model::Experiment;
use crate::plan;
use crate::sim::Control;
use crate::units::{Span, format_span};

/// How long the speed of a file is tried out.
const TRIAL: Duration = Duration::from_millis(200);

/// How long trial runs for a plan may take.
const PLAN_TRIAL: Duration = Duration::from_secs(2);

#[derive(Args)]
pub(super) struct CheckArgs {
    /// Experiment files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    overrides: OverrideArgs,
}

pub(super) fn run(args: &CheckArgs) -> Result<(), Failed> {
    let loaded = load_all(&args.files, &args.overrides.overrides())?;
    for (file, (experiment, warnings)) in args.files.iter().zip(&loaded) {
        warn(warnings);
        let mut told = vec![sentence(experiment)];
        if !experiment.slo.is_empty() {
            let (draft, _) = Draft::load(file, &args.overrides.overrides())?;
            told.push(plan_sentence(file, &draft)?);
        }
        for sentence in told {
            print(&format!("{}: {sentence}\n", file.display()))?;
        }
    }
    Ok(())
}

/// How many settings `plan` would choose from, where trial runs tell soon enough.
fn plan_sentence(file: &Path, draft: &Draft) -> Result<String, Failed> {
    let control = Control::default();
    let (counted, waits) = mpsc::channel::<()>();
    let settings = thread::scope(|scope| {
        let stop = &control.stop;
        scope.spawn(move || {
            if waits.recv_timeout(PLAN_TRIAL) == Err(RecvTimeoutError::Timeout) {
                stop.store(true, Ordering::Relaxed);
            }
        });
        let settings = plan::count(draft, &control);
        // Nobody waits any more where it took too long.
        drop(counted);
        settings
    });
    Ok(match settings {
        Ok((0, left_out)) => return Err(super::plan::nothing_to_try(file, &left_out)),
        Ok((1, _)) => "plan has 1 setting to choose from".to_owned(),
        Ok((settings, _)) => format!("plan has {settings} settings to choose from"),
        Err(_) => "how many settings plan has to choose from, longer trial runs tell".to_owned(),
    })
}

fn sentence(experiment: &Experiment) -> String {
    let scenarios = experiment.scenarios.len();
    let replications = experiment.replications as usize;
    let cores = available_parallelism().map_or(1, usize::from);
    let functions = experiment
        .scenarios
        .first()
        .map_or(0, |s| s.plan.functions.len());
    let counted = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let work = experiment::estimate_core_time(experiment, TRIAL);
    let time = work.map_or_else(String::new, |core_time| {
        let wall =
            Span::from_secs(core_time.as_secs_f64() / cores.min(scenarios * replications) as f64);
        let wall = if wall < Span::from_whole_secs(1) {
            "less than a second".to_owned()
        } else {
            format!(
                "about {}",
                format_span(wall.round_up(Span::from_whole_secs(1)))
            )
        };
        format!(", {wall} on {}", counted(cores, "core"))
    });
    format!(
        "ok, {} × {} = {} of {}{time}",
        counted(scenarios, "scenario"),
        counted(replications, "replication"),
        counted(scenarios * replications, "cell"),
        counted(functions, "function"),
    )
}
