//! Deployments: a new version takes the place of the one before, and its instances with it.
//!
//! Provisioned capacity stays: it is allocated for the new version before traffic goes there
//! (docs.aws.amazon.com, provisioned-concurrency, 2026).

use super::*;

impl<O: Observer> Simulation<'_, O> {
    /// A new version is deployed: instances of the old one serve nobody more. The idle ones go now,
    /// the others when their request ends.
    pub(super) fn deploy(&mut self, id: FunctionId) {
        for slot in self.instances.living() {
            let now = self.now;
            let instance = &mut self.instances[slot];
            if instance.function != id || instance.provisioned || instance.outdated {
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
}
