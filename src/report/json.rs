//! `summary.json`: everything that was measured, for programs.
//!
//! One line a measure and one line a function, so that the file can be read, compared by `diff`
//! and searched by line. Keys always come in the same order. A value that does not exist is
//! `null`.

use std::io;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;

use super::curve_csv::{NUMBERS, numbers};
use crate::experiment::{
    CurvePoint, Estimate, Estimates, IntervalMethod, Judged, Results, ScenarioResult, Standing,
};
use crate::metric::MetricId;
use crate::units::Span;

/// The whole document.
///
/// # Errors
/// If it cannot be serialised, which is a fault of this program.
pub fn render(results: &Results) -> io::Result<String> {
    let document = Document {
        experiment: &results.experiment,
        question: &results.question,
        seed: results.seed,
        replications: results.replications,
        version: env!("CARGO_PKG_VERSION"),
        platform: &results.facts.platform,
        prices: results.facts.prices.as_deref(),
        set: Set(&results.facts.set),
        warm_up_s: results.facts.warm_up.secs(),
        duration_s: results.duration().map(Span::secs),
        intervals: match results.intervals {
            IntervalMethod::Replications => Intervals::Replications {},
            IntervalMethod::BatchMeans { batches } => Intervals::BatchMeans { batches },
        },
        scenarios: results.scenarios.iter().map(Scenario::new).collect(),
        assertions: Goal::all(&results.assertions),
        slo: Goal::all(&results.slo),
    };
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Lines::default());
    document.serialize(&mut serializer)?;
    bytes.push(b'\n');
    String::from_utf8(bytes).map_err(io::Error::other)
}

#[derive(Serialize)]
struct Document<'a> {
    experiment: &'a str,
    question: &'a str,
    seed: u64,
    replications: u32,
    version: &'static str,
    platform: &'a str,
    prices: Option<&'a str>,
    /// What the command line has set.
    set: Set<'a>,
    warm_up_s: f64,
    /// Measured time of each replication.
    /// Absent where `duration` is swept.
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_s: Option<f64>,
    intervals: Intervals,
    scenarios: Vec<Scenario<'a>>,
    /// Absent where nothing was asserted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    assertions: Vec<Goal<'a>>,
    /// Absent where there is no objective.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    slo: Vec<Goal<'a>>,
}

/// A goal held against a scenario.
#[derive(Serialize)]
struct Goal<'a> {
    scenario: &'a str,
    /// Absent where all functions are meant together.
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<&'a str>,
    metric: &'static str,
    relation: String,
    bound: f64,
    /// `met`, `unsure`, `missed` or `no-value`.
    standing: &'static str,
    #[serde(flatten)]
    found: Measure,
}

impl<'a> Goal<'a> {
    fn all(judged: &'a [Judged]) -> Vec<Self> {
        let each = judged.iter().map(|judged| Self {
            scenario: &judged.scenario,
            function: judged.function.as_deref(),
            metric: judged.goal.metric.metric().name,
            relation: judged.goal.relation.to_string(),
            bound: judged.goal.bound,
            standing: match judged.standing {
                Standing::Met => "met",
                Standing::Unsure => "unsure",
                Standing::Missed => "missed",
                Standing::NoValue => "no-value",
            },
            found: Measure::from(judged.estimate),
        });
        each.collect()
    }
}

#[derive(Serialize)]
#[serde(tag = "method", rename_all = "kebab-case")]
enum Intervals {
    Replications {},
    BatchMeans { batches: u32 },
}

#[derive(Serialize)]
struct Scenario<'a> {
    policy: &'a str,
    set: Set<'a>,
    metrics: Measures<'a>,
    /// This scenario less the first; absent in the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    paired: Option<Measures<'a>>,
    functions: Vec<Function<'a>>,
    /// Absent where it was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_alive_curve: Option<Vec<Point<'a>>>,
}

impl<'a> Scenario<'a> {
    fn new(scenario: &'a ScenarioResult) -> Self {
        Self {
            policy: &scenario.policy,
            set: Set(&scenario.set),
            metrics: Measures(&scenario.metrics),
            paired: scenario.paired.as_ref().map(Measures),
            functions: scenario
                .functions
                .iter()
                .map(|function| Function {
                    name: &function.name,
                    metrics: Measures(&function.metrics),
                })
                .collect(),
            keep_alive_curve: scenario
                .keep_alive_curve
                .as_ref()
                .map(|curve| curve.iter().map(Point).collect()),
        }
    }
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    metrics: Measures<'a>,
}

/// A point of the keep-alive curve.
struct Point<'a>(&'a CurvePoint);

impl Serialize for Point<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("keep_alive_s", &self.0.keep_alive.secs())?;
        for (name, number) in NUMBERS.iter().zip(numbers(self.0)) {
            map.serialize_entry(name, &Measure::from(number))?;
        }
        map.end()
    }
}

/// Keys with their values as typed, in order.
struct Set<'a>(&'a [(String, String)]);

impl Serialize for Set<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// Measures in the order of the catalogue.
struct Measures<'a>(&'a Estimates);

impl Serialize for Measures<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let told = |(metric, estimate): &(MetricId, Estimate)| {
            !metric.is_optional() || estimate.mean.is_some()
        };
        for (metric, estimate) in self.0.iter().filter(told) {
            map.serialize_entry(metric.metric().name, &Measure::from(estimate))?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct Measure {
    mean: Option<f64>,
    ci95: Option<(f64, f64)>,
}

impl From<Estimate> for Measure {
    fn from(estimate: Estimate) -> Self {
        let finite = |(low, high): &(f64, f64)| low.is_finite() && high.is_finite();
        Self {
            mean: estimate.mean.filter(|mean| mean.is_finite()),
            ci95: estimate.ci95.filter(finite),
        }
    }
}

/// Down to here each value has its line; what lies deeper stays on the line of its parent.
const DEEPEST: usize = 4;

/// Lays the document out in lines: measures and functions are the last level that is broken.
#[derive(Default)]
struct Lines {
    depth: usize,
    /// Whether the container that ends was empty.
    empty: bool,
}

impl Lines {
    fn begin<W: ?Sized + io::Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.empty = true;
        writer.write_all(bracket)
    }

    fn next<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if self.depth <= DEEPEST {
            writer.write_all(if first { b"\n" } else { b",\n" })?;
            write!(writer, "{:1$}", "", self.depth * 2)
        } else {
            writer.write_all(if first { b"" } else { b", " })
        }
    }

    fn end<W: ?Sized + io::Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        if !self.empty && self.depth < DEEPEST {
            write!(writer, "\n{:1$}", "", self.depth * 2)?;
        }
        self.empty = false;
        writer.write_all(bracket)
    }
}

impl Formatter for Lines {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, b"[")
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b"]")
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.next(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.empty = false;
        Ok(())
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, b"{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b"}")
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.next(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.empty = false;
        Ok(())
    }
}
