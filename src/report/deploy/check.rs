//! What is to be checked before the files are deployed: what a model may have guessed, and what
//! stands for what no experiment knows. A scenario does not say which of its values were guessed,
//! so each that may have been is told.

use std::collections::BTreeMap;

use crate::report::text::wrap;

use super::{Code, DeployedFunction, Deployment, WIDTH};

/// Functions that a line names.
const NAMED: usize = 3;
/// The longest timeout of Lambda, in seconds, which stands where none is known.
pub(super) const LONGEST_S: u64 = 900;

/// The paragraph, a line each.
pub(super) fn lines(deployment: &Deployment) -> Vec<String> {
    let mut points = Vec::new();
    let mut runtimes: BTreeMap<(&str, &str), Vec<&DeployedFunction>> = BTreeMap::new();
    for function in &deployment.functions {
        if let Code::Zip { runtime, handler } = &function.code {
            let same = runtimes.entry((runtime, *handler)).or_default();
            same.push(function);
        }
    }
    for ((runtime, handler), functions) in runtimes {
        points.push(format!(
            "runtime {runtime} of {}; the handler {handler} is only an example of its kind",
            names(&functions)
        ));
    }
    let longest = deployment.functions.iter();
    let longest: Vec<&DeployedFunction> = longest.filter(|f| f.timeout_s == LONGEST_S).collect();
    if !longest.is_empty() {
        points.push(format!(
            "timeout {LONGEST_S} s of {}: the most that Lambda allows, which stands where no timeout \
             is known; set your own",
            names(&longest)
        ));
    }
    let prices = match &deployment.region {
        Some(region) => format!(
            "region: none is set here; costs are by the prices of {region}, on {}",
            deployment.architecture
        ),
        None => format!(
            "region: none is set here; architecture {}",
            deployment.architecture
        ),
    };
    points.push(prices);
    let mut lines = wrap(
        "Check these before you deploy. Where a log or an experiment does not say them, they are \
         guesses of frostline, and no file here knows which are:",
        WIDTH,
    );
    for point in points {
        let wrapped = wrap(&point, WIDTH - 2).into_iter().enumerate();
        lines.extend(wrapped.map(|(n, line)| format!("{} {line}", if n == 0 { "-" } else { " " })));
    }
    lines
}

fn names(functions: &[&DeployedFunction]) -> String {
    let first = functions.iter().take(NAMED).map(|f| f.name.as_str());
    let named = first.collect::<Vec<_>>().join(", ");
    match functions.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
