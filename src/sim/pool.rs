//! The idle instances of a function, kept so that routing takes the right one at once.

use std::collections::BTreeSet;

use rand::RngExt;

use super::instance::{Instances, NONE};
use crate::model::Routing;
use crate::random::Stream;

/// Idle instances in the order that a routing rule asks for. No operation grows with their number,
/// but for a logarithm under `newest` and `oldest`.
pub(super) enum IdlePool {
    /// By the end of their last use; linked through the table of instances. What follows the most
    /// recent one is not looked at.
    ByUse {
        least_recent: u32,
        most_recent: u32,
        take_most_recent: bool,
    },
    /// By birth.
    ByBirth {
        births: BTreeSet<(u64, u32)>,
        take_newest: bool,
    },
    /// In any order; each instance knows its place.
    Shuffled(Box<Shuffled>),
}

/// Idle instances of which any may be taken.
pub(super) struct Shuffled {
    slots: Vec<u32>,
    stream: Stream,
}

impl IdlePool {
    /// An empty pool; `stream` gives the choices of random routing.
    pub(super) fn new(routing: Routing, stream: impl FnOnce() -> Stream) -> Self {
        let by_use = |take_most_recent| Self::ByUse {
            least_recent: NONE,
            most_recent: NONE,
            take_most_recent,
        };
        let by_birth = |take_newest| Self::ByBirth {
            births: BTreeSet::new(),
            take_newest,
        };
        match routing {
            Routing::MostRecentlyUsed => by_use(true),
            Routing::LeastRecentlyUsed => by_use(false),
            Routing::Newest => by_birth(true),
            Routing::Oldest => by_birth(false),
            Routing::Random => Self::Shuffled(Box::new(Shuffled {
                slots: Vec::new(),
                stream: stream(),
            })),
        }
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::ByUse { most_recent, .. } => *most_recent == NONE,
            Self::ByBirth { births, .. } => births.is_empty(),
            Self::Shuffled(pool) => pool.slots.is_empty(),
        }
    }

    /// The instance that the next request goes to.
    #[inline]
    pub(super) fn choose(&mut self) -> Option<u32> {
        let found = match self {
            Self::ByUse {
                least_recent,
                most_recent,
                take_most_recent,
            } => {
                if *take_most_recent {
                    *most_recent
                } else {
                    *least_recent
                }
            }
            Self::ByBirth {
                births,
                take_newest,
            } => {
                let end = if *take_newest {
                    births.last()
                } else {
                    births.first()
                };
                end.map_or(NONE, |(_, slot)| *slot)
            }
            Self::Shuffled(pool) if pool.slots.is_empty() => NONE,
            Self::Shuffled(pool) => pool.slots[pool.stream.random_range(0..pool.slots.len())],
        };
        (found != NONE).then_some(found)
    }

    /// The instance that the next request goes to, where that is the most recently used one.
    #[inline]
    pub(super) fn most_recent(&self) -> Option<u32> {
        match self {
            Self::ByUse {
                most_recent,
                take_most_recent: true,
                ..
            } if *most_recent != NONE => Some(*most_recent),
            _ => None,
        }
    }

    /// Removes the instance that [`Self::most_recent`] names, and that has this one before it.
    #[inline]
    pub(super) fn remove_most_recent(&mut self, before: u32) {
        if let Self::ByUse {
            least_recent,
            most_recent,
            ..
        } = self
        {
            *most_recent = before;
            if before == NONE {
                *least_recent = NONE;
            }
        }
    }

    /// Every instance of the pool, longest idle first where the pool knows.
    pub(super) fn slots(&self, instances: &Instances) -> Vec<u32> {
        match self {
            Self::ByUse {
                least_recent,
                most_recent,
                ..
            } => {
                let after = |slot: &u32| (*slot != *most_recent).then(|| instances[*slot].next);
                let first = (*least_recent != NONE).then_some(*least_recent);
                std::iter::successors(first, after).collect()
            }
            Self::ByBirth { births, .. } => births.iter().map(|(_, slot)| *slot).collect(),
            Self::Shuffled(pool) => pool.slots.clone(),
        }
    }

    /// Adds an instance that has just become idle.
    #[inline]
    pub(super) fn add(&mut self, slot: u32, instances: &mut Instances) {
        match self {
            Self::ByUse {
                least_recent,
                most_recent,
                ..
            } => {
                let before = std::mem::replace(most_recent, slot);
                instances[slot].link_to(before, NONE);
                if before == NONE {
                    *least_recent = slot;
                } else {
                    instances[before].next = slot;
                }
            }
            Self::ByBirth { births, .. } => {
                births.insert((instances[slot].birth, slot));
            }
            Self::Shuffled(pool) => {
                instances[slot].next = pool.slots.len() as u32;
                pool.slots.push(slot);
            }
        }
    }

    /// Removes an instance that is in the pool, wherever it stands.
    #[inline]
    pub(super) fn remove(&mut self, slot: u32, instances: &mut Instances) {
        match self {
            Self::ByUse {
                least_recent,
                most_recent,
                ..
            } => {
                let (before, after) = (instances[slot].previous, instances[slot].next);
                if slot == *most_recent {
                    *most_recent = before;
                    if before == NONE {
                        *least_recent = NONE;
                    }
                    return;
                }
                instances[after].previous = before;
                match before {
                    NONE => *least_recent = after,
                    _ => instances[before].next = after,
                }
            }
            Self::ByBirth { births, .. } => {
                births.remove(&(instances[slot].birth, slot));
            }
            Self::Shuffled(pool) => {
                let place = instances[slot].next as usize;
                pool.slots.swap_remove(place);
                if let Some(&moved) = pool.slots.get(place) {
                    instances[moved].next = place as u32;
                }
            }
        }
    }
}
