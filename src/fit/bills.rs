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

/// Whether two bills are the same: they are whole milliseconds.
fn is(billed: f64, other: f64) -> bool {
    (billed - other).abs() < 0.5
}

/// The rule of its day that explains a bill.
fn rule_of(call: &Call) -> Option<Rule> {
    let at = call.0.at;
    let (billed, run, start) = (call.0.billed_ms, call.run_ms(), call.start_ms());
    let may_be_old = at == NEVER || at < MILLISECONDS_FROM + CHANGE;
    let may_be_new = at == NEVER || at > MILLISECONDS_FROM - CHANGE;
    let init_may_be_free = at == NEVER || at < INIT_BILLED_FROM + CHANGE;
    if call.0.end == End::Timeout {
        // The timeout is what is billed; the init of it is on top where that is billed at all.
        let cut = billed <= run.ceil() + start.ceil() + 1.0;
        return cut.then_some(Rule::Timeout);
    }
    if may_be_old && is(billed, (run / 100.0).ceil() * 100.0) {
        return Some(Rule::Steps100);
    }
    if !may_be_new {
        return None;
    }
    if call.is_cold() && call.0.restored {
        let restore = f64::from(call.0.billed_restore_ms);
        let restore = if restore.is_nan() { 0.0 } else { restore };
        // Either part may have been rounded by itself.
        let apart = run.ceil() + restore.ceil();
        let fits = is(billed, apart) || is(billed, (run + restore).ceil());
        return fits.then_some(Rule::Restore);
    }
    if !call.is_cold() {
        // A run of nothing is billed as nothing or as one step.
        return (is(billed, run.ceil()) || (run == 0.0 && billed <= 1.0)).then_some(Rule::Warm);
    }
    let together = is(billed, (run + start).ceil()) || is(billed, run.ceil() + start.ceil());
    if together {
        return Some(Rule::InitBilled);
    }
    (init_may_be_free && is(billed, run.ceil())).then_some(Rule::InitFree)
}
