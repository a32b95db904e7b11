//! `frontier.svg`: cost against tail latency or another measure, and which scenarios nobody beats.

use super::canvas::{Anchor, Canvas, Pen};
use super::frame::{self, MARGIN, WIDTH};
use super::place::{Area, Placer, Spot};
use super::scale::Scale;
use super::{FAINT_INK, GRID, HUES, INK, PAPER, SOFT_INK, drawable};
use crate::experiment::{Estimate, Results};
use crate::metric::{COST_USD_PER_MONTH, LATENCY_MS_P99, MetricId};
use crate::report::{frontier as pareto, number};

const MEMBER: &str = HUES[0];
const LINE: &str = "#8cbfe3";
const BEATEN: &str = "#7b8794";
const GOAL: &str = HUES[1];
/// Points whose names are tried to place, members first.
const TRIED: usize = 150;
/// Lines of the key at most.
const KEYED: usize = 90;
/// Pixels between the axes and the least value.
const INSET: f64 = 14.0;
/// Scenarios nearer to each other than this many pixels are one point.
const SAME: f64 = 1.5;
/// Stands between their names.
const SAME_AS: &str = " = ";
const LABEL: Pen = Pen::new(12.0, SOFT_INK).rim();

struct Point {
    scenario: usize,
    cost: f64,
    p99: f64,
    cost_ends: Option<(f64, f64)>,
    p99_ends: Option<(f64, f64)>,
    member: bool,
}

/// What cost is drawn against, in words.
fn name_of(metric: MetricId) -> String {
    if metric == LATENCY_MS_P99 {
        return "99th-percentile latency".to_owned();
    }
    metric.metric().name.replace('_', " ")
}

/// A value of the measure, with its unit.
fn value_text(metric: MetricId, value: f64) -> String {
    let name = metric.metric().name;
    if name.contains("_ms_") {
        number::time_ms(value)
    } else if name.ends_with("_ratio") {
        number::percent(value)
    } else {
        number::significant(value, 3)
    }
}

/// Every scenario as a point with its intervals, the frontier as a step line.
pub fn frontier(results: &Results) -> String {
    frontier_of(results, LATENCY_MS_P99, &[])
}

/// The same for another measure of which less is better, with the bounds of its goals.
pub fn frontier_of(results: &Results, metric: MetricId, bounds: &[f64]) -> String {
    let mut canvas = Canvas::new(WIDTH);
    let better = if metric == LATENCY_MS_P99 {
        "faster"
    } else {
        "better"
    };
    let how = format!(
        "Nearer to the lower left is better; no scenario is both cheaper and {better} than one on \
         the line. {}",
        frame::intervals(results)
    );
    let subject = &format!("Cost a month against {}", name_of(metric));
    let top = frame::head(&mut canvas, results, subject, &how) + 8.0;
    let points = points(results, metric);
    if points.is_empty() {
        return frame::nothing(canvas, results, top, subject);
    }
    let plot = Area {
        left: MARGIN + 78.0,
        top,
        right: WIDTH - MARGIN,
        bottom: top + 460.0,
    };
    let costs: Vec<f64> = points.iter().map(|p| p.cost).collect();
    let p99s: Vec<f64> = points.iter().map(|p| p.p99).collect();
    let bounds: Vec<f64> = bounds.iter().filter_map(|bound| drawable(*bound)).collect();
    let ends = |of: fn(&Point) -> Option<(f64, f64)>| {
        let pairs = points.iter().filter_map(of);
        pairs
            .flat_map(|(low, high)| [low, high])
            .collect::<Vec<f64>>()
    };
    // Off the axes, so that a point at zero does not sit on a line.
    let x = Scale::fit(
        &costs,
        &ends(|p| p.cost_ends),
        plot.left + INSET,
        plot.right,
    );
    let reach = [ends(|p| p.p99_ends), bounds.clone()].concat();
    let y = Scale::fit(&p99s, &reach, plot.bottom - INSET, plot.top);
    axes(&mut canvas, plot, metric, (&x, &y));
    for bound in bounds {
        let at = y.at(bound);
        let ends = [(plot.left, at), (plot.right, at)];
        canvas.polyline(&ends, GOAL, 1.5, "6 4");
        let text = format!("goal: {}", value_text(metric, bound));
        let pen = Pen::new(11.0, GOAL).at(Anchor::End).rim();
        canvas.text(plot.right - 4.0, at - 4.0, pen, &text);
    }
    let steps = draw_frontier(&mut canvas, plot, &points, &x, &y);
    let mut lines: Vec<Area> = steps
        .windows(2)
        .map(|w| Area::of_line(w[0], w[1]))
        .collect();
    for point in &points {
        lines.extend(draw_intervals(&mut canvas, point, &x, &y));
    }
    let drawing = (metric, &points[..]);
    let bottom = draw_points(&mut canvas, results, plot, drawing, (&x, &y), lines);
    frame::finish(canvas, results, bottom, subject)
}

fn points(results: &Results, metric: MetricId) -> Vec<Point> {
    let members = pareto::frontier_of(results, metric);
    let ends = |estimate: Estimate| {
        let (low, high) = estimate.ci95?;
        Some((drawable(low)?, drawable(high)?))
    };
    let scenarios = results.scenarios.iter().enumerate();
    scenarios
        .filter_map(|(scenario, s)| {
            let (cost, p99) = pareto::point_of(s, metric)?;
            Some(Point {
                scenario,
                cost: drawable(cost)?.max(0.0),
                p99: drawable(p99)?.max(0.0),
                cost_ends: ends(s.metrics.get(COST_USD_PER_MONTH)),
                p99_ends: ends(s.metrics.get(metric)),
                member: members.contains(&scenario),
            })
        })
        .collect()
}

fn axes(canvas: &mut Canvas, plot: Area, metric: MetricId, (x, y): (&Scale, &Scale)) {
    let pen = Pen::new(12.0, SOFT_INK);
    for tick in y.ticks(6) {
        let at = y.at(tick);
        canvas.line((plot.left, at), (plot.right, at), GRID, 1.0);
        canvas.text(
            plot.left - 8.0,
            at + 4.0,
            pen.at(Anchor::End),
            &value_text(metric, tick),
        );
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
    canvas.line(
        (plot.left, plot.bottom),
        (plot.right, plot.bottom),
        FAINT_INK,
        1.0,
    );
    canvas.line(
        (plot.left, plot.top),
        (plot.left, plot.bottom),
        FAINT_INK,
        1.0,
    );
    let log = |scale: &Scale| if scale.is_log() { ", log scale" } else { "" };
    let pen = Pen::new(12.5, INK).at(Anchor::Middle);
    let middle = f64::midpoint(plot.left, plot.right);
    let text = format!("cost a month in USD{}", log(x));
    canvas.text(middle, plot.bottom + 40.0, pen, &text);
    let text = format!("{}{}", name_of(metric), log(y));
    canvas.text_upwards(
        MARGIN + 4.0,
        f64::midpoint(plot.top, plot.bottom),
        pen,
        &text,
    );
}

/// The step line and the region that it beats; gives the corners of the line.
fn draw_frontier(
    canvas: &mut Canvas,
    plot: Area,
    points: &[Point],
    x: &Scale,
    y: &Scale,
) -> Vec<(f64, f64)> {
    let mut members: Vec<&Point> = points.iter().filter(|p| p.member).collect();
    members.sort_by(|a, b| a.cost.total_cmp(&b.cost).then(a.p99.total_cmp(&b.p99)));
    let mut steps: Vec<(f64, f64)> = Vec::new();
    for member in members {
        let at = (x.at(member.cost), y.at(member.p99));
        // Between two members: as dear as the next and as slow as the last one is still beaten.
        let before = steps.last().map_or(plot.top, |last| last.1);
        steps.push((at.0, before));
        steps.push(at);
    }
    if let Some(last) = steps.last().copied() {
        steps.push((plot.right, last.1));
    }
    let mut region = steps.clone();
    region.push((plot.right, plot.top));
    canvas.polygon(&region, MEMBER, 0.05);
    canvas.polyline(&steps, LINE, 2.0, "");
    steps
}

/// The intervals of a point as two thin bars; gives the areas that they cover.
fn draw_intervals(canvas: &mut Canvas, point: &Point, x: &Scale, y: &Scale) -> Vec<Area> {
    let at = (x.at(point.cost), y.at(point.p99));
    let color = if point.member { MEMBER } else { FAINT_INK };
    // Each with the direction of its caps, which tell an interval from the line of the frontier.
    let mut bars = Vec::new();
    if let Some((low, high)) = point.cost_ends {
        bars.push(((x.at(low), at.1), (x.at(high), at.1), (0.0, 3.5)));
    }
    if let Some((low, high)) = point.p99_ends {
        bars.push(((at.0, y.at(low)), (at.0, y.at(high)), (3.5, 0.0)));
    }
    for (from, to, (dx, dy)) in &bars {
        canvas.line(*from, *to, color, 1.5);
        for end in [from, to] {
            canvas.line(
                (end.0 - dx, end.1 - dy),
                (end.0 + dx, end.1 + dy),
                color,
                1.5,
            );
        }
    }
    bars.iter()
        .map(|(from, to, _)| Area::of_line(*from, *to))
        .collect()
}

/// A name or number that found its place.
struct Label {
    at: (f64, f64),
    pen: Pen,
    text: String,
    /// What it was before it was cut short or numbered.
    whole: String,
    spot: Spot,
}

/// A point whose name found no place, its name and its number in the key.
type Numbered<'a> = (&'a Point, String, usize);

/// Points and labels; those without room get a number and a line in the key below. Gives where
/// the picture ends.
fn draw_points(
    canvas: &mut Canvas,
    results: &Results,
    plot: Area,
    (metric, points): (MetricId, &[Point]),
    (x, y): (&Scale, &Scale),
    lines: Vec<Area>,
) -> f64 {
    let names = frame::names(results);
    let at = |point: &Point| (x.at(point.cost), y.at(point.p99));
    let inner = Area {
        left: plot.left + 3.0,
        top: plot.top + 2.0,
        right: plot.right - 2.0,
        bottom: plot.bottom - 3.0,
    };
    let mut placer = Placer::new(inner, points.iter().map(at).collect(), lines);
    let mut order: Vec<&Point> = points.iter().collect();
    order.sort_by_key(|p| (!p.member, p.scenario));
    let (mut labels, numbered) = place_names(&mut placer, joined(&order, &names, &at), &at);
    let inside = place_numbers(&mut placer, &numbered, &mut labels, &at);

    for label in &labels {
        if let Some(end) = label.spot.leader {
            canvas.line(label.at, end, FAINT_INK, 0.8);
        }
    }
    // Members last, so that they lie on top.
    for point in order.iter().rev() {
        let (color, radius) = if point.member {
            (MEMBER, 6.0)
        } else {
            (BEATEN, 4.5)
        };
        let tip = tip(&names[point.scenario], metric, point);
        canvas.disc(at(point), radius, color, &tip);
    }
    for ((x, y), text) in &inside {
        let pen = Pen::new(7.5, PAPER).bold().at(Anchor::Middle);
        canvas.text(*x, y + 2.7, pen, text);
    }
    for label in &labels {
        let area = label.spot.area;
        let (x, anchor) = match label.spot.facing {
            -1 => (area.left, Anchor::Start),
            1 => (area.right, Anchor::End),
            _ => (f64::midpoint(area.left, area.right), Anchor::Middle),
        };
        let y = f64::midpoint(area.top, area.bottom) + label.pen.size * 0.35;
        canvas.text_of(x, y, label.pen.at(anchor), &label.text, &label.whole);
    }
    key(canvas, plot.bottom + 62.0, &numbered)
}

/// Names that find a place, and the rest with numbers.
fn place_names<'a>(
    placer: &mut Placer,
    names: Vec<(&'a Point, String)>,
    at: &dyn Fn(&Point) -> (f64, f64),
) -> (Vec<Label>, Vec<Numbered<'a>>) {
    let mut labels = Vec::new();
    let mut numbered: Vec<Numbered<'a>> = Vec::new();
    for (i, (point, whole)) in names.into_iter().enumerate() {
        let color = if point.member { INK } else { SOFT_INK };
        let pen = Pen {
            color,
            bold: point.member,
            ..LABEL
        };
        let room = if whole.contains(SAME_AS) {
            440.0
        } else {
            270.0
        };
        let text = pen.fit_name(&whole, room);
        let at = at(point);
        // Trying costs time for every other point, so that thousands are not tried.
        let spot = if i < TRIED {
            placer.place(at, pen.width(&text), 14.0)
        } else {
            None
        };
        match spot {
            Some(spot) => labels.push(Label {
                at,
                pen,
                text,
                whole,
                spot,
            }),
            None => numbered.push((point, whole, numbered.len() + 1)),
        }
    }
    (labels, numbered)
}

/// A number is small and finds room where a name does not. Gives those that must stand inside
/// their points.
fn place_numbers(
    placer: &mut Placer,
    numbered: &[Numbered<'_>],
    labels: &mut Vec<Label>,
    at: &dyn Fn(&Point) -> (f64, f64),
) -> Vec<((f64, f64), String)> {
    let mut inside = Vec::new();
    for (point, whole, n) in numbered.iter().take(KEYED) {
        let color = if point.member { MEMBER } else { SOFT_INK };
        let pen = Pen::new(10.0, color).bold().rim();
        let text = n.to_string();
        let at = at(point);
        match placer.place(at, pen.width(&text) + 1.0, 10.0) {
            Some(spot) => labels.push(Label {
                at,
                pen,
                text,
                whole: whole.clone(),
                spot,
            }),
            None => inside.push((at, text)),
        }
    }
    inside
}

/// One name for each place: scenarios that coincide share theirs, joined by `=`.
fn joined<'a>(
    order: &[&'a Point],
    names: &[String],
    at: &dyn Fn(&Point) -> (f64, f64),
) -> Vec<(&'a Point, String)> {
    let mut places: Vec<(&Point, String)> = Vec::new();
    for &point in order {
        let (x, y) = at(point);
        let same = places.iter_mut().find(|(other, _)| {
            let (ox, oy) = at(other);
            other.member == point.member && (x - ox).abs() < SAME && (y - oy).abs() < SAME
        });
        match same {
            Some((_, name)) => {
                name.push_str(SAME_AS);
                name.push_str(&names[point.scenario]);
            }
            None => places.push((point, names[point.scenario].clone())),
        }
    }
    places
}

fn tip(name: &str, metric: MetricId, point: &Point) -> String {
    let (cost, value) = (number::usd(point.cost), value_text(metric, point.p99));
    let of = if metric == LATENCY_MS_P99 {
        "p99".to_owned()
    } else {
        name_of(metric)
    };
    format!("{name}: {cost} a month, {of} {value}")
}

/// The names of numbered points in as many columns as they have room in, three at most.
fn key(canvas: &mut Canvas, top: f64, numbered: &[Numbered<'_>]) -> f64 {
    let shown = &numbered[..numbered.len().min(KEYED)];
    let pen = Pen::new(11.0, INK);
    let widest = shown.iter().map(|(_, name, _)| pen.width(name));
    let needs = widest.fold(0.0, f64::max) + 40.0;
    let columns = (1..=3)
        .rev()
        .find(|n| needs * f64::from(*n) <= WIDTH - 2.0 * MARGIN);
    let columns = columns.unwrap_or(1);
    let wide = (WIDTH - 2.0 * MARGIN) / f64::from(columns);
    let rows = shown.len().div_ceil(columns as usize);
    for (i, (point, name, n)) in shown.iter().enumerate() {
        let x = MARGIN + (i / rows) as f64 * wide;
        let y = top + (i % rows) as f64 * 16.0;
        let color = if point.member { MEMBER } else { BEATEN };
        let pen = Pen::new(11.0, color).bold().at(Anchor::End);
        canvas.text(x + 18.0, y, pen, &n.to_string());
        let pen = Pen::new(11.0, if point.member { INK } else { SOFT_INK });
        canvas.text_of(x + 25.0, y, pen, &pen.fit_name(name, wide - 40.0), name);
    }
    let mut bottom = top + rows as f64 * 16.0;
    if numbered.len() > shown.len() {
        let rest = numbered.len() - shown.len();
        let text = format!("{rest} more points without a name: see summary.csv.");
        canvas.text(MARGIN, bottom, Pen::new(11.0, SOFT_INK), &text);
        bottom += 16.0;
    }
    bottom
}
