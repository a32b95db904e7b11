//! What a plan found, for a person: the answer in words, then the best of every kind as a table.

mod csv;
mod doubt;
mod headroom;
mod json;
mod kinds;
mod notes;
mod svg;

use std::collections::BTreeMap;

use super::deploy;
use super::number::{self, NONE};
use super::table::Style;
use super::text::{printable, width, wrap};
use crate::experiment::{Estimate, Standing};
use crate::metric::MetricId;
use crate::model::{Goal, Scope};
use crate::plan::{Answer, Better, Choice, GoalValue, Remedy, Row, Setting, Verdict};

pub use json::render as json;

/// Every file of a plan: its name and its bytes, in a fixed order. The caller writes them.
///
/// # Errors
/// If a format cannot be written, which is a fault of this program.
pub fn files(answer: &Answer) -> Result<Vec<(String, Vec<u8>)>, std::io::Error> {
    let mut files = vec![
        ("plan.json".to_owned(), json::render(answer)?.into_bytes()),
        (
            "plan.txt".to_owned(),
            text(answer, Style::default()).into_bytes(),
        ),
        (
            "candidates.csv".to_owned(),
            csv::render(answer)?.into_bytes(),
        ),
    ];
    for measure in &answer.measures {
        files.push((
            picture(*measure),
            svg::frontier(answer, *measure).into_bytes(),
        ));
    }
    if let Some(scenario) = &answer.deployed {
        let deployed = deploy::files(scenario, &deploy_notes(answer));
        files.extend(
            deployed
                .into_iter()
                .map(|(name, bytes)| (name.to_owned(), bytes)),
        );
    }
    Ok(files)
}

/// What stands at the head of the files that deploy the winner.
fn deploy_notes(answer: &Answer) -> Vec<String> {
    let mut notes = Vec::new();
    if !answer.question.trim().is_empty() {
        notes.push(answer.question.clone());
    }
    if let Some(winner) = &answer.winner {
        let cost = usd(winner.cost);
        notes.push(format!(
            "The cheapest setting: {}, {cost} a month",
            winner.setting
        ));
        notes.extend(
            goals(answer, winner)
                .iter()
                .map(|line| line.trim().to_owned()),
        );
    }
    notes
}

/// Name of the picture of cost against a measure.
pub fn picture(measure: MetricId) -> String {
    format!("plan-{}.svg", measure.metric().name.replace('_', "-"))
}

/// The answer as text.
pub fn text(answer: &Answer, style: Style) -> String {
    let title = match answer.question.trim() {
        "" => &answer.experiment,
        question => question,
    };
    let mut lines = wrap(&printable(title), style.width);
    lines.push(String::new());
    lines.extend(head(answer));
    let kinds = kinds::table(answer);
    if !kinds.is_empty() {
        lines.push(String::new());
        lines.push("The best of each kind, by the replications that chose:".to_owned());
        lines.extend(kinds);
    }
    lines.extend(schedules(answer));
    lines.extend(headroom::lines(answer));
    lines.push(String::new());
    let mut text = String::new();
    for line in lines {
        text.push_str(&printable(&line));
        text.push('\n');
    }
    for note in notes::notes(answer) {
        for line in wrap(&printable(&note), style.width) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

/// The winner and what there is to say of it.
fn head(answer: &Answer) -> Vec<String> {
    let Some(winner) = &answer.winner else {
        return doubt::nobody(answer);
    };
    let mut lines = vec![format!(
        "Cheapest: {}, {} a month",
        winner.setting,
        usd(winner.cost)
    )];
    lines.extend(goals(answer, winner));
    let sure = certainty(winner).map_or_else(String::new, |sure| format!(" at {}", chance(sure)));
    if !answer.goals.is_empty() {
        lines.push(format!(
            "Sure: every goal is met{sure}, by {} replications that it was not chosen by{}{}.",
            winner.replications,
            if answer.recorded {
                " of the recorded arrivals, which other days will not repeat"
            } else {
                ""
            },
            answer
                .instead_of
                .as_ref()
                .map_or_else(String::new, |dearer| {
                    format!(", but that put it before {dearer}")
                })
        ));
    }
    lines.extend(binding(answer));
    lines.extend(runner_up(answer, winner));
    lines.extend(more(answer));
    if let Some(nothing) = answer
        .nothing
        .as_ref()
        .filter(|n| n.setting != winner.setting)
    {
        let missed = missed(answer, nothing);
        let word = match nothing.verdict {
            Verdict::Missed => "misses",
            Verdict::Met | Verdict::Open => "is not sure to meet",
        };
        let but = if !missed.is_empty() {
            format!(", and {word} {}", missed.join(" and "))
        } else if nothing.verdict == Verdict::Met
            && !answer.goals.is_empty()
            && !answer.may_do_nothing()
        {
            ", and meets every goal, but [search] leaves it out".to_owned()
        } else {
            String::new()
        };
        lines.push(format!(
            "No remedy costs {} a month{but}, by the replications that chose.",
            usd(nothing.cost)
        ));
    }
    lines.extend(doubt::lines(answer));
    lines.extend(doubtful(answer));
    lines
}

/// Each goal with the value of a choice, a line each; that on failures, which the file does not
/// have, only where it is not met.
fn goals(answer: &Answer, choice: &Choice) -> Vec<String> {
    let told =
        |value: &&GoalValue| answer.besides != Some(value.goal) || value.standing != Standing::Met;
    let told: Vec<&GoalValue> = choice.goals.iter().filter(told).collect();
    let names: Vec<String> = told.iter().map(|v| goal_text(answer, v)).collect();
    let values: Vec<String> = told
        .iter()
        .map(|value| shown(answer.goals[value.goal].metric, value.estimate))
        .collect();
    let wide = |texts: &[String]| texts.iter().map(|text| width(text)).max().unwrap_or(0);
    let (name_width, value_width) = (wide(&names), wide(&values));
    let each = told.iter().zip(names.iter().zip(&values));
    each.map(|(value, (name, shown))| {
        format!(
            "  {name}{}  {}{shown}  {}",
            " ".repeat(name_width - width(name)),
            " ".repeat(value_width - width(shown)),
            standing(answer, value)
        )
    })
    .collect()
}

/// A goal in the words of the file, with whom it is about.
fn goal_text(answer: &Answer, value: &GoalValue) -> String {
    let goal = &answer.goals[value.goal];
    let text = bound_text(goal);
    match &value.function {
        Some(function) => format!("{function}: {text}"),
        None => text,
    }
}

/// A goal without whom it is about, in the unit that its measure is shown in.
fn bound_text(goal: &Goal) -> String {
    let (factor, unit) = unit_of(goal.metric);
    let bound = number::significant(goal.bound * factor, 6);
    format!(
        "{} {} {bound}{unit}",
        goal.metric.metric().name,
        goal.relation
    )
}

fn standing(answer: &Answer, value: &GoalValue) -> String {
    let goal = &answer.goals[value.goal];
    let room = value.estimate.mean.filter(|_| goal.bound != 0.0);
    let room = room.map(|mean| ((goal.bound - mean) / goal.bound).abs());
    let room = room.map_or_else(String::new, number::percent);
    match value.standing {
        Standing::Met if room.is_empty() => "met".to_owned(),
        Standing::Met => format!("met, {room} to spare"),
        Standing::Unsure => {
            let mean = value.estimate.mean;
            let holds = mean.is_some_and(|mean| goal.relation.holds(mean, goal.bound));
            let word = if holds { "met" } else { "missed" };
            format!("{word} by the mean, but not for sure")
        }
        Standing::Missed if room.is_empty() => "missed".to_owned(),
        Standing::Missed => format!("missed by {room}"),
        Standing::NoValue if answer.requests == Some(0.0) => {
            "no value: there were no requests".to_owned()
        }
        Standing::NoValue => "no value".to_owned(),
    }
}

/// Goals that a choice surely misses, or where there are none those that it is not sure to meet,
/// with its values.
fn missed(answer: &Answer, choice: &Choice) -> Vec<String> {
    let surely = |v: &GoalValue| matches!(v.standing, Standing::Missed | Standing::NoValue);
    let any = choice.verdict == Verdict::Missed && choice.goals.iter().any(surely);
    let misses = choice.goals.iter();
    let misses = misses.filter(|v| v.standing != Standing::Met && (!any || surely(v)));
    misses
        .map(|value| {
            let shown = shown(answer.goals[value.goal].metric, value.estimate);
            format!("{} ({shown})", goal_text(answer, value))
        })
        .collect()
}

/// What the rule of confirmation leaves of 1: a setting that misses a goal passes its looks at 99,
/// 99 and 97 % on the wrong side of the bound in 2.5 % of cases at most.
const GUARANTEED: f64 = 0.975;

/// How sure it is that all goals are met: 1 less the sum of what is unsure of each (Bonferroni),
/// and no more than what three looks leave.
pub(super) fn certainty(choice: &Choice) -> Option<f64> {
    let unsure: Option<f64> = choice
        .goals
        .iter()
        .map(|v| v.sure.map(|sure| 1.0 - sure))
        .sum();
    unsure
        .filter(|_| !choice.goals.is_empty())
        .map(|unsure| (1.0 - unsure).clamp(0.0, GUARANTEED))
}

fn chance(sure: f64) -> String {
    if sure >= GUARANTEED {
        "more than 97.5 %".to_owned()
    } else {
        format!("{:.1} %", sure * 100.0)
    }
}

fn binding(answer: &Answer) -> Option<String> {
    let Some(binding) = &answer.binding else {
        let text = "Binding: no goal; nothing that may be chosen costs less.";
        return (!answer.goals.is_empty()).then(|| text.to_owned());
    };
    let goals = binding.goals.iter().map(|goal| {
        let goal = &answer.goals[*goal];
        let whose = match &goal.scope {
            Scope::All => String::new(),
            scope @ Scope::Functions(_) => format!(" of {scope}"),
        };
        format!("{}{whose}", bound_text(goal))
    });
    let them = if binding.goals.len() == 1 {
        "it"
    } else {
        "them"
    };
    let goals = goals.collect::<Vec<_>>().join(" and ");
    if !binding.sure {
        return Some(format!(
            "Binding, but not sure: {goals}; {} may do, for {} a month less; {} replications do \
             not tell.",
            binding.without.setting,
            number::usd(binding.saves),
            binding.without.replications
        ));
    }
    Some(format!(
        "Binding: {goals}. Without {them}, {} would do, for {} a month less.",
        binding.without.setting,
        number::usd(binding.saves)
    ))
}

fn runner_up(answer: &Answer, winner: &Choice) -> Option<String> {
    let Some(second) = &answer.runner_up else {
        let other = |choice: &&Choice| choice.kind != winner.kind;
        let looked_at = answer.candidates.iter().chain(&answer.rejected);
        let open = (looked_at.filter(other)).any(|choice| choice.verdict != Verdict::Missed);
        let verb = if open { "is sure to meet" } else { "meets" };
        return Some(format!("Runner-up: none; no other kind {verb} the goals."));
    };
    let extra = usd(second.extra);
    let mean = second.extra.mean?;
    let begin = if second.alike {
        "Runner-up, of the same kind for want of another"
    } else {
        "Runner-up"
    };
    let setting = &second.choice.setting;
    let differs = if second.alike {
        differs(setting, &winner.setting)
    } else {
        String::new()
    };
    Some(if second.tie {
        format!("{begin}: {setting}{differs}, a tie within noise ({extra} a month more).")
    } else {
        let way = if mean < 0.0 { "less" } else { "more" };
        // A share of nothing is no number.
        let share = winner.cost.mean.filter(|cost| *cost > 0.0);
        let share = share.map(|cost| format!(" ({} {way})", number::percent((mean / cost).abs())));
        let share = share.unwrap_or_default();
        format!("{begin}: {setting}{differs}, {extra} a month more{share}.")
    })
}

/// Where the remedy is the same, what else differs.
fn differs(setting: &Setting, winner: &Setting) -> String {
    if setting.rules != winner.rules || setting.policy != winner.policy {
        return String::new();
    }
    let each = [
        ("memory", setting.memory != winner.memory),
        ("architecture", setting.architecture != winner.architecture),
        ("reserved concurrency", setting.reserved != winner.reserved),
    ];
    let names: Vec<&str> = each
        .iter()
        .filter(|(_, differs)| *differs)
        .map(|(n, _)| *n)
        .collect();
    format!(" (the same remedy with other {})", names.join(" and "))
}

/// What is doubtful about the winner and its runner-up as they would be configured.
fn doubtful(answer: &Answer) -> Vec<String> {
    let each = doubts(answer).into_iter();
    each.map(|(setting, doubt)| format!("Doubtful: {setting}: {doubt}"))
        .collect()
}

/// What is doubtful about the winner and its runner-up, each in one sentence: setting and doubt.
pub fn doubts(answer: &Answer) -> Vec<(String, String)> {
    let second = answer.runner_up.as_ref().map(|second| &second.choice);
    let choices = answer.winner.iter().chain(second).chain(&answer.nearest);
    let each = choices.flat_map(|choice| {
        let doubts = choice.doubts.iter();
        doubts.map(|doubt| (choice.setting.to_string(), doubt.clone()))
    });
    each.collect()
}

/// What a little more a month buys.
fn more(answer: &Answer) -> Vec<String> {
    let Some(winner) = &answer.chosen else {
        return Vec::new();
    };
    let extra = |better: &Better| {
        let extra = better.choice.cost.mean.zip(winner.cost.mean);
        extra.map_or(NONE.to_owned(), |(cost, own)| number::usd(cost - own))
    };
    let gain = |better: &Better| {
        let (place, measure) = (better.place, answer.measures[better.place]);
        let before = shown(measure, winner.measures[place]);
        let after = shown(measure, better.choice.measures[place]);
        format!(
            "{}, {} {before} → {after}",
            better.choice.setting,
            measure.metric().name
        )
    };
    if let Some(next) = &answer.more_from {
        let (extra, gain) = (extra(next), gain(next));
        return vec![format!(
            "Nothing that was simulated does better for less than {extra} a month more: {gain}."
        )];
    }
    if answer.more.is_empty() {
        return Vec::new();
    }
    let begin = "A little more a month buys, by the replications that chose:".to_owned();
    let each = answer.more.iter();
    let each = each.map(|better| format!("  +{}: {}", extra(better), gain(better)));
    std::iter::once(begin).chain(each).collect()
}

/// The rows of the winner's schedule.
fn schedules(answer: &Answer) -> Vec<String> {
    let rules = answer
        .winner
        .iter()
        .flat_map(|winner| &winner.setting.rules);
    let mut lines = Vec::new();
    for rule in rules {
        let Remedy::Scheduled {
            first,
            time_zone,
            rows,
            ..
        } = &rule.remedy
        else {
            continue;
        };
        let whose = match &rule.functions[..] {
            [] => String::new(),
            names => format!(" of {}", names.join(" and ")),
        };
        lines.push(String::new());
        lines.push(format!(
            "Schedule{whose} ({time_zone}), from {first} at the beginning:"
        ));
        let row = |Row { cron, instances }: &Row| format!("  {cron:<24} {instances}");
        lines.extend(rows.iter().map(row));
    }
    lines
}

/// What a value of a measure is shown in: a factor and the unit behind it.
pub(super) fn unit_of(metric: MetricId) -> (f64, &'static str) {
    let name = metric.metric().name;
    if name.contains("_ms_") {
        (1.0, " ms")
    } else if name.ends_with("_ratio") {
        (100.0, " %")
    } else if name.starts_with("cost_usd") {
        (1.0, " USD")
    } else {
        (1.0, "")
    }
}

fn shown(metric: MetricId, estimate: Estimate) -> String {
    let (factor, unit) = unit_of(metric);
    format!("{}{unit}", plain(estimate, factor))
}

fn usd(estimate: Estimate) -> String {
    format!("{} USD", plain(estimate, 1.0))
}

fn plain(estimate: Estimate, factor: f64) -> String {
    number::shown(estimate, factor).map_or(NONE.to_owned(), |shown| shown.text())
}

/// A name for each candidate that no other has: its setting, and where several are told in the same
/// words a number. What they differ in stands beside it.
pub(super) fn names(answer: &Answer) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let each = answer.candidates.iter().map(|choice| {
        let name = choice.setting.to_string();
        // The name alone is the winner's, which is told by it.
        let own = answer
            .chosen
            .as_ref()
            .filter(|c| c.setting.to_string() == name);
        let first = usize::from(own.is_some());
        let count = seen.entry(name.clone()).or_insert(first);
        if own.is_none_or(|own| own.setting != choice.setting) {
            *count += 1;
        } else {
            return name;
        }
        match *count {
            1 => name,
            count => format!("{name} ({count})"),
        }
    });
    each.collect()
}
