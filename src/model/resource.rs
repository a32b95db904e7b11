//! What functions reach out to: a database, a service behind them.

use crate::dist::Dist;
use crate::units::Span;

/// A resource with a number of connections.
#[derive(Clone, PartialEq, Debug)]
pub struct Resource {
    /// Name in the experiment.
    pub name: String,
    /// Connections that it holds at once; `None` is any number.
    pub connections: Option<u32>,
    /// How long it takes to open one.
    pub set_up: Dist,
}

/// A function's connection to a resource; each instance has one at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Connection {
    /// Place of the resource in the platform's list.
    pub to: u32,
    /// When it is opened.
    pub open: Open,
    /// Tries in all, the first included; a request whose last one is refused fails.
    pub attempts: u32,
    /// Wait before each further try.
    pub retry_wait: Span,
}

/// When a connection is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Open {
    /// In init, and held for the life of the instance; a request opens it where init was refused,
    /// or where a snapshot was restored, in which no connection lives on.
    Init,
    /// In the first request, and held for the life of the instance.
    FirstCall,
    /// In every request, and held until it ends.
    EveryCall,
}
