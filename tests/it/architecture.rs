//! The house as its plan says: rooms know only those to their left, and what must be absent is.

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms that know nobody but one another and are known to all.
const GROUND: &[&str] = &["units", "ids", "random", "dist", "pattern", "schedule"];

/// Each room with those it may know beside the ground.
const ROOMS: &[(&str, &[&str])] = &[
    ("units", &[]),
    ("ids", &[]),
    ("random", &[]),
    ("dist", &[]),
    ("pattern", &[]),
    ("schedule", &[]),
    ("theory", &[]),
    ("stats", &["theory"]),
    ("metric", &[]),
    ("trace", &[]),
    ("model", &["trace", "metric"]),
    ("config", &["model", "trace", "metric"]),
    ("logs", &[]),
    ("workload", &["model", "trace"]),
    ("policy", &["model"]),
    ("sim", &["model", "workload", "policy"]),
    ("observe", &["model", "stats", "sim", "metric"]),
    (
        "experiment",
        &[
            "model", "trace", "workload", "policy", "sim", "observe", "stats", "metric",
        ],
    ),
    (
        "validate",
        &[
            "model",
            "config",
            "metric",
            "trace",
            "workload",
            "policy",
            "sim",
            "observe",
            "stats",
            "theory",
            "experiment",
        ],
    ),
    ("baseline", &["model", "metric", "stats", "experiment"]),
    (
        "plan",
        &[
            "model",
            "config",
            "metric",
            "sim",
            "observe",
            "stats",
            "theory",
            "experiment",
        ],
    ),
    (
        "report",
        &["baseline", "experiment", "stats", "metric", "model", "plan"],
    ),
    (
        "fit",
        &[
            "model",
            "config",
            "logs",
            "metric",
            "sim",
            "observe",
            "stats",
            "theory",
            "experiment",
        ],
    ),
    (
        "cli",
        &[
            "model",
            "trace",
            "logs",
            "workload",
            "policy",
            "sim",
            "observe",
            "stats",
            "theory",
            "config",
            "metric",
            "experiment",
            "plan",
            "baseline",
            "validate",
            "fit",
            "report",
        ],
    ),
];

/// Rooms that compute and must not touch the world.
const WITHOUT_WORLD: &[&str] = &[
    "units", "ids", "random", "dist", "pattern", "schedule", "theory", "stats", "metric", "model",
    "policy", "sim",
];

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path, text));
            }
        }
    }
    files.sort();
    files
}

/// The room that a file under `src` belongs to; `None` for the two roots.
fn room(path: &Path) -> Option<String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let first = path.strip_prefix(src).unwrap().components().next().unwrap();
    let name = first
        .as_os_str()
        .to_str()
        .unwrap()
        .trim_end_matches(".rs")
        .to_owned();
    (name != "lib" && name != "main").then_some(name)
}

/// What a file says, without its comments.
fn code(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or(""));
    lines.collect::<Vec<_>>().join("\n")
}

/// Every path below a root such as `crate::` that a file names: `crate::a::b` and each of
/// `crate::{a::b, c}`.
fn paths(code: &str, root: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for (at, key) in code.match_indices(root) {
        let rest = &code[at + key.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut item = String::new();
            for c in group.chars() {
                match c {
                    '}' if depth == 0 => break,
                    ',' if depth == 0 => paths.push(std::mem::take(&mut item)),
                    _ => item.push(c),
                }
                depth += i32::from(c == '{') - i32::from(c == '}');
            }
            paths.push(item);
        } else {
            let end = rest.find(|c: char| !c.is_alphanumeric() && !"_:".contains(c));
            paths.push(rest[..end.unwrap_or(rest.len())].to_owned());
        }
    }
    paths
        .iter()
        .map(|path| path.trim().to_owned())
        .filter(|path| !path.is_empty())
        .collect()
}

#[test]
fn rooms_know_only_those_to_their_left() {
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let Some(room) = room(&path) else { continue };
        let known = ROOMS.iter().find(|(name, _)| *name == room);
        let Some((_, known)) = known else {
            wrong.push(format!(
                "{}: `{room}` has no place in the house",
                path.display()
            ));
            continue;
        };
        for used in paths(&code(&text), "crate::") {
            let used_room = used.split("::").next().unwrap_or("");
            let allowed =
                used_room == room || GROUND.contains(&used_room) || known.contains(&used_room);
            // Macros of the crate's root have no room.
            if !allowed && ROOMS.iter().any(|(name, _)| *name == used_room) {
                wrong.push(format!(
                    "{}: `{room}` must not know `{used}`",
                    path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn rooms_that_compute_do_no_input_or_output_and_read_no_clock() {
    let rooms = ["fs", "io", "net", "env", "process", "thread"];
    let absent = [
        "SystemTime",
        "Instant",
        "println!",
        "eprintln!",
        "print!(",
        "dbg!",
    ];
    for (path, text) in sources("src") {
        if !room(&path).is_some_and(|room| WITHOUT_WORLD.contains(&room.as_str())) {
            continue;
        }
        for used in paths(&code(&text), "std::") {
            let first = used.split("::").next().unwrap_or("");
            assert!(!rooms.contains(&first), "{}: std::{used}", path.display());
        }
        for word in absent {
            assert!(!code(&text).contains(word), "{}: {word}", path.display());
        }
    }
}

#[test]
fn the_loop_knows_policies_but_none_of_the_remedies() {
    for (path, text) in sources("src/sim") {
        for word in ["Remedy", "KeepAlive", "SnapshotAfter", "Tracking"] {
            assert!(!code(&text).contains(word), "{}: {word}", path.display());
        }
    }
}

/// Whether most of a line is text in quotes, which cannot be broken.
fn is_literal(line: &str) -> bool {
    let inside = line.split('"').skip(1).step_by(2);
    let quoted: usize = inside.map(|literal| literal.chars().count()).sum();
    2 * quoted > line.trim().chars().count()
}

#[test]
fn files_and_lines_are_short_enough_to_read() {
    let mut wrong = Vec::new();
    for (path, text) in sources("src").into_iter().chain(sources("tests")) {
        let name = path.display();
        if path.file_name().is_some_and(|name| name == "mod.rs") {
            wrong.push(format!("{name}: `foo.rs` beside `foo/`, never `mod.rs`"));
        }
        if text.lines().count() > 620 {
            wrong.push(format!("{name}: {} lines", text.lines().count()));
        }
    }
    for (path, text) in sources("src") {
        for (number, line) in (1..).zip(text.lines()) {
            let length = line.chars().count();
            if length > 100 && !is_literal(line) {
                wrong.push(format!("{}:{number}: {length} characters", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_room_says_first_what_it_is_for() {
    for (path, text) in sources("src") {
        assert!(
            text.starts_with("//! "),
            "{} has no heading",
            path.display()
        );
    }
}
