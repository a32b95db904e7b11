//! Distributions as typed: a plain quantity is a constant, a table with one key is a shape.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, Error, Visitor};

use crate::dist::{Dist, DistError};
use crate::units::{Span, parse_span};

use super::decode::switch;
use super::quantity::{Length, Number, PositiveNumber};

/// A distribution of lengths of time that describes something.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Distribution(pub(crate) Dist);

/// A table of all shapes, for tables that hold other keys besides one shape: serde's `flatten`
/// would lose the places of errors.
macro_rules! shapes {
    (
        $(#[$meta:meta])* struct $name:ident
        { $($(#[$extra_meta:meta])* $extra:ident: $extra_type:ty,)* }
    ) => {
        #[derive(Clone, Deserialize, JsonSchema, Debug)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        $(#[$meta])*
        pub(crate) struct $name {
            $($(#[$extra_meta])* pub(crate) $extra: $extra_type,)*
            /// Always the same length.
            pub(crate) constant: Option<crate::config::quantity::Length>,
            /// Any length between two, all as likely.
            pub(crate) uniform: Option<crate::config::dist::Uniform>,
            /// Memoryless.
            pub(crate) exponential: Option<crate::config::dist::Mean>,
            /// Normal, cut at zero.
            pub(crate) normal: Option<crate::config::dist::Normal>,
            /// Lognormal, by median and p99 or by mean and cv.
            pub(crate) lognormal: Option<crate::config::dist::LogNormal>,
            /// Gamma.
            pub(crate) gamma: Option<crate::config::dist::MeanCv>,
            /// Weibull.
            pub(crate) weibull: Option<crate::config::dist::MeanShape>,
            /// Pareto: a heavy tail.
            pub(crate) pareto: Option<crate::config::dist::MeanShape>,
            /// Two exponentials with balanced means; cv is 1 or more.
            pub(crate) hyperexponential: Option<crate::config::dist::MeanCv>,
            /// One of the values, all as likely; or percentiles.
            pub(crate) empirical: Option<crate::config::dist::Empirical>,
            /// Points of the cumulative distribution, from "0" to "100"; linear between them.
            pub(crate) percentiles: Option<
                std::collections::BTreeMap<String, crate::config::quantity::Length>
            >,
            /// One of several distributions, by weight.
            pub(crate) mixture: Option<Vec<crate::config::dist::Part>>,
        }
    };
}
pub(crate) use shapes;

/// Makes the plain table of shapes out of one with other keys.
macro_rules! plain_shapes {
    ($name:ident) => {
        impl From<$name> for crate::config::dist::Shapes {
            fn from(table: $name) -> Self {
                Self {
                    constant: table.constant,
                    uniform: table.uniform,
                    exponential: table.exponential,
                    normal: table.normal,
                    lognormal: table.lognormal,
                    gamma: table.gamma,
                    weibull: table.weibull,
                    pareto: table.pareto,
                    hyperexponential: table.hyperexponential,
                    empirical: table.empirical,
                    percentiles: table.percentiles,
                    mixture: table.mixture,
                }
            }
        }

        impl $name {
            /// Every shape that is given.
            pub(crate) fn shapes(&self) -> Vec<Result<crate::dist::Dist, String>> {
                crate::config::dist::Shapes::from(self.clone()).all()
            }
        }
    };
}
pub(crate) use plain_shapes;

shapes! {
    /// One shape; a plain quantity such as "80 ms" is a constant.
    #[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
    struct Shapes {}
}

#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Uniform {
    min: Length,
    max: Length,
}

#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mean {
    mean: Length,
}

#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Normal {
    mean: Length,
    /// Standard deviation before the cut.
    sd: Length,
}

#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogNormal {
    median: Option<Length>,
    /// The length that 99 of 100 do not exceed.
    p99: Option<Length>,
    mean: Option<Length>,
    /// Standard deviation ÷ mean.
    cv: Option<Number>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct MeanCv {
    mean: Length,
    /// Standard deviation ÷ mean.
    cv: PositiveNumber,
}

#[derive(Clone, Copy, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct MeanShape {
    mean: Length,
    shape: PositiveNumber,
}

#[derive(Clone, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Empirical {
    values: Option<Vec<Length>>,
    percentiles: Option<BTreeMap<String, Length>>,
}

#[derive(Clone, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    weight: PositiveNumber,
    of: Distribution,
}

/// The names of all shapes.
const KINDS: &str = "`constant`, `uniform`, `exponential`, `normal`, `lognormal`, `gamma`, \
     `weibull`, `pareto`, `hyperexponential`, `empirical`, `percentiles`, `mixture`";

impl Shapes {
    pub(crate) fn all(self) -> Vec<Result<Dist, String>> {
        let said = |result: Result<Dist, DistError>| Some(result.map_err(|e| e.to_string()));
        let candidates = [
            self.constant.map(|at| Ok(Dist::constant(at.0))),
            self.uniform
                .and_then(|u| said(Dist::uniform(u.min.0, u.max.0))),
            self.exponential
                .and_then(|e| said(Dist::exponential(e.mean.0))),
            self.normal
                .and_then(|n| said(Dist::normal(n.mean.0, n.sd.0))),
            self.lognormal.map(LogNormal::dist),
            self.gamma.and_then(|g| said(Dist::gamma(g.mean.0, g.cv.0))),
            self.weibull
                .and_then(|w| said(Dist::weibull(w.mean.0, w.shape.0))),
            self.pareto
                .and_then(|p| said(Dist::pareto(p.mean.0, p.shape.0))),
            self.hyperexponential
                .and_then(|h| said(Dist::hyperexponential(h.mean.0, h.cv.0))),
            self.empirical.map(Empirical::dist),
            self.percentiles.map(|points| percentiles(&points)),
            self.mixture.and_then(|parts| {
                let parts: Vec<(f64, Dist)> =
                    parts.into_iter().map(|p| (p.weight.0, p.of.0)).collect();
                said(Dist::mixture(&parts))
            }),
        ];
        candidates.into_iter().flatten().collect()
    }
}

/// The one shape that is given.
pub(crate) fn only(shapes: Vec<Result<Dist, String>>) -> Result<Dist, String> {
    let mut shapes = shapes.into_iter();
    match (shapes.next(), shapes.next()) {
        (Some(dist), None) => dist.and_then(finite),
        (None, _) => Err(format!("a distribution needs one of {KINDS}")),
        (Some(_), Some(_)) => Err("a distribution has one shape only".to_owned()),
    }
}

/// Lengths beyond what simulated time can hold would be cut without a word.
fn finite(dist: Dist) -> Result<Dist, String> {
    let mean = dist.mean_secs();
    if mean.is_finite() && mean < 1.8e10 {
        Ok(dist)
    } else {
        Err("the mean of this distribution is longer than 570 years".to_owned())
    }
}

impl LogNormal {
    fn dist(self) -> Result<Dist, String> {
        match (self.median, self.p99, self.mean, self.cv) {
            (Some(median), Some(p99), None, None) => Dist::lognormal_percentiles(median.0, p99.0),
            (None, None, Some(mean), Some(cv)) => Dist::lognormal(mean.0, cv.0),
            _ => return Err("a lognormal needs `median` and `p99`, or `mean` and `cv`".to_owned()),
        }
        .map_err(|error| error.to_string())
    }
}

impl Empirical {
    fn dist(self) -> Result<Dist, String> {
        match (self.values, self.percentiles) {
            (Some(values), None) => {
                let values: Vec<Span> = values.iter().map(|value| value.0).collect();
                Dist::empirical(&values).map_err(|error| error.to_string())
            }
            (None, Some(points)) => percentiles(&points),
            _ => Err("an empirical distribution needs `values` or `percentiles`".to_owned()),
        }
    }
}

fn percentiles(points: &BTreeMap<String, Length>) -> Result<Dist, String> {
    let mut parsed = Vec::with_capacity(points.len());
    for (percent, value) in points {
        match percent.parse::<f64>() {
            Ok(number) if (0.0..=100.0).contains(&number) => parsed.push((number, value.0)),
            _ => {
                return Err(format!(
                    "`{percent}` is no percentile from \"0\" to \"100\""
                ));
            }
        }
    }
    Dist::percentiles(&parsed).map_err(|error| error.to_string())
}

impl<'de> Deserialize<'de> for Distribution {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Distribution;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a duration with its unit, such as \"250 ms\", or a distribution, such as \
                     { exponential = { mean = \"80 ms\" } }",
                )
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Distribution, E> {
                let span = parse_span(text).map_err(E::custom)?;
                Ok(Distribution(Dist::constant(span)))
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                table: D,
            ) -> Result<Distribution, D::Error> {
                let shapes = Shapes::deserialize(table)?;
                only(shapes.all())
                    .map(Distribution)
                    .map_err(D::Error::custom)
            }
        }
        switch(deserializer, Either)
    }
}

impl JsonSchema for Distribution {
    fn schema_name() -> Cow<'static, str> {
        "Distribution".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let length = generator.subschema_for::<Length>();
        let shapes = generator.subschema_for::<Shapes>();
        json_schema!({
            "description": "a duration, always the same, or a distribution of durations",
            "anyOf": [length, shapes]
        })
    }
}
