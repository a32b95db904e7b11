//! What stands between those who send requests and the function: who waits, who tries again, what
//! is kept until it can be worked off.

use crate::dist::Dist;
use crate::units::Span;

/// How what arrives comes to the function.
#[derive(Clone, PartialEq, Debug)]
pub enum EventSource {
    /// A client calls the function and waits for the answer.
    Sync,
    /// A client calls an API gateway and waits; the gateway calls the function.
    Gateway(Gateway),
    /// An event is taken in at once and handed to the function later, again and again if need be.
    Async(AsyncRules),
    /// Messages lie in a queue, from which pollers hand batches to the function (SQS).
    Queue(QueueRules),
    /// Records lie in the shards of a stream, and are handed over shard by shard, in order
    /// (Kinesis, `DynamoDB` streams).
    Stream(StreamRules),
}

/// An API gateway.
#[derive(Clone, PartialEq, Debug)]
pub struct Gateway {
    /// Which of both, for the bill.
    pub kind: GatewayKind,
    /// What it takes to hand a request over.
    pub latency: Dist,
    /// When it stops waiting for the function, which runs on; `None` is never.
    pub timeout: Option<Span>,
    /// Requests a second that all gateways of the account let in together, and the burst that they
    /// let in at once; `None` is any number.
    pub throttle: Option<GatewayThrottle>,
}

/// The kind of an API gateway.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GatewayKind {
    /// REST API.
    Rest,
    /// HTTP API.
    Http,
}

/// A token bucket of requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GatewayThrottle {
    /// Requests a second.
    pub rate: u32,
    /// Requests at once.
    pub burst: u32,
}

/// An event queue in front of a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AsyncRules {
    /// Tries after the first that failed.
    pub retries: u32,
    /// Wait before the first of them; the n-th waits n times as long.
    pub retry_wait: Span,
    /// Wait after the first try in a row that was throttled; each further one twice as long …
    pub back_off: Span,
    /// … up to this.
    pub longest_back_off: Span,
    /// When an event is given up.
    pub max_age: Span,
    /// Whether what is given up is kept for somebody (else it is discarded).
    pub dead_letters: bool,
}

/// A queue and those who poll it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct QueueRules {
    /// Most messages of a batch.
    pub batch_size: u32,
    /// How long messages are gathered for a batch that is not full.
    pub window: Span,
    /// Batches at the same time to begin with, and when little is to be done.
    pub pollers: u32,
    /// Batches at the same time that come in a minute while messages wait.
    pub pollers_per_minute: u32,
    /// Most batches at the same time.
    pub max_concurrency: u32,
    /// When a message that was handed over and not worked off can be handed over again.
    pub visibility: Span,
    /// How often a message is handed over before it is given up; `None` is without end.
    pub max_receives: Option<u32>,
    /// When a message that waits is deleted.
    pub retention: Span,
    /// Whether only those messages of a batch come again that failed, or all of them.
    pub partial_failures: bool,
    /// Share of messages that fail whenever they are tried, of 1.
    pub poison: f64,
}

/// Whose stream it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StreamKind {
    /// Kinesis Data Streams: its shards and what is put into them is charged for.
    Kinesis,
    /// The stream of a `DynamoDB` table: what a function's trigger reads of it is free.
    DynamoDb,
}

/// A stream of shards.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct StreamRules {
    /// Whose stream it is, for the bill.
    pub kind: StreamKind,
    /// Shards that records are spread over evenly.
    pub shards: u32,
    /// Batches of a shard at the same time; those of one partition key follow each other.
    pub parallelization_factor: u32,
    /// Most records of a batch.
    pub batch_size: u32,
    /// How long records are gathered for a batch that is not full.
    pub window: Span,
    /// From one look at a shard to the next; zero is at once.
    pub poll_every: Span,
    /// Tries after the first that failed; `None` is without end.
    pub max_retries: Option<u32>,
    /// Wait before a batch that failed, or was throttled, is tried again.
    pub retry_wait: Span,
    /// When a record that waits is given up; `None` is when the stream forgets it.
    pub max_age: Option<Span>,
    /// Whether a batch that failed is cut in two.
    pub bisect: bool,
    /// Share of records that fail whenever they are tried, of 1.
    pub poison: f64,
}

impl EventSource {
    /// Whether what arrives are messages or records that are handed over in batches.
    pub fn has_batches(&self) -> bool {
        matches!(self, Self::Queue(_) | Self::Stream(_))
    }
}
