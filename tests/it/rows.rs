//! Rows of requests: Parquet tells what CSV tells, cell for cell, and both the same with any jobs.

use std::fs::{self, File};
use std::path::Path;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

use crate::cli::{folder, run, text, write_experiment};

/// Writes the rows of the folder's experiment to a file.
fn write_rows(dir: &Path, file: &str, more: &[&str]) {
    let mut arguments = vec!["run", "experiment.toml", "--out", "out", "--requests", file];
    arguments.extend(more);
    let output = run(dir, &arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// A value as CSV would have it; the types are those that the columns should have.
fn as_csv(column: &str, field: &Field) -> String {
    let nullable = ["cause", "instance"].contains(&column);
    match (column, field) {
        ("scenario" | "function" | "outcome" | "cause", Field::Str(value)) => value.clone(),
        ("replication", Field::Int(value)) => value.to_string(),
        ("request" | "instance", Field::Long(value)) => value.to_string(),
        (_, Field::Double(value)) => value.to_string(),
        (_, Field::Null) if nullable => String::new(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn parquet_holds_what_csv_holds_cell_for_cell() {
    let dir = folder("parquet");
    write_experiment(&dir, "1 h");
    write_rows(&dir, "log.csv", &[]);
    write_rows(&dir, "log.parquet", &[]);
    let parquet = SerializedFileReader::new(File::open(dir.join("log.parquet")).unwrap()).unwrap();
    let mut csv = csv::Reader::from_path(dir.join("log.csv")).unwrap();
    let columns = csv.headers().unwrap().clone();
    let mut expected = csv.records();
    let mut nulls = [0, 0];
    for row in parquet.get_row_iter(None).unwrap() {
        let row = row.unwrap();
        let expected = expected.next().expect("no more rows than CSV has").unwrap();
        assert_eq!(row.len(), columns.len());
        for (((name, field), column), cell) in row.get_column_iter().zip(&columns).zip(&expected) {
            assert_eq!(name, column);
            assert_eq!(as_csv(name, field), cell, "{name} of {expected:?}");
        }
        nulls[0] += usize::from(expected[8].is_empty());
        nulls[1] += usize::from(expected[9].is_empty());
    }
    assert!(expected.next().is_none(), "fewer rows than CSV has");
    assert!(nulls[0] > nulls[1] && nulls[1] > 0, "{nulls:?}");
}

#[test]
fn parquet_is_the_same_bytes_with_any_number_of_jobs() {
    let dir = folder("parquet-jobs");
    write_experiment(&dir, "1 h");
    write_rows(&dir, "one.parquet", &["--jobs", "1"]);
    write_rows(&dir, "four.parquet", &["--jobs", "4"]);
    let bytes = |file: &str| fs::read(dir.join(file)).unwrap();
    assert!(bytes("one.parquet") == bytes("four.parquet"));
}

#[test]
fn a_run_without_requests_gives_a_file_without_rows() {
    let dir = folder("no-rows");
    write_experiment(&dir, "1 h");
    let none = [
        "--set",
        "function.arrivals={ poisson = { rate = \"0 / s\" } }",
    ];
    write_rows(&dir, "log.parquet", &none);
    write_rows(&dir, "log.csv", &none);
    let parquet = SerializedFileReader::new(File::open(dir.join("log.parquet")).unwrap()).unwrap();
    assert_eq!(parquet.metadata().file_metadata().num_rows(), 0);
    assert_eq!(
        fs::read_to_string(dir.join("log.csv"))
            .unwrap()
            .lines()
            .count(),
        1
    );
}
