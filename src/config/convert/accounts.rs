//! Accounts: the limits of each, who is in it, and whether reservations leave what they must.

use std::collections::BTreeSet;

use crate::config::decode::{Given, OrNone};
use crate::config::diagnostic::Fault;
use crate::config::names::{did_you_mean, list};
use crate::config::source::Place;
use crate::config::typed::experiment::{AccountEntry, Tables};
use crate::config::typed::platform::{PlatformFile, ScalingRate};
use crate::config::typed::{Key, over_inner, value};
use crate::model::{AccountLimits, DEFAULT_ACCOUNT};

use super::Context;
use super::function::FunctionFacts;
use super::platform::{PlatformFacts, limit};

/// The account of the platform's own keys, of which others take what they leave out.
pub(super) struct DefaultAccount {
    pub(super) limits: AccountLimits,
    /// Requests a second for each unit of the quota.
    pub(super) requests_per_concurrency: Option<u32>,
    /// The scaling rate as typed.
    scaling_rate: Key<OrNone<ScalingRate>>,
}

impl Context {
    /// The account of the platform's own keys.
    pub(super) fn default_account(
        &self,
        keys: &PlatformFile,
        scaling_rate: Key<OrNone<ScalingRate>>,
    ) -> DefaultAccount {
        let quota = limit(&keys.concurrency_quota).map(|quota| quota.0);
        let minimum = limit(&keys.unreserved_minimum).map_or(0, |minimum| minimum.0);
        let place = keys.unreserved_minimum.as_ref().map(|key| key.place);
        self.minimum_within(minimum, quota, place);
        let a_unit = limit(&keys.requests_per_concurrency).map(|count| count.0);
        let requests_per_second = match value(&keys.requests_per_second) {
            Some(_) => limit(&keys.requests_per_second).map(|rate| rate.0),
            None => requests_of(quota, a_unit),
        };
        DefaultAccount {
            limits: AccountLimits {
                name: DEFAULT_ACCOUNT.to_owned(),
                concurrency_quota: quota,
                unreserved_minimum: minimum,
                requests_per_second,
                scaling_rate: self.scaling_rate(&scaling_rate),
            },
            requests_per_concurrency: a_unit,
            scaling_rate,
        }
    }

    fn minimum_within(&self, minimum: u32, quota: Option<u32>, place: Option<Place>) {
        if let (Some(quota), Some(place)) = (quota, place)
            && minimum > quota
        {
            let title = format!("`unreserved-minimum` ({minimum}) is above the quota ({quota})");
            self.fault(Fault::new(title).at(place));
        }
    }

    /// The further accounts, with where their quotas were typed.
    pub(super) fn accounts(
        &self,
        tables: &Key<Tables<AccountEntry>>,
        platform: &DefaultAccount,
    ) -> Vec<(AccountLimits, Option<Place>)> {
        let tables = value(tables).map_or(&[][..], |tables| tables.0.as_slice());
        let named = tables
            .iter()
            .filter_map(|table| Some((table.place, &table.get()?.name)));
        self.unique("account", named);
        let mut accounts = Vec::new();
        for entry in tables.iter().filter_map(Given::get) {
            let Some(name) = value(&entry.name) else {
                continue;
            };
            if let (DEFAULT_ACCOUNT, Some(key)) = (name.as_str(), &entry.name) {
                let title = "the account `default` is that of functions that name none";
                let note =
                    "its limits are those of the platform: change them in [platform-override]";
                self.fault(Fault::new(title).at(key.place).note(note));
            }
            accounts.push(self.account_limits(name, entry, platform));
        }
        accounts
    }

    fn account_limits(
        &self,
        name: &str,
        entry: &AccountEntry,
        platform: &DefaultAccount,
    ) -> (AccountLimits, Option<Place>) {
        let own_quota = value(&entry.concurrency_quota);
        let quota = match own_quota {
            Some(_) => limit(&entry.concurrency_quota).map(|quota| quota.0),
            None => platform.limits.concurrency_quota,
        };
        let minimum = match value(&entry.unreserved_minimum) {
            Some(_) => limit(&entry.unreserved_minimum).map_or(0, |minimum| minimum.0),
            None => platform.limits.unreserved_minimum,
        };
        let minimum_place = entry.unreserved_minimum.as_ref().map(|key| key.place);
        let quota_place = entry.concurrency_quota.as_ref().map(|key| key.place);
        self.minimum_within(minimum, quota, minimum_place.or(quota_place));
        let requests_per_second = match (&entry.requests_per_second, own_quota) {
            (Some(_), _) => limit(&entry.requests_per_second).map(|rate| rate.0),
            (None, Some(_)) if platform.requests_per_concurrency.is_some() => {
                requests_of(quota, platform.requests_per_concurrency)
            }
            (None, _) => platform.limits.requests_per_second,
        };
        let rate = over_inner(entry.scaling_rate.clone(), platform.scaling_rate.clone());
        let scaling_rate = match &entry.scaling_rate {
            Some(_) => self.scaling_rate(&rate),
            None => platform.limits.scaling_rate,
        };
        let limits = AccountLimits {
            name: name.to_owned(),
            concurrency_quota: quota,
            unreserved_minimum: minimum,
            requests_per_second,
            scaling_rate,
        };
        (
            limits,
            entry.concurrency_quota.as_ref().map(|key| key.place),
        )
    }

    /// The number of the account that a function names.
    pub(super) fn account_number(&self, key: &Key<String>, platform: &PlatformFacts) -> u32 {
        let (Some(given), Some(name)) = (key, value(key)) else {
            return 0;
        };
        if name == DEFAULT_ACCOUNT {
            return 0;
        }
        let names = || platform.platform.accounts.iter().map(|a| a.name.as_str());
        if let Some(place) = names().position(|known| known == name) {
            return place as u32 + 1;
        }
        let mut fault = Fault::new(format!("no account is named `{name}`")).at(given.place);
        let known: BTreeSet<&str> = names().chain([DEFAULT_ACCOUNT]).collect();
        if let Some(hint) = did_you_mean(name, known.iter().copied()) {
            fault = fault.note(hint);
        }
        let known = format!("named: {}", list(known.iter().copied()));
        self.fault(
            fault
                .note(known)
                .note("each but the default has an [[account]] table"),
        );
        0
    }

    /// Reservations leave the unreserved minimum of their account.
    pub(super) fn reservations(&self, functions: &[FunctionFacts], platform: &PlatformFacts) {
        for number in 0..=platform.platform.accounts.len() as u32 {
            self.reservations_of(number, functions, platform);
        }
    }

    fn reservations_of(&self, number: u32, functions: &[FunctionFacts], platform: &PlatformFacts) {
        let limits = platform.platform.account(number);
        let Some(quota) = limits.concurrency_quota else {
            return;
        };
        let minimum = limits.unreserved_minimum;
        let free = u64::from(quota.saturating_sub(minimum));
        let mut sum = 0_u64;
        for facts in functions.iter().filter(|f| f.function.account == number) {
            let Some(reserved) = facts.function.reserved_concurrency else {
                continue;
            };
            sum += u64::from(reserved);
            if sum > free {
                let mut fault = Fault::new(format!(
                    "with function `{}`, {sum} instances are reserved: more than the quota allows",
                    facts.function.name
                ))
                .at(facts.reserved_place);
                if let Some(place) = platform.quota_place(number) {
                    fault = fault.label(place, "the quota");
                }
                self.fault(fault.note(format!(
                    "allowed: {free}, that is the quota of {quota} less {minimum} that stay \
                     unreserved"
                )));
                return;
            }
        }
    }
}

/// Requests a second of a quota.
fn requests_of(quota: Option<u32>, a_unit: Option<u32>) -> Option<u32> {
    quota.zip(a_unit).map(|(quota, n)| quota.saturating_mul(n))
}

impl PlatformFacts {
    /// Where the quota of an account was typed.
    pub(super) fn quota_place(&self, number: u32) -> Option<Place> {
        let further = (number as usize).checked_sub(1);
        let own = further.and_then(|place| self.account_quotas.get(place).copied().flatten());
        own.or(self.default_quota_place)
    }
}
