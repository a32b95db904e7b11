//! Limits on what may start: token buckets in exact integer arithmetic.

use crate::model::ScalingRate;
use crate::units::{NANOS_PER_SECOND, Span, Time};

/// A token bucket that is refilled continuously and starts full.
///
/// Credit is counted in tokens × nanoseconds of the refill period, both in lowest terms, so nothing
/// is ever rounded.
#[derive(Clone, Debug)]
pub(super) struct TokenBucket {
    credit: u64,
    most: u64,
    /// Credit that flows in a nanosecond.
    inflow: u64,
    /// Credit that a token costs.
    price: u64,
    /// Nanoseconds that fill an empty bucket.
    full_after: u64,
    filled_at: Time,
}

impl TokenBucket {
    pub(super) fn new(burst: u32, tokens: u32, every: Span) -> Self {
        let common = common_divisor(u64::from(tokens), every.nanos()).max(1);
        let (inflow, price) = (u64::from(tokens) / common, every.nanos() / common);
        let most = u64::from(burst).saturating_mul(price);
        let full_after = if inflow == 0 {
            u64::MAX
        } else {
            most.div_ceil(inflow)
        };
        Self {
            credit: most,
            most,
            inflow,
            price,
            full_after,
            filled_at: Time::ZERO,
        }
    }

    pub(super) fn of_rate(rate: &ScalingRate) -> Self {
        Self::new(rate.burst, rate.instances, rate.every)
    }

    #[inline]
    fn fill(&mut self, now: Time) {
        let passed = now.since(self.filled_at).nanos();
        self.credit = if passed >= self.full_after {
            self.most
        } else {
            let more = passed.saturating_mul(self.inflow);
            self.credit.saturating_add(more).min(self.most)
        };
        self.filled_at = now;
    }

    /// Takes a token if there is one.
    #[inline]
    pub(super) fn take(&mut self, now: Time) -> bool {
        self.fill(now);
        let enough = self.credit >= self.price;
        if enough {
            self.credit -= self.price;
        }
        enough
    }

    /// The first instant at which a token can be taken, `NEVER` where none flows in.
    pub(super) fn next_token_at(&self) -> Time {
        if self.inflow == 0 || self.price > self.most {
            return Time::NEVER;
        }
        let missing = self.price.saturating_sub(self.credit);
        self.filled_at + Span::from_nanos(missing.div_ceil(self.inflow))
    }
}

/// A token bucket of so many requests a second for each unit of capacity, whose units come and go.
/// It holds the tokens of a second and starts full, as does each unit that is added.
///
/// Credit is counted in tokens × nanoseconds, so nothing is ever rounded.
#[derive(Clone, Debug)]
pub(super) struct UnitRate {
    /// Tokens a second that a unit brings.
    tokens: u64,
    units: u64,
    credit: u64,
    filled_at: Time,
}

impl UnitRate {
    /// What a token costs: a token flows in each nanosecond, for each token a second.
    const PRICE: u64 = NANOS_PER_SECOND;

    pub(super) fn new(tokens: u32) -> Self {
        Self {
            tokens: u64::from(tokens),
            units: 0,
            credit: 0,
            filled_at: Time::ZERO,
        }
    }

    fn most(&self) -> u64 {
        let inflow = self.tokens.saturating_mul(self.units);
        inflow.saturating_mul(Self::PRICE)
    }

    fn fill(&mut self, now: Time) {
        let passed = now.since(self.filled_at).nanos();
        let inflow = self.tokens.saturating_mul(self.units);
        let flown = passed.saturating_mul(inflow);
        self.credit = self.credit.saturating_add(flown).min(self.most());
        self.filled_at = now;
    }

    /// So many units from now on.
    pub(super) fn set_units(&mut self, now: Time, units: u32) {
        self.fill(now);
        let before = self.most();
        self.units = u64::from(units);
        let added = self.most().saturating_sub(before);
        self.credit = self.credit.saturating_add(added).min(self.most());
    }

    /// Takes a token if there is one.
    pub(super) fn take(&mut self, now: Time) -> bool {
        self.fill(now);
        let enough = self.credit >= Self::PRICE;
        if enough {
            self.credit -= Self::PRICE;
        }
        enough
    }

    /// The first instant at which a token can be taken, as long as the units stay, `NEVER` where
    /// there are none.
    pub(super) fn next_token_at(&self) -> Time {
        let inflow = self.tokens.saturating_mul(self.units);
        if inflow == 0 {
            return Time::NEVER;
        }
        let missing = Self::PRICE.saturating_sub(self.credit);
        self.filled_at + Span::from_nanos(missing.div_ceil(inflow))
    }
}

fn common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_at_once_then_a_hundred_a_second() {
        let mut bucket = TokenBucket::new(1000, 1000, Span::from_whole_secs(10));
        let mut accepted = |at: f64, wanted: u32| {
            (0..wanted)
                .filter(|_| bucket.take(Time::from_secs(at)))
                .count()
        };
        assert_eq!(
            [accepted(0.0, 2500), accepted(5.0, 900), accepted(6.0, 200)],
            [1000, 500, 100]
        );
    }

    #[test]
    fn each_unit_brings_its_tokens_full_and_takes_its_share_along() {
        let mut rate = UnitRate::new(10);
        let second = |s: f64| Time::from_secs(s);
        let taken = |rate: &mut UnitRate, at: f64| {
            let taken = (0..1000).filter(|_| rate.take(second(at)));
            taken.count()
        };
        assert_eq!(taken(&mut rate, 0.0), 0);
        rate.set_units(second(0.0), 2);
        assert_eq!(taken(&mut rate, 0.0), 20);
        assert_eq!(taken(&mut rate, 0.25), 5);
        rate.set_units(second(0.25), 3);
        assert_eq!(taken(&mut rate, 0.25), 10);
        let next = rate.next_token_at();
        assert_eq!(next, second(0.25) + Span::from_nanos(33_333_334));
        // Full after a second, however long it lasts.
        assert_eq!(taken(&mut rate, 9.0), 30);
        assert_eq!(taken(&mut rate, 9.5), 15);
        rate.set_units(second(20.0), 1);
        assert_eq!(taken(&mut rate, 20.0), 10);
    }

    #[test]
    fn the_next_token_comes_when_it_is_announced_and_not_before() {
        let mut bucket = TokenBucket::new(1, 3, Span::from_whole_secs(1));
        assert!(bucket.take(Time::ZERO));
        let next = bucket.next_token_at();
        assert!(!bucket.take(Time::from_nanos(next.nanos() - 1)));
        assert!(bucket.take(next));
    }
}
