//! `candidates.csv`: every setting that was simulated, one row each.

use std::io;

use super::names;
use crate::experiment::Estimate;
use crate::plan::{Answer, Verdict};
use crate::report::number::exact;

/// The whole document.
///
/// # Errors
/// If it cannot be written, which is a fault of this program.
pub(super) fn render(answer: &Answer) -> Result<String, io::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut head: Vec<String> = [
        "setting",
        "kind",
        "memory_mb",
        "architecture",
        "reserved_concurrency",
        "policy_keys",
        "replications",
    ]
    .map(str::to_owned)
    .into();
    let mut measures = vec!["cost_usd_per_month"];
    measures.extend(answer.measures.iter().map(|measure| measure.metric().name));
    for name in measures {
        head.extend([name.to_owned(), format!("{name}_lo"), format!("{name}_hi")]);
    }
    head.push("goals".to_owned());
    writer.write_record(&head)?;
    for (choice, name) in answer.candidates.iter().zip(names(answer)) {
        let setting = &choice.setting;
        let mut row = vec![
            name,
            choice.kind.to_string(),
            setting
                .memory
                .map_or_else(String::new, |memory| memory.mb().to_string()),
            setting.architecture.map_or("", |a| a.name()).to_owned(),
            setting.reserved.map_or_else(String::new, |n| n.to_string()),
            setting.remedy_keys(),
            choice.replications.to_string(),
        ];
        row.extend(numbers(choice.cost));
        for estimate in &choice.measures {
            row.extend(numbers(*estimate));
        }
        row.push(verdict(answer, choice.verdict).to_owned());
        writer.write_record(&row)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// Mean and both ends, empty where there are none.
fn numbers(estimate: Estimate) -> [String; 3] {
    let text = |value: Option<f64>| value.and_then(exact).unwrap_or_default();
    let ends = estimate.ci95;
    [
        text(estimate.mean),
        text(ends.map(|(low, _)| low)),
        text(ends.map(|(_, high)| high)),
    ]
}

/// Stands where there is no goal to meet.
pub(super) const NO_GOALS: &str = "no goals";

/// A word for how all goals stand.
pub(super) fn verdict(answer: &Answer, verdict: Verdict) -> &'static str {
    match verdict {
        _ if answer.goals.is_empty() => NO_GOALS,
        Verdict::Met => "met",
        Verdict::Open => "unsure",
        Verdict::Missed => "missed",
    }
}
