//! The three files read back, with every reference followed.

use std::collections::BTreeSet;

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
    /// Rate of each kind of round, its pings and how long they hold.
    pub(super) pings: Vec<Round>,
}

/// Rate, pings at once, ms that each holds its instance.
pub(super) type Round = (String, u64, f64);

pub(super) fn sorted_pings(mut pings: Vec<Round>) -> Vec<Round> {
    pings.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)).then(a.2.total_cmp(&b.2)));
    pings
}

/// One ping that a rule sends, by what the function is called with.
fn sent_by_rule(rate: &Value, input: &Value) -> Round {
    assert_eq!(input["ping"], true);
    (text(rate), 1, input["hold_ms"].as_f64().unwrap())
}

/// A round that a rule has sent by the pinger, by what that is called with, if to this function.
fn sent_by_pinger(rate: &Value, input: &Value, function: &str) -> Option<Round> {
    if input["function"] != function {
        return None;
    }
    let instances = number(&input["instances"]);
    assert!(instances > 1, "one ping needs no pinger");
    Some((text(rate), instances, input["hold_ms"].as_f64().unwrap()))
}

fn json(value: &Value) -> Value {
    serde_json::from_str(&text(value)).unwrap()
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
            let is_part = |c: char| c.is_ascii_alphanumeric() || "_.".contains(c);
            for (at, _) in text.match_indices(root) {
                // A function may be called `aws_…` itself.
                if text[..at].ends_with(is_part) {
                    continue;
                }
                let rest = &text[at + root.len()..];
                let end = rest.find(|c: char| !is_part(c));
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
    let data = entries(&root["data"]).into_iter();
    for (kind, labelled) in entries(resources).into_iter().chain(data) {
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
    mentioned(resources, "data.", &mut used);
    for path in &used {
        let source: Vec<&str> = path.split('.').skip(1).take(2).collect();
        assert!(known.contains(&source.join(".")), "{path} is nowhere");
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
        .filter(|(_, f)| !is_terraform_pinger(f))
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
        pings: terraform_pings(label, &text(&function["function_name"]), root),
    }
}

/// Whether a function has its code in the file, as the pinger alone has.
fn is_terraform_pinger(function: &Value) -> bool {
    let archive = function["filename"].as_str();
    archive.is_some_and(|file| file.contains("data.archive_file."))
}

fn terraform_pings(label: &str, name: &str, root: &Value) -> Vec<Round> {
    let resources = &root["resource"];
    let mut pings = Vec::new();
    for (id, target) in entries(&resources["aws_cloudwatch_event_target"]) {
        let rule = &resources["aws_cloudwatch_event_rule"][id];
        let permission = &resources["aws_lambda_permission"][id];
        let of_rule = |key: &str| format!("aws_cloudwatch_event_rule.{id}.{key}");
        assert_eq!(expression(&target["rule"]), of_rule("name"));
        assert_eq!(expression(&permission["source_arn"]), of_rule("arn"));
        let rate = &rule["schedule_expression"];
        let input = json(&target["input"]);
        if expression(&target["arn"]) == format!("aws_lambda_alias.{label}.arn") {
            let own = format!("aws_lambda_alias.{label}.name");
            assert_eq!(expression(&permission["qualifier"]), own);
            pings.push(sent_by_rule(rate, &input));
        } else if let Some(round) = sent_by_pinger(rate, &input, &format!("{name}:live")) {
            let functions = entries(&resources["aws_lambda_function"]).into_iter();
            let mut pinger = functions.filter(|(_, f)| is_terraform_pinger(f));
            let (pinger, _) = pinger.next().unwrap();
            let of_pinger = |key: &str| format!("aws_lambda_function.{pinger}.{key}");
            assert_eq!(expression(&target["arn"]), of_pinger("arn"));
            let called = expression(&permission["function_name"]);
            assert_eq!(called, of_pinger("function_name"));
            let may = &root["data"]["aws_iam_policy_document"][pinger]["statement"][0];
            assert_eq!(may["actions"][0], "lambda:InvokeFunction");
            let alias = format!("${{aws_lambda_alias.{label}.arn}}");
            assert!(may["resources"].as_array().unwrap().contains(&alias.into()));
            pings.push(round);
        }
    }
    sorted_pings(pings)
}

/// Rounds that rules of a template have sent by its pinger, which may call this ARN.
fn pinger_pings(resources: &Value, function: &str, arn: &Value) -> Vec<Round> {
    let of = |kind: &str| {
        let all = entries(resources).into_iter();
        let all = all.filter(|(_, resource)| resource["Type"] == kind);
        all.map(|(id, resource)| (id, &resource["Properties"]))
            .collect::<Vec<_>>()
    };
    let mut pings = Vec::new();
    for (id, rule) in of("AWS::Events::Rule") {
        let target = &rule["Targets"][0];
        let input = json(&target["Input"]);
        let round = sent_by_pinger(&rule["ScheduleExpression"], &input, function);
        let Some(round) = round else { continue };
        let pinger = text(&target["Arn"]["Fn::GetAtt"][0]);
        let keys = &resources[&pinger]["Properties"];
        assert!(text(&keys["Code"]["ZipFile"]).contains("InvocationType=\"DryRun\""));
        let permissions = of("AWS::Lambda::Permission");
        let may_call = permissions.iter().any(|(_, permission)| {
            permission["SourceArn"]["Fn::GetAtt"][0] == **id
                && permission["FunctionName"]["Fn::GetAtt"][0] == *pinger
        });
        assert!(may_call, "{id} may not call {pinger}");
        let role = &resources[text(&keys["Role"]["Fn::GetAtt"][0])]["Properties"];
        let may = &role["Policies"][0]["PolicyDocument"]["Statement"][0];
        assert_eq!(may["Action"][0], "lambda:InvokeFunction");
        assert!(
            may["Resource"].as_array().unwrap().contains(arn),
            "{may} has not {arn}"
        );
        pings.push(round);
    }
    pings
}

pub(super) fn yaml(file: &str) -> Value {
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
                        let ends = |c: char| c == '}' || c == '.';
                        found.extend(names.map(|rest| rest.split(ends).next().unwrap().to_owned()));
                    }
                    ("Fn::GetAtt", Value::Array(path)) => {
                        found.insert(text(&path[0]));
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
                pings: {
                    let name = text(&keys["FunctionName"]);
                    let arn = serde_json::json!({ "Fn::Sub": format!("${{{id}.Arn}}:live") });
                    let mut pings = pinger_pings(resources, &format!("{name}:live"), &arn);
                    pings.extend(sam_pings(&keys["Events"]));
                    sorted_pings(pings)
                },
            }
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn sam_pings(events: &Value) -> Vec<Round> {
    let events = entries(events).into_iter().map(|(_, event)| {
        assert_eq!(event["Type"], "Schedule");
        let keys = &event["Properties"];
        sent_by_rule(&keys["Schedule"], &json(&keys["Input"]))
    });
    events.collect()
}

/// Reads `serverless.yml`, sorted by name.
pub(super) fn serverless(file: &str) -> Vec<Found> {
    let root = yaml(file);
    assert_eq!(root["provider"]["name"], "aws");
    assert_eq!(root["provider"]["region"], "${opt:region}");
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
                pings: {
                    let name = text(&keys["name"]);
                    let own =
                        serde_json::json!({ "Fn::GetAtt": [format!("{id}LambdaFunction"), "Arn"] });
                    let alias = if keys["provisionedConcurrency"].is_u64() {
                        "provisioned"
                    } else {
                        "snapstart"
                    };
                    let has_alias = alias == "provisioned" || keys["snapStart"] == true;
                    let (called, arn) = if has_alias {
                        let arn = serde_json::json!({ "Fn::Join": [":", [own, alias]] });
                        (format!("{name}:{alias}"), arn)
                    } else {
                        (name, own)
                    };
                    let mut pings = pinger_pings(resources, &called, &arn);
                    pings.extend(serverless_pings(&keys["events"]));
                    sorted_pings(pings)
                },
            }
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Variables of the framework: those that are followed, the region that the command is given, and
/// those in comments.
fn braces(file: &str, used: &BTreeSet<String>) -> usize {
    let comments = file
        .lines()
        .filter(|line| line.trim_start().starts_with('#'));
    let commented: usize = comments.map(|line| line.matches("${").count()).sum();
    let settings = file
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    let of_the_command: usize = settings
        .map(|line| line.matches("${opt:region}").count())
        .sum();
    used.len() + of_the_command + commented
}

fn serverless_pings(events: &Value) -> Vec<Round> {
    let pings = events.as_array().into_iter().flatten().map(|event| {
        let keys = &event["schedule"];
        sent_by_rule(&keys["rate"][0], &keys["input"])
    });
    pings.collect()
}
