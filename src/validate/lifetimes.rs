//! Models of how long AWS Lambda kept idle instances in 2020: the shipped one, and those that lost.
//!
//! DECISIONS.md quotes their errors, so each can be printed again (`frostline validate D2`, `R1`).

use super::case::Fault;
use super::lab;
use super::shipped;
use crate::dist::Dist;
use crate::model::{KeepAlive, Platform};
use crate::units::Span;

/// How long instances live.
#[derive(Clone)]
pub(super) struct Lifetimes {
    pub(super) name: &'static str,
    keep_alive: KeepAlive,
    max_life: Option<Dist>,
    /// Whether it is the one that is shipped, which is held to a gate.
    pub(super) shipped: bool,
}

/// Which model of lifetimes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// What `aws-lambda` says: two clocks, maximum life as observed.
    Shipped,
    /// One clock of 600 s.
    Ten,
    /// One clock of 640 s.
    Longer,
    /// The same, with the observed maximum life.
    LongerWithLife,
    /// The same, with a maximum life that is fitted against the observation.
    LongerWithFittedLife,
}

impl Choice {
    /// Those that lost.
    pub(super) const OTHERS: [Self; 4] = [
        Self::Ten,
        Self::Longer,
        Self::LongerWithLife,
        Self::LongerWithFittedLife,
    ];

    pub(super) fn lifetimes(self) -> Result<Lifetimes, Fault> {
        let shipped = shipped::aws_lambda("simfaas-probe", "128 MB", false)?.platform;
        let one_clock = |name, seconds, max_life| Lifetimes {
            name,
            keep_alive: KeepAlive::For(lab::constant(seconds)),
            max_life,
            shipped: false,
        };
        let hours = |hours: u64| Span::from_whole_secs(hours * 3600);
        Ok(match self {
            Self::Shipped => Lifetimes {
                name: "as shipped",
                keep_alive: shipped.keep_alive,
                max_life: shipped.max_life,
                shipped: true,
            },
            Self::Ten => one_clock("600 s", 600.0, None),
            Self::Longer => one_clock("640 s", 640.0, None),
            Self::LongerWithLife => one_clock("640 s, life observed", 640.0, shipped.max_life),
            Self::LongerWithFittedLife => {
                let fitted = lab::law(Dist::uniform(hours(2), hours(6)));
                one_clock("640 s, life 2 to 6 h", 640.0, Some(fitted))
            }
        })
    }
}

impl Lifetimes {
    pub(super) fn give(&self, platform: &mut Platform) {
        platform.keep_alive.clone_from(&self.keep_alive);
        platform.max_life.clone_from(&self.max_life);
    }
}
