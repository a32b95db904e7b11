//! From the user's files to a checked experiment: the only room that knows TOML.
//!
//! ```text
//! text ──▶ tree ──▶ typed ──▶ convert ──▶ model
//!          places    serde     checks
//! ```
//!
//! Every fault is gathered and shown at once, each with its file, line, column and what would be
//! right. `[sweep]` and `--set` edit the tree, so that every key can be swept or set, and what is
//! wrong with a value is told at the place where it was typed. The simulator never sees this room.

mod convert;
mod decode;
mod diagnostic;
mod dist;
mod draft;
mod embedded;
mod goals;
mod names;
mod quantity;
mod quoted;
mod schema;
mod source;
mod sweep;
mod tree;
mod typed;

use std::path::Path;

use crate::model::{Experiment, Scenario};

use convert::{Context, scenarios};
use diagnostic::Fault;
use source::{Place, read_text};
use sweep::{Axis, DottedKey, Swept};
use tree::Node;

pub use convert::known_runtime;
pub use diagnostic::Diagnostics;
pub use draft::{Draft, Edit};
pub use embedded::{Model, ModelKind};
pub use names::nearest_name;
pub use quoted::quoted;
pub use schema::{SchemaKind, schema};

/// More cells than anybody waits for.
const MOST_CELLS: u64 = 1_000_000;

/// What the command line changes in an experiment.
#[derive(Clone, Default, Debug)]
pub struct Overrides {
    /// Dotted keys with their values as typed: `--set KEY=VALUE`.
    pub set: Vec<(String, String)>,
    /// `--seed`.
    pub seed: Option<u64>,
    /// `--replications`.
    pub replications: Option<u32>,
}

/// Reads an experiment file with all the files it names.
///
/// # Errors
/// Every fault found, in the order of the files. Warnings are dropped where there is no fault; see
/// [`load_with_warnings`].
pub fn load(path: &Path, overrides: &Overrides) -> Result<Experiment, Diagnostics> {
    load_with_warnings(path, overrides).map(|(experiment, _)| experiment)
}

/// Reads an experiment file with all the files it names, and says what is doubtful about it.
///
/// # Errors
/// Every fault found, in the order of the files, with the warnings.
pub fn load_with_warnings(
    path: &Path,
    overrides: &Overrides,
) -> Result<(Experiment, Diagnostics), Diagnostics> {
    let mut context = Context::new(path.parent().unwrap_or(Path::new("")));
    let experiment = read(path, overrides, &mut context);
    let failed = context.faults.any_error();
    let diagnostics = context.finish();
    match experiment {
        Some(experiment) if !failed => Ok((experiment, diagnostics)),
        _ => Err(diagnostics),
    }
}

/// Reads an experiment that is given as text, with all the files it names.
///
/// # Errors
/// Every fault found.
pub fn load_text(name: &str, text: &str) -> Result<Experiment, Diagnostics> {
    let mut context = Context::new(Path::new(""));
    let experiment = read_given(
        name,
        name,
        text.to_owned(),
        &Overrides::default(),
        &mut context,
    );
    let failed = context.faults.any_error();
    let diagnostics = context.finish();
    experiment.filter(|_| !failed).ok_or(diagnostics)
}

fn read(path: &Path, overrides: &Overrides, context: &mut Context) -> Option<Experiment> {
    let shown = path.display().to_string();
    let text = match read_text(path) {
        Ok(text) => text,
        Err(message) => {
            context.fault(Fault::new(format!("{shown}: {message}")));
            return None;
        }
    };
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    read_given(&name, &shown, text, overrides, context)
}

/// Reads the text of an experiment; `shown` is what the user knows it by.
fn read_given(
    name: &str,
    shown: &str,
    text: String,
    overrides: &Overrides,
    context: &mut Context,
) -> Option<Experiment> {
    if text.trim().is_empty() {
        context.fault(Fault::new(format!("{shown}: the file is empty")));
        return None;
    }
    let dir = Some(context.dir.clone());
    let number = context.sources.borrow_mut().add(shown, text, dir);
    let mut root = Node::document(&context.sources.borrow(), number, &context.faults)?;
    let set = apply(overrides, &mut root, context);
    let goals = goals::goals(&mut root, &mut |fault| context.fault(fault));
    let mut axes = sweep::axes(&mut root, &mut |fault| context.fault(fault));
    axes.retain(|axis| {
        let is_set = set.iter().any(|(key, _)| key.text == axis.key.text);
        if is_set {
            let title = format!("`{}` is set, so that it is not swept over", axis.key.text);
            context.fault(Fault::warning(title).at(axis.key.place));
        }
        !is_set
    });
    axes.retain(|axis| {
        let section = axis.key.text.split('.').next().unwrap_or_default();
        let is_one = ["seed", "replications", "slo", "assert"].contains(&section);
        if is_one {
            let title = format!("`{}` is one for the whole experiment", axis.key.text);
            context.fault(Fault::new(title).at(axis.key.place));
        }
        !is_one
    });
    for axis in &axes {
        if axis.key.text.ends_with(".memory") {
            context.swept_memory.push((axis.key.place, axis.place));
        }
    }
    let mut experiment = points(name, overrides, (&root, &axes, &set), context)?;
    goals.give(&mut experiment, &mut |fault| context.fault(fault));
    Some(experiment)
}

/// Converts every point of the sweep.
fn points(
    name: &str,
    overrides: &Overrides,
    (root, axes, typed): (&Node, &[Axis], &[(DottedKey, Node)]),
    context: &Context,
) -> Option<Experiment> {
    let mut experiment: Option<Experiment> = None;
    let mut complete = true;
    let points = sweep::points(axes);
    let many = points.len();
    for point in points {
        let mut set = Vec::with_capacity(axes.len());
        // What the command line says of one function holds against what is swept for all.
        let of_one = typed
            .iter()
            .filter(|(key, _)| sweep::rank(root, &key.text).0);
        let mut edits: Vec<_> = of_one.map(|(key, node)| (key, node)).collect();
        for (axis, value) in axes.iter().zip(point) {
            let Swept { name, node } = &axis.values[value];
            edits.push((&axis.key, node));
            let called = name.as_deref().or(node.as_text());
            let called = called.map_or_else(|| context.typed(node.place), str::to_owned);
            set.push((axis.key.text.clone(), called));
        }
        let root = edited(root, &edits, context);
        let Some((heading, converted)) = scenarios(context, &root, &set) else {
            complete = false;
            continue;
        };
        let cells = (many * converted.len()) as u64 * u64::from(heading.replications);
        if cells > MOST_CELLS {
            let title = format!("{cells} cells are more than anybody waits for");
            context.fault(
                Fault::new(title)
                    .at(heading.replications_place)
                    .note(format!("scenarios × replications are at most {MOST_CELLS}")),
            );
            return None;
        }
        let experiment = experiment.get_or_insert_with(|| Experiment {
            name: name.to_owned(),
            question: heading.question,
            seed: heading.seed,
            replications: heading.replications,
            set: overrides.set.clone(),
            scenarios: Vec::<Scenario>::new(),
            slo: Vec::new(),
            assertions: Vec::new(),
        });
        experiment.scenarios.extend(converted);
    }
    experiment.filter(|_| complete)
}

/// A document with values put where dotted keys point, the more specific key last.
fn edited(root: &Node, edits: &[(&DottedKey, &Node)], context: &Context) -> Node {
    let mut edits = edits.to_vec();
    edits.sort_by_key(|(key, _)| sweep::rank(root, &key.text));
    let mut root = root.clone();
    for (key, node) in edits {
        if let Err(fault) = sweep::put(&mut root, key, node) {
            context.fault(fault);
        }
    }
    root
}

/// Edits the document as the command line says; what was set.
fn apply(overrides: &Overrides, root: &mut Node, context: &Context) -> Vec<(DottedKey, Node)> {
    let mut edits: Vec<(String, String, String, &str)> = Vec::new();
    for (key, value) in &overrides.set {
        let text = format!("--set {key}={value}");
        edits.push((text, key.clone(), value.clone(), "--set "));
    }
    if let Some(seed) = overrides.seed {
        edits.push((
            format!("--seed {seed}"),
            "seed".to_owned(),
            seed.to_string(),
            "--",
        ));
    }
    if let Some(count) = overrides.replications {
        let text = format!("--replications {count}");
        edits.push((text, "replications".to_owned(), count.to_string(), "--"));
    }
    let mut keys = Vec::with_capacity(edits.len());
    for (text, key, value, before) in edits {
        let offset = text.len() - value.len();
        let number = context.sources.borrow_mut().add("command line", text, None);
        let sources = context.sources.borrow();
        let base = sources.get(number).base;
        let node = Node::value(&sources, number, offset, &context.faults);
        let place = Place::new(base, before.len()..before.len() + key.len());
        let key = DottedKey { text: key, place };
        keys.push((key, node));
    }
    let edits: Vec<_> = keys.iter().map(|(key, node)| (key, node)).collect();
    *root = edited(root, &edits, context);
    keys
}
