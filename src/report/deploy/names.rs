//! Names that Lambda, Terraform and CloudFormation take, each of one function only.

use std::collections::{BTreeMap, BTreeSet};

/// Characters of a function's name on Lambda (docs.aws.amazon.com, lambda, `CreateFunction`, 2026).
const MOST: usize = 64;

/// The names of one function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Names {
    pub(super) lambda: String,
    pub(super) label: String,
    pub(super) id: String,
}

/// Names for functions with these names, in order. One that Lambda takes stays as it is.
pub(super) fn names(given: &[&str]) -> Vec<Names> {
    let mut lambda = Unique::default();
    let valid: BTreeSet<&str> = given
        .iter()
        .copied()
        .filter(|name| is_valid(name))
        .collect();
    lambda
        .taken
        .extend(valid.iter().map(|name| name.to_ascii_lowercase()));
    let (mut labels, mut ids) = (Unique::default(), Unique::default());
    let mut kept: BTreeSet<&str> = BTreeSet::new();
    let names = given.iter().map(|&name| {
        let words = words(name);
        let small: Vec<String> = words.iter().map(|word| word.to_ascii_lowercase()).collect();
        let large: Vec<String> = words.iter().map(|word| capital(word)).collect();
        Names {
            lambda: if valid.contains(name) && kept.insert(name) {
                name.to_owned()
            } else {
                lambda.take(&made_valid(name), "-")
            },
            label: labels.take(&begun("f_", small.join("_"), "function"), "_"),
            id: ids.take(&begun("F", large.concat(), "Unnamed"), ""),
        }
    });
    names.collect()
}

fn is_valid(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !name.is_empty() && name.len() <= MOST && name.chars().all(allowed)
}

fn made_valid(name: &str) -> String {
    let parts = name.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    let mut made = parts.join("-");
    if made.is_empty() {
        "function".clone_into(&mut made);
    }
    made.truncate(MOST);
    made
}

/// What the pinger of a function with this name is called: two deployments of one account have two.
pub(super) fn pinger_name(function: &str) -> String {
    const END: &str = "-pinger";
    let mut name = made_valid(function);
    name.truncate(MOST - END.len());
    name + END
}

/// The letters and digits of a name, at most as many as a name on Lambda has.
fn words(name: &str) -> Vec<&str> {
    let mut left = MOST;
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty()).map_while(|word| {
        let word = &word[..word.len().min(left)];
        left -= word.len();
        (!word.is_empty()).then_some(word)
    });
    words.collect()
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_ascii_uppercase() + rest
}

/// A name that begins with a letter.
fn begun(before: &str, name: String, without: &str) -> String {
    match name.as_bytes().first() {
        None => without.to_owned(),
        Some(first) if first.is_ascii_digit() => before.to_owned() + &name,
        Some(_) => name,
    }
}

/// Names of which none is given twice, whatever their case.
#[derive(Default)]
struct Unique {
    taken: BTreeSet<String>,
    /// The last number that was put behind a name.
    last: BTreeMap<String, u64>,
}

impl Unique {
    fn take(&mut self, name: &str, between: &str) -> String {
        if self.taken.insert(name.to_ascii_lowercase()) {
            return name.to_owned();
        }
        let last = self.last.entry(name.to_owned()).or_insert(1);
        loop {
            *last += 1;
            let number = format!("{between}{last}");
            let room = MOST.saturating_sub(number.len()).min(name.len());
            let numbered = format!("{}{number}", &name[..room]);
            if self.taken.insert(numbered.to_ascii_lowercase()) {
                return numbered;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(given: &[&str]) -> Vec<(String, String, String)> {
        let names = names(given).into_iter();
        names.map(|n| (n.lambda, n.label, n.id)).collect()
    }

    fn triple(lambda: &str, label: &str, id: &str) -> (String, String, String) {
        (lambda.to_owned(), label.to_owned(), id.to_owned())
    }

    #[test]
    fn names_that_lambda_takes_stay_and_others_make_room_for_them() {
        assert_eq!(
            of(&["a b", "a-b", "A-b", "checkoutApi", "1st"]),
            [
                triple("a-b-2", "a_b", "AB"),
                triple("a-b", "a_b_2", "AB2"),
                triple("A-b", "a_b_3", "AB3"),
                triple("checkoutApi", "checkoutapi", "CheckoutApi"),
                triple("1st", "f_1st", "F1st"),
            ]
        );
    }

    #[test]
    fn a_name_of_nothing_usable_or_too_long_still_has_names_of_its_own() {
        let long = "x".repeat(200);
        let cut = "x".repeat(64);
        let given = of(&["", "日本", "\n\"${}%{}", &long, &cut]);
        assert_eq!(given[0], triple("function", "function", "Unnamed"));
        assert_eq!(given[1], triple("function-2", "function_2", "Unnamed2"));
        assert_eq!(given[2], triple("function-3", "function_3", "Unnamed3"));
        assert_eq!(given[3].0, format!("{}-2", "x".repeat(62)));
        assert_eq!(given[4].0, cut);
    }

    #[test]
    fn a_pinger_is_called_after_its_function_in_as_many_letters_as_there_may_be() {
        assert_eq!(pinger_name("orders"), "orders-pinger");
        assert_eq!(pinger_name("日本"), "function-pinger");
        let long = pinger_name(&"x".repeat(64));
        assert_eq!(long, format!("{}-pinger", "x".repeat(57)));
    }
}
