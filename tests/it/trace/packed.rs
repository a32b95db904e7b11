//! Packed traces: the same as plain ones; damage is found, with its place.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::write::GzEncoder;
use frostline::trace::{Spread, Trace, TraceSpec};
use proptest::prelude::*;

use super::damage::faults;
use super::{CALLS, azure_2019, plan, requests, scratch};
use crate::workload::pull;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const FAULTY: &str = "tests/traces/azure-2019-faults";

#[test]
fn a_folder_and_a_file_read_the_same_however_packed() {
    let plain = plan(&azure_2019(Path::new(FAULTY), Spread::Uniform));
    let dir = scratch("packed");
    for (number, entry) in fs::read_dir(FAULTY).unwrap().enumerate() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(&path).unwrap();
        // Every second file by the other kind, and some in two parts, as `cat a.gz b.gz` makes.
        let (first, second) = bytes.split_at(bytes.len() / 2);
        let (name, packed) = match number % 3 {
            0 => (format!("{name}.gz"), gzip(&bytes)),
            1 => (format!("{name}.zst"), [zstd(first), zstd(second)].concat()),
            _ => (format!("{name}.gz"), [gzip(first), gzip(second)].concat()),
        };
        fs::write(dir.join(name), packed).unwrap();
    }
    let packed = plan(&azure_2019(&dir, Spread::Uniform));
    assert_eq!(packed.0.functions(), plain.0.functions());
    assert_eq!(packed.0.warnings().len(), plain.0.warnings().len());
    assert!(pull(&packed.1, 4) == pull(&plain.1, 4));

    let file = |name: &str, bytes: &[u8]| {
        let file = dir.join(name);
        fs::write(&file, bytes).unwrap();
        requests(&file)
    };
    let calls = plan(&file("calls.csv", CALLS.as_bytes()));
    for (name, bytes) in [
        ("calls.csv.gz", gzip(CALLS.as_bytes())),
        ("calls.csv.zst", zstd(CALLS.as_bytes())),
        // Told by what is in it.
        ("calls-of-another-name.csv", zstd(CALLS.as_bytes())),
    ] {
        let packed = plan(&file(name, &bytes));
        assert_eq!(packed.0.functions(), calls.0.functions());
        assert!(pull(&packed.1, 4) == pull(&calls.1, 4));
    }
}

#[test]
fn damaged_archives_say_where() {
    let dir = scratch("packed-damage");
    // Long enough that damage in the middle has rows before it.
    let row = |row: u32| format!("{row}.{}\n", row % 977);
    let rows = (0..200_000).map(row).collect::<Vec<_>>().concat();
    let text = format!("arrival_s\n{rows}");
    let of = |name: &str, bytes: &[u8]| {
        let file = dir.join(name);
        fs::write(&file, bytes).unwrap();
        let found = faults(&requests(&file));
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    };
    for (name, archive, kind) in [
        ("a.csv.gz", gzip(text.as_bytes()), "gzip"),
        ("a.csv.zst", zstd(text.as_bytes()), "zstd"),
    ] {
        let cut = of(name, &archive[..archive.len() * 2 / 3]);
        let (place, message) = cut.split_once(": ").unwrap();
        let row: u64 = place.rsplit(':').next().unwrap().parse().unwrap();
        assert!((1_000..200_002).contains(&row), "{cut}");
        let expected = format!("is cut off: the {kind} archive ends in the middle; fetch it again");
        assert_eq!(message, expected);
        let mut damaged = archive.clone();
        let middle = damaged.len() / 2;
        damaged[middle..middle + 64].fill(0xA5);
        let damaged = of(name, &damaged);
        let expected = format!("is damaged: the {kind} archive cannot be unpacked from here on");
        assert!(damaged.ends_with(&expected), "{damaged}");
        let garbage = of(name, b"nothing like it");
        assert_eq!(
            garbage,
            format!("{name}: is no {kind} archive, though its name says so")
        );
        assert_eq!(of(name, b""), format!("{name}: is empty"));
        let behind = of(
            name,
            &[&archive[..], b"and something that is no archive"].concat(),
        );
        assert!(behind.ends_with(&expected), "{behind}");
    }
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
    let expected = "b.csv.gz:1: is a Git LFS pointer, not the trace itself: fetch it with \
                    `git lfs pull`";
    assert_eq!(of("b.csv.gz", pointer), expected);
}

#[test]
fn a_table_that_is_there_twice_is_a_fault() {
    let dir = scratch("packed-twice");
    let table = b"HashOwner,HashApp,HashFunction,Trigger,1\no,a,f,http,1\n";
    let name = "invocations_per_function_md.anon.d01.csv";
    fs::write(dir.join(name), table).unwrap();
    fs::write(dir.join(format!("{name}.gz")), gzip(table)).unwrap();
    assert_eq!(
        faults(&azure_2019(&dir, Spread::Uniform)),
        [format!(
            "{name}.gz: is the same table as `{name}`: remove one of them"
        )]
    );
}

#[test]
fn paths_are_told_apart() {
    let dir = scratch("detect");
    let detect = |name: &str, text: &str| {
        let file = dir.join(name);
        fs::write(&file, text).unwrap();
        TraceSpec::detect(&file)
    };
    let calls = detect("calls.csv", "function,arrival_s\na,1\n");
    assert!(matches!(calls, Ok(TraceSpec::Requests { .. })));
    let rows = detect("rows.csv", "app,func,end_timestamp,duration\na,f,2,1\n");
    assert!(matches!(rows, Ok(TraceSpec::Azure2021 { .. })));
    let folder = TraceSpec::detect(&dir);
    assert!(matches!(folder, Ok(TraceSpec::Azure2019 { .. })));
    assert!(detect("empty.csv", "").is_err());
    assert!(TraceSpec::detect(&dir.join("absent")).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_damage_to_an_archive_makes_a_reader_panic(
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<bool>(),
        kind in any::<bool>(),
    ) {
        let mut bytes = if kind { gzip(CALLS.as_bytes()) } else { zstd(CALLS.as_bytes()) };
        let place = place.index(bytes.len());
        bytes[place] ^= byte;
        if cut {
            bytes.truncate(place);
        }
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packed-mutated");
        fs::create_dir_all(&dir).unwrap();
        let file = dir.join("calls.csv");
        fs::write(&file, bytes).unwrap();
        let _ = Trace::open(&requests(&file));
    }
}
