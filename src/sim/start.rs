//! What a start is made of, drawn: fetching, init, and the memory that a request will need.

use rand::distr::Distribution;
use rand_distr::Binomial;

use super::*;
use crate::dist::uniform;
use crate::model::{Function, ImageFetch, StartPhases};
use crate::sim::instance::Request;

/// The code to the host: the package, the layers that are not there yet, the chunks of an image.
pub(super) fn fetch(phases: &StartPhases, stream: &mut Stream) -> Span {
    let mut length = phases.fetch.sample(stream);
    for layer in &phases.layers {
        if layer.cached <= 0.0 || uniform(stream) >= layer.cached {
            length += layer.fetch;
        }
    }
    if let Some(image) = &phases.image {
        length += read_chunks(image, stream);
    }
    length
}

/// Extensions, then runtime, then code with what it downloads (docs.aws.amazon.com,
/// lambda-runtime-environment).
pub(super) fn init(phases: &StartPhases, stream: &mut Stream) -> Span {
    phases.extensions.sample(stream)
        + phases.runtime.sample(stream)
        + phases.download.sample(stream)
        + phases.init.sample(stream)
}

/// How long the chunks of a start take. How many of them each level serves is drawn exactly, by one
/// binomial a level, so that a large image costs no more than a small one. Those that are read at
/// once share the time, which is never less than one chunk of the slowest level that served any.
fn read_chunks(image: &ImageFetch, stream: &mut Stream) -> Span {
    let mut left = image.chunks;
    let mut unserved = 1.0;
    let mut sum = 0.0;
    let mut slowest = Span::ZERO;
    let last = image.levels.len().saturating_sub(1);
    for (place, level) in image.levels.iter().enumerate() {
        let share = (level.hit / unserved).clamp(0.0, 1.0);
        let served = if place == last || share >= 1.0 {
            left
        } else {
            Binomial::new(left, share).map_or(0, |law| law.sample(stream).min(left))
        };
        if served > 0 {
            sum += served as f64 * level.chunk.nanos() as f64;
            slowest = slowest.max(level.chunk);
        }
        left -= served;
        unserved -= level.hit;
        if left == 0 {
            break;
        }
    }
    Span::from_nanos_f64(sum / f64::from(image.parallel.max(1))).max(slowest)
}

/// Whether init needs more memory than there is.
pub(super) fn never_ends(function: &Function) -> bool {
    let need = function.working_set.as_ref();
    need.is_some_and(|need| need.outgrows_at_once(function.memory))
}

impl<O: Observer> Simulation<'_, O> {
    /// Whether no instance of a function gets through its init.
    pub(super) fn never_starts(&self, id: FunctionId) -> bool {
        never_ends(&self.plan.functions[id.index()])
    }

    /// Draws the memory that a request needs, as it arrives, so that it is the same under every
    /// policy and for every memory.
    #[cold]
    pub(super) fn draw_need(&mut self, request: &mut Request) {
        let function = &self.plan.functions[request.function.index()];
        let stream = self.functions[request.function].rare.memory_stream.as_mut();
        let need = function.working_set.as_ref().zip(stream);
        let share = need.and_then(|(need, stream)| need.runs_out(function.memory, stream));
        if let Some(share) = share {
            request.outgrows = true;
            request.service = Span::from_nanos_f64(request.service.nanos() as f64 * share);
        }
    }
}
