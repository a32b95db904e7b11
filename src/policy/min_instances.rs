//! Min-instances: the pool begins with so many instances and never shrinks below.

use super::{Happening, HappeningKind, Orders, Policy};
use crate::random::Stream;

/// A floor on the number of instances.
pub(super) struct MinInstances(u32);

impl MinInstances {
    pub(super) fn new(instances: u32) -> Self {
        Self(instances)
    }
}

impl Policy for MinInstances {
    fn hears(&self) -> &'static [HappeningKind] {
        &[HappeningKind::RunBegan]
    }

    fn hear(&mut self, _: &Happening, orders: &mut Orders, _: &mut Stream) {
        orders.set_floor(self.0);
    }
}
