//! The models that come in the binary, as validation holds them against measurements: not copies of
//! their numbers, but what a user's experiment runs on.

use super::case::Fault;
use crate::config;
use crate::model::{Function, Platform};

/// AWS Lambda with one function, as shipped.
pub(super) struct Shipped {
    pub(super) platform: Platform,
    pub(super) function: Function,
}

/// The platform `aws-lambda` with a shipped function of this memory (`"128 MB"`), its free tier
/// counted or not.
pub(super) fn aws_lambda(model: &str, memory: &str, free_tier: bool) -> Result<Shipped, Fault> {
    aws_lambda_at(None, model, memory, free_tier)
}

/// The same under the rules of a day.
pub(super) fn aws_lambda_at(
    day: Option<&str>,
    model: &str,
    memory: &str,
    free_tier: bool,
) -> Result<Shipped, Fault> {
    let date = day.map_or(String::new(), |day| format!("date = \"{day}\""));
    let text = format!(
        r#"
platform  = "aws-lambda"
duration  = "1 h"
{date}
free-tier = {free_tier}
[[function]]
name     = "f"
model    = "{model}"
memory   = "{memory}"
arrivals = {{ every = "1 min" }}
"#
    );
    let experiment = config::load_text("validation", &text)?;
    let plan = experiment
        .scenarios
        .into_iter()
        .next()
        .map(|scenario| scenario.plan);
    let plan = plan.ok_or(Fault("the experiment has no scenario".to_owned()))?;
    let function = plan.functions.first().cloned();
    Ok(Shipped {
        platform: Platform::clone(&plan.platform),
        function: function.ok_or(Fault("the experiment has no function".to_owned()))?,
    })
}
