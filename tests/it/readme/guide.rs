//! The guide from a log to a deployed setting: its files are written and its commands run, in the
//! order in which they stand.

#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const GUIDE: &str = "notebooks/from-logs-to-a-setting.md";

/// Blocks of code with their languages, in order.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else {
            continue;
        };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push((language.to_owned(), block.join("\n")));
    }
    blocks
}

fn shell(dir: &Path, command: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_frostline"));
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(dir)
        .env(
            "PATH",
            format!("{}:{path}", program.parent().unwrap().display()),
        )
        .env("FROSTLINE", env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}\n{told}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs the guide in a folder of its own; what each command said.
fn follow() -> (PathBuf, Vec<(String, String)>) {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guide");
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    let mut said = Vec::new();
    for (language, block) in blocks(&fs::read_to_string(GUIDE).unwrap()) {
        match language.as_str() {
            "console" => {
                for command in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
                    said.push((command.to_owned(), shell(&dir, command)));
                }
            }
            "toml" => {
                let name = block.lines().next().unwrap().strip_prefix("# ").unwrap();
                fs::write(dir.join(name), &block).unwrap();
            }
            _ => {}
        }
    }
    (dir, said)
}

#[test]
fn the_guide_leads_from_a_log_to_a_deployed_setting() {
    let (dir, said) = follow();
    let of = |begin: &str| {
        let found = said.iter().find(|(command, _)| command.starts_with(begin));
        &found
            .unwrap_or_else(|| panic!("no command begins with {begin}"))
            .1
    };
    // What the guide says of them.
    assert!(of("frostline fit").contains("The model holds."));
    let plan = of("frostline plan fitted/orders/plan.toml");
    assert!(plan.contains("Cheapest: ping 1 every 5 min, "), "{plan}");
    assert!(of("frostline run fitted/orders/gate.toml").contains("Assertions: 3 hold."));
    let diff = of("frostline diff");
    assert!(
        diff.contains("worse  ping every 5 min  latency_ms_mean"),
        "{diff}"
    );
    for name in ["main.tf", "template.yaml", "serverless.yml"] {
        let text = fs::read_to_string(dir.join("results/plan").join(name)).unwrap();
        assert!(
            text.contains("The cheapest setting: ping 1 every 5 min"),
            "{name}"
        );
    }
}
