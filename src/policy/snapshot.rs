//! Snapshot: instances are restored instead of booted.

use super::{Policy, Question, Start};
use crate::model::SnapshotAfter;
use crate::random::Stream;

/// Restores every instance.
pub(super) struct Snapshot(Start);

impl Snapshot {
    pub(super) fn new(after: SnapshotAfter) -> Self {
        Self(match after {
            SnapshotAfter::Init => Start::Restore,
            SnapshotAfter::WarmUpCall => Start::RestoreCalled,
        })
    }
}

impl Policy for Snapshot {
    fn answers(&self) -> &'static [Question] {
        &[Question::Start]
    }

    fn start(&mut self, _: &mut Stream) -> Start {
        self.0
    }
}
