//! Columns and numbers of a CSV file, read as bytes: parsing floats one by one costs more than
//! simulating the requests they stand for.

use std::ops::Range;
use std::path::PathBuf;

use super::TraceFault;

/// Names of columns.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) path: PathBuf,
    pub(super) names: Vec<String>,
}

impl Header {
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|other| other == name)
    }

    /// The names for a person, the first ones of many.
    fn shown(&self) -> String {
        const SHOWN: usize = 12;
        let quoted = self.names.iter().map(|name| {
            let name: String = name.chars().take(40).collect();
            format!("`{name}`")
        });
        let shown: Vec<String> = quoted.take(SHOWN).collect();
        match self.names.len().saturating_sub(SHOWN) {
            0 => shown.join(", "),
            more => format!("{} and {more} more", shown.join(", ")),
        }
    }

    /// The place of a column, or a fault that names the nearest, or all.
    pub(super) fn need(&self, name: &str) -> Result<usize, TraceFault> {
        self.find(name).ok_or_else(|| {
            let nearest = self
                .names
                .iter()
                .map(|other| (strsim::jaro_winkler(name, other), other))
                .filter(|(likeness, other)| *likeness > 0.7 && other.len() < 80)
                .max_by(|a, b| a.0.total_cmp(&b.0));
            let message = match nearest {
                Some((_, other)) => format!("has no column `{name}`; did you mean `{other}`?"),
                None => format!("has no column `{name}`; its columns are {}", self.shown()),
            };
            TraceFault {
                file: self.path.clone(),
                row: Some(1),
                message,
            }
        })
    }
}

/// Cuts a line into fields. Quotes around a field are left out; a comma inside them does not cut.
pub(super) fn split(line: &[u8], fields: &mut Vec<Range<usize>>) {
    fields.clear();
    let mut start = 0;
    while start <= line.len() {
        if line.get(start) == Some(&b'"') {
            let inside = start + 1;
            let closing = line[inside..].iter().position(|byte| *byte == b'"');
            let close = closing.map_or(line.len(), |at| inside + at);
            fields.push(inside..close);
            let comma = line[close..].iter().position(|byte| *byte == b',');
            start = comma.map_or(line.len() + 1, |at| close + at + 1);
        } else {
            let comma = line[start..].iter().position(|byte| *byte == b',');
            let end = comma.map_or(line.len(), |at| start + at);
            fields.push(start..end);
            start = end + 1;
        }
    }
}

/// Why a field is no number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NumberFault {
    NotANumber,
    NotFinite,
    TooLarge,
}

impl NumberFault {
    /// The fault with the field it is about.
    pub(super) fn explain(self, field: &[u8], column: &str) -> String {
        let text = String::from_utf8_lossy(field);
        let shown: String = text.chars().take(40).collect();
        let wrong = match self {
            Self::NotANumber if shown.is_empty() => return format!("has no `{column}`"),
            Self::NotANumber => "is not a number",
            Self::NotFinite => "is not finite",
            Self::TooLarge => "is too large",
        };
        format!("`{column}` = `{shown}` {wrong}")
    }
}

/// A decimal number times ten to the power of `digits`, rounded: seconds with 9 digits are
/// nanoseconds. Exact, and without floats unless there is an exponent.
pub(super) fn parse_fixed(field: &[u8], digits: u32) -> Result<i64, NumberFault> {
    let field = field.trim_ascii();
    let (negative, number) = match field.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, field),
    };
    let mut value: i64 = 0;
    // Digits after the point so far, or none before it.
    let mut decimals: Option<u32> = None;
    let mut any = false;
    let mut round_up = false;
    for byte in number {
        match byte {
            b'0'..=b'9' => {
                any = true;
                match &mut decimals {
                    Some(n) if *n >= digits => {
                        round_up |= *n == digits && *byte >= b'5';
                        *n = digits + 1;
                        continue;
                    }
                    Some(n) => *n += 1,
                    None => {}
                }
                value = value
                    .checked_mul(10)
                    .and_then(|value| value.checked_add(i64::from(byte - b'0')))
                    .ok_or(NumberFault::TooLarge)?;
            }
            b'.' if decimals.is_none() => decimals = Some(0),
            _ => return parse_float(field, digits),
        }
    }
    if !any {
        return Err(NumberFault::NotANumber);
    }
    let missing = digits - decimals.unwrap_or(0).min(digits);
    value = 10_i64
        .checked_pow(missing)
        .and_then(|power| value.checked_mul(power))
        .and_then(|value| value.checked_add(i64::from(round_up)))
        .ok_or(NumberFault::TooLarge)?;
    Ok(if negative { -value } else { value })
}

/// Numbers with an exponent, and what is none.
#[cold]
fn parse_float(field: &[u8], digits: u32) -> Result<i64, NumberFault> {
    let text = std::str::from_utf8(field).map_err(|_| NumberFault::NotANumber)?;
    let value: f64 = text.parse().map_err(|_| NumberFault::NotANumber)?;
    if !value.is_finite() {
        return Err(NumberFault::NotFinite);
    }
    let scaled = (value * 10_f64.powi(digits.cast_signed())).round();
    if scaled.abs() < 9.2e18 {
        Ok(scaled as i64)
    } else {
        Err(NumberFault::TooLarge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_and_rounded_half_up() {
        for (text, nanos) in [
            ("0", Ok(0)),
            ("1", Ok(1_000_000_000)),
            ("0.07949090003967285", Ok(79_490_900)),
            ("0.0000000005", Ok(1)),
            ("0.00000000049", Ok(0)),
            ("-1.5", Ok(-1_500_000_000)),
            ("+.5", Ok(500_000_000)),
            ("5.", Ok(5_000_000_000)),
            (" 2 ", Ok(2_000_000_000)),
            ("1e-3", Ok(1_000_000)),
            ("", Err(NumberFault::NotANumber)),
            (".", Err(NumberFault::NotANumber)),
            ("-", Err(NumberFault::NotANumber)),
            ("1.2.3", Err(NumberFault::NotANumber)),
            ("abc", Err(NumberFault::NotANumber)),
            ("nan", Err(NumberFault::NotFinite)),
            ("-inf", Err(NumberFault::NotFinite)),
            ("1e300", Err(NumberFault::TooLarge)),
            ("99999999999", Err(NumberFault::TooLarge)),
            ("99999999999999999999999", Err(NumberFault::TooLarge)),
        ] {
            assert_eq!(parse_fixed(text.as_bytes(), 9), nanos, "{text}");
        }
    }

    #[test]
    fn fields_are_cut_at_commas_outside_quotes() {
        let mut fields = Vec::new();
        for (line, expected) in [
            ("a,b", vec!["a", "b"]),
            ("", vec![""]),
            (",", vec!["", ""]),
            ("\"a,b\",c", vec!["a,b", "c"]),
            ("\"a", vec!["a"]),
            ("\"a\"x,", vec!["a", ""]),
        ] {
            split(line.as_bytes(), &mut fields);
            let cut: Vec<&str> = fields.iter().map(|range| &line[range.clone()]).collect();
            assert_eq!(cut, expected, "{line}");
        }
    }
}
