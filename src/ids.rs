//! Typed ids: an index of one kind is never taken for another.

/// A function of the experiment: its place in the list of functions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FunctionId(pub u32);

/// An instance: its place in the table of instances and which of the instances that held this
/// place it is. An id of an instance that has been retired is therefore never taken for another's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct InstanceId {
    /// Place in the table of instances.
    pub slot: u32,
    /// How many instances held the place before.
    pub generation: u32,
}

/// A policy of a scenario: its place in the declared order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PolicyId(pub u16);

impl FunctionId {
    /// The id as an index.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}
