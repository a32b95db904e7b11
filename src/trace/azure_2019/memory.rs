//! The table of memory, an app a row; in excerpts a function a row.

use super::super::fault::TraceFault;
use super::super::lines::Lines;
use super::super::names::NameIndex;
use super::super::text::{parse_fixed, split};
use super::Reading;
use super::keys::{APP_KEY, FUNCTION_KEY, KeyColumns, app_of};
use crate::units::Memory;

impl Reading<'_> {
    pub(super) fn memory(&mut self, lines: &mut Lines) -> Result<(), TraceFault> {
        let header = lines.header()?;
        let by_function = header.find("HashFunction").is_some();
        let names: &[&str] = if by_function { &FUNCTION_KEY } else { &APP_KEY };
        let key_columns = KeyColumns::find(&header, names)?;
        let average = header.need("AverageAllocatedMb")?;
        let width = header.names.len();
        let (mut fields, mut key) = (Vec::new(), Vec::new());
        let mut seen = NameIndex::default();
        let mut memories: Vec<Memory> = Vec::new();
        let mut any = false;
        while self.next_row(lines) {
            any = true;
            split(lines.line(), &mut fields);
            if fields.len() != width {
                self.faults.add(lines.cut(fields.len(), width));
                continue;
            }
            key_columns.read(lines.line(), &fields, &mut key);
            let field = &lines.line()[fields[average].clone()];
            let millionths = match parse_fixed(field, 6) {
                Ok(millionths) => millionths,
                Err(wrong) => {
                    self.faults
                        .add(lines.fault(wrong.explain(field, "AverageAllocatedMb")));
                    continue;
                }
            };
            if millionths <= 0 {
                self.warn(lines, "a memory of 0 MB or less: taken as not known");
            }
            if seen.insert(&key) == memories.len() {
                memories.push(Memory::from_mb(millionths as f64 / 1e6));
            } else {
                self.warn(lines, "an app has several rows of memory: the first counts");
            }
        }
        for (place, entry) in self.functions.iter_mut().enumerate() {
            let key = self.keys.name(place);
            let key = if by_function { key } else { app_of(key) };
            let found = seen.get(key).map(|place| memories[place]);
            entry.memory = entry.memory.or(found.filter(|memory| memory.bytes() > 0));
        }
        self.ends(any, lines)
    }
}
