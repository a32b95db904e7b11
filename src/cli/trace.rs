//! `frostline trace`: recorded and synthetic requests.

mod info;
mod synth;

use clap::Subcommand;

use super::Failed;

#[derive(Subcommand)]
pub(super) enum TraceCommand {
    /// Say what a trace holds: functions, days, requests, what is missing or was read around
    Info(info::InfoArgs),
    /// Write a synthetic trace
    Synth {
        #[command(subcommand)]
        command: SynthCommand,
    },
}

#[derive(Subcommand)]
pub(super) enum SynthCommand {
    /// In the shape of the Azure Functions 2019 release: its schema and its published marginals
    #[command(name = "azure-2019")]
    Azure2019(synth::SynthArgs),
}

pub(super) fn run(command: &TraceCommand) -> Result<(), Failed> {
    match command {
        TraceCommand::Info(args) => info::run(args),
        TraceCommand::Synth {
            command: SynthCommand::Azure2019(args),
        } => synth::run(args),
    }
}
