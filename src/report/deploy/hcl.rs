//! Writes the language of Terraform, laid out as `terraform fmt` does.

use std::fmt::Write as _;

/// A file that grows line by line.
#[derive(Default)]
pub(super) struct Hcl {
    text: String,
    depth: usize,
    /// Attributes in a row, whose signs are put below one another.
    row: Vec<(String, String)>,
}

impl Hcl {
    /// A comment, with its sign.
    pub(super) fn comment(&mut self, line: &str) {
        self.line(line);
    }

    /// An attribute with an expression.
    pub(super) fn set(&mut self, name: &str, expression: impl Into<String>) {
        self.row.push((name.to_owned(), expression.into()));
    }

    /// An attribute with a text.
    pub(super) fn set_text(&mut self, name: &str, text: &str) {
        self.set(name, quoted(text));
    }

    /// An attribute with a text of lines, in a row of its own. The lines are none that end such a
    /// text, and have no `${`.
    pub(super) fn set_lines(&mut self, name: &str, lines: &str) {
        self.line(&format!("{name} = <<-EOT"));
        self.depth += 1;
        for line in lines.lines() {
            self.line(line);
        }
        self.depth -= 1;
        self.line("EOT");
    }

    /// What stands before a brace, and what stands in it.
    pub(super) fn block(&mut self, before: &str, within: impl FnOnce(&mut Self)) {
        self.line(&format!("{before} {{"));
        self.depth += 1;
        within(self);
        self.flush();
        self.depth -= 1;
        self.line("}");
    }

    /// A resource after a gap.
    pub(super) fn resource(&mut self, kind: &str, label: &str, within: impl FnOnce(&mut Self)) {
        self.gap();
        self.block(&format!("resource \"{kind}\" \"{label}\""), within);
    }

    /// An empty line.
    pub(super) fn gap(&mut self) {
        self.line("");
    }

    pub(super) fn finish(mut self) -> String {
        self.flush();
        self.text
    }

    fn line(&mut self, line: &str) {
        self.flush();
        self.indented(line);
    }

    fn indented(&mut self, line: &str) {
        let indent = if line.is_empty() { 0 } else { 2 * self.depth };
        // Writing to a text cannot fail.
        let _ = writeln!(self.text, "{:indent$}{line}", "");
    }

    fn flush(&mut self) {
        let row = std::mem::take(&mut self.row);
        let width = row.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, expression) in row {
            self.indented(&format!("{name:width$} = {expression}"));
        }
    }
}

/// A text in quotes that is taken as it stands.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '$' | '%' if chars.peek() == Some(&'{') => quoted.extend([c, c]),
            c if c.is_control() => {
                // Writing to a text cannot fail.
                let _ = write!(quoted, "\\u{:04X}", c as u32);
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_taken_as_they_stand() {
        let quoted = quoted("a \"b\" \\ ${c} %{d} $e 5% \n");
        assert_eq!(quoted, r#""a \"b\" \\ $${c} %%{d} $e 5% \u000A""#);
    }

    #[test]
    fn signs_of_attributes_in_a_row_stand_below_one_another() {
        let mut hcl = Hcl::default();
        hcl.block("terraform", |hcl| {
            hcl.set_text("a", "b");
            hcl.set("longer", "1");
            hcl.block("c", |hcl| hcl.set("d", "2"));
        });
        let expected = "terraform {\n  a      = \"b\"\n  longer = 1\n  c {\n    d = 2\n  }\n}\n";
        assert_eq!(hcl.finish(), expected);
    }
}
