//! Schedules between two of a chain: instance by instance, those of least worth go first.
//!
//! A chain of schedules has steps, each of which adds instances in several parts of the day.
//! Between the weakest that meets the goals and the one before there is a cheaper one, as a rule.
//! The instances in between go in the order of their worth, as many as the goals bear, which
//! bisection finds; then single ones are tried in the same order. Where there are several
//! functions, those that need no instances are found before; of other remedies, which have a number
//! or a target for each function, the weakest that the goals bear.

use crate::experiment::Failure;

use super::field::CandidateId;
use super::search::Found;
use super::setting::{Remedy, Setting};
use super::space::{self, Kind};
use super::step::Phase;
use super::{Known, Planner};
use crate::model::RemedyName;

/// A schedule with its numbers by function and part of the calendar.
type Scheduled = (CandidateId, Vec<Vec<u32>>);

/// Schedules that cost more than the leader by this are not refined.
const NEAR: f64 = 1.25;
/// Single instances that are tried to do without.
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
        if self.refined.contains(&chain) {
            return Ok(());
        }
        self.refined.push(chain);
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

    /// Function by function the weakest remedy that the goals bear: by bisection, and of pings, of
    /// which fewer may do better, the cheapest of all that are less. What is kept for one function
    /// without need is kept for good, so what is open is looked at closer.
    fn refine_functions(&mut self, chain: usize, place: usize) -> Result<(), Failure> {
        let Some(first) = self.candidate(chain, place) else {
            return Ok(());
        };
        let base = self.chains[chain].base;
        let mut best = first;
        for rule in self.field.get(first).setting.rules.clone() {
            let weaker = space::weaker(&rule.remedy, self.draft.search());
            let (mut low, mut high) = (0, weaker.len());
            let one_by_one = matches!(rule.remedy, Remedy::Ping { .. });
            while low < high {
                let middle = if one_by_one {
                    high - 1
                } else {
                    usize::midpoint(low, high)
                };
                let mut setting = self.field.get(best).setting.clone();
                setting.put(&rule.functions, weaker[middle].clone());
                match self.lighter((base, setting), best, true)? {
                    Some(id) => {
                        best = id;
                        high = middle;
                    }
                    None if one_by_one => high = middle,
                    None => low = middle + 1,
                }
            }
        }
        if best != first {
            self.insert(chain, place, best);
        }
        Ok(())
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
            match self.lighter((base, setting), best.0, false)? {
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
            if let Some(id) = self.lighter((base, setting), best.0, false)? {
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
        for function in 0..strong.len() {
            let mut counts = strong.clone();
            counts[function].fill(0);
            let setting = self.bases[base].scheduled(&counts);
            if strong.len() > 1
                && let Some(id) = self.lighter((base, setting), best, false)?
            {
                (best, strong) = (id, counts);
            }
        }
        Ok(Some((best, strong)))
    }

    /// A setting that meets the goals and costs less than another. `closely` looks closer where the
    /// replications of the choice leave it open.
    fn lighter(
        &mut self,
        (base, setting): (usize, Setting),
        than: CandidateId,
        closely: bool,
    ) -> Result<Option<CandidateId>, Failure> {
        if setting.rules.is_empty() {
            return Ok(None);
        }
        let Some(id) = self.make(base, setting) else {
            return Ok(None);
        };
        let meets = self.decide(id)?;
        if self.surely_dearer(id, than)? || !self.is_cheaper(id, than) {
            return Ok(None);
        }
        let lighter = (meets || closely && self.meets_by_closer_look(id)?).then_some(id);
        self.between.extend(lighter);
        Ok(lighter)
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
