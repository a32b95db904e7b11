//! What a start is made of, and the memory that a function needs.

use crate::config::diagnostic::Fault;
use crate::config::typed::function::{Download, FunctionKeys};
use crate::config::typed::{Key, value};
use crate::dist::Dist;
use crate::model::{self, Phase};
use crate::units::{Memory, Span, format_span};

use super::Context;
use super::platform::PlatformFacts;

/// Size ÷ bandwidth; no time where none is given.
pub(super) fn transfer(size: Memory, bandwidth: Option<f64>) -> Span {
    bandwidth.map_or(Span::ZERO, |b| Span::from_secs(size.bytes() as f64 / b))
}

/// Memory that is needed, where anything is said of it.
pub(super) fn working_set(keys: &FunctionKeys) -> Option<model::WorkingSet> {
    let typed = value(&keys.working_set)?;
    let base = value(&typed.base).map_or(Memory::from_bytes(0), |base| base.0);
    let peak = typed.peak.clone();
    let peak = peak.unwrap_or_else(|| Dist::constant(model::bytes(base)));
    Some(model::WorkingSet::new(base, peak))
}

impl Context {
    /// The phases of a start, as they last at this memory on this platform.
    pub(super) fn start_phases(
        &self,
        keys: &FunctionKeys,
        (memory, runtime): (Memory, &str),
        package: model::Package,
        platform: &PlatformFacts,
        scaled: &dyn Fn(Dist, Phase) -> Dist,
    ) -> model::StartPhases {
        let typed = value(&keys.start).cloned().unwrap_or_default();
        let given =
            |key: &Key<crate::config::dist::Distribution>| value(key).map(|dist| dist.0.clone());
        let sandbox = given(&typed.sandbox).unwrap_or_else(|| platform.start.sandbox.clone());
        let (fetch, image) = match (given(&typed.fetch), package, &platform.start.image) {
            (Some(fetch), _, _) => (fetch, None),
            (None, model::Package::Image(size), Some(rules)) => {
                (Dist::ZERO, Some(rules.of_size(size)))
            }
            (None, model::Package::Zip(size) | model::Package::Image(size), _) => {
                let length = transfer(size, platform.start.bandwidth);
                (Dist::constant(length), None)
            }
        };
        let restore = given(&typed.restore).unwrap_or_else(|| {
            let snapshot = platform.snapshot.as_ref();
            snapshot.map_or(Dist::ZERO, |snapshot| snapshot.restore_of(memory))
        });
        let or_none =
            |key: &Key<crate::config::dist::Distribution>| given(key).unwrap_or(Dist::ZERO);
        model::StartPhases {
            sandbox: scaled(sandbox, Phase::Sandbox),
            network: self.network(keys, platform),
            fetch: scaled(fetch, Phase::Fetch),
            layers: Vec::new(),
            image,
            extensions: scaled(or_none(&typed.extensions), Phase::Init),
            download: self.download(&typed.download),
            runtime: scaled(or_none(&typed.runtime), Phase::Runtime),
            init: scaled(or_none(&typed.init), Phase::Init),
            restore: scaled(restore, Phase::Restore),
            first_call: scaled(or_none(&typed.first_call), Phase::FirstCall),
            warming: platform
                .snapshot
                .as_ref()
                .and_then(|snapshot| snapshot.warming.clone()),
            before_checkpoint: scaled(or_none(&typed.before_checkpoint), Phase::Init),
            snapshot_kept: (platform.snapshot.as_ref()).and_then(|rules| rules.kept(runtime)),
            after_restore: scaled(or_none(&typed.after_restore), Phase::Restore),
            restored_first_call: given(&typed.restored_first_call)
                .map(|call| scaled(call, Phase::FirstCall)),
        }
    }

    /// An init that never gets through, or seldom at its first try, is mostly not what was meant.
    pub(super) fn warn_of_starts(
        &self,
        keys: &FunctionKeys,
        memory: Memory,
        start: &model::StartPhases,
        platform: &PlatformFacts,
    ) {
        let base = value(&keys.working_set).and_then(|need| need.base.as_ref());
        if let Some(key) = base
            && key.get().is_some_and(|base| base.0 > memory)
        {
            let title = format!("with {memory} init runs out of memory, and every request fails");
            self.fault(Fault::warning(title).at(key.place));
        }
        let init = [
            &start.extensions,
            &start.runtime,
            &start.download,
            &start.init,
        ];
        let mean = init.into_iter().map(Dist::mean_secs).sum();
        if let (Some(key), Some(limit)) = (&keys.start, platform.platform.init_limit)
            && Span::from_secs(mean) > limit
        {
            let title = format!(
                "init takes {} on average, and is cut after {}",
                format_span(Span::from_secs(mean)),
                format_span(limit)
            );
            self.fault(
                Fault::warning(title)
                    .at(key.place)
                    .note("it is then run again inside the first invocation"),
            );
        }
    }

    /// What the user's own network adds to a start.
    fn network(&self, keys: &FunctionKeys, platform: &PlatformFacts) -> Dist {
        let (Some(key), Some(true)) = (&keys.vpc, value(&keys.vpc)) else {
            return Dist::ZERO;
        };
        if let Some(adds) = &platform.start.vpc {
            return adds.clone();
        }
        let (title, note) = match &platform.start.no_vpc_on {
            Some((day, first)) => (
                format!("`{}` had no `vpc` on {day}", platform.name),
                format!("it begins with {first}"),
            ),
            None => (
                format!(
                    "`{}` does not say what a `vpc` adds to a start",
                    platform.name
                ),
                "give `start.vpc` in [platform-override], such as \
                 start.vpc = [{ from = 2019-09-03, adds = \"0 s\" }]"
                    .to_owned(),
            ),
        };
        self.fault(Fault::new(title).at(key.place).note(note));
        Dist::ZERO
    }

    fn download(&self, key: &Key<Download>) -> Dist {
        let Some(given) = key else {
            return Dist::ZERO;
        };
        let Some(typed) = given.get() else {
            return Dist::ZERO;
        };
        let size = self.need(&typed.size, given.place, "`download`", "size");
        let bandwidth = self.need(&typed.bandwidth, given.place, "`download`", "bandwidth");
        let (Some(size), Some(bandwidth)) = (size, bandwidth) else {
            return Dist::ZERO;
        };
        let latency = value(&typed.latency).map_or(Dist::ZERO, |latency| latency.0.clone());
        latency.plus(transfer(size.0, Some(bandwidth.0)))
    }
}
