//! The cheapest setting that meets the goals.
//!
//! ```text
//! bases ──▶ trial runs ──▶ chains ──▶ bisection ──▶ race ──▶ confirmation
//! memory    who is busy     remedies    weakest that   best of     fresh random
//!           when            by strength  meets, cheapest  each chain  numbers
//! ```
//!
//! All settings share their random numbers, so that costs are compared pair by pair. A goal is met
//! where the whole 95 % interval is on its side of the bound. The replications that confirm the
//! winner are none of those that it was chosen by, so that what is claimed of it does not gain from
//! the choice. This room makes settings by the conversion of `config`, simulates them by
//! `experiment`, and knows no format.

mod answer;
mod field;
mod headroom;
mod pilot;
mod race;
mod refine;
mod search;
mod setting;
mod space;
mod sure;

use std::collections::BTreeMap;

use crate::config::Draft;
use crate::experiment::{Failure, Standing};
use crate::metric::{self, MetricId};
use crate::model::{Plan, RemedyName, Scenario};
use crate::sim::Control;

pub use answer::{Answer, Best, Binding, Choice, Effort, OfKind, RunnerUp};
pub use field::{GoalValue, Verdict};
pub use headroom::{Headroom, headroom};
pub use setting::{FunctionSetting, Remedy, Row, Rule, Setting};
pub use space::Kind;

use field::{CandidateId, Field, LEVEL, Runs};
use race::Chosen;
use search::Found;
use space::{Base, Chain};

/// Replications that a first look takes.
const FIRST: usize = 3;

/// How a plan is made.
#[derive(Default)]
pub struct Options<'a> {
    /// Cells at a time; `None` is one a core.
    pub jobs: Option<usize>,
    /// Replications that the choice is made by, 3 or more.
    pub replications: usize,
    /// Simulate every setting with all replications, to hold the search against.
    pub exhaustive: bool,
    /// Told the number of cells done each time one is.
    pub progress: Option<&'a (dyn Fn(usize) + Sync)>,
}

/// What is known of a place in a chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Known {
    /// Nobody has asked.
    Nothing,
    /// It is not allowed.
    Refused,
    /// It is this candidate.
    Candidate(CandidateId),
}

/// All that is known while a plan is made.
struct Planner<'a> {
    draft: &'a Draft,
    options: &'a Options<'a>,
    field: Field<'a>,
    bases: Vec<Base>,
    chains: Vec<Chain>,
    /// Candidates by chain and place: not asked for yet, refused, or there.
    ids: Vec<Vec<Known>>,
    found: Vec<Found>,
    /// The cheapest so far that meets the goals.
    leader: Option<CandidateId>,
    left_out: BTreeMap<String, String>,
    /// Chains whose schedules have been refined.
    refined: Vec<usize>,
    /// Settings that refinement has put between those of a chain.
    inserted: Vec<CandidateId>,
    /// Winners that fresh random numbers did not confirm.
    lost: Vec<CandidateId>,
}

/// Finds the cheapest setting of a draft that meets its goals.
///
/// # Errors
/// See [`Failure`].
pub fn plan(draft: &Draft, options: &Options<'_>, control: &Control) -> Result<Answer, Failure> {
    let mut planner = Planner::new(draft, options, control)?;
    planner.try_bases(control, FIRST)?;
    planner.lay_chains();
    for chain in planner.order() {
        planner.search_chain(chain, true)?;
    }
    if !options.exhaustive {
        planner.refine()?;
    }
    let chosen = planner.choose()?;
    planner.answer(chosen.as_ref())
}

/// Settings that a plan of this draft would choose from, as one trial run of each base shows, and
/// what speaks against those that are left out.
///
/// # Errors
/// See [`Failure`]; it is [`Failure::Interrupted`] where the trial runs took longer than the caller
/// waits.
pub fn count(draft: &Draft, control: &Control) -> Result<(usize, Vec<(String, String)>), Failure> {
    let options = Options::default();
    let mut planner = Planner::new(draft, &options, control)?;
    planner.try_bases(control, 1)?;
    planner.lay_chains();
    Ok((planner.settings(), planner.left_out.into_iter().collect()))
}

impl<'a> Planner<'a> {
    fn new(
        draft: &'a Draft,
        options: &'a Options<'a>,
        control: &'a Control,
    ) -> Result<Self, Failure> {
        Ok(Self {
            draft,
            options,
            field: Field::new(draft.experiment(), options, control)?,
            bases: Vec::new(),
            chains: Vec::new(),
            ids: Vec::new(),
            found: Vec::new(),
            leader: None,
            left_out: BTreeMap::new(),
            refined: Vec::new(),
            inserted: Vec::new(),
            lost: Vec::new(),
        })
    }

    /// Settings to choose from.
    fn settings(&self) -> usize {
        self.chains.iter().map(|chain| chain.settings.len()).sum()
    }
}

impl Planner<'_> {
    /// Replications of a first look.
    fn first(&self) -> usize {
        FIRST.min(self.most())
    }

    /// Replications that a choice is made by.
    fn most(&self) -> usize {
        self.options.replications.max(FIRST)
    }

    /// Tries every base out without remedies.
    fn try_bases(&mut self, control: &Control, trials: usize) -> Result<(), Failure> {
        let (bases, left_out) = space::bases(self.draft.search(), self.draft.experiment());
        self.left_out.extend(left_out);
        let recorded = |scenario: &Scenario| scenario.plan.is_recorded();
        for (setting, prices) in bases {
            let edits = setting.edits(prices.as_deref());
            let made = self.draft.scenarios(&edits, Some(&[setting.policy_keys()]));
            let scenario = match made.map(|scenarios| scenarios.into_iter().next()) {
                Ok(Some(scenario)) => scenario,
                Ok(None) => continue,
                Err(why) => {
                    let why = why.into_iter().next().unwrap_or_default();
                    self.left_out.insert(setting.to_string(), why);
                    continue;
                }
            };
            let trials = if recorded(&scenario) { 1 } else { trials };
            let parts = (setting, prices);
            let base = Base::new(parts, scenario, self.draft, trials as u32, control);
            let mut base = base.map_err(|failure| self.field.stopped(failure))?;
            self.field.count(trials);
            let nothing = self.field.add(base.setting.clone(), base.scenario.clone());
            self.field
                .bring(&[nothing], self.first().min(trials), Runs::Choice)?;
            base.found_work(self.field.work_gb_s(nothing));
            self.bases.push(base);
        }
        Ok(())
    }

    fn lay_chains(&mut self) {
        for (number, base) in self.bases.iter().enumerate() {
            let chains = space::chains(base, number, self.draft.search());
            self.chains.extend(chains);
            if self.draft.has_policies() {
                let scenarios = self.draft.experiment().scenarios.iter();
                let mut names: Vec<&String> = scenarios.map(|s| &s.policy).collect();
                // A sweep has each policy several times.
                names.sort_unstable();
                names.dedup();
                for name in names {
                    let mut setting = base.setting.clone();
                    setting.policy = Some(name.clone());
                    self.chains.push(Chain {
                        base: number,
                        kind: Kind::Policy(name.clone()),
                        settings: vec![setting],
                        by_function: false,
                        counts: Vec::new(),
                    });
                }
            }
        }
        let ids = |chain: &Chain| vec![Known::Nothing; chain.settings.len()];
        self.ids = self.chains.iter().map(ids).collect();
        self.found = vec![Found::Nothing; self.chains.len()];
    }

    /// Chains in the order in which they are searched: what costs nothing besides first, and of the
    /// same kind the cheaper base, so that a leader is there early.
    fn order(&self) -> Vec<usize> {
        let rank = |chain: &Chain| match &chain.kind {
            Kind::Remedy(name) => *name,
            Kind::Policy(_) => RemedyName::Snapshot,
        };
        let mut order: Vec<usize> = (0..self.chains.len()).collect();
        order.sort_by(|a, b| {
            let (a, b) = (&self.chains[*a], &self.chains[*b]);
            let floors = (self.bases[a.base].floor, self.bases[b.base].floor);
            rank(a).cmp(&rank(b)).then(floors.0.total_cmp(&floors.1))
        });
        order
    }

    /// A setting as a candidate; `None` where it is not allowed, which is noted.
    fn candidate(&mut self, chain: usize, place: usize) -> Option<CandidateId> {
        match self.ids[chain][place] {
            Known::Nothing => {}
            Known::Refused => return None,
            Known::Candidate(id) => return Some(id),
        }
        let Chain { base, settings, .. } = &self.chains[chain];
        let id = self.make(*base, settings[place].clone());
        self.ids[chain][place] = id.map_or(Known::Refused, Known::Candidate);
        id
    }

    /// A setting of a base as a candidate; `None` where it is not allowed, which is noted.
    fn make(&mut self, base: usize, setting: Setting) -> Option<CandidateId> {
        let edits = setting.edits(self.bases[base].prices.as_deref());
        let made = match &setting.policy {
            None => self.draft.scenarios(&edits, Some(&[setting.policy_keys()])),
            Some(_) => self.draft.scenarios(&edits, None),
        };
        match made {
            Ok(scenarios) => {
                let wanted = |scenario: &Scenario| {
                    let policy = setting.policy.as_ref();
                    policy.is_none_or(|policy| scenario.policy == *policy)
                };
                let scenario = scenarios.into_iter().find(wanted);
                scenario.map(|scenario| self.field.add(setting, scenario))
            }
            Err(why) => {
                let why = why.into_iter().next().unwrap_or_default();
                // A kind that is not allowed is so whatever the memory, as a rule: told once.
                self.left_out.insert(setting.remedy_words(), why);
                None
            }
        }
    }

    /// USD a month that a setting costs at least.
    fn floor(&self, chain: usize, place: usize) -> f64 {
        let chain = &self.chains[chain];
        let base = &self.bases[chain.base];
        match chain.counts.get(place) {
            Some(counts) => base.floor_of_schedule(counts),
            None => base.floor_of(&chain.settings[place]),
        }
    }

    fn answer(&mut self, chosen: Option<&Chosen>) -> Result<Answer, Failure> {
        let winner = chosen.map(|chosen| chosen.winner);
        let base = winner.and_then(|id| self.base_of(id)).unwrap_or(0);
        self.complete(base)?;
        let runner_up = chosen.and_then(|chosen| {
            let (id, tie) = chosen.second?;
            Some(RunnerUp {
                extra: self.field.dearer((id, chosen.winner), LEVEL, Runs::Fresh),
                choice: self.choice(id, Runs::Fresh),
                tie,
            })
        });
        if let Some(winner) = winner {
            self.look_further(winner)?;
            self.be_sure_what_binds(winner)?;
        }
        let experiment = self.draft.experiment();
        let plan = experiment.scenarios.first().map(|scenario| &scenario.plan);
        let nothing = self.field.ids().find(|id| {
            let setting = &self.field.get(*id).setting;
            setting.rules.is_empty() && setting.policy.is_none() && self.base_of(*id) == Some(base)
        });
        let settings = self.settings() - self.inserted.len();
        let candidates: Vec<Choice> = (self.field.ids())
            .filter(|id| self.field.runs(*id, Runs::Choice) > 0)
            .map(|id| self.choice(id, Runs::Choice))
            .collect();
        let tried = self.field.ids().filter(|id| {
            let in_grid = !self.inserted.contains(id) && self.place_of(*id).is_some();
            in_grid && self.field.runs(*id, Runs::Choice) > 0
        });
        let tried = tried.count();
        let (more_of, more) = winner.map_or((None, Vec::new()), |id| self.more(id));
        Ok(Answer {
            experiment: experiment.name.clone(),
            question: experiment.question.clone(),
            seed: experiment.seed,
            replications: self.most(),
            duration: plan.map(|plan| plan.duration).unwrap_or_default(),
            recorded: plan.is_some_and(Plan::is_recorded),
            surge: plan.is_some_and(|plan| !plan.traffic.surges.is_empty()),
            goals: experiment.slo.clone(),
            besides: (self.draft.bounds_failures()).then(|| experiment.slo.len() - 1),
            measures: self.measures(),
            winner: winner.map(|id| self.choice(id, Runs::Fresh)),
            deployed: winner.map(|id| self.field.scenario(id).clone()),
            runner_up,
            nearest: winner.is_none().then(|| self.nearest()).flatten(),
            binding: winner.and_then(|id| self.binding(id)),
            more_of,
            more,
            chosen: winner.map(|id| self.choice(id, Runs::Choice)),
            nothing: nothing.map(|id| self.choice(id, Runs::Choice)),
            rejected: (self.lost.iter())
                .map(|id| self.choice(*id, Runs::Fresh))
                .collect(),
            kinds: self.kinds(base),
            headroom: Vec::new(),
            effort: Effort {
                cells: self.field.cells(),
                settings,
                tried,
                besides: candidates.len() - tried,
                grid: settings * self.most(),
            },
            candidates,
            left_out: std::mem::take(&mut self.left_out).into_iter().collect(),
        })
    }

    /// Leaves no kind of a base open: what each costs is told for the winner's base.
    fn complete(&mut self, base: usize) -> Result<(), Failure> {
        for chain in 0..self.chains.len() {
            if self.chains[chain].base != base {
                continue;
            }
            if matches!(self.found[chain], Found::Dear(_)) {
                self.search_chain(chain, false)?;
            }
            if let Found::Best(place) = self.found[chain]
                && !self.options.exhaustive
            {
                self.refine_chain(chain, place)?;
            }
            if let Found::Best(place) = self.found[chain]
                && let Some(id) = self.candidate(chain, place)
            {
                self.field.bring(&[id], self.most(), Runs::Choice)?;
            }
        }
        Ok(())
    }

    fn base_of(&self, id: CandidateId) -> Option<usize> {
        let bare = self.field.get(id).setting.bare();
        self.bases.iter().position(|base| base.setting == bare)
    }

    /// Simulates the next stronger settings of the winner's chain: what a little more would buy.
    fn look_further(&mut self, winner: CandidateId) -> Result<(), Failure> {
        let Some((chain, place)) = self.place_of(winner) else {
            return Ok(());
        };
        for further in [1, 2, 4] {
            let place = place + further;
            if place < self.chains[chain].settings.len()
                && let Some(id) = self.candidate(chain, place)
            {
                self.field.bring(&[id], self.most(), Runs::Choice)?;
            }
        }
        Ok(())
    }

    /// The measures of the goals, or where there are none those that one looks at.
    fn measures(&self) -> Vec<MetricId> {
        let mut measures: Vec<MetricId> = Vec::new();
        let typed = self.field.goals().len() - usize::from(self.draft.bounds_failures());
        let of_goals = self.field.goals()[..typed].iter().map(|goal| goal.metric);
        let usual = [metric::LATENCY_MS_P99, metric::COLD_START_RATIO];
        for measure in of_goals.chain(usual) {
            let is_cost = measure.metric().name.starts_with("cost_usd");
            if !is_cost && !measures.contains(&measure) {
                measures.push(measure);
            }
        }
        measures
    }

    fn choice(&self, id: CandidateId, runs: Runs) -> Choice {
        let setting = &self.field.get(id).setting;
        let estimate = |metric| self.field.estimate(id, metric, runs);
        Choice {
            setting: setting.clone(),
            kind: setting.kind(),
            cost: estimate(metric::COST_USD_PER_MONTH),
            goals: self.field.goal_values(id, runs),
            measures: self.measures().into_iter().map(estimate).collect(),
            verdict: self.field.verdict(id, runs),
            replications: self.field.runs(id, runs),
            fresh: runs == Runs::Fresh,
        }
    }

    /// The best of each kind on a base.
    fn kinds(&mut self, base: usize) -> Vec<OfKind> {
        let mut kinds: Vec<OfKind> = Vec::new();
        for chain in 0..self.chains.len() {
            if self.chains[chain].base != base {
                continue;
            }
            let found = self.found[chain].clone();
            let best = match found {
                Found::Best(place) | Found::Misses(place) => match self.candidate(chain, place) {
                    Some(id) => {
                        let choice = self.choice(id, Runs::Choice);
                        if choice.verdict == Verdict::Met && !self.lost.contains(&id) {
                            Best::Meets(choice)
                        } else {
                            Best::Misses(choice)
                        }
                    }
                    None => Best::Refused,
                },
                Found::Dear(floor) => Best::Dear(floor),
                Found::Nothing | Found::Refused => Best::Refused,
            };
            let kind = self.chains[chain].kind.clone();
            let cost = |best: &Best| match best {
                Best::Meets(choice) => (0, choice.cost.mean.unwrap_or(f64::INFINITY)),
                Best::Dear(floor) => (1, *floor),
                Best::Misses(_) => (2, 0.0),
                Best::Refused => (3, 0.0),
            };
            // Several chains of pings are one kind.
            match kinds.iter_mut().find(|of| of.kind == kind) {
                Some(of) if cost(&best) < cost(&of.best) => of.best = best,
                Some(_) => {}
                None => kinds.push(OfKind { kind, best }),
            }
        }
        kinds
    }

    /// The setting whose worst goal is missed by the least; of several the cheapest.
    fn nearest(&self) -> Option<Choice> {
        let ids = self
            .field
            .ids()
            .filter(|id| self.field.runs(*id, Runs::Choice) > 0);
        let choices = ids.map(|id| self.choice(id, Runs::Choice));
        choices.min_by(|a, b| {
            let excess = |choice: &Choice| self.excess(choice);
            let cost = |choice: &Choice| choice.cost.mean.unwrap_or(f64::INFINITY);
            let by_excess = excess(a).total_cmp(&excess(b));
            by_excess.then(cost(a).total_cmp(&cost(b)))
        })
    }

    /// By how many times the bound the worst goal is missed, by how much where the bound is 0; 0
    /// where none is missed by the mean.
    fn excess(&self, choice: &Choice) -> f64 {
        let of = |value: &GoalValue| {
            let goal = &self.field.goals()[value.goal];
            match value.estimate.mean {
                Some(mean) if goal.relation.holds(mean, goal.bound) => 0.0,
                Some(mean) if goal.bound == 0.0 => mean.abs(),
                Some(mean) => ((mean - goal.bound) / goal.bound).abs(),
                None => f64::INFINITY,
            }
        };
        choice.goals.iter().map(of).fold(0.0, f64::max)
    }

    /// Simulates with all replications what tells which goal binds: a first look is too short.
    fn be_sure_what_binds(&mut self, winner: CandidateId) -> Result<(), Failure> {
        while let Some(id) = self.what_binds(winner).map(|(id, _)| id)
            && self.field.runs(id, Runs::Choice) < self.most()
        {
            self.field.bring(&[id], self.most(), Runs::Choice)?;
        }
        Ok(())
    }

    fn binding(&self, winner: CandidateId) -> Option<Binding> {
        self.what_binds(winner).map(|(_, binding)| binding)
    }

    /// The goals that the cheaper settings miss: of those that surely miss some the one that misses
    /// fewest, and of these the cheapest, tells. Where none surely does, those are told of which it
    /// is not sure.
    fn what_binds(&self, winner: CandidateId) -> Option<(CandidateId, Binding)> {
        let cheaper = self.field.ids().filter_map(|id| {
            let more = self.field.dearer((winner, id), LEVEL, Runs::Choice);
            let saves = more.mean.filter(|saves| *saves > 0.0)?;
            let choice = self.choice(id, Runs::Choice);
            let missed = choice.goals.iter().filter(|v| v.standing != Standing::Met);
            let mut goals: Vec<usize> = missed.map(|value| value.goal).collect();
            goals.dedup();
            let binding = Binding {
                goals,
                sure: choice.verdict == Verdict::Missed,
                without: choice,
                saves,
            };
            (!binding.goals.is_empty()).then_some((id, binding))
        });
        cheaper.min_by(|(_, a), (_, b)| {
            let surer = b.sure.cmp(&a.sure);
            let fewer = surer.then(a.goals.len().cmp(&b.goals.len()));
            fewer.then(b.saves.total_cmp(&a.saves))
        })
    }

    /// Settings that cost more than the winner and do better at its tightest goal, each better than
    /// all that cost less.
    fn more(&self, winner: CandidateId) -> (Option<MetricId>, Vec<Choice>) {
        /// More are no "little".
        const MOST: usize = 4;
        /// Smaller gains are not told.
        const WORTH: f64 = 0.02;
        let measures = self.measures();
        let binding = self.binding(winner);
        let binding = binding.map(|binding| self.field.goals()[binding.goals[0]].metric);
        let place = measures
            .iter()
            .position(|measure| Some(*measure) == binding);
        let place = place.unwrap_or(0);
        let measure = measures[place];
        let own = self.choice(winner, Runs::Choice);
        let higher = measure.metric().better == metric::Better::Higher;
        // Better beyond its own interval, and by enough to tell.
        let better = |choice: &Choice, than: f64| {
            let value = choice.measures[place];
            let ends = value.ci95.or(value.mean.map(|mean| (mean, mean)));
            ends.is_some_and(|(low, high)| {
                if higher {
                    low > than * (1.0 + WORTH)
                } else {
                    high < than * (1.0 - WORTH)
                }
            })
        };
        let value = |choice: &Choice| choice.measures[place].mean.unwrap_or(f64::INFINITY);
        let cost = |choice: &Choice| choice.cost.mean.unwrap_or(f64::INFINITY);
        let ids = self
            .field
            .ids()
            .filter(|id| self.field.runs(*id, Runs::Choice) > 0);
        let mut dearer: Vec<Choice> = ids
            .map(|id| self.choice(id, Runs::Choice))
            .filter(|choice| cost(choice) > cost(&own) && choice.verdict == Verdict::Met)
            .collect();
        dearer.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
        let mut best = value(&own);
        dearer.retain(|choice| {
            let keep = better(choice, best);
            if keep {
                best = value(choice);
            }
            keep
        });
        dearer.truncate(MOST);
        (Some(measure), dearer)
    }
}
