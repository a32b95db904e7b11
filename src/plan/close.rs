//! Close calls: settings that would be cheaper than the winner, and of which the replications
//! that a choice is made by do not tell whether they meet the goals.
//!
//! Such a setting is not given up: it gets twice and four times the replications, at the coverages
//! that a confirmation has. What meets the goals then takes part in the race. What is open even
//! then is told. What has little hope to meet them is told without further looks.

use crate::experiment::Failure;

use super::Planner;
use super::field::{CandidateId, Runs, Verdict};
use super::search::Found;
use super::step::Phase;

/// A close call: chain, place and candidate.
type Call = (usize, usize, CandidateId);

impl Planner<'_> {
    /// Looks closer at every setting that would beat the winner of a race, the cheapest first,
    /// until one meets the goals; whether one does.
    pub(super) fn look_closer(&mut self, winner: Option<CandidateId>) -> Result<bool, Failure> {
        self.field.enter(Phase::CloseCalls);
        let mut calls: Vec<Call> = Vec::new();
        for chain in 0..self.chains.len() {
            calls.extend(self.close_calls(chain, winner)?);
        }
        calls.sort_by(|(_, _, a), (_, _, b)| {
            let (a, b) = (self.field.early_cost(*a), self.field.early_cost(*b));
            a.total_cmp(&b)
        });
        for (chain, place, id) in calls {
            self.closer.push(id);
            if self.meets_by_closer_look(id)? {
                // What lies between this and the one before has not been looked at.
                self.refined.retain(|other| *other != chain);
                self.settle(chain, place);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a setting meets the goals, by as many replications as tell of a close call.
    pub(super) fn meets_by_closer_look(&mut self, id: CandidateId) -> Result<bool, Failure> {
        if self.field.served(id) == Verdict::Open {
            self.closer.push(id);
            self.field.bring_further(id, |field| field.served(id))?;
        }
        Ok(self.field.served(id) == Verdict::Met)
    }

    /// Settings that were looked at closer and are open still, and would beat a winner; the
    /// cheapest first.
    pub(super) fn still_open(&self, winner: Option<CandidateId>) -> Vec<CandidateId> {
        let mut open: Vec<CandidateId> = self.closer.clone();
        open.sort_by(|a, b| {
            let by_cost = self.field.cost(*a).total_cmp(&self.field.cost(*b));
            by_cost.then(a.cmp(b))
        });
        open.dedup();
        open.retain(|id| {
            let open = self.field.verdict(*id, Runs::Choice) == Verdict::Open;
            open && winner.is_none_or(|winner| self.is_cheaper(*id, winner))
        });
        open
    }

    /// Settings of a chain that are not sure to miss a goal, and would beat a winner.
    fn close_calls(
        &mut self,
        chain: usize,
        winner: Option<CandidateId>,
    ) -> Result<Vec<Call>, Failure> {
        let in_order = self.is_monotone(chain) && !self.options.exhaustive;
        let below = match self.found[chain] {
            _ if !in_order => self.chains[chain].settings.len(),
            Found::Best(place) => place,
            Found::Misses(place) => place + 1,
            Found::Nothing | Found::Dear(_) | Found::Refused => 0,
        };
        let mut calls = Vec::new();
        for place in (0..below).rev() {
            let Some(id) = self.candidate(chain, place) else {
                continue;
            };
            if self.lost.contains(&id) {
                if in_order {
                    // What is weaker than one that failed is no better.
                    break;
                }
                continue;
            }
            let known = self.field.runs(id, Runs::Choice) > 0;
            if !in_order && !known {
                continue;
            }
            if in_order && known && self.field.served(id) == Verdict::Missed {
                break;
            }
            let (floor, limit) = (
                self.floor(chain, place),
                winner.map(|id| self.field.cost(id)),
            );
            if limit.is_some_and(|limit| floor > limit) {
                continue;
            }
            if let Some(winner) = winner
                && (id == winner || self.surely_dearer(id, winner)? || !self.is_cheaper(id, winner))
            {
                continue;
            }
            let meets = self.decide(id)?;
            if !meets && self.field.served(id) == Verdict::Missed {
                if in_order {
                    break;
                }
                continue;
            }
            if !self.closer.contains(&id) {
                calls.push((chain, place, id));
            }
        }
        Ok(calls)
    }
}
