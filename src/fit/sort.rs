//! Rows put in order with bounded memory: those that are too many are sorted in parts, which wait
//! in temporary files and are merged as they are read.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::env;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// Rows of a part: with 104 bytes a row about 50 MB.
const PART: usize = 1 << 19;

/// A row of a fixed number of bytes.
pub(super) trait Row: Copy {
    /// What it is sorted by.
    type Key: Ord + Copy;
    /// Bytes that it takes in a file.
    const BYTES: usize;
    fn key(&self) -> Self::Key;
    fn put(&self, bytes: &mut Vec<u8>);
    fn take(bytes: &[u8]) -> Self;
}

/// Takes rows in any order.
pub(super) struct Sorter<R: Row> {
    rows: Vec<R>,
    parts: Vec<Part>,
    part_rows: usize,
}

/// Rows in order, which may be read more than once.
pub(super) struct Sorted<R: Row> {
    /// The last part, which stays in memory.
    rows: Vec<R>,
    parts: Vec<Part>,
    len: u64,
}

/// A file of sorted rows; it goes when nobody needs it.
struct Part {
    path: PathBuf,
    rows: u64,
}

impl Drop for Part {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = fs::remove_file(&self.path);
    }
}

impl<R: Row> Sorter<R> {
    pub(super) fn new() -> Self {
        Self::of_parts(PART)
    }

    fn of_parts(part_rows: usize) -> Self {
        Self {
            rows: Vec::new(),
            parts: Vec::new(),
            part_rows,
        }
    }

    pub(super) fn push(&mut self, row: R) -> io::Result<()> {
        self.rows.push(row);
        if self.rows.len() >= self.part_rows {
            self.rows.sort_by_key(R::key);
            self.parts.push(write_part(&self.rows)?);
            self.rows.clear();
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Sorted<R> {
        self.rows.sort_by_key(R::key);
        let in_parts: u64 = self.parts.iter().map(|part| part.rows).sum();
        Sorted {
            len: in_parts + self.rows.len() as u64,
            rows: self.rows,
            parts: self.parts,
        }
    }
}

fn write_part<R: Row>(rows: &[R]) -> io::Result<Part> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("frostline-fit-{}-{number}.rows", process::id());
    let part = Part {
        path: env::temp_dir().join(name),
        rows: rows.len() as u64,
    };
    let mut file = BufWriter::with_capacity(1 << 18, File::create(&part.path)?);
    let mut bytes = Vec::with_capacity(R::BYTES);
    for row in rows {
        bytes.clear();
        row.put(&mut bytes);
        file.write_all(&bytes)?;
    }
    file.flush()?;
    Ok(part)
}

impl<R: Row> Sorted<R> {
    /// How many rows there are.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// All rows in order.
    pub(super) fn rows(&self) -> io::Result<Rows<'_, R>> {
        let mut rows = Rows {
            heads: BinaryHeap::new(),
            files: Vec::new(),
            memory: &self.rows,
            next: 0,
            buffer: vec![0; R::BYTES],
        };
        for part in &self.parts {
            rows.files.push(open(&part.path)?);
        }
        for source in 0..=self.parts.len() {
            rows.pull(source)?;
        }
        Ok(rows)
    }
}

fn open(path: &Path) -> io::Result<BufReader<File>> {
    Ok(BufReader::with_capacity(1 << 16, File::open(path)?))
}

/// A row with the source it came from: of equal keys the earlier part first, so that the order is
/// that in which rows came.
struct Head<R: Row> {
    row: R,
    source: usize,
}

impl<R: Row> PartialEq for Head<R> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl<R: Row> Eq for Head<R> {}
impl<R: Row> PartialOrd for Head<R> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<R: Row> Ord for Head<R> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.row.key(), self.source).cmp(&(other.row.key(), other.source))
    }
}

/// Rows pulled in order.
pub(super) struct Rows<'a, R: Row> {
    heads: BinaryHeap<Reverse<Head<R>>>,
    files: Vec<BufReader<File>>,
    memory: &'a [R],
    next: usize,
    buffer: Vec<u8>,
}

impl<R: Row> Rows<'_, R> {
    /// Takes the next row of a source, if it has one.
    fn pull(&mut self, source: usize) -> io::Result<()> {
        let row = if let Some(file) = self.files.get_mut(source) {
            match file.read_exact(&mut self.buffer) {
                Ok(()) => Some(R::take(&self.buffer)),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
                Err(error) => return Err(error),
            }
        } else {
            self.next += 1;
            self.memory.get(self.next - 1).copied()
        };
        if let Some(row) = row {
            self.heads.push(Reverse(Head { row, source }));
        }
        Ok(())
    }

    /// The next row.
    pub(super) fn next(&mut self) -> io::Result<Option<R>> {
        let Some(Reverse(Head { row, source })) = self.heads.pop() else {
            return Ok(None);
        };
        self.pull(source)?;
        Ok(Some(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, PartialEq, Debug)]
    struct Pair(u32, u32);

    impl Row for Pair {
        type Key = u32;
        const BYTES: usize = 8;
        fn key(&self) -> u32 {
            self.0
        }
        fn put(&self, bytes: &mut Vec<u8>) {
            bytes.extend_from_slice(&self.0.to_le_bytes());
            bytes.extend_from_slice(&self.1.to_le_bytes());
        }
        fn take(bytes: &[u8]) -> Self {
            let number = |from: usize| {
                let mut four = [0; 4];
                four.copy_from_slice(&bytes[from..from + 4]);
                u32::from_le_bytes(four)
            };
            Self(number(0), number(4))
        }
    }

    #[test]
    fn parts_are_merged_as_one_stable_sort_would() {
        for part in [1, 3, 7, 1000] {
            let mut sorter = Sorter::of_parts(part);
            let mut all = Vec::new();
            for number in 0..100_u32 {
                let row = Pair(number * 37 % 11, number);
                all.push(row);
                sorter.push(row).unwrap();
            }
            let merged = sorter.finish();
            all.sort_by_key(|row| row.0);
            for _ in 0..2 {
                let mut rows = merged.rows().unwrap();
                let mut got = Vec::new();
                while let Some(row) = rows.next().unwrap() {
                    got.push(row);
                }
                assert_eq!(got, all, "{part}");
            }
            let paths: Vec<_> = merged.parts.iter().map(|part| part.path.clone()).collect();
            assert_eq!(merged.len(), 100);
            drop(merged);
            assert!(paths.iter().all(|path| !path.exists()));
        }
    }
}
