//! Which of several functions is meant, and what it is called.

use std::path::Path;

use crate::config::nearest_name;
use crate::pattern::matches;

use super::FitSpec;
use super::gather::Gather;

/// The group that is fitted; `None` where no record names one.
pub(super) fn group(spec: &FitSpec, gather: &Gather) -> Result<Option<u32>, String> {
    let groups: Vec<usize> = (0..gather.groups.list.len())
        .filter(|number| gather.reports(*number as u32) > 0)
        .collect();
    let names: Vec<&str> = groups
        .iter()
        .map(|g| gather.groups.list[*g].as_str())
        .collect();
    let Some(wanted) = &spec.function else {
        return match groups[..] {
            [] => Ok(None),
            [one] => Ok(Some(one as u32)),
            _ => Err(several("the logs are of several functions", &names)),
        };
    };
    let exact = groups.iter().find(|g| gather.groups.list[**g] == *wanted);
    let fitting: Vec<usize> = match exact {
        Some(exact) => vec![*exact],
        None => groups
            .into_iter()
            .filter(|g| fits(&gather.groups.list[*g], wanted))
            .collect(),
    };
    match fitting[..] {
        [one] => Ok(Some(one as u32)),
        [] if names.is_empty() => Ok(None),
        [] => {
            let near = nearest_name(wanted, names.iter().copied());
            let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            Err(several(
                &format!("no function is called `{wanted}`{near}"),
                &names,
            ))
        }
        _ => {
            let names: Vec<&str> = fitting
                .iter()
                .map(|g| gather.groups.list[*g].as_str())
                .collect();
            Err(several(
                &format!("`{wanted}` fits several functions"),
                &names,
            ))
        }
    }
}

fn several(what: &str, names: &[&str]) -> String {
    const SHOWN: usize = 20;
    let shown: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{name}`"))
        .collect();
    let more = match names.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "error: {what}\n  = help: choose one with --function: {}{more}",
        shown.join(", ")
    )
}

/// Whether a name has a part, or matches a pattern with `*` or `?`.
fn fits(name: &str, wanted: &str) -> bool {
    if wanted.contains(['*', '?']) {
        matches(wanted, name)
    } else {
        name.contains(wanted)
    }
}

/// The name of a model: of the function, or else of the first file.
pub(super) fn name(spec: &FitSpec, group: Option<u32>, gather: &Gather) -> String {
    let of_group = group.map(|group| gather.groups.list[group as usize].clone());
    let of_file = || {
        let path = spec.logs.first().map_or(Path::new("log"), |log| &log.path);
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let stem = name.split('.').next().unwrap_or_default();
        if stem.is_empty() || stem == "-" {
            "function".to_owned()
        } else {
            stem.to_owned()
        }
    };
    file_name(&of_group.unwrap_or_else(of_file))
}

/// A name that a file can have.
fn file_name(name: &str) -> String {
    let allowed = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let name: String = name
        .chars()
        .map(|c| if allowed(c) { c } else { '-' })
        .collect();
    let name = name.trim_matches(['-', '.']);
    match name {
        "" => "function".to_owned(),
        // The model would stand in the file of its own experiment.
        EXPERIMENT => format!("{EXPERIMENT}-function"),
        _ => name.chars().take(LONGEST_NAME).collect(),
    }
}

/// What the experiment is called, beside which the model stands.
const EXPERIMENT: &str = "experiment";
/// Letters of a name, so that every system takes the files.
const LONGEST_NAME: usize = 60;

/// Why a name that the user gave is none that files can have.
pub fn name_fault(name: &str) -> Option<&'static str> {
    if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
        Some("files are called so: use a name without slashes")
    } else if name.contains(char::is_control) {
        Some("it has a control character")
    } else if name.chars().count() > LONGEST_NAME {
        Some("files are called so: use 60 letters or fewer")
    } else if name == EXPERIMENT {
        Some("the experiment beside the model is called so: use another name")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_meant_by_a_part_or_a_pattern_of_its_name() {
        for (name, wanted, expected) in [
            ("orders-api", "api", true),
            ("orders-api", "API", false),
            ("orders-api", "orders-*", true),
            ("orders-api", "api*", false),
            ("orders-v2", "*-v?", true),
            // The star may not take the same letters twice.
            ("ab", "ab*b", false),
        ] {
            assert_eq!(fits(name, wanted), expected, "{name} {wanted}");
        }
    }
}
