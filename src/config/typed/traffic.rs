//! Keys of launch days: more traffic than usual for a while.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::quantity::{Length, Moment, PositiveLength, Rise};

use super::Key;
use super::policy::Patterns;

/// A time in which more requests of users arrive than usually.
#[derive(Clone, Default, Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct SurgeEntry {
    /// By which a sweep and `--set` call it, as in `surge.NAME.times`; without it they cannot.
    #[expect(dead_code, reason = "what dotted keys look for in the tree")]
    pub(crate) name: Key<String>,
    /// When it begins: a length of time since the beginning of the run, warm-up included, or a day
    /// and time of the calendar. Needed.
    pub(crate) start: Key<Moment>,
    /// How long it lasts; needed.
    pub(crate) duration: Key<PositiveLength>,
    /// Requests for each that there usually is, at its height; needed.
    pub(crate) times: Key<Rise>,
    /// How long it takes to rise to its height, and to fall again before its end; without it no
    /// time.
    pub(crate) ramp: Key<Length>,
    /// Patterns of function names, such as "api-*"; without it all functions, and workflows.
    pub(crate) functions: Patterns,
}
