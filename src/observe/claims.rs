//! What a function claims of the account while it is simulated apart from the others.

use crate::ids::FunctionId;
use crate::model::Plan;
use crate::sim::{Observer, Prompt, State, StateChange};
use crate::units::Time;

/// Runs longer than this cannot be noted (36 years).
pub const LONGEST_RUN: Time = Time::from_nanos(1 << 60);

/// The notes of some functions about a window of time, in any order.
#[derive(Debug, Default)]
pub struct Notes {
    /// Beginnings and ends of runs: nanoseconds and three flags.
    pub(super) runs: Vec<u64>,
    pub(super) rare: Vec<(Time, Rare)>,
}

/// A run ends (else it begins).
pub(super) const ENDS: u64 = 1;
/// It counts against the concurrency quota from its beginning to its end; where the request waited
/// for its instance to start, it has counted since then.
pub(super) const CLAIMS: u64 = 2;
/// It took no time.
pub(super) const INSTANT: u64 = 4;
pub(super) const FLAGS: u32 = 3;

/// What few requests do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Rare {
    /// An instance is alive.
    Born,
    /// It is not any more.
    Gone,
    /// A request waits for its instance to start; whether it counts against the quota.
    Waits { claims: bool },
    /// It runs now.
    Runs,
    /// An attempt that did not run at once.
    Attempt,
    /// Capacity taken out of the quota; may be negative.
    Provisioned(i64),
}

/// Notes what a function claims.
#[derive(Debug)]
pub struct Claims {
    notes: Notes,
    /// Whether the function has no reservation of its own.
    unreserved: bool,
    /// An attempt that has not run so far.
    attempt: Option<Time>,
    provisioned: u32,
}

impl Claims {
    /// Nothing noted yet.
    pub fn new(plan: &Plan, id: FunctionId) -> Self {
        Self {
            notes: Notes::default(),
            unreserved: plan.functions[id.index()].reserved_concurrency.is_none(),
            attempt: None,
            provisioned: 0,
        }
    }

    /// Exchanges the notes taken so far for others, to be added to.
    pub fn exchange(&mut self, notes: &mut Notes) {
        if let Some(at) = self.attempt.take() {
            self.note(at, Rare::Attempt);
        }
        std::mem::swap(&mut self.notes, notes);
    }

    #[inline]
    fn attempts(&mut self, at: Time) {
        if let Some(before) = self.attempt.replace(at) {
            self.notes.rare.push((before, Rare::Attempt));
        }
    }

    #[inline]
    fn note_run(&mut self, at: Time, flags: u64) {
        self.notes.runs.push(at.nanos() << FLAGS | flags);
    }

    fn note(&mut self, at: Time, what: Rare) {
        self.notes.rare.push((at, what));
    }
}

impl Observer for Claims {
    #[inline]
    fn arrived(&mut self, at: Time, _: FunctionId, _: u64) {
        self.attempts(at);
    }

    fn retried(&mut self, at: Time, _: FunctionId, _: Time) {
        self.attempts(at);
    }

    fn pinged(&mut self, at: Time, _: FunctionId) {
        self.attempts(at);
    }

    #[inline]
    fn changed(&mut self, change: &StateChange) {
        let claims = u64::from(self.unreserved && !change.provisioned) * CLAIMS;
        match (change.from, change.to) {
            (Some(State::Idle), Ok(State::Busy)) => {
                // What runs at once needs no second note of its attempt; who waited does.
                if let Some(at) = self.attempt.take_if(|at| *at < change.at) {
                    self.note(at, Rare::Attempt);
                }
                self.attempt = None;
                self.note_run(change.at, claims);
            }
            (Some(State::Busy), to) => {
                let instant = u64::from(change.at == change.since) * INSTANT;
                self.note_run(change.at, ENDS | claims | instant);
                if to.is_err() {
                    self.note(change.at, Rare::Gone);
                }
            }
            (Some(State::Starting), Ok(State::Busy)) => {
                self.note(change.at, Rare::Runs);
                self.note_run(change.at, 0);
            }
            (None, _) => {
                self.note(change.at, Rare::Born);
                if !change.prewarmed {
                    let claims = claims != 0;
                    self.note(change.at, Rare::Waits { claims });
                }
            }
            (_, Err(_)) => self.note(change.at, Rare::Gone),
            _ => {}
        }
    }

    #[inline]
    fn began(&mut self, run: &Prompt) {
        if let Some(before) = self.attempt.take() {
            self.note(before, Rare::Attempt);
        }
        self.note_run(run.arrived, u64::from(self.unreserved) * CLAIMS);
    }

    #[inline]
    fn answered(&mut self, run: &Prompt, at: Time) {
        let instant = u64::from(at == run.arrived) * INSTANT;
        let claims = u64::from(self.unreserved) * CLAIMS;
        self.note_run(at, ENDS | instant | claims);
    }

    fn provisioned(&mut self, at: Time, _: FunctionId, instances: u32) {
        if self.unreserved {
            let more = i64::from(instances) - i64::from(self.provisioned);
            self.note(at, Rare::Provisioned(more));
        }
        self.provisioned = instances;
    }
}

impl Notes {
    /// How many runs they tell of, twice.
    pub fn runs(&self) -> usize {
        self.runs.len()
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.runs.clear();
        self.rare.clear();
    }

    /// Moves what was noted at `until` or later to `later`.
    pub fn keep_for_later(&mut self, until: Time, later: &mut Self) {
        let late = until.nanos() << FLAGS;
        later
            .runs
            .extend(self.runs.extract_if(.., |run| *run >= late));
        later
            .rare
            .extend(self.rare.extract_if(.., |(at, _)| *at >= until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::InstanceId;

    fn idle_to_busy(at: Time) -> StateChange {
        StateChange {
            at,
            instance: InstanceId {
                slot: 0,
                generation: 0,
            },
            function: FunctionId(0),
            provisioned: false,
            from: Some(State::Idle),
            since: Time::ZERO,
            to: Ok(State::Busy),
            born: Time::ZERO,
            served: true,
            prewarmed: false,
        }
    }

    /// The quota on attempts is proved by when they came, not by when they were let in.
    #[test]
    fn an_attempt_that_waited_is_noted_when_it_came() {
        let attempts_of = |came: f64, ran: f64| {
            let mut claims = Claims {
                notes: Notes::default(),
                unreserved: true,
                attempt: None,
                provisioned: 0,
            };
            claims.arrived(Time::from_secs(came), FunctionId(0), 0);
            claims.changed(&idle_to_busy(Time::from_secs(ran)));
            let mut notes = Notes::default();
            claims.exchange(&mut notes);
            notes.rare
        };
        assert_eq!(attempts_of(1.0, 1.0), []);
        assert_eq!(
            attempts_of(1.0, 5.0),
            [(Time::from_secs(1.0), Rare::Attempt)]
        );
    }
}
