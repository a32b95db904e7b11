//! How long idle instances live, out of pauses of which only one end is known.
//!
//! An instance that is called again after a pause g has a keep-alive above g. One that is gone by a
//! pause x has a keep-alive of x or less. Such current-status data have an estimate of greatest
//! likelihood in closed form: the isotonic regression of "gone" on the length of the pause (Ayer et
//! al. 1955), here by pooling adjacent violators. Where one length explains nearly all pauses, the
//! keep-alive is that constant, known between the longest pause survived and the shortest not;
//! else it is uniform, or has percentiles.

use crate::dist::uniform;
use crate::stats::intervals::Interval;

use super::goodness::stream;
use super::history::Idle;
use super::laws::Law;
use super::sample::quantile;

/// Share of the pauses near a constant that may contradict it: instances end for other reasons
/// too.
const CONTRADICTING: f64 = 0.05;
/// By how much the logarithm of the likelihood of a uniform law has to be greater than that of a
/// constant, which is one with both ends the same: by chance it is so once in 2,000 logs (half of
/// chi-square with one degree of freedom).
const LIKELIER: f64 = 6.0;
/// Pauses that are told apart when a law is fitted; more are put together.
const LENGTHS: usize = 400;
/// How often a contradiction happens to any law.
const STRAY: f64 = 0.01;
const BOOTSTRAPS: u32 = 100;
/// A bootstrap of ends, which are no averages, comes out too narrow by this in simulations.
const WIDER: f64 = 1.6;
/// A step of more than so many percent is kept as one, a lower one becomes a slope.
const HIGH_STEP: f64 = 5.0;

/// What a log tells of the keep-alive. In seconds.
#[derive(Clone, PartialEq, Debug)]
pub struct KeepAlive {
    /// The estimate.
    pub found: Found,
    /// Pauses that were survived.
    pub survived: u64,
    /// Pauses by whose end the instance was gone.
    pub gone: u64,
    /// Of those, pauses at an age at which the platform may have retired the instance anyway, which
    /// are left out.
    pub aged: u64,
    /// Longest pause that was survived.
    pub longest_survived_s: f64,
    /// Shortest pause by which an instance was gone.
    pub shortest_gone_s: Option<f64>,
}

/// What was found of the keep-alive.
#[derive(Clone, PartialEq, Debug)]
pub enum Found {
    /// One length, between two pauses; so many others contradict.
    Constant {
        /// In the middle, with the pauses at its sides.
        s: Interval,
        /// Pauses that contradict.
        contradicting: u64,
    },
    /// Any length between two, all as likely.
    Uniform {
        /// The shortest, with its 95 % interval by bootstrap.
        min: Interval,
        /// The longest.
        max: Interval,
    },
    /// Percentiles, in seconds.
    Percentiles(Vec<(f64, f64)>),
    /// No instance was seen to end: it is above the longest pause.
    Above(f64),
    /// No pause was survived: it is the shortest pause or less.
    AtMost(f64),
    /// There is nothing to tell it by.
    Unknown(&'static str),
}

/// A pause, and whether the instance was gone.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Pause {
    s: f64,
    gone: bool,
    /// So many of them.
    times: f64,
}

/// Estimates from pauses; `max_life_s` is the shortest life after which the platform retires an
/// instance.
pub(super) fn estimate(idle: &Idle, streamed: bool, max_life_s: f64, seed: u64) -> KeepAlive {
    let young = |age: f64| age < max_life_s;
    let died: Vec<f64> = idle
        .died
        .iter()
        .filter(|(_, age)| young(*age))
        .map(|(s, _)| *s)
        .collect();
    let shortest = died.iter().copied().reduce(f64::min);
    let found = if !streamed {
        Found::Unknown("no line names its stream, so that instances are not told apart")
    } else if died.is_empty() && idle.survivals() == 0 {
        Found::Unknown("no instance was called twice, and none was seen to end")
    } else if died.is_empty() {
        Found::Above(idle.longest_survived)
    } else if idle.survivals() == 0 {
        Found::AtMost(shortest.unwrap_or(0.0))
    } else {
        of_both(idle, &died, max_life_s, seed)
    };
    KeepAlive {
        found,
        survived: idle.survivals(),
        gone: died.len() as u64,
        aged: (idle.died.len() - died.len()) as u64,
        longest_survived_s: idle.longest_survived,
        shortest_gone_s: shortest,
    }
}

fn of_both(idle: &Idle, died: &[f64], max_life_s: f64, seed: u64) -> Found {
    let with_died = |mut pauses: Vec<Pause>| {
        pauses.extend(died.iter().map(|s| Pause {
            s: *s,
            gone: true,
            times: 1.0,
        }));
        pauses
    };
    let survived = |(s, _, times): (f64, f64, f64)| Pause {
        s,
        gone: false,
        times,
    };
    let constant = constant(with_died(idle.all_survived().map(survived).collect()));
    // Where lengths vary, pauses are left out on both sides alike.
    let young = idle.all_survived().filter(|(_, age, _)| *age < max_life_s);
    let pauses = binned(with_died(young.map(survived).collect()));
    let steps = isotonic(&pauses);
    let free: f64 = ln_likelihood(&pauses, |s| step_at(&steps, s));
    let longest = pauses.last().map_or(1.0, |pause| pause.s);
    let (min, max) = fit_uniform(&pauses, ((0.0, longest), (0.0, longest * 2.0)), 6);
    let uniform = ln_likelihood(&pauses, |s| uniform_cdf(min, max, s));
    if let Some((length, found)) = constant {
        // Few of all pauses that contradict may be many of those that tell.
        let alone = ln_likelihood(&pauses, |s| f64::from(u8::from(s >= length)));
        if uniform <= alone + LIKELIER {
            return found;
        }
    }
    // Each free step raises the likelihood by chance: by 1.5 in simulations of a uniform law.
    if uniform >= free - 5.0 - 2.0 * steps.len() as f64 {
        return bootstrap_uniform(&pauses, (min, max), seed);
    }
    Found::Percentiles(percentiles(&steps, longest))
}

/// The length that the fewest pauses contradict, if these are few of those about it.
fn constant(mut pauses: Vec<Pause>) -> Option<(f64, Found)> {
    pauses.sort_by(in_order);
    // Each pause stands between the deaths before it and the survivors after it, which contradict.
    // Survivors are summed from the longest on, so that those that count one are counted exactly.
    let mut survived_after = vec![0.0; pauses.len() + 1];
    for (place, pause) in pauses.iter().enumerate().rev() {
        let own = if pause.gone { 0.0 } else { pause.times };
        survived_after[place] = survived_after[place + 1] + own;
    }
    let mut died_before = 0.0;
    let mut least = (f64::INFINITY, 0.0, 0.0);
    for (place, pause) in pauses.iter().enumerate() {
        died_before += if pause.gone { pause.times } else { 0.0 };
        let contradicting = died_before + survived_after[place + 1];
        let next = pauses.get(place + 1).map_or(f64::INFINITY, |next| next.s);
        if contradicting < least.0 && next > pause.s {
            least = (contradicting, pause.s, next);
        }
    }
    let (contradicting, below, above) = least;
    if !above.is_finite() {
        return None;
    }
    let length = f64::midpoint(below, above);
    let about: f64 = pauses
        .iter()
        .filter(|pause| (length / 2.0..length * 2.0).contains(&pause.s))
        .map(|pause| pause.times)
        .sum();
    let found = Found::Constant {
        s: Interval {
            mean: length,
            lo: below,
            hi: above,
        },
        contradicting: contradicting.round() as u64,
    };
    (contradicting <= CONTRADICTING * about).then_some((length, found))
}

fn in_order(a: &Pause, b: &Pause) -> std::cmp::Ordering {
    a.s.total_cmp(&b.s).then(a.gone.cmp(&b.gone))
}

/// Pauses by length, those of nearly the same length put together where there are many.
fn binned(mut pauses: Vec<Pause>) -> Vec<Pause> {
    pauses.sort_by(in_order);
    let size = pauses.len().div_ceil(LENGTHS).max(1);
    let mut bins = Vec::new();
    for chunk in pauses.chunks(size) {
        for gone in [false, true] {
            let of_kind = chunk.iter().filter(|pause| pause.gone == gone);
            let times: f64 = of_kind.clone().map(|pause| pause.times).sum();
            if times > 0.0 {
                let sum: f64 = of_kind.map(|pause| pause.s * pause.times).sum();
                bins.push(Pause {
                    s: sum / times,
                    gone,
                    times,
                });
            }
        }
    }
    bins.sort_by(|a, b| a.s.total_cmp(&b.s));
    bins
}

/// (pause, share that is gone by it), rising in both: pooled adjacent violators.
fn isotonic(pauses: &[Pause]) -> Vec<(f64, f64)> {
    // (first pause of the pool, gone, all)
    let mut pools: Vec<(f64, f64, f64)> = Vec::new();
    for pause in pauses {
        let gone = if pause.gone { pause.times } else { 0.0 };
        pools.push((pause.s, gone, pause.times));
        while let [.., before, last] = &pools[..]
            && before.1 * last.2 >= last.1 * before.2
        {
            let pooled = (before.0, before.1 + last.1, before.2 + last.2);
            pools.truncate(pools.len() - 2);
            pools.push(pooled);
        }
    }
    pools
        .into_iter()
        .map(|(s, gone, all)| (s, gone / all))
        .collect()
}

fn step_at(steps: &[(f64, f64)], s: f64) -> f64 {
    let above = steps.partition_point(|(from, _)| *from <= s);
    above.checked_sub(1).map_or(0.0, |at| steps[at].1)
}

fn uniform_cdf(min: f64, max: f64, s: f64) -> f64 {
    ((s - min) / (max - min).max(1e-9)).clamp(0.0, 1.0)
}

fn ln_likelihood(pauses: &[Pause], cdf: impl Fn(f64) -> f64) -> f64 {
    let one = |pause: &Pause| {
        let gone = cdf(pause.s);
        let share = if pause.gone { gone } else { 1.0 - gone };
        pause.times * ((1.0 - STRAY) * share + STRAY / 2.0).ln()
    };
    pauses.iter().map(one).sum()
}

/// Both ends of a range that an end of a uniform law is looked for in.
type Range = (f64, f64);

/// The likeliest uniform law: a grid of its ends, made finer about the best one so many times.
fn fit_uniform(pauses: &[Pause], (low, high): (Range, Range), finer: u32) -> (f64, f64) {
    const POINTS: u32 = 16;
    let (mut low, mut high) = (low, high);
    let mut best = (f64::NEG_INFINITY, low.0, high.1);
    for _ in 0..finer {
        for i in 0..=POINTS {
            for j in 0..=POINTS {
                let at = |range: Range, place: u32| {
                    range.0 + (range.1 - range.0) * f64::from(place) / f64::from(POINTS)
                };
                let (min, max) = (at(low, i), at(high, j));
                if max > min {
                    let rate = ln_likelihood(pauses, |s| uniform_cdf(min, max, s));
                    if rate > best.0 {
                        best = (rate, min, max);
                    }
                }
            }
        }
        let narrower = |range: Range, at: f64| {
            let half = (range.1 - range.0) / 5.0;
            ((at - half).max(0.0), at + half)
        };
        low = narrower(low, best.1);
        high = narrower(high, best.2);
    }
    (best.1, best.2)
}

fn bootstrap_uniform(pauses: &[Pause], fitted: (f64, f64), seed: u64) -> Found {
    let mut stream = stream(seed, 5);
    let total: f64 = pauses.iter().map(|pause| pause.times).sum();
    let mut ends = (Vec::new(), Vec::new());
    for _ in 0..BOOTSTRAPS {
        // As many pauses again, each as likely as it was often: about Poisson a bin.
        let again: Vec<Pause> = pauses
            .iter()
            .map(|pause| Pause {
                times: poisson(pause.times, &mut stream),
                ..*pause
            })
            .filter(|pause| pause.times > 0.0)
            .collect();
        if again.iter().map(|pause| pause.times).sum::<f64>() < total / 4.0 {
            continue;
        }
        let about = |end: f64| ((end - fitted.1 * 0.3).max(0.0), end + fitted.1 * 0.3);
        let (min, max) = fit_uniform(&again, (about(fitted.0), about(fitted.1)), 3);
        ends.0.push(min);
        ends.1.push(max);
    }
    let around = |mean: f64, ends: &mut Vec<f64>| {
        ends.sort_by(f64::total_cmp);
        Interval {
            mean,
            lo: (mean - WIDER * (mean - quantile(ends, 0.025)).max(0.0)).max(0.0),
            hi: mean + WIDER * (quantile(ends, 0.975) - mean).max(0.0),
        }
    };
    Found::Uniform {
        min: around(fitted.0, &mut ends.0),
        max: around(fitted.1, &mut ends.1),
    }
}

/// A Poisson number: by products of uniform numbers where it is small, else about normal.
fn poisson(mean: f64, stream: &mut crate::random::Stream) -> f64 {
    if mean > 50.0 {
        let twelve: f64 = (0..12).map(|_| uniform(stream)).sum::<f64>() - 6.0;
        return (mean + mean.sqrt() * twelve).round().max(0.0);
    }
    let (least, mut product, mut number) = ((-mean).exp(), uniform(stream), 0.0);
    while product > least {
        product *= uniform(stream);
        number += 1.0;
    }
    number
}

/// Percentiles of the steps; what is beyond the longest pause is put there.
fn percentiles(steps: &[(f64, f64)], longest: f64) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = vec![(0.0, 0.0)];
    for (s, share) in steps {
        let percent = (share * 1000.0).round() / 10.0;
        let Some(last) = points.last_mut() else { break };
        if last.0 >= 100.0 {
            break;
        }
        if percent <= last.0 {
            // Nothing ends between two steps of the same height.
            last.1 = *s;
            continue;
        }
        let before = last.0;
        if percent - before > HIGH_STEP {
            points.push((before + 0.1, *s));
        }
        points.push((percent, *s));
    }
    let last = points.last().copied().filter(|last| last.0 < 100.0);
    if let Some((percent, s)) = last {
        // Nothing more ends between the last step and the longest pause.
        if longest > s {
            points.push(((percent + 0.1).min(100.0), longest));
        }
        points.push((100.0, longest.max(s)));
    }
    points
}

impl Found {
    /// Keep-alives spread evenly over what the log leaves open; none where it leaves nothing open,
    /// or all.
    pub(super) fn within(&self, count: u32) -> Vec<String> {
        let shares = (0..count).map(|place| (f64::from(place) + 0.5) / f64::from(count));
        let between = |of: &Interval, share: f64| of.lo + (of.hi - of.lo) * share;
        // The ends of a uniform law are not paired: another order for the other one.
        let other = |share: f64| (share + 0.618_033_988_749_895).fract();
        let secs = |s: f64| super::digits::digits(s, 7);
        match self {
            Self::Constant { s, .. } => shares
                .map(|share| format!("\"{} s\"", secs(between(s, share))))
                .collect(),
            Self::Uniform { min, max } => shares
                .map(|share| {
                    let (a, b) = (between(min, share), between(max, other(share)));
                    let (min, max) = (secs(a.min(b)), secs(a.max(b)));
                    format!("{{ uniform = {{ min = \"{min} s\", max = \"{max} s\" }} }}")
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    /// As a value of `keep-alive`, where the log tells it.
    pub fn toml(&self) -> Option<String> {
        Some(match self {
            Self::Constant { s, .. } => format!("\"{} s\"", super::digits::digits(s.mean, 5)),
            Self::Uniform { min, max } => format!(
                "{{ uniform = {{ min = \"{} s\", max = \"{} s\" }} }}",
                super::digits::digits(min.mean, 5),
                super::digits::digits(max.mean, 5)
            ),
            Self::Percentiles(points) => {
                let points = points.iter().map(|(p, s)| (*p, s * 1e3)).collect();
                Law::Percentiles(points).toml()
            }
            Self::Above(_) | Self::AtMost(_) | Self::Unknown(_) => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::goodness::stream;

    fn idle(law: impl Fn(f64) -> f64, count: u32, seed: u64) -> Idle {
        let mut stream = stream(seed, 9);
        let mut idle = Idle::default();
        for _ in 0..count {
            let (pause, kept) = (1500.0 * uniform(&mut stream), law(uniform(&mut stream)));
            if kept > pause {
                idle.survived.push((pause, 0.0));
                idle.longest_survived = idle.longest_survived.max(pause);
            } else {
                idle.died.push((pause, 0.0));
            }
        }
        idle
    }

    #[test]
    fn a_constant_lies_between_the_pauses_at_its_sides() {
        for seed in 0..20 {
            let found = estimate(&idle(|_| 640.0, 200, seed), true, f64::INFINITY, 1).found;
            let Found::Constant { s, contradicting } = found else {
                panic!("{found:?}")
            };
            assert!(s.contains(640.0) && s.hi - s.lo < 60.0, "{s:?}");
            assert_eq!(contradicting, 0);
        }
    }

    #[test]
    fn a_stray_end_does_not_make_a_constant_vary() {
        let mut idle = idle(|_| 640.0, 400, 3);
        idle.died.push((400.0, 0.0));
        idle.died.push((30.0, 0.0));
        let found = estimate(&idle, true, f64::INFINITY, 1).found;
        let Found::Constant { s, contradicting } = found else {
            panic!("{found:?}")
        };
        assert!(s.contains(640.0), "{s:?}");
        assert_eq!(contradicting, 2);
    }

    /// A busy function has many pauses that tell nothing: 20 of 3,060 that contradict a
    /// constant is little, a third of those about the keep-alive is not.
    #[test]
    fn many_short_pauses_do_not_make_a_uniform_law_constant() {
        for seed in 0..10 {
            let mut stream = stream(seed, 9);
            let mut idle = Idle::default();
            for place in 0..3_060 {
                let (from, to) = if place < 3_000 {
                    (180.0, 290.0)
                } else {
                    (290.0, 430.0)
                };
                let pause = from + (to - from) * uniform(&mut stream);
                if 300.0 + 120.0 * uniform(&mut stream) > pause {
                    idle.survived.push((pause, 0.0));
                    idle.longest_survived = idle.longest_survived.max(pause);
                } else {
                    idle.died.push((pause, 0.0));
                }
            }
            let found = estimate(&idle, true, f64::INFINITY, seed).found;
            let Found::Uniform { min, max } = found else {
                panic!("{found:?}")
            };
            assert!((min.mean - 300.0).abs() < 30.0, "{min:?}");
            assert!((max.mean - 420.0).abs() < 30.0, "{max:?}");
        }
    }

    #[test]
    fn the_ends_of_a_uniform_law_are_within_their_intervals() {
        let mut inside = [0, 0];
        for seed in 0..40 {
            let found = estimate(
                &idle(|u| 300.0 + 600.0 * u, 600, seed),
                true,
                f64::INFINITY,
                seed,
            )
            .found;
            let Found::Uniform { min, max } = found else {
                panic!("{found:?}")
            };
            assert!(
                (min.mean - 300.0).abs() < 120.0 && (max.mean - 900.0).abs() < 120.0,
                "{min:?} {max:?}"
            );
            inside[0] += u32::from(min.contains(300.0));
            inside[1] += u32::from(max.contains(900.0));
        }
        assert!(inside[0] >= 34 && inside[1] >= 34, "{inside:?} of 40");
    }

    #[test]
    fn of_many_pauses_neither_kind_is_lost() {
        let mut stream = stream(1, 9);
        let mut idle = Idle::default();
        let mut survived = 0;
        for _ in 0..1_600_000 {
            let pause = 1500.0 * uniform(&mut stream);
            if 1500.0 * uniform(&mut stream) > pause {
                idle.survive(pause, 0.0);
                survived += 1;
            } else {
                idle.died.push((pause, 0.0));
            }
        }
        assert!(idle.survived.len() < 400_000 && !idle.shorter.kept().is_empty());
        let told = estimate(&idle, true, f64::INFINITY, 1);
        assert_eq!(told.survived, survived);
        // So many tell even a uniform law from its likeliest fit: it comes out as percentiles.
        let Found::Percentiles(points) = told.found else {
            panic!("{:?}", told.found)
        };
        let law = Law::Percentiles(points);
        for s in [75.0, 150.0, 375.0, 750.0, 1125.0, 1400.0] {
            let gone = law.cdf(s);
            assert!((gone - s / 1500.0).abs() < 0.02, "{s}: {gone}");
        }
    }

    #[test]
    fn two_kinds_of_instances_give_percentiles() {
        let found = estimate(
            &idle(|u| if u < 0.5 { 100.0 } else { 1200.0 }, 4000, 1),
            true,
            f64::INFINITY,
            1,
        )
        .found;
        let Found::Percentiles(points) = found else {
            panic!("{found:?}")
        };
        let law = Law::Percentiles(points);
        for s in [200.0, 600.0, 1000.0] {
            assert!((law.cdf(s) - 0.5).abs() < 0.12, "{s}: {law:?}");
        }
        assert!(law.cdf(90.0) < 0.2 && law.cdf(1400.0) > 0.8, "{law:?}");
    }

    /// A tenth ends after a second, the others outlive every pause.
    #[test]
    fn what_was_not_seen_to_end_lives_as_long_as_the_longest_pause() {
        let law = |u: f64| if u < 0.1 { 1.0 } else { 1e9 };
        let told = estimate(&idle(law, 4000, 1), true, f64::INFINITY, 1);
        let Found::Percentiles(points) = told.found else {
            panic!("{:?}", told.found)
        };
        let law = Law::Percentiles(points);
        for s in [100.0, 700.0, 1400.0] {
            assert!((law.cdf(s) - 0.1).abs() < 0.03, "{s}: {law:?}");
        }
    }

    #[test]
    fn a_log_that_cannot_tell_says_so() {
        let none = Idle::default();
        assert!(matches!(
            estimate(&none, true, 1e9, 1).found,
            Found::Unknown(_)
        ));
        assert!(matches!(
            estimate(&idle(|_| 640.0, 10, 1), false, 1e9, 1).found,
            Found::Unknown(_)
        ));
        let long = idle(|_| 1e9, 50, 1);
        assert_eq!(
            estimate(&long, true, 1e9, 1).found,
            Found::Above(long.longest_survived)
        );
        let short = idle(|_| 0.0, 50, 1);
        assert!(matches!(
            estimate(&short, true, 1e9, 1).found,
            Found::AtMost(_)
        ));
    }

    #[test]
    fn an_end_at_an_age_at_which_all_end_tells_nothing() {
        let mut idle = idle(|_| 640.0, 100, 1);
        idle.died.push((20.0, 7_200.0));
        let told = estimate(&idle, true, 7_122.0, 1);
        assert_eq!(told.aged, 1);
        let Found::Constant { contradicting, .. } = told.found else {
            panic!()
        };
        assert_eq!(contradicting, 0);
    }
}
