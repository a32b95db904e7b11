//! Memory that a function needs, which may be more than it has.

use crate::dist::Dist;
use crate::random::Stream;
use crate::units::{Memory, Span};

/// Memory that a function needs.
///
/// Memory in use is `base` when the handler begins and grows evenly to the request's peak while the
/// handler runs, so a request whose peak is above what the function has is ended when so much of
/// its run has passed as fits. That growth is even is an assumption.
#[derive(Clone, PartialEq, Debug)]
pub struct WorkingSet {
    /// In use after init: a function with less memory never gets through its init.
    pub base: Memory,
    /// Most that a request uses, the base included, a nanosecond standing for a byte.
    peak: Dist,
}

impl WorkingSet {
    /// Nothing after init, and always the same peak.
    pub fn constant(peak: Memory) -> Self {
        Self::new(Memory::from_bytes(0), Dist::constant(bytes(peak)))
    }

    /// Memory after init, and a distribution of peaks with a nanosecond for each byte (see
    /// [`bytes`]).
    pub fn new(base: Memory, peak: Dist) -> Self {
        Self { base, peak }
    }

    /// The peaks, a nanosecond for each byte.
    pub fn peak(&self) -> &Dist {
        &self.peak
    }

    /// Whether init does not fit into so much memory.
    pub fn outgrows_at_once(&self, memory: Memory) -> bool {
        self.base > memory
    }

    /// Whether a request may need more than this.
    pub fn may_outgrow(&self, memory: Memory) -> bool {
        let most = self.peak.longest();
        self.outgrows_at_once(memory) || most.is_none_or(|most| most > bytes(memory))
    }

    /// The share of a run after which a request, whose peak is drawn, has used up so much memory;
    /// `None` where it never does.
    pub fn runs_out(&self, memory: Memory, stream: &mut Stream) -> Option<f64> {
        let (base, memory) = (bytes(self.base), bytes(memory));
        let peak = self.peak.sample(stream).max(base);
        if peak <= memory {
            return None;
        }
        let fits = memory.saturating_sub(base).nanos() as f64;
        Some(fits / peak.saturating_sub(base).nanos().max(1) as f64)
    }
}

/// An amount of memory as the length of time that stands for it in a distribution.
pub fn bytes(memory: Memory) -> Span {
    Span::from_nanos(memory.bytes())
}
