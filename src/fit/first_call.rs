//! What the first call of an instance takes longer than a warm one.
//!
//! A cold call runs S + F: a service time as any, and lazy loading beside it. F is never seen
//! alone. Its mean is the difference of two means, which is known to an interval; within that, a
//! constant and a lognormal law are chosen so that their sum with warm runs is nearest to the cold
//! runs (least squares between the distributions, as Cramér and von Mises have them). Where neither
//! comes near, the cold runs less the mean of warm ones are taken as they are.

use crate::dist::uniform;
use crate::stats::intervals::Interval;
use crate::stats::student::normal_quantile;

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
/// A distance as rare as this is refused.
const LEAST_P: f64 = 0.05;
/// Warm runs and cold runs that shapes are compared by.
const COMPARED: usize = 2_000;
/// A shape with one parameter more must bring the distributions so much nearer, as a share.
const NEARER: f64 = 0.8;

/// What a first call takes longer.
#[derive(Clone, PartialEq, Debug)]
pub struct FirstCall {
    /// At the function's memory.
    pub law: Law,
    /// Mean difference, with its 95 % interval by bootstrap.
    pub difference: Interval,
    /// Cold and warm runs that were seen. The difference is of all of them, the distance of at most
    /// 65,536 of either.
    pub counts: (u64, u64),
    /// Distance between cold runs and warm runs with this in addition (Kolmogorov–Smirnov).
    pub distance: f64,
    /// How often samples of one and the same, as large as those compared, are further apart, by the
    /// limit law.
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
    let law = if shows {
        nearest(&colds, &warms, &difference, seed)
    } else {
        Law::Constant(0.0)
    };
    let mut best = (sum_distance(&law, &colds, &warms, seed), law);
    // The sums know of warm runs no more than there are, nor more than their draws.
    let sums = effective(warms.len() as f64, DRAWS as f64);
    let p = |distance: f64| smirnov(distance, effective(colds.len() as f64, sums));
    if shows && cold.count() >= FEWEST && p(best.0) < LEAST_P {
        let rest: Vec<f64> = colds
            .iter()
            .map(|run| (run - warm.mean()).max(0.0))
            .collect();
        let rest = Law::percentiles(&rest);
        let distance = sum_distance(&rest, &colds, &warms, seed);
        if distance < best.0 {
            best = (distance, rest);
        }
    }
    let (distance, law) = best;
    Some(FirstCall {
        law,
        difference,
        counts: (cold.count(), warm.count()),
        distance,
        p_value: p(distance),
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

/// The constant or lognormal law nearest to the cold runs, its mean within the interval.
fn nearest(colds: &[f64], warms: &[f64], within: &Interval, seed: u64) -> Law {
    let mean = within.mean;
    if within.lo.is_nan() || (colds.len() as u64) < FEWEST {
        return Law::Constant(mean);
    }
    let (colds, warms) = (thinned(colds, COMPARED), thinned(warms, COMPARED));
    let mut stream = stream(seed, 6);
    // Every warm run with a chance of its own, the same for every shape.
    let draws: Vec<(f64, f64)> = warms
        .iter()
        .map(|warm| {
            (
                *warm,
                normal_quantile(uniform(&mut stream).clamp(1e-9, 1.0 - 1e-9)),
            )
        })
        .collect();
    let apart = |mean: f64, sigma: f64| {
        let sum = |(warm, z): &(f64, f64)| warm + mean * (sigma * z - sigma * sigma / 2.0).exp();
        let mut sums: Vec<f64> = draws.iter().map(sum).collect();
        sums.sort_by(f64::total_cmp);
        squares(&colds, &sums)
    };
    let best_of = |sigmas: (f64, f64)| {
        let (mut means, mut sigmas) = ((within.lo, within.hi), sigmas);
        let mut best = (f64::INFINITY, mean, sigmas.0);
        for _ in 0..3 {
            for i in 0..=8 {
                for j in 0..=8 {
                    let at =
                        |(lo, hi): (f64, f64), place: i32| lo + (hi - lo) * f64::from(place) / 8.0;
                    let (mean, sigma) = (at(means, i), at(sigmas, j));
                    let rate = apart(mean, sigma);
                    if rate < best.0 {
                        best = (rate, mean, sigma);
                    }
                    if sigmas.0 >= sigmas.1 {
                        break;
                    }
                }
            }
            let narrower = |(lo, hi): (f64, f64), at: f64| {
                let half = (hi - lo) / 6.0;
                ((at - half).max(lo), (at + half).min(hi))
            };
            means = narrower(means, best.1);
            sigmas = narrower(sigmas, best.2);
        }
        best
    };
    let constant = best_of((0.0, 0.0));
    let spread = best_of((0.02, 1.5));
    if spread.0 < constant.0 * NEARER {
        let (_, mean, sigma) = spread;
        return Law::LogNormal {
            mu: mean.ln() - sigma * sigma / 2.0,
            sigma,
        };
    }
    Law::Constant(constant.1)
}

/// Mean squared distance of the distribution of `b` from that of `a`, at the values of `a`; both
/// rising.
fn squares(a: &[f64], b: &[f64]) -> f64 {
    let mut below = 0;
    let square = |(place, value): (usize, &f64)| {
        below += b[below..]
            .iter()
            .take_while(|other| *other <= value)
            .count();
        let want = (place as f64 + 0.5) / a.len() as f64;
        (below as f64 / b.len() as f64 - want).powi(2)
    };
    a.iter().enumerate().map(square).sum::<f64>() / a.len() as f64
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

/// The size of one sample that strays from its law as far as two of these sizes from each other:
/// n m / (n + m).
pub(super) fn effective(n: f64, m: f64) -> f64 {
    n * m / (n + m)
}

/// Probability of a greater distance by chance, in the limit of many (Kolmogorov 1933), with
/// Stephens' correction for few. Of two samples `count` is their effective size.
pub(super) fn smirnov(distance: f64, count: f64) -> f64 {
    let root = count.sqrt();
    let x = (root + 0.12 + 0.11 / root) * distance;
    if x < 0.2 {
        return 1.0;
    }
    let terms = (1..=100).map(|k| {
        let sign = if k % 2 == 1 { 1.0 } else { -1.0 };
        let k = f64::from(k);
        sign * (-2.0 * k * k * x * x).exp()
    });
    (2.0 * terms.sum::<f64>()).clamp(0.0, 1.0)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "what is compared is exact")]
mod tests {
    use super::*;

    #[test]
    fn the_limit_law_is_as_in_tables() {
        // 1.358 is the 5 % point, 1.628 the 1 % point.
        let many = 1e8;
        let root = 1e4;
        assert!((smirnov(1.358_1 / root, many) - 0.05).abs() < 1e-3);
        assert!((smirnov(1.627_6 / root, many) - 0.01).abs() < 1e-3);
        assert_eq!(smirnov(0.0, 10.0), 1.0);
    }

    #[test]
    fn samples_of_one_law_are_refused_as_often_as_is_said() {
        assert_eq!(effective(10.0, 10.0), 5.0);
        assert!((effective(7.0, 1e12) - 7.0).abs() < 1e-9);
        let mut stream = stream(1, 9);
        let mut draw = |count: u32| {
            let mut some: Vec<f64> = (0..count).map(|_| uniform(&mut stream)).collect();
            some.sort_by(f64::total_cmp);
            some
        };
        for (n, m) in [(300, 300), (100, 900)] {
            let size = effective(f64::from(n), f64::from(m));
            let refused = (0..2_000)
                .filter(|_| smirnov(two_samples(&draw(n), &draw(m)), size) < 0.05)
                .count();
            // 100 are expected, give or take 20.
            assert!((70..=130).contains(&refused), "{n} {m}: {refused}");
        }
    }

    #[test]
    fn samples_are_as_far_apart_as_their_steps() {
        assert_eq!(two_samples(&[1.0, 2.0], &[3.0, 4.0]), 1.0);
        assert_eq!(two_samples(&[1.0, 2.0], &[1.0, 2.0]), 0.0);
        assert_eq!(two_samples(&[1.0, 2.0, 3.0, 4.0], &[2.5]), 0.5);
    }
}
