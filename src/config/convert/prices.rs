//! Prices and the billing rules of a day.

use crate::config::decode::Given;
use crate::config::diagnostic::Fault;
use crate::config::embedded::ModelKind;
use crate::config::quantity::{Bytes, Date, Money, Number};
use crate::config::source::Place;
use crate::config::typed::prices::{Billing, InitBilling, PriceFile, Tier};
use crate::config::typed::{Key, value};
use crate::model;
use crate::units::{Memory, Span};

use super::Context;

/// Architecture of a price list that names none, as of a function of AWS Lambda that names none.
const DEFAULT_ARCHITECTURE: &str = "x86_64";

/// A price list, with what decides whose snapshots are free.
#[derive(Clone)]
pub(super) struct PriceFacts {
    pub(super) prices: model::Prices,
    /// Beginnings of runtime names.
    pub(super) snapshot_free: Vec<String>,
}

impl Context {
    /// The prices of a day; without one, the newest.
    pub(super) fn prices(
        &self,
        named: &Given<String>,
        date: &Key<Date>,
        free_tier: bool,
    ) -> Option<PriceFacts> {
        let (table, file): (Place, PriceFile) = self.model(ModelKind::Prices, named)?;
        if let Some(currency) = file.currency.as_ref()
            && currency.get().is_some_and(|c| c != "USD")
        {
            self.fault(Fault::new("prices are in \"USD\" in this version").at(currency.place));
        }
        let money = |key: &Key<Money>| value(key).map_or(0.0, |money| money.0);
        let span = |span: Option<Span>| span.unwrap_or(Span::ZERO);
        let request = self.need(&file.request, table, "the price list", "request");
        let billing = self.billing(&file, table, date);
        let of_list = self.need(&file.duration, table, "the price list", "duration");
        let of_list = of_list.and(file.duration.as_ref());
        let duration = of_list.and_then(|given| self.tiers(given, "duration"));
        let of_era = billing.as_ref().and_then(|era| era.duration.as_ref());
        let duration = match of_era {
            Some(tiers) => self.tier_list(tiers, "duration", table),
            None => duration,
        };
        let services = self.services(&file, free_tier);
        if free_tier && file.free_tier.is_none() {
            self.fault(
                Fault::new("the experiment counts the free tier, but the price list has none")
                    .at(table),
            );
        }
        Some(PriceFacts {
            prices: model::Prices {
                name: named.get()?.clone(),
                region: value(&file.region).cloned(),
                architecture: value(&file.architecture)
                    .map_or_else(|| DEFAULT_ARCHITECTURE.to_owned(), Clone::clone),
                request: request?.0,
                duration: duration?,
                provisioned_capacity: money(&file.provisioned_capacity),
                provisioned_duration: money(&file.provisioned_duration),
                provisioned_step: span(value(&file.provisioned_step).map(|s| s.0)),
                snapshot_cache: money(&file.snapshot_cache),
                snapshot_cache_minimum: span(value(&file.snapshot_cache_minimum).map(|s| s.0)),
                snapshot_restore: money(&file.snapshot_restore),
                ephemeral_storage: money(&file.ephemeral_storage),
                ephemeral_included: value(&file.ephemeral_included)
                    .map_or(Memory::from_bytes(0), |size| size.0),
                services,
                free_tier: value(&file.free_tier).filter(|_| free_tier).map(|free| {
                    model::FreeTier {
                        requests: free.requests.0,
                        gb_seconds: free.gb_seconds.0,
                    }
                }),
                billing: model_billing(&billing?),
            },
            snapshot_free: value(&file.snapshot_free_runtimes)
                .into_iter()
                .flatten()
                .filter_map(|runtime| runtime.value.clone())
                .collect(),
        })
    }

    /// What the services around functions charge; what the list leaves out costs nothing.
    fn services(&self, file: &PriceFile, free_tier: bool) -> model::ServicePrices {
        let free = |key: Option<&Key<Number>>| {
            let amount = key.and_then(|key| value(key)).filter(|_| free_tier);
            amount.map_or(0.0, |amount| amount.0)
        };
        let tiers = |key: Option<&Key<Vec<Given<Tier>>>>, name: &str| {
            let given = key.and_then(|key| key.as_ref());
            given
                .and_then(|given| self.tiers(given, name))
                .unwrap_or_default()
        };
        let flat = |key: Option<&Key<Money>>| {
            let price = key.and_then(|key| value(key));
            let tier = price.map(|price| model::Tier {
                price: price.0,
                up_to: None,
            });
            Vec::from_iter(tier)
        };
        let charge = |tiers, free| model::Charge { tiers, free };
        let size = |key: Option<&Key<Bytes>>| key.and_then(|key| value(key)).map(|size| size.0);
        let gateway = value(&file.gateway);
        let queue = value(&file.queue);
        let stream = value(&file.stream);
        let schedule = value(&file.schedule);
        let workflow = value(&file.workflow);
        let express_step = workflow.and_then(|workflow| value(&workflow.express_step));
        model::ServicePrices {
            rest_request: charge(tiers(gateway.map(|g| &g.rest), "rest"), 0.0),
            http_request: charge(tiers(gateway.map(|g| &g.http), "http"), 0.0),
            queue_request: charge(
                tiers(queue.map(|q| &q.standard), "standard"),
                free(queue.map(|q| &q.free)),
            ),
            queue_unit: size(queue.map(|q| &q.unit)),
            shard_hour: charge(flat(stream.map(|s| &s.shard_hour)), 0.0),
            put_unit: charge(flat(stream.map(|s| &s.put_unit)), 0.0),
            put_unit_size: size(stream.map(|s| &s.put_unit_size)),
            schedule: charge(
                flat(schedule.map(|s| &s.call)),
                free(schedule.map(|s| &s.free)),
            ),
            transition: charge(
                flat(workflow.map(|w| &w.transition)),
                free(workflow.map(|w| &w.free_transitions)),
            ),
            express_request: charge(flat(workflow.map(|w| &w.express_request)), 0.0),
            express_gb_s: charge(
                tiers(workflow.map(|w| &w.express_duration), "express-duration"),
                0.0,
            ),
            express_memory_step: size(workflow.map(|w| &w.express_memory_step)),
            express_step: express_step.map_or(Span::ZERO, |step| step.0),
        }
    }

    fn tiers(&self, key: &Given<Vec<Given<Tier>>>, name: &str) -> Option<Vec<model::Tier>> {
        self.tier_list(key.get()?, name, key.place)
    }

    fn tier_list(
        &self,
        given: &[Given<Tier>],
        name: &str,
        place: Place,
    ) -> Option<Vec<model::Tier>> {
        let mut tiers: Vec<model::Tier> = Vec::with_capacity(given.len());
        for (number, tier) in given.iter().enumerate() {
            let typed = tier.get()?;
            let up_to = typed.up_to.map(|up_to| up_to.0);
            let last = number + 1 == given.len();
            let before = tiers.last().and_then(|tier| tier.up_to);
            let title = match up_to {
                Some(_) if last => Some("the last tier has no end: leave out `up-to`"),
                None if !last => Some("each tier but the last needs `up-to`"),
                Some(now) if before.is_some_and(|before| now <= before) => {
                    Some("`up-to` rises from tier to tier")
                }
                _ => None,
            };
            if let Some(title) = title {
                self.fault(Fault::new(title).at(tier.place));
            }
            tiers.push(model::Tier {
                price: typed.price.0,
                up_to,
            });
        }
        if tiers.is_empty() {
            let title = format!("`{name}` needs at least one price");
            self.fault(Fault::new(title).at(place));
        }
        Some(tiers)
    }

    /// The billing rules of the day.
    fn billing(&self, file: &PriceFile, table: Place, date: &Key<Date>) -> Option<Billing> {
        let given = self.need(&file.billing, table, "the price list", "billing")?;
        let mut eras: Vec<&Billing> = given.iter().filter_map(Given::get).collect();
        eras.sort_by_key(|era| era.from);
        let Some(first) = eras.first() else {
            if given.is_empty() {
                self.fault(Fault::new("`billing` is an empty list").at(table));
            }
            return None;
        };
        let era = match date {
            None => eras.last(),
            Some(date) => {
                let day = date.get()?;
                let era = eras.iter().rev().find(|era| era.from <= *day);
                if era.is_none() {
                    self.fault(
                        Fault::new(format!("there are no prices for {day}"))
                            .at(date.place)
                            .note(format!("the billing rules begin with {}", first.from)),
                    );
                }
                era
            }
        }?;
        Some((*era).clone())
    }
}

fn model_billing(era: &Billing) -> model::Billing {
    model::Billing {
        step: era.step.0,
        minimum: era.minimum.0,
        init: match era.init {
            InitBilling::All => model::InitBilling::All,
            InitBilling::Unmanaged => model::InitBilling::Unmanaged,
        },
    }
}
