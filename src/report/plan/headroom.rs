//! How much more traffic settings bear, in words.

use crate::plan::Answer;
use crate::report::number;

/// How much more traffic settings bear.
pub(super) fn lines(answer: &Answer) -> Vec<String> {
    let each = answer.headroom.iter().map(|headroom| {
        let times = |times: f64| number::significant(times, 3);
        let met = match (headroom.meets, headroom.from) {
            (None, _) => "no traffic that was tried meets them".to_owned(),
            (Some(most), None) => format!("{} times the traffic", times(most)),
            (Some(most), Some(from)) => {
                format!("from {} to {} times the traffic", times(from), times(most))
            }
        };
        let missed = match (&headroom.misses, &headroom.end) {
            (Some((least, goals)), end) => {
                let word = if headroom.sure {
                    "it misses"
                } else {
                    "it is not sure to meet"
                };
                let end = end
                    .as_ref()
                    .map(|why| format!("; no other was simulated: {why}"));
                let end = end.unwrap_or_default();
                format!("; at {} {word} {}{end}", times(*least), goals.join(" and "))
            }
            (None, Some(why)) => format!(" or more; twice as much was not simulated: {why}"),
            (None, None) => " or more; no more was tried".to_owned(),
        };
        let unsure = if headroom.unsure.is_empty() {
            String::new()
        } else {
            let goals = headroom.unsure.join(" and ");
            format!("; at 1 it is not sure to meet {goals}")
        };
        format!("  {}: {met}{missed}{unsure}", headroom.setting)
    });
    let mut lines: Vec<String> = each.collect();
    if !lines.is_empty() {
        lines.insert(
            0,
            "Headroom, the most traffic that meets every goal:".to_owned(),
        );
        lines.insert(0, String::new());
    }
    lines
}
