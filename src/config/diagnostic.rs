//! Faults and warnings, each with the place it is about, rendered as text.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::source::{Place, Sources};

/// A fault of the configuration, or a warning.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Fault {
    pub(crate) warning: bool,
    pub(crate) title: String,
    /// What the picture shows: the first place is the one at fault.
    pub(crate) places: Vec<(Place, String)>,
    /// What is allowed, or what to do.
    pub(crate) notes: Vec<String>,
}

impl Fault {
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Self {
            warning: false,
            title: title.into(),
            places: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub(crate) fn warning(title: impl Into<String>) -> Self {
        Self {
            warning: true,
            ..Self::new(title)
        }
    }

    #[must_use]
    pub(crate) fn at(self, place: Place) -> Self {
        self.label(place, "")
    }

    #[must_use]
    pub(crate) fn label(mut self, place: Place, label: impl Into<String>) -> Self {
        self.places.push((place, label.into()));
        self
    }

    #[must_use]
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

/// Where faults are gathered while a configuration is read. Points of a sweep are converted one
/// after the other, so the same fault is met many times and kept once.
#[derive(Default, Debug)]
pub(crate) struct Faults {
    found: RefCell<Found>,
}

#[derive(Default, Debug)]
struct Found {
    seen: BTreeSet<Fault>,
    faults: Vec<Fault>,
    pushed: usize,
    /// Tables with a key that somebody mistyped there.
    excused: Vec<(Place, String)>,
}

impl Faults {
    pub(crate) fn push(&self, fault: Fault) {
        let mut found = self.found.borrow_mut();
        found.pushed += 1;
        if found.seen.insert(fault.clone()) {
            found.faults.push(fault);
        }
    }

    /// How often a fault was pushed, repeated ones included: tells whether a step found any.
    pub(crate) fn pushed(&self) -> usize {
        self.found.borrow().pushed
    }

    /// Notes which key of a table an unknown one was probably meant to be; "" where that is
    /// unclear.
    pub(crate) fn excuse(&self, table: Place, key: &str) {
        self.found
            .borrow_mut()
            .excused
            .push((table, key.to_owned()));
    }

    /// Whether a missing key has been told about by the mistyped one.
    pub(crate) fn is_excused(&self, table: Place, key: &str) -> bool {
        let found = self.found.borrow();
        found
            .excused
            .iter()
            .any(|(at, name)| *at == table && name == key)
    }

    /// Whether a table has a key that is unknown there.
    pub(crate) fn has_unknown(&self, table: Place) -> bool {
        self.found
            .borrow()
            .excused
            .iter()
            .any(|(at, _)| *at == table)
    }

    pub(crate) fn any_error(&self) -> bool {
        self.found.borrow().faults.iter().any(|f| !f.warning)
    }

    /// All that was found, in the order of the texts.
    pub(crate) fn finish(self, sources: Sources) -> Diagnostics {
        let mut faults = self.found.into_inner().faults;
        faults.sort_by_key(|fault| fault.places.first().map(|(place, _)| *place));
        Diagnostics { faults, sources }
    }
}

/// Everything that is wrong with a configuration, or doubtful.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    faults: Vec<Fault>,
    sources: Sources,
}

impl Diagnostics {
    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.faults.iter().filter(|f| !f.warning).count()
    }

    /// Whether nothing at all was found.
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// The titles alone, without pictures.
    pub fn titles(&self) -> impl Iterator<Item = &str> {
        self.faults.iter().map(|fault| fault.title.as_str())
    }

    /// Each with the lines it is about, as plain text.
    pub fn render(&self) -> String {
        let pictures: Vec<String> = self.faults.iter().map(|f| self.picture(f)).collect();
        let mut text = pictures.join("\n\n");
        text.push('\n');
        text
    }

    fn picture(&self, fault: &Fault) -> String {
        let level = if fault.warning {
            Level::WARNING
        } else {
            Level::ERROR
        };
        let mut group = Group::with_title(level.primary_title(fault.title.as_str()));
        let mut shown: Vec<usize> = Vec::new();
        for (place, _) in &fault.places {
            let Some(source) = self.sources.of(*place) else {
                continue;
            };
            if shown.contains(&source.base) {
                continue;
            }
            shown.push(source.base);
            let mut snippet = Snippet::source(source.text.as_str()).path(source.name.as_str());
            for (number, (other, label)) in fault.places.iter().enumerate() {
                if self.sources.of(*other).map(|s| s.base) != Some(source.base) {
                    continue;
                }
                let kind = if number == 0 {
                    AnnotationKind::Primary
                } else {
                    AnnotationKind::Context
                };
                let annotation = kind.span(source.local(*other));
                snippet = snippet.annotation(if label.is_empty() {
                    annotation
                } else {
                    annotation.label(label.as_str())
                });
            }
            group = group.element(snippet);
        }
        for note in &fault.notes {
            group = group.element(Level::HELP.message(note.as_str()));
        }
        Renderer::plain().render(&[group])
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render())
    }
}

impl std::error::Error for Diagnostics {}
