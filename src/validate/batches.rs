//! Requests that arrive together: each needs an instance of its own.

use super::case::{Case, Group};
use super::lab::{self, Setup};
use super::report::Check;
use crate::dist::Dist;
use crate::metric;
use crate::model::{BatchSize, Process};
use crate::theory::bursts::{self, BatchPool};
use crate::units::Span;

/// A case of so many batches. Requests take 1 ns: with none, those of a batch would follow each
/// other on one instance.
fn case(
    label: String,
    rate: f64,
    keep_alive_s: f64,
    size: BatchSize,
    theory: BatchPool,
    batches: f64,
) -> Case {
    Case::new(label, move |seed| {
        let size = size.clone();
        let service = Dist::constant(Span::from_nanos(1));
        let run = Setup::new(Process::Batch { rate, size }, service)
            .kept_for(lab::constant(keep_alive_s))
            .measured(2.0 * keep_alive_s, batches / rate)
            .run(seed)?;
        Ok(vec![
            Check::against("P(cold)", theory.cold_ratio, run.cold_ratio()),
            Check::against("idle", theory.idle_mean, run.mean(metric::IDLE_MEAN)),
        ])
    })
}

/// V13.
pub(super) fn fixed() -> Group {
    let rows = [(0.01, 5, 60.0), (1.0 / 900.0, 20, 600.0)];
    let case = |(rate, size, keep_alive_s): (f64, u32, f64)| {
        let theory = bursts::fixed_batches(rate, size, keep_alive_s);
        let label = format!("{rate:.6} batches/s of {size}, D {keep_alive_s} s");
        case(
            label,
            rate,
            keep_alive_s,
            BatchSize::Constant(size),
            theory,
            2e5,
        )
    };
    Group {
        id: "V13",
        title: "Batches of one size",
        cases: rows.map(case).into(),
    }
}

/// V13b.
pub(super) fn random() -> Group {
    let geometric = |rate: f64, q: f64, keep_alive_s: f64| {
        let mean = 1.0 / (1.0 - q);
        let theory = bursts::geometric_batches(rate, q, keep_alive_s);
        let label = format!("{rate:.6} batches/s, geometric of mean {mean:.3}, D {keep_alive_s} s");
        case(
            label,
            rate,
            keep_alive_s,
            BatchSize::Geometric { mean },
            theory,
            3e5,
        )
    };
    let sizes = [(0.7, 1), (0.25, 10), (0.05, 100)];
    let weights = [(1, 0.7), (10, 0.95), (100, 1.0)];
    let theory = bursts::mixed_batches(1.0 / 60.0, &sizes, 600.0);
    let label = "0.016667 batches/s of 1 (70 %), 10 (25 %), 100 (5 %), D 600 s".to_owned();
    let mixed = case(
        label,
        1.0 / 60.0,
        600.0,
        BatchSize::Weights(weights.into()),
        theory,
        3e5,
    );
    Group {
        id: "V13b",
        title: "Batches of random size",
        cases: vec![
            geometric(0.01, 0.7, 60.0),
            geometric(1.0 / 300.0, 0.9, 600.0),
            mixed,
        ],
    }
}
