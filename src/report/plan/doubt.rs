//! What could not be told for sure: winners that were not confirmed, close calls, and that there
//! is no winner.

use super::{goals, missed, usd};
use crate::plan::{Answer, Choice, Verdict};

/// Close calls that are told one by one.
const MOST: usize = 3;

/// Winners that other random numbers did not confirm, and what is cheaper and too close to tell.
pub(super) fn lines(answer: &Answer) -> Vec<String> {
    let mut lines: Vec<String> = answer
        .rejected
        .iter()
        .map(|c| passed_over(answer, c))
        .collect();
    let begin = if answer.winner.is_some() {
        "Cheaper, but too close to tell"
    } else {
        "Too close to tell"
    };
    let close = answer.close.iter().take(MOST);
    lines.extend(close.map(|choice| {
        format!(
            "{begin} with {} replications: {} at {} a month{}{}.",
            choice.replications,
            choice.setting,
            usd(choice.cost),
            values(answer, choice),
            remedy(answer, choice)
        )
    }));
    let more = answer.close.len().saturating_sub(MOST);
    if more > 0 {
        lines.push(format!("{begin}: {more} more, in plan.json."));
    }
    lines
}

fn passed_over(answer: &Answer, choice: &Choice) -> String {
    let (word, remedy) = match choice.verdict {
        Verdict::Missed => ("which misses a goal", String::new()),
        Verdict::Met | Verdict::Open => (
            "which is not sure to meet the goals",
            remedy(answer, choice),
        ),
    };
    format!(
        "Passed over: {}, {word} by {} replications that it was not chosen by{}{remedy}.",
        choice.setting,
        choice.replications,
        values(answer, choice),
    )
}

/// The values in doubt.
fn values(answer: &Answer, choice: &Choice) -> String {
    let missed = missed(answer, choice);
    if missed.is_empty() {
        String::new()
    } else {
        format!(": {}", missed.join(" and "))
    }
}

/// What may tell.
fn remedy(answer: &Answer, choice: &Choice) -> String {
    match answer.replications_to_tell(choice) {
        Some(replications) => format!("; --replications {replications} may tell"),
        None => "; more replications hardly tell".to_owned(),
    }
}

/// Where nobody meets the goals, or nobody is sure to.
pub(super) fn nobody(answer: &Answer) -> Vec<String> {
    let mut lines = vec![if answer.gave_up {
        let count = answer.rejected.len();
        format!(
            "No setting is confirmed: of those that seemed to meet every goal the {count} cheapest \
             are not sure to with other random numbers; no dearer one was tried after them."
        )
    } else if answer.rejected.is_empty() && answer.close.is_empty() {
        "No setting meets every goal.".to_owned()
    } else {
        "No setting is sure to meet every goal.".to_owned()
    }];
    if answer.requests == Some(0.0) {
        lines.push("There were no requests in the measured time.".to_owned());
    }
    if let Some(nearest) = &answer.nearest {
        lines.push(format!(
            "Nearest: {}, {} a month",
            nearest.setting,
            usd(nearest.cost)
        ));
        lines.extend(goals(answer, nearest));
        let missed = missed(answer, nearest);
        if !missed.is_empty() {
            lines.push(format!("In the way: {}.", missed.join(" and ")));
        }
    }
    lines.extend(self::lines(answer));
    lines
}
