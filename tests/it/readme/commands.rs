//! The README's commands and files: each command of `frostline` is run, each file is checked.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use frostline::config::{self, Overrides};

/// The contents of every block of this language.
fn blocks(language: &str) -> Vec<String> {
    let readme = fs::read_to_string("README.md").unwrap();
    let begin = format!("```{language}\n");
    let parts = readme.split(&begin).skip(1);
    parts
        .map(|part| part.split("```").next().unwrap().to_owned())
        .collect()
}

/// Commands of the console blocks, as typed.
fn commands() -> Vec<String> {
    let blocks = blocks("console");
    let lines = blocks.iter().flat_map(|block| block.lines());
    lines
        .filter_map(|line| line.strip_prefix("$ "))
        .map(str::to_owned)
        .collect()
}

/// What the README shows that a command says, where it shows it.
fn shown(command: &str) -> Option<String> {
    let readme = fs::read_to_string("README.md").unwrap();
    let begin = format!("$ {command}\n```\n\n```text\n");
    let (_, rest) = readme.split_once(&begin)?;
    Some(rest.split("```").next().unwrap().to_owned())
}

/// A folder in which the README's files stand beside the shipped experiments.
fn folder(test: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(dir.join("experiments")).unwrap();
    for entry in fs::read_dir("experiments").unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let copy = dir.join("experiments").join(path.file_name().unwrap());
            fs::copy(&path, copy).unwrap();
        }
    }
    for name in ["calls.csv", "orders.log.gz"] {
        fs::copy(Path::new("tests/fixtures").join(name), dir.join(name)).unwrap();
    }
    for block in blocks("toml") {
        if let Some(name) = name_of(&block) {
            fs::write(dir.join(name), &block).unwrap();
        }
    }
    dir
}

/// The file that a block says it is, on its first line.
fn name_of(block: &str) -> Option<&str> {
    let first = block.lines().next()?;
    first
        .strip_prefix("# ")
        .filter(|name| Path::new(name).extension().is_some_and(|end| end == "toml"))
}

/// Through a shell, which takes the quotes away.
#[cfg(unix)]
fn shell(dir: &Path, command: &str) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_frostline"));
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", program.parent().unwrap().display());
    let mut shell = Command::new("sh");
    shell
        .args(["-c", command])
        .current_dir(dir)
        .env("PATH", path);
    shell.output().unwrap()
}

#[cfg(unix)]
#[test]
fn every_command_does_what_it_should() {
    let dir = folder("readme-commands");
    let (mut seen, mut compared) = (0, 0);
    for command in commands() {
        let command = command.replace("cargo run --release --", "frostline");
        let elsewhere = ["cargo test", "python3 -m venv", ".venv/bin/", "export "];
        let theirs = elsewhere.iter().any(|begin| command.starts_with(begin));
        // Validation has a test for each of its groups.
        if theirs || command.starts_with("frostline validate") {
            continue;
        }
        // What the system's own tools do with files that a command wrote.
        let ours = command.starts_with("frostline ") || command.starts_with("awk ");
        assert!(ours, "{command}");
        // Ten weeks of five remedies take too long: one replication shows that it runs.
        let long = command.contains("experiments/") && !command.contains("--replications");
        let run = if long && command.starts_with("frostline run") {
            format!("{command} --replications 1")
        } else {
            command.clone()
        };
        let output = shell(&dir, &run);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{run}\n{told}");
        assert!(!output.stdout.is_empty(), "{run}");
        seen += 1;
        if let Some(shown) = shown(&command).filter(|_| run == command) {
            let said = String::from_utf8(output.stdout).unwrap();
            assert_eq!(said.trim_end(), shown.trim_end(), "{run}");
            compared += 1;
        }
    }
    assert!(
        seen >= 5 && compared >= 3,
        "only {seen} commands, {compared} compared"
    );
}

#[test]
fn validation_is_asked_only_for_groups_that_exist() {
    let asked = commands();
    let asked = asked
        .iter()
        .filter_map(|c| c.strip_prefix("frostline validate "));
    let groups = frostline::validate::groups();
    for group in asked {
        assert!(groups.iter().any(|(id, _)| *id == group), "{group}");
    }
}

#[test]
fn every_file_is_an_experiment_without_fault() {
    let dir = folder("readme-files");
    // The folder that the README's command writes: a small one does as well.
    fs::create_dir(dir.join("cloud")).unwrap();
    for entry in fs::read_dir("experiments/traces/azure-2019-synthetic").unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, dir.join("cloud").join(path.file_name().unwrap())).unwrap();
    }
    let mut last = String::new();
    let mut seen = 0;
    for block in blocks("toml") {
        let file = if let Some(name) = name_of(&block) {
            last.clone_from(&block);
            dir.join(name)
        } else {
            // Another `[sweep]` for the file before it.
            assert!(block.contains("[sweep"), "a fragment of what? {block}");
            let before = last.split("\n[sweep").next().unwrap();
            let file = dir.join("fragment.toml");
            fs::write(&file, format!("{before}\n{block}")).unwrap();
            file
        };
        if let Err(faults) = config::load(&file, &Overrides::default()) {
            panic!("{faults}\n{block}");
        }
        seen += 1;
    }
    assert!(seen >= 4, "only {seen} files");
}
