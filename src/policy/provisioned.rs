//! Provisioned concurrency: a constant number, as many as target tracking asks for, or by the
//! calendar.

use super::{Happening, HappeningKind, InstanceEvent, Orders, Policy};
use crate::model::{Provisioned, Scheduled, ScheduledAction, Statistic, Tracking};
use crate::random::Stream;
use crate::units::{Span, Time};

/// The policy for a rule.
pub(super) fn policy(rule: &Provisioned) -> Box<dyn Policy> {
    match rule {
        Provisioned::Constant(instances) => Box::new(Constant(*instances)),
        Provisioned::Tracking(tracking) => Box::new(Tracker::new(*tracking, &[])),
        Provisioned::Scheduled(scheduled) => match scheduled.tracking {
            Some(tracking) => Box::new(Tracker::new(tracking, &scheduled.actions)),
            None => Box::new(ByCalendar::new(scheduled)),
        },
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

/// Scheduled actions, each with when it is due next.
struct Agenda(Vec<(Time, ScheduledAction)>);

impl Agenda {
    fn new(actions: &[ScheduledAction]) -> Self {
        let due = |action: &ScheduledAction| (action.at.next_from(Time::ZERO), action.clone());
        Self(actions.iter().map(due).collect())
    }

    /// The bounds once all is done that is due by now, if anything is: one action after the other,
    /// and those of the same instant in the order of the list.
    fn take_due(&mut self, now: Time, bounds: (u32, u32)) -> Option<(u32, u32)> {
        let mut due: Vec<_> = self.0.iter().filter(|(at, _)| *at <= now).collect();
        due.sort_by_key(|(at, _)| *at);
        let done = due
            .iter()
            .fold(bounds, |bounds, (_, action)| action.bounds(bounds));
        let bounds = (!due.is_empty()).then_some(done);
        for (at, action) in &mut self.0 {
            if *at <= now {
                *at = action.at.next_after(now);
            }
        }
        bounds
    }

    /// Wakes the policy when the next action is due.
    fn wake(&self, orders: &mut Orders) {
        let next = self.0.iter().map(|(at, _)| *at).min();
        if let Some(at) = next.filter(|at| *at != Time::NEVER) {
            orders.wake_at(at);
        }
    }
}

/// As many as the calendar says.
struct ByCalendar {
    instances: u32,
    agenda: Agenda,
}

impl ByCalendar {
    fn new(scheduled: &Scheduled) -> Self {
        Self {
            instances: scheduled.instances,
            agenda: Agenda::new(&scheduled.actions),
        }
    }
}

impl Policy for ByCalendar {
    fn hears(&self) -> &'static [HappeningKind] {
        &[HappeningKind::RunBegan, HappeningKind::Woke]
    }

    fn hear(&mut self, happening: &Happening, orders: &mut Orders, _: &mut Stream) {
        let bounds = (self.instances, self.instances);
        let due = self.agenda.take_due(orders.now(), bounds);
        let instances = due.map_or(self.instances, |(instances, _)| instances);
        if instances != self.instances || *happening == Happening::RunBegan {
            self.instances = instances;
            orders.set_provisioned(instances);
        }
        self.agenda.wake(orders);
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
///
/// Capacity goes to the number that the last point asks for, up or down: what is cautious about
/// taking away are the fifteen points below 0.9 times the target.
struct Tracker {
    rule: Tracking,
    agenda: Agenda,
    capacity: u32,
    ready: u32,
    busy: u32,
    /// Busy instance-seconds of this minute up to `counted_to`.
    busy_s: f64,
    /// The same of instances that are ready.
    ready_s: f64,
    /// The highest utilisation of this minute.
    peak: f64,
    counted_to: Time,
    requests: u32,
    high_points: u32,
    low_points: u32,
    /// When this minute is over.
    minute_ends: Time,
    /// Before these instants no more is added, or taken away.
    no_more_before: Time,
    no_fewer_before: Time,
}

impl Tracker {
    fn new(rule: Tracking, actions: &[ScheduledAction]) -> Self {
        Self {
            rule,
            agenda: Agenda::new(actions),
            capacity: rule.min,
            ready: 0,
            busy: 0,
            busy_s: 0.0,
            ready_s: 0.0,
            peak: 0.0,
            counted_to: Time::ZERO,
            requests: 0,
            high_points: 0,
            low_points: 0,
            minute_ends: Time::ZERO + MINUTE,
            no_more_before: Time::ZERO,
            no_fewer_before: Time::ZERO,
        }
    }

    fn count_to(&mut self, now: Time) {
        let passed = now.since(self.counted_to).secs();
        self.busy_s += f64::from(self.busy) * passed;
        self.ready_s += f64::from(self.ready) * passed;
        self.counted_to = now;
    }

    fn note_peak(&mut self) {
        if self.ready > 0 {
            let utilization = f64::from(self.busy) / f64::from(self.ready);
            self.peak = self.peak.max(utilization);
        }
    }

    /// Other bounds from now on: capacity goes no further than into them (AWS Application Auto
    /// Scaling, scheduled actions).
    fn set_bounds(&mut self, (min, max): (u32, u32), orders: &mut Orders) {
        (self.rule.min, self.rule.max) = (min, max);
        let capacity = self.capacity.clamp(min, max);
        if capacity != self.capacity {
            self.capacity = capacity;
            orders.set_provisioned(capacity);
        }
    }

    fn minute_over(&mut self, orders: &mut Orders) {
        let now = orders.now();
        self.count_to(now);
        let busy_s = std::mem::take(&mut self.busy_s);
        let ready_s = std::mem::take(&mut self.ready_s);
        let peak = std::mem::take(&mut self.peak);
        let requests = std::mem::take(&mut self.requests);
        self.note_peak();
        self.minute_ends = now + MINUTE;
        orders.wake_after(MINUTE);
        if self.ready == 0 || ready_s <= 0.0 || (requests == 0 && busy_s == 0.0) {
            self.high_points = 0;
            self.low_points = 0;
            return;
        }
        let utilization = match self.rule.statistic {
            Statistic::Average => busy_s / ready_s,
            Statistic::Maximum => peak,
        };
        let high = utilization > self.rule.target;
        let low = utilization < LOW_SHARE * self.rule.target;
        self.high_points = if high { self.high_points + 1 } else { 0 };
        self.low_points = if low { self.low_points + 1 } else { 0 };
        let wanted = tracked_capacity(self.ready, utilization, self.rule.target)
            .clamp(self.rule.min, self.rule.max);
        let more = self.high_points >= HIGH_POINTS && wanted > self.capacity;
        let fewer = self.low_points >= LOW_POINTS && wanted < self.capacity;
        if more && now >= self.no_more_before {
            self.no_more_before = now + self.rule.scale_out_cooldown;
        } else if fewer && now >= self.no_fewer_before {
            self.no_fewer_before = now + self.rule.scale_in_cooldown;
        } else {
            return;
        }
        self.capacity = wanted;
        orders.set_provisioned(wanted);
    }

    fn woken(&mut self, orders: &mut Orders) {
        let bounds = (self.rule.min, self.rule.max);
        if let Some(bounds) = self.agenda.take_due(orders.now(), bounds) {
            self.set_bounds(bounds, orders);
            self.agenda.wake(orders);
        }
        if self.minute_ends <= orders.now() {
            self.minute_over(orders);
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
                let bounds = (self.rule.min, self.rule.max);
                if let Some((min, max)) = self.agenda.take_due(orders.now(), bounds) {
                    (self.rule.min, self.rule.max) = (min, max);
                    self.capacity = self.capacity.clamp(min, max);
                }
                orders.set_provisioned(self.capacity);
                orders.wake_after(MINUTE);
                self.agenda.wake(orders);
            }
            Happening::Ready(event) if provisioned(event) => {
                self.count_to(orders.now());
                self.ready += 1;
            }
            Happening::Retired(event) if provisioned(event) => {
                self.count_to(orders.now());
                self.ready -= 1;
            }
            Happening::Running(event) if provisioned(event) => {
                self.count_to(orders.now());
                self.busy += 1;
                self.note_peak();
                self.requests += 1;
            }
            Happening::Finished(event) if provisioned(event) => {
                self.count_to(orders.now());
                self.busy -= 1;
            }
            Happening::Woke => self.woken(orders),
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
        // Low is below 0.63 for a target of 0.7.
        assert!((LOW_SHARE * 0.7 - 0.63).abs() < 1e-12);
        assert_eq!((HIGH_POINTS, LOW_POINTS), (3, 15));
    }
}
