//! Concurrency that an account has claimed: what of its quota is taken, in use or only kept.
//!
//! AWS Lambda's metric `ClaimedAccountConcurrency`: unreserved requests in flight, all that is
//! reserved, and all provisioned capacity of functions without a reservation (docs.aws.amazon.com,
//! lambda-concurrency, 2026). Where it reaches the quota, requests are throttled.

use serde::{Deserialize, Serialize};

use crate::ids::FunctionId;
use crate::model::Plan;
use crate::sim::{Observer, Prompt, State, StateChange};
use crate::units::{Span, Time};

use super::summary::SummaryResult;
use crate::metric::{CLAIMED_CONCURRENCY_MEAN, CLAIMED_CONCURRENCY_PEAK};

/// What an account claimed in a step of the run.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct ClaimedPoint {
    /// Mean over the step.
    pub mean: f64,
    /// The most that lasted for longer than an instant.
    pub most: f64,
}

/// What an account claimed over time.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct ClaimedLine {
    /// Name of the account.
    pub account: String,
    /// Its concurrency quota; `None` where it has none.
    pub quota: Option<u32>,
    /// One point a step, from the beginning of the run.
    pub points: Vec<ClaimedPoint>,
}

/// Follows what each account claims, over all functions together.
#[derive(Clone, Debug)]
pub struct ClaimedTap {
    /// The account of each function; `None` where it has a reservation, which is claimed anyway.
    accounts_of: Vec<Option<usize>>,
    /// Provisioned capacity of each function.
    provisioned: Vec<u32>,
    accounts: Vec<Level>,
    measured_from: Time,
    duration: Span,
    batches: u32,
    /// Parts that have ended; the first is the warm-up.
    ended: u32,
    part_ends: Time,
    step: Span,
    step_began: Time,
    step_ends: Time,
}

/// What one account claims.
#[derive(Clone, Debug)]
struct Level {
    line: ClaimedLine,
    now: u32,
    since: Time,
    part: Sum,
    step: Sum,
    /// Of each measured part.
    parts: Vec<Sum>,
}

/// Claimed concurrency in a length of time: times nanoseconds, and the most.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    nanos: u128,
    most: u32,
}

impl Sum {
    fn add(&mut self, level: u32, nanos: u64) {
        self.nanos += u128::from(level) * u128::from(nanos);
        self.most = self.most.max(level);
    }

    fn mean(self, length: Span) -> f64 {
        self.nanos as f64 / length.nanos().max(1) as f64
    }
}

impl Level {
    fn settle(&mut self, at: Time) {
        if at > self.since {
            let nanos = at.since(self.since).nanos();
            self.part.add(self.now, nanos);
            self.step.add(self.now, nanos);
            self.since = at;
        }
    }
}

impl ClaimedTap {
    /// Follows a run of this plan, its measured time in so many batches (1 for no batches) and with
    /// about `steps` points over time.
    pub fn new(plan: &Plan, batches: u32, steps: u32) -> Self {
        let accounts = 0..=plan.platform.accounts.len() as u32;
        let of = |number: u32| {
            let limits = plan.platform.account(number);
            let functions = plan.functions.iter().filter(|f| f.account == number);
            Level {
                line: ClaimedLine {
                    account: limits.name,
                    quota: limits.concurrency_quota,
                    points: Vec::new(),
                },
                now: functions
                    .filter_map(|f| f.reserved_concurrency)
                    .fold(0, u32::saturating_add),
                since: Time::ZERO,
                part: Sum::default(),
                step: Sum::default(),
                parts: Vec::new(),
            }
        };
        let run = plan.end().since(Time::ZERO).nanos();
        let step = Span::from_nanos(run.div_ceil(u64::from(steps.max(1))).max(1));
        let account_of = |f: &crate::model::Function| {
            f.reserved_concurrency
                .is_none()
                .then_some(f.account as usize)
        };
        Self {
            accounts_of: plan.functions.iter().map(account_of).collect(),
            provisioned: vec![0; plan.functions.len()],
            accounts: accounts.map(of).collect(),
            measured_from: plan.measured_from(),
            duration: plan.duration,
            batches: batches.max(1),
            ended: 0,
            part_ends: plan.measured_from(),
            step,
            step_began: Time::ZERO,
            step_ends: Time::ZERO + step,
        }
    }

    /// Length of a step.
    pub fn step(&self) -> Span {
        self.step
    }

    /// Puts mean and peak into the measures of the run, those of the account that claimed most;
    /// what each account claimed over time.
    pub fn finish(self, summary: &mut SummaryResult) -> Vec<ClaimedLine> {
        let batches = self.batches as usize;
        let length = |part: u32| {
            let end = |n: u32| self.duration.part(u64::from(n), u64::from(self.batches));
            end(part + 1).saturating_sub(end(part))
        };
        let set = |values: &mut super::Values, sums: Vec<Sum>, length: Span| {
            let mean = sums.iter().map(|sum| sum.mean(length)).fold(0.0, f64::max);
            let most = sums.iter().map(|sum| sum.most).max().unwrap_or(0);
            *values = values.with(&[
                (CLAIMED_CONCURRENCY_MEAN, mean),
                (CLAIMED_CONCURRENCY_PEAK, f64::from(most)),
            ]);
        };
        let parts = |level: &Level, part: usize| level.parts.get(part).copied().unwrap_or_default();
        if batches > 1 {
            for (part, values) in (0..self.batches).zip(&mut summary.batches) {
                let sums = self
                    .accounts
                    .iter()
                    .map(|level| parts(level, part as usize));
                set(values, sums.collect(), length(part));
            }
        }
        let whole = self.accounts.iter().map(|level| {
            let parts = level.parts.iter();
            parts.fold(Sum::default(), |all, part| Sum {
                nanos: all.nanos + part.nanos,
                most: all.most.max(part.most),
            })
        });
        set(&mut summary.values, whole.collect(), self.duration);
        self.accounts.into_iter().map(|level| level.line).collect()
    }

    fn settle(&mut self, at: Time) {
        self.accounts.iter_mut().for_each(|level| level.settle(at));
    }

    fn end_part(&mut self) {
        self.settle(self.part_ends);
        for level in &mut self.accounts {
            let part = std::mem::take(&mut level.part);
            if self.ended > 0 {
                level.parts.push(part);
            }
        }
        self.ended += 1;
        self.part_ends = if self.ended < self.batches {
            let (part, of) = (u64::from(self.ended), u64::from(self.batches));
            self.measured_from + self.duration.part(part, of)
        } else {
            Time::NEVER
        };
    }

    fn end_step(&mut self, at: Time) {
        self.settle(at);
        let length = at.since(self.step_began);
        for level in &mut self.accounts {
            let step = std::mem::take(&mut level.step);
            level.line.points.push(ClaimedPoint {
                mean: step.mean(length),
                most: f64::from(step.most),
            });
        }
        self.step_began = at;
        self.step_ends = at + self.step;
    }

    #[inline]
    fn move_to(&mut self, at: Time) {
        while at >= self.part_ends.min(self.step_ends) {
            if self.part_ends <= self.step_ends {
                self.end_part();
            } else {
                self.end_step(self.step_ends);
            }
        }
    }

    /// So many more, or fewer, are claimed by a function.
    #[inline]
    fn change(&mut self, at: Time, function: FunctionId, more: i64) {
        self.move_to(at);
        let account = self.accounts_of[function.index()];
        if let Some(level) = account.and_then(|number| self.accounts.get_mut(number)) {
            level.settle(at);
            level.now = (i64::from(level.now) + more).max(0) as u32;
        }
    }
}

impl Observer for ClaimedTap {
    #[inline]
    fn changed(&mut self, change: &StateChange) {
        if change.provisioned {
            return;
        }
        let more = match (change.from, change.to) {
            // A request waits for the instance that starts.
            (None, Ok(State::Starting)) => i64::from(!change.prewarmed),
            (None | Some(State::Idle), Ok(State::Busy)) => 1,
            (Some(State::Busy), Ok(State::Idle) | Err(_)) => -1,
            (Some(State::Starting), Ok(State::Idle) | Err(_)) if !change.prewarmed => -1,
            _ => 0,
        };
        if more != 0 {
            self.change(change.at, change.function, more);
        }
    }

    #[inline]
    fn began(&mut self, run: &Prompt) {
        self.change(run.arrived, run.function, 1);
    }

    #[inline]
    fn answered(&mut self, run: &Prompt, at: Time) {
        self.change(at, run.function, -1);
    }

    fn provisioned(&mut self, at: Time, function: FunctionId, instances: u32) {
        let before = std::mem::replace(&mut self.provisioned[function.index()], instances);
        self.change(at, function, i64::from(instances) - i64::from(before));
    }

    fn run_ended(&mut self, at: Time) {
        self.move_to(at);
        if self.part_ends == Time::NEVER {
            self.part_ends = at;
            self.end_part();
        }
        if at > self.step_began {
            self.end_step(at);
        }
    }
}
