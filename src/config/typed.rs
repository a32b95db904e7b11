//! The files exactly as typed: what serde reads and what the JSON Schema describes.
//!
//! Nothing here is checked beyond one value at a time. Every key is a maybe, for a file may be laid
//! over another one; what is needed, and what it means, is decided in `convert`.

#![expect(
    clippy::ref_option,
    reason = "a key is passed on as its table holds it"
)]

pub(crate) mod arrivals;
pub(crate) mod duration_curve;
pub(crate) mod event_source;
pub(crate) mod experiment;
pub(crate) mod function;
pub(crate) mod platform;
pub(crate) mod policy;
pub(crate) mod prices;
pub(crate) mod resource;
pub(crate) mod search;
pub(crate) mod snapshot;
pub(crate) mod source_limits;
pub(crate) mod traffic;
pub(crate) mod workflow;
pub(crate) mod working_set;

use super::decode::{Given, OrNone};

/// A key of a file: absent, or given at a place.
pub(crate) type Key<T> = Option<Given<T>>;

/// The value of a key, where it is given and not at fault.
pub(crate) fn value<T>(key: &Key<T>) -> Option<&T> {
    key.as_ref().and_then(Given::get)
}

/// Laying keys over those of another table.
pub(crate) trait Overlay {
    /// These keys, and from `base` those that are absent here.
    #[must_use]
    fn over(self, base: Self) -> Self;
}

impl<T: Overlay> Overlay for OrNone<T> {
    fn over(self, base: Self) -> Self {
        match (self, base) {
            (Self::Some(over), Self::Some(base)) => Self::Some(over.over(base)),
            (over, _) => over,
        }
    }
}

/// Lays a table over another key by key, where both give it; else takes the one that is given.
pub(crate) fn over_inner<T: Overlay>(over: Key<T>, base: Key<T>) -> Key<T> {
    match (over, base) {
        (Some(over), Some(base)) => Some(Given {
            place: over.place,
            value: match (over.value, base.value) {
                (Some(over), Some(base)) => Some(over.over(base)),
                (over, _) => over,
            },
        }),
        (over, base) => over.or(base),
    }
}

/// Lays all keys of a table over those of another.
macro_rules! overlay {
    ($name:ident { $($leaf:ident),* } { $($table:ident),* }) => {
        impl $crate::config::typed::Overlay for $name {
            fn over(self, base: Self) -> Self {
                Self {
                    $($leaf: self.$leaf.or(base.$leaf),)*
                    $($table: $crate::config::typed::over_inner(self.$table, base.$table),)*
                }
            }
        }
    };
}
pub(crate) use overlay;
