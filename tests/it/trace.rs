//! Readers of traces: totals against an independent count, spreads, and damaged files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use frostline::dist::Dist;
use frostline::ids::FunctionId;
use frostline::model::{Plan, Process, Source};
use frostline::random::Streams;
use frostline::trace::synth::{SynthSize, synth_azure_2019};
use frostline::trace::{Spread, Trace, TraceFunction, TraceSpec};
use frostline::units::{Memory, Span, Time};
use frostline::workload::{Arrival, Arrivals, Workload};
use proptest::prelude::*;

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

fn faults(spec: &TraceSpec) -> Vec<String> {
    let faults = Trace::open(spec).unwrap_err();
    faults
        .iter()
        .map(|fault| {
            let text = fault.to_string();
            let name = fault.file.file_name().unwrap().to_string_lossy();
            text.replace(&fault.file.display().to_string(), &name)
        })
        .collect()
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
    let functions: std::collections::BTreeSet<_> = rows.iter().map(|r| (r[0], r[1])).collect();
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
            "DIR: 1 functions with requests have no row of durations".to_owned(),
        ]
    );
}

/// The distances of the requests of a minute from its beginning, of 1.
fn within(count: u32, minutes: u32, spread: Spread) -> Vec<Vec<f64>> {
    let dir = scratch(&format!("spread-{count}-{spread:?}"));
    let header: String = (1..=minutes).map(|minute| format!(",{minute}")).collect();
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
        let law = |minute: &Vec<f64>| 1.0 - (1.0 - minute[0]).powi(count as i32);
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
fn a_damaged_trace_says_where_and_what_to_do() {
    let wrong = |name: &str| faults(&requests(&Path::new("tests/traces/wrong").join(name)));
    for (name, messages) in [
        (
            "lfs-pointer.csv",
            vec![
                "lfs-pointer.csv:1: is a Git LFS pointer, not the trace itself: fetch it with \
                 `git lfs pull`",
            ],
        ),
        ("empty.csv", vec!["empty.csv: is empty"]),
        (
            "header-only.csv",
            vec!["header-only.csv: has a header but no rows"],
        ),
        (
            "cut-row.csv",
            vec!["cut-row.csv:3: has 2 of 3 columns: the row is cut or damaged"],
        ),
        (
            "negative-duration.csv",
            vec!["negative-duration.csv:3: `service_ms` = `-3` is negative"],
        ),
        (
            "negative-arrival.csv",
            vec![
                "negative-arrival.csv:2: `arrival_s` is negative: times count from the beginning \
                 of the run",
            ],
        ),
        (
            "unsorted.csv",
            vec!["unsorted.csv:4: arrives before the row above: sort the rows by `arrival_s`"],
        ),
        (
            "missing-column.csv",
            vec!["missing-column.csv:1: has no column `arrival_s`; did you mean `arrival`?"],
        ),
        (
            "numbers.csv",
            vec![
                "numbers.csv:2: `service_ms` = `ten` is not a number",
                "numbers.csv:3: `service_ms` = `NaN` is not finite",
                "numbers.csv:4: `service_ms` = `inf` is not finite",
                "numbers.csv:5: has no `arrival_s`",
                "numbers.csv:6: `service_ms` = `1e300` is too large",
                "numbers.csv:7: `memory_mb` = `-1` is negative",
                "numbers.csv:8: `service_ms` = `99999999999999999999` is too large",
            ],
        ),
        ("absent.csv", vec!["absent.csv: no such file"]),
        ("../wrong", vec!["wrong: is a folder, not a file"]),
    ] {
        assert_eq!(wrong(name), messages, "{name}");
    }
    let many = wrong("many-faults.csv");
    assert_eq!(many.len(), 21);
    assert_eq!(many[20], "many-faults.csv: and 5 more faults");

    let late = |name: &str| {
        let file = Path::new("tests/traces/wrong").join(name);
        faults(&TraceSpec::Azure2021 { file })
    };
    assert_eq!(
        late("azure-2021-late.csv"),
        [
            "azure-2021-late.csv:3: starts before the row above: sort the rows by \
             `end_timestamp` − `duration`",
            "azure-2021-late.csv:4: starts before the trace: `duration` is longer than \
             `end_timestamp`",
            "azure-2021-late.csv:5: `duration` = `-1` is negative",
            "azure-2021-late.csv:6: has no `duration`",
        ]
    );
    assert_eq!(
        late("azure-2021-column.csv"),
        ["azure-2021-column.csv:1: has no column `duration`; did you mean `durations`?"]
    );
}

#[test]
fn a_file_that_is_no_text_says_so() {
    let file = scratch("no-text").join("calls.csv");
    fs::write(&file, b"arrival_s,function\n0,a\n1,\xFF\xFE\n2,b\n").unwrap();
    assert_eq!(
        faults(&requests(&file)),
        ["calls.csv:3: is not UTF-8 text: convert it, or unpack it if it is an archive"]
    );
    fs::write(&file, vec![b'x'; 5 << 20]).unwrap();
    let expected = ["calls.csv:1: has a line of more than 4 MB: not a CSV file"];
    assert_eq!(faults(&requests(&file)), expected);
}

#[test]
fn damaged_folders_say_where_and_what_to_do() {
    let dir = scratch("damaged-2019");
    let spec = azure_2019(&dir, Spread::Uniform);
    assert_eq!(
        faults(&spec),
        [
            "damaged-2019: holds neither `invocations_per_function_md.anon.d01.csv` nor \
             `invocations.csv`"
        ]
    );
    assert_eq!(
        faults(&azure_2019(&dir.join("absent"), Spread::Uniform)),
        ["absent: no such folder"]
    );
    let table = dir.join("invocations.csv");
    for (text, expected) in [
        ("", vec!["invocations.csv: is empty"]),
        (
            "HashOwner,HashApp,HashFunction,Trigger,1,2\n",
            vec!["invocations.csv: has a header but no rows"],
        ),
        (
            "HashOwner,HashApp,HashFunction,Trigger\no,a,f,http\n",
            vec!["invocations.csv:1: has no columns of minutes: `1`, `2`, …"],
        ),
        (
            "HashOwner,HashApp,Function,Trigger,1\no,a,f,http,1\n",
            vec!["invocations.csv:1: has no column `HashFunction`; did you mean `Function`?"],
        ),
        (
            "HashOwner,HashApp,HashFunction,Trigger,1,2,4\no,a,f,http,1,1,1\n",
            vec!["invocations.csv:1: column `4` does not follow minute `2`"],
        ),
        (
            "HashOwner,HashApp,HashFunction,1,2,Trigger\no,a,f,1,1,http\n",
            vec!["invocations.csv:1: column `Trigger` does not follow minute `2`"],
        ),
        (
            "HashOwner,HashApp,HashFunction,Trigger,1,2\no,a,f,http,1\no,a,g,http,1,x\n\
             o,a,h,http,1,-2\no,a,i,http,1,5000000000\no,a\no,a,j,http,1,\no,a,k,http,1,2,3\n",
            vec![
                "invocations.csv:2: has 5 of 6 columns: the row is cut or damaged",
                "invocations.csv:3: `x` in column 6 is no number of requests a minute",
                "invocations.csv:4: `-2` in column 6 is no number of requests a minute",
                "invocations.csv:5: `5000000000` in column 6 is no number of requests a minute",
                "invocations.csv:6: has 2 of 6 columns: the row is cut or damaged",
                "invocations.csv:7: `` in column 6 is no number of requests a minute",
                "invocations.csv:8: has 7 of 6 columns: the row is cut or damaged",
            ],
        ),
    ] {
        fs::write(&table, text).unwrap();
        assert_eq!(faults(&spec), expected);
    }
    fs::write(
        &table,
        "HashOwner,HashApp,HashFunction,Trigger,1\no,a,f,http,1\n",
    )
    .unwrap();
    let file = azure_2019(&table, Spread::Uniform);
    let expected = ["invocations.csv: is not a folder: give the one that holds the tables"];
    assert_eq!(faults(&file), expected);
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
    fs::write(dir.join("durations.csv"), pointer).unwrap();
    fs::write(
        dir.join("memory.csv"),
        "HashOwner,HashApp,AverageAllocatedMb\no,a,lots\n",
    )
    .unwrap();
    assert_eq!(
        faults(&spec),
        [
            "durations.csv:1: is a Git LFS pointer, not the trace itself: fetch it with \
             `git lfs pull`",
            "memory.csv:2: `AverageAllocatedMb` = `lots` is not a number",
        ]
    );
}

#[test]
fn a_file_that_changes_under_a_run_is_noticed() {
    let file = scratch("changing").join("calls.csv");
    fs::write(&file, "arrival_s,function\n0,a\n1,b\n2,a\n").unwrap();
    let (_, plan) = plan(&requests(&file));
    for (text, before, message) in [
        (
            "arrival_s,function\n0,a\n1\n2,a\n",
            1,
            ":3: has 1 of 2 columns",
        ),
        (
            "arrival_s,function\n0,a\n1,b\n0.5,a\n",
            2,
            ":4: arrives before the row above",
        ),
        (
            "arrival_s,function\n0,a\n1,c\n",
            1,
            ":3: names `c`: the file changed since it was",
        ),
    ] {
        fs::write(&file, text).unwrap();
        let mut workload = Workload::new(&plan, &Streams::new(1, 0)).unwrap();
        let pulled = std::iter::from_fn(|| workload.next_arrival()).count();
        assert_eq!(pulled, before);
        let fault = workload.fault().unwrap().to_string();
        assert!(fault.contains(message), "{fault}");
    }
    fs::remove_file(&file).unwrap();
    let gone = Workload::new(&plan, &Streams::new(1, 0)).unwrap_err();
    assert!(gone[0].to_string().ends_with("calls.csv: no such file"));
}

const SHIPPED: SynthSize = SynthSize {
    functions: 60,
    minutes: 480,
    days: 1,
};

/// Chosen for a spread of popularity from nothing to 41,841 requests, and four timers a minute.
const SEED: u64 = 26;

/// `FROSTLINE_BLESS=1 cargo test shipped` writes it anew after an intended change.
#[test]
fn the_shipped_trace_is_what_its_seed_gives() {
    let shipped = Path::new("experiments/traces/azure-2019-synthetic");
    if std::env::var_os("FROSTLINE_BLESS").is_some() {
        synth_azure_2019(shipped, SHIPPED, SEED).unwrap();
    }
    let dir = scratch("synthetic");
    let summary = synth_azure_2019(&dir, SHIPPED, SEED).unwrap();
    assert!(summary.bytes <= 100_000, "{summary:?}");
    let mut bytes = 0;
    for entry in fs::read_dir(&dir).unwrap() {
        let name = entry.unwrap().file_name();
        let written = fs::read(dir.join(&name)).unwrap();
        bytes += written.len() as u64;
        assert!(
            written == fs::read(shipped.join(&name)).unwrap(),
            "{name:?} differs"
        );
    }
    assert_eq!(bytes, summary.bytes);
    let trace = Trace::open(&azure_2019(shipped, Spread::Uniform)).unwrap();
    assert_eq!(trace.requests(), summary.requests);
    assert_eq!(trace.functions().len(), 60);
    let requests = trace.functions().iter().map(|f| f.requests);
    let (least, most) = (requests.clone().min(), requests.max());
    assert!(
        least == Some(0) && most > Some(10_000),
        "{least:?} to {most:?}"
    );
}

#[test]
fn a_synthetic_trace_of_days_has_the_shape_of_the_release() {
    let dir = scratch("synthetic-days");
    let size = SynthSize {
        functions: 400,
        minutes: 1_440,
        days: 2,
    };
    let summary = synth_azure_2019(&dir, size, 7).unwrap();
    let (trace, plan) = plan(&azure_2019(&dir, Spread::Even));
    assert_eq!(trace.requests(), summary.requests);
    assert_eq!(trace.span(), Time::from_nanos(2 * 1_440 * MINUTE));
    // Timers are exact: each gap of a function with a five-minute timer is five minutes.
    let table = fs::read_to_string(dir.join("invocations_per_function_md.anon.d01.csv")).unwrap();
    let timers: Vec<usize> = table
        .lines()
        .skip(1)
        .enumerate()
        .filter(|(_, line)| line.contains(",timer,"))
        .map(|(place, _)| place)
        .collect();
    assert!((40..100).contains(&timers.len()), "{} timers", timers.len());
    let mut last = vec![None; 400];
    let mut gaps: BTreeMap<usize, std::collections::BTreeSet<u64>> = BTreeMap::new();
    // The steady timers only: the busiest function has millions of requests.
    let id = |place: usize| FunctionId(place as u32);
    for place in timers {
        let mut alone = Workload::of_function(&plan, &Streams::new(1, 0), id(place)).unwrap();
        while let Some(arrival) = alone.next_arrival() {
            if let Some(before) = last[place].replace(arrival.at) {
                gaps.entry(place)
                    .or_default()
                    .insert((arrival.at - before).nanos() / MINUTE);
            }
        }
    }
    assert!(gaps.values().all(|gaps| gaps.len() == 1), "{gaps:?}");
    let memory: Vec<f64> = trace
        .functions()
        .iter()
        .filter_map(|f| f.memory)
        .map(Memory::mb)
        .collect();
    let small = memory.iter().filter(|mb| **mb <= 139.0).count() as f64 / memory.len() as f64;
    assert!(
        (0.4..0.6).contains(&small),
        "the median of the Burr law is 139.6 MB: {small}"
    );
    let known = trace.functions().iter().filter_map(|f| f.service.as_ref());
    let short = known.clone().filter(|dist| dist.mean_secs() < 1.0).count() as f64;
    let short = short / known.count() as f64;
    assert!(
        (0.3..0.65).contains(&short),
        "half of functions run less than 1 s: {short}"
    );
}

/// Bytes of a good file with a few places changed, cut out or doubled.
fn mutated(good: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let change = (0..good.len(), any::<u8>(), 0_u8..4);
    prop::collection::vec(change, 0..8).prop_map(move |changes| {
        let mut bytes = good.to_vec();
        for (place, byte, kind) in changes {
            let place = place.min(bytes.len());
            match kind {
                0 if place < bytes.len() => bytes[place] = byte,
                1 => bytes.insert(place, *b"\n,\"-.e90".get(byte as usize % 8).unwrap()),
                2 => bytes.truncate(place),
                _ => bytes.extend_from_slice(&good[place.min(good.len())..]),
            }
        }
        bytes
    })
}

const MINUTES: &[u8] =
    include_bytes!("../traces/azure-2019-faults/invocations_per_function_md.anon.d01.csv");
const DURATIONS: &[u8] =
    include_bytes!("../traces/azure-2019-faults/function_durations_percentiles.anon.d01.csv");
const MEMORIES: &[u8] =
    include_bytes!("../traces/azure-2019-faults/app_memory_percentiles.anon.d01.csv");
const ROWS: &[u8] = b"app,func,end_timestamp,duration\na,f,1,0.5\nb,g,2.25,1e0\na,f,3,0.001\n";

/// Opens a trace and, where that works, pulls all of it: neither may panic.
fn exercise(spec: &TraceSpec) -> Result<(), TestCaseError> {
    if Trace::open(spec).is_ok() {
        let (trace, mut plan) = plan(spec);
        plan.duration = trace.span().since(Time::ZERO) + Span::from_nanos(1);
        // A changed digit may make a billion requests a minute out of one.
        if trace.requests() < 1_000_000 {
            prop_assert_eq!(pull(&plan, 1).len() as u64, trace.requests());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_make_a_reader_panic(
        calls in mutated(CALLS.as_bytes()),
        rows in mutated(ROWS),
        minutes in mutated(MINUTES),
        durations in mutated(DURATIONS),
        memory in mutated(MEMORIES),
    ) {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutated");
        fs::create_dir_all(&dir).unwrap();
        let file = dir.join("calls.csv");
        fs::write(&file, calls).unwrap();
        exercise(&requests(&file))?;
        let file = dir.join("rows.csv");
        fs::write(&file, rows).unwrap();
        exercise(&TraceSpec::Azure2021 { file })?;
        fs::write(dir.join("invocations.csv"), minutes).unwrap();
        fs::write(dir.join("durations.csv"), durations).unwrap();
        fs::write(dir.join("memory.csv"), memory).unwrap();
        exercise(&azure_2019(&dir, Spread::Uniform))?;
    }
}
