//! Runtimes by the identifiers of Lambda.

/// Runtimes that functions can be created with, the newest of each family last
/// (docs.aws.amazon.com, lambda, lambda-runtimes, 2026; cfn-lint 1.58 has them, too).
const RUNTIMES: &[&str] = &[
    "dotnet8",
    "dotnet10",
    "java8.al2",
    "java11",
    "java17",
    "java21",
    "java25",
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
    "provided.al2",
    "provided.al2023",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "ruby3.3",
    "ruby3.4",
];

/// A runtime of Lambda, with a handler as it names them.
pub(super) struct Runtime {
    pub(super) identifier: &'static str,
    pub(super) handler: &'static str,
    /// Whether the experiment names another.
    pub(super) stands_in: bool,
}

/// The runtime that an experiment's name stands for; where Lambda has none such, the newest of its
/// family, and for other languages the one that runs any binary.
pub(super) fn runtime(name: &str) -> Runtime {
    let name = name.trim();
    let at = name.find(|c: char| c.is_ascii_digit() || c == '.');
    let (family, version) = name.split_at(at.unwrap_or(name.len()));
    let (family, handler) = match family {
        "node" | "nodejs" => ("nodejs", "index.handler"),
        "python" => ("python", "app.handler"),
        "ruby" => ("ruby", "app.handler"),
        "java" => ("java", "example.Handler::handleRequest"),
        "dotnet" | "dotnetcore" => ("dotnet", "Example::Example.Function::Handle"),
        _ => ("provided", "bootstrap"),
    };
    let full = format!("{family}{version}");
    let known = RUNTIMES.iter().find(|known| {
        // Experiments may leave out the `.x` of Node.js.
        **known == full || known.strip_suffix(".x") == Some(&full)
    });
    let newest = RUNTIMES.iter().rfind(|known| known.starts_with(family));
    Runtime {
        identifier: known.or(newest).unwrap_or(&"provided.al2023"),
        handler,
        stands_in: known.is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes_have_the_names_of_lambda() {
        for (given, expected, stands_in) in [
            ("python3.12", "python3.12", false),
            ("nodejs22", "nodejs22.x", false),
            ("nodejs22.x", "nodejs22.x", false),
            ("node24", "nodejs24.x", false),
            ("java8.al2", "java8.al2", false),
            ("python3.6", "python3.14", true),
            ("python", "python3.14", true),
            ("provided.al2023", "provided.al2023", false),
            ("rust", "provided.al2023", true),
            ("go1.x", "provided.al2023", true),
            ("php8.3", "provided.al2023", true),
            ("", "provided.al2023", true),
            ("日本", "provided.al2023", true),
        ] {
            let runtime = runtime(given);
            assert_eq!(runtime.identifier, expected, "{given}");
            assert_eq!(runtime.stands_in, stands_in, "{given}");
        }
    }
}
