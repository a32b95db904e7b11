//! Keys of traffic and launch days, from the file to the plan and to the results.

#![expect(clippy::float_cmp, reason = "counts are whole")]

use std::fs;
use std::path::Path;

use frostline::config::{Overrides, load};
use frostline::experiment::{CellId, run_cell};
use frostline::ids::FunctionId;
use frostline::metric::REQUESTS;
use frostline::model::{Experiment, Scenario, Traffic};
use frostline::sim::Control;
use frostline::units::{Span, Time};

const FILE: &str = "platform = \"aws-lambda\"\n\
                    start = \"2026-11-24T00:00[Europe/Berlin]\"\n\
                    duration = \"4 days\"\n\
                    replications = 1\n";

const FUNCTIONS: &str = "[[function]]\nname = \"checkout\"\nmodel = \"node-api\"\n\
                         arrivals = { every = { interval = \"1 min\" } }\n\
                         [[function]]\nname = \"search\"\nmodel = \"node-api\"\n\
                         arrivals = { every = { interval = \"1 min\" } }\n";

fn experiment(name: &str, top: &str, below: &str, set: &[(&str, &str)]) -> Experiment {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("traffic-keys");
    fs::create_dir_all(&dir).unwrap();
    let file = dir.join(format!("{name}.toml"));
    fs::write(&file, format!("{FILE}{top}{FUNCTIONS}{below}")).unwrap();
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    let overrides = Overrides {
        set: set.iter().map(owned).collect(),
        ..Overrides::default()
    };
    load(&file, &overrides).unwrap_or_else(|faults| panic!("{faults}"))
}

fn requests(experiment: &Experiment, scenario: u32) -> f64 {
    let id = CellId {
        scenario,
        replication: 0,
    };
    let cell = run_cell(experiment, id, &Control::default()).unwrap();
    cell.summary.values.get(REQUESTS).unwrap()
}

#[test]
fn without_a_word_of_it_traffic_is_what_the_sources_say() {
    let usual = experiment("usual", "", "", &[]);
    assert_eq!(usual.scenarios[0].plan.traffic, Traffic::default());
    let once = experiment("once", "traffic = 1\n", "", &[]);
    assert_eq!(once.scenarios[0].plan.traffic, Traffic::default());
    // Two functions, a request a minute each, over four days.
    assert_eq!(requests(&usual, 0), 2.0 * 4.0 * 1440.0);
}

#[test]
fn traffic_is_set_and_swept_like_any_key() {
    let swept = experiment("swept", "", "[sweep]\ntraffic = [1, 2, 4]\n", &[]);
    let names: Vec<_> = swept.scenarios.iter().map(Scenario::label).collect();
    let name = |times: u32| format!("platform as it is, traffic = {times}");
    assert_eq!(names, [1, 2, 4].map(name));
    let all: Vec<f64> = (0..3).map(|scenario| requests(&swept, scenario)).collect();
    assert_eq!(all, [1.0, 2.0, 4.0].map(|times| times * 2.0 * 4.0 * 1440.0));
    let set = experiment("set", "traffic = 7\n", "", &[("traffic", "0.5")]);
    assert_eq!(requests(&set, 0), 4.0 * 1440.0);
}

#[test]
fn a_surge_with_a_name_is_swept_and_set() {
    let surge = "[[surge]]\nname = \"the launch\"\nstart = \"1 day\"\nduration = \"1 day\"\n\
                 times = 9\n[sweep]\n\"surge.the launch.times\" = [2, 5]\n";
    let longer = ("surge.the launch.duration", "2 days");
    let swept = experiment("named", "", surge, &[longer]);
    let all: Vec<f64> = (0..2).map(|scenario| requests(&swept, scenario)).collect();
    assert_eq!(
        all,
        [2.0, 5.0].map(|times| 2.0 * (2.0 + 2.0 * times) * 1440.0)
    );
}

/// By the calendar or since the beginning of the run; of all functions or of some.
#[test]
fn a_launch_day_is_where_the_calendar_has_it() {
    let surges = "[[surge]]\nstart = 2026-11-26T08:00:00\nduration = \"6 h\"\ntimes = 4.0\n\
                  ramp = \"30 min\"\nfunctions = [\"check*\"]\n\
                  [[surge]]\nstart = \"2026-11-26T08:00[Europe/Berlin]\"\nduration = \"1 h\"\n\
                  times = 2\nfunctions = [\"search\"]\n\
                  [[surge]]\nstart = \"3 days\"\nduration = \"2 h\"\ntimes = 3\n";
    let launch = experiment("launch", "", surges, &[]);
    let found = launch.scenarios[0].plan.traffic.surges.clone();
    let hours: Vec<f64> = found.iter().map(|s| s.start.secs() / 3600.0).collect();
    // Without a time zone it is UTC, an hour after Berlin in winter.
    assert_eq!(hours, [57.0, 56.0, 72.0]);
    assert_eq!(found[0].functions.as_deref(), Some(&[FunctionId(0)][..]));
    assert_eq!(
        (found[0].times, found[0].ramp),
        (4.0, Span::from_whole_secs(1800))
    );
    assert_eq!(found[2].functions, None);
    assert_eq!(found[2].end(), Time::from_secs(74.0 * 3600.0));
    // 60 minutes twice, 120 minutes three times, on top: exactly, for it comes evenly.
    let sharp = surges.replace("ramp = \"30 min\"\n", "");
    let launch = experiment("sharp", "", &sharp, &[]);
    let more = 360.0 * 3.0 + 60.0 + 2.0 * 120.0 * 2.0;
    assert_eq!(requests(&launch, 0), 2.0 * 4.0 * 1440.0 + more);
}

/// Executions of workflows are started by users, too.
#[test]
fn workflows_have_more_traffic_as_functions_have() {
    let workflow = "[[workflow]]\nname = \"order\"\nsteps = [{ call = \"checkout\" }]\n\
                    arrivals = { every = { interval = \"1 h\" } }\n\
                    [[surge]]\nstart = \"1 day\"\nduration = \"1 day\"\ntimes = 3\n";
    let usual = experiment("workflow", "", workflow, &[]);
    let double = experiment("workflows", "traffic = 2\n", workflow, &[]);
    let of = 2.0 * (4.0 + 2.0) * 1440.0 + (4.0 + 2.0) * 24.0;
    assert_eq!(requests(&usual, 0), of);
    assert_eq!(requests(&double, 0), 2.0 * of);
}
