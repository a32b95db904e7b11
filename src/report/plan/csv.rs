//! `candidates.csv`: every setting that was simulated, one row each.

use std::io;

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
        "replications",
    ]
    .map(str::to_owned)
    .into();
    let mut names = vec!["cost_usd_per_month"];
    names.extend(answer.measures.iter().map(|measure| measure.metric().name));
    for name in names {
        head.extend([name.to_owned(), format!("{name}_lo"), format!("{name}_hi")]);
    }
    head.push("goals".to_owned());
    writer.write_record(&head)?;
    for choice in &answer.candidates {
        let setting = &choice.setting;
        let mut row = vec![
            setting.to_string(),
            choice.kind.to_string(),
            setting
                .memory
                .map_or_else(String::new, |memory| memory.mb().to_string()),
            setting.architecture.map_or("", |a| a.name()).to_owned(),
            choice.replications.to_string(),
        ];
        row.extend(numbers(choice.cost));
        for estimate in &choice.measures {
            row.extend(numbers(*estimate));
        }
        row.push(verdict(choice.verdict).to_owned());
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

/// A word for how all goals stand.
pub(super) const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "met",
        Verdict::Open => "unsure",
        Verdict::Missed => "missed",
    }
}
