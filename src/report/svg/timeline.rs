//! `timeline.svg`: how many instances there are over time, by state, a panel a scenario.

use super::canvas::{Anchor, Canvas, Pen};
use super::frame::{self, MARGIN, WIDTH};
use super::place::Area;
use super::scale::{Scale, multiples};
use super::{FAINT_INK, GRID, INK, SOFT_INK, drawable};
use crate::experiment::{Results, Timeline, TimelinePoint};
use crate::report::number;

const SUBJECT: &str = "Instances over time";
/// More panels than this are not looked at.
const PANELS: usize = 24;
/// Above this ratio of the peaks each panel has its own scale.
const SPREAD: f64 = 12.0;

/// How counts are written beside an axis, and how far from it.
const TICK: Pen = Pen::new(11.0, SOFT_INK);
const TICK_GAP: f64 = 6.0;

/// Reads the instances of one state.
type Count = fn(&TimelinePoint) -> f64;

/// States from the bottom up, with their colours.
const STATES: [(&str, &str, Count); 3] = [
    ("busy", "#0072b2", |point| point.busy),
    ("starting", "#d55e00", |point| point.starting),
    ("idle", "#b9d7ea", |point| point.idle),
];

/// Starting, busy and idle instances as stacked areas, the warm-up shaded.
pub fn timeline(results: &Results) -> String {
    let mut canvas = Canvas::new(WIDTH);
    let panels = panels(results);
    let peak = |i: &usize| peak(&results.scenarios[*i].timeline);
    let most = panels.iter().map(peak).fold(0.0, f64::max);
    let least = panels
        .iter()
        .map(peak)
        .filter(|p| *p > 0.0)
        .fold(f64::INFINITY, f64::min);
    // Without any instance at all the ratio is zero.
    let shared = most / least <= SPREAD;
    let how = format!(
        "By state, stacked, in the first replication; before measuring began, grey.{}{}",
        if shared {
            ""
        } else {
            " Each panel has its own scale."
        },
        frame::chosen(results, panels.len())
    );
    let top = frame::head(&mut canvas, results, SUBJECT, &how) + 4.0;
    if panels.is_empty() {
        return frame::nothing(canvas, results, top, SUBJECT);
    }
    let top = legend(&mut canvas, top) + 6.0;

    let columns = match panels.len() {
        1..=3 => 1,
        4..=10 => 2,
        _ => 3,
    };
    let height = match panels.len() {
        1 => 320.0,
        2..=3 => 170.0,
        4..=10 => 140.0,
        _ => 110.0,
    };
    let wide = (WIDTH - 2.0 * MARGIN + 16.0) / f64::from(columns);
    let tops = panels.iter().map(|i| if shared { most } else { peak(i) });
    let ticks = tops.map(|top| widest_tick(top, height)).fold(0.0, f64::max);
    let names = frame::names(results);
    let mut bottom = top;
    for (k, &i) in panels.iter().enumerate() {
        let (column, row) = (k % columns as usize, k / columns as usize);
        let left = MARGIN + 14.0 + ticks + TICK_GAP + column as f64 * wide;
        let plot_top = top + 24.0 + row as f64 * (height + 58.0);
        let plot = Area {
            left,
            top: plot_top,
            right: MARGIN + (column + 1) as f64 * wide - 16.0,
            bottom: plot_top + height,
        };
        let timeline = &results.scenarios[i].timeline;
        let scale_top = if shared { most } else { peak(&i) };
        panel(&mut canvas, plot, timeline, scale_top, &names[i]);
        bottom = plot.bottom + 38.0;
    }
    frame::finish(canvas, results, bottom, SUBJECT)
}

/// Scenarios that have a timeline, in the order of the file; a choice of them where too many.
fn panels(results: &Results) -> Vec<usize> {
    let drawable = |i: &usize| {
        let timeline = &results.scenarios[*i].timeline;
        !timeline.points.is_empty() && !timeline.step.is_zero()
    };
    let all = (0..results.scenarios.len()).filter(drawable).collect();
    frame::choice(results, all, PANELS)
}

/// Instances in a state; never less than none.
fn count(of: Count, point: &TimelinePoint) -> f64 {
    drawable(of(point)).unwrap_or(0.0).max(0.0)
}

fn total(point: &TimelinePoint) -> f64 {
    STATES.iter().map(|(_, _, of)| count(*of, point)).sum()
}

fn peak(timeline: &Timeline) -> f64 {
    timeline.points.iter().map(total).fold(0.0, f64::max)
}

fn legend(canvas: &mut Canvas, top: f64) -> f64 {
    let pen = Pen::new(12.0, SOFT_INK);
    let mut x = MARGIN;
    for (name, color, _) in STATES {
        canvas.rect((x, top), (12.0, 12.0), color);
        canvas.text(x + 18.0, top + 10.5, pen, name);
        x += 18.0 + pen.width(name) + 20.0;
    }
    top + 14.0
}

/// Counts to mark on an axis of this height, with what is written there.
fn ticks(y: &Scale, height: f64) -> Vec<(f64, String)> {
    let ticks = y.ticks(if height > 200.0 { 6 } else { 3 });
    let text = |tick: f64| TICK.fit(&number::significant(tick, 2), 54.0);
    ticks.into_iter().map(|tick| (tick, text(tick))).collect()
}

fn widest_tick(top: f64, height: f64) -> f64 {
    let y = Scale::from_zero(top, height, 0.0);
    let widths = ticks(&y, height)
        .into_iter()
        .map(|(_, text)| TICK.width(&text));
    widths.fold(0.0, f64::max)
}

fn panel(canvas: &mut Canvas, plot: Area, timeline: &Timeline, top: f64, name: &str) {
    let pen = Pen::new(11.0, SOFT_INK);
    let middle = f64::midpoint(plot.top, plot.bottom);
    let beside = plot.left - TICK_GAP - widest_tick(top, plot.bottom - plot.top) - 6.0;
    canvas.text_upwards(beside, middle, pen, "instances");
    let pen = Pen::new(13.0, INK).bold();
    let shown = pen.fit_name(name, plot.right - plot.left);
    canvas.text_of(plot.left, plot.top - 8.0, pen, &shown, name);

    let y = Scale::from_zero(top, plot.bottom, plot.top);
    let pen = TICK;
    for (tick, text) in ticks(&y, plot.bottom - plot.top) {
        canvas.line((plot.left, y.at(tick)), (plot.right, y.at(tick)), GRID, 1.0);
        canvas.text(
            plot.left - TICK_GAP,
            y.at(tick) + 4.0,
            pen.at(Anchor::End),
            &text,
        );
    }

    let length = timeline.step.secs() * timeline.points.len() as f64;
    let pixels = plot.right - plot.left;
    let x = |seconds: f64| plot.left + pixels * (seconds / length).clamp(0.0, 1.0);
    areas(canvas, plot, timeline, &y);
    let warm = x(timeline.measured_from.secs());
    if warm > plot.left {
        // Over the areas: what it covers was simulated, but not measured.
        let size = (warm - plot.left, plot.bottom - plot.top);
        let corners = [
            (plot.left, plot.top),
            (warm, plot.top),
            (warm, plot.bottom),
            (plot.left, plot.bottom),
        ];
        canvas.polygon(&corners, "#7b8794", 0.28);
        if size.0 > 56.0 {
            let pen = Pen::new(10.5, SOFT_INK).rim();
            canvas.text(plot.left + 4.0, plot.top + 12.0, pen, "warm-up");
        }
    }
    time_axis(canvas, plot, length, &x);
}

/// The stacked areas, at most one step a pixel.
fn areas(canvas: &mut Canvas, plot: Area, timeline: &Timeline, y: &Scale) {
    let pixels = plot.right - plot.left;
    let points = &timeline.points;
    let group = points.len().div_ceil(pixels.max(1.0) as usize).max(1);
    let groups: Vec<&[TimelinePoint]> = points.chunks(group).collect();
    let x = |i: usize| plot.left + pixels * ((i * group) as f64 / points.len() as f64).min(1.0);
    let mut base = vec![0.0; groups.len()];
    for (_, color, of) in STATES {
        let mut outline: Vec<(f64, f64)> = Vec::new();
        let mut lower: Vec<(f64, f64)> = Vec::new();
        let mut any = false;
        for (i, group) in groups.iter().enumerate() {
            let sum: f64 = group.iter().map(|point| count(of, point)).sum();
            let mean = sum / group.len() as f64;
            any |= mean > 0.0;
            let (from, to) = (x(i), x(i + 1));
            push_step(&mut lower, from, to, y.at(base[i]));
            base[i] += mean;
            push_step(&mut outline, from, to, y.at(base[i]));
        }
        if any {
            outline.extend(lower.into_iter().rev());
            canvas.polygon(&outline, color, 1.0);
        }
    }
}

/// Adds a level stretch; one that goes on at the same height lengthens the last.
pub(super) fn push_step(points: &mut Vec<(f64, f64)>, from: f64, to: f64, y: f64) {
    match points.last_mut() {
        Some(last) if (last.1 - y).abs() < 0.01 => last.0 = to,
        _ => points.extend([(from, y), (to, y)]),
    }
}

/// The axis of time below a plot of so many seconds.
pub(super) fn time_axis(canvas: &mut Canvas, plot: Area, length: f64, x: &dyn Fn(f64) -> f64) {
    // Steps that clocks and calendars know, in seconds.
    const STEPS: [f64; 22] = [
        0.001,
        0.01,
        0.1,
        0.2,
        0.5,
        1.0,
        2.0,
        5.0,
        10.0,
        30.0,
        60.0,
        300.0,
        600.0,
        1800.0,
        3600.0,
        10_800.0,
        21_600.0,
        43_200.0,
        86_400.0,
        172_800.0,
        604_800.0,
        2_592_000.0,
    ];
    const UNITS: [(f64, &str); 4] = [(86_400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s")];
    let room = ((plot.right - plot.left) / 58.0).floor().max(2.0);
    // From three days on people count days, however much room there is.
    let least = if length >= 3.0 * 86_400.0 {
        86_400.0
    } else {
        0.0
    };
    let step = STEPS
        .into_iter()
        .find(|step| *step >= least && length / step <= room);
    let step = step.unwrap_or_else(|| (length / room / 2_592_000.0).ceil() * 2_592_000.0);
    let unit = UNITS.into_iter().find(|(size, _)| step >= *size);
    let (size, unit) = unit.unwrap_or((0.001, "ms"));
    canvas.line(
        (plot.left, plot.bottom),
        (plot.right, plot.bottom),
        FAINT_INK,
        1.0,
    );
    let pen = Pen::new(11.0, SOFT_INK).at(Anchor::Middle);
    for tick in multiples(step, 0.0, length) {
        let at = x(tick);
        canvas.line((at, plot.bottom), (at, plot.bottom + 4.0), FAINT_INK, 1.0);
        let text = format!("{} {unit}", number::significant(tick / size, 3));
        canvas.text(at, plot.bottom + 17.0, pen, &text);
    }
}
