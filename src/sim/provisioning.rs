//! Provisioned concurrency and floors: capacity that no request asked for.

use super::*;
use crate::sim::calendar::MOST_INSTANCES;
use crate::sim::instance::NONE;
use crate::sim::life::Purposely;

const MINUTE: Span = Span::from_whole_secs(60);
/// No instance is recycled sooner after it is ready.
const LEAST_LIFE: Span = Span::from_whole_secs(1);

/// An instance that is to go, and the one that takes its place, as long as that one starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recycling {
    old: u32,
    new: u32,
}

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
            if function.provisioned_count() <= function.provisioned_target {
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
            .saturating_sub(function.provisioned_count());
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
        let rules = &self.plan.platform.provisioned;
        let spread = rules.instances_per_minute.map_or(Span::ZERO, |rate| {
            MINUTE.part(
                u64::from(instances.saturating_sub(rules.burst)),
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
        if function.provisioned_count() < function.provisioned_target {
            let event = Event::Provision {
                function: id.0,
                instances: 1,
            };
            self.calendar.push(self.now, event);
        }
    }

    /// A provisioned instance is ready, or gone.
    pub(super) fn count_ready(&mut self, id: FunctionId, ready: u32) {
        let function = &mut self.functions[id];
        function.provisioned_ready = ready;
        if let Some(each) = self.plan.platform.provisioned.requests_per_second {
            let rate = &mut function.rare.provisioned_rate;
            let rate = rate.get_or_insert_with(|| Box::new(UnitRate::new(each)));
            // Of two in one place only one brings tokens, else each recycling would.
            let replaced = function
                .rare
                .recycling
                .iter()
                .filter(|pair| pair.new == NONE);
            rate.set_units(self.now, ready - replaced.count() as u32);
        }
    }

    /// When a provisioned instance that is idle for the first time will be recycled.
    pub(super) fn recycle_later(&mut self, slot: u32) {
        let life_ends = self.instances[slot].life_ends;
        if life_ends != Time::NEVER {
            self.set_timer(slot, life_ends.max(self.now + LEAST_LIFE));
        }
    }

    /// The life of a provisioned instance is over: another one starts, and takes its place when it
    /// is ready. So as many as were asked for are there all the time.
    pub(super) fn recycle(&mut self, slot: u32) {
        let instance = &mut self.instances[slot];
        instance.life_ends = Time::NEVER;
        let id = instance.function;
        let function = &self.functions[id];
        // Where capacity was lowered meanwhile it goes anyway.
        if function.provisioned_count() > function.provisioned_target || self.is_full() {
            return;
        }
        let drawn = self.draw_start(id, Purposely::Provisioned);
        let ready = self.now + drawn.length;
        let new = self.start(id, drawn, Purposely::Provisioned, ready);
        let recycling = &mut self.functions[id].rare.recycling;
        recycling.push(Recycling { old: slot, new });
    }

    /// A provisioned instance is ready: the one whose place it takes goes, as soon as it is idle.
    pub(super) fn take_place(&mut self, id: FunctionId, new: u32) {
        let function = &mut self.functions[id];
        let ready = function.provisioned_ready + 1;
        let mut recycling = function.rare.recycling.iter_mut();
        let pair = recycling.find(|pair| pair.new == new);
        let old = pair.map(|pair| {
            // Its slot may be another's before the old one is gone.
            pair.new = NONE;
            pair.old
        });
        self.count_ready(id, ready);
        let Some(old) = old else {
            return;
        };
        if self.instances[old].state == State::Idle {
            self.retire_idle(old, Retirement::MaxLife);
        } else {
            self.instances[old].expires = self.now;
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

impl FunctionState {
    /// Provisioned instances alive, of those that are being replaced only one of both.
    pub(super) fn provisioned_count(&self) -> u32 {
        self.rare.provisioned_alive - self.rare.recycling.len() as u32
    }

    /// A provisioned instance is gone: nobody need take its place any more.
    pub(super) fn forget_recycling(&mut self, slot: u32) {
        self.rare.recycling.retain(|pair| pair.old != slot);
    }
}
