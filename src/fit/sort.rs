//! Rows put in order with bounded memory: those that are too many are sorted in parts, which wait
//! in temporary files and are merged as they are read. Of many parts some are merged before, so
//! that few files are open at a time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// Rows of a part: with 104 bytes a row about 50 MB.
const PART: usize = 1 << 19;

/// Parts that are merged at a time, each of which is an open file: systems allow 256 or more.
const MOST_OPEN: usize = 100;

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
    most_open: usize,
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
        Self::of_parts(PART, MOST_OPEN)
    }

    fn of_parts(part_rows: usize, most_open: usize) -> Self {
        Self {
            rows: Vec::new(),
            parts: Vec::new(),
            part_rows,
            most_open,
        }
    }

    pub(super) fn push(&mut self, row: R) -> io::Result<()> {
        self.rows.push(row);
        if self.rows.len() >= self.part_rows {
            self.rows.sort_by_key(R::key);
            let mut part = PartWriter::new()?;
            for row in &self.rows {
                part.write(row)?;
            }
            self.parts.push(part.finish()?);
            self.rows.clear();
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<Sorted<R>> {
        self.rows.sort_by_key(R::key);
        while self.parts.len() > self.most_open {
            self.parts = merged::<R>(self.parts, self.most_open)?;
        }
        let in_parts: u64 = self.parts.iter().map(|part| part.rows).sum();
        Ok(Sorted {
            len: in_parts + self.rows.len() as u64,
            rows: self.rows,
            parts: self.parts,
        })
    }
}

/// Parts of which each is so many that followed one another.
fn merged<R: Row>(parts: Vec<Part>, at_a_time: usize) -> io::Result<Vec<Part>> {
    let mut fewer = Vec::new();
    let mut parts = parts.into_iter();
    loop {
        // They go as soon as they are merged, so that they take no more room than they must.
        let together: Vec<Part> = parts.by_ref().take(at_a_time).collect();
        if together.is_empty() {
            return Ok(fewer);
        }
        let mut rows = Rows::<R>::of(&together, &[])?;
        let mut part = PartWriter::new()?;
        while let Some(row) = rows.next()? {
            part.write(&row)?;
        }
        fewer.push(part.finish()?);
    }
}

/// Writes a part.
struct PartWriter {
    part: Part,
    file: BufWriter<File>,
    bytes: Vec<u8>,
}

impl PartWriter {
    fn new() -> io::Result<Self> {
        let (path, file) = create_new(&env::temp_dir())?;
        Ok(Self {
            part: Part { path, rows: 0 },
            file: BufWriter::with_capacity(1 << 18, file),
            bytes: Vec::new(),
        })
    }

    fn write<R: Row>(&mut self, row: &R) -> io::Result<()> {
        self.bytes.clear();
        row.put(&mut self.bytes);
        self.part.rows += 1;
        self.file.write_all(&self.bytes)
    }

    fn finish(mut self) -> io::Result<Part> {
        self.file.flush()?;
        Ok(self.part)
    }
}

/// Creates a file that was not there, for this user alone: in a folder that all share, whatever
/// has its name already may be a link to a file of somebody else.
fn create_new(folder: &Path) -> io::Result<(PathBuf, File)> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    const TRIES: u32 = 1_000;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut tries = 0;
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("frostline-fit-{}-{number}.rows", process::id()));
        match options.open(&path) {
            Ok(file) => return Ok((path, file)),
            // Left over from a process that had this id, or put there.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tries < TRIES => {
                tries += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

impl<R: Row> Sorted<R> {
    /// How many rows there are.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// All rows in order.
    pub(super) fn rows(&self) -> io::Result<Rows<'_, R>> {
        Rows::of(&self.parts, &self.rows)
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

impl<'a, R: Row> Rows<'a, R> {
    fn of(parts: &[Part], memory: &'a [R]) -> io::Result<Self> {
        let mut rows = Self {
            heads: BinaryHeap::new(),
            files: Vec::new(),
            memory,
            next: 0,
            buffer: vec![0; R::BYTES],
        };
        for part in parts {
            rows.files.push(open(&part.path)?);
        }
        for source in 0..=parts.len() {
            rows.pull(source)?;
        }
        Ok(rows)
    }

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
        for (part, open) in [(1, 2), (1, 200), (1, 7), (3, 5), (7, 100), (1000, 2)] {
            let mut sorter = Sorter::of_parts(part, open);
            let mut all = Vec::new();
            for number in 0..100_u32 {
                let row = Pair(number * 37 % 11, number);
                all.push(row);
                sorter.push(row).unwrap();
            }
            let merged = sorter.finish().unwrap();
            assert!(merged.parts.len() <= open, "{part} {open}");
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
    #[cfg(unix)]
    #[test]
    fn a_link_that_waits_under_the_name_is_not_followed() {
        use std::os::unix::fs::{MetadataExt, symlink};
        let folder = env::temp_dir().join(format!("frostline-links-{}", process::id()));
        fs::create_dir(&folder).unwrap();
        let (first, _) = create_new(&folder).unwrap();
        let number = |path: &Path| -> u32 {
            let stem = path.file_stem().unwrap().to_str().unwrap();
            stem.rsplit('-').next().unwrap().parse().unwrap()
        };
        let others = folder.join("others");
        // Tests beside this one take numbers too.
        for next in 1..200 {
            let name = format!(
                "frostline-fit-{}-{}.rows",
                process::id(),
                number(&first) + next
            );
            symlink(&others, folder.join(name)).unwrap();
        }
        let (second, file) = create_new(&folder).unwrap();
        assert!(number(&second) > number(&first));
        assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600);
        assert!(!others.exists());
        fs::remove_dir_all(&folder).unwrap();
    }
}
