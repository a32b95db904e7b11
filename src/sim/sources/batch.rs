//! Messages and records on their way, and the batches that they are handed over in.

use crate::ids::FunctionId;
use crate::sim::slab::Slab;
use crate::units::{Span, Time};
use crate::workload::Arrival;

/// A message of a queue, or a record of a stream.
#[derive(Clone, Copy, Debug)]
pub(in crate::sim) struct Message {
    pub(super) arrived: Time,
    /// Since when it can be handed over.
    pub(super) since: Time,
    /// How long the function works on it.
    pub(super) service: Span,
    /// Whether its next try fails.
    pub(super) fails: bool,
    /// Whether every try fails.
    pub(super) poison: bool,
    /// How often it was handed over.
    pub(super) receives: u32,
}

impl Message {
    pub(super) fn new(arrival: &Arrival) -> Self {
        Self {
            arrived: arrival.at,
            since: arrival.at,
            service: arrival.service,
            fails: arrival.fails,
            poison: false,
            receives: 0,
        }
    }
}

/// A message or record is not waited for any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MessageEnd {
    /// Its function.
    pub function: FunctionId,
    /// When it arrived.
    pub arrived: Time,
    /// When it ended.
    pub ended: Time,
    /// How.
    pub fate: Fate,
}

/// What became of a message or record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// The function worked it off.
    Processed,
    /// It was given up after its last try, and kept for somebody (dead letter).
    GivenUp,
    /// It had become too old.
    Expired,
    /// It still waits, or is worked on, when the run ends.
    Waiting,
}

/// Messages that are handed over together.
#[derive(Debug)]
struct Batch {
    function: FunctionId,
    messages: Vec<Message>,
    /// When they were taken.
    taken: Time,
    /// The lane of a stream they are of.
    lane: u32,
}

/// Every batch on its way, and those of a queue that cannot be seen for a while.
#[derive(Default)]
pub(in crate::sim) struct Batches {
    batches: Slab<Batch>,
    /// Emptied lists, to be used again.
    spare: Vec<Vec<Message>>,
}

impl Batches {
    /// A list to be filled.
    pub(super) fn list(&mut self) -> Vec<Message> {
        self.spare.pop().unwrap_or_default()
    }

    pub(super) fn put(
        &mut self,
        function: FunctionId,
        lane: u32,
        messages: Vec<Message>,
        taken: Time,
    ) -> u32 {
        self.batches.put(Batch {
            function,
            messages,
            taken,
            lane,
        })
    }

    /// Takes a batch out: its function, lane, messages and when they were taken.
    pub(super) fn take(&mut self, place: u32) -> Option<(FunctionId, u32, Vec<Message>, Time)> {
        let batch = self.batches.take(place)?;
        Some((batch.function, batch.lane, batch.messages, batch.taken))
    }

    /// Gives a list back.
    pub(super) fn recycle(&mut self, mut list: Vec<Message>) {
        list.clear();
        self.spare.push(list);
    }

    /// How long the function works on a batch, message after message, and whether it fails.
    pub(super) fn work(&self, place: u32) -> (Span, bool) {
        let batch = self.batches.get(place);
        let messages = batch.map_or(&[][..], |batch| &batch.messages);
        messages
            .iter()
            .fold((Span::ZERO, false), |(sum, fails), message| {
                (
                    sum + message.service,
                    fails || message.fails || message.poison,
                )
            })
    }

    /// Every message in a batch, with its function.
    pub(super) fn all(&self) -> Vec<(FunctionId, Message)> {
        let batches = self.batches.iter();
        batches
            .flat_map(|batch| {
                batch
                    .messages
                    .iter()
                    .map(|message| (batch.function, *message))
            })
            .collect()
    }
}
