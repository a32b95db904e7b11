//! The validation sheet, one test a group.

use frostline::validate::{self, Options};

fn passes(id: &str) {
    let options = Options {
        filter: Some(id.to_owned()),
        ..Options::default()
    };
    let report = validate::run(&options, &|_| ());
    assert_eq!(report.groups.len(), 1, "{id}");
    assert!(report.passed(), "\n{}", validate::table(&report));
}

macro_rules! groups {
    ($($name:ident: $id:literal;)*) => {
        $(#[test] fn $name() { passes($id); })*
    };
}

groups! {
    little: "V1";
    loss: "V2";
    queue: "V3";
    bounded_queue: "V3b";
    single_instance: "V3c";
}
