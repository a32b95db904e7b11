//! JSON Schema of the files, from the same types that read them, for editors that complete.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::typed::experiment::ExperimentFile;
use super::typed::function::FunctionFile;
use super::typed::platform::PlatformFile;
use super::typed::prices::PriceFile;

/// A kind of file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SchemaKind {
    /// An experiment.
    Experiment,
    /// A platform.
    Platform,
    /// A function.
    Function,
    /// A price list.
    Prices,
}

impl SchemaKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [
        Self::Experiment,
        Self::Platform,
        Self::Function,
        Self::Prices,
    ];

    /// Its name on the command line and in `models/schema`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Experiment => "experiment",
            Self::Platform => "platform",
            Self::Function => "function",
            Self::Prices => "prices",
        }
    }
}

/// The schema of a kind of file as JSON text: draft-07, which the TOML editors read.
pub fn schema(kind: SchemaKind) -> String {
    let generator = SchemaSettings::draft07().into_generator();
    let schema = match kind {
        SchemaKind::Experiment => generator.into_root_schema_for::<ExperimentFile>(),
        SchemaKind::Platform => generator.into_root_schema_for::<PlatformFile>(),
        SchemaKind::Function => generator.into_root_schema_for::<FunctionFile>(),
        SchemaKind::Prices => generator.into_root_schema_for::<PriceFile>(),
    };
    let mut value = schema.to_value();
    without_null(&mut value);
    let mut text = format!("{value:#}");
    text.push('\n');
    text
}

/// An optional key may be left out, but TOML has no null to give it.
fn without_null(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|t| t != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(any)) = object.get_mut("anyOf") {
                any.retain(|schema| schema != &serde_json::json!({ "type": "null" }));
                if let [Value::Object(only)] = any.as_slice() {
                    let only = only.clone();
                    object.remove("anyOf");
                    // draft-07 ignores whatever stands beside a `$ref`.
                    if only.contains_key("$ref") && !object.is_empty() {
                        let all = vec![Value::Object(only)];
                        object.insert("allOf".to_owned(), Value::Array(all));
                    } else {
                        object.extend(only);
                    }
                }
            }
            if object.get("default") == Some(&Value::Null) {
                object.remove("default");
            }
            object.values_mut().for_each(without_null);
        }
        Value::Array(array) => array.iter_mut().for_each(without_null),
        _ => {}
    }
}
