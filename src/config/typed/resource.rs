//! Keys of what functions reach out to.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::decode::OrNone;
use crate::config::dist::Distribution;
use crate::config::quantity::{PositiveCount, PositiveLength};

use super::Key;

/// A resource behind functions, such as a database.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct ResourceEntry {
    /// Name, by which functions call it; needed, and different for each resource.
    pub(crate) name: Key<String>,
    /// Connections that it holds at once; without it any number.
    pub(crate) connections: Key<OrNone<PositiveCount>>,
    /// How long it takes to open one; without it no time.
    pub(crate) set_up: Key<Distribution>,
}

/// The connection of each instance of a function.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Connection {
    /// Name of the resource; needed.
    pub(crate) to: Key<String>,
    /// When it is opened; without it in init.
    pub(crate) open: Key<Open>,
    /// Tries of a request in all, the first included; without it 1.
    pub(crate) attempts: Key<PositiveCount>,
    /// Wait before each further try; without it 100 ms.
    pub(crate) retry_wait: Key<PositiveLength>,
}

/// When a connection is opened.
#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Open {
    /// In init, and held for the life of the instance.
    Init,
    /// In the first request, and held for the life of the instance.
    FirstCall,
    /// In every request, and held until it ends.
    EveryCall,
}
