//! What every picture has: a title with the question, a subtitle, a foot line, names of scenarios.

use std::fmt::Write as _;

use super::canvas::{Anchor, Canvas, Pen};
use super::{FAINT_INK, INK, SOFT_INK};
use crate::experiment::{IntervalMethod, Results, ScenarioResult};
use crate::report::frontier::frontier;
use crate::report::grid::short_key;

/// Width of every picture in pixels.
pub(super) const WIDTH: f64 = 960.0;
/// Space left free at the edges.
pub(super) const MARGIN: f64 = 28.0;

/// Height of the foot line.
const FOOT: f64 = 34.0;

/// Writes the head and says where it ends.
pub(super) fn head(canvas: &mut Canvas, results: &Results, subject: &str, how: &str) -> f64 {
    let pen = Pen::new(20.0, INK).bold();
    let question = results.question.trim();
    let mut y = MARGIN + 16.0;
    let title = if question.is_empty() {
        subject
    } else {
        question
    };
    for line in pen.wrap(title, WIDTH - 2.0 * MARGIN, 3) {
        canvas.text(MARGIN, y, pen, &line);
        y += 26.0;
    }
    let mut subtitle = if question.is_empty() {
        how.to_owned()
    } else {
        format!("{subject}. {how}")
    };
    if let Some(parts) = short_names(results).1 {
        let _ = write!(subtitle, " Names say {parts}.");
    }
    let pen = Pen::new(13.0, SOFT_INK);
    for line in pen.wrap(&subtitle, WIDTH - 2.0 * MARGIN, 3) {
        canvas.text(MARGIN, y, pen, &line);
        y += 18.0;
    }
    y
}

/// Writes the foot line below `y` and ends the document.
pub(super) fn finish(mut canvas: Canvas, results: &Results, y: f64, subject: &str) -> String {
    let pen = Pen::new(11.0, FAINT_INK);
    let left = format!(
        "{} · measured {} · {} · seed {}",
        results.experiment,
        results.duration_text(),
        match results.replications {
            1 => "1 replication".to_owned(),
            n => format!("{n} replications"),
        },
        results.seed
    );
    let height = y + FOOT;
    let right = concat!("frostline ", env!("CARGO_PKG_VERSION"));
    let room = WIDTH - 2.0 * MARGIN - pen.width(right) - 20.0;
    canvas.text(MARGIN, height - 14.0, pen, &pen.fit(&left, room));
    canvas.text(WIDTH - MARGIN, height - 14.0, pen.at(Anchor::End), right);
    let title = if results.question.trim().is_empty() {
        subject.to_owned()
    } else {
        format!("{}: {subject}", results.question.trim())
    };
    canvas.finish(height, &title)
}

/// What the bars of intervals are; empty where there are none.
pub(super) fn intervals(results: &Results) -> String {
    match results.intervals {
        IntervalMethod::Replications if results.replications < 2 => String::new(),
        IntervalMethod::Replications => format!(
            "Whiskers are 95 % intervals over {} replications.",
            results.replications
        ),
        IntervalMethod::BatchMeans { batches } => {
            format!("Whiskers are 95 % intervals over {batches} parts of one replication.")
        }
    }
}

/// Says in the picture that there is nothing to draw, and why.
pub(super) fn nothing(mut canvas: Canvas, results: &Results, top: f64, subject: &str) -> String {
    let pen = Pen::new(14.0, SOFT_INK).at(Anchor::Middle);
    canvas.text(WIDTH / 2.0, top + 90.0, pen, "No scenario measured this.");
    finish(canvas, results, top + 180.0, subject)
}

/// A short name for each scenario that still tells all apart.
pub(super) fn names(results: &Results) -> Vec<String> {
    short_names(results).0
}

/// Names of nothing but what differs, the policy and swept values without their keys, and what
/// their parts are; whole labels where these would not tell all apart.
fn short_names(results: &Results) -> (Vec<String>, Option<String>) {
    let scenarios = &results.scenarios;
    let keys = |s: &ScenarioResult| s.set.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
    let first = scenarios.first().map(keys).unwrap_or_default();
    let whole = || scenarios.iter().map(|s| clean(&s.label())).collect();
    if first.is_empty() || scenarios.iter().any(|s| keys(s) != first) {
        return (whole(), None);
    }
    let varies = |of: &dyn Fn(&ScenarioResult) -> String| {
        scenarios.iter().any(|s| of(s) != of(&scenarios[0]))
    };
    let policy = varies(&|s| s.policy.clone());
    let varying: Vec<usize> = (0..first.len())
        .filter(|i| varies(&|s| s.set[*i].1.clone()))
        .collect();
    let names: Vec<String> = scenarios
        .iter()
        .map(|s| {
            let values = varying.iter().map(|i| s.set[*i].1.as_str());
            let parts: Vec<&str> = policy
                .then_some(s.policy.as_str())
                .into_iter()
                .chain(values)
                .collect();
            clean(&parts.join(" · "))
        })
        .collect();
    let mut distinct = names.clone();
    distinct.sort();
    distinct.dedup();
    if distinct.len() < names.len() || varying.is_empty() {
        return (whole(), None);
    }
    let all: Vec<&str> = first.iter().map(String::as_str).collect();
    let keys = varying.iter().map(|i| short_key(all[*i], &all));
    let parts: Vec<&str> = policy.then_some("policy").into_iter().chain(keys).collect();
    (names, Some(clean(&parts.join(" · "))))
}

/// At most `limit` of these scenarios, in the order of the file: the first and the frontier before
/// others.
pub(super) fn choice(results: &Results, mut scenarios: Vec<usize>, limit: usize) -> Vec<usize> {
    if scenarios.len() > limit {
        let members = frontier(results);
        // Stable, so that the rest stays in the order of the file.
        scenarios.sort_by_key(|i| (*i != 0, !members.contains(i)));
        scenarios.truncate(limit);
        scenarios.sort_unstable();
    }
    scenarios
}

/// Says so where not all scenarios are drawn.
pub(super) fn chosen(results: &Results, drawn: usize) -> String {
    let all = results.scenarios.len();
    if drawn == 0 || drawn == all {
        return String::new();
    }
    format!(" {drawn} of {all} scenarios, those on the frontier first.")
}

fn clean(label: &str) -> String {
    let text = label.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        "(no name)".to_owned()
    } else {
        text
    }
}
