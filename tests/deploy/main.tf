# Terraform for AWS Lambda, written by frostline 0.1.0.
#
# How is each remedy deployed?
# 48.30 USD a month
#
# terraform init, then terraform apply with the variables below: those without a default have to be
# given. Requests have to go to the alias `live` of each function. Add triggers, permissions,
# networks and environment variables of your own. In a folder that has them already, leave out the
# blocks `terraform` and `provider "aws"` and the variable `region`.
#
# This creates each function. Where one of its name exists, such as the one whose logs were fitted,
# terraform apply fails: take the signs off the import block before it (an alias `live` that exists
# has the id NAME/live), and see in terraform plan what would change. Or leave out the function,
# take over its alias, provisioned concurrency, scaling and rules alone, and let them refer to the
# resource that you have; its memory and timeout are here.
#
# Check these before you deploy. Where a log or an experiment does not say them, they are guesses of
# frostline, and no file here knows which are:
# - runtime java25 of report; the handler example.Handler::handleRequest is only an example of its
#   kind
# - runtime nodejs24.x of search; the handler index.handler is only an example of its kind
# - runtime provided.al2023 of send-mail-now; the handler bootstrap is only an example of its kind
# - runtime python3.12 of checkout, login; the handler app.handler is only an example of its kind
# - region: none is set here; costs are by the prices of eu-central-1, on arm64
#
# Not in it: the keep-alive of login. Lambda itself decides how long an idle instance is kept.
# Not in it: the floor of 1 instances of login. Lambda has no such thing; provisioned concurrency is
# the nearest, and is billed otherwise.
# By hand: the warm-up call of report before the snapshot is taken, in a hook:
# `register_before_snapshot` of `snapshot_restore_py` in Python, `beforeCheckpoint` of
# `org.crac.Resource` in Java, `SnapshotRestore.RegisterBeforeSnapshot` in .NET.
# By hand: the pings of login, 1 every 30 s. EventBridge rules run by whole minutes, and one
# function sends at most 500 pings at once: let functions of your own send these.
# By hand: the scheduled actions of ${send} "mail" now that set 0 to 0 instances. AWS schedules
# cannot ask for a day of the month and a day of the week at once, nor for parts of a minute.
#
# Rounds of several pings are sent by a function of their own, login-pinger, all at one instant, so
# that each finds an instance of its own as in the simulation. The simulation does not know that
# this function takes one of the concurrency of the account, nor that its pings come some
# milliseconds after one another. Its cost is not simulated: 0.0636 USD a month: 8640 requests and
# 4644 GB-s, at 512 MB and 1 s a round besides the time that pings are held, by the first tier and
# without what is free.
#
# A ping is an event such as {"ping": true, "hold_ms": 75}. The handler has to hold its instance so
# long and return before it does anything else, in Python:
#     import time
#     def handler(event, context):
#         if isinstance(event, dict) and event.get("ping"):
#             time.sleep(event["hold_ms"] / 1000)
#             return
# and in Node.js:
#     export const handler = async (event) => {
#       if (event.ping) {
#         await new Promise((done) => setTimeout(done, event.hold_ms));
#         return;
#       }

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
    archive = {
      source  = "hashicorp/archive"
      version = "~> 2.4"
    }
  }
}

provider "aws" {
  region = var.region
}

variable "region" {
  description = "Region of AWS; costs are by the prices of eu-central-1"
  type        = string
}

variable "role_arn" {
  description = "ARN of the role that the functions run as"
  type        = string
}

variable "packages" {
  description = "Zip archive of each function"
  type        = map(string)
  default = {
    "checkout"      = "build/checkout.zip"
    "search"        = "build/search.zip"
    "report"        = "build/report.zip"
    "send-mail-now" = "build/send-mail-now.zip"
    "login"         = "build/login.zip"
  }
}

variable "handlers" {
  description = "Handler of each function"
  type        = map(string)
  default = {
    "checkout"      = "app.handler"
    "search"        = "index.handler"
    "report"        = "example.Handler::handleRequest"
    "send-mail-now" = "bootstrap"
    "login"         = "app.handler"
  }
}

variable "images" {
  description = "URI in ECR of the image of each function by its name"
  type        = map(string)
}

# import {
#   to = aws_lambda_function.checkout
#   id = "checkout"
# }
resource "aws_lambda_function" "checkout" {
  function_name                  = "checkout"
  role                           = var.role_arn
  runtime                        = "python3.12"
  handler                        = var.handlers["checkout"]
  filename                       = var.packages["checkout"]
  source_code_hash               = try(filebase64sha256(var.packages["checkout"]), null)
  architectures                  = ["arm64"]
  memory_size                    = 1024
  timeout                        = 10
  reserved_concurrent_executions = 40
  publish                        = true
}

resource "aws_lambda_alias" "checkout" {
  name             = "live"
  function_name    = aws_lambda_function.checkout.function_name
  function_version = aws_lambda_function.checkout.version
}

resource "aws_lambda_provisioned_concurrency_config" "checkout" {
  function_name                     = aws_lambda_function.checkout.function_name
  qualifier                         = aws_lambda_alias.checkout.name
  provisioned_concurrent_executions = 3
}

# import {
#   to = aws_lambda_function.search
#   id = "search"
# }
resource "aws_lambda_function" "search" {
  function_name    = "search"
  role             = var.role_arn
  runtime          = "nodejs24.x"
  handler          = var.handlers["search"]
  filename         = var.packages["search"]
  source_code_hash = try(filebase64sha256(var.packages["search"]), null)
  architectures    = ["arm64"]
  memory_size      = 512
  timeout          = 10
  publish          = true
}

resource "aws_lambda_alias" "search" {
  name             = "live"
  function_name    = aws_lambda_function.search.function_name
  function_version = aws_lambda_function.search.version
}

resource "aws_lambda_provisioned_concurrency_config" "search" {
  function_name                     = aws_lambda_function.search.function_name
  qualifier                         = aws_lambda_alias.search.name
  provisioned_concurrent_executions = 1

  # Application Auto Scaling moves it from here on.
  lifecycle {
    ignore_changes = [provisioned_concurrent_executions]
  }
}

resource "aws_appautoscaling_target" "search" {
  service_namespace  = "lambda"
  scalable_dimension = "lambda:function:ProvisionedConcurrency"
  resource_id        = "function:${aws_lambda_function.search.function_name}:${aws_lambda_alias.search.name}"
  min_capacity       = 1
  max_capacity       = 8

  depends_on = [aws_lambda_provisioned_concurrency_config.search]
}

resource "aws_appautoscaling_policy" "search" {
  name               = "utilization"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.search.service_namespace
  scalable_dimension = aws_appautoscaling_target.search.scalable_dimension
  resource_id        = aws_appautoscaling_target.search.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = 0.7
    scale_out_cooldown = 0
    scale_in_cooldown  = 300

    predefined_metric_specification {
      predefined_metric_type = "LambdaProvisionedConcurrencyUtilization"
    }
  }
}

resource "aws_cloudwatch_event_rule" "search_ping_1" {
  description         = "Keeps instances of search warm"
  schedule_expression = "rate(1 hour)"
}

resource "aws_cloudwatch_event_target" "search_ping_1" {
  rule  = aws_cloudwatch_event_rule.search_ping_1.name
  arn   = aws_lambda_alias.search.arn
  input = "{\"ping\": true, \"hold_ms\": 0}"
}

resource "aws_lambda_permission" "search_ping_1" {
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  function_name = aws_lambda_function.search.function_name
  qualifier     = aws_lambda_alias.search.name
  source_arn    = aws_cloudwatch_event_rule.search_ping_1.arn
}

# import {
#   to = aws_lambda_function.report
#   id = "report"
# }
resource "aws_lambda_function" "report" {
  function_name    = "report"
  role             = var.role_arn
  runtime          = "java25"
  handler          = var.handlers["report"]
  filename         = var.packages["report"]
  source_code_hash = try(filebase64sha256(var.packages["report"]), null)
  architectures    = ["arm64"]
  memory_size      = 2048
  timeout          = 10
  publish          = true

  snap_start {
    apply_on = "PublishedVersions"
  }
}

resource "aws_lambda_alias" "report" {
  name             = "live"
  function_name    = aws_lambda_function.report.function_name
  function_version = aws_lambda_function.report.version
}

# import {
#   to = aws_lambda_function.thumbnails
#   id = "thumbnails"
# }
resource "aws_lambda_function" "thumbnails" {
  function_name = "thumbnails"
  role          = var.role_arn
  package_type  = "Image"
  image_uri     = var.images["thumbnails"]
  architectures = ["arm64"]
  memory_size   = 1769
  timeout       = 10
  publish       = true

  ephemeral_storage {
    size = 2048
  }
}

resource "aws_lambda_alias" "thumbnails" {
  name             = "live"
  function_name    = aws_lambda_function.thumbnails.function_name
  function_version = aws_lambda_function.thumbnails.version
}

resource "aws_appautoscaling_target" "thumbnails" {
  service_namespace  = "lambda"
  scalable_dimension = "lambda:function:ProvisionedConcurrency"
  resource_id        = "function:${aws_lambda_function.thumbnails.function_name}:${aws_lambda_alias.thumbnails.name}"
  min_capacity       = 0
  max_capacity       = 4

  # Scheduled actions change them from here on.
  lifecycle {
    ignore_changes = [min_capacity, max_capacity]
  }
}

resource "aws_appautoscaling_policy" "thumbnails" {
  name               = "utilization"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.thumbnails.service_namespace
  scalable_dimension = aws_appautoscaling_target.thumbnails.scalable_dimension
  resource_id        = aws_appautoscaling_target.thumbnails.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = 0.5
    scale_out_cooldown = 0
    scale_in_cooldown  = 0

    customized_metric_specification {
      namespace   = "AWS/Lambda"
      metric_name = "ProvisionedConcurrencyUtilization"
      statistic   = "Maximum"

      dimensions {
        name  = "FunctionName"
        value = aws_lambda_function.thumbnails.function_name
      }

      dimensions {
        name  = "Resource"
        value = "${aws_lambda_function.thumbnails.function_name}:${aws_lambda_alias.thumbnails.name}"
      }
    }
  }
}

resource "aws_appautoscaling_scheduled_action" "thumbnails_action_1" {
  name               = "action-1"
  service_namespace  = aws_appautoscaling_target.thumbnails.service_namespace
  scalable_dimension = aws_appautoscaling_target.thumbnails.scalable_dimension
  resource_id        = aws_appautoscaling_target.thumbnails.resource_id
  schedule           = "cron(0 8 ? * MON-FRI *)"
  timezone           = "Europe/Berlin"

  scalable_target_action {
    min_capacity = 2
    max_capacity = 4
  }
}

resource "aws_appautoscaling_scheduled_action" "thumbnails_action_2" {
  name               = "action-2"
  service_namespace  = aws_appautoscaling_target.thumbnails.service_namespace
  scalable_dimension = aws_appautoscaling_target.thumbnails.scalable_dimension
  resource_id        = aws_appautoscaling_target.thumbnails.resource_id
  schedule           = "cron(0 20 ? * MON-FRI *)"
  timezone           = "Europe/Berlin"

  scalable_target_action {
    min_capacity = 0
    max_capacity = 4
  }
}

# import {
#   to = aws_lambda_function.send_mail_now
#   id = "send-mail-now"
# }
# `${send} "mail" now` in the experiment, a name that Lambda does not take or that is taken.
# A timeout of 2.5 s in the experiment: Lambda has whole s from 1 to 900.
# `rust` is no runtime that Lambda takes today: provided.al2023 stands in.
resource "aws_lambda_function" "send_mail_now" {
  function_name    = "send-mail-now"
  role             = var.role_arn
  runtime          = "provided.al2023"
  handler          = var.handlers["send-mail-now"]
  filename         = var.packages["send-mail-now"]
  source_code_hash = try(filebase64sha256(var.packages["send-mail-now"]), null)
  architectures    = ["arm64"]
  memory_size      = 128
  timeout          = 3
  publish          = true
}

resource "aws_lambda_alias" "send_mail_now" {
  name             = "live"
  function_name    = aws_lambda_function.send_mail_now.function_name
  function_version = aws_lambda_function.send_mail_now.version
}

resource "aws_appautoscaling_target" "send_mail_now" {
  service_namespace  = "lambda"
  scalable_dimension = "lambda:function:ProvisionedConcurrency"
  resource_id        = "function:${aws_lambda_function.send_mail_now.function_name}:${aws_lambda_alias.send_mail_now.name}"
  min_capacity       = 0
  max_capacity       = 0

  # Scheduled actions change them from here on.
  lifecycle {
    ignore_changes = [min_capacity, max_capacity]
  }
}

resource "aws_appautoscaling_scheduled_action" "send_mail_now_action_1" {
  name               = "action-1"
  service_namespace  = aws_appautoscaling_target.send_mail_now.service_namespace
  scalable_dimension = aws_appautoscaling_target.send_mail_now.scalable_dimension
  resource_id        = aws_appautoscaling_target.send_mail_now.resource_id
  schedule           = "cron(0 9 1 * ? *)"
  timezone           = "UTC"

  scalable_target_action {
    min_capacity = 1
    max_capacity = 1
  }
}

resource "aws_appautoscaling_scheduled_action" "send_mail_now_action_2" {
  name               = "action-2"
  service_namespace  = aws_appautoscaling_target.send_mail_now.service_namespace
  scalable_dimension = aws_appautoscaling_target.send_mail_now.scalable_dimension
  resource_id        = aws_appautoscaling_target.send_mail_now.resource_id
  schedule           = "cron(0 9 ? * MON *)"
  timezone           = "UTC"

  scalable_target_action {
    min_capacity = 1
    max_capacity = 1
  }
}

# import {
#   to = aws_lambda_function.login
#   id = "login"
# }
resource "aws_lambda_function" "login" {
  function_name    = "login"
  role             = var.role_arn
  runtime          = "python3.12"
  handler          = var.handlers["login"]
  filename         = var.packages["login"]
  source_code_hash = try(filebase64sha256(var.packages["login"]), null)
  architectures    = ["arm64"]
  memory_size      = 128
  timeout          = 10
  publish          = true
}

resource "aws_lambda_alias" "login" {
  name             = "live"
  function_name    = aws_lambda_function.login.function_name
  function_version = aws_lambda_function.login.version
}

resource "aws_cloudwatch_event_rule" "login_ping_1" {
  description         = "Keeps instances of login warm"
  schedule_expression = "rate(5 minutes)"
}

resource "aws_cloudwatch_event_target" "login_ping_1" {
  rule  = aws_cloudwatch_event_rule.login_ping_1.name
  arn   = aws_lambda_function.login_pinger.arn
  input = "{\"function\": \"login:live\", \"instances\": 6, \"hold_ms\": 75}"
}

resource "aws_lambda_permission" "login_ping_1" {
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  function_name = aws_lambda_function.login_pinger.function_name
  source_arn    = aws_cloudwatch_event_rule.login_ping_1.arn
}

data "archive_file" "login_pinger" {
  type                    = "zip"
  output_path             = "build/login-pinger.zip"
  source_content_filename = "index.py"

  source_content = <<-EOT
    import json
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    import boto3
    from botocore.config import Config

    client = boto3.client(
        "lambda",
        config=Config(
            max_pool_connections=500,
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
  EOT
}

data "aws_iam_policy_document" "login_pinger_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "login_pinger" {
  statement {
    actions   = ["lambda:InvokeFunction"]
    resources = [aws_lambda_alias.login.arn]
  }

  statement {
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["*"]
  }
}

resource "aws_iam_role" "login_pinger" {
  name_prefix        = "frostline-pinger-"
  assume_role_policy = data.aws_iam_policy_document.login_pinger_trust.json
}

resource "aws_iam_role_policy" "login_pinger" {
  role   = aws_iam_role.login_pinger.name
  policy = data.aws_iam_policy_document.login_pinger.json
}

resource "aws_lambda_function" "login_pinger" {
  function_name    = "login-pinger"
  role             = aws_iam_role.login_pinger.arn
  runtime          = "python3.13"
  handler          = "index.handler"
  filename         = data.archive_file.login_pinger.output_path
  source_code_hash = data.archive_file.login_pinger.output_base64sha256
  architectures    = ["arm64"]
  memory_size      = 512
  timeout          = 70
}
