//! The simulator: rule by rule, against exact results and against itself.

#![expect(
    clippy::float_cmp,
    reason = "times on stage are whole or exact in binary"
)]

mod causes;
mod gateways;
mod invariance;
mod life;
mod limits;
mod measures;
mod provisioned;
mod remedies;
mod resets;
mod resources;
mod snapshots;
mod sources;
pub(crate) mod stage;
mod start;
mod workflows;

use frostline::dist::Dist;
use frostline::metric;
use frostline::model::{KeepAlive, Process};
use frostline::units::Span;
use frostline::validate::lab;

#[test]
fn lifo_with_a_fixed_keep_alive_is_as_cold_as_theory_says() {
    let secs = Span::from_secs;
    let mut platform = lab::bare_platform();
    platform.keep_alive = KeepAlive::For(Dist::constant(secs(10.0)));
    let function = lab::bare_function("f", Dist::exponential(secs(1.0)).unwrap());
    let poisson = Process::Poisson { rate: 1.0 };
    let plan = lab::plan_of_one(platform, function, poisson, secs(1e3), secs(4e6));
    let cold = lab::simulate(&plan, 1, 0, 20)
        .values
        .get(metric::COLD_START_RATIO)
        .unwrap();
    assert!((cold - 0.077_373_826_9).abs() < 0.0008, "{cold}");
}
