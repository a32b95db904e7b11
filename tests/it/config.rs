//! Configuration: what is right converts, what is wrong is shown, and nothing panics.

use std::fs;
use std::path::{Path, PathBuf};

use frostline::cli;
use frostline::config::{
    Diagnostics, ModelKind, Overrides, SchemaKind, load, load_with_warnings, schema,
};
use frostline::dist::Dist;
use frostline::model::{self, Experiment, RemedyKind};
use frostline::units::{Memory, Span};
use proptest::prelude::*;

/// Whether golden files are written instead of compared.
fn bless() -> bool {
    std::env::var_os("FROSTLINE_BLESS").is_some_and(|value| value == "1")
}

/// Compares with a golden file, or writes it; what differs is told as text.
fn golden(file: &Path, actual: &str) -> Result<(), String> {
    if bless() {
        fs::write(file, actual).unwrap();
        return Ok(());
    }
    let expected = fs::read_to_string(file).unwrap_or_default();
    if expected == actual {
        return Ok(());
    }
    Err(format!(
        "{} is not what came out (FROSTLINE_BLESS=1 takes it over):\n{actual}",
        file.display()
    ))
}

fn toml_files(dir: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|e| e == "toml"));
    files.sort();
    files
}

fn set(pairs: &[(&str, &str)]) -> Overrides {
    let set = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    Overrides {
        set: set.collect(),
        ..Overrides::default()
    }
}

const GOOD: &str = "tests/fixtures/example.toml";

fn good(overrides: &Overrides) -> Experiment {
    load(Path::new(GOOD), overrides).unwrap_or_else(|faults| panic!("{faults}"))
}

fn faults(overrides: &Overrides) -> Diagnostics {
    load(Path::new(GOOD), overrides).expect_err("this is at fault")
}

#[test]
fn every_wrong_file_is_answered_with_its_text() {
    let files = toml_files("tests/bad-input");
    assert!(files.len() >= 40, "{}", files.len());
    let mut wrong = Vec::new();
    for file in files {
        match load(&file, &Overrides::default()) {
            Ok(_) => wrong.push(format!("{} was taken for right", file.display())),
            Err(faults) => {
                wrong.extend(golden(&file.with_extension("stderr"), &faults.render()).err());
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_path_that_is_no_file_is_told() {
    for (path, title) in [
        ("tests/nowhere.toml", "tests/nowhere.toml: there is no such file"),
        ("tests", "tests: this is a directory: name a file"),
    ] {
        let faults = load(Path::new(path), &Overrides::default()).unwrap_err();
        assert_eq!(faults.titles().collect::<Vec<_>>(), [title]);
    }
}

#[test]
fn schemas_are_current() {
    let mut wrong = Vec::new();
    for kind in SchemaKind::ALL {
        let file = PathBuf::from(format!("models/schema/{}.json", kind.name()));
        wrong.extend(golden(&file, &schema(kind)).err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_model_and_experiment_of_the_repository_loads() {
    for file in toml_files("experiments") {
        if let Err(faults) = load(&file, &Overrides::default()) {
            panic!("{faults}");
        }
    }
    for platform in ModelKind::Platform.models() {
        good(&set(&[("platform", platform.name)]));
    }
    for prices in ModelKind::Prices.models() {
        good(&set(&[("platform.prices", prices.name)]));
    }
    for function in ModelKind::Function.models() {
        let overrides = set(&[
            ("function.checkout.model", function.name),
            ("function.checkout.runtime", "java21"),
        ]);
        good(&overrides);
    }
}
