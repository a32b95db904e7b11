//! Provisioned concurrency and floors: capacity that no request asked for.

use super::*;
use crate::sim::calendar::MOST_INSTANCES;
use crate::sim::life::Purposely;

const MINUTE: Span = Span::from_whole_secs(60);

impl<O: Observer> Simulation<'_, O> {
    /// Asks for a number of provisioned instances. More come after the platform's delay; fewer
    /// take effect at once for idle instances, at their end for busy ones.
    pub(super) fn set_provisioned(&mut self, id: FunctionId, instances: u32) {
        let function = &mut self.functions[id];
        let before = std::mem::replace(&mut function.provisioned_target, instances);
        if self.plan.functions[id.index()]
            .reserved_concurrency
            .is_none()
        {
            let account = self.account_of(id);
            account.provisioned = account.provisioned - before + instances;
        }
        self.observer.provisioned(self.now, id, instances);
        if instances > before {
            let rules = &self.plan.platform.provisioned;
            let function = &mut self.functions[id];
            let delay = rules.delay.sample(&mut function.rare.provisioning_stream);
            let event = Event::Provision {
                function: id.0,
                instances: instances - before,
            };
            self.calendar.push(self.now + delay, event);
            return;
        }
        loop {
            let function = &mut self.functions[id];
            if function.rare.provisioned_alive <= function.provisioned_target {
                break;
            }
            let Some(slot) = function.rare.idle_provisioned.choose() else {
                break;
            };
            self.retire_idle(slot, Retirement::Lowered);
        }
        if self.somebody_waits() {
            self.drain_queues();
        }
    }

    /// Capacity that was asked for begins to start. None of it is used before all of it is ready
    /// (AWS Lambda, provisioned concurrency), and it starts no faster than the platform allows.
    pub(super) fn provision(&mut self, id: FunctionId, instances: u32) {
        let function = &self.functions[id];
        let missing = function
            .provisioned_target
            .saturating_sub(function.rare.provisioned_alive);
        // More than can be told apart would end the run anyway.
        let instances = instances.min(missing).min(MOST_INSTANCES);
        let drawn: Vec<_> = (0..instances)
            .map(|_| self.draw_start(id, Purposely::Provisioned))
            .collect();
        let slowest = drawn
            .iter()
            .map(|start| start.length)
            .max()
            .unwrap_or(Span::ZERO);
        let rate = self.plan.platform.provisioned.instances_per_minute;
        let spread = rate.map_or(Span::ZERO, |rate| {
            MINUTE.part(
                u64::from(instances.saturating_sub(1)),
                u64::from(rate.max(1)),
            )
        });
        for start in drawn {
            if self.is_full() {
                return;
            }
            self.start(
                id,
                start,
                Purposely::Provisioned,
                self.now + spread + slowest,
            );
        }
    }

    /// A provisioned instance that was lost is started again at once. Those that are still to come
    /// are not: their delay goes on.
    pub(super) fn replace_provisioned(&mut self, id: FunctionId) {
        let function = &self.functions[id];
        if function.rare.provisioned_alive < function.provisioned_target {
            let event = Event::Provision {
                function: id.0,
                instances: 1,
            };
            self.calendar.push(self.now, event);
        }
    }

    /// Sets the floor. What only a higher one held goes at once, the longest idle first.
    pub(super) fn set_floor(&mut self, id: FunctionId, instances: u32) {
        self.functions[id].floor = instances;
        self.keep_floor(id);
        for slot in self.functions[id].idle.slots(&self.instances) {
            if self.functions[id].alive <= instances {
                break;
            }
            if self.instances[slot].expires <= self.now {
                self.retire_idle(slot, Retirement::Lowered);
            }
        }
    }

    pub(super) fn keep_floor(&mut self, id: FunctionId) {
        while self.functions[id].alive < self.functions[id].floor && self.fault.is_none() {
            self.prewarm(id);
        }
    }
}
