//! Configuration: examples convert, faults are shown.

use std::path::Path;

use frostline::config::{Overrides, load_with_warnings};

#[test]
fn the_example_converts() {
    let result = load_with_warnings(
        Path::new("tests/fixtures/example.toml"),
        &Overrides::default(),
    );
    match result {
        Ok((experiment, warnings)) => {
            println!("{warnings}\n{experiment:#?}");
            assert_eq!(experiment.scenarios.len(), 15);
        }
        Err(e) => panic!("{e}"),
    }
}
