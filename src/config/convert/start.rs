//! What a function is started from, and what its start is made of.

use std::collections::BTreeMap;

use crate::config::diagnostic::Fault;
use crate::config::source::Place;
use crate::config::typed::function::{Download, FunctionKeys, Upload};
use crate::config::typed::{Key, value};
use crate::dist::Dist;
use crate::model::{self, Phase};
use crate::units::{Memory, Span, format_span};

use super::Context;
use super::function::FunctionFacts;
use super::platform::PlatformFacts;

/// Size of the zip archive of a function that gives no package.
const DEFAULT_ZIP_MB: f64 = 1.0;

/// A layer, of which others may have the same.
#[derive(Clone)]
pub(super) struct LayerFacts {
    name: String,
    size: Memory,
    place: Place,
}

/// Size ÷ bandwidth; no time where none is given.
fn transfer(size: Memory, bandwidth: Option<f64>) -> Span {
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
        memory: Memory,
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
            platform.snapshot.as_ref().map_or(Dist::ZERO, |snapshot| {
                snapshot.restore.plus(transfer(memory, snapshot.bandwidth))
            })
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

    pub(super) fn package(
        &self,
        keys: &FunctionKeys,
        table: Place,
        platform: &PlatformFacts,
    ) -> (model::Package, Place) {
        let default = model::Package::Zip(Memory::from_mb(DEFAULT_ZIP_MB));
        let Some(given) = &keys.package else {
            return (default, table);
        };
        let Some(package) = given.get() else {
            return (default, given.place);
        };
        let limits = &platform.limits;
        let made = match (&package.zip, &package.image) {
            (Some(zip), None) => {
                if let Some(size) = value(&package.zip) {
                    let direct = value(&package.upload) == Some(&Upload::Direct);
                    if direct {
                        let kind = "direct upload of a zip archive";
                        self.not_above(size.0, limits.max_upload, zip.place, platform, kind);
                    }
                    match (&package.unpacked, value(&package.unpacked)) {
                        (Some(key), Some(unpacked)) => {
                            if unpacked.0 < size.0 {
                                let title = "`unpacked` is smaller than the archive";
                                self.fault(Fault::new(title).at(key.place));
                            }
                            let kind = "zip archive that unpacks to";
                            self.not_above_of(
                                unpacked.0,
                                limits.max_zip,
                                key.place,
                                &format!(
                                    "`{}` takes no {kind} {}",
                                    platform.name,
                                    self.bare(key.place)
                                ),
                            );
                        }
                        _ => {
                            let kind = "zip archive";
                            self.not_above(size.0, limits.max_zip, zip.place, platform, kind);
                        }
                    }
                }
                value(&package.zip).map(|size| model::Package::Zip(size.0))
            }
            (None, Some(image)) => {
                for (name, place) in [
                    ("unpacked", package.unpacked.as_ref().map(|key| key.place)),
                    ("upload", package.upload.as_ref().map(|key| key.place)),
                ] {
                    if let Some(place) = place {
                        let title = format!("`{name}` is said of a zip archive, not of an image");
                        self.fault(Fault::new(title).at(place));
                    }
                }
                if let Some(size) = value(&package.image) {
                    self.not_above(size.0, limits.max_image, image.place, platform, "image");
                }
                value(&package.image).map(|size| model::Package::Image(size.0))
            }
            (None, None) if self.faults.has_unknown(given.place) => None,
            _ => {
                self.fault(Fault::new("a package is either `zip` or `image`").at(given.place));
                None
            }
        };
        (made.unwrap_or(default), given.place)
    }

    fn not_above(
        &self,
        size: Memory,
        limit: Option<Memory>,
        place: Place,
        platform: &PlatformFacts,
        kind: &str,
    ) {
        let title = format!(
            "`{}` takes no {kind} of {}",
            platform.name,
            self.bare(place)
        );
        self.not_above_of(size, limit, place, &title);
    }

    fn not_above_of(&self, size: Memory, limit: Option<Memory>, place: Place, title: &str) {
        if let Some(limit) = limit.filter(|limit| size > *limit) {
            self.fault(
                Fault::new(title)
                    .at(place)
                    .note(format!("allowed: at most {limit}")),
            );
        }
    }

    /// The layers of a function, within the limits of the platform.
    pub(super) fn layers(
        &self,
        keys: &FunctionKeys,
        package_place: Place,
        package: model::Package,
        platform: &PlatformFacts,
    ) -> Vec<LayerFacts> {
        let (Some(key), Some(listed)) = (&keys.layers, value(&keys.layers)) else {
            return Vec::new();
        };
        let model::Package::Zip(own) = package else {
            if !listed.is_empty() {
                self.fault(
                    Fault::new("an image has no layers of its own")
                        .label(key.place, "layers")
                        .label(package_place, "the image"),
                );
            }
            return Vec::new();
        };
        if let Some(most) = platform.limits.max_layers
            && listed.len() > most as usize
        {
            let title = format!("`{}` takes no {} layers", platform.name, listed.len());
            self.fault(
                Fault::new(title)
                    .at(key.place)
                    .note(format!("allowed: at most {most}")),
            );
        }
        let package = value(&keys.package);
        let unpacked = package.and_then(|package| value(&package.unpacked));
        let mut sum = unpacked.map_or(own.bytes(), |size| size.0.bytes());
        let mut layers: Vec<LayerFacts> = Vec::with_capacity(listed.len());
        for layer in listed {
            let Some(typed) = layer.get() else { continue };
            let name = self.need(&typed.name, layer.place, "this layer", "name");
            let size = self.need(&typed.size, layer.place, "this layer", "size");
            let (Some(name), Some(size)) = (name, size) else {
                continue;
            };
            if layers.iter().any(|other| other.name == *name) {
                let title = format!("layer `{name}` is listed twice");
                self.fault(Fault::new(title).at(layer.place));
            }
            sum += value(&typed.unpacked).map_or(size.0.bytes(), |size| size.0.bytes());
            layers.push(LayerFacts {
                name: name.clone(),
                size: size.0,
                place: layer.place,
            });
        }
        let sum = Memory::from_bytes(sum);
        let title = format!(
            "archive and layers are {sum} together, which `{}` does not take",
            platform.name
        );
        self.not_above_of(sum, platform.limits.max_zip, key.place, &title);
        layers
    }

    /// Layers that several functions share are more often on a host already: of n functions, each
    /// leaves it there by itself with the platform's probability.
    pub(super) fn share_layers(&self, functions: &mut [FunctionFacts], platform: &PlatformFacts) {
        let mut known: BTreeMap<String, (Memory, Place, i32)> = BTreeMap::new();
        for layer in functions.iter().flat_map(|facts| &facts.layers) {
            let (size, place, count) =
                known
                    .entry(layer.name.clone())
                    .or_insert((layer.size, layer.place, 0));
            *count += 1;
            if *size != layer.size {
                let title = format!("layer `{}` has two sizes", layer.name);
                let fault = Fault::new(title).label(layer.place, "the second");
                self.fault(fault.label(*place, "the first"));
            }
        }
        for facts in functions {
            let fetch = |layer: &LayerFacts| model::LayerFetch {
                cached: {
                    let users = known.get(&layer.name).map_or(1, |(_, _, count)| *count);
                    1.0 - (1.0 - platform.start.layer_cached).powi(users)
                },
                fetch: transfer(layer.size, platform.start.bandwidth),
            };
            facts.function.start.layers = facts.layers.iter().map(fetch).collect();
        }
    }
}
