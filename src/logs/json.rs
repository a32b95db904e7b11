//! Where a JSON document ends: found without holding more than the document.

/// Deepest nesting that is followed.
const DEEPEST: u32 = 127;

/// What a scan has found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Scanned {
    /// The document ends before this byte.
    Complete(usize),
    /// It goes on.
    More,
    /// This is no JSON.
    Broken,
}

/// Follows one document from its first byte, piece by piece.
///
/// It knows enough of the grammar to see at once that a document was cut and another begins: no
/// value follows another without a comma, a key is a text, a text holds no end of line.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    /// Bytes that were seen.
    seen: usize,
    depth: u32,
    /// One bit a level, the innermost lowest: 1 is an object.
    objects: u128,
    in_text: bool,
    escaped: bool,
    last: Last,
}

/// What stood before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Last {
    /// Nothing, or an opening bracket.
    #[default]
    Open,
    Comma,
    Colon,
    /// The end of a value or key, or the inside of a number or word.
    Value,
}

impl Scanner {
    /// Looks at what is new in `document`, all of it so far.
    pub(super) fn scan(&mut self, document: &[u8]) -> Scanned {
        while self.seen < document.len() {
            if self.in_text {
                if !self.text(document) {
                    return Scanned::Broken;
                }
                continue;
            }
            let byte = document[self.seen];
            self.seen += 1;
            let sound = match byte {
                b' ' | b'\t' | b'\r' | b'\n' => true,
                b'"' => {
                    self.in_text = true;
                    std::mem::replace(&mut self.last, Last::Value) != Last::Value
                }
                b'{' | b'[' => self.open(byte == b'{'),
                b'}' | b']' => {
                    let sound = self.close(byte == b'}');
                    if sound && self.depth == 0 {
                        return Scanned::Complete(self.seen);
                    }
                    sound
                }
                b',' => std::mem::replace(&mut self.last, Last::Comma) == Last::Value,
                b':' => {
                    let after_key = std::mem::replace(&mut self.last, Last::Colon);
                    after_key == Last::Value && self.in_object()
                }
                b'0'..=b'9' | b'-' | b'+' | b'.' | b'a'..=b'z' | b'E' => {
                    self.last = Last::Value;
                    true
                }
                _ => false,
            };
            if !sound {
                return Scanned::Broken;
            }
        }
        Scanned::More
    }

    /// Goes on to the end of a text, or of what there is; false at an end of line.
    fn text(&mut self, document: &[u8]) -> bool {
        if std::mem::take(&mut self.escaped) {
            self.seen += 1;
            return true;
        }
        let rest = &document[self.seen..];
        match memchr::memchr3(b'"', b'\\', b'\n', rest) {
            None => self.seen = document.len(),
            Some(at) => {
                self.seen += at + 1;
                match rest[at] {
                    b'"' => self.in_text = false,
                    b'\\' => self.escaped = true,
                    _ => return false,
                }
            }
        }
        true
    }

    fn in_object(&self) -> bool {
        self.objects & 1 == 1
    }

    fn open(&mut self, object: bool) -> bool {
        let expected = self.depth == 0
            || self.last == Last::Colon
            || (!self.in_object() && self.last != Last::Value);
        self.depth += 1;
        self.objects = (self.objects << 1) | u128::from(object);
        self.last = Last::Open;
        expected && self.depth <= DEEPEST
    }

    fn close(&mut self, object: bool) -> bool {
        let matches = self.depth > 0 && self.in_object() == object;
        let expected = matches!(self.last, Last::Open | Last::Value);
        self.depth = self.depth.saturating_sub(1);
        self.objects >>= 1;
        self.last = Last::Value;
        matches && expected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Scanned {
        Scanner::default().scan(text.as_bytes())
    }

    #[test]
    fn the_end_is_found_whatever_the_pieces() {
        let text = r#"{"a":[1,{"b":"}\"]\\"},null,-1.5e3,true],"c":{},"d":[]} {"next":1}"#;
        let end = text.find(" {").unwrap();
        assert_eq!(whole(text), Scanned::Complete(end));
        for cut in 0..end {
            let mut scanner = Scanner::default();
            assert_eq!(
                scanner.scan(&text.as_bytes()[..cut]),
                Scanned::More,
                "{cut}"
            );
            assert_eq!(
                scanner.scan(text.as_bytes()),
                Scanned::Complete(end),
                "{cut}"
            );
        }
    }

    #[test]
    fn a_cut_document_is_known_by_what_follows() {
        for text in [
            "{\"time\":\"2026\",\n{\"time\":\"2026\"}",
            "{\"time\":\"20\n{\"time\":\"2026\"}",
            "{\"a\":1\n{\"b\":2}",
            "{\"a\":{\"b\":[1,2\n{\"b\":2}",
            "{\"a\":\n{\"b\":2}\n{\"c\":3}",
            "[1 {\"b\":2}]",
            "{]",
            "{\"a\":1]",
        ] {
            assert_eq!(whole(text), Scanned::Broken, "{text}");
        }
        let deep = "[".repeat(1000);
        assert_eq!(whole(&deep), Scanned::Broken);
    }
}
