//! A trial run without remedies: how much of an n-th instance would be used, and when.

use crate::experiment::{CellId, Failure, watch_cell};
use crate::model::{Experiment, Plan, ScheduledSearch};
use crate::observe::{HuntTap, Places, Use};
use crate::sim::Control;
use crate::theory::provisioned::ProvisionedPrices;
use crate::units::Span;

use super::clock::Clock;

/// What a trial run has shown.
#[derive(Clone, Debug)]
pub(super) struct Pilot {
    /// By function, by part of the calendar, by place: over all trial runs together.
    places: Vec<Places>,
    /// How long each part was measured, in all trial runs together.
    lengths: Vec<Span>,
    /// Functions' instances busy at once, at most.
    peaks: Vec<u32>,
    /// Memory of functions, which the price of an instance goes by.
    gb: Vec<f64>,
    /// Use above which a provisioned instance costs less than what it spares on demand.
    break_even: f64,
    pub(super) clock: Clock,
}

impl Pilot {
    /// Runs the first scenario of an experiment in so many replications.
    pub(super) fn run(
        experiment: &Experiment,
        rules: &ScheduledSearch,
        replications: u32,
        control: &Control,
    ) -> Result<Self, Failure> {
        let plan = &experiment.scenarios[0].plan;
        let clock = Clock::new(rules, plan);
        let calendar = clock.calendar(plan.end());
        let functions = plan.functions.len();
        let mut pilot = Self {
            places: vec![Places(vec![Vec::new(); calendar.parts()]); functions],
            lengths: vec![Span::ZERO; calendar.parts()],
            peaks: vec![0; functions],
            gb: plan.functions.iter().map(|f| f.memory.gb()).collect(),
            break_even: break_even(plan),
            clock,
        };
        for replication in 0..replications {
            let mut tap = HuntTap::new(&calendar, functions, plan.measured_from());
            let id = CellId {
                scenario: 0,
                replication,
            };
            watch_cell(experiment, id, &mut tap, control)?;
            let lengths = calendar.lengths(plan.measured_from(), plan.end());
            for (sum, length) in pilot.lengths.iter_mut().zip(lengths) {
                *sum += length;
            }
            for (function, told) in tap.into_places().into_iter().enumerate() {
                pilot.peaks[function] = pilot.peaks[function].max(told.count() as u32);
                pilot.places[function].add_all(&told);
            }
        }
        Ok(pilot)
    }

    /// Instances of a function busy at once, at most.
    pub(super) fn peak(&self, function: usize) -> u32 {
        self.peaks[function]
    }

    /// What the n-th instance of a function is worth in a part of the calendar, from n = 1: cold
    /// starts that it spares for what it costs, which goes by memory. Above the break-even it pays
    /// for itself and is worth more than anything.
    pub(super) fn worth_of(&self, function: usize, part: usize, nth: u32) -> f64 {
        let place = (nth as usize).wrapping_sub(1);
        let used = self.places[function].0[part].get(place).copied();
        self.worth(function, used.unwrap_or_default(), self.lengths[part])
    }

    /// Cold starts that the n-th instance of a function spares, for each from n = 1, over all trial
    /// runs.
    pub(super) fn spared(&self, function: usize) -> Vec<f64> {
        let mut spared = vec![0.0; self.places[function].count()];
        let parts = self.places[function].0.iter();
        for (place, used) in parts.flat_map(|part| part.iter().enumerate()) {
            spared[place] += f64::from(used.cold);
        }
        spared
    }

    /// The worth of each instance of a function in every part, or over all the time.
    pub(super) fn worths(&self, function: usize, by_part: bool) -> Vec<Vec<f64>> {
        let parts = &self.places[function].0;
        let of = |used: &Vec<Use>, length: Span| {
            let used = used.iter();
            used.map(|used| self.worth(function, *used, length))
                .collect()
        };
        if by_part {
            let parts = parts.iter().zip(&self.lengths);
            return parts.map(|(used, length)| of(used, *length)).collect();
        }
        let mut whole = vec![Use::default(); self.places[function].count()];
        for (sum, used) in parts.iter().flat_map(|part| part.iter().enumerate()) {
            whole[sum].taken += used.taken;
            whole[sum].cold += used.cold;
        }
        vec![of(&whole, self.lengths.iter().copied().sum())]
    }

    fn worth(&self, function: usize, used: Use, length: Span) -> f64 {
        worth(used, length, self.break_even) / self.gb[function].max(1e-9)
    }

    /// Instances on average, of numbers by part of the calendar.
    pub(super) fn average(&self, counts: &[u32]) -> f64 {
        let parts = counts.iter().zip(self.weights());
        parts
            .map(|(count, weight)| f64::from(*count) * weight)
            .sum()
    }

    /// How long each part of the calendar lasts, of the whole.
    fn weights(&self) -> Vec<f64> {
        let whole: Span = self.lengths.iter().copied().sum();
        let whole = whole.secs().max(1e-9);
        let parts = self.lengths.iter();
        parts.map(|length| length.secs() / whole).collect()
    }
}

/// Use above which a provisioned instance pays for itself; endless where it never does.
fn break_even(plan: &Plan) -> f64 {
    let Some(prices) = &plan.platform.prices else {
        return f64::INFINITY;
    };
    let prices = ProvisionedPrices {
        provisioned: prices.provisioned_capacity,
        provisioned_duration: prices.provisioned_duration,
        on_demand: prices.duration.first().map_or(0.0, |tier| tier.price),
    };
    let used = prices.break_even_utilization();
    if used > 0.0 { used } else { f64::INFINITY }
}

/// Cold starts an hour of an instance over the share of its price that its use does not earn back.
fn worth(used: Use, length: Span, break_even: f64) -> f64 {
    let seconds = length.secs().max(1e-9);
    let lost = 1.0 - used.taken.secs() / seconds / break_even;
    if lost <= 0.0 {
        return f64::INFINITY;
    }
    f64::from(used.cold) / (seconds / 3600.0) / lost
}
