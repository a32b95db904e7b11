//! What is written: a function model whose comments say where each number comes from, and an
//! experiment that runs as it is.

use std::fmt::Write;

use crate::config;
use crate::stats::intervals::Interval;

use super::digits::{digits, grouped, ms, percent, short, span};
use super::estimates::Estimates;
use super::first_call::FirstCall;
use super::goodness::Fitted;
use super::keep_alive::{Found, KeepAlive};
use super::known::{Known, Origin};
use super::timeout::Endings;

/// What a model is about.
pub(super) struct About<'a> {
    /// Name of the function.
    pub(super) name: &'a str,
    /// What the log is, for the head of the file.
    pub(super) source: &'a str,
    pub(super) region: &'a Known,
    pub(super) runtime: &'a Known,
    pub(super) timeout: &'a Known,
    pub(super) endings: &'a Endings,
}

/// Lines are no longer than this where words can be moved.
const WIDTH: usize = 100;

/// A comment, broken into lines.
fn comment(text: &str) -> String {
    let mut lines = String::new();
    let mut line = "#".to_owned();
    // A comment holds no control characters; names of files may.
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        if word.is_empty() {
            continue;
        }
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines += &line;
            lines.push('\n');
            "#".clone_into(&mut line);
        }
        line.push(' ');
        line += word;
    }
    lines + &line + "\n"
}

/// `80 ms [78, 82]`
fn around(interval: &Interval) -> String {
    if interval.lo.is_nan() || interval.hi.is_nan() {
        return ms(interval.mean);
    }
    format!(
        "{} [{}, {}]",
        ms(interval.mean),
        digits(interval.lo, 5),
        digits(interval.hi, 5)
    )
}

/// How well a law fits, in words.
pub(super) fn goodness(fitted: &Fitted) -> String {
    match (&fitted.refused, fitted.p_value) {
        (Some((name, distance, p)), _) => format!(
            "no family fits (the likeliest, {name}: KS distance {}, p {}), so the percentiles of \
             the log",
            short(*distance),
            short(*p)
        ),
        (None, Some(p)) => format!(
            "{}: KS distance {}, p {}",
            fitted.law.name(),
            short(fitted.distance),
            short(p)
        ),
        (None, None) => "too few to tell a family, so the values themselves".to_owned(),
    }
}

fn numbers(what: &str, fitted: &Fitted) -> String {
    format!(
        "{what} Of {}: mean {}, median {}, p99 {} (95 % intervals). {}.",
        grouped(fitted.count),
        around(&fitted.mean),
        around(&fitted.median),
        around(&fitted.p99),
        capital(&goodness(fitted))
    )
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + chars.as_str()
    })
}

/// The function model.
pub(super) fn model(about: &About<'_>, of: &Estimates) -> String {
    let mut text = "#:schema schema/function.json\n".to_owned();
    text += &comment(&format!("Fitted by frostline fit to {}.", about.source));
    text += "#\n";
    text += &starts(of);
    text += &service(of);
    text += &comment(&rates(of, about));
    text += &comment(
        "start.sandbox, start.fetch: in no log; left to the platform. A request waits that much \
         longer than a log shows, and arrived so much earlier.",
    );
    let _ = writeln!(
        text,
        "description      = {}",
        config::quoted(&format!("{}, out of its logs", about.name))
    );
    let _ = writeln!(
        text,
        "runtime          = {}   # {}",
        config::quoted(&about.runtime.value),
        about.runtime.why()
    );
    match of.memory_mb {
        Some(mb) => {
            let sizes = match of.memory_sizes {
                0 | 1 => "as every report says".to_owned(),
                sizes => format!("the commonest of {sizes} sizes in the log"),
            };
            let _ = writeln!(text, "memory           = \"{mb} MB\"   # {sizes}");
        }
        None => text += "# memory: no line says it; what is left out is 128 MB.\n",
    }
    if let Some(init) = &of.init {
        let _ = writeln!(text, "start.init       = {}", init.law.toml());
    }
    if let Some(restore) = &of.restore {
        let _ = writeln!(text, "start.restore    = {}", restore.law.toml());
    }
    if let Some(after) = of.after_restore_ms {
        let _ = writeln!(text, "start.after-restore = \"{}\"", ms(after));
    }
    if let Some(first) = &of.first_call {
        let _ = writeln!(text, "start.first-call = {}", of.at_one_vcpu(first).toml());
    }
    if let Some(first) = &of.restored_first_call {
        let _ = writeln!(
            text,
            "start.restored-first-call = {}",
            of.at_one_vcpu(first).toml()
        );
    }
    text += &comment(
        "service: as at this memory; more or less of it changes nothing, for a log of one size \
         does not tell what waits and what computes. Before you compare sizes, give { cpu = …, io \
         = … } or the result of a power tuning.",
    );
    let _ = writeln!(text, "service          = {}", of.service_toml());
    let Known { value, .. } = about.timeout;
    let why = about.timeout.why();
    let _ = writeln!(text, "timeout          = \"{value}\"   # {why}");
    let guess = if about.endings.told {
        ""
    } else {
        "   # a guess: the log does not say which calls failed"
    };
    let _ = writeln!(
        text,
        "error-rate       = {}{guess}",
        short_share(of.errors.mean)
    );
    if let Some((_, most)) = of.max_memory_mb {
        // Where runs of several sizes are in the fit, the most may be that of a larger one.
        let sign = match of.memory_mb {
            Some(memory) if most <= f64::from(memory) => "",
            _ => "# ",
        };
        let most = most.ceil();
        let why = "most memory used; with less than this it fails";
        let _ = writeln!(text, "{sign}working-set      = \"{most} MB\"   # {why}");
    }
    text
}

fn short_share(share: f64) -> String {
    if share == 0.0 {
        "0.0".to_owned()
    } else {
        digits(share, 4)
    }
}

fn starts(of: &Estimates) -> String {
    let mut text = String::new();
    if let Some(init) = &of.init {
        text += &comment(&numbers(
            "init: Init Duration, runtime and code together.",
            init,
        ));
    }
    if let Some(restore) = &of.restore {
        let what = "restore: Restore Duration; the model has it less the part that is billed, which is \
                    after-restore.";
        text += &comment(&numbers(what, restore));
    }
    for (name, first) in [
        ("first-call", &of.first_call),
        ("restored-first-call", &of.restored_first_call),
    ] {
        if let Some(first) = first {
            text += &comment(&first_call(name, first, of.first_call_factor));
        }
    }
    text
}

fn first_call(name: &str, first: &FirstCall, factor: f64) -> String {
    let shows = first.law.mean() > 0.0;
    let outcome = if shows {
        format!(
            "{}, so that the sum is within a KS distance of {} of the cold runs (p {})",
            first.law.name(),
            short(first.distance),
            short(first.p_value)
        )
    } else {
        "not told from 0, so 0".to_owned()
    };
    let scaled = if shows && factor > 0.0 && (factor - 1.0).abs() > 1e-9 {
        format!(
            " The model has it at one vCPU: divided by {}.",
            short(factor)
        )
    } else {
        String::new()
    };
    format!(
        "{name}: what {} cold runs take longer than {} warm ones: mean {}; {outcome}.{scaled}",
        grouped(first.counts.0),
        grouped(first.counts.1),
        around(&first.difference)
    )
}

fn service(of: &Estimates) -> String {
    let what = if of.service_is_cold {
        "service: Duration of first calls, for the log has no warm one; their lazy loading is in it."
    } else {
        "service: Duration of warm calls that were not cut."
    };
    comment(&numbers(what, &of.service))
}

/// What is said of a log that is of reports alone.
pub(super) const NOT_TOLD: &str = "the log has reports alone and no status in them";

fn rates(of: &Estimates, about: &About<'_>) -> String {
    let share = |share: &Interval| {
        format!(
            "{} [{}, {}]",
            percent(share.mean),
            percent(share.lo),
            percent(share.hi)
        )
    };
    let Known { value, from } = about.timeout;
    let cut = match from {
        Origin::Guess(_) if of.timeout_s.is_none() => "no call was cut".to_owned(),
        Origin::Guess(_) => format!("{} were likely cut after {value}", share(&of.timeouts)),
        _ => format!("{} were cut after {value}", share(&of.timeouts)),
    };
    if about.endings.told {
        return format!(
            "error-rate: {} of calls ended in an error that the log tells of; {cut}.",
            share(&of.errors)
        );
    }
    format!("error-rate: not told, for {NOT_TOLD}: 0 is a guess; {cut}.")
}

/// What the log tells of the keep-alive, in words.
pub(super) fn keep_alive(of: &KeepAlive, written: bool) -> String {
    let counts = format!(
        "{} pauses survived, {} ended by the end of a pause",
        grouped(of.survived),
        grouped(of.gone)
    );
    let kept = if written {
        ""
    } else {
        "; the platform's own is kept"
    };
    match &of.found {
        Found::Constant { s, contradicting } => {
            let contradict = match contradicting {
                0 => "none contradicts".to_owned(),
                1 => "1 contradicts".to_owned(),
                some => format!("{some} contradict"),
            };
            format!(
                "constant, {} s: between {} s survived and {} s not ({counts}; {contradict})",
                digits(s.mean, 5),
                digits(s.lo, 5),
                digits(s.hi, 5)
            )
        }
        Found::Uniform { min, max } => format!(
            "uniform from {} s [{}, {}] to {} s [{}, {}] ({counts})",
            short(min.mean),
            short(min.lo),
            short(min.hi),
            short(max.mean),
            short(max.lo),
            short(max.hi)
        ),
        Found::Percentiles(_) => {
            format!("percentiles, for neither a constant nor a uniform law explains it ({counts})")
        }
        Found::Above(s) => format!("above {}: no idle instance was seen to end{kept}", span(*s)),
        Found::AtMost(s) => format!("{} or less: no pause was survived{kept}", span(*s)),
        Found::Unknown(why) => format!("not told: {why}{kept}"),
    }
}

/// What an experiment runs.
pub(super) struct Run<'a> {
    pub(super) question: &'a str,
    /// Files of the trace and of the model, beside the experiment.
    pub(super) trace: &'a str,
    pub(super) model: &'a str,
    /// Day of the last call, which chooses the rules of billing and scaling: an experiment asks
    /// what comes next, so the newest rules that the log knows are right for it.
    pub(super) date: &'a str,
    /// Whether the model holds, for whoever reads the file later.
    pub(super) verdict: Option<&'a str>,
    /// When the first request arrived, in UTC: what days, hours and weekdays count from.
    pub(super) start: Option<&'a str>,
    pub(super) duration_s: f64,
    pub(super) warm_up_s: f64,
    pub(super) replications: u32,
    pub(super) seed: u64,
    /// Whether to leave out what no log shows of a start.
    pub(super) as_logged: bool,
    /// Values of `keep-alive` to sweep over; empty is the estimate alone.
    pub(super) keep_alives: Vec<String>,
}

/// The experiment.
pub(super) fn experiment(run: &Run<'_>, about: &About<'_>, of: &Estimates) -> String {
    let mut text = "#:schema schema/experiment.json\n".to_owned();
    if let Some(verdict) = run.verdict {
        text += &comment(verdict);
    }
    let _ = writeln!(text, "question     = {}", config::quoted(run.question));
    let _ = writeln!(text, "platform     = \"aws-lambda\"");
    let _ = writeln!(
        text,
        "date         = {}   # rules of billing and scaling",
        run.date
    );
    if let Some(start) = run.start {
        let start = config::quoted(start);
        let _ = writeln!(text, "start        = {start}   # first request of the log");
    }
    let _ = writeln!(text, "duration     = \"{} s\"", plain(run.duration_s));
    if run.warm_up_s > 0.0 {
        let _ = writeln!(text, "warm-up      = \"{} s\"", plain(run.warm_up_s));
    }
    let _ = writeln!(text, "replications = {}", run.replications);
    let _ = writeln!(text, "seed         = {}", run.seed);
    text += "\n";
    let told = capital(&keep_alive(&of.keep_alive, of.keep_alive_toml.is_some()));
    text += "[platform-override]\n";
    text += &comment(&format!(
        "prices: region {}, {}. No log names the architecture: for arm64 add -arm to the name.",
        about.region.value,
        about.region.why()
    ));
    let list = format!("{}/{}", super::PLATFORM, about.region.value);
    let _ = writeln!(text, "prices     = {}", config::quoted(&list));
    text += &comment(&format!("keep-alive: {told}."));
    if let Some(keep) = &of.keep_alive_toml {
        let _ = writeln!(text, "keep-alive = {keep}");
    }
    if let Some(life) = of.longer_life_s {
        text += &comment("max-life: an instance lived longer than the platform's model allows.");
        let _ = writeln!(text, "max-life   = \"{} s\"", plain(life.ceil()));
    }
    let _ = writeln!(
        text,
        "\n[workload]\nrequests = {{ file = {} }}",
        config::quoted(run.trace)
    );
    let _ = writeln!(text, "\n[defaults]\nmodel = {}", config::quoted(run.model));
    let Known { value, .. } = about.timeout;
    let why = about.timeout.why();
    text += &comment(&format!(
        "timeout: {why}. It stands here, for that of a model does not cut recorded runs."
    ));
    let _ = writeln!(text, "timeout = \"{value}\"");
    if run.as_logged {
        text += "start = { sandbox = \"0 s\", fetch = \"0 s\" }\n";
    }
    if !run.keep_alives.is_empty() {
        // Under names, for two of them may be the same.
        text += "\n[sweep.\"platform-override.keep-alive\"]\n";
        for (number, keep_alive) in run.keep_alives.iter().enumerate() {
            let _ = writeln!(text, "{number} = {keep_alive}");
        }
    }
    if of.snapshots {
        text += "\n[[policy]]\nname     = \"snapshot, as in the log\"\nsnapshot = {}\n";
    }
    text
}

fn plain(number: f64) -> String {
    let text = format!("{number:.9}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
