//! Numbers as files and people read them.

/// A number with four digits that count, without zeros at its end.
pub(super) fn short(number: f64) -> String {
    digits(number, 4)
}

/// A number with so many digits that count.
pub(super) fn digits(number: f64, count: i32) -> String {
    if number == 0.0 || !number.is_finite() {
        return if number == 0.0 {
            "0".to_owned()
        } else {
            "–".to_owned()
        };
    }
    let places = (count - 1 - number.abs().log10().floor() as i32).clamp(0, 9) as usize;
    let text = format!("{number:.places$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A length in milliseconds, with its unit: six digits that count.
pub(super) fn ms(length: f64) -> String {
    format!("{} ms", digits(length.max(0.0), 6))
}

/// A length in seconds in the unit that it fills, for a person.
pub(super) fn span(seconds: f64) -> String {
    let (number, unit) = match seconds {
        s if s < 120.0 => (s, "s"),
        s if s < 7_200.0 => (s / 60.0, "min"),
        s if s < 172_800.0 => (s / 3_600.0, "h"),
        s => (s / 86_400.0, "days"),
    };
    format!("{} {unit}", short(number))
}

/// A count with its thousands apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share in percent.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", digits(share * 100.0, 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(short(1234.567), "1235");
        assert_eq!(short(0.012_345_6), "0.01235");
        assert_eq!(short(100.0), "100");
        assert_eq!(short(0.0), "0");
        assert_eq!(ms(1837.96), "1837.96 ms");
        assert_eq!(span(640.0), "10.67 min");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(percent(0.123_45), "12.3 %");
    }
}
