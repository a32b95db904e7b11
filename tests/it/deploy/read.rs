//! The three files read back, with every reference followed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::accepted;

/// What a file says about a function.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Found {
    pub(super) name: String,
    pub(super) runtime: Option<String>,
    pub(super) memory: u64,
    pub(super) timeout: u64,
    pub(super) architecture: String,
    pub(super) ephemeral: Option<u64>,
    pub(super) reserved: Option<u64>,
    pub(super) snapshot: bool,
    pub(super) first: Option<u64>,
    pub(super) bounds: Option<(u64, u64)>,
    /// Utilisation, cooldowns out and in, statistic.
    pub(super) target: Option<(f64, u64, u64, String)>,
    /// Schedule, zone, bounds.
    pub(super) actions: Vec<(String, String, Bounds)>,
    /// Rate and hold time of each ping of a round.
    pub(super) pings: Vec<(String, f64)>,
}

type Entries<'a> = Vec<(&'a String, &'a Value)>;

fn entries(value: &Value) -> Entries<'_> {
    value.as_object().into_iter().flatten().collect()
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

fn number(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("no number: {value}"))
}

/// The expression of a value that is nothing else.
fn expression(value: &Value) -> String {
    let text = text(value);
    let inner = text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'));
    inner
        .unwrap_or_else(|| panic!("no expression: {text}"))
        .to_owned()
}

/// Each `root` in the texts of a value with the name that follows it.
fn mentioned(value: &Value, root: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            for (at, _) in text.match_indices(root) {
                let rest = &text[at + root.len()..];
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_.".contains(c)));
                let name = &rest[..end.unwrap_or(rest.len())];
                found.insert(format!("{root}{name}"));
            }
        }
        Value::Array(list) => list.iter().for_each(|value| mentioned(value, root, found)),
        Value::Object(map) => map.values().for_each(|value| mentioned(value, root, found)),
        _ => {}
    }
}

/// Reads `main.tf`, sorted by name.
pub(super) fn terraform(file: &str) -> Vec<Found> {
    let root: Value = hcl::from_str(file).unwrap_or_else(|error| panic!("{error}\n{file}"));
    assert_eq!(
        root["terraform"]["required_providers"]["aws"]["version"],
        "~> 6.0"
    );
    let resources = &root["resource"];
    let mut known = BTreeSet::new();
    for (kind, labelled) in entries(resources) {
        let list = accepted::TERRAFORM.iter().find(|(name, _)| name == kind);
        let (_, list) = list.unwrap_or_else(|| panic!("no resource `{kind}` is known"));
        for (label, resource) in entries(labelled) {
            known.insert(format!("{kind}.{label}"));
            accepted::hold(kind, resource, list);
        }
    }
    let mut used = BTreeSet::new();
    mentioned(resources, "aws_", &mut used);
    for path in &used {
        let resource: Vec<&str> = path.split('.').take(2).collect();
        assert!(known.contains(&resource.join(".")), "{path} is nowhere");
    }
    let mut used = BTreeSet::new();
    mentioned(&root, "var.", &mut used);
    for path in &used {
        assert!(
            root["variable"][&path[4..]].is_object(),
            "{path} is nowhere"
        );
    }
    let functions = entries(&resources["aws_lambda_function"]);
    let mut found: Vec<Found> = functions
        .iter()
        .map(|(label, f)| one(label, f, &root))
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn one(label: &str, function: &Value, root: &Value) -> Found {
    let resources = &root["resource"];
    let name = text(&function["function_name"]);
    assert_eq!(function["publish"], true);
    let runtime = function["runtime"].as_str().map(str::to_owned);
    for map in ["packages", "handlers"]
        .iter()
        .filter(|_| runtime.is_some())
    {
        assert!(
            root["variable"][map]["default"][&name].is_string(),
            "{map} of {name}"
        );
    }
    let alias = &resources["aws_lambda_alias"][label];
    let version = format!("aws_lambda_function.{label}.version");
    assert_eq!(expression(&alias["function_version"]), version);
    let of_target = |resource: &Value| {
        let target = format!("aws_appautoscaling_target.{label}.resource_id");
        resource["resource_id"] == format!("${{{target}}}")
    };
    let target = &resources["aws_appautoscaling_target"][label];
    let bounds = |value: &Value| {
        (
            number(&value["min_capacity"]),
            number(&value["max_capacity"]),
        )
    };
    let policy = &resources["aws_appautoscaling_policy"][label];
    let tracked = &policy["target_tracking_scaling_policy_configuration"];
    let mut actions: Vec<(u64, _)> = entries(&resources["aws_appautoscaling_scheduled_action"])
        .into_iter()
        .filter(|(_, action)| of_target(action))
        .map(|(_, action)| {
            let order = text(&action["name"])
                .rsplit('-')
                .next()
                .unwrap()
                .parse()
                .unwrap();
            let bound = |key: &str| {
                let value = &action["scalable_target_action"][key];
                (!value.is_null()).then(|| number(value))
            };
            let bounds = (bound("min_capacity"), bound("max_capacity"));
            (
                order,
                (text(&action["schedule"]), text(&action["timezone"]), bounds),
            )
        })
        .collect();
    actions.sort_by_key(|(order, _)| *order);
    let config = &resources["aws_lambda_provisioned_concurrency_config"][label];
    Found {
        name,
        runtime,
        memory: number(&function["memory_size"]),
        timeout: number(&function["timeout"]),
        architecture: text(&function["architectures"][0]),
        ephemeral: function["ephemeral_storage"]["size"].as_u64(),
        reserved: function["reserved_concurrent_executions"].as_u64(),
        snapshot: function["snap_start"]["apply_on"] == "PublishedVersions",
        first: config["provisioned_concurrent_executions"].as_u64(),
        bounds: target.is_object().then(|| bounds(target)),
        target: tracked.is_object().then(|| {
            assert!(of_target(policy));
            let custom = &tracked["customized_metric_specification"]["statistic"];
            (
                tracked["target_value"].as_f64().unwrap(),
                number(&tracked["scale_out_cooldown"]),
                number(&tracked["scale_in_cooldown"]),
                custom.as_str().unwrap_or("Average").to_owned(),
            )
        }),
        actions: actions.into_iter().map(|(_, action)| action).collect(),
        pings: terraform_pings(label, resources),
    }
}

fn terraform_pings(label: &str, resources: &Value) -> Vec<(String, f64)> {
    let mut pings = BTreeMap::new();
    for (name, target) in entries(&resources["aws_cloudwatch_event_target"]) {
        if expression(&target["arn"]) != format!("aws_lambda_alias.{label}.arn") {
            continue;
        }
        let rule = &resources["aws_cloudwatch_event_rule"][name];
        let permission = &resources["aws_lambda_permission"][name];
        assert_eq!(rule["count"], permission["count"]);
        // Five targets a rule, and none too many.
        let (rules, targets) = (number(&rule["count"]), number(&target["count"]));
        assert!(5 * rules >= targets && 5 * rules < targets + 5);
        let input = expression(&target["input"]);
        let hold = input.split("hold_ms").nth(1).unwrap();
        let hold = hold.trim_matches(|c: char| !(c.is_ascii_digit() || c == '.' || c == 'e'));
        let one = (
            text(&rule["schedule_expression"]),
            hold.trim_end_matches('e').parse().unwrap(),
        );
        let number: u64 = name.rsplit('_').next().unwrap().parse().unwrap();
        pings.insert(number, vec![one; targets as usize]);
    }
    pings.into_values().flatten().collect()
}

fn yaml(file: &str) -> Value {
    serde_saphyr::from_str(file).unwrap_or_else(|error| panic!("{error}\n{file}"))
}

/// Every name that `Ref`, `Fn::Sub` or `DependsOn` asks for.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("Ref" | "DependsOn", Value::String(name)) => {
                        found.insert(name.clone());
                    }
                    ("Fn::Sub", Value::String(text)) => {
                        let names = text.split("${").skip(1);
                        found.extend(names.map(|rest| rest.split('}').next().unwrap().to_owned()));
                    }
                    _ => references(value, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

/// What Application Auto Scaling does for a function: bounds, target, actions.
/// Least and most instances, where they are set.
type Bounds = (Option<u64>, Option<u64>);

type Scaled = (
    Option<(u64, u64)>,
    Option<(f64, u64, u64, String)>,
    Vec<(String, String, Bounds)>,
);

fn scaled(resources: &Value, alias: &str) -> Scaled {
    let bounds = |value: &Value| (number(&value["MinCapacity"]), number(&value["MaxCapacity"]));
    let all = entries(resources);
    let target = all
        .iter()
        .find(|(_, resource)| resource["DependsOn"] == alias);
    let Some((id, target)) = target else {
        return (None, None, Vec::new());
    };
    let keys = &target["Properties"];
    let actions = keys["ScheduledActions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|action| {
            let bound = |key: &str| {
                let value = &action["ScalableTargetAction"][key];
                (!value.is_null()).then(|| number(value))
            };
            let bounds = (bound("MinCapacity"), bound("MaxCapacity"));
            (text(&action["Schedule"]), text(&action["Timezone"]), bounds)
        });
    let policy = all
        .iter()
        .find(|(_, resource)| resource["Properties"]["ScalingTargetId"]["Ref"] == id.as_str());
    let tracked = policy.map(|(_, policy)| {
        let tracked = &policy["Properties"]["TargetTrackingScalingPolicyConfiguration"];
        let custom = &tracked["CustomizedMetricSpecification"]["Statistic"];
        (
            tracked["TargetValue"].as_f64().unwrap(),
            number(&tracked["ScaleOutCooldown"]),
            number(&tracked["ScaleInCooldown"]),
            custom.as_str().unwrap_or("Average").to_owned(),
        )
    });
    (Some(bounds(keys)), tracked, actions.collect())
}

fn hold_resources(resources: &Value) {
    for (_, resource) in entries(resources) {
        let kind = text(&resource["Type"]);
        let list = accepted::CLOUDFORMATION
            .iter()
            .find(|(name, _)| *name == kind);
        let (_, list) = list.unwrap_or_else(|| panic!("no resource `{kind}` is known"));
        accepted::hold(&kind, &resource["Properties"], list);
    }
}

/// Reads `template.yaml`, sorted by name.
pub(super) fn sam(file: &str) -> Vec<Found> {
    let root = yaml(file);
    assert_eq!(root["AWSTemplateFormatVersion"], "2010-09-09");
    assert_eq!(root["Transform"], "AWS::Serverless-2016-10-31");
    let (parameters, resources) = (&root["Parameters"], &root["Resources"]);
    hold_resources(resources);
    let mut used = BTreeSet::new();
    references(resources, &mut used);
    for name in &used {
        let function = name.strip_suffix("Aliaslive").unwrap_or(name);
        let there = parameters[function].is_object() || resources[function].is_object();
        assert!(there, "{name} is nowhere");
    }
    let mut found: Vec<Found> = entries(resources)
        .into_iter()
        .filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function")
        .map(|(id, resource)| {
            let keys = &resource["Properties"];
            assert_eq!(keys["AutoPublishAlias"], "live");
            let (bounds, target, actions) = scaled(resources, &format!("{id}Aliaslive"));
            let config = &keys["ProvisionedConcurrencyConfig"];
            Found {
                name: text(&keys["FunctionName"]),
                runtime: keys["Runtime"].as_str().map(str::to_owned),
                memory: number(&keys["MemorySize"]),
                timeout: number(&keys["Timeout"]),
                architecture: text(&keys["Architectures"][0]),
                ephemeral: keys["EphemeralStorage"]["Size"].as_u64(),
                reserved: keys["ReservedConcurrentExecutions"].as_u64(),
                snapshot: keys["SnapStart"]["ApplyOn"] == "PublishedVersions",
                first: config["ProvisionedConcurrentExecutions"].as_u64(),
                bounds,
                target,
                actions,
                pings: sam_pings(&keys["Events"]),
            }
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn sam_pings(events: &Value) -> Vec<(String, f64)> {
    let mut pings = BTreeMap::new();
    for (name, event) in entries(events) {
        assert_eq!(event["Type"], "Schedule");
        let keys = &event["Properties"];
        let input: Value = serde_json::from_str(&text(&keys["Input"])).unwrap();
        assert_eq!(input["ping"], true);
        let number: u64 = name.strip_prefix("Ping").unwrap().parse().unwrap();
        pings.insert(
            number,
            (text(&keys["Schedule"]), input["hold_ms"].as_f64().unwrap()),
        );
    }
    pings.into_values().collect()
}

/// Reads `serverless.yml`, sorted by name.
pub(super) fn serverless(file: &str) -> Vec<Found> {
    let root = yaml(file);
    assert_eq!(root["provider"]["name"], "aws");
    let (functions, resources) = (&root["functions"], &root["resources"]["Resources"]);
    hold_resources(resources);
    let mut used = BTreeSet::new();
    references(resources, &mut used);
    for name in &used {
        // The framework's own names of what it makes of a function.
        let made = ["ProvConcLambdaAlias", "LambdaFunction"];
        let function = made
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .unwrap_or("");
        let there = resources[name].is_object() || functions[function].is_object();
        assert!(there, "{name} is nowhere");
    }
    let mut used = BTreeSet::new();
    mentioned(functions, "self:custom.", &mut used);
    assert_eq!(file.matches("${").count(), braces(file, &used), "{file}");
    for path in &used {
        let mut value = &root;
        for key in path["self:".len()..].split('.') {
            value = &value[key];
        }
        assert!(value.is_string(), "{path} is nowhere");
    }
    let mut found: Vec<Found> = entries(functions)
        .into_iter()
        .map(|(id, keys)| {
            accepted::hold("a function of serverless.yml", keys, accepted::SERVERLESS);
            let alias = format!("{id}ProvConcLambdaAlias");
            let (bounds, target, actions) = scaled(resources, &alias);
            Found {
                name: text(&keys["name"]),
                runtime: keys["runtime"].as_str().map(str::to_owned),
                memory: number(&keys["memorySize"]),
                timeout: number(&keys["timeout"]),
                architecture: text(&root["provider"]["architecture"]),
                ephemeral: keys["ephemeralStorageSize"].as_u64(),
                reserved: keys["reservedConcurrency"].as_u64(),
                snapshot: keys["snapStart"] == true,
                first: keys["provisionedConcurrency"].as_u64(),
                bounds,
                target,
                actions,
                pings: serverless_pings(&keys["events"]),
            }
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Variables of the framework: those that are followed, and those in comments.
fn braces(file: &str, used: &BTreeSet<String>) -> usize {
    let comments = file
        .lines()
        .filter(|line| line.trim_start().starts_with('#'));
    let commented: usize = comments.map(|line| line.matches("${").count()).sum();
    used.len() + commented
}

fn serverless_pings(events: &Value) -> Vec<(String, f64)> {
    let pings = events.as_array().into_iter().flatten().map(|event| {
        let keys = &event["schedule"];
        assert_eq!(keys["input"]["ping"], true);
        (
            text(&keys["rate"][0]),
            keys["input"]["hold_ms"].as_f64().unwrap(),
        )
    });
    pings.collect()
}
