//! Writes plain YAML: block style, every text that could be read as anything else in quotes.

use std::fmt::Write as _;

/// A value.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Node {
    Map(Vec<Entry>),
    List(Vec<Node>),
    Text(String),
    /// A text of lines, each of which ends.
    Lines(String),
    /// A number or a truth value, as it is written.
    Plain(String),
}

/// A key with its value, and the comments before it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Entry {
    pub(super) comments: Vec<String>,
    pub(super) key: String,
    pub(super) value: Node,
}

/// A key with its value.
pub(super) fn entry(key: impl Into<String>, value: impl Into<Node>) -> Entry {
    Entry {
        comments: Vec::new(),
        key: key.into(),
        value: value.into(),
    }
}

/// A map.
pub(super) fn map(entries: impl IntoIterator<Item = Entry>) -> Node {
    Node::Map(entries.into_iter().collect())
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Node {
    fn from(number: u64) -> Self {
        Self::Plain(number.to_string())
    }
}

impl From<u32> for Node {
    fn from(number: u32) -> Self {
        Self::Plain(number.to_string())
    }
}

impl From<f64> for Node {
    fn from(number: f64) -> Self {
        Self::Plain(number.to_string())
    }
}

impl From<bool> for Node {
    fn from(truth: bool) -> Self {
        Self::Plain(truth.to_string())
    }
}

impl From<Vec<Node>> for Node {
    fn from(list: Vec<Node>) -> Self {
        Self::List(list)
    }
}

/// A document; entries at its top are set apart by empty lines.
pub(super) fn document(head: &[String], entries: &[Entry]) -> String {
    let mut text = String::new();
    for line in head {
        text.push_str(line);
        text.push('\n');
    }
    for entry in entries {
        text.push('\n');
        write_entry(&mut text, 0, entry);
    }
    text
}

fn write_entry(text: &mut String, depth: usize, entry: &Entry) {
    let indent = 2 * depth;
    for comment in &entry.comments {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{:indent$}{comment}", "");
    }
    let _ = write!(text, "{:indent$}{}:", "", scalar(&entry.key));
    write_value(text, depth + 1, &entry.value);
}

/// What stands behind a key, in its line or below.
fn write_value(text: &mut String, depth: usize, value: &Node) {
    let indent = 2 * depth;
    match value {
        Node::Text(value) => text.extend([" ", &scalar(value), "\n"]),
        Node::Plain(value) => text.extend([" ", value, "\n"]),
        Node::Lines(lines) => {
            text.push_str(" |\n");
            for line in lines.lines() {
                let indent = if line.is_empty() { 0 } else { indent };
                // Writing to a text cannot fail.
                let _ = writeln!(text, "{:indent$}{line}", "");
            }
        }
        Node::Map(entries) if entries.is_empty() => text.push_str(" {}\n"),
        Node::List(values) if values.is_empty() => text.push_str(" []\n"),
        Node::Map(entries) => {
            text.push('\n');
            for entry in entries {
                write_entry(text, depth, entry);
            }
        }
        Node::List(values) => {
            text.push('\n');
            for value in values {
                let _ = write!(text, "{:indent$}-", "");
                write_item(text, depth, value);
            }
        }
    }
}

/// What stands behind the dash of a list: the first entry of a map in its line.
fn write_item(text: &mut String, depth: usize, value: &Node) {
    let Node::Map(entries) = value else {
        write_value(text, depth + 1, value);
        return;
    };
    let mut inner = String::new();
    for entry in entries {
        write_entry(&mut inner, depth + 1, entry);
    }
    text.push(' ');
    text.push_str(if inner.is_empty() {
        "{}\n"
    } else {
        inner.trim_start()
    });
}

/// A text, in quotes unless it can be nothing but a text in YAML 1.1 and 1.2.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:".contains(c);
    let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    if text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(plain)
        && !text.ends_with(':')
        && !words.iter().any(|word| text.eq_ignore_ascii_case(word))
    {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            ' '..='~' | '\u{A0}'..='\u{2027}' | '\u{2030}'..='\u{D7FF}' => quoted.push(c),
            c => {
                let _ = write!(quoted, "\\U{:08X}", c as u32);
            }
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_and_lists_stand_in_blocks() {
        let list = vec![
            map([entry("a", 1_u32), entry("b", map([entry("c", "d")]))]),
            "e".into(),
            map([]),
            map([entry("f", Node::Lines("g:\n\n  h\n".to_owned()))]),
        ];
        let mut first = entry("list", list);
        first.comments.push("# why".to_owned());
        let text = document(&["# head".to_owned()], &[first, entry("none", map([]))]);
        let expected = "# head\n\n# why\nlist:\n  - a: 1\n    b:\n      c: d\n  - e\n  - {}\n  - f: |\n      g:\n\n        h\n\nnone: {}\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_is_not_surely_a_text_has_quotes() {
        for (text, expected) in [
            ("AWS::Serverless::Function", "AWS::Serverless::Function"),
            ("build/a-1.zip", "build/a-1.zip"),
            ("2010-09-09", "\"2010-09-09\""),
            ("No", "\"No\""),
            ("a: b", "\"a: b\""),
            ("a:", "\"a:\""),
            ("", "\"\""),
            ("rate(5 minutes)", "\"rate(5 minutes)\""),
            (
                "\"\\\n\u{2028}\u{7f}é",
                "\"\\\"\\\\\\U0000000A\\U00002028\\U0000007Fé\"",
            ),
        ] {
            assert_eq!(scalar(text), expected, "{text}");
        }
    }
}
