//! What the first call of an instance takes longer than a warm one.
//!
//! A cold call runs S + F: a service time as any, and lazy loading beside it. F is never seen
//! alone. Its mean is the difference of two means; of several shapes with that mean and with the
//! variance that the variances leave, the one is taken whose sum with warm runs is nearest to the
//! cold runs.

use crate::dist::uniform;
use crate::stats::intervals::Interval;

use super::goodness::{bootstrap_means, stream};
use super::laws::Law;
use super::sample::{Sample, quantile, thinned};

/// Draws of a sum, and of a bootstrap.
const DRAWS: usize = 20_000;
const MEANS: u32 = 999;
/// Runs that a mean is drawn from again and again.
const RUNS: usize = 4_000;
/// Fewer cold runs say nothing of a shape.
const FEWEST: u64 = 8;
/// A simpler shape wins where another is nearer by no more than this.
const NEARER: f64 = 0.02;

/// What a first call takes longer.
#[derive(Clone, PartialEq, Debug)]
pub struct FirstCall {
    /// At the function's memory.
    pub law: Law,
    /// Mean difference, with its 95 % interval by bootstrap.
    pub difference: Interval,
    /// Cold and warm runs that were compared.
    pub counts: (u64, u64),
    /// Distance between cold runs and warm runs with this in addition (Kolmogorov–Smirnov).
    pub distance: f64,
    /// How often samples of one and the same are further apart, by the limit law.
    pub p_value: f64,
}

/// Estimates from cold and warm runs; `None` where there are none of either.
pub(super) fn estimate(cold: &Sample, warm: &Sample, seed: u64) -> Option<FirstCall> {
    if cold.is_empty() || warm.is_empty() {
        return None;
    }
    let (colds, warms) = (cold.sorted(), warm.sorted());
    let difference = difference(cold, warm, (&colds, &warms), seed);
    let mean = difference.mean;
    // Where nothing shows, nothing is added.
    let shows = mean > 0.0 && (difference.lo > 0.0 || difference.lo.is_nan());
    let mut shapes = vec![Law::Constant(if shows { mean } else { 0.0 })];
    if shows && cold.count() >= FEWEST {
        let variance = cold.sd().powi(2) - warm.sd().powi(2);
        let cv = (variance.max(0.0)).sqrt() / mean;
        if cv > 1e-3 && cv < 20.0 {
            let spread = (cv * cv).ln_1p();
            shapes.push(Law::LogNormal {
                mu: mean.ln() - spread / 2.0,
                sigma: spread.sqrt(),
            });
            let shape = 1.0 / (cv * cv);
            shapes.push(Law::Gamma {
                shape,
                scale: mean / shape,
            });
        }
        let rest: Vec<f64> = colds
            .iter()
            .map(|run| (run - warm.mean()).max(0.0))
            .collect();
        shapes.push(Law::percentiles(&rest));
    }
    let mut best: Option<(f64, Law)> = None;
    for law in shapes {
        let distance = sum_distance(&law, &colds, &warms, seed);
        if best
            .as_ref()
            .is_none_or(|(least, _)| distance < least - NEARER)
        {
            best = Some((distance, law));
        }
    }
    let (distance, law) = best?;
    Some(FirstCall {
        law,
        difference,
        counts: (cold.count(), warm.count()),
        distance,
        p_value: smirnov(distance, cold.count().min(warm.count())),
    })
}

fn difference(cold: &Sample, warm: &Sample, runs: (&[f64], &[f64]), seed: u64) -> Interval {
    let mean = cold.mean() - warm.mean();
    if cold.count() < 2 || warm.count() < 2 {
        return Interval {
            mean,
            lo: f64::NAN,
            hi: f64::NAN,
        };
    }
    let mut stream = stream(seed, 3);
    let mut means = |values: &[f64], count: u64| {
        let drawn = thinned(values, RUNS);
        let centre = drawn.iter().sum::<f64>() / drawn.len() as f64;
        // Of fewer than there are, a mean spreads more.
        let narrower = (drawn.len() as f64 / count as f64).sqrt();
        let means = bootstrap_means(&drawn, MEANS, &mut stream);
        means
            .into_iter()
            .map(move |mean| (mean - centre) * narrower)
            .collect::<Vec<f64>>()
    };
    let (of_cold, of_warm) = (means(runs.0, cold.count()), means(runs.1, warm.count()));
    let mut errors: Vec<f64> = of_cold.iter().zip(&of_warm).map(|(c, w)| c - w).collect();
    errors.sort_by(f64::total_cmp);
    Interval {
        mean,
        lo: mean - quantile(&errors, 0.975),
        hi: mean - quantile(&errors, 0.025),
    }
}

/// Greatest distance between cold runs and draws of warm run + `law`.
fn sum_distance(law: &Law, colds: &[f64], warms: &[f64], seed: u64) -> f64 {
    let Ok(dist) = law.dist() else {
        return 1.0;
    };
    let mut stream = stream(seed, 4);
    let mut sums: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let warm = warms[(uniform(&mut stream) * warms.len() as f64) as usize];
            warm + dist.sample(&mut stream).millis()
        })
        .collect();
    sums.sort_by(f64::total_cmp);
    two_samples(colds, &sums)
}

/// Greatest distance between the steps of two samples, each rising.
pub(super) fn two_samples(a: &[f64], b: &[f64]) -> f64 {
    let (mut i, mut j, mut most) = (0, 0, 0.0_f64);
    while i < a.len() && j < b.len() {
        let value = a[i].min(b[j]);
        i += a[i..].iter().take_while(|x| **x <= value).count();
        j += b[j..].iter().take_while(|x| **x <= value).count();
        most = most.max((i as f64 / a.len() as f64 - j as f64 / b.len() as f64).abs());
    }
    most
}

/// Probability of a greater distance by chance, in the limit of many (Kolmogorov 1933), with
/// Stephens' correction for few.
pub(super) fn smirnov(distance: f64, count: u64) -> f64 {
    let root = (count as f64).sqrt();
    let x = (root + 0.12 + 0.11 / root) * distance;
    if x < 0.2 {
        return 1.0;
    }
    let terms = (1..=100).map(|k| {
        let k = f64::from(k);
        let sign = if k % 2.0 == 1.0 { 1.0 } else { -1.0 };
        sign * (-2.0 * k * k * x * x).exp()
    });
    (2.0 * terms.sum::<f64>()).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_law_is_as_in_tables() {
        // 1.358 is the 5 % point, 1.628 the 1 % point.
        let many = 100_000_000;
        let root = 1e4;
        assert!((smirnov(1.358_1 / root, many) - 0.05).abs() < 1e-3);
        assert!((smirnov(1.627_6 / root, many) - 0.01).abs() < 1e-3);
        assert_eq!(smirnov(0.0, 10), 1.0);
    }

    #[test]
    fn samples_are_as_far_apart_as_their_steps() {
        assert_eq!(two_samples(&[1.0, 2.0], &[3.0, 4.0]), 1.0);
        assert_eq!(two_samples(&[1.0, 2.0], &[1.0, 2.0]), 0.0);
        assert_eq!(two_samples(&[1.0, 2.0, 3.0, 4.0], &[2.5]), 0.5);
    }
}
