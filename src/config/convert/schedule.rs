//! Times of the calendar.

use crate::config::diagnostic::Fault;
use crate::config::names::did_you_mean;
use crate::config::quantity::When;
use crate::config::source::Place;
use crate::config::typed::Key;
use crate::schedule::{Schedule, Zone};

use super::Context;

impl Context {
    /// When something is due, in the simulated time of this experiment.
    pub(super) fn schedule(
        &self,
        cron: &Key<When>,
        zone: &Key<String>,
        table: Place,
        owner: &str,
    ) -> Option<Schedule> {
        let when = self.need(cron, table, owner, "cron");
        let zone = self.zone(zone);
        let schedule = Schedule::new(when?.0, zone?, self.start.get());
        if schedule.is_left_out() {
            let title = "this time never comes: the clock is put forward over it";
            let place = cron.as_ref().map_or(table, |cron| cron.place);
            self.fault(Fault::warning(title).at(place));
        }
        Some(schedule)
    }

    pub(super) fn zone(&self, key: &Key<String>) -> Option<Zone> {
        let Some(given) = key else {
            return Some(Zone::UTC);
        };
        let name = given.get()?;
        let zone = Zone::named(name);
        if zone.is_none() {
            let title = format!("no time zone is named `{name}`");
            let names = Zone::names();
            let hint = did_you_mean(name, names.iter().map(String::as_str));
            let hint = hint.unwrap_or_else(|| "such as `UTC` or `Europe/Berlin`".to_owned());
            self.fault(Fault::new(title).at(given.place).note(hint));
        }
        zone
    }
}
