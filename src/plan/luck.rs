//! Luck: what a winner that was lost tells of the others.
//!
//! Of many settings the cheapest that seem to meet the goals have lucky random numbers. All have
//! the same ones, so what a lost winner did worse by with fresh numbers, others would as well: a
//! setting that would not bear it is not tried next.

use crate::model::Relation;

use super::Planner;
use super::field::{CandidateId, GoalValue, Runs};

impl Planner<'_> {
    /// Whether a setting would meet every goal if fresh random numbers made as much of a difference
    /// to it as to each winner that was lost, and left as much room for chance.
    pub(super) fn bears_luck(&self, id: CandidateId) -> bool {
        if self.lost.is_empty() {
            return true;
        }
        let own = self.field.goal_values(id, Runs::Choice);
        self.lost.iter().all(|lost| {
            let before = self.field.goal_values(*lost, Runs::Choice);
            let after = self.field.goal_values(*lost, Runs::Fresh);
            let mut pairs = own.iter().zip(before.iter().zip(&after));
            pairs.all(|(own, (before, after))| self.bears(own, before, after))
        })
    }

    fn bears(&self, own: &GoalValue, before: &GoalValue, after: &GoalValue) -> bool {
        let goal = &self.field.goals()[own.goal];
        let means = (own.estimate.mean, before.estimate.mean, after.estimate.mean);
        let ((Some(mean), Some(before), Some(fresh)), Some((low, high))) =
            (means, after.estimate.ci95)
        else {
            return true;
        };
        let expected = mean + fresh - before;
        let room = (high - low) / 2.0;
        match goal.relation {
            Relation::AtMost | Relation::Below => expected + room <= goal.bound,
            Relation::AtLeast | Relation::Above => expected - room >= goal.bound,
            Relation::Equal => true,
        }
    }
}
