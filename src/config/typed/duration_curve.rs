//! Keys of a service that was measured at several memories.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::decode::Given;
use crate::config::quantity::PositiveLength;

use super::Key;

/// Lengths as measured by memory.
#[derive(Clone, Default, Debug)]
pub(crate) struct DurationCurve {
    pub(crate) by_memory: Key<BTreeMap<String, Given<PositiveLength>>>,
    pub(crate) power_tuning: Key<String>,
    pub(crate) beyond: Key<Beyond>,
}

impl DurationCurve {
    /// Whether any of its keys is given.
    pub(crate) fn is_given(&self) -> bool {
        self.by_memory.is_some() || self.power_tuning.is_some() || self.beyond.is_some()
    }
}

/// What holds outside of the measured memories.
#[derive(Clone, Copy, PartialEq, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Beyond {
    /// Nothing is known there.
    Error,
    /// What was measured nearest.
    Nearest,
}
