//! `frostline validate`: the simulator against theory and measurements.

use clap::Args;

use super::Failed;

#[derive(Args)]
pub(super) struct ValidateArgs {
    /// Only rows whose name begins with this, such as V9
    filter: Option<String>,
    /// Check so many rows at a time [default: one a core]; the results are the same
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
}

pub(super) fn run(_args: &ValidateArgs) -> Result<(), Failed> {
    Err(Failed::Error("not joined yet".to_owned()))
}
