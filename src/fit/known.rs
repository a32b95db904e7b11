//! What a model needs and a log may not say: region and runtime. As the user gives them, as the log
//! says, or guessed; a guess is told as one wherever it is used.

use crate::config::{self, ModelKind, nearest_name};

use super::PLATFORM;
use super::bills::{Bills, Rule};
use super::gather::{Counted, Counts};

/// The region whose prices are taken where none is known: the platform's own choice.
const REGION: &str = "us-east-1";
/// The runtime of an own binary, which an experiment takes where none is given.
const RUNTIME: &str = "provided.al2023";
/// Ends the name of a price list of arm64.
const ARM: &str = "-arm";

/// Where something is known from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The user gave it.
    Given,
    /// The log says it, there.
    Log(String),
    /// Nothing says it: why it was guessed so.
    Guess(String),
}

/// Something that is known, or guessed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// Its value.
    pub value: String,
    /// Where it is known from.
    pub from: Origin,
}

impl Known {
    pub(super) fn new(value: impl Into<String>, from: Origin) -> Self {
        Self {
            value: value.into(),
            from,
        }
    }

    /// Where it is known from, in words.
    pub(super) fn why(&self) -> String {
        match &self.from {
            Origin::Given => "as given".to_owned(),
            Origin::Log(place) => place.clone(),
            Origin::Guess(why) => format!("a guess: {why}"),
        }
    }

    /// The same in a word, for a program.
    pub(super) fn origin(&self) -> &'static str {
        match self.from {
            Origin::Given => "given",
            Origin::Log(_) => "log",
            Origin::Guess(_) => "guess",
        }
    }
}

/// Regions of which there is a price list.
fn regions() -> impl Iterator<Item = &'static str> {
    ModelKind::Prices.models().filter_map(|model| {
        let region = model.name.strip_prefix(PLATFORM)?.strip_prefix('/')?;
        (!region.ends_with(ARM)).then_some(region)
    })
}

/// What is wrong with a region or a runtime that the user gave.
pub(super) fn fault(region: Option<&str>, runtime: Option<&str>) -> Option<String> {
    let mut faults = Vec::new();
    let hint = |near: Option<&str>| {
        near.map_or_else(String::new, |near| format!(": did you mean `{near}`?"))
    };
    if let Some(region) = region.filter(|given| !regions().any(|known| known == *given)) {
        let near = hint(nearest_name(region, regions()));
        let all: Vec<&str> = regions().collect();
        faults.push(format!(
            "error: --region {}: there is no price list of it{near}\n  = help: there are {}; \
             another list can stand in `prices` of the experiment that is written",
            region.escape_debug(),
            all.join(", ")
        ));
    }
    if let Some(runtime) = runtime
        && let Err(near) = config::known_runtime(runtime)
    {
        faults.push(format!(
            "error: --runtime {}: no runtime is known by this name{}\n  = help: billing and \
             snapshots go by it: give it as Lambda does, such as `python3.12` or `java21`",
            runtime.escape_debug(),
            hint(near.as_deref())
        ));
    }
    (!faults.is_empty()).then(|| faults.join("\n"))
}

fn commonest(counts: &Counts) -> Option<&str> {
    let most = counts.iter().max_by_key(|(_, count)| **count);
    most.map(|(name, _)| name.as_str())
}

/// Languages of the runtimes that a log names, such as `java`, in order.
pub(super) fn languages(counted: &Counted) -> Vec<String> {
    let families = counted.runtimes.keys().map(|named| {
        let named = as_frostline(named);
        let end = named.find(|c: char| !c.is_ascii_alphabetic());
        named[..end.unwrap_or(named.len())].to_owned()
    });
    let mut families: Vec<String> = families.filter(|name| !name.is_empty()).collect();
    families.sort_unstable();
    families.dedup();
    families
}

/// The region.
pub(super) fn region(given: Option<&str>, counted: &Counted) -> Known {
    if let Some(region) = given {
        return Known::new(region, Origin::Given);
    }
    let Some(region) = commonest(&counted.regions) else {
        let why = "no line names one; give --region";
        return Known::new(REGION, Origin::Guess(why.to_owned()));
    };
    if regions().any(|known| known == region) {
        let place = "a resource name (ARN) in the log";
        return Known::new(region, Origin::Log(place.to_owned()));
    }
    let why = format!("the log is of {region}, of which there is no price list");
    Known::new(REGION, Origin::Guess(why))
}

/// The runtime as frostline names it; of `(restored, cold)` starts the first are from snapshots.
pub(super) fn runtime(
    given: Option<&str>,
    counted: &Counted,
    (restored, cold): (u64, u64),
    bills: &Bills,
) -> Known {
    if let Some(runtime) = given {
        return Known::new(runtime.trim(), Origin::Given);
    }
    if let Some(named) = commonest(&counted.runtimes) {
        let runtime = as_frostline(named);
        // What is no runtime may be anything, and is not repeated.
        if config::known_runtime(&runtime).is_ok() && !runtime.contains(char::is_control) {
            return Known::new(runtime, Origin::Log("INIT_START".to_owned()));
        }
    }
    let guess = |runtime: &str, why: &str| {
        Known::new(
            runtime,
            Origin::Guess(format!("no line names it; {why}give --runtime")),
        )
    };
    if restored * 2 > cold {
        return guess("java21", "Java, Python and .NET start from snapshots; ");
    }
    let free =
        bills.agree.contains_key(&Rule::InitFree) || bills.agree.contains_key(&Rule::Steps100);
    if free && bills.own_runtime == 0 {
        return guess("python", "inits were free, as those of a managed runtime; ");
    }
    guess(RUNTIME, "")
}

/// `python:3.13.v31` is the thirty-first build of Python 3.13.
fn as_frostline(named: &str) -> String {
    let name = named.rsplit('/').next().unwrap_or(named);
    let mut parts = name.split([':', '-']);
    let family = parts.next().unwrap_or_default();
    let version = parts.next().unwrap_or_default();
    let version = version.split(".v").next().unwrap_or_default();
    let dot = if family == "provided" { "." } else { "" };
    format!("{family}{dot}{version}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(region: &str, runtime: &str) -> Counted {
        let one = |name: &str| Counts::from([(name.to_owned(), 1)]);
        Counted {
            regions: one(region),
            runtimes: one(runtime),
            ..Counted::default()
        }
    }

    #[test]
    fn what_is_given_wins_over_the_log_and_the_log_over_a_guess() {
        let log = counted("eu-west-1", "python:3.12.v77");
        let none = Counted::default();
        for (given, counted, value, origin) in [
            (Some("eu-central-1"), &log, "eu-central-1", "given"),
            (None, &log, "eu-west-1", "log"),
            (None, &none, "us-east-1", "guess"),
            (None, &counted("eu-south-9", "x"), "us-east-1", "guess"),
        ] {
            let known = region(given, counted);
            assert_eq!((known.value.as_str(), known.origin()), (value, origin));
        }
        let bills = Bills::default();
        for (given, counted, restored, value, origin) in [
            (Some("java21"), &log, 0, "java21", "given"),
            (None, &log, 0, "python3.12", "log"),
            (None, &none, 0, "provided.al2023", "guess"),
            (None, &none, 3, "java21", "guess"),
            (
                None,
                &counted("", "pyton\n:1"),
                0,
                "provided.al2023",
                "guess",
            ),
        ] {
            let known = runtime(given, counted, (restored, 4), &bills);
            assert_eq!((known.value.as_str(), known.origin()), (value, origin));
        }
    }

    #[test]
    fn both_slips_are_told_with_what_was_meant() {
        assert_eq!(fault(Some("eu-west-1"), Some("python3.12")), None);
        let told = fault(Some("eu-wst-1"), Some("pyhton3.12")).unwrap();
        assert!(told.contains("did you mean `eu-west-1`?"), "{told}");
        assert!(told.contains("did you mean `python3.12`?"), "{told}");
    }
}
