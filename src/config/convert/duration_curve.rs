//! A service as measured at several memories.

use std::path::Path;

use serde_json::Value;

use crate::config::diagnostic::Fault;
use crate::config::source::{Place, read_text};
use crate::config::typed::duration_curve::{Beyond, DurationCurve};
use crate::config::typed::value;
use crate::units::{Memory, Span, parse_memory};

use super::Context;

impl Context {
    /// The length at a memory. Between two measured memories the logarithm of the length is linear
    /// in that of memory, so that what goes with the inverse of memory is met exactly.
    pub(super) fn length_at(
        &self,
        curve: &DurationCurve,
        memory: Memory,
        place: Place,
    ) -> Option<Span> {
        let (points, typed_at) = self.points(curve, place)?;
        let (first, last) = (points.first()?, points.last()?);
        let outside = memory < first.0 || memory > last.0;
        if outside && value(&curve.beyond) != Some(&Beyond::Nearest) {
            self.fault(
                Fault::new(format!("the service was not measured at {memory}"))
                    .at(typed_at)
                    .note(format!("measured: from {} to {}", first.0, last.0))
                    .note("beyond = \"nearest\" takes what was measured nearest"),
            );
            return None;
        }
        Some(interpolate(&points, memory))
    }

    /// The measured points in order of memory, with the place of what gives them.
    fn points(&self, curve: &DurationCurve, place: Place) -> Option<(Vec<(Memory, Span)>, Place)> {
        let (mut points, place) = match (&curve.by_memory, &curve.power_tuning) {
            (Some(given), None) => {
                let mut points = Vec::new();
                let mut sound = true;
                for (memory, length) in given.get()? {
                    match (parse_memory(memory), length.get()) {
                        (Ok(memory), Some(length)) if memory.bytes() > 0 => {
                            points.push((memory, length.0));
                        }
                        (Ok(_), None) => sound = false,
                        _ => {
                            sound = false;
                            let title = format!("`{memory}` is no amount of memory");
                            let fault = Fault::new(title).at(length.place);
                            self.fault(fault.note("such as \"512 MB\" = \"3.2 s\""));
                        }
                    }
                }
                (sound.then_some(points)?, given.place)
            }
            (None, Some(given)) => {
                let typed = given.get()?;
                let result = if typed.starts_with("https://") {
                    of_address(typed)
                } else {
                    let file = self.existing(given, "power-tuning result")?;
                    of_file(&file)
                };
                match result {
                    Ok(points) => (points, given.place),
                    Err(message) => {
                        self.fault(Fault::new(message).at(given.place));
                        return None;
                    }
                }
            }
            (None, None) => {
                let title = "`beyond` needs `by-memory` or `power-tuning`";
                self.fault(Fault::new(title).at(place));
                return None;
            }
            (Some(_), Some(_)) => {
                let title = "a service is given `by-memory` or by `power-tuning`, not by both";
                self.fault(Fault::new(title).at(place));
                return None;
            }
        };
        points.sort_by_key(|point| point.0);
        if let Some(twice) = points.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let title = format!("{} was measured twice", twice[0].0);
            self.fault(Fault::new(title).at(place));
            return None;
        }
        if points.is_empty() {
            self.fault(Fault::new("there is no measured memory").at(place));
            return None;
        }
        Some((points, place))
    }
}

/// Piecewise linear in the logarithms; beyond the ends as at them.
fn interpolate(points: &[(Memory, Span)], memory: Memory) -> Span {
    let after = points.partition_point(|point| point.0 < memory);
    let (Some(right), Some(left)) = (points.get(after), points.get(after.wrapping_sub(1))) else {
        let nearest = points.get(after).or(points.last());
        return nearest.map_or(Span::ZERO, |point| point.1);
    };
    if right.0 == memory {
        return right.1;
    }
    let ln = |memory: Memory| (memory.bytes() as f64).ln();
    let share = (ln(memory) - ln(left.0)) / (ln(right.0) - ln(left.0));
    let (from, to) = (left.1.secs().ln(), right.1.secs().ln());
    Span::from_secs((from + share * (to - from)).exp())
}

/// A result of aws-lambda-power-tuning: the output of its state machine, or the address of its
/// visualization. The errors name the file and the place in it.
fn of_file(file: &Path) -> Result<Vec<(Memory, Span)>, String> {
    let name = file.display();
    let text = read_text(file).map_err(|message| format!("{name}: {message}"))?;
    let text = text.trim();
    if text.starts_with("https://") {
        return of_address(text).map_err(|message| format!("{name}: {message}"));
    }
    let root: Value = serde_json::from_str(text).map_err(|error| format!("{name}: {error}"))?;
    of_output(&root).map_err(|message| format!("{name}: {message}"))
}

/// The output of the state machine (README-INPUT-OUTPUT of the tool): the averages are in `stats`
/// where it was asked for them by `includeOutputResults`, else in the address only.
fn of_output(root: &Value) -> Result<Vec<(Memory, Span)>, String> {
    let (results, path) = match root.get("results") {
        Some(results) => (results, "results."),
        None => (root, ""),
    };
    if let Some(stats) = results.get("stats") {
        let listed = stats
            .as_array()
            .ok_or_else(|| format!("{path}stats: expected a list"))?;
        let number = |entry: &Value, place: usize, key: &str| {
            let number = entry.get(key);
            // The tool writes the best memory as a text.
            number
                .and_then(|n| n.as_f64().or_else(|| n.as_str()?.parse().ok()))
                .ok_or_else(|| format!("{path}stats[{place}].{key}: expected a number"))
        };
        let points = listed.iter().enumerate().map(|(place, entry)| {
            let mb = number(entry, place, "value")?;
            let millis = number(entry, place, "averageDuration")?;
            point(mb, millis).ok_or_else(|| format!("{path}stats[{place}]: not above zero"))
        });
        return points.collect();
    }
    let address = results
        .get("stateMachine")
        .and_then(|machine| machine.get("visualization"))
        .and_then(Value::as_str);
    match address {
        Some(address) => of_address(address)
            .map_err(|message| format!("{path}stateMachine.visualization: {message}")),
        None => Err(format!(
            "expected {path}stats or {path}stateMachine.visualization, as aws-lambda-power-tuning \
             writes them"
        )),
    }
}

/// A point in MB and milliseconds, where both are above zero and of a size that exists.
fn point(mb: f64, millis: f64) -> Option<(Memory, Span)> {
    let sound = mb > 0.0 && mb < 1e9 && millis > 0.0 && millis < 1e12;
    sound.then(|| (Memory::from_mb(mb), Span::from_millis(millis)))
}

/// The address of the visualization: after `#`, sizes in MB as 16-bit whole numbers, averages in
/// milliseconds and costs as 32-bit floats, each as little-endian bytes in base64.
fn of_address(address: &str) -> Result<Vec<(Memory, Span)>, String> {
    let (_, hash) = address
        .split_once('#')
        .ok_or("there is nothing after `#`")?;
    let mut parts = hash.split(';');
    let mut bytes = |what: &str| {
        let part = parts.next().unwrap_or_default();
        base64(part).ok_or_else(|| format!("the {what} after `#` are not base64"))
    };
    let (sizes, lengths) = (bytes("memories")?, bytes("durations")?);
    let (sizes, lengths) = (sizes.as_chunks::<2>(), lengths.as_chunks::<4>());
    let whole = sizes.1.is_empty() && lengths.1.is_empty();
    if !whole || sizes.0.len() != lengths.0.len() {
        return Err("memories and durations after `#` are not as many".to_owned());
    }
    let points = sizes.0.iter().zip(lengths.0).map(|(size, length)| {
        let mb = f64::from(u16::from_le_bytes(*size));
        let millis = f64::from(f32::from_le_bytes(*length));
        point(mb, millis).ok_or_else(|| format!("{mb} MB with {millis} ms was not measured"))
    });
    points.collect()
}

/// Bytes out of base64 (RFC 4648), with or without its padding.
fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=').as_bytes();
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    for group in text.chunks(4) {
        let mut bits: u32 = 0;
        for byte in group {
            let six = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' | b'-' => 62,
                b'/' | b'_' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(six);
        }
        let missing = 4 - group.len();
        if missing == 3 {
            return None;
        }
        let whole = (bits << (6 * missing)).to_be_bytes();
        bytes.extend_from_slice(&whole[1..4 - missing]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of README-INPUT-OUTPUT of the tool.
    #[test]
    fn the_address_that_the_tool_shows_as_an_example_is_read() {
        let address = "https://lambda-power-tuning.show/#gAAAAQACAAQABsAL;\
                       ZooQR4yvkUa/pQRGRC5zRaADHUVjOftE;QdWhOEMkoziDT5Q4xhiIOMYYiDi6RNc4";
        let points = of_address(address).unwrap();
        let mb: Vec<f64> = points.iter().map(|point| point.0.mb()).collect();
        assert_eq!(mb, [128.0, 256.0, 512.0, 1024.0, 1536.0, 3008.0]);
        let millis: Vec<f64> = points
            .iter()
            .map(|point| point.1.millis().round())
            .collect();
        assert_eq!(millis, [37002.0, 18648.0, 8489.0, 3891.0, 2512.0, 2010.0]);
    }

    #[test]
    fn between_two_memories_an_inverse_law_is_met_exactly_and_a_flat_one_stays() {
        let of = |points: &[(f64, f64)], mb: f64| {
            let points: Vec<_> = points
                .iter()
                .filter_map(|(mb, ms)| point(*mb, *ms))
                .collect();
            interpolate(&points, Memory::from_mb(mb)).millis()
        };
        let inverse = [(128.0, 8000.0), (1024.0, 1000.0), (2048.0, 1000.0)];
        assert!((of(&inverse, 256.0) - 4000.0).abs() < 1e-3);
        assert!((of(&inverse, 512.0) - 2000.0).abs() < 1e-3);
        assert!((of(&inverse, 1500.0) - 1000.0).abs() < 1e-3);
        let ends = [
            of(&inverse, 128.0),
            of(&inverse, 64.0),
            of(&inverse, 4096.0),
        ];
        let expected = [8000.0, 8000.0, 1000.0];
        assert!(
            ends.iter()
                .zip(expected)
                .all(|(found, expected)| (found - expected).abs() < 1e-3)
        );
    }

    #[test]
    fn base64_of_every_length_is_read_and_other_signs_are_not() {
        assert_eq!(base64("").unwrap(), b"");
        assert_eq!(base64("Zg==").unwrap(), b"f");
        assert_eq!(base64("Zm8").unwrap(), b"fo");
        assert_eq!(base64("Zm9v").unwrap(), b"foo");
        assert_eq!(base64("Z"), None);
        assert_eq!(base64("Zm 9"), None);
    }
}
