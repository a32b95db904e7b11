//! Whether the model holds: fitted to the first part of a log, simulated over the second, and put
//! beside what happened there.
//!
//! The requests are those of the log, from its beginning, so that instances are in the state that
//! the first part left them in; how long each runs is drawn from the model. What no log shows of a
//! start is left out of the simulation, so that like is compared with like. Each replication has a
//! keep-alive of its own out of the interval in which the first part leaves it: what the log does
//! not tell is part of how far off a prediction may be.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;

use crate::config::{self, Overrides};
use crate::experiment::{self, CellId, CellResult, Failure, MOST_JOBS_A_CORE};
use crate::metric::{self, MetricId};
use crate::sim::Control;
use crate::stats::histogram::resolution;
use crate::stats::moments::Moments;
use crate::stats::student::student_t_quantile;

use super::arrivals::Arrivals;
use super::call::{Call, End};
use super::digits::digits;
use super::estimates::Estimates;
use super::files::{self, Scratch};
use super::history::History;
use super::keep_alive::Found;
use super::model_file::{self, About, Run};
use super::platform::Unseen;
use super::sample::quantile;
use super::sort::Sorted;

/// A gap of this share is close, where replications spread less than that.
const CLOSE: f64 = 0.05;

/// Above this share of the pauses that tell, contradictions show that a keep-alive is no constant.
const CONTRADICTING: f64 = 0.01;

/// A weaker correlation of calls one after another is no cause of what a verdict misses.
const DEPENDENT: f64 = 0.1;

/// How a measure came out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// What happened lies within what replications give, 95 times of 100.
    Inside,
    /// Outside, but by no more than 5 %.
    Close,
    /// Further off.
    Misses,
    /// Not outside, but replications spread so widely that nearly anything would lie within.
    TooWide,
}

/// A measure as it was and as it is simulated.
#[derive(Clone, PartialEq, Debug)]
pub struct Line {
    /// Its name.
    pub name: &'static str,
    /// In the log.
    pub measured: f64,
    /// Mean of the replications.
    pub simulated: f64,
    /// Where another replication would lie 95 times of 100 (Student t with 1 + 1/n).
    pub prediction: (f64, f64),
    /// How it came out.
    pub outcome: Outcome,
}

/// The verdict.
#[derive(Clone, PartialEq, Debug)]
pub struct Verdict {
    /// Calls of the first and of the second part.
    pub calls: (u64, u64),
    /// Where the second begins, in seconds from the first request.
    pub split_s: f64,
    /// Replications.
    pub replications: u32,
    /// Measures.
    pub lines: Vec<Line>,
    /// What may have led it astray and is seen in the log, likeliest first; of one that misses
    /// without any, no cause is seen.
    pub reasons: Vec<String>,
}

impl Verdict {
    /// Whether no measure misses: each is inside or close, or too wide to tell. `None` where that
    /// is so of half of them or more, for then the rest say little.
    pub fn holds(&self) -> Option<bool> {
        let wide = self.count(Outcome::TooWide);
        match self.count(Outcome::Misses) {
            0 => (wide * 2 < self.lines.len()).then_some(true),
            _ => Some(false),
        }
    }

    /// How many measures came out so.
    pub fn count(&self, outcome: Outcome) -> usize {
        let same = |line: &&Line| line.outcome == outcome;
        self.lines.iter().filter(same).count()
    }

    /// The verdict in a sentence: of one that holds, how many measures are only close.
    pub fn sentence(&self) -> String {
        let missing: Vec<&str> = self
            .lines
            .iter()
            .filter(|line| line.outcome == Outcome::Misses)
            .map(|line| line.name)
            .collect();
        let all = self.lines.len();
        let mut sentence = match (self.holds(), self.count(Outcome::Close)) {
            (Some(false), _) => format!("The model misses {}.", missing.join(", ")),
            (None, _) => "Whether the model holds cannot be told.".to_owned(),
            (_, 0) => "The model holds.".to_owned(),
            (_, close) => format!(
                "The model holds, {close} of {all} not inside but within {} %.",
                CLOSE * 100.0
            ),
        };
        match self.count(Outcome::TooWide) {
            0 => {}
            wide => {
                let _ = write!(sentence, " Of {all} measures {wide} are too wide to tell.");
            }
        }
        sentence
    }
}

/// What a verdict needs.
pub(super) struct Parts<'a> {
    pub(super) calls: &'a Sorted<Call>,
    pub(super) whole: &'a History,
    pub(super) first: &'a History,
    pub(super) second: &'a History,
    pub(super) whole_estimates: &'a Estimates,
    /// Of the first part.
    pub(super) estimates: &'a Estimates,
    pub(super) about: &'a About<'a>,
    pub(super) date: &'a str,
    pub(super) split: i64,
    /// When the simulation begins.
    pub(super) from: i64,
    pub(super) unseen: Unseen,
    pub(super) replications: u32,
    pub(super) seed: u64,
    pub(super) jobs: Option<usize>,
    /// Where files may be written that are gone afterwards.
    pub(super) dir: &'a Path,
}

/// Why there is no verdict.
#[derive(Debug)]
pub(super) enum NoVerdict {
    /// A file could not be written.
    Io(std::io::Error),
    /// What was written is not understood: a bug.
    Written(config::Diagnostics),
    /// The simulation failed or was stopped.
    Simulation(Failure),
}

impl From<std::io::Error> for NoVerdict {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// Simulates the second part.
pub(super) fn verdict(parts: &Parts<'_>, control: &Control) -> Result<Verdict, NoVerdict> {
    let scratch = Scratch::in_folder(parts.dir)?;
    let dir = scratch.path();
    files::write_arrivals(
        &dir.join("arrivals.csv"),
        Arrivals::new(parts.calls, parts.unseen)?,
        (parts.about.name, parts.from),
        false,
    )?;
    fs::write(
        dir.join("model.toml"),
        model_file::model(parts.about, parts.estimates),
    )?;
    let (first, last) = parts.whole.span.unwrap_or_default();
    // Arrivals count from the beginning of the run; the parts are cut by what the log shows.
    let seconds = |from: i64, to: i64| (to - from) as f64 / 1e9;
    let warm_up_s = seconds(parts.from, parts.split);
    let run = Run {
        question: "Does the model hold?",
        trace: "arrivals.csv",
        model: "model.toml",
        date: parts.date,
        verdict: None,
        duration_s: seconds(parts.split, last).max(1e-3),
        start: None,
        warm_up_s,
        replications: parts.replications,
        seed: parts.seed,
        as_logged: true,
        keep_alives: parts.estimates.keep_alive.found.within(parts.replications),
    };
    let file = dir.join("verdict.toml");
    fs::write(
        &file,
        model_file::experiment(&run, parts.about, parts.estimates),
    )?;
    let experiment = config::load(&file, &Overrides::default()).map_err(NoVerdict::Written)?;
    let cells = cells(&experiment, parts.jobs, control).map_err(NoVerdict::Simulation)?;
    let lines = lines(parts.second, &cells);
    Ok(Verdict {
        calls: (parts.first.calls, parts.second.calls),
        split_s: seconds(first, parts.split),
        replications: parts.replications,
        reasons: reasons(parts, &lines, dependence(parts.calls)?),
        lines,
    })
}

/// Every replication, in order.
fn cells(
    experiment: &crate::model::Experiment,
    jobs: Option<usize>,
    control: &Control,
) -> Result<Vec<CellResult>, Failure> {
    use rayon::prelude::*;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = jobs.unwrap_or(cores).min(cores * MOST_JOBS_A_CORE);
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs)
        .build()
        .map_err(|error| Failure::Threads(error.to_string()))?;
    // One keep-alive a replication, out of all pairs of them.
    let scenarios = experiment.scenarios.len() as u32;
    let ids: Vec<CellId> = (0..experiment.replications)
        .map(|replication| CellId {
            scenario: replication % scenarios,
            replication,
        })
        .collect();
    threads.install(|| {
        ids.par_iter()
            .map(|id| experiment::run_cell(experiment, *id, control))
            .collect()
    })
}

fn lines(second: &History, cells: &[CellResult]) -> Vec<Line> {
    let latency = second.latency.sorted();
    let rows: [(&'static str, f64, MetricId); 8] = [
        ("cold starts", second.cold as f64, metric::COLD_STARTS),
        (
            "cold start ratio",
            second.cold as f64 / second.calls as f64,
            metric::COLD_START_RATIO,
        ),
        (
            "latency p50 [ms]",
            quantile(&latency, 0.5),
            metric::LATENCY_MS_P50,
        ),
        (
            "latency p90 [ms]",
            quantile(&latency, 0.9),
            metric::LATENCY_MS_P90,
        ),
        (
            "latency p99 [ms]",
            quantile(&latency, 0.99),
            metric::LATENCY_MS_P99,
        ),
        (
            "latency mean [ms]",
            second.latency.mean(),
            metric::LATENCY_MS_MEAN,
        ),
        ("concurrency mean", second.busy_mean, metric::BUSY_MEAN),
        (
            "concurrency peak",
            f64::from(second.busy_peak),
            metric::BUSY_PEAK,
        ),
    ];
    let line = |(name, measured, metric): (&'static str, f64, MetricId)| {
        let values: Moments = cells
            .iter()
            .filter_map(|cell| cell.summary.values.get(metric))
            .collect();
        // One cold start or one instance more or less is little, however few there are.
        let little = match metric {
            metric::COLD_STARTS | metric::BUSY_PEAK => 1.0,
            metric::COLD_START_RATIO => 1.0 / second.calls as f64,
            _ => 0.0,
        };
        line(name, measured, &values, little)
    };
    rows.into_iter().map(line).collect()
}

/// How a measure came out. A prediction of which half is wider than what it predicts and than what
/// was measured, and than what is `little`, says nothing.
fn line(name: &'static str, measured: f64, values: &Moments, little: f64) -> Line {
    let n = values.count() as f64;
    let simulated = values.mean().unwrap_or(f64::NAN);
    let half = values.standard_deviation().map_or(f64::NAN, |sd| {
        student_t_quantile(0.975, n - 1.0) * sd * (1.0 + 1.0 / n).sqrt()
    });
    let prediction = ((simulated - half).max(0.0), simulated + half);
    let gap = (simulated - measured).abs();
    // A quantile of a simulation is known to its bucket.
    let exact = if name.contains(" p") && name.starts_with("latency") {
        resolution(simulated * 1e6) / 1e6
    } else {
        1e-9
    };
    let outcome = if gap <= half + exact {
        if half > little.max(simulated).max(measured) {
            Outcome::TooWide
        } else {
            Outcome::Inside
        }
    } else if gap <= CLOSE * measured.abs() {
        Outcome::Close
    } else {
        Outcome::Misses
    };
    Line {
        name,
        measured,
        simulated,
        prediction,
        outcome,
    }
}

/// What is known to lead a verdict astray and is the case here; empty where the log shows nothing.
/// `correlation` is that of calls one after another.
fn reasons(parts: &Parts<'_>, lines: &[Line], correlation: Option<f64>) -> Vec<String> {
    let missing: Vec<&Line> = lines
        .iter()
        .filter(|line| line.outcome == Outcome::Misses)
        .collect();
    let mut reasons = Vec::new();
    if missing.is_empty() {
        return reasons;
    }
    let misses = |word: &str| missing.iter().any(|line| line.name.starts_with(word));
    let (before, after) = (parts.first.warm.sorted(), parts.second.warm.sorted());
    let drift = super::first_call::two_samples(&before, &after);
    let drift_p = super::first_call::smirnov(
        drift,
        super::first_call::effective(before.len() as f64, after.len() as f64),
    );
    if (misses("latency") || misses("concurrency")) && drift_p < 0.01 {
        reasons.push(format!(
            "warm calls ran differently in the two parts: median {} ms, then {} ms (KS distance {})",
            digits(quantile(&before, 0.5), 4),
            digits(quantile(&after, 0.5), 4),
            digits(drift, 2)
        ));
    }
    if misses("cold") {
        let keep_alive = &parts.whole_estimates.keep_alive;
        let telling = keep_alive.survived + keep_alive.gone;
        if let Found::Constant { contradicting, .. } = keep_alive.found
            && are_many(contradicting, telling)
        {
            reasons.push(format!(
                "{contradicting} of {telling} pauses in the log contradict a constant keep-alive: not \
                 all instances live equally long"
            ));
        }
        if parts.estimates.keep_alive_toml.is_none() {
            reasons.push(format!(
                "the first part does not tell the keep-alive ({}), and the platform's own may not be \
                 that of this log",
                model_file::keep_alive(&parts.estimates.keep_alive, false)
            ));
        }
        if parts.whole.idle.passed_over * 20 > parts.whole.cold {
            reasons.push(format!(
                "{} requests waited for a new instance though an idle one was there: it is not one \
                 pool of instances (versions, provisioned concurrency, requests side by side)",
                parts.whole.idle.passed_over
            ));
        }
        if parts.whole.idle.deployed > 0 {
            reasons.push(format!(
                "{} instances ended with their version, which the simulation does not do",
                parts.whole.idle.deployed
            ));
        }
    }
    if reasons.is_empty() && parts.first.cold < 20 {
        reasons.push(format!(
            "the first part has {} cold starts to learn from",
            parts.first.cold
        ));
    }
    if let Some(correlation) = correlation {
        reasons.push(format!(
            "how long a call runs depends on the call before it (correlation of their logarithms {}), \
             be it by the time of day: in the simulation it does not",
            digits(correlation, 2)
        ));
    }
    reasons
}

/// Whether contradictions of a constant keep-alive are more than chance, clocks and cut logs.
fn are_many(contradicting: u64, telling: u64) -> bool {
    contradicting as f64 > CONTRADICTING * telling as f64
}

/// Of warm calls one after another, how much how long they run has to do with one another: the
/// correlation of the logarithms, where there clearly is one.
fn dependence(calls: &Sorted<Call>) -> io::Result<Option<f64>> {
    let mut pairs = Pairs::default();
    let mut before = None;
    let mut rows = calls.rows()?;
    while let Some(call) = rows.next()? {
        if call.is_cold() || call.0.end == End::Timeout || call.0.run <= 0 {
            continue;
        }
        let now = call.run_ms().ln();
        if let Some(before) = before.replace(now) {
            pairs.see(before, now);
        }
    }
    Ok(pairs.clear_correlation())
}

/// Sums over pairs.
#[derive(Clone, Copy, Default)]
struct Pairs {
    n: f64,
    mean: (f64, f64),
    square: (f64, f64),
    product: f64,
}

impl Pairs {
    fn see(&mut self, a: f64, b: f64) {
        self.n += 1.0;
        let (from_a, from_b) = (a - self.mean.0, b - self.mean.1);
        self.mean.0 += from_a / self.n;
        self.mean.1 += from_b / self.n;
        self.square.0 += from_a * (a - self.mean.0);
        self.square.1 += from_b * (b - self.mean.1);
        self.product += from_a * (b - self.mean.1);
    }

    /// Of independent values it has a standard deviation of 1/√n.
    fn clear_correlation(&self) -> Option<f64> {
        let correlation = self.product / (self.square.0 * self.square.1).sqrt();
        let clear = correlation.abs() > DEPENDENT.max(4.0 / self.n.sqrt());
        clear.then_some(correlation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(outcomes: &[Outcome]) -> Verdict {
        let line = |outcome: &Outcome| Line {
            name: "cold starts",
            measured: 1.0,
            simulated: 1.0,
            prediction: (1.0, 1.0),
            outcome: *outcome,
        };
        Verdict {
            calls: (1, 1),
            split_s: 1.0,
            replications: 2,
            lines: outcomes.iter().map(line).collect(),
            reasons: Vec::new(),
        }
    }

    #[test]
    fn a_verdict_says_what_is_only_close() {
        use Outcome::{Close, Inside, Misses, TooWide};
        for (outcomes, said, holds) in [
            ([Inside; 3], "The model holds.", Some(true)),
            (
                [Inside, Close, Inside],
                "The model holds, 1 of 3 not inside but within 5 %.",
                Some(true),
            ),
            (
                [Close, Misses, Inside],
                "The model misses cold starts.",
                Some(false),
            ),
            (
                [Inside, TooWide, Inside],
                "The model holds. Of 3 measures 1 are too wide to tell.",
                Some(true),
            ),
            (
                [TooWide, TooWide, Inside],
                "Whether the model holds cannot be told. Of 3 measures 2 are too wide to tell.",
                None,
            ),
        ] {
            assert_eq!(verdict(&outcomes).sentence(), said);
            assert_eq!(verdict(&outcomes).holds(), holds);
        }
    }

    #[test]
    fn a_pause_of_thousands_is_no_cause() {
        assert!(!are_many(1, 28_748));
        assert!(!are_many(0, 0));
        assert!(are_many(300, 28_748));
    }

    #[test]
    fn only_calls_that_depend_on_one_another_are_told_to() {
        let of = |values: &mut dyn Iterator<Item = f64>| {
            let mut pairs = Pairs::default();
            let values: Vec<f64> = values.collect();
            for pair in values.windows(2) {
                pairs.see(pair[0], pair[1]);
            }
            pairs.clear_correlation()
        };
        // Fractional parts of squares spread as if they were drawn.
        let drawn = |n: u32| (f64::from(n * n) * std::f64::consts::SQRT_2).fract();
        assert_eq!(of(&mut (0..2_000).map(drawn)), None);
        // Slow for half of the time: by half of its variance a call is like the one before.
        let slow = |n: u32| drawn(n) + f64::from(n / 100 % 2);
        let told = of(&mut (0..2_000).map(slow)).unwrap();
        assert!((0.6..0.9).contains(&told), "{told}");
        // Few of them show nothing.
        assert_eq!(of(&mut (0..10).map(slow)), None);
        assert_eq!(of(&mut [1.0; 9].into_iter()), None);
    }

    #[test]
    fn an_interval_that_holds_everything_tells_nothing() {
        let outcome = |measured: f64, simulated: [f64; 4], little: f64| {
            let values: Moments = simulated.into_iter().collect();
            line("cold starts", measured, &values, little).outcome
        };
        // Mean 10; of half the width t₃ · s · √1.25 = 3.182 · 1.118 · s.
        assert_eq!(outcome(11.0, [9.0, 11.0, 9.0, 11.0], 1.0), Outcome::Inside);
        assert_eq!(outcome(11.0, [4.0, 16.0, 4.0, 16.0], 1.0), Outcome::TooWide);
        // What is so far off that it lies outside all the same, misses.
        assert_eq!(outcome(99.0, [4.0, 16.0, 4.0, 16.0], 1.0), Outcome::Misses);
        // Next to nothing is known well enough where it is off by no more than one.
        assert_eq!(outcome(0.0, [0.0, 0.0, 0.0, 0.5], 1.0), Outcome::Inside);
        assert_eq!(outcome(0.0, [0.0, 0.0, 0.0, 0.5], 0.0), Outcome::TooWide);
    }
}
