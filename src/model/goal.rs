//! Goals: what a measure has to be, over all functions or function by function.

use std::fmt;

use crate::metric::MetricId;

/// A bound on a measure.
#[derive(Clone, PartialEq, Debug)]
pub struct Goal {
    /// The measure.
    pub metric: MetricId,
    /// Whose measure.
    pub scope: Scope,
    /// On which side of the bound it has to be.
    pub relation: Relation,
    /// The bound, in the unit of the measure's name.
    pub bound: f64,
}

/// Whose measure a goal is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scope {
    /// All functions together.
    All,
    /// Each function whose name fits the pattern, by itself.
    Functions(String),
}

/// On which side of a bound a measure has to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Relation {
    /// `<=`
    AtMost,
    /// `<`
    Below,
    /// `>=`
    AtLeast,
    /// `>`
    Above,
    /// `==`
    Equal,
}

/// A goal that scenarios are held to after a run.
#[derive(Clone, PartialEq, Debug)]
pub struct Assertion {
    /// Pattern of the policies that it is about; `None` is all.
    pub policy: Option<String>,
    /// What has to hold.
    pub goal: Goal,
}

impl Relation {
    /// Every relation, with how it is typed; longer signs before those they begin with.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::AtMost, "<="),
        (Self::AtLeast, ">="),
        (Self::Equal, "=="),
        (Self::Below, "<"),
        (Self::Above, ">"),
    ];

    /// Whether a value is on the right side of a bound. Means and sums of decimal fractions are
    /// seldom what was typed: what differs by a billionth is the same.
    pub fn holds(self, value: f64, bound: f64) -> bool {
        let same = (value - bound).abs() <= 1e-9 * bound.abs();
        match self {
            Self::AtMost => value < bound || same,
            Self::Below => value < bound && !same,
            Self::AtLeast => value > bound || same,
            Self::Above => value > bound && !same,
            Self::Equal => same,
        }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed = Self::ALL.iter().find(|(relation, _)| relation == self);
        f.write_str(typed.map_or("", |(_, sign)| sign))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all functions"),
            Self::Functions(pattern) => write!(f, "function {pattern}"),
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.metric.metric().name;
        write!(f, "{name} {} {}", self.relation, self.bound)?;
        match &self.scope {
            Scope::All => Ok(()),
            scope @ Scope::Functions(_) => write!(f, " of {scope}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_hold_on_their_side_of_the_bound_and_say_so_at_it() {
        for (relation, below, at, above) in [
            (Relation::AtMost, true, true, false),
            (Relation::Below, true, false, false),
            (Relation::AtLeast, false, true, true),
            (Relation::Above, false, false, true),
            (Relation::Equal, false, true, false),
        ] {
            let held = [2.0, 3.0, 4.0].map(|value| relation.holds(value, 3.0));
            assert_eq!(held, [below, at, above], "{relation}");
        }
        assert!(Relation::Equal.holds(0.1 + 0.2, 0.3));
        assert!(Relation::Equal.holds(0.0, 0.0));
    }
}
