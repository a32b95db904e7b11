//! Every row of the validation tables, V1 to V19b, against its closed form.
//!
//! The tables print ten significant digits, so a row holds to a relative 1e-9.

mod lifo;
mod queues;
mod remedies;
mod special;

/// Relative tolerance of the ten-digit tables.
const TABLE: f64 = 1e-9;

/// Reads a table of numbers (a fraction such as 1/600 is one number), one row a line.
fn rows<const N: usize>(table: &str) -> Vec<[f64; N]> {
    let rows: Vec<[f64; N]> = table
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let cells: Vec<f64> = line
                .split_whitespace()
                .filter(|c| *c != "|")
                .map(cell)
                .collect();
            cells
                .try_into()
                .unwrap_or_else(|_| panic!("wrong width: {line}"))
        })
        .collect();
    assert!(!rows.is_empty());
    rows
}

fn cell(text: &str) -> f64 {
    match text.split_once('/') {
        Some((above, below)) => cell(above) / cell(below),
        None => text
            .parse()
            .unwrap_or_else(|_| panic!("not a number: {text}")),
    }
}

/// Asserts |got − want| ≤ relative·|want|; a want of 0 asks for less than 1e-300.
#[track_caller]
fn near(got: f64, want: f64, relative: f64) {
    let error = (got - want).abs();
    assert!(
        error <= relative * want.abs() + 1e-300,
        "got {got:e}, want {want:e}"
    );
}

/// [`near`] for each pair, at the tolerance of the tables.
#[track_caller]
fn all_near(got: &[f64], want: &[f64]) {
    assert_eq!(got.len(), want.len());
    for (column, (g, w)) in got.iter().zip(want).enumerate() {
        let error = (g - w).abs();
        assert!(
            error <= TABLE * w.abs() + 1e-300,
            "column {column}: got {g:e}, want {w:e}; all: {got:?}, {want:?}"
        );
    }
}
