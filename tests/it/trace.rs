//! Readers of traces: totals against an independent count, columns, days, spreads.

mod damage;
mod packed;
mod synth;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use frostline::dist::Dist;
use frostline::ids::FunctionId;
use frostline::model::{Plan, Process, Source};
use frostline::random::Streams;
use frostline::trace::{Spread, Trace, TraceFunction, TraceSpec};
use frostline::units::{Memory, Span, Time};
use frostline::workload::{Arrival, Arrivals, Workload};

use crate::workload::{function, plan_of, pull};

const SPREADS: [Spread; 4] = [
    Spread::Uniform,
    Spread::Exponential,
    Spread::Even,
    Spread::Burst,
];

const MINUTE: u64 = 60_000_000_000;

/// A folder of the shared data, or `None` with a note where it is absent.
fn shared(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("FROSTLINE_SHARED_DATA")
        .map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from);
    let path = root.join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is absent", path.display());
    None
}

/// An empty folder for one test.
fn scratch(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    dir
}

fn azure_2019(dir: &Path, spread: Spread) -> TraceSpec {
    TraceSpec::Azure2019 {
        dir: dir.to_owned(),
        spread,
    }
}

fn requests(file: &Path) -> TraceSpec {
    TraceSpec::Requests {
        file: file.to_owned(),
    }
}

/// All functions of a trace, with their own service or 1 s.
fn plan(spec: &TraceSpec) -> (Arc<Trace>, Plan) {
    let trace = Arc::new(Trace::open(spec).unwrap());
    let functions: Vec<_> = trace
        .functions()
        .iter()
        .map(|f| {
            let service = f.service.clone();
            let second = Dist::constant(Span::from_whole_secs(1));
            function(&f.name, service.unwrap_or(second))
        })
        .collect();
    let source = Source::Trace {
        trace: Arc::clone(&trace),
        functions: (0..functions.len() as u32).map(FunctionId).collect(),
    };
    let duration = trace.span().since(Time::ZERO) + Span::from_nanos(1);
    (trace, plan_of(functions, vec![source], duration))
}

/// The sum of each row's columns of minutes, counted without the reader.
fn sums_of_rows(file: &Path) -> Vec<(String, Vec<u64>)> {
    let text = fs::read_to_string(file).unwrap();
    text.lines()
        .skip(1)
        .map(|line| {
            let mut fields = line.split(',').skip(2);
            let name = fields.next().unwrap().to_owned();
            (name, fields.skip(1).map(|n| n.parse().unwrap()).collect())
        })
        .collect()
}

#[test]
fn azure_2019_minutes_are_those_of_the_file_under_every_spread() {
    let Some(dir) = shared("azure-2019-100") else {
        return;
    };
    let rows = sums_of_rows(&dir.join("invocations.csv"));
    let total: u64 = rows.iter().flat_map(|(_, minutes)| minutes).sum();
    for spread in SPREADS {
        let (trace, plan) = plan(&azure_2019(&dir, spread));
        assert_eq!(trace.requests(), total);
        assert_eq!(trace.span().nanos(), rows[0].1.len() as u64 * MINUTE);
        assert_eq!(trace.functions().len(), rows.len());
        let mut pulled = vec![vec![0; rows[0].1.len()]; rows.len()];
        for arrival in pull(&plan, 1) {
            pulled[arrival.function.index()][(arrival.at.nanos() / MINUTE) as usize] += 1;
        }
        for (place, (name, minutes)) in rows.iter().enumerate() {
            let function = &trace.functions()[place];
            assert_eq!(&function.name, name);
            assert_eq!(function.requests, minutes.iter().sum::<u64>());
            assert!(function.service.is_some() && function.memory.is_some());
            assert_eq!(&pulled[place], minutes, "{spread:?}, {name}");
        }
    }
}

#[test]
fn azure_2021_rows_are_pulled_as_written() {
    let Some(file) = shared("azure-2021/first-199-rows.csv") else {
        return;
    };
    let (trace, plan) = plan(&TraceSpec::Azure2021 { file: file.clone() });
    let text = fs::read_to_string(&file).unwrap();
    let rows: Vec<Vec<&str>> = text
        .lines()
        .skip(1)
        .map(|l| l.split(',').collect())
        .collect();
    let arrivals = pull(&plan, 1);
    assert_eq!(arrivals.len(), rows.len());
    assert_eq!(trace.requests(), rows.len() as u64);
    let functions: BTreeSet<_> = rows.iter().map(|r| (r[0], r[1])).collect();
    assert_eq!(trace.functions().len(), functions.len());
    for (arrival, row) in arrivals.iter().zip(&rows) {
        let (end, duration): (f64, f64) = (row[2].parse().unwrap(), row[3].parse().unwrap());
        assert!((arrival.at.secs() - (end - duration)).abs() < 1e-8);
        assert!((arrival.service.secs() - duration).abs() < 1e-9);
        let name = &trace.functions()[arrival.function.index()].name;
        assert!(
            row[0].starts_with(name.split_once('/').unwrap().0),
            "{name}"
        );
    }
}

#[test]
fn measured_runs_replay_with_all_their_requests() {
    let Some(dir) = shared("aws-lambda-measured") else {
        return;
    };
    for day in ["2020-05-28", "2020-06-04", "2020-06-10"] {
        let file = dir.join(format!("{day}.csv"));
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        let (trace, from_trace) = plan(&requests(&file));
        assert_eq!(trace.functions().len(), 1);
        assert_eq!(trace.functions()[0].name, day);
        assert_eq!(trace.requests(), lines as u64 - 1);
        assert!(!trace.records_service());
        let replay = replay_plan("anything", &file, from_trace.duration);
        let arrivals = pull(&from_trace, 1);
        assert_eq!(arrivals.len(), lines - 1);
        assert_eq!(arrivals, pull(&replay, 1));
    }
}

fn replay_plan(name: &str, file: &Path, duration: Span) -> Plan {
    let source = Source::Process {
        function: FunctionId(0),
        process: Process::Replay {
            file: file.to_owned(),
        },
    };
    let model = function(name, Dist::constant(Span::from_whole_secs(1)));
    plan_of(vec![model], vec![source], duration)
}

const CALLS: &str = "\u{feff}service_ms,function,memory_mb,arrival_s,note\r\n\
    10,a,128,0,x\r\n,b,256,0.5,\"1,2\"\r\n\r\n30.5,a,512,0.5,\r\n40,\"b\",,2,";

#[test]
fn columns_come_in_any_order_with_bom_crlf_and_quotes() {
    let file = scratch("calls").join("calls.csv");
    fs::write(&file, CALLS).unwrap();
    let (trace, from_trace) = plan(&requests(&file));
    let named = |name: &str, mb: f64| TraceFunction {
        name: name.to_owned(),
        memory: Some(Memory::from_mb(mb)),
        service: None,
        requests: 2,
    };
    assert_eq!(trace.functions(), [named("a", 512.0), named("b", 256.0)]);
    assert_eq!(trace.span(), Time::from_secs(2.0));
    assert!(trace.records_service());
    let seen = |plan: &Plan| -> Vec<(f64, u32, f64)> {
        let arrivals = pull(plan, 1);
        let seen = |a: &Arrival| (a.at.secs(), a.function.0, a.service.millis());
        arrivals.iter().map(seen).collect()
    };
    // Equal times: by function; an empty service time is drawn (here always 1 s).
    let expected = [
        (0.0, 0, 10.0),
        (0.5, 0, 30.5),
        (0.5, 1, 1000.0),
        (2.0, 1, 40.0),
    ];
    assert_eq!(seen(&from_trace), expected);
    let only_b = replay_plan("b", &file, from_trace.duration);
    assert_eq!(seen(&only_b), [(0.5, 0, 1000.0), (2.0, 0, 40.0)]);
    assert_eq!(seen(&replay_plan("c", &file, from_trace.duration)), []);

    let streams = Streams::new(1, 0);
    let mut alone = Workload::of_function(&from_trace, &streams, FunctionId(1)).unwrap();
    let alone: Vec<Arrival> = std::iter::from_fn(|| alone.next_arrival()).collect();
    let mut all = pull(&from_trace, 1);
    all.retain(|arrival| arrival.function == FunctionId(1));
    assert_eq!(alone, all);
}

#[test]
fn days_follow_each_other_and_known_faults_are_read_around() {
    let (trace, plan) = plan(&azure_2019(
        Path::new("tests/traces/azure-2019-faults"),
        Spread::Burst,
    ));
    let functions: Vec<_> = trace
        .functions()
        .iter()
        .map(|f| (f.name.as_str(), f.requests, f.memory.map(Memory::mb)))
        .collect();
    assert_eq!(
        functions,
        [
            ("a1/f1", 13, Some(128.5)),
            ("f2", 2, Some(128.5)),
            ("a2/f1", 70_300, None),
            ("f3", 0, None),
            ("f4", 7, None),
        ]
    );
    let ms = |ms| Span::from_nanos(ms * 1_000_000);
    let percents = [0.0, 1.0, 25.0, 50.0, 75.0, 99.0, 100.0];
    let dist = |values: [u64; 7]| {
        let points: Vec<_> = percents.into_iter().zip(values.map(ms)).collect();
        Some(Dist::percentiles(&points).unwrap())
    };
    let services: Vec<_> = trace
        .functions()
        .iter()
        .map(|f| f.service.clone())
        .collect();
    assert_eq!(
        services,
        [
            dist([0, 1, 5, 10, 20, 39, 40]),
            Some(Dist::ZERO),
            dist([1, 2, 30, 30, 40, 59, 60]),
            None,
            Some(Dist::constant(ms(5))),
        ]
    );
    let mut minutes: BTreeMap<(u32, u64), u64> = BTreeMap::new();
    for arrival in pull(&plan, 1) {
        let minute = arrival.at.nanos() / MINUTE;
        *minutes.entry((arrival.function.0, minute)).or_default() += 1;
    }
    let minutes: Vec<(u32, u64, u64)> = minutes.into_iter().map(|((f, m), n)| (f, m, n)).collect();
    assert_eq!(
        minutes,
        [
            (0, 0, 1),
            (0, 1, 5),
            (0, 3, 3),
            (0, 6, 4),
            (1, 1, 1),
            (1, 3, 1),
            (2, 0, 300),
            (2, 2, 70_000),
            (4, 4, 7),
        ]
    );
    let warnings: Vec<String> = trace
        .warnings()
        .iter()
        .map(|warning| {
            warning
                .to_string()
                .replace("tests/traces/azure-2019-faults", "DIR")
        })
        .collect();
    let day = "DIR/function_durations_percentiles.anon.d01.csv";
    assert_eq!(
        warnings,
        [
            "DIR/invocations_per_function_md.anon.d01.csv:5: a function has several rows: \
             their counts are added up"
                .to_owned(),
            format!("{day}:2: a duration is negative: taken as 0"),
            format!("{day}:3: a function has several rows of durations: the first counts"),
            format!("{day}:4: a function has durations of 0 only: it takes no time"),
            format!("{day}:5: percentiles of a duration fall: each is raised to the one before"),
            format!("{day}:6: a function with durations has no row of requests: left out"),
            "DIR/function_durations_percentiles.anon.d02.csv:3: a function has percentiles of 0 \
             only: its average is taken"
                .to_owned(),
            "DIR/app_memory_percentiles.anon.d01.csv:3: an app has several rows of memory: the \
             first counts"
                .to_owned(),
            "DIR/app_memory_percentiles.anon.d01.csv:4: a memory of 0 MB or less: taken as not \
             known"
                .to_owned(),
            "DIR: 1 function with requests has no row of durations: its service is that of \
             [defaults] or its model"
                .to_owned(),
        ]
    );
}

/// The distances of the requests of a minute from its beginning, of 1.
fn within(count: u32, minutes: u32, spread: Spread) -> Vec<Vec<f64>> {
    let dir = scratch(&format!("spread-{count}-{spread:?}"));
    let header = (1..=minutes).fold(String::new(), |header, minute| format!("{header},{minute}"));
    let counts = format!(",{count}").repeat(minutes as usize);
    let table = format!("HashOwner,HashApp,HashFunction,Trigger{header}\no,a,f,http{counts}\n");
    fs::write(dir.join("invocations.csv"), table).unwrap();
    let mut by_minute = vec![Vec::new(); minutes as usize];
    for arrival in pull(&plan(&azure_2019(&dir, spread)).1, 9) {
        let at = arrival.at.nanos();
        by_minute[(at / MINUTE) as usize].push((at % MINUTE) as f64 / MINUTE as f64);
    }
    by_minute
}

/// The greatest distance from the uniform law, times √n: above 1.95 with probability 0.001.
fn kolmogorov(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    let gap = |(place, value): (usize, &f64)| {
        (value - place as f64 / n)
            .abs()
            .max((value - (place as f64 + 1.0) / n).abs())
    };
    values.iter().enumerate().map(gap).fold(0.0, f64::max) * n.sqrt()
}

#[test]
fn spreads_are_as_defined() {
    for count in [1, 2, 7, 1_000] {
        let minutes = if count > 100 { 20 } else { 1_000 };
        let uniform = within(count, minutes, Spread::Uniform);
        assert!(uniform.iter().all(|minute| minute.is_sorted()));
        assert!(kolmogorov(uniform.concat()) < 1.95, "{count}");
        // The first of n uniform instants, brought back to a uniform one by its own law.
        let law = |minute: &Vec<f64>| 1.0 - (1.0 - minute[0]).powf(f64::from(count));
        assert!(
            kolmogorov(uniform.iter().map(law).collect()) < 1.95,
            "{count}"
        );
        let law = |minute: &Vec<f64>| minute[minute.len() - 1].powf(f64::from(count));
        assert!(
            kolmogorov(uniform.iter().map(law).collect()) < 1.95,
            "{count}"
        );

        let exponential = within(count, minutes, Spread::Exponential);
        assert!(exponential.iter().all(|minute| minute[0] == 0.0));
        let others: Vec<f64> = exponential.iter().flat_map(|m| m[1..].to_vec()).collect();
        assert!(others.is_empty() || kolmogorov(others) < 1.95, "{count}");

        for minute in within(count, minutes, Spread::Even) {
            for (place, at) in minute.iter().enumerate() {
                assert!((at - place as f64 / f64::from(count)).abs() < 1e-9);
            }
        }
        let burst = within(count, minutes, Spread::Burst);
        assert!(burst.concat().iter().all(|at| *at == 0.0));
    }
}

#[test]
fn a_minute_of_a_million_requests_is_uniform_too() {
    let minutes = within(1_000_000, 2, Spread::Uniform);
    assert!(minutes.iter().all(|minute| minute.is_sorted()));
    assert!(minutes.iter().all(|minute| minute.len() == 1_000_000));
    // χ² over 1,000 parts: 999 ± 45 in each minute, and the minutes differ.
    for minute in &minutes {
        let mut parts = vec![0_u32; 1_000];
        for at in minute {
            parts[(at * 1e3) as usize] += 1;
        }
        let chi: f64 = parts
            .iter()
            .map(|part| (f64::from(*part) - 1e3).powi(2) / 1e3)
            .sum();
        assert!((820.0..1_180.0).contains(&chi), "{chi}");
    }
    assert!(minutes[0] != minutes[1]);
}

#[test]
fn long_silence_and_missing_days_are_passed_over() {
    let dir = scratch("silence");
    let header = (1..=1_440).fold(String::new(), |header, minute| format!("{header},{minute}"));
    let table = |rows: &str| format!("HashOwner,HashApp,HashFunction,Trigger{header}\n{rows}");
    let (silence, rest) = (",0".repeat(1_439), ",0".repeat(1_438));
    for (day, rows) in [
        (2, format!("o,a,f,http{silence},2\n")),
        (9, format!("o,a,g,http,1{silence}\no,a,h,http{silence},0\n")),
        (10, format!("o,a,g,http,0,5{rest}\no,a,f,http,1{silence}\n")),
    ] {
        let name = format!("invocations_per_function_md.anon.d{day:02}.csv");
        fs::write(dir.join(name), table(&rows)).unwrap();
    }
    let (trace, plan) = plan(&azure_2019(&dir, Spread::Burst));
    let minutes: Vec<_> = pull(&plan, 1)
        .iter()
        .map(|a| (a.function.0, a.at.nanos() / MINUTE))
        .collect();
    let many = std::iter::repeat_n((1, 2 * 1_440 + 1), 5);
    let mut expected = vec![(0, 1_439), (0, 1_439), (1, 1_440), (0, 2 * 1_440)];
    expected.extend(many);
    assert_eq!(minutes, expected);
    assert_eq!(trace.functions()[2].requests, 0);
    let warning = trace.warnings()[0].to_string();
    assert!(
        warning.contains("d09.csv: the day before is missing"),
        "{warning}"
    );
}
