//! `keep-alive-curve.svg`: what every keep-alive buys, and what it wastes.

use super::canvas::{Anchor, Canvas, Pen};
use super::frame::{self, MARGIN, WIDTH};
use super::place::{Area, Placer};
use super::scale::Scale;
use super::{FAINT_INK, GRID, HUES, INK, PAPER, SOFT_INK, drawable};
use crate::experiment::{CurvePoint, Estimate, Results, ScenarioResult};
use crate::metric::{COLD_START_RATIO, IDLE_GB_S};
use crate::report::number;
use crate::units::Span;

const SUBJECT: &str = "Cold starts against idle memory, for every keep-alive";
/// Keep-alives that have their name at the line, in seconds.
const NAMED_S: [u64; 14] = [
    1, 5, 15, 60, 300, 600, 1200, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400,
];
/// Pixels between the axes and the least value.
const INSET: f64 = 14.0;
/// The same keep-alive on two lines nearer to each other than this many pixels has one name.
const SAME: f64 = 45.0;
const KEEP_ALIVE: Pen = Pen::new(11.0, SOFT_INK).rim();
const NAME: Pen = Pen::new(12.0, INK).bold().rim();

/// One scenario under every keep-alive.
struct Line {
    scenario: usize,
    hue: &'static str,
    points: Vec<Point>,
    /// As it was simulated: mean idle memory in GB, cold-start ratio.
    simulated: Option<(f64, f64)>,
}

struct Point {
    keep_alive: Span,
    /// Mean idle memory in GB.
    idle: f64,
    ratio: f64,
    ratio_ends: Option<(f64, f64)>,
}

/// A line a scenario, from short keep-alives at the upper left to long ones at the lower right, and
/// each scenario where its own keep-alive put it.
pub fn keep_alive_curve(results: &Results) -> String {
    let mut canvas = Canvas::new(WIDTH);
    let lines = lines(results);
    let how = format!(
        "A line is one simulation, told for keep-alives from 1 s to 24 h; a ring is the same \
         scenario as simulated. Nearer to the lower left is better.{}{}",
        band(results, &lines),
        frame::chosen(results, lines.len())
    );
    let top = frame::head(&mut canvas, results, SUBJECT, &how) + 6.0;
    if lines.is_empty() {
        return frame::nothing(canvas, results, top, SUBJECT);
    }
    let names = frame::names(results);
    let top = legend(&mut canvas, &lines, &names, top) + 8.0;
    let plot = Area {
        left: MARGIN + 78.0,
        top,
        right: WIDTH - MARGIN,
        bottom: top + 460.0,
    };
    let idle = all(&lines, |point| point.idle, |simulated| simulated.0);
    let ratio = all(&lines, |point| point.ratio, |simulated| simulated.1);
    // Off the axes, so that a point at zero does not sit on a line.
    let x = Scale::fit(&idle, &[], plot.left + INSET, plot.right);
    let y = Scale::fit(&ratio, &[], plot.bottom - INSET, plot.top);
    axes(&mut canvas, plot, &x, &y);
    for line in &lines {
        draw_line(&mut canvas, line, &x, &y);
    }
    draw_points(&mut canvas, plot, &lines, &names, (&x, &y));
    frame::finish(canvas, results, plot.bottom + 58.0, SUBJECT)
}

/// As many lines as there are hues; none where scenarios are measured for different lengths of
/// time, whose idle time cannot stand on one axis.
fn lines(results: &Results) -> Vec<Line> {
    let Some(duration) = results.duration() else {
        return Vec::new();
    };
    let seconds = duration.secs();
    let with_curve: Vec<usize> = (0..results.scenarios.len())
        .filter(|i| !points(&results.scenarios[*i], seconds).is_empty())
        .collect();
    let shown = frame::choice(results, with_curve, HUES.len());
    let lines = shown.into_iter().zip(HUES).map(|(scenario, hue)| {
        let result = &results.scenarios[scenario];
        let measured = |metric| number::mean(result.metrics.get(metric));
        let simulated = || {
            let idle = drawable(measured(IDLE_GB_S)? / seconds)?;
            Some((idle.max(0.0), share(measured(COLD_START_RATIO)?)?))
        };
        Line {
            scenario,
            hue,
            points: points(result, seconds),
            simulated: simulated(),
        }
    });
    lines.collect()
}

fn points(scenario: &ScenarioResult, seconds: f64) -> Vec<Point> {
    let curve = scenario.keep_alive_curve.as_deref().unwrap_or_default();
    let point = |point: &CurvePoint| {
        Some(Point {
            keep_alive: point.keep_alive,
            idle: drawable(number::mean(point.idle_gb_s)? / seconds)?.max(0.0),
            ratio: share(number::mean(point.cold_start_ratio)?)?,
            ratio_ends: ends(point.cold_start_ratio),
        })
    };
    curve.iter().filter_map(point).collect()
}

/// A ratio that can be drawn; an end of its interval may lie below zero.
fn share(ratio: f64) -> Option<f64> {
    drawable(ratio).map(|ratio| ratio.max(0.0))
}

fn ends(estimate: Estimate) -> Option<(f64, f64)> {
    let (low, high) = estimate.ci95?;
    Some((share(low)?, share(high)?))
}

/// A number of every point and of every scenario as simulated.
fn all(
    lines: &[Line],
    of_point: fn(&Point) -> f64,
    of_simulated: fn((f64, f64)) -> f64,
) -> Vec<f64> {
    let points = lines.iter().flat_map(|line| &line.points).map(of_point);
    let simulated = lines.iter().filter_map(|line| line.simulated);
    points.chain(simulated.map(of_simulated)).collect()
}

/// What the bands are; empty where there are none.
fn band(results: &Results, lines: &[Line]) -> String {
    let mut points = lines.iter().flat_map(|line| &line.points);
    if points.all(|point| point.ratio_ends.is_none()) {
        return String::new();
    }
    let whiskers = frame::intervals(results);
    whiskers.replacen("Whiskers are", " Bands are", 1)
}

/// A sample of each line with its name; gives where it ends.
fn legend(canvas: &mut Canvas, lines: &[Line], names: &[String], top: f64) -> f64 {
    const SAMPLE: f64 = 22.0;
    let pen = Pen::new(12.0, INK);
    let (mut x, mut y) = (MARGIN, top + 10.0);
    for line in lines {
        let whole = &names[line.scenario];
        let text = pen.fit_name(whole, 300.0);
        let wide = SAMPLE + 6.0 + pen.width(&text);
        if x > MARGIN && x + wide > WIDTH - MARGIN {
            (x, y) = (MARGIN, y + 18.0);
        }
        canvas.polyline(&[(x, y - 4.0), (x + SAMPLE, y - 4.0)], line.hue, 2.2, "");
        canvas.text_of(x + SAMPLE + 6.0, y, pen, &text, whole);
        x += wide + 22.0;
    }
    y + 8.0
}

fn axes(canvas: &mut Canvas, plot: Area, x: &Scale, y: &Scale) {
    let pen = Pen::new(12.0, SOFT_INK);
    for tick in y.ticks(6) {
        let at = y.at(tick);
        canvas.line((plot.left, at), (plot.right, at), GRID, 1.0);
        let text = number::percent(tick);
        canvas.text(plot.left - 8.0, at + 4.0, pen.at(Anchor::End), &text);
    }
    let mut free_from = f64::NEG_INFINITY;
    for tick in x.ticks(7) {
        let at = x.at(tick);
        canvas.line((at, plot.top), (at, plot.bottom), GRID, 1.0);
        let text = number::significant(tick, 3);
        let half = pen.width(&text) / 2.0;
        if at - half > free_from && at + half <= WIDTH - 4.0 {
            canvas.text(at, plot.bottom + 18.0, pen.at(Anchor::Middle), &text);
            free_from = at + half + 6.0;
        }
    }
    let corner = (plot.left, plot.bottom);
    canvas.line(corner, (plot.right, plot.bottom), FAINT_INK, 1.0);
    canvas.line((plot.left, plot.top), corner, FAINT_INK, 1.0);
    let log = |scale: &Scale| if scale.is_log() { ", log scale" } else { "" };
    let pen = Pen::new(12.5, INK).at(Anchor::Middle);
    let middle = f64::midpoint(plot.left, plot.right);
    let text = format!("idle memory, mean in GB{}", log(x));
    canvas.text(middle, plot.bottom + 40.0, pen, &text);
    let middle = f64::midpoint(plot.top, plot.bottom);
    let text = format!("cold starts per request{}", log(y));
    canvas.text_upwards(MARGIN + 4.0, middle, pen, &text);
}

fn draw_line(canvas: &mut Canvas, line: &Line, x: &Scale, y: &Scale) {
    let with_ends = || {
        let points = line.points.iter();
        points.filter_map(|point| Some((x.at(point.idle), point.ratio_ends?)))
    };
    let mut band: Vec<(f64, f64)> = with_ends().map(|(at, ends)| (at, y.at(ends.1))).collect();
    let mut below: Vec<(f64, f64)> = with_ends().map(|(at, ends)| (at, y.at(ends.0))).collect();
    below.reverse();
    band.append(&mut below);
    canvas.polygon(&band, line.hue, 0.12);
    let trace: Vec<(f64, f64)> = line.points.iter().map(|p| at(p, x, y)).collect();
    canvas.polyline(&trace, line.hue, 2.0, "");
}

fn at(point: &Point, x: &Scale, y: &Scale) -> (f64, f64) {
    (x.at(point.idle), y.at(point.ratio))
}

/// Dots, rings over them, and their names.
fn draw_points(
    canvas: &mut Canvas,
    plot: Area,
    lines: &[Line],
    names: &[String],
    (x, y): (&Scale, &Scale),
) {
    let dots: Vec<Vec<&Point>> = lines
        .iter()
        .map(|line| {
            let points = line.points.iter();
            points.filter(|p| is_named(p.keep_alive)).collect()
        })
        .collect();
    for (line, dots) in lines.iter().zip(&dots) {
        for dot in dots {
            let tip = tip(&names[line.scenario], &dot.keep_alive.to_string(), dot);
            canvas.disc(at(dot, x, y), 4.0, line.hue, &tip);
        }
    }
    for line in lines {
        if let Some((idle, ratio)) = line.simulated {
            let ring = (x.at(idle), y.at(ratio));
            let name = &names[line.scenario];
            canvas.disc(ring, 8.0, line.hue, &format!("{name}, as simulated"));
            canvas.disc(ring, 5.0, PAPER, &format!("{name}, as simulated"));
        }
    }
    draw_names(canvas, plot, lines, names, (x, y), &dots);
}

/// As many names as find room: scenarios first, then keep-alives, line by line.
fn draw_names(
    canvas: &mut Canvas,
    plot: Area,
    lines: &[Line],
    names: &[String],
    (x, y): (&Scale, &Scale),
    dots: &[Vec<&Point>],
) {
    let rings = || {
        lines.iter().filter_map(|line| {
            let (idle, ratio) = line.simulated?;
            Some((line.scenario, (x.at(idle), y.at(ratio))))
        })
    };
    let mut points: Vec<(f64, f64)> = dots.iter().flatten().map(|dot| at(dot, x, y)).collect();
    points.extend(rings().map(|(_, ring)| ring));
    let inner = Area {
        left: plot.left + 3.0,
        top: plot.top + 2.0,
        right: plot.right - 2.0,
        bottom: plot.bottom - 3.0,
    };
    let mut placer = Placer::new(inner, points, segments(lines, x, y));
    for (scenario, ring) in rings() {
        label(canvas, &mut placer, ring, NAME, &names[scenario]);
    }
    let mut told: Vec<(Span, (f64, f64))> = Vec::new();
    for dot in dots.iter().flatten() {
        let (keep_alive, at) = (dot.keep_alive, at(dot, x, y));
        // Lines that run together need the name once.
        let near = |(other, there): &(Span, (f64, f64))| {
            *other == keep_alive && (at.0 - there.0).hypot(at.1 - there.1) < SAME
        };
        if !told.iter().any(near) {
            told.push((keep_alive, at));
            label(canvas, &mut placer, at, KEEP_ALIVE, &keep_alive.to_string());
        }
    }
}

fn is_named(keep_alive: Span) -> bool {
    NAMED_S.map(Span::from_whole_secs).contains(&keep_alive)
}

fn tip(scenario: &str, keep_alive: &str, point: &Point) -> String {
    format!(
        "{scenario}, keep-alive {keep_alive}: {} cold, {} GB idle",
        number::percent(point.ratio),
        number::significant(point.idle, 3)
    )
}

/// What the lines cover, for labels to keep off.
fn segments(lines: &[Line], x: &Scale, y: &Scale) -> Vec<Area> {
    let of_line = |line: &Line| -> Vec<Area> {
        let pairs = line.points.windows(2);
        pairs
            .map(|pair| Area::of_line(at(&pair[0], x, y), at(&pair[1], x, y)))
            .collect()
    };
    lines.iter().flat_map(of_line).collect()
}

/// Writes a name beside its point, where it finds room.
fn label(canvas: &mut Canvas, placer: &mut Placer, point: (f64, f64), pen: Pen, whole: &str) {
    let text = pen.fit_name(whole, 220.0);
    let Some(spot) = placer.place(point, pen.width(&text), pen.size + 2.0) else {
        return;
    };
    if let Some(end) = spot.leader {
        canvas.line(point, end, FAINT_INK, 0.8);
    }
    let area = spot.area;
    let (x, anchor) = match spot.facing {
        -1 => (area.left, Anchor::Start),
        1 => (area.right, Anchor::End),
        _ => (f64::midpoint(area.left, area.right), Anchor::Middle),
    };
    let y = f64::midpoint(area.top, area.bottom) + pen.size * 0.35;
    canvas.text_of(x, y, pen.at(anchor), &text, whole);
}
