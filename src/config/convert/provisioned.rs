//! Provisioned instances: always as many, by load, by the calendar.

use crate::config::decode::OrNone;
use crate::config::diagnostic::Fault;
use crate::config::quantity::{Date, Length};
use crate::config::source::Place;
use crate::config::typed::platform::{ProvisionedEra, ProvisionedRules};
use crate::config::typed::policy::{Provisioned, ScheduledAction, Statistic};
use crate::config::typed::{Key, value};
use crate::dist::Dist;
use crate::model::{self, Scheduled, Tracking};
use crate::units::{Span, Time};

use super::Context;
use super::platform::limit;

impl Context {
    pub(super) fn provisioned(
        &self,
        typed: &Provisioned,
        place: Place,
    ) -> Option<model::Provisioned> {
        let by_load = typed.min.is_some()
            || typed.max.is_some()
            || typed.target_utilization.is_some()
            || typed.statistic.is_some()
            || typed.scale_out_cooldown.is_some()
            || typed.scale_in_cooldown.is_some();
        let first = match (&typed.instances, by_load) {
            (Some(count), false) => {
                let instances = count.get().map(|count| count.0);
                if instances == Some(0) && typed.schedule.is_none() {
                    self.fault(
                        Fault::new("no provisioned instance at all: leave out `provisioned`")
                            .at(count.place)
                            .note("with a `schedule` the run may begin with none"),
                    );
                }
                instances.map(|instances| (instances, None))
            }
            (Some(count), true) => {
                self.fault(
                    Fault::new("`provisioned` has `instances`, or follows the load with `max`")
                        .at(count.place),
                );
                None
            }
            (None, false) => {
                self.fault(
                    Fault::new("`provisioned` lacks `instances`")
                        .at(place)
                        .note("or give `min`, `max` and `target-utilization` to follow the load"),
                );
                None
            }
            (None, true) => {
                let tracking = self.tracking(typed, place);
                tracking.map(|tracking| (tracking.min, Some(tracking)))
            }
        };
        let actions = self.scheduled_actions(typed, by_load);
        let (instances, tracking) = first?;
        let actions = actions?;
        Some(match tracking {
            None if actions.is_empty() => model::Provisioned::Constant(instances),
            Some(tracking) if actions.is_empty() => model::Provisioned::Tracking(tracking),
            _ => model::Provisioned::Scheduled(Scheduled {
                instances,
                tracking,
                actions,
            }),
        })
    }

    /// How provisioned concurrency comes about, as of the experiment's date.
    pub(super) fn provisioned_rules(
        &self,
        key: &Key<ProvisionedRules>,
        date: &Key<Date>,
    ) -> model::ProvisionedRules {
        let mut rules = value(key).cloned().unwrap_or_default();
        if let Some(era) = self.era(&rules, value(date)) {
            rules.delay = era.delay.or(rules.delay);
            rules.burst = era.burst.or(rules.burst);
            rules.instances_per_minute = era.instances_per_minute.or(rules.instances_per_minute);
            rules.requests_per_second = era.requests_per_second.or(rules.requests_per_second);
        }
        let recycle = match (&rules.recycle, value(&rules.recycle)) {
            (Some(key), Some(OrNone::Some(life))) if life.0.is_zero() => {
                let title = "a `recycle` of zero would end instances before they serve";
                self.fault(Fault::new(title).at(key.place));
                None
            }
            (_, Some(OrNone::Some(life))) => Some(life.0.clone()),
            _ => None,
        };
        model::ProvisionedRules {
            delay: value(&rules.delay).map_or(Dist::ZERO, |delay| delay.0.clone()),
            burst: value(&rules.burst).map_or(1, |burst| burst.0),
            instances_per_minute: limit(&rules.instances_per_minute).map(|count| count.0),
            requests_per_second: limit(&rules.requests_per_second).map(|count| count.0),
            recycle,
        }
    }

    /// The era that a day falls into: of those that end after it the first to end.
    fn era(&self, rules: &ProvisionedRules, date: Option<&Date>) -> Option<ProvisionedEra> {
        let eras = value(&rules.eras).into_iter().flatten();
        let dated: Vec<_> = eras
            .filter_map(|given| {
                let era = given.get()?;
                let until =
                    self.need(&era.until, given.place, "an era of `provisioned`", "until")?;
                Some((*until, era))
            })
            .collect();
        let date = date?;
        let later = dated.into_iter().filter(|(until, _)| date < until);
        later
            .min_by_key(|(until, _)| *until)
            .map(|(_, era)| era.clone())
    }

    fn tracking(&self, typed: &Provisioned, place: Place) -> Option<Tracking> {
        let max = self.need(&typed.max, place, "`provisioned`", "max")?.0;
        let min = match &typed.min {
            Some(key) => key.get()?.0,
            None => 1,
        };
        if let Some(key) = &typed.min {
            self.ordered(min, max, key.place);
        }
        let target = match &typed.target_utilization {
            Some(key) => {
                let target = key.get()?.0;
                if target <= 0.0 {
                    let title = "`target-utilization` must be above 0, at most 1";
                    self.fault(Fault::new(title).at(key.place));
                }
                target
            }
            None => 0.7,
        };
        let cooldown = |key: &Key<Length>| value(key).map_or(Span::ZERO, |length| length.0);
        Some(Tracking {
            min,
            max,
            target,
            statistic: match value(&typed.statistic) {
                Some(Statistic::Maximum) => model::Statistic::Maximum,
                Some(Statistic::Average) | None => model::Statistic::Average,
            },
            scale_out_cooldown: cooldown(&typed.scale_out_cooldown),
            scale_in_cooldown: cooldown(&typed.scale_in_cooldown),
        })
    }

    fn ordered(&self, min: u32, max: u32, place: Place) {
        if min > max {
            let title = format!("`min` ({min}) is above `max` ({max})");
            self.fault(Fault::new(title).at(place));
        }
    }

    /// The actions of a schedule: nothing where it is at fault, none at all where there is none.
    fn scheduled_actions(
        &self,
        typed: &Provisioned,
        by_load: bool,
    ) -> Option<Vec<model::ScheduledAction>> {
        let Some(key) = &typed.schedule else {
            return Some(Vec::new());
        };
        let actions = key.get()?;
        if actions.is_empty() {
            let title = "`schedule` is an empty list: leave it out";
            self.fault(Fault::new(title).at(key.place));
        }
        let actions: Vec<_> = actions
            .iter()
            .map(|given| self.scheduled_action(given.get()?, given.place, by_load))
            .collect();
        actions.into_iter().collect()
    }

    fn scheduled_action(
        &self,
        typed: &ScheduledAction,
        place: Place,
        by_load: bool,
    ) -> Option<model::ScheduledAction> {
        const ACTION: &str = "a scheduled action";
        let at = self.schedule(&typed.cron, &typed.time_zone, place, ACTION);
        let (min, max) = if by_load {
            self.no_key(
                &typed.instances,
                "`min` and `max`, as `provisioned` follows the load",
            );
            let min = value(&typed.min).map(|min| min.0);
            let max = value(&typed.max).map(|max| max.0);
            if typed.min.is_none() && typed.max.is_none() && !self.faults.has_unknown(place) {
                let title = format!("{ACTION} needs `min`, `max` or both");
                self.fault(Fault::new(title).at(place));
            }
            if let (Some(min), Some(max), Some(key)) = (min, max, &typed.min) {
                self.ordered(min, max, key.place);
            }
            (min, max)
        } else {
            let with = "`instances`, as `provisioned` has";
            self.no_key(&typed.min, with);
            self.no_key(&typed.max, with);
            let instances = self.need(&typed.instances, place, ACTION, "instances")?.0;
            (Some(instances), Some(instances))
        };
        let at = at?;
        if at.next_from(Time::ZERO) >= self.end.get() {
            let start = self.start.get();
            let title = "this scheduled action is not due within the run";
            let note = format!("the run, warm-up included, begins at {start}: `start` says when");
            self.fault(Fault::warning(title).at(place).note(note));
        }
        Some(model::ScheduledAction { at, min, max })
    }

    fn no_key<T>(&self, key: &Key<T>, with: &str) {
        if let Some(given) = key {
            let title = format!("this scheduled action sets {with}");
            self.fault(Fault::new(title).at(given.place));
        }
    }
}
