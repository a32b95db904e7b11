//! What has changed between two runs, and what is noise.
//!
//! Runs with the same seed share arrivals and service times, so they are compared replication by
//! replication (paired t test); others by their intervals (Welch's t test, with degrees of freedom
//! by Satterthwaite). Of many measures some would differ by chance: Holm's procedure keeps the
//! probability that anything at all is called a change by chance below 5 % (Holm 1979, "A simple
//! sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6).

use std::collections::{BTreeMap, BTreeSet};

use super::read::{Kept, KeptScenario};
use crate::experiment::Estimate;
use crate::metric::{Better, Kind, MetricId};
use crate::stats::histogram::resolution;
use crate::stats::student::{student_t_quantile, student_t_two_sided};

/// Probability of calling any noise a change.
const LEVEL: f64 = 0.05;

/// What to compare.
#[derive(Clone, Default, Debug)]
pub struct Wanted {
    /// Measures; all where there is none.
    pub measures: Vec<MetricId>,
    /// Whether functions are compared one by one as well.
    pub functions: bool,
    /// Changes up to this share of the earlier value are not worth telling.
    pub tolerance: f64,
}

/// Two runs side by side.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// How they were compared.
    pub basis: Basis,
    /// Every measure of every scenario that both have.
    pub rows: Vec<Compared>,
    /// Scenarios and functions that only the earlier run has.
    pub vanished: Vec<String>,
    /// Scenarios and functions that only the later run has.
    pub appeared: Vec<String>,
    /// Seconds measured before and after, where they differ: then what adds up over time is not
    /// compared.
    pub lengths: Option<(f64, f64)>,
    /// Whether they were warmed up for different times.
    pub warm_ups_differ: bool,
}

/// How two runs were compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Basis {
    /// Replication by replication, with the same random numbers.
    Paired,
    /// By their intervals.
    Intervals,
}

/// A measure before and after.
#[derive(Clone, Debug)]
pub struct Compared {
    /// Policy and swept values.
    pub scenario: String,
    /// Whose measure; `None` is all functions together.
    pub function: Option<String>,
    /// The measure.
    pub metric: MetricId,
    /// In the earlier run.
    pub before: Estimate,
    /// In the later run.
    pub after: Estimate,
    /// Later less earlier, with an interval for this measure alone.
    pub difference: Estimate,
    /// What that means.
    pub change: Change,
}

/// What a difference means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// Both are the same number.
    None,
    /// They differ no more than chance lets them.
    Noise,
    /// They differ, by less than is worth telling.
    Small,
    /// Nothing can be told: there is no interval, or all replications differ alike but are too few.
    Unknown,
    /// Only the earlier run has a value.
    Lost,
    /// The later one is better.
    Better,
    /// The later one is worse.
    Worse,
    /// They differ; neither way is better.
    Other,
}

impl Compared {
    /// The difference as a share of the earlier value; `None` where that is 0.
    pub fn relative(&self) -> Option<f64> {
        let before = self.before.mean.filter(|mean| *mean != 0.0)?;
        Some(self.difference.mean? / before.abs())
    }
}

/// A difference with its standard error, before many are judged together.
struct Tested {
    difference: f64,
    error: f64,
    degrees: f64,
    /// How far the two may differ because of how they were rounded.
    rounding: f64,
}

impl Tested {
    /// Probability that chance alone makes them differ as much.
    fn p(&self) -> f64 {
        let beyond = (self.difference.abs() - self.rounding).max(0.0);
        if beyond == 0.0 {
            1.0
        } else if self.is_alike() {
            alike_by_chance(self.degrees + 1.0)
        } else {
            student_t_two_sided(beyond / self.error, self.degrees)
        }
    }

    /// Whether all pairs differ by the same number, but for how sums are rounded.
    fn is_alike(&self) -> bool {
        self.error <= 1e-9 * self.difference.abs()
    }

    fn estimate(&self) -> Estimate {
        let t = student_t_quantile(0.975, self.degrees);
        let half = t * self.error + self.rounding;
        Estimate {
            mean: Some(self.difference),
            ci95: Some((self.difference - half, self.difference + half)),
        }
    }
}

/// Probability that chance alone makes so many pairs differ by the same number, which is not 0, at
/// most: that one pair does so by this number is at most a quarter likely (for two numbers that are
/// equally likely), and as likely for the number's opposite.
fn alike_by_chance(pairs: f64) -> f64 {
    2.0 * 0.25_f64.powf(pairs)
}

/// Holds a later run against an earlier one.
pub fn compare(before: &Kept, after: &Kept, wanted: &Wanted) -> Comparison {
    let paired = are_paired(before, after);
    let mut comparison = Comparison {
        basis: if paired {
            Basis::Paired
        } else {
            Basis::Intervals
        },
        rows: Vec::new(),
        vanished: Vec::new(),
        appeared: Vec::new(),
        lengths: (before.duration_s != after.duration_s)
            .then(|| before.duration_s.zip(after.duration_s))
            .flatten(),
        warm_ups_differ: before.warm_up_s != after.warm_up_s,
    };
    let comparable = |metric: &MetricId| {
        let adds_up = metric.metric().kind == Kind::Total;
        let wanted = wanted.measures.is_empty() || wanted.measures.contains(metric);
        wanted && !(adds_up && comparison.lengths.is_some())
    };
    let mut tests = Vec::new();
    let degrees = (before.degrees, after.degrees);
    for earlier in &before.scenarios {
        let Some(later) = after.scenarios.iter().find(|s| s.label == earlier.label) else {
            comparison.vanished.push(earlier.label.clone());
            continue;
        };
        let mut row = |function: Option<&str>, metric, [before, after]: [Estimate; 2], test| {
            // What single replications have no value of, a run may lack by chance.
            let had = function.is_some() || always(earlier, metric);
            tests.push((test, had && before.ci95.is_some()));
            comparison.rows.push(Compared {
                scenario: earlier.label.clone(),
                function: function.map(str::to_owned),
                metric,
                before,
                after,
                difference: Estimate {
                    mean: before
                        .mean
                        .zip(after.mean)
                        .map(|(before, after)| after - before),
                    ci95: None,
                },
                change: Change::Unknown,
            });
        };
        for (metric, pair) in both(&earlier.metrics, &later.metrics, comparable) {
            let test = if paired {
                of_pairs(metric, earlier, later)
            } else {
                of_intervals(metric, pair, degrees)
            };
            row(None, metric, pair, test);
        }
        if !wanted.functions {
            continue;
        }
        let (mine, theirs) = (by_name(earlier), by_name(later));
        for (name, earlier) in &mine {
            let Some(later) = theirs.get(name) else {
                comparison.vanished.push(format!("{name}, {}", later.label));
                continue;
            };
            for (metric, pair) in both(earlier, later, comparable) {
                row(
                    Some(name),
                    metric,
                    pair,
                    of_intervals(metric, pair, degrees),
                );
            }
        }
        let new = theirs.keys().filter(|name| !mine.contains_key(*name));
        let new = new.map(|name| format!("{name}, {}", later.label));
        comparison.appeared.extend(new);
    }
    let new = after.scenarios.iter().map(|scenario| &scenario.label);
    let new = new.filter(|label| before.scenarios.iter().all(|s| s.label != **label));
    comparison.appeared.extend(new.cloned());
    judge(&mut comparison.rows, &tests, wanted.tolerance);
    comparison
}

type Measures = BTreeMap<MetricId, Estimate>;

fn by_name(scenario: &KeptScenario) -> BTreeMap<&str, &Measures> {
    let functions = scenario.functions.iter();
    functions
        .map(|(name, metrics)| (name.as_str(), metrics))
        .collect()
}

/// Measures that one of them has and that can be compared. Of what adds up, a run without the thing
/// has none: 0.
fn both(
    before: &Measures,
    after: &Measures,
    comparable: impl Fn(&MetricId) -> bool,
) -> Vec<(MetricId, [Estimate; 2])> {
    let of = |measures: &Measures, metric| {
        let missing = absent(metric).map_or_else(Estimate::default, |none| Estimate {
            mean: Some(none),
            ci95: Some((none, none)),
        });
        measures.get(&metric).copied().unwrap_or(missing)
    };
    let metrics: BTreeSet<MetricId> = before.keys().chain(after.keys()).copied().collect();
    let metrics = metrics.into_iter().filter(comparable);
    metrics
        .map(|metric| (metric, [of(before, metric), of(after, metric)]))
        .collect()
}

/// The value of a measure that a run does not tell, because it has not what is measured.
fn absent(metric: MetricId) -> Option<f64> {
    (metric.metric().kind == Kind::Total).then_some(0.0)
}

/// Whether replications have the same random numbers, and both runs have kept them.
fn are_paired(before: &Kept, after: &Kept) -> bool {
    let rows = |kept: &Kept| {
        let count = kept.replications as usize;
        kept.scenarios.iter().all(|s| s.replications.len() == count)
    };
    before.seed == after.seed
        && before.replications == after.replications
        && before.replications > 1
        && rows(before)
        && rows(after)
}

fn of_pairs(metric: MetricId, before: &KeptScenario, after: &KeptScenario) -> Option<Tested> {
    // Replications in which one of them has no value tell nothing of the difference.
    let pairs: Vec<(f64, f64)> = before
        .replications
        .iter()
        .zip(&after.replications)
        .filter_map(|(before, after)| {
            let of =
                |values: &BTreeMap<MetricId, f64>| values.get(&metric).copied().or(absent(metric));
            Some((of(before)?, of(after)?))
        })
        .collect();
    if pairs.len() < 2 {
        return None;
    }
    let n = pairs.len() as f64;
    let difference = pairs
        .iter()
        .map(|(before, after)| after - before)
        .sum::<f64>()
        / n;
    let squares = pairs
        .iter()
        .map(|(b, a)| (a - b - difference).powi(2))
        .sum::<f64>();
    let mean = |side: fn(&(f64, f64)) -> f64| pairs.iter().map(side).sum::<f64>() / n;
    Some(Tested {
        difference,
        error: (squares / (n - 1.0) / n).sqrt(),
        degrees: n - 1.0,
        rounding: rounding(metric, mean(|pair| pair.0)) + rounding(metric, mean(|pair| pair.1)),
    })
}

/// Whether every replication that was kept has a value of a measure.
fn always(scenario: &KeptScenario, metric: MetricId) -> bool {
    let mut rows = scenario.replications.iter();
    rows.all(|row| row.contains_key(&metric))
}

fn of_intervals(
    metric: MetricId,
    [before, after]: [Estimate; 2],
    degrees: (f64, f64),
) -> Option<Tested> {
    let error = |estimate: Estimate, degrees: f64| {
        let (mean, (low, high)) = (estimate.mean?, estimate.ci95?);
        // One side may have been cut to what is possible.
        let half = (high - mean).max(mean - low) - rounding(metric, mean);
        Some(half.max(0.0) / student_t_quantile(0.975, degrees))
    };
    let first = error(before, degrees.0)?.powi(2);
    let second = error(after, degrees.1)?.powi(2);
    let freedom =
        (first + second).powi(2) / (first.powi(2) / degrees.0 + second.powi(2) / degrees.1);
    let (before, after) = (before.mean?, after.mean?);
    Some(Tested {
        difference: after - before,
        error: (first + second).sqrt(),
        degrees: if freedom.is_finite() {
            freedom
        } else {
            degrees.0.min(degrees.1)
        },
        rounding: rounding(metric, before) + rounding(metric, after),
    })
}

/// How far a measure in milliseconds may be off because it was read off a histogram.
fn rounding(metric: MetricId, value: f64) -> f64 {
    match metric.metric().kind {
        Kind::Quantile(_) => resolution(value * 1e6) / 1e6,
        _ => 0.0,
    }
}

/// Tells changes from noise, all rows together.
///
/// With each test goes whether the earlier run surely had a value.
fn judge(rows: &mut [Compared], tests: &[(Option<Tested>, bool)], tolerance: f64) {
    let mut by_p: Vec<(f64, usize)> = Vec::new();
    for (place, (row, (test, had))) in rows.iter_mut().zip(tests).enumerate() {
        if let Some(test) = test
            && row.after.mean.is_some()
        {
            row.difference = test.estimate();
        }
        row.change = match test {
            _ if row.before == row.after => Change::None,
            _ if row.after.mean.is_none() && *had => Change::Lost,
            Some(test) => {
                by_p.push((test.p(), place));
                Change::Noise
            }
            None => Change::Unknown,
        };
    }
    by_p.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Those that are the same were looked at as well.
    let family = tests.iter().filter(|(test, _)| test.is_some()).count();
    let shown = by_p.iter().enumerate();
    let shown = shown.take_while(|(before, (p, _))| *p <= LEVEL / (family - before) as f64);
    for (_, (_, place)) in shown {
        let row = &mut rows[*place];
        row.change = meaning(row, tolerance);
    }
    // What differs without varying is no noise, even where it may do so by chance.
    for (row, (test, _)) in rows.iter_mut().zip(tests) {
        let varies = |test: &Tested| !test.is_alike() || test.p() >= 1.0;
        if row.change == Change::Noise && !test.as_ref().is_some_and(varies) {
            row.change = Change::Unknown;
        }
    }
}

/// What a difference that is no noise means.
fn meaning(row: &Compared, tolerance: f64) -> Change {
    let small = row.relative().is_some_and(|share| share.abs() <= tolerance);
    let more = row
        .difference
        .mean
        .is_some_and(|difference| difference > 0.0);
    match row.metric.metric().better {
        _ if small => Change::Small,
        Better::Neutral => Change::Other,
        Better::Lower if more => Change::Worse,
        Better::Higher if !more => Change::Worse,
        Better::Lower | Better::Higher => Change::Better,
    }
}
