//! Terraform: `main.tf` for the AWS provider 6.

use crate::model::Statistic;

use super::hcl::{Hcl, quoted};
use super::pinger::{EVENTS, HANDLER, INVOKE, LAMBDA, LOG_ACTIONS, MEMORY_MB, RUNTIME, code};
use super::{
    ALIAS, Action, Capacity, Code, DeployedFunction, Deployment, Pinger, Rounds, Scaling, Target,
    comment, head,
};

const HOW: &[&str] = &[
    "terraform init, then terraform apply with the variables below: those without a default",
    "have to be given. Requests have to go to the alias `live` of each function. Add triggers,",
    "permissions, networks and environment variables of your own. In a folder that has them",
    "already, leave out the blocks `terraform` and `provider \"aws\"` and the variable",
    "`region`.",
];

const EXISTS: &[&str] = &[
    "This creates each function. Where one of its name exists, such as the one whose logs were",
    "fitted, terraform apply fails: take the signs off the import block before it (an alias `live`",
    "that exists has the id NAME/live), and see in terraform plan what would change. Or leave out the function, take over its alias,",
    "provisioned concurrency, scaling and rules alone, and let them refer to the resource that",
    "you have; its memory and timeout are here.",
];

/// A file that `terraform validate` takes as it stands.
pub fn terraform(deployment: &Deployment, notes: &[String]) -> String {
    let mut hcl = Hcl::default();
    for line in head("Terraform for AWS Lambda", (HOW, EXISTS), deployment, notes) {
        hcl.comment(&comment(&line));
    }
    hcl.gap();
    hcl.block("terraform", |hcl| {
        hcl.set_text("required_version", ">= 1.5");
        hcl.block("required_providers", |hcl| {
            hcl.block("aws =", |hcl| {
                hcl.set_text("source", "hashicorp/aws");
                hcl.set_text("version", "~> 6.0");
            });
            if deployment.pinger.is_some() {
                hcl.block("archive =", |hcl| {
                    hcl.set_text("source", "hashicorp/archive");
                    hcl.set_text("version", "~> 2.4");
                });
            }
        });
    });
    if let Some(region) = &deployment.region {
        hcl.gap();
        hcl.block("provider \"aws\"", |hcl| hcl.set("region", "var.region"));
        // A price list may have been guessed: it decides no region.
        let what = format!("Region of AWS; costs are by the prices of {region}");
        variable(&mut hcl, "region", &what, "string", |_| {});
    }
    variables(&mut hcl, deployment);
    let label = deployment
        .pinger
        .as_ref()
        .map_or("", |pinger| &pinger.label);
    for function in &deployment.functions {
        one(&mut hcl, function, deployment.architecture);
        for (number, rounds) in (1..).zip(&function.pings) {
            let name = format!("{}_ping_{number}", function.label);
            pings(&mut hcl, function, &name, rounds, label);
        }
    }
    if let Some(pinger) = &deployment.pinger {
        pinger_of(&mut hcl, pinger, deployment);
    }
    hcl.finish()
}

fn variable(hcl: &mut Hcl, name: &str, what: &str, kind: &str, within: impl FnOnce(&mut Hcl)) {
    hcl.gap();
    hcl.block(&format!("variable \"{name}\""), |hcl| {
        hcl.set_text("description", what);
        hcl.set("type", kind);
        within(hcl);
    });
}

/// What no experiment knows.
fn variables(hcl: &mut Hcl, deployment: &Deployment) {
    let what = "ARN of the role that the functions run as";
    variable(hcl, "role_arn", what, "string", |_| {});
    let functions = || deployment.functions.iter();
    let zips: Vec<(&str, &str)> = functions()
        .filter_map(|function| match &function.code {
            Code::Zip { handler, .. } => Some((function.name.as_str(), *handler)),
            Code::Image => None,
        })
        .collect();
    let mut map = |name: &str, what: &str, entries: Vec<(&str, String)>| {
        variable(hcl, name, what, "map(string)", |hcl| {
            hcl.block("default =", |hcl| {
                for (function, value) in &entries {
                    hcl.set_text(&quoted(function), value);
                }
            });
        });
    };
    if !zips.is_empty() {
        let archives = zips
            .iter()
            .map(|(name, _)| (*name, format!("build/{name}.zip")));
        map(
            "packages",
            "Zip archive of each function",
            archives.collect(),
        );
        let handlers = zips
            .iter()
            .map(|(name, handler)| (*name, (*handler).to_owned()));
        map("handlers", "Handler of each function", handlers.collect());
    }
    if functions().any(|function| function.code == Code::Image) {
        let what = "URI in ECR of the image of each function by its name";
        variable(hcl, "images", what, "map(string)", |_| {});
    }
}

fn one(hcl: &mut Hcl, function: &DeployedFunction, architecture: &str) {
    let (label, name) = (&function.label, quoted(&function.name));
    hcl.gap();
    for line in [
        "import {".to_owned(),
        format!("  to = aws_lambda_function.{label}"),
        format!("  id = {name}"),
        "}".to_owned(),
    ] {
        hcl.comment(&comment(&line));
    }
    for remark in &function.remarks {
        hcl.comment(&comment(remark));
    }
    hcl.block(
        &format!("resource \"aws_lambda_function\" \"{label}\""),
        |hcl| {
            hcl.set("function_name", &*name);
            hcl.set("role", "var.role_arn");
            match &function.code {
                Code::Zip { runtime, .. } => {
                    let package = format!("var.packages[{name}]");
                    hcl.set_text("runtime", runtime);
                    hcl.set("handler", format!("var.handlers[{name}]"));
                    // An archive may be built after the file is validated.
                    let hash = format!("try(filebase64sha256({package}), null)");
                    hcl.set("filename", package);
                    hcl.set("source_code_hash", hash);
                }
                Code::Image => {
                    hcl.set_text("package_type", "Image");
                    hcl.set("image_uri", format!("var.images[{name}]"));
                }
            }
            hcl.set("architectures", format!("[{}]", quoted(architecture)));
            hcl.set("memory_size", function.memory_mb.to_string());
            hcl.set("timeout", function.timeout_s.to_string());
            if let Some(reserved) = function.reserved {
                hcl.set("reserved_concurrent_executions", reserved.to_string());
            }
            hcl.set("publish", "true");
            if let Some(size) = function.ephemeral_mb {
                hcl.gap();
                hcl.block("ephemeral_storage", |hcl| hcl.set("size", size.to_string()));
            }
            if function.snapshot {
                hcl.gap();
                let apply = |hcl: &mut Hcl| hcl.set_text("apply_on", "PublishedVersions");
                hcl.block("snap_start", apply);
            }
        },
    );
    hcl.resource("aws_lambda_alias", label, |hcl| {
        hcl.set_text("name", ALIAS);
        hcl.set(
            "function_name",
            format!("aws_lambda_function.{label}.function_name"),
        );
        hcl.set(
            "function_version",
            format!("aws_lambda_function.{label}.version"),
        );
    });
    if let Some(capacity) = &function.provisioned {
        provisioned(hcl, label, capacity);
    }
}

fn provisioned(hcl: &mut Hcl, label: &str, capacity: &Capacity) {
    if capacity.first > 0 {
        hcl.resource("aws_lambda_provisioned_concurrency_config", label, |hcl| {
            hcl.set(
                "function_name",
                format!("aws_lambda_function.{label}.function_name"),
            );
            hcl.set("qualifier", format!("aws_lambda_alias.{label}.name"));
            let first = capacity.first.to_string();
            hcl.set("provisioned_concurrent_executions", first);
            if capacity.scaling.is_some() {
                hcl.gap();
                hcl.comment("# Application Auto Scaling moves it from here on.");
                hcl.block("lifecycle", |hcl| {
                    hcl.set("ignore_changes", "[provisioned_concurrent_executions]");
                });
            }
        });
    }
    let Some(scaling) = &capacity.scaling else {
        return;
    };
    hcl.resource("aws_appautoscaling_target", label, |hcl| {
        hcl.set_text("service_namespace", "lambda");
        hcl.set_text(
            "scalable_dimension",
            "lambda:function:ProvisionedConcurrency",
        );
        let function = format!("aws_lambda_function.{label}.function_name");
        let alias = format!("aws_lambda_alias.{label}.name");
        hcl.set(
            "resource_id",
            format!("\"function:${{{function}}}:${{{alias}}}\""),
        );
        hcl.set("min_capacity", scaling.min.to_string());
        hcl.set("max_capacity", scaling.max.to_string());
        if capacity.first > 0 {
            let config = format!("aws_lambda_provisioned_concurrency_config.{label}");
            hcl.gap();
            hcl.set("depends_on", format!("[{config}]"));
        }
        if !scaling.actions.is_empty() {
            hcl.gap();
            hcl.comment("# Scheduled actions change them from here on.");
            hcl.block("lifecycle", |hcl| {
                hcl.set("ignore_changes", "[min_capacity, max_capacity]");
            });
        }
    });
    scale(hcl, label, scaling);
}

/// What moves capacity between or by its bounds.
fn scale(hcl: &mut Hcl, label: &str, scaling: &Scaling) {
    let of_target = |hcl: &mut Hcl| {
        for name in ["service_namespace", "scalable_dimension", "resource_id"] {
            hcl.set(name, format!("aws_appautoscaling_target.{label}.{name}"));
        }
    };
    if let Some(target) = &scaling.tracking {
        hcl.resource("aws_appautoscaling_policy", label, |hcl| {
            hcl.set_text("name", "utilization");
            hcl.set_text("policy_type", "TargetTrackingScaling");
            of_target(hcl);
            hcl.gap();
            hcl.block("target_tracking_scaling_policy_configuration", |hcl| {
                tracking(hcl, label, target);
            });
        });
    }
    for (number, action) in (1..).zip(&scaling.actions) {
        let name = format!("{label}_action_{number}");
        hcl.resource("aws_appautoscaling_scheduled_action", &name, |hcl| {
            hcl.set_text("name", &format!("action-{number}"));
            of_target(hcl);
            scheduled(hcl, action);
        });
    }
}

fn tracking(hcl: &mut Hcl, label: &str, target: &Target) {
    hcl.set("target_value", target.utilization.to_string());
    hcl.set(
        "scale_out_cooldown",
        target.scale_out_cooldown_s.to_string(),
    );
    hcl.set("scale_in_cooldown", target.scale_in_cooldown_s.to_string());
    hcl.gap();
    match target.statistic {
        Statistic::Average => hcl.block("predefined_metric_specification", |hcl| {
            hcl.set_text(
                "predefined_metric_type",
                "LambdaProvisionedConcurrencyUtilization",
            );
        }),
        // The predefined metric is the average.
        Statistic::Maximum => hcl.block("customized_metric_specification", |hcl| {
            hcl.set_text("namespace", "AWS/Lambda");
            hcl.set_text("metric_name", "ProvisionedConcurrencyUtilization");
            hcl.set_text("statistic", "Maximum");
            let function = format!("aws_lambda_function.{label}.function_name");
            let alias = format!("aws_lambda_alias.{label}.name");
            let resource = format!("\"${{{function}}}:${{{alias}}}\"");
            for (name, value) in [("FunctionName", function), ("Resource", resource)] {
                hcl.gap();
                hcl.block("dimensions", |hcl| {
                    hcl.set_text("name", name);
                    hcl.set("value", value);
                });
            }
        }),
    }
}

fn scheduled(hcl: &mut Hcl, action: &Action) {
    hcl.set_text("schedule", &action.schedule);
    hcl.set_text("timezone", &action.time_zone);
    hcl.gap();
    hcl.block("scalable_target_action", |hcl| {
        for (key, bound) in [("min_capacity", action.min), ("max_capacity", action.max)] {
            if let Some(bound) = bound {
                hcl.set(key, bound.to_string());
            }
        }
    });
}

/// A rule that calls the function itself, or the pinger of this label where a round has several.
fn pings(hcl: &mut Hcl, function: &DeployedFunction, name: &str, rounds: &Rounds, pinger: &str) {
    let label = &function.label;
    let called = if rounds.by_pinger() { pinger } else { label };
    hcl.resource("aws_cloudwatch_event_rule", name, |hcl| {
        hcl.set_text(
            "description",
            &format!("Keeps instances of {} warm", function.name),
        );
        hcl.set_text("schedule_expression", &rounds.rate);
    });
    hcl.resource("aws_cloudwatch_event_target", name, |hcl| {
        hcl.set("rule", format!("aws_cloudwatch_event_rule.{name}.name"));
        if rounds.by_pinger() {
            hcl.set("arn", format!("aws_lambda_function.{pinger}.arn"));
            let qualified = format!("{}:{ALIAS}", function.name);
            hcl.set_text("input", &rounds.pinger_event(&qualified));
        } else {
            hcl.set("arn", format!("aws_lambda_alias.{label}.arn"));
            hcl.set_text("input", &rounds.event());
        }
    });
    hcl.resource("aws_lambda_permission", name, |hcl| {
        hcl.set_text("action", INVOKE);
        hcl.set_text("principal", EVENTS);
        let function = format!("aws_lambda_function.{called}.function_name");
        hcl.set("function_name", function);
        if !rounds.by_pinger() {
            hcl.set("qualifier", format!("aws_lambda_alias.{label}.name"));
        }
        let rule = format!("aws_cloudwatch_event_rule.{name}.arn");
        hcl.set("source_arn", rule);
    });
}

/// What sends rounds of several pings, with the role that it runs as.
fn pinger_of(hcl: &mut Hcl, pinger: &Pinger, deployment: &Deployment) {
    let label = &pinger.label;
    let data = |hcl: &mut Hcl, kind: &str, name: &str, within: &dyn Fn(&mut Hcl)| {
        hcl.gap();
        hcl.block(&format!("data \"{kind}\" \"{name}\""), within);
    };
    let list = |items: Vec<String>| format!("[{}]", items.join(", "));
    data(hcl, "archive_file", label, &|hcl| {
        hcl.set_text("type", "zip");
        hcl.set_text("output_path", &format!("build/{}.zip", pinger.name));
        hcl.set_text("source_content_filename", "index.py");
        hcl.gap();
        hcl.set_lines("source_content", &code());
    });
    data(
        hcl,
        "aws_iam_policy_document",
        &format!("{label}_trust"),
        &|hcl| {
            hcl.block("statement", |hcl| {
                hcl.set("actions", list(vec![quoted("sts:AssumeRole")]));
                hcl.gap();
                hcl.block("principals", |hcl| {
                    hcl.set_text("type", "Service");
                    hcl.set("identifiers", list(vec![quoted(LAMBDA)]));
                });
            });
        },
    );
    data(hcl, "aws_iam_policy_document", label, &|hcl| {
        let arns = deployment.pinged();
        let arns = arns.map(|function| format!("aws_lambda_alias.{}.arn", function.label));
        hcl.block("statement", |hcl| {
            hcl.set("actions", list(vec![quoted(INVOKE)]));
            hcl.set("resources", list(arns.collect()));
        });
        hcl.gap();
        hcl.block("statement", |hcl| {
            hcl.set("actions", list(LOG_ACTIONS.map(quoted).to_vec()));
            hcl.set("resources", list(vec![quoted("*")]));
        });
    });
    let document = |name: &str| format!("data.aws_iam_policy_document.{name}.json");
    hcl.resource("aws_iam_role", label, |hcl| {
        hcl.set_text("name_prefix", "frostline-pinger-");
        hcl.set("assume_role_policy", document(&format!("{label}_trust")));
    });
    hcl.resource("aws_iam_role_policy", label, |hcl| {
        hcl.set("role", format!("aws_iam_role.{label}.name"));
        hcl.set("policy", document(label));
    });
    hcl.resource("aws_lambda_function", label, |hcl| {
        let archive = format!("data.archive_file.{label}");
        hcl.set_text("function_name", &pinger.name);
        hcl.set("role", format!("aws_iam_role.{label}.arn"));
        hcl.set_text("runtime", RUNTIME);
        hcl.set_text("handler", HANDLER);
        hcl.set("filename", format!("{archive}.output_path"));
        hcl.set("source_code_hash", format!("{archive}.output_base64sha256"));
        hcl.set("architectures", list(vec![quoted(deployment.architecture)]));
        hcl.set("memory_size", MEMORY_MB.to_string());
        hcl.set("timeout", pinger.timeout_s.to_string());
    });
}
