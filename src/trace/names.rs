//! Names that are looked up a row: a table that keeps its order, for tens of thousands of long
//! hashes.

use std::collections::BTreeMap;

/// Names, each with its place in the order in which they were first seen.
#[derive(Debug, Default)]
pub(super) struct NameIndex {
    text: Vec<u8>,
    /// Where each name ends in `text`.
    ends: Vec<usize>,
    /// Open addressing: a place plus one, or zero. A power of two, at most half full.
    slots: Vec<u32>,
}

impl NameIndex {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn name(&self, place: usize) -> &[u8] {
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        &self.text[start..self.ends[place]]
    }

    pub(super) fn get(&self, name: &[u8]) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let mask = self.slots.len() - 1;
        let mut slot = hash(name) as usize & mask;
        loop {
            let place = (self.slots[slot] as usize).checked_sub(1)?;
            if self.name(place) == name {
                return Some(place);
            }
            slot = (slot + 1) & mask;
        }
    }

    /// The place of a name, which is added where it is new.
    pub(super) fn insert(&mut self, name: &[u8]) -> usize {
        if let Some(place) = self.get(name) {
            return place;
        }
        self.text.extend_from_slice(name);
        self.ends.push(self.text.len());
        if self.ends.len() * 2 > self.slots.len() {
            self.slots = vec![0; (self.ends.len() * 4).next_power_of_two()];
            for place in 0..self.ends.len() {
                self.occupy(place);
            }
        } else {
            self.occupy(self.ends.len() - 1);
        }
        self.ends.len() - 1
    }

    fn occupy(&mut self, place: usize) {
        let mask = self.slots.len() - 1;
        let mut slot = hash(self.name(place)) as usize & mask;
        while self.slots[slot] != 0 {
            slot = (slot + 1) & mask;
        }
        self.slots[slot] = place as u32 + 1;
    }
}

/// Multiply and rotate by words of eight bytes: fixed, so that runs do not differ.
fn hash(name: &[u8]) -> u64 {
    let mut hash = name.len() as u64;
    for chunk in name.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        hash ^= hash >> 29;
    }
    hash
}

/// A name for each of `count` things: the first of its `levels` names (short ones first) that no
/// other has; where even the last is shared, a number tells them apart.
pub(super) fn unique(
    count: usize,
    levels: usize,
    name: impl Fn(usize, usize) -> String,
) -> Vec<String> {
    let mut names: Vec<String> = (0..count).map(|thing| name(thing, 0)).collect();
    for level in 1..levels {
        for thing in shared(&names) {
            names[thing] = name(thing, level);
        }
    }
    for (thing, number) in shared(&names).into_iter().zip(1..) {
        names[thing] = format!("{}#{number}", names[thing]);
    }
    names
}

/// The things whose name another one has, in order.
fn shared(names: &[String]) -> Vec<usize> {
    let mut uses: BTreeMap<&str, u32> = BTreeMap::new();
    for name in names {
        *uses.entry(name).or_default() += 1;
    }
    (0..names.len())
        .filter(|thing| uses[names[*thing].as_str()] > 1)
        .collect()
}

/// The first `length` characters.
pub(super) fn prefix(name: &[u8], length: usize) -> String {
    String::from_utf8_lossy(name).chars().take(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_one_place_in_the_order_of_first_sight() {
        let mut names = NameIndex::default();
        for round in 0..2 {
            for number in 0..5_000 {
                let name = format!("function-{number}");
                assert_eq!(names.insert(name.as_bytes()), number, "round {round}");
            }
        }
        assert_eq!(names.len(), 5_000);
        assert_eq!(names.get(b"function-77"), Some(77));
        assert_eq!(names.name(77), b"function-77");
        assert_eq!(names.get(b"function"), None);
    }

    #[test]
    fn names_grow_until_they_are_unique() {
        let things = [("a", "x"), ("b", "x"), ("a", "y"), ("a", "x")];
        let names = unique(4, 2, |thing, level| match level {
            0 => things[thing].1.to_owned(),
            _ => format!("{}/{}", things[thing].0, things[thing].1),
        });
        assert_eq!(names, ["a/x#1", "b/x", "y", "a/x#2"]);
    }
}
