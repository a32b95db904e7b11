//! Provisioned concurrency: a constant number, or as many as target tracking asks for.

use super::{Happening, HappeningKind, InstanceEvent, Orders, Policy};
use crate::model::{Provisioned, Tracking};
use crate::random::Stream;
use crate::units::{Span, Time};

/// The policy for a rule.
pub(super) fn policy(rule: Provisioned) -> Box<dyn Policy> {
    match rule {
        Provisioned::Constant(instances) => Box::new(Constant(instances)),
        Provisioned::Tracking(tracking) => Box::new(Tracker::new(tracking)),
    }
}

/// Always as many.
struct Constant(u32);

impl Policy for Constant {
    fn hears(&self) -> &'static [HappeningKind] {
        &[HappeningKind::RunBegan]
    }

    fn hear(&mut self, _: &Happening, orders: &mut Orders, _: &mut Stream) {
        orders.set_provisioned(self.0);
    }
}

/// The capacity that brings a utilisation to its target: ⌈capacity · utilisation ÷ target⌉
/// (AWS Application Auto Scaling).
pub fn tracked_capacity(capacity: u32, utilization: f64, target: f64) -> u32 {
    // A product that is whole but for rounding must not be taken to the next number.
    (f64::from(capacity) * utilization / target - 1e-9)
        .ceil()
        .max(0.0) as u32
}

const MINUTE: Span = Span::from_whole_secs(60);
/// Minutes above the target before capacity is added (AWS target tracking, high alarm).
const HIGH_POINTS: u32 = 3;
/// Minutes below [`LOW_SHARE`] of the target before capacity is taken away (low alarm).
const LOW_POINTS: u32 = 15;
const LOW_SHARE: f64 = 0.9;

/// Target tracking on the utilisation of provisioned concurrency, in points of one minute. A
/// minute without a request gives no point, and without points nothing is taken away.
struct Tracker {
    rule: Tracking,
    capacity: u32,
    ready: u32,
    busy: u32,
    /// Busy instance-seconds of this minute up to `counted_to`.
    busy_s: f64,
    counted_to: Time,
    requests: u32,
    high_points: u32,
    low_points: u32,
}

impl Tracker {
    fn new(rule: Tracking) -> Self {
        Self {
            rule,
            capacity: rule.min,
            ready: 0,
            busy: 0,
            busy_s: 0.0,
            counted_to: Time::ZERO,
            requests: 0,
            high_points: 0,
            low_points: 0,
        }
    }

    fn count_to(&mut self, now: Time) {
        self.busy_s += f64::from(self.busy) * now.since(self.counted_to).secs();
        self.counted_to = now;
    }

    fn minute_over(&mut self, orders: &mut Orders) {
        self.count_to(orders.now());
        let busy_s = std::mem::take(&mut self.busy_s);
        let requests = std::mem::take(&mut self.requests);
        orders.wake_after(MINUTE);
        if self.ready == 0 || (requests == 0 && busy_s == 0.0) {
            self.high_points = 0;
            self.low_points = 0;
            return;
        }
        let utilization = busy_s / (f64::from(self.ready) * MINUTE.secs());
        let high = utilization > self.rule.target;
        let low = utilization < LOW_SHARE * self.rule.target;
        self.high_points = if high { self.high_points + 1 } else { 0 };
        self.low_points = if low { self.low_points + 1 } else { 0 };
        let wanted = tracked_capacity(self.ready, utilization, self.rule.target)
            .clamp(self.rule.min, self.rule.max);
        let more = self.high_points >= HIGH_POINTS && wanted > self.capacity;
        let fewer = self.low_points >= LOW_POINTS && wanted < self.capacity;
        if more || fewer {
            self.capacity = wanted;
            orders.set_provisioned(wanted);
        }
    }
}

impl Policy for Tracker {
    fn hears(&self) -> &'static [HappeningKind] {
        use HappeningKind::{Finished, Ready, Retired, RunBegan, Running, Woke};
        &[RunBegan, Ready, Running, Finished, Retired, Woke]
    }

    fn hear(&mut self, happening: &Happening, orders: &mut Orders, _: &mut Stream) {
        let provisioned = |event: &InstanceEvent| event.provisioned;
        match happening {
            Happening::RunBegan => {
                orders.set_provisioned(self.capacity);
                orders.wake_after(MINUTE);
            }
            Happening::Ready(event) if provisioned(event) => self.ready += 1,
            Happening::Retired(event) if provisioned(event) => self.ready -= 1,
            Happening::Running(event) if provisioned(event) => {
                self.count_to(orders.now());
                self.busy += 1;
                self.requests += 1;
            }
            Happening::Finished(event) if provisioned(event) => {
                self.count_to(orders.now());
                self.busy -= 1;
            }
            Happening::Woke => self.minute_over(orders),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacity_follows_the_published_rule() {
        assert_eq!(tracked_capacity(10, 0.9, 0.7), 13);
        assert_eq!(tracked_capacity(100, 0.35, 0.7), 50);
        assert_eq!(tracked_capacity(0, 0.5, 0.7), 0);
    }
}
