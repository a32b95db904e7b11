//! What the providers' resources take. A key with a list of its own is a block or a map; a key with
//! none is a value.

use serde_json::Value;

/// Attributes of the Terraform provider hashicorp/aws 6.25 and its meta-arguments, as far as a
/// deployment may have them (the provider's schema, in `@cdktf/provider-aws` 21.22.1).
pub(super) const TERRAFORM: &[(&str, &[&str])] = &[
    (
        "aws_lambda_function",
        &[
            "architectures",
            "description",
            "ephemeral_storage.size",
            "filename",
            "function_name",
            "handler",
            "image_uri",
            "memory_size",
            "package_type",
            "publish",
            "reserved_concurrent_executions",
            "role",
            "runtime",
            "snap_start.apply_on",
            "source_code_hash",
            "timeout",
        ],
    ),
    (
        "aws_lambda_alias",
        &["description", "function_name", "function_version", "name"],
    ),
    (
        "aws_lambda_permission",
        &[
            "action",
            "function_name",
            "principal",
            "qualifier",
            "source_arn",
            "statement_id",
        ],
    ),
    (
        "aws_lambda_provisioned_concurrency_config",
        &[
            "function_name",
            "lifecycle.ignore_changes",
            "provisioned_concurrent_executions",
            "qualifier",
        ],
    ),
    (
        "aws_appautoscaling_target",
        &[
            "depends_on",
            "lifecycle.ignore_changes",
            "max_capacity",
            "min_capacity",
            "resource_id",
            "scalable_dimension",
            "service_namespace",
        ],
    ),
    (
        "aws_appautoscaling_policy",
        &[
            "name",
            "policy_type",
            "resource_id",
            "scalable_dimension",
            "service_namespace",
            "target_tracking_scaling_policy_configuration.customized_metric_specification.dimensions.name",
            "target_tracking_scaling_policy_configuration.customized_metric_specification.dimensions.value",
            "target_tracking_scaling_policy_configuration.customized_metric_specification.metric_name",
            "target_tracking_scaling_policy_configuration.customized_metric_specification.namespace",
            "target_tracking_scaling_policy_configuration.customized_metric_specification.statistic",
            "target_tracking_scaling_policy_configuration.predefined_metric_specification.predefined_metric_type",
            "target_tracking_scaling_policy_configuration.scale_in_cooldown",
            "target_tracking_scaling_policy_configuration.scale_out_cooldown",
            "target_tracking_scaling_policy_configuration.target_value",
        ],
    ),
    (
        "aws_appautoscaling_scheduled_action",
        &[
            "name",
            "resource_id",
            "scalable_dimension",
            "scalable_target_action.max_capacity",
            "scalable_target_action.min_capacity",
            "schedule",
            "service_namespace",
            "timezone",
        ],
    ),
    (
        "aws_cloudwatch_event_rule",
        &["description", "name", "schedule_expression"],
    ),
    (
        "aws_cloudwatch_event_target",
        &["arn", "input", "rule", "target_id"],
    ),
    (
        "archive_file",
        &[
            "output_path",
            "source_content",
            "source_content_filename",
            "type",
        ],
    ),
    (
        "aws_iam_policy_document",
        &[
            "statement.actions",
            "statement.principals.identifiers",
            "statement.principals.type",
            "statement.resources",
        ],
    ),
    ("aws_iam_role", &["assume_role_policy", "name_prefix"]),
    ("aws_iam_role_policy", &["policy", "role"]),
];

/// Properties of the resources of a SAM template (docs.aws.amazon.com, the SAM specification of
/// `AWS::Serverless::Function` and of its Schedule event, the CloudFormation reference of
/// `AWS::ApplicationAutoScaling`, 2026; cfn-lint 1.58 has the same).
pub(super) const CLOUDFORMATION: &[(&str, &[&str])] = &[
    (
        "AWS::Serverless::Function",
        &[
            "Architectures",
            "AutoPublishAlias",
            "CodeUri",
            "EphemeralStorage.Size",
            "Events.*.Properties.Input",
            "Events.*.Properties.Schedule",
            "Events.*.Type",
            "FunctionName",
            "Handler",
            "ImageUri",
            "MemorySize",
            "PackageType",
            "ProvisionedConcurrencyConfig.ProvisionedConcurrentExecutions",
            "ReservedConcurrentExecutions",
            "Runtime",
            "SnapStart.ApplyOn",
            "Timeout",
        ],
    ),
    (
        "AWS::Lambda::Function",
        &[
            "Architectures",
            "Code.ZipFile",
            "FunctionName",
            "Handler",
            "MemorySize",
            "Role",
            "Runtime",
            "Timeout",
        ],
    ),
    (
        "AWS::Lambda::Permission",
        &["Action", "FunctionName", "Principal", "SourceArn"],
    ),
    (
        "AWS::IAM::Role",
        &[
            "AssumeRolePolicyDocument.Statement.Action",
            "AssumeRolePolicyDocument.Statement.Effect",
            "AssumeRolePolicyDocument.Statement.Principal.Service",
            "AssumeRolePolicyDocument.Version",
            "Policies.PolicyDocument.Statement.Action",
            "Policies.PolicyDocument.Statement.Effect",
            "Policies.PolicyDocument.Statement.Resource",
            "Policies.PolicyDocument.Version",
            "Policies.PolicyName",
        ],
    ),
    (
        "AWS::Events::Rule",
        &[
            "ScheduleExpression",
            "Targets.Arn",
            "Targets.Id",
            "Targets.Input",
        ],
    ),
    (
        "AWS::ApplicationAutoScaling::ScalableTarget",
        &[
            "MaxCapacity",
            "MinCapacity",
            "ResourceId",
            "ScalableDimension",
            "ScheduledActions.ScalableTargetAction.MaxCapacity",
            "ScheduledActions.ScalableTargetAction.MinCapacity",
            "ScheduledActions.Schedule",
            "ScheduledActions.ScheduledActionName",
            "ScheduledActions.Timezone",
            "ServiceNamespace",
        ],
    ),
    (
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        &[
            "PolicyName",
            "PolicyType",
            "ScalingTargetId",
            "TargetTrackingScalingPolicyConfiguration.CustomizedMetricSpecification.Dimensions.Name",
            "TargetTrackingScalingPolicyConfiguration.CustomizedMetricSpecification.Dimensions.Value",
            "TargetTrackingScalingPolicyConfiguration.CustomizedMetricSpecification.MetricName",
            "TargetTrackingScalingPolicyConfiguration.CustomizedMetricSpecification.Namespace",
            "TargetTrackingScalingPolicyConfiguration.CustomizedMetricSpecification.Statistic",
            "TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification.PredefinedMetricType",
            "TargetTrackingScalingPolicyConfiguration.ScaleInCooldown",
            "TargetTrackingScalingPolicyConfiguration.ScaleOutCooldown",
            "TargetTrackingScalingPolicyConfiguration.TargetValue",
        ],
    ),
];

/// Keys of a function of `serverless.yml` (the schema that osls 4.3.1 checks a service by, and the
/// reference of the Serverless Framework 4).
pub(super) const SERVERLESS: &[&str] = &[
    "ephemeralStorageSize",
    "events.schedule.input.hold_ms",
    "events.schedule.input.ping",
    "events.schedule.rate",
    "handler",
    "image",
    "memorySize",
    "name",
    "package.artifact",
    "provisionedConcurrency",
    "reservedConcurrency",
    "runtime",
    "snapStart",
    "timeout",
];

/// Fails where a value has a key that is not accepted. `*` stands for any name; what an intrinsic
/// function stands for is a value.
pub(super) fn hold(what: &str, value: &Value, accepted: &[&str]) {
    let mut found = Vec::new();
    leaves(value, String::new(), &mut found);
    for path in found {
        let known = accepted.iter().any(|known| same(known, &path));
        assert!(known, "{what} takes no `{path}`");
    }
}

fn same(known: &str, path: &str) -> bool {
    let (mut known, mut path) = (known.split('.'), path.split('.'));
    loop {
        match (known.next(), path.next()) {
            (None, None) => return true,
            (Some(known), Some(path)) if known == path || known == "*" => {}
            _ => return false,
        }
    }
}

fn leaves(value: &Value, path: String, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                if key == "Ref" || key.starts_with("Fn::") {
                    found.push(path.clone());
                } else if path.is_empty() {
                    leaves(value, key.clone(), found);
                } else {
                    leaves(value, format!("{path}.{key}"), found);
                }
            }
        }
        Value::Array(list) if list.iter().any(Value::is_object) => {
            for value in list {
                leaves(value, path.clone(), found);
            }
        }
        _ => found.push(path),
    }
}
