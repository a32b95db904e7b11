//! Limits on what may start: token buckets in exact integer arithmetic.

use crate::model::ScalingRate;
use crate::units::{Span, Time};

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
            (self.credit + passed * self.inflow).min(self.most)
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
    fn the_next_token_comes_when_it_is_announced_and_not_before() {
        let mut bucket = TokenBucket::new(1, 3, Span::from_whole_secs(1));
        assert!(bucket.take(Time::ZERO));
        let next = bucket.next_token_at();
        assert!(!bucket.take(Time::from_nanos(next.nanos() - 1)));
        assert!(bucket.take(next));
    }
}
