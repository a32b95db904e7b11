//! Random workflows.

use std::sync::Arc;

use frostline::ids::FunctionId;
use frostline::model::{
    Plan, RatePerSecond, Source, Step, StepKind, StepRetry, Way, Workflow, WorkflowKind,
    WorkflowRules,
};
use frostline::units::Memory;

use super::Dice;

impl Dice {
    /// Workflows over the functions, under rates that bind now and then.
    pub(super) fn workflows(&mut self, plan: &mut Plan) {
        if !self.one_in(3) {
            return;
        }
        let functions = plan.functions.len() as u32;
        let platform = Arc::make_mut(&mut plan.platform);
        for kind in WorkflowKind::ALL {
            platform.workflows[kind as usize] = Some(WorkflowRules {
                transition: self.dist(0.5),
                transitions: self.rate_per_second(),
                executions: self.rate_per_second(),
                max_duration: self.maybe(|dice| dice.some_span(100.0)),
            });
        }
        let mut sources = plan.sources.to_vec();
        for number in 0..=self.below(2) {
            let mut steps = Vec::new();
            let first = self.steps(functions, None, 3, &mut steps);
            sources.push(Source::Workflow(Arc::new(Workflow {
                name: format!("workflow {number}"),
                kind: WorkflowKind::ALL[self.below(2) as usize],
                process: self.process(),
                retry: self.maybe(|dice| StepRetry {
                    attempts: 1 + dice.below(4),
                    first: dice.span(5.0),
                    factor: 2.0,
                }),
                memory: Memory::from_mb(100.0),
                steps,
                first,
            })));
        }
        plan.sources = sources.into();
    }

    fn rate_per_second(&mut self) -> Option<RatePerSecond> {
        self.maybe(|dice| RatePerSecond {
            rate: 1 + dice.below(20),
            burst: 1 + dice.below(20),
        })
    }

    /// A list of steps; the place of its first.
    fn steps(
        &mut self,
        functions: u32,
        after: Option<u32>,
        deeper: u32,
        all: &mut Vec<Step>,
    ) -> u32 {
        let mut next = after;
        for _ in 0..=self.below(3) {
            let kind = match self.below(if deeper == 0 { 3 } else { 6 }) {
                0 | 1 => StepKind::Call(FunctionId(self.below(functions))),
                2 => StepKind::Wait(self.span(5.0)),
                3 => StepKind::Choice(
                    (0..=self.below(2))
                        .map(|weight| Way {
                            weight: f64::from(weight + 1),
                            first: if self.one_in(3) {
                                next
                            } else {
                                Some(self.steps(functions, next, deeper - 1, all))
                            },
                        })
                        .collect(),
                ),
                4 => StepKind::Parallel(
                    (0..=self.below(2))
                        .map(|_| self.steps(functions, None, deeper - 1, all))
                        .collect(),
                ),
                _ => StepKind::Map {
                    items: 1 + self.below(5),
                    at_once: 1 + self.below(3),
                    first: self.steps(functions, None, deeper - 1, all),
                },
            };
            all.push(Step { kind, next });
            next = Some(all.len() as u32 - 1);
        }
        next.unwrap_or(0)
    }
}
