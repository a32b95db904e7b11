//! The cheapest setting that meets the goals.
//!
//! ```text
//! bases ──▶ trial runs ──▶ chains ──▶ bisection ──▶ race ──▶ confirmation
//! memory    who is busy     remedies    weakest that   best of     fresh random
//!           when            by strength  meets, cheapest  each chain  numbers
//! ```
//!
//! All settings share their random numbers, so that costs are compared pair by pair. A goal is met
//! where the whole interval of a look (99, 97 or 95 %) is on its side of the bound. The
//! replications that confirm the winner are none of those that it was chosen by, so that what is
//! claimed of it does not gain from the choice. This room makes settings by the conversion of
//! `config`, simulates them by `experiment`, and knows no format.

mod answer;
mod clock;
mod close;
mod field;
mod headroom;
mod luck;
mod mix;
mod pilot;
mod race;
mod refine;
mod search;
mod setting;
mod space;
mod step;
mod sure;
mod tell;

use std::collections::BTreeMap;

use crate::config::Draft;
use crate::experiment::{Failure, Journal, ScenarioCell};
use crate::metric;
use crate::model::{Plan, RemedyName, Scenario};
use crate::sim::Control;

pub use answer::{Answer, Best, Better, Binding, Choice, Effort, OfKind, RunnerUp};
pub use field::{GoalValue, Verdict};
pub use headroom::{Headroom, headroom};
pub use setting::{FunctionSetting, Remedy, Row, Rule, Setting};
pub use space::Kind;
pub use step::{Phase, Step};

use field::{CandidateId, Field, LEVEL, Runs};
use race::Chosen;
use search::Found;
use space::{Base, Chain};

/// Replications that a first look takes, and that a plan takes at least.
pub const FIRST: usize = 3;

/// How a plan is made.
#[derive(Default)]
pub struct Options<'a> {
    /// Cells at a time; `None` is one a core.
    pub jobs: Option<usize>,
    /// Replications that the choice is made by, 3 or more.
    pub replications: usize,
    /// Simulate every setting with all replications, to hold the search against.
    pub exhaustive: bool,
    /// Cells that were done before, and where those go that are done now.
    pub journal: Option<&'a Journal<ScenarioCell>>,
    /// Told what goes on and how many cells are done, each time one is.
    pub progress: Option<&'a (dyn Fn(Step) + Sync)>,
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
    /// Chains that have been refined from their present best.
    refined: Vec<usize>,
    /// How often each has been.
    rounds: Vec<u32>,
    /// Settings that refinement has put between those of a chain.
    inserted: Vec<CandidateId>,
    /// Winners that were mixed with other kinds.
    mixed: Vec<CandidateId>,
    /// Winners that fresh random numbers did not confirm.
    lost: Vec<CandidateId>,
    /// Settings that were looked at closer, whatever came of it.
    closer: Vec<CandidateId>,
    /// Whether so many winners were lost that no other was tried.
    gave_up: bool,
}

/// Finds the cheapest setting of a draft that meets its goals.
///
/// # Errors
/// See [`Failure`].
pub fn plan(draft: &Draft, options: &Options<'_>, control: &Control) -> Result<Answer, Failure> {
    let mut planner = Planner::new(draft, options, control)?;
    planner.try_bases(control, FIRST)?;
    planner.lay_chains();
    let order = planner.order();
    for (number, chain) in order.iter().enumerate() {
        planner.field.enter(Phase::Search {
            chain: number + 1,
            of: order.len(),
        });
        planner.search_chain(*chain, true)?;
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
            rounds: Vec::new(),
            inserted: Vec::new(),
            mixed: Vec::new(),
            lost: Vec::new(),
            closer: Vec::new(),
            gave_up: false,
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
        self.field.most()
    }

    /// Tries every base out without remedies.
    fn try_bases(&mut self, control: &Control, trials: usize) -> Result<(), Failure> {
        let (bases, left_out) = space::bases(self.draft.search(), self.draft.experiment());
        self.left_out.extend(left_out);
        let recorded = |scenario: &Scenario| scenario.plan.is_recorded();
        let count = bases.len();
        for (number, (setting, prices)) in bases.into_iter().enumerate() {
            self.field.enter(Phase::Trials {
                base: number + 1,
                of: count,
            });
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

    /// Snapshots of those functions of a base that can have one, where not all can; what speaks
    /// against the others is noted.
    fn some_snapshots(&mut self, number: usize) -> Option<Setting> {
        /// Of more functions it takes long to try each.
        const MOST: usize = 100;
        let base = &self.bases[number];
        let names = base.names();
        let allowed = |setting: &Setting| {
            let edits = setting.edits(base.prices.as_deref());
            let made = self.draft.scenarios(&edits, Some(&[setting.policy_keys()]));
            made.map_err(|why| why.into_iter().next().unwrap_or_default())
        };
        let of = |name: &String| base.snapshots_of(std::slice::from_ref(name));
        if !(2..=MOST).contains(&names.len()) || allowed(&base.snapshots_of(&names)).is_ok() {
            return None;
        }
        let (mut can, mut cannot) = (Vec::new(), Vec::new());
        for name in &names {
            match allowed(&of(name)) {
                Ok(_) => can.push(name.clone()),
                Err(why) => cannot.push((of(name).remedy_words(), why)),
            }
        }
        let some = (!can.is_empty()).then(|| base.snapshots_of(&can))?;
        self.left_out.extend(cannot);
        Some(some)
    }

    fn lay_chains(&mut self) {
        let snapshot = Kind::Remedy(RemedyName::Snapshot);
        for number in 0..self.bases.len() {
            let chains = space::chains(&self.bases[number], number, self.draft.search());
            let place = chains.iter().position(|chain| chain.kind == snapshot);
            let place = place.map(|place| self.chains.len() + place);
            self.chains.extend(chains);
            if let Some(place) = place
                && let Some(some) = self.some_snapshots(number)
            {
                self.chains[place].settings = vec![some];
            }
            if self.draft.has_policies() {
                let scenarios = self.draft.experiment().scenarios.iter();
                let mut names: Vec<&String> = scenarios.map(|s| &s.policy).collect();
                // A sweep has each policy several times.
                names.sort_unstable();
                names.dedup();
                for name in names {
                    let mut setting = self.bases[number].setting.clone();
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
        self.rounds = vec![0; self.chains.len()];
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
                choice: self.told(id, Runs::Fresh),
                tie,
                alike: self.is_alike(id, chosen.winner),
            })
        });
        if let Some(winner) = winner {
            self.look_further(winner)?;
            self.be_sure_what_binds(winner)?;
        }
        let nearest = match winner {
            Some(_) => None,
            None => self.find_nearest()?,
        };
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
        let (more, more_from) = winner.map_or((Vec::new(), None), |id| self.more(id));
        Ok(Answer {
            experiment: experiment.name.clone(),
            question: experiment.question.clone(),
            seed: experiment.seed,
            replications: self.most(),
            duration: plan.map(|plan| plan.duration).unwrap_or_default(),
            recorded: plan.is_some_and(Plan::is_recorded),
            surge: plan.is_some_and(|plan| !plan.traffic.surges.is_empty()),
            requests: nothing
                .and_then(|id| self.field.estimate(id, metric::REQUESTS, Runs::Choice).mean),
            goals: experiment.slo.clone(),
            besides: (self.draft.bounds_failures()).then(|| experiment.slo.len() - 1),
            measures: self.measures(),
            winner: winner.map(|id| self.told(id, Runs::Fresh)),
            deployed: winner.map(|id| self.field.scenario(id).clone()),
            runner_up,
            close: (self.still_open(winner).into_iter())
                .map(|id| self.choice(id, Runs::Choice))
                .collect(),
            gave_up: self.gave_up,
            instead_of: (chosen.and_then(|chosen| chosen.instead_of))
                .map(|id| self.field.get(id).setting.clone()),
            nearest: nearest.map(|id| self.told(id, Runs::Choice)),
            binding: winner.and_then(|id| self.binding(id)),
            more,
            more_from,
            chosen: winner.map(|id| self.choice(id, Runs::Choice)),
            nothing: nothing.map(|id| self.choice(id, Runs::Choice)),
            rejected: (self.lost.iter())
                .map(|id| self.choice(*id, Runs::Fresh))
                .collect(),
            kinds: self.kinds(base, winner),
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
}
