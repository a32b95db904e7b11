//! An SVG document under construction: shapes, text, and how wide text is.

use std::fmt::Write as _;

use super::PAPER;

/// Fonts in order of preference; all are narrower than the widths below or just as wide.
const FONTS: &str = "Inter, 'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif";

/// Advance widths of the printable ASCII letters in hundredths of the font size, of `DejaVu
/// Sans`: the widest of the common sans-serif fonts.
const WIDTHS: [u8; 95] = [
    32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 34, 34, 84, 84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75,
    79, 60, 79, 69, 63, 61, 73, 68, 99, 69, 61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35,
    63, 63, 28, 28, 58, 28, 97, 63, 61, 63, 63, 41, 52, 39, 63, 59, 82, 59, 59, 52, 64, 34, 64, 84,
];

/// Where text stands from its point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How text looks.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Pen {
    pub(super) size: f64,
    pub(super) color: &'static str,
    pub(super) bold: bool,
    pub(super) anchor: Anchor,
    /// A rim in the colour of the paper, so that text over lines stays readable.
    pub(super) rim: bool,
}

impl Pen {
    pub(super) const fn new(size: f64, color: &'static str) -> Self {
        Self {
            size,
            color,
            bold: false,
            anchor: Anchor::Start,
            rim: false,
        }
    }

    pub(super) const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(super) const fn rim(self) -> Self {
        Self { rim: true, ..self }
    }

    pub(super) const fn at(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    /// How wide this text is at most, in pixels.
    pub(super) fn width(self, text: &str) -> f64 {
        let hundredths: u32 = text.chars().map(char_width).sum();
        let stretch = if self.bold { 1.12 } else { 1.0 };
        f64::from(hundredths) / 100.0 * self.size * stretch
    }

    /// The text, or as much of its beginning as fits with an ellipsis.
    pub(super) fn fit(self, text: &str, limit: f64) -> String {
        if self.width(text) <= limit {
            return text.to_owned();
        }
        let kept = self.beginning(text.chars(), limit - self.width("…"));
        format!("{}…", kept.trim_end())
    }

    /// A name, or both its ends around an ellipsis as far as they fit: names that begin alike often
    /// differ at their end.
    pub(super) fn fit_name(self, name: &str, limit: f64) -> String {
        if self.width(name) <= limit {
            return name.to_owned();
        }
        let room = (limit - self.width("…")) / 2.0;
        let end: String = self
            .beginning(name.chars().rev(), room)
            .chars()
            .rev()
            .collect();
        let begin = self.beginning(name.chars(), room);
        format!("{}…{}", begin.trim_end(), end.trim_start())
    }

    /// The first letters that fit.
    fn beginning(self, letters: impl Iterator<Item = char>, room: f64) -> String {
        let mut used = 0.0;
        letters
            .take_while(|c| {
                used += self.width(c.encode_utf8(&mut [0; 4]));
                used <= room
            })
            .collect()
    }

    /// At most `lines` lines of at most `limit` pixels, broken at spaces; the last is cut short.
    pub(super) fn wrap(self, text: &str, limit: f64, lines: usize) -> Vec<String> {
        let mut wrapped: Vec<String> = Vec::new();
        let mut words = text.split_whitespace().peekable();
        while let Some(word) = words.next() {
            let mut line = word.to_owned();
            let last = wrapped.len() + 1 == lines;
            while let Some(next) = words.peek() {
                let longer = format!("{line} {next}");
                if !last && self.width(&longer) > limit {
                    break;
                }
                line = longer;
                words.next();
            }
            wrapped.push(self.fit(&line, limit));
        }
        wrapped
    }
}

fn char_width(c: char) -> u32 {
    let index = (c as u32).wrapping_sub(0x20) as usize;
    match WIDTHS.get(index) {
        Some(width) => u32::from(*width),
        None => match c as u32 {
            0x300..=0x36F => 0,
            // Accented Latin, Greek, Cyrillic: as wide as a wide letter.
            0x80..=0x10FF => 72,
            _ => 105,
        },
    }
}

/// The document: elements in drawing order.
pub(super) struct Canvas {
    width: f64,
    body: String,
}

impl Canvas {
    pub(super) fn new(width: f64) -> Self {
        Self {
            width,
            body: String::new(),
        }
    }

    /// The whole document of this height; `title` is what it shows, for those who cannot see it.
    pub(super) fn finish(self, height: f64, title: &str) -> String {
        let (width, height) = (number(self.width), number(height));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"{FONTS}\" role=\"img\">\n\
             <title>{}</title>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"{PAPER}\"/>\n{}</svg>\n",
            escape(title),
            self.body
        )
    }

    pub(super) fn text(&mut self, x: f64, y: f64, pen: Pen, text: &str) {
        self.push_text(x, y, pen, text, None);
    }

    /// Text that may have been cut short; `whole` shows where the pointer rests on it.
    pub(super) fn text_of(&mut self, x: f64, y: f64, pen: Pen, text: &str, whole: &str) {
        self.push_text(x, y, pen, text, (text != whole).then_some(whole));
    }

    /// Text that runs upwards, centred on its point.
    pub(super) fn text_upwards(&mut self, x: f64, y: f64, pen: Pen, text: &str) {
        let (x, y) = (number(x), number(y));
        let _ = writeln!(
            self.body,
            "<text transform=\"translate({x} {y}) rotate(-90)\" text-anchor=\"middle\" \
             font-size=\"{}\" fill=\"{}\">{}</text>",
            number(pen.size),
            pen.color,
            escape(text)
        );
    }

    fn push_text(&mut self, x: f64, y: f64, pen: Pen, text: &str, whole: Option<&str>) {
        let mut style = String::new();
        match pen.anchor {
            Anchor::Start => {}
            Anchor::Middle => style.push_str(" text-anchor=\"middle\""),
            Anchor::End => style.push_str(" text-anchor=\"end\""),
        }
        if pen.bold {
            style.push_str(" font-weight=\"600\"");
        }
        let place = format!(
            "<text x=\"{}\" y=\"{}\" font-size=\"{}\"{style}",
            number(x),
            number(y),
            number(pen.size)
        );
        let text = escape(text);
        if pen.rim {
            // An element of its own: not every viewer knows `paint-order`, and one that does not
            // paints the rim over its letters.
            let _ = writeln!(
                self.body,
                "{place} fill=\"{PAPER}\" stroke=\"{PAPER}\" stroke-width=\"3\" \
                 stroke-linejoin=\"round\" aria-hidden=\"true\">{text}</text>"
            );
        }
        let tip = whole.map_or_else(String::new, |w| format!("<title>{}</title>", escape(w)));
        let _ = writeln!(
            self.body,
            "{place} fill=\"{}\">{tip}{text}</text>",
            pen.color
        );
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), color: &str, width: f64) {
        let _ = writeln!(
            self.body,
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"{color}\" \
             stroke-width=\"{}\"/>",
            number(from.0),
            number(from.1),
            number(to.0),
            number(to.1),
            number(width)
        );
    }

    /// A rectangle from its upper left corner; nothing where it has no area.
    pub(super) fn rect(&mut self, corner: (f64, f64), size: (f64, f64), fill: &str) {
        if size.0 > 0.0 && size.1 > 0.0 {
            let _ = writeln!(
                self.body,
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{fill}\"/>",
                number(corner.0),
                number(corner.1),
                number(size.0),
                number(size.1)
            );
        }
    }

    /// A disc that tells `tip` where the pointer rests on it.
    pub(super) fn disc(&mut self, at: (f64, f64), radius: f64, fill: &str, tip: &str) {
        let _ = writeln!(
            self.body,
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{fill}\" stroke=\"{PAPER}\" \
             stroke-width=\"1.5\"><title>{}</title></circle>",
            number(at.0),
            number(at.1),
            number(radius),
            escape(tip)
        );
    }

    /// A line through points. `dash` is a pattern of lengths or empty.
    pub(super) fn polyline(&mut self, points: &[(f64, f64)], color: &str, width: f64, dash: &str) {
        if points.len() < 2 {
            return;
        }
        let dash = if dash.is_empty() {
            String::new()
        } else {
            format!(" stroke-dasharray=\"{dash}\"")
        };
        let _ = writeln!(
            self.body,
            "<polyline fill=\"none\" stroke=\"{color}\" stroke-width=\"{}\" \
             stroke-linejoin=\"round\"{dash} points=\"{}\"/>",
            number(width),
            joined(points)
        );
    }

    pub(super) fn polygon(&mut self, points: &[(f64, f64)], fill: &str, opacity: f64) {
        if points.len() < 3 {
            return;
        }
        let _ = writeln!(
            self.body,
            "<polygon fill=\"{fill}\" fill-opacity=\"{}\" points=\"{}\"/>",
            number(opacity),
            joined(points)
        );
    }
}

fn joined(points: &[(f64, f64)]) -> String {
    let pairs: Vec<String> = points
        .iter()
        .map(|(x, y)| format!("{},{}", number(*x), number(*y)))
        .collect();
    pairs.join(" ")
}

/// A coordinate with two decimals at most. What is not finite must have been left out before;
/// here it becomes 0 rather than a file that no viewer opens.
fn number(value: f64) -> String {
    debug_assert!(value.is_finite(), "a coordinate is {value}");
    if !value.is_finite() {
        return "0".to_owned();
    }
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

/// Text for XML 1.0: markup escaped, and the characters that XML does not allow replaced.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                escaped.push('\u{fffd}');
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEN: Pen = Pen::new(10.0, "#000000");

    #[test]
    fn text_is_cut_to_fit_and_wrapped_at_spaces() {
        assert_eq!(PEN.fit("abc", 100.0), "abc");
        let cut = PEN.fit("a long name of a policy", 60.0);
        assert!(cut.ends_with('…') && PEN.width(&cut) <= 60.0, "{cut}");
        let lines = PEN.wrap("is a ping enough or do we pay for more", 80.0, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].ends_with('…'), "{lines:?}");
    }

    #[test]
    fn a_name_keeps_both_ends() {
        assert_eq!(PEN.fit_name("short", 100.0), "short");
        let cut = PEN.fit_name("ping, memory = 512 MB, keep-alive = 10 min", 100.0);
        assert!(cut.starts_with("ping") && cut.ends_with("10 min"), "{cut}");
        assert!(PEN.width(&cut) <= 100.0, "{cut}");
        assert!(PEN.fit_name("冷启动 of a long name", 4.0).contains('…'));
    }

    #[test]
    fn the_rim_of_text_lies_under_its_letters() {
        let mut canvas = Canvas::new(100.0);
        canvas.text(1.0, 2.0, PEN.rim(), "name");
        let (rim, letters) = canvas.body.split_once('\n').unwrap();
        assert!(rim.contains("stroke=") && letters.contains("name"), "{rim}");
        assert!(!letters.contains("stroke"), "{letters}");
    }

    #[test]
    fn markup_and_control_characters_are_harmless() {
        assert_eq!(
            escape("a<b>&\"c\u{1b}\n"),
            "a&lt;b&gt;&amp;&quot;c\u{fffd} "
        );
    }

    #[test]
    fn coordinates_are_short() {
        assert_eq!(number(1.0), "1");
        assert_eq!(number(0.126), "0.13");
        assert_eq!(number(-0.001), "0");
    }
}
