//! Synthetic traces of the Azure Functions 2019 shape, where the real ones cannot be shipped.
//!
//! What is imitated: popularity over many orders of magnitude, the mix of triggers, timers with
//! exact periods, a daily swing, executions with lognormal lengths (μ = −0.38, σ = 2.36 in
//! ln-seconds) and memory of a Burr distribution (c = 11.652, k = 0.221, λ = 107.083 MB), the fits
//! of Shahrad et al., "Serverless in the Wild", ATC'20. What is not: correlation between functions,
//! weekends, deployments.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use rand::Rng;
use rand::distr::Distribution;
use rand_distr::{Poisson, StandardNormal};

use crate::dist::{exponential, uniform};
use crate::random::{Purpose, Stream, Streams};

/// How large a synthetic trace is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SynthSize {
    /// Functions.
    pub functions: u32,
    /// Minutes a day; less than 1,440 leaves out the rest of each day, from midnight on.
    pub minutes: u32,
    /// Days, a set of tables each.
    pub days: u32,
}

/// What was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Summary {
    /// Functions.
    pub functions: u32,
    /// Apps they belong to.
    pub apps: u32,
    /// Requests in all.
    pub requests: u64,
    /// Bytes of all files.
    pub bytes: u64,
}

/// Minutes of a day.
const DAY: u32 = 1_440;

/// Triggers and their shares of functions, roughly those of the release.
const TRIGGERS: [(&str, f64); 6] = [
    ("http", 0.55),
    ("timer", 0.16),
    ("queue", 0.15),
    ("event", 0.06),
    ("storage", 0.05),
    ("others", 0.03),
];

/// Minutes between the requests of a timer, with their shares.
const PERIODS: [(u32, f64); 8] = [
    (1, 0.15),
    (5, 0.35),
    (10, 0.1),
    (15, 0.12),
    (30, 0.08),
    (60, 0.12),
    (360, 0.03),
    (1_440, 0.05),
];

/// Median and spread of ln(requests a day) of functions that are not timers, by which 45 % have a
/// request an hour or fewer and 81 % one a minute or fewer, as the apps of the release.
const POPULARITY: (f64, f64) = (3.7, 4.1);

/// No function has more requests a day: about a thousand a second.
const MOST_A_DAY: f64 = 1e8;

/// A function so far.
struct Synth {
    owner: String,
    app: String,
    hash: String,
    trigger: &'static str,
    pattern: Pattern,
    /// Mean and spread of ln(seconds).
    duration: (f64, f64),
}

enum Pattern {
    /// A request each `period` minutes, from minute `phase` on.
    Timer { period: u32, phase: u32 },
    /// Poisson counts around a rate a minute that swings by the hour of the day.
    Swing {
        rate: f64,
        depth: f64,
        /// Minute of the day with the highest rate.
        peak: f64,
    },
}

/// Writes a folder of the published schema from a seed: the same bytes for the same seed and size.
///
/// # Errors
/// The folder cannot be created or written to.
pub fn synth_azure_2019(dir: &Path, size: SynthSize, seed: u64) -> io::Result<Summary> {
    fs::create_dir_all(dir)?;
    let streams = Streams::new(seed, 0);
    let mut stream = streams.stream(u32::MAX, Purpose::Arrivals, 0);
    let (apps, functions) = population(size.functions, &mut stream);
    let mut summary = Summary {
        functions: size.functions,
        apps: apps.len() as u32,
        requests: 0,
        bytes: 0,
    };
    // One stream a function, so that a longer trace begins as the shorter one does.
    let mut counts: Vec<Stream> = (0..size.functions)
        .map(|id| streams.stream(id, Purpose::Arrivals, 0))
        .collect();
    let mut durations: Vec<Stream> = (0..size.functions)
        .map(|id| streams.stream(id, Purpose::Service, 0))
        .collect();
    let mut memories: Vec<Stream> = (0..apps.len() as u32)
        .map(|id| streams.stream(id, Purpose::Life, 0))
        .collect();
    for day in 0..size.days {
        let (invocations, by_function) = invocations(&functions, size.minutes, day, &mut counts);
        let tables = [
            ("invocations_per_function_md.anon", invocations),
            (
                "function_durations_percentiles.anon",
                duration_table(&functions, &by_function, &mut durations),
            ),
            (
                "app_memory_percentiles.anon",
                memory_table(&apps, &mut memories),
            ),
        ];
        for (name, text) in tables {
            fs::write(dir.join(format!("{name}.d{:02}.csv", day + 1)), &text)?;
            summary.bytes += text.len() as u64;
        }
        summary.requests += by_function.iter().sum::<u64>();
    }
    Ok(summary)
}

/// (owner, app) of each app, and the functions.
fn population(count: u32, stream: &mut Stream) -> (Vec<(String, String)>, Vec<Synth>) {
    let mut apps: Vec<(String, String)> = Vec::new();
    let mut functions = Vec::new();
    for _ in 0..count {
        // Half of the apps have one function, as in the release.
        if apps.is_empty() || uniform(stream) < 0.5 {
            let owner = match apps.last() {
                Some((owner, _)) if uniform(stream) < 0.3 => owner.clone(),
                _ => hash(stream),
            };
            apps.push((owner, hash(stream)));
        }
        let (owner, app) = apps[apps.len() - 1].clone();
        let trigger = pick(&TRIGGERS, stream);
        let pattern = if trigger == "timer" {
            let period = pick(&PERIODS, stream);
            Pattern::Timer {
                period,
                phase: (uniform(stream) * f64::from(period)) as u32,
            }
        } else {
            let a_day = (POPULARITY.0 + POPULARITY.1 * normal(stream))
                .exp()
                .min(MOST_A_DAY);
            Pattern::Swing {
                rate: a_day / f64::from(DAY),
                depth: if trigger == "http" { 0.6 } else { 0.2 },
                peak: 840.0 + 120.0 * normal(stream),
            }
        };
        functions.push(Synth {
            owner,
            app,
            hash: hash(stream),
            trigger,
            pattern,
            // A function's own lengths spread less than those of all functions together:
            // 2.36² = 2.2² + 0.85².
            duration: (-0.38 + 2.2 * normal(stream), 0.85),
        });
    }
    (apps, functions)
}

fn pick<T: Copy>(choices: &[(T, f64)], stream: &mut Stream) -> T {
    let mut left = uniform(stream);
    for (choice, share) in choices {
        left -= share;
        if left < 0.0 {
            return *choice;
        }
    }
    choices[0].0
}

fn normal(stream: &mut Stream) -> f64 {
    StandardNormal.sample(stream)
}

/// 64 hexadecimal digits, as the release has.
fn hash(stream: &mut Stream) -> String {
    let mut word = || stream.next_u64();
    format!(
        "{:016x}{:016x}{:016x}{:016x}",
        word(),
        word(),
        word(),
        word()
    )
}

/// The table of a day, and the requests of each function in it.
fn invocations(
    functions: &[Synth],
    minutes: u32,
    day: u32,
    streams: &mut [Stream],
) -> (String, Vec<u64>) {
    let mut text = "HashOwner,HashApp,HashFunction,Trigger".to_owned();
    for minute in 1..=minutes {
        // Writing to a string cannot fail.
        let _ = write!(text, ",{minute}");
    }
    text.push('\n');
    let mut by_function = Vec::new();
    for (function, stream) in functions.iter().zip(streams) {
        let Synth {
            owner,
            app,
            hash,
            trigger,
            ..
        } = function;
        let _ = write!(text, "{owner},{app},{hash},{trigger}");
        let mut sum = 0;
        for minute in 0..minutes {
            let count = match &function.pattern {
                Pattern::Timer { period, phase } => {
                    u64::from((day * DAY + minute) % period == *phase)
                }
                Pattern::Swing { rate, depth, peak } => {
                    let angle = (f64::from(minute) - peak) / f64::from(DAY);
                    let swing = 1.0 + depth * (std::f64::consts::TAU * angle).cos();
                    Poisson::new(rate * swing).map_or(0, |law| law.sample(stream) as u64)
                }
            };
            sum += count;
            let _ = write!(text, ",{count}");
        }
        text.push('\n');
        by_function.push(sum);
    }
    (text, by_function)
}

/// Lengths in ms, whole as in the release, at the percentiles of the function's lognormal. A
/// function without requests has no row.
fn duration_table(functions: &[Synth], requests: &[u64], streams: &mut [Stream]) -> String {
    // Standard normal quantiles of 1, 25, 50, 75, 99 %.
    const Z: [f64; 5] = [-2.326, -0.674, 0.0, 0.674, 2.326];
    let mut text = "HashOwner,HashApp,HashFunction,Average,Count,Minimum,Maximum,\
                    percentile_Average_0,percentile_Average_1,percentile_Average_25,\
                    percentile_Average_50,percentile_Average_75,percentile_Average_99,\
                    percentile_Average_100\n"
        .to_owned();
    for ((function, requests), stream) in functions.iter().zip(requests).zip(streams) {
        if *requests == 0 {
            continue;
        }
        let Synth {
            owner, app, hash, ..
        } = function;
        let (mu, sigma) = function.duration;
        let at = |z: f64| ((mu + sigma * z).exp() * 1e3).round();
        let average = ((mu + sigma * sigma / 2.0).exp() * 1e3).round();
        // Beyond the 1st and 99th percentile by an exponential tail.
        let least = at(Z[0] - 0.3 * exponential(stream));
        let most = at(Z[4] + 0.3 * exponential(stream));
        let _ = write!(
            text,
            "{owner},{app},{hash},{average},{requests},{least}.0,{most}.0,{least}"
        );
        for z in Z {
            let _ = write!(text, ",{}", at(z));
        }
        let _ = writeln!(text, ",{most}");
    }
    text
}

/// Memory of each app in MB: the average is of a Burr distribution, with a tenth of it as spread.
fn memory_table(apps: &[(String, String)], streams: &mut [Stream]) -> String {
    const C: f64 = 11.652;
    const K: f64 = 0.221;
    const LAMBDA: f64 = 107.083;
    const PERCENTILES: [(u32, f64); 8] = [
        (1, -2.326),
        (5, -1.645),
        (25, -0.674),
        (50, 0.0),
        (75, 0.674),
        (95, 1.645),
        (99, 2.326),
        (100, 3.0),
    ];
    let mut text = "HashOwner,HashApp,SampleCount,AverageAllocatedMb".to_owned();
    for (percent, _) in PERCENTILES {
        let _ = write!(text, ",AverageAllocatedMb_pct{percent}");
    }
    text.push('\n');
    for ((owner, app), stream) in apps.iter().zip(streams) {
        // The inverse of 1 − (1 + (x/λ)^c)^−k; the release has no app above 1.5 GB.
        let u = uniform(stream);
        let average =
            (LAMBDA * ((1.0 - u).powf(-1.0 / K) - 1.0).powf(1.0 / C)).clamp(10.0, 1_500.0);
        let average = average.round();
        let samples = 100 + (uniform(stream) * 1_000.0) as u32;
        let _ = write!(text, "{owner},{app},{samples},{average}");
        for (_, z) in PERCENTILES {
            let _ = write!(text, ",{}", (average * (1.0 + 0.1 * z)).round());
        }
        text.push('\n');
    }
    text
}
