//! Dotted keys: `[sweep]` and `--set` edit the document before it is converted.

use std::collections::BTreeMap;

use super::diagnostic::Fault;
use super::names::{control_character, did_you_mean, list};
use super::source::Place;
use super::tree::{Entry, Node, Value};

/// One swept key with its values.
pub(crate) struct Axis {
    pub(crate) key: DottedKey,
    /// Where the values stand.
    pub(crate) place: Place,
    pub(crate) values: Vec<Swept>,
}

/// A value to sweep over.
pub(crate) struct Swept {
    /// What the results call it; without it they call it as it was typed.
    pub(crate) name: Option<String>,
    pub(crate) node: Node,
}

/// A dotted key as typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DottedKey {
    pub(crate) text: String,
    pub(crate) place: Place,
}

/// Keys of a function, to tell `function.memory` from `function.NAME.memory`.
const FUNCTION_KEYS: [&str; 21] = [
    "model",
    "arrivals",
    "runtime",
    "memory",
    "package",
    "start",
    "service",
    "threads",
    "timeout",
    "error-rate",
    "crash-rate",
    "source",
    "connection",
    "deployments",
    "layers",
    "vpc",
    "extension-overhead",
    "working-set",
    "account",
    "reserved-concurrency",
    "ephemeral-storage",
];

/// Tables that have names.
const NAMED: [&str; 6] = [
    "function", "policy", "account", "workflow", "surge", "resource",
];

/// Keys at the top of a sweep that are the first part of a longer one: a table below them goes on
/// with the key, a table below any other key names its values.
const SECTIONS: [&str; 10] = [
    "function",
    "policy",
    "account",
    "workflow",
    "surge",
    "resource",
    "platform",
    "platform-override",
    "workload",
    "defaults",
];

/// More points than anybody waits for.
const MOST_POINTS: usize = 10_000;

/// Takes the sweep out of a document.
pub(crate) fn axes(root: &mut Node, fault: &mut dyn FnMut(Fault)) -> Vec<Axis> {
    let Some(entry) = root.take("sweep") else {
        return Vec::new();
    };
    let mut axes = Vec::new();
    if matches!(entry.node.value, Value::Table(_)) {
        gather(&entry.node, "", &mut axes, fault);
    } else {
        let title = "`sweep` is a table of dotted keys, each with its values";
        fault(Fault::new(title).at(entry.node.place));
    }
    let points = axes.iter().try_fold(1_usize, |product, axis| {
        product.checked_mul(axis.values.len())
    });
    if points.is_none_or(|points| points > MOST_POINTS) {
        fault(
            Fault::new(format!(
                "the sweep has more than {MOST_POINTS} combinations"
            ))
            .at(entry.place),
        );
        axes.clear();
    }
    axes
}

fn gather(table: &Node, before: &str, axes: &mut Vec<Axis>, fault: &mut dyn FnMut(Fault)) {
    let Value::Table(entries) = &table.value else {
        return;
    };
    for entry in entries {
        // At the top a key is a dotted key already, below it is one part of a longer one.
        let text = if before.is_empty() {
            entry.key.clone()
        } else {
            format!("{before}.{}", quoted(&entry.key))
        };
        let goes_on = !before.is_empty() || SECTIONS.contains(&text.as_str());
        let values: Vec<Swept> = match &entry.node.value {
            Value::Table(below) if goes_on && !below.is_empty() => {
                gather(&entry.node, &text, axes, fault);
                continue;
            }
            Value::Table(values) => named(&text, values, fault),
            Value::List(values) => values.iter().cloned().map(Swept::unnamed).collect(),
            Value::Faulty => continue,
            _ => {
                fault(no_values(&text, entry.node.place, !before.is_empty()));
                continue;
            }
        };
        if values.is_empty() {
            fault(Fault::new(format!("`{text}` is swept over no values")).at(entry.node.place));
            continue;
        }
        for (number, later) in values.iter().enumerate().skip(1) {
            let same = |before: &&Swept| before.node.value.same_as(&later.node.value);
            if later.name.is_none()
                && let Some(before) = values[..number].iter().find(same)
            {
                fault(
                    Fault::new(format!("`{text}` is swept over one value twice"))
                        .label(later.node.place, "the second")
                        .label(before.node.place, "the first"),
                );
            }
        }
        axes.push(Axis {
            key: DottedKey {
                text,
                place: entry.place,
            },
            place: entry.node.place,
            values,
        });
    }
}

impl Swept {
    fn unnamed(node: Node) -> Self {
        Self { name: None, node }
    }
}

/// Values by their names; the parser has refused two that are spelled the same.
fn named(key: &str, values: &[Entry], fault: &mut dyn FnMut(Fault)) -> Vec<Swept> {
    let mut first: BTreeMap<&str, Place> = BTreeMap::new();
    for value in values {
        let name = value.key.trim();
        if name.is_empty() {
            let title = format!("the name of a value of `{key}` is empty");
            fault(Fault::new(title).at(value.place));
        } else if name.contains(char::is_control) {
            fault(control_character(
                &format!("a value of `{key}`"),
                value.place,
            ));
        } else if let Some(before) = first.insert(name, value.place) {
            fault(
                Fault::new(format!("two values of `{key}` are named `{name}`"))
                    .label(value.place, "the second")
                    .label(before, "the first"),
            );
        }
    }
    let swept = values.iter().map(|value| Swept {
        name: Some(value.key.trim().to_owned()),
        node: value.node.clone(),
    });
    swept.collect()
}

fn no_values(key: &str, place: Place, in_parts: bool) -> Fault {
    let fault = Fault::new(format!("`{key}` needs a list of values to sweep over")).at(place);
    if in_parts {
        fault.note("to give the values names, quote the whole key: \"KEY\" = { NAME = VALUE, … }")
    } else {
        fault.note("or a table of them, each under a name")
    }
}

fn quoted(part: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !part.is_empty() && part.chars().all(bare) {
        part.to_owned()
    } else {
        format!("\"{part}\"")
    }
}

/// Every combination of the values, the last key fastest: for each key the place of its value.
pub(crate) fn points(axes: &[Axis]) -> Vec<Vec<usize>> {
    let mut points = vec![Vec::new()];
    for axis in axes {
        points = points
            .into_iter()
            .flat_map(|point: Vec<usize>| {
                (0..axis.values.len()).map(move |value| {
                    let mut longer = point.clone();
                    longer.push(value);
                    longer
                })
            })
            .collect();
    }
    points
}

/// Puts a value where a dotted key points.
pub(crate) fn put(root: &mut Node, key: &DottedKey, node: &Node) -> Result<(), Fault> {
    let wrong = |title: String| Fault::new(title).at(key.place);
    let (first, rest) = head(&key.text).ok_or_else(|| wrong(no_key(&key.text)))?;
    match (first.as_str(), rest) {
        (kind, Some(rest)) if NAMED.contains(&kind) => {
            let targets = targets(root, &first, rest, key)?;
            for (table, path) in targets {
                table.put(&path, key.place, node.clone());
            }
        }
        ("platform", Some(rest)) => {
            let mut path = vec!["platform-override".to_owned()];
            path.extend(parts(rest).ok_or_else(|| wrong(no_key(&key.text)))?);
            root.put(&path, key.place, node.clone());
        }
        (_, rest) => {
            let mut path = vec![first.clone()];
            if let Some(rest) = rest {
                path.extend(parts(rest).ok_or_else(|| wrong(no_key(&key.text)))?);
            }
            root.put(&path, key.place, node.clone());
        }
    }
    Ok(())
}

/// Whose turn it is among edits of one document: keys of all functions before those of one, and a
/// whole table before what is in it, so that the more specific key wins in any order.
pub(crate) fn rank(root: &Node, key: &str) -> (bool, usize) {
    let parts = parts(key).unwrap_or_default();
    let of_one = match parts.as_slice() {
        [first, second, ..] if first == "function" => {
            !FUNCTION_KEYS.contains(&second.as_str()) || names(root, "function").contains(second)
        }
        _ => false,
    };
    (of_one, parts.len())
}

fn no_key(text: &str) -> String {
    format!("`{text}` is no dotted key, such as function.NAME.memory")
}

type Target<'a> = (&'a mut Node, Vec<String>);

/// The tables that `function.…` or `policy.…` mean, each with the path of keys below it.
fn targets<'a>(
    root: &'a mut Node,
    kind: &str,
    rest: &str,
    key: &DottedKey,
) -> Result<Vec<Target<'a>>, Fault> {
    let names = names(root, kind);
    let wrong = || Fault::new(no_key(&key.text)).at(key.place);
    // Names with dots or spaces need no quotes where they are known; the longest one is meant.
    let known = names
        .iter()
        .filter(|name| {
            rest.strip_prefix(name.as_str())
                .is_some_and(|r| r.starts_with('.'))
        })
        .max_by_key(|name| name.len());
    let (name, path) = match known {
        Some(name) => (name.clone(), Some(&rest[name.len() + 1..])),
        None => head(rest).ok_or_else(wrong)?,
    };
    let is_key = kind == "function" && FUNCTION_KEYS.contains(&name.as_str());
    if is_key && !names.contains(&name) {
        let path = parts(rest).ok_or_else(wrong)?;
        return Ok(every_function(root, key.place, &path));
    }
    let Some(path) = path else {
        let article = if kind == "account" { "an" } else { "a" };
        let title = format!("`{}` names {article} {kind}, but no key of it", key.text);
        return Err(Fault::new(title).at(key.place));
    };
    let path = parts(path).ok_or_else(wrong)?;
    let traced = kind == "function" && root.get("workload").is_some();
    if !names.contains(&name) && !traced {
        let mut fault = Fault::new(format!("no {kind} is named `{name}`")).at(key.place);
        if let Some(hint) = did_you_mean(&name, names.iter().map(String::as_str)) {
            fault = fault.note(hint);
        }
        let known = list(names.iter().map(String::as_str));
        return Err(fault.note(format!("named: {known}")));
    }
    if !names.contains(&name) {
        add_function(root, &name, key.place);
    }
    let is_meant = |node: &Node| {
        node.get("name").and_then(|entry| entry.node.as_text()) == Some(name.as_str())
    };
    Ok(list_of(root, kind)
        .into_iter()
        .filter(|node| is_meant(node))
        .map(|node| (node, path.clone()))
        .collect())
}

/// A function that only the trace names gets a table of its own.
fn add_function(root: &mut Node, name: &str, place: Place) {
    let mut table = Node {
        place,
        value: Value::Table(Vec::new()),
    };
    let text = Node {
        place,
        value: Value::Text(name.to_owned()),
    };
    table.put(&["name".to_owned()], place, text);
    if root.get("function").is_none() {
        let empty = Node {
            place,
            value: Value::List(Vec::new()),
        };
        root.put(&["function".to_owned()], place, empty);
    }
    let Value::Table(entries) = &mut root.value else {
        return;
    };
    for entry in entries.iter_mut().filter(|entry| entry.key == "function") {
        if let Value::List(tables) = &mut entry.node.value {
            tables.push(table.clone());
        }
    }
}

fn every_function<'a>(root: &'a mut Node, place: Place, path: &[String]) -> Vec<Target<'a>> {
    if root.get("workload").is_some() && root.get("defaults").is_none() {
        let empty = Node {
            place,
            value: Value::Table(Vec::new()),
        };
        root.put(&["defaults".to_owned()], place, empty);
    }
    let Value::Table(entries) = &mut root.value else {
        return Vec::new();
    };
    let mut targets: Vec<Target<'a>> = Vec::new();
    for entry in entries {
        match (entry.key.as_str(), &mut entry.node) {
            (
                "function",
                Node {
                    value: Value::List(tables),
                    ..
                },
            ) => {
                targets.extend(tables.iter_mut().map(|table| (table, path.to_vec())));
            }
            ("defaults", node) => targets.push((node, path.to_vec())),
            _ => {}
        }
    }
    targets
}

fn list_of<'a>(root: &'a mut Node, kind: &str) -> Vec<&'a mut Node> {
    let Value::Table(entries) = &mut root.value else {
        return Vec::new();
    };
    let lists = entries.iter_mut().filter(|entry| entry.key == kind);
    lists
        .filter_map(|entry| match &mut entry.node.value {
            Value::List(tables) => Some(tables.iter_mut()),
            _ => None,
        })
        .flatten()
        .collect()
}

fn names(root: &Node, kind: &str) -> Vec<String> {
    let Some(Value::List(tables)) = root.get(kind).map(|entry| &entry.node.value) else {
        return Vec::new();
    };
    let mut names: Vec<String> = Vec::with_capacity(tables.len());
    for table in tables {
        if let Some(name) = table.get("name").and_then(|entry| entry.node.as_text())
            && !names.iter().any(|known| known == name)
        {
            names.push(name.to_owned());
        }
    }
    names
}

/// The first part of a dotted key, without its quotes, and what follows the dot.
fn head(text: &str) -> Option<(String, Option<&str>)> {
    let text = text.trim();
    let (part, after) = if let Some(quote @ ('"' | '\'')) = text.chars().next() {
        let (part, after) = text[1..].split_once(quote)?;
        (part, after.trim_start())
    } else {
        let end = text.find('.').unwrap_or(text.len());
        (text[..end].trim(), &text[end..])
    };
    let rest = match after.strip_prefix('.') {
        Some(rest) if !rest.trim().is_empty() => Some(rest),
        None if after.is_empty() => None,
        _ => return None,
    };
    (!part.is_empty()).then(|| (part.to_owned(), rest))
}

/// The parts of a dotted key, without their quotes.
pub(super) fn parts(text: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = Some(text);
    while let Some(text) = rest {
        let (part, after) = head(text)?;
        parts.push(part);
        rest = after;
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{SchemaKind, schema};

    #[test]
    fn every_key_of_a_function_can_be_that_of_all() {
        let schema: serde_json::Value =
            serde_json::from_str(&schema(SchemaKind::Experiment)).expect("the schema is JSON");
        let keys = schema["definitions"]["FunctionEntry"]["properties"].as_object();
        let mut expected: Vec<&str> = keys.into_iter().flatten().map(|(key, _)| &**key).collect();
        expected.retain(|key| *key != "name");
        let mut keys = FUNCTION_KEYS;
        keys.sort_unstable();
        expected.sort_unstable();
        assert_eq!(keys.as_slice(), expected);
    }

    #[test]
    fn dotted_keys_split_at_dots_outside_quotes() {
        for (text, expected) in [
            ("duration", Some(vec!["duration"])),
            ("a.b-c.d", Some(vec!["a", "b-c", "d"])),
            (
                "policy.\"ping every 5.5 min\".ping",
                Some(vec!["policy", "ping every 5.5 min", "ping"]),
            ),
            (
                "policy.ping every 5 min.ping",
                Some(vec!["policy", "ping every 5 min", "ping"]),
            ),
            ("'a'.b", Some(vec!["a", "b"])),
            ("", None),
            ("a.", None),
            (".a", None),
            ("a..b", None),
            ("\"a", None),
            ("\"a\"b", None),
        ] {
            let expected = expected.map(|parts| parts.iter().map(ToString::to_string).collect());
            assert_eq!(parts(text), expected, "{text}");
        }
    }
}
