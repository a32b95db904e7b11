//! From what was typed to what is valid, gathering every fault on the way.
//!
//! A part that is at fault leaves a gap, which the parts after it step over, so that one wrong
//! value hides no other. Nothing of this is used once a fault has been found.

mod arrivals;
mod experiment;
mod function;
mod platform;
mod policy;
mod prices;
mod workload;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use serde::Deserialize;

use crate::trace::{Trace, TraceSpec};

use super::decode::{Given, decode};
use super::diagnostic::{Diagnostics, Fault, Faults};
use super::embedded::ModelKind;
use super::names::{did_you_mean, list};
use super::source::{Place, Sources, read_text};
use super::tree::Node;
use super::typed::Key;

pub(crate) use experiment::scenarios;

/// What a conversion reads and where it leaves its faults.
pub(crate) struct Context {
    pub(crate) sources: RefCell<Sources>,
    pub(crate) faults: Faults,
    /// Where relative paths of the experiment and of the command line begin.
    pub(crate) dir: PathBuf,
    /// Keys of the sweep that set a function's memory: each key with the list of its values.
    pub(crate) swept_memory: Vec<(Place, Place)>,
    documents: RefCell<BTreeMap<String, Option<Rc<Node>>>>,
    traces: RefCell<BTreeMap<TraceSpec, Option<Arc<Trace>>>>,
}

impl Context {
    pub(crate) fn new(dir: &Path) -> Self {
        Self {
            sources: RefCell::default(),
            faults: Faults::default(),
            dir: dir.to_owned(),
            swept_memory: Vec::new(),
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

    /// The value of a key that must be given; says so where it is not.
    fn need<'a, T>(&self, key: &'a Key<T>, table: Place, title: &str) -> Option<&'a T> {
        match key {
            Some(given) => given.get(),
            None => {
                self.fault(Fault::new(title).at(table));
                None
            }
        }
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
        if let Some(found) = candidates.iter().find(|path| path.exists()) {
            return Some(found.clone());
        }
        let tried: Vec<String> = candidates.iter().map(|p| p.display().to_string()).collect();
        self.fault(
            Fault::new(format!("there is no {what} `{typed}`"))
                .at(path.place)
                .note(format!(
                    "looked for: {}",
                    list(tried.iter().map(String::as_str))
                )),
        );
        None
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
