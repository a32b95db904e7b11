//! Faults and warnings, each with the place it is about, rendered as text.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::path::Path;

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
            title: shortened(title.into()),
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
        self.notes.push(shortened(note.into()));
        self
    }
}

/// A text that quotes something longer than anybody reads, without its middle.
fn shortened(text: String) -> String {
    const MOST: usize = 4000;
    const KEPT: usize = 200;
    if text.len() <= MOST {
        return text;
    }
    let head = text.floor_char_boundary(KEPT);
    let tail = text.ceil_char_boundary(text.len() - KEPT);
    format!("{} … {}", &text[..head], &text[tail..])
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

    /// Hands over all that was found so far, and begins anew.
    pub(crate) fn take(&self) -> Vec<Fault> {
        std::mem::take(&mut *self.found.borrow_mut()).faults
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

    /// The files that were read, traces apart.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.sources.files()
    }

    /// The titles alone, without pictures.
    pub fn titles(&self) -> impl Iterator<Item = &str> {
        self.faults.iter().map(|fault| fault.title.as_str())
    }

    /// Each with the lines it is about, as plain text.
    pub fn render(&self) -> String {
        let mut lines = BTreeMap::new();
        let pictures: Vec<String> = self
            .faults
            .iter()
            .map(|fault| self.picture(fault, &mut lines))
            .collect();
        let mut text = pictures.join("\n\n");
        text.push('\n');
        text
    }

    /// `lines` are those of the texts that have been shown before, by their bases.
    fn picture(&self, fault: &Fault, lines: &mut BTreeMap<usize, Lines>) -> String {
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
            let here = |place: Place| self.sources.of(place).map(|s| s.base) == Some(source.base);
            let places = fault
                .places
                .iter()
                .map(|(place, _)| *place)
                .filter(|p| here(*p));
            let lines = lines
                .entry(source.base)
                .or_insert_with(|| Lines::of(&source.text));
            let excerpt = lines.around(places.map(|place| source.local(place)), &source.text);
            let mut snippet = Snippet::source(&source.text[excerpt.range.clone()])
                .line_start(excerpt.first_line)
                .path(source.name.as_str());
            for (number, (other, label)) in fault.places.iter().enumerate() {
                if !here(*other) {
                    continue;
                }
                let kind = if number == 0 {
                    AnnotationKind::Primary
                } else {
                    AnnotationKind::Context
                };
                let span = source.local(*other);
                let from = excerpt.range.start;
                let annotation = kind.span(span.start - from..span.end - from);
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

/// Where the lines of a text begin: a picture is made of the lines it is about, for the time it
/// takes grows with the text it is given.
struct Lines(Vec<usize>);

/// Whole lines of a text.
struct Excerpt {
    range: Range<usize>,
    /// Number of its first line, from 1.
    first_line: usize,
}

impl Lines {
    fn of(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self([0].into_iter().chain(ends.map(|(at, _)| at + 1)).collect())
    }

    /// The lines from the first of some places to the last.
    fn around(&self, places: impl Iterator<Item = Range<usize>>, text: &str) -> Excerpt {
        let (mut from, mut to) = (text.len(), 0);
        for place in places {
            from = from.min(place.start);
            to = to.max(place.end);
        }
        // What follows the last line belongs to it.
        let from = from.min(text.trim_end().len());
        let line = self.0.partition_point(|start| *start <= from).max(1);
        let next = self.0.partition_point(|start| *start <= to.max(from));
        Excerpt {
            range: self.0[line - 1]..self.0.get(next).copied().unwrap_or(text.len()),
            first_line: line,
        }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render())
    }
}

impl std::error::Error for Diagnostics {}
