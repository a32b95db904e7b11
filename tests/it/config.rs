//! Configuration: what is right converts, what is wrong is shown, and nothing panics.

use std::fs;
use std::path::{Path, PathBuf};

use frostline::cli;
use frostline::config::{
    Diagnostics, ModelKind, Overrides, SchemaKind, load, load_with_warnings, schema,
};
use frostline::dist::Dist;
use frostline::model::{self, Experiment, RemedyKind};
use frostline::units::{Memory, Span};
use proptest::prelude::*;

/// Whether golden files are written instead of compared.
fn bless() -> bool {
    std::env::var_os("FROSTLINE_BLESS").is_some_and(|value| value == "1")
}

/// Compares with a golden file, or writes it; what differs is told as text.
pub(crate) fn golden(file: &Path, actual: &str) -> Result<(), String> {
    if bless() {
        fs::write(file, actual).expect("a golden file can be written");
        return Ok(());
    }
    let expected = fs::read_to_string(file).unwrap_or_default();
    if expected == actual {
        return Ok(());
    }
    Err(format!(
        "{} is not what came out (FROSTLINE_BLESS=1 takes it over):\n{actual}",
        file.display()
    ))
}

fn toml_files(dir: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    files.retain(|file| file.extension().is_some_and(|e| e == "toml"));
    files.sort();
    files
}

fn set(pairs: &[(&str, &str)]) -> Overrides {
    let set = pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    Overrides {
        set: set.collect(),
        ..Overrides::default()
    }
}

const GOOD: &str = "tests/fixtures/example.toml";

/// The trace of `experiments/azure-2019.toml`, which does not come with the project.
const AZURE_2019: &str = "../shared/data/azure-2019-100";

fn good(overrides: &Overrides) -> Experiment {
    load(Path::new(GOOD), overrides).unwrap_or_else(|faults| panic!("{faults}"))
}

fn faults(overrides: &Overrides) -> Diagnostics {
    load(Path::new(GOOD), overrides).expect_err("this is at fault")
}

#[test]
fn every_wrong_file_is_answered_with_its_text() {
    let files = toml_files("tests/bad-input");
    assert!(files.len() >= 40, "{}", files.len());
    let mut wrong = Vec::new();
    for file in files {
        match load(&file, &Overrides::default()) {
            Ok(_) => wrong.push(format!("{} was taken for right", file.display())),
            Err(faults) => {
                wrong.extend(golden(&file.with_extension("stderr"), &faults.render()).err());
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_path_that_is_no_file_is_told() {
    for (path, title) in [
        (
            "tests/nowhere.toml",
            "tests/nowhere.toml: there is no such file",
        ),
        ("tests", "tests: this is a directory: name a file"),
    ] {
        let faults = load(Path::new(path), &Overrides::default()).unwrap_err();
        assert_eq!(faults.titles().collect::<Vec<_>>(), [title]);
    }
}

#[test]
fn schemas_are_current() {
    let mut wrong = Vec::new();
    for kind in SchemaKind::ALL {
        let file = PathBuf::from(format!("models/schema/{}.json", kind.name()));
        wrong.extend(golden(&file, &schema(kind)).err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_model_and_experiment_of_the_repository_loads() {
    for file in toml_files("experiments") {
        if file.ends_with("azure-2019.toml") && !Path::new(AZURE_2019).is_dir() {
            println!(
                "skipped: {}, its trace {AZURE_2019} is not here",
                file.display()
            );
            continue;
        }
        if let Err(faults) = load(&file, &Overrides::default()) {
            panic!("{faults}");
        }
    }
    for platform in ModelKind::Platform.models() {
        good(&set(&[("platform", platform.name)]));
    }
    for prices in ModelKind::Prices.models() {
        good(&set(&[("platform.prices", prices.name)]));
    }
    for function in ModelKind::Function.models() {
        let overrides = set(&[
            ("function.checkout.model", function.name),
            ("function.checkout.runtime", "java21"),
        ]);
        good(&overrides);
    }
}

#[test]
fn the_example_means_what_it_says() {
    let experiment = good(&Overrides::default());
    assert_eq!(experiment.name, "example");
    assert_eq!((experiment.seed, experiment.replications), (2026, 10));
    let labels: Vec<String> = experiment
        .scenarios
        .iter()
        .map(|scenario| format!("{} {}", scenario.policy, scenario.set[0].1))
        .collect();
    assert_eq!(labels.len(), 15);
    assert_eq!(labels[0], "do nothing 512 MB");
    assert_eq!(labels[14], "snapshot 2 GB");
    let plan = &experiment.scenarios[9].plan;
    assert_eq!(plan.duration, Span::from_whole_secs(7 * 86_400));
    assert_eq!(plan.warm_up, Span::from_whole_secs(3600));
    assert_eq!(plan.functions[0].memory, Memory::from_mb(1024.0));
    assert_eq!(plan.platform.concurrency_quota, Some(1000));
    let [remedy] = plan.remedies.as_slice() else {
        panic!("{:?}", plan.remedies)
    };
    assert_eq!(
        remedy.kind,
        RemedyKind::Snapshot(model::SnapshotAfter::Init.into())
    );
}

#[test]
fn cpu_share_divides_what_the_platform_says_and_no_more() {
    let at = |memory: &str| {
        let overrides = set(&[
            ("platform", "../fixtures/platform.toml"),
            ("function.checkout.memory", memory),
            ("function.checkout.model", "../fixtures/model.toml"),
            (
                "function.checkout.service",
                "{ cpu = \"6 ms\", io = \"30 ms\" }",
            ),
            ("policy.snapshot.snapshot", "[{ functions = [\"check*\"] }]"),
        ]);
        good(&overrides).scenarios[0].plan.functions[0].clone()
    };
    let (half, whole) = (at("884.5 MB"), at("1769 MB"));
    let ms = |dist: &Dist| dist.as_constant().unwrap().millis().round() as u64;
    assert_eq!((ms(&half.service.cpu), ms(&whole.service.cpu)), (12, 6));
    assert_eq!((ms(&half.service.io), ms(&whole.service.io)), (30, 30));
    assert_eq!(
        (ms(&half.start.first_call), ms(&whole.start.first_call)),
        (240, 120)
    );
    assert_eq!((ms(&half.start.init), ms(&whole.start.init)), (600, 600));
    let restored = |function: &model::Function| ms(function.start.first_call_when(true));
    assert_eq!((restored(&half), restored(&whole)), (180, 90));
    assert_eq!(ms(&half.start.sandbox), 60);
    assert_eq!(ms(&half.start.fetch), 150);
    assert_eq!(ms(&half.start.restore), 586);
    assert!(half.init_billed && half.snapshot_billed);
}

#[test]
fn a_function_without_model_starts_in_no_time_but_the_platform_s() {
    let fixture = "tests/fixtures/bare.toml";
    let experiment = load(Path::new(fixture), &Overrides::default()).unwrap();
    assert_eq!(experiment.scenarios.len(), 1);
    let scenario = &experiment.scenarios[0];
    assert_eq!(scenario.policy, "platform as it is");
    let function = &scenario.plan.functions[0];
    assert_eq!(function.memory, Memory::from_mb(128.0));
    assert_eq!(function.runtime, "provided.al2023");
    assert_eq!(function.package, model::Package::Zip(Memory::from_mb(1.0)));
    assert_eq!(
        function.start.sandbox,
        Dist::constant(Span::from_millis(60.0))
    );
    assert!(function.start.init.is_zero() && function.start.first_call.is_zero());
    assert_eq!(
        (function.timeout, function.reserved_concurrency),
        (None, None)
    );
}

#[test]
fn the_date_chooses_the_billing_era_and_the_free_tier_only_counts_when_asked() {
    let fixture = Path::new("tests/fixtures/bare.toml");
    let prices = |pairs: &[(&str, &str)]| {
        let experiment = load(fixture, &set(pairs)).unwrap_or_else(|faults| panic!("{faults}"));
        let plan = &experiment.scenarios[0].plan;
        (plan.platform.prices.clone(), plan.functions[0].init_billed)
    };
    let (newest, _) = prices(&[("function.api.runtime", "python3.12")]);
    let newest = newest.unwrap();
    assert_eq!(newest.billing.init, model::InitBilling::All);
    assert_eq!(newest.free_tier, None);
    assert_eq!(newest.duration[0].up_to, Some(6e9));
    let (older, billed) = prices(&[("date", "2025-07-31"), ("function.api.runtime", "java21")]);
    assert_eq!(older.unwrap().billing.init, model::InitBilling::Unmanaged);
    assert!(!billed);
    let (_, billed) = prices(&[("date", "2025-07-31")]);
    assert!(billed, "a custom runtime's init was always billed");
    let (free, _) = prices(&[("free-tier", "true")]);
    assert!(free.unwrap().free_tier.is_some());
    assert_eq!(prices(&[("platform.prices", "none")]), (None, false));
}

#[test]
fn the_command_line_sets_any_key() {
    let overrides = Overrides {
        seed: Some(7),
        replications: Some(3),
        ..set(&[
            ("duration", "1 day"),
            ("function.checkout.memory", "2 GB"),
            ("policy.ping every 5 min.ping.every", "1 min"),
            ("policy.\"provisioned 1\".provisioned.instances", "4"),
            ("platform.keep-alive", "none"),
            ("platform-override.scaling-rate.instances", "500"),
            ("function.start.init", "2 s"),
            ("function.checkout.reserved-concurrency", "10"),
        ])
    };
    // The key is set, so it is swept no more.
    let experiment = good(&overrides);
    assert_eq!(experiment.scenarios.len(), 5);
    assert_eq!((experiment.seed, experiment.replications), (7, 3));
    let plan = &experiment.scenarios[1].plan;
    assert_eq!(plan.duration, Span::from_whole_secs(86_400));
    assert_eq!(plan.functions[0].memory, Memory::from_mb(2048.0));
    assert_eq!(plan.functions[0].reserved_concurrency, Some(10));
    assert_eq!(
        plan.functions[0].start.init,
        Dist::constant(Span::from_whole_secs(2))
    );
    assert_eq!(plan.platform.keep_alive, model::KeepAlive::Never);
    let rate = plan.platform.scaling_rate.unwrap();
    assert_eq!(
        (rate.instances, rate.every),
        (500, Span::from_whole_secs(10))
    );
    let RemedyKind::Ping(ping) = &plan.remedies[0].kind else {
        panic!("{:?}", plan.remedies)
    };
    assert_eq!(ping.every, Span::from_whole_secs(60));
    let provisioned = &experiment.scenarios[2].plan.remedies[0].kind;
    let four = RemedyKind::Provisioned(model::Provisioned::Constant(4));
    assert_eq!(*provisioned, four);
}

#[test]
fn every_key_can_be_swept() {
    for (key, values) in [
        ("duration", "[\"1 day\", \"2 days\"]"),
        (
            "platform.keep-alive",
            "[\"5 min\", { uniform = { min = \"5 min\", max = \"7 min\" } }]",
        ),
        ("platform-override.routing", "[\"random\", \"oldest\"]"),
        (
            "function.checkout.arrivals.poisson.rate",
            "[\"1 / h\", \"2 / h\"]",
        ),
        (
            "function.checkout.arrivals",
            "[{ every = \"5 min\" }, { every = \"6 min\" }]",
        ),
        ("policy.ping every 5 min.ping.hold", "[\"0 s\", \"75 ms\"]"),
        ("date", "[\"2021-01-01\", 2026-01-01]"),
    ] {
        let text = fs::read_to_string(GOOD).unwrap();
        let (before, _) = text.split_once("[sweep]").unwrap();
        let file = PathBuf::from(format!("{}/swept.toml", env!("CARGO_TARGET_TMPDIR")));
        fs::write(&file, format!("{before}[sweep]\n'{key}' = {values}\n")).unwrap();
        let experiment = load(&file, &Overrides::default()).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(experiment.scenarios.len(), 10, "{key}");
        assert_eq!(experiment.scenarios[0].set[0].0, key);
    }
}

#[test]
fn swept_values_are_called_by_their_names() {
    let names_of = |sweep: &str| {
        let text = fs::read_to_string(GOOD).unwrap();
        let (before, _) = text.split_once("[sweep]").unwrap();
        let file = PathBuf::from(format!("{}/named.toml", env!("CARGO_TARGET_TMPDIR")));
        fs::write(&file, format!("{before}{sweep}")).unwrap();
        let experiment = load(&file, &Overrides::default()).unwrap_or_else(|e| panic!("{e}"));
        let scenarios = experiment.scenarios.into_iter().step_by(5);
        let names = scenarios.map(|s| (s.set[0].1.clone(), s.plan.functions[0].memory.to_string()));
        names.collect::<Vec<_>>()
    };
    let expected = [("small", "512 MB"), ("2 GB!", "2 GB")];
    let expected = expected.map(|(name, memory)| (name.to_owned(), memory.to_owned()));
    for sweep in [
        "[sweep]\n'function.checkout.memory' = { small = '512 MB', '2 GB!' = '2 GB' }",
        "[sweep.'function.checkout.memory']\nsmall = '512 MB'\n'2 GB!' = '2 GB'",
        "[sweep]\n'function.memory' = { small = '512 MB', '2 GB!' = '2 GB' }",
    ] {
        assert_eq!(names_of(sweep), expected, "{sweep}");
    }
    // Parts of a key may be tables too, as long as a list ends them.
    let parts = "[sweep.function.checkout]\nmemory = ['512 MB', '2 GB']";
    assert_eq!(names_of(parts)[1].0, "2 GB");
}

#[test]
fn wrong_values_of_the_command_line_are_shown_there() {
    let overrides = Overrides {
        replications: Some(0),
        ..set(&[
            ("duratoin", "1 day"),
            ("duration", "5"),
            ("function.chekout.memory", "1 GB"),
            ("function.checkout.service", "{ lognormal = "),
            ("policy.snapshot.snapshot.after", "never"),
            ("platform.routing", "fastest"),
            ("", "x"),
        ])
    };
    let actual = faults(&overrides).render();
    golden(Path::new("tests/bad-input/command-line.stderr"), &actual).unwrap();
}

#[test]
fn what_is_doubtful_is_told_without_being_an_error() {
    let (_, warnings) = load_with_warnings(Path::new(GOOD), &Overrides::default())
        .unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(warnings.errors(), 0);
    golden(
        Path::new("tests/fixtures/example.warnings"),
        &warnings.render(),
    )
    .unwrap();
}

#[test]
fn requests_outside_the_measured_time_are_told() {
    let files = toml_files("tests/doubtful");
    assert!(files.len() >= 5, "{}", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let (_, warnings) = load_with_warnings(&file, &Overrides::default())
            .unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(warnings.errors(), 0);
        wrong.extend(golden(&file.with_extension("warnings"), &warnings.render()).err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_replication_of_bursts_that_end_is_doubtful() {
    let file = Path::new("tests/fixtures/transient.toml");
    let warnings = |overrides: &Overrides| {
        let loaded = load_with_warnings(file, overrides).unwrap_or_else(|e| panic!("{e}"));
        loaded.1
    };
    let golden_file = file.with_extension("warnings");
    golden(&golden_file, &warnings(&Overrides::default()).render()).unwrap();
    assert!(warnings(&set(&[("replications", "2")])).is_empty());
}

#[test]
fn a_runtime_by_an_unknown_name_is_doubtful() {
    let warnings = |runtime: &str| {
        let (_, warnings) = load_with_warnings(
            Path::new("tests/fixtures/transient.toml"),
            &set(&[("function.runtime", runtime), ("replications", "2")]),
        )
        .unwrap_or_else(|e| panic!("{e}"));
        warnings.render()
    };
    let warned = warnings("pyhton3.12");
    for part in [
        "warning: no runtime is known by the name `pyhton3.12`",
        "did you mean `python3.12`?",
    ] {
        assert!(warned.contains(part), "{warned}");
    }
    assert!(warnings("0 s").contains("no runtime is known by the name `0 s`"));
    for known in [
        "python3.12",
        "java8.al2",
        "provided.al2023",
        "dotnetcore3.1",
    ] {
        assert_eq!(warnings(known), "\n");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_without_end_is_not_read_to_its_end() {
    let faults = load(Path::new("/dev/zero"), &Overrides::default()).unwrap_err();
    let title = "/dev/zero: the file is larger than 16 MB, which no experiment or model is";
    assert_eq!(faults.titles().collect::<Vec<_>>(), [title]);
}

#[test]
fn a_long_text_is_not_told_in_full() {
    let long = "x".repeat(100_000);
    let told = faults(&set(&[("duration", &long), ("platform", &long)])).render();
    assert!(told.len() < 10_000, "{}", told.len());
}

#[test]
fn models_are_listed_and_shown() {
    let all = cli::models::list(None).unwrap();
    for kind in ModelKind::ALL {
        for model in kind.models() {
            assert!(all.contains(model.name), "{all}");
            assert_eq!(cli::models::show(model.name).unwrap(), model.text);
        }
    }
    assert_eq!(
        cli::models::list(Some("platform")).unwrap_err(),
        "there is no kind of model `platform`: did you mean `platforms`? There are platforms, \
         functions, prices."
    );
    assert!(
        cli::models::show("aws-lamda")
            .unwrap_err()
            .contains("`aws-lambda`")
    );
    assert!(
        cli::schema::schema(Some("price"))
            .unwrap_err()
            .contains("`prices`")
    );
    assert_eq!(
        cli::schema::schema(None).unwrap(),
        schema(SchemaKind::Experiment)
    );
}

/// Writes a file and reads it as an experiment: whatever is in it, there is an answer, and the
/// answer can be shown.
fn answer(name: &str, bytes: &[u8]) {
    let file = PathBuf::from(format!("{}/{name}.toml", env!("CARGO_TARGET_TMPDIR")));
    fs::write(&file, bytes).expect("the scratch directory can be written");
    match load_with_warnings(&file, &Overrides::default()) {
        Ok((experiment, warnings)) => {
            assert!(!experiment.scenarios.is_empty());
            let _ = warnings.render();
        }
        Err(faults) => {
            assert!(faults.errors() > 0);
            assert!(faults.render().contains("error: "));
        }
    }
}

/// Pieces of TOML and of values at the edges of what is allowed.
const PIECES: [&str; 24] = [
    "",
    "\"",
    "'",
    "[",
    "]",
    "{",
    "}",
    "=",
    ".",
    "\n",
    "#",
    "0",
    "-1",
    "nan",
    "1e400",
    "\"0 s\"",
    "\"1e300 s\"",
    "\"9e9 GB\"",
    "[[function]]",
    "[sweep]",
    "é",
    "\u{0}",
    "99999999999999999999",
    "{ lognormal = { median = \"0 s\", p99 = \"1e9 s\" } }",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_get_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        answer("bytes", &bytes);
    }

    #[test]
    fn any_damage_to_a_good_file_gets_an_answer(
        cuts in proptest::collection::vec((0.0..1.0_f64, 0..12_usize, 0..PIECES.len()), 1..6),
    ) {
        let mut text = fs::read(GOOD).unwrap();
        for (at, length, piece) in cuts {
            let at = (at * text.len() as f64) as usize;
            let end = (at + length).min(text.len());
            text.splice(at..end, PIECES[piece].bytes());
        }
        answer("damaged", &text);
    }

    #[test]
    fn any_value_for_any_key_gets_an_answer(
        key in "[a-z\\-]{1,12}(\\.[a-z \"'\\-]{0,12}){0,4}",
        value in ".{0,30}",
    ) {
        if let Err(faults) = load(Path::new(GOOD), &set(&[(&key, &value)])) {
            prop_assert!(faults.render().contains("error: "));
        }
    }

    #[test]
    fn any_value_for_a_known_key_gets_an_answer(
        key in prop::sample::select(vec![
            "duration", "warm-up", "seed", "replications", "date", "platform", "free-tier",
            "function.checkout.memory", "function.checkout.service", "function.checkout.arrivals",
            "function.checkout.start", "function.checkout.start.init", "function.checkout.model",
            "policy.snapshot.snapshot", "policy.ping every 5 min.ping", "platform.keep-alive",
            "platform.cpu", "platform.cpu.max-vcpus", "platform.cpu.one-vcpu-at",
            "platform.start.bandwidth", "platform.limits", "workload", "defaults", "sweep",
            "function", "policy", "function.checkout", "function.checkout.name", "start",
            "policy.provisioned 1.provisioned.schedule", "platform.provisioned.recycle",
            "platform.snapshot.tiers", "platform.provisioned.eras",
        ]),
        value in prop::sample::select(vec![
            "0", "1", "-1", "1e-300", "1e300", "\"\"", "none", "for-ever", "1 B", "1e-9 B / s",
            "1e18 GB", "0 s", "1 ns", "570 years", "200000 days", "[]", "[[]]", "{}", "[{}]", "true",
            "2026-01-01", "{ poisson = { rate = \"1e300 / s\" } }", "{ every = \"1 ns\" }",
            "{ schedule = { cron = \"* * * * *\" } }", "{ cron = \"rate(1 day)\", instances = 0 }",
            "{ renewal = \"1 ns\" }", "{ constant = \"200000 days\" }",
            "{ lognormal = { mean = \"200000 days\", cv = 1e300 } }",
            "{ weibull = { mean = \"1 ns\", shape = 0.05 } }",
            "{ mixture = [{ weight = 1e308, of = \"1 s\" }, { weight = 1e308, of = \"2 s\" }] }",
        ]),
    ) {
        if let Err(faults) = load(Path::new(GOOD), &set(&[(key, value)])) {
            prop_assert!(faults.render().contains("error: "));
        }
    }
}

#[test]
fn a_trace_makes_functions() {
    let file = Path::new("tests/fixtures/traced.toml");
    let experiment = load(file, &Overrides::default()).unwrap_or_else(|faults| panic!("{faults}"));
    let plan = &experiment.scenarios[0].plan;
    let names: Vec<&str> = plan.functions.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["batch", "api-users", "api-orders"]);
    // The experiment's own key wins over the trace, which wins over the default.
    assert_eq!(plan.functions[0].memory, Memory::from_mb(1024.0));
    assert_eq!(plan.functions[1].memory, Memory::from_mb(256.0));
    assert_eq!(plan.remedies[0].functions.len(), 2);
}

/// What is wrong with a value of the command line is shown there, not where the file has another.
#[test]
fn a_file_that_the_command_line_names_is_missed_on_the_command_line() {
    let traced = Path::new("tests/fixtures/traced.toml");
    for (key, value, column) in [
        ("workload.requests.file", "\"nowhere.csv\"", 30),
        ("workload.requests", "{ file = \"nowhere.csv\" }", 34),
        ("defaults.bogus", "1", 7),
    ] {
        let Err(faults) = load(traced, &set(&[(key, value)])) else {
            panic!("{key}={value} was taken for right");
        };
        let told = faults.render();
        let place = format!("--> command line:1:{column}\n");
        assert!(told.contains(&place), "{told}");
        assert!(!told.contains("traced.toml:6:"), "{told}");
    }
}
