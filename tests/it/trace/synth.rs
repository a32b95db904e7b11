//! Synthetic traces: the shipped one byte by byte, a larger one against the release's anchors.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use frostline::ids::FunctionId;
use frostline::random::Streams;
pub(super) use frostline::trace::synth::{SynthSize, synth_azure_2019};
use frostline::trace::{Spread, Trace};
use frostline::units::{Memory, Time};
use frostline::workload::{Arrivals, Workload};

use super::{MINUTE, azure_2019, plan, scratch};

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
    let mut gaps: BTreeMap<usize, BTreeSet<u64>> = BTreeMap::new();
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
