//! The seam to policies: who hears what, and how orders are carried out.

use super::*;
use crate::policy::{HappeningKind, Orders, Question};

impl<O: Observer> Simulation<'_, O> {
    /// Puts a policy in its place.
    ///
    /// # Panics
    /// If a question of the function already has an owner; `config` refuses such plans.
    pub(super) fn bind(&mut self, bound: Bound, streams: &Streams) {
        let index = self.policies.len() as u32;
        let function = &mut self.functions[bound.function];
        for question in bound.policy.answers() {
            let rare = &mut function.rare;
            let owner = match question {
                Question::Keep => &mut rare.keep,
                Question::Start => &mut rare.start,
            };
            assert!(
                owner.is_none(),
                "`{question:?}` has two owners for one function"
            );
            *owner = Some(index);
            if *question == Question::Keep {
                let always = bound.policy.always_keep();
                function.keep = always.map_or(KeepAnswer::Policy(index), KeepAnswer::Always);
                function.function_idle = bound.policy.function_idle().unwrap_or(Span::FOR_EVER);
            }
        }
        let heard = bound
            .policy
            .hears()
            .iter()
            .fold(0, |bits, kind| bits | bit(*kind));
        function.heard |= heard;
        function.rare.policies.push(index);
        if self.functions.states.len() == 1 {
            self.policies.reserve_exact(1);
        }
        self.policies.push(BoundPolicy {
            policy: bound.policy,
            function: bound.function,
            heard,
            stream: streams.stream(bound.function.0, Purpose::Policy, bound.number),
        });
    }

    /// Tells the policies of a function what happened; what they order is carried out after the
    /// present event, never within it.
    #[inline]
    pub(super) fn tell(&mut self, function: FunctionId, happening: Happening) {
        if self.functions[function].heard & bit(happening.kind()) != 0 {
            self.tell_listeners(function, &happening);
        }
    }

    fn tell_listeners(&mut self, function: FunctionId, happening: &Happening) {
        for place in 0..self.functions[function].rare.policies.len() {
            let policy = self.functions[function].rare.policies[place];
            if self.policies[policy as usize].heard & bit(happening.kind()) != 0 {
                self.tell_one(policy, happening);
            }
        }
    }

    fn tell_one(&mut self, policy: u32, happening: &Happening) {
        let mut orders = Orders::new(self.now);
        let bound = &mut self.policies[policy as usize];
        bound.policy.hear(happening, &mut orders, &mut bound.stream);
        self.orders
            .extend(orders.into_given().into_iter().map(|order| (policy, order)));
    }

    pub(super) fn wake(&mut self, policy: u32) {
        self.tell_one(policy, &Happening::Woke);
    }

    pub(super) fn carry_out_orders(&mut self) {
        while let Some((policy, order)) = self.orders.pop_front() {
            let function = self.policies[policy as usize].function;
            match order {
                Order::Prewarm(instances) => (0..instances).for_each(|_| self.prewarm(function)),
                Order::SetFloor(instances) => self.set_floor(function, instances),
                Order::SetProvisioned(instances) => self.set_provisioned(function, instances),
                Order::Retire(instance) => {
                    let idle = self.instances.is_alive(instance)
                        && self.instances[instance.slot].state == State::Idle;
                    if idle {
                        self.retire_idle(instance.slot, Retirement::Lowered);
                    } else {
                        self.done.orders_ignored += 1;
                    }
                }
                Order::Ping { at, hold } => {
                    let event = Event::Ping {
                        function: function.0,
                        hold,
                    };
                    self.calendar.push(at.max(self.now), event);
                }
                Order::WakeAt(at) => {
                    self.calendar.push(at.max(self.now), Event::Wake { policy });
                }
            }
        }
    }
}

const fn bit(kind: HappeningKind) -> u16 {
    1 << kind as u16
}
