//! The table of requests by the minute: a file on its own, so that days are read side by side.

use std::path::Path;

use super::super::fault::{Faults, TraceFault};
use super::super::lines::Lines;
use super::super::minutes::{PackedRow, Packer};
use super::super::text::{Header, split};
use super::keys::{FUNCTION_KEY, KeyColumns};
use super::scan::{CountFault, pack_counts};

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct RequestTable {
    /// How many minutes it covers.
    pub(super) minutes: u32,
    pub(super) rows: Vec<RequestRow>,
    pub(super) packed: Vec<u8>,
    /// The keys of all rows, one after the other.
    keys: Vec<u8>,
    /// Whether it ends after its header: a day without requests, where there are others.
    pub(super) is_empty: bool,
    pub(super) faults: Faults,
}

/// The requests of a function in a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestRow {
    /// Where its key ends.
    key_end: usize,
    pub(super) packed: PackedRow,
    pub(super) requests: u64,
    /// The line of the file.
    pub(super) line: u64,
}

impl RequestTable {
    pub(super) fn read(file: &Path) -> Self {
        let mut table = Self::default();
        let mut packer = Packer::default();
        let result = Lines::open(file).and_then(|mut lines| {
            let result = table.rows(&mut lines, &mut packer);
            if let Some(damage) = lines.damage() {
                table.faults.replace(damage);
                return Ok(());
            }
            result
        });
        if let Err(fault) = result {
            table.faults.add(fault);
        }
        table.packed = packer.into_bytes();
        table
    }

    /// Each row with its key.
    pub(super) fn keyed_rows(&self) -> impl Iterator<Item = (&[u8], &RequestRow)> {
        let mut start = 0;
        self.rows.iter().map(move |row| {
            let key = &self.keys[start..row.key_end];
            start = row.key_end;
            (key, row)
        })
    }

    fn rows(&mut self, lines: &mut Lines, packer: &mut Packer) -> Result<(), TraceFault> {
        let header = lines.header()?;
        let columns = KeyColumns::find(&header, &FUNCTION_KEY)?;
        let (leading, minutes) = minute_columns(&header, lines)?;
        if let Some(column) = columns.0.iter().find(|column| **column >= leading) {
            let name = &header.names[*column];
            return Err(lines.fault(format!("column `{name}` stands after the minutes")));
        }
        self.minutes = minutes;
        let width = leading + minutes as usize;
        let mut fields = Vec::new();
        let mut any = false;
        loop {
            match lines.next() {
                Ok(false) => break,
                Ok(true) => any = true,
                Err(fault) => {
                    any = true;
                    self.faults.add(fault);
                    continue;
                }
            }
            let line = lines.line();
            let Some(tail) = nth_comma(line, leading) else {
                let have = line.split(|byte| *byte == b',').count();
                self.faults.add(lines.cut(have, width));
                continue;
            };
            // What is behind is made of digits and commas, or else a fault.
            if let Err(fault) = lines.check_utf8_of(&line[..tail]) {
                self.faults.add(fault);
                continue;
            }
            split(&line[..tail], &mut fields);
            if fields.len() != leading {
                self.faults.add(lines.cut(fields.len(), width));
                continue;
            }
            match pack_counts(&line[tail + 1..], minutes, packer) {
                Ok(requests) => {
                    columns.append(line, &fields, &mut self.keys);
                    self.rows.push(RequestRow {
                        key_end: self.keys.len(),
                        packed: packer.end_row(),
                        requests,
                        line: lines.row(),
                    });
                }
                Err(wrong) => {
                    packer.drop_row();
                    self.faults.add(wrong.explain(lines, leading, width));
                }
            }
        }
        self.is_empty = !any;
        Ok(())
    }
}

impl CountFault {
    fn explain(self, lines: &Lines, leading: usize, width: usize) -> TraceFault {
        match self {
            Self::Columns(have) => lines.cut(leading + have as usize, width),
            Self::NotACount(minute, field) => {
                let text = String::from_utf8_lossy(&field);
                let shown: String = text.chars().take(40).collect();
                lines.fault(format!(
                    "`{shown}` in column {} is no number of requests a minute",
                    leading + minute as usize + 1
                ))
            }
        }
    }
}

/// How many columns come before the minutes, and how many minutes there are.
fn minute_columns(header: &Header, lines: &Lines) -> Result<(usize, u32), TraceFault> {
    let minute = |name: &String| name.parse::<u32>().ok();
    let Some(leading) = header.names.iter().position(|name| minute(name).is_some()) else {
        return Err(lines.fault("has no columns of minutes: `1`, `2`, …".to_owned()));
    };
    for pair in header.names[leading..].windows(2) {
        if minute(&pair[0]).and_then(|minute| minute.checked_add(1)) != minute(&pair[1]) {
            let message = format!("column `{}` does not follow minute `{}`", pair[1], pair[0]);
            return Err(lines.fault(message));
        }
    }
    Ok((leading, (header.names.len() - leading) as u32))
}

/// Where the `n`-th comma outside quotes is, from 1.
fn nth_comma(line: &[u8], n: usize) -> Option<usize> {
    let mut quoted = false;
    let mut commas = line.iter().enumerate().filter(|(_, byte)| {
        quoted ^= **byte == b'"';
        **byte == b',' && !quoted
    });
    commas.nth(n.checked_sub(1)?).map(|(at, _)| at)
}
