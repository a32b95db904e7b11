//! A trace small enough to work out by hand.

use super::case::{Case, Group};
use super::lab::{self, Setup};
use super::probe::Log;
use super::report::Check;
use crate::dist::Dist;
use crate::ids::FunctionId;
use crate::model::Routing;
use crate::random::Streams;
use crate::sim::{Found, RequestEnd};
use crate::units::{Span, Time};
use crate::workload::{Arrival, Arrivals};

/// Requests that are known beforehand, in order.
pub(super) struct Given(std::vec::IntoIter<Arrival>);

impl Given {
    /// Requests of one function: seconds of arrival and of service.
    pub(super) fn new(requests: &[(f64, f64)]) -> Self {
        let arrival = |&(at_s, service_s): &(f64, f64)| Arrival {
            at: Time::from_secs(at_s),
            function: FunctionId(0),
            service: Span::from_secs(service_s),
            fails: false,
        };
        Self(requests.iter().map(arrival).collect::<Vec<_>>().into_iter())
    }
}

impl Arrivals for Given {
    fn next_arrival(&mut self) -> Option<Arrival> {
        self.0.next()
    }
}

const TRACE: [(f64, f64); 12] = [
    (0.0, 2.0),
    (1.0, 3.0),
    (1.5, 4.0),
    (6.2, 1.0),
    (8.1, 5.0),
    (9.3, 1.0),
    (11.6, 2.0),
    (12.7, 3.0),
    (20.4, 1.0),
    (24.9, 2.0),
    (25.3, 2.0),
    (41.0, 1.0),
];

/// W4.
pub(super) fn mini() -> Group {
    let rows = [
        (
            "most recently used",
            Routing::MostRecentlyUsed,
            ("CCCWWWWCWWCC", "0 1 2 2 2 1 1 3 3 3 4 5", 6, 76.4),
        ),
        (
            "newest",
            Routing::Newest,
            ("CCCWWWWCWWCC", "0 1 2 2 2 1 1 3 3 3 4 5", 6, 76.4),
        ),
        (
            "oldest",
            Routing::Oldest,
            ("CCCWWWWWWWWC", "0 1 2 0 0 1 1 2 0 0 2 3", 4, 79.3),
        ),
        (
            "least recently used",
            Routing::LeastRecentlyUsed,
            ("CCCWWWWWWWWC", "0 1 2 0 1 2 0 2 1 2 1 3", 4, 79.3),
        ),
    ];
    let case = |(name, rule, expected): (&str, Routing, (&'static str, &'static str, u32, f64))| {
        Case::new(format!("12 requests, D 10 s, {name}"), move |seed| {
            let mut setup = Setup::poisson(0.0, Dist::ZERO)
                .kept_for(lab::constant(10.0))
                .measured(0.0, 100.0);
            setup.platform.routing = rule;
            let mut log = Log::default();
            let streams = Streams::new(seed, 0);
            lab::observe_given(&setup.plan(), &streams, &mut Given::new(&TRACE), &mut log)?;
            log.ends.sort_by_key(|end| end.number);
            let found = |end: &RequestEnd| if end.found == Found::Warm { 'W' } else { 'C' };
            let outcomes: String = log.ends.iter().map(found).collect();
            let instance = |end: &RequestEnd| {
                let born = log.born.iter().position(|id| Some(*id) == end.instance);
                born.map_or_else(|| "?".to_owned(), |number| number.to_string())
            };
            let instances = log.ends.iter().map(instance).collect::<Vec<_>>().join(" ");
            let cold = outcomes.matches('C').count() as u64;
            let (outcomes_expected, instances_expected, cold_expected, idle_s) = expected;
            Ok(vec![
                Check::exact("outcomes", outcomes_expected, outcomes),
                Check::exact("instances", instances_expected, instances),
                Check::exact("cold", cold_expected, cold),
                Check::exact("instances created", cold_expected, log.born.len() as u64),
                Check::exact("idle instance-s", idle_s, log.idle.secs()),
            ])
        })
    };
    Group {
        id: "W4",
        title: "A trace worked out by hand",
        cases: rows.map(case).into(),
    }
}
