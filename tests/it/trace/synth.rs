//! Synthetic traces: the shipped one byte by byte, larger ones against the release's anchors.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;

use frostline::trace::synth::{
    RELEASE, Summary, SynthControl, SynthError, SynthSpec, synth_azure_2019,
};
use frostline::trace::{Packing, Spread, Trace};
use frostline::units::Time;

use super::{MINUTE, azure_2019, plan, scratch};
use crate::workload::pull;

/// The folder that comes with frostline. The seed is chosen for two busy functions and several that
/// have only a request or two.
fn shipped() -> SynthSpec {
    SynthSpec {
        functions: 60,
        minutes: 480,
        days: 1,
        seed: 22,
        ..SynthSpec::release()
    }
}

fn small(functions: u32, days: u32) -> SynthSpec {
    SynthSpec {
        functions,
        days,
        ..SynthSpec::release()
    }
}

fn synth(dir: &Path, spec: &SynthSpec) -> Result<Summary, SynthError> {
    synth_azure_2019(dir, spec, &SynthControl::default())
}

/// Every file of a folder with its bytes, by name.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

/// `FROSTLINE_BLESS=1 cargo test shipped` writes it anew after an intended change.
#[test]
fn the_shipped_trace_is_what_its_seed_gives() {
    let shipped_dir = Path::new("experiments/traces/azure-2019-synthetic");
    if std::env::var_os("FROSTLINE_BLESS").is_some() {
        let force = SynthSpec {
            force: true,
            ..shipped()
        };
        synth(shipped_dir, &force).unwrap();
    }
    let dir = scratch("synthetic");
    let summary = synth(&dir, &shipped()).unwrap();
    let written = files(&dir);
    let bytes: usize = written.values().map(Vec::len).sum();
    assert_eq!(bytes as u64, summary.bytes);
    assert!(bytes <= 100_000, "{summary:?}");
    for (name, bytes) in written {
        let same = bytes == fs::read(shipped_dir.join(&name)).unwrap();
        assert!(same, "{name} differs");
    }
    let trace = Trace::open(&azure_2019(shipped_dir, Spread::Uniform)).unwrap();
    assert_eq!(trace.requests(), summary.requests);
    assert_eq!(trace.functions().len(), 60);
    let requests = trace.functions().iter().map(|f| f.requests);
    let (least, most) = (requests.clone().min(), requests.max());
    assert!(
        least < Some(10) && most > Some(10_000),
        "{least:?} to {most:?}"
    );
}

/// A row of the tables of requests, as text says it.
struct Row {
    app: String,
    function: String,
    trigger: String,
    counts: Vec<u64>,
}

/// The rows of each day, read without the reader.
fn rows(dir: &Path) -> Vec<Vec<Row>> {
    let mut days = Vec::new();
    for (name, bytes) in files(dir) {
        if name.starts_with("invocations") {
            let text = String::from_utf8(bytes).unwrap();
            let row = |line: &str| {
                let mut fields = line.split(',').skip(1).map(str::to_owned);
                let mut next = || fields.next().unwrap();
                let (app, function, trigger) = (next(), next(), next());
                Row {
                    app,
                    function,
                    trigger,
                    counts: fields.map(|field| field.parse().unwrap()).collect(),
                }
            };
            days.push(text.lines().skip(1).map(row).collect());
        }
    }
    days
}

#[test]
fn what_is_written_is_what_is_read() {
    let dir = scratch("synthetic-round-trip");
    let spec = SynthSpec {
        requests: Some(300_000),
        ..small(300, 3)
    };
    let summary = synth(&dir, &spec).unwrap();
    assert_eq!(summary.requests, 300_000);
    let days = rows(&dir);
    let (trace, plan) = plan(&azure_2019(&dir, Spread::Uniform));
    assert_eq!(trace.requests(), 300_000);
    assert_eq!(trace.functions().len(), 300);
    assert_eq!(trace.span(), Time::from_nanos(3 * 1_440 * MINUTE));
    assert!(days[1].len() < 300, "some functions have no row on a day");

    let mut written: BTreeMap<(&str, u64), u64> = BTreeMap::new();
    for (day, rows) in (0..).zip(&days) {
        for row in rows {
            for (minute, count) in (day * 1_440..).zip(&row.counts) {
                if *count > 0 {
                    written.insert((&row.function, minute), *count);
                }
            }
        }
    }
    let mut read: BTreeMap<(&str, u64), u64> = BTreeMap::new();
    for arrival in pull(&plan, 1) {
        let name = trace.functions()[arrival.function.index()].name.as_str();
        let minute = arrival.at.nanos() / MINUTE;
        *read.entry((name, minute)).or_default() += 1;
    }
    assert!(written == read, "counts differ");
}

#[test]
fn packed_or_not_and_on_any_number_of_threads_it_is_the_same() {
    let spec = |seed, packing| SynthSpec {
        seed,
        packing,
        requests: Some(20_000),
        ..small(400, 2)
    };
    let on = |threads: usize, name: &str, spec: &SynthSpec| {
        let dir = scratch(name);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let written = pool.build().unwrap().install(|| synth(&dir, spec).unwrap());
        (dir, written)
    };
    let mut arrivals = Vec::new();
    for (packing, ending) in [
        (Packing::Plain, ".csv"),
        (Packing::Gzip, ".csv.gz"),
        (Packing::Zstd, ".csv.zst"),
    ] {
        let (one, summary) = on(1, &format!("synthetic-one{ending}"), &spec(5, packing));
        let (many, again) = on(4, &format!("synthetic-many{ending}"), &spec(5, packing));
        assert_eq!(summary, again);
        let written = files(&one);
        assert!(written == files(&many), "{ending}: threads show");
        assert!(written.keys().all(|name| name.ends_with(ending)));
        let bytes: usize = written.values().map(Vec::len).sum();
        assert_eq!(summary.bytes, bytes as u64);
        let (trace, plan) = plan(&azure_2019(&one, Spread::Uniform));
        arrivals.push((trace.functions().to_vec(), pull(&plan, 3)));
    }
    assert!(arrivals[0] == arrivals[1] && arrivals[0] == arrivals[2]);
    let (other, _) = on(4, "synthetic-other-seed", &spec(6, Packing::Plain));
    let one = Path::new(env!("CARGO_TARGET_TMPDIR")).join("synthetic-one.csv");
    assert!(files(&other) != files(&one));
}

#[test]
fn a_synthetic_trace_has_the_marginals_of_the_release() {
    let dir = scratch("synthetic-marginals");
    let summary = synth(&dir, &small(3_000, 7)).unwrap();
    let share = |part: f64, whole: f64| part / whole;
    let release = RELEASE.2 as f64 / f64::from(RELEASE.0) / f64::from(RELEASE.1);
    let expected = release * 3_000.0 * 7.0;
    assert!((summary.requests as f64 / expected - 1.0).abs() < 1e-6);
    assert!((2.6..3.4).contains(&share(3_000.0, f64::from(summary.apps))));

    let (mut by_app, mut by_function) = (BTreeMap::new(), BTreeMap::new());
    let mut of_hour = [0; 7 * 24];
    for (day, rows) in rows(&dir).iter().enumerate() {
        for row in rows {
            let sum: u64 = row.counts.iter().sum();
            *by_app.entry(row.app.clone()).or_insert(0) += sum;
            let function = by_function.entry(row.function.clone());
            function.or_insert((row.trigger.clone(), 0)).1 += sum;
            for (hour, counts) in row.counts.chunks(60).enumerate() {
                of_hour[day * 24 + hour] += counts.iter().sum::<u64>();
            }
        }
    }
    let total = summary.requests as f64;
    let mut apps: Vec<u64> = by_app.into_values().collect();
    apps.sort_unstable_by(|a, b| b.cmp(a));
    let popular = (apps.len() as f64 * 0.186) as usize;
    let of_popular = share(apps[..popular].iter().sum::<u64>() as f64, total);
    assert!((0.99..0.999).contains(&of_popular), "99.6 %: {of_popular}");
    let rare = apps.iter().filter(|requests| **requests <= 7 * 24).count();
    let rare = share(rare as f64, apps.len() as f64);
    assert!(
        (0.4..0.5).contains(&rare),
        "45 % once an hour or less: {rare}"
    );
    assert!(apps[0] > 50_000_000 && apps[apps.len() - 1] <= 3);

    for (trigger, functions, requests) in [
        ("http", 0.5..0.6, 0.25..0.45),
        ("queue", 0.12..0.18, 0.25..0.42),
        ("event", 0.01..0.04, 0.18..0.32),
        ("orchestration", 0.05..0.09, 0.003..0.06),
        ("timer", 0.13..0.18, 0.001..0.05),
        ("storage", 0.02..0.04, 0.0003..0.03),
        ("others", 0.01..0.03, 0.0003..0.03),
    ] {
        let of = by_function.values().filter(|(name, _)| name == trigger);
        let (count, sum) = of.fold((0, 0), |(n, sum), (_, requests)| (n + 1, sum + requests));
        let found = (share(f64::from(count), 3_000.0), share(sum as f64, total));
        assert!(functions.contains(&found.0), "{trigger}: {found:?}");
        assert!(requests.contains(&found.1), "{trigger}: {found:?}");
    }

    // Half of the load does not swing; the afternoon is the peak, the weekend is lower.
    let of = |hours: std::ops::Range<usize>| of_hour[hours].iter().sum::<u64>() as f64;
    let night: f64 = (0..5).map(|day| of(day * 24 + 1..day * 24 + 4)).sum();
    let noon: f64 = (0..5).map(|day| of(day * 24 + 13..day * 24 + 16)).sum();
    assert!((0.4..0.7).contains(&(night / noon)), "{}", night / noon);
    let weekend = of(5 * 24..7 * 24) / 2.0 / (of(0..5 * 24) / 5.0);
    assert!((0.75..0.95).contains(&weekend), "{weekend}");
}

#[test]
fn durations_memory_and_timers_have_the_published_laws() {
    let dir = scratch("synthetic-laws");
    synth(&dir, &small(2_000, 1)).unwrap();
    let column = |table: &str, number: usize| -> Vec<f64> {
        let files = files(&dir);
        let (_, bytes) = files
            .iter()
            .find(|(name, _)| name.starts_with(table))
            .unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let field = |line: &str| line.split(',').nth(number).unwrap().parse().unwrap();
        text.lines().skip(1).map(field).collect()
    };
    let below = |values: &[f64], limit: f64| {
        values.iter().filter(|value| **value <= limit).count() as f64 / values.len() as f64
    };
    // Averages in ms: half below e^−0.38 s, one standard deviation of 2.36 on either side.
    let averages = column("function_durations", 3);
    for (deviations, share) in [(-1.0, 0.159), (0.0, 0.5), (1.0, 0.841)] {
        let limit = (-0.38_f64 + 2.36 * deviations).exp() * 1e3;
        let found = below(&averages, limit);
        assert!((found - share).abs() < 0.04, "{deviations}: {found}");
    }
    // The Burr law's quartiles in MB: λ((1 − q)^(−1/k) − 1)^(1/c).
    let memory = column("app_memory", 3);
    for quantile in [0.25_f64, 0.5, 0.75] {
        let power = (1.0 - quantile).powf(-1.0 / 0.221) - 1.0;
        let limit = 107.083 * power.powf(1.0 / 11.652);
        let found = below(&memory, limit);
        assert!((found - quantile).abs() < 0.06, "{quantile}: {found}");
    }
    // All gaps of a timer are the same, in whole minutes.
    let mut timers = 0;
    let all = rows(&dir).into_iter().flatten();
    for row in all.filter(|row| row.trigger == "timer") {
        timers += 1;
        let busy: Vec<usize> = (0..1_440).filter(|m| row.counts[*m] > 0).collect();
        let gaps = busy.windows(2).map(|pair| pair[1] - pair[0]);
        let (least, most) = (gaps.clone().min(), gaps.max());
        assert!(least == most, "{least:?} to {most:?}");
    }
    assert!((240..380).contains(&timers), "{timers}");
}

#[test]
fn a_folder_in_use_is_left_alone_unless_forced() {
    let dir = scratch("synthetic-force");
    synth(&dir, &small(20, 3)).unwrap();
    let before = files(&dir);
    let refused = synth(&dir, &small(20, 2)).unwrap_err();
    assert!(matches!(refused, SynthError::NotEmpty(_)), "{refused}");
    assert!(files(&dir) == before);

    fs::write(dir.join("notes.txt"), "mine").unwrap();
    let force = |spec| SynthSpec {
        force: true,
        packing: Packing::Zstd,
        ..spec
    };
    synth(&dir, &force(small(20, 2))).unwrap();
    let names: Vec<String> = files(&dir).into_keys().collect();
    assert_eq!(
        names,
        [
            "app_memory_percentiles.anon.d01.csv.zst",
            "app_memory_percentiles.anon.d02.csv.zst",
            "function_durations_percentiles.anon.d01.csv.zst",
            "function_durations_percentiles.anon.d02.csv.zst",
            "invocations_per_function_md.anon.d01.csv.zst",
            "invocations_per_function_md.anon.d02.csv.zst",
            "notes.txt",
        ]
    );
    // Days 13 and 14 have no memory, as in the release.
    let dir = scratch("synthetic-fortnight");
    synth(&dir, &small(10, 14)).unwrap();
    let memory = files(&dir)
        .into_keys()
        .filter(|name| name.starts_with("app"));
    assert_eq!(memory.count(), 12);
}

#[test]
fn what_is_stopped_or_impossible_leaves_no_file() {
    let dir = scratch("synthetic-stopped");
    let control = SynthControl::default();
    control.stop.store(true, Ordering::Relaxed);
    let stopped = synth_azure_2019(&dir, &small(20, 1), &control);
    assert!(matches!(stopped, Err(SynthError::Stopped)));
    for (spec, message) in [
        (small(0, 1), "a trace has at least one function and one day"),
        (small(1, 0), "a trace has at least one function and one day"),
        (
            SynthSpec {
                minutes: 1_441,
                ..small(1, 1)
            },
            "a day has from 1 to 1,440 minutes",
        ),
        (
            SynthSpec {
                requests: Some(99),
                ..small(100, 1)
            },
            "99 requests are too few for 100 functions with at least one each",
        ),
        (
            SynthSpec {
                requests: Some(u64::MAX),
                ..small(1, 1)
            },
            "a trace has at most 67,108,864 requests a minute on average",
        ),
    ] {
        assert_eq!(synth(&dir, &spec).unwrap_err().to_string(), message);
    }
    assert_eq!(files(&dir), BTreeMap::new());
    // The least there is.
    for requests in [1, 1_000] {
        let spec = SynthSpec {
            minutes: 1,
            requests: Some(requests),
            force: true,
            ..small(1, 1)
        };
        assert_eq!(synth(&dir, &spec).unwrap().requests, requests);
    }
}
