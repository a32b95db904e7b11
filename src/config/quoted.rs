//! Texts as TOML has them, for files that are written.

use std::fmt::Write;

/// A text as TOML has it: in quotes, with what would end or break them escaped.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                // Writing to a text cannot fail.
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_back_as_it_was() {
        for text in ["", "a \"b\" \\ c", "\u{0}\n\t\u{7f}\u{85}", "é𝄞"] {
            let file = format!("text = {}", quoted(text));
            let table: toml::Table = toml::from_str(&file).expect("it is TOML");
            assert_eq!(table["text"].as_str(), Some(text), "{file}");
        }
    }
}
