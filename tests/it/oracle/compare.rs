//! What is compared between the simulator and the naive simulation.

use std::collections::{BTreeMap, VecDeque};

use frostline::ids::InstanceId;
use frostline::sim::{Ending, Found, Retirement, Sender, State};

use crate::sim::stage::Record;

/// All that is compared of a request or a ping.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct End {
    pub(super) function: usize,
    pub(super) sender: Sender,
    pub(super) number: u64,
    pub(super) arrived: u64,
    pub(super) admitted: u64,
    pub(super) begun: u64,
    pub(super) ended: u64,
    pub(super) first_call: u64,
    pub(super) ending: Ending,
    pub(super) found: Found,
    pub(super) instance: Option<Name>,
    pub(super) on_provisioned: bool,
}

#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) ends: Vec<End>,
    /// (instant, instance, why), sorted.
    pub(super) retired: Vec<(u64, Name, String)>,
    /// The floor held one of several instances that were due at the same instant.
    pub(super) tie: bool,
}

/// Function and place among its instances: where several functions replace instances at the same
/// instant, the order of birth among all of them is nobody's rule.
pub(super) type Name = (usize, usize);

fn names(record: &Record) -> BTreeMap<InstanceId, Name> {
    let mut born: BTreeMap<usize, usize> = BTreeMap::new();
    let births = record.changes.iter().filter(|change| change.from.is_none());
    births
        .map(|change| {
            let function = change.function.index();
            let number = born.entry(function).or_default();
            *number += 1;
            (change.instance, (function, *number - 1))
        })
        .collect()
}

pub(super) fn ends(record: &Record) -> Vec<End> {
    let names = names(record);
    let end = |end: &frostline::sim::RequestEnd| End {
        function: end.function.index(),
        sender: end.sender,
        number: end.number,
        arrived: end.arrived.nanos(),
        admitted: end.admitted.nanos(),
        begun: end.begun.nanos(),
        ended: end.ended.nanos(),
        first_call: end.first_call.nanos(),
        ending: end.ending,
        found: end.found,
        instance: end.instance.map(|id| names[&id]),
        on_provisioned: end.on_provisioned,
    };
    record.ends.iter().map(end).collect()
}

pub(super) fn retired(record: &Record) -> Vec<(u64, Name, String)> {
    let names = names(record);
    let ended = record.changes.iter().filter_map(|change| {
        let why = change.to.err().filter(|why| *why != Retirement::EndOfRun)?;
        Some((
            change.at.nanos(),
            names[&change.instance],
            format!("{why:?}"),
        ))
    });
    let mut retired: Vec<_> = ended.collect();
    retired.sort();
    retired
}

/// Which idle instance was chosen, choice by choice; only random routing needs to be told.
pub(super) fn choices(record: &Record) -> VecDeque<Name> {
    let names = names(record);
    let chosen = record
        .changes
        .iter()
        .filter(|change| change.from == Some(State::Idle) && change.to == Ok(State::Busy));
    chosen.map(|change| names[&change.instance]).collect()
}
