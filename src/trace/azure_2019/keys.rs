//! What rows of different tables have in common: the hashes of owner, app and function.

use std::ops::Range;

use super::super::TraceFault;
use super::super::text::Header;

pub(super) const FUNCTION_KEY: [&str; 3] = ["HashOwner", "HashApp", "HashFunction"];
pub(super) const APP_KEY: [&str; 2] = ["HashOwner", "HashApp"];

/// Where the hashes are in a row.
pub(super) struct KeyColumns(pub(super) Vec<usize>);

impl KeyColumns {
    pub(super) fn find(header: &Header, names: &[&str]) -> Result<Self, TraceFault> {
        let columns = names.iter().map(|name| header.need(name));
        Ok(Self(columns.collect::<Result<_, _>>()?))
    }

    /// `owner,app` or `owner,app,function` of a row.
    pub(super) fn read(&self, line: &[u8], fields: &[Range<usize>], key: &mut Vec<u8>) {
        key.clear();
        self.append(line, fields, key);
    }

    /// The same, behind what there is.
    pub(super) fn append(&self, line: &[u8], fields: &[Range<usize>], keys: &mut Vec<u8>) {
        for (number, column) in self.0.iter().enumerate() {
            if number > 0 {
                keys.push(b',');
            }
            keys.extend_from_slice(&line[fields[*column].clone()]);
        }
    }
}

/// `owner,app` of `owner,app,function`.
pub(super) fn app_of(key: &[u8]) -> &[u8] {
    let comma = key.iter().rposition(|byte| *byte == b',');
    &key[..comma.unwrap_or(key.len())]
}
