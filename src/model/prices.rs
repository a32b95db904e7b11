//! Prices of one region and architecture, as of one date.

use crate::units::{Memory, Span};

/// A month of 30 days, for which bills are extrapolated.
pub const MONTH: Span = Span::from_whole_secs(30 * 86_400);

/// A price list with the billing rules of the experiment's date. All money is in US dollars.
#[derive(Clone, PartialEq, Debug)]
pub struct Prices {
    /// Name of the price file.
    pub name: String,
    /// Region that it is of; `None` where it names none.
    pub region: Option<String>,
    /// Processor architecture that it is of, as AWS calls it; `x86_64` where it names none.
    pub architecture: String,
    /// Each request.
    pub request: f64,
    /// GB-seconds of execution, by monthly volume; the last tier has no end.
    pub duration: Vec<Tier>,
    /// GB-second of provisioned capacity, used or not.
    pub provisioned_capacity: f64,
    /// GB-second of execution on provisioned capacity.
    pub provisioned_duration: f64,
    /// What the time of provisioned capacity is rounded up to.
    pub provisioned_step: Span,
    /// GB-second of a cached snapshot.
    pub snapshot_cache: f64,
    /// Least time a cached snapshot is charged for.
    pub snapshot_cache_minimum: Span,
    /// GB restored from a snapshot.
    pub snapshot_restore: f64,
    /// GB-second of temporary storage beyond what every function has.
    pub ephemeral_storage: f64,
    /// Temporary storage that every function has.
    pub ephemeral_included: Memory,
    /// What is free each month; `None` where the experiment does not count it.
    pub free_tier: Option<FreeTier>,
    /// What the services around functions charge.
    pub services: ServicePrices,
    /// How durations are rounded, and whether init is billed.
    pub billing: Billing,
}

/// A price up to a monthly volume.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Tier {
    /// Price of a unit: a GB-second, a request.
    pub price: f64,
    /// Units a month up to which it holds; `None` in the last tier.
    pub up_to: Option<f64>,
}

/// What a unit costs by monthly volume, and how many are free.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Charge {
    /// By monthly volume; the last tier has no end. Nothing is charged where there are none.
    pub tiers: Vec<Tier>,
    /// Free each month; 0 where the experiment does not count the free tier.
    pub free: f64,
}

/// What the services around functions charge; nothing where the list does not tell.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ServicePrices {
    /// Requests to a REST API of a gateway.
    pub rest_request: Charge,
    /// Requests to an HTTP API of a gateway.
    pub http_request: Charge,
    /// Requests to standard queues.
    pub queue_request: Charge,
    /// Payload that one request to a queue carries; a larger one counts as several.
    pub queue_unit: Option<Memory>,
    /// Hours of a stream's shard.
    pub shard_hour: Charge,
    /// Units of payload put into a stream.
    pub put_unit: Charge,
    /// Payload of such a unit; each record is rounded up to whole ones.
    pub put_unit_size: Option<Memory>,
    /// Calls by a scheduler.
    pub schedule: Charge,
    /// State transitions of standard workflows.
    pub transition: Charge,
    /// Executions of express workflows.
    pub express_request: Charge,
    /// GB-seconds of express workflows.
    pub express_gb_s: Charge,
    /// What the memory of an express workflow is rounded up to.
    pub express_memory_step: Option<Memory>,
    /// What its duration is rounded up to.
    pub express_step: Span,
}

/// What is free each month.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct FreeTier {
    /// Requests.
    pub requests: f64,
    /// GB-seconds of on-demand execution.
    pub gb_seconds: f64,
}

/// How durations are billed since some date.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Billing {
    /// What a billed duration is rounded up to.
    pub step: Span,
    /// Least billed duration.
    pub minimum: Span,
    /// Whose init is billed.
    pub init: InitBilling,
}

/// Whose init is billed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InitBilling {
    /// Everybody's (AWS Lambda since 2025-08-01).
    All,
    /// Only that of images, custom runtimes, provisioned concurrency and snapshots.
    Unmanaged,
}

impl Charge {
    /// The price of a month's amount, through the tiers.
    pub fn of_month(&self, amount: f64) -> f64 {
        tiered(&self.tiers, amount - self.free)
    }
}

/// The price of a month's amount through tiers.
pub fn tiered(tiers: &[Tier], amount: f64) -> f64 {
    let mut from = 0.0;
    let mut sum = 0.0;
    for tier in tiers {
        let to = tier.up_to.unwrap_or(f64::INFINITY).min(amount);
        sum += (to - from).max(0.0) * tier.price;
        from = to.max(from);
    }
    sum
}

impl ServicePrices {
    /// Requests that a payload counts as in a queue, at least one.
    pub fn queue_requests(&self, payload: Memory) -> u64 {
        units(payload, self.queue_unit)
    }

    /// Put units that a record counts as in a stream, at least one.
    pub fn put_units(&self, record: Memory) -> u64 {
        units(record, self.put_unit_size)
    }

    /// Billed GB-seconds of an execution of an express workflow.
    pub fn express_billed_gb_s(&self, memory: Memory, duration: Span) -> f64 {
        let step = self.express_memory_step.map_or(1, Memory::bytes);
        let billed = Memory::from_bytes(units(memory, self.express_memory_step) * step);
        let billed = if self.express_memory_step.is_some() {
            billed
        } else {
            memory
        };
        billed.gb() * duration.round_up(self.express_step).secs()
    }
}

/// Whole units that an amount fills, the last one perhaps in part, and at least one.
fn units(amount: Memory, unit: Option<Memory>) -> u64 {
    unit.map_or(1, |unit| {
        amount.bytes().div_ceil(unit.bytes().max(1)).max(1)
    })
}

impl Billing {
    /// The billed length of an execution.
    #[inline]
    pub fn billed(&self, duration: Span) -> Span {
        let least = if duration < self.minimum {
            self.minimum
        } else {
            duration
        };
        least.round_up(self.step)
    }
}
