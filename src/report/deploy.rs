//! A scenario as files that deploy it on AWS Lambda: Terraform, SAM and the Serverless Framework.
//!
//! The files hold what the scenario decides: memory, processor, timeout, reserved and provisioned
//! concurrency, snapshots, pings. What no experiment knows, such as code, handlers and roles, is a
//! variable with a name that says what is wanted. What Lambda cannot be told, such as a keep-alive,
//! stands in a comment that says so. Text of the user gets into comments only: names of resources
//! are made of letters and digits, names of functions are those that Lambda takes.
//!
//! Names of resources and their attributes are those of the Terraform provider hashicorp/aws 6.25
//! (registry.terraform.io, resources `lambda_function`, `lambda_alias`,
//! `lambda_provisioned_concurrency_config`, `appautoscaling_*`, `cloudwatch_event_*`, `iam_*`) and
//! of hashicorp/archive 2.7 (`archive_file`), of the AWS SAM specification
//! (`AWS::Serverless-2016-10-31`) and the CloudFormation resources `AWS::ApplicationAutoScaling`,
//! `AWS::Events`, `AWS::IAM` and `AWS::Lambda` (docs.aws.amazon.com, 2026), and of `serverless.yml`
//! as the Serverless Framework 4 and osls 4.3 read it.

mod check;
mod describe;
mod hcl;
mod names;
mod pinger;
mod runtime;
mod sam;
mod serverless;
mod terraform;
mod yaml;

use super::text::wrap;
use crate::model::{Scenario, Statistic};

pub use pinger::{Cost, Pinger};
pub use sam::sam;
pub use serverless::serverless;
pub use terraform::terraform;

/// The name of every file that [`files`] gives.
pub const NAMES: [&str; 3] = ["main.tf", "template.yaml", "serverless.yml"];

/// Columns of a comment, its sign aside.
const WIDTH: usize = 98;

/// The alias that requests go to.
const ALIAS: &str = "live";

/// What a scenario deploys.
#[derive(Clone, PartialEq, Debug)]
pub struct Deployment {
    /// Region of its price list; `None` where that names none.
    pub region: Option<String>,
    /// Processor architecture of all functions, as AWS calls it.
    pub architecture: &'static str,
    /// In the order of the scenario.
    pub functions: Vec<DeployedFunction>,
    /// What sends rounds of several pings; `None` where there are none.
    pub pinger: Option<Pinger>,
    /// What the files cannot do, one line each.
    pub remarks: Vec<String>,
}

/// A function with what is done for it.
#[derive(Clone, PartialEq, Debug)]
pub struct DeployedFunction {
    /// Name on Lambda: at most 64 letters, digits, `-` and `_`; the scenario's where that is such.
    pub name: String,
    /// Name of its resources in Terraform: small letters, digits and `_`.
    pub label: String,
    /// Name of its resources elsewhere: letters and digits.
    pub id: String,
    /// What is deployed.
    pub code: Code,
    /// Memory, in MB.
    pub memory_mb: u64,
    /// When it is cut, in seconds.
    pub timeout_s: u64,
    /// Temporary storage in MB; `None` is what every function has.
    pub ephemeral_mb: Option<u64>,
    /// Concurrency kept for it.
    pub reserved: Option<u32>,
    /// Whether it starts from a snapshot.
    pub snapshot: bool,
    /// Its provisioned concurrency.
    pub provisioned: Option<Capacity>,
    /// Requests that keep it warm.
    pub pings: Vec<Rounds>,
    /// What has to be known about it, one line each.
    pub remarks: Vec<String>,
}

/// What is deployed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Code {
    /// A zip archive.
    Zip {
        /// Identifier of the runtime on Lambda.
        runtime: String,
        /// A handler as that runtime names it, to be replaced.
        handler: &'static str,
    },
    /// A container image.
    Image,
}

/// Provisioned concurrency.
#[derive(Clone, PartialEq, Debug)]
pub struct Capacity {
    /// Instances to begin with.
    pub first: u32,
    /// What changes the number; `None` is nothing.
    pub scaling: Option<Scaling>,
}

/// What changes the number of provisioned instances.
#[derive(Clone, PartialEq, Debug)]
pub struct Scaling {
    /// Never fewer, until an action says otherwise.
    pub min: u32,
    /// Never more, until an action says otherwise.
    pub max: u32,
    /// How the load moves it within these bounds; `None` is not at all.
    pub tracking: Option<Target>,
    /// New bounds at given times.
    pub actions: Vec<Action>,
}

/// Target tracking.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Target {
    /// Utilisation aimed at, of 1.
    pub utilization: f64,
    /// What stands for a minute.
    pub statistic: Statistic,
    /// After capacity was added, in seconds.
    pub scale_out_cooldown_s: u64,
    /// After capacity was taken away, in seconds.
    pub scale_in_cooldown_s: u64,
}

/// New bounds of provisioned capacity.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Action {
    /// When, as AWS writes it.
    pub schedule: String,
    /// The zone that it is in.
    pub time_zone: String,
    /// No fewer from then on; `None` leaves that as it is.
    pub min: Option<u32>,
    /// No more from then on; `None` leaves that as it is.
    pub max: Option<u32>,
}

/// Rounds of pings.
#[derive(Clone, PartialEq, Debug)]
pub struct Rounds {
    /// How often, as AWS writes it.
    pub rate: String,
    /// Pings a round.
    pub instances: u32,
    /// How long each keeps its instance, in ms.
    pub hold_ms: f64,
}

impl Rounds {
    /// Whether the pinger sends them: rules do not fire together.
    fn by_pinger(&self) -> bool {
        self.instances > 1
    }

    /// The request that is sent: what a handler has to know a ping by.
    fn event(&self) -> String {
        format!("{{\"ping\": true, \"hold_ms\": {}}}", self.hold_ms)
    }

    /// What the pinger is called with: the function by its name, or name and alias.
    fn pinger_event(&self, function: &str) -> String {
        format!(
            "{{\"function\": \"{function}\", \"instances\": {}, \"hold_ms\": {}}}",
            self.instances, self.hold_ms
        )
    }
}

impl Deployment {
    /// The functions that the pinger calls.
    fn pinged(&self) -> impl Iterator<Item = &DeployedFunction> {
        let functions = self.functions.iter();
        functions.filter(|function| function.pings.iter().any(Rounds::by_pinger))
    }
}

/// Every file that deploys a scenario: its name and its bytes, in the order of [`NAMES`]. The notes
/// are lines for the head of each, such as what was asked and what it costs.
pub fn files(scenario: &Scenario, notes: &[String]) -> Vec<(&'static str, Vec<u8>)> {
    let deployment = Deployment::of(scenario);
    let texts = [
        terraform(&deployment, notes),
        sam(&deployment, notes),
        serverless(&deployment, notes),
    ];
    let bytes = texts.into_iter().map(String::into_bytes);
    NAMES.iter().copied().zip(bytes).collect()
}

/// What stands first in each file, a line each. `exists` says what to do where a function is there
/// already.
fn head(
    title: &str,
    (how, exists): (&[&str], &[&str]),
    deployment: &Deployment,
    notes: &[String],
) -> Vec<String> {
    let version = env!("CARGO_PKG_VERSION");
    let mut lines = vec![format!("{title}, written by frostline {version}.")];
    let mut paragraph = |texts: Vec<String>| {
        if !texts.is_empty() {
            lines.push(String::new());
            lines.extend(texts);
        }
    };
    paragraph(
        notes
            .iter()
            .flat_map(|note| note.lines())
            .map(str::to_owned)
            .collect(),
    );
    for lines in [how, exists] {
        paragraph(wrap(&lines.join(" "), WIDTH));
    }
    paragraph(check::lines(deployment));
    let remarks = deployment.remarks.iter();
    paragraph(remarks.flat_map(|remark| wrap(remark, WIDTH)).collect());
    if let Some(pinger) = &deployment.pinger {
        paragraph(wrap(&pinger.remark(), WIDTH));
    }
    let pings = deployment.functions.iter().flat_map(|f| &f.pings);
    if let Some(rounds) = pings.max_by(|a, b| a.hold_ms.total_cmp(&b.hold_ms)) {
        let event = format!(
            "A ping is an event such as {}. The handler has to hold its instance so long and return \
             before it does anything else, in Python:",
            rounds.event()
        );
        let mut lines = wrap(&event, WIDTH);
        lines.extend(HANDLER_OF_PINGS.iter().map(|&line| line.to_owned()));
        paragraph(lines);
    }
    lines
}

/// How a handler takes a ping, after what one is.
const HANDLER_OF_PINGS: &[&str] = &[
    "    import time",
    "    def handler(event, context):",
    "        if isinstance(event, dict) and event.get(\"ping\"):",
    "            time.sleep(event[\"hold_ms\"] / 1000)",
    "            return",
    "and in Node.js:",
    "    export const handler = async (event) => {",
    "      if (event.ping) {",
    "        await new Promise((done) => setTimeout(done, event.hold_ms));",
    "        return;",
    "      }",
];

/// A line as the text of a comment: whatever ends a line or changes how it is shown is a space.
fn comment(line: &str) -> String {
    let hidden = |c: char| {
        let breaks = matches!(c, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        breaks || c.is_control() || matches!(c, '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}')
    };
    let line: String = (line.chars())
        .map(|c| if hidden(c) { ' ' } else { c })
        .collect();
    let text = format!("# {line}");
    text.trim_end().to_owned()
}
