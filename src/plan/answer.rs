//! What a plan found, for those who show it.

use crate::experiment::{Estimate, Standing};
use crate::metric::MetricId;
use crate::model::{Goal, RemedyName, Scenario};
use crate::units::Span;

use super::field::{FEWEST_FRESH, GoalValue, LAST, Verdict};
use super::headroom::Headroom;
use super::setting::Setting;
use super::space::Kind;

/// What a plan found.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The file's stem.
    pub experiment: String,
    /// What it asks; empty where no question was given.
    pub question: String,
    /// Seed of every random stream.
    pub seed: u64,
    /// Replications that a choice is made by.
    pub replications: usize,
    /// Measured time of each.
    pub duration: Span,
    /// Whether arrivals are recorded ones, the same in every replication.
    pub recorded: bool,
    /// Whether there is more traffic for a while, once.
    pub surge: bool,
    /// Requests of a replication without remedies; `None` where none was simulated.
    pub requests: Option<f64>,
    /// What has to be met.
    pub goals: Vec<Goal>,
    /// Place of the goal on failures that the file does not have.
    pub besides: Option<usize>,
    /// Measures that the candidates are drawn and listed by: cost apart.
    pub measures: Vec<MetricId>,
    /// The cheapest setting that meets every goal; `None` where none does.
    pub winner: Option<Choice>,
    /// The winner as it is simulated, and as it would be deployed.
    pub deployed: Option<Scenario>,
    /// The winner with the random numbers that it was chosen by, to compare with other candidates.
    pub chosen: Option<Choice>,
    /// The cheapest of another kind, memory or architecture; where there is none, of the same.
    pub runner_up: Option<RunnerUp>,
    /// Settings that would be cheaper, or would be the answer where there is none, and of which
    /// replications do not tell whether they meet the goals; the cheapest first.
    pub close: Vec<Choice>,
    /// Whether so many seemed to meet every goal and were not confirmed that no other was tried.
    pub gave_up: bool,
    /// The dearer setting whose place the winner took by the replications that confirm it: its
    /// cost, besides its goals, is then by what it was put first by.
    pub instead_of: Option<Setting>,
    /// Where none meets every goal, the one that comes nearest.
    pub nearest: Option<Choice>,
    /// What keeps it from being cheaper.
    pub binding: Option<Binding>,
    /// Settings that cost up to twice as much and do better at the measure of a goal, by cost.
    pub more: Vec<Better>,
    /// Where there are none, the cheapest of those that cost more.
    pub more_from: Option<Better>,
    /// The platform as it is.
    pub nothing: Option<Choice>,
    /// Settings that met every goal until fresh random numbers were drawn.
    pub rejected: Vec<Choice>,
    /// The best of every kind on the winner's memory and architecture.
    pub kinds: Vec<OfKind>,
    /// Every setting that was simulated, in the order in which it was.
    pub candidates: Vec<Choice>,
    /// What was not tried, and why.
    pub left_out: Vec<(String, String)>,
    /// How much more traffic settings bear; empty where nobody asked.
    pub headroom: Vec<Headroom>,
    /// What it took.
    pub effort: Effort,
}

/// A setting with what it gives.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What it is.
    pub setting: Setting,
    /// Its kind of remedy.
    pub kind: Kind,
    /// USD a month; by the replications that chose it is that of as many as all have, whatever
    /// there are more of, so that costs compare.
    pub cost: Estimate,
    /// Every goal's value.
    pub goals: Vec<GoalValue>,
    /// One value for each of the answer's measures.
    pub measures: Vec<Estimate>,
    /// How it and all goals stand.
    pub verdict: Verdict,
    /// Replications that this is from.
    pub replications: usize,
    /// Whether they are others than those it was chosen by.
    pub fresh: bool,
    /// What is doubtful about it as it would be configured, beyond what is about the file as it is;
    /// told of the winner, its runner-up and the nearest alone.
    pub doubts: Vec<String>,
}

impl Answer {
    /// Whether to do nothing is one of the settings to choose from.
    pub fn may_do_nothing(&self) -> bool {
        let nothing = Kind::Remedy(RemedyName::None);
        self.kinds.iter().any(|of| of.kind == nothing)
    }

    /// Replications of the first look that confirms; others are at twice and four times as many.
    pub fn fresh(&self) -> usize {
        self.replications.max(FEWEST_FRESH)
    }

    /// Replications of a plan that would tell whether a choice meets the goals, if its values stay
    /// as they are: the half width of an interval falls with the root of their number, and at the
    /// last look a plan takes `LAST` times as many. `None` where that is beyond what one waits
    /// for, or where no goal is close.
    pub fn replications_to_tell(&self, choice: &Choice) -> Option<usize> {
        /// More would take days.
        const MOST: f64 = 10_000.0;
        /// The last look's interval against one of 95 %, squared: (2.170 / 1.960)².
        const WIDER: f64 = 1.226;
        let close = choice.goals.iter().filter(|v| v.standing != Standing::Met);
        let needed = close.map(|value| {
            let bound = self.goals[value.goal].bound;
            let (mean, (low, high)) = value.estimate.mean.zip(value.estimate.ci95)?;
            let half = (high - mean).max(mean - low);
            Some(WIDER * choice.replications as f64 * (half / (mean - bound)).powi(2))
        });
        let needed = needed.collect::<Option<Vec<f64>>>()?;
        let cells = needed.into_iter().fold(0.0, f64::max);
        // Those that there are did not tell.
        let there = if choice.fresh {
            self.fresh()
        } else {
            self.replications
        };
        let least = there + 1;
        (cells <= MOST).then(|| least.max((cells / LAST as f64).ceil() as usize))
    }
}

/// The second best.
#[derive(Clone, Debug)]
pub struct RunnerUp {
    /// What it is.
    pub choice: Choice,
    /// What it costs more a month, pair by pair.
    pub extra: Estimate,
    /// Whether that is within noise.
    pub tie: bool,
    /// Whether it is the same kind of remedy with the same memory and architecture.
    pub alike: bool,
}

/// A dearer setting that does better at something.
#[derive(Clone, Debug)]
pub struct Better {
    /// Place of the measure among those of the answer.
    pub place: usize,
    /// What it is.
    pub choice: Choice,
}

/// What keeps the winner from being cheaper.
#[derive(Clone, Debug)]
pub struct Binding {
    /// Places of the goals: one as a rule, several where every cheaper setting misses as many.
    pub goals: Vec<usize>,
    /// Whether [`Self::without`] surely misses one of them; else that is open.
    pub sure: bool,
    /// The cheapest setting that meets all other goals.
    pub without: Choice,
    /// What it costs less a month, pair by pair.
    pub saves: f64,
}

/// The best of one kind of remedy.
#[derive(Clone, Debug)]
pub struct OfKind {
    /// Which.
    pub kind: Kind,
    /// What was found.
    pub best: Best,
}

/// What was found of a kind.
#[derive(Clone, Debug)]
pub enum Best {
    /// Its cheapest setting that meets every goal.
    Meets(Choice),
    /// It was not pursued: it costs at least so much a month.
    Dear(f64),
    /// No setting of it that was simulated meets every goal, confirmation included; this comes
    /// near, and its verdict is by the replications that chose.
    Misses(Choice),
    /// None is allowed.
    Refused,
}

/// What a plan took.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Effort {
    /// Cells simulated, trials and confirmation included.
    pub cells: usize,
    /// Settings to choose from.
    pub settings: usize,
    /// Those of them of which at least one cell was simulated.
    pub tried: usize,
    /// Settings that were simulated besides: between two of the grid, or without any remedy.
    pub besides: usize,
    /// Cells of every setting with all replications.
    pub grid: usize,
}
