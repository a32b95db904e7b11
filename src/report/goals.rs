//! Assertions and service-level objectives as sentences: which hold, which do not, by how much.

use super::number;
use crate::experiment::{Judged, Results, Standing};

/// More assertions that hold than this are counted instead.
const HELD: usize = 12;

impl Standing {
    /// What a person reads first.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Met => "holds",
            Self::Unsure => "unsure",
            Self::Missed => "fails",
            Self::NoValue => "no value",
        }
    }
}

/// A heading, then a line each; nothing where nothing was asserted.
pub(super) fn lines(results: &Results) -> Vec<String> {
    let mut lines = Vec::new();
    if !results.assertions.is_empty() {
        lines.push(heading("Assertions", &results.assertions));
        lines.extend(each(&results.assertions));
    }
    if !results.slo.is_empty() {
        lines.push(heading("Service-level objectives", &results.slo));
        lines.extend(each(&results.slo));
    }
    lines
}

/// How many hold, such as `Assertions: 2 hold, 1 fails.`
fn heading(what: &str, judged: &[Judged]) -> String {
    let count = |standing| judged.iter().filter(|j| j.standing == standing).count();
    let mut parts = Vec::new();
    for (standing, one, many) in [
        (Standing::Met, "holds", "hold"),
        (Standing::Unsure, "is unsure", "are unsure"),
        (Standing::Missed, "fails", "fail"),
        (Standing::NoValue, "has no value", "have no value"),
    ] {
        match count(standing) {
            0 => {}
            1 => parts.push(format!("1 {one}")),
            n => parts.push(format!("{n} {many}")),
        }
    }
    format!("{what}: {}.", parts.join(", "))
}

/// Those that do not hold first, in the order of the file.
fn each(judged: &[Judged]) -> Vec<String> {
    let (held, others): (Vec<&Judged>, Vec<&Judged>) =
        judged.iter().partition(|j| j.standing == Standing::Met);
    let shown = others.iter().chain(held.iter().take(HELD));
    let mut lines: Vec<String> = shown.map(|judged| line(judged)).collect();
    if held.len() > HELD {
        let rest = held.len() - HELD;
        lines.push(format!(
            "  and {rest} more that hold: all are in summary.json"
        ));
    }
    lines
}

fn line(judged: &Judged) -> String {
    let word = judged.standing.word();
    format!("  {word:8}  {}: {}", subject(judged), found(judged))
}

/// What was asserted of whom: `latency_ms_p99 <= 300 of function api, do nothing`.
pub(super) fn subject(judged: &Judged) -> String {
    let goal = &judged.goal;
    let name = goal.metric.metric().name;
    let of = match &judged.function {
        Some(function) => format!(" of {function}"),
        None => String::new(),
    };
    format!(
        "{name} {} {}{of}, {}",
        goal.relation, goal.bound, judged.scenario
    )
}

/// What there is, and what to do where that does not tell.
pub(super) fn found(judged: &Judged) -> String {
    let Some(shown) = number::shown(judged.estimate, 1.0) else {
        return "no request gave a value".to_owned();
    };
    match judged.standing {
        Standing::Unsure => format!("{}; more replications would tell", shown.text()),
        _ => shown.text(),
    }
}
