//! `frostline diff`: a run beside an earlier one.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Failed, print, tell};
use crate::baseline::{self, Change, Wanted};
use crate::config::nearest_name;
use crate::metric::{METRICS, MetricId};
use crate::report;

#[derive(Args)]
pub(super) struct DiffArgs {
    /// The earlier run: a folder that `run` has written, or its summary.json
    #[arg(value_name = "BEFORE")]
    before: PathBuf,
    /// The later run
    #[arg(value_name = "AFTER")]
    after: PathBuf,
    /// Compare this measure only, such as `latency_ms_p99`; may be given again
    #[arg(long = "measure", value_name = "NAME", value_parser = measure)]
    measures: Vec<MetricId>,
    /// Compare functions one by one as well, by their intervals
    #[arg(long)]
    functions: bool,
    /// Changes up to this share are not told, such as 2%
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = share)]
    tolerance: f64,
    /// What ends with exit code 3
    #[arg(long, value_enum, default_value_t = FailOn::Worse)]
    fail_on: FailOn,
    /// What is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// A measure that has become worse, or a scenario that is gone
    Worse,
    /// Any change
    Change,
    /// Nothing
    Never,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// Every measure, for programs
    Json,
    /// For a pull request
    Markdown,
    /// Every measure as a test case
    Junit,
}

fn measure(name: &str) -> Result<MetricId, String> {
    let snake = name.replace('-', "_");
    MetricId::by_name(&snake).ok_or_else(|| {
        let names = METRICS.iter().map(|metric| metric.name);
        match nearest_name(&snake, names) {
            Some(near) => format!("there is no such measure: did you mean {near}?"),
            None => "there is no such measure: the columns of summary.csv are measures".to_owned(),
        }
    })
}

fn share(text: &str) -> Result<f64, String> {
    let (number, factor) = match text.trim().strip_suffix('%') {
        Some(percent) => (percent.trim(), 0.01),
        None => (text.trim(), 1.0),
    };
    match number.parse::<f64>() {
        Ok(share) if share.is_finite() && share >= 0.0 => Ok(share * factor),
        _ => Err("expected a share, such as 2% or 0.02".to_owned()),
    }
}

pub(super) fn run(args: &DiffArgs) -> Result<(), Failed> {
    let (before, after) = match (baseline::read(&args.before), baseline::read(&args.after)) {
        (Ok(before), Ok(after)) => (before, after),
        (before, after) => {
            let wrong: Vec<String> = [before.err(), after.err()].into_iter().flatten().collect();
            return Err(Failed::BadInput(wrong.join("\n")));
        }
    };
    let wanted = Wanted {
        measures: args.measures.clone(),
        functions: args.functions,
        tolerance: args.tolerance,
    };
    let comparison = baseline::compare(&before, &after, &wanted);
    if comparison.rows.is_empty() {
        return Err(Failed::BadInput(format!(
            "error: {} and {} have no measure of a scenario in common\n  = help: scenarios are \
             told apart by their policy and swept values",
            before.path.display(),
            after.path.display()
        )));
    }
    print(&match args.format {
        Format::Table => report::diff::table(&comparison),
        Format::Json => report::diff::json(&comparison)?,
        Format::Markdown => report::diff::markdown(&comparison),
        Format::Junit => report::diff::junit(&after.experiment, &comparison, |change| match args
            .fail_on
        {
            FailOn::Worse => change.is_worse(),
            FailOn::Change => change.is_told(),
            FailOn::Never => false,
        })?,
    })?;
    let has = |is: fn(Change) -> bool| comparison.rows.iter().any(|row| is(row.change));
    let worse = has(Change::is_worse) || !comparison.vanished.is_empty();
    let changed = worse || has(Change::is_told);
    let failed = match args.fail_on {
        FailOn::Worse => worse,
        FailOn::Change => changed || !comparison.appeared.is_empty(),
        FailOn::Never => false,
    };
    if failed {
        let what = if worse { "worse" } else { "changed" };
        tell(&format!("error: {} is {what}", args.after.display()));
        return Err(Failed::NotMet(3));
    }
    Ok(())
}
