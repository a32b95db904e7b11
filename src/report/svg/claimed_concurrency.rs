//! `claimed-concurrency.svg`: what accounts claim of their quota over time, a panel a scenario.

use super::canvas::{Anchor, Canvas, Pen};
use super::frame::{self, MARGIN, WIDTH};
use super::place::Area;
use super::scale::Scale;
use super::timeline::{push_step, time_axis};
use super::{GRID, HUES, INK, SOFT_INK, drawable};
use crate::experiment::{ClaimedLine, Results, Timeline};
use crate::report::number;

const SUBJECT: &str = "Claimed concurrency over time";
/// More panels than this are not looked at.
const PANELS: usize = 24;
/// A quota above so many times the peak would press the curve flat: it is told, not drawn.
const FAR: f64 = 8.0;
/// Colour of the quota.
const QUOTA: &str = "#b42318";
/// How counts are written beside an axis, and room for them.
const TICK: Pen = Pen::new(11.0, SOFT_INK);
const TICKS_WIDE: f64 = 46.0;

/// What each account claims, the most in each step, under its quota; `None` where no scenario has
/// measured it.
pub fn claimed_concurrency(results: &Results) -> Option<String> {
    let has = |i: &usize| {
        let timeline = &results.scenarios[*i].timeline;
        let drawn = timeline.claimed.iter().any(|line| !line.points.is_empty());
        drawn && !timeline.step.is_zero()
    };
    let all: Vec<usize> = (0..results.scenarios.len()).filter(has).collect();
    if all.is_empty() {
        return None;
    }
    let panels = frame::choice(results, all, PANELS);
    let mut canvas = Canvas::new(WIDTH);
    let how = format!(
        "The most at once in each step of the first replication: unreserved requests in flight, all \
         that is reserved, provisioned capacity besides; the quota dashed.{}",
        frame::chosen(results, panels.len())
    );
    let top = frame::head(&mut canvas, results, SUBJECT, &how) + 4.0;
    let top = legend(&mut canvas, results, &panels, top);
    let columns: usize = if panels.len() <= 3 { 1 } else { 2 };
    let height = if panels.len() == 1 { 320.0 } else { 160.0 };
    let wide = (WIDTH - 2.0 * MARGIN + 16.0) / columns as f64;
    let names = frame::names(results);
    let mut bottom = top;
    for (k, &i) in panels.iter().enumerate() {
        let (column, row) = (k % columns, k / columns);
        let plot_top = top + 24.0 + row as f64 * (height + 58.0);
        let plot = Area {
            left: MARGIN + 14.0 + TICKS_WIDE + column as f64 * wide,
            top: plot_top,
            right: MARGIN + (column + 1) as f64 * wide - 16.0,
            bottom: plot_top + height,
        };
        panel(&mut canvas, plot, &results.scenarios[i].timeline, &names[i]);
        bottom = plot.bottom + 38.0;
    }
    Some(frame::finish(canvas, results, bottom, SUBJECT))
}

/// Names of accounts with their colours, where there are several.
fn legend(canvas: &mut Canvas, results: &Results, panels: &[usize], top: f64) -> f64 {
    let lines = |i: &usize| &results.scenarios[*i].timeline.claimed;
    let Some(most) = panels.iter().map(lines).max_by_key(|lines| lines.len()) else {
        return top;
    };
    if most.len() < 2 {
        return top;
    }
    let pen = Pen::new(12.0, SOFT_INK);
    let mut x = MARGIN;
    for (line, color) in most.iter().zip(HUES.iter().cycle()) {
        let name = pen.fit_name(&line.account, 160.0);
        let end = x + 18.0 + pen.width(&name);
        if end > WIDTH - MARGIN {
            break;
        }
        canvas.rect((x, top), (12.0, 12.0), color);
        canvas.text_of(x + 18.0, top + 10.5, pen, &name, &line.account);
        x = end + 20.0;
    }
    top + 20.0
}

fn peak(line: &ClaimedLine) -> f64 {
    let most = line.points.iter().filter_map(|point| drawable(point.most));
    most.fold(0.0, f64::max)
}

fn panel(canvas: &mut Canvas, plot: Area, timeline: &Timeline, name: &str) {
    let most = timeline.claimed.iter().map(peak).fold(0.0, f64::max);
    let quotas = timeline.claimed.iter().filter_map(|line| line.quota);
    let mut quotas: Vec<f64> = quotas.map(f64::from).collect();
    quotas.sort_by(f64::total_cmp);
    quotas.dedup();
    let near = |quota: &f64| *quota <= FAR * most.max(1.0);
    let drawn = quotas.iter().copied().filter(near);
    let top = drawn.fold(most.max(1.0), f64::max);
    let pen = Pen::new(13.0, INK).bold();
    let shown = pen.fit_name(name, plot.right - plot.left);
    canvas.text_of(plot.left, plot.top - 8.0, pen, &shown, name);

    let y = Scale::from_zero(top, plot.bottom, plot.top);
    for tick in y.ticks(4) {
        let at = y.at(tick);
        canvas.line((plot.left, at), (plot.right, at), GRID, 1.0);
        let text = TICK.fit(&number::significant(tick, 3), TICKS_WIDE);
        canvas.text(plot.left - 6.0, at + 4.0, TICK.at(Anchor::End), &text);
    }
    let points = timeline.claimed.iter().map(|line| line.points.len()).max();
    let length = timeline.step.secs() * points.unwrap_or(0).max(1) as f64;
    let pixels = plot.right - plot.left;
    let x = |seconds: f64| plot.left + pixels * (seconds / length).clamp(0.0, 1.0);
    let warm = x(timeline.measured_from.secs());
    if warm > plot.left {
        let corners = [
            (plot.left, plot.top),
            (warm, plot.top),
            (warm, plot.bottom),
            (plot.left, plot.bottom),
        ];
        canvas.polygon(&corners, "#7b8794", 0.16);
    }
    for (line, color) in timeline.claimed.iter().zip(HUES.iter().cycle()) {
        let mut path = Vec::new();
        for (i, point) in line.points.iter().enumerate() {
            let begins = timeline.step.secs() * i as f64;
            let (from, to) = (x(begins), x(begins + timeline.step.secs()));
            push_step(
                &mut path,
                from,
                to,
                y.at(drawable(point.most).unwrap_or(0.0)),
            );
        }
        canvas.polyline(&path, color, 1.6, "");
    }
    let pen = Pen::new(11.0, QUOTA).rim().at(Anchor::End);
    for quota in quotas {
        let text = format!("quota {}", number::significant(quota, 6));
        if near(&quota) {
            let at = y.at(quota);
            let ends = [(plot.left, at), (plot.right, at)];
            canvas.polyline(&ends, QUOTA, 1.2, "5 4");
            canvas.text(plot.right, at + 12.0, pen, &text);
        } else {
            let text = format!("{text}, far above");
            canvas.text(plot.right, plot.top + 10.0, pen, &text);
        }
    }
    time_axis(canvas, plot, length, &x);
}
