//! Whether functions are simulated apart or together, and why.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::{EventSource, Function, Plan, RateScope};
use crate::observe::{Binding, LONGEST_RUN};

/// Whether the functions of a cell were simulated apart, and why not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Way {
    /// Each by itself, side by side: no limit of the account binds.
    Apart,
    /// The caller asked for all together.
    Asked,
    /// There is one function only.
    OneFunction,
    /// Rows of requests are wanted, which are in the order of all functions.
    Rows,
    /// A function has requests out of a file with those of several, and out of another source too;
    /// or there are several such files.
    OneFile,
    /// The account has one scaling rate.
    ScalingRate,
    /// Gateways share a throttle, and hand requests over later than they arrive.
    Gateways,
    /// Functions share a resource.
    Resources,
    /// Workflows call functions one after another.
    Workflows,
    /// There are several accounts.
    Accounts,
    /// Claimed concurrency is measured, which is that of all functions together.
    Claimed,
    /// The run is longer than what functions claim can be noted for.
    TooLong,
    /// This limit binds.
    Binds(Binding),
}

impl Way {
    /// Why the functions of a plan have to be simulated together, as far as that is known before.
    pub(super) fn together(plan: &Plan, rows: bool, claimed: bool) -> Option<Self> {
        let rate = &plan.platform.scaling_rate;
        let behind = |function: &&Function| matches!(function.source, EventSource::Gateway(_));
        let gateways = plan.functions.iter().filter(behind).take(2).count();
        if plan.functions.len() == 1 {
            Some(Self::OneFunction)
        } else if rows {
            Some(Self::Rows)
        } else if claimed {
            Some(Self::Claimed)
        } else if rate.is_some_and(|rate| rate.per == RateScope::Account) {
            Some(Self::ScalingRate)
        } else if gateways > 0 {
            Some(Self::Gateways)
        } else if plan.functions.iter().any(|function| function.account != 0) {
            Some(Self::Accounts)
        } else if plan.functions.iter().any(|f| f.connection.is_some()) {
            Some(Self::Resources)
        } else if plan.workflows().next().is_some() {
            Some(Self::Workflows)
        } else if plan.end() >= LONGEST_RUN {
            Some(Self::TooLong)
        } else {
            None
        }
    }
}

/// Says it to a person.
impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Apart => "functions apart, side by side: no limit of the account binds",
            Self::Asked => "functions together, as asked for",
            Self::OneFunction => "one function",
            Self::Rows => "functions together: rows of requests are in the order of all",
            Self::OneFile => {
                "functions together: some have requests out of a shared file and from elsewhere"
            }
            Self::ScalingRate => "functions together: the account has one scaling rate",
            Self::Gateways => {
                "functions together: requests reach them from gateways later than they arrive"
            }
            Self::Claimed => "functions together: claimed concurrency is that of all",
            Self::Resources => "functions together: connections are counted over all of them",
            Self::Workflows => "functions together: workflows call one after another",
            Self::Accounts => "functions together: there are several accounts",
            Self::TooLong => "functions together: the run is too long to prove that no limit binds",
            Self::Binds(Binding::ConcurrencyQuota) => {
                "functions together: `concurrency-quota` binds"
            }
            Self::Binds(Binding::RequestsPerSecond) => {
                "functions together: `requests-per-second` binds, or nearly so"
            }
            Self::Binds(Binding::Instances) => "functions together: too many instances",
        })
    }
}
