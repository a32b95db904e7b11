//! `plan.json`: the answer for programs.

use std::io;

use serde::Serialize;
use serde_json::{Value, json};

use super::csv::verdict;
use crate::experiment::{Estimate, Standing};
use crate::model::Architecture;
use crate::plan::{Answer, Best, Better, Choice, Headroom, Remedy, Setting};
use crate::units::Memory;

/// The whole document.
///
/// # Errors
/// If it cannot be serialised, which is a fault of this program.
pub fn render(answer: &Answer) -> Result<String, io::Error> {
    let choice = |choice: &Choice| of_choice(answer, choice);
    let runner_up = answer.runner_up.as_ref().map(|second| {
        json!({
            "choice": choice(&second.choice),
            "extra_usd_per_month": estimate(second.extra),
            "tie": second.tie,
            "alike": second.alike,
        })
    });
    let binding = answer.binding.as_ref().map(|binding| {
        json!({
            "goals": binding.goals.iter().map(|g| answer.goals[*g].to_string()).collect::<Vec<_>>(),
            "without": choice(&binding.without),
            "sure": binding.sure,
            "saves_usd_per_month": binding.saves,
        })
    });
    let better = |better: &Better| {
        json!({
            "choice": choice(&better.choice),
            "measure": answer.measures[better.place].metric().name,
        })
    };
    let close = |close: &Choice| {
        json!({
            "choice": choice(close),
            "replications_to_tell": answer.replications_to_tell(close),
        })
    };
    let kinds = answer.kinds.iter().map(|of| match &of.best {
        Best::Meets(best) => {
            let goals = verdict(answer, best.verdict);
            json!({ "kind": of.kind.to_string(), "goals": goals, "best": choice(best) })
        }
        Best::Misses(best) => {
            let goals = super::kinds::unmet(best);
            json!({ "kind": of.kind.to_string(), "goals": goals, "best": choice(best) })
        }
        Best::Dear(floor) => {
            json!({ "kind": of.kind.to_string(), "goals": null, "least_usd_per_month": floor })
        }
        Best::Refused => json!({ "kind": of.kind.to_string(), "goals": null }),
    });
    let goals: Vec<String> = answer.goals.iter().map(ToString::to_string).collect();
    let left_out = answer.left_out.iter();
    let left_out = left_out.map(|(setting, why)| json!({ "setting": setting, "why": why }));
    let document = json!({
        "experiment": answer.experiment,
        "question": answer.question,
        "version": env!("CARGO_PKG_VERSION"),
        "seed": answer.seed,
        "replications": answer.replications,
        "goals": goals,
        "winner": answer.winner.as_ref().map(choice),
        "certainty": answer.winner.as_ref().and_then(super::certainty),
        "runner_up": runner_up,
        "close": answer.close.iter().map(close).collect::<Vec<_>>(),
        "gave_up": answer.gave_up,
        "instead_of": answer.instead_of.as_ref().map(ToString::to_string),
        "nearest": answer.nearest.as_ref().map(choice),
        "binding": binding,
        "more": answer.more.iter().map(better).collect::<Vec<_>>(),
        "more_from": answer.more_from.as_ref().map(better),
        "nothing": answer.nothing.as_ref().map(choice),
        "rejected": answer.rejected.iter().map(choice).collect::<Vec<_>>(),
        "kinds": kinds.collect::<Vec<_>>(),
        "candidates": answer.candidates.iter().map(choice).collect::<Vec<_>>(),
        "left_out": left_out.collect::<Vec<_>>(),
        "headroom": answer.headroom.iter().map(headroom).collect::<Vec<_>>(),
        "effort": {
            "cells": answer.effort.cells,
            "settings": answer.effort.settings,
            "tried": answer.effort.tried,
            "besides": answer.effort.besides,
            "grid": answer.effort.grid,
        },
    });
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

fn headroom(headroom: &Headroom) -> Value {
    let misses = headroom.misses.as_ref();
    json!({
        "setting": headroom.setting.to_string(),
        "meets": headroom.meets,
        "from": headroom.from,
        "unsure": headroom.unsure,
        "misses": misses.map(|(times, _)| times),
        "goals": misses.map(|(_, goals)| goals),
        "sure": misses.map(|_| headroom.sure),
        "end": headroom.end,
    })
}

fn of_choice(answer: &Answer, choice: &Choice) -> Value {
    let goals = choice.goals.iter().map(|value| {
        json!({
            "goal": answer.goals[value.goal].to_string(),
            "function": value.function,
            "value": estimate(value.estimate),
            "standing": standing(value.standing),
            "sure": value.sure,
        })
    });
    let measures = answer.measures.iter().zip(&choice.measures);
    let measures: serde_json::Map<String, Value> = measures
        .map(|(measure, value)| (measure.metric().name.to_owned(), estimate(*value)))
        .collect();
    json!({
        "setting": choice.setting.to_string(),
        "kind": choice.kind.to_string(),
        "configuration": configuration(&choice.setting),
        "cost_usd_per_month": estimate(choice.cost),
        "goals": goals.collect::<Vec<_>>(),
        "measures": measures,
        "verdict": verdict(answer, choice.verdict),
        "doubts": choice.doubts,
        "replications": choice.replications,
        "fresh": choice.fresh,
    })
}

/// What a user would configure.
fn configuration(setting: &Setting) -> Value {
    let rules = setting.rules.iter().map(|rule| {
        let remedy = match &rule.remedy {
            Remedy::Snapshot => json!({ "snapshot": {} }),
            Remedy::Ping {
                every,
                instances,
                hold,
                sender,
            } => json!({ "ping": {
                "every_s": every.secs(), "instances": instances, "hold_s": hold.secs(),
                "sender": *sender && *instances > 1, "offset": "any time of the interval",
            } }),
            Remedy::Provisioned { instances } => {
                json!({ "provisioned": { "instances": instances } })
            }
            Remedy::Scheduled {
                first,
                time_zone,
                rows,
                average,
            } => {
                let rows = rows.iter();
                let rows = rows.map(|r| json!({ "cron": r.cron, "instances": r.instances }));
                json!({ "provisioned": {
                    "instances": first, "time_zone": time_zone,
                    "schedule": rows.collect::<Vec<_>>(), "average": average,
                } })
            }
            Remedy::Tracking { min, max, target } => json!({ "provisioned": {
                "min": min, "max": max, "target_utilization": target,
            } }),
            Remedy::KeepAlive(keep) => json!({ "keep_alive_s": keep.secs() }),
            Remedy::MinInstances(count) => json!({ "min_instances": count }),
        };
        json!({ "functions": rule.functions, "remedy": remedy })
    });
    json!({
        "functions": setting.functions,
        "memory_mb": setting.memory.map(Memory::mb),
        "architecture": setting.architecture.map(Architecture::name),
        "reserved_concurrency": setting.reserved,
        "policy": setting.policy,
        "remedies": rules.collect::<Vec<_>>(),
    })
}

/// A value with its interval.
#[derive(Serialize)]
struct Measure {
    mean: Option<f64>,
    ci95: Option<(f64, f64)>,
}

fn estimate(estimate: Estimate) -> Value {
    let finite = |(low, high): &(f64, f64)| low.is_finite() && high.is_finite();
    let measure = Measure {
        mean: estimate.mean.filter(|mean| mean.is_finite()),
        ci95: estimate.ci95.filter(finite),
    };
    json!(measure)
}

const fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Met => "met",
        Standing::Unsure => "unsure",
        Standing::Missed => "missed",
        Standing::NoValue => "no value",
    }
}
