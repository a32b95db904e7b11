//! The requests of one function from one source: when, how long, whether they fail.

use crate::dist::{Dist, uniform};
use crate::ids::FunctionId;
use crate::model::{Function, Process, Service, Traffic};
use crate::random::{Purpose, Stream, Streams};
use crate::trace::MinuteClock;
use crate::units::{Span, Time};

use super::clock::{self, Clock};
use super::copies::Copier;
use super::rates::{MmppClock, ProfileClock};
use super::surge::{Change, Surged};
use super::timed::TimedClock;
use super::{Arrival, Arrivals};

/// The requests of one function from one source, without end: the merge is built of these, and it
/// is the merge that knows when the run ends.
#[derive(Debug)]
pub struct FunctionArrivals {
    pub(super) function: FunctionId,
    instants: Stream,
    clock: Clock,
    draws: ServiceDraws,
}

impl FunctionArrivals {
    /// The requests that `process` sends to a function. `number` tells several sources of the same
    /// function apart: it is 0 for the first. There is more than one only where bursts overlap, and
    /// none of a replay, whose requests come out of a file.
    ///
    /// # Panics
    /// If the process breaks a promise of the model, such as a gap of 0 s.
    pub fn of_process(
        id: FunctionId,
        function: &Function,
        process: &Process,
        streams: &Streams,
        number: u32,
    ) -> Vec<Self> {
        let instants = streams.stream(id.0, Purpose::Arrivals, number);
        let shape = || streams.stream(id.0, Purpose::ArrivalShape, number);
        let clock = match process {
            Process::Poisson { rate } => Clock::poisson(*rate),
            Process::Every { interval, offset } => {
                assert!(
                    !interval.is_zero(),
                    "requests every 0 s for {}",
                    function.name
                );
                Clock::Every {
                    next: offset.nanos(),
                    interval: interval.nanos(),
                }
            }
            Process::Renewal { gap } => {
                assert!(!gap.is_zero(), "gaps of 0 s for {}", function.name);
                Clock::Renewal {
                    at: 0,
                    gap: Box::new(gap.clone()),
                }
            }
            Process::Mmpp { states } => MmppClock::new(states, shape())
                .map_or(Clock::Silent, |clock| Clock::Mmpp(Box::new(clock))),
            Process::Profile(profile) => ProfileClock::new(profile)
                .map_or(Clock::Silent, |clock| Clock::Profile(Box::new(clock))),
            Process::Burst(burst) => {
                // Bursts draw no instants, so that their streams need no numbers of their own.
                return clock::bursts(burst)
                    .into_iter()
                    .zip(0..)
                    .map(|(clock, part)| Self {
                        function: id,
                        instants: instants.clone(),
                        clock,
                        draws: ServiceDraws::new(id, function, *streams, number + part),
                    })
                    .collect();
            }
            Process::Batch { rate, size } => clock::BatchClock::new(*rate, size, shape())
                .map_or(Clock::Silent, |clock| Clock::Batch(Box::new(clock))),
            Process::Schedule(timed) => {
                TimedClock::new(timed).map_or(Clock::Silent, |clock| Clock::Timed(Box::new(clock)))
            }
            Process::Replay { .. } => return Vec::new(),
        };
        vec![Self {
            function: id,
            instants,
            clock,
            draws: ServiceDraws::new(id, function, *streams, number),
        }]
    }

    /// The same with as much traffic as there is in a plan: `of` is the function, or `None` for the
    /// executions of a workflow.
    pub(super) fn of_traffic(
        (id, of): (FunctionId, Option<FunctionId>),
        function: &Function,
        process: &Process,
        (streams, number): (&Streams, u32),
        traffic: &Traffic,
    ) -> Vec<Self> {
        let Some(change) = Change::of(traffic, of) else {
            return Self::of_process(id, function, process, streams, number);
        };
        let changed = change.process(process);
        let mut lanes = Self::of_process(id, function, &changed, streams, number);
        for (lane, number) in lanes.iter_mut().zip(number..) {
            let stream = streams.stream(id.0, Purpose::Traffic, number);
            let clock = std::mem::replace(&mut lane.clock, Clock::Silent);
            lane.clock = change.wrap(&changed, clock, stream);
        }
        lanes
    }

    /// The requests of one function of a trace that counts by the minute.
    pub(super) fn of_minutes(
        id: FunctionId,
        function: &Function,
        clock: MinuteClock,
        copier: Option<Copier>,
        (streams, number): (Streams, u32),
    ) -> Self {
        let clock = Clock::Minutes(Box::new(clock));
        Self {
            function: id,
            instants: streams.stream(id.0, Purpose::Arrivals, number),
            clock: match copier {
                Some(copier) => Clock::Surged(Box::new(Surged::copied(clock, copier))),
                None => clock,
            },
            draws: ServiceDraws::new(id, function, streams, number),
        }
    }

    /// The next instant in nanoseconds; to be followed by one [`Self::request`] where it is used.
    #[inline]
    pub(super) fn next_instant(&mut self) -> u64 {
        self.clock.next(&mut self.instants)
    }

    /// The request at an instant.
    #[expect(
        clippy::inline_always,
        reason = "else requests are handed over in memory: 85 ns each for one function, not 62"
    )]
    #[inline(always)]
    pub(super) fn request(&mut self, at: Time) -> Arrival {
        let (service, fails) = self.draws.draw();
        Arrival {
            at,
            function: self.function,
            service,
            fails,
        }
    }
}

impl Arrivals for FunctionArrivals {
    /// Goes on for ever where the process does.
    fn next_arrival(&mut self) -> Option<Arrival> {
        let at = self.next_instant();
        (at != clock::NEVER).then(|| self.request(Time::from_nanos(at)))
    }
}

/// Service times and errors of one function, drawn an arrival.
#[derive(Debug)]
pub(super) struct ServiceDraws {
    stream: Stream,
    time: ServiceTime,
    error_rate: f64,
}

#[derive(Debug)]
enum ServiceTime {
    One(Dist),
    Sum(Box<Service>),
    /// With what extensions do after it.
    Extended(Box<(Service, Dist)>),
}

impl ServiceDraws {
    pub(super) fn new(id: FunctionId, function: &Function, streams: Streams, number: u32) -> Self {
        let Service { cpu, io } = &function.service;
        let overhead = &function.extension_overhead;
        let time = if !overhead.is_zero() {
            ServiceTime::Extended(Box::new((function.service.clone(), overhead.clone())))
        } else if cpu.is_zero() {
            ServiceTime::One(io.clone())
        } else if io.is_zero() {
            ServiceTime::One(cpu.clone())
        } else {
            ServiceTime::Sum(Box::new(function.service.clone()))
        };
        Self {
            stream: streams.stream(id.0, Purpose::Service, number),
            time,
            error_rate: function.error_rate,
        }
    }

    /// Service time and whether the request fails.
    #[expect(
        clippy::inline_always,
        reason = "drawn once a request: the calls were a tenth of the instructions of a draw"
    )]
    #[inline(always)]
    pub(super) fn draw(&mut self) -> (Span, bool) {
        let service = match &self.time {
            ServiceTime::One(dist) => dist.sample(&mut self.stream),
            ServiceTime::Sum(parts) => sample_sum(parts, &mut self.stream),
            ServiceTime::Extended(parts) => sample_extended(parts, &mut self.stream),
        };
        (service, self.draw_failure())
    }

    /// Whether a request fails whose service time is recorded.
    #[inline]
    pub(super) fn draw_failure(&mut self) -> bool {
        self.error_rate > 0.0 && uniform(&mut self.stream) < self.error_rate
    }
}

#[inline(never)]
fn sample_extended((service, overhead): &(Service, Dist), stream: &mut Stream) -> Span {
    sample_sum(service, stream) + overhead.sample(stream)
}

#[inline(never)]
fn sample_sum(parts: &Service, stream: &mut Stream) -> Span {
    parts.cpu.sample(stream) + parts.io.sample(stream)
}
