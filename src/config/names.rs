//! Names: the nearest of several, and lists for a person.

use super::diagnostic::Fault;
use super::source::Place;

/// The name that was probably meant, if one is near enough.
pub(crate) fn nearest<'a>(
    typed: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let lower = typed.to_lowercase();
    names
        .into_iter()
        .map(|name| {
            let near = strsim::jaro_winkler(&lower, &name.to_lowercase());
            let edits = strsim::damerau_levenshtein(&lower, &name.to_lowercase());
            let within = edits * 3 <= name.chars().count();
            (if within { near + 1.0 } else { near }, name)
        })
        .filter(|(near, _)| *near >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// The name of several that was probably meant by one that is none of them.
pub fn nearest_name<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    nearest(typed, names)
}

/// "did you mean `x`?", or nothing.
pub(crate) fn did_you_mean<'a>(
    typed: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(typed, names).map(|name| format!("did you mean `{name}`?"))
}

/// A name that no terminal shows, or worse, one that it obeys.
pub(crate) fn control_character(what: &str, place: Place) -> Fault {
    Fault::new(format!("the name of {what} has a control character")).at(place)
}

/// `a`, `b` and `c`; a long list ends with how many there are besides.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 30;
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    if names.len() > SHOWN {
        let rest = names.len() - SHOWN;
        return format!("{} and {rest} more", names[..SHOWN].join(", "));
    }
    match names.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_or_none() {
        let names = ["memory", "timeout", "service"];
        assert_eq!(nearest("memroy", names), Some("memory"));
        assert_eq!(nearest("Timeout", names), Some("timeout"));
        assert_eq!(nearest("colour", names), None);
        assert_eq!(nearest("", names), None);
    }
}
