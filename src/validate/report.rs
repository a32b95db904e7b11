//! What a validation found.

use std::fmt;

use serde::Serialize;

use super::estimate::Estimate;
use crate::stats::intervals::Interval;

/// Standard errors that a simulated value may lie from the expected one.
pub(super) const MOST_ERRORS: f64 = 4.0;

/// Relative rounding that an exact sum of floats is allowed.
const ROUNDING: f64 = 1e-12;

/// The whole validation.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Report {
    /// In the order of the sheet.
    pub groups: Vec<GroupReport>,
}

/// The rows of one id of the sheet.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct GroupReport {
    /// Id of the sheet, such as `V9b`.
    pub id: String,
    /// What is tested, in one line.
    pub title: String,
    /// In the order of the sheet.
    pub rows: Vec<Row>,
}

/// One row: a case with its quantities.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Row {
    /// The parameters.
    pub case: String,
    /// One a quantity.
    pub checks: Vec<Check>,
}

/// One quantity of a row.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Check {
    /// What is compared.
    pub quantity: String,
    /// What theory or publication says.
    pub expected: Value,
    /// What the simulator says.
    pub simulated: Value,
    /// 95 % interval of the simulated value; `None` where nothing is random or no spread is known.
    pub interval: Option<Interval>,
    /// The rule that the verdict follows.
    pub rule: String,
    /// Whether they agree.
    pub verdict: Verdict,
}

/// A value as shown.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A measured number.
    Number(f64),
    /// A count.
    Count(u64),
    /// Anything else.
    Text(String),
}

/// Whether simulated and expected agree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Shown for comparison only.
    Info,
    /// Not looked at: its data are absent.
    Skipped,
    /// They agree.
    Pass,
    /// They do not.
    Fail,
}

/// How many there were of each verdict.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Tally {
    /// That passed.
    pub passed: usize,
    /// That failed.
    pub failed: usize,
    /// That were skipped.
    pub skipped: usize,
    /// That are shown for comparison only.
    pub info: usize,
}

impl Report {
    /// Whether nothing failed.
    pub fn passed(&self) -> bool {
        self.rows().failed == 0
    }

    /// Rows by verdict; a row is as bad as its worst quantity.
    pub fn rows(&self) -> Tally {
        let rows = self.groups.iter().flat_map(|group| &group.rows);
        Tally::of(rows.map(Row::verdict))
    }

    /// Quantities by verdict.
    pub fn checks(&self) -> Tally {
        let rows = self.groups.iter().flat_map(|group| &group.rows);
        Tally::of(rows.flat_map(|row| &row.checks).map(|check| check.verdict))
    }
}

impl Tally {
    fn of(verdicts: impl Iterator<Item = Verdict>) -> Self {
        let mut tally = Self::default();
        for verdict in verdicts {
            match verdict {
                Verdict::Info => tally.info += 1,
                Verdict::Skipped => tally.skipped += 1,
                Verdict::Pass => tally.passed += 1,
                Verdict::Fail => tally.failed += 1,
            }
        }
        tally
    }
}

impl Row {
    /// A row of a case.
    pub fn new(case: impl Into<String>, checks: Vec<Check>) -> Self {
        Self {
            case: case.into(),
            checks,
        }
    }

    /// The worst of its quantities.
    pub fn verdict(&self) -> Verdict {
        let verdicts = self.checks.iter().map(|check| check.verdict);
        verdicts.max().unwrap_or(Verdict::Info)
    }
}

impl Check {
    fn new(
        quantity: &str,
        expected: Value,
        simulated: Value,
        rule: impl Into<String>,
        agree: bool,
    ) -> Self {
        Self {
            quantity: quantity.to_owned(),
            expected,
            simulated,
            interval: None,
            rule: rule.into(),
            verdict: if agree { Verdict::Pass } else { Verdict::Fail },
        }
    }

    /// An estimate against a value that has no error: they must lie within four standard errors.
    pub fn against(quantity: &str, expected: f64, estimate: Estimate) -> Self {
        let agree = (estimate.value - expected).abs() <= MOST_ERRORS * estimate.error;
        Self::of_estimate(quantity, expected, estimate, "4 SE", agree)
    }

    /// An estimate against a reference that is an estimate itself: within four standard errors of
    /// the difference, and half a unit of its last printed digit.
    pub fn against_reference(
        quantity: &str,
        reference: f64,
        reference_error: f64,
        half_a_digit: f64,
        estimate: Estimate,
    ) -> Self {
        let error = estimate.error.hypot(reference_error);
        let room = MOST_ERRORS * error + half_a_digit;
        let agree = (estimate.value - reference).abs() <= room;
        Self::of_estimate(quantity, reference, estimate, "4 SE of both", agree)
    }

    fn of_estimate(
        quantity: &str,
        expected: f64,
        estimate: Estimate,
        rule: &str,
        agree: bool,
    ) -> Self {
        let expected = Value::Number(expected);
        let simulated = Value::Number(estimate.value);
        let mut check = Self::new(quantity, expected, simulated, rule, agree);
        check.interval = Some(estimate.interval());
        check
    }

    /// Values that must be the same, numbers to the rounding of a sum.
    pub fn exact(quantity: &str, expected: impl Into<Value>, simulated: impl Into<Value>) -> Self {
        let (expected, simulated) = (expected.into(), simulated.into());
        let agree = match (&expected, &simulated) {
            (Value::Number(x), Value::Number(y)) => (x - y).abs() <= ROUNDING * x.abs(),
            (x, y) => x == y,
        };
        Self::new(quantity, expected, simulated, "equal", agree)
    }

    /// A value that must lie within a share of the expected one.
    pub fn within(quantity: &str, expected: f64, simulated: f64, share: f64) -> Self {
        let agree = (simulated - expected).abs() <= share * expected.abs();
        let rule = if share < 1e-4 {
            format!("±{share:e}")
        } else {
            format!("±{} %", significant(100.0 * share))
        };
        Self::new(quantity, expected.into(), simulated.into(), rule, agree)
    }

    /// A value that must not exceed a bound.
    pub fn at_most(quantity: &str, bound: f64, simulated: f64) -> Self {
        let agree = simulated <= bound;
        Self::new(quantity, bound.into(), simulated.into(), "at most", agree)
    }

    /// Shown for comparison, without a verdict.
    pub fn info(quantity: &str, expected: f64, estimate: Estimate) -> Self {
        Self {
            verdict: Verdict::Info,
            ..Self::of_estimate(quantity, expected, estimate, "", true)
        }
    }

    /// A value without an interval, shown for comparison.
    pub fn plain(quantity: &str, expected: impl Into<Value>, simulated: f64) -> Self {
        Self {
            verdict: Verdict::Info,
            ..Self::new(quantity, expected.into(), simulated.into(), "", true)
        }
    }

    /// A row that gave no result.
    pub(super) fn broken(message: String) -> Self {
        let nothing = Value::Text("–".to_owned());
        Self::new("result", nothing, Value::Text(message), "", false)
    }

    /// A row that was not looked at.
    pub(super) fn skipped(why: String) -> Self {
        let nothing = Value::Text(String::new());
        let mut check = Self::new("", nothing, Value::Text(why), "", true);
        check.verdict = Verdict::Skipped;
        check
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<u64> for Value {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl From<u32> for Value {
    fn from(count: u32) -> Self {
        Self::Count(count.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => f.write_str(&significant(*number)),
            Self::Count(count) => count.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Skipped => "skipped",
            Self::Pass => "pass",
            Self::Fail => "FAIL",
        })
    }
}

/// Six significant digits, in powers of ten where that is shorter.
pub(super) fn significant(number: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return number.to_string();
    }
    let scientific = format!("{number:.5e}");
    let exponent = scientific
        .split_once('e')
        .and_then(|(_, e)| e.parse::<i32>().ok());
    match exponent {
        Some(exponent @ -4..=8) => {
            let decimals = usize::try_from(5 - exponent).unwrap_or(0);
            let text = format!("{number:.decimals$}");
            if text.contains('.') {
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            } else {
                text
            }
        }
        _ => scientific,
    }
}
