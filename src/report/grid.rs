//! What the table says, before a format: columns, cells, which is best, which scenarios.
//!
//! The terminal and Markdown show the same grid, so that both always say the same.

use super::frontier::frontier;
use super::number::{self, NONE};
use crate::experiment::{Estimate, IntervalMethod, Results, ScenarioResult};
use crate::metric::{
    Better, COLD_START_RATIO, COST_USD_PER_MONTH, DEAD_LETTERS, FAILURE_RATIO, IDLE_MEAN,
    INSTANCES_MEAN, LATENCY_MS_P50, LATENCY_MS_P99, MESSAGE_LATENCY_MS_P99, MESSAGES,
    MESSAGES_WAITING, MetricId, REJECT_RATIO, WORKFLOW_LATENCY_MS_P99,
};

/// More scenarios than this are not read at a glance: then only the frontier is shown.
const MANY: usize = 40;

/// Columns and rows of the table.
pub(super) struct Grid {
    pub(super) columns: Vec<Column>,
    /// Which scenarios the rows are.
    pub(super) rows: Vec<usize>,
}

/// A column: a head of two lines and one cell a row.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) unit: &'static str,
    pub(super) role: Role,
    pub(super) cells: Vec<Cell>,
}

/// What a column is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// Says which scenario a row is.
    Name,
    /// A measure that decides; always shown.
    Key,
    /// A measure that helps; the highest rank is the first to go where the width is short.
    Extra(u8),
}

/// A cell, in the parts that line up: what stands left of the decimal point, the point and what
/// follows, the half width.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Cell {
    pub(super) whole: String,
    pub(super) fraction: String,
    pub(super) half: Option<String>,
    pub(super) mark: Mark,
}

/// What is special about a cell.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) enum Mark {
    #[default]
    None,
    /// The best of its column.
    Best,
    /// A difference for the better whose interval excludes zero.
    Better,
    /// A difference for the worse whose interval excludes zero.
    Worse,
}

impl Mark {
    /// The mark as plain text.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Best => "◂",
            Self::Better | Self::Worse => "*",
        }
    }
}

impl Cell {
    fn name(text: &str) -> Self {
        Self {
            whole: super::text::printable(text),
            ..Self::default()
        }
    }

    fn none() -> Self {
        Self::name(NONE)
    }

    /// Everything but the mark in one piece.
    pub(super) fn text(&self) -> String {
        let mut text = format!("{}{}", self.whole, self.fraction);
        if let Some(half) = &self.half {
            text.push_str(" ±");
            text.push_str(half);
        }
        text
    }
}

impl Grid {
    pub(super) fn new(results: &Results) -> Self {
        let rows = rows(results);
        let shown: Vec<&ScenarioResult> = rows.iter().map(|&i| &results.scenarios[i]).collect();
        let mut columns = names(&shown);
        columns.push(measure("cold starts", Role::Key, COLD_START_RATIO, &shown));
        columns.push(measure(
            "p50 latency",
            Role::Extra(3),
            LATENCY_MS_P50,
            &shown,
        ));
        columns.push(measure("p99 latency", Role::Key, LATENCY_MS_P99, &shown));
        let any = |metric| {
            let present = |s: &&ScenarioResult| number::mean(s.metrics.get(metric)) > Some(0.0);
            shown.iter().any(present)
        };
        if any(MESSAGE_LATENCY_MS_P99) {
            let name = "p99 message";
            columns.push(measure(name, Role::Key, MESSAGE_LATENCY_MS_P99, &shown));
        }
        if any(WORKFLOW_LATENCY_MS_P99) {
            let name = "p99 workflow";
            columns.push(measure(name, Role::Key, WORKFLOW_LATENCY_MS_P99, &shown));
        }
        if any(DEAD_LETTERS) {
            columns.push(measure(
                "dead letters",
                Role::Extra(2),
                DEAD_LETTERS,
                &shown,
            ));
        }
        if shown.iter().any(|scenario| backlog(scenario)) {
            columns.push(measure("waiting", Role::Key, MESSAGES_WAITING, &shown));
        }
        if any(REJECT_RATIO) {
            columns.push(measure("rejected", Role::Key, REJECT_RATIO, &shown));
        }
        let mean = |s: &ScenarioResult, metric| number::mean(s.metrics.get(metric));
        let all_rejected = |s: &&&ScenarioResult| mean(s, FAILURE_RATIO) == mean(s, REJECT_RATIO);
        if shown.iter().any(|s| failing(s).is_some()) && !shown.iter().all(|s| all_rejected(&s)) {
            columns.push(measure("failed", Role::Key, FAILURE_RATIO, &shown));
        }
        if any(IDLE_MEAN) {
            columns.push(measure("idle", Role::Extra(4), IDLE_MEAN, &shown));
        } else {
            columns.push(measure("alive", Role::Extra(4), INSTANCES_MEAN, &shown));
        }
        columns.push(measure(
            "cost a month",
            Role::Key,
            COST_USD_PER_MONTH,
            &shown,
        ));
        if results.scenarios.len() > 1 {
            let first = &results.scenarios[0];
            columns.push(difference(
                "Δ p99",
                Role::Extra(1),
                LATENCY_MS_P99,
                first,
                &shown,
            ));
            columns.push(difference(
                "Δ cost",
                Role::Extra(2),
                COST_USD_PER_MONTH,
                first,
                &shown,
            ));
        }
        Self { columns, rows }
    }

    /// What must be known to read the table, a sentence each; `shown` are the columns that are.
    pub(super) fn notes(&self, results: &Results, shown: &[&Column]) -> Vec<String> {
        let mut notes = Vec::new();
        if self.rows.len() < results.scenarios.len() {
            notes.push(format!(
                "{} of {} scenarios: the first, and those on the frontier of cost a month and p99 \
                 latency. All are in summary.csv.",
                self.rows.len(),
                results.scenarios.len()
            ));
        }
        notes.push(provenance(results));
        if results.facts.recorded {
            notes.push(
                "Arrivals are the recorded ones in every replication: ± does not cover another day."
                    .to_owned(),
            );
        }
        let has = |mark| {
            let mut cells = shown.iter().flat_map(|column| &column.cells);
            cells.any(|cell| cell.mark == mark)
        };
        let mut legend = Vec::new();
        if has(Mark::Best) {
            let fails = self
                .rows
                .iter()
                .any(|i| failing(&results.scenarios[*i]).is_some());
            legend.push(if fails {
                "◂ best of its column, whatever fails.".to_owned()
            } else {
                "◂ best of its column.".to_owned()
            });
        }
        if shown.iter().any(|column| column.name.starts_with('Δ')) {
            legend.push(format!(
                "Δ: paired difference to “{}”{}.",
                super::text::printable(&results.scenarios[0].label()),
                if has(Mark::Better) || has(Mark::Worse) {
                    "; * its interval excludes zero"
                } else {
                    ""
                }
            ));
        }
        if !legend.is_empty() {
            notes.push(legend.join(" "));
        }
        notes
    }
}

/// Where the intervals come from and how long was measured.
pub(super) fn provenance(results: &Results) -> String {
    let duration = results.duration_text();
    match results.intervals {
        IntervalMethod::Replications if results.replications < 2 => {
            format!("One replication of {duration}: no intervals.")
        }
        IntervalMethod::Replications => format!(
            "±: 95 % interval over {} replications of {duration} each.",
            results.replications
        ),
        IntervalMethod::BatchMeans { batches } => format!(
            "±: 95 % interval over {batches} equal parts (batch means) of one replication of \
             {duration}."
        ),
    }
}

/// The share of requests that fail, where it is worth a word: above one in a thousand, or certainly
/// above none.
pub(super) fn failing(scenario: &ScenarioResult) -> Option<f64> {
    let estimate = scenario.metrics.get(FAILURE_RATIO);
    let certain = estimate.ci95.is_some_and(|(low, _)| low > 0.0);
    number::mean(estimate).filter(|ratio| *ratio > 0.001 || (*ratio > 0.0 && certain))
}

/// Whether more than one message in a hundred waits at the end.
fn backlog(scenario: &ScenarioResult) -> bool {
    let mean = |metric| number::mean(scenario.metrics.get(metric)).unwrap_or(0.0);
    mean(MESSAGES_WAITING) > 0.01 * mean(MESSAGES)
}

fn rows(results: &Results) -> Vec<usize> {
    let count = results.scenarios.len();
    if count <= MANY {
        return (0..count).collect();
    }
    let mut rows = frontier(results);
    if !rows.contains(&0) {
        rows.insert(0, 0);
    }
    rows
}

/// The policy, and the swept values: a column a key where every scenario has the same keys.
fn names(shown: &[&ScenarioResult]) -> Vec<Column> {
    let column = |name: String, cells| Column {
        name,
        unit: "",
        role: Role::Name,
        cells,
    };
    let keys: Vec<&str> = shown
        .first()
        .map_or_else(Vec::new, |scenario| keys_of(scenario));
    if shown.iter().any(|scenario| keys_of(scenario) != keys) {
        let labels = shown.iter().map(|s| Cell::name(&s.label())).collect();
        return vec![column("policy".to_owned(), labels)];
    }
    let policies = shown.iter().map(|s| Cell::name(&s.policy)).collect();
    let mut columns = vec![column("policy".to_owned(), policies)];
    for (i, key) in keys.iter().enumerate() {
        let values = shown.iter().map(|s| Cell::name(&s.set[i].1)).collect();
        columns.push(column(
            super::text::printable(short_key(key, &keys)),
            values,
        ));
    }
    columns
}

fn keys_of(scenario: &ScenarioResult) -> Vec<&str> {
    scenario.set.iter().map(|(key, _)| key.as_str()).collect()
}

/// The last part of a dotted key, or all of it where two keys end alike.
pub(super) fn short_key<'a>(key: &'a str, keys: &[&str]) -> &'a str {
    let last = |key: &'a str| key.rsplit('.').next().unwrap_or(key);
    let short = last(key);
    let alike = keys
        .iter()
        .filter(|other| other.rsplit('.').next() == Some(short))
        .count();
    if alike > 1 { key } else { short }
}

/// A measure in one unit for the whole column, so that its numbers compare digit by digit.
fn measure(name: &str, role: Role, metric: MetricId, shown: &[&ScenarioResult]) -> Column {
    let estimates: Vec<Estimate> = shown.iter().map(|s| s.metrics.get(metric)).collect();
    let (unit, factor) = unit_of(metric, &estimates);
    let mut cells: Vec<Cell> = estimates.iter().map(|e| value_cell(*e, factor)).collect();
    mark_best(metric, &estimates, &mut cells);
    Column {
        name: name.to_owned(),
        unit,
        role,
        cells,
    }
}

/// The unit of a column and what a value is multiplied by to be in it.
fn unit_of(metric: MetricId, estimates: &[Estimate]) -> (&'static str, f64) {
    let name = metric.metric().name;
    if name.ends_with("_ratio") {
        return ("%", 100.0);
    }
    if name.starts_with("cost_usd") {
        return ("USD", 1.0);
    }
    if name.starts_with("messages") || metric == DEAD_LETTERS {
        return ("messages", 1.0);
    }
    if !name.contains("_ms_") {
        return ("instances", 1.0);
    }
    let least = estimates
        .iter()
        .filter_map(|e| number::mean(*e))
        .filter(|mean| *mean > 0.0)
        .fold(f64::INFINITY, f64::min);
    if least >= 10_000.0 && least.is_finite() {
        ("s", 1e-3)
    } else {
        ("ms", 1.0)
    }
}

fn value_cell(estimate: Estimate, factor: f64) -> Cell {
    let Some(shown) = number::shown(estimate, factor) else {
        return Cell::none();
    };
    let (whole, fraction) = match shown.mean.find('.') {
        Some(point) => shown.mean.split_at(point),
        None => (shown.mean.as_str(), ""),
    };
    Cell {
        whole: whole.to_owned(),
        fraction: fraction.to_owned(),
        half: shown.half,
        mark: Mark::None,
    }
}

/// Marks the best mean and all that print the same; none where all do.
fn mark_best(metric: MetricId, estimates: &[Estimate], cells: &mut [Cell]) {
    let order = |a: &f64, b: &f64| match metric.metric().better {
        Better::Lower => a.total_cmp(b),
        Better::Higher => b.total_cmp(a),
        Better::Neutral => std::cmp::Ordering::Equal,
    };
    if metric.metric().better == Better::Neutral {
        return;
    }
    let means = estimates
        .iter()
        .enumerate()
        .filter_map(|(i, e)| Some((number::mean(*e)?, i)));
    let Some((_, best)) = means.min_by(|a, b| order(&a.0, &b.0)) else {
        return;
    };
    let printed = |cell: &Cell| format!("{}{}", cell.whole, cell.fraction);
    let best = printed(&cells[best]);
    if cells
        .iter()
        .all(|cell| printed(cell) == best || cell.whole == NONE)
    {
        return;
    }
    for cell in cells.iter_mut().filter(|cell| printed(cell) == best) {
        cell.mark = Mark::Best;
    }
}

/// The paired difference to the first scenario, in percent of the first.
fn difference(
    name: &str,
    role: Role,
    metric: MetricId,
    first: &ScenarioResult,
    shown: &[&ScenarioResult],
) -> Column {
    let base = number::mean(first.metrics.get(metric));
    let cell = |scenario: &&ScenarioResult| {
        let paired = scenario.paired.as_ref()?.get(metric);
        difference_cell(metric, paired, base?)
    };
    Column {
        name: name.to_owned(),
        unit: "",
        role,
        cells: shown
            .iter()
            .map(|s| cell(s).unwrap_or_else(Cell::none))
            .collect(),
    }
}

fn difference_cell(metric: MetricId, paired: Estimate, base: f64) -> Option<Cell> {
    let mean = number::mean(paired)?;
    let mut cell = if base > 0.0 && mean / base < 9.0 {
        let mut cell = signed(value_cell(paired, 100.0 / base), mean);
        cell.fraction.push_str(" %");
        cell
    } else if base > 0.0 {
        // Ten times as much and more: "×680" says it, "+67,900 %" hides it.
        let ratio = |x: f64| x / base + 1.0;
        let ratios = Estimate {
            mean: Some(ratio(mean)),
            ci95: paired.ci95.map(|(low, high)| (ratio(low), ratio(high))),
        };
        let mut cell = value_cell(ratios, 1.0);
        cell.whole.insert(0, '×');
        cell
    } else {
        // No share of zero exists: the difference itself, in the unit of the measure.
        let (unit, factor) = unit_of(metric, &[paired]);
        let mut cell = signed(value_cell(paired, factor), mean);
        cell.fraction.push(' ');
        cell.fraction.push_str(unit);
        cell
    };
    if cell.whole.ends_with(NONE) {
        return None;
    }
    cell.mark = match paired.ci95 {
        Some((low, _)) if low > 0.0 => Mark::Worse,
        Some((_, high)) if high < 0.0 => Mark::Better,
        _ => Mark::None,
    };
    Some(cell)
}

fn signed(mut cell: Cell, mean: f64) -> Cell {
    if mean > 0.0 && cell.whole != NONE {
        cell.whole.insert(0, '+');
    }
    cell
}
