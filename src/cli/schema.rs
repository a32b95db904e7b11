//! `frostline schema`: the JSON Schema of the files.

use crate::config::{self, SchemaKind, nearest_name};

/// The schema of a kind of file; without a name that of an experiment.
///
/// # Errors
/// There is no such kind; the message names those there are.
pub fn schema(name: Option<&str>) -> Result<String, String> {
    let name = name.unwrap_or(SchemaKind::Experiment.name());
    let names = SchemaKind::ALL.map(SchemaKind::name);
    match SchemaKind::ALL.into_iter().find(|kind| kind.name() == name) {
        Some(kind) => Ok(config::schema(kind)),
        None => Err(super::models::unknown(
            "schema",
            name,
            nearest_name(name, names),
            &names,
        )),
    }
}
