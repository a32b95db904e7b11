//! Luck: what a winner that was lost tells of the others.
//!
//! Of many settings the cheapest that seem to meet the goals have lucky random numbers. All have
//! the same ones, so fresh numbers tell of others what they told of a lost winner: a function that
//! is set up in the same way, or weaker, misses its goals again, a schedule that differs by little
//! does worse by as much, and over all functions what does no better than a lost one of its kind is
//! lost as well. What would be lost in this way is not tried next.

use crate::experiment::Standing;
use crate::model::Relation;

use super::Planner;
use super::field::{CandidateId, GoalValue, Runs, Verdict};
use super::setting::{Remedy, Setting};

/// How the remedies of one setting are to those of another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Likeness {
    /// The same, or always fewer instances.
    NoStronger,
    /// Other numbers by the clock.
    Near,
    /// Anything else.
    Other,
}

impl Planner<'_> {
    /// Whether a setting might be confirmed for all that the winners tell that were lost.
    pub(super) fn bears_luck(&self, id: CandidateId) -> bool {
        if self.lost.is_empty() {
            return true;
        }
        let setting = &self.field.get(id).setting;
        let own = self.field.goal_values(id, Runs::Choice);
        self.lost.iter().all(|lost| {
            if self.field.verdict(*lost, Runs::Fresh) == Verdict::Met {
                return true;
            }
            let other = &self.field.get(*lost).setting;
            let before = self.field.goal_values(*lost, Runs::Choice);
            let after = self.field.goal_values(*lost, Runs::Fresh);
            let mut pairs = own.iter().zip(before.iter().zip(&after));
            pairs.all(|(own, (before, after))| {
                match likeness(setting, other, own.function.as_deref()) {
                    Likeness::NoStronger => after.standing == Standing::Met,
                    Likeness::Near => self.bears(own, before, after),
                    Likeness::Other if own.function.is_none() && self.is_alike(id, *lost) => {
                        after.standing == Standing::Met || self.is_better(own, before)
                    }
                    Likeness::Other => true,
                }
            })
        })
    }

    /// Whether a setting does better at a goal than another, by numbers that both have.
    fn is_better(&self, own: &GoalValue, other: &GoalValue) -> bool {
        /// What differs less is the same.
        const WORTH: f64 = 0.02;
        let Some((own_mean, other_mean)) = own.estimate.mean.zip(other.estimate.mean) else {
            return true;
        };
        match self.field.goals()[own.goal].relation {
            Relation::AtMost | Relation::Below => own_mean < other_mean * (1.0 - WORTH),
            Relation::AtLeast | Relation::Above => own_mean > other_mean * (1.0 + WORTH),
            Relation::Equal => true,
        }
    }

    /// Whether a goal would be met if fresh random numbers made as much of a difference as to
    /// another setting, and left as much room for chance.
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

/// How one setting is to another for a function, or where none is named for all.
fn likeness(one: &Setting, other: &Setting, function: Option<&str>) -> Likeness {
    if one.bare() != other.bare() || one.policy != other.policy {
        return Likeness::Other;
    }
    let rules = || one.rules.iter().chain(&other.rules);
    let of_rules = rules().flat_map(|rule| rule.functions.iter().map(String::as_str));
    let names: Vec<&str> = match function {
        Some(name) => vec![name],
        // Rules for all are those of a function that no rule names.
        None => of_rules.chain([""]).collect(),
    };
    let each = names.into_iter().map(|name| {
        let (one, other) = (one.of(name).remedies, other.of(name).remedies);
        likeness_of_remedies(&one, &other)
    });
    each.max().unwrap_or(Likeness::Other)
}

/// The same of what is done for one function.
fn likeness_of_remedies(one: &[&Remedy], other: &[&Remedy]) -> Likeness {
    if one == other {
        return Likeness::NoStronger;
    }
    if one.len() != other.len() {
        return Likeness::Other;
    }
    let each = one
        .iter()
        .zip(other)
        .map(|(one, other)| match (one, other) {
            (Remedy::Scheduled { .. }, Remedy::Scheduled { .. }) => Likeness::Near,
            (Remedy::Provisioned { instances: fewer }, Remedy::Provisioned { instances })
                if fewer <= instances =>
            {
                Likeness::NoStronger
            }
            (one, other) if one == other => Likeness::NoStronger,
            _ => Likeness::Other,
        });
    each.max().unwrap_or(Likeness::Other)
}
