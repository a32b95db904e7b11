//! Limits on what may start: token buckets in exact integer arithmetic.

use crate::model::ScalingRate;
use crate::units::{Span, Time};

/// A token bucket that is refilled continuously and starts full.
///
/// Credit is counted in tokens × nanoseconds of the refill period, so nothing is ever rounded.
#[derive(Clone, Debug)]
pub(super) struct TokenBucket {
    credit: u128,
    most: u128,
    /// Credit that flows in a nanosecond: tokens a period.
    inflow: u64,
    /// Credit that a token costs: nanoseconds a period.
    price: u64,
    filled_at: Time,
}

impl TokenBucket {
    pub(super) fn new(burst: u32, tokens: u32, every: Span) -> Self {
        let price = every.nanos();
        let most = u128::from(burst) * u128::from(price);
        Self {
            credit: most,
            most,
            inflow: u64::from(tokens),
            price,
            filled_at: Time::ZERO,
        }
    }

    pub(super) fn of_rate(rate: &ScalingRate) -> Self {
        Self::new(rate.burst, rate.instances, rate.every)
    }

    fn fill(&mut self, now: Time) {
        let flown = u128::from(now.since(self.filled_at).nanos()) * u128::from(self.inflow);
        self.credit = (self.credit + flown).min(self.most);
        self.filled_at = now;
    }

    /// Takes a token if there is one.
    #[inline]
    pub(super) fn take(&mut self, now: Time) -> bool {
        self.fill(now);
        let price = u128::from(self.price);
        let enough = self.credit >= price;
        if enough {
            self.credit -= price;
        }
        enough
    }

    /// The first instant at which a token can be taken, `NEVER` where none flows in.
    pub(super) fn next_token_at(&self) -> Time {
        let missing = u128::from(self.price).saturating_sub(self.credit);
        if self.inflow == 0 || u128::from(self.price) > self.most {
            return Time::NEVER;
        }
        let wait = missing.div_ceil(u128::from(self.inflow));
        self.filled_at + Span::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX))
    }
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
    fn the_next_token_comes_when_it_is_announced_and_not_before() {
        let mut bucket = TokenBucket::new(1, 3, Span::from_whole_secs(1));
        assert!(bucket.take(Time::ZERO));
        let next = bucket.next_token_at();
        assert!(!bucket.take(Time::from_nanos(next.nanos() - 1)));
        assert!(bucket.take(next));
    }
}
