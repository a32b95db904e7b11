//! Which family numbers are taken to come from, and how well it fits.
//!
//! The likeliest family (Akaike's criterion) is put to the test of Kolmogorov and Smirnov, with its
//! p-value by parametric bootstrap, for parameters that were fitted make the distance smaller
//! (Lilliefors 1967). The test is made with at most 2,000 of the numbers: with more, it would
//! refuse every family for differences that change nothing. Where it is refused the numbers' own
//! percentiles are taken.

use crate::dist::uniform;
use crate::random::{Purpose, Stream, Streams};
use crate::stats::intervals::Interval;
use crate::stats::student::student_t_quantile;

use super::laws::Law;
use super::sample::{Sample, quantile, thinned};

/// Numbers that a test is made with.
const TESTED: usize = 2_000;
/// Numbers that families are compared by.
const COMPARED: usize = 10_000;
/// Draws of a parametric bootstrap, and of one of the numbers themselves.
const DRAWS: u32 = 199;
/// A family is refused where its distance is as rare as this.
const LEAST_P: f64 = 0.05;
/// With fewer numbers no family is told from another.
const FEWEST: u64 = 8;

/// A distribution with how well it fits.
#[derive(Clone, PartialEq, Debug)]
pub struct Fitted {
    /// What is written into the model.
    pub law: Law,
    /// Numbers that were seen. The mean is of all of them; all else of at most 65,536, each of
    /// which had the same chance to be kept.
    pub count: u64,
    /// Their mean, with its 95 % interval.
    pub mean: Interval,
    /// Their median, with its 95 % interval, as wide as the numbers that were kept leave it.
    pub median: Interval,
    /// Their 99th percentile, with its 95 % interval.
    pub p99: Interval,
    /// Greatest distance between the law and the numbers (Kolmogorov–Smirnov).
    pub distance: f64,
    /// How often the family itself gives a greater distance; `None` where it was not tested.
    pub p_value: Option<f64>,
    /// The likeliest family, where it was refused: its name, distance and p-value.
    pub refused: Option<(&'static str, f64, f64)>,
}

/// A stream that only one purpose draws from.
pub(super) fn stream(seed: u64, number: u32) -> Stream {
    Streams::new(seed, 0).stream(number, Purpose::Fit, 1)
}

/// Chooses a law for numbers; `None` where there are none.
pub(super) fn fit(sample: &Sample, seed: u64) -> Option<Fitted> {
    if sample.is_empty() {
        return None;
    }
    let sorted = sample.sorted();
    let compared = thinned(&sorted, COMPARED);
    let mut fitted = Fitted {
        law: Law::percentiles(&sorted),
        count: sample.count(),
        mean: around_mean(sample),
        median: around_quantile(&sorted, 0.5),
        p99: around_quantile(&sorted, 0.99),
        distance: 0.0,
        p_value: None,
        refused: None,
    };
    if sample.count() >= FEWEST
        && let Some(best) = likeliest(&compared)
    {
        let (distance, p) = test(&best, &sorted, &sample.some(TESTED), seed);
        if p >= LEAST_P {
            fitted.law = best;
            fitted.p_value = Some(p);
            fitted.distance = distance;
            return Some(fitted);
        }
        fitted.refused = Some((best.name(), distance, p));
    }
    fitted.distance = distance_of(&fitted.law, &sorted);
    Some(fitted)
}

fn likeliest(sorted: &[f64]) -> Option<Law> {
    let criterion = |law: &Law| 2.0 * law.parameters() - 2.0 * law.ln_likelihood(sorted);
    let rated = Law::families(sorted)
        .into_iter()
        .map(|law| (criterion(&law), law));
    let finite = rated.filter(|(rate, _)| rate.is_finite());
    finite
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, law)| law)
}

/// Distance of a law from rising numbers, and how often its own draws are further from theirs than
/// those that are tested. These must be a sample, not quantiles: those are closer than any sample.
fn test(law: &Law, sorted: &[f64], tested: &[f64], seed: u64) -> (f64, f64) {
    let distance = distance_of(law, sorted);
    let Some(refitted) = law.refitted(tested) else {
        return (distance, 0.0);
    };
    let of_tested = distance_of(&refitted, tested);
    let Ok(dist) = refitted.dist() else {
        return (distance, 0.0);
    };
    let mut stream = stream(seed, 2);
    let mut further = 0;
    let mut draws = vec![0.0; tested.len()];
    for _ in 0..DRAWS {
        for draw in &mut draws {
            // Logs round to the hundredth of a millisecond, and nothing is of no length.
            *draw = dist.sample(&mut stream).millis().max(1e-6);
        }
        draws.sort_by(f64::total_cmp);
        let own = law
            .refitted(&draws)
            .map_or(1.0, |own| distance_of(&own, &draws));
        further += u32::from(own >= of_tested);
    }
    (distance, f64::from(further + 1) / f64::from(DRAWS + 1))
}

/// Greatest distance between a law and the steps of rising numbers.
pub(super) fn distance_of(law: &Law, sorted: &[f64]) -> f64 {
    let n = sorted.len() as f64;
    let mut most: f64 = 0.0;
    let mut place = 0;
    while place < sorted.len() {
        let value = sorted[place];
        let mut next = place + 1;
        while next < sorted.len() && sorted[next] <= value {
            next += 1;
        }
        let at = law.cdf(value);
        // A law with a step has it where the numbers have theirs.
        let before = if matches!(law, Law::Constant(_)) {
            0.0
        } else {
            at
        };
        most = most.max((next as f64 / n - at).abs());
        most = most.max((before - place as f64 / n).abs());
        place = next;
    }
    most
}

fn around_mean(sample: &Sample) -> Interval {
    let (mean, n) = (sample.mean(), sample.count() as f64);
    let half = if sample.count() > 1 {
        student_t_quantile(0.975, n - 1.0) * sample.sd() / n.sqrt()
    } else {
        f64::NAN
    };
    let lo = mean - half;
    Interval {
        mean,
        // No length is negative; what is unknown stays so.
        lo: if lo < 0.0 { 0.0 } else { lo },
        hi: mean + half,
    }
}

/// A quantile with the order statistics that enclose it in 95 of 100 samples, by the normal limit
/// of their ranks; an end that no order statistic is beyond is NaN.
fn around_quantile(sorted: &[f64], q: f64) -> Interval {
    let half = 1.96 * (q * (1.0 - q) / sorted.len() as f64).sqrt();
    let end = |q: f64| {
        if (0.0..=1.0).contains(&q) {
            quantile(sorted, q)
        } else {
            f64::NAN
        }
    };
    Interval {
        mean: quantile(sorted, q),
        lo: end(q - half),
        hi: end(q + half),
    }
}

/// Means of so many samples of the same size drawn out of numbers with putting back, rising.
pub(super) fn bootstrap_means(values: &[f64], draws: u32, stream: &mut Stream) -> Vec<f64> {
    let n = values.len();
    (0..draws)
        .map(|_| {
            let one = |_| values[(uniform(stream) * n as f64) as usize];
            (0..n).map(one).sum::<f64>() / n as f64
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_as_wide_as_the_numbers_it_was_taken_from() {
        let mut stream = stream(1, 9);
        let mut sample = Sample::default();
        for _ in 0..1_000_000 {
            sample.see(uniform(&mut stream));
        }
        let sorted = sample.sorted();
        let median = around_quantile(&sorted, 0.5);
        // Of uniform numbers a quantile spreads by √(q (1 − q) / n).
        let half = 1.96 * (0.25 / sorted.len() as f64).sqrt();
        assert!(sorted.len() < 100_000);
        let told = (median.hi - median.lo) / 2.0;
        assert!((told / half - 1.0).abs() < 0.1, "{told} {half}");
    }
}
