//! `cold-starts.svg`: how many requests are cold, and why.

use super::canvas::{Anchor, Canvas, Pen};
use super::frame::{self, MARGIN, WIDTH};
use super::scale::Scale;
use super::{FAINT_INK, GRID, HUES, INK, SOFT_INK, drawable};
use crate::experiment::{Results, ScenarioResult};
use crate::metric::{
    COLD_CAUSE_DEPLOYED, COLD_CAUSE_EVICTED, COLD_CAUSE_EXPIRED, COLD_CAUSE_FIRST,
    COLD_CAUSE_NOT_READY, COLD_CAUSE_PING_COLLISION, COLD_CAUSE_RECYCLED, COLD_CAUSE_SCALE_OUT,
    COLD_CAUSE_SPILLOVER, COLD_START_RATIO, MetricId,
};
use crate::report::number;

const SUBJECT: &str = "Cold starts per request";

/// Causes with their names in every output, a word about each, and colours (Paul Tol's "muted"
/// scheme, 2021: nine hues that people with any colour vision tell apart).
const CAUSES: [(MetricId, &str, &str); 9] = [
    (COLD_CAUSE_EXPIRED, "expired: idle too long", "#88ccee"),
    (COLD_CAUSE_SCALE_OUT, "scale-out: all busy", "#332288"),
    (
        COLD_CAUSE_PING_COLLISION,
        "ping-collision: busy with a ping",
        "#cc6677",
    ),
    (
        COLD_CAUSE_SPILLOVER,
        "spillover: beyond provisioned",
        "#aa4499",
    ),
    (
        COLD_CAUSE_NOT_READY,
        "not-ready: provisioned starting",
        "#44aa99",
    ),
    (COLD_CAUSE_RECYCLED, "recycled: maximum life", "#999933"),
    (COLD_CAUSE_DEPLOYED, "deployed: new version", "#117733"),
    (COLD_CAUSE_EVICTED, "evicted: memory short", "#882255"),
    (COLD_CAUSE_FIRST, "first: none before", "#ddcc77"),
];

/// More bars than this are not looked at.
const BARS: usize = 100;

/// A bar a scenario, cut by cause where causes are known, with its interval and its value.
pub fn cold_starts(results: &Results) -> String {
    let mut canvas = Canvas::new(WIDTH);
    let ratio = |s: &ScenarioResult| number::mean(s.metrics.get(COLD_START_RATIO));
    let drawn = frame::choice(results, (0..results.scenarios.len()).collect(), BARS);
    let how = format!(
        "{}{}",
        frame::intervals(results),
        frame::chosen(results, drawn.len())
    );
    let mut y = frame::head(&mut canvas, results, SUBJECT, how.trim_start());
    let shown: Vec<&ScenarioResult> = drawn.iter().map(|i| &results.scenarios[*i]).collect();
    if !shown.iter().any(|s| ratio(s).is_some()) {
        return frame::nothing(canvas, results, y, SUBJECT);
    }
    y = legend(&mut canvas, &shown, y + 6.0) + 8.0;

    let all_names = frame::names(results);
    let names: Vec<&str> = drawn.iter().map(|i| all_names[*i].as_str()).collect();
    let row = if names.len() <= 24 { 30.0 } else { 19.0 };
    let label = Pen::new(if row > 20.0 { 13.0 } else { 11.5 }, INK).at(Anchor::End);
    let value = Pen::new(label.size, SOFT_INK).bold();
    let values: Vec<String> = shown.iter().map(|s| value_text(s)).collect();
    let name_width = names
        .iter()
        .map(|name| label.width(name))
        .fold(0.0, f64::max);
    let value_width = values
        .iter()
        .map(|text| value.width(text))
        .fold(0.0, f64::max);
    let left = MARGIN + name_width.min(300.0) + 12.0;
    let right = WIDTH - MARGIN - value_width.min(300.0) - 14.0;
    let top = shown.iter().filter_map(|s| {
        let high = s.metrics.get(COLD_START_RATIO).ci95.map_or(0.0, |ci| ci.1);
        Some(drawable(ratio(s)?)?.max(drawable(high)?) * 100.0)
    });
    let scale = Scale::from_zero(top.fold(0.0, f64::max), left, right);
    let bottom = y + row * names.len() as f64 + 4.0;
    axis(&mut canvas, &scale, y, bottom);
    for (i, scenario) in shown.iter().enumerate() {
        let middle = y + row * (i as f64 + 0.5);
        let base = middle + label.size * 0.36;
        canvas.text_of(
            left - 10.0,
            base,
            label,
            &label.fit_name(names[i], 300.0),
            names[i],
        );
        let end = bar(&mut canvas, scenario, &scale, (middle, row * 0.62));
        canvas.text(end + 9.0, base, value.rim(), &value.fit(&values[i], 300.0));
    }
    canvas.line((left, y), (left, bottom), FAINT_INK, 1.0);
    frame::finish(canvas, results, bottom + 44.0, SUBJECT)
}

fn value_text(scenario: &ScenarioResult) -> String {
    number::shown(scenario.metrics.get(COLD_START_RATIO), 100.0).map_or_else(
        || number::NONE.to_owned(),
        |shown| format!("{} %", shown.text()),
    )
}

/// Share of each cause in all cold starts of a scenario; empty where causes are not known.
fn shares(scenario: &ScenarioResult) -> Vec<(f64, &'static str)> {
    let of = |metric| {
        let count = number::mean(scenario.metrics.get(metric)).and_then(drawable);
        count.unwrap_or(0.0).max(0.0)
    };
    let sum: f64 = CAUSES.iter().map(|(metric, _, _)| of(*metric)).sum();
    if sum <= 0.0 {
        return Vec::new();
    }
    let causes = CAUSES
        .iter()
        .map(|(metric, _, color)| (of(*metric) / sum, *color));
    causes.filter(|(share, _)| *share > 0.0).collect()
}

/// One line (or more) that names the causes that occur; gives where it ends.
fn legend(canvas: &mut Canvas, shown: &[&ScenarioResult], top: f64) -> f64 {
    let present = |color: &str| {
        let mut all = shown.iter().flat_map(|scenario| shares(scenario));
        all.any(|(_, of)| of == color)
    };
    let pen = Pen::new(12.0, SOFT_INK);
    let (mut x, mut y) = (MARGIN, top);
    let mut any = false;
    for (_, text, color) in CAUSES.iter().filter(|(_, _, color)| present(color)) {
        let needs = 18.0 + pen.width(text) + 18.0;
        if x + needs > WIDTH - MARGIN {
            x = MARGIN;
            y += 20.0;
        }
        canvas.rect((x, y), (12.0, 12.0), color);
        canvas.text(x + 18.0, y + 10.5, pen, text);
        x += needs;
        any = true;
    }
    if any { y + 20.0 } else { top }
}

fn axis(canvas: &mut Canvas, scale: &Scale, top: f64, bottom: f64) {
    let pen = Pen::new(12.0, SOFT_INK).at(Anchor::Middle);
    for tick in scale.ticks(5) {
        let x = scale.at(tick);
        canvas.line((x, top), (x, bottom), GRID, 1.0);
        let text = format!("{} %", number::significant(tick, 3));
        canvas.text(x, bottom + 17.0, pen, &text);
    }
    let middle = f64::midpoint(scale.at(scale.low()), scale.at(scale.high()));
    let pen = Pen::new(12.5, INK).at(Anchor::Middle);
    canvas.text(
        middle,
        bottom + 38.0,
        pen,
        "cold starts in % of the requests that ran",
    );
}

/// The bar of a scenario with its interval; gives where its drawing ends.
fn bar(
    canvas: &mut Canvas,
    scenario: &ScenarioResult,
    scale: &Scale,
    (middle, height): (f64, f64),
) -> f64 {
    let start = scale.at(0.0);
    let estimate = scenario.metrics.get(COLD_START_RATIO);
    let Some(ratio) = number::mean(estimate).and_then(drawable) else {
        return start;
    };
    let end = scale.at(ratio * 100.0);
    let mut parts = shares(scenario);
    if parts.is_empty() {
        parts.push((1.0, HUES[0]));
    }
    let mut from = start;
    for (share, color) in parts {
        let length = (end - start) * share;
        canvas.rect((from, middle - height / 2.0), (length, height), color);
        from += length;
    }
    let ends = estimate
        .ci95
        .and_then(|(low, high)| Some((drawable(low)?, drawable(high)?)));
    let Some((low, high)) = ends else {
        return end;
    };
    let (low, high) = (scale.at(low * 100.0), scale.at(high * 100.0));
    if high - low < 1.0 {
        return end.max(high);
    }
    // White under dark, so that it shows on any colour of bar.
    canvas.line((low, middle), (high, middle), "#ffffff", 4.0);
    canvas.line((low, middle), (high, middle), INK, 1.6);
    for x in [low, high] {
        canvas.line((x, middle - 4.0), (x, middle + 4.0), INK, 1.6);
    }
    end.max(high)
}
