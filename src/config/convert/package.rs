//! What is deployed, within the limits of the platform, and the layers that functions share.

use std::collections::BTreeMap;

use crate::config::diagnostic::Fault;
use crate::config::quantity::Bytes;
use crate::config::source::Place;
use crate::config::typed::function::{FunctionKeys, Package, Upload};
use crate::config::typed::{Key, value};
use crate::model;
use crate::units::Memory;

use super::Context;
use super::function::FunctionFacts;
use super::platform::PlatformFacts;
use super::start::transfer;

/// Size of the zip archive of a function that gives no package.
const DEFAULT_ZIP_MB: f64 = 1.0;

/// A layer, of which others may have the same.
#[derive(Clone)]
pub(super) struct LayerFacts {
    name: String,
    size: Memory,
    place: Place,
}

impl Context {
    /// Temporary storage, as much as the platform offers.
    pub(super) fn ephemeral_storage(
        &self,
        key: &Key<Bytes>,
        platform: &PlatformFacts,
    ) -> Option<Memory> {
        let (given, size) = (key.as_ref()?, value(key)?.0);
        if let Some(most) = platform
            .limits
            .max_ephemeral_storage
            .filter(|most| size > *most)
        {
            let typed = self.bare(given.place);
            let title = format!("`{}` has no temporary storage of {typed}", platform.name);
            let fault = Fault::new(title).at(given.place);
            self.fault(fault.note(format!("allowed: at most {most}")));
        }
        Some(size)
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
        let made = match (&package.zip, &package.image) {
            (Some(_), None) => self.zip(package, platform),
            (None, Some(_)) => self.image(package, platform),
            (None, None) if self.faults.has_unknown(given.place) => None,
            _ => {
                self.fault(Fault::new("a package is either `zip` or `image`").at(given.place));
                None
            }
        };
        (made.unwrap_or(default), given.place)
    }

    fn zip(&self, package: &Package, platform: &PlatformFacts) -> Option<model::Package> {
        let zip = package.zip.as_ref()?;
        let size = zip.get()?.0;
        let limits = &platform.limits;
        if value(&package.upload) == Some(&Upload::Direct) {
            let kind = "direct upload of a zip archive of";
            self.not_above(size, limits.max_upload, zip.place, platform, kind);
        }
        if let (Some(key), Some(unpacked)) = (&package.unpacked, value(&package.unpacked)) {
            if unpacked.0 < size {
                let title = "`unpacked` is smaller than the archive";
                self.fault(Fault::new(title).at(key.place));
            }
            let kind = "zip archive that unpacks to";
            self.not_above(unpacked.0, limits.max_zip, key.place, platform, kind);
        } else {
            self.not_above(size, limits.max_zip, zip.place, platform, "zip archive of");
        }
        Some(model::Package::Zip(size))
    }

    fn image(&self, package: &Package, platform: &PlatformFacts) -> Option<model::Package> {
        let unpacked = package.unpacked.as_ref().map(|key| key.place);
        let upload = package.upload.as_ref().map(|key| key.place);
        for (name, place) in [("unpacked", unpacked), ("upload", upload)] {
            if let Some(place) = place {
                let title = format!("`{name}` is said of a zip archive, not of an image");
                self.fault(Fault::new(title).at(place));
            }
        }
        let image = package.image.as_ref()?;
        let size = image.get()?.0;
        let most = platform.limits.max_image;
        self.not_above(size, most, image.place, platform, "image of");
        Some(model::Package::Image(size))
    }

    fn not_above(
        &self,
        size: Memory,
        limit: Option<Memory>,
        place: Place,
        platform: &PlatformFacts,
        kind: &str,
    ) {
        let title = format!("`{}` takes no {kind} {}", platform.name, self.bare(place));
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
