//! The README's tables of keys against the JSON Schemas: every key of a file is documented, and
//! every documented key exists.
//!
//! A comment `<!-- keys: NAME -->` stands before each table. NAME is a kind of file or a type of the
//! experiment's schema; with `shallow` only its own keys are meant, not those of inner tables. The
//! first cell of a row holds keys in backticks, `a.{b,c}` for `a.b` and `a.c`.

mod commands;
mod guide;

use std::collections::BTreeSet;
use std::fs;

use frostline::config::{SchemaKind, schema};
use frostline::metric::METRICS;
use serde_json::Value;

/// Types that are met in many places and documented once.
const WITH_OWN_TABLE: [&str; 3] = ["Shapes", "Processes", "Goals"];

/// A schema with its definitions.
struct Document(Value);

impl Document {
    fn of(kind: SchemaKind) -> Self {
        Self(serde_json::from_str(&schema(kind)).unwrap())
    }

    fn definition(&self, name: &str) -> &Value {
        let found = &self.0["definitions"][name];
        assert!(found.is_object(), "the schema has no type `{name}`");
        found
    }

    /// Every key below a schema, dotted; those of inner tables follow their own. Where a
    /// distribution or arrivals may stand, what they are made of is left to their own table.
    fn keys(&self, schema: &Value, shallow: bool) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        self.gather(schema, "", shallow, &mut keys);
        keys
    }

    fn gather(&self, schema: &Value, before: &str, shallow: bool, keys: &mut BTreeSet<String>) {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.rsplit('/').next().unwrap();
            // An observation is a lifetime, whose keys stand in the row of `keep-alive`.
            let observation = before == "observed-keep-alive.value.";
            if !WITH_OWN_TABLE.contains(&name) && !observation {
                self.gather(self.definition(name), before, shallow, keys);
            }
            return;
        }
        for choice in ["anyOf", "oneOf", "allOf"] {
            for schema in schema[choice].as_array().into_iter().flatten() {
                self.gather(schema, before, shallow, keys);
            }
        }
        // A list of tables is documented as one of them, a table of any names as one value of it.
        for inner in ["items", "additionalProperties"] {
            if schema[inner].is_object() {
                self.gather(&schema[inner], before, shallow, keys);
            }
        }
        let Some(properties) = schema["properties"].as_object() else {
            return;
        };
        let shapes = self.0["definitions"]["Shapes"]["properties"].as_object();
        let is_distribution = !before.is_empty()
            && shapes.is_some_and(|shapes| shapes.keys().all(|key| properties.contains_key(key)));
        for (key, schema) in properties {
            let later = schema.to_string().contains("#/definitions/Later");
            if later || is_distribution && shapes.is_some_and(|shapes| shapes.contains_key(key)) {
                continue;
            }
            let key = format!("{before}{key}");
            // What has a table of its own is documented there.
            let elsewhere = ["#/definitions/EventSource", "#/definitions/Sources"];
            let text = schema.to_string();
            if !shallow && !elsewhere.iter().any(|there| text.contains(there)) {
                self.gather(schema, &format!("{key}."), shallow, keys);
            }
            keys.insert(key);
        }
    }
}

/// `a.{b,c}` as `a.b` and `a.c`.
fn expanded(key: &str) -> Vec<String> {
    let Some((before, rest)) = key.split_once('{') else {
        return vec![key.to_owned()];
    };
    let (inner, after) = rest.split_once('}').unwrap();
    let each = inner.split(',');
    each.map(|part| format!("{before}{part}{after}")).collect()
}

/// The keys in the first cells of the table that follows.
fn documented(text: &str) -> BTreeSet<String> {
    let rows = text
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'));
    let cells = rows.skip(2).map(|row| row.split('|').nth(1).unwrap());
    // Whatever stands in backticks is every second part.
    let keys = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    keys.flat_map(expanded).collect()
}

/// What a table says too much, and what it leaves out.
fn compared(name: &str, exist: &BTreeSet<String>, documented: &BTreeSet<String>) -> Vec<String> {
    let unknown = documented.difference(exist);
    let mut wrong: Vec<String> = unknown
        .map(|key| format!("{name}: `{key}` is documented, but there is no such key"))
        .collect();
    // A key is documented too where keys of its inner table are.
    let told = |key: &String| {
        documented.contains(key)
            || documented
                .range(format!("{key}.")..)
                .next()
                .is_some_and(|next| next.starts_with(&format!("{key}.")))
    };
    let missing = exist.iter().filter(|key| !told(key));
    wrong.extend(missing.map(|key| format!("{name}: `{key}` is not documented")));
    wrong
}

#[test]
fn every_key_of_the_schemas_is_documented_and_every_documented_key_exists() {
    let readme = fs::read_to_string("README.md").unwrap();
    let experiment = Document::of(SchemaKind::Experiment);
    let mut wrong = Vec::new();
    let mut tables = 0;
    for part in readme.split("<!-- keys: ").skip(1) {
        let (title, table) = part.split_once(" -->").unwrap();
        let (name, shallow) = match title.split_once(' ') {
            Some((name, "shallow")) => (name, true),
            _ => (title, false),
        };
        let kind = SchemaKind::ALL.into_iter().find(|kind| kind.name() == name);
        let exist = match kind.map(Document::of) {
            Some(file) => file.keys(&file.0, shallow),
            None => experiment.keys(experiment.definition(name), shallow),
        };
        wrong.extend(compared(name, &exist, &documented(table)));
        tables += 1;
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(tables >= 8, "only {tables} tables of keys");
}

#[test]
fn files_and_defaults_of_functions_have_the_keys_of_functions() {
    let experiment = Document::of(SchemaKind::Experiment);
    let mut known = experiment.keys(experiment.definition("FunctionEntry"), false);
    known.insert("description".to_owned());
    let file = Document::of(SchemaKind::Function);
    for keys in [
        experiment.keys(experiment.definition("Defaults"), false),
        file.keys(&file.0, false),
    ] {
        let other: Vec<&String> = keys.difference(&known).collect();
        assert!(other.is_empty(), "{other:?}");
    }
}

#[test]
fn a_table_that_says_too_much_or_too_little_is_found() {
    let set = |keys: &[&str]| {
        keys.iter()
            .map(ToString::to_string)
            .collect::<BTreeSet<_>>()
    };
    let table = "\n| key | meaning |\n|---|---|\n| `a.{b,c}`, `d` | `e` |\n\n| `f` |";
    assert_eq!(documented(table), set(&["a.b", "a.c", "d"]));
    let wrong = compared(
        "t",
        &set(&["a", "a.b", "a.x", "ab", "d"]),
        &documented(table),
    );
    assert_eq!(
        wrong,
        [
            "t: `a.c` is documented, but there is no such key",
            "t: `a.x` is not documented",
            "t: `ab` is not documented"
        ]
    );
}

/// Every measure stands in the table of measures with what it is, and nothing else does.
#[test]
fn every_measure_is_listed_with_its_meaning() {
    let readme = fs::read_to_string("README.md").unwrap();
    let (_, table) = readme.split_once("<!-- measures -->\n").unwrap();
    let listed = documented(&format!("\n{table}"));
    let names: BTreeSet<String> = METRICS.iter().map(|m| m.name.to_owned()).collect();
    assert_eq!(listed, names);
    for metric in METRICS {
        let of_lengths = metric.name.contains("_ms_");
        let row = format!("| `{}` | {} |\n", metric.name, metric.help);
        assert!(of_lengths || table.contains(&row), "{row}");
    }
}
