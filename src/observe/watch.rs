//! What is counted of one function.

use std::collections::VecDeque;

use crate::ids::FunctionId;
use crate::model::{Billing, EventSource, GatewayKind, Plan, RemedyKind, StreamKind};
use crate::sim::{
    Ending, Fate, Found, InFlight, MessageEnd, Observer, Prewarmed, Prompt, RequestEnd, Retirement,
    Running, Sender, State, StateChange,
};
use crate::stats::batches::BatchSums;
use crate::units::{Span, Time};

use super::costs::{Services, Usage, billed, gb_seconds};
use super::identities::Books;
use super::measures::Has;
use super::states::StateClock;
use super::tally::Tally;

/// Counts what happens to one function: an observer of its own where the function is simulated
/// apart, one of many in a [`Summary`](super::Summary) where functions are simulated together.
///
/// What is measured begins at the end of the warm-up: requests that arrived since, and the state of
/// instances since. When a part of the measured time ends is for others to say.
#[derive(Debug)]
#[repr(C)]
pub struct Watch {
    states: StateClock,
    /// Measuring begins.
    from: Time,
    pub(super) books: Books,
    /// Of the present part.
    pub(super) tally: Tally,
    billing: Option<Billing>,
    init_billed: bool,
    capacity: u32,
    capacity_since: Time,
    end: Time,
    pub(super) gb: f64,
    /// Temporary storage that is charged for.
    ephemeral_gb: f64,
    free_tier_counts: bool,
    /// Since when how many provisioned instances have been asked for, the latest last: as capacity
    /// is lowered, the latest go first.
    asked: Vec<(Time, u32)>,
    /// What the time of capacity is rounded up to when it is taken away.
    provisioned_step: Span,
    /// Snapshots that are cached and charged for.
    snapshots_billed: u32,
    /// Of the parts before, where there are several.
    before: Option<Box<Tally>>,
    pub(super) batches: Vec<BatchSums>,
    id: FunctionId,
}

impl Watch {
    /// Counts nothing yet.
    pub fn new(plan: &Plan, id: FunctionId) -> Self {
        let function = &plan.functions[id.index()];
        let has = |wanted: fn(&RemedyKind) -> bool| {
            plan.remedies
                .iter()
                .any(|r| wanted(&r.kind) && r.functions.contains(&id))
        };
        let prices = plan.platform.prices.as_ref();
        let versions = plan.remedies.iter().find_map(|remedy| match &remedy.kind {
            RemedyKind::Snapshot(rule) if remedy.functions.contains(&id) => Some(rule.versions),
            _ => None,
        });
        Self {
            id,
            states: StateClock::default(),
            from: plan.measured_from(),
            books: Books::new(plan.measured_from()),
            tally: Tally::default(),
            billing: prices.map(|prices| prices.billing),
            init_billed: function.init_billed,
            capacity: 0,
            capacity_since: Time::ZERO,
            asked: Vec::new(),
            end: plan.end(),
            gb: function.memory.gb(),
            ephemeral_gb: ephemeral_gb(plan, id),
            free_tier_counts: !has(|kind| matches!(kind, RemedyKind::Provisioned(_))),
            provisioned_step: prices.map_or(Span::ZERO, |prices| prices.provisioned_step),
            snapshots_billed: versions.filter(|_| function.snapshot_billed).unwrap_or(0),
            before: None,
            batches: Vec::new(),
        }
    }

    /// Instance-nanoseconds in each state since the present part began.
    pub fn so_far(&self, at: Time) -> [u128; 3] {
        self.states.so_far(at)
    }

    /// Adds what states and capacity have come to since the last cut.
    pub(super) fn cut(&mut self, at: Time) {
        let times = self.states.cut(at);
        self.tally.states.join(&times);
        self.set_capacity(at, self.capacity);
    }

    /// Measuring begins.
    pub(super) fn begin(&mut self) {
        self.books.begin(self.states.alive());
        self.tally = Tally::default();
    }

    /// Puts the present part to those before.
    pub(super) fn end_part(&mut self) {
        let tally = std::mem::take(&mut self.tally);
        self.before.get_or_insert_default().join(&tally);
    }

    /// What was counted in all parts.
    pub(super) fn whole(&self) -> &Tally {
        self.before.as_deref().unwrap_or(&self.tally)
    }

    fn set_capacity(&mut self, at: Time, capacity: u32) {
        let nanos = u128::from(at.since(self.capacity_since).nanos());
        self.tally.charges.capacity_nanos += nanos * u128::from(self.capacity);
        self.capacity = capacity;
        self.capacity_since = at;
    }

    /// The time of capacity that is taken away is rounded up (AWS Lambda: from when it is enabled
    /// until it is disabled).
    fn take_away(&mut self, at: Time, mut instances: u32) {
        while instances > 0
            && let Some((since, asked)) = self.asked.pop()
        {
            let gone = asked.min(instances);
            if gone < asked {
                self.asked.push((since, asked - gone));
            }
            instances -= gone;
            let nanos = u128::from(self.rounding(since, at).nanos()) * u128::from(gone);
            self.tally.charges.capacity_nanos += nanos;
        }
    }

    /// What the time of capacity is rounded up by that is on from `since` to `until`.
    fn rounding(&self, since: Time, until: Time) -> Span {
        let used = until.since(since);
        used.round_up(self.provisioned_step).saturating_sub(used)
    }

    /// What is charged for of this function.
    pub(super) fn usage(&self, tally: &Tally, plan: &Plan, window: Span) -> Usage {
        let Some(prices) = &plan.platform.prices else {
            return Usage::default();
        };
        let charges = &tally.charges;
        let gb_s = |nanos: u128| gb_seconds(nanos, self.gb);
        // What is rounded up for the whole run is borne by its parts in proportion.
        let run = plan.duration;
        let share = |whole: Span| whole.part(window.nanos(), run.nanos().max(1));
        let still_on = self.asked.iter().map(|(since, instances)| {
            let rounding = share(self.rounding(*since, self.end));
            u128::from(rounding.nanos()) * u128::from(*instances)
        });
        let capacity = charges.capacity_nanos + still_on.sum::<u128>();
        let cached = self.cached_secs(plan, prices.snapshot_cache_minimum);
        let free = if self.free_tier_counts { 1.0 } else { 0.0 };
        let restored = if self.snapshots_billed > 0 {
            charges.restored
        } else {
            0
        };
        Usage {
            requests: tally.charged_requests() as f64,
            gb_s: gb_s(charges.nanos),
            provisioned_run_gb_s: gb_s(charges.provisioned_run_nanos),
            provisioned_gb_s: gb_s(capacity),
            provisioned_init_gb_s: gb_s(charges.provisioned_init_nanos),
            ping_requests: charges.ping_requests as f64,
            ping_gb_s: gb_s(charges.ping_nanos),
            ping_provisioned_run_gb_s: gb_s(charges.ping_provisioned_run_nanos),
            snapshot_gb_s: cached * (window.secs() / run.secs()) * self.gb,
            restored_gb: restored as f64 * self.gb,
            free_requests: free * (tally.charged_requests() + charges.ping_requests) as f64,
            free_gb_s: free * gb_s(charges.nanos + charges.ping_nanos),
            ephemeral_gb_s: gb_seconds(charges.run_nanos(), self.ephemeral_gb),
            services: self.services(tally, plan, window),
        }
    }
}

impl Watch {
    /// How long snapshots are cached in the measured time, all versions together, in seconds. A
    /// version that is deployed takes the place of the oldest, which is deleted; each is charged a
    /// minimum. Those that the run begins with count as published when measuring begins.
    fn cached_secs(&self, plan: &Plan, minimum: Span) -> f64 {
        let owed = |born: Time, gone: Time| gone.since(born).max(minimum).secs();
        let deployments = plan.functions[self.id.index()].deployments.iter();
        let measured = deployments.filter(|at| **at > self.from && **at < self.end);
        let mut cached = 0.0;
        let mut versions = VecDeque::from([(self.from, self.snapshots_billed)]);
        for at in measured {
            let Some((born, count)) = versions.front_mut().filter(|(_, count)| *count > 0) else {
                break;
            };
            cached += owed(*born, *at);
            *count -= 1;
            if *count == 0 {
                versions.pop_front();
            }
            versions.push_back((*at, 1));
        }
        let left = versions.iter();
        cached
            + left
                .map(|(born, count)| owed(*born, self.end) * f64::from(*count))
                .sum::<f64>()
    }

    /// What this function has of what few have.
    pub(super) fn has(&self, plan: &Plan) -> Has {
        let function = &plan.functions[self.id.index()];
        Has {
            gateway: matches!(function.source, EventSource::Gateway(_)),
            queue: matches!(function.source, EventSource::Queue(_)),
            stream: matches!(function.source, EventSource::Stream(_)),
            schedule: function.scheduled,
            storage: self.ephemeral_gb > 0.0,
            workflow: false,
        }
    }

    /// What the source of a function's requests is charged for.
    fn services(&self, tally: &Tally, plan: &Plan, window: Span) -> Services {
        let mut services = Services::default();
        let messages = tally.messages.as_deref().map_or(0, |m| m.arrived) as f64;
        // A gateway does not charge for what it throttles itself (AWS staff, repost.aws [memory]).
        let calls = (tally.requests + tally.retries).saturating_sub(tally.refused_by_gateway);
        let calls = calls as f64;
        let function = &plan.functions[self.id.index()];
        if function.scheduled {
            let batches = function.source.has_batches();
            services.scheduled = if batches {
                messages
            } else {
                tally.requests as f64
            };
        }
        match &function.source {
            EventSource::Sync | EventSource::Async(_) => {}
            EventSource::Gateway(gateway) => match gateway.kind {
                GatewayKind::Rest => services.rest_requests = calls,
                GatewayKind::Http => services.http_requests = calls,
            },
            EventSource::Queue(rules) => {
                // A call takes, and a call deletes, ten messages at most; each poller waits 20 s
                // for a message (docs.aws.amazon.com, with-sqs, 2026). What failed is not deleted,
                // unless the function says which of its messages did.
                let taken = calls.max(messages / 10.0);
                let told = if rules.partial_failures {
                    tally.failed
                } else {
                    0
                };
                let processed = tally.messages.as_deref().map_or(0, |m| m.processed) as f64;
                let deleted = ((tally.completed() + told) as f64).max(processed / 10.0);
                let polls = f64::from(rules.pollers) * window.secs() / 20.0;
                services.queue_requests = messages + taken + deleted + (polls - taken).max(0.0);
            }
            EventSource::Stream(rules) if rules.kind == StreamKind::DynamoDb => {}
            EventSource::Stream(rules) => {
                services.shard_hours = f64::from(rules.shards) * window.secs() / 3600.0;
                services.put_units = messages;
            }
        }
        services
    }
}

/// Temporary storage of a function beyond what every function has, in GB.
fn ephemeral_gb(plan: &Plan, id: FunctionId) -> f64 {
    let storage = plan.functions[id.index()].ephemeral_storage;
    let included = plan.platform.prices.as_ref();
    match (storage, included) {
        (Some(storage), Some(prices)) => (storage.gb() - prices.ephemeral_included.gb()).max(0.0),
        _ => 0.0,
    }
}

impl Observer for Watch {
    #[inline]
    fn arrived(&mut self, at: Time, _: FunctionId, _: u64) {
        self.books.arrived(at);
        self.tally.requests += 1;
    }

    fn throttled(&mut self, _: Time, _: FunctionId, sender: Sender, arrived: Time) {
        let measured = sender == Sender::User && arrived >= self.from;
        self.tally.throttled += u64::from(measured);
    }

    fn refused_by_gateway(&mut self, _: Time, _: FunctionId, arrived: Time) {
        self.tally.refused_by_gateway += u64::from(arrived >= self.from);
    }

    fn retried(&mut self, _: Time, _: FunctionId, arrived: Time) {
        self.tally.retries += u64::from(arrived >= self.from);
    }

    fn spilled_over(&mut self, _: Time, _: FunctionId, arrived: Time) {
        self.tally.spillovers += u64::from(arrived >= self.from);
    }

    fn pinged(&mut self, _: Time, _: FunctionId) {
        self.tally.pings += 1;
    }

    #[inline]
    fn ended(&mut self, end: &RequestEnd) {
        if end.ending != Ending::Try {
            self.books.ended(end.sender, end.arrived, end.ended);
        }
        if end.arrived < self.from {
            self.ended_of_warm_up(end);
            return;
        }
        let charged = billed(self.billing.as_ref(), self.init_billed, end).nanos();
        let tally = &mut self.tally;
        if end.is_prompt() && end.sender == Sender::User {
            tally.prompt.record(end.latency().nanos());
            tally.charges.nanos += u128::from(charged);
        } else if end.sender == Sender::User {
            tally.count_other(end, charged);
        } else {
            tally.count_ping(end, charged);
        }
    }

    #[inline]
    fn changed(&mut self, change: &StateChange) {
        self.books.changed(change);
        self.states.change(change.at, change.from, change.to.ok());
        if change.from.is_none() {
            self.tally.starts += 1;
            self.tally.prewarms += u64::from(change.prewarmed);
        }
        if let Err(why) = change.to {
            let unused = change.prewarmed && !change.served && change.born >= self.from;
            self.tally.prewarms_unused += u64::from(unused);
            if why != Retirement::EndOfRun {
                self.tally.retired += 1;
                self.tally.life_nanos += u128::from((change.at - change.born).nanos());
            }
        }
    }

    #[inline]
    fn began(&mut self, run: &Prompt) {
        let at = run.arrived;
        self.tally.requests += 1;
        self.books.arrived(at);
        self.books.leaves(State::Idle, run.idle_since, at);
        self.states.pass(at, State::Idle, State::Busy);
    }

    #[inline]
    fn answered(&mut self, run: &Prompt, at: Time) {
        let latency = at - run.arrived;
        self.books.ended(Sender::User, run.arrived, at);
        self.books.leaves(State::Busy, run.arrived, at);
        self.states.pass(at, State::Busy, State::Idle);
        if run.arrived >= self.from {
            self.tally.prompt.record(latency.nanos());
            if let Some(billing) = &self.billing {
                let billed = billing.billed(latency).nanos();
                self.tally.charges.nanos += u128::from(billed);
            }
        } else if at > self.from {
            self.ended_of_warm_up(&run.end(at));
        }
    }

    fn prewarmed(&mut self, start: &Prewarmed) {
        let Some(billing) = &self.billing else {
            return;
        };
        let charges = &mut self.tally.charges;
        charges.restored += u64::from(start.restored);
        if start.billable_start.is_zero() {
            return;
        }
        let nanos = u128::from(billing.billed(start.billable_start).nanos());
        if start.provisioned {
            // Init of provisioned capacity has always been billed.
            charges.provisioned_init_nanos += nanos;
        } else if self.init_billed || start.restored {
            charges.nanos += nanos;
        }
    }

    fn published(&mut self, _: Time, _: FunctionId, billable: Span) {
        // The init of snapshots has been billed before that of others was.
        if let Some(billing) = &self.billing {
            let nanos = billing.billed(billable).nanos();
            self.tally.charges.nanos += u128::from(nanos);
        }
    }

    fn provisioned(&mut self, at: Time, _: FunctionId, instances: u32) {
        let before = self.capacity;
        self.set_capacity(at, instances);
        if instances > before {
            self.asked.push((at, instances - before));
        } else {
            self.take_away(at, before - instances);
        }
    }

    fn connected(&mut self, at: Time, _: FunctionId, more: bool) {
        self.states.connect(at, more);
    }

    fn connection_refused(&mut self, _: Time, _: FunctionId) {
        self.tally.connections_refused += 1;
    }

    fn message_arrived(&mut self, at: Time, _: FunctionId) {
        if at >= self.from {
            self.tally.messages.get_or_insert_default().arrived += 1;
        }
    }

    fn message_ended(&mut self, end: &MessageEnd) {
        if end.arrived >= self.from {
            self.tally.dead_letters += u64::from(end.fate == Fate::GivenUp);
            self.tally.messages.get_or_insert_default().ended(end);
        }
    }

    fn dead_lettered(&mut self, _: Time, _: FunctionId, arrived: Time) {
        self.tally.dead_letters += u64::from(arrived >= self.from);
    }

    fn in_flight(&mut self, request: &InFlight) {
        if !request.answered {
            self.books.ended(request.sender, request.arrived, self.end);
        }
        let measured =
            request.sender == Sender::User && request.arrived >= self.from && !request.answered;
        self.tally.in_flight += u64::from(measured);
        if let Some(run) = &request.running {
            self.charge_running(request.sender, run);
        }
    }
}

/// A run is billed as its time passes, and what it is rounded up by when it ends; its start and the
/// request itself are billed when it begins. So measured times that follow each other are billed
/// what they are together, however long requests take.
impl Watch {
    /// What is billed in the measured time of a request that arrived before it.
    #[cold]
    fn ended_of_warm_up(&mut self, end: &RequestEnd) {
        let costs_nothing = end.found == Found::Nothing || end.ending == Ending::Abandoned;
        if end.ended <= self.from || costs_nothing {
            return;
        }
        let whole = billed(self.billing.as_ref(), self.init_billed, end);
        let before = if end.begun < self.from {
            self.from.since(end.begun) + self.start_of(end.found, end.billable_start)
        } else {
            self.tally.charges.add_begun(end.sender, end.found);
            Span::ZERO
        };
        let nanos = whole.saturating_sub(before).nanos();
        let charges = &mut self.tally.charges;
        charges.add_run(end.sender, end.on_provisioned, nanos);
    }

    /// What is billed in the measured time of a request that runs at its end.
    fn charge_running(&mut self, sender: Sender, run: &Running) {
        let mut length = self.end.since(run.begun.max(self.from));
        if run.begun >= self.from {
            self.tally.charges.add_begun(sender, run.found);
            length += self.start_of(run.found, run.billable_start);
        }
        if self.billing.is_some() {
            let charges = &mut self.tally.charges;
            charges.add_run(sender, run.on_provisioned, length.nanos());
        }
    }

    fn start_of(&self, found: Found, billable_start: Span) -> Span {
        if self.init_billed || matches!(found, Found::Restored(_)) {
            billable_start
        } else {
            Span::ZERO
        }
    }
}

impl Tally {
    /// Counts a user's request that waited for something, or was not simply answered on demand.
    fn count_other(&mut self, end: &RequestEnd, charged: u64) {
        match end.ending {
            Ending::Completed => self.other_completed += 1,
            Ending::Failed => self.failed += 1,
            Ending::OutOfMemory => {
                self.failed += 1;
                self.out_of_memory += 1;
            }
            Ending::TimedOut => self.timed_out += 1,
            Ending::Abandoned => {
                self.timed_out += 1;
                self.delayed.record(end);
                return;
            }
            Ending::Try => {
                self.count_run(end, charged);
                return;
            }
            Ending::Throttled | Ending::Rejected => {
                self.rejected += 1;
                return;
            }
        }
        self.count_run(end, charged);
        self.delayed.record(end);
    }

    /// Counts a try that ran.
    fn count_run(&mut self, end: &RequestEnd, charged: u64) {
        self.charges.other_requests += 1;
        self.charges
            .add_run(end.sender, end.on_provisioned, charged);
        match end.found {
            Found::Cold(cause) => {
                self.boots += 1;
                self.causes[cause as usize] += 1;
            }
            Found::Restored(cause) => {
                self.restores += 1;
                self.causes[cause as usize] += 1;
                self.charges.restored += 1;
            }
            Found::Warm | Found::Nothing => self.other_warm_starts += 1,
        }
    }

    fn count_ping(&mut self, end: &RequestEnd, charged: u64) {
        if end.found == Found::Nothing {
            return;
        }
        self.charges.ping_requests += 1;
        self.charges
            .add_run(end.sender, end.on_provisioned, charged);
        let cold = end.found != Found::Warm;
        self.ping_cold_starts += u64::from(cold);
        self.charges.restored += u64::from(matches!(end.found, Found::Restored(_)));
    }
}
