//! The texts that a configuration is made of, in one space of places.
//!
//! An experiment is joined from several texts: its own file, the files it names, and the command
//! line. Each text takes a range of one running offset, so that a [`Place`] alone says which text
//! is meant and where in it; trees of different texts can be joined and their errors still point
//! at what was typed.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A range of bytes in the texts of a [`Sources`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub(crate) struct Place {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// One text.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// What the user knows it by: the path as typed, or `command line`.
    pub(crate) name: String,
    pub(crate) text: String,
    /// Offset of its first byte.
    pub(crate) base: usize,
    /// Where its relative paths begin, if it is a file.
    pub(crate) dir: Option<PathBuf>,
}

/// All texts read so far.
#[derive(Clone, Default, Debug)]
pub(crate) struct Sources {
    texts: Vec<Source>,
}

impl Sources {
    /// Takes a text in and returns its number.
    pub(crate) fn add(&mut self, name: &str, text: String, dir: Option<PathBuf>) -> usize {
        let number = self.texts.len();
        // One byte between texts keeps a place at the end of one from being one in the next.
        let base = self
            .texts
            .last()
            .map_or(0, |last| last.base + last.text.len() + 1);
        self.texts.push(Source {
            name: name.to_owned(),
            text,
            base,
            dir,
        });
        number
    }

    /// The texts that are files of the user's.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        let files = self.texts.iter().filter(|source| source.dir.is_some());
        files.map(|source| Path::new(&source.name))
    }

    pub(crate) fn get(&self, number: usize) -> &Source {
        &self.texts[number]
    }

    /// The text that a place lies in.
    pub(crate) fn of(&self, place: Place) -> Option<&Source> {
        let number = self.texts.partition_point(|s| s.base <= place.start);
        self.texts.get(number.checked_sub(1)?)
    }

    /// What stands at a place.
    pub(crate) fn text(&self, place: Place) -> &str {
        self.of(place).map_or("", |source| {
            let range = source.local(place);
            source.text.get(range).unwrap_or("")
        })
    }
}

impl Source {
    /// A place as a range of this text, cut to it and to whole characters.
    pub(crate) fn local(&self, place: Place) -> std::ops::Range<usize> {
        let inside = |offset: usize| {
            let mut at = offset.saturating_sub(self.base).min(self.text.len());
            while !self.text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = inside(place.start);
        start..inside(place.end).max(start)
    }
}

impl Place {
    /// A range of a text that begins at `base`.
    pub(crate) fn new(base: usize, range: std::ops::Range<usize>) -> Self {
        Self {
            start: base + range.start,
            end: base + range.end,
        }
    }
}

/// More bytes than anybody types; a device may give bytes without end.
const MOST_BYTES: u64 = 16 << 20;

/// A file as text, or why it cannot be read as such, in the user's words.
pub(crate) fn read_text(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes));
    match read {
        Ok(length) if length as u64 > MOST_BYTES => {
            return Err(
                "the file is larger than 16 MB, which no experiment or model is".to_owned(),
            );
        }
        Ok(_) => {}
        Err(error) => {
            return Err(match error.kind() {
                std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
                std::io::ErrorKind::PermissionDenied => "the file may not be read".to_owned(),
                _ if path.is_dir() => "this is a directory: name a file".to_owned(),
                _ => format!("the file cannot be read: {error}"),
            });
        }
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]);
        let line = before.matches('\n').count() + 1;
        format!("the file is not UTF-8 text: line {line} holds a byte that is no character")
    })
}
