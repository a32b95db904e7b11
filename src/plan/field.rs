//! The field of candidates: what has been simulated of each, and what that says.
//!
//! All candidates share their random numbers replication by replication, so that differences are
//! paired. Replications for the choice and for its confirmation have different numbers.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::experiment::{
    CellId, CellResult, Estimate, Failure, ScenarioCell, Standing, estimate_at, judge, run_cell,
    scenario_key,
};
use crate::metric::{COST_USD_PER_MONTH, COST_USD_TOTAL, MetricId};
use crate::model::{Experiment, Goal, Relation, Scenario, Scope};
use crate::observe::Values;
use crate::sim::{Control, RunError};
use crate::stats::intervals::mean_interval;

use super::Options;
use super::setting::{Setting, is_about};
use super::step::{Phase, Step};

/// Number of the first replication that confirms.
const FRESH: u32 = 1 << 20;
/// Coverage of what is said in the end.
pub(super) const LEVEL: f64 = 0.95;
/// Coverage of what is decided before all replications are there: looked at more often, so wider.
const EARLY: f64 = 0.99;

/// Coverage of each look at fresh replications, and of each at more than the choice is made by.
/// With three looks at fresh ones, at n, 2n and 4n, a candidate that misses a goal passes no
/// oftener than one look at 95 % would let it. Looks of the choice come on top of those at n and
/// fewer, so there it may pass oftener: nothing is claimed from them.
const LOOK: f64 = 0.99;
/// Coverage of the last of these looks: what the two before have left of 5 %.
const LAST_LOOK: f64 = 0.97;
/// Likelihood of meeting a goal, of 1, below which no further replications are spent.
const HOPE: f64 = 0.25;
/// Replications that confirm at least: fewer may be alike by chance, where a percentile is now one
/// value and now another, and say that there is no doubt. With three to five, 7 of 1,260 winners
/// surely missed a goal that they were said to meet.
pub(super) const FEWEST_FRESH: usize = 8;
/// Times the replications that a choice is made by, at the last look.
pub(super) const LAST: usize = 4;

/// Place of a candidate.
pub(super) type CandidateId = usize;

/// What one replication of a candidate gave.
#[derive(Clone, Debug)]
struct Cell {
    values: Values,
    /// For each goal about functions, the values of those that it is about.
    of_functions: Vec<Vec<Option<f64>>>,
    /// GB-seconds of the handlers' own work.
    work_gb_s: f64,
}

/// A setting with what is known of it.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// What it is.
    pub setting: Setting,
    /// What its cells are named by in the journal; 0 where there is none.
    key: u64,
    cells: Vec<Cell>,
    fresh: Vec<Cell>,
}

/// Which replications are meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Runs {
    /// Those that the choice is made by.
    Choice,
    /// Those that confirm it.
    Fresh,
}

/// How a candidate and the goals stand to each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// Every goal is met, with the whole interval.
    Met,
    /// Too few replications to tell.
    Open,
    /// A goal is missed, with the whole interval.
    Missed,
}

/// A goal's value for one of those whom it is about.
#[derive(Clone, Debug)]
pub struct GoalValue {
    /// Place of the goal.
    pub goal: usize,
    /// Whose; `None` is all functions together.
    pub function: Option<String>,
    /// What there is.
    pub estimate: Estimate,
    /// How it stands, at the coverage that its verdict has: not always that of `estimate`.
    pub standing: Standing,
    /// How sure it is that the goal is met, of 1: by the one-sided Student t.
    pub sure: Option<f64>,
}

/// All candidates of a plan.
pub(super) struct Field<'a> {
    experiment: Experiment,
    candidates: Vec<Candidate>,
    options: &'a Options<'a>,
    threads: rayon::ThreadPool,
    control: &'a Control,
    cells: AtomicUsize,
    phase: Phase,
}

impl<'a> Field<'a> {
    pub(super) fn new(
        experiment: &Experiment,
        options: &'a Options<'a>,
        control: &'a Control,
    ) -> Result<Self, Failure> {
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(options.jobs.unwrap_or(0))
            .build()
            .map_err(|error| Failure::Threads(error.to_string()))?;
        let mut experiment = experiment.clone();
        experiment.scenarios.clear();
        // With one replication a cell would be cut into batches.
        experiment.replications = u32::MAX;
        Ok(Self {
            experiment,
            candidates: Vec::new(),
            options,
            threads,
            control,
            cells: AtomicUsize::new(0),
            phase: Phase::default(),
        })
    }

    /// Takes a candidate in; one that is there already is not taken twice.
    pub(super) fn add(&mut self, setting: Setting, mut scenario: Scenario) -> CandidateId {
        let same = |id: &CandidateId| {
            let remedies = &self.experiment.scenarios[*id].plan.remedies;
            *remedies == scenario.plan.remedies
                && self.candidates[*id].setting.bare() == setting.bare()
        };
        if let Some(known) = self.ids().find(same) {
            return known;
        }
        scenario.keep_alive_curve = false;
        scenario.claimed_concurrency = false;
        let others = std::mem::take(&mut self.experiment.scenarios);
        let key = match self.options.journal {
            Some(_) => scenario_key(&self.experiment, &scenario),
            None => 0,
        };
        self.experiment.scenarios = others;
        self.experiment.scenarios.push(scenario);
        self.candidates.push(Candidate {
            setting,
            key,
            cells: Vec::new(),
            fresh: Vec::new(),
        });
        self.candidates.len() - 1
    }

    pub(super) fn goals(&self) -> &[Goal] {
        &self.experiment.slo
    }

    /// Cells that there are so far.
    pub(super) fn cells(&self) -> usize {
        self.cells.load(Ordering::Relaxed)
    }

    /// Counts cells that were simulated elsewhere.
    pub(super) fn count(&self, cells: usize) {
        let before = self.cells.fetch_add(cells, Ordering::Relaxed);
        if let Some(progress) = self.options.progress {
            progress(Step {
                phase: self.phase,
                cells: before + cells,
            });
        }
    }

    /// Tells what goes on from here on.
    pub(super) fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.count(0);
    }

    pub(super) fn get(&self, id: CandidateId) -> &Candidate {
        &self.candidates[id]
    }

    pub(super) fn scenario(&self, id: CandidateId) -> &Scenario {
        &self.experiment.scenarios[id]
    }

    /// Every candidate.
    pub(super) fn ids(&self) -> std::ops::Range<CandidateId> {
        0..self.candidates.len()
    }

    /// Replications that there are of a candidate.
    pub(super) fn runs(&self, id: CandidateId, runs: Runs) -> usize {
        self.of(id, runs).len()
    }

    fn of(&self, id: CandidateId, runs: Runs) -> &[Cell] {
        match runs {
            Runs::Choice => &self.candidates[id].cells,
            Runs::Fresh => &self.candidates[id].fresh,
        }
    }

    /// Simulates what is missing to so many replications of each.
    pub(super) fn bring(
        &mut self,
        ids: &[CandidateId],
        replications: usize,
        runs: Runs,
    ) -> Result<(), Failure> {
        let mut work: Vec<(CandidateId, u32)> = Vec::new();
        for &id in ids {
            let first = if runs == Runs::Fresh { FRESH } else { 0 };
            let there = self.of(id, runs).len();
            let missing = (there..replications).map(|n| (id, first + n as u32));
            // Ids may come twice.
            if !work.iter().any(|(other, _)| *other == id) {
                work.extend(missing);
            }
        }
        let run = |&(id, replication): &(CandidateId, u32)| {
            let cell = self.cell(id, replication)?;
            self.count(1);
            Ok((id, cell))
        };
        let done: Vec<Result<(CandidateId, Cell), Failure>> =
            self.threads.install(|| work.par_iter().map(run).collect());
        for outcome in done {
            let (id, cell) = outcome.map_err(|failure| self.stopped(failure))?;
            let candidate = &mut self.candidates[id];
            match runs {
                Runs::Choice => candidate.cells.push(cell),
                Runs::Fresh => candidate.fresh.push(cell),
            }
        }
        Ok(())
    }

    /// A cell out of the journal, or simulated and noted there.
    fn cell(&self, id: CandidateId, replication: u32) -> Result<Cell, Failure> {
        let noted = ScenarioCell {
            scenario: self.candidates[id].key,
            replication,
        };
        let journal = self.options.journal;
        if let Some(result) = journal.and_then(|journal| journal.take(noted)) {
            return Ok(keep(&self.experiment, id, &result));
        }
        let cell = CellId {
            scenario: id as u32,
            replication,
        };
        let result = run_cell(&self.experiment, cell, self.control)?;
        if let Some(journal) = journal {
            journal.keep(noted, &result)?;
        }
        Ok(keep(&self.experiment, id, &result))
    }

    /// What was stopped by the caller is told as such.
    pub(super) fn stopped(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Run {
                error: RunError::Stopped,
                ..
            } => Failure::Interrupted {
                done: self.cells(),
                cells: self.cells(),
            },
            other => other,
        }
    }

    /// A measure of a candidate.
    pub(super) fn estimate(&self, id: CandidateId, metric: MetricId, runs: Runs) -> Estimate {
        let cells = self.of(id, runs).iter();
        let values: Vec<f64> = cells.filter_map(|cell| cell.values.get(metric)).collect();
        estimate_at(metric, &values, LEVEL)
    }

    /// Cost a month, by no more replications than a choice is made by: what got more of them to
    /// tell whether it meets the goals has no other random numbers than its rivals.
    pub(super) fn cost(&self, id: CandidateId) -> f64 {
        self.cost_of_first(id, self.most())
    }

    /// Cost a month in the first replications alone, which all have: to sort by.
    pub(super) fn early_cost(&self, id: CandidateId) -> f64 {
        self.cost_of_first(id, super::FIRST)
    }

    /// Cost a month in so many replications, from the first on; endless where there are none.
    pub(super) fn cost_of_first(&self, id: CandidateId, replications: usize) -> f64 {
        let cost = self.estimate_of_first(id, COST_USD_PER_MONTH, replications);
        cost.mean.unwrap_or(f64::INFINITY)
    }

    /// The cost a month to tell, with the replications that rivals have as well.
    pub(super) fn told_cost(&self, id: CandidateId, runs: Runs) -> Estimate {
        match runs {
            Runs::Choice => self.estimate_of_first(id, COST_USD_PER_MONTH, self.most()),
            Runs::Fresh => self.estimate(id, COST_USD_PER_MONTH, runs),
        }
    }

    fn estimate_of_first(
        &self,
        id: CandidateId,
        metric: MetricId,
        replications: usize,
    ) -> Estimate {
        let cells = self.candidates[id].cells.iter().take(replications);
        let values: Vec<f64> = cells.filter_map(|cell| cell.values.get(metric)).collect();
        estimate_at(metric, &values, LEVEL)
    }

    /// Replications that a choice is made by.
    pub(super) fn most(&self) -> usize {
        self.options.replications.max(super::FIRST)
    }

    /// Replications of the first look that confirms.
    pub(super) fn fresh(&self) -> usize {
        self.most().max(FEWEST_FRESH)
    }

    /// Cost a month of one less that of another, pair by pair: mean and interval.
    pub(super) fn dearer(
        &self,
        (one, other): (CandidateId, CandidateId),
        level: f64,
        runs: Runs,
    ) -> Estimate {
        let pairs = self.of(one, runs).iter().zip(self.of(other, runs));
        let differences: Vec<f64> = pairs
            .filter_map(|(a, b)| {
                let cost = |cell: &Cell| cell.values.get(COST_USD_PER_MONTH);
                Some(cost(a)? - cost(b)?)
            })
            .collect();
        let n = differences.len() as f64;
        Estimate {
            mean: (n > 0.0).then(|| differences.iter().sum::<f64>() / n),
            ci95: mean_interval(&differences, level).map(|i| (i.lo, i.hi)),
        }
    }

    /// GB-seconds of the handlers' own work in a replication.
    pub(super) fn work_gb_s(&self, id: CandidateId) -> f64 {
        let cells = &self.candidates[id].cells;
        let sum: f64 = cells.iter().map(|cell| cell.work_gb_s).sum();
        sum / cells.len().max(1) as f64
    }

    /// Coverage that fits a number of replications out of those that there can be.
    pub(super) fn level(&self, replications: usize) -> f64 {
        if replications >= self.options.replications {
            LEVEL
        } else {
            EARLY
        }
    }

    /// Coverage that fits a look at so many replications.
    pub(super) fn level_of(&self, count: usize, runs: Runs) -> f64 {
        match runs {
            Runs::Choice if count <= self.most() => self.level(count),
            Runs::Choice if count >= LAST * self.most() => LAST_LOOK,
            Runs::Fresh if count >= LAST * self.fresh() => LAST_LOOK,
            _ => LOOK,
        }
    }

    /// Simulates a candidate further, with all replications of the choice, twice and four times as
    /// many, until a verdict is clear or there is little hope that it is met.
    pub(super) fn bring_further(
        &mut self,
        id: CandidateId,
        verdict: impl Fn(&Self) -> Verdict,
    ) -> Result<Verdict, Failure> {
        let mut replications = self.most();
        loop {
            self.bring(&[id], replications, Runs::Choice)?;
            match verdict(self) {
                Verdict::Open if replications < LAST * self.most() && self.hope(id) >= HOPE => {
                    replications *= 2;
                }
                clear => return Ok(clear),
            }
        }
    }

    /// How a candidate and all goals stand to each other, at the coverage that fits what there is.
    pub(super) fn verdict(&self, id: CandidateId, runs: Runs) -> Verdict {
        self.verdict_on(id, runs, |_| true)
    }

    /// The same of the goals besides those on the whole cost. Of a full grid it is that of all.
    pub(super) fn served(&self, id: CandidateId) -> Verdict {
        let all = self.options.exhaustive;
        self.verdict_on(id, Runs::Choice, |goal| all || !is_on_whole_cost(goal))
    }

    /// How likely it is, of 1, that the goal that is met least surely is met; without those on the
    /// whole cost.
    pub(super) fn hope(&self, id: CandidateId) -> f64 {
        let values = self.goal_values(id, Runs::Choice).into_iter();
        let values = values.filter(|value| !is_on_whole_cost(&self.goals()[value.goal]));
        values.filter_map(|value| value.sure).fold(1.0, f64::min)
    }

    fn verdict_on(&self, id: CandidateId, runs: Runs, of: impl Fn(&Goal) -> bool) -> Verdict {
        let level = self.level_of(self.of(id, runs).len(), runs);
        let goals = 0..self.goals().len();
        let verdicts = goals
            .filter(|goal| of(&self.goals()[*goal]))
            .flat_map(|goal| {
                let subjects = self.subjects(id, goal, runs).into_iter();
                subjects.map(move |(_, values)| self.verdict_of(goal, &values, level))
            });
        verdicts.max().unwrap_or(Verdict::Met)
    }

    fn verdict_of(&self, goal: usize, values: &[f64], level: f64) -> Verdict {
        let goal = &self.goals()[goal];
        let estimate = estimate_at(goal.metric, values, level);
        let holds = |value| goal.relation.holds(value, goal.bound);
        match (judge(goal, estimate), estimate.ci95) {
            (Standing::Met, _) => Verdict::Met,
            (Standing::Missed, Some((lo, hi)))
                if goal.relation != Relation::Equal && (holds(lo) || holds(hi)) =>
            {
                Verdict::Open
            }
            (Standing::Missed | Standing::NoValue, _) => Verdict::Missed,
            (Standing::Unsure, _) => Verdict::Open,
        }
    }

    /// Whom a goal is about, each with its values by replication.
    fn subjects(
        &self,
        id: CandidateId,
        goal: usize,
        runs: Runs,
    ) -> Vec<(Option<String>, Vec<f64>)> {
        let cells = self.of(id, runs);
        let Goal { metric, scope, .. } = &self.goals()[goal];
        match scope {
            Scope::All => {
                let values = cells.iter().filter_map(|cell| cell.values.get(*metric));
                vec![(None, values.collect())]
            }
            Scope::Functions(pattern) => {
                let functions = self.scenario(id).plan.functions.iter();
                let named = functions.filter(|f| is_about(pattern, &f.name));
                let of = |place: usize| {
                    let values = cells.iter().filter_map(|c| c.of_functions[goal][place]);
                    values.collect()
                };
                named
                    .enumerate()
                    .map(|(place, function)| (Some(function.name.clone()), of(place)))
                    .collect()
            }
        }
    }

    /// Every goal's values of a candidate.
    pub(super) fn goal_values(&self, id: CandidateId, runs: Runs) -> Vec<GoalValue> {
        let level = self.level_of(self.of(id, runs).len(), runs);
        let goals = 0..self.goals().len();
        let each = goals.flat_map(|goal| {
            let subjects = self.subjects(id, goal, runs).into_iter();
            subjects.map(move |(function, values)| {
                let target = &self.goals()[goal];
                let estimate = estimate_at(target.metric, &values, LEVEL);
                GoalValue {
                    goal,
                    function,
                    estimate,
                    standing: judge(target, estimate_at(target.metric, &values, level)),
                    sure: super::sure::sure(target, &values),
                }
            })
        });
        each.collect()
    }
}

/// Whether a goal is that the whole cost is low: the cheapest setting meets it, or none does.
pub(super) fn is_on_whole_cost(goal: &Goal) -> bool {
    let whole = [COST_USD_PER_MONTH, COST_USD_TOTAL].contains(&goal.metric);
    let most = matches!(goal.relation, Relation::AtMost | Relation::Below);
    whole && most && matches!(goal.scope, Scope::All)
}

/// What of a cell is needed.
fn keep(experiment: &Experiment, id: CandidateId, result: &CellResult) -> Cell {
    let functions = &experiment.scenarios[id].plan.functions;
    let summaries = || functions.iter().zip(&result.summary.functions);
    let of_goal = |goal: &Goal| match &goal.scope {
        Scope::All => Vec::new(),
        Scope::Functions(pattern) => summaries()
            .filter(|(function, _)| is_about(pattern, &function.name))
            .map(|(_, summary)| summary.values.get(goal.metric))
            .collect(),
    };
    let work = summaries().map(|(function, summary)| {
        let get = |metric| summary.values.get(metric).unwrap_or(0.0);
        let ran = get(crate::metric::COLD_STARTS) + get(crate::metric::WARM_STARTS);
        function.memory.gb() * get(crate::metric::SERVICE_MS_MEAN) / 1e3 * ran
    });
    Cell {
        values: result.summary.values.clone(),
        of_functions: experiment.slo.iter().map(of_goal).collect(),
        work_gb_s: work.sum(),
    }
}
