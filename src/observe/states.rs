//! How many instances are in each state, for how long, and at most.

use crate::sim::State;
use crate::units::Time;

/// Instances of a function by state with their time integrals, in instance-nanoseconds.
///
/// Entering a state at t adds −t and leaving it +t, so the integral up to T is the sum plus T times
/// the number still there: two additions a change, exact.
#[derive(Clone, Debug, Default)]
pub(super) struct StateClock {
    counts: [u32; 3],
    sums: [i128; 3],
    alive_sum: i128,
    connection_sum: i128,
    peaks: PeakClock,
}

/// The greatest numbers of instances alive and busy that lasted for longer than an instant.
///
/// A number that is gone at the instant at which it came is none that anybody can see, and it would
/// depend on the order of what happens at equal times.
#[derive(Clone, Debug, Default)]
pub(super) struct PeakClock {
    alive: u32,
    busy: u32,
    /// Since when the present numbers hold.
    since: Time,
    peaks: Peaks,
    connections: u32,
}

/// The greatest numbers in a length of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Peaks {
    /// Instances alive.
    pub alive: u32,
    /// Instances that run a request or ping.
    pub busy: u32,
    /// Connections held, also for no longer than an instant.
    pub connections: u32,
}

/// Time integrals and peaks over a length of time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StateTimes {
    /// Instance-nanoseconds in each state, by [`State`].
    pub(super) in_state: [u128; 3],
    /// Instance-nanoseconds alive, counted apart.
    pub(super) alive: u128,
    /// Connection-nanoseconds.
    pub(super) connections: u128,
    pub(super) peaks: Peaks,
}

impl PeakClock {
    /// An instance passes from one state to another.
    #[inline]
    pub(super) fn change(&mut self, at: Time, from: Option<State>, to: Option<State>) {
        self.settle(at);
        self.alive += u32::from(from.is_none());
        self.alive -= u32::from(to.is_none());
        self.busy += u32::from(to == Some(State::Busy));
        self.busy -= u32::from(from == Some(State::Busy));
    }

    #[inline]
    fn settle(&mut self, at: Time) {
        if at > self.since {
            self.peaks.raise(self.alive, self.busy);
            self.since = at;
        }
    }

    /// The peaks since the last cut, which this one ends.
    pub(super) fn cut(&mut self, at: Time) -> Peaks {
        self.settle(at);
        let next = Peaks {
            connections: self.connections,
            ..Peaks::default()
        };
        std::mem::replace(&mut self.peaks, next)
    }

    /// There is a connection more, or one less.
    pub(super) fn connect(&mut self, more: bool) {
        self.connections = if more {
            self.connections + 1
        } else {
            self.connections - 1
        };
        self.peaks.connections = self.peaks.connections.max(self.connections);
    }
}

impl Peaks {
    #[inline]
    pub(super) fn raise(&mut self, alive: u32, busy: u32) {
        self.alive = self.alive.max(alive);
        self.busy = self.busy.max(busy);
    }

    /// Joins the part that follows.
    pub(super) fn join(&mut self, next: Self) {
        self.raise(next.alive, next.busy);
        self.connections = self.connections.max(next.connections);
    }
}

impl StateClock {
    #[inline]
    pub(super) fn change(&mut self, at: Time, from: Option<State>, to: Option<State>) {
        self.peaks.change(at, from, to);
        let t = i128::from(at.nanos());
        match from {
            Some(state) => {
                self.counts[state as usize] -= 1;
                self.sums[state as usize] += t;
            }
            None => self.alive_sum -= t,
        }
        match to {
            Some(state) => {
                self.counts[state as usize] += 1;
                self.sums[state as usize] -= t;
            }
            None => self.alive_sum += t,
        }
    }

    /// There is a connection more, or one less.
    pub(super) fn connect(&mut self, at: Time, more: bool) {
        self.peaks.connect(more);
        let t = i128::from(at.nanos());
        self.connection_sum += if more { -t } else { t };
    }

    pub(super) fn alive(&self) -> u32 {
        self.peaks.alive
    }

    /// An instance passes between idle and busy.
    #[inline]
    pub(super) fn pass(&mut self, at: Time, from: State, to: State) {
        self.change(at, Some(from), Some(to));
    }

    /// Instance-nanoseconds in each state since the last cut.
    pub(super) fn so_far(&self, at: Time) -> [u128; 3] {
        let t = i128::from(at.nanos());
        let mut times = [0; 3];
        for (time, (sum, count)) in times.iter_mut().zip(self.sums.iter().zip(self.counts)) {
            *time = (sum + t * i128::from(count)) as u128;
        }
        times
    }

    /// What has come together since the last cut, which this one ends; the next part begins.
    pub(super) fn cut(&mut self, at: Time) -> StateTimes {
        let t = i128::from(at.nanos());
        let (alive, connections) = (self.peaks.alive, self.peaks.connections);
        let times = StateTimes {
            alive: (self.alive_sum + t * i128::from(alive)) as u128,
            in_state: self.so_far(at),
            connections: (self.connection_sum + t * i128::from(connections)) as u128,
            peaks: self.peaks.cut(at),
        };
        for (sum, count) in self.sums.iter_mut().zip(self.counts) {
            *sum = -t * i128::from(count);
        }
        self.alive_sum = -t * i128::from(alive);
        self.connection_sum = -t * i128::from(connections);
        times
    }
}

impl StateTimes {
    /// Joins the part that follows.
    pub(super) fn join(&mut self, next: &Self) {
        self.add(next);
        self.peaks.join(next.peaks);
    }

    /// Adds the times of other instances; peaks of several functions do not add up.
    pub(super) fn add(&mut self, other: &Self) {
        for (time, more) in self.in_state.iter_mut().zip(other.in_state) {
            *time += more;
        }
        self.alive += other.alive;
        self.connections += other.connections;
    }
}
