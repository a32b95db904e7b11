//! `frostline validate`: the simulator against theory and measurements.

use std::io::{IsTerminal, stderr};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Failed, print};
use crate::validate::{self, Options, Progress};

#[derive(Args)]
pub(super) struct ValidateArgs {
    /// Only this group of rows, such as V9, or those whose name begins so, such as B
    group: Option<String>,
    /// Check so many rows at a time [default: one a core]; the results are the same
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// No progress bar
    #[arg(long)]
    quiet: bool,
}

pub(super) fn run(args: &ValidateArgs) -> Result<(), Failed> {
    let options = Options {
        jobs: args.jobs.map_or(0, usize::from),
        filter: args.group.clone(),
        ..Options::default()
    };
    let bar = if args.quiet || !stderr().is_terminal() {
        ProgressBar::hidden()
    } else {
        let style = ProgressStyle::with_template("{bar:32} {pos} of {len} rows · {eta} left");
        ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
    };
    let report = validate::run(&options, &|Progress { done, of }| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    if report.groups.is_empty() {
        let names: Vec<_> = validate::groups().into_iter().map(|(id, _)| id).collect();
        let typed = args.group.as_deref().unwrap_or_default();
        let text = format!("error: no group of rows begins with `{typed}`: {}", names.join(", "));
        return Err(Failed::BadInput(text));
    }
    print(&validate::table(&report))?;
    if report.passed() { Ok(()) } else { Err(Failed::NotMet(1)) }
}
