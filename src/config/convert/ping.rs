//! Pings, and what is hardly meant by them.

use crate::config::diagnostic::Fault;
use crate::config::quantity::MOST_RATE;
use crate::config::source::Place;
use crate::config::typed::policy::Ping;
use crate::config::typed::value;
use crate::dist::Dist;
use crate::model::{self, Function, RemedyKind};
use crate::units::{Span, Time};

use super::Context;
use super::function::FunctionFacts;
use super::policy::Placed;

impl Context {
    pub(super) fn ping(&self, typed: &Ping, place: Place) -> Option<model::Ping> {
        let every = self.need(&typed.every, place, "`ping`", "every")?;
        let instances = value(&typed.instances).map_or(1, |count| count.0);
        if f64::from(instances) / every.0.secs() > MOST_RATE {
            let title = format!("pings: {instances} every {} cannot be simulated", every.0);
            let note = format!("at most {MOST_RATE} a second");
            self.fault(Fault::new(title).at(place).note(note));
        }
        let offset = value(&typed.offset).map_or(Dist::ZERO, |offset| offset.0.clone());
        let first = Time::ZERO + offset.as_constant().unwrap_or(Span::ZERO);
        let next = first + every.0;
        if next >= self.end.get() {
            let title = if first >= self.end.get() {
                "no ping comes within the run"
            } else {
                "pings come once within the run: `every` is as long as it is"
            };
            self.fault(Fault::warning(title).at(place));
        }
        Some(model::Ping {
            every: every.0,
            instances,
            hold: value(&typed.hold).map_or(Span::ZERO, |hold| hold.0),
            skew: value(&typed.skew).map_or(Dist::ZERO, |skew| skew.0.clone()),
            offset,
            sender: value(&typed.sender)
                .copied()
                .unwrap_or(self.charges_senders),
        })
    }

    /// Pings that are cut before they have kept their instance for as long as they should.
    pub(super) fn doubt_holds(&self, placed: &[Placed], functions: &[FunctionFacts]) {
        for remedy in placed {
            let RemedyKind::Ping(ping) = &remedy.remedy.kind else {
                continue;
            };
            let of = remedy.remedy.functions.iter();
            let functions = of.map(|id| &functions[id.index()].function);
            let short = |f: &&Function| f.timeout.is_some_and(|timeout| timeout < ping.hold);
            if let Some(function) = functions.clone().find(short) {
                let title = format!(
                    "pings are held for {}, and function `{}` is cut after {}",
                    ping.hold,
                    function.name,
                    function.timeout.unwrap_or_default()
                );
                self.fault(Fault::warning(title).at(remedy.place));
            }
        }
    }
}
