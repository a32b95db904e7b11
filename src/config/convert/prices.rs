//! Prices and the billing rules of a day.

use crate::config::decode::Given;
use crate::config::diagnostic::Fault;
use crate::config::embedded::ModelKind;
use crate::config::quantity::{Date, Money};
use crate::config::source::Place;
use crate::config::typed::prices::{Billing, InitBilling, PriceFile};
use crate::config::typed::{Key, value};
use crate::model;
use crate::units::Span;

use super::Context;

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
        let duration = self.tiers(&file, table);
        let billing = self.billing(&file, table, date);
        if free_tier && file.free_tier.is_none() {
            self.fault(
                Fault::new("the experiment counts the free tier, but the price list has none")
                    .at(table),
            );
        }
        Some(PriceFacts {
            prices: model::Prices {
                name: named.get()?.clone(),
                request: request?.0,
                duration: duration?,
                provisioned_capacity: money(&file.provisioned_capacity),
                provisioned_duration: money(&file.provisioned_duration),
                provisioned_step: span(value(&file.provisioned_step).map(|s| s.0)),
                snapshot_cache: money(&file.snapshot_cache),
                snapshot_cache_minimum: span(value(&file.snapshot_cache_minimum).map(|s| s.0)),
                snapshot_restore: money(&file.snapshot_restore),
                free_tier: value(&file.free_tier).filter(|_| free_tier).map(|free| {
                    model::FreeTier {
                        requests: free.requests.0,
                        gb_seconds: free.gb_seconds.0,
                    }
                }),
                billing: billing?,
            },
            snapshot_free: value(&file.snapshot_free_runtimes)
                .into_iter()
                .flatten()
                .filter_map(|runtime| runtime.value.clone())
                .collect(),
        })
    }

    fn tiers(&self, file: &PriceFile, table: Place) -> Option<Vec<model::Tier>> {
        let given = self.need(&file.duration, table, "the price list", "duration")?;
        let place = file.duration.as_ref()?.place;
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
            self.fault(Fault::new("`duration` needs at least one price").at(place));
        }
        Some(tiers)
    }

    fn billing(&self, file: &PriceFile, table: Place, date: &Key<Date>) -> Option<model::Billing> {
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
        Some(model::Billing {
            step: era.step.0,
            minimum: era.minimum.0,
            init: match era.init {
                InitBilling::All => model::InitBilling::All,
                InitBilling::Unmanaged => model::InitBilling::Unmanaged,
            },
        })
    }
}
