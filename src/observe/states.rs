//! How many instances are in each state, and for how long.

use crate::sim::State;
use crate::units::Time;

/// Instances by state with their time integrals, in instance-nanoseconds.
///
/// Entering a state at t adds −t and leaving it +t, so the integral up to T is the sum plus T times
/// the number still there: two additions a change, exact.
#[derive(Clone, Debug, Default)]
pub(super) struct StateClock {
    counts: [u32; 3],
    sums: [i128; 3],
    alive: u32,
    alive_sum: i128,
    alive_peak: u32,
    busy_peak: u32,
}

/// Time integrals and peaks over a length of time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StateTimes {
    /// Instance-nanoseconds in each state, by [`State`].
    pub(super) in_state: [u128; 3],
    /// Instance-nanoseconds alive, counted apart.
    pub(super) alive: u128,
    pub(super) alive_peak: u32,
    pub(super) busy_peak: u32,
}

impl StateClock {
    #[inline]
    pub(super) fn change(&mut self, at: Time, from: Option<State>, to: Option<State>) {
        let t = i128::from(at.nanos());
        if let Some(state) = from {
            self.counts[state as usize] -= 1;
            self.sums[state as usize] += t;
        } else {
            self.alive += 1;
            self.alive_sum -= t;
            self.alive_peak = self.alive_peak.max(self.alive);
        }
        if let Some(state) = to {
            self.counts[state as usize] += 1;
            self.sums[state as usize] -= t;
        } else {
            self.alive -= 1;
            self.alive_sum += t;
        }
        self.busy_peak = self.busy_peak.max(self.counts[State::Busy as usize]);
    }

    pub(super) fn alive(&self) -> u32 {
        self.alive
    }

    /// What has come together since the last cut, which this one ends; the next part begins.
    pub(super) fn cut(&mut self, at: Time) -> StateTimes {
        let t = i128::from(at.nanos());
        let integral = |sum: i128, count: u32| (sum + t * i128::from(count)) as u128;
        let mut times = StateTimes {
            alive: integral(self.alive_sum, self.alive),
            alive_peak: self.alive_peak,
            busy_peak: self.busy_peak,
            ..StateTimes::default()
        };
        for (state, time) in times.in_state.iter_mut().enumerate() {
            *time = integral(self.sums[state], self.counts[state]);
            self.sums[state] = -t * i128::from(self.counts[state]);
        }
        self.alive_sum = -t * i128::from(self.alive);
        self.alive_peak = self.alive;
        self.busy_peak = self.counts[State::Busy as usize];
        times
    }
}

impl StateTimes {
    /// Joins the part that follows.
    pub(super) fn join(&mut self, next: &Self) {
        for (time, more) in self.in_state.iter_mut().zip(next.in_state) {
            *time += more;
        }
        self.alive += next.alive;
        self.alive_peak = self.alive_peak.max(next.alive_peak);
        self.busy_peak = self.busy_peak.max(next.busy_peak);
    }
}
