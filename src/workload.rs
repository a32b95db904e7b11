//! Requests as they arrive: synthetic processes and traces, pulled one ahead and merged in time
//! order, never loaded whole. Knows nothing of policies: arrivals and service times are the same
//! under every one.
//!
//! ```text
//! Process ─▶ FunctionArrivals ─┐
//! minutes ─▶ FunctionArrivals ─┼─▶ Workload ─▶ Arrival, Arrival, …
//! rows ────▶ RowArrivals ──────┘   (a window ahead)
//! ```
//!
//! A [`Dealer`] gives the rows of a file to the workloads of functions that are simulated apart.
//!
//! Each function draws its instants from its own stream and its service times and errors from
//! another, so that they depend neither on the policy nor on the other functions. Equal times are
//! in the order of the functions, then of the sources, then as drawn or written.

mod clock;
mod copies;
mod curve;
mod dealer;
mod merge;
mod rates;
mod recorded;
mod source;
mod starts;
mod surge;
mod timed;
mod window;

pub use dealer::Dealer;
pub use merge::{OfEachFunction, Workload};
pub use source::FunctionArrivals;
pub use starts::Starts;

use crate::ids::FunctionId;
use crate::units::{Span, Time};

/// A request as it arrives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arrival {
    /// When.
    pub at: Time,
    /// For which function.
    pub function: FunctionId,
    /// How long the handler works on it, on a warm instance.
    pub service: Span,
    /// Whether it ends in an error of the function.
    pub fails: bool,
}

/// Requests in order of time; the simulator pulls one after the other.
pub trait Arrivals {
    /// The next request, or `None` after the last. Equal times come in a fixed order.
    fn next_arrival(&mut self) -> Option<Arrival>;
}
