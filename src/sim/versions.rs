//! Deployments: a new version takes the place of the one before, and its instances with it.
//!
//! Provisioned capacity is allocated for the new version before traffic goes there
//! (docs.aws.amazon.com, provisioned-concurrency, 2026): its instances are there all the time,
//! their init is billed again, and their next request pays the first call.

use super::*;
use crate::policy::Start;

impl<O: Observer> Simulation<'_, O> {
    /// A new version is deployed. Where instances start from snapshots it is published first, and
    /// the old one serves until then.
    pub(super) fn deploy(&mut self, id: FunctionId) {
        if let Some(start) = self.restores(id) {
            let at = self.publish(id, start);
            self.calendar.push(at, Event::Published { function: id.0 });
        } else {
            self.take_over(id);
        }
    }

    /// How the instances of a function start, where it is from snapshots.
    fn restores(&mut self, id: FunctionId) -> Option<Start> {
        let owner = self.functions[id].rare.start?;
        let owner = &mut self.policies[owner as usize];
        let start = owner.policy.start(&mut owner.stream);
        (start != Start::Boot).then_some(start)
    }

    /// A version is published: init, a warm-up call where one is in the snapshot, and the hooks
    /// before it is taken, all billed. When it is done; taking the snapshot itself is said to take
    /// up to minutes, and counts as no time.
    fn publish(&mut self, id: FunctionId, start: Start) -> Time {
        let phases = &self.plan.functions[id.index()].start;
        // Nothing is provisioned where instances are restored: nobody else draws from it.
        let stream = &mut self.functions[id].rare.provisioning_stream;
        let sandbox = phases.sandbox.sample(stream) + phases.network.sample(stream);
        let fetch = start::fetch(phases, stream);
        let mut billable = start::init(phases, stream) + phases.before_checkpoint.sample(stream);
        if start == Start::RestoreCalled {
            billable += phases.first_call.sample(stream);
        }
        self.observer.published(self.now, id, billable);
        self.now + sandbox + fetch + billable
    }

    /// Until when the snapshot of a function cannot be started from: it was dropped because nobody
    /// had for too long, and its version is published once more (`SnapStartNotReady`,
    /// docs.aws.amazon.com, snapstart, 2026).
    pub(super) fn snapshot_missing(&mut self, id: FunctionId) -> Option<Time> {
        let kept = self.plan.functions[id.index()].start.snapshot_kept?;
        let start = self.restores(id)?;
        let state = &self.functions[id];
        let published = state.rare.published;
        if published > self.now {
            return Some(published);
        }
        let used = published.max(state.unused_since);
        if state.in_flight > 0 || self.now < used + kept {
            return None;
        }
        let at = self.publish(id, start);
        let rare = &mut self.functions[id].rare;
        (rare.published, rare.restores) = (at, 0);
        Some(at)
    }

    /// Instances of the old version serve nobody more. The idle ones go now, the others when their
    /// request ends.
    pub(super) fn take_over(&mut self, id: FunctionId) {
        self.functions[id].rare.published = self.now;
        // The new version has a snapshot of its own, which nobody has read yet.
        self.functions[id].rare.restores = 0;
        // In the order of birth, which does not depend on other functions, as slots do.
        let mut living = self.instances.living();
        living.retain(|slot| self.instances[*slot].function == id);
        living.sort_by_key(|slot| self.instances[*slot].birth);
        for slot in living {
            let now = self.now;
            let instance = &mut self.instances[slot];
            if instance.outdated {
                continue;
            }
            if instance.provisioned {
                if instance.state != State::Starting {
                    self.renew_provisioned(slot);
                }
                continue;
            }
            instance.outdated = true;
            instance.life_ends = now;
            self.functions[id].rare.outdated += 1;
            if self.instances[slot].state == State::Idle {
                self.retire_idle(slot, Retirement::Deployed);
            }
        }
    }

    /// Provisioned capacity of the new version takes the place of that of the old one.
    fn renew_provisioned(&mut self, slot: u32) {
        let instance = &mut self.instances[slot];
        instance.first_call_due = true;
        let function = instance.function;
        let phases = &self.plan.functions[function.index()].start;
        let stream = &mut self.functions[function].rare.start_stream;
        let init = start::init(phases, stream);
        self.observer.prewarmed(&Prewarmed {
            at: self.now,
            instance: self.instances.id(slot),
            function,
            provisioned: true,
            restored: false,
            billable_start: init,
        });
    }
}
