//! The table a person reads at a glance.
//!
//! Everything it says it says without colour; bold and colour only repeat it. Whether there is a
//! terminal, how wide it is and whether `NO_COLOR` is set, the caller knows.

use super::grid::{Cell, Column, Grid, Mark, Role};
use super::text::{printable, width, wrap};
use crate::experiment::Results;

/// How the table is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Style {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether bold and colour may be used.
    pub color: bool,
}

impl Default for Style {
    /// Plain text of 100 columns, as for a file.
    fn default() -> Self {
        Self {
            width: 100,
            color: false,
        }
    }
}

const GAP: &str = "  ";
/// A name is not squeezed below this; columns go first.
const NAME_LEAST: usize = 16;

const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const GREEN: &str = "\u{1b}[32m";
const BOLD_GREEN: &str = "\u{1b}[1;32m";
const RED: &str = "\u{1b}[31m";
const RESET: &str = "\u{1b}[0m";

/// The question, one row a scenario, what must be known to read it, and what it says.
pub fn render(results: &Results, style: Style) -> String {
    let grid = Grid::new(results);
    let mut text = String::new();
    let title = if results.question.trim().is_empty() {
        &results.experiment
    } else {
        &results.question
    };
    for line in wrap(&printable(title), style.width) {
        text.push_str(&paint(&line, BOLD, style));
        text.push('\n');
    }
    text.push('\n');
    if results.scenarios.is_empty() {
        text.push_str("No scenario was run.\n");
        return text;
    }
    let (layout, dropped) = fit(&grid, style.width);
    push_table(&mut text, &grid, &layout, style);
    text.push('\n');
    let shown: Vec<&Column> = layout.iter().map(|laid| laid.column).collect();
    let mut notes = grid.notes(results, &shown);
    if !dropped.is_empty() {
        notes.push(format!(
            "Left out for want of width: {}.",
            dropped.join(", ")
        ));
    }
    for note in notes {
        for line in wrap(&note, style.width) {
            text.push_str(&paint(&line, DIM, style));
            text.push('\n');
        }
    }
    text.push('\n');
    for line in wrap(&printable(&super::reading(results)), style.width) {
        text.push_str(&line);
        text.push('\n');
    }
    let goals = super::goals::lines(results);
    if !goals.is_empty() {
        text.push('\n');
    }
    for line in goals {
        text.push_str(&printable(&line));
        text.push('\n');
    }
    text
}

/// A column with the widths of its parts.
struct Laid<'a> {
    column: &'a Column,
    whole: usize,
    fraction: usize,
    half: usize,
    total: usize,
}

impl<'a> Laid<'a> {
    fn new(column: &'a Column) -> Self {
        let widest = |part: &dyn Fn(&Cell) -> usize| column.cells.iter().map(part).max();
        let whole = widest(&|cell| width(&cell.whole)).unwrap_or(0);
        let fraction = widest(&|cell| width(&cell.fraction)).unwrap_or(0);
        let half = widest(&|cell| cell.half.as_ref().map_or(0, |h| width(h) + 2)).unwrap_or(0);
        let mark = if column.cells.iter().any(|cell| cell.mark != Mark::None) {
            2
        } else {
            0
        };
        let head = width(&column.name).max(width(column.unit));
        Self {
            column,
            whole,
            fraction,
            half,
            total: (whole + fraction + half + mark).max(head),
        }
    }
}

/// Chooses what fits: names wrap, then the least important columns go. Gives the columns and the
/// names of those left out.
fn fit(grid: &Grid, limit: usize) -> (Vec<Laid<'_>>, Vec<&str>) {
    let mut laid: Vec<Laid<'_>> = grid.columns.iter().map(Laid::new).collect();
    let mut dropped = Vec::new();
    loop {
        let total = laid.iter().map(|c| c.total).sum::<usize>() + GAP.len() * (laid.len() - 1);
        let squeezable: usize = laid.iter().map(spare).sum();
        if total <= limit + squeezable {
            squeeze(&mut laid, total.saturating_sub(limit));
            return (laid, dropped);
        }
        let rank = |column: &Laid<'_>| match column.column.role {
            Role::Extra(rank) => Some(rank),
            Role::Name | Role::Key => None,
        };
        let Some(least) = laid.iter().filter_map(rank).max() else {
            squeeze(&mut laid, total.saturating_sub(limit));
            return (laid, dropped);
        };
        if let Some(i) = laid.iter().position(|column| rank(column) == Some(least)) {
            dropped.push(laid.remove(i).column.name.as_str());
        }
    }
}

/// How much narrower a column of names can be.
fn spare(laid: &Laid<'_>) -> usize {
    if laid.column.role == Role::Name {
        laid.total.saturating_sub(NAME_LEAST)
    } else {
        0
    }
}

/// Takes `excess` from the columns of names, always from the widest.
fn squeeze(laid: &mut [Laid<'_>], excess: usize) {
    for _ in 0..excess {
        if let Some(widest) = laid
            .iter_mut()
            .filter(|c| spare(c) > 0)
            .max_by_key(|c| spare(c))
        {
            widest.total -= 1;
        }
    }
}

fn push_table(text: &mut String, grid: &Grid, layout: &[Laid<'_>], style: Style) {
    // A head whose name is longer than its squeezed column wraps, like the names below it.
    let names: Vec<Vec<String>> = layout
        .iter()
        .map(|c| wrap(&c.column.name, c.total))
        .collect();
    let tall = names.iter().map(Vec::len).max().unwrap_or(1);
    let mut heads: Vec<Vec<&str>> = (0..tall)
        .map(|line| {
            let of = |lines: &'_ Vec<String>| lines.len() + line >= tall;
            names
                .iter()
                .map(|lines| {
                    if of(lines) {
                        lines[line + lines.len() - tall].as_str()
                    } else {
                        ""
                    }
                })
                .collect()
        })
        .collect();
    if layout.iter().any(|c| !c.column.unit.is_empty()) {
        heads.push(layout.iter().map(|c| c.column.unit).collect());
    }
    for head in heads {
        let cells = layout.iter().zip(head).map(|(laid, head)| {
            let pad = " ".repeat(laid.total.saturating_sub(width(head)));
            let cell = if laid.column.role == Role::Name {
                format!("{head}{pad}")
            } else {
                format!("{pad}{head}")
            };
            (cell, "")
        });
        push_line(text, &cells.collect::<Vec<_>>(), DIM, style);
    }
    let total = layout.iter().map(|c| c.total).sum::<usize>() + GAP.len() * (layout.len() - 1);
    push_line(text, &[("─".repeat(total), "")], DIM, style);
    for row in 0..grid.rows.len() {
        push_row(text, layout, row, style);
    }
}

/// One scenario: as many lines as its longest name needs; the values stand on the first.
fn push_row(text: &mut String, layout: &[Laid<'_>], row: usize, style: Style) {
    let wrapped: Vec<Option<Vec<String>>> = layout
        .iter()
        .map(|laid| {
            let name = laid.column.role == Role::Name;
            name.then(|| wrap(&laid.column.cells[row].whole, laid.total))
        })
        .collect();
    let lines = wrapped.iter().flatten().map(Vec::len).max().unwrap_or(1);
    for line in 0..lines {
        let cells = layout.iter().zip(&wrapped).map(|(laid, name)| match name {
            Some(parts) => {
                let part = parts.get(line).map_or("", String::as_str);
                let pad = " ".repeat(laid.total.saturating_sub(width(part)));
                (format!("{part}{pad}"), "")
            }
            None if line > 0 => (" ".repeat(laid.total), ""),
            None => {
                let cell = &laid.column.cells[row];
                let color = match cell.mark {
                    Mark::None => "",
                    Mark::Best => BOLD_GREEN,
                    Mark::Better => GREEN,
                    Mark::Worse => RED,
                };
                (value(laid, cell), color)
            }
        });
        push_line(text, &cells.collect::<Vec<_>>(), "", style);
    }
}

/// A value, its decimal point and its half width in line with those above and below.
fn value(laid: &Laid<'_>, cell: &Cell) -> String {
    let pad = |text: &str, to: usize| " ".repeat(to.saturating_sub(width(text)));
    let half = cell
        .half
        .as_ref()
        .map_or_else(String::new, |half| format!(" ±{half}"));
    let text = format!(
        "{}{}{}{}{half}{}",
        pad(&cell.whole, laid.whole),
        cell.whole,
        cell.fraction,
        pad(&cell.fraction, laid.fraction),
        pad(&half, laid.half),
    );
    let marked = laid.column.cells.iter().any(|cell| cell.mark != Mark::None);
    let text = if marked {
        format!("{text} {:1}", cell.mark.sign())
    } else {
        text
    };
    format!("{}{text}", pad(&text, laid.total))
}

/// Joins cells to a line without trailing spaces; each may have its colour, and the line one.
fn push_line(text: &mut String, cells: &[(String, &str)], line_color: &str, style: Style) {
    let mut line = String::new();
    for (i, (cell, color)) in cells.iter().enumerate() {
        if i > 0 {
            line.push_str(GAP);
        }
        let bare = cell.trim_start();
        line.push_str(&cell[..cell.len() - bare.len()]);
        line.push_str(&paint(bare, color, style));
    }
    text.push_str(&paint(line.trim_end(), line_color, style));
    text.push('\n');
}

fn paint(text: &str, color: &str, style: Style) -> String {
    if style.color && !color.is_empty() && !text.is_empty() {
        format!("{color}{text}{RESET}")
    } else {
        text.to_owned()
    }
}
