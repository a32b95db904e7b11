//! Refinement: what lies between two settings of a chain, or needs less for some functions.
//!
//! A chain of schedules has steps, each of which adds instances in several parts of the day.
//! Between the weakest that meets the goals and the one before there is a cheaper one, as a rule.
//! The instances in between go in the order of their worth, as many as the goals bear, which
//! bisection finds; then single ones are tried in the same order. Where there are several
//! functions, those that need no instances are found before. Other remedies have a number or a
//! target for each function: the weakest that the goals bear, with further replications where those
//! that choose leave it open.

use crate::experiment::Failure;

use super::field::{CandidateId, Runs, Verdict};
use super::search::Found;
use super::setting::{Remedy, Rule, Setting};
use super::space::{self, Kind};
use super::step::Phase;
use super::{Known, Planner};
use crate::model::{RemedyName, Scope};

/// A schedule with its numbers by function and part of the calendar.
type Scheduled = (CandidateId, Vec<Vec<u32>>);

/// Settings that cost more than the leader by this are not refined.
const NEAR: f64 = 1.25;
/// How often a chain is refined: again where its best has failed, but not for ever.
const ROUNDS: u32 = 4;
/// Single instances or pings that are tried to do without.
const TRIES: usize = 12;

impl Planner<'_> {
    /// Refines the best of every chain that may win by it.
    pub(super) fn refine(&mut self) -> Result<(), Failure> {
        self.field.enter(Phase::Refinement);
        let leader = self.leader.map_or(0.0, |leader| self.field.cost(leader));
        for chain in 0..self.chains.len() {
            let Found::Best(place) = self.found[chain] else {
                continue;
            };
            let near = self.candidate(chain, place);
            if near.is_some_and(|id| self.field.cost(id) <= NEAR * leader) {
                self.refine_chain(chain, place)?;
            }
        }
        Ok(())
    }

    /// Refines the setting at a place of a chain, where that is provisioned by numbers of its own.
    pub(super) fn refine_chain(&mut self, chain: usize, place: usize) -> Result<(), Failure> {
        if self.refined.contains(&chain) || self.rounds[chain] == ROUNDS {
            return Ok(());
        }
        self.refined.push(chain);
        self.rounds[chain] += 1;
        match self.chains[chain].kind {
            Kind::Remedy(RemedyName::Scheduled) => self.refine_schedule(chain, place),
            // Numbers that the user gave are all that may be chosen.
            Kind::Remedy(RemedyName::Provisioned) if self.draft.search().provisioned.is_none() => {
                self.refine_functions(chain, place)
            }
            Kind::Remedy(RemedyName::Ping | RemedyName::Tracking)
                if self.chains[chain].by_function =>
            {
                self.refine_functions(chain, place)
            }
            _ => Ok(()),
        }
    }

    /// Function by function the weakest remedy that the goals bear, from the best of a chain on.
    /// Where a goal is over all functions, from the strongest of the chain on as well: then it may
    /// be another function that keeps a remedy.
    fn refine_functions(&mut self, chain: usize, place: usize) -> Result<(), Failure> {
        let Some(first) = self.candidate(chain, place) else {
            return Ok(());
        };
        let base = self.chains[chain].base;
        let mut best = self.weaken(base, first)?;
        let goals = self.field.goals().iter();
        if goals.clone().any(|goal| matches!(goal.scope, Scope::All))
            && let Some(strongest) = self.candidate(chain, self.chains[chain].settings.len() - 1)
            && strongest != first
            && self.decide(strongest)?
        {
            let other = self.weaken(base, strongest)?;
            if !self.surely_dearer(other, best)? && self.is_cheaper(other, best) {
                best = other;
            }
        }
        if best != first {
            self.insert(chain, place, best);
        }
        Ok(())
    }

    /// What is left of a setting where each function has the weakest remedy that the goals bear,
    /// the functions whose remedies cost most first: by bisection, and of pings, of which fewer may
    /// do better, where few are left the cheapest of all of these. What is kept for one function
    /// without need is kept for good, so what is open is looked at closer.
    fn weaken(&mut self, base: usize, first: CandidateId) -> Result<CandidateId, Failure> {
        let mut best = first;
        let setting = self.field.get(first).setting.clone();
        let without = |rule: &Rule| {
            let mut without = setting.clone();
            without.put(&rule.functions, None);
            without
        };
        let without: Vec<Setting> = setting.rules.iter().map(without).collect();
        for place in self.by_savings(base, without)? {
            let rule = &setting.rules[place];
            let weaker = space::weaker(&rule.remedy, self.draft.search());
            let (mut low, mut high) = (0, weaker.len());
            let is_ping = matches!(rule.remedy, Remedy::Ping { .. });
            while low < high {
                let one_by_one = is_ping && high - low <= TRIES;
                let middle = if one_by_one {
                    high - 1
                } else {
                    usize::midpoint(low, high)
                };
                let mut setting = self.field.get(best).setting.clone();
                setting.put(&rule.functions, weaker[middle].clone());
                match self.lighter_by_closer_look(base, setting, best)? {
                    Some(id) => {
                        best = id;
                        high = middle;
                    }
                    None if one_by_one => high = middle,
                    None => low = middle + 1,
                }
            }
        }
        Ok(best)
    }

    /// Places of settings, those that cost least first.
    fn by_savings(&mut self, base: usize, settings: Vec<Setting>) -> Result<Vec<usize>, Failure> {
        let mut places: Vec<usize> = (0..settings.len()).collect();
        if places.len() < 2 {
            return Ok(places);
        }
        let mut costs = Vec::new();
        for setting in settings {
            costs.push(match self.make(base, setting) {
                Some(id) => {
                    self.field.bring(&[id], self.first(), Runs::Choice)?;
                    self.field.early_cost(id)
                }
                None => f64::INFINITY,
            });
        }
        places.sort_by(|a, b| costs[*a].total_cmp(&costs[*b]));
        Ok(places)
    }

    /// The best schedule between this and the one before.
    fn refine_schedule(&mut self, chain: usize, place: usize) -> Result<(), Failure> {
        let Some((first, strong)) = self.without_functions(chain, place)? else {
            return Ok(());
        };
        let none = || strong.iter().map(|counts| vec![0; counts.len()]).collect();
        let weak = match place.checked_sub(1) {
            Some(before) => below(&self.chains[chain].counts[before], &strong),
            None => none(),
        };
        let base = self.chains[chain].base;
        let spare = self.bases[base].spare(&strong, &weak);
        let without = |count: usize| {
            let mut counts = strong.clone();
            for (function, part) in &spare[..count] {
                counts[*function][*part] -= 1;
            }
            counts
        };
        let (mut low, mut high) = (0, spare.len());
        let mut best: (CandidateId, Vec<Vec<u32>>) = (first, strong.clone());
        while low < high {
            let middle = usize::midpoint(low, high + 1);
            let counts = without(middle);
            let setting = self.bases[base].scheduled(&counts);
            match self.lighter(base, setting, best.0)? {
                Some(id) => {
                    best = (id, counts);
                    low = middle;
                }
                None => high = middle - 1,
            }
        }
        let zero: Vec<Vec<u32>> = none();
        let singles = self.bases[base].spare(&best.1, &zero);
        let mut tried = Vec::new();
        for (function, part) in singles {
            // Of each part the last instance goes first, so the next of the same part has to wait.
            if tried.contains(&(function, part)) {
                continue;
            }
            if tried.len() == TRIES {
                break;
            }
            tried.push((function, part));
            let mut counts = best.1.clone();
            counts[function][part] -= 1;
            let setting = self.bases[base].scheduled(&counts);
            if let Some(id) = self.lighter(base, setting, best.0)? {
                best = (id, counts);
            }
        }
        if Some(best.0) != self.candidate(chain, place) {
            self.chains[chain].counts.insert(place, best.1);
            self.insert(chain, place, best.0);
        }
        Ok(())
    }

    /// The schedule at a place of a chain without those of functions that the goals do not need.
    fn without_functions(
        &mut self,
        chain: usize,
        place: usize,
    ) -> Result<Option<Scheduled>, Failure> {
        let Some(mut best) = self.candidate(chain, place) else {
            return Ok(None);
        };
        let mut strong = self.chains[chain].counts[place].clone();
        let base = self.chains[chain].base;
        let without = |strong: &[Vec<u32>], function: usize| {
            let mut counts = strong.to_vec();
            counts[function].fill(0);
            counts
        };
        let functions = 0..strong.len();
        let settings = functions.map(|f| self.bases[base].scheduled(&without(&strong, f)));
        let settings: Vec<Setting> = settings.collect();
        for function in self.by_savings(base, settings)? {
            let counts = without(&strong, function);
            let setting = self.bases[base].scheduled(&counts);
            if strong.len() > 1
                && let Some(id) = self.lighter_by_closer_look(base, setting, best)?
            {
                (best, strong) = (id, counts);
            }
        }
        Ok(Some((best, strong)))
    }

    /// A setting that meets the goals and costs less than another.
    fn lighter(
        &mut self,
        base: usize,
        setting: Setting,
        than: CandidateId,
    ) -> Result<Option<CandidateId>, Failure> {
        let id = self.cheaper(base, setting, than)?;
        Ok(id.filter(|id| self.field.served(*id) == Verdict::Met))
    }

    /// The same, with further replications where those that choose leave it open.
    pub(super) fn lighter_by_closer_look(
        &mut self,
        base: usize,
        setting: Setting,
        than: CandidateId,
    ) -> Result<Option<CandidateId>, Failure> {
        Ok(match self.cheaper(base, setting, than)? {
            Some(id) if self.meets_by_closer_look(id)? => Some(id),
            _ => None,
        })
    }

    /// A setting that costs less than another and is not known to miss a goal.
    fn cheaper(
        &mut self,
        base: usize,
        setting: Setting,
        than: CandidateId,
    ) -> Result<Option<CandidateId>, Failure> {
        if setting.rules.is_empty() {
            return Ok(None);
        }
        let Some(id) = self.make(base, setting) else {
            return Ok(None);
        };
        if self.lost.contains(&id)
            || (!self.decide(id)? && self.field.served(id) == Verdict::Missed)
            || self.surely_dearer(id, than)?
        {
            return Ok(None);
        }
        Ok(self.is_cheaper(id, than).then_some(id))
    }

    /// Puts a setting before the one that it is weaker than.
    fn insert(&mut self, chain: usize, place: usize, id: CandidateId) {
        let setting = self.field.get(id).setting.clone();
        self.chains[chain].settings.insert(place, setting);
        self.ids[chain].insert(place, Known::Candidate(id));
        self.inserted.push(id);
        self.settle(chain, place);
    }
}

/// The lesser of two numbers, by function and part.
fn below(one: &[Vec<u32>], other: &[Vec<u32>]) -> Vec<Vec<u32>> {
    let pairs = one.iter().zip(other);
    let least = pairs.map(|(one, other)| {
        let pairs = one.iter().zip(other);
        pairs.map(|(a, b)| *a.min(b)).collect()
    });
    least.collect()
}
