//! Plain text in a terminal: how wide it is, how it wraps, and what must not get through.

/// Names come from files, so that a control character could move the cursor or colour the
/// terminal; each becomes a space.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// Columns that the text fills in a terminal; wide letters of East Asia and emoji fill two.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

fn char_width(c: char) -> usize {
    match c as u32 {
        0x300..=0x36F | 0x200B..=0x200F | 0xFE00..=0xFE0F => 0,
        0x1100..=0x115F
        | 0x2E80..=0xA4CF
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1FAFF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

/// Lines of at most `limit` columns, broken at spaces, and inside a word only where it is longer
/// than a line. At least one line, which may be empty.
pub(super) fn wrap(text: &str, limit: usize) -> Vec<String> {
    let limit = limit.max(2);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let needs = width(word);
        if used > 0 && used + 1 + needs <= limit {
            push(&mut lines, " ");
            used += 1;
        } else if used > 0 {
            lines.push(String::new());
            used = 0;
        }
        for c in word.chars() {
            if used + char_width(c) > limit {
                lines.push(String::new());
                used = 0;
            }
            push(&mut lines, c.encode_utf8(&mut [0; 4]));
            used += char_width(c);
        }
    }
    lines
}

fn push(lines: &mut [String], text: &str) {
    if let Some(line) = lines.last_mut() {
        line.push_str(text);
    }
}

/// Rows as lines whose columns begin below each other, two spaces apart.
pub(super) fn aligned<const N: usize>(rows: &[&[String; N]]) -> Vec<String> {
    let widest = |column: usize| rows.iter().map(|row| width(&row[column])).max();
    let widths: Vec<usize> = (0..N).map(|column| widest(column).unwrap_or(0)).collect();
    let line = |row: &&[String; N]| {
        let cells = row.iter().zip(&widths).map(|(cell, widest)| {
            let fill = widest - width(cell);
            format!("{cell}{:fill$}", "")
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_at_spaces_and_only_long_words_inside() {
        assert_eq!(wrap("ping every 5 min", 10), ["ping every", "5 min"]);
        assert_eq!(wrap("abcdefgh ij", 5), ["abcde", "fgh", "ij"]);
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("冷启动 x", 5), ["冷启", "动 x"]);
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[31m\nb"), "a [31m b");
    }
}
