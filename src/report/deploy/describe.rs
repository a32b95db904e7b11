//! What a scenario deploys, in the terms of Lambda.

use crate::ids::FunctionId;
use crate::model::{
    Function, Package, Ping, Plan, Provisioned, RemedyKind, Scenario, Scheduled, SnapshotAfter,
    Tracking,
};
use crate::schedule::{Schedule, aws_rate};
use crate::units::{Memory, Span, format_span};

use super::check::LONGEST_S;
use super::names::{Names, names, pinger_name};
use super::pinger::{self, Pinger};
use super::runtime::runtime;
use super::{Action, Capacity, Code, DeployedFunction, Deployment, Rounds, Scaling, Target};

/// Name of the platform that the files are for.
const PLATFORM: &str = "aws-lambda";
/// Least and most memory and temporary storage in MB (docs.aws.amazon.com, lambda,
/// gettingstarted-limits, 2026).
const MEMORY_MB: (u64, u64) = (128, 10_240);
const EPHEMERAL_MB: (u64, u64) = (512, 10_240);
/// Scheduled actions of a function (docs.aws.amazon.com, autoscaling, application, quotas, 2026).
const MOST_ACTIONS: usize = 200;
/// How a remark begins on what is not in the files, and on what has to be done besides.
const NOT_IN_IT: &str = "Not in it: ";
const BY_HAND: &str = "By hand: ";
/// Functions that a remark names.
const NAMED: usize = 3;

impl Deployment {
    /// What a scenario deploys.
    pub fn of(scenario: &Scenario) -> Self {
        let plan = &scenario.plan;
        let mut given: Vec<&str> = plan.functions.iter().map(|f| f.name.as_str()).collect();
        let pinger = first_pinged(plan).map(|first| pinger_name(&first.name));
        given.extend(pinger.as_deref());
        let mut names = names(&given);
        let of_pinger = pinger.and_then(|_| names.pop());
        let functions = plan.functions.iter().zip(names);
        let mut deployment = Self {
            region: None,
            architecture: "x86_64",
            functions: functions
                .map(|(f, names)| function(f, names, plan))
                .collect(),
            pinger: None,
            remarks: Vec::new(),
        };
        if plan.platform.name != PLATFORM {
            deployment.remark(format!(
                "The experiment simulates the platform `{}`; this is for AWS Lambda.",
                plan.platform.name
            ));
        }
        deployment.price_list(plan);
        for remedy in &plan.remedies {
            let of = named(&remedy.functions, plan);
            deployment.add(&remedy.kind, &remedy.functions, &of);
        }
        let pinger = of_pinger.and_then(|names| Pinger::of(&deployment.functions, names, plan));
        deployment.pinger = pinger;
        deployment
    }

    /// Whether something of the scenario is not in the files, or has to be done by hand.
    pub fn leaves_some_by_hand(&self) -> bool {
        let begins = [NOT_IN_IT, BY_HAND];
        let mut remarks = self.remarks.iter();
        remarks.any(|remark| begins.iter().any(|begin| remark.starts_with(begin)))
    }

    fn remark(&mut self, line: String) {
        self.remarks.push(line);
    }

    fn price_list(&mut self, plan: &Plan) {
        let Some(prices) = &plan.platform.prices else {
            return;
        };
        let is_region = |text: &&String| {
            let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            !text.is_empty() && text.chars().all(allowed)
        };
        self.region = prices.region.as_ref().filter(is_region).cloned();
        match prices.architecture.as_str() {
            "arm64" => self.architecture = "arm64",
            "x86_64" => {}
            other => self.remark(format!(
                "The price list is of the architecture `{other}`, which Lambda does not have: \
                 x86_64 stands in."
            )),
        }
    }

    fn add(&mut self, kind: &RemedyKind, ids: &[FunctionId], of: &str) {
        let mut remarks = Vec::new();
        for id in ids {
            let Some(function) = self.functions.get_mut(id.index()) else {
                continue;
            };
            match kind {
                RemedyKind::Snapshot(_) if function.provisioned.is_some() => remarks.push(format!(
                    "{} has provisioned concurrency, with which Lambda takes no snapshot: there is \
                     none here.",
                    function.name
                )),
                RemedyKind::Snapshot(_) if function.code == Code::Image => remarks.push(format!(
                    "{} is an image, of which Lambda takes no snapshot: there is none here.",
                    function.name
                )),
                RemedyKind::Snapshot(_) => function.snapshot = true,
                RemedyKind::Provisioned(provisioned) if !function.snapshot => {
                    function.provisioned = Some(capacity(provisioned));
                }
                RemedyKind::Provisioned(_) => remarks.push(format!(
                    "{} starts from a snapshot, with which Lambda provisions nothing: there is no \
                     provisioned concurrency here.",
                    function.name
                )),
                RemedyKind::Ping(ping) => function.pings.extend(rounds(ping)),
                RemedyKind::KeepAlive(_) | RemedyKind::MinInstances(_) => {}
            }
        }
        if !ids.is_empty() {
            remarks.extend(unsaid(kind, of));
        }
        self.remarks.extend(remarks);
    }
}

/// The first function that the pinger calls.
fn first_pinged(plan: &Plan) -> Option<&Function> {
    let pinged = plan.remedies.iter().filter(|remedy| match &remedy.kind {
        RemedyKind::Ping(ping) => rounds(ping).is_some_and(|rounds| rounds.by_pinger()),
        _ => false,
    });
    let first = pinged.flat_map(|remedy| &remedy.functions).min()?;
    plan.functions.get(first.index())
}

/// Who a remedy is for, where it is not for all.
fn named(ids: &[FunctionId], plan: &Plan) -> String {
    if ids.len() == plan.functions.len() {
        return String::new();
    }
    let first = ids
        .iter()
        .take(NAMED)
        .filter_map(|id| plan.functions.get(id.index()));
    let names: Vec<&str> = first.map(|function| function.name.as_str()).collect();
    let more = match ids.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(" of {}{more}", names.join(", "))
}

/// What Lambda cannot be told of a remedy, and what has to be done by hand.
fn unsaid(kind: &RemedyKind, of: &str) -> Option<String> {
    match kind {
        RemedyKind::KeepAlive(_) => Some(format!(
            "{NOT_IN_IT}the keep-alive{of}. Lambda itself decides how long an idle instance is kept."
        )),
        RemedyKind::MinInstances(count) => Some(format!(
            "{NOT_IN_IT}the floor of {count} instances{of}. Lambda has no \
             such thing; provisioned concurrency is the nearest, and is billed otherwise."
        )),
        RemedyKind::Snapshot(snapshot) => {
            (snapshot.after == SnapshotAfter::WarmUpCall).then(|| {
                format!(
                    "{BY_HAND}the warm-up call{of} before the snapshot is taken, in a hook: \
                     `register_before_snapshot` of `snapshot_restore_py` in Python, \
                     `beforeCheckpoint` of `org.crac.Resource` in Java, \
                     `SnapshotRestore.RegisterBeforeSnapshot` in .NET."
                )
            })
        }
        RemedyKind::Ping(ping) if rounds(ping).is_some() => (!ping.skew.is_zero()).then(|| {
            format!("{NOT_IN_IT}the skew of the pings{of}. Those of a round are sent at once.")
        }),
        RemedyKind::Ping(ping) => Some(format!(
            "{BY_HAND}the pings{of}, {} every {}. EventBridge rules run by whole minutes, and one \
             function sends at most {} pings at once: let functions of your own send these.",
            ping.instances,
            format_span(ping.every),
            pinger::MOST
        )),
        RemedyKind::Provisioned(Provisioned::Scheduled(scheduled)) => {
            let told: Vec<String> = [
                not_of_aws(scheduled, of),
                of_no_day(scheduled, of),
                of_some_days(scheduled, of),
            ]
            .into_iter()
            .flatten()
            .collect();
            (!told.is_empty()).then(|| told.join(" "))
        }
        RemedyKind::Provisioned(_) => None,
    }
}

/// Actions whose times AWS cannot be told.
fn not_of_aws(scheduled: &Scheduled, of: &str) -> Option<String> {
    let bounds = bounds(scheduled, |at| at.aws().is_empty() && !at.is_of_no_day())?;
    Some(format!(
        "{BY_HAND}the scheduled actions{of} that set {bounds} instances. AWS schedules cannot ask \
         for a day of the month and a day of the week at once, nor for parts of a minute."
    ))
}

/// Actions that are due once, nobody knows on which day.
fn of_no_day(scheduled: &Scheduled, of: &str) -> Option<String> {
    let bounds = bounds(scheduled, Schedule::is_of_no_day)?;
    Some(format!(
        "{BY_HAND}the scheduled actions{of} that set {bounds} instances. Each is due once, and the \
         experiment has no `start` that says on which day: give it one, or write them as at(…)."
    ))
}

/// What happens after actions that are due once.
fn of_some_days(scheduled: &Scheduled, of: &str) -> Option<String> {
    let dated = |at: &Schedule| at.is_once() && !at.is_of_no_day();
    let count = scheduled.actions.iter().filter(|a| dated(&a.at)).count();
    if count == 0 {
        return None;
    }
    let too_many = if count > MOST_ACTIONS {
        format!(" They are {count}, of which AWS takes {MOST_ACTIONS} a function: split them.")
    } else {
        String::new()
    };
    Some(format!(
        "Scheduled actions{of} are due once, on the days of the experiment, and must be deployed \
         before: what the last one sets stays until you change it.{too_many}"
    ))
}

/// What actions set whose times are such, one after another; `None` where there are none.
fn bounds(scheduled: &Scheduled, such: impl Fn(&Schedule) -> bool) -> Option<String> {
    let actions = scheduled.actions.iter().filter(|action| such(&action.at));
    let bounds: Vec<String> = actions
        .map(|action| match (action.min, action.max) {
            (Some(min), Some(max)) => format!("{min} to {max}"),
            (Some(min), None) => format!("{min} or more"),
            (None, Some(max)) => format!("{max} or fewer"),
            (None, None) => "as many".to_owned(),
        })
        .collect();
    (!bounds.is_empty()).then(|| bounds.join(", "))
}

fn function(given: &Function, names: Names, plan: &Plan) -> DeployedFunction {
    let mut remarks = Vec::new();
    if names.lambda != given.name {
        remarks.push(format!(
            "`{}` in the experiment, a name that Lambda does not take or that is taken.",
            given.name
        ));
    }
    let mut within = |what: &str, exact: f64, unit: &str, (least, most): (u64, u64)| {
        let taken = (exact.ceil() as u64).clamp(least, most);
        if (taken as f64 - exact).abs() > 1e-9 {
            remarks.push(format!(
                "{what} of {exact} {unit} in the experiment: Lambda has whole {unit} from {least} to \
                 {most}."
            ));
        }
        taken
    };
    let memory_mb = within("Memory", given.memory.mb(), "MB", MEMORY_MB);
    let ephemeral = given.ephemeral_storage.map(Memory::mb);
    let ephemeral_mb = ephemeral.map(|mb| within("Temporary storage", mb, "MB", EPHEMERAL_MB));
    let timeout = given.timeout.map_or(LONGEST_S as f64, Span::secs);
    let timeout_s = within("A timeout", timeout, "s", (1, LONGEST_S));
    if given.timeout.is_none() {
        remarks.push("No timeout in the experiment: the longest of Lambda stands here.".to_owned());
    }
    let code = match given.package {
        Package::Image(_) => Code::Image,
        Package::Zip(_) => {
            let runtime = runtime(&given.runtime);
            if runtime.stands_in {
                remarks.push(format!(
                    "`{}` is no runtime that Lambda takes today: {} stands in.",
                    given.runtime, runtime.identifier
                ));
            }
            Code::Zip {
                runtime: runtime.identifier.to_owned(),
                handler: runtime.handler,
            }
        }
    };
    if given.account > 0 {
        remarks.push(format!(
            "Of the account `{}` in the experiment: deploy it there.",
            plan.platform.account(given.account).name
        ));
    }
    DeployedFunction {
        name: names.lambda,
        label: names.label,
        id: names.id,
        code,
        memory_mb,
        timeout_s,
        ephemeral_mb,
        reserved: given.reserved_concurrency,
        snapshot: false,
        provisioned: None,
        pings: Vec::new(),
        remarks,
    }
}

fn capacity(provisioned: &Provisioned) -> Capacity {
    match provisioned {
        Provisioned::Constant(instances) => Capacity {
            first: *instances,
            scaling: None,
        },
        Provisioned::Tracking(tracking) => Capacity {
            first: tracking.min,
            scaling: Some(Scaling {
                min: tracking.min,
                max: tracking.max,
                tracking: Some(target(tracking)),
                actions: Vec::new(),
            }),
        },
        Provisioned::Scheduled(scheduled) => scheduled_capacity(scheduled),
    }
}

fn scheduled_capacity(scheduled: &Scheduled) -> Capacity {
    let first = scheduled.instances;
    let dated = scheduled.actions.iter().filter(|a| !a.at.is_of_no_day());
    let actions = dated.flat_map(|action| {
        let expressions = action.at.aws().into_iter();
        expressions.map(|schedule| Action {
            schedule,
            time_zone: action.at.zone().name().to_owned(),
            min: action.min,
            max: action.max,
        })
    });
    let tracking = scheduled.tracking.as_ref();
    Capacity {
        first,
        scaling: Some(Scaling {
            min: tracking.map_or(first, |tracking| tracking.min),
            max: tracking.map_or(first, |tracking| tracking.max),
            tracking: tracking.map(target),
            actions: actions.collect(),
        }),
    }
}

fn target(tracking: &Tracking) -> Target {
    let seconds = |span: Span| span.secs().ceil() as u64;
    Target {
        utilization: tracking.target,
        statistic: tracking.statistic,
        scale_out_cooldown_s: seconds(tracking.scale_out_cooldown),
        scale_in_cooldown_s: seconds(tracking.scale_in_cooldown),
    }
}

/// Pings that rules can send, or have sent.
pub(super) fn rounds(ping: &Ping) -> Option<Rounds> {
    let rate = aws_rate(ping.every)?;
    (1..=pinger::MOST)
        .contains(&ping.instances)
        .then(|| Rounds {
            rate,
            instances: ping.instances,
            hold_ms: ping.hold.millis(),
        })
}
