//! More requests than a source sends: copies of recorded ones, and launch days on top of a process.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::dist::uniform;
use crate::ids::FunctionId;
use crate::model::{Process, Surge, Traffic};
use crate::random::{Purpose, Stream, Streams};

use super::clock::{Clock, NEVER};

/// A copy of a recorded request lies within so many nanoseconds of it: small against the shape of a
/// day, and long against what a request takes, so that copies do not queue for the same instance.
const RADIUS: u64 = 30_000_000_000;

/// Requests for each that there usually is, over time.
#[derive(Clone, Debug)]
pub(super) struct Curve(Box<[Piece]>);

/// From one instant to another, in nanoseconds, it goes evenly from `first` to `last`.
#[derive(Clone, Copy, Debug)]
struct Piece {
    from: u64,
    to: u64,
    first: f64,
    last: f64,
}

impl Curve {
    /// That of surges in the order of time; `None` where there is none.
    fn new(surges: &[&Surge]) -> Option<Self> {
        let mut pieces = Vec::with_capacity(3 * surges.len());
        for surge in surges {
            let (start, end) = (surge.start.nanos(), surge.end().nanos());
            let ramp = surge.ramp.nanos();
            let (risen, falls) = (start.saturating_add(ramp), end.saturating_sub(ramp));
            let times = surge.times;
            let mut push = |from, to, first, last| {
                if from < to {
                    pieces.push(Piece {
                        from,
                        to,
                        first,
                        last,
                    });
                }
            };
            push(start, risen, 1.0, times);
            push(risen, falls, times, times);
            push(falls, end, times, 1.0);
        }
        (!pieces.is_empty()).then(|| Self(pieces.into()))
    }

    fn at(&self, at: u64) -> f64 {
        let place = self.0.partition_point(|piece| piece.to <= at);
        match self.0.get(place) {
            Some(piece) if piece.from <= at => {
                let part = (at - piece.from) as f64 / (piece.to - piece.from) as f64;
                piece.first + (piece.last - piece.first) * part
            }
            _ => 1.0,
        }
    }

    fn most(&self) -> f64 {
        let tops = self.0.iter().map(|piece| piece.first.max(piece.last));
        tops.fold(1.0, f64::max)
    }
}

/// How the traffic of a plan changes the process of a function, or of a workflow.
pub(super) struct Change {
    /// So many times as many requests, all the time.
    times: f64,
    curve: Option<Curve>,
}

impl Change {
    /// `None` where it does not.
    #[expect(
        clippy::float_cmp,
        reason = "exactly 1 is what was typed, or the default"
    )]
    pub(super) fn of(traffic: &Traffic, function: Option<FunctionId>) -> Option<Self> {
        if traffic.is_usual() {
            return None;
        }
        let curve = Curve::new(&traffic.surges_of(function));
        (traffic.times != 1.0 || curve.is_some()).then_some(Self {
            times: traffic.times,
            curve,
        })
    }

    /// The process whose instants [`Self::wrap`] is to be given.
    pub(super) fn process(&self, process: &Process) -> Process {
        match (&self.curve, process) {
            // What is thinned out to a curve must reach its height.
            (Some(curve), Process::Mmpp { .. } | Process::Profile(_)) => {
                process.times(self.times * curve.most())
            }
            _ => process.times(self.times),
        }
    }

    /// Puts surges on top of the instants of a process.
    pub(super) fn wrap(&self, process: &Process, clock: Clock, stream: Stream) -> Clock {
        let (Some(curve), false) = (&self.curve, matches!(process, Process::Schedule(_))) else {
            return clock;
        };
        let curve = curve.clone();
        Clock::Surged(Box::new(match process {
            Process::Mmpp { .. } | Process::Profile(_) => Surged::Thinned {
                clock,
                stream,
                most: curve.most(),
                curve,
            },
            Process::Burst(_) | Process::Batch { .. } => {
                Surged::Repeated(Repeated::new(clock, stream, curve, 0))
            }
            Process::Every { interval, .. } => {
                let gap = interval.nanos();
                Surged::Repeated(Repeated::new(clock, stream, curve, gap))
            }
            _ => Surged::Faster {
                clock,
                warp: Warp::new(&curve),
            },
        }))
    }
}

/// A process with surges, or recorded requests with copies, at some instant.
#[derive(Debug)]
pub(super) enum Surged {
    /// A process whose own time goes faster while a surge lasts: a Poisson process stays one.
    Faster { clock: Clock, warp: Warp },
    /// A Poisson process with a rate of its own that changes, always at the height of its highest
    /// surge: what is too much is left out. So its rate changes when it would without a surge.
    Thinned {
        clock: Clock,
        stream: Stream,
        most: f64,
        curve: Curve,
    },
    /// Each request becomes several.
    Repeated(Repeated),
    /// Recorded requests, and copies of them.
    Copied {
        clock: Clock,
        copier: Copier,
        held: Held<()>,
    },
}

impl Surged {
    pub(super) fn next(&mut self, instants: &mut Stream) -> u64 {
        match self {
            Self::Faster { clock, warp } => warp.real(clock.next(instants)),
            Self::Thinned {
                clock,
                stream,
                most,
                curve,
            } => loop {
                let at = clock.next(instants);
                if at == NEVER || uniform(stream) * *most < curve.at(at) {
                    return at;
                }
            },
            Self::Repeated(repeated) => repeated.next(instants),
            Self::Copied {
                clock,
                copier,
                held,
            } => loop {
                if let Some((at, ())) = held.due() {
                    return at;
                }
                if held.is_over() {
                    return NEVER;
                }
                let at = clock.next(instants);
                held.read(at, (), Some(copier));
            },
        }
    }

    /// Recorded requests of one function.
    pub(super) fn copied(clock: Clock, copier: Copier) -> Self {
        Self::Copied {
            clock,
            copier,
            held: Held::new(),
        }
    }
}

/// Requests of which each becomes several while a surge lasts: at the same instant, or, where the
/// next one follows after an even gap, evenly up to that.
#[derive(Debug)]
pub(super) struct Repeated {
    clock: Clock,
    stream: Stream,
    curve: Curve,
    gap: u64,
    at: u64,
    count: u32,
    sent: u32,
}

impl Repeated {
    fn new(clock: Clock, stream: Stream, curve: Curve, gap: u64) -> Self {
        Self {
            clock,
            stream,
            curve,
            gap,
            at: 0,
            count: 0,
            sent: 0,
        }
    }

    fn next(&mut self, instants: &mut Stream) -> u64 {
        if self.sent == self.count {
            self.at = self.clock.next(instants);
            if self.at == NEVER {
                return NEVER;
            }
            self.sent = 0;
            // A surge takes no request away.
            self.count = whole(self.curve.at(self.at), &mut self.stream).max(1);
        }
        let part = u128::from(self.gap) * u128::from(self.sent) / u128::from(self.count);
        self.sent += 1;
        self.at.saturating_add(part as u64)
    }
}

/// A whole number with this mean, next to it.
fn whole(mean: f64, stream: &mut Stream) -> u32 {
    let below = mean.floor();
    let above = mean > below && uniform(stream) < mean - below;
    below as u32 + u32::from(above)
}

/// The time of a process against real time: faster while a surge lasts, by as much as its curve.
#[derive(Debug)]
pub(super) struct Warp {
    /// When each piece begins and ends in the time of the process.
    pieces: Box<[(u64, u64, Piece)]>,
    /// Pieces before this one are over.
    place: usize,
}

impl Warp {
    fn new(curve: &Curve) -> Self {
        let mut ahead: u64 = 0;
        let pieces = curve.0.iter().map(|piece| {
            let length = (piece.to - piece.from) as f64;
            let own = (length * (piece.first + piece.last) / 2.0).round() as u64;
            let from = piece.from.saturating_add(ahead);
            ahead = ahead.saturating_add(own.saturating_sub(piece.to - piece.from));
            (from, from.saturating_add(own), *piece)
        });
        Self {
            pieces: pieces.collect(),
            place: 0,
        }
    }

    /// The real instant of one of the process, which come in order.
    fn real(&mut self, own: u64) -> u64 {
        if own == NEVER {
            return NEVER;
        }
        while self
            .pieces
            .get(self.place)
            .is_some_and(|(_, to, _)| *to <= own)
        {
            self.place += 1;
        }
        match self.pieces.get(self.place) {
            Some((from, _, piece)) if *from <= own => {
                // So much is the area under the curve since its beginning.
                let area = (own - from) as f64;
                let length = piece.to - piece.from;
                let slope = (piece.last - piece.first) / length as f64;
                let root = (piece.first * piece.first + 2.0 * slope * area).max(0.0);
                let passed = 2.0 * area / (piece.first + root.sqrt());
                piece.from + (passed.round() as u64).min(length)
            }
            _ => match self.place.checked_sub(1).map(|place| &self.pieces[place]) {
                Some((_, to, piece)) => piece.to.saturating_add(own - to),
                None => own,
            },
        }
    }
}

/// Copies recorded requests of one function, or leaves some of them out.
#[derive(Debug)]
pub(super) struct Copier {
    times: f64,
    curve: Option<Curve>,
    stream: Stream,
    /// How far from the request a copy may lie.
    radius: u64,
    end: u64,
}

impl Copier {
    /// `number` tells the sources of a function apart; `None` where there is as much as recorded.
    pub(super) fn new(
        traffic: &Traffic,
        function: FunctionId,
        streams: &Streams,
        number: u32,
        end: u64,
    ) -> Option<Self> {
        let change = Change::of(traffic, Some(function))?;
        Some(Self {
            times: change.times,
            curve: change.curve,
            stream: streams.stream(function.0, Purpose::Traffic, number),
            radius: RADIUS.min(end / 2),
            end,
        })
    }

    /// How often the request at an instant is there.
    fn count(&mut self, at: u64) -> u32 {
        let surge = self.curve.as_ref().map_or(1.0, |curve| curve.at(at));
        whole(self.times * surge, &mut self.stream)
    }

    /// Another instant near this one, within the run.
    fn near(&mut self, at: u64) -> u64 {
        let moved = (uniform(&mut self.stream) * (2 * self.radius) as f64) as u64;
        match (at + moved).checked_sub(self.radius) {
            None => self.radius - (at + moved),
            Some(near) if near >= self.end => 2 * self.end - 1 - near,
            Some(near) => near,
        }
    }
}

/// Requests that were read, until no other that is still to be read can lie before them.
#[derive(Debug)]
pub(super) struct Held<T> {
    /// By instant, then in the order in which they came.
    requests: BinaryHeap<Reverse<(u64, u64, T)>>,
    pushed: u64,
    /// The last instant that was read; [`NEVER`] after the last request.
    read: u64,
}

impl<T: Ord + Copy> Held<T> {
    pub(super) fn new() -> Self {
        Self {
            requests: BinaryHeap::new(),
            pushed: 0,
            read: 0,
        }
    }

    /// The next request, where it is certain which one that is.
    pub(super) fn due(&mut self) -> Option<(u64, T)> {
        let Reverse((at, ..)) = self.requests.peek()?;
        let certain = self.read == NEVER || at.saturating_add(RADIUS) <= self.read;
        if !certain {
            return None;
        }
        let Reverse((at, _, what)) = self.requests.pop()?;
        Some((at, what))
    }

    /// Whether nothing is to come any more, but what is held.
    pub(super) fn is_over(&self) -> bool {
        self.read == NEVER
    }

    /// Takes in a request that was read, with its copies where somebody makes some; [`NEVER`] is
    /// that there was none.
    pub(super) fn read(&mut self, at: u64, what: T, copier: Option<&mut Copier>) {
        self.read = at;
        if at == NEVER {
            return;
        }
        let Some(copier) = copier.filter(|copier| at < copier.end) else {
            self.push(at, what);
            return;
        };
        for number in 0..copier.count(at) {
            let at = if number == 0 { at } else { copier.near(at) };
            self.push(at, what);
        }
    }

    fn push(&mut self, at: u64, what: T) {
        self.pushed += 1;
        self.requests.push(Reverse((at, self.pushed, what)));
    }
}
