//! `JUnit` XML, for programs that show the tests of a build: `junit.xml` with what a run asserts.
//!
//! What does not hold is a failure, what has no value an error. Times are 0, so that the file is
//! the same on every machine.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::goals::{found, subject};
use super::text::printable;
use crate::experiment::{Judged, Results, Standing};

/// A test case.
pub(super) struct Case {
    pub(super) name: String,
    /// What it belongs to: a scenario.
    pub(super) class: String,
    /// Why it has not passed.
    pub(super) fault: Option<CaseFault>,
}

/// Why a test case has not passed.
pub(super) struct CaseFault {
    /// `failure` or `error`.
    pub(super) kind: &'static str,
    pub(super) message: String,
    pub(super) text: String,
}

/// What a run asserts: a suite is the experiment, a class a scenario. That a scenario meets the
/// objectives is a case of its own.
///
/// # Errors
/// If it cannot be written, which is a fault of this program.
pub fn render(results: &Results) -> io::Result<String> {
    let cases = results.assertions.iter().map(case);
    let cases: Vec<Case> = cases.chain(objectives(results)).collect();
    suite(&results.experiment, &cases)
}

/// Whether a scenario meets every objective; which does not, where none does.
fn objectives(results: &Results) -> Option<Case> {
    let best = results.best_standing()?;
    let unmet = || {
        let unmet = results.slo.iter().filter(|j| j.standing != Standing::Met);
        let each = unmet.map(|j| format!("{}: {}: {}", j.scenario, subject(j), found(j)));
        each.collect::<Vec<_>>().join("\n")
    };
    let fault = |message: &str| CaseFault {
        kind: "failure",
        message: message.to_owned(),
        text: unmet(),
    };
    Some(Case {
        name: "a scenario meets [slo]".to_owned(),
        class: results.experiment.clone(),
        fault: match best {
            Standing::Met => None,
            Standing::Unsure => Some(fault("none is sure to: more replications would tell")),
            Standing::Missed | Standing::NoValue => Some(fault("none does")),
        },
    })
}

fn case(judged: &Judged) -> Case {
    let kind = match judged.standing {
        Standing::Met => None,
        Standing::Missed | Standing::Unsure => Some("failure"),
        Standing::NoValue => Some("error"),
    };
    let metric = judged.goal.metric.metric();
    Case {
        name: subject(judged),
        class: judged.scenario.clone(),
        fault: kind.map(|kind| CaseFault {
            kind,
            message: found(judged),
            text: format!("{} ({}): {}", metric.name, metric.help, found(judged)),
        }),
    }
}

/// The whole document with one suite.
pub(super) fn suite(name: &str, cases: &[Case]) -> io::Result<String> {
    let count = |kind| {
        let faults = cases.iter().filter_map(|case| case.fault.as_ref());
        faults
            .filter(|fault| fault.kind == kind)
            .count()
            .to_string()
    };
    let counts = [
        ("tests", cases.len().to_string()),
        ("failures", count("failure")),
        ("errors", count("error")),
    ];
    let counts = counts.iter().map(|(name, count)| (*name, count.as_str()));
    let name = printable(name);
    let named = std::iter::once(("name", name.as_str())).chain(counts.clone());
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let suites = writer.create_element("testsuites").with_attributes(counts);
    suites.write_inner_content(|writer| {
        let suite = writer.create_element("testsuite").with_attributes(named);
        suite.write_inner_content(|writer| {
            cases.iter().try_for_each(|case| test_case(writer, case))
        })?;
        Ok(())
    })?;
    let mut bytes = writer.into_inner();
    bytes.push(b'\n');
    String::from_utf8(bytes).map_err(io::Error::other)
}

fn test_case(writer: &mut Writer<Vec<u8>>, case: &Case) -> io::Result<()> {
    let (name, class) = (printable(&case.name), printable(&case.class));
    let element = writer.create_element("testcase").with_attributes([
        ("name", name.as_str()),
        ("classname", class.as_str()),
        ("time", "0"),
    ]);
    let Some(fault) = &case.fault else {
        element.write_empty()?;
        return Ok(());
    };
    element.write_inner_content(|writer| {
        let message = printable(&fault.message);
        writer
            .create_element(fault.kind)
            .with_attribute(("message", message.as_str()))
            .write_text_content(BytesText::new(&printable(&fault.text)))?;
        Ok(())
    })?;
    Ok(())
}
