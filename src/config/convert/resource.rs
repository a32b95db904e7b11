//! What functions reach out to, and how.

use crate::config::decode::Given;
use crate::config::diagnostic::Fault;
use crate::config::names::{did_you_mean, list};
use crate::config::typed::experiment::Tables;
use crate::config::typed::resource::{Connection, Open, ResourceEntry};
use crate::config::typed::{Key, value};
use crate::dist::Dist;
use crate::model;
use crate::units::Span;

use super::Context;
use super::platform::{PlatformFacts, limit};

/// Wait before a further try to connect, where none is given.
const RETRY_WAIT: Span = Span::from_nanos(100_000_000);

impl Context {
    /// The resources of an experiment.
    pub(super) fn resources(&self, tables: &Key<Tables<ResourceEntry>>) -> Vec<model::Resource> {
        let tables = value(tables).map_or(&[][..], |tables| tables.0.as_slice());
        let named = tables
            .iter()
            .filter_map(|table| Some((table.place, &table.get()?.name)));
        self.unique("resource", named);
        let entries = tables.iter().filter_map(Given::get);
        entries
            .filter_map(|entry| {
                Some(model::Resource {
                    name: value(&entry.name)?.clone(),
                    connections: limit(&entry.connections).map(|count| count.0),
                    set_up: value(&entry.set_up).map_or(Dist::ZERO, |dist| dist.0.clone()),
                })
            })
            .collect()
    }

    /// What each instance of a function is connected to.
    pub(super) fn connection(
        &self,
        key: &Key<Connection>,
        platform: &PlatformFacts,
    ) -> Option<model::Connection> {
        let given = key.as_ref()?;
        let typed = given.get()?;
        let name = self.need(&typed.to, given.place, "`connection`", "to")?;
        let names = || platform.platform.resources.iter().map(|r| r.name.as_str());
        let Some(place) = names().position(|known| known == name) else {
            let place = typed.to.as_ref().map_or(given.place, |to| to.place);
            let mut fault = Fault::new(format!("no resource is named `{name}`")).at(place);
            if let Some(hint) = did_you_mean(name, names()) {
                fault = fault.note(hint);
            }
            if names().next().is_some() {
                fault = fault.note(format!("named: {}", list(names())));
            }
            self.fault(fault.note("each has a [[resource]] table"));
            return None;
        };
        self.waits(&typed.retry_wait, "retry-wait");
        Some(model::Connection {
            to: place as u32,
            open: match value(&typed.open) {
                None | Some(Open::Init) => model::Open::Init,
                Some(Open::FirstCall) => model::Open::FirstCall,
                Some(Open::EveryCall) => model::Open::EveryCall,
            },
            attempts: value(&typed.attempts).map_or(1, |attempts| attempts.0),
            retry_wait: value(&typed.retry_wait).map_or(RETRY_WAIT, |wait| wait.0),
        })
    }
}
