//! Calls in the order in which they arrived, seen once: what an estimate is made from.
//!
//! One log stream is one instance. A stream that is called again has survived its pause; a stream
//! that is never called again was dead by the time a request had to wait for a new instance while
//! it would have been idle. Nothing else is known of when instances end.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io;

use super::bills::Bills;
use super::call::{Call, End, NONE};
use super::impossible::LONGEST_TIMEOUT_S;
use super::sample::{Reservoir, Sample};
use super::sort::Sorted;

const SECOND: i64 = 1_000_000_000;

/// An instance that ended so shortly before a cold start may have been busy when its request came:
/// what the platform does before the init is in no log.
const UNCERTAIN: i64 = SECOND;

/// Times of a log are a little off: calls of one instance overlap where they do by more.
const OVERLAP: i64 = SECOND / 10;

/// Pauses survived that are kept one by one: the longest, for these say where the keep-alive is.
const PAUSES: usize = 200_000;
/// Of shorter ones so many are kept, each of which stands for as many as there are of it.
const SHORTER: usize = 100_000;

/// What calls of a span of time tell.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) calls: u64,
    /// First arrival and last end, in nanoseconds since 1970.
    pub(super) span: Option<(i64, i64)>,
    /// The longest time without an arrival, in nanoseconds, and the arrival that ended it.
    pub(super) longest_gap: (i64, i64),
    /// How long handlers ran on instances that were warm, in milliseconds.
    pub(super) warm: Sample,
    /// How long they ran in the first call after an init, and after a restore.
    pub(super) first: Sample,
    pub(super) first_restored: Sample,
    pub(super) init: Sample,
    pub(super) restore: Sample,
    pub(super) billed_restore: Sample,
    pub(super) cold: u64,
    pub(super) restored: u64,
    pub(super) errors: u64,
    pub(super) exits: u64,
    pub(super) timeouts: u64,
    /// Calls that ran on an instance that was reset by the call before.
    pub(super) after_reset: u64,
    /// The timeout, as lines tell it, or what the shortest cut call ran.
    pub(super) timeout_s: Option<f64>,
    /// Memory configured, in MB, with the number of calls.
    pub(super) memory: BTreeMap<u32, u64>,
    pub(super) max_memory: Sample,
    pub(super) latency: Sample,
    pub(super) bills: Bills,
    pub(super) busy_peak: u32,
    pub(super) busy_mean: f64,
    /// Calls of which the stream is known.
    pub(super) streamed: u64,
    /// Calls that began while another ran on their instance.
    pub(super) overlapping: u64,
    pub(super) instances: Instances,
    pub(super) idle: Idle,
}

/// What is known of instances.
#[derive(Clone, Debug, Default)]
pub(super) struct Instances {
    pub(super) count: u64,
    /// Of which the log has the first call.
    pub(super) begun: u64,
    /// Calls of an instance.
    pub(super) calls: Sample,
    /// First arrival to last end of those that were seen to begin and are dead, in seconds: at
    /// least so long they lived.
    pub(super) lives: Sample,
    pub(super) longest_life_s: f64,
}

/// What is known of how long idle instances live. In seconds.
#[derive(Clone, Debug)]
pub(super) struct Idle {
    /// Pauses after which the instance was still there; the longest ones, with its age.
    pub(super) survived: Vec<(f64, f64)>,
    /// Shorter pauses that were survived, likewise.
    pub(super) shorter: Reservoir<(f64, f64)>,
    /// Pauses by whose end the instance was gone, with the age it would have had: at most one an
    /// instance.
    pub(super) died: Vec<(f64, f64)>,
    /// Instances that were gone when another version was called.
    pub(super) deployed: u64,
    /// Requests that waited for a new instance though an idle one was there, as later calls show.
    pub(super) passed_over: u64,
    pub(super) longest_survived: f64,
}

/// An instance as the sweep knows it.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Copy)]
struct Stream {
    first_arrival: i64,
    last_end: i64,
    calls: u64,
    begun: bool,
    /// Reset by its last call.
    reset: bool,
    /// Whether it is among those that may be idle.
    listed: bool,
    /// Pause by which it was gone unless it is called again, and the age it had then.
    gone: Option<(f64, f64)>,
    /// It was another version that waited.
    deployed: bool,
}

/// Which calls are seen.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) from: i64,
    pub(super) to: i64,
}

impl Window {
    pub(super) const ALL: Self = Self {
        from: i64::MIN,
        to: i64::MAX,
    };

    fn is_all(self) -> bool {
        self.from == i64::MIN && self.to == i64::MAX
    }
}

struct Sweep<'a> {
    history: History,
    streams: Vec<Option<Stream>>,
    versions: &'a [u32],
    /// Streams that may be idle and of which it is not known that they are gone.
    listed: Vec<u32>,
    /// (time, +1 or −1 as an order: ends first), of handlers that run.
    edges: BinaryHeap<Reverse<(i64, bool)>>,
    busy: u32,
    busy_area: f64,
    busy_since: i64,
    last_arrival: Option<i64>,
    window: Window,
}

impl History {
    /// Sees the calls of a window. `versions` has the function's version of each stream.
    pub(super) fn of(calls: &Sorted<Call>, window: Window, versions: &[u32]) -> io::Result<Self> {
        let mut sweep = Sweep {
            history: Self::default(),
            streams: vec![None; versions.len()],
            versions,
            listed: Vec::new(),
            edges: BinaryHeap::new(),
            busy: 0,
            busy_area: 0.0,
            busy_since: i64::MIN,
            last_arrival: None,
            window,
        };
        let mut rows = calls.rows()?;
        while let Some(call) = rows.next()? {
            match call.arrival() {
                Some(at) if at >= window.to => break,
                // What still runs when the window begins is part of its concurrency.
                Some(at) if at < window.from => {
                    if call.0.at > window.from {
                        sweep.run(window.from.max(at + call.0.start.max(0)), call.0.at);
                    }
                }
                // A call without a time is of the whole log, and of no part of it.
                None if !window.is_all() => {}
                _ => sweep.see(&call),
            }
        }
        Ok(sweep.finish())
    }

    /// Whether times are known.
    pub(super) fn is_timed(&self) -> bool {
        self.span.is_some()
    }

    /// Seconds from the first arrival to the last end.
    pub(super) fn span_s(&self) -> f64 {
        self.span
            .map_or(0.0, |(first, last)| (last - first) as f64 / SECOND as f64)
    }
}

impl Sweep<'_> {
    fn see(&mut self, call: &Call) {
        let history = &mut self.history;
        history.calls += 1;
        history.cold += u64::from(call.is_cold());
        history.restored += u64::from(call.is_cold() && call.0.restored);
        history.latency.see(call.latency_ms());
        history.bills.see(call);
        if call.0.memory_mb.is_finite() {
            *history
                .memory
                .entry(call.0.memory_mb.round() as u32)
                .or_default() += 1;
        }
        if call.0.max_memory_mb.is_finite() {
            history.max_memory.see(f64::from(call.0.max_memory_mb));
        }
        let reset = self.stream_before(call).is_some_and(|stream| stream.reset);
        self.see_lengths(call, reset);
        if let Some(arrival) = call.arrival() {
            self.see_times(call, arrival);
        }
    }

    fn stream_before(&self, call: &Call) -> Option<&Stream> {
        self.streams.get(call.0.stream as usize)?.as_ref()
    }

    fn see_lengths(&mut self, call: &Call, reset: bool) {
        let history = &mut self.history;
        match call.0.end {
            End::Plain => {}
            End::Error => history.errors += 1,
            End::Exit => {
                history.errors += 1;
                history.exits += 1;
            }
            End::Timeout => {
                history.timeouts += 1;
                let told = f64::from(call.0.timeout_s);
                // What it ran is a little more than its timeout, which is in whole seconds.
                let ran = (call.run_ms() / 1e3).floor().clamp(1.0, LONGEST_TIMEOUT_S);
                let after = if told.is_nan() { ran } else { told };
                history.timeout_s = Some(history.timeout_s.map_or(after, |known| known.max(after)));
            }
        }
        if call.is_cold() {
            if call.0.restored {
                history.restore.see(call.start_ms());
                if call.0.billed_restore_ms.is_finite() {
                    history
                        .billed_restore
                        .see(f64::from(call.0.billed_restore_ms));
                }
            } else {
                history.init.see(call.start_ms());
            }
        }
        if call.0.end == End::Timeout {
            return;
        }
        if call.is_cold() {
            let first = if call.0.restored {
                &mut history.first_restored
            } else {
                &mut history.first
            };
            first.see(call.run_ms());
        } else if reset {
            // Its init was run again inside of it.
            history.after_reset += 1;
        } else {
            history.warm.see(call.run_ms());
        }
    }

    fn see_times(&mut self, call: &Call, arrival: i64) {
        let end = call.0.at;
        let span = self.history.span.get_or_insert((arrival, end));
        span.1 = span.1.max(end);
        let before = self.last_arrival.replace(arrival).unwrap_or(arrival);
        self.history.longest_gap = self.history.longest_gap.max((arrival - before, arrival));
        self.pass(arrival);
        self.run(arrival + call.0.start.max(0), end);
        if call.0.stream == NONE {
            return;
        }
        self.history.streamed += 1;
        if call.is_cold() {
            self.cold_start(call, arrival);
        }
        self.called(call, arrival, end);
    }

    fn run(&mut self, from: i64, to: i64) {
        if from >= to {
            // It takes no time, but an instance.
            self.history.busy_peak = self.history.busy_peak.max(1);
            return;
        }
        self.edges.push(Reverse((from, true)));
        self.edges.push(Reverse((to, false)));
    }

    /// Handlers begin and end up to a time.
    fn pass(&mut self, to: i64) {
        while let Some(Reverse((at, begins))) = self.edges.peek().copied() {
            if at > to {
                break;
            }
            self.edges.pop();
            if self.busy > 0 {
                self.busy_area += f64::from(self.busy) * (at - self.busy_since) as f64;
            }
            self.busy_since = at;
            if begins {
                self.busy += 1;
                self.history.busy_peak = self.history.busy_peak.max(self.busy);
            } else {
                self.busy = self.busy.saturating_sub(1);
            }
        }
    }

    /// A request had to wait for a new instance, so that none was idle.
    fn cold_start(&mut self, call: &Call, arrival: i64) {
        let version = self.versions[call.0.stream as usize];
        let (streams, versions) = (&mut self.streams, self.versions);
        self.listed.retain(|number| {
            let Some(stream) = &mut streams[*number as usize] else {
                return false;
            };
            if *number == call.0.stream || stream.last_end > arrival - UNCERTAIN {
                return true;
            }
            let pause = (arrival - stream.last_end) as f64 / SECOND as f64;
            let age = if stream.begun {
                (arrival - stream.first_arrival) as f64 / SECOND as f64
            } else {
                f64::NAN
            };
            stream.gone = Some((pause, age));
            stream.deployed = versions[*number as usize] != version;
            stream.listed = false;
            false
        });
    }

    fn called(&mut self, call: &Call, arrival: i64, end: i64) {
        let number = call.0.stream;
        let reset = matches!(call.0.end, End::Timeout | End::Exit);
        let slot = &mut self.streams[number as usize];
        let stream = slot.get_or_insert(Stream {
            first_arrival: arrival,
            last_end: arrival,
            calls: 0,
            begun: call.is_cold(),
            reset: false,
            listed: false,
            gone: None,
            deployed: false,
        });
        self.history.overlapping += u64::from(arrival < stream.last_end - OVERLAP);
        if stream.calls > 0 && !call.is_cold() && arrival > stream.last_end {
            let idle = &mut self.history.idle;
            idle.passed_over += u64::from(stream.gone.is_some());
            let pause = (arrival - stream.last_end) as f64 / SECOND as f64;
            let age = if stream.begun {
                (arrival - stream.first_arrival) as f64 / SECOND as f64
            } else {
                f64::NAN
            };
            idle.survive(pause, age);
        }
        stream.gone = None;
        stream.calls += 1;
        stream.last_end = stream.last_end.max(end);
        stream.reset = reset;
        if !stream.listed {
            stream.listed = true;
            self.listed.push(number);
        }
    }

    fn finish(mut self) -> History {
        let end = self.history.span.map_or(0, |(_, last)| last);
        self.pass(i64::MAX);
        let first = self.history.span.map_or(0, |(first, _)| first);
        let from = if self.window.from == i64::MIN {
            first
        } else {
            self.window.from
        };
        let length = (end - from) as f64;
        self.history.busy_mean = if length > 0.0 {
            self.busy_area / length
        } else {
            0.0
        };
        for stream in self.streams.into_iter().flatten() {
            let instances = &mut self.history.instances;
            instances.count += 1;
            instances.begun += u64::from(stream.begun);
            instances.calls.see(stream.calls as f64);
            let life = (stream.last_end - stream.first_arrival) as f64 / SECOND as f64;
            instances.longest_life_s = instances.longest_life_s.max(life);
            let Some(gone) = stream.gone else { continue };
            if stream.begun {
                instances.lives.see(life);
            }
            if stream.deployed {
                self.history.idle.deployed += 1;
            } else {
                self.history.idle.died.push(gone);
            }
        }
        self.history
    }
}

impl Default for Idle {
    fn default() -> Self {
        Self {
            survived: Vec::new(),
            shorter: Reservoir::of(SHORTER),
            died: Vec::new(),
            deployed: 0,
            passed_over: 0,
            longest_survived: 0.0,
        }
    }
}

impl Idle {
    pub(super) fn survive(&mut self, pause: f64, age: f64) {
        self.longest_survived = self.longest_survived.max(pause);
        self.survived.push((pause, age));
        if self.survived.len() >= 2 * PAUSES {
            self.survived
                .select_nth_unstable_by(PAUSES, |a, b| b.0.total_cmp(&a.0));
            for short in self.survived.drain(PAUSES..) {
                self.shorter.see(short);
            }
        }
    }

    /// Pauses that were survived, with the age and how many each stands for.
    pub(super) fn all_survived(&self) -> impl Iterator<Item = (f64, f64, f64)> {
        let weight = self.shorter.weight();
        let longest = self.survived.iter().map(|(s, age)| (*s, *age, 1.0));
        let shorter = self.shorter.kept().iter();
        longest.chain(shorter.map(move |(s, age)| (*s, *age, weight)))
    }

    /// How many pauses were survived.
    pub(super) fn survivals(&self) -> u64 {
        self.survived.len() as u64 + self.shorter.seen()
    }
}
