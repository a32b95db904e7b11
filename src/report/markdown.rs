//! The table as Markdown, for a pull request or a notebook: the same grid as on the terminal.

use super::goals;
use super::grid::{Cell, Column, Grid, Mark, Role};
use super::text::printable;
use crate::experiment::{Judged, Results};

/// The question, the table, what must be known to read it, and what it says.
pub fn render(results: &Results) -> String {
    let mut text = String::new();
    if !results.question.trim().is_empty() {
        text.push_str("**");
        text.push_str(&escape(&results.question));
        text.push_str("**\n\n");
    }
    if results.scenarios.is_empty() {
        text.push_str("No scenario was run.\n");
        return text;
    }
    let grid = Grid::new(results);
    let heads = grid.columns.iter().map(|column| match column.unit {
        "" => escape(&column.name),
        unit => format!("{} ({unit})", escape(&column.name)),
    });
    push_row(&mut text, heads);
    let rules = grid.columns.iter().map(|column| match column.role {
        Role::Name => "---".to_owned(),
        Role::Key | Role::Extra(_) => "---:".to_owned(),
    });
    push_row(&mut text, rules);
    for row in 0..grid.rows.len() {
        push_row(
            &mut text,
            grid.columns.iter().map(|column| cell(&column.cells[row])),
        );
    }
    text.push('\n');
    let shown: Vec<&Column> = grid.columns.iter().collect();
    for note in grid.notes(results, &shown) {
        text.push_str(&escape(&note));
        // A line break, not a new paragraph.
        text.push_str("\\\n");
    }
    text.push_str(&escape(&super::reading(results)));
    text.push('\n');
    for judged in [&results.assertions, &results.slo] {
        push_goals(&mut text, judged);
    }
    text
}

/// What was asked and what there is, as a table.
fn push_goals(text: &mut String, judged: &[Judged]) {
    if judged.is_empty() {
        return;
    }
    text.push('\n');
    push_row(text, ["", "goal", "found"].map(str::to_owned).into_iter());
    push_row(text, ["---"; 3].map(str::to_owned).into_iter());
    for judged in judged {
        let cells = [
            judged.standing.word().to_owned(),
            escape(&goals::subject(judged)),
            escape(&goals::found(judged)),
        ];
        push_row(text, cells.into_iter());
    }
}

/// A row of a table; its cells are Markdown.
pub(super) fn push_row(text: &mut String, cells: impl Iterator<Item = String>) {
    for cell in cells {
        text.push_str("| ");
        text.push_str(&cell);
        text.push(' ');
    }
    text.push_str("|\n");
}

fn cell(cell: &Cell) -> String {
    let text = escape(&cell.text());
    match cell.mark {
        Mark::None => text,
        Mark::Best => format!("**{text}** ◂"),
        Mark::Better | Mark::Worse => format!("{text} \\*"),
    }
}

/// Names come from files: nothing in them may be taken for markup or end a cell.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in printable(text).chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' => {
                escaped.push('\\');
                escaped.push(c);
            }
            _ => escaped.push(c),
        }
    }
    escaped
}
