//! Files of rows of requests: what an ending means, a file for each run, and all of them as one.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::request_csv::{CsvRows, HEADER};
use super::request_log::{RequestRow, RowSink};
use super::request_parquet::{ParquetJoin, ParquetRows};
use crate::model::Function;

/// How rows are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowFormat {
    /// Text, for eyes and every tool.
    Csv,
    /// Typed columns, compressed, for notebooks and data bases.
    Parquet,
}

/// What the rows of one run have in common.
#[derive(Clone, Copy, Debug)]
pub struct RunName<'a> {
    /// Policy and swept values.
    pub scenario: &'a str,
    /// Replication, from 0.
    pub replication: u32,
    /// The functions, in the order of the experiment.
    pub functions: &'a [Function],
}

/// The rows of one run; to be joined with others.
pub enum RowFile {
    /// As CSV without the first line.
    Csv(CsvRows<BufWriter<File>>),
    /// As Parquet.
    Parquet(Box<ParquetRows<BufWriter<File>>>),
}

/// The rows of several runs in one file.
pub enum RowJoin {
    /// As CSV.
    Csv(BufWriter<File>),
    /// As Parquet.
    Parquet(Box<ParquetJoin<BufWriter<File>>>),
}

impl RowFormat {
    /// Every format.
    pub const ALL: [Self; 2] = [Self::Csv, Self::Parquet];

    /// The ending of a file's name.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    /// The format that the ending of a path means.
    pub fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?;
        Self::ALL
            .into_iter()
            .find(|format| ending.eq_ignore_ascii_case(format.ending()))
    }

    /// A file for the rows of one run.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn create(self, path: &Path, run: &RunName<'_>) -> io::Result<RowFile> {
        let out = BufWriter::new(File::create(path)?);
        Ok(match self {
            Self::Csv => RowFile::Csv(CsvRows::new(run, out)),
            Self::Parquet => RowFile::Parquet(Box::new(ParquetRows::new(run, out)?)),
        })
    }

    /// A file for the rows of several runs.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn join(self, path: &Path) -> io::Result<RowJoin> {
        let mut out = BufWriter::new(File::create(path)?);
        Ok(match self {
            Self::Csv => {
                writeln!(out, "{HEADER}")?;
                RowJoin::Csv(out)
            }
            Self::Parquet => RowJoin::Parquet(Box::new(ParquetJoin::new(out)?)),
        })
    }
}

impl RowSink for RowFile {
    fn row(&mut self, row: &RequestRow) -> io::Result<()> {
        match self {
            Self::Csv(rows) => rows.row(row),
            Self::Parquet(rows) => rows.row(row),
        }
    }
}

impl RowFile {
    /// Ends the file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(self) -> io::Result<()> {
        match self {
            Self::Csv(rows) => rows.finish(),
            Self::Parquet(rows) => rows.finish(),
        }
    }
}

impl RowJoin {
    /// Takes over the rows of a run's file of the same format.
    ///
    /// # Errors
    /// It cannot be read, or this one not be written.
    pub fn append(&mut self, run: &mut File) -> io::Result<()> {
        match self {
            Self::Csv(out) => io::copy(run, out).map(drop),
            Self::Parquet(join) => join.append(run),
        }
    }

    /// Ends the file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(self) -> io::Result<()> {
        match self {
            Self::Csv(mut out) => out.flush(),
            Self::Parquet(join) => join.finish(),
        }
    }
}
