//! Whether what was billed is what the rule of the day says: rounding in steps of 100 ms until
//! December 2020 and of 1 ms since; the init of a runtime that the platform manages is billed since
//! 2025-08-01, that of an own runtime or an image always.

use super::call::{Call, End, NEVER};

/// 2020-12-01 and 2025-08-01, 00:00 UTC, in nanoseconds since 1970. Accounts followed the first
/// within days.
const MILLISECONDS_FROM: i64 = 1_606_780_800 * 1_000_000_000;
const INIT_BILLED_FROM: i64 = 1_754_006_400 * 1_000_000_000;

/// Around a change of rules either holds.
const CHANGE: i64 = 14 * 86_400 * 1_000_000_000;

/// How a bill came about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Rule {
    /// The run in steps of 100 ms, without the init.
    Steps100,
    /// The run in milliseconds, on a warm instance.
    Warm,
    /// The run in milliseconds; its init is free.
    InitFree,
    /// Run and init together, in milliseconds.
    InitBilled,
    /// Run and the billed part of a restore.
    Restore,
    /// Cut at its timeout: no more than that is billed.
    Timeout,
}

impl Rule {
    /// The rule in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Steps100 => "steps of 100 ms",
            Self::Warm => "1 ms, warm",
            Self::InitFree => "1 ms, init free",
            Self::InitBilled => "1 ms, init billed",
            Self::Restore => "1 ms, with the billed part of a restore",
            Self::Timeout => "cut at the timeout",
        }
    }
}

/// Bills by the rule that explains them, and those that none does.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Bills {
    /// Calls of each rule.
    pub agree: std::collections::BTreeMap<Rule, u64>,
    /// Calls whose bill no rule of their day explains.
    pub disagree: u64,
    /// The first of them: run, start and bill in milliseconds.
    pub first_disagreeing: Option<(f64, f64, f64)>,
    /// Calls without a bill.
    pub without: u64,
    /// Cold calls whose init was billed though a managed one's was free on that day.
    pub(super) own_runtime: u64,
}

impl Bills {
    pub(super) fn see(&mut self, call: &Call) {
        let billed = call.0.billed_ms;
        if billed.is_nan() {
            self.without += 1;
            return;
        }
        if let Some(rule) = rule_of(call) {
            *self.agree.entry(rule).or_default() += 1;
            let before = call.0.at != NEVER && call.0.at < INIT_BILLED_FROM - CHANGE;
            self.own_runtime += u64::from(rule == Rule::InitBilled && before);
        } else {
            self.disagree += 1;
            self.first_disagreeing
                .get_or_insert((call.run_ms(), call.start_ms(), billed));
        }
    }
}

/// A length that was shown in hundredths of a millisecond may be half of one longer.
const SHOWN: i64 = 5_000;

/// Whether a bill is a length in whole steps of so many milliseconds, rounded up: a sum of `parts`
/// lengths, each rounded when it was shown.
fn rounds(billed_ms: f64, nanos: i64, step_ms: i64, parts: i64) -> bool {
    let step = step_ms * 1_000_000;
    let up = |nanos: i64| ((nanos + step - 1) / step * step_ms) as f64;
    [up(nanos), up(nanos + SHOWN * parts)]
        .iter()
        .any(|bill| (billed_ms - bill).abs() < 0.5)
}

/// The rule of its day that explains a bill.
fn rule_of(call: &Call) -> Option<Rule> {
    let at = call.0.at;
    let (billed, run, start) = (call.0.billed_ms, call.0.run, call.0.start.max(0));
    let may_be_old = at == NEVER || at < MILLISECONDS_FROM + CHANGE;
    let may_be_new = at == NEVER || at > MILLISECONDS_FROM - CHANGE;
    let init_may_be_free = at == NEVER || at < INIT_BILLED_FROM + CHANGE;
    if call.0.end == End::Timeout {
        // The timeout is what is billed; the init of it is on top where that is billed at all.
        let most = call.run_ms().ceil() + call.start_ms().ceil() + 1.0;
        return (billed <= most).then_some(Rule::Timeout);
    }
    if may_be_old && rounds(billed, run, 100, 1) {
        return Some(Rule::Steps100);
    }
    if !may_be_new {
        return None;
    }
    if !call.is_cold() {
        // A run of nothing is billed as nothing or as one step.
        let fits = rounds(billed, run, 1, 1) || (run == 0 && billed <= 1.0);
        return fits.then_some(Rule::Warm);
    }
    if call.0.restored {
        let restore = f64::from(call.0.billed_restore_ms);
        let restore = if restore.is_nan() { 0.0 } else { restore };
        // Either part may have been rounded by itself.
        let apart = rounds(billed - restore, run, 1, 1);
        let together = rounds(billed, run + (restore * 1e6) as i64, 1, 2);
        return (apart || together).then_some(Rule::Restore);
    }
    let ceil = |nanos: i64| (nanos + 999_999) / 1_000_000 * 1_000_000;
    if rounds(billed, run + start, 1, 2) || rounds(billed, run + ceil(start), 1, 1) {
        return Some(Rule::InitBilled);
    }
    (init_may_be_free && rounds(billed, run, 1, 1)).then_some(Rule::InitFree)
}

#[cfg(test)]
mod tests {
    use super::super::call::{About, Fact};
    use super::*;

    /// 2018, 2022 and 2026.
    const DAYS: [i64; 3] = [1_530_000_000, 1_650_000_000, 1_780_000_000];

    fn call(year: usize, run_ms: f64, init_ms: Option<f64>, billed_ms: f64) -> Call {
        let nanos = |ms: f64| (ms * 1e6).round() as i64;
        Call(Fact {
            at: DAYS[year] * 1_000_000_000,
            run: nanos(run_ms),
            start: init_ms.map_or(-1, nanos),
            billed_ms,
            ..Fact::new(1, About::Report)
        })
    }

    #[test]
    fn each_era_has_its_own_arithmetic() {
        for (year, run, init, billed, rule) in [
            (0, 1.76, None, 100.0, Some(Rule::Steps100)),
            (0, 100.0, None, 100.0, Some(Rule::Steps100)),
            (0, 100.01, Some(90.0), 200.0, Some(Rule::Steps100)),
            (0, 1.76, None, 2.0, None),
            (1, 1.76, None, 2.0, Some(Rule::Warm)),
            // 58.003 is shown as 58.00.
            (1, 58.0, None, 59.0, Some(Rule::Warm)),
            (1, 58.0, None, 60.0, None),
            (1, 1.76, Some(120.96), 2.0, Some(Rule::InitFree)),
            (1, 30.25, Some(368.75), 399.0, Some(Rule::InitBilled)),
            (2, 1.76, Some(120.96), 123.0, Some(Rule::InitBilled)),
            (2, 1.76, Some(120.96), 2.0, None),
            (2, 1.76, None, 100.0, None),
        ] {
            assert_eq!(
                rule_of(&call(year, run, init, billed)),
                rule,
                "{run} {init:?} {billed}"
            );
        }
    }

    #[test]
    fn restores_and_cut_calls_have_rules_of_their_own() {
        let mut restored = call(2, 147.156, Some(500.795), 201.0);
        restored.0.restored = true;
        restored.0.billed_restore_ms = 53.0;
        assert_eq!(rule_of(&restored), Some(Rule::Restore));
        let mut cut = call(0, 3003.16, Some(127.02), 3000.0);
        cut.0.end = End::Timeout;
        assert_eq!(rule_of(&cut), Some(Rule::Timeout));
        let mut bills = Bills::default();
        bills.see(&call(1, 5.0, None, 50.0));
        bills.see(&call(1, 5.0, None, f64::NAN));
        assert_eq!((bills.disagree, bills.without), (1, 1));
        assert_eq!(bills.first_disagreeing, Some((5.0, 0.0, 50.0)));
    }
}
