//! Goals against results: by the interval, not by the value alone.
//!
//! A goal is met where the whole 95 % interval is on its side of the bound. So of goals that are
//! not kept in truth, one in forty passes by chance.

use super::results::{Estimate, Results};
use crate::model::{Assertion, Goal, Relation, Scope};
use crate::pattern::matches;

/// How a goal and an estimate stand to each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Standing {
    /// The whole interval is on the right side; or the value, where there is no interval.
    Met,
    /// The interval has values on both sides: more replications would tell.
    Unsure,
    /// The whole interval is on the wrong side; or the value, where there is no interval.
    Missed,
    /// There is no value, such as a quantile of no requests.
    NoValue,
}

/// A goal held against what a scenario gave.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Policy and swept values.
    pub scenario: String,
    /// Whose measure; `None` is all functions together.
    pub function: Option<String>,
    /// What was asked.
    pub goal: Goal,
    /// What there is.
    pub estimate: Estimate,
    /// How the two stand to each other.
    pub standing: Standing,
}

/// Holds a goal against an estimate of its measure.
pub fn judge(goal: &Goal, estimate: Estimate) -> Standing {
    let holds = |value| goal.relation.holds(value, goal.bound);
    let Some(mean) = estimate.mean else {
        return Standing::NoValue;
    };
    // No interval of what varies is a point.
    let ends = estimate.ci95.filter(|_| goal.relation != Relation::Equal);
    match ends {
        Some((lo, hi)) if holds(lo) != holds(hi) => Standing::Unsure,
        _ if holds(mean) => Standing::Met,
        _ => Standing::Missed,
    }
}

/// Holds a goal against every scenario whose policy fits a pattern.
fn judged<'a>(
    results: &'a Results,
    policy: Option<&'a str>,
    goal: &'a Goal,
) -> impl Iterator<Item = Judged> + 'a {
    let scenarios = results.scenarios.iter();
    let scenarios = scenarios.filter(move |s| policy.is_none_or(|p| matches(p, &s.policy)));
    scenarios.flat_map(move |scenario| {
        let of = move |function: Option<&str>, estimate| Judged {
            scenario: scenario.label(),
            function: function.map(str::to_owned),
            goal: goal.clone(),
            estimate,
            standing: judge(goal, estimate),
        };
        let all = match goal.scope {
            Scope::All => Some(of(None, scenario.metrics.get(goal.metric))),
            Scope::Functions(_) => None,
        };
        let functions = scenario.functions.iter().filter(|f| match &goal.scope {
            Scope::All => false,
            Scope::Functions(pattern) => matches(pattern, &f.name),
        });
        let functions = functions.map(move |f| of(Some(&f.name), f.metrics.get(goal.metric)));
        all.into_iter().chain(functions)
    })
}

impl Results {
    /// Every assertion, scenario by scenario and function by function, in the order of the file.
    pub fn judge(&self, assertions: &[Assertion]) -> Vec<Judged> {
        let each = assertions.iter();
        each.flat_map(|a| judged(self, a.policy.as_deref(), &a.goal))
            .collect()
    }

    /// How the scenario that comes closest to meeting every objective stands to the worst of them;
    /// `None` where there are no objectives.
    pub fn best_standing(&self) -> Option<Standing> {
        if self.slo.is_empty() {
            return None;
        }
        let worst = |label: String| {
            let of_it = self.slo.iter().filter(|judged| judged.scenario == label);
            of_it.map(|judged| judged.standing).max()
        };
        let scenarios = self.scenarios.iter();
        scenarios.filter_map(|s| worst(s.label())).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::LATENCY_MS_P99;

    #[test]
    fn the_whole_interval_has_to_be_on_the_right_side() {
        let standing = |relation, mean, ci95| {
            let goal = Goal {
                metric: LATENCY_MS_P99,
                scope: Scope::All,
                relation,
                bound: 300.0,
            };
            judge(&goal, Estimate { mean, ci95 })
        };
        let (most, least) = (Relation::AtMost, Relation::AtLeast);
        let at = |half: f64, mean: f64| (Some(mean), Some((mean - half, mean + half)));
        for (relation, (mean, ci95), expected) in [
            (most, at(10.0, 290.0), Standing::Met),
            (most, at(11.0, 290.0), Standing::Unsure),
            (most, at(11.0, 301.0), Standing::Unsure),
            (most, at(11.0, 312.0), Standing::Missed),
            (most, (Some(301.0), None), Standing::Missed),
            (most, (Some(290.0), None), Standing::Met),
            (most, (None, None), Standing::NoValue),
            (least, at(10.0, 310.0), Standing::Met),
            (least, at(11.0, 310.0), Standing::Unsure),
            (least, at(11.0, 299.0), Standing::Unsure),
            (least, at(11.0, 288.0), Standing::Missed),
            (Relation::Below, at(10.0, 290.0), Standing::Unsure),
            (Relation::Equal, at(10.0, 300.0), Standing::Met),
            (Relation::Equal, at(10.0, 301.0), Standing::Missed),
        ] {
            assert_eq!(
                standing(relation, mean, ci95),
                expected,
                "{relation} {mean:?} {ci95:?}"
            );
        }
    }
}
