//! What a fit found, for a program.

use serde_json::{Value, json};

use crate::stats::intervals::Interval;

use super::Fit;
use super::first_call::FirstCall;
use super::goodness::Fitted;
use super::keep_alive::{Found, KeepAlive};
use super::known::Known;
use super::show::instant;
use super::verdict::{Outcome, Verdict};

/// The whole report, in the order in which a person reads it.
pub(super) fn render(fit: &Fit) -> String {
    let (read, whole, of) = (&fit.read, &fit.read.whole, &fit.estimates);
    let value = json!({
        "name": read.name,
        "version": env!("CARGO_PKG_VERSION"),
        "seed": read.spec.seed,
        "read": {
            "files": read.totals.files,
            "bytes": read.totals.bytes,
            "lines": read.totals.lines,
            "documents": read.totals.documents,
            "telling": read.totals.telling,
            "other": read.totals.other,
            "calls": whole.calls,
            "duplicates": read.joined.duplicates,
            "retries": read.joined.retries,
            "unfinished": read.joined.unfinished,
            "calls_of_other_functions": read.joined.others,
            "failed_inits": read.counted.failed_inits,
            "initializations": read.counted.initializations,
            "first_arrival": whole.span.map(|(first, _)| instant(first)),
            "last_end": whole.span.map(|(_, last)| instant(last)),
            "span_s": whole.span.map(|_| whole.span_s()),
            "longest_gap_s": whole.span.map(|_| whole.longest_gap.0 as f64 / 1e9),
            "not_understood": read.unread.iter().map(|unread| json!({
                "what": unread.what.to_string(), "count": unread.count, "first": unread.first,
            })).collect::<Vec<_>>(),
        },
        "instances": {
            "streams": whole.instances.count,
            "seen_from_their_first_call": whole.instances.begun,
            "cold_starts": whole.cold,
            "restores": whole.restored,
            "calls_mean": number(whole.instances.calls.mean()),
            "longest_in_use_s": whole.instances.longest_life_s,
            "concurrency_peak": whole.is_timed().then_some(whole.busy_peak),
            "concurrency_mean": whole.is_timed().then_some(whole.busy_mean),
            "keep_alive": keep_alive(&of.keep_alive, of.keep_alive_toml.as_deref()),
            "deployed": whole.idle.deployed,
            "passed_over": whole.idle.passed_over,
            "overlapping": whole.overlapping,
        },
        "parameters": {
            "service": fitted(&of.service),
            "service_is_of_cold_calls": of.service_is_cold,
            "init": of.init.as_ref().map(fitted),
            "restore": of.restore.as_ref().map(fitted),
            "after_restore_ms": of.after_restore_ms,
            "first_call": of.first_call.as_ref().map(first_call),
            "restored_first_call": of.restored_first_call.as_ref().map(first_call),
            "error_rate": interval(&of.errors),
            "timeout_rate": interval(&of.timeouts),
            "ends_told": read.endings.told,
            "taken_for_cut": read.endings.taken_for_cut,
            "timeout_s": of.timeout_s,
            "timeout": known(&read.timeout),
            "runtime": known(&read.runtime),
            "region": known(&read.region),
            "memory_mb": of.memory_mb,
            "max_memory_used_mb": of.max_memory_mb.map(|(_, most)| most),
        },
        "bills": {
            "agree": whole.bills.agree.iter().map(|(rule, calls)| json!({
                "rule": rule.words(), "calls": calls,
            })).collect::<Vec<_>>(),
            "disagree": whole.bills.disagree,
            "without": whole.bills.without,
        },
        "verdict": match &fit.verdict {
            Ok(of) => verdict(of),
            Err(why) => json!({ "none": why }),
        },
    });
    format!("{value:#}\n")
}

fn number(value: f64) -> Value {
    // What is no number is null.
    Value::from(value)
}

fn known(of: &Known) -> Value {
    json!({ "value": of.value, "from": of.origin(), "why": of.why() })
}

fn interval(of: &Interval) -> Value {
    json!({ "value": number(of.mean), "ci95": [number(of.lo), number(of.hi)] })
}

fn fitted(of: &Fitted) -> Value {
    json!({
        "law": of.law.name(),
        "toml": of.law.toml(),
        "count": of.count,
        "mean_ms": interval(&of.mean),
        "median_ms": interval(&of.median),
        "p99_ms": interval(&of.p99),
        "ks_distance": number(of.distance),
        "p_value": of.p_value,
        "refused": of.refused.map(|(name, distance, p)| json!({
            "law": name, "ks_distance": distance, "p_value": p,
        })),
    })
}

fn first_call(of: &FirstCall) -> Value {
    json!({
        "law": of.law.name(),
        "toml_at_the_memory": of.law.toml(),
        "mean_ms": interval(&of.difference),
        "cold_runs": of.counts.0,
        "warm_runs": of.counts.1,
        "ks_distance": number(of.distance),
        "p_value": number(of.p_value),
    })
}

fn keep_alive(of: &KeepAlive, written: Option<&str>) -> Value {
    let found = match &of.found {
        Found::Constant { s, contradicting } => json!({
            "constant_s": number(s.mean), "between_s": [number(s.lo), number(s.hi)],
            "contradicting": contradicting,
        }),
        Found::Uniform { min, max } => json!({ "uniform_s": {
            "min": interval(min), "max": interval(max),
        }}),
        Found::Percentiles(points) => json!({ "percentiles_s": points }),
        Found::Above(s) => json!({ "above_s": s }),
        Found::AtMost(s) => json!({ "at_most_s": s }),
        Found::Unknown(why) => json!({ "unknown": why }),
    };
    json!({
        "found": found,
        "written": written,
        "survived": of.survived,
        "gone": of.gone,
        "left_out_for_age": of.aged,
        "longest_survived_s": of.longest_survived_s,
        "shortest_gone_s": of.shortest_gone_s,
    })
}

fn verdict(of: &Verdict) -> Value {
    let lines = of.lines.iter().map(|line| {
        json!({
            "measure": line.name,
            "log": number(line.measured),
            "simulated": number(line.simulated),
            "prediction95": [number(line.prediction.0), number(line.prediction.1)],
            "outcome": match line.outcome {
                Outcome::Inside => "inside",
                Outcome::Close => "close",
                Outcome::Misses => "misses",
                Outcome::TooWide => "too wide to tell",
            },
        })
    });
    json!({
        "holds": of.holds(),
        "close": of.count(Outcome::Close),
        "too_wide": of.count(Outcome::TooWide),
        "split_s": of.split_s,
        "calls_fitted": of.calls.0,
        "calls_simulated": of.calls.1,
        "replications": of.replications,
        "measures": lines.collect::<Vec<_>>(),
        "likely_reasons": of.reasons,
    })
}
