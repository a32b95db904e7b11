//! Mixed settings: for each function the kind of remedy that does for it what is needed at least
//! cost.
//!
//! A chain is of one kind for all functions. Where the best of one kind meets the goals, another
//! kind may be cheaper for some function: so function by function what each other kind does for it
//! is put in the place of what the winner does, and kept where the goals are met for less. A number
//! that the user gave is for all functions, so what has one is not mixed.

use crate::experiment::Failure;

use super::Planner;
use super::field::CandidateId;
use super::search::Found;
use super::setting::{Remedy, Rule, Setting};

impl Planner<'_> {
    /// Looks for a cheaper mix of a winner and the best of each other kind on its base.
    pub(super) fn mix(&mut self, base: usize, winner: CandidateId) -> Result<(), Failure> {
        /// Of more functions it takes long to try each with each kind.
        const MOST: usize = 50;
        let names = self.bases[base].names();
        let may_mix = |planner: &Self, id: CandidateId| {
            let setting = &planner.field.get(id).setting;
            let search = planner.draft.search();
            let base = &planner.bases[base];
            let mut rules = setting.rules.iter();
            setting.policy.is_none() && rules.all(|rule| base.may_differ(&rule.remedy, search))
        };
        if !(2..=MOST).contains(&names.len())
            || !may_mix(self, winner)
            || self.mixed.contains(&winner)
            || self.options.exhaustive
        {
            return Ok(());
        }
        self.mixed.push(winner);
        let mut others: Vec<Setting> = Vec::new();
        for chain in 0..self.chains.len() {
            if let Found::Best(place) | Found::Misses(place) = self.found[chain]
                && self.chains[chain].base == base
                && let Some(id) = self.candidate(chain, place)
            {
                let setting = may_mix(self, id).then(|| self.field.get(id).setting.clone());
                others.extend(setting);
            }
        }
        let mut best = winner;
        for name in &names {
            for other in &others {
                let own = &self.field.get(best).setting;
                if own.of(name).remedies == other.of(name).remedies {
                    continue;
                }
                let setting = mixed(own, other, name, &names);
                best = self
                    .lighter_by_closer_look(base, setting, best)?
                    .unwrap_or(best);
            }
        }
        Ok(())
    }
}

/// One setting, but with what another does for one of these functions.
fn mixed(own: &Setting, other: &Setting, name: &str, names: &[String]) -> Setting {
    let rules = names.iter().flat_map(|function| {
        let of = if function == name { other } else { own };
        let remedies: Vec<Remedy> = of.of(function).remedies.into_iter().cloned().collect();
        let only = [function.clone()];
        remedies
            .into_iter()
            .map(move |remedy| Rule::of(&only, remedy))
    });
    Setting {
        rules: rules.collect(),
        ..own.clone()
    }
}
