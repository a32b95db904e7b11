//! What is told of a choice besides itself: what binds, what a little more buys, what comes near.

use crate::experiment::{Estimate, Failure, Standing};
use crate::metric::{self, MetricId};

use super::Planner;
use super::answer::{Best, Better, Binding, Choice, OfKind};
use super::field::{CandidateId, GoalValue, LEVEL, Runs, Verdict};
use super::search::Found;
use super::space::Kind;
use super::step::Phase;

impl Planner<'_> {
    /// Simulates the next stronger settings of the winner's chain: what a little more would buy.
    pub(super) fn look_further(&mut self, winner: CandidateId) -> Result<(), Failure> {
        let Some((chain, place)) = self.place_of(winner) else {
            return Ok(());
        };
        for further in [1, 2, 4] {
            let place = place + further;
            if place < self.chains[chain].settings.len()
                && let Some(id) = self.candidate(chain, place)
            {
                self.field.bring(&[id], self.most(), Runs::Choice)?;
            }
        }
        Ok(())
    }

    /// The measures of the goals, or where there are none those that one looks at.
    pub(super) fn measures(&self) -> Vec<MetricId> {
        let mut measures: Vec<MetricId> = Vec::new();
        let typed = self.field.goals().len() - usize::from(self.draft.bounds_failures());
        let of_goals = self.field.goals()[..typed].iter().map(|goal| goal.metric);
        let usual = [metric::LATENCY_MS_P99, metric::COLD_START_RATIO];
        for measure in of_goals.chain(usual) {
            let is_cost = measure.metric().name.starts_with("cost_usd");
            if !is_cost && !measures.contains(&measure) {
                measures.push(measure);
            }
        }
        measures
    }

    pub(super) fn choice(&self, id: CandidateId, runs: Runs) -> Choice {
        let setting = &self.field.get(id).setting;
        let estimate = |metric| self.field.estimate(id, metric, runs);
        Choice {
            setting: setting.clone(),
            kind: setting.kind(),
            cost: self.field.told_cost(id, runs),
            goals: self.field.goal_values(id, runs),
            measures: self.measures().into_iter().map(estimate).collect(),
            verdict: self.field.verdict(id, runs),
            replications: self.field.runs(id, runs),
            fresh: runs == Runs::Fresh,
            doubts: Vec::new(),
        }
    }

    /// The best of each kind on a base: of all that were simulated and meet the goals the cheapest,
    /// else what its chains came to. That of the winner's kind is the winner.
    pub(super) fn kinds(&mut self, base: usize, winner: Option<CandidateId>) -> Vec<OfKind> {
        let mut kinds: Vec<OfKind> = Vec::new();
        let cost = |best: &Best| match best {
            Best::Meets(choice) => (0, choice.cost.mean.unwrap_or(f64::INFINITY)),
            Best::Dear(floor) => (1, *floor),
            Best::Misses(_) => (2, 0.0),
            Best::Refused => (3, 0.0),
        };
        // Several chains of pings are one kind.
        let mut note = |kind: Kind, best: Best| match kinds.iter_mut().find(|of| of.kind == kind) {
            Some(of) if cost(&best) < cost(&of.best) => of.best = best,
            Some(_) => {}
            None => kinds.push(OfKind { kind, best }),
        };
        for chain in 0..self.chains.len() {
            if self.chains[chain].base != base {
                continue;
            }
            let best = match self.found[chain].clone() {
                Found::Best(place) | Found::Misses(place) => {
                    let id = self.candidate(chain, place);
                    id.map_or(Best::Refused, |id| {
                        Best::Misses(self.choice(id, Runs::Choice))
                    })
                }
                Found::Dear(floor) => Best::Dear(floor),
                Found::Nothing | Found::Refused => Best::Refused,
            };
            note(self.chains[chain].kind.clone(), best);
        }
        for id in self.eligible() {
            let all = self.field.runs(id, Runs::Choice) >= self.most();
            let met = all && self.field.verdict(id, Runs::Choice) == Verdict::Met;
            if met && !self.lost.contains(&id) && self.base_of(id) == Some(base) {
                let choice = self.choice(id, Runs::Choice);
                note(choice.kind.clone(), Best::Meets(choice));
            }
        }
        if let Some(winner) = winner {
            let choice = self.choice(winner, Runs::Choice);
            let own = kinds.iter_mut().find(|of| of.kind == choice.kind);
            if let Some(own) = own {
                own.best = Best::Meets(choice);
            }
        }
        kinds
    }

    /// A choice with what is doubtful about it.
    pub(super) fn told(&self, id: CandidateId, runs: Runs) -> Choice {
        let setting = &self.field.get(id).setting;
        let base = self.base_of(id);
        let prices = base.and_then(|base| self.bases[base].prices.as_deref());
        let keys = [setting.policy_keys()];
        let policies = setting.policy.is_none().then_some(&keys[..]);
        let known = self.draft.doubts(&[], None);
        let mut doubts = self.draft.doubts(&setting.edits(prices), policies);
        doubts.retain(|doubt| !known.contains(doubt));
        Choice {
            doubts,
            ..self.choice(id, runs)
        }
    }

    /// The settings that were simulated and may be chosen: without a remedy too only where the user
    /// lets that be one.
    pub(super) fn eligible(&self) -> Vec<CandidateId> {
        let ids = (self.field.ids()).filter(|id| self.field.runs(*id, Runs::Choice) > 0);
        let is_bare = |id: &CandidateId| {
            let setting = &self.field.get(*id).setting;
            *setting == setting.bare()
        };
        ids.filter(|id| !is_bare(id) || self.place_of(*id).is_some())
            .collect()
    }

    /// The setting that comes nearest, with all replications.
    pub(super) fn find_nearest(&mut self) -> Result<Option<CandidateId>, Failure> {
        self.field.enter(Phase::RunnerUp);
        while let Some(id) = self.nearest() {
            if self.field.runs(id, Runs::Choice) >= self.most() {
                return Ok(Some(id));
            }
            self.field.bring(&[id], self.most(), Runs::Choice)?;
        }
        Ok(None)
    }

    /// Of the settings whose worst goal is missed by the least, or as good as the least, the
    /// cheapest, and of several of these the one that misses all goals together by the least: so no
    /// other costs less and does better.
    fn nearest(&self) -> Option<CandidateId> {
        /// What differs less is the same as far as replications tell.
        const NEAR: f64 = 1.02;
        let ids = self.eligible().into_iter();
        let choices: Vec<(CandidateId, Vec<f64>, f64)> = ids
            .map(|id| {
                let choice = self.choice(id, Runs::Choice);
                let cost = choice.cost.mean.unwrap_or(f64::INFINITY);
                (id, self.excesses(&choice), cost)
            })
            .collect();
        let worst = |excesses: &[f64]| excesses.iter().copied().fold(0.0, f64::max);
        let sum = |excesses: &[f64]| excesses.iter().sum::<f64>();
        let least = choices.iter().map(|(_, excesses, _)| worst(excesses));
        let least = least.fold(f64::INFINITY, f64::min);
        let near = choices.iter().filter(|(_, e, _)| worst(e) <= NEAR * least);
        let nearest = near.min_by(|(_, a, cost_of_a), (_, b, cost_of_b)| {
            let by_cost = cost_of_a.total_cmp(cost_of_b);
            by_cost.then(sum(a).total_cmp(&sum(b)))
        });
        nearest.map(|(id, _, _)| *id)
    }

    /// By how many times its bound the worst goal is missed.
    pub(super) fn excess(&self, choice: &Choice) -> f64 {
        self.excesses(choice).into_iter().fold(0.0, f64::max)
    }

    /// By how many times its bound each goal is missed, by how much where the bound is 0; 0 where
    /// it is not missed by the mean.
    fn excesses(&self, choice: &Choice) -> Vec<f64> {
        let of = |value: &GoalValue| {
            let goal = &self.field.goals()[value.goal];
            match value.estimate.mean {
                Some(mean) if goal.relation.holds(mean, goal.bound) => 0.0,
                Some(mean) if goal.bound == 0.0 => mean.abs(),
                Some(mean) => ((mean - goal.bound) / goal.bound).abs(),
                None => f64::INFINITY,
            }
        };
        choice.goals.iter().map(of).collect()
    }

    /// Simulates with all replications what tells which goal binds: a first look is too short.
    pub(super) fn be_sure_what_binds(&mut self, winner: CandidateId) -> Result<(), Failure> {
        while let Some(id) = self.what_binds(winner).map(|(id, _)| id)
            && self.field.runs(id, Runs::Choice) < self.most()
        {
            self.field.bring(&[id], self.most(), Runs::Choice)?;
        }
        Ok(())
    }

    pub(super) fn binding(&self, winner: CandidateId) -> Option<Binding> {
        self.what_binds(winner).map(|(_, binding)| binding)
    }

    /// The goals that the cheaper settings miss: of those that surely miss some the one that misses
    /// fewest, and of these the cheapest, tells. Where none surely does, those are told of which it
    /// is not sure.
    fn what_binds(&self, winner: CandidateId) -> Option<(CandidateId, Binding)> {
        let cheaper = self.eligible().into_iter().filter_map(|id| {
            let more = self.field.dearer((winner, id), LEVEL, Runs::Choice);
            let saves = more.mean.filter(|saves| *saves > 0.0)?;
            let choice = self.choice(id, Runs::Choice);
            let missed = choice.goals.iter().filter(|v| v.standing != Standing::Met);
            let mut goals: Vec<usize> = missed.map(|value| value.goal).collect();
            goals.dedup();
            let binding = Binding {
                goals,
                sure: choice.verdict == Verdict::Missed,
                without: choice,
                saves,
            };
            (!binding.goals.is_empty()).then_some((id, binding))
        });
        cheaper.min_by(|(_, a), (_, b)| {
            let surer = b.sure.cmp(&a.sure);
            let fewer = surer.then(a.goals.len().cmp(&b.goals.len()));
            fewer.then(b.saves.total_cmp(&a.saves))
        })
    }

    /// Settings that cost up to twice what the winner does and do better at the measure of a goal
    /// than all that cost less; where there are none, the cheapest beyond that does.
    pub(super) fn more(&self, winner: CandidateId) -> (Vec<Better>, Option<Better>) {
        /// Settings of which there are more are no help.
        const MOST: usize = 4;
        /// What costs more than so many times the winner is no "little".
        const LITTLE: f64 = 2.0;
        let own = self.choice(winner, Runs::Choice);
        let places = self.places_of_goals(winner);
        let cost = |choice: &Choice| choice.cost.mean.unwrap_or(f64::INFINITY);
        let mut dearer: Vec<Choice> = (self.eligible().into_iter())
            .map(|id| self.choice(id, Runs::Choice))
            .filter(|choice| cost(choice) > cost(&own) && choice.verdict == Verdict::Met)
            .collect();
        dearer.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
        let mut best: Vec<Estimate> = own.measures.clone();
        let mut all = Vec::new();
        for choice in dearer {
            let better = |place: &usize| {
                let place = *place;
                is_better(self.measures()[place], choice.measures[place], best[place])
            };
            if let Some(place) = places.iter().copied().find(|place| better(place)) {
                best[place] = choice.measures[place];
                all.push(Better { place, choice });
            }
        }
        let beyond = all
            .iter()
            .position(|b| cost(&b.choice) > LITTLE * cost(&own));
        let mut further = all.split_off(beyond.unwrap_or(all.len())).into_iter();
        all.truncate(MOST);
        let next = further.next().filter(|_| all.is_empty());
        (all, next)
    }

    /// Places of the goals' measures, that of the binding goal first; where there are none, the
    /// first measure's.
    fn places_of_goals(&self, winner: CandidateId) -> Vec<usize> {
        let measures = self.measures();
        let goals = self.field.goals();
        let binding = self.binding(winner);
        let binding = binding.map(|binding| goals[binding.goals[0]].metric);
        let of_goals = goals.iter().map(|goal| goal.metric);
        let mut places: Vec<usize> = Vec::new();
        for metric in binding.into_iter().chain(of_goals) {
            let place = measures.iter().position(|measure| *measure == metric);
            places.extend(place.filter(|place| !places.contains(place)));
        }
        if places.is_empty() {
            places.push(0);
        }
        places
    }
}

/// Whether a value is better than another beyond its own interval, and by enough to tell.
fn is_better(measure: MetricId, value: Estimate, than: Estimate) -> bool {
    /// Smaller gains are not told.
    const WORTH: f64 = 0.02;
    let ends = value.ci95.or(value.mean.map(|mean| (mean, mean)));
    let (Some((low, high)), Some(than)) = (ends, than.mean) else {
        return false;
    };
    match measure.metric().better {
        metric::Better::Higher => low > than * (1.0 + WORTH),
        _ => high < than * (1.0 - WORTH),
    }
}
