//! A platform: how instances start, live and end, what limits them, what they cost.

use crate::dist::Dist;
use crate::units::{Memory, Span};

use super::{GatewayThrottle, Prices, Resource, WorkflowRules};

/// A serverless platform as of one date.
#[derive(Clone, Debug)]
pub struct Platform {
    /// Name of the platform file.
    pub name: String,
    /// Choice among idle instances.
    pub routing: Routing,
    /// How long an idle instance is kept, counted from the end of its last execution.
    pub keep_alive: KeepAlive,
    /// Life after which an instance is retired as soon as it is idle; `None` is without end.
    pub max_life: Option<Dist>,
    /// Requests that may be in flight in the whole account.
    pub concurrency_quota: Option<u32>,
    /// What reservations must leave of the quota.
    pub unreserved_minimum: u32,
    /// Requests a second that the account may start.
    pub requests_per_second: Option<u32>,
    /// Requests a second for each unit of concurrency reserved for a function.
    pub requests_per_concurrency: Option<u32>,
    /// How fast new instances may be started.
    pub scaling_rate: Option<ScalingRate>,
    /// What happens to a request that no limit lets in.
    pub overflow: Overflow,
    /// What a throttled client does.
    pub client_retry: Option<ClientRetry>,
    /// What all gateways of the account let in together.
    pub gateway_throttle: Option<GatewayThrottle>,
    /// What functions reach out to.
    pub resources: Vec<Resource>,
    /// How it runs workflows, by kind; `None` where it has none of the kind.
    pub workflows: [Option<WorkflowRules>; 2],
    /// What becomes of an instance whose request timed out or crashed.
    pub reset: Reset,
    /// How memory buys CPU, and what it speeds up.
    pub cpu: Cpu,
    /// How provisioned concurrency comes about.
    pub provisioned: ProvisionedRules,
    /// Init on demand that takes longer is cut and run again inside the first invocation; `None` is
    /// never. It does not hold for provisioned capacity, nor for restores.
    pub init_limit: Option<Span>,
    /// Prices as of the experiment's date; `None` where the platform charges nothing.
    pub prices: Option<Prices>,
    /// Further accounts, from number 1 on.
    pub accounts: Vec<AccountLimits>,
}

impl Platform {
    /// The limits of an account; those of the platform's own keys for number 0.
    pub fn account(&self, number: u32) -> AccountLimits {
        let further = (number as usize)
            .checked_sub(1)
            .and_then(|n| self.accounts.get(n));
        further.cloned().unwrap_or_else(|| AccountLimits {
            name: DEFAULT_ACCOUNT.to_owned(),
            concurrency_quota: self.concurrency_quota,
            unreserved_minimum: self.unreserved_minimum,
            requests_per_second: self.requests_per_second,
            scaling_rate: self.scaling_rate,
        })
    }
}

/// Name of the account of functions that give none.
pub const DEFAULT_ACCOUNT: &str = "default";

/// Limits that the functions of a further account share; the platform's own are those of the first.
#[derive(Clone, PartialEq, Debug)]
pub struct AccountLimits {
    /// Name in the experiment.
    pub name: String,
    /// Requests that may be in flight in the account.
    pub concurrency_quota: Option<u32>,
    /// What reservations must leave of the quota.
    pub unreserved_minimum: u32,
    /// Requests a second that the account may start.
    pub requests_per_second: Option<u32>,
    /// How fast new instances may be started.
    pub scaling_rate: Option<ScalingRate>,
}

/// Choice among idle instances.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Routing {
    /// The one that became idle last (measured on AWS Lambda in 99.7 % of choices).
    MostRecentlyUsed,
    /// The one that has been idle longest.
    LeastRecentlyUsed,
    /// The one created last.
    Newest,
    /// The one created first.
    Oldest,
    /// Any, with equal probability.
    Random,
}

/// How long an idle instance is kept.
#[derive(Clone, PartialEq, Debug)]
pub enum KeepAlive {
    /// Retired when its request ends.
    Never,
    /// Retired after a length of time, drawn for each idle period.
    For(Dist),
    /// Retired after a length of time of its own, drawn for each idle period, or together with all
    /// idle instances of its function once nothing of the function has run for another.
    TwoClocks {
        /// How long an instance may be idle.
        instance: Dist,
        /// How long a function may have nothing running.
        function: Span,
    },
    /// Never retired for being idle.
    ForEver,
}

/// A token bucket of new instances, refilled continuously.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ScalingRate {
    /// Tokens the bucket holds, full at the beginning.
    pub burst: u32,
    /// Tokens that flow in …
    pub instances: u32,
    /// … in this time.
    pub every: Span,
    /// Who shares the bucket.
    pub per: RateScope,
}

/// Who shares a scaling rate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RateScope {
    /// Each function has a bucket of its own.
    Function,
    /// The account has one.
    Account,
}

/// What happens to a request that no limit lets in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Overflow {
    /// It is refused (429).
    Throttle,
    /// It waits, first come first served.
    Queue {
        /// Requests a function's queue holds; `None` is any number.
        length: Option<u32>,
        /// How long a request waits before it is rejected; `None` is for ever.
        max_wait: Option<Span>,
    },
}

/// Exponential back-off of a throttled client.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ClientRetry {
    /// Tries in all, the first included.
    pub attempts: u32,
    /// Wait before the second try.
    pub first: Span,
    /// What each further wait is multiplied by.
    pub factor: f64,
    /// How the wait is spread.
    pub jitter: Jitter,
    /// After what a client tries again.
    pub on: RetryOn,
}

/// After what a client tries again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RetryOn {
    /// A limit refused it.
    pub throttled: bool,
    /// The function failed or crashed.
    pub failed: bool,
    /// The function timeout cut it.
    pub timed_out: bool,
}

impl RetryOn {
    /// Throttled requests alone.
    pub const THROTTLED: Self = Self {
        throttled: true,
        failed: false,
        timed_out: false,
    };
}

/// What becomes of an instance whose request timed out or crashed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reset {
    /// It is retired.
    Retire,
    /// It is kept, and its next request waits for runtime and init again, in its own duration
    /// (AWS Lambda, "suppressed init").
    SuppressedInit,
}

/// How a wait is spread, so that clients do not return all at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Jitter {
    /// Not at all.
    None,
    /// Uniform between nothing and the whole wait.
    Full,
}

/// How memory buys CPU.
#[derive(Clone, PartialEq, Debug)]
pub struct Cpu {
    /// Memory at which a function has one whole vCPU.
    pub one_vcpu_at: Memory,
    /// vCPUs that memory buys at most.
    pub max_vcpus: f64,
    /// The phases that a smaller CPU share makes longer.
    pub scales: Vec<Phase>,
}

/// A phase of a start, or the service itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Phase {
    /// VM or container, network.
    Sandbox,
    /// Package or image to the host.
    Fetch,
    /// Interpreter or virtual machine.
    Runtime,
    /// Code outside the handler.
    Init,
    /// Memory from a snapshot, instead of runtime and init.
    Restore,
    /// Lazy loading inside the first handler run.
    FirstCall,
    /// The handler's own work.
    Service,
}

/// How provisioned concurrency comes about.
#[derive(Clone, PartialEq, Debug)]
pub struct ProvisionedRules {
    /// From the request for capacity to the first instance that starts.
    pub delay: Dist,
    /// Instances that start at once after the delay, 1 or more.
    pub burst: u32,
    /// Instances beyond these that start in a minute; `None` is all at once.
    pub instances_per_minute: Option<u32>,
    /// Requests a second that each provisioned instance adds to what all of them take together;
    /// `None` is without limit.
    pub requests_per_second: Option<u32>,
    /// After which an instance is recycled: a new one is started, and when it is ready the old one
    /// goes; `None` is never.
    pub recycle: Option<Dist>,
}

impl ProvisionedRules {
    /// All at once and for ever.
    pub const AT_ONCE: Self = Self {
        delay: Dist::ZERO,
        burst: 1,
        instances_per_minute: None,
        requests_per_second: None,
        recycle: None,
    };
}

impl Cpu {
    /// vCPUs that so many threads of a function with this memory get: as many as memory buys, but
    /// no more than threads.
    pub fn vcpus(&self, memory: Memory, threads: u32) -> f64 {
        let bought = memory.bytes() as f64 / self.one_vcpu_at.bytes() as f64;
        bought.min(self.max_vcpus).min(f64::from(threads))
    }
}
