//! Placeholder until the statistics land.
/// A mergeable histogram.
#[derive(Clone, Debug, Default)]
pub struct Histogram;
