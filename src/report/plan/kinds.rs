//! The best of each kind as a table.

use super::{plain, shown};
use crate::model::RemedyName;
use crate::plan::{Answer, Best, Choice, Kind, Verdict};
use crate::report::number::{self, NONE};
use crate::report::text::width;

/// The best of each kind as a table.
pub(super) fn table(answer: &Answer) -> Vec<String> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut head = vec![
        "kind".to_owned(),
        "setting".to_owned(),
        "USD a month".to_owned(),
    ];
    head.extend(answer.measures.iter().map(|m| m.metric().name.to_owned()));
    head.push("goals".to_owned());
    rows.push(head);
    for of in &answer.kinds {
        let (choice, verdict) = match &of.best {
            Best::Meets(choice) if answer.goals.is_empty() => {
                (Some(choice), super::csv::NO_GOALS.to_owned())
            }
            Best::Meets(choice) => (Some(choice), "met".to_owned()),
            Best::Misses(choice) => (Some(choice), unmet(choice).to_owned()),
            Best::Dear(floor) => (None, format!("at least {} a month", number::usd(*floor))),
            Best::Refused => (None, "not allowed".to_owned()),
        };
        let words = choice.map(|c| c.setting.remedy_words());
        let mut row = vec![
            of.kind.to_string(),
            words.unwrap_or_else(|| NONE.to_owned()),
        ];
        row.push(choice.map_or(NONE.to_owned(), |c| plain(c.cost, 1.0)));
        for (place, measure) in answer.measures.iter().enumerate() {
            let of = |c: &Choice| shown(*measure, c.measures[place]);
            row.push(choice.map_or(NONE.to_owned(), of));
        }
        row.push(verdict);
        rows.push(row);
    }
    if rows.len() == 1 {
        return Vec::new();
    }
    let columns = rows[0].len();
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter()
                .map(|row| width(&row[column]))
                .max()
                .unwrap_or(0)
        })
        .collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let pad = " ".repeat(widths[column] - width(cell));
            // Names to the left, numbers to the right.
            if column < 2 || column + 1 == columns {
                format!("{cell}{pad}")
            } else {
                format!("{pad}{cell}")
            }
        });
        let cells: Vec<String> = cells.collect();
        format!("  {}", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// A word for what was not chosen: by what chose it, or by what did not confirm it.
pub(super) const fn unmet(choice: &Choice) -> &'static str {
    match choice.verdict {
        Verdict::Met => "not confirmed",
        Verdict::Open => "not sure",
        Verdict::Missed => "missed",
    }
}

/// Instances by load that gave in every measure what always as many did, each in a sentence.
pub(super) fn never_scaled(answer: &Answer) -> Vec<String> {
    let of = |name| Kind::Remedy(name);
    let by_load = answer.kinds.iter().filter_map(|kind| match &kind.best {
        Best::Meets(choice) | Best::Misses(choice) => Some(choice),
        Best::Dear(_) | Best::Refused => None,
    });
    let by_load = by_load.filter(|choice| choice.kind == of(RemedyName::Tracking));
    let mut constants = answer.candidates.iter();
    let told = by_load.filter_map(|choice| {
        let same = |other: &&Choice| {
            let means = |choice: &Choice| -> Vec<Option<f64>> {
                choice.measures.iter().map(|value| value.mean).collect()
            };
            other.kind == of(RemedyName::Provisioned)
                && other.replications == choice.replications
                && other.cost.mean == choice.cost.mean
                && means(other) == means(choice)
        };
        let constant = constants.find(same)?;
        Some(format!(
            "{} never scaled: it gave what {} does.",
            choice.setting, constant.setting
        ))
    });
    told.collect()
}
