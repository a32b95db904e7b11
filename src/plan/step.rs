//! How far a plan is, for a person who waits.

use std::fmt;

/// What goes on while a plan is made.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Phase {
    /// Nothing yet.
    #[default]
    Begin,
    /// Trial runs without remedies.
    Trials {
        /// Number of the base, from 1.
        base: usize,
        /// Bases there are.
        of: usize,
    },
    /// The best setting of each chain is looked for.
    Search {
        /// Number of the chain, from 1.
        chain: usize,
        /// Chains there are.
        of: usize,
    },
    /// What lies between two settings of a chain, or needs less for some functions.
    Refinement,
    /// The best of each chain against each other.
    Race,
    /// Settings that would be cheaper, and are too close to a bound to tell.
    CloseCalls,
    /// The winner with random numbers that it was not chosen by.
    Confirmation,
    /// The second best, and what the winner costs in comparison.
    RunnerUp,
    /// How much more traffic settings bear.
    Headroom,
}

/// How far a plan is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// What goes on.
    pub phase: Phase,
    /// Cells that are done.
    pub cells: usize,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Begin => "reading",
            Self::Trials { base, of } => return write!(f, "trial runs, base {base} of {of}"),
            Self::Search { chain, of } => return write!(f, "search, chain {chain} of {of}"),
            Self::Refinement => "refinement",
            Self::Race => "race of the best",
            Self::CloseCalls => "a closer look at what is cheaper",
            Self::Confirmation => "confirmation",
            Self::RunnerUp => "runner-up",
            Self::Headroom => "headroom",
        })
    }
}
