//! The race: all that have been simulated, the cheapest first, until one meets every goal with all
//! replications and nothing that is open is cheaper; fresh random numbers then confirm it.
//!
//! Confirmation looks at n, 2n and 4n fresh replications, n of 8 or more. The coverages of these
//! looks leave 5 % together, so a candidate that misses a goal passes no oftener than by one look
//! at 95 %. That is said of each candidate alone: it is not corrected for those that were passed
//! over before, which are told.

use crate::experiment::Failure;

use super::field::{CandidateId, LAST, Runs, Verdict};
use super::search::Found;
use super::step::Phase;
use super::{Known, Planner};

/// Settings of the winner's kind that are held against it.
const ALIKE: usize = 4;

/// What a race ended with.
pub(super) struct Chosen {
    /// The cheapest that meets every goal.
    pub winner: CandidateId,
    /// The second, and whether both cost the same as far as replications tell.
    pub second: Option<(CandidateId, bool)>,
    /// The dearer one whose place the winner took, by the replications that confirm it.
    pub instead_of: Option<CandidateId>,
}

impl Planner<'_> {
    /// The cheapest setting that meets every goal with all replications, out of all that have been
    /// simulated; `None` where there is none. The cheapest are looked at first, and what is surely
    /// dearer than one that meets the goals needs no further replications. What would be lost as
    /// others were does not count, unless nothing else is left.
    fn race(&mut self, whatever: bool) -> Result<Option<CandidateId>, Failure> {
        self.field.enter(Phase::Race);
        let mut runners = self.eligible();
        runners.retain(|id| !self.lost.contains(id));
        self.sort_by_cost(&mut runners);
        let mut leader: Option<CandidateId> = None;
        for id in runners {
            if let Some(leader) = leader
                && self.surely_dearer(id, leader)?
            {
                continue;
            }
            let stands = self.stands(id)? && (whatever || self.bears_luck(id));
            if stands && leader.is_none_or(|leader| self.is_cheaper(id, leader)) {
                leader = Some(id);
            }
        }
        Ok(leader)
    }

    /// Whether a setting meets every goal with all replications.
    fn stands(&mut self, id: CandidateId) -> Result<bool, Failure> {
        let mut replications = self.first();
        loop {
            self.field.bring(&[id], replications, Runs::Choice)?;
            match self.field.verdict(id, Runs::Choice) {
                Verdict::Missed => return Ok(false),
                verdict if replications >= self.most() => return Ok(verdict == Verdict::Met),
                _ => replications = (2 * replications).min(self.most()),
            }
        }
    }

    /// The cheapest first.
    fn sort_by_cost(&self, ids: &mut [CandidateId]) {
        ids.sort_by(|a, b| {
            let (a, b) = (self.field.early_cost(*a), self.field.early_cost(*b));
            a.total_cmp(&b)
        });
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

    /// The winner and its runner-up, with whether they tie: the race, again where its winner turns
    /// out to miss a goal with fresh random numbers.
    pub(super) fn choose(&mut self) -> Result<Option<Chosen>, Failure> {
        /// Winners that may fail their confirmation.
        const TRIES: usize = 8;
        while self.lost.len() < TRIES {
            let mut raced = self.race(false)?;
            // The next stronger ones of those that failed may still meet the goals, and so may what
            // was too dear beside one that failed.
            if self.strengthen()? | self.reopen()? {
                continue;
            }
            if self.look_closer(raced)? {
                continue;
            }
            if raced.is_none() && !self.lost.is_empty() {
                raced = self.race(true)?;
            }
            let Some(mut winner) = raced else {
                return Ok(None);
            };
            // What each kind comes to may be cheaper than what led so far.
            if let Some(base) = self.base_of(winner) {
                let before = self.field.ids();
                self.complete(base)?;
                self.mix(base, winner)?;
                if self.field.ids() != before {
                    continue;
                }
            }
            if !self.confirm(winner)? {
                self.lost.push(winner);
                continue;
            }
            let mut second = self.runner_up(winner)?;
            let mut instead_of = None;
            for _ in 0..TRIES {
                let cheaper = second.filter(|(id, _)| self.is_surely_cheaper(*id, winner));
                let Some((cheaper, _)) = cheaper else { break };
                instead_of = Some(winner);
                winner = cheaper;
                second = self.runner_up(winner)?;
            }
            // The runner-up may have asked for more replications of the winner, which leave open
            // what fewer did not: its last look decides.
            if self.confirm(winner)? {
                return Ok(Some(Chosen {
                    winner,
                    second,
                    instead_of,
                }));
            }
            self.lost.push(winner);
        }
        self.gave_up = true;
        Ok(None)
    }

    /// Whether a candidate meets every goal with fresh random numbers.
    fn confirm(&mut self, id: CandidateId) -> Result<bool, Failure> {
        self.field.enter(Phase::Confirmation);
        let mut replications = self.field.fresh();
        loop {
            self.field.bring(&[id], replications, Runs::Fresh)?;
            match self.field.verdict(id, Runs::Fresh) {
                Verdict::Met => return Ok(true),
                Verdict::Open if replications < LAST * self.field.fresh() => replications *= 2,
                _ => return Ok(false),
            }
        }
    }

    /// Whether a candidate that seemed to meet the goals does not, with all replications or with
    /// fresh ones.
    fn has_failed(&self, id: CandidateId) -> bool {
        let all = self.field.runs(id, Runs::Choice) >= self.most();
        self.lost.contains(&id)
            || (all && (self.field.served(id) != Verdict::Met || !self.bears_luck(id)))
    }

    /// Searches the chains that were too dear beside a leader that has failed; whether there were
    /// any.
    fn reopen(&mut self) -> Result<bool, Failure> {
        self.leader = None;
        for chain in 0..self.chains.len() {
            if let Found::Best(place) = self.found[chain]
                && let Some(id) = self.candidate(chain, place)
                && !self.has_failed(id)
            {
                self.settle(chain, place);
            }
        }
        let mut any = false;
        for chain in self.order() {
            let limit = self.limit().unwrap_or(f64::INFINITY);
            if matches!(self.found[chain], Found::Dear(floor) if floor < limit) {
                self.search_chain(chain, true)?;
                any = true;
            }
        }
        if any && !self.options.exhaustive {
            self.refine()?;
        }
        Ok(any)
    }

    /// Puts the next stronger setting that meets the goals in the place of each best one that has
    /// failed; whether there was one.
    fn strengthen(&mut self) -> Result<bool, Failure> {
        let mut any = false;
        for chain in 0..self.chains.len() {
            let Found::Best(place) = self.found[chain] else {
                continue;
            };
            let best = self.candidate(chain, place);
            if !best.is_some_and(|id| self.has_failed(id)) {
                continue;
            }
            let count = self.chains[chain].settings.len();
            if self.options.exhaustive || !self.is_monotone(chain) {
                // What meets the goals need not be stronger.
                self.scan(chain, count, false)?;
            } else {
                self.found[chain] = Found::Misses(place);
                // What lies between this and the next has not been looked at.
                self.refined.retain(|other| *other != chain);
                for next in place + 1..count {
                    if let Some(id) = self.candidate(chain, next)
                        && !self.lost.contains(&id)
                        && self.decide(id)?
                    {
                        self.found[chain] = Found::Best(next);
                        break;
                    }
                }
            }
            any = true;
        }
        Ok(any)
    }

    /// The best setting of another kind, memory or architecture that meets every goal, with fresh
    /// replications too, and whether it ties with the winner as far as these tell. Where there is
    /// none, another setting of the winner's own kind.
    fn runner_up(&mut self, winner: CandidateId) -> Result<Option<(CandidateId, bool)>, Failure> {
        self.field.enter(Phase::RunnerUp);
        let mut others = self.eligible();
        others.retain(|id| {
            let met = self.field.verdict(*id, Runs::Choice) == Verdict::Met;
            met && *id != winner && !self.lost.contains(id)
        });
        self.sort_by_cost(&mut others);
        let (mut alike, other): (Vec<CandidateId>, Vec<CandidateId>) = others
            .into_iter()
            .partition(|id| self.is_alike(*id, winner));
        alike.truncate(ALIKE);
        // The same remedy with another reservation, or a few pings more, is no alternative. But it
        // may be the cheaper one where the choice could not tell.
        for id in &alike {
            if !self.is_tie(*id, winner, Runs::Choice) && !self.is_cheaper(*id, winner) {
                continue;
            }
            let compared = self.compare(*id, winner)?;
            if compared.is_some() && self.is_surely_cheaper(*id, winner) {
                return Ok(Some((*id, false)));
            }
            if !self.confirm(winner)? {
                return Ok(None);
            }
        }
        for id in other.into_iter().chain(alike) {
            if let Some(tie) = self.compare(id, winner)? {
                return Ok(Some((id, tie)));
            }
        }
        Ok(None)
    }

    /// Whether a setting ties with a winner by fresh replications, as many as tell; `None` where it
    /// does not meet every goal.
    fn compare(&mut self, id: CandidateId, winner: CandidateId) -> Result<Option<bool>, Failure> {
        self.field.bring(&[id], self.most(), Runs::Choice)?;
        if self.field.verdict(id, Runs::Choice) != Verdict::Met {
            return Ok(None);
        }
        let most = LAST * self.field.fresh();
        let mut replications = self.field.runs(winner, Runs::Fresh);
        self.field.bring(&[id], replications, Runs::Fresh)?;
        let open = |planner: &Self| match planner.field.verdict(id, Runs::Fresh) {
            Verdict::Met => planner.is_tie(id, winner, Runs::Fresh),
            Verdict::Open => true,
            Verdict::Missed => false,
        };
        while open(self) && replications < most {
            replications = (2 * replications).min(most);
            self.field.bring(&[id, winner], replications, Runs::Fresh)?;
        }
        let met = self.field.verdict(id, Runs::Fresh) == Verdict::Met;
        Ok(met.then(|| self.is_tie(id, winner, Runs::Fresh)))
    }

    /// Whether a setting costs less than another by fresh replications, at the coverage of the look
    /// that there are so many for.
    fn is_surely_cheaper(&self, one: CandidateId, other: CandidateId) -> bool {
        let level = self.level_of_pair(one, other, Runs::Fresh);
        let dearer = self.field.dearer((one, other), level, Runs::Fresh);
        dearer.ci95.is_some_and(|(_, high)| high < 0.0)
    }

    /// Whether two settings are the same kind of remedy with the same memory and architecture.
    pub(super) fn is_alike(&self, one: CandidateId, other: CandidateId) -> bool {
        let (one, other) = (&self.field.get(one).setting, &self.field.get(other).setting);
        one.kind() == other.kind()
            && one.memory == other.memory
            && one.architecture == other.architecture
    }
}
