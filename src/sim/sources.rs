//! What stands between those who send requests and the function: gateways, event queues, queues and
//! streams. Requests that a client sends straight to the function never come here.

mod batch;
mod events;
mod gateway;
mod queue;
mod stream;

use super::*;
use crate::model::EventSource;
use crate::sim::instance::{Request, Via};

pub(super) use batch::Batches;
pub(super) use queue::QueueState;
pub(super) use stream::StreamState;

use batch::Message;
pub use batch::{Fate, MessageEnd};

/// What a function's source keeps.
pub(super) enum SourceState {
    /// Nothing: requests come straight from clients.
    Direct,
    /// Its own throttle, where it has one.
    Gateway(Option<TokenBucket>),
    /// Nothing: each event waits for its next try by itself.
    Events,
    Queue(Box<QueueState>),
    Stream(Box<StreamState>),
}

impl SourceState {
    pub(super) fn new(source: &EventSource, streams: &Streams, id: u32) -> Self {
        match source {
            EventSource::Sync => Self::Direct,
            EventSource::Gateway(gateway) => Self::Gateway(gateway.throttle.map(of_throttle)),
            EventSource::Async(_) => Self::Events,
            EventSource::Queue(rules) => {
                let draws = streams.stream(id, Purpose::Shards, 0);
                Self::Queue(Box::new(QueueState::new(rules, draws)))
            }
            EventSource::Stream(rules) => {
                let stream = streams.stream(id, Purpose::Shards, 0);
                Self::Stream(Box::new(StreamState::new(rules, stream)))
            }
        }
    }
}

pub(super) fn of_throttle(throttle: crate::model::GatewayThrottle) -> TokenBucket {
    TokenBucket::new(throttle.burst, throttle.rate, Span::from_whole_secs(1))
}

/// How a try ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tried {
    /// It was answered.
    Completed,
    /// The function failed, and said so.
    Failed,
    /// The runtime crashed or ran out of memory, and said nothing.
    WentDown,
    /// The function timeout cut it.
    TimedOut,
    /// A limit refused it.
    Refused,
}

impl<O: Observer> Simulation<'_, O> {
    /// Something arrives for a function that is not called straight by clients.
    #[inline(never)]
    pub(super) fn arrive_at_source(&mut self, arrival: &Arrival) {
        match self.functions[arrival.function].rare.source {
            SourceState::Direct => self.arrive(arrival, Via::Client),
            SourceState::Gateway(_) => self.arrive_at_gateway(arrival),
            SourceState::Events => self.arrive(arrival, Via::Event),
            SourceState::Queue(_) | SourceState::Stream(_) => {
                self.observer.message_arrived(self.now, arrival.function);
                let message = Message::new(arrival);
                if self.plan.functions[arrival.function.index()]
                    .source
                    .is_queue()
                {
                    self.enqueue_message(arrival.function, message);
                } else {
                    self.append_record(arrival.function, message);
                }
            }
        }
    }

    /// Whether a request whose try ended so is tried again: then it waits for that.
    #[inline(never)]
    pub(super) fn tries_again(&mut self, request: &Request, tried: Tried) -> bool {
        match request.via {
            Via::Client => self.client_tries_again(request, tried),
            Via::Event => self.event_tries_again(request, tried),
            Via::Batch | Via::Step => false,
        }
    }

    /// A batch has been tried.
    #[inline(never)]
    pub(super) fn batch_tried(&mut self, request: &Request, tried: Tried) {
        match self.functions[request.function].rare.source {
            SourceState::Queue(_) => self.queue_batch_tried(request, tried),
            SourceState::Stream(_) => self.stream_batch_tried(request, tried),
            _ => {}
        }
    }

    /// Hands a batch to its function.
    fn hand_over(&mut self, function: FunctionId, batch: u32) {
        let (service, fails) = self.batches.work(batch);
        let request = Request {
            function,
            sender: Sender::User,
            via: Via::Batch,
            fails,
            outgrows: false,
            attempts: 1,
            errors: 0,
            batch,
            number: 0,
            arrived: self.now,
            called: self.now,
            service,
        };
        let request = self.begin_request(request);
        self.attempt(request);
    }

    fn end_message(&mut self, function: FunctionId, message: &Message, fate: Fate) {
        self.observer.message_ended(&MessageEnd {
            function,
            arrived: message.arrived,
            ended: self.now,
            fate,
        });
    }

    /// Whether a message that waits has become too old.
    fn is_expired(&self, id: FunctionId, message: &Message) -> bool {
        let age = match &self.plan.functions[id.index()].source {
            EventSource::Queue(rules) => Some(rules.retention),
            EventSource::Stream(rules) => rules.max_age,
            _ => None,
        };
        age.is_some_and(|age| message.arrived + age <= self.now)
    }

    /// Tells of messages that are left when the run ends.
    pub(super) fn tell_waiting_messages(&mut self) {
        let first = self.functions.first;
        for index in 0..self.functions.states.len() as u32 {
            let id = FunctionId(first + index);
            let waiting = match &self.functions[id].rare.source {
                SourceState::Queue(state) => state.waiting(),
                SourceState::Stream(state) => state.waiting(),
                _ => continue,
            };
            for message in waiting {
                let fate = if self.is_expired(id, &message) {
                    Fate::Expired
                } else {
                    Fate::Waiting
                };
                self.end_message(id, &message, fate);
            }
        }
        for (function, message) in self.batches.all() {
            self.end_message(function, &message, Fate::Waiting);
        }
    }
}
