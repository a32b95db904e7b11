//! The race: the best of every chain, with more and more replications, until one is left.

use crate::experiment::Failure;

use super::field::{CandidateId, Runs, Verdict};
use super::search::Found;
use super::{Known, Planner};

impl Planner<'_> {
    /// The cheapest setting that meets every goal with all replications, out of the best of each
    /// chain; `None` where there is none.
    pub(super) fn race(&mut self, lost: &[CandidateId]) -> Result<Option<CandidateId>, Failure> {
        let mut runners: Vec<CandidateId> = Vec::new();
        for chain in 0..self.chains.len() {
            if let Found::Best(place) = self.found[chain] {
                runners.extend(self.candidate(chain, place));
            }
        }
        runners.sort_unstable();
        runners.dedup();
        runners.retain(|id| !lost.contains(id));
        let mut replications = self.first();
        loop {
            self.field.bring(&runners, replications, Runs::Choice)?;
            runners.retain(|id| self.field.verdict(*id, Runs::Choice) != Verdict::Missed);
            let level = self.field.level(replications);
            if let Some(leader) = self.cheapest(&runners, Verdict::Met) {
                let field = &self.field;
                runners.retain(|id| {
                    let dearer = field.dearer((*id, leader), level, Runs::Choice);
                    *id == leader || dearer.ci95.is_none_or(|(low, _)| low <= 0.0)
                });
            }
            if replications >= self.most() {
                return Ok(self.cheapest(&runners, Verdict::Met));
            }
            replications = (2 * replications).min(self.most());
        }
    }

    /// The cheapest of some that stand so, by their mean cost.
    fn cheapest(&self, ids: &[CandidateId], verdict: Verdict) -> Option<CandidateId> {
        let standing = ids.iter().copied();
        standing
            .filter(|id| self.field.verdict(*id, Runs::Choice) == verdict)
            .min_by(|a, b| self.field.cost(*a).total_cmp(&self.field.cost(*b)))
    }

    /// Where a candidate is in its chain.
    pub(super) fn place_of(&self, id: CandidateId) -> Option<(usize, usize)> {
        let chains = self.ids.iter().enumerate();
        let mut places = chains.flat_map(|(chain, ids)| {
            let ids = ids.iter().enumerate();
            ids.map(move |(place, id)| (chain, place, *id))
        });
        let found = places.find(|(_, _, other)| *other == Known::Candidate(id));
        found.map(|(chain, place, _)| (chain, place))
    }

    /// The winner: the race, again where its winner turns out to miss a goal with fresh random
    /// numbers. Those that did are told.
    pub(super) fn choose(&mut self) -> Result<(Option<CandidateId>, Vec<CandidateId>), Failure> {
        /// Winners that may fail their confirmation.
        const TRIES: usize = 8;
        let mut lost = Vec::new();
        while lost.len() < TRIES {
            let Some(winner) = self.race(&lost)? else {
                // The next stronger ones of those that lost may still meet the goals.
                if !self.strengthen(&lost)? {
                    return Ok((None, lost));
                }
                continue;
            };
            let mut replications = self.most();
            loop {
                self.field.bring(&[winner], replications, Runs::Fresh)?;
                match self.field.verdict(winner, Runs::Fresh) {
                    Verdict::Met => return Ok((Some(winner), lost)),
                    Verdict::Open if replications < 4 * self.most() => replications *= 2,
                    _ => break,
                }
            }
            lost.push(winner);
            self.strengthen(&lost)?;
        }
        Ok((None, lost))
    }

    /// Puts the next stronger setting in the place of each best one that has lost; whether any did.
    fn strengthen(&mut self, lost: &[CandidateId]) -> Result<bool, Failure> {
        let mut any = false;
        for chain in 0..self.chains.len() {
            let Found::Best(place) = self.found[chain] else {
                continue;
            };
            let Some(id) = self.candidate(chain, place) else {
                continue;
            };
            if !lost.contains(&id) {
                continue;
            }
            let next = (place + 1..self.chains[chain].settings.len()).find_map(|next| {
                self.candidate(chain, next)
                    .filter(|id| !lost.contains(id))
                    .map(|id| (next, id))
            });
            match next {
                Some((next, id)) if self.decide(id)? => {
                    self.found[chain] = Found::Best(next);
                    any = true;
                }
                Some((next, _)) if next + 1 < self.chains[chain].settings.len() => {
                    // Unsure at all replications: one further is.
                    self.found[chain] = Found::Best(next + 1);
                    any = true;
                }
                _ => self.found[chain] = Found::Misses(place),
            }
        }
        Ok(any)
    }

    /// The best setting of another kind or base that meets every goal, and whether it ties with the
    /// winner as far as fresh replications of both tell.
    pub(super) fn runner_up(
        &mut self,
        winner: CandidateId,
        lost: &[CandidateId],
    ) -> Result<Option<(CandidateId, bool)>, Failure> {
        let own = self.place_of(winner).map(|(chain, _)| chain);
        let mut others: Vec<CandidateId> = Vec::new();
        for chain in (0..self.chains.len()).filter(|chain| Some(*chain) != own) {
            if let Found::Best(place) = self.found[chain] {
                others.extend(self.candidate(chain, place));
            }
        }
        others.retain(|id| *id != winner && !lost.contains(id));
        others.sort_by(|a, b| {
            let (a, b) = (self.field.early_cost(*a), self.field.early_cost(*b));
            a.total_cmp(&b)
        });
        for id in others {
            self.field.bring(&[id], self.most(), Runs::Choice)?;
            if self.field.verdict(id, Runs::Choice) == Verdict::Met {
                let replications = self.field.runs(winner, Runs::Fresh);
                self.field.bring(&[id], replications, Runs::Fresh)?;
                let mut more = replications;
                while self.is_tie(id, winner, Runs::Fresh) && more < 4 * self.most() {
                    more = (2 * more).min(4 * self.most());
                    self.field.bring(&[id, winner], more, Runs::Fresh)?;
                }
                return Ok(Some((id, self.is_tie(id, winner, Runs::Fresh))));
            }
        }
        Ok(None)
    }
}
