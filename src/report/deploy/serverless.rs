//! The Serverless Framework: `serverless.yml`.

use super::pinger::{self, Pinged};
use super::sam::{Scaled, logical, scaling_of, scaling_resources};
use super::yaml::{Entry, Node, document, entry, map};
use super::{Code, DeployedFunction, Deployment, Rounds, comment, head};

/// The aliases that the framework makes for provisioned concurrency and for snapshots; without
/// either it makes none.
const PROVISIONED: &str = "provisioned";
const SNAPSHOT: &str = "snapstart";

const HOW: &[&str] = &[
    "For the Serverless Framework 4, osls 4 and version 3 alike: serverless deploy --region",
    "REGION. What is under `custom` is yours to set. Add triggers, permissions, networks and",
    "environment variables of your own. CloudFormation takes 500 resources a stack: split a",
    "longer one. Requests have to go where pings go: to the alias `provisioned` of a function",
    "with provisioned concurrency, to `snapstart` of one with a snapshot, and to any other",
    "without an alias, for the framework makes no more. In main.tf and template.yaml each has",
    "the alias `live` instead.",
];

const EXISTS: &[&str] = &[
    "This creates each function. Where one of its name exists, such as the one whose logs were",
    "fitted, the stack fails: put its memorySize, timeout, provisionedConcurrency, snapStart",
    "and events into the service that has it, and what is under `resources` beside them.",
];

/// The region is given to the command: a price list may have been guessed, and decides none.
const REGION: &str = "${opt:region}";

/// A service that the framework takes as it stands.
pub fn serverless(deployment: &Deployment, notes: &[String]) -> String {
    let head = head(
        "Serverless Framework service",
        (HOW, EXISTS),
        deployment,
        notes,
    );
    let head: Vec<String> = head.iter().map(|line| comment(line)).collect();
    let functions = &deployment.functions;
    let provider = [
        entry("name", "aws"),
        entry("region", REGION),
        entry("architecture", deployment.architecture),
    ];
    // A stack is called after it, and another of that name would be overwritten.
    let first = functions.first().map_or("", |f| f.label.as_str());
    let service = format!("frostline-{first}").replace('_', "-");
    let mut top = vec![
        entry("service", service.trim_end_matches('-')),
        entry("provider", map(provider)),
        entry("custom", custom(deployment)),
        entry("functions", map(functions.iter().map(of_function))),
    ];
    let mut resources: Vec<Entry> = functions.iter().flat_map(scaling).collect();
    resources.extend(pinger_of(deployment));
    if !resources.is_empty() {
        top.push(entry(
            "resources",
            map([entry("Resources", map(resources))]),
        ));
    }
    document(&head, &top)
}

/// What no experiment knows.
fn custom(deployment: &Deployment) -> Node {
    let (mut handlers, mut packages, mut images) = (Vec::new(), Vec::new(), Vec::new());
    for function in &deployment.functions {
        let key = logical(function);
        match &function.code {
            Code::Zip { handler, .. } => {
                handlers.push(entry(&*key, *handler));
                packages.push(entry(key, format!("build/{}.zip", function.name)));
            }
            Code::Image => {
                let repository = function.label.replace('_', "-");
                let registry = format!("123456789012.dkr.ecr.{REGION}.amazonaws.com");
                images.push(entry(key, format!("{registry}/{repository}:latest")));
            }
        }
    }
    let kinds = [
        ("handlers", handlers),
        ("packages", packages),
        ("images", images),
    ];
    let given = kinds.into_iter().filter(|(_, entries)| !entries.is_empty());
    map(given.map(|(kind, entries)| entry(kind, map(entries))))
}

fn of_function(function: &DeployedFunction) -> Entry {
    let key = logical(function);
    let own = |kind: &str| format!("${{self:custom.{kind}.{key}}}");
    let mut keys = vec![entry("name", &*function.name)];
    match &function.code {
        Code::Zip { runtime, .. } => keys.extend([
            entry("runtime", &**runtime),
            entry("handler", own("handlers")),
            entry("package", map([entry("artifact", own("packages"))])),
        ]),
        Code::Image => keys.push(entry("image", own("images"))),
    }
    keys.extend([
        entry("memorySize", function.memory_mb),
        entry("timeout", function.timeout_s),
    ]);
    if let Some(size) = function.ephemeral_mb {
        keys.push(entry("ephemeralStorageSize", size));
    }
    if let Some(reserved) = function.reserved {
        keys.push(entry("reservedConcurrency", reserved));
    }
    if function.snapshot {
        keys.push(entry("snapStart", true));
    }
    if let Some(capacity) = &function.provisioned {
        let mut first = entry("provisionedConcurrency", capacity.first.max(1));
        if capacity.first == 0 {
            let why = "The framework makes no alias to scale without one to begin with.";
            first.comments.push(comment(why));
        }
        keys.push(first);
    }
    let pings = function.pings.iter().filter(|rounds| !rounds.by_pinger());
    let events: Vec<Node> = pings.map(ping).collect();
    if !events.is_empty() {
        keys.push(entry("events", events));
    }
    Entry {
        comments: function
            .remarks
            .iter()
            .map(|remark| comment(remark))
            .collect(),
        ..entry(&*key, map(keys))
    }
}

fn ping(rounds: &Rounds) -> Node {
    let input = map([entry("ping", true), entry("hold_ms", rounds.hold_ms)]);
    let keys = map([
        entry("rate", vec![rounds.rate.as_str().into()]),
        entry("input", input),
    ]);
    map([entry("schedule", keys)])
}

/// What sends rounds of several pings.
fn pinger_of(deployment: &Deployment) -> Vec<Entry> {
    let Some(pinger) = &deployment.pinger else {
        return Vec::new();
    };
    let targets = deployment.pinged().map(|function| {
        let attribute: Vec<Node> = vec![
            format!("{}LambdaFunction", logical(function)).into(),
            "Arn".into(),
        ];
        let arn = map([entry("Fn::GetAtt", attribute)]);
        let alias = match &function.provisioned {
            Some(_) => Some(PROVISIONED),
            None => function.snapshot.then_some(SNAPSHOT),
        };
        let Some(alias) = alias else {
            let qualified = function.name.clone();
            return Pinged {
                function,
                qualified,
                arn,
            };
        };
        let parts = vec![arn, alias.into()];
        Pinged {
            function,
            qualified: format!("{}:{alias}", function.name),
            arn: map([entry("Fn::Join", vec![":".into(), parts.into()])]),
        }
    });
    pinger::resources(
        pinger,
        deployment.architecture,
        &targets.collect::<Vec<_>>(),
    )
}

/// The resources that scale a function. The framework's own `${…}` would be in the way of
/// `Fn::Sub`.
fn scaling(function: &DeployedFunction) -> Vec<Entry> {
    let Some(scaling) = scaling_of(function) else {
        return Vec::new();
    };
    let name = logical(function);
    let lambda = format!("{name}LambdaFunction");
    let join = |before: &[&str]| {
        let mut parts: Vec<Node> = before.iter().map(|&text| text.into()).collect();
        parts.push(map([entry("Ref", &*lambda)]));
        parts.push(PROVISIONED.into());
        map([entry("Fn::Join", vec![":".into(), parts.into()])])
    };
    let whose = Scaled {
        id: &function.id,
        function: &lambda,
        alias: format!("{name}ProvConcLambdaAlias"),
        resource_id: join(&["function"]),
        resource: join(&[]),
    };
    scaling_resources(&whose, scaling)
}
