//! The AWS Serverless Application Model: `template.yaml`.

use crate::model::Statistic;

use super::pinger::{self, Pinged};
use super::yaml::{Entry, Node, document, entry, map};
use super::{
    ALIAS, Action, Code, DeployedFunction, Deployment, Rounds, Scaling, Target, comment, head,
};

const HOW: &[&str] = &[
    "sam build, then sam deploy --guided. Put the code of each function where its CodeUri says,",
    "and its handler into its parameter. Requests have to go to the alias `live` of each",
    "function. Add triggers, permissions, networks and environment variables of your own.",
    "CloudFormation takes 200 parameters and 500 resources a template: split a longer one.",
];

const EXISTS: &[&str] = &[
    "This creates each function. Where one of its name exists, such as the one whose logs were",
    "fitted, the stack fails: put its MemorySize, Timeout, AutoPublishAlias,",
    "ProvisionedConcurrencyConfig, SnapStart and Events into the template that has it, and the",
    "resources that are no function beside them.",
];

/// A template that CloudFormation takes after the transform.
pub fn sam(deployment: &Deployment, notes: &[String]) -> String {
    let head = head("AWS SAM template", (HOW, EXISTS), deployment, notes);
    let head: Vec<String> = head.iter().map(|line| comment(line)).collect();
    let functions = &deployment.functions;
    let own = functions.iter().flat_map(|function| {
        let mut resources = vec![of_function(function, deployment.architecture)];
        if let Some(scaling) = scaling_of(function) {
            let name = logical(function);
            let alias = format!("{name}Alias{ALIAS}");
            let id = map([entry("Fn::Sub", format!("function:${{{name}}}:{ALIAS}"))]);
            let resource = map([entry("Fn::Sub", format!("${{{name}}}:{ALIAS}"))]);
            let whose = Scaled {
                id: &function.id,
                function: &name,
                alias,
                resource_id: id,
                resource,
            };
            resources.extend(scaling_resources(&whose, scaling));
        }
        resources
    });
    let pingers = pinger_of(deployment);
    document(
        &head,
        &[
            entry("AWSTemplateFormatVersion", "2010-09-09"),
            entry("Transform", "AWS::Serverless-2016-10-31"),
            entry("Parameters", map(functions.iter().map(parameter))),
            entry("Resources", map(own.chain(pingers))),
        ],
    )
}

/// What sends rounds of several pings.
fn pinger_of(deployment: &Deployment) -> Vec<Entry> {
    let Some(pinger) = &deployment.pinger else {
        return Vec::new();
    };
    let arn = |function| format!("${{{}.Arn}}:{ALIAS}", logical(function));
    let targets = deployment.pinged().map(|function| Pinged {
        function,
        qualified: format!("{}:{ALIAS}", function.name),
        arn: map([entry("Fn::Sub", arn(function))]),
    });
    pinger::resources(
        pinger,
        deployment.architecture,
        &targets.collect::<Vec<_>>(),
    )
}

/// The logical id of a function: none of the ids that are made from another's ends like this.
pub(super) fn logical(function: &DeployedFunction) -> String {
    format!("{}Function", function.id)
}

pub(super) fn scaling_of(function: &DeployedFunction) -> Option<&Scaling> {
    function
        .provisioned
        .as_ref()
        .and_then(|capacity| capacity.scaling.as_ref())
}

fn parameter(function: &DeployedFunction) -> Entry {
    let (name, what, default) = match &function.code {
        Code::Zip { handler, .. } => ("Handler", "Handler", Some(entry("Default", *handler))),
        Code::Image => ("ImageUri", "URI in ECR of the image", None),
    };
    let mut keys = vec![
        entry("Type", "String"),
        entry("Description", format!("{what} of {}", function.name)),
    ];
    keys.extend(default);
    entry(format!("{}{name}", function.id), map(keys))
}

fn of_function(function: &DeployedFunction, architecture: &str) -> Entry {
    let reference = |name: &str| map([entry("Ref", format!("{}{name}", function.id))]);
    let mut keys = vec![entry("FunctionName", &*function.name)];
    match &function.code {
        Code::Zip { runtime, .. } => keys.extend([
            entry("Runtime", &**runtime),
            entry("Handler", reference("Handler")),
            entry("CodeUri", format!("build/{}.zip", function.name)),
        ]),
        Code::Image => keys.extend([
            entry("PackageType", "Image"),
            entry("ImageUri", reference("ImageUri")),
        ]),
    }
    keys.extend([
        entry("Architectures", vec![architecture.into()]),
        entry("MemorySize", function.memory_mb),
        entry("Timeout", function.timeout_s),
    ]);
    if let Some(size) = function.ephemeral_mb {
        keys.push(entry("EphemeralStorage", map([entry("Size", size)])));
    }
    if let Some(reserved) = function.reserved {
        keys.push(entry("ReservedConcurrentExecutions", reserved));
    }
    keys.push(entry("AutoPublishAlias", ALIAS));
    if function.snapshot {
        let when = map([entry("ApplyOn", "PublishedVersions")]);
        keys.push(entry("SnapStart", when));
    }
    if let Some(capacity) = &function.provisioned
        && capacity.first > 0
    {
        let first = entry("ProvisionedConcurrentExecutions", capacity.first);
        keys.push(entry("ProvisionedConcurrencyConfig", map([first])));
    }
    let pings = function.pings.iter().filter(|rounds| !rounds.by_pinger());
    let events: Vec<Entry> = (1..)
        .zip(pings)
        .map(|(n, rounds)| ping(n, rounds))
        .collect();
    if !events.is_empty() {
        keys.push(entry("Events", map(events)));
    }
    Entry {
        comments: function
            .remarks
            .iter()
            .map(|remark| comment(remark))
            .collect(),
        ..entry(
            logical(function),
            map([
                entry("Type", "AWS::Serverless::Function"),
                entry("Properties", map(keys)),
            ]),
        )
    }
}

fn ping(number: u32, rounds: &Rounds) -> Entry {
    let keys = map([
        entry("Schedule", &*rounds.rate),
        entry("Input", rounds.event()),
    ]);
    entry(
        format!("Ping{number}"),
        map([entry("Type", "Schedule"), entry("Properties", keys)]),
    )
}

/// Whose provisioned concurrency is scaled.
pub(super) struct Scaled<'a> {
    /// What its resources' ids begin with.
    pub(super) id: &'a str,
    /// Logical id of the function.
    pub(super) function: &'a str,
    /// Logical id of the alias.
    pub(super) alias: String,
    /// `function:NAME:ALIAS`.
    pub(super) resource_id: Node,
    /// `NAME:ALIAS`.
    pub(super) resource: Node,
}

/// Application Auto Scaling of a function: what is scaled, and what by.
pub(super) fn scaling_resources(whose: &Scaled<'_>, scaling: &Scaling) -> Vec<Entry> {
    let target = format!("{}ScalableTarget", whose.id);
    let mut keys = vec![
        entry("ServiceNamespace", "lambda"),
        entry(
            "ScalableDimension",
            "lambda:function:ProvisionedConcurrency",
        ),
        entry("ResourceId", whose.resource_id.clone()),
        entry("MinCapacity", scaling.min),
        entry("MaxCapacity", scaling.max),
    ];
    let actions: Vec<Node> = (1..)
        .zip(&scaling.actions)
        .map(|(n, a)| scheduled(n, a))
        .collect();
    if !actions.is_empty() {
        keys.push(entry("ScheduledActions", actions));
    }
    let scalable = map([
        entry("Type", "AWS::ApplicationAutoScaling::ScalableTarget"),
        entry("DependsOn", &*whose.alias),
        entry("Properties", map(keys)),
    ]);
    let mut resources = vec![entry(&*target, scalable)];
    if let Some(tracked) = &scaling.tracking {
        let keys = map([
            entry("PolicyName", "utilization"),
            entry("PolicyType", "TargetTrackingScaling"),
            entry("ScalingTargetId", map([entry("Ref", target)])),
            entry(
                "TargetTrackingScalingPolicyConfiguration",
                tracking(whose, tracked),
            ),
        ]);
        let policy = map([
            entry("Type", "AWS::ApplicationAutoScaling::ScalingPolicy"),
            entry("Properties", keys),
        ]);
        resources.push(entry(format!("{}ScalingPolicy", whose.id), policy));
    }
    resources
}

fn scheduled(number: u32, action: &Action) -> Node {
    let bounds = [("MinCapacity", action.min), ("MaxCapacity", action.max)];
    let bounds = bounds
        .into_iter()
        .filter_map(|(key, bound)| Some(entry(key, bound?)));
    map([
        entry("ScheduledActionName", format!("action-{number}")),
        entry("Schedule", &*action.schedule),
        entry("Timezone", &*action.time_zone),
        entry("ScalableTargetAction", map(bounds)),
    ])
}

fn tracking(whose: &Scaled<'_>, target: &Target) -> Node {
    let metric = match target.statistic {
        Statistic::Average => entry(
            "PredefinedMetricSpecification",
            map([entry(
                "PredefinedMetricType",
                "LambdaProvisionedConcurrencyUtilization",
            )]),
        ),
        // The predefined metric is the average.
        Statistic::Maximum => {
            let function = map([entry("Ref", whose.function)]);
            let dimension =
                |name: &str, value: Node| map([entry("Name", name), entry("Value", value)]);
            let dimensions = vec![
                dimension("FunctionName", function),
                dimension("Resource", whose.resource.clone()),
            ];
            entry(
                "CustomizedMetricSpecification",
                map([
                    entry("Namespace", "AWS/Lambda"),
                    entry("MetricName", "ProvisionedConcurrencyUtilization"),
                    entry("Statistic", "Maximum"),
                    entry("Dimensions", dimensions),
                ]),
            )
        }
    };
    map([
        entry("TargetValue", target.utilization),
        entry("ScaleOutCooldown", target.scale_out_cooldown_s),
        entry("ScaleInCooldown", target.scale_in_cooldown_s),
        metric,
    ])
}
