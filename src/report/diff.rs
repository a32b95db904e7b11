//! Two runs side by side, as a table, Markdown, JSON or `JUnit`.

use std::fmt::Write;
use std::io;

use serde::Serialize;

use super::junit::{self, Case, CaseFault};
use super::number;
use super::text::{aligned, printable};
use crate::baseline::{Basis, Change, Compared, Comparison};

impl Change {
    /// What a person reads first.
    fn word(self) -> &'static str {
        match self {
            Self::None => "same",
            Self::Noise => "noise",
            Self::Small => "small",
            Self::Unknown => "unknown",
            Self::Lost => "lost",
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Other => "changed",
        }
    }

    /// What a person would want to see, the worst first.
    const TOLD: [Self; 4] = [Self::Lost, Self::Worse, Self::Better, Self::Other];

    /// Whether a gate has to close.
    pub fn is_worse(self) -> bool {
        matches!(self, Self::Lost | Self::Worse)
    }

    /// Whether a person would want to see it.
    pub fn is_told(self) -> bool {
        Self::TOLD.contains(&self)
    }
}

const HEAD: [&str; 6] = ["", "scenario", "measure", "before", "after", "difference"];

/// For a terminal: what has changed, then a sentence about the rest.
pub fn table(comparison: &Comparison) -> String {
    let rows: Vec<[String; 6]> = told(comparison).map(cells).collect();
    let mut text = String::new();
    if !rows.is_empty() {
        let head = HEAD.map(str::to_owned);
        let rows: Vec<&[String; 6]> = std::iter::once(&head).chain(&rows).collect();
        for line in aligned(&rows) {
            text.push_str(&line);
            text.push('\n');
        }
        text.push('\n');
    }
    for sentence in sentences(comparison) {
        text.push_str(&sentence);
        text.push('\n');
    }
    text
}

/// The same as Markdown.
pub fn markdown(comparison: &Comparison) -> String {
    let mut text = String::new();
    let rows: Vec<[String; 6]> = told(comparison).map(cells).collect();
    if !rows.is_empty() {
        super::markdown::push_row(&mut text, HEAD.map(str::to_owned).into_iter());
        super::markdown::push_row(&mut text, ["---"; 6].map(str::to_owned).into_iter());
        for row in rows {
            let cells = row.iter().map(|cell| super::markdown::escape(cell));
            super::markdown::push_row(&mut text, cells);
        }
        text.push('\n');
    }
    for sentence in sentences(comparison) {
        text.push_str(&super::markdown::escape(&sentence));
        text.push_str("\\\n");
    }
    text
}

/// Every measure as a test case; `fails` says which changes are failures.
///
/// # Errors
/// If it cannot be written, which is a fault of this program.
pub fn junit(
    name: &str,
    comparison: &Comparison,
    fails: impl Fn(Change) -> bool,
) -> io::Result<String> {
    let gone = comparison.vanished.iter().map(|gone| Case {
        name: gone.clone(),
        class: gone.clone(),
        fault: Some(CaseFault {
            kind: "error",
            message: "the later run does not have it".to_owned(),
            text: String::new(),
        }),
    });
    let compared = comparison.rows.iter().map(|row| Case {
        name: subject(row),
        class: row.scenario.clone(),
        fault: fails(row.change).then(|| {
            let [_, _, _, before, after, difference] = cells(row);
            CaseFault {
                kind: "failure",
                message: format!("{before} before, {after} now: {difference}"),
                text: row.metric.metric().help.to_owned(),
            }
        }),
    });
    junit::suite(name, &gone.chain(compared).collect::<Vec<_>>())
}

/// Everything, for programs.
///
/// # Errors
/// If it cannot be serialised, which is a fault of this program.
pub fn json(comparison: &Comparison) -> io::Result<String> {
    let rows = comparison.rows.iter().map(|row| Row {
        scenario: &row.scenario,
        function: row.function.as_deref(),
        metric: row.metric.metric().name,
        before: row.before.mean,
        after: row.after.mean,
        difference: row.difference.mean,
        ci95: row.difference.ci95,
        change: row.change.word(),
        paired: comparison.basis == Basis::Paired && row.function.is_none(),
    });
    let document = Document {
        paired: comparison.basis == Basis::Paired,
        changes: rows.collect(),
        vanished: &comparison.vanished,
        appeared: &comparison.appeared,
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

#[derive(Serialize)]
struct Document<'a> {
    /// Whether replications were compared one by one, all functions together.
    paired: bool,
    changes: Vec<Row<'a>>,
    vanished: &'a [String],
    appeared: &'a [String],
}

#[derive(Serialize)]
struct Row<'a> {
    scenario: &'a str,
    /// Absent where all functions are meant together.
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<&'a str>,
    metric: &'static str,
    before: Option<f64>,
    after: Option<f64>,
    difference: Option<f64>,
    /// Of the difference.
    ci95: Option<(f64, f64)>,
    /// `same`, `noise`, `small`, `unknown`, `lost`, `better`, `worse` or `changed`.
    change: &'static str,
    /// Whether its replications were compared one by one; those of single functions never are.
    paired: bool,
}

/// What has changed, the worse first.
fn told(comparison: &Comparison) -> impl Iterator<Item = &Compared> {
    Change::TOLD.into_iter().flat_map(|change| {
        comparison
            .rows
            .iter()
            .filter(move |row| row.change == change)
    })
}

fn subject(row: &Compared) -> String {
    let name = row.metric.metric().name;
    match &row.function {
        Some(function) => format!("{name} of {function}"),
        None => name.to_owned(),
    }
}

fn cells(row: &Compared) -> [String; 6] {
    let text = |estimate| {
        number::shown(estimate, 1.0).map_or_else(|| number::NONE.to_owned(), |s| s.text())
    };
    let share = row.relative().map(|share| {
        let sign = if share > 0.0 { "+" } else { "" };
        format!(" ({sign}{})", number::percent(share))
    });
    [
        row.change.word().to_owned(),
        printable(&row.scenario),
        printable(&subject(row)),
        text(row.before),
        text(row.after),
        format!("{}{}", text(row.difference), share.unwrap_or_default()),
    ]
}

/// How many changed, how they were compared, what could not be compared.
fn sentences(comparison: &Comparison) -> Vec<String> {
    let count = |change| {
        comparison
            .rows
            .iter()
            .filter(|r| r.change == change)
            .count()
    };
    let mut counts = String::new();
    for (change, what) in [
        (Change::Lost, "without a value now"),
        (Change::Worse, "worse"),
        (Change::Better, "better"),
        (Change::Other, "changed neither way"),
        (Change::Small, "changed by less than the tolerance"),
        (Change::Noise, "within noise"),
        (Change::None, "the same"),
        (Change::Unknown, "of which so few replications cannot tell"),
    ] {
        let n = count(change);
        if n > 0 {
            let comma = if counts.is_empty() { "" } else { ", " };
            let _ = write!(counts, "{comma}{n} {what}");
        }
    }
    let told = comparison.rows.iter().any(|row| row.change.is_told());
    let verdict = match (told, count(Change::Unknown)) {
        (false, 0) => "Nothing has changed. ",
        (false, _) => "Nothing is known to have changed. ",
        (true, _) => "",
    };
    let how = match comparison.basis {
        Basis::Paired => "replication by replication, with the same random numbers",
        Basis::Intervals => {
            "by their intervals: the same seed and the same number of replications, several of \
             them, would tell more"
        }
    };
    let mut sentences = vec![
        format!("{verdict}Measures: {counts}."),
        format!("Compared {how}."),
    ];
    let of_functions = comparison.rows.iter().any(|row| row.function.is_some());
    if of_functions && comparison.basis == Basis::Paired {
        sentences.push(
            "Functions one by one were compared by their intervals, which tell less: \
             replications.csv holds all functions together."
                .to_owned(),
        );
    }
    if let Some((before, after)) = comparison.lengths {
        sentences.push(format!(
            "The runs measured {} and {}: what adds up over time was left out.",
            number::time_ms(before * 1e3),
            number::time_ms(after * 1e3)
        ));
    }
    if comparison.warm_ups_differ {
        sentences.push("The runs were warmed up for different times.".to_owned());
    }
    for (names, what) in [
        (&comparison.vanished, "Only in the earlier run"),
        (&comparison.appeared, "Only in the later run"),
    ] {
        if !names.is_empty() {
            sentences.push(printable(&format!("{what}: {}.", names.join("; "))));
        }
    }
    sentences
}
