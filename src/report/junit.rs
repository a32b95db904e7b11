//! `junit.xml`: assertions as test cases, for programs that show the tests of a build.
//!
//! A test suite is the experiment, a class a scenario. What does not hold is a failure, what has no
//! value an error. Times are 0, so that the file is the same on every machine.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::goals::{found, subject};
use super::text::printable;
use crate::experiment::{Judged, Results, Standing};

/// The whole document.
///
/// # Errors
/// If it cannot be written, which is a fault of this program.
pub fn render(results: &Results) -> io::Result<String> {
    let cases = &results.assertions;
    let count = |test: fn(Standing) -> bool| {
        let cases = cases.iter().filter(|case| test(case.standing));
        cases.count().to_string()
    };
    let counts = [
        ("tests", cases.len().to_string()),
        (
            "failures",
            count(|s| matches!(s, Standing::Missed | Standing::Unsure)),
        ),
        ("errors", count(|s| s == Standing::NoValue)),
    ];
    let counts = counts.iter().map(|(name, count)| (*name, count.as_str()));
    let name = ("name", &*printable(&results.experiment));
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer
        .create_element("testsuites")
        .with_attributes(counts.clone())
        .write_inner_content(|writer| {
            writer
                .create_element("testsuite")
                .with_attributes(std::iter::once(name).chain(counts))
                .write_inner_content(|writer| {
                    cases.iter().try_for_each(|case| test_case(writer, case))
                })?;
            Ok(())
        })?;
    let mut bytes = writer.into_inner();
    bytes.push(b'\n');
    String::from_utf8(bytes).map_err(io::Error::other)
}

fn test_case(writer: &mut Writer<Vec<u8>>, case: &Judged) -> io::Result<()> {
    let name = printable(&subject(case));
    let class = printable(&case.scenario);
    let element = writer.create_element("testcase").with_attributes([
        ("name", name.as_str()),
        ("classname", class.as_str()),
        ("time", "0"),
    ]);
    let kind = match case.standing {
        Standing::Met => {
            element.write_empty()?;
            return Ok(());
        }
        Standing::Missed | Standing::Unsure => "failure",
        Standing::NoValue => "error",
    };
    let found = found(case);
    element.write_inner_content(|writer| {
        writer
            .create_element(kind)
            .with_attribute(("message", found.as_str()))
            .write_text_content(BytesText::new(&help(case)))?;
        Ok(())
    })?;
    Ok(())
}

fn help(case: &Judged) -> String {
    let metric = case.goal.metric.metric();
    format!("{} ({}): {}", metric.name, metric.help, found(case))
}
