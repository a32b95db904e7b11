//! From a tree to the serde types, past every fault.
//!
//! A derived `Deserialize` ends at its first error. Here each field of the types is a [`Given`],
//! which takes the error of its own value, records it with its place and goes on; keys that a
//! table does not know are recorded and passed over. So one pass finds every fault of a file.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::{StrDeserializer, UsizeDeserializer};
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};

use super::diagnostic::{Fault, Faults};
use super::names::{did_you_mean, list, nearest};
use super::source::Place;
use super::tree::{Entry, Node, Value};

/// Names of newtypes by which a type asks the deserializer for more than serde's data model has.
mod ask {
    /// The place, then the value or nothing if it is at fault.
    pub(super) const GIVEN: &str = "$given";
    /// A table as a deserializer of its own, anything else as it is.
    pub(super) const SWITCH: &str = "$switch";
    /// A date of TOML as its text, and a text as it is.
    pub(super) const DATE: &str = "$date";
    /// Nothing for the text `none`.
    pub(super) const OR_NONE: &str = "$or-none";
    /// A list as its elements, anything else as one.
    pub(super) const ONE_OR_MANY: &str = "$one-or-many";
}

/// What TOML calls an offset date-time, a local date and so on.
const A_DATE: de::Unexpected<'static> = de::Unexpected::Other("a date or time without quotes");

/// Decodes a tree; `None` where even its outermost value has the wrong kind.
pub(crate) fn decode<T: for<'de> Deserialize<'de>>(node: &Node, faults: &Faults) -> Option<T> {
    let given = Given::<T>::deserialize(Decoder { node, faults });
    given.ok().and_then(|given| given.value)
}

/// A value as the user gave it: where, and what, unless it is at fault, which is then recorded.
#[derive(Clone, Debug)]
pub(crate) struct Given<T> {
    pub(crate) place: Place,
    pub(crate) value: Option<T>,
}

/// A value, or the text `none`.
#[derive(Clone, Debug)]
pub(crate) enum OrNone<T> {
    None,
    Some(T),
}

/// A value, or a list of them.
#[derive(Clone, Debug)]
pub(crate) struct OneOrMany<T>(pub(crate) Vec<Given<T>>);

/// Reads a type that is typed either as a text (or another plain value) or as a table: the visitor
/// gets the table through `visit_newtype_struct`.
pub(crate) fn switch<'de, D, V>(deserializer: D, visitor: V) -> Result<V::Value, D::Error>
where
    D: Deserializer<'de>,
    V: Visitor<'de>,
{
    deserializer.deserialize_newtype_struct(ask::SWITCH, visitor)
}

/// Reads a type that may be typed as a date of TOML or as a text: the visitor gets a text.
pub(crate) fn date<'de, D, V>(deserializer: D, visitor: V) -> Result<V::Value, D::Error>
where
    D: Deserializer<'de>,
    V: Visitor<'de>,
{
    deserializer.deserialize_newtype_struct(ask::DATE, visitor)
}

impl<T> Given<T> {
    /// The value, unless it is at fault.
    pub(crate) fn get(&self) -> Option<&T> {
        self.value.as_ref()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct GivenVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for GivenVisitor<T> {
            type Value = Given<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Given<T>, A::Error> {
                let start = seq.next_element()?.unwrap_or_default();
                let end = seq.next_element()?.unwrap_or_default();
                Ok(Given {
                    place: Place { start, end },
                    value: seq.next_element()?,
                })
            }
        }
        deserializer.deserialize_newtype_struct(ask::GIVEN, GivenVisitor(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OrNone<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OrNoneVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for OrNoneVisitor<T> {
            type Value = OrNone<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or \"none\"")
            }
            fn visit_none<E>(self) -> Result<OrNone<T>, E> {
                Ok(OrNone::None)
            }
            fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<OrNone<T>, D::Error> {
                T::deserialize(d).map(OrNone::Some)
            }
        }
        deserializer.deserialize_newtype_struct(ask::OR_NONE, OrNoneVisitor(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ManyVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ManyVisitor<T> {
            type Value = OneOrMany<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or a list of them")
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                d: D,
            ) -> Result<OneOrMany<T>, D::Error> {
                Ok(OneOrMany(vec![Given::deserialize(d)?]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany<T>, A::Error> {
                let mut many = Vec::new();
                while let Some(one) = seq.next_element()? {
                    many.push(one);
                }
                Ok(OneOrMany(many))
            }
        }
        deserializer.deserialize_newtype_struct(ask::ONE_OR_MANY, ManyVisitor(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Given<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl<T: JsonSchema> JsonSchema for OrNone<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("OrNone{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let some = generator.subschema_for::<T>();
        schemars::json_schema!({ "anyOf": [some, { "const": "none" }] })
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        schemars::json_schema!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
    }
}

/// An error on its way to the [`Given`] that records it.
#[derive(Debug)]
pub(crate) struct Error(Box<Fault>);

impl Error {
    fn new(title: String) -> Self {
        Self(Box::new(Fault::new(title)))
    }

    /// Adds that "none" would be right as well.
    fn or_none(mut self) -> Self {
        self.0.notes.push("\"none\" is allowed as well".to_owned());
        self
    }

    /// The innermost value that an error comes from is the one at fault.
    fn or_at(mut self, place: Place) -> Self {
        if self.0.places.is_empty() {
            self.0 = Box::new(self.0.at(place));
        }
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.title)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        // Serde's words for its own types, in those of TOML.
        let expected = match expected.to_string().as_str() {
            "a string" => "a text in quotes".to_owned(),
            "a boolean" => "true or false".to_owned(),
            "a sequence" => "a list".to_owned(),
            other => other.to_owned(),
        };
        Self::new(format!("expected {expected}, not {}", in_words(found)))
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(found: &str, expected: &'static [&'static str]) -> Self {
        let mut error = Self::new(format!("`{found}` is not known here"));
        *error.0 = unknown(*error.0, found, expected);
        error
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("the key `{field}` is missing here"))
    }
}

fn unknown(fault: Fault, found: &str, allowed: &[&str]) -> Fault {
    let fault = match did_you_mean(found, allowed.iter().copied()) {
        Some(hint) => fault.note(hint),
        None => fault,
    };
    fault.note(format!("allowed here: {}", list(allowed.iter().copied())))
}

/// What was found, without the name that Rust has for it.
fn in_words(found: de::Unexpected<'_>) -> String {
    match found {
        de::Unexpected::Bool(value) => format!("`{value}`"),
        de::Unexpected::Unsigned(value) => format!("the number {value}"),
        de::Unexpected::Signed(value) => format!("the number {value}"),
        // Very large and very small ones have no end of digits.
        de::Unexpected::Float(value) if value != 0.0 && !(1e-6..1e16).contains(&value.abs()) => {
            format!("the number {value:e}")
        }
        de::Unexpected::Float(value) => format!("the number {value}"),
        de::Unexpected::Str(value) => format!("the text \"{value}\""),
        de::Unexpected::Seq => "a list".to_owned(),
        de::Unexpected::Map | de::Unexpected::StructVariant => "a table".to_owned(),
        other => other.to_string(),
    }
}

/// A value that is being decoded.
#[derive(Clone, Copy)]
struct Decoder<'a> {
    node: &'a Node,
    faults: &'a Faults,
}

impl Decoder<'_> {
    fn any<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::Text(text) => visitor.visit_str(text),
            Value::Date(_) => Err(de::Error::invalid_type(A_DATE, &visitor)),
            Value::Integer(number) => visitor.visit_i64(*number),
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::List(nodes) => visitor.visit_seq(Elements {
                nodes: nodes.iter(),
                faults: self.faults,
            }),
            Value::Table(entries) => visitor.visit_map(Entries {
                rest: entries.iter(),
                value: None,
                known: None,
                table: self.node.place,
                faults: self.faults,
            }),
            Value::Faulty => Err(Error::new(String::new())),
        }
        .map_err(|error: Error| error.or_at(self.node.place))
    }

    /// The value for a [`Given`]: its error ends here.
    fn given<'de, T: DeserializeSeed<'de>>(self, seed: T) -> Option<T::Value> {
        let before = self.faults.pushed();
        match seed.deserialize(self) {
            Ok(value) => Some(value),
            Err(error) => {
                // Where a part of the value has been at fault, what the whole lacks follows
                // from that.
                let told = self.faults.pushed() > before;
                if !told && !error.0.title.is_empty() {
                    self.faults.push(*error.or_at(self.node.place).0);
                }
                None
            }
        }
    }
}

impl<'de> Deserializer<'de> for Decoder<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let place = self.node.place;
        match (name, &self.node.value) {
            (ask::DATE, Value::Date(text)) => visitor.visit_str(text),
            (ask::GIVEN, _) => visitor.visit_seq(GivenParts {
                decoder: self,
                part: 0,
            }),
            (ask::SWITCH, Value::Table(_)) => visitor.visit_newtype_struct(self),
            (ask::SWITCH | ask::DATE, _) | (ask::ONE_OR_MANY, Value::List(_)) => self.any(visitor),
            (ask::OR_NONE, Value::Text(text)) if text == "none" => visitor.visit_none(),
            (ask::OR_NONE, _) => visitor.visit_some(self).map_err(Error::or_none),
            _ => visitor.visit_newtype_struct(self),
        }
        .map_err(|error| error.or_at(place))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let Value::Table(entries) = &self.node.value else {
            let message = |found| de::Error::invalid_type(found, &"a table");
            return match &self.node.value {
                Value::Text(text) => Err(message(de::Unexpected::Str(text))),
                Value::Date(_) => Err(message(A_DATE)),
                Value::Integer(number) => Err(message(de::Unexpected::Signed(*number))),
                Value::Float(number) => Err(message(de::Unexpected::Float(*number))),
                Value::Bool(value) => Err(message(de::Unexpected::Bool(*value))),
                _ => Err(message(de::Unexpected::Seq)),
            }
            .map_err(|error: Error| error.or_at(self.node.place));
        };
        visitor
            .visit_map(Entries {
                rest: entries.iter(),
                value: None,
                known: Some(fields),
                table: self.node.place,
                faults: self.faults,
            })
            .map_err(|error| error.or_at(self.node.place))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::Text(text) => visitor.visit_enum(Variant(text)),
            _ => Err(Error::new(format!(
                "expected one of {}, as text",
                list(variants.iter().copied())
            ))),
        }
        .map_err(|error| error.or_at(self.node.place))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// Start, end and value of a [`Given`].
struct GivenParts<'a> {
    decoder: Decoder<'a>,
    part: u8,
}

impl<'de> SeqAccess<'de> for GivenParts<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        self.part += 1;
        let place = self.decoder.node.place;
        let offset = |at: usize| -> UsizeDeserializer<Error> { at.into_deserializer() };
        match self.part {
            1 => seed.deserialize(offset(place.start)).map(Some),
            2 => seed.deserialize(offset(place.end)).map(Some),
            _ => Ok(self.decoder.given(seed)),
        }
    }
}

/// Elements of a list.
struct Elements<'a> {
    nodes: std::slice::Iter<'a, Node>,
    faults: &'a Faults,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let Some(node) = self.nodes.next() else {
            return Ok(None);
        };
        let decoder = Decoder {
            node,
            faults: self.faults,
        };
        seed.deserialize(decoder).map(Some)
    }
}

/// Keys and values of a table.
struct Entries<'a> {
    rest: std::slice::Iter<'a, Entry>,
    value: Option<&'a Node>,
    /// The keys that there are, where the type says so.
    known: Option<&'static [&'static str]>,
    table: Place,
    faults: &'a Faults,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        for entry in self.rest.by_ref() {
            if let Some(known) = self.known
                && !known.contains(&entry.key.as_str())
            {
                let fault = Fault::new(format!("unknown key `{}`", entry.key)).at(entry.place);
                self.faults.push(unknown(fault, &entry.key, known));
                let meant = nearest(&entry.key, known.iter().copied());
                self.faults.excuse(self.table, meant.unwrap_or(""));
                continue;
            }
            self.value = Some(&entry.node);
            let key: StrDeserializer<'_, Error> = entry.key.as_str().into_deserializer();
            return seed
                .deserialize(key)
                .map(Some)
                .map_err(|error| error.or_at(entry.place));
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let Some(node) = self.value.take() else {
            return Err(Error::new("a key has no value".to_owned()));
        };
        seed.deserialize(Decoder {
            node,
            faults: self.faults,
        })
    }
}

/// A text as the name of a variant.
struct Variant<'a>(&'a str);

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Error;
    type Variant = UnitOnly;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, UnitOnly), Error> {
        let name: StrDeserializer<'_, Error> = self.0.into_deserializer();
        Ok((seed.deserialize(name)?, UnitOnly))
    }
}

/// Variants have no content: a choice with content is typed as a table.
struct UnitOnly;

impl<'de> de::VariantAccess<'de> for UnitOnly {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Error> {
        Err(Error::new("this needs a table".to_owned()))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Error> {
        Err(Error::new("this needs a table".to_owned()))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        Err(Error::new("this needs a table".to_owned()))
    }
}
