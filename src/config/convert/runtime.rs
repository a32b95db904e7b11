//! Names of runtimes: billing and snapshots go by them, so that a slip changes results.

use crate::config::diagnostic::Fault;
use crate::config::names::nearest;
use crate::config::typed::Key;

use super::Context;

/// Runtimes of the platforms, without their versions.
const FAMILIES: [&str; 14] = [
    "nodejs",
    "node",
    "python",
    "java",
    "dotnet",
    "dotnetcore",
    "dotnet-isolated",
    "ruby",
    "go",
    "rust",
    "php",
    "powershell",
    "provided",
    "custom",
];

impl Context {
    /// Says where a runtime has a name that no platform knows.
    pub(super) fn check_runtime(&self, key: &Key<String>) {
        let Some(key) = key else { return };
        let Some(name) = key.get() else { return };
        if name.trim().is_empty() {
            self.fault(Fault::new("`runtime` is empty: leave it out").at(key.place));
            return;
        }
        let Err(near) = known_runtime(name) else {
            return;
        };
        let mut fault = Fault::warning(format!("no runtime is known by the name `{name}`"));
        fault = fault.at(key.place);
        if let Some(near) = near {
            fault = fault.note(format!("did you mean `{near}`?"));
        }
        self.fault(fault.note("billing and snapshots go by it, such as `python3.12` or `java21`"));
    }
}

/// Whether platforms have a runtime of this name, in whatever version.
///
/// # Errors
/// They have none: the name that was probably meant, where one is near.
pub fn known_runtime(name: &str) -> Result<(), Option<String>> {
    let (family, version) = name.split_at(family(name));
    if FAMILIES.contains(&family) {
        return Ok(());
    }
    Err(nearest(family, FAMILIES).map(|near| format!("{near}{version}")))
}

/// Where the version begins.
fn family(name: &str) -> usize {
    let version = |c: char| c.is_ascii_digit() || c == '.';
    name.find(version).unwrap_or(name.len())
}
