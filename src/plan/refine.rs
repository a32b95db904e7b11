//! Schedules between two of a chain: instance by instance, the those of least worth go first.
//!
//! A chain of schedules has steps, each of which adds instances in several parts of the day.
//! Between the weakest that meets the goals and the one before there is a cheaper one, as a rule. The
//! instances in between go in the order of their worth, as many as the goals bear, which bisection
//! finds; then single ones are tried in the same order.

use crate::experiment::Failure;

use super::field::CandidateId;
use super::search::Found;
use super::space::Kind;
use super::{Known, Planner};
use crate::model::RemedyName;

/// Schedules that cost more than the leader by this are not refined.
const NEAR: f64 = 1.25;
/// Single instances that are tried to do without.
const TRIES: usize = 12;

impl Planner<'_> {
    /// Refines the best schedule of every base that may win by it.
    pub(super) fn refine(&mut self) -> Result<(), Failure> {
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

    /// Refines the schedule at a place of a chain, where it is one.
    pub(super) fn refine_chain(&mut self, chain: usize, place: usize) -> Result<(), Failure> {
        let is_scheduled = self.chains[chain].kind == Kind::Remedy(RemedyName::Scheduled);
        if !is_scheduled || self.refined.contains(&chain) {
            return Ok(());
        }
        self.refined.push(chain);
        let strong = self.chains[chain].counts[place].clone();
        let none = || strong.iter().map(|counts| vec![0; counts.len()]).collect();
        let weak = match place.checked_sub(1) {
            Some(before) => self.chains[chain].counts[before].clone(),
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
        let Some(first) = self.candidate(chain, place) else {
            return Ok(());
        };
        let (mut low, mut high) = (0, spare.len());
        let mut best: (CandidateId, Vec<Vec<u32>>) = (first, strong.clone());
        while low < high {
            let middle = usize::midpoint(low, high + 1);
            let counts = without(middle);
            match self.lighter(base, &counts, best.0)? {
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
            if let Some(id) = self.lighter(base, &counts, best.0)? {
                best = (id, counts);
            }
        }
        if best.0 != first {
            self.insert(chain, place, best);
        }
        Ok(())
    }

    /// A schedule that meets the goals and costs less than another.
    fn lighter(
        &mut self,
        base: usize,
        counts: &[Vec<u32>],
        than: CandidateId,
    ) -> Result<Option<CandidateId>, Failure> {
        let setting = self.bases[base].scheduled(counts);
        if setting.rules.is_empty() {
            return Ok(None);
        }
        let Some(id) = self.make(base, setting) else {
            return Ok(None);
        };
        let meets = self.decide(id)? && !self.surely_dearer(id, than)?;
        Ok((meets && self.is_cheaper(id, than)).then_some(id))
    }

    /// Puts a schedule before the one that it is weaker than.
    fn insert(&mut self, chain: usize, place: usize, (id, counts): (CandidateId, Vec<Vec<u32>>)) {
        let setting = self.field.get(id).setting.clone();
        self.chains[chain].settings.insert(place, setting);
        self.chains[chain].counts.insert(place, counts);
        self.ids[chain].insert(place, Known::Candidate(id));
        self.settle(chain, place);
    }
}
