//! Requests: arrival, limits, routing, throttling, retries and queues.

use super::*;
use crate::dist::uniform;
use crate::model::{ClientRetry, Jitter};
use crate::sim::instance::{NONE, Request, Via};
use crate::sim::slab::Slab;
use crate::sim::sources::{Tried, of_throttle};
use crate::workload::Arrival;

/// What the functions of an account share; by default there are no limits.
#[derive(Default)]
pub(super) struct Account {
    /// Requests a second.
    requests: Option<TokenBucket>,
    /// Requests that its gateways let in.
    gateway: Option<TokenBucket>,
    /// New instances, where the account has one scaling rate.
    instances: Option<TokenBucket>,
    /// What functions without reservation may have in flight on demand together, before
    /// provisioned capacity is taken out; `None` is without limit.
    unreserved: Option<u32>,
    /// What they have.
    pub(super) in_flight: u32,
    /// Provisioned for functions without reservation, which their pool no longer has.
    pub(super) provisioned: u32,
    /// Heads of the queues of all accounts, in the first one: (ticket, function).
    queued: BTreeSet<(u64, u32)>,
    /// When their live timer fires, where there is one; in the first account too.
    drain_at: Option<Time>,
}

impl Account {
    /// The account of this number, with nothing in it.
    pub(super) fn new(plan: &Plan, number: u32) -> Self {
        let limits = plan.platform.account(number);
        let of_account = plan.functions.iter().filter(|f| f.account == number);
        let reserved: u32 = of_account
            .filter_map(|f| f.reserved_concurrency)
            .fold(0, u32::saturating_add);
        let second = Span::from_whole_secs(1);
        Self {
            requests: limits
                .requests_per_second
                .map(|n| TokenBucket::new(n, n, second)),
            gateway: plan.platform.gateway_throttle.map(of_throttle),
            instances: limits
                .scaling_rate
                .filter(|rate| rate.per == RateScope::Account)
                .map(|rate| TokenBucket::of_rate(&rate)),
            unreserved: limits
                .concurrency_quota
                .map(|quota| quota.saturating_sub(reserved)),
            in_flight: 0,
            provisioned: 0,
            queued: BTreeSet::new(),
            drain_at: None,
        }
    }
}

impl Account {
    /// An account without limits of its own but for what its gateways let in.
    pub(super) fn of_one(plan: &Plan) -> Self {
        Self {
            gateway: plan.platform.gateway_throttle.map(of_throttle),
            ..Self::default()
        }
    }

    /// Whether the gateways let a request in; counts it where they do.
    pub(super) fn take_from_gateway(&mut self, now: Time) -> bool {
        self.gateway.as_mut().is_none_or(|bucket| bucket.take(now))
    }

    /// Whether requests per second let an attempt in; counts it where they do.
    #[inline]
    pub(super) fn take_attempt(&mut self, now: Time) -> bool {
        self.requests.as_mut().is_none_or(|bucket| bucket.take(now))
    }

    /// Whether reservation or account let one more request of a function run on demand.
    #[inline]
    pub(super) fn has_concurrency(&self, state: &FunctionState) -> bool {
        if state.reserved != NOT_RESERVED {
            return state.in_flight < state.reserved.saturating_sub(state.provisioned_target);
        }
        self.unreserved
            .is_none_or(|unreserved| self.in_flight < unreserved.saturating_sub(self.provisioned))
    }
}

/// Requests that wait for a limit, for their gateway or for their next try, each with a ticket that
/// tells later whether it is still this one.
#[derive(Default)]
pub(super) struct Waiting {
    requests: Slab<(u64, Request)>,
    tickets: u64,
}

impl Waiting {
    /// Keeps a request: its place and its ticket.
    pub(super) fn keep(&mut self, request: Request) -> (u32, u64) {
        self.tickets += 1;
        (self.requests.put((self.tickets, request)), self.tickets)
    }

    pub(super) fn take(&mut self, place: u32) -> Option<(u64, Request)> {
        self.requests.take(place)
    }

    fn get(&self, place: u32) -> Option<(u64, Request)> {
        self.requests.get(place).copied()
    }

    pub(super) fn all(&self) -> Vec<Request> {
        self.requests.iter().map(|(_, request)| *request).collect()
    }
}

/// The limit that keeps a request out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Refused {
    RequestsPerSecond,
    Concurrency,
    /// A token, or a snapshot, comes at this instant.
    ScalingRate(Time),
}

impl Refused {
    /// The same where a token comes at this instant, too.
    fn until(self, at: Time) -> Self {
        match self {
            Self::ScalingRate(own) => Self::ScalingRate(own.min(at)),
            Self::Concurrency | Self::RequestsPerSecond => Self::ScalingRate(at),
        }
    }
}

impl<O: Observer> Simulation<'_, O> {
    #[inline]
    pub(super) fn arrive(&mut self, arrival: &Arrival, via: Via) {
        let request = self.take_in(arrival, via);
        self.attempt(request);
    }

    /// A user's request has arrived.
    #[inline]
    pub(super) fn take_in(&mut self, arrival: &Arrival, via: Via) -> Request {
        self.begin_request(Request {
            function: arrival.function,
            sender: Sender::User,
            via,
            fails: arrival.fails,
            errors: 0,
            outgrows: false,
            attempts: 1,
            batch: NONE,
            number: 0,
            arrived: self.now,
            called: self.now,
            service: arrival.service,
        })
    }

    /// A user's request begins: it gets its number, and what it will need is drawn.
    #[inline]
    pub(super) fn begin_request(&mut self, mut request: Request) -> Request {
        request.number = self.done.requests;
        if self.functions[request.function].heard & MAY_OUTGROW != 0 {
            self.draw_need(&mut request);
        }
        self.done.requests += 1;
        self.observer
            .arrived(self.now, request.function, request.number);
        self.tell(request.function, Happening::Arrived);
        request
    }

    pub(super) fn ping(&mut self, function: FunctionId, hold: Span) {
        self.observer.pinged(self.now, function);
        self.attempt(Request {
            function,
            sender: Sender::Ping,
            via: Via::Client,
            fails: false,
            errors: 0,
            outgrows: false,
            attempts: 1,
            batch: NONE,
            number: 0,
            arrived: self.now,
            called: self.now,
            service: hold,
        });
    }

    pub(super) fn retry(&mut self, waiting: u32) {
        if let Some((_, request)) = self.waiting.take(waiting) {
            if self.is_too_old(&request) {
                self.give_up(request, Ending::Rejected);
                return;
            }
            self.observer
                .retried(self.now, request.function, request.arrived);
            match self.functions[request.function].rare.source {
                SourceState::Gateway(_) => self.attempt_at_gateway(request),
                _ => self.attempt(request),
            }
        }
    }

    #[inline]
    pub(super) fn attempt(&mut self, request: Request) {
        // Requests per second are not counted for events (docs.aws.amazon.com, lambda-concurrency).
        let counts = request.via != Via::Event;
        let refused = if counts && !self.take_attempt(request.function) {
            Err(Refused::RequestsPerSecond)
        } else if self.must_queue(request.function) {
            Err(Refused::Concurrency)
        } else {
            self.admit(request)
        };
        if let Err(refused) = refused {
            self.overflow(request, refused);
        }
    }

    /// Whether requests per second, of the function where it has such a limit and of its account,
    /// let an attempt in; counts it where they do.
    #[inline]
    fn take_attempt(&mut self, function: FunctionId) -> bool {
        let now = self.now;
        let state = &mut self.functions[function];
        if state.heard & OWN_LIMITS == 0 {
            return self.account.take_attempt(now);
        }
        let own = state.rare.requests.as_mut();
        own.is_none_or(|bucket| bucket.take(now)) && self.account_of(function).take_attempt(now)
    }

    /// The account of a function.
    #[inline]
    pub(super) fn account_of(&mut self, function: FunctionId) -> &mut Account {
        let place = further(&self.functions[function]);
        match place.and_then(|place| self.further_accounts.get_mut(place)) {
            Some(account) => account,
            None => &mut self.account,
        }
    }

    /// Whether others of this function wait already: first come, first served.
    #[inline]
    fn must_queue(&self, function: FunctionId) -> bool {
        self.somebody_waits() && !self.functions[function].rare.queue.is_empty()
    }

    /// Finds or starts an instance for a request.
    #[inline]
    fn admit(&mut self, request: Request) -> Result<(), Refused> {
        let function = &mut self.functions[request.function];
        if function.provisioned_ready > 0 && !function.rare.idle_provisioned.is_empty() {
            let rare = &mut function.rare;
            if let Some(rate) = &mut rare.provisioned_rate
                && !rate.take(self.now)
            {
                // Whoever is to wait need not wait longer than for this instance's next token.
                let at = rate.next_token_at();
                let refused = self.admit_on_demand(request);
                return refused.map_err(|refused| refused.until(at));
            }
            if let Some(slot) = rare.idle_provisioned.choose() {
                rare.idle_provisioned.remove(slot, &mut self.instances);
                self.run_on_idle(slot, request);
                return Ok(());
            }
        }
        self.admit_on_demand(request)
    }

    /// Finds or starts an instance on demand.
    #[inline]
    fn admit_on_demand(&mut self, request: Request) -> Result<(), Refused> {
        if !self.has_concurrency(request.function) {
            return Err(Refused::Concurrency);
        }
        let function = &mut self.functions[request.function];
        if let Some(slot) = function.idle.choose() {
            function.idle.remove(slot, &mut self.instances);
            self.count_on_demand(request);
            self.run_on_idle(slot, request);
            return Ok(());
        }
        if self.is_full() {
            return Err(Refused::Concurrency);
        }
        if let Some(at) = self.snapshot_missing(request.function) {
            return Err(Refused::ScalingRate(at));
        }
        self.take_instance(request.function)?;
        self.count_on_demand(request);
        self.start_for(request);
        Ok(())
    }

    /// Whether reservation or account let one more request run on demand.
    #[inline]
    fn has_concurrency(&self, function: FunctionId) -> bool {
        let state = &self.functions[function];
        let account = further(state).and_then(|place| self.further_accounts.get(place));
        account.unwrap_or(&self.account).has_concurrency(state)
    }

    /// Whether the scaling rate, of the function or of its account, lets one more instance start.
    fn take_instance(&mut self, function: FunctionId) -> Result<(), Refused> {
        let now = self.now;
        let take = |bucket: &mut TokenBucket| {
            if bucket.take(now) {
                Ok(())
            } else {
                Err(Refused::ScalingRate(bucket.next_token_at()))
            }
        };
        if let Some(bucket) = &mut self.functions[function].rare.bucket {
            return take(bucket);
        }
        self.account_of(function)
            .instances
            .as_mut()
            .map_or(Ok(()), take)
    }

    #[inline]
    fn count_on_demand(&mut self, request: Request) {
        let function = &mut self.functions[request.function];
        function.in_flight += 1;
        let unreserved = u32::from(function.reserved == NOT_RESERVED);
        self.account_of(request.function).in_flight += unreserved;
        let function = &self.functions[request.function];
        if function.provisioned_ready > 0 && request.sender == Sender::User {
            self.observer
                .spilled_over(self.now, request.function, request.arrived);
        }
    }

    /// A request on demand has ended; what waits may go on.
    #[inline]
    pub(super) fn uncount_on_demand(&mut self, function: FunctionId) {
        let state = &mut self.functions[function];
        state.in_flight -= 1;
        let unreserved = u32::from(state.reserved == NOT_RESERVED);
        self.account_of(function).in_flight -= unreserved;
    }

    fn overflow(&mut self, request: Request, refused: Refused) {
        let user = request.sender == Sender::User;
        // Events and batches have a queue of their own to go back to.
        let waits = matches!(request.via, Via::Client | Via::Step);
        match self.plan.platform.overflow {
            Overflow::Queue { length, max_wait }
                if user && waits && refused != Refused::RequestsPerSecond =>
            {
                let queue = &self.functions[request.function].rare.queue;
                if length.is_none_or(|length| queue.len() < length as usize) {
                    self.enqueue(request, max_wait);
                    self.drain_later(refused);
                } else {
                    self.throttle(request);
                }
            }
            _ => self.throttle(request),
        }
    }

    pub(super) fn throttle(&mut self, request: Request) {
        self.observer
            .throttled(self.now, request.function, request.sender, request.arrived);
        if request.sender == Sender::User {
            self.tell(request.function, Happening::Throttled);
        }
        if !self.tries_again(&request, Tried::Refused) {
            self.give_up(request, Ending::Throttled);
        }
    }

    fn give_up(&mut self, request: Request, ending: Ending) {
        self.observer.ended(&RequestEnd {
            function: request.function,
            sender: request.sender,
            number: request.number,
            arrived: request.arrived,
            admitted: self.now,
            begun: self.now,
            ended: self.now,
            first_call: Span::ZERO,
            ending,
            found: Found::Nothing,
            instance: None,
            on_provisioned: false,
            billable_start: Span::ZERO,
        });
        if request.batch == NONE {
            self.tell_dead_letter(&request);
        } else if request.via == Via::Step {
            self.call_tried(&request, Tried::Refused, false);
        } else {
            self.batch_tried(&request, Tried::Refused);
        }
    }

    fn enqueue(&mut self, request: Request, max_wait: Option<Span>) {
        let patience = match self.patience_ends(&request) {
            Time::NEVER => None,
            ends => Some(ends.since(self.now)),
        };
        let max_wait = max_wait.into_iter().chain(patience).min();
        let (place, ticket) = self.waiting.keep(request);
        let queue = &mut self.functions[request.function].rare.queue;
        queue.push_back(place);
        if queue.len() == 1 {
            self.account.queued.insert((ticket, request.function.0));
        }
        if let Some(max_wait) = max_wait {
            self.calendar.push(
                self.now + max_wait,
                Event::QueueTimeout {
                    waiting: place,
                    ticket,
                },
            );
        }
    }

    /// Takes the head of a function's queue.
    fn dequeue(&mut self, function: u32) -> Option<Request> {
        let queue = &mut self.functions[FunctionId(function)].rare.queue;
        let place = queue.pop_front()?;
        let (ticket, request) = self.waiting.take(place)?;
        self.account.queued.remove(&(ticket, function));
        if let Some(&head) = self.functions[FunctionId(function)].rare.queue.front()
            && let Some((ticket, _)) = self.waiting.get(head)
        {
            self.account.queued.insert((ticket, function));
        }
        Some(request)
    }

    pub(super) fn queue_timeout(&mut self, place: u32, ticket: u64) {
        let Some((_, request)) = self.waiting.get(place).filter(|(now, _)| *now == ticket) else {
            return;
        };
        let queue = &mut self.functions[request.function].rare.queue;
        if queue.front() == Some(&place) {
            self.dequeue(request.function.0);
        } else {
            // A gateway's patience may end before that of a request that came to the queue earlier.
            queue.retain(|waiting| *waiting != place);
            self.waiting.take(place);
        }
        self.give_up(request, Ending::Rejected);
    }

    /// Lets waiting requests in, the longest waiting first, as far as the limits go.
    pub(super) fn drain_queues(&mut self) {
        let mut from = 0;
        while let Some(&(ticket, function)) = self.account.queued.range((from, 0)..).next() {
            let Some(&place) = self.functions[FunctionId(function)].rare.queue.front() else {
                break;
            };
            let Some((_, request)) = self.waiting.get(place) else {
                break;
            };
            match self.admit(request) {
                Ok(()) => {
                    self.dequeue(function);
                }
                // Others may still have a reservation or instances of their own.
                Err(refused) => {
                    self.drain_later(refused);
                    from = ticket + 1;
                }
            }
        }
    }

    /// Sees to it that the one live timer of all queues fires when a token has come.
    fn drain_later(&mut self, refused: Refused) {
        if let Refused::ScalingRate(at) = refused
            && self.account.drain_at.is_none_or(|drain_at| at < drain_at)
        {
            self.account.drain_at = Some(at);
            self.calendar.push(at, Event::Drain);
        }
    }

    /// A token may have come.
    pub(super) fn drain(&mut self) {
        if self.account.drain_at == Some(self.now) {
            self.account.drain_at = None;
            self.drain_queues();
        }
    }

    /// Whether any request waits in a queue.
    #[inline]
    pub(super) fn somebody_waits(&self) -> bool {
        !self.account.queued.is_empty()
    }
}

/// The place of a function's account among the further ones, where it is one of them.
#[inline]
fn further(state: &FunctionState) -> Option<usize> {
    if state.heard & OWN_LIMITS == 0 {
        return None;
    }
    (state.rare.account as usize).checked_sub(1)
}

/// Wait before the try after `attempts` tries.
pub(super) fn back_off(retry: &ClientRetry, attempts: u32, stream: &mut Stream) -> Span {
    let wait = retry.first.secs() * retry.factor.powf(f64::from(attempts - 1));
    Span::from_secs(match retry.jitter {
        Jitter::None => wait,
        Jitter::Full => wait * uniform(stream),
    })
}
