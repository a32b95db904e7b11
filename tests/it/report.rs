//! Formats of results.

mod fixture;
mod gallery;

use frostline::report::{csv, json, markdown, table};

#[test]
fn look() {
    let results = fixture::week();
    println!(
        "{}",
        table::render(
            &results,
            table::Style {
                width: 120,
                color: false
            }
        )
    );
    println!(
        "{}",
        table::render(
            &results,
            table::Style {
                width: 80,
                color: false
            }
        )
    );
    println!("{}", markdown::render(&results));
    println!("{}", &json::render(&results).unwrap()[..900]);
    println!("{}", &csv::render(&results).unwrap()[..200]);
}
