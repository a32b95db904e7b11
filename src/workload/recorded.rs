//! The requests of a file with one row a request: one source for all of its functions.

use std::path::Path;

use crate::ids::FunctionId;
use crate::model::Function;
use crate::random::Streams;
use crate::trace::{RowReader, TraceFault};
use crate::units::{Span, Time};

use super::Arrival;
use super::clock::NEVER;
use super::copies::{Copier, Held};
use super::source::ServiceDraws;

/// The rows of a file as requests.
#[derive(Debug)]
pub(super) struct RowArrivals {
    reader: RowReader,
    /// By the trace's function; `None` where its requests are not wanted.
    functions: Vec<Option<(FunctionId, ServiceDraws)>>,
    /// The function of the last row, and its recorded service time.
    row: Row,
    /// Where any request is copied or left out.
    copies: Option<Box<Copies>>,
}

/// A function, by its place in the trace, and a recorded service time.
type Row = (usize, Option<Span>);

/// Copies of rows.
#[derive(Debug)]
struct Copies {
    /// By the trace's function; `None` where its requests are there as often as recorded.
    copiers: Vec<Option<Copier>>,
    held: Held<Row>,
}

impl RowArrivals {
    pub(super) fn new(
        reader: RowReader,
        functions: Vec<Option<(FunctionId, ServiceDraws)>>,
    ) -> Self {
        Self {
            reader,
            functions,
            row: (0, None),
            copies: None,
        }
    }

    /// The same with copies, by the trace's function.
    pub(super) fn copied(mut self, copiers: Vec<Option<Copier>>) -> Self {
        self.copies = copiers.iter().any(Option::is_some).then(|| {
            let held = Held::new();
            Box::new(Copies { copiers, held })
        });
        self
    }

    /// The rows of a file that name a function, or all of them.
    pub(super) fn replay(
        file: &Path,
        id: FunctionId,
        function: &Function,
        streams: Streams,
        number: u32,
    ) -> Result<Self, TraceFault> {
        let reader = RowReader::replay(file, &function.name)?;
        let draws = ServiceDraws::new(id, function, streams, number);
        Ok(Self::new(reader, vec![Some((id, draws))]))
    }

    /// The functions whose requests are wanted.
    pub(super) fn functions(&self) -> impl Iterator<Item = FunctionId> + '_ {
        let wanted = self.functions.iter().flatten();
        wanted.map(|(function, _)| *function)
    }

    /// What ended the reading early, if anything did.
    pub(super) fn fault(&self) -> Option<&TraceFault> {
        self.reader.fault()
    }

    /// The next instant in nanoseconds; to be followed by one [`Self::request`] where it is used.
    pub(super) fn next_instant(&mut self) -> u64 {
        let Some(mut copies) = self.copies.take() else {
            return self.next_row();
        };
        let next = loop {
            if let Some((at, row)) = copies.held.due() {
                self.row = row;
                break at;
            }
            if copies.held.is_over() {
                break NEVER;
            }
            let at = self.next_row();
            let own = copies.copiers.get_mut(self.row.0);
            let own = own.and_then(Option::as_mut);
            copies.held.read(at, self.row, own);
        };
        self.copies = Some(copies);
        next
    }

    fn next_row(&mut self) -> u64 {
        while let Some(row) = self.reader.next_request() {
            if let Some(Some(_)) = self.functions.get(row.function) {
                self.row = (row.function, row.service);
                return row.at.nanos();
            }
        }
        NEVER
    }

    /// The request at an instant: its service time is the recorded one, or drawn.
    pub(super) fn request(&mut self, at: Time) -> Option<Arrival> {
        let (place, recorded) = self.row;
        let (function, draws) = self.functions.get_mut(place)?.as_mut()?;
        let (service, fails) = match recorded {
            Some(service) => (service, draws.draw_failure()),
            None => draws.draw(),
        };
        Some(Arrival {
            at,
            function: *function,
            service,
            fails,
        })
    }
}
