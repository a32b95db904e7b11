//! The catalogue of measures: names, units and which way is better.
//!
//! The unit stands in the name, the qualifier last. Counts are per replication and count user
//! requests; pings are counted apart.

/// A measure of the catalogue: its place in [`METRICS`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct MetricId(pub u16);

/// What a measure is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Metric {
    /// Name in every output.
    pub name: &'static str,
    /// One line for a person.
    pub help: &'static str,
    /// How parts of the measured time join.
    pub kind: Kind,
    /// Which way is better.
    pub better: Better,
}

/// How values of parts of the measured time join to that of the whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// They add up: counts, money, GB-seconds.
    Total,
    /// The whole is their mean over time.
    OverTime,
    /// The whole is their mean, each weighted with its requests.
    PerRequest,
    /// The same, weighted with attempts.
    PerAttempt,
    /// The same, weighted with requests that ran.
    PerRun,
    /// A quantile over requests that ran, of so many thousandths.
    Quantile(u16),
    /// Parts do not tell how far the whole may be off: the longest, the most, means over what ended
    /// in the part.
    Alone,
}

/// Which way is better.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Better {
    /// Less is better.
    Lower,
    /// More is better.
    Higher,
    /// Neither.
    Neutral,
}

macro_rules! metrics {
    ($($id:ident $name:literal $kind:ident $(($thousandths:literal))? $better:ident
        $help:literal;)*) => {
        /// Every measure, in the order of the outputs.
        pub const METRICS: &[Metric] = &[
            $(Metric {
                name: $name,
                help: $help,
                kind: Kind::$kind $(($thousandths))?,
                better: Better::$better,
            },)*
        ];
        #[expect(
            non_camel_case_types,
            clippy::upper_case_acronyms,
            reason = "named as the constants they number"
        )]
        #[derive(Clone, Copy)]
        enum Index { $($id,)* }
        $(
            #[doc = $help]
            pub const $id: MetricId = MetricId(Index::$id as u16);
        )*
    };
}

metrics! {
    REQUESTS "requests" Total Neutral "requests of users that arrived";
    COMPLETED "completed" Total Higher "requests answered";
    FAILED "failed" Total Lower "requests that ended in an error of the function";
    TIMED_OUT "timed_out" Total Lower "requests cut by the function timeout";
    THROTTLED "throttled" Total Lower "attempts refused by a limit (429)";
    REJECTED "rejected" Total Lower "requests given up after their last attempt";
    RETRIES "retries" Total Lower "attempts after a request's first";
    IN_FLIGHT "in_flight" Total Neutral "requests not ended when the run ended";
    COLD_STARTS "cold_starts" Total Lower "requests that waited for an instance to start";
    RESTORES "restores" Total Lower "cold starts from a snapshot";
    WARM_STARTS "warm_starts" Total Higher "requests that found an instance ready";
    SPILLOVERS "spillovers" Total Lower "requests beyond provisioned concurrency, served on demand";
    PINGS "pings" Total Neutral "pings sent";
    PING_COLD_STARTS "ping_cold_starts" Total Lower "pings that started an instance";
    PREWARMS "prewarms" Total Neutral "instances started before a request asked";
    PREWARMS_UNUSED "prewarms_unused" Total Lower "prewarmed instances that served no request";
    COLD_START_RATIO "cold_start_ratio" PerRun Lower "cold starts per request that ran";
    THROTTLE_RATIO "throttle_ratio" PerAttempt Lower "throttled attempts per attempt";
    REJECT_RATIO "reject_ratio" PerRequest Lower "requests given up per request";
    FAILURE_RATIO "failure_ratio" PerRequest Lower "requests failed, timed out or given up, per request";
    LATENCY_MS_MEAN "latency_ms_mean" PerRun Lower "first arrival to response, mean";
    LATENCY_MS_P50 "latency_ms_p50" Quantile(500) Lower "first arrival to response, median";
    LATENCY_MS_P90 "latency_ms_p90" Quantile(900) Lower "first arrival to response, 90th percentile";
    LATENCY_MS_P95 "latency_ms_p95" Quantile(950) Lower "first arrival to response, 95th percentile";
    LATENCY_MS_P99 "latency_ms_p99" Quantile(990) Lower "first arrival to response, 99th percentile";
    LATENCY_MS_P999 "latency_ms_p999" Quantile(999) Lower "first arrival to response, 99.9th percentile";
    LATENCY_MS_MAX "latency_ms_max" Alone Lower "first arrival to response, longest";
    WAIT_MS_MEAN "wait_ms_mean" PerRun Lower "first arrival to admission, mean";
    WAIT_MS_P50 "wait_ms_p50" Quantile(500) Lower "first arrival to admission, median";
    WAIT_MS_P90 "wait_ms_p90" Quantile(900) Lower "first arrival to admission, 90th percentile";
    WAIT_MS_P95 "wait_ms_p95" Quantile(950) Lower "first arrival to admission, 95th percentile";
    WAIT_MS_P99 "wait_ms_p99" Quantile(990) Lower "first arrival to admission, 99th percentile";
    WAIT_MS_P999 "wait_ms_p999" Quantile(999) Lower "first arrival to admission, 99.9th percentile";
    WAIT_MS_MAX "wait_ms_max" Alone Lower "first arrival to admission, longest";
    START_MS_MEAN "start_ms_mean" PerRun Lower "phases of a start that the request waited for, mean";
    START_MS_P50 "start_ms_p50" Quantile(500) Lower "phases of a start that the request waited for, median";
    START_MS_P90 "start_ms_p90" Quantile(900) Lower "phases of a start waited for, 90th percentile";
    START_MS_P95 "start_ms_p95" Quantile(950) Lower "phases of a start waited for, 95th percentile";
    START_MS_P99 "start_ms_p99" Quantile(990) Lower "phases of a start waited for, 99th percentile";
    START_MS_P999 "start_ms_p999" Quantile(999) Lower "phases of a start waited for, 99.9th percentile";
    START_MS_MAX "start_ms_max" Alone Lower "phases of a start that the request waited for, longest";
    SERVICE_MS_MEAN "service_ms_mean" PerRun Neutral "the handler's own work, mean";
    SERVICE_MS_P50 "service_ms_p50" Quantile(500) Neutral "the handler's own work, median";
    SERVICE_MS_P90 "service_ms_p90" Quantile(900) Neutral "the handler's own work, 90th percentile";
    SERVICE_MS_P95 "service_ms_p95" Quantile(950) Neutral "the handler's own work, 95th percentile";
    SERVICE_MS_P99 "service_ms_p99" Quantile(990) Neutral "the handler's own work, 99th percentile";
    SERVICE_MS_P999 "service_ms_p999" Quantile(999) Neutral "the handler's own work, 99.9th percentile";
    SERVICE_MS_MAX "service_ms_max" Alone Neutral "the handler's own work, longest";
    INSTANCES_MEAN "instances_mean" OverTime Neutral "instances alive, mean over time";
    INSTANCES_PEAK "instances_peak" Alone Neutral "instances alive, most at once";
    BUSY_MEAN "busy_mean" OverTime Neutral "instances running a request or a ping, mean over time";
    BUSY_PEAK "busy_peak" Alone Neutral "instances running a request or a ping, most at once";
    CLAIMED_CONCURRENCY_MEAN "claimed_concurrency_mean" OverTime Lower "concurrency that the account that claims most has claimed, mean over time";
    CLAIMED_CONCURRENCY_PEAK "claimed_concurrency_peak" Alone Lower "concurrency that an account has claimed, most at once";
    IDLE_MEAN "idle_mean" OverTime Lower "instances idle, mean over time";
    STARTS "starts" Total Neutral "instances started, for whatever reason";
    INSTANCE_LIFE_S_MEAN "instance_life_s_mean" Alone Neutral "start to retirement, mean of the retired";
    BUSY_GB_S "busy_gb_s" Total Neutral "memory time running requests and pings";
    IDLE_GB_S "idle_gb_s" Total Lower "memory time idle (wasted)";
    START_GB_S "start_gb_s" Total Lower "memory time starting";
    COST_USD_TOTAL "cost_usd_total" Total Lower "the bill of the measured time";
    COST_USD_REQUESTS "cost_usd_requests" Total Lower "charges per user request";
    COST_USD_DURATION "cost_usd_duration" Total Lower "charges for the run time of user requests, billed init included";
    COST_USD_PROVISIONED "cost_usd_provisioned" Total Lower "charges for provisioned capacity and its init";
    COST_USD_SNAPSHOT "cost_usd_snapshot" Total Lower "charges for cached and restored snapshots";
    COST_USD_PING "cost_usd_ping" Total Lower "all charges for pings";
    COST_USD_STORAGE "cost_usd_storage" Total Lower "charges for temporary storage beyond what every function has";
    COST_USD_GATEWAY "cost_usd_gateway" Total Lower "charges for requests to an API gateway";
    COST_USD_QUEUE "cost_usd_queue" Total Lower "charges for requests to queues";
    COST_USD_STREAM "cost_usd_stream" Total Lower "charges for streams";
    COST_USD_SCHEDULE "cost_usd_schedule" Total Lower "charges for calls by a scheduler";
    COST_USD_WORKFLOW "cost_usd_workflow" Total Lower "charges for workflows";
    COST_USD_PER_MONTH "cost_usd_per_month" OverTime Lower "the bill of 30 days at this rate";
    COLD_CAUSE_FIRST "cold_cause_first" Total Lower "cold because there never was an instance";
    COLD_CAUSE_SCALE_OUT "cold_cause_scale_out" Total Lower "cold because all instances were busy with requests";
    COLD_CAUSE_PING_COLLISION "cold_cause_ping_collision" Total Lower "cold because an instance was busy only with a ping";
    COLD_CAUSE_EXPIRED "cold_cause_expired" Total Lower "cold because the last instance had been idle too long";
    COLD_CAUSE_RECYCLED "cold_cause_recycled" Total Lower "cold because the last instance had reached its maximum life or was reset";
    COLD_CAUSE_DEPLOYED "cold_cause_deployed" Total Lower "cold because a new version had been deployed";
    COLD_CAUSE_EVICTED "cold_cause_evicted" Total Lower "cold because memory was short";
    COLD_CAUSE_SPILLOVER "cold_cause_spillover" Total Lower "cold because provisioned concurrency was used up";
    COLD_CAUSE_NOT_READY "cold_cause_not_ready" Total Lower "cold because provisioned concurrency was not ready yet";
    CONNECTIONS_MEAN "connections_mean" OverTime Neutral "connections held to resources, mean over time";
    CONNECTIONS_PEAK "connections_peak" Alone Lower "connections held to resources, most at once";
    CONNECTIONS_REFUSED "connections_refused" Total Lower "tries to connect that a resource refused";
    DEAD_LETTERS "dead_letters" Total Lower "events and messages given up after their last try, and kept for somebody";
    MESSAGES "messages" Total Neutral "messages and records that arrived at a queue or stream";
    MESSAGES_PROCESSED "messages_processed" Total Higher "messages worked off";
    MESSAGES_GIVEN_UP "messages_given_up" Total Lower "messages given up after their last try";
    MESSAGES_EXPIRED "messages_expired" Total Lower "messages that became too old";
    MESSAGES_WAITING "messages_waiting" Total Neutral "messages not worked off when the run ended";
    MESSAGE_LATENCY_MS_MEAN "message_latency_ms_mean" Alone Lower "arrival of a message until it was worked off, mean";
    MESSAGE_LATENCY_MS_P50 "message_latency_ms_p50" Alone Lower "arrival of a message until it was worked off, median";
    MESSAGE_LATENCY_MS_P90 "message_latency_ms_p90" Alone Lower "arrival of a message until it was worked off, 90th percentile";
    MESSAGE_LATENCY_MS_P95 "message_latency_ms_p95" Alone Lower "arrival of a message until it was worked off, 95th percentile";
    MESSAGE_LATENCY_MS_P99 "message_latency_ms_p99" Alone Lower "arrival of a message until it was worked off, 99th percentile";
    MESSAGE_LATENCY_MS_P999 "message_latency_ms_p999" Alone Lower "arrival of a message until it was worked off, 99.9th percentile";
    MESSAGE_LATENCY_MS_MAX "message_latency_ms_max" Alone Lower "arrival of a message until it was worked off, longest";
    OUT_OF_MEMORY "out_of_memory" Total Lower "requests that failed for want of memory";
    WORKFLOWS "workflows" Total Neutral "executions of workflows that were started";
    WORKFLOWS_COMPLETED "workflows_completed" Total Higher "executions whose last step ended";
    WORKFLOWS_FAILED "workflows_failed" Total Lower "executions of which a step failed for good, or that took too long";
    WORKFLOWS_REFUSED "workflows_refused" Total Lower "executions refused because too many were started";
    WORKFLOWS_IN_FLIGHT "workflows_in_flight" Total Neutral "executions not ended when the run ended";
    WORKFLOW_LATENCY_MS_MEAN "workflow_latency_ms_mean" Alone Lower "start of an execution to its end, mean";
    WORKFLOW_LATENCY_MS_P50 "workflow_latency_ms_p50" Alone Lower "start of an execution to its end, median";
    WORKFLOW_LATENCY_MS_P90 "workflow_latency_ms_p90" Alone Lower "start of an execution to its end, 90th percentile";
    WORKFLOW_LATENCY_MS_P95 "workflow_latency_ms_p95" Alone Lower "start of an execution to its end, 95th percentile";
    WORKFLOW_LATENCY_MS_P99 "workflow_latency_ms_p99" Alone Lower "start of an execution to its end, 99th percentile";
    WORKFLOW_LATENCY_MS_P999 "workflow_latency_ms_p999" Alone Lower "start of an execution to its end, 99.9th percentile";
    WORKFLOW_LATENCY_MS_MAX "workflow_latency_ms_max" Alone Lower "start of an execution to its end, longest";
    WORKFLOW_COLD_STARTS_MEAN "workflow_cold_starts_mean" Alone Lower "cold starts on the way of an execution, mean of the completed";
    WORKFLOW_COLD_RATIO "workflow_cold_ratio" Alone Lower "share of completed executions with a cold start on their way";
    TRANSITIONS "transitions" Total Neutral "steps of workflows that were begun, retries included";
}

impl Metric {
    /// What an interval is cut to: no measure is negative, and a ratio is at most 1.
    pub fn possible(&self, (low, high): (f64, f64)) -> (f64, f64) {
        let most = if self.name.ends_with("_ratio") {
            1.0
        } else {
            f64::INFINITY
        };
        (low.max(0.0), high.min(most))
    }
}

impl MetricId {
    /// What this measure is.
    pub fn metric(self) -> &'static Metric {
        &METRICS[usize::from(self.0)]
    }

    /// The measure of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        METRICS
            .iter()
            .position(|m| m.name == name)
            .map(|i| Self(i as u16))
    }

    /// Every measure, in the order of the outputs.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..METRICS.len() as u16).map(Self)
    }

    /// Whether outputs leave the measure out where no scenario has a value of it: it belongs to
    /// what most experiments do not have.
    pub fn is_optional(self) -> bool {
        const OPTIONAL: [MetricId; 8] = [
            CLAIMED_CONCURRENCY_MEAN,
            CLAIMED_CONCURRENCY_PEAK,
            COST_USD_STORAGE,
            COST_USD_GATEWAY,
            COST_USD_QUEUE,
            COST_USD_STREAM,
            COST_USD_SCHEDULE,
            COST_USD_WORKFLOW,
        ];
        let of_workflows = WORKFLOWS.0..=TRANSITIONS.0;
        OPTIONAL.contains(&self) || of_workflows.contains(&self.0)
    }

    /// The measure as an index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_find_their_measure() {
        let names: BTreeSet<_> = METRICS.iter().map(|m| m.name).collect();
        assert_eq!(names.len(), METRICS.len());
        assert_eq!(MetricId::by_name("latency_ms_p99"), Some(LATENCY_MS_P99));
        assert_eq!(LATENCY_MS_P99.metric().name, "latency_ms_p99");
        assert_eq!(MetricId::by_name("nonsense"), None);
    }
}
