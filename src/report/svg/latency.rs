//! `latency.svg`: the whole distribution of latencies, one curve a scenario.
//!
//! The distribution function with its axes exchanged: probability runs to the right in "nines"
//! (each step a tenth of the requests that are left), latency upwards on a log scale. So the tail
//! has as much room as the body, the curves end apart, and each carries its name at its end.

use std::collections::BTreeMap;

use super::canvas::{Anchor, Canvas, Pen};
use super::frame::{self, MARGIN, WIDTH};
use super::place::{Area, spread};
use super::scale::Scale;
use super::{FAINT_INK, GRID, HUES, INK, SOFT_INK};
use crate::experiment::Results;
use crate::report::{frontier as pareto, number};
use crate::stats::Histogram;

const SUBJECT: &str = "Latency of requests";
/// More curves than this cannot be told apart: then only the frontier and the first have a name.
const NAMED: usize = 18;
/// A quantile is drawn where at least this many requests are slower.
const BEYOND: f64 = 5.0;
/// Less is drawn as this much, which a log scale needs.
const LEAST_MS: f64 = 1e-3;
/// Lines of one hue differ in their dashes.
const DASHES: [&str; 4] = ["", "7 3", "2 3", "9 3 2 3"];
/// Length of the sample of a line before its name.
const SAMPLE: f64 = 22.0;
const LABEL: Pen = Pen::new(12.0, INK);

/// Nines of the first percentile. Below it a few lucky requests would take half of the axis.
const FIRST: f64 = 0.00436;

/// Quantiles of one scenario: (nines, milliseconds), ascending in both.
struct Curve {
    scenario: usize,
    quantiles: Vec<(f64, f64)>,
}

/// Latency against the share of requests that are answered within it.
pub fn latency(results: &Results) -> String {
    let mut canvas = Canvas::new(WIDTH);
    let scenarios = results.scenarios.iter().enumerate();
    let curves: Vec<Curve> = scenarios
        .filter_map(|(scenario, s)| {
            let quantiles = quantiles(&s.latency);
            (!quantiles.is_empty()).then_some(Curve {
                scenario,
                quantiles,
            })
        })
        .collect();
    let shown = chosen(results, &curves);
    let rest = curves.len() - shown.len();
    let how = if rest == 0 {
        "From first arrival to response; lower is better.".to_owned()
    } else {
        format!(
            "From first arrival to response; lower is better. Named: the first scenario and \
             members of the frontier of cost and p99; the other {rest} are grey."
        )
    };
    let top = frame::head(&mut canvas, results, SUBJECT, &how) + 10.0;
    if curves.is_empty() {
        return frame::nothing(canvas, results, top, SUBJECT);
    }
    let names = frame::names(results);
    let widest = shown
        .iter()
        .map(|i| LABEL.width(&names[*i]))
        .fold(60.0, f64::max)
        .min(250.0);
    let plot = Area {
        left: MARGIN + 70.0,
        top,
        right: WIDTH - MARGIN - widest - 30.0 - SAMPLE,
        bottom: top + 440.0,
    };
    let all = || curves.iter().flat_map(|curve| &curve.quantiles);
    let nines = all().map(|q| q.0).fold(1.0, f64::max);
    let (low, high) = all().fold((f64::INFINITY, 0.0_f64), |(low, high), q| {
        (low.min(q.1), high.max(q.1))
    });
    let room = (high / low).powf(0.04).max(1.15);
    let y = Scale::log(low / room, high * room, plot.bottom, plot.top);
    let x = |n: f64| plot.left + (plot.right - plot.left) * (n / nines).min(1.0);
    axes(&mut canvas, plot, nines, &x, &y);
    let styles = styles(results, &shown);
    let trace = |curve: &Curve| thin(curve.quantiles.iter().map(|q| (x(q.0), y.at(q.1))));
    for curve in curves.iter().filter(|c| !shown.contains(&c.scenario)) {
        canvas.polyline(&trace(curve), "#cbd2d9", 1.0, "");
    }
    let curves: Vec<&Curve> = curves
        .iter()
        .filter(|c| shown.contains(&c.scenario))
        .collect();
    for curve in &curves {
        let (hue, dash) = styles[curve.scenario];
        canvas.polyline(&trace(curve), hue, 2.2, dash);
    }
    label_ends(&mut canvas, plot, &curves, &names, &styles, (&x, &y));
    frame::finish(canvas, results, plot.bottom + 58.0, SUBJECT)
}

/// The quantile function up to where too few requests are left to know it.
fn quantiles(histogram: &Histogram) -> Vec<(f64, f64)> {
    let count: u64 = histogram.buckets().map(|bucket| bucket.count).sum();
    if count == 0 {
        return Vec::new();
    }
    let count = count as f64;
    let end = (count / BEYOND).log10().floor().clamp(1.0, 5.0);
    let mut quantiles = Vec::new();
    let (mut nines, mut seen) = (0.0, 0_u64);
    for bucket in histogram.buckets() {
        seen += bucket.count;
        let left = (count - seen as f64).max(0.0) / count;
        // Of the last bucket nothing is left, and the logarithm of nothing is cut at the end.
        let next = if left > 0.0 {
            (-left.log10()).min(end)
        } else {
            end
        };
        let millis = |ns: u64| (ns as f64 / 1e6).max(LEAST_MS);
        if next < FIRST {
            nines = next;
            continue;
        }
        quantiles.push((nines, millis(bucket.lower)));
        quantiles.push((next, millis(bucket.upper)));
        nines = next;
        if nines >= end {
            break;
        }
    }
    quantiles
}

/// Leaves out points that lie on the pixel of the one before.
fn thin(points: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let mut kept: Vec<(f64, f64)> = Vec::new();
    let mut skipped = None;
    for point in points {
        let near =
            |last: &(f64, f64)| (point.0 - last.0).abs() < 0.8 && (point.1 - last.1).abs() < 0.8;
        if kept.last().is_some_and(near) {
            skipped = Some(point);
        } else {
            // The end of a run of skipped points is where a corner is.
            kept.extend(skipped.take());
            kept.push(point);
        }
    }
    kept.extend(skipped);
    kept
}

fn chosen(results: &Results, curves: &[Curve]) -> Vec<usize> {
    let drawn: Vec<usize> = curves.iter().map(|curve| curve.scenario).collect();
    if drawn.len() <= NAMED {
        return drawn;
    }
    let mut members = pareto::frontier(results);
    members.retain(|i| *i != 0 && drawn.contains(i));
    // Of a long frontier members at even distances, both ends among them.
    let room = NAMED - 1;
    let chosen = members.len().min(room);
    let even = |k: usize| k * (members.len() - 1) / (chosen - 1).max(1);
    let mut named: Vec<usize> = (0..chosen).map(|k| members[even(k)]).collect();
    if drawn.contains(&0) {
        named.insert(0, 0);
    }
    named
}

/// Hue and dashes of each scenario that has a name, no two alike: a hue a policy and dashes for its
/// swept values where that is enough, else a hue each as long as they last.
fn styles(results: &Results, named: &[usize]) -> Vec<(&'static str, &'static str)> {
    let mut policies: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut styles = vec![(HUES[0], DASHES[0]); results.scenarios.len()];
    for scenario in named {
        let next = policies.len();
        let policy = &results.scenarios[*scenario].policy;
        let (hue, times) = policies.entry(policy).or_insert((next, 0));
        styles[*scenario] = (HUES[*hue % HUES.len()], DASHES[*times % DASHES.len()]);
        *times += 1;
    }
    let most = policies.values().map(|(_, times)| *times).max();
    let enough = policies.len() > 1 && policies.len() <= HUES.len() && most <= Some(DASHES.len());
    if !enough {
        for (place, scenario) in named.iter().enumerate() {
            let dash = place / HUES.len() % DASHES.len();
            styles[*scenario] = (HUES[place % HUES.len()], DASHES[dash]);
        }
    }
    styles
}

fn axes(canvas: &mut Canvas, plot: Area, nines: f64, x: &dyn Fn(f64) -> f64, y: &Scale) {
    let pen = Pen::new(12.0, SOFT_INK);
    for tick in y.ticks(7) {
        let at = y.at(tick);
        canvas.line((plot.left, at), (plot.right, at), GRID, 1.0);
        canvas.text(
            plot.left - 8.0,
            at + 4.0,
            pen.at(Anchor::End),
            &number::time_ms(tick),
        );
    }
    let shares: [(f64, &str); 7] = [
        (0.0, "0 %"),
        (0.5, "50 %"),
        (0.9, "90 %"),
        (0.99, "99 %"),
        (0.999, "99.9 %"),
        (0.9999, "99.99 %"),
        (0.99999, "99.999 %"),
    ];
    for (share, text) in shares {
        let n = -(1.0 - share).log10();
        if n <= nines + 1e-6 {
            canvas.line((x(n), plot.top), (x(n), plot.bottom), GRID, 1.0);
            canvas.text(x(n), plot.bottom + 18.0, pen.at(Anchor::Middle), text);
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
    let pen = Pen::new(12.5, INK).at(Anchor::Middle);
    let middle = f64::midpoint(plot.left, plot.right);
    canvas.text(
        middle,
        plot.bottom + 40.0,
        pen,
        "share of requests answered within the latency",
    );
    let middle = f64::midpoint(plot.top, plot.bottom);
    canvas.text_upwards(MARGIN + 4.0, middle, pen, "latency, log scale");
}

/// Names at the right, moved apart, each with a line to the end of its curve.
fn label_ends(
    canvas: &mut Canvas,
    plot: Area,
    curves: &[&Curve],
    names: &[String],
    styles: &[(&'static str, &'static str)],
    (x, y): (&dyn Fn(f64) -> f64, &Scale),
) {
    let ends: Vec<(f64, f64)> = curves
        .iter()
        .filter_map(|curve| curve.quantiles.last().map(|q| (x(q.0), y.at(q.1))))
        .collect();
    let wanted: Vec<f64> = ends.iter().map(|end| end.1).collect();
    let placed = spread(&wanted, 17.0, plot.top - 6.0, plot.bottom);
    for ((curve, end), at) in curves.iter().zip(ends).zip(placed) {
        let (hue, dash) = styles[curve.scenario];
        let bend = (plot.right + 4.0).max(end.0);
        canvas.polyline(&[end, (bend, end.1), (plot.right + 18.0, at)], hue, 0.7, "");
        // A sample of the line, for curves that run together; the name is ink, as pale hues make
        // pale letters.
        let sample = [(plot.right + 18.0, at), (plot.right + 18.0 + SAMPLE, at)];
        canvas.polyline(&sample, hue, 2.2, dash);
        let (x, name) = (sample[1].0 + 6.0, &names[curve.scenario]);
        canvas.text_of(x, at + 4.0, LABEL, &LABEL.fit_name(name, 250.0), name);
    }
}
