//! A report as an aligned table.

use std::fmt::Write;

use super::report::{Check, Report, Row, Tally, significant};

/// Column heads.
const HEADS: [&str; 7] = [
    "case",
    "quantity",
    "expected",
    "simulated",
    "95 % interval",
    "rule",
    "verdict",
];

/// Texts longer than this widen no column.
const WIDEST: usize = 26;

/// The report as an aligned table, grouped by row of the sheet, with the counts below.
pub fn table(report: &Report) -> String {
    let mut widths = HEADS.map(width);
    let all = report.groups.iter().flat_map(|group| &group.rows);
    for (row, check) in all.flat_map(|row| row.checks.iter().map(move |check| (row, check))) {
        for (most, cell) in widths.iter_mut().zip(cells(row, check, true)) {
            *most = (*most).max(width(&cell).min(WIDEST));
        }
    }
    let mut text = String::new();
    line(&mut text, &widths, &HEADS.map(str::to_owned));
    for group in &report.groups {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\n{}  {}", group.id, group.title);
        for row in &group.rows {
            // A name that is longer than its column has a line of its own.
            let long = width(&row.case) > widths[0];
            if long {
                let _ = writeln!(text, "  {}", row.case);
            }
            for (place, check) in row.checks.iter().enumerate() {
                line(&mut text, &widths, &cells(row, check, place == 0 && !long));
            }
        }
    }
    let _ = writeln!(
        text,
        "\n{}, {}; {}",
        number(report.groups.len(), ["group", "groups"]),
        counts(["row", "rows"], report.rows()),
        counts(["quantity", "quantities"], report.checks()),
    );
    text
}

fn cells(row: &Row, check: &Check, first: bool) -> [String; 7] {
    let interval = check.interval.map_or_else(String::new, |interval| {
        format!(
            "{} … {}",
            significant(interval.lo),
            significant(interval.hi)
        )
    });
    let case = if first {
        row.case.clone()
    } else {
        String::new()
    };
    [
        case,
        check.quantity.clone(),
        check.expected.to_string(),
        check.simulated.to_string(),
        interval,
        check.rule.clone(),
        check.verdict.to_string(),
    ]
}

fn line(text: &mut String, widths: &[usize; 7], cells: &[String; 7]) {
    let mut line = String::from(" ");
    for (cell, most) in cells.iter().zip(widths) {
        let _ = write!(line, " {cell:most$} ", most = *most);
    }
    text.push_str(line.trim_end());
    text.push('\n');
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// A number with its noun, singular or plural.
fn number(number: usize, [one, many]: [&str; 2]) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn counts(what: [&str; 2], tally: Tally) -> String {
    let Tally {
        passed,
        failed,
        skipped,
        info,
    } = tally;
    let all = passed + failed + skipped + info;
    let mut text = format!("{}: {passed} pass, {failed} fail", number(all, what));
    for (number, word) in [(skipped, "skipped"), (info, "for comparison")] {
        if number > 0 {
            let _ = write!(text, ", {number} {word}");
        }
    }
    text
}
