//! Rows of requests as Parquet.
//!
//! A row group is encoded when it is full, so that memory holds one of them a run and never all
//! rows. Files of several runs are joined by copying their encoded columns as they are.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, Encoding};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::request_file::RunName;
use super::request_log::{RequestRow, RowSink};
use crate::sim::Cause;

/// The columns, as in CSV; what CSV leaves empty is null.
const SCHEMA: &str = "message requests {
    required binary scenario (string);
    required int32 replication;
    required binary function (string);
    required int64 request;
    required double arrival_s;
    required double start_s;
    required double finish_s;
    required binary outcome (string);
    optional binary cause (string);
    optional int64 instance;
    required double latency_ms;
    required double billed_ms;
}";

/// Columns whose values hardly ever repeat, so that a dictionary is lost work, with the encoding
/// that packs them best: digits of times are noise, but their leading bytes are alike.
const WITHOUT_DICTIONARY: [(&str, Encoding); 5] = [
    ("request", Encoding::DELTA_BINARY_PACKED),
    ("arrival_s", Encoding::BYTE_STREAM_SPLIT),
    ("start_s", Encoding::BYTE_STREAM_SPLIT),
    ("finish_s", Encoding::BYTE_STREAM_SPLIT),
    ("latency_ms", Encoding::BYTE_STREAM_SPLIT),
];

/// Rows of a row group: 6 MB of memory a run.
const GROUP: usize = 1 << 16;

/// The rows of one run.
pub struct ParquetRows<W: Write + Send> {
    scenario: ByteArray,
    replication: i32,
    functions: Vec<ByteArray>,
    /// The row group that is being gathered.
    rows: Vec<RequestRow>,
    writer: SerializedFileWriter<W>,
}

impl<W: Write + Send> ParquetRows<W> {
    pub(super) fn new(run: &RunName<'_>, out: W) -> io::Result<Self> {
        let names = run
            .functions
            .iter()
            .map(|f| ByteArray::from(f.name.as_str()));
        Ok(Self {
            scenario: ByteArray::from(run.scenario),
            replication: i32::try_from(run.replication).map_err(io::Error::other)?,
            functions: names.collect(),
            rows: Vec::new(),
            writer: writer(out)?,
        })
    }

    pub(super) fn finish(self) -> io::Result<()> {
        self.close()?;
        Ok(())
    }

    fn close(mut self) -> Result<ParquetMetaData> {
        if !self.rows.is_empty() {
            self.write_group()?;
        }
        self.writer.close()
    }

    /// Writes what has been gathered, column by column in the order of the schema.
    fn write_group(&mut self) -> Result<()> {
        let rows = &self.rows;
        let mut whole = self.writer.next_row_group()?;
        let group = &mut whole;
        column::<ByteArrayType, W>(group, rows, |_| self.scenario.clone())?;
        column::<Int32Type, W>(group, rows, |_| self.replication)?;
        column::<ByteArrayType, W>(group, rows, |row| {
            self.functions[row.function as usize].clone()
        })?;
        column::<Int64Type, W>(group, rows, |row| row.request.cast_signed())?;
        column::<DoubleType, W>(group, rows, |row| row.arrival_s)?;
        column::<DoubleType, W>(group, rows, |row| row.start_s)?;
        column::<DoubleType, W>(group, rows, |row| row.finish_s)?;
        column::<ByteArrayType, W>(group, rows, |row| row.outcome.name().into())?;
        optional::<ByteArrayType, W>(group, rows, |row| {
            row.cause.map(Cause::name).map(Into::into)
        })?;
        optional::<Int64Type, W>(group, rows, |row| row.instance.map(u64::cast_signed))?;
        column::<DoubleType, W>(group, rows, |row| row.latency_ms)?;
        column::<DoubleType, W>(group, rows, |row| row.billed_ms)?;
        whole.close()?;
        self.rows.clear();
        Ok(())
    }
}

impl<W: Write + Send> RowSink for ParquetRows<W> {
    fn row(&mut self, row: &RequestRow) -> io::Result<()> {
        self.rows.push(*row);
        if self.rows.len() == GROUP {
            self.write_group()?;
        }
        Ok(())
    }
}

/// Writes a column in which every row has a value.
fn column<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    rows: &[RequestRow],
    value: impl Fn(&RequestRow) -> T::T,
) -> Result<()> {
    let values: Vec<T::T> = rows.iter().map(value).collect();
    write_column::<T, W>(group, &values, None)
}

/// Writes a column in which a row may have no value.
fn optional<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    rows: &[RequestRow],
    value: impl Fn(&RequestRow) -> Option<T::T>,
) -> Result<()> {
    let mut values = Vec::new();
    let mut present = Vec::with_capacity(rows.len());
    for value in rows.iter().map(value) {
        present.push(i16::from(value.is_some()));
        values.extend(value);
    }
    write_column::<T, W>(group, &values, Some(&present))
}

fn write_column<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
    present: Option<&[i16]>,
) -> Result<()> {
    let mut column = group.next_column()?.ok_or_else(too_many)?;
    column.typed::<T>().write_batch(values, present, None)?;
    column.close()
}

fn too_many() -> ParquetError {
    ParquetError::General("more columns than the schema has".to_owned())
}

/// The rows of several runs in one file.
pub struct ParquetJoin<W: Write + Send> {
    writer: SerializedFileWriter<W>,
}

impl<W: Write + Send> ParquetJoin<W> {
    pub(super) fn new(out: W) -> io::Result<Self> {
        Ok(Self {
            writer: writer(out)?,
        })
    }

    /// Copies the row groups of a run's file.
    pub(super) fn append(&mut self, run: &File) -> io::Result<()> {
        let metadata = ParquetMetaDataReader::new().parse_and_finish(run)?;
        for rows in metadata.row_groups() {
            let mut group = self.writer.next_row_group()?;
            for column in rows.columns() {
                let column = ColumnCloseResult {
                    bytes_written: column.compressed_size().cast_unsigned(),
                    rows_written: rows.num_rows().cast_unsigned(),
                    metadata: column.clone(),
                    bloom_filter: None,
                    column_index: None,
                    offset_index: None,
                };
                group.append_column(run, column)?;
            }
            group.close()?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> io::Result<()> {
        self.writer.close()?;
        Ok(())
    }
}

fn writer<W: Write + Send>(out: W) -> Result<SerializedFileWriter<W>> {
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("frostline version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true);
    for (column, encoding) in WITHOUT_DICTIONARY {
        properties = properties
            .set_column_dictionary_enabled(column.into(), false)
            .set_column_encoding(column.into(), encoding);
    }
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    SerializedFileWriter::new(out, schema, Arc::new(properties.build()))
}

#[cfg(test)]
mod tests {
    use parquet::file::metadata::RowGroupMetaData;

    use super::*;
    use crate::observe::Outcome;
    use crate::observe::request_csv::HEADER;

    fn row(request: u64) -> RequestRow {
        RequestRow {
            function: 0,
            request,
            arrival_s: 1.5,
            start_s: 1.5,
            finish_s: 2.0,
            outcome: Outcome::Warm,
            cause: None,
            instance: Some(request / 2),
            latency_ms: 500.0,
            billed_ms: 500.0,
        }
    }

    /// Rows in each row group of a run of so many requests.
    fn groups(requests: u64) -> Vec<i64> {
        let mut rows = ParquetRows {
            scenario: ByteArray::from("nothing"),
            replication: 0,
            functions: vec![ByteArray::from("api")],
            rows: Vec::new(),
            writer: writer(Vec::new()).unwrap(),
        };
        for request in 0..requests {
            rows.row(&row(request)).unwrap();
            assert!(rows.rows.len() < GROUP, "more than a row group in memory");
        }
        let metadata = rows.close().unwrap();
        let groups = metadata.row_groups().iter();
        groups.map(RowGroupMetaData::num_rows).collect()
    }

    #[test]
    fn row_groups_are_written_when_they_are_full() {
        let full = 1 << 16;
        assert!(groups(0).is_empty());
        assert_eq!(groups(1), [1]);
        assert_eq!(groups(1 << 16), [full]);
        assert_eq!(groups((2 << 16) + 7), [full, full, 7]);
    }

    #[test]
    fn the_columns_are_those_of_csv() {
        let schema = parse_message_type(SCHEMA).unwrap();
        let names = schema.get_fields().iter().map(|field| field.name());
        assert_eq!(names.collect::<Vec<_>>().join(","), HEADER);
    }
}
