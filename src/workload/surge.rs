//! More requests than a process sends: all the time, and on launch days.

use crate::dist::uniform;
use crate::ids::FunctionId;
use crate::model::{Process, Traffic};
use crate::random::Stream;

use super::clock::{Clock, NEVER};
use super::copies::{Copier, Held};
use super::curve::{Curve, Piece};

/// How the traffic of a plan changes the process of a function, or of a workflow.
pub(super) struct Change {
    /// So many times as many requests, all the time.
    pub(super) times: f64,
    pub(super) curve: Option<Curve>,
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
        process.times(self.times)
    }

    /// Puts surges on top of the instants of a process.
    pub(super) fn wrap(&self, process: &Process, clock: Clock, stream: Stream) -> Clock {
        let (Some(curve), false) = (&self.curve, matches!(process, Process::Schedule(_))) else {
            return clock;
        };
        let curve = curve.clone();
        Clock::Surged(Box::new(match process {
            Process::Poisson { .. } | Process::Mmpp { .. } | Process::Profile(_) => {
                Surged::Added(Added::new(clock, stream, curve))
            }
            Process::Batch { .. } => Surged::Repeated(Repeated::new(clock, stream, curve, 0)),
            Process::Burst(burst) => {
                let gap = burst.over.nanos() / u64::from(burst.requests.max(1));
                Surged::Repeated(Repeated::new(clock, stream, curve, gap))
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
    /// A process whose own time goes faster while a surge lasts.
    Faster { clock: Clock, warp: Warp },
    /// A Poisson process, whether or not its rate changes, and another one beside it.
    Added(Added),
    /// Requests with others beside them.
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
            Self::Added(added) => added.next(instants),
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

/// A Poisson process with what surges add: another one, of the same states and hours and with
/// random numbers of its own, so that not one of its own requests is moved. The other one's rate is
/// that of the highest surge, and what is too much is left out.
#[derive(Debug)]
pub(super) struct Added {
    clock: Clock,
    /// The next of its own; `None` where it is not drawn yet.
    own: Option<u64>,
    other: Clock,
    stream: Stream,
    curve: Curve,
    /// The next of the other's.
    others: Option<u64>,
}

impl Added {
    fn new(clock: Clock, stream: Stream, curve: Curve) -> Self {
        let mut other = clock.memoryless(curve.most() - 1.0, curve.end());
        if let Some(first) = curve.next(0) {
            other.skip_to(first);
        }
        Self {
            other,
            clock,
            own: None,
            stream,
            curve,
            others: None,
        }
    }

    fn next(&mut self, instants: &mut Stream) -> u64 {
        let own = *self.own.get_or_insert_with(|| self.clock.next(instants));
        let added = match self.others {
            Some(added) => added,
            None => self.draw(),
        };
        self.others = Some(added);
        if added < own {
            self.others = None;
        } else {
            self.own = None;
        }
        own.min(added)
    }

    /// The next of the other's.
    fn draw(&mut self) -> u64 {
        let most = self.curve.most() - 1.0;
        let mut at = self.other.next(&mut self.stream);
        loop {
            if at == NEVER {
                return NEVER;
            }
            match self.curve.next(at) {
                // Nothing is remembered, so that it may as well begin here.
                Some(begins) if begins > at => {
                    self.other.skip_to(begins);
                    at = self.other.next(&mut self.stream);
                }
                Some(_) if uniform(&mut self.stream) * most < self.curve.at(at) - 1.0 => return at,
                Some(_) => at = self.other.next(&mut self.stream),
                None => return NEVER,
            }
        }
    }
}

/// Requests that become more while a surge lasts: those that come in even gaps by others in these
/// gaps, as evenly as the surge goes; those that come together by others at the same instant. What
/// is no whole number is carried over to the next one, so that as many come as the surge says.
#[derive(Debug)]
pub(super) struct Repeated {
    clock: Clock,
    curve: Curve,
    gap: u64,
    at: u64,
    /// What is left over of 1.
    carried: f64,
    /// Additional ones after the one at `at`, and which one is next.
    more: u32,
    next: u32,
}

impl Repeated {
    fn new(clock: Clock, mut stream: Stream, curve: Curve, gap: u64) -> Self {
        Self {
            clock,
            curve,
            gap,
            at: 0,
            // By chance, so that on average not even a part is lost.
            carried: uniform(&mut stream),
            more: 0,
            next: 1,
        }
    }

    fn next(&mut self, instants: &mut Stream) -> u64 {
        let end = |at: u64| at.saturating_add(self.gap);
        if self.next <= self.more {
            let part = f64::from(self.next) / f64::from(self.more + 1);
            self.next += 1;
            return match self.gap {
                0 => self.at,
                _ => self.curve.reaches(self.at, end(self.at), part),
            };
        }
        let at = self.clock.next(instants);
        if at != NEVER {
            let more = match self.gap {
                0 => self.curve.at(at) - 1.0,
                gap => self.curve.added(at, end(at)) / gap as f64,
            };
            let more = self.carried + more;
            self.more = more as u32;
            self.carried = more - f64::from(self.more);
            (self.at, self.next) = (at, 1);
        }
        at
    }
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
        let pieces = curve.pieces().iter().map(|piece| {
            let own = piece.area().round() as u64;
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
                piece.reaches((own - from) as f64)
            }
            _ => match self.place.checked_sub(1).map(|place| &self.pieces[place]) {
                Some((_, to, piece)) => piece.to.saturating_add(own - to),
                None => own,
            },
        }
    }
}
