//! `frostline fit`: logs of real calls in, a function model, a trace and a verdict out.

use std::fs;
use std::io::{IsTerminal, stderr};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::{Failed, MOST_SEED, print, stopped_by_ctrl_c, tell};
use crate::experiment::Claim;
use crate::fit::{self, Fit, FitError, FitSpec};
use crate::logs::{LogFile, log_files};
use crate::sim::Control;
use crate::units::{Span, parse_span};

#[derive(Args)]
pub(super) struct FitArgs {
    /// Logs: files and folders, plain or packed by gzip or zstd; - is the standard input. Text
    /// exports, JSON and tables of Logs Insights are told apart by their content
    #[arg(required = true, value_name = "LOG")]
    logs: Vec<PathBuf>,
    /// Where the files go [default: fitted/<name>]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Name of the model [default: the function's, or that of the first file]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Which function, where the logs are of several: its name, a part of it, or a pattern with *
    #[arg(long, value_name = "FUNCTION")]
    function: Option<String>,
    /// Region whose prices are taken, such as eu-west-1 [default: the log's, or else a guess that
    /// is told]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Runtime, such as python3.12 [default: the log's, or else a guess that is told]
    #[arg(long, value_name = "RUNTIME")]
    runtime: Option<String>,
    /// Function timeout, such as "30 s": calls that ran so long were cut [default: the log's, or
    /// else a guess that is told]
    #[arg(long, value_name = "LENGTH", value_parser = timeout)]
    timeout: Option<Span>,
    /// Share of the log's time that is fitted before the rest is simulated for the verdict
    #[arg(long, value_name = "SHARE", default_value_t = 0.5, value_parser = share)]
    split: f64,
    /// Replications of the verdict, from 2 to 10000
    #[arg(long, value_name = "N", default_value_t = 20,
          value_parser = clap::value_parser!(u32).range(2..=10_000))]
    replications: u32,
    /// Of all random numbers
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u64).range(..=MOST_SEED))]
    seed: u64,
    /// Simulate so many replications at a time [default: one a core]; the result is the same
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// What is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// No progress bar and no notes, only the result and errors
    #[arg(long)]
    quiet: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err("expected a share between 0 and 1, such as 0.5".to_owned()),
    }
}

fn timeout(text: &str) -> Result<Span, String> {
    let length = parse_span(text).map_err(|error| error.to_string())?;
    let second = Span::from_whole_secs(1);
    let whole = length.nanos().is_multiple_of(second.nanos());
    if length < second || length > Span::from_whole_secs(900) || !whole {
        return Err("a timeout of Lambda is whole seconds, from \"1 s\" to \"900 s\"".to_owned());
    }
    Ok(length)
}

pub(super) fn run(args: &FitArgs) -> Result<(), Failed> {
    if let Some(name) = &args.name
        && let Some(fault) = fit::name_fault(name)
    {
        let name = name.escape_debug();
        return Err(Failed::BadInput(format!("error: --name {name}: {fault}")));
    }
    let logs = log_files(&args.logs).map_err(|wrong| {
        let lines: Vec<String> = wrong
            .iter()
            .map(|(path, why)| format!("error: {}: {why}", path.display()))
            .collect();
        Failed::BadInput(lines.join("\n"))
    })?;
    if logs.is_empty() {
        return Err(Failed::BadInput(
            "error: there is no file in these folders".to_owned(),
        ));
    }
    let spec = FitSpec {
        logs: logs.clone(),
        name: args.name.clone(),
        function: args.function.clone(),
        region: args.region.clone(),
        runtime: args.runtime.clone(),
        timeout: args.timeout,
        split: args.split,
        replications: args.replications,
        seed: args.seed,
        jobs: args.jobs.map(usize::from),
    };
    let control = stopped_by_ctrl_c(|control: &Control| &control.stop)?;
    let bar = bar(&logs, args.quiet);
    let read = fit::read(spec, &control, &|bytes| bar.set_position(bytes));
    bar.finish_and_clear();
    let read = read.map_err(failed)?;
    let dir = args
        .out
        .clone()
        .unwrap_or_else(|| Path::new("fitted").join(read.name()));
    let claim = Claim::of(&dir).map_err(|failure| Failed::Error(failure.to_string()))?;
    let fit = read.fit(&dir, &control).map_err(failed)?;
    let replaced = write(&fit, &dir, &logs)?;
    drop(claim);
    print(&match args.format {
        Format::Table => fit.table(),
        Format::Json => fit.json(),
    })?;
    if !args.quiet {
        if let Some(warning) = fit.many_retries() {
            tell(&format!("warning: {warning}"));
        }
        if let Some(function) = fit.unused_function() {
            tell(&format!(
                "warning: no line says which function it is of: --function {function} chooses \
                 nothing (--name names the model)"
            ));
        }
        if let Some(warning) = fit.several_runtimes() {
            tell(&format!("warning: {warning}"));
        }
        for kept in &replaced.kept {
            tell(&format!("What was there before is now {}", kept.display()));
        }
        if replaced.any {
            tell("Files of an earlier fit were replaced");
        }
        tell(&format!("Files: {}", dir.display()));
        if fit.trace_name().is_some() {
            tell(&format!(
                "Run it: frostline run {}",
                dir.join("experiment.toml").display()
            ));
        }
    }
    Ok(())
}

/// What was there before.
struct Replaced {
    /// Whether anything was.
    any: bool,
    /// Names that TOML files have now, which a person may have edited.
    kept: Vec<PathBuf>,
}

/// Writes all files; each gets its name when all are there.
fn write(fit: &Fit, dir: &Path, logs: &[LogFile]) -> Result<Replaced, Failed> {
    let at =
        |path: &Path, error: &std::io::Error| Failed::Error(format!("{}: {error}", path.display()));
    let texts = fit.files();
    let trace = fit.trace_name();
    let mut targets: Vec<PathBuf> = texts.iter().map(|(name, _)| dir.join(name)).collect();
    targets.extend(trace.iter().map(|name| dir.join(name)));
    for target in &targets {
        let real = target.canonicalize().ok();
        if real.is_some() && logs.iter().any(|log| log.path.canonicalize().ok() == real) {
            return Err(Failed::BadInput(format!(
                "error: `{}` would be written, but it is one of the logs: choose another --out",
                target.display()
            )));
        }
    }
    let any = targets.iter().any(|target| target.exists());
    let schema = dir.join("schema");
    fs::create_dir_all(&schema).map_err(|error| at(&schema, &error))?;
    let unfinished = |path: &Path| {
        let mut name = path.as_os_str().to_owned();
        name.push(".unfinished");
        PathBuf::from(name)
    };
    let put = || {
        for (name, text) in &texts {
            let path = unfinished(&dir.join(name));
            fs::write(&path, text).map_err(|error| at(&path, &error))?;
        }
        if let Some(name) = &trace {
            let path = unfinished(&dir.join(name));
            fit.write_trace(&path).map_err(|error| at(&path, &error))?;
        }
        Ok(())
    };
    if let Err(error) = put() {
        for target in &targets {
            // It is the first error that is told.
            let _ = fs::remove_file(unfinished(target));
        }
        return Err(error);
    }
    let mut kept = Vec::new();
    for (name, text) in &texts {
        let target = dir.join(name);
        if let Some(aside) = aside(&target, text) {
            fs::rename(&target, &aside).map_err(|error| at(&aside, &error))?;
            kept.push(aside);
        }
    }
    for target in &targets {
        fs::rename(unfinished(target), target).map_err(|error| at(target, &error))?;
    }
    Ok(Replaced { any, kept })
}

/// Another name for a TOML file that is not what is to be written, the first that is free.
fn aside(target: &Path, text: &str) -> Option<PathBuf> {
    let is_toml = target.extension().is_some_and(|end| end == "toml");
    let before = fs::read(target).ok().filter(|_| is_toml)?;
    let free = |number: u32| {
        let name = target.with_extension(format!("{number}.toml"));
        (!name.exists()).then_some(name)
    };
    if before == text.as_bytes() {
        return None;
    }
    (1..).find_map(free)
}

fn failed(error: FitError) -> Failed {
    match error {
        FitError::Logs(text) => Failed::BadInput(text),
        FitError::Stopped => Failed::Interrupted("stopped; nothing was written".to_owned()),
        other => Failed::Error(other.to_string()),
    }
}

/// Of the bytes to read, as far as they are known: archives hold more than they take.
fn bar(logs: &[LogFile], quiet: bool) -> ProgressBar {
    if quiet || !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let known = logs.iter().filter_map(|log| fs::metadata(&log.path).ok());
    let bar = ProgressBar::new(known.map(|file| file.len()).sum());
    let style = ProgressStyle::with_template("reading {bytes} ({bytes_per_sec})");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
