//! Whether a function's source is one that the platform offers.

use crate::config::diagnostic::Fault;
use crate::config::quantity::{PositiveCount, PositiveLength};
use crate::config::source::Place;
use crate::config::typed::event_source::{Events, Queue, Sources, Stream};
use crate::config::typed::source_limits::{EventLimits, QueueLimits, StreamLimits};
use crate::config::typed::{Key, value};
use crate::model;
use crate::units::{Span, format_span};

use super::Context;
use super::event_source::MOST_RETRIES;
use super::platform::{PlatformFacts, limit};

/// The shortest time after which something is tried again: with less a run would spin.
const LEAST_WAIT: Span = Span::from_nanos(1_000_000);

/// A range of what is allowed; an open end is `None`.
struct Range<T> {
    least: Option<T>,
    most: Option<T>,
}

impl<T: PartialOrd> Range<T> {
    fn up_to(most: Option<T>) -> Self {
        Self { least: None, most }
    }

    fn holds(&self, value: &T) -> bool {
        let low = self.least.as_ref().is_none_or(|least| value >= least);
        low && self.most.as_ref().is_none_or(|most| value <= most)
    }
}

impl Context {
    /// Refuses what a function says of its source, where the platform does not offer that.
    pub(super) fn within_source_limits(
        &self,
        own: &Sources,
        made: &model::EventSource,
        place: Place,
        platform: &PlatformFacts,
    ) {
        let limits = &platform.source_limits;
        let name = &platform.name;
        if let Some(events) = value(&own.events) {
            self.within_event_limits(events, value(&limits.events), name);
        }
        if let Some(queue) = value(&own.queue) {
            let limits = value(&limits.queue);
            self.within_queue_limits(queue, limits, name);
            if let (model::EventSource::Queue(rules), Some(limits)) = (made, limits) {
                self.window_of_batch(rules, limits, place, name);
            }
        }
        if let Some(stream) = value(&own.stream) {
            self.within_stream_limits(stream, value(&limits.stream), name);
        }
    }

    fn within_event_limits(&self, own: &Events, limits: Option<&EventLimits>, platform: &str) {
        self.waits(&own.back_off, "back-off");
        self.waits(&own.longest_back_off, "longest-back-off");
        let Some(limits) = limits else { return };
        let most = limit(&limits.max_retries).map(|most| most.0);
        let retries = own.retries.as_ref();
        let retries = retries.and_then(|key| Some((key.place, key.get()?.0)));
        let retries = retries.filter(|(_, retries)| *retries <= MOST_RETRIES);
        self.count(retries, &Range::up_to(most), "retries", platform);
        let ages = Range {
            least: value(&limits.least_age).map(|least| least.0),
            most: limit(&limits.longest_age).map(|most| most.0),
        };
        self.length(of_length(&own.max_age), &ages, "max-age", platform);
    }

    fn within_queue_limits(&self, own: &Queue, limits: Option<&QueueLimits>, platform: &str) {
        self.waits(&own.visibility, "visibility");
        let Some(limits) = limits else { return };
        let sizes = Range::up_to(limit(&limits.max_batch_size).map(|most| most.0));
        self.count(of_count(&own.batch_size), &sizes, "batch-size", platform);
        let concurrency = Range {
            least: value(&limits.least_concurrency).map(|least| least.0),
            most: limit(&limits.most_concurrency).map(|most| most.0),
        };
        let asked = of_count(&own.max_concurrency);
        self.count(asked, &concurrency, "max-concurrency", platform);
        let windows = Range::up_to(limit(&limits.max_window).map(|most| most.0));
        let window = own.window.as_ref();
        let window = window.and_then(|key| Some((key.place, key.get()?.0)));
        self.length(window, &windows, "window", platform);
        let visible = Range::up_to(limit(&limits.max_visibility).map(|most| most.0));
        let visibility = of_length(&own.visibility);
        self.length(visibility, &visible, "visibility", platform);
        let kept = Range::up_to(limit(&limits.max_retention).map(|most| most.0));
        self.length(of_length(&own.retention), &kept, "retention", platform);
    }

    /// A large batch has to be gathered.
    fn window_of_batch(
        &self,
        rules: &model::QueueRules,
        limits: &QueueLimits,
        place: Place,
        platform: &str,
    ) {
        let least = value(&limits.least_window).map_or(Span::ZERO, |least| least.0);
        let without = limit(&limits.max_batch_without_window).map(|most| most.0);
        if let Some(without) = without.filter(|most| rules.batch_size > *most)
            && rules.window < least
        {
            let title = format!(
                "`{platform}` hands over batches of {} messages only with a `window` of {} or more",
                rules.batch_size,
                format_span(least)
            );
            let note = format!("without: a `batch-size` of at most {without}");
            self.fault(Fault::new(title).at(place).note(note));
        }
    }

    fn within_stream_limits(&self, own: &Stream, limits: Option<&StreamLimits>, platform: &str) {
        self.waits(&own.retry_wait, "retry-wait");
        let Some(limits) = limits else { return };
        let lanes = Range::up_to(limit(&limits.max_parallelization_factor).map(|most| most.0));
        let factor = of_count(&own.parallelization_factor);
        self.count(factor, &lanes, "parallelization-factor", platform);
        let sizes = Range::up_to(limit(&limits.max_batch_size).map(|most| most.0));
        self.count(of_count(&own.batch_size), &sizes, "batch-size", platform);
        let windows = Range::up_to(limit(&limits.max_window).map(|most| most.0));
        let window = own.window.as_ref();
        let window = window.and_then(|key| Some((key.place, key.get()?.0)));
        self.length(window, &windows, "window", platform);
    }

    fn count(&self, given: Option<(Place, u32)>, allowed: &Range<u32>, key: &str, platform: &str) {
        let Some((place, _)) = given.filter(|(_, value)| !allowed.holds(value)) else {
            return;
        };
        self.not_offered(place, key, platform, &bounds(allowed, u32::to_string));
    }

    fn length(
        &self,
        given: Option<(Place, Span)>,
        allowed: &Range<Span>,
        key: &str,
        platform: &str,
    ) {
        let Some((place, _)) = given.filter(|(_, value)| !allowed.holds(value)) else {
            return;
        };
        let allowed = bounds(allowed, |length| format_span(*length));
        self.not_offered(place, key, platform, &allowed);
    }

    fn not_offered(&self, place: Place, key: &str, platform: &str, allowed: &str) {
        let title = format!("`{platform}` has no `{key}` of {}", self.bare(place));
        let fault = Fault::new(title).at(place);
        self.fault(fault.note(format!("allowed: {allowed}")));
    }

    /// Refuses a wait before a further try that is next to none.
    pub(super) fn waits(&self, key: &Key<PositiveLength>, name: &str) {
        if let Some((place, wait)) = of_length(key)
            && wait < LEAST_WAIT
        {
            let title = format!("`{name}` is shorter than anybody waits");
            let note = format!("allowed: {} or more", format_span(LEAST_WAIT));
            self.fault(Fault::new(title).at(place).note(note));
        }
    }
}

fn bounds<T>(range: &Range<T>, show: impl Fn(&T) -> String) -> String {
    match (
        range.least.as_ref().map(&show),
        range.most.as_ref().map(&show),
    ) {
        (Some(least), Some(most)) => format!("{least} to {most}"),
        (Some(least), None) => format!("{least} or more"),
        (None, Some(most)) => format!("at most {most}"),
        (None, None) => "anything".to_owned(),
    }
}

fn of_count(key: &Key<PositiveCount>) -> Option<(Place, u32)> {
    let given = key.as_ref()?;
    Some((given.place, given.get()?.0))
}

fn of_length(key: &Key<PositiveLength>) -> Option<(Place, Span)> {
    let given = key.as_ref()?;
    Some((given.place, given.get()?.0))
}
