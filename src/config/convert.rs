//! From what was typed to what is valid, gathering every fault on the way.
//!
//! A part that is at fault leaves a gap, which the parts after it step over, so that one wrong
//! value hides no other. Nothing of this is used once a fault has been found.

#![expect(
    clippy::ref_option,
    reason = "a key is passed on as its table holds it"
)]

mod accounts;
mod arrivals;
mod curve;
mod doubts;
mod duration_curve;
mod event_source;
mod experiment;
mod function;
mod measured;
mod package;
mod ping;
mod platform;
mod policy;
mod prices;
mod provisioned;
mod resource;
mod runtime;
mod schedule;
mod search;
mod snapshot;
mod source_limits;
mod start;
mod traffic;
mod transient;
mod workflow;
mod workload;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use serde::Deserialize;

use crate::schedule::Start;
use crate::trace::{Trace, TraceSpec};
use crate::units::Time;

use super::decode::{Given, decode};
use super::diagnostic::{Diagnostics, Fault, Faults};
use super::embedded::ModelKind;
use super::names::{did_you_mean, list};
use super::source::{Place, Sources, read_text};
use super::tree::Node;
use super::typed::Key;

pub(crate) use experiment::scenarios;
pub use runtime::known_runtime;

/// What a conversion reads and where it leaves its faults.
pub(crate) struct Context {
    pub(crate) sources: RefCell<Sources>,
    pub(crate) faults: Faults,
    /// Where relative paths of the experiment and of the command line begin.
    pub(crate) dir: PathBuf,
    /// Whether what sends rounds of several pings is charged for where a file does not say so.
    pub(crate) charges_senders: bool,
    /// Keys of the sweep that set a function's memory: each key with the list of its values.
    pub(crate) swept_memory: Vec<(Place, Place)>,
    /// Day and time of simulated time zero.
    pub(crate) start: Cell<Start>,
    /// When the run ends, where that is known.
    pub(crate) end: Cell<Time>,
    documents: RefCell<BTreeMap<String, Option<Rc<Node>>>>,
    /// Few, so a list is searched.
    traces: RefCell<Vec<(TraceSpec, Option<Arc<Trace>>)>>,
}

impl Context {
    pub(crate) fn new(dir: &Path) -> Self {
        Self {
            sources: RefCell::default(),
            faults: Faults::default(),
            dir: dir.to_owned(),
            charges_senders: false,
            swept_memory: Vec::new(),
            start: Cell::default(),
            end: Cell::new(Time::NEVER),
            documents: RefCell::default(),
            traces: RefCell::default(),
        }
    }

    pub(crate) fn fault(&self, fault: Fault) {
        self.faults.push(fault);
    }

    pub(crate) fn finish(self) -> Diagnostics {
        self.faults.finish(self.sources.into_inner())
    }

    /// The value of a key that must be given; says that `what` lacks it where it is not, unless a
    /// key that was probably meant to be it has been told already.
    fn need<'a, T>(&self, key: &'a Key<T>, table: Place, what: &str, name: &str) -> Option<&'a T> {
        if key.is_none() && !self.faults.is_excused(table, name) {
            self.fault(Fault::new(format!("{what} lacks `{name}`")).at(table));
        }
        key.as_ref()?.get()
    }

    /// A text as it was typed, without its quotes.
    fn bare(&self, place: Place) -> String {
        self.typed(place).trim_matches(['"', '\'']).to_owned()
    }

    /// What was typed at a place.
    pub(crate) fn typed(&self, place: Place) -> String {
        self.sources.borrow().text(place).to_owned()
    }

    /// Where a relative path may lead: from the file that names it, then from the experiment, then
    /// from the working directory.
    fn candidates(&self, path: &str, named_at: Place) -> Vec<PathBuf> {
        let sources = self.sources.borrow();
        let here = sources.of(named_at).and_then(|source| source.dir.clone());
        let mut candidates: Vec<PathBuf> = here
            .into_iter()
            .chain([self.dir.clone(), PathBuf::new()])
            .map(|dir| dir.join(path))
            .collect();
        candidates.dedup();
        candidates
    }

    /// A path as it exists; says where it was looked for if it does not.
    fn existing(&self, path: &Given<String>, what: &str) -> Option<PathBuf> {
        let typed = path.get()?;
        let candidates = self.candidates(typed, path.place);
        let found = candidates.into_iter().find(|path| path.exists());
        if found.is_none() {
            self.no_such(what, typed, path.place);
        }
        found
    }

    fn no_such(&self, what: &str, typed: &str, place: Place) {
        let candidates = self.candidates(typed, place);
        let tried: Vec<String> = candidates.iter().map(|p| p.display().to_string()).collect();
        self.fault(
            Fault::new(format!("there is no {what} `{typed}`"))
                .at(place)
                .note(format!(
                    "looked for: {}",
                    list(tried.iter().map(String::as_str))
                )),
        );
    }

    /// The model that a name or a path means, decoded. A file of the user's wins over an embedded
    /// one of the same name.
    fn model<T: for<'de> Deserialize<'de>>(
        &self,
        kind: ModelKind,
        named: &Given<String>,
    ) -> Option<(Place, T)> {
        let name = named.get()?;
        let candidates = self.candidates(name, named.place);
        let file = candidates.into_iter().find(|path| path.is_file());
        let document = match (file, kind.find(name)) {
            (Some(file), _) => self.document(
                &file.display().to_string(),
                || read_text(&file).map(|text| (text, file.parent().map(Path::to_owned))),
                named.place,
            ),
            (None, Some(model)) => self.document(
                &model.path(),
                || Ok((model.text.to_owned(), None)),
                named.place,
            ),
            (None, None) => {
                self.unknown_model(kind, name, named.place);
                None
            }
        }?;
        Some((document.place, decode(&document, &self.faults)?))
    }

    fn unknown_model(&self, kind: ModelKind, name: &str, place: Place) {
        if Path::new(name).extension().is_some_and(|e| e == "toml") {
            self.no_such("file", name, place);
            return;
        }
        let names: Vec<&str> = kind.models().map(|model| model.name).collect();
        let mut fault = Fault::new(format!(
            "there is no {} `{name}`, and no such file",
            kind.noun()
        ))
        .at(place);
        if let Some(hint) = did_you_mean(name, names.iter().copied()) {
            fault = fault.note(hint);
        }
        self.fault(fault.note(format!("known: {}", list(names))));
    }

    /// A document, read once however often it is named.
    fn document(
        &self,
        name: &str,
        read: impl FnOnce() -> Result<(String, Option<PathBuf>), String>,
        named_at: Place,
    ) -> Option<Rc<Node>> {
        if let Some(known) = self.documents.borrow().get(name) {
            return known.clone();
        }
        let node = match read() {
            Ok((text, dir)) => {
                let number = self.sources.borrow_mut().add(name, text, dir);
                Node::document(&self.sources.borrow(), number, &self.faults).map(Rc::new)
            }
            Err(message) => {
                self.fault(Fault::new(format!("{name}: {message}")).at(named_at));
                None
            }
        };
        self.documents
            .borrow_mut()
            .insert(name.to_owned(), node.clone());
        node
    }
}
