//! The command line: one file a subcommand, no logic of its own.
//!
//! stdout carries the result alone; progress, warnings and errors go to stderr.

mod check;
mod diff;
mod fit;
pub mod models;
mod plan;
mod run;
pub mod schema;
mod trace;
mod validate;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, Parser, Subcommand};

use crate::config::{self, Diagnostics, Overrides};
use crate::model::Experiment;

/// Simulates serverless (FaaS) platforms request by request and compares cold-start remedies.
#[derive(Parser)]
#[command(name = "frostline", version, about, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 ok, 1 failed, 2 bad input, 3 an SLO or assertion not met, \
                        130 interrupted."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Simulate: a table on the terminal, files under results/<file stem>/
    Run(run::RunArgs),
    /// Validate experiment files only: how many cells, how long they will take
    Check(check::CheckArgs),
    /// Find the cheapest setting that meets the goals of [slo]
    Plan(plan::PlanArgs),
    /// Compare the results of two runs: what has changed, and what is noise
    Diff(diff::DiffArgs),
    /// Make a function model, a trace and a verdict out of logs of real calls
    Fit(fit::FitArgs),
    /// List and show the platforms, functions and prices that come with frostline
    Models {
        #[command(subcommand)]
        command: ModelsCommand,
    },
    /// Print the JSON Schema of the files
    Schema {
        /// Which file: experiment, platform, function or prices
        #[arg(default_value = "experiment")]
        kind: String,
    },
    /// Look at recorded requests, or write synthetic ones
    Trace {
        #[command(subcommand)]
        command: trace::TraceCommand,
    },
    /// Hold the simulator against closed forms and published tables
    Validate(validate::ValidateArgs),
}

#[derive(Subcommand)]
enum ModelsCommand {
    /// List the models, each with its description
    List {
        /// Only platforms, functions or prices
        kind: Option<String>,
    },
    /// Print the file of a model; its comments are the sources of its numbers
    Show {
        /// Name of the model, such as aws-lambda
        name: String,
    },
}

/// Largest seed: TOML has no larger numbers.
const MOST_SEED: u64 = i64::MAX as u64;

/// How an experiment file is changed from the command line.
#[derive(Args, Clone)]
struct OverrideArgs {
    /// Set a key of the file, such as function.checkout.memory="2 GB"; may be given again
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_and_value)]
    set: Vec<(String, String)>,
    /// Use this seed instead of the file's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=MOST_SEED))]
    seed: Option<u64>,
    /// Run so many replications instead of the file's number
    #[arg(long, value_name = "N")]
    replications: Option<u32>,
}

impl OverrideArgs {
    fn overrides(&self) -> Overrides {
        Overrides {
            set: self.set.clone(),
            seed: self.seed,
            replications: self.replications,
        }
    }
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("expected KEY=VALUE, such as duration=\"1 day\"".to_owned()),
    }
}

/// Why a command ends without success.
enum Failed {
    /// Files or arguments are wrong; what is wrong, in full.
    BadInput(String),
    /// Something went wrong on the way.
    Error(String),
    /// A check did not hold; what there is to say is on stdout.
    NotMet(u8),
    /// Ctrl-C; how to go on.
    Interrupted(String),
}

impl From<Diagnostics> for Failed {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::BadInput(diagnostics.to_string())
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Error(error.to_string())
    }
}

/// Runs the program on the process's arguments.
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Plan(args) => plan::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Fit(args) => fit::run(&args),
        Command::Models {
            command: ModelsCommand::List { kind },
        } => models::list(kind.as_deref())
            .map_err(Failed::BadInput)
            .and_then(|text| print(&text)),
        Command::Models {
            command: ModelsCommand::Show { name },
        } => models::show(&name)
            .map_err(Failed::BadInput)
            .and_then(print),
        Command::Schema { kind } => schema::schema(Some(&kind))
            .map_err(Failed::BadInput)
            .and_then(|text| print(&text)),
        Command::Trace { command } => trace::run(&command),
        Command::Validate(args) => validate::run(&args),
    };
    let (code, text) = match result {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failed::BadInput(text)) => (2, text),
        Err(Failed::Error(text)) => (1, format!("error: {text}")),
        Err(Failed::NotMet(code)) => (code, String::new()),
        Err(Failed::Interrupted(text)) => (130, text),
    };
    if !text.is_empty() {
        tell(&text);
    }
    ExitCode::from(code)
}

/// A control that Ctrl-C stops; the second Ctrl-C ends the program at once.
fn stopped_by_ctrl_c<C: Default + Send + Sync + 'static>(
    stop: fn(&C) -> &AtomicBool,
) -> Result<Arc<C>, Failed> {
    let control = Arc::new(C::default());
    let stopped = Arc::clone(&control);
    ctrlc::set_handler(move || {
        if stop(&stopped).swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .map_err(|error| Failed::Error(format!("cannot listen for Ctrl-C: {error}")))?;
    Ok(control)
}

/// Writes a result to stdout. A reader that has gone away, such as `head`, is no error.
fn print(text: &str) -> Result<(), Failed> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Says something on stderr. Where nobody can hear it there is nothing left to do.
fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "{}", text.trim_end());
}

/// An experiment with what is doubtful about its file.
type Loaded = (Experiment, Diagnostics);

/// Loads every file, or says all that is wrong with any of them.
fn load_all(files: &[PathBuf], overrides: &Overrides) -> Result<Vec<Loaded>, Failed> {
    let mut loaded = Vec::new();
    let mut wrong = Vec::new();
    for file in files {
        match config::load_with_warnings(file, overrides) {
            Ok(experiment) => loaded.push(experiment),
            Err(diagnostics) => wrong.push(diagnostics.to_string()),
        }
    }
    if wrong.is_empty() {
        Ok(loaded)
    } else {
        Err(Failed::BadInput(wrong.join("\n")))
    }
}

/// Says what is doubtful, if anything is.
fn warn(warnings: &Diagnostics) {
    let text = warnings.to_string();
    if !text.trim().is_empty() {
        tell(&text);
    }
}
