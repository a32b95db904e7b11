//! What stands between those who send requests and a function.

use crate::config::decode::OrNone;
use crate::config::diagnostic::Fault;
use crate::config::source::Place;
use crate::config::typed::event_source::{
    EventSource, Events, Gateway, GatewayKind, Queue, Sources, Stream, StreamKind, Throttle,
};
use crate::config::typed::{Key, Overlay, value};
use crate::dist::Dist;
use crate::model;
use crate::units::{Span, format_span};

use super::Context;
use super::platform::{PlatformFacts, limit};

/// Keys given here laid over those of the platform.
fn over<T: Overlay + Clone + Default>(key: &Key<T>, platform: &Key<T>) -> T {
    let own = value(key).cloned().unwrap_or_default();
    own.over(value(platform).cloned().unwrap_or_default())
}

impl Context {
    /// How requests come to a function; straight from clients where it does not say.
    pub(super) fn event_source(
        &self,
        key: &Key<EventSource>,
        timeout: Option<Span>,
        platform: &PlatformFacts,
    ) -> model::EventSource {
        let Some(given) = key else {
            return model::EventSource::Sync;
        };
        let (place, Some(EventSource(own))) = (given.place, given.get()) else {
            return model::EventSource::Sync;
        };
        let count = [
            own.gateway.is_some(),
            own.events.is_some(),
            own.queue.is_some(),
            own.stream.is_some(),
        ];
        if count.iter().filter(|given| **given).count() > 1 {
            let fault = Fault::new("a function has one `source`").at(place);
            self.fault(fault.note("give one of `gateway`, `async`, `queue` and `stream`"));
            return model::EventSource::Sync;
        }
        let Sources {
            gateway,
            events,
            queue,
            stream,
        } = &platform.sources;
        let made = if own.gateway.is_some() {
            self.gateway(&over(&own.gateway, gateway), place)
        } else if own.events.is_some() {
            self.events(&over(&own.events, events), place)
        } else if own.queue.is_some() {
            self.queue(&over(&own.queue, queue), timeout, place)
        } else if own.stream.is_some() {
            self.stream(&own.stream, stream, place)
        } else {
            Some(model::EventSource::Sync)
        };
        let made = made.unwrap_or(model::EventSource::Sync);
        self.warn_of_price(&made, place, platform);
        self.within_source_limits(own, &made, place, platform);
        made
    }

    /// Warns where the price list says nothing of a source that costs something elsewhere: then the
    /// bill is too low.
    fn warn_of_price(&self, source: &model::EventSource, place: Place, platform: &PlatformFacts) {
        let Some(facts) = &platform.prices else {
            return;
        };
        let services = &facts.prices.services;
        let (charge, what, key) = match source {
            model::EventSource::Sync | model::EventSource::Async(_) => return,
            model::EventSource::Gateway(gateway) => match gateway.kind {
                model::GatewayKind::Rest => (&services.rest_request, "REST APIs", "gateway.rest"),
                model::GatewayKind::Http => (&services.http_request, "HTTP APIs", "gateway.http"),
            },
            model::EventSource::Queue(_) => (&services.queue_request, "queues", "queue.standard"),
            model::EventSource::Stream(rules) if rules.kind == model::StreamKind::DynamoDb => {
                return;
            }
            model::EventSource::Stream(_) => (&services.shard_hour, "streams", "stream.shard-hour"),
        };
        if charge.tiers.is_empty() {
            let list = &facts.prices.name;
            let title =
                format!("the price list `{list}` has no price of {what}, so they cost nothing");
            let fault = Fault::warning(title).at(place);
            self.fault(fault.note(format!("give `{key}` in a price list of your own")));
        }
    }

    /// What gateways let in.
    pub(super) fn gateway_throttle(
        &self,
        key: &Key<OrNone<Throttle>>,
    ) -> Option<model::GatewayThrottle> {
        let given = key.as_ref()?;
        let OrNone::Some(throttle) = given.get()? else {
            return None;
        };
        let rate = self.need(&throttle.rate, given.place, "the throttle", "rate")?;
        Some(model::GatewayThrottle {
            rate: rate.0,
            burst: value(&throttle.burst).map_or(rate.0, |burst| burst.0),
        })
    }

    fn gateway(&self, keys: &Gateway, place: Place) -> Option<model::EventSource> {
        let kind = self.need(&keys.kind, place, "the gateway", "kind")?;
        Some(model::EventSource::Gateway(model::Gateway {
            kind: match kind {
                GatewayKind::Rest => model::GatewayKind::Rest,
                GatewayKind::Http => model::GatewayKind::Http,
            },
            latency: value(&keys.latency).map_or(Dist::ZERO, |latency| latency.0.clone()),
            timeout: limit(&keys.timeout).map(|timeout| timeout.0),
            throttle: self.gateway_throttle(&keys.throttle),
        }))
    }

    fn events(&self, keys: &Events, place: Place) -> Option<model::EventSource> {
        let what = "the event queue";
        let retries = self.need(&keys.retries, place, what, "retries");
        let retry_wait = self.need(&keys.retry_wait, place, what, "retry-wait");
        let back_off = self.need(&keys.back_off, place, what, "back-off");
        let longest = self.need(&keys.longest_back_off, place, what, "longest-back-off");
        let max_age = self.need(&keys.max_age, place, what, "max-age");
        if let Some(key) = &keys.retries
            && key.get().is_some_and(|retries| retries.0 > MOST_RETRIES)
        {
            let fault = Fault::new("more retries than are counted").at(key.place);
            self.fault(fault.note(format!("allowed: at most {MOST_RETRIES}")));
        }
        Some(model::EventSource::Async(model::AsyncRules {
            retries: retries?.0,
            retry_wait: retry_wait?.0,
            back_off: back_off?.0,
            longest_back_off: longest?.0,
            max_age: max_age?.0,
            dead_letters: value(&keys.dead_letters).copied().unwrap_or(false),
        }))
    }

    fn queue(
        &self,
        keys: &Queue,
        timeout: Option<Span>,
        place: Place,
    ) -> Option<model::EventSource> {
        let what = "the queue";
        let batch_size = self.need(&keys.batch_size, place, what, "batch-size");
        let pollers = self.need(&keys.pollers, place, what, "pollers");
        let per_minute = self.need(&keys.pollers_per_minute, place, what, "pollers-per-minute");
        let most = self.need(&keys.max_concurrency, place, what, "max-concurrency");
        let visibility = self.need(&keys.visibility, place, what, "visibility");
        let retention = self.need(&keys.retention, place, what, "retention");
        let visibility = visibility?.0;
        if let Some(timeout) = timeout.filter(|timeout| *timeout > visibility) {
            // A message would be handed over again while it is worked on.
            let title = format!(
                "a message is visible again after {}, before the function's timeout of {}",
                format_span(visibility),
                format_span(timeout)
            );
            let fault = Fault::new(title).at(place);
            self.fault(fault.note("give `visibility` six times the timeout, or a shorter timeout"));
        }
        Some(model::EventSource::Queue(model::QueueRules {
            batch_size: batch_size?.0,
            window: value(&keys.window).map_or(Span::ZERO, |window| window.0),
            pollers: pollers?.0,
            pollers_per_minute: per_minute?.0,
            max_concurrency: most?.0,
            visibility,
            max_receives: limit(&keys.max_receives).map(|most| most.0),
            retention: retention?.0,
            partial_failures: value(&keys.partial_failures).copied().unwrap_or(false),
            poison: value(&keys.poison_rate).map_or(0.0, |share| share.0),
        }))
    }

    fn stream(
        &self,
        own: &Key<Stream>,
        platform: &Key<Stream>,
        place: Place,
    ) -> Option<model::EventSource> {
        let keys = over(own, platform);
        let kind = match value(&keys.kind) {
            Some(StreamKind::DynamoDb) => model::StreamKind::DynamoDb,
            Some(StreamKind::Kinesis) | None => model::StreamKind::Kinesis,
        };
        // What a function says for itself holds for whichever stream it has.
        let for_itself = value(own).and_then(|own| value(&own.poll_every));
        let poll_every = match kind {
            model::StreamKind::Kinesis => None,
            model::StreamKind::DynamoDb => for_itself.or(value(&keys.dynamodb_poll_every)),
        };
        let poll_every = poll_every.or(value(&keys.poll_every));
        let batch_size = self.need(&keys.batch_size, place, "the stream", "batch-size");
        let retry_wait = self.need(&keys.retry_wait, place, "the stream", "retry-wait");
        let shards = value(&keys.shards).map_or(1, |shards| shards.0);
        let factor = value(&keys.parallelization_factor).map_or(1, |factor| factor.0);
        if u64::from(shards) * u64::from(factor) > u64::from(MOST_LANES) {
            let fault = Fault::new("more batches at the same time than can be simulated").at(place);
            self.fault(fault.note(format!(
                "allowed: at most {MOST_LANES} for `shards` × `parallelization-factor`"
            )));
            return None;
        }
        Some(model::EventSource::Stream(model::StreamRules {
            kind,
            shards,
            parallelization_factor: factor,
            batch_size: batch_size?.0,
            window: value(&keys.window).map_or(Span::ZERO, |window| window.0),
            poll_every: poll_every.map_or(Span::ZERO, |every| every.0),
            max_retries: limit(&keys.max_retries).map(|most| most.0),
            retry_wait: retry_wait?.0,
            max_age: limit(&keys.max_age).map(|age| age.0),
            bisect: value(&keys.bisect).copied().unwrap_or(false),
            poison: value(&keys.poison_rate).map_or(0.0, |share| share.0),
        }))
    }
}

/// Most retries of an event; AWS Lambda allows 2.
pub(super) const MOST_RETRIES: u32 = 100;
/// Most lanes of a stream.
const MOST_LANES: u32 = 100_000;
