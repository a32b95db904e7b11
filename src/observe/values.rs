//! A value for each measure of the catalogue.

use serde::{Deserialize, Serialize};

use crate::metric::{self, Kind, METRICS, MetricId};

/// Requests of a batch that a quantile must leave above it, for its spread over batches to tell how
/// far that of the whole run may be off.
const LEAST_ABOVE: f64 = 10.0;

const WORDS: usize = METRICS.len().div_ceil(u64::BITS as usize);

/// A bit for each measure.
type Set = [u64; WORDS];

/// Word and bit of a measure in a [`Set`].
fn bit(metric: MetricId) -> (usize, u64) {
    let index = metric.index();
    let bits = u64::BITS as usize;
    (index / bits, 1 << (index % bits))
}

/// A value for each measure of the catalogue. Most of a function's are 0 or there is none; of
/// 100,000 functions these take no room.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Vec<Option<f64>>", into = "Vec<Option<f64>>")]
pub struct Values {
    /// Which there are.
    there: Set,
    /// Which of these are not 0.
    kept: Set,
    /// Those, in the order of the catalogue.
    numbers: Box<[f64]>,
}

/// Values that are being made: NaN where there is none.
pub(super) struct Sheet([f64; METRICS.len()]);

impl Default for Sheet {
    fn default() -> Self {
        Self([f64::NAN; METRICS.len()])
    }
}

impl Sheet {
    pub(super) fn set(&mut self, metric: MetricId, value: f64) {
        self.0[metric.index()] = value;
    }
}

impl From<Sheet> for Values {
    fn from(Sheet(all): Sheet) -> Self {
        let (mut there, mut kept) = (Set::default(), Set::default());
        let mut count = 0;
        for (metric, value) in MetricId::all().zip(all) {
            let (word, bit) = bit(metric);
            if !value.is_nan() {
                there[word] |= bit;
                if value.to_bits() != 0 {
                    kept[word] |= bit;
                    count += 1;
                }
            }
        }
        let mut numbers = Vec::with_capacity(count);
        numbers.extend(all.into_iter().filter(|v| !v.is_nan() && v.to_bits() != 0));
        Self {
            there,
            kept,
            numbers: numbers.into(),
        }
    }
}

impl TryFrom<Vec<Option<f64>>> for Values {
    type Error = String;

    /// # Errors
    /// They are those of another catalogue.
    fn try_from(values: Vec<Option<f64>>) -> Result<Self, String> {
        let all: [Option<f64>; METRICS.len()] = values
            .try_into()
            .map_err(|values: Vec<_>| format!("{} values, not {}", values.len(), METRICS.len()))?;
        Ok(Sheet(all.map(|value| value.unwrap_or(f64::NAN))).into())
    }
}

impl From<Values> for Vec<Option<f64>> {
    fn from(values: Values) -> Self {
        values.iter().collect()
    }
}

impl Values {
    /// These, and none of any other measure.
    pub fn of(given: impl IntoIterator<Item = (MetricId, Option<f64>)>) -> Self {
        let mut sheet = Sheet::default();
        for (metric, value) in given {
            sheet.set(metric, value.unwrap_or(f64::NAN));
        }
        sheet.into()
    }

    /// The value of a measure; `None` where there is none, such as a ratio to no requests.
    pub fn get(&self, metric: MetricId) -> Option<f64> {
        let (word, bit) = bit(metric);
        if self.there[word] & bit == 0 {
            return None;
        }
        if self.kept[word] & bit == 0 {
            return Some(0.0);
        }
        let before = self.kept[..word].iter().map(|word| word.count_ones());
        let in_word = (self.kept[word] & (bit - 1)).count_ones();
        Some(self.numbers[(before.sum::<u32>() + in_word) as usize])
    }

    /// Each value, in the order of the catalogue.
    pub fn iter(&self) -> impl Iterator<Item = Option<f64>> + '_ {
        MetricId::all().map(|metric| self.get(metric))
    }

    /// These values as one batch (y, x) of a ratio, by the kind of the measure; `None` where a
    /// batch tells nothing about the whole, such as a quantile with too few requests above it.
    pub fn as_batch(&self, metric: MetricId) -> Option<(f64, f64)> {
        let count = |metric| self.get(metric).unwrap_or(0.0);
        let ran = || count(metric::COLD_STARTS) + count(metric::WARM_STARTS);
        let weighted = |weight: f64| (self.get(metric).unwrap_or(0.0) * weight, weight);
        match metric.metric().kind {
            Kind::Total | Kind::OverTime => Some((self.get(metric)?, 1.0)),
            Kind::PerRequest => Some(weighted(count(metric::REQUESTS))),
            Kind::PerAttempt => Some(weighted(count(metric::REQUESTS) + count(metric::RETRIES))),
            Kind::PerRun => Some(weighted(ran())),
            Kind::Quantile(thousandths) => {
                let above = ran() * f64::from(1000 - thousandths) / 1000.0;
                (above >= LEAST_ABOVE).then_some((self.get(metric)?, 1.0))
            }
            Kind::Alone => None,
        }
    }

    /// The same with other values of some measures.
    #[must_use]
    pub(super) fn with(&self, others: &[(MetricId, f64)]) -> Self {
        let others = others.iter().map(|(metric, value)| (*metric, Some(*value)));
        Self::of(MetricId::all().zip(self.iter()).chain(others))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_there_and_nothing_else() {
        let given = |index: usize| match index % 4 {
            0 => None,
            1 => Some(0.0),
            2 => Some(-0.0),
            _ => Some(index as f64),
        };
        let all: Vec<Option<f64>> = (0..METRICS.len()).map(given).collect();
        let values = Values::try_from(all.clone()).expect("one for each");
        assert!(Values::try_from(all[1..].to_vec()).is_err());
        let bits = |all: Vec<Option<f64>>| -> Vec<Option<u64>> {
            all.into_iter()
                .map(|value| value.map(f64::to_bits))
                .collect()
        };
        assert_eq!(bits(values.clone().into()), bits(all.clone()));
        let last = MetricId::all().last().expect("a catalogue");
        for metric in [MetricId(0), MetricId(1), MetricId(63), MetricId(64), last] {
            let mut expected = all.clone();
            expected[metric.index()] = Some(7.5);
            let changed = values.with(&[(metric, 7.5)]);
            assert_eq!(bits(changed.into()), bits(expected));
        }
    }
}
