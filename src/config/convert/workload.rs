//! Traces that make many functions at once.

use std::sync::Arc;

use crate::config::decode::Given;
use crate::config::diagnostic::Fault;
use crate::config::source::Place;
use crate::config::typed::arrivals::{Spread, Workload};
use crate::trace::{self, Trace, TraceSpec};

use super::Context;

impl Context {
    /// The trace of `[workload]`, opened once however many points a sweep has.
    pub(super) fn workload(&self, given: &Given<Workload>) -> Option<Arc<Trace>> {
        let typed = given.get()?;
        let (spec, place) = self.trace_spec(typed, given.place)?;
        self.opened(spec, place)
    }

    /// A trace named at a place, opened once however often it is named.
    pub(super) fn opened(&self, spec: TraceSpec, place: Place) -> Option<Arc<Trace>> {
        let known = self
            .traces
            .borrow()
            .iter()
            .find(|(known, _)| *known == spec)
            .cloned();
        if let Some((_, trace)) = known {
            return trace;
        }
        let opened = match Trace::open(&spec) {
            Ok(trace) => {
                for warning in trace.warnings() {
                    self.fault(Fault::warning(warning.to_string()).label(place, "named here"));
                }
                Some(Arc::new(trace))
            }
            Err(faults) => {
                for fault in faults {
                    self.fault(Fault::new(fault.to_string()).label(place, "named here"));
                }
                None
            }
        };
        self.traces.borrow_mut().push((spec, opened.clone()));
        opened
    }

    fn trace_spec(&self, typed: &Workload, table: Place) -> Option<(TraceSpec, Place)> {
        match (&typed.azure_2019, &typed.azure_2021, &typed.requests) {
            (Some(key), None, None) => {
                let azure = key.get()?;
                let dir = self.existing(&azure.dir, "directory")?;
                let spread = match azure.spread {
                    None | Some(Spread::Uniform) => trace::Spread::Uniform,
                    Some(Spread::Exponential) => trace::Spread::Exponential,
                    Some(Spread::Even) => trace::Spread::Even,
                    Some(Spread::Burst) => trace::Spread::Burst,
                };
                Some((TraceSpec::Azure2019 { dir, spread }, azure.dir.place))
            }
            (None, Some(key), None) => {
                let given = &key.get()?.file;
                let file = self.existing(given, "file")?;
                Some((TraceSpec::Azure2021 { file }, given.place))
            }
            (None, None, Some(key)) => {
                let given = &key.get()?.file;
                let file = self.existing(given, "file")?;
                Some((TraceSpec::Requests { file }, given.place))
            }
            (None, None, None) if self.faults.has_unknown(table) => None,
            _ => {
                self.fault(
                    Fault::new("`workload` names one trace")
                        .at(table)
                        .note("one of: `azure-2019`, `azure-2021` and `requests`"),
                );
                None
            }
        }
    }
}
