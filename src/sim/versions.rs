//! Deployments: a new version takes the place of the one before, and its instances with it.
//!
//! Provisioned capacity is allocated for the new version before traffic goes there
//! (docs.aws.amazon.com, provisioned-concurrency, 2026): its instances are there all the time,
//! their init is billed again, and their next request pays the first call.

use super::*;

impl<O: Observer> Simulation<'_, O> {
    /// A new version is deployed: instances of the old one serve nobody more. The idle ones go now,
    /// the others when their request ends.
    pub(super) fn deploy(&mut self, id: FunctionId) {
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
