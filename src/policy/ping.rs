//! Pings: requests of one's own, sent in rounds, that keep instances warm.
//!
//! Each ping is a real invocation: it is routed, billed and throttled like a user's request, keeps
//! its instance for the hold time and can make a user's request cold. Only pings that hold their
//! instances at the same time warm several; the send skew is why that is not for free.

use super::{Happening, HappeningKind, Orders, Policy};
use crate::model::Ping;
use crate::random::Stream;

/// Sends rounds of pings.
pub(super) struct Pinger(Ping);

impl Pinger {
    pub(super) fn new(ping: Ping) -> Self {
        Self(ping)
    }
}

impl Policy for Pinger {
    fn hears(&self) -> &'static [HappeningKind] {
        &[HappeningKind::RunBegan, HappeningKind::Woke]
    }

    fn hear(&mut self, happening: &Happening, orders: &mut Orders, stream: &mut Stream) {
        if *happening == Happening::RunBegan {
            orders.wake_after(self.0.offset.sample(stream));
            return;
        }
        for _ in 0..self.0.instances {
            let skew = self.0.skew.sample(stream);
            orders.ping_after(skew, self.0.hold);
        }
        orders.wake_after(self.0.every);
    }
}
