//! How much work an experiment is, found by trying.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{cell, simulated_nanos};
use crate::model::Experiment;
use crate::sim::Control;

/// Core time of a whole experiment, from running its first cell for no longer than `trial`.
/// `None` where that cell cannot be run, or where the trial was too short to see anything.
#[expect(clippy::disallowed_methods, reason = "tells a person how long to wait")]
pub fn estimate_core_time(experiment: &Experiment, trial: Duration) -> Option<Duration> {
    let id = *cell::CellId::all(experiment).first()?;
    let control = Control::default();
    let began = Instant::now();
    let finished = std::sync::atomic::AtomicBool::new(false);
    let ended = std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let run = cell::run(experiment, id, None, &control);
            finished.store(true, Ordering::Relaxed);
            run.is_ok()
        });
        while !finished.load(Ordering::Relaxed) && began.elapsed() < trial {
            std::thread::sleep(Duration::from_millis(2));
        }
        control.stop.store(true, Ordering::Relaxed);
        worker.join().unwrap_or(false)
    });
    let simulated = control.simulated.load(Ordering::Relaxed);
    let whole = experiment.scenarios.first()?.plan.end().nanos();
    let done = if ended { whole } else { simulated };
    let share = done as f64 / simulated_nanos(experiment) as f64;
    (share > 0.0).then(|| Duration::from_secs_f64(began.elapsed().as_secs_f64() / share))
}
