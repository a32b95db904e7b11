//! Poisson processes whose rate changes: by the clock (profile) or by chance (MMPP).
//!
//! Both are drawn exactly by time rescaling: an exponential of mean 1 is the number of requests to
//! be expected until the next one; it is spent on the pieces of constant rate that follow. That
//! takes one draw a request and one a change of state.

use std::sync::Arc;

use crate::dist::{exponential, uniform};
use crate::model::{MmppState, Profile};
use crate::random::Stream;
use crate::units::{NANOS_PER_SECOND, Span};

use super::clock::NEVER;

/// A rate that repeats, at some instant.
#[derive(Clone, Debug)]
pub(super) struct ProfileClock {
    /// Requests a nanosecond in equal parts of the period.
    rates: Arc<[f64]>,
    /// Nanoseconds.
    period: u64,
    /// Requests to be expected in a period.
    mass: f64,
    /// When the current period began, on a clock that is ahead by `phase`.
    start: u64,
    phase: u64,
    /// Nanoseconds since then; a float, so that roundings do not add up within a period.
    at: f64,
    part: usize,
}

impl ProfileClock {
    /// `None` where there is never a request.
    pub(super) fn new(profile: &Profile) -> Option<Self> {
        let period = profile.period.nanos();
        let rates: Arc<[f64]> = profile
            .rates
            .iter()
            .map(|rate| rate / NANOS_PER_SECOND as f64)
            .collect();
        let mass = rates.iter().sum::<f64>() * period as f64 / rates.len() as f64;
        let phase = profile.phase.nanos() % period;
        let parts = rates.len();
        let part = (u128::from(phase) * parts as u128 / u128::from(period)) as usize;
        (mass > 0.0).then_some(Self {
            rates,
            period,
            mass,
            start: 0,
            phase,
            at: phase as f64,
            part: part.min(parts - 1),
        })
    }

    /// The same with so many times the rates.
    pub(super) fn times(&self, times: f64) -> Self {
        Self {
            rates: self.rates.iter().map(|rate| rate * times).collect(),
            mass: self.mass * times,
            ..self.clone()
        }
    }

    /// Goes on at an instant.
    pub(super) fn skip_to(&mut self, instant: u64) {
        let ahead = instant.saturating_add(self.phase);
        let within = ahead % self.period;
        let parts = self.rates.len() as u128;
        self.start = ahead - within;
        self.at = within as f64;
        self.part = (u128::from(within) * parts / u128::from(self.period)) as usize;
    }

    pub(super) fn next(&mut self, stream: &mut Stream) -> u64 {
        let mut need = exponential(stream);
        loop {
            let part_end = self.period as f64 * (self.part + 1) as f64 / self.rates.len() as f64;
            let rate = self.rates[self.part];
            let room = rate * (part_end - self.at);
            if need < room {
                self.at += need / rate;
                let at = Span::from_nanos_f64(self.at).nanos();
                return self.start.saturating_add(at).saturating_sub(self.phase);
            }
            need -= room;
            self.at = part_end;
            self.part += 1;
            if self.part == self.rates.len() {
                self.part = 0;
                self.at = 0.0;
                // Whole periods without a request are skipped, however many they are.
                let periods = (need / self.mass).floor();
                need = (need - periods * self.mass).max(0.0);
                let skipped = self
                    .period
                    .saturating_mul((periods as u64).saturating_add(1));
                self.start = self.start.saturating_add(skipped);
                if self.start == NEVER {
                    return NEVER;
                }
            }
        }
    }
}

/// A Markov-modulated Poisson process, at some instant.
#[derive(Clone, Debug)]
pub(super) struct MmppClock {
    /// (requests a nanosecond, mean stay in nanoseconds).
    states: Box<[(f64, f64)]>,
    state: usize,
    at: u64,
    /// When the next state begins.
    until: u64,
    /// No request comes after this.
    end: u64,
    /// Draws states alone, so that these change when they would with any other rates.
    stays: Stream,
}

impl MmppClock {
    /// Begins in a state drawn by the share of time that is spent in it; the stays being
    /// exponential, what is left of the first one is as long as a whole one. `None` where there
    /// is never a request.
    ///
    /// # Panics
    /// If no state has a stay above zero, which the model rules out.
    pub(super) fn new(states: &[MmppState], mut stays: Stream) -> Option<Self> {
        if states.iter().all(|state| state.rate <= 0.0) {
            return None;
        }
        let total: f64 = states.iter().map(|state| state.stay.secs()).sum();
        assert!(total > 0.0, "no state of {states:?} lasts");
        let mut left = uniform(&mut stays) * total;
        let state = states
            .iter()
            .position(|state| {
                left -= state.stay.secs();
                left < 0.0
            })
            .unwrap_or(states.len() - 1);
        let states: Box<[(f64, f64)]> = states
            .iter()
            .map(|state| {
                (
                    state.rate / NANOS_PER_SECOND as f64,
                    state.stay.nanos() as f64,
                )
            })
            .collect();
        let until = (exponential(&mut stays) * states[state].1) as u64;
        Some(Self {
            states,
            state,
            at: 0,
            until,
            end: NEVER,
            stays,
        })
    }

    /// The same states with so many times the rates, up to an end: where requests are rare it would
    /// take long to find the first one after it.
    pub(super) fn times(&self, times: f64, end: u64) -> Self {
        let states = self.states.iter();
        Self {
            end,
            states: states.map(|(rate, stay)| (rate * times, *stay)).collect(),
            ..self.clone()
        }
    }

    /// Goes on at an instant.
    pub(super) fn skip_to(&mut self, instant: u64) {
        while self.until <= instant && self.until != NEVER {
            self.at = self.until;
            self.change();
        }
        self.at = instant;
    }

    /// The next state begins.
    fn change(&mut self) {
        self.state = (self.state + 1) % self.states.len();
        let stay = exponential(&mut self.stays) * self.states[self.state].1;
        self.until = self.at.saturating_add(Span::from_nanos_f64(stay).nanos());
    }

    pub(super) fn next(&mut self, stream: &mut Stream) -> u64 {
        let mut need = exponential(stream);
        loop {
            let (rate, _) = self.states[self.state];
            let room = rate * (self.until - self.at) as f64;
            if need < room {
                let at = self
                    .at
                    .saturating_add(Span::from_nanos_f64(need / rate).nanos());
                self.at = at.min(self.until);
                return self.at;
            }
            need -= room;
            self.at = self.until;
            if self.at >= self.end {
                return NEVER;
            }
            self.change();
        }
    }
}
