//! How fast AWS Lambda lets new instances start, to the request.

use super::case::{Case, Fault, Group};
use super::lab::{self, Setup};
use super::probe::Log;
use super::report::Check;
use super::shipped;
use super::trace::Given;
use crate::dist::Dist;
use crate::policy::tracked_capacity;
use crate::random::Streams;
use crate::sim::Found;
use crate::units::Time;

/// What becomes of bursts under the scaling rate of `aws-lambda`, of today or of a day: (served,
/// throttled) of each.
fn bursts(
    day: Option<&str>,
    sent: &[(f64, u32)],
    service_s: f64,
    seed: u64,
) -> Result<String, Fault> {
    let mut setup = Setup::poisson(0.0, Dist::ZERO).measured(0.0, 1e4);
    setup.platform.concurrency_quota = Some(10_000);
    let shipped = shipped::aws_lambda_at(day, "node-hello", "128 MB", false)?;
    setup.platform.scaling_rate = shipped.platform.scaling_rate;
    let requests: Vec<_> = sent
        .iter()
        .flat_map(|&(at_s, requests)| (0..requests).map(move |_| (at_s, service_s)))
        .collect();
    let mut log = Log::default();
    let streams = Streams::new(seed, 0);
    lab::observe_given(
        &setup.plan(),
        &streams,
        &mut Given::new(&requests),
        &mut log,
    )?;
    let of_burst = |&(at_s, _): &(f64, u32)| {
        let at = Time::from_secs(at_s);
        let of_it = || log.ends.iter().filter(|end| end.arrived == at);
        let throttled = of_it().filter(|end| end.found == Found::Nothing).count();
        format!("({}, {throttled})", of_it().count() - throttled)
    };
    Ok(sent.iter().map(of_burst).collect::<Vec<_>>().join(" "))
}

/// W5.
pub(super) fn scaling_budget() -> Group {
    let label = "2,500 new at 0 s, 900 at 5 s, 200 at 6 s";
    let budget = Case::new(label, |seed| {
        let sent = [(0.0, 2500), (5.0, 900), (6.0, 200)];
        let expected = "(1000, 1500) (500, 400) (100, 100)";
        // Longer than it all takes, so that each request needs a new instance.
        let found = bursts(None, &sent, 100.0, seed)?;
        Ok(vec![Check::exact("(accepted, throttled)", expected, found)])
    });
    let tracking = Case::new(
        "target tracking, ⌈capacity · utilisation ÷ target⌉",
        |_| {
            Ok(vec![
                Check::exact("10 at 0.9 of 0.7", 13_u32, tracked_capacity(10, 0.9, 0.7)),
                Check::exact(
                    "100 at 0.35 of 0.7",
                    50_u32,
                    tracked_capacity(100, 0.35, 0.7),
                ),
            ])
        },
    );
    Group {
        id: "W5",
        title: "Lambda's budget of new instances, 1,000 at once and 100 a second, and scaling rules",
        cases: vec![budget, tracking],
    }
}

/// W6: AWS Lambda Operator Guide, example of on-demand scaling.
pub(super) fn burst() -> Group {
    let new: [(&'static [u32], &'static str); 4] = [
        (&[10_000], "(1000, 9000)"),
        (&[5000, 5000], "(1000, 4000) (2000, 3000)"),
        (&[3333, 3333, 3334], "(1000, 2333) (2000, 1333) (3000, 334)"),
        (
            &[2500, 2500, 2500, 2500],
            "(1000, 1500) (2000, 500) (2500, 0) (2500, 0)",
        ),
    ];
    let old: [(&'static [u32], &'static str); 4] = [
        (&[10_000], "(3000, 7000)"),
        (&[5000, 5000], "(3000, 2000) (3500, 1500)"),
        (&[3333, 3333, 3334], "(3000, 333) (3333, 0) (3334, 0)"),
        (
            &[2500, 2500, 2500, 2500],
            "(2500, 0) (2500, 0) (2500, 0) (2500, 0)",
        ),
    ];
    let case = |day: Option<&'static str>, (sizes, expected): (&'static [u32], &'static str)| {
        let sizes_text: Vec<String> = sizes.iter().map(u32::to_string).collect();
        let era = if day.is_some() {
            ", rule before November 2023"
        } else {
            ""
        };
        Case::new(
            format!("{} a minute{era}", sizes_text.join(", ")),
            move |seed| {
                let minutes = (0..).map(|minute| f64::from(minute) * 60.0);
                let sent: Vec<_> = minutes.zip(sizes.iter().copied()).collect();
                let found = bursts(day, &sent, 30.0, seed)?;
                Ok(vec![Check::exact("(served, throttled)", expected, found)])
            },
        )
    };
    let new = new.map(|row| case(None, row));
    let old = old.map(|row| case(Some("2023-11-25"), row));
    Group {
        id: "W6",
        title: "10,000 requests in bursts, under Lambda's rules since and before November 2023",
        cases: new.into_iter().chain(old).collect(),
    }
}
