//! Whether a keep-alive curve can be told for this platform.

use crate::config::diagnostic::Fault;
use crate::config::typed::{Key, value};
use crate::model::Routing;

use super::Context;
use super::function::FunctionFacts;
use super::platform::PlatformFacts;

impl Context {
    /// Whether the curve is asked for. Its rule holds for most-recently-used routing alone, and it
    /// knows no maximum life.
    pub(super) fn keep_alive_curve(
        &self,
        key: &Key<bool>,
        platform: &PlatformFacts,
        functions: &[FunctionFacts],
    ) -> bool {
        let (Some(given), Some(true)) = (key, value(key)) else {
            return false;
        };
        if platform.platform.routing != Routing::MostRecentlyUsed {
            let title = "`keep-alive-curve` needs routing = \"most-recently-used\"";
            let mut fault = Fault::new(title).label(given.place, "asked for here");
            if let Some(place) = platform.routing_place {
                fault = fault.label(place, "the routing");
            }
            self.fault(fault.note(
                "under another routing one run tells nothing about other keep-alives: sweep \
                 `platform.keep-alive`",
            ));
        }
        let deployed = functions
            .iter()
            .find(|facts| !facts.function.deployments.is_empty());
        if let Some(facts) = deployed {
            let title = format!(
                "`keep-alive-curve` knows no deployments, and function `{}` has some",
                facts.function.name
            );
            let fault = Fault::new(title).label(given.place, "asked for here");
            self.fault(fault.note("leave out `deployments`, or sweep `platform.keep-alive`"));
        }
        if platform.platform.max_life.is_some() {
            let title = "the keep-alive curve leaves out the platform's maximum life";
            let mut fault = Fault::warning(title).label(given.place, "asked for here");
            if let Some(place) = platform.max_life_place {
                fault = fault.label(place, "the maximum life");
            }
            self.fault(fault.note(
                "max-life = \"none\" in [platform-override] leaves it out of the simulation too",
            ));
        }
        true
    }
}
