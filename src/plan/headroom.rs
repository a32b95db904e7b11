//! How much more traffic settings bear before they miss a goal.

use crate::config::Draft;
use crate::experiment::{Failure, Standing};
use crate::sim::{Control, RunError};

use super::field::{CandidateId, Field, Runs, Verdict};
use super::setting::Setting;
use super::step::Phase;
use super::{Answer, Options};

/// Key of an experiment that multiplies all arrivals.
const TRAFFIC: &str = "traffic";
/// More traffic than this is another question.
const MOST: f64 = 64.0;
/// Halvings of the range between what is met and what is not: to about 2 %.
const HALVINGS: usize = 5;

/// How much traffic a setting bears, in times that of the file.
#[derive(Clone, Debug)]
pub struct Headroom {
    /// What it is.
    pub setting: Setting,
    /// The most traffic that was found to meet every goal; `None` where none was.
    pub meets: Option<f64>,
    /// The least, where that of the file surely misses a goal: what comes seldom finds no warm
    /// instance.
    pub from: Option<f64>,
    /// Goals that the traffic of the file is not sure to meet, where more is.
    pub unsure: Vec<String>,
    /// The least above `meets` that was found not to meet a goal, and the goals that it does not:
    /// that of the file where none meets all. `None` where the most that was tried meets all.
    pub misses: Option<(f64, Vec<String>)>,
    /// Whether these goals are surely missed there; else it is open.
    pub sure: bool,
    /// Why no other traffic was tried, where some could not be.
    pub end: Option<String>,
}

/// Finds how much more traffic the winner of a plan, its runner-up and the policies of the file
/// bear.
///
/// # Errors
/// See [`Failure`]; `Ok(Err(_))` says why traffic cannot be multiplied.
pub fn headroom(
    draft: &Draft,
    answer: &Answer,
    options: &Options<'_>,
    control: &Control,
) -> Result<Result<Vec<Headroom>, String>, Failure> {
    let mut settings: Vec<Setting> = Vec::new();
    let winner = answer.winner.as_ref().map(|choice| choice.setting.clone());
    let second = answer.runner_up.as_ref();
    settings.extend(winner);
    settings.extend(second.map(|second| second.choice.setting.clone()));
    if draft.has_policies() {
        for scenario in &draft.experiment().scenarios {
            let setting = Setting {
                policy: Some(scenario.policy.clone()),
                ..Setting::default()
            };
            if !settings.contains(&setting) {
                settings.push(setting);
            }
        }
    }
    let mut all = Vec::new();
    for setting in settings {
        let mut field = Field::new(draft.experiment(), options, control)?;
        field.enter(Phase::Headroom);
        let mut bears = Bears {
            draft,
            field,
            setting,
        };
        match bears.find()? {
            Ok(headroom) => all.push(headroom),
            Err(why) => return Ok(Err(why)),
        }
    }
    Ok(Ok(all))
}

/// One setting under more and more traffic.
struct Bears<'a> {
    draft: &'a Draft,
    field: Field<'a>,
    setting: Setting,
}

/// Goals that are not met, and whether they are surely missed.
type Unmet = (Vec<String>, bool);

/// What a look gave: met, or the goals that were not; or why it could not be had.
type Look = Result<Result<(), Unmet>, String>;

/// The most traffic that is met, and the least above that is not.
#[derive(Default)]
struct Edge {
    meets: Option<f64>,
    misses: Option<(f64, Unmet)>,
    end: Option<String>,
}

impl Bears<'_> {
    fn find(&mut self) -> Result<Result<Headroom, String>, Failure> {
        let at_first = match self.look(1.0)? {
            Err(why) => return Ok(Err(why)),
            Ok(look) => look,
        };
        let (mut from, mut unsure) = (None, Vec::new());
        let edge = match at_first {
            Ok(()) => self.upwards(1.0)?,
            Err(unmet) => {
                let below = self.downwards(unmet.clone())?;
                if below.meets.is_some() {
                    below
                } else {
                    // Goals on cold starts are missed by too little traffic.
                    let (least, mut above) = self.above(unmet.clone())?;
                    above.end = above.end.or(below.end);
                    match unmet {
                        (_, true) => from = least,
                        (goals, false) if least.is_some() => unsure = goals,
                        _ => {}
                    }
                    above
                }
            }
        };
        let sure = edge.misses.as_ref().is_some_and(|(_, (_, sure))| *sure);
        Ok(Ok(Headroom {
            setting: self.setting.clone(),
            meets: edge.meets,
            from,
            unsure,
            misses: edge.misses.map(|(times, (goals, _))| (times, goals)),
            sure,
            end: edge.end,
        }))
    }

    /// Doubles traffic that is met until it is not, and halves what lies between.
    fn upwards(&mut self, met: f64) -> Result<Edge, Failure> {
        let mut edge = Edge {
            meets: Some(met),
            ..Edge::default()
        };
        let mut times = met;
        while edge.misses.is_none() && times <= MOST / 2.0 {
            times *= 2.0;
            match self.look(times)? {
                Err(why) => {
                    edge.end = Some(why);
                    return Ok(edge);
                }
                Ok(Ok(())) => edge.meets = Some(times),
                Ok(Err(unmet)) => edge.misses = Some((times, unmet)),
            }
        }
        self.narrow(edge)
    }

    /// Halves traffic that is not met until it is.
    fn downwards(&mut self, unmet: Unmet) -> Result<Edge, Failure> {
        let mut edge = Edge {
            misses: Some((1.0, unmet)),
            ..Edge::default()
        };
        let mut times = 1.0;
        while edge.meets.is_none() && times >= 2.0 / MOST {
            times /= 2.0;
            match self.look(times)? {
                Err(why) => {
                    edge.end = Some(why);
                    break;
                }
                Ok(Ok(())) => edge.meets = Some(times),
                Ok(Err(unmet)) => edge.misses = Some((times, unmet)),
            }
        }
        self.narrow(edge)
    }

    /// Looks above that of the file, which neither it nor less of it meets: from where on it does,
    /// and up to where.
    fn above(&mut self, unmet: Unmet) -> Result<(Option<f64>, Edge), Failure> {
        let (mut missed, mut times) = (1.0, 1.0);
        let mut end = None;
        while times <= MOST / 2.0 {
            times *= 2.0;
            match self.look(times)? {
                Err(why) => {
                    end = Some(why);
                    break;
                }
                Ok(Err(_)) => missed = times,
                Ok(Ok(())) => {
                    let mut from = times;
                    for _ in 0..HALVINGS {
                        let middle = f64::midpoint(missed, from);
                        match self.look(middle)? {
                            Err(why) => {
                                end = Some(why);
                                break;
                            }
                            Ok(Ok(())) => from = middle,
                            Ok(Err(_)) => missed = middle,
                        }
                    }
                    let mut edge = self.upwards(times)?;
                    edge.end = edge.end.or(end);
                    return Ok((Some(from), edge));
                }
            }
        }
        let edge = Edge {
            misses: Some((1.0, unmet)),
            end,
            ..Edge::default()
        };
        Ok((None, edge))
    }

    /// Halves the range between what is met and what is not.
    fn narrow(&mut self, mut edge: Edge) -> Result<Edge, Failure> {
        for _ in 0..HALVINGS {
            let (Some(low), Some((high, _))) = (edge.meets, &edge.misses) else {
                break;
            };
            let middle = f64::midpoint(low, *high);
            match self.look(middle)? {
                Err(why) => {
                    edge.end = Some(why);
                    break;
                }
                Ok(Ok(())) => edge.meets = Some(middle),
                Ok(Err(unmet)) => edge.misses = Some((middle, unmet)),
            }
        }
        Ok(edge)
    }

    /// Whether every goal is met at so many times the traffic of the file, with as many
    /// replications as a winner is looked at with, unless it is clear before.
    fn look(&mut self, times: f64) -> Result<Look, Failure> {
        let of_file = self.draft.number(TRAFFIC).unwrap_or(1.0);
        let setting = Setting {
            traffic: Some(of_file * times),
            ..self.setting.clone()
        };
        let prices = setting
            .architecture
            .map(|architecture| super::space::prices_of(self.draft.experiment(), architecture));
        let prices = prices.and_then(Result::ok);
        let edits = setting.edits(prices.as_deref());
        let keys = [setting.policy_keys()];
        let policies = setting.policy.is_none().then_some(&keys[..]);
        let scenarios = match self.draft.scenarios(&edits, policies) {
            Ok(scenarios) => scenarios,
            Err(why) => return Ok(Err(why.into_iter().next().unwrap_or_default())),
        };
        let wanted = setting.policy.as_ref();
        let mut scenarios = scenarios.into_iter();
        let scenario = scenarios.find(|s| wanted.is_none_or(|policy| s.policy == *policy));
        let Some(scenario) = scenario else {
            return Ok(Err("there is no such policy".to_owned()));
        };
        let id = self.field.add(setting, scenario);
        match self.decide(id) {
            // So much traffic does not fit into memory.
            Err(Failure::Run { error, .. }) if error != RunError::Stopped => {
                return Ok(Err(error.to_string()));
            }
            Err(failure) => return Err(failure),
            Ok(Verdict::Met) => return Ok(Ok(Ok(()))),
            Ok(Verdict::Open | Verdict::Missed) => {}
        }
        let values = self.field.goal_values(id, Runs::Choice);
        let sure = self.field.verdict(id, Runs::Choice) == Verdict::Missed;
        let surely = |standing| matches!(standing, Standing::Missed | Standing::NoValue);
        let any = sure && values.iter().any(|v| surely(v.standing));
        let unmet = values.iter().filter(|v| {
            let of_these = !any || surely(v.standing);
            v.standing != Standing::Met && of_these
        });
        let names = unmet.map(|value| self.field.goals()[value.goal].to_string());
        Ok(Ok(Err((names.collect(), sure))))
    }

    fn decide(&mut self, id: CandidateId) -> Result<Verdict, Failure> {
        let most = self.field.most();
        let mut replications = super::FIRST;
        while replications < most {
            self.field.bring(&[id], replications, Runs::Choice)?;
            let verdict = self.field.verdict(id, Runs::Choice);
            if verdict != Verdict::Open {
                return Ok(verdict);
            }
            replications = (2 * replications).min(most);
        }
        let verdict = |field: &Field<'_>| field.verdict(id, Runs::Choice);
        self.field.bring_further(id, verdict)
    }
}
