//! A file with the requests of several functions, dealt out to functions that are simulated apart.

use crate::trace::TraceFault;
use crate::units::Time;

use super::Arrival;
use super::clock::NEVER;
use super::recorded::RowArrivals;

/// Reads a file once for all of its functions, a window of time at a time.
#[derive(Debug)]
pub struct Dealer {
    file: RowArrivals,
    /// The next instant, in nanoseconds; those from `end` on are [`NEVER`].
    head: u64,
    end: u64,
}

impl Dealer {
    pub(super) fn new(file: RowArrivals, end: Time) -> Self {
        let mut dealer = Self {
            file,
            head: NEVER,
            end: end.nanos(),
        };
        dealer.advance();
        dealer
    }

    fn advance(&mut self) {
        let at = self.file.next_instant();
        self.head = if at < self.end { at } else { NEVER };
    }

    /// Deals out what arrives before `until`, but no more than `most` requests and what arrives
    /// with the last of them. Returns the instant before which all has been dealt out, and from
    /// which on nothing has.
    pub fn deal(&mut self, until: Time, most: usize, mut to: impl FnMut(Arrival)) -> Time {
        let mut dealt = 0;
        let mut last = NEVER;
        while self.head < until.nanos() {
            let at = Time::from_nanos(self.head);
            if dealt >= most && self.head != last {
                return at;
            }
            if let Some(request) = self.file.request(at) {
                to(request);
                dealt += 1;
            }
            last = self.head;
            self.advance();
        }
        until
    }

    /// What ended the reading early, to be asked at the end.
    pub fn fault(&self) -> Option<&TraceFault> {
        self.file.fault()
    }
}
