//! Bisection along each chain: the weakest setting that meets the goals, from there the cheapest.
//!
//! Requests fare better along a chain, so the settings that meet the goals are its upper part, and
//! its first member is found by bisection. Cost along a chain falls to its lowest point and rises
//! (the use of an n-th instance falls with n), so from there the lowest point is found by bisection
//! on the sign of paired differences between neighbours. What costs more than the cheapest setting
//! found so far by provisioned capacity alone is not simulated.
//!
//! A goal on the whole cost is no part of this: the cheapest setting that meets the others either
//! meets it or none does. Where a goal is on something that does not get better along a chain,
//! every setting of that chain gets a first look, and in the order of their cost they are decided
//! until what is left is surely dearer than one that meets the goals. So it is with pings
//! whatever the goal: more of them also collide with more requests, and all the more where
//! requests come by a clock, too. Of more and more pings at the same times those are left out that
//! cost more than one that meets the goals, where cost rises already.

use crate::experiment::{Failure, Standing};
use crate::metric::COST_USD_PER_MONTH;
use crate::model::{Goal, Relation, RemedyName};

use super::Planner;
use super::field::{CandidateId, LEVEL, Runs, Verdict, is_on_whole_cost};
use super::setting::{Remedy, Setting};
use super::space::Kind;

/// What is known of a chain.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Found {
    /// Not looked at yet.
    Nothing,
    /// The place of its cheapest setting that meets the goals.
    Best(usize),
    /// What would meet the goals costs at least so much a month, which is more than another does.
    Dear(f64),
    /// Not even its strongest setting meets the goals.
    Misses(usize),
    /// None of its settings is allowed.
    Refused,
}

/// Measures of requests that find no room, or fail, by how their names begin.
const OF_ROOM: [&str; 5] = ["throttle", "reject", "spillovers", "timed_out", "fail"];

/// Whether the settings that meet a goal are the upper part of a chain of a kind. Pings take
/// instances and concurrency from requests, so that more of them may help less.
fn is_monotone(goal: &Goal, kind: &Kind) -> bool {
    if is_on_whole_cost(goal) {
        return true;
    }
    if !matches!(goal.relation, Relation::AtMost | Relation::Below)
        || *kind == Kind::Remedy(RemedyName::Ping)
    {
        return false;
    }
    let name = goal.metric.metric().name;
    let is_of_room = OF_ROOM.iter().any(|start| name.starts_with(start));
    let starts = [
        "latency_ms_",
        "wait_ms_",
        "start_ms_",
        "message_latency_ms_",
        "workflow_latency_ms_",
        "cold_",
        "workflow_cold_",
    ];
    is_of_room || starts.iter().any(|start| name.starts_with(start))
}

impl Planner<'_> {
    /// Whether the settings that meet the goals are the upper part of a chain.
    pub(super) fn is_monotone(&self, chain: usize) -> bool {
        let kind = &self.chains[chain].kind;
        let mut goals = self.field.goals().iter();
        goals.all(|goal| is_monotone(goal, kind))
    }

    /// Simulates a setting until it is clear whether it meets the goals besides that on the whole
    /// cost, or as often as there are replications. What is not clear then does not, unless
    /// [`Self::look_closer`] finds that it does.
    pub(super) fn decide(&mut self, id: CandidateId) -> Result<bool, Failure> {
        let mut replications = if self.options.exhaustive {
            self.most()
        } else {
            self.first()
        };
        loop {
            self.field.bring(&[id], replications, Runs::Choice)?;
            match self.field.served(id) {
                Verdict::Met => return Ok(true),
                Verdict::Missed => return Ok(false),
                Verdict::Open if self.field.runs(id, Runs::Choice) >= self.most() => {
                    return Ok(false);
                }
                Verdict::Open => {
                    let there = self.field.runs(id, Runs::Choice);
                    replications = (2 * there).min(self.most());
                }
            }
        }
    }

    fn meets(&mut self, chain: usize, place: usize) -> Result<bool, Failure> {
        match self.candidate(chain, place) {
            Some(id) => self.decide(id),
            None => Ok(false),
        }
    }

    /// USD a month above which a setting cannot be the cheapest.
    pub(super) fn limit(&self) -> Option<f64> {
        let id = self.leader?;
        let cost = self.field.estimate(id, COST_USD_PER_MONTH, Runs::Choice);
        cost.ci95.map(|(_, high)| high).or(cost.mean)
    }

    /// Looks for the cheapest setting of a chain, below what the leader costs if `pruned`.
    pub(super) fn search_chain(&mut self, chain: usize, pruned: bool) -> Result<(), Failure> {
        let limit = self.limit().filter(|_| pruned && !self.options.exhaustive);
        let count = self.chains[chain].settings.len();
        // The last one that a user may choose.
        let mut allowed = count;
        while allowed > 0 && self.candidate(chain, allowed - 1).is_none() {
            // Too many instances for a quota are too many by far, or by few.
            allowed = if self.candidate(chain, (allowed - 1) / 2).is_none() {
                (allowed - 1) / 2
            } else {
                allowed - 1
            };
        }
        if allowed == 0 {
            self.found[chain] = Found::Refused;
            return Ok(());
        }
        let floor = |planner: &Self, place| planner.floor(chain, place);
        let mut top = allowed;
        while top > 0 && limit.is_some_and(|limit| floor(self, top - 1) > limit) {
            top -= 1;
        }
        if top == 0 {
            self.found[chain] = Found::Dear(floor(self, 0));
            return Ok(());
        }
        let first = if self.is_monotone(chain) && !self.options.exhaustive {
            self.weakest(chain, top)?
        } else {
            return self.scan(chain, top, pruned);
        };
        let Some(first) = first else {
            if self.wants_room(chain, top - 1) {
                return self.scan(chain, top, pruned);
            }
            self.found[chain] = if top < allowed {
                Found::Dear(floor(self, top))
            } else {
                Found::Misses(top - 1)
            };
            return Ok(());
        };
        let best = self.cheapest_from(chain, first, top)?;
        self.settle(chain, best);
        Ok(())
    }

    /// Whether a setting may fail requests that find no room. Where concurrency is scarce,
    /// instances that are being provisioned take it from requests: fewer of them may do better.
    fn wants_room(&mut self, chain: usize, place: usize) -> bool {
        let Some(id) = self.candidate(chain, place) else {
            return false;
        };
        let values = self.field.goal_values(id, Runs::Choice).into_iter();
        let mut unmet = values.filter(|value| value.standing != Standing::Met);
        unmet.any(|value| {
            let name = self.field.goals()[value.goal].metric.metric().name;
            OF_ROOM.iter().any(|start| name.starts_with(start))
        })
    }

    /// Notes the best setting of a chain, and whether it leads.
    pub(super) fn settle(&mut self, chain: usize, place: usize) {
        self.found[chain] = Found::Best(place);
        if let Some(id) = self.candidate(chain, place)
            && self.leader.is_none_or(|leader| self.is_cheaper(id, leader))
        {
            self.leader = Some(id);
        }
    }

    /// The first setting of a chain's first `top` that meets the goals.
    fn weakest(&mut self, chain: usize, top: usize) -> Result<Option<usize>, Failure> {
        if !self.meets(chain, top - 1)? {
            return Ok(None);
        }
        let (mut low, mut high) = (0, top - 1);
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.meets(chain, middle)? {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(Some(high))
    }

    /// The cheapest of a chain's first `top` that meets the goals, where bisection would be
    /// wrong; of a full grid, of all. Without those that fresh numbers speak against; without what
    /// is surely dearer than the leader if `pruned`.
    pub(super) fn scan(&mut self, chain: usize, top: usize, pruned: bool) -> Result<(), Failure> {
        let mut places: Vec<(usize, CandidateId)> = Vec::new();
        for place in 0..top {
            let id = self.candidate(chain, place);
            places.extend(
                id.filter(|id| !self.lost.contains(id) && self.bears_luck(*id))
                    .map(|id| (place, id)),
            );
        }
        let by_count = self.is_by_count(chain) && !self.options.exhaustive;
        let replications = if self.options.exhaustive {
            self.most()
        } else {
            self.first()
        };
        if !by_count {
            let ids: Vec<CandidateId> = places.iter().map(|(_, id)| *id).collect();
            self.field.bring(&ids, replications, Runs::Choice)?;
            places.sort_by(|(_, a), (_, b)| {
                let (a, b) = (self.field.early_cost(*a), self.field.early_cost(*b));
                a.total_cmp(&b)
            });
        }
        let leader = self.leader;
        let leader = leader.filter(|_| pruned && !self.options.exhaustive);
        let mut best: Option<(usize, CandidateId)> = None;
        let mut before: Option<CandidateId> = None;
        let mut is_dear = false;
        for (place, id) in places {
            self.field.bring(&[id], replications, Runs::Choice)?;
            // With the second ping comes what sends both, and the third may be worth it.
            let alike = before.filter(|before| self.senders(*before) == self.senders(id));
            let rises = alike.is_some_and(|before| self.is_cheaper(before, id));
            before = Some(id);
            let beside = best.map(|(_, best)| best).or(leader);
            if let Some(beside) = beside
                && beside != id
                && self.surely_dearer(id, beside)?
            {
                is_dear |= best.is_none();
                // More pings cost more and more.
                if by_count && rises {
                    break;
                }
                continue;
            }
            if self.decide(id)? && best.is_none_or(|(_, best)| self.is_cheaper(id, best)) {
                best = Some((place, id));
            }
        }
        match (best, self.limit()) {
            (Some((place, _)), _) => self.settle(chain, place),
            // As dear as the leader may be: beside the same leader it is not looked at again.
            (None, Some(limit)) if is_dear => self.found[chain] = Found::Dear(limit),
            (None, _) => self.found[chain] = Found::Misses(self.nearest_of(chain, top)),
        }
        Ok(())
    }

    /// Whether a chain is one of more and more pings at the same times.
    fn is_by_count(&self, chain: usize) -> bool {
        let times = |setting: &Setting| match setting.rules.first().map(|rule| &rule.remedy) {
            Some(Remedy::Ping { every, .. }) => Some(*every),
            _ => None,
        };
        let mut each = self.chains[chain].settings.iter().map(times);
        let first = each.next().flatten();
        // By function, levels differ by which functions have more.
        let alike = first.is_some() && each.all(|every| every == first);
        alike && !self.chains[chain].by_function
    }

    /// Rounds of several pings, each of which is sent by a function that costs as well.
    fn senders(&self, id: CandidateId) -> usize {
        let rules = self.field.get(id).setting.rules.iter();
        let several =
            |remedy: &Remedy| matches!(remedy, Remedy::Ping { instances, .. } if *instances > 1);
        rules.filter(|rule| several(&rule.remedy)).count()
    }

    /// The place of a chain's first `top` that comes nearest to the goals.
    fn nearest_of(&mut self, chain: usize, top: usize) -> usize {
        let mut nearest = (top - 1, f64::INFINITY);
        for place in 0..top {
            if let Some(id) = self.candidate(chain, place) {
                let excess = self.excess(&self.choice(id, Runs::Choice));
                if excess < nearest.1 {
                    nearest = (place, excess);
                }
            }
        }
        nearest.0
    }

    /// Where cost stops falling, from a place on.
    fn cheapest_from(&mut self, chain: usize, from: usize, top: usize) -> Result<usize, Failure> {
        let (mut low, mut high) = (from, top - 1);
        // One look next door spares the bisection where cost rises from the first on.
        if low < high && self.rises(chain, low)? {
            high = low;
        }
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.rises(chain, middle)? {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        self.neighbours(chain, (from, top), low)
    }

    /// Whether the next setting costs more: simulated until that is clear, or as often as there are
    /// replications.
    fn rises(&mut self, chain: usize, place: usize) -> Result<bool, Failure> {
        let pair = (
            self.candidate(chain, place + 1),
            self.candidate(chain, place),
        );
        let (Some(next), Some(this)) = pair else {
            return Ok(true);
        };
        let mut replications = self.first();
        loop {
            self.field
                .bring(&[this, next], replications, Runs::Choice)?;
            let level = self.field.level(replications);
            let dearer = self.field.dearer((next, this), level, Runs::Choice);
            // Where nothing differs, nothing is gained either.
            let clear = |(low, high): (f64, f64)| low > 0.0 || high < 0.0 || high <= low;
            if dearer.ci95.is_some_and(clear) || replications >= self.most() {
                return Ok(dearer.mean.is_none_or(|mean| mean >= 0.0));
            }
            replications = (2 * replications).min(self.most());
        }
    }

    /// The cheapest of a setting and its neighbours, with all replications: what bisection says is
    /// checked.
    pub(super) fn neighbours(
        &mut self,
        chain: usize,
        (from, top): (usize, usize),
        mut best: usize,
    ) -> Result<usize, Failure> {
        loop {
            let mut around = vec![best];
            around.extend(best.checked_sub(1).filter(|place| *place >= from));
            around.extend(Some(best + 1).filter(|place| *place < top));
            let mut cheapest = best;
            for place in around {
                let (Some(id), Some(leader)) = (
                    self.candidate(chain, place),
                    self.candidate(chain, cheapest),
                ) else {
                    continue;
                };
                if place == cheapest || self.surely_dearer(id, leader)? {
                    continue;
                }
                if self.is_cheaper(id, leader) && self.decide(id)? {
                    cheapest = place;
                }
            }
            if cheapest == best {
                return Ok(best);
            }
            best = cheapest;
        }
    }

    /// Whether one setting surely costs more than another, by pairs; simulated until that is clear
    /// one way or the other, or as often as there are replications.
    pub(super) fn surely_dearer(
        &mut self,
        one: CandidateId,
        other: CandidateId,
    ) -> Result<bool, Failure> {
        let mut replications = self.first();
        loop {
            self.field
                .bring(&[one, other], replications, Runs::Choice)?;
            let level = self.field.level(replications);
            let dearer = self.field.dearer((one, other), level, Runs::Choice);
            match dearer.ci95 {
                // What costs the same to the cent is no gain.
                Some((low, high)) if low > 0.0 || (low == 0.0 && high == 0.0) => return Ok(true),
                Some((_, high)) if high < 0.0 => return Ok(false),
                _ if replications >= self.most() => return Ok(false),
                _ => replications = (2 * replications).min(self.most()),
            }
        }
    }

    /// Whether one setting costs less than another, by the mean over pairs.
    pub(super) fn is_cheaper(&self, one: CandidateId, other: CandidateId) -> bool {
        let dearer = self.field.dearer((one, other), LEVEL, Runs::Choice);
        dearer.mean.is_some_and(|mean| mean < 0.0)
    }

    /// Coverage that fits a look at the replications that two settings share.
    pub(super) fn level_of_pair(&self, one: CandidateId, other: CandidateId, runs: Runs) -> f64 {
        let pairs = self.field.runs(one, runs).min(self.field.runs(other, runs));
        self.field.level_of(pairs, runs)
    }

    /// Whether two settings cost the same as far as all replications tell.
    pub(super) fn is_tie(&self, one: CandidateId, other: CandidateId, runs: Runs) -> bool {
        let level = self.level_of_pair(one, other, runs);
        let dearer = self.field.dearer((one, other), level, runs);
        dearer
            .ci95
            .is_none_or(|(low, high)| low <= 0.0 && high >= 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric;
    use crate::model::Scope;

    #[test]
    fn only_what_gets_better_along_a_chain_is_bisected() {
        use Relation::{AtLeast, AtMost, Equal};
        use RemedyName::{Ping, Provisioned};
        for (metric, relation, kind, expected) in [
            (metric::LATENCY_MS_P99, AtMost, Provisioned, true),
            (metric::LATENCY_MS_P99, AtLeast, Provisioned, false),
            (metric::COLD_START_RATIO, AtMost, Provisioned, true),
            (metric::COLD_START_RATIO, AtMost, Ping, false),
            (metric::COLD_START_RATIO, Equal, Ping, false),
            (metric::THROTTLE_RATIO, AtMost, Provisioned, true),
            (metric::THROTTLE_RATIO, AtMost, Ping, false),
            (metric::REJECT_RATIO, AtMost, Ping, false),
            (metric::COST_USD_PER_MONTH, AtMost, Provisioned, true),
            (metric::COST_USD_PER_MONTH, AtLeast, Provisioned, false),
            (metric::COST_USD_PING, AtMost, Ping, false),
            (metric::IDLE_GB_S, AtMost, Provisioned, false),
            (metric::INSTANCES_PEAK, AtMost, Provisioned, false),
            (metric::PINGS, AtMost, Ping, false),
        ] {
            let goal = Goal {
                metric,
                scope: Scope::All,
                relation,
                bound: 1.0,
            };
            let kind = Kind::Remedy(kind);
            assert_eq!(is_monotone(&goal, &kind), expected, "{goal}, {kind}");
        }
    }
}
