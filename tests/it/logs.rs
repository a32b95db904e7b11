//! Reading logs: every shape, and whatever else may stand in a file.

#![expect(
    clippy::cast_possible_wrap,
    clippy::format_collect,
    clippy::format_push_string,
    clippy::naive_bytecount,
    reason = "the texts of tests need not be fast"
)]

mod damage;
mod shapes;
mod shared;

use frostline::logs::{Kind, Place, Reader, Record, Sink, Status, Totals, Unread};

/// A record with texts of its own.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Told {
    pub(crate) kind: Kind,
    pub(crate) at: Option<i64>,
    pub(crate) stream: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) request: Option<String>,
    pub(crate) duration_ms: Option<f64>,
    pub(crate) billed_ms: Option<f64>,
    pub(crate) memory_mb: Option<f64>,
    pub(crate) max_memory_mb: Option<f64>,
    pub(crate) init_ms: Option<f64>,
    pub(crate) restore_ms: Option<f64>,
    pub(crate) billed_restore_ms: Option<f64>,
    pub(crate) status: Option<Status>,
    pub(crate) timeout_s: Option<f64>,
    pub(crate) trace_id: Option<String>,
    pub(crate) segment_id: Option<String>,
    pub(crate) sampled: Option<String>,
    pub(crate) runtime: Option<String>,
    pub(crate) line: u64,
}

#[derive(Default)]
pub(crate) struct Collected {
    pub(crate) records: Vec<Told>,
    pub(crate) unread: Vec<(Unread, u64)>,
    pub(crate) totals: Totals,
}

impl Sink for Collected {
    fn record(&mut self, record: &Record<'_>, place: Place) {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        self.records.push(Told {
            kind: record.kind,
            at: record.at,
            stream: owned(record.stream),
            group: owned(record.group),
            request: owned(record.request),
            duration_ms: record.duration_ms,
            billed_ms: record.billed_ms,
            memory_mb: record.memory_mb,
            max_memory_mb: record.max_memory_mb,
            init_ms: record.init_ms,
            restore_ms: record.restore_ms,
            billed_restore_ms: record.billed_restore_ms,
            status: record.status,
            timeout_s: record.timeout_s,
            trace_id: owned(record.trace_id),
            segment_id: owned(record.segment_id),
            sampled: owned(record.sampled),
            runtime: owned(record.runtime),
            line: place.line,
        });
    }

    fn unread(&mut self, what: Unread, place: Place) {
        self.unread.push((what, place.line));
    }
}

impl Collected {
    /// The records of one kind.
    pub(crate) fn of(&self, kind: Kind) -> Vec<&Told> {
        self.records
            .iter()
            .filter(|told| told.kind == kind)
            .collect()
    }

    /// The one report that there must be.
    pub(crate) fn report(&self) -> &Told {
        let reports = self.of(Kind::Report);
        assert_eq!(reports.len(), 1, "{:?}", self.records);
        reports[0]
    }
}

/// All that a file of these bytes tells.
pub(crate) fn read(bytes: &[u8]) -> Collected {
    let mut collected = Collected::default();
    let mut reader = Reader::new();
    reader.read(bytes, 0, None, &mut collected);
    collected.totals = reader.totals();
    collected
}
