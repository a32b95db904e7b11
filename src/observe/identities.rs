//! Books that must balance at the end of every run, in release builds too.

use std::fmt;

use crate::sim::{Retirement, Sender, State, StateChange};
use crate::units::Time;

use super::tally::Tally;

/// An identity that does not hold: a bug of the simulator, never a result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    identity: &'static str,
    left: u128,
    right: u128,
}

impl Violation {
    /// What two counts that must agree are not, where they do not.
    pub(super) fn unless_equal(
        identity: &'static str,
        left: u128,
        right: u128,
    ) -> Result<(), Self> {
        if left == right {
            return Ok(());
        }
        Err(Self {
            identity,
            left,
            right,
        })
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} does not hold: {} against {}",
            self.identity, self.left, self.right
        )
    }
}

impl std::error::Error for Violation {}

/// The second of each pair of counts that must agree. Lengths of time are counted modulo 2⁶⁴ ns.
#[derive(Debug, Default)]
pub(super) struct Books {
    /// Measuring begins.
    from: Time,
    /// Nanoseconds that instances spent in each state, added up visit by visit.
    visits: [u64; 3],
    /// Instances alive when measuring began.
    alive_at_first: u64,
    /// Ends at the end of the run.
    alive_at_last: u64,
    /// Users' requests in the system, with the integral over the measured time.
    in_system: u64,
    in_system_sum: u64,
    /// Nanoseconds that users' requests spent in the system, added up request by request.
    sojourns: u64,
}

impl Books {
    pub(super) fn new(from: Time) -> Self {
        Self {
            from,
            ..Self::default()
        }
    }

    /// Measuring begins with so many instances alive.
    pub(super) fn begin(&mut self, alive: u32) {
        let from = self.from;
        let in_system = self.in_system;
        *self = Self {
            from,
            in_system,
            in_system_sum: from.nanos().wrapping_mul(in_system).wrapping_neg(),
            alive_at_first: u64::from(alive),
            ..Self::default()
        };
    }

    #[inline]
    pub(super) fn changed(&mut self, change: &StateChange) {
        if let Some(state) = change.from {
            self.leaves(state, change.since, change.at);
        }
        let stays = change.to == Err(Retirement::EndOfRun);
        self.alive_at_last += u64::from(stays);
    }

    /// An instance leaves a state.
    #[inline]
    pub(super) fn leaves(&mut self, state: State, entered: Time, at: Time) {
        let visit = at.since(entered.max(self.from));
        let visits = &mut self.visits[state as usize];
        *visits = visits.wrapping_add(visit.nanos());
    }

    #[inline]
    pub(super) fn arrived(&mut self, at: Time) {
        self.in_system = self.in_system.wrapping_add(1);
        self.in_system_sum = self.in_system_sum.wrapping_sub(at.nanos());
    }

    #[inline]
    pub(super) fn ended(&mut self, sender: Sender, arrived: Time, at: Time) {
        if sender == Sender::User {
            let sojourn = at.since(arrived.max(self.from)).nanos();
            self.in_system = self.in_system.wrapping_sub(1);
            self.in_system_sum = self.in_system_sum.wrapping_add(at.nanos());
            self.sojourns = self.sojourns.wrapping_add(sojourn);
        }
    }

    /// Checks every identity against the tally of the whole measured time.
    pub(super) fn check(&self, all: &Tally) -> Result<(), Violation> {
        let ended = all.completed() + all.failed + all.timed_out + all.rejected + all.in_flight;
        let messages = all.messages.as_deref();
        let lives = self.alive_at_first + all.starts;
        let in_states: u128 = all.states.in_state.iter().sum();
        let little = |identity, state: State| {
            (
                identity,
                all.states.in_state[state as usize] & u128::from(u64::MAX),
                u128::from(self.visits[state as usize]),
            )
        };
        let pairs = [
            (
                "requests = completed + failed + timed out + rejected + in flight",
                u128::from(all.requests),
                u128::from(ended),
            ),
            (
                "alive at first + starts = retired + alive at last",
                u128::from(lives),
                u128::from(all.retired + self.alive_at_last),
            ),
            (
                "starting + idle + busy = alive",
                in_states,
                all.states.alive,
            ),
            (
                "messages = processed + given up + expired + waiting",
                messages.map_or(0, |messages| u128::from(messages.arrived)),
                messages.map_or(0, |messages| u128::from(messages.accounted())),
            ),
            (
                "Little's law for requests in the system",
                u128::from(self.in_system_sum),
                u128::from(self.sojourns),
            ),
            little("Little's law for starting instances", State::Starting),
            little("Little's law for idle instances", State::Idle),
            little("Little's law for busy instances", State::Busy),
        ];
        match pairs.into_iter().find(|(_, left, right)| left != right) {
            Some((identity, left, right)) => Err(Violation {
                identity,
                left,
                right,
            }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::NANOS_PER_SECOND;

    #[test]
    fn a_start_that_is_published_and_did_not_happen_is_a_violation() {
        let books = Books::new(Time::ZERO);
        assert_eq!(books.check(&Tally::default()), Ok(()));
        let tally = Tally {
            starts: 1,
            ..Tally::default()
        };
        let violation = books.check(&tally).unwrap_err().to_string();
        assert!(violation.contains("starts"), "{violation}");
    }

    /// A thousand instances idle for a year are more nanoseconds than 64 bits count.
    #[test]
    fn lengths_of_time_beyond_64_bits_balance() {
        let year = 31_557_600 * NANOS_PER_SECOND;
        let mut books = Books::new(Time::ZERO);
        for _ in 0..1000 {
            books.leaves(State::Idle, Time::ZERO, Time::from_nanos(year));
        }
        let mut tally = Tally::default();
        tally.states.in_state[State::Idle as usize] = u128::from(year) * 1000;
        tally.states.alive = u128::from(year) * 1000;
        assert_eq!(books.check(&tally), Ok(()));
        tally.states.in_state[State::Idle as usize] -= 1;
        tally.states.alive -= 1;
        assert!(books.check(&tally).is_err());
    }
}
