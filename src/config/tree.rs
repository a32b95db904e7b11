//! A TOML document as a tree whose every key and value knows its place.
//!
//! The tree belongs to no text, so that parts of several texts can be joined in one: a value of a
//! sweep or of the command line is put where its key points, and keeps the place it was typed at.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::{Fault, Faults};
use super::source::{Place, Sources};

/// A value with its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
    /// As written in RFC 3339.
    Date(String),
    List(Vec<Node>),
    Table(Vec<Entry>),
    /// Something whose fault has been recorded.
    Faulty,
}

/// A key of a table with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) place: Place,
    pub(crate) key: String,
    pub(crate) node: Node,
}

impl Value {
    /// Whether it is the same value, wherever it stands.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) | (Self::Date(one), Self::Date(other)) => {
                one == other
            }
            (Self::Integer(one), Self::Integer(other)) => one == other,
            (Self::Float(one), Self::Float(other)) => one.total_cmp(other).is_eq(),
            // `1` and `1.0` mean the same.
            (Self::Integer(one), Self::Float(other)) | (Self::Float(other), Self::Integer(one)) => {
                (*one as f64).total_cmp(other).is_eq()
            }
            (Self::Bool(one), Self::Bool(other)) => one == other,
            (Self::List(one), Self::List(other)) => {
                let mut pairs = one.iter().zip(other);
                one.len() == other.len() && pairs.all(|(a, b)| a.value.same_as(&b.value))
            }
            (Self::Table(one), Self::Table(other)) => {
                let mut pairs = one.iter().zip(other);
                let same = |(a, b): (&Entry, &Entry)| {
                    a.key == b.key && a.node.value.same_as(&b.node.value)
                };
                one.len() == other.len() && pairs.all(same)
            }
            _ => false,
        }
    }
}

impl Node {
    /// Parses a document. `None` where its syntax is wrong, after recording every fault the
    /// parser recovered from.
    pub(crate) fn document(sources: &Sources, number: usize, faults: &Faults) -> Option<Self> {
        let source = sources.get(number);
        let (table, errors) = DeTable::parse_recoverable(&source.text);
        if record(&errors, source.base, faults) {
            return None;
        }
        let place = Place::new(source.base, 0..0);
        let value = table_value(table.into_inner(), source.base, faults);
        Some(Self { place, value })
    }

    /// Parses a value that begins `offset` bytes after the beginning of a text. What is no TOML
    /// value is taken as text, unless it sets out to be a list, a table or a quoted text.
    pub(crate) fn value(sources: &Sources, number: usize, offset: usize, faults: &Faults) -> Self {
        let source = sources.get(number);
        let text = &source.text[offset..];
        let place = Place::new(source.base, offset..source.text.len());
        let (node, errors) = DeValue::parse_recoverable(text);
        if errors.is_empty() && !text.trim().is_empty() {
            return from_toml(node, source.base + offset, faults);
        }
        if text.trim_start().starts_with(['[', '{', '"', '\'']) {
            record(&errors, source.base + offset, faults);
            return Self {
                place,
                value: Value::Faulty,
            };
        }
        Self {
            place,
            value: Value::Text(text.to_owned()),
        }
    }

    /// The value of a key, where this is a table that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Table(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// Takes a key out, where this is a table that has it.
    pub(crate) fn take(&mut self, key: &str) -> Option<Entry> {
        let Value::Table(entries) = &mut self.value else {
            return None;
        };
        let at = entries.iter().position(|entry| entry.key == key)?;
        Some(entries.remove(at))
    }

    /// Puts a value at a path of keys below this table; missing tables on the way are made, and
    /// what is no table on the way is replaced by one.
    pub(crate) fn put(&mut self, path: &[String], key_place: Place, node: Self) {
        let Some((first, rest)) = path.split_first() else {
            *self = node;
            return;
        };
        if !matches!(self.value, Value::Table(_)) {
            *self = Self {
                place: key_place,
                value: Value::Table(Vec::new()),
            };
        }
        let Value::Table(entries) = &mut self.value else {
            return;
        };
        let at = entries.iter().position(|entry| entry.key == *first);
        let at = at.unwrap_or_else(|| {
            entries.push(Entry {
                place: key_place,
                key: first.clone(),
                node: Self {
                    place: key_place,
                    value: Value::Table(Vec::new()),
                },
            });
            entries.len() - 1
        });
        if rest.is_empty() {
            entries[at].place = key_place;
        }
        entries[at].node.put(rest, key_place, node);
    }

    /// The text of this value, where it is one.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

fn record(errors: &[toml::de::Error], base: usize, faults: &Faults) -> bool {
    for error in errors {
        let place = Place::new(base, error.span().unwrap_or(0..0));
        faults.push(Fault::new(error.message()).label(place, "the syntax is wrong here"));
    }
    !errors.is_empty()
}

fn table_value(table: DeTable<'_>, base: usize, faults: &Faults) -> Value {
    let entries = table.into_iter().map(|(key, node)| Entry {
        place: Place::new(base, key.span()),
        key: key.into_inner().into_owned(),
        node: from_toml(node, base, faults),
    });
    Value::Table(entries.collect())
}

fn from_toml(node: Spanned<DeValue<'_>>, base: usize, faults: &Faults) -> Node {
    let place = Place::new(base, node.span());
    let refuse = |title: &str| {
        faults.push(Fault::new(title).at(place));
        Value::Faulty
    };
    let value = match node.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Integer(number),
            Err(_) => refuse(
                "this integer is out of range: 64 bits hold numbers up to 9223372036854775807",
            ),
        },
        DeValue::Float(number) => match number.as_str().parse::<f64>() {
            Ok(value) if value.is_finite() => Value::Float(value),
            Ok(value) if value.is_nan() => refuse("this is not a number: a finite one is needed"),
            _ => refuse("this number is infinite or too large: a finite one is needed"),
        },
        DeValue::Boolean(value) => Value::Bool(value),
        DeValue::Datetime(date) => Value::Date(date.to_string()),
        DeValue::Array(list) => Value::List(
            list.into_iter()
                .map(|node| from_toml(node, base, faults))
                .collect(),
        ),
        DeValue::Table(table) => table_value(table, base, faults),
    };
    Node { place, value }
}
