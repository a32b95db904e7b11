//! `frostline models`: the models that the binary carries.

use std::fmt::Write as _;

use crate::config::{Model, ModelKind, nearest_name};

/// The names of all models, or of one kind (`platforms`, `functions`, `prices`), each with its
/// description.
///
/// # Errors
/// There is no such kind; the message names those there are.
pub fn list(kind: Option<&str>) -> Result<String, String> {
    let dirs = ModelKind::ALL.map(ModelKind::dir);
    let kinds: Vec<ModelKind> = match kind {
        None => ModelKind::ALL.to_vec(),
        Some(name) => match ModelKind::ALL.into_iter().find(|kind| kind.dir() == name) {
            Some(kind) => vec![kind],
            None => {
                return Err(unknown(
                    "kind of model",
                    name,
                    nearest_name(name, dirs),
                    &dirs,
                ));
            }
        },
    };
    let width = kinds
        .iter()
        .flat_map(|kind| kind.models())
        .map(|model| model.name.len())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for (number, kind) in kinds.iter().enumerate() {
        if kinds.len() > 1 {
            let gap = if number == 0 { "" } else { "\n" };
            let _ = writeln!(text, "{gap}{}", kind.dir());
        }
        for model in kind.models() {
            let line = format!("{:width$}  {}", model.name, description(&model));
            let _ = writeln!(
                text,
                "{}{}",
                if kinds.len() > 1 { "  " } else { "" },
                line.trim_end()
            );
        }
    }
    Ok(text)
}

/// The file of a model with its comments, which are the documentation of its numbers. The name may
/// begin with its kind, as in `platforms/aws-lambda`.
///
/// # Errors
/// There is no such model; the message names the nearest one.
pub fn show(name: &str) -> Result<&'static str, String> {
    let typed = name.strip_prefix("models/").unwrap_or(name);
    let typed = typed.strip_suffix(".toml").unwrap_or(typed);
    for kind in ModelKind::ALL {
        let bare = typed
            .strip_prefix(kind.dir())
            .and_then(|rest| rest.strip_prefix('/'))
            .unwrap_or(typed);
        if let Some(model) = kind.find(bare) {
            return Ok(model.text);
        }
    }
    let names: Vec<&str> = ModelKind::ALL
        .iter()
        .flat_map(|kind| kind.models())
        .map(|model| model.name)
        .collect();
    // Lists of prices are known by their region, which is the last part of their names.
    let last = |full: &&&str| full.rsplit('/').next() == Some(typed);
    let nearest = names.iter().find(last).copied();
    let nearest = nearest.or_else(|| nearest_name(typed, names.iter().copied()));
    Err(unknown("model", name, nearest, &names))
}

/// What a name that is not known is answered with.
pub(super) fn unknown(what: &str, name: &str, nearest: Option<&str>, names: &[&str]) -> String {
    let hint = nearest.map_or(String::new(), |near| format!("did you mean `{near}`? "));
    format!(
        "there is no {what} `{name}`: {hint}There are {}.",
        names.join(", ")
    )
}

/// The `description` of a model's file; a price list is described by its date.
fn description(model: &Model) -> String {
    let value = |key: &str| {
        model.text.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            (name.trim() == key).then(|| value.trim().trim_matches('"').to_owned())
        })
    };
    value("description")
        .or_else(|| value("date").map(|date| format!("as of {date}")))
        .unwrap_or_default()
}
