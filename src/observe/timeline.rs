//! Instances by state over time, for a picture.

use serde::{Deserialize, Serialize};

use crate::sim::{Observer, State, StateChange};
use crate::units::{Span, Time};

/// Mean numbers of instances in one step.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct TimelinePoint {
    /// Starting instances.
    pub starting: f64,
    /// Instances that run a request or ping.
    pub busy: f64,
    /// Idle instances.
    pub idle: f64,
}

/// Averages instances by state over equal steps of the whole run.
#[derive(Clone, Debug)]
pub struct TimelineTap {
    step: Span,
    counts: [u32; 3],
    /// Instance-nanoseconds of the present step up to `counted_to`.
    sums: [u128; 3],
    counted_to: Time,
    step_ends: Time,
    points: Vec<TimelinePoint>,
}

impl TimelineTap {
    /// A tap that makes about `steps` points of a run of this length.
    pub fn new(run: Span, steps: u32) -> Self {
        let nanos = run.nanos().div_ceil(u64::from(steps.max(1))).max(1);
        let step = Span::from_nanos(nanos);
        Self {
            step,
            counts: [0; 3],
            sums: [0; 3],
            counted_to: Time::ZERO,
            step_ends: Time::ZERO + step,
            points: Vec::new(),
        }
    }

    /// Length of a step.
    pub fn step(&self) -> Span {
        self.step
    }

    /// One point a step, from the beginning of the run.
    pub fn into_points(self) -> Vec<TimelinePoint> {
        self.points
    }

    fn count_to(&mut self, at: Time) {
        let length = u128::from(at.since(self.counted_to).nanos());
        for (sum, count) in self.sums.iter_mut().zip(self.counts) {
            *sum += length * u128::from(count);
        }
        self.counted_to = at;
    }

    fn end_step(&mut self, at: Time) {
        let began = self.step_ends.nanos() - self.step.nanos();
        let length = at.since(Time::from_nanos(began));
        self.points.push(point(self.sums, length));
        self.sums = [0; 3];
        self.step_ends = self.step_ends + self.step;
    }

    #[inline]
    fn move_to(&mut self, at: Time) {
        while at >= self.step_ends {
            self.count_to(self.step_ends);
            self.end_step(self.step_ends);
        }
        self.count_to(at);
    }
}

/// The same for functions that are simulated apart: whoever knows the instance-nanoseconds of all
/// of them says what they have come to at the end of each step.
#[derive(Clone, Debug)]
pub struct TimelineSteps {
    step: Span,
    began: Time,
    ends: Time,
    end_of_run: Time,
    before: [u128; 3],
    points: Vec<TimelinePoint>,
}

impl TimelineSteps {
    /// About `steps` points of a run of this length.
    pub fn new(run: Span, steps: u32) -> Self {
        let step = TimelineTap::new(run, steps).step;
        Self {
            step,
            began: Time::ZERO,
            ends: (Time::ZERO + step).min(Time::ZERO + run),
            end_of_run: Time::ZERO + run,
            before: [0; 3],
            points: Vec::new(),
        }
    }

    /// When the present step ends.
    pub fn ends(&self) -> Time {
        self.ends
    }

    /// Ends the present step; `so_far` are the instance-nanoseconds by state since the run began.
    pub fn end_step(&mut self, at: Time, so_far: [u128; 3]) {
        let sums = std::array::from_fn(|state| so_far[state] - self.before[state]);
        self.points.push(point(sums, at.since(self.began)));
        self.before = so_far;
        self.began = at;
        self.ends = (at + self.step).min(self.end_of_run);
        if at >= self.end_of_run {
            self.ends = Time::NEVER;
        }
    }

    /// Length of a step.
    pub fn step(&self) -> Span {
        self.step
    }

    /// One point a step, from the beginning of the run.
    pub fn into_points(self) -> Vec<TimelinePoint> {
        self.points
    }
}

/// Mean numbers of instances from their instance-nanoseconds in a length of time.
fn point(sums: [u128; 3], length: Span) -> TimelinePoint {
    let length = length.nanos().max(1) as f64;
    let mean = |state: State| sums[state as usize] as f64 / length;
    TimelinePoint {
        starting: mean(State::Starting),
        busy: mean(State::Busy),
        idle: mean(State::Idle),
    }
}

impl Observer for TimelineTap {
    #[inline]
    fn changed(&mut self, change: &StateChange) {
        self.move_to(change.at);
        if let Some(state) = change.from {
            self.counts[state as usize] -= 1;
        }
        if let Ok(state) = change.to {
            self.counts[state as usize] += 1;
        }
    }

    fn run_ended(&mut self, at: Time) {
        self.move_to(at);
        let began = self.step_ends.nanos() - self.step.nanos();
        if at.nanos() > began {
            self.end_step(at);
        }
    }
}
