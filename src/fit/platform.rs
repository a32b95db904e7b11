//! What the platform's model says where a log cannot: its own keep-alive, when it retires
//! instances, and how a first call depends on memory.

use crate::config;
use crate::dist::Dist;
use crate::model::KeepAlive;

use super::goodness::stream;

/// Draws that stand for the range of a distribution.
const DRAWS: usize = 2_000;

/// The platform's own rules.
#[derive(Clone, Debug)]
pub(super) struct Platform {
    /// Shortest and longest keep-alive, in seconds; `None` where it keeps for ever or never.
    pub(super) keep_alive_s: Option<(f64, f64)>,
    /// Shortest and longest life, in seconds; endless where there is no end.
    pub(super) max_life_s: (f64, f64),
    /// What a first call given at one vCPU is multiplied by at the function's memory.
    pub(super) first_call_factor: f64,
    /// What of a start no log shows.
    pub(super) unseen: Unseen,
}

/// How long the platform works on a start before a log tells of it, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unseen {
    /// On average.
    pub(super) mean: i64,
    /// The longest that it may take.
    pub(super) most: i64,
}

impl Platform {
    /// The rules of a shipped platform for a function of so much memory.
    ///
    /// # Errors
    /// There is no such platform.
    pub(super) fn load(name: &str, memory_mb: u32) -> Result<Self, config::Diagnostics> {
        let text = format!(
            "platform = \"{name}\"\nduration = \"1 h\"\n[[function]]\nname = \"f\"\n\
             memory = \"{memory_mb} MB\"\nservice = \"1 s\"\nstart = {{ first-call = \"1 s\" }}\n\
             arrivals = {{ poisson = {{ rate = \"1 / h\" }} }}\n"
        );
        let experiment = config::load_text("platform", &text)?;
        let plan = &experiment.scenarios[0].plan;
        let function = &plan.functions[0];
        let before = [
            &function.start.sandbox,
            &function.start.network,
            &function.start.fetch,
        ];
        let nanos = |s: f64| (s * 1e9) as i64;
        Ok(Self {
            unseen: Unseen {
                mean: nanos(before.iter().map(|phase| phase.mean_secs()).sum()),
                most: nanos(before.iter().map(|phase| range(phase).1).sum()),
            },
            keep_alive_s: match &plan.platform.keep_alive {
                KeepAlive::For(instance) | KeepAlive::TwoClocks { instance, .. } => {
                    Some(range(instance))
                }
                KeepAlive::Never | KeepAlive::ForEver => None,
            },
            max_life_s: plan
                .platform
                .max_life
                .as_ref()
                .map_or((f64::INFINITY, f64::INFINITY), range),
            first_call_factor: function.start.first_call.mean_secs(),
        })
    }
}

fn range(dist: &Dist) -> (f64, f64) {
    let mut stream = stream(1, 7);
    let draws = (0..DRAWS).map(|_| dist.sample(&mut stream).secs());
    draws.fold((f64::INFINITY, 0.0), |(least, most), s| {
        (s.min(least), s.max(most))
    })
}
