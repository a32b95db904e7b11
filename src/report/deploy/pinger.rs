//! A function that sends the pings of a round: all at one instant, as they are simulated.
//!
//! A rule of `EventBridge` fires at an instant of its own within its minute, and several rules at
//! several. Pings that do not overlap find the same instance, so that one is kept warm where n were
//! asked for. So a rule calls this function, which calls the target n times at once and waits for
//! the answers: requests that are answered are sent once and at once, while those that Lambda
//! queues are sent when the queue comes to them, and again where they fail.
//!
//! The names are those of `Invoke` and its client in Python (docs.aws.amazon.com, lambda, `Invoke`;
//! boto3 1.40), whose connections are opened by calls that only ask whether they would be allowed.

use std::fmt::{self, Write as _};

use super::super::number;
use crate::model::{MONTH, Ping, Plan, RemedyKind};

use super::describe::rounds;
use super::names::Names;
use super::yaml::{Entry, Node, entry, map};
use super::{DeployedFunction, Rounds};

/// Runtime and handler of its code.
pub(super) const RUNTIME: &str = "python3.13";
pub(super) const HANDLER: &str = "index.handler";
/// Its memory.
pub(super) const MEMORY_MB: u64 = Ping::SENDER_MEMORY_MB as u64;
/// Pings that it sends at once at most. A function has 1,024 threads and as many open files
/// (docs.aws.amazon.com, lambda, gettingstarted-limits, 2026).
pub(super) const MOST: u32 = 500;
/// What it may do with its log.
pub(super) const LOG_ACTIONS: [&str; 3] = [
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
];
/// What it may do with the functions that it pings.
pub(super) const INVOKE: &str = "lambda:InvokeFunction";
/// The services that run it and that call it.
pub(super) const LAMBDA: &str = "lambda.amazonaws.com";
pub(super) const EVENTS: &str = "events.amazonaws.com";

/// Its code, with what it sends at most.
pub(super) fn code() -> String {
    CODE.replace("MOST", &MOST.to_string())
}

const CODE: &str = r#"import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import boto3
from botocore.config import Config

client = boto3.client(
    "lambda",
    config=Config(
        max_pool_connections=MOST,
        read_timeout=900,
        retries={"total_max_attempts": 1},
    ),
)


def handler(event, context):
    """Calls event["function"] event["instances"] times at one instant."""
    function, count = event["function"], event["instances"]
    payload = json.dumps({"ping": True, "hold_ms": event["hold_ms"]})
    together = Barrier(count)

    def ping():
        try:
            # Opens this thread's connection, so that no ping comes later for want of one.
            client.invoke(FunctionName=function, InvocationType="DryRun")
        finally:
            together.wait()
        answer = client.invoke(FunctionName=function, Payload=payload)
        answer["Payload"].read()

    with ThreadPoolExecutor(count) as threads:
        pings = [threads.submit(ping) for _ in range(count)]
    # An error would make Lambda send the whole round again: it is only told.
    failed = [str(ping.exception()) for ping in pings if ping.exception()]
    if failed:
        print(f"{len(failed)} of {count} pings of {function} failed: {failed[0]}")
"#;

/// The function that sends pings.
#[derive(Clone, PartialEq, Debug)]
pub struct Pinger {
    /// Name on Lambda.
    pub name: String,
    /// Name of its resources in Terraform.
    pub label: String,
    /// Name of its resources elsewhere.
    pub id: String,
    /// When it is cut, in seconds: by then the longest ping of all has been answered, or all have
    /// at least been sent.
    pub timeout_s: u64,
    /// What it costs a month; `None` where the platform has no prices.
    pub cost: Option<Cost>,
}

/// What it costs a month to send rounds of several pings.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Cost {
    /// Rounds, each of which is a request.
    pub requests: f64,
    /// Memory time.
    pub gb_s: f64,
    /// US dollars, by the first tier and without what is free.
    pub usd: f64,
    /// Share of the rounds, of 1, for which that is simulated as part of the cost of pings.
    pub charged: f64,
}

impl Cost {
    /// What it costs to send such rounds of a plan; `None` where there are none, or no prices.
    pub fn of(plan: &Plan, such: impl Fn(&Ping) -> bool) -> Option<Self> {
        let prices = plan.platform.prices.as_ref()?;
        let mut cost = Self {
            requests: 0.0,
            gb_s: 0.0,
            usd: 0.0,
            charged: 0.0,
        };
        for remedy in &plan.remedies {
            if let RemedyKind::Ping(ping) = &remedy.kind
                && ping.instances > 1
                && such(ping)
            {
                let rounds = MONTH.secs() / ping.every.secs() * remedy.functions.len() as f64;
                let run = prices.billing.billed(ping.sender_run());
                cost.requests += rounds;
                cost.gb_s += rounds * run.secs() * Ping::sender_memory().gb();
                cost.charged += if ping.is_sender_charged() {
                    rounds
                } else {
                    0.0
                };
            }
        }
        let duration = prices.duration.first().map_or(0.0, |tier| tier.price);
        cost.usd = cost.requests * prices.request + cost.gb_s * duration;
        cost.charged /= cost.requests.max(f64::MIN_POSITIVE);
        (cost.requests > 0.0).then_some(cost)
    }

    /// What a plan says of the senders of a setting, whether they are in its cost or not.
    pub fn notes(plan: &Plan) -> Vec<String> {
        let charged = Self::of(plan, Ping::is_sender_charged);
        let others = Self::of(plan, |ping| !ping.is_sender_charged());
        let told = [("In", charged), ("Not in", others)].into_iter();
        told.filter_map(|(whether, cost)| {
            Some(format!(
                "{whether} the cost: the function that sends rounds of several pings, for these \
                 must arrive at once to find an instance each, {}.",
                cost?
            ))
        })
        .collect()
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} USD a month: {:.0} requests and {:.0} GB-s, at {MEMORY_MB} MB and {:.0} s a round \
             besides the time that pings are held, by the first tier and without what is free",
            number::significant(self.usd, 3),
            self.requests,
            self.gb_s,
            Ping::SENDER_ASIDE.secs(),
        )
    }
}

impl Pinger {
    /// What sends the pings of these functions; `None` where each round has one.
    pub(super) fn of(functions: &[DeployedFunction], names: Names, plan: &Plan) -> Option<Self> {
        let sent = |function: &&DeployedFunction| function.pings.iter().any(Rounds::by_pinger);
        // A ping may wait for a start before it is held, within the timeout of its function.
        let longest = functions.iter().filter(sent).map(|f| f.timeout_s).max()?;
        Some(Self {
            name: names.lambda,
            label: names.label,
            id: names.id,
            timeout_s: (longest + 60).min(900),
            cost: Cost::of(plan, |ping| rounds(ping).is_some()),
        })
    }

    /// What there is to know of it.
    pub(super) fn remark(&self) -> String {
        let mut text = format!(
            "Rounds of several pings are sent by a function of their own, {}, all at one instant, \
             so that each finds an instance of its own as in the simulation. The simulation does \
             not know that this function takes one of the concurrency of the account, nor that its \
             pings come some milliseconds after one another.",
            self.name
        );
        if let Some(cost) = &self.cost {
            let whether = match cost.charged {
                0.0 => "is not simulated",
                1.0.. => "is simulated",
                _ => "is simulated in part",
            };
            // Writing to a text cannot fail.
            let _ = write!(text, " Its cost {whether}: {cost}.");
        }
        text
    }
}

/// A function that is pinged, as a template of `CloudFormation` has it.
pub(super) struct Pinged<'a> {
    /// What is sent.
    pub(super) function: &'a DeployedFunction,
    /// `NAME` or `NAME:ALIAS`.
    pub(super) qualified: String,
    /// Its ARN, with the alias.
    pub(super) arn: Node,
}

/// The pinger, its role, its rules and what lets these call it, as resources of `CloudFormation`.
pub(super) fn resources(pinger: &Pinger, architecture: &str, targets: &[Pinged<'_>]) -> Vec<Entry> {
    let function = format!("{}Function", pinger.id);
    let runs_as = format!("{}Role", pinger.id);
    let mut resources = vec![
        resource(&runs_as, "AWS::IAM::Role", role_keys(targets)),
        resource(
            &function,
            "AWS::Lambda::Function",
            vec![
                entry("FunctionName", &*pinger.name),
                entry("Runtime", RUNTIME),
                entry("Handler", HANDLER),
                entry("Role", attribute(&runs_as, "Arn")),
                entry("Architectures", vec![architecture.into()]),
                entry("MemorySize", MEMORY_MB),
                entry("Timeout", pinger.timeout_s),
                entry("Code", map([entry("ZipFile", Node::Lines(code()))])),
            ],
        ),
    ];
    for target in targets {
        let rounds = (1..).zip(&target.function.pings);
        for (number, rounds) in rounds.filter(|(_, rounds)| rounds.by_pinger()) {
            let id = format!("{}PingerRule{number}", target.function.id);
            let event = rounds.pinger_event(&target.qualified);
            let to = map([
                entry("Id", "pinger"),
                entry("Arn", attribute(&function, "Arn")),
                entry("Input", event),
            ]);
            let rule = vec![
                entry("ScheduleExpression", &*rounds.rate),
                entry("Targets", vec![to]),
            ];
            let permission = vec![
                entry("Action", INVOKE),
                entry("FunctionName", attribute(&function, "Arn")),
                entry("Principal", EVENTS),
                entry("SourceArn", attribute(&id, "Arn")),
            ];
            let may = format!("{}PingerPermission{number}", target.function.id);
            resources.push(resource(&id, "AWS::Events::Rule", rule));
            resources.push(resource(&may, "AWS::Lambda::Permission", permission));
        }
    }
    resources
}

fn resource(id: &str, kind: &str, keys: Vec<Entry>) -> Entry {
    entry(
        id,
        map([entry("Type", kind), entry("Properties", map(keys))]),
    )
}

fn attribute(id: &str, name: &str) -> Node {
    map([entry("Fn::GetAtt", vec![id.into(), name.into()])])
}

fn role_keys(targets: &[Pinged<'_>]) -> Vec<Entry> {
    let document = |statements: Vec<Node>| {
        map([
            entry("Version", "2012-10-17"),
            entry("Statement", statements),
        ])
    };
    let allow = |actions: Vec<Node>, resources: Node| {
        map([
            entry("Effect", "Allow"),
            entry("Action", actions),
            entry("Resource", resources),
        ])
    };
    let assume = map([
        entry("Effect", "Allow"),
        entry("Principal", map([entry("Service", LAMBDA)])),
        entry("Action", "sts:AssumeRole"),
    ]);
    let logs = LOG_ACTIONS.map(Node::from).to_vec();
    let arns: Vec<Node> = targets.iter().map(|target| target.arn.clone()).collect();
    let policy = document(vec![
        allow(vec![INVOKE.into()], arns.into()),
        allow(logs, "*".into()),
    ]);
    vec![
        entry("AssumeRolePolicyDocument", document(vec![assume])),
        entry(
            "Policies",
            vec![map([
                entry("PolicyName", "ping"),
                entry("PolicyDocument", policy),
            ])],
        ),
    ]
}
