//! How sure it is that a goal is met.

use crate::model::{Goal, Relation};
use crate::stats::intervals::mean_interval;
use crate::stats::student::{student_t_quantile, student_t_two_sided};

/// The one-sided confidence, of 1, that the mean over replications is on the right side of the
/// bound (Student t); `None` for an equality and below two replications.
pub(super) fn sure(goal: &Goal, values: &[f64]) -> Option<f64> {
    let count = values.len() as f64;
    // The half width at a known coverage tells the standard error.
    let interval = mean_interval(values, 0.5)?;
    let error = interval.half_width() / student_t_quantile(0.75, count - 1.0);
    let room = match goal.relation {
        Relation::AtMost | Relation::Below => goal.bound - interval.mean,
        Relation::AtLeast | Relation::Above => interval.mean - goal.bound,
        Relation::Equal => return None,
    };
    if error > 0.0 {
        let beyond = 0.5 * student_t_two_sided((room / error).abs(), count - 1.0);
        Some(if room < 0.0 { beyond } else { 1.0 - beyond })
    } else {
        Some(if goal.relation.holds(interval.mean, goal.bound) {
            1.0
        } else {
            0.0
        })
    }
}
