//! How far a run is: a bar on a terminal, elsewhere one sentence where it takes long.

use std::io::{IsTerminal, stderr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::tell;
use crate::experiment;
use crate::model::Experiment;
use crate::sim::Control;
use crate::units::{Span, format_span};

/// How often a look is taken.
const LOOK: Duration = Duration::from_millis(100);
/// What lies before is reading and what was done by an earlier run.
const BEGIN: Duration = Duration::from_secs(1);
/// When the sentence is said, from what was simulated since [`BEGIN`].
const SAY: Duration = Duration::from_secs(5);
/// Shorter work ends before one has wondered.
const LEAST: Duration = Duration::from_secs(10);

/// What is told of a run while it lasts.
pub(super) struct Progress {
    bar: ProgressBar,
    /// Simulated nanoseconds in all.
    whole: u64,
    cells: usize,
    finished: AtomicUsize,
    /// Whether to say how long it takes, for want of a bar.
    say: bool,
}

impl Progress {
    pub(super) fn new(experiment: &Experiment, quiet: bool) -> Self {
        let whole = experiment::simulated_nanos(experiment);
        let bar = if quiet || !stderr().is_terminal() {
            ProgressBar::hidden()
        } else {
            let style = "{bar:32} {percent:>3} % · {msg} · {eta} left";
            let style = ProgressStyle::with_template(style);
            ProgressBar::new(whole / 1_000_000)
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
                .with_message("starting")
        };
        Self {
            say: bar.is_hidden() && !quiet,
            bar,
            whole,
            cells: experiment.scenarios.len() * experiment.replications as usize,
            finished: AtomicUsize::new(0),
        }
    }

    /// So many cells are done.
    pub(super) fn done(&self, done: usize) {
        self.finished.store(done, Ordering::Relaxed);
        self.bar
            .set_message(format!("{done} of {} cells", self.cells));
    }

    /// Looks until the run is finished.
    #[expect(clippy::disallowed_methods, reason = "tells a person how long to wait")]
    pub(super) fn watch(&self, control: &Control) {
        let began = Instant::now();
        let mut first = None;
        let mut say = self.say;
        while !self.bar.is_finished() {
            // Time is told now and then within a cell, finished cells at once.
            let finished = self.finished.load(Ordering::Relaxed) as f64;
            let of_cells = share(finished, self.cells as f64) * self.whole as f64;
            let simulated = control
                .simulated
                .load(Ordering::Relaxed)
                .max(of_cells as u64);
            self.bar.set_position(simulated / 1_000_000);
            let elapsed = began.elapsed();
            if elapsed >= BEGIN && first.is_none() {
                first = Some((elapsed, simulated));
            }
            if say && elapsed >= SAY {
                say = false;
                if let Some(left) = first.and_then(|first| self.left(first, (elapsed, simulated))) {
                    tell(&sentence(left, share(simulated as f64, self.whole as f64)));
                }
            }
            std::thread::park_timeout(LOOK);
        }
    }

    /// Nothing more is told.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// What is left, from two looks (when, and what was simulated by then); `None` where it is
    /// short.
    fn left(&self, before: (Duration, u64), now: (Duration, u64)) -> Option<Duration> {
        let took = now.0.saturating_sub(before.0).as_secs_f64();
        let speed = now.1.saturating_sub(before.1) as f64 / took;
        let left = self.whole.saturating_sub(now.1) as f64 / speed;
        // Endless where nothing was simulated in between.
        let left = Duration::try_from_secs_f64(left).unwrap_or(Duration::MAX);
        (left > LEAST).then_some(left)
    }
}

fn share(part: f64, whole: f64) -> f64 {
    part / whole.max(1.0)
}

fn sentence(left: Duration, done: f64) -> String {
    let left = left.as_secs_f64();
    let unit = match left {
        ..300.0 => 1,
        ..18_000.0 => 60,
        ..400_000.0 => 3600,
        _ => 86_400,
    };
    // Beyond what simulated time can count it is long enough.
    let left = Span::from_secs(left.min(1e10)).round_up(Span::from_whole_secs(unit));
    format!(
        "About {} left, {:.1} % is done",
        format_span(left),
        done * 100.0
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_told_in_a_round_number() {
        for (seconds, told) in [
            (12.3, "About 13 s left, 2.5 % is done"),
            (1000.0, "About 17 min left, 2.5 % is done"),
            (20_000.0, "About 6 h left, 2.5 % is done"),
            (1e6, "About 12 days left, 2.5 % is done"),
        ] {
            assert_eq!(sentence(Duration::from_secs_f64(seconds), 0.025), told);
        }
    }
}
