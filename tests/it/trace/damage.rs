//! Damaged traces: each fault with its file, its row and what to do; no bytes make a reader panic.

use std::fs;
use std::path::Path;

use frostline::random::Streams;
use frostline::trace::{Spread, Trace, TraceSpec};
use frostline::units::{Span, Time};
use frostline::workload::{Arrivals, Workload};
use proptest::prelude::*;

use super::{CALLS, azure_2019, plan, requests, scratch};
use crate::workload::pull;

pub(super) fn faults(spec: &TraceSpec) -> Vec<String> {
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
            "two-columns.csv",
            vec!["two-columns.csv:1: has two columns `function`: rename one of them"],
        ),
        (
            "no-name.csv",
            vec![
                "no-name.csv:3: has no name in `function`, or `*`, which stands for all of them",
                "no-name.csv:4: has no name in `function`, or `*`, which stands for all of them",
            ],
        ),
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
        (
            "misspelt-column.csv",
            vec!["misspelt-column.csv:1: has a column `func`; did you mean `function`?"],
        ),
        ("absent.csv", vec!["absent.csv: no such file"]),
        ("../wrong", vec!["wrong: is a folder, not a file"]),
    ] {
        assert_eq!(wrong(name), messages, "{name}");
    }
    let many = wrong("many-faults.csv");
    assert_eq!(many.len(), 3);
    assert_eq!(
        many[2],
        "many-faults.csv:4: `arrival_s` = `x` is not a number (and 22 more like this)"
    );

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
             `invocations.csv`, plain or packed (.gz, .zst)"
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
    include_bytes!("../../traces/azure-2019-faults/invocations_per_function_md.anon.d01.csv");
const DURATIONS: &[u8] =
    include_bytes!("../../traces/azure-2019-faults/function_durations_percentiles.anon.d01.csv");
const MEMORIES: &[u8] =
    include_bytes!("../../traces/azure-2019-faults/app_memory_percentiles.anon.d01.csv");
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
