//! What a fit found, as a person reads it.

use std::fmt::Write;

use crate::logs::{Totals, Unread};
use crate::stats::intervals::Interval;

use super::digits::{digits, grouped, percent, short, span};
use super::first_call::FirstCall;
use super::goodness::Fitted;
use super::history::History;
use super::impossible::{Impossible, Why};
use super::model_file::{NOT_TOLD, goodness, keep_alive};
use super::sample::quantile;
use super::verdict::{Outcome, Verdict};
use super::{Fit, Read};

/// An instant since 1970 as ISO 8601, to the second.
pub(super) fn instant(nanos: i64) -> String {
    let at = jiff::Timestamp::from_second((nanos + 500_000_000).div_euclid(1_000_000_000));
    at.map_or_else(
        |_| "?".to_owned(),
        |at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    )
}

/// The whole report.
pub(super) fn table(fit: &Fit) -> String {
    let mut text = String::new();
    let heading = format!("{}: {} calls", fit.read.name, grouped(fit.read.whole.calls));
    let _ = writeln!(text, "{heading}\n{}", "=".repeat(heading.chars().count()));
    read(fit, &mut text);
    instances(fit, &mut text);
    parameters(fit, &mut text);
    bills(fit, &mut text);
    match &fit.verdict {
        Ok(of) => verdict(of, &mut text),
        Err(why) => {
            let _ = writeln!(text, "\nVerdict\n  none: {why}");
        }
    }
    text
}

fn line(text: &mut String, name: &str, value: &str) {
    let _ = writeln!(text, "  {name:<22} {value}");
}

/// Below this share calls overlap because clocks and times are not exact.
const OVERLAPPING: f64 = 0.01;

/// A share of a log's time without a call that is strange.
const LONG_GAP: f64 = 0.5;

/// A count with what is counted, which ends in s where there are several.
fn counted(count: u64, one: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{} {one}{s}", grouped(count))
}

/// What a log is cut into, for one of it.
fn unit(totals: Totals) -> &'static str {
    match totals.documents {
        0 => "line",
        all if all == totals.telling + totals.other => "JSON document",
        _ => "piece",
    }
}

/// How much there was to read.
pub(super) fn pieces_of(totals: Totals) -> String {
    let lines = counted(totals.lines, "line");
    let documents = counted(totals.documents, "JSON document");
    match unit(totals) {
        "line" => lines,
        _ if totals.lines <= totals.documents => documents,
        _ => format!("{documents} on {lines}"),
    }
}

fn read(fit: &Fit, text: &mut String) {
    let (read, whole) = (&fit.read, &fit.read.whole);
    let totals = read.totals;
    let _ = writeln!(text, "\nRead");
    line(
        text,
        "files",
        &format!(
            "{}, {:.1} MB unpacked, {}",
            grouped(totals.files),
            totals.bytes as f64 / 1e6,
            pieces_of(totals)
        ),
    );
    let unit = unit(totals);
    line(
        text,
        "of calls",
        &format!(
            "{} told of calls; {}",
            counted(totals.telling, unit),
            match totals.other {
                0 => "no others".to_owned(),
                others => format!(
                    "{} others, mostly the function's own words",
                    grouped(others)
                ),
            }
        ),
    );
    times(read, text);
    if whole.streamed == 0 {
        line(
            text,
            "streams",
            "none is named, so that instances are not told apart",
        );
    }
    let joined = &read.joined;
    for (count, what) in [
        (
            joined.duplicates,
            "reports of a call that was read already, left out",
        ),
        (
            joined.retries,
            "calls with the request id of an earlier one: tried again",
        ),
        (
            joined.unfinished,
            "requests that began and of whose end the log has nothing",
        ),
        (joined.others, "calls of other functions, left out"),
        (read.counted.failed_inits, "inits that failed"),
    ] {
        if count > 0 {
            line(text, "", &format!("{} {what}", grouped(count)));
        }
    }
    if read.unread.is_empty() {
        line(text, "not understood", "nothing");
    }
    for unread in &read.unread {
        line(
            text,
            "not understood",
            &format!(
                "{} × {}, first at {}",
                grouped(unread.count),
                unread.what,
                unread.first
            ),
        );
    }
}

/// When the calls were.
fn times(read: &Read, text: &mut String) {
    let whole = &read.whole;
    let Some((first, last)) = whole.span else {
        let bad = [
            Why::Unread(Unread::BadTime),
            Why::Impossible(Impossible::Time),
        ];
        let why = if read.unread.iter().any(|unread| bad.contains(&unread.what)) {
            "no line has a time that can be"
        } else {
            "lines have no times"
        };
        let without = "so that there is no trace, no concurrency and no keep-alive";
        line(text, "time", &format!("none: {why}, {without}"));
        return;
    };
    line(
        text,
        "time",
        &format!(
            "{} to {} ({})",
            instant(first),
            instant(last),
            span(whole.span_s())
        ),
    );
    let (gap, ended) = whole.longest_gap;
    let gap = gap as f64 / 1e9;
    if gap > whole.span_s() * LONG_GAP && whole.calls > 2 {
        line(
            text,
            "",
            &format!(
                "{} of it without a call, up to {}: a clock that was wrong, or two logs?",
                span(gap),
                instant(ended)
            ),
        );
    }
}

/// That instances take more than one call at a time.
fn overlapping(whole: &History, text: &mut String) {
    if whole.overlapping as f64 > OVERLAPPING * whole.calls as f64 {
        line(
            text,
            "",
            &format!(
                "{} calls began while another ran on their instance: it takes more than one at a \
                 time, which the model does not",
                grouped(whole.overlapping)
            ),
        );
    }
}

fn instances(fit: &Fit, text: &mut String) {
    let whole = &fit.read.whole;
    let _ = writeln!(text, "\nInstances");
    let restored = match whole.restored {
        0 => String::new(),
        some => format!(", {} of them from a snapshot", grouped(some)),
    };
    line(
        text,
        "cold starts",
        &format!(
            "{} ({}{restored})",
            grouped(whole.cold),
            percent(whole.cold as f64 / whole.calls as f64)
        ),
    );
    if whole.is_timed() {
        line(
            text,
            "concurrency",
            &format!("peak {}, mean {}", whole.busy_peak, short(whole.busy_mean)),
        );
    }
    let instances = &whole.instances;
    if instances.count > 0 {
        let calls = instances.calls.sorted();
        line(
            text,
            "streams",
            &format!(
                "{} ({} from their first call on), {} calls each (median {}, most {})",
                grouped(instances.count),
                grouped(instances.begun),
                short(instances.calls.mean()),
                short(quantile(&calls, 0.5)),
                short(instances.calls.most())
            ),
        );
        let lives = instances.lives.sorted();
        let median = if lives.is_empty() {
            String::new()
        } else {
            format!(
                "median {} of {} that ended, ",
                span(quantile(&lives, 0.5)),
                grouped(lives.len() as u64)
            )
        };
        line(
            text,
            "in use for",
            &format!("{median}longest {}", span(instances.longest_life_s)),
        );
    }
    line(
        text,
        "keep-alive",
        &keep_alive(
            &fit.estimates.keep_alive,
            fit.estimates.keep_alive_toml.is_some(),
        ),
    );
    overlapping(whole, text);
    let kinds = &fit.read.counted.initializations;
    if kinds.keys().any(|kind| kind != "on-demand") {
        let kinds: Vec<String> = kinds
            .iter()
            .map(|(kind, inits)| format!("{} {kind}", grouped(*inits)))
            .collect();
        let kinds = kinds.join(", ");
        line(text, "inits", &format!("{kinds}: not all were waited for"));
    }
    let idle = &whole.idle;
    for (count, what) in [
        (
            fit.estimates.keep_alive.aged,
            "ended when the platform may have retired them for their age, not counted",
        ),
        (
            idle.deployed,
            "ended when another version was called, not counted",
        ),
        (
            idle.passed_over,
            "were passed over by a request that waited for a new one",
        ),
    ] {
        if count > 0 {
            line(
                text,
                "",
                &format!("{} idle instances {what}", grouped(count)),
            );
        }
    }
}

fn around(interval: &Interval, unit: &str) -> String {
    if interval.lo.is_nan() || interval.hi.is_nan() {
        return format!("{} {unit}", digits(interval.mean, 5));
    }
    format!(
        "{} {unit} [{}, {}]",
        digits(interval.mean, 5),
        digits(interval.lo, 5),
        digits(interval.hi, 5)
    )
}

fn fitted(text: &mut String, name: &str, of: &Fitted) {
    line(
        text,
        name,
        &format!(
            "mean {}, median {}, p99 {}",
            around(&of.mean, "ms"),
            around(&of.median, "ms"),
            around(&of.p99, "ms")
        ),
    );
    line(
        text,
        "",
        &format!("{} (n = {})", goodness(of), grouped(of.count)),
    );
}

fn first_call(text: &mut String, name: &str, of: Option<&FirstCall>) {
    let Some(first) = of else { return };
    let told = if first.law.mean() > 0.0 {
        format!(
            "{}; with it warm runs are within a KS distance of {} of the cold ones (p {})",
            first.law.name(),
            short(first.distance),
            short(first.p_value)
        )
    } else {
        "not told from 0, so 0".to_owned()
    };
    line(
        text,
        name,
        &format!(
            "mean {} more than a warm call",
            around(&first.difference, "ms")
        ),
    );
    line(text, "", &told);
}

fn parameters(fit: &Fit, text: &mut String) {
    let of = &fit.estimates;
    let whole_timeouts = fit.read.whole.timeouts;
    let _ = writeln!(text, "\nParameters (95 % intervals)");
    fitted(
        text,
        if of.service_is_cold {
            "service (cold calls)"
        } else {
            "service"
        },
        &of.service,
    );
    if let Some(init) = &of.init {
        fitted(text, "init", init);
    }
    if let Some(restore) = &of.restore {
        fitted(text, "restore", restore);
    }
    first_call(text, "first-call", of.first_call.as_ref());
    first_call(text, "restored-first-call", of.restored_first_call.as_ref());
    let share = |of: &Interval| {
        format!(
            "{} [{}, {}]",
            percent(of.mean),
            percent(of.lo),
            percent(of.hi)
        )
    };
    let endings = &fit.read.endings;
    if endings.told {
        line(text, "error-rate", &share(&of.errors));
    } else {
        line(
            text,
            "error-rate",
            &format!("not told, 0 is a guess: {NOT_TOLD}"),
        );
        let remedy = "give logs with all lines, or with @message of all; --timeout where calls \
                      were cut";
        line(text, "", remedy);
    }
    match endings.taken_for_cut {
        0 if !endings.told && whole_timeouts == 0 => line(text, "timed out", "not told"),
        0 => line(text, "timed out", &share(&of.timeouts)),
        _ => line(
            text,
            "timed out",
            &format!("{}, by the length of their runs", share(&of.timeouts)),
        ),
    }
    for (name, known) in [
        ("timeout", &fit.read.timeout),
        ("runtime", &fit.read.runtime),
        ("region", &fit.read.region),
    ] {
        line(text, name, &format!("{} ({})", known.value, known.why()));
    }
    let memory = of
        .memory_mb
        .map_or_else(|| "not told".to_owned(), |mb| format!("{mb} MB"));
    let sizes = if of.memory_sizes > 1 {
        format!(
            ", the commonest of {} sizes: runs of all are in the fit",
            of.memory_sizes
        )
    } else {
        String::new()
    };
    let used = of.max_memory_mb.map_or_else(String::new, |(median, most)| {
        format!(
            ", used {} MB (median), {} MB (most)",
            short(median),
            short(most)
        )
    });
    line(text, "memory", &format!("{memory}{sizes}{used}"));
    if let (Some(mb), Some((_, most))) = (of.memory_mb, of.max_memory_mb)
        && most >= 0.9 * f64::from(mb)
    {
        line(
            text,
            "",
            "the most is within a tenth of the limit: with less memory calls would fail",
        );
    }
}

fn bills(fit: &Fit, text: &mut String) {
    let bills = &fit.read.whole.bills;
    let _ = writeln!(text, "\nBills");
    let agree: Vec<String> = bills
        .agree
        .iter()
        .map(|(rule, calls)| format!("{} ({})", grouped(*calls), rule.words()))
        .collect();
    let sum: u64 = bills.agree.values().sum();
    let rules = if agree.is_empty() {
        String::new()
    } else {
        format!(": {}", agree.join(", "))
    };
    line(
        text,
        "as the rules say",
        &format!("{}{rules}", grouped(sum)),
    );
    line(
        text,
        "otherwise",
        &match bills.first_disagreeing {
            None => "0".to_owned(),
            Some((run, start, billed)) => format!(
                "{}, the first: run {} ms, start {} ms, billed {} ms",
                grouped(bills.disagree),
                digits(run, 7),
                digits(start, 7),
                digits(billed, 7)
            ),
        },
    );
    if bills.without > 0 {
        line(text, "without a bill", &grouped(bills.without));
    }
}

fn verdict(of: &Verdict, text: &mut String) {
    let _ = writeln!(
        text,
        "\nVerdict: fitted to the first {} ({} calls), simulated over the rest ({} calls), {} times",
        span(of.split_s),
        grouped(of.calls.0),
        grouped(of.calls.1),
        of.replications
    );
    let _ = writeln!(
        text,
        "  {:<20} {:>10} {:>10} {:>23} {:>9}",
        "", "log", "simulated", "95 % of replications", "gap"
    );
    for line in &of.lines {
        let gap = if line.measured == 0.0 {
            digits(line.simulated, 3)
        } else {
            format!("{:+.1} %", (line.simulated / line.measured - 1.0) * 100.0)
        };
        let told = match line.outcome {
            Outcome::Inside => "inside",
            Outcome::Close => "close",
            Outcome::Misses => "misses",
            Outcome::TooWide => "too wide to tell",
        };
        let prediction = format!(
            "{} … {}",
            digits(line.prediction.0, 4),
            digits(line.prediction.1, 4)
        );
        let _ = writeln!(
            text,
            "  {:<20} {:>10} {:>10} {:>23} {:>9}  {told}",
            line.name,
            digits(line.measured, 4),
            digits(line.simulated, 4),
            prediction,
            gap
        );
    }
    let _ = writeln!(text, "  {}", of.sentence());
    for reason in &of.reasons {
        let _ = writeln!(text, "  Likely: {reason}.");
    }
    if of.holds() == Some(false) && of.reasons.is_empty() {
        let _ = writeln!(text, "  No cause is seen in the log.");
    }
}
