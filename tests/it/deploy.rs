//! A scenario as Terraform, SAM and serverless.yml: read back by parsers, held to what the scenario
//! says and to what the providers' resources take.

mod accepted;
mod pinger;
mod read;

use std::path::Path;

use frostline::config::{Overrides, load_text, load_with_warnings};
use frostline::model::{Package, RemedyKind, Scenario};
use frostline::report::deploy::{
    self, Code, DeployedFunction, Deployment, sam, serverless, terraform,
};
use proptest::prelude::*;

use crate::config::golden;
use crate::swarm::Dice;
use read::Found;

/// What a file has to say about a function.
fn expected(function: &DeployedFunction, architecture: &str) -> Found {
    let capacity = function.provisioned.as_ref();
    let scaling = capacity.and_then(|capacity| capacity.scaling.as_ref());
    let pings = function.pings.iter();
    let pings = pings.map(|r| (r.rate.clone(), r.instances.into(), r.hold_ms));
    Found {
        name: function.name.clone(),
        runtime: match &function.code {
            Code::Zip { runtime, .. } => Some(runtime.clone()),
            Code::Image => None,
        },
        memory: function.memory_mb,
        timeout: function.timeout_s,
        architecture: architecture.to_owned(),
        ephemeral: function.ephemeral_mb,
        reserved: function.reserved.map(u64::from),
        snapshot: function.snapshot,
        first: capacity
            .map(|c| u64::from(c.first))
            .filter(|first| *first > 0),
        bounds: scaling.map(|s| (s.min.into(), s.max.into())),
        target: scaling.and_then(|s| s.tracking).map(|t| {
            let statistic = format!("{:?}", t.statistic);
            (
                t.utilization,
                t.scale_out_cooldown_s,
                t.scale_in_cooldown_s,
                statistic,
            )
        }),
        actions: scaling.map_or_else(Vec::new, |scaling| {
            let actions = scaling.actions.iter().map(|a| {
                let bounds = (a.min.map(u64::from), a.max.map(u64::from));
                (a.schedule.clone(), a.time_zone.clone(), bounds)
            });
            actions.collect()
        }),
        pings: read::sorted_pings(pings.collect()),
    }
}

/// Parses all three files and holds them to a deployment.
fn check(deployment: &Deployment, notes: &[String]) {
    let all: Vec<Found> = deployment
        .functions
        .iter()
        .map(|function| expected(function, deployment.architecture))
        .collect();
    assert_eq!(read::terraform(&terraform(deployment, notes)), sorted(&all));
    assert_eq!(read::sam(&sam(deployment, notes)), sorted(&all));
    let mut alias = all;
    for (found, function) in alias.iter_mut().zip(&deployment.functions) {
        // The framework makes an alias only where there is one instance or more.
        found.first = function
            .provisioned
            .as_ref()
            .map(|c| u64::from(c.first.max(1)));
    }
    assert_eq!(
        read::serverless(&serverless(deployment, notes)),
        sorted(&alias)
    );
}

fn sorted(found: &[Found]) -> Vec<Found> {
    let mut found = found.to_vec();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn answer() -> Scenario {
    let (experiment, _) =
        load_with_warnings(Path::new("tests/deploy/answer.toml"), &Overrides::default()).unwrap();
    experiment.scenarios[0].clone()
}

#[test]
fn every_remedy_is_written_as_the_golden_files_have_it() {
    let notes = [
        "How is each remedy deployed?".to_owned(),
        "48.30 USD a month".to_owned(),
    ];
    let files = deploy::files(&answer(), &notes);
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, deploy::NAMES);
    let wrong: Vec<String> = files
        .iter()
        .filter_map(|(name, bytes)| {
            let text = std::str::from_utf8(bytes).unwrap();
            golden(&Path::new("tests/deploy").join(name), text).err()
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    check(&Deployment::of(&answer()), &notes);
}

#[test]
fn a_deployment_has_the_values_of_its_scenario() {
    let deployment = Deployment::of(&answer());
    let function = |name: &str| {
        let mut functions = deployment.functions.iter();
        functions.find(|function| function.name == name).unwrap()
    };
    assert_eq!(deployment.architecture, "arm64");
    assert_eq!(deployment.region.as_deref(), Some("eu-central-1"));
    let checkout = function("checkout");
    assert_eq!((checkout.memory_mb, checkout.timeout_s), (1024, 10));
    assert_eq!(checkout.reserved, Some(40));
    assert_eq!(checkout.provisioned.as_ref().unwrap().first, 3);
    assert!(checkout.remarks.is_empty());
    let report = function("report");
    assert!(report.snapshot && report.provisioned.is_none());
    let search = function("search");
    assert!(matches!(&search.code, Code::Zip { runtime, .. } if runtime == "nodejs24.x"));
    let thumbnails = function("thumbnails");
    assert_eq!(thumbnails.code, Code::Image);
    assert_eq!(thumbnails.ephemeral_mb, Some(2048));
    let scaling = thumbnails
        .provisioned
        .as_ref()
        .unwrap()
        .scaling
        .as_ref()
        .unwrap();
    assert_eq!((scaling.min, scaling.max), (0, 4));
    assert_eq!(scaling.actions[0].schedule, "cron(0 8 ? * MON-FRI *)");
    assert_eq!(scaling.actions[0].time_zone, "Europe/Berlin");
    let mail = function("send-mail-now");
    assert_eq!(mail.timeout_s, 3);
    let scaling = mail.provisioned.as_ref().unwrap().scaling.as_ref().unwrap();
    let schedules: Vec<&str> = scaling
        .actions
        .iter()
        .map(|a| a.schedule.as_str())
        .collect();
    assert_eq!(schedules, ["cron(0 9 1 * ? *)", "cron(0 9 ? * MON *)"]);
    let login = function("login");
    let [ping] = &login.pings[..] else {
        panic!("{:?}", login.pings);
    };
    assert_eq!(
        (ping.rate.as_str(), ping.instances, ping.hold_ms),
        ("rate(5 minutes)", 6, 75.0)
    );
}

/// One function with instances by the clock, at a time that comes once.
fn dated(start: &str) -> Deployment {
    let text = format!(
        "platform = \"aws-lambda\"\nduration = \"2 days\"\n{start}\n\
         [[function]]\nname = \"f\"\nmodel = \"python-hello\"\nservice = \"10 ms\"\n\
         arrivals = {{ poisson = {{ rate = \"1 / s\" }} }}\n\
         [[policy]]\nname = \"launch\"\n\
         provisioned = {{ instances = 1, schedule = [\n\
         {{ cron = \"at(2026-11-27T07:55:00)\", instances = 9 }},\n\
         {{ cron = \"0 20 * * *\", instances = 1 }}] }}\n"
    );
    let experiment = load_text("dated", &text).unwrap_or_else(|faults| panic!("{faults}"));
    Deployment::of(&experiment.scenarios[0])
}

#[test]
fn what_happens_once_is_deployed_once_or_by_hand() {
    let schedules = |deployment: &Deployment| {
        let capacity = deployment.functions[0].provisioned.as_ref().unwrap();
        let actions = capacity.scaling.as_ref().unwrap().actions.iter();
        actions.map(|a| a.schedule.clone()).collect::<Vec<_>>()
    };
    let known = dated("start = \"2026-11-26\"");
    let expected = ["at(2026-11-27T07:55:00)", "cron(0 20 * * ? *)"];
    assert_eq!(schedules(&known), expected);
    let told = known.remarks.join("\n");
    assert!(
        told.contains("are due once, on the days of the experiment"),
        "{told}"
    );
    check(&known, &[]);
    // Nobody knows which day it is where the experiment does not say.
    let unknown = dated("");
    assert_eq!(schedules(&unknown), ["cron(0 20 * * ? *)"]);
    let told = unknown.remarks.join("\n");
    let by_hand = "By hand: the scheduled actions that set 9 to 9 instances. Each is due once";
    assert!(told.contains(by_hand), "{told}");
}

#[test]
fn what_lambda_cannot_be_told_is_said_in_every_file() {
    let deployment = Deployment::of(&answer());
    for text in [
        terraform(&deployment, &[]),
        sam(&deployment, &[]),
        serverless(&deployment, &[]),
    ] {
        for remark in [
            "the keep-alive of login",
            "the floor of 1 instances of login",
            "the warm-up call of report before the snapshot",
            "the pings of login, 1 every 30 s",
            "the scheduled actions of ${send} \"mail\" now that set 0 to 0 instances",
            "`${send} \"mail\" now` in the experiment",
            "`rust` is no runtime that Lambda takes today: provided.al2023 stands in",
            "A timeout of 2.5 s in the experiment",
            "if isinstance(event, dict) and event.get(\"ping\"):",
            "in Python: import time",
            "This creates each function. Where one of its name exists",
            "guesses of frostline, and no file here knows which are:",
            "runtime python3.12 of checkout, login; the handler app.handler is only an example",
            "region: none is set here; costs are by the prices of eu-central-1, on arm64",
        ] {
            let comments = comments(&text);
            assert!(comments.contains(remark), "{remark}\n{comments}");
        }
    }
}

/// The text of a file's comments, without their signs and ends of lines.
fn comments(text: &str) -> String {
    let comments = text.lines().map(str::trim_start);
    let comments = comments.filter_map(|line| line.strip_prefix('#'));
    let words = comments.flat_map(str::split_whitespace);
    words.collect::<Vec<_>>().join(" ")
}

/// What a log did not tell is not in the files as if it were known: the region is asked for, the
/// longest timeout and the runtime are told as what to check.
#[test]
fn what_may_have_been_guessed_is_told_in_every_file() {
    let text = "platform = \"aws-lambda\"\nduration = \"1 h\"\n\
         [platform-override]\nprices = \"aws-lambda/us-east-1\"\n\
         [[function]]\nname = \"orders\"\nservice = \"10 ms\"\ntimeout = \"900 s\"\n\
         arrivals = { poisson = { rate = \"1 / s\" } }\n\
         [[function]]\nname = \"short\"\nservice = \"10 ms\"\ntimeout = \"30 s\"\n\
         arrivals = { poisson = { rate = \"1 / s\" } }\n";
    let experiment = load_text("guessed", text).unwrap_or_else(|faults| panic!("{faults}"));
    let deployment = Deployment::of(&experiment.scenarios[0]);
    check(&deployment, &[]);
    let main = terraform(&deployment, &[]);
    for text in [&main, &sam(&deployment, &[]), &serverless(&deployment, &[])] {
        let told = comments(text);
        assert!(
            told.contains("runtime provided.al2023 of orders, short;"),
            "{told}"
        );
        assert!(
            told.contains("timeout 900 s of orders: the most that Lambda allows"),
            "{told}"
        );
        let outside = text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'));
        let settings = outside.filter(|line| !line.trim_start().starts_with("description"));
        assert!(
            settings.clone().all(|line| !line.contains("us-east-1")),
            "{text}"
        );
    }
    let read: serde_json::Value = hcl::from_str(&main).unwrap();
    assert!(read["variable"]["region"]["default"].is_null());
    // With its signs off, the block is one that Terraform takes.
    let import = main
        .lines()
        .skip_while(|line| *line != "# import {")
        .take(4);
    let import: Vec<&str> = import.filter_map(|line| line.strip_prefix("# ")).collect();
    let import: serde_json::Value = hcl::from_str(&import.join("\n")).unwrap();
    assert_eq!(import["import"]["to"], "${aws_lambda_function.orders}");
    assert_eq!(import["import"]["id"], "orders");
}

/// What a handler is shown is what it is sent.
#[test]
fn the_example_of_a_ping_is_one_that_is_sent() {
    let mut deployment = Deployment::of(&answer());
    let pinged = deployment.functions.iter_mut().find(|f| f.name == "login");
    pinged.unwrap().pings[0].hold_ms = 120.0;
    deployment.functions.retain(|f| f.name == "login");
    let told = comments(&terraform(&deployment, &[]));
    let example = "an event such as {\"ping\": true, \"hold_ms\": 120}.";
    assert!(told.contains(example), "{told}");
}

#[test]
fn a_platform_or_an_architecture_that_is_not_lambdas_is_told() {
    let mut scenario = answer();
    let platform = std::sync::Arc::make_mut(&mut scenario.plan.platform);
    "my-cloud".clone_into(&mut platform.name);
    let prices = platform.prices.as_mut().unwrap();
    "riscv\n  injected: 1".clone_into(&mut prices.architecture);
    prices.region = Some("eu\"\n}".to_owned());
    let deployment = Deployment::of(&scenario);
    assert_eq!(
        (deployment.architecture, deployment.region.clone()),
        ("x86_64", None)
    );
    let all = deployment.remarks.join("\n");
    assert!(all.contains("the platform `my-cloud`"), "{all}");
    assert!(all.contains("the architecture `riscv"), "{all}");
    check(&deployment, &[]);
}

#[test]
fn the_prices_of_a_candidate_decide_its_architecture() {
    for (prices, expected) in [
        ("aws-lambda/us-east-1", ("x86_64", Some("us-east-1"))),
        ("aws-lambda/us-east-1-arm", ("arm64", Some("us-east-1"))),
    ] {
        let text = format!(
            "platform = \"aws-lambda\"\nduration = \"1 h\"\n\
             [platform-override]\nprices = \"{prices}\"\n\
             [[function]]\nname = \"f\"\nmodel = \"python-hello\"\nservice = \"10 ms\"\n\
             arrivals = {{ poisson = {{ rate = \"1 / s\" }} }}\n"
        );
        let experiment = load_text("prices", &text).unwrap_or_else(|faults| panic!("{faults}"));
        let deployment = Deployment::of(&experiment.scenarios[0]);
        assert_eq!(
            (deployment.architecture, deployment.region.as_deref()),
            expected
        );
    }
}

/// Names as users have them, and as nobody should.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9_-]{1,70}",
        "[a-c ]{0,4}",
        Just("${self:custom.x}\n%{ if }".to_owned()),
        Just("\"; } # \u{2028}injected: yes\u{85}\u{0}\u{FEFF}".to_owned()),
        Just("Checkout LambdaPermission".to_owned()),
        Just("日本語 ".repeat(50)),
        any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever a scenario is and its functions are called: all three files parse, no name
    /// changes what they say, references resolve, and every value comes back.
    #[test]
    fn random_scenarios_come_back(
        seed in any::<u64>(),
        names in proptest::collection::vec(name(), 8),
        note in any::<String>(),
    ) {
        let mut plan = Dice::new(seed).plan();
        let functions = std::sync::Arc::make_mut(&mut plan.functions);
        for (function, name) in functions.iter_mut().zip(&names) {
            function.name.clone_from(name);
        }
        let scenario = Scenario {
            policy: "drawn".to_owned(),
            set: Vec::new(),
            plan,
            keep_alive_curve: false,
            claimed_concurrency: false,
        };
        let deployment = Deployment::of(&scenario);
        check(&deployment, &[note, names.concat()]);
        let given = scenario.plan.functions.iter();
        for (function, given) in deployment.functions.iter().zip(given) {
            let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            prop_assert!(function.name.len() <= 64 && function.name.chars().all(allowed));
            prop_assert!(function.id.chars().all(|c| c.is_ascii_alphanumeric()));
            let mb = given.memory.mb().ceil().clamp(128.0, 10_240.0);
            prop_assert!((function.memory_mb as f64 - mb).abs() < 1e-9);
            prop_assert_eq!(function.reserved, given.reserved_concurrency);
            prop_assert_eq!(function.code == Code::Image, matches!(given.package, Package::Image(_)));
        }
        for remedy in &scenario.plan.remedies {
            for id in &remedy.functions {
                let function = &deployment.functions[id.index()];
                let both = function.snapshot && function.provisioned.is_some();
                prop_assert!(!both, "Lambda takes one or the other");
                if let RemedyKind::Provisioned(_) = remedy.kind {
                    prop_assert!(function.snapshot || function.provisioned.is_some());
                }
            }
        }
    }
}
