//! What must be known to read a plan.

use super::kinds;
use crate::model::Scenario;
use crate::plan::Answer;
use crate::report::deploy;
use crate::report::number;
use crate::units::Span;

/// What must be known to read it.
pub(super) fn notes(answer: &Answer) -> Vec<String> {
    let mut notes = caveats(answer);
    if let Some(scenario) = &answer.deployed {
        notes.extend(deployment(scenario));
    }
    notes.extend(effort(answer));
    notes
}

/// What keeps an answer from being more than it is.
fn caveats(answer: &Answer) -> Vec<String> {
    let mut notes = Vec::new();
    if answer.goals.is_empty() {
        notes.push("There is no [slo]: the cheapest setting of all wins.".to_owned());
    }
    if answer.recorded {
        notes.push(
            "Arrivals are recorded ones, the same in every replication: intervals tell nothing of \
             other days."
                .to_owned(),
        );
    }
    if answer.surge {
        let month = crate::model::MONTH.secs() / answer.duration.secs().max(1e-9);
        notes.push(format!(
            "There is a [[surge]]: a month costs {} times what the measured {} do, with the surge as \
             often, and goals are met over all of them: --set warm-up=… --set duration=… judges \
             the surge alone. Numbers by the clock are for these days alone.",
            number::significant(month, 3),
            human(answer.duration)
        ));
    }
    let left_out = answer.left_out.iter();
    notes.extend(left_out.map(|(setting, why)| format!("Not tried: {setting}: {why}.")));
    if let Some(dearer) = &answer.instead_of {
        notes.push(format!(
            "The winner surely costs less than {dearer}, which was confirmed before it: its cost is \
             by the replications that say so."
        ));
    }
    notes.extend(kinds::never_scaled(answer));
    notes
}

/// What there is to know of the files.
fn deployment(scenario: &Scenario) -> Vec<String> {
    let mut notes = deploy::Cost::notes(&scenario.plan);
    let [terraform, sam, serverless] = deploy::NAMES;
    notes.push(format!(
        "To deploy it: {terraform} (Terraform), {sam} (SAM), {serverless} (Serverless Framework), \
         among the files."
    ));
    if deploy::Deployment::of(scenario).leaves_some_by_hand() {
        notes.push(
            "Not all of it is in these files: their heads say what is left to do by hand."
                .to_owned(),
        );
    }
    notes
}

/// What it took, and how sure what is.
fn effort(answer: &Answer) -> Vec<String> {
    let (effort, n, fresh) = (answer.effort, answer.replications, answer.fresh());
    let besides = match effort.besides {
        0 => String::new(),
        more => format!(", and {more} besides,"),
    };
    let share = effort.cells as f64 / effort.grid.max(1) as f64;
    let mut notes = vec![
        format!(
            "Tried {} of {} settings{besides} in {} cells; all of them with {} replications are \
             {} cells ({}).",
            effort.tried,
            effort.settings,
            effort.cells,
            answer.replications,
            effort.grid,
            number::percent(share)
        ),
        format!(
            "± is half of a 95 % interval (Student t over replications of {}). A goal is met where \
             the whole interval of a look is: of 99 % with fewer than {n} replications that \
             choose, of 95 % with {n}; with {fresh}, {} and {} that confirm of 99, 99 and 97 %.",
            human(answer.duration),
            2 * fresh,
            4 * fresh,
        ),
    ];
    if answer.winner.is_some() && !answer.goals.is_empty() {
        notes.push(
            "How sure that is holds for the winner alone, not corrected for those passed over \
             before it."
                .to_owned(),
        );
    }
    notes
}

/// A length of time with no more digits than a person reads.
fn human(span: Span) -> String {
    let exact = span.to_string();
    if exact.bytes().filter(u8::is_ascii_digit).count() <= 4 {
        return exact;
    }
    let (unit, name) = match span.secs() {
        172_800.0.. => (86_400.0, "days"),
        7_200.0.. => (3600.0, "h"),
        120.0.. => (60.0, "min"),
        _ => (1.0, "s"),
    };
    format!(
        "about {} {name}",
        number::significant(span.secs() / unit, 3)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_told_in_few_digits() {
        for (seconds, told) in [
            (345_185.0, "about 4 days"),
            (86_400.0, "1 day"),
            (100_000.0, "about 27.8 h"),
            (1_234.567, "about 20.6 min"),
        ] {
            assert_eq!(human(Span::from_secs(seconds)), told);
        }
    }
}
