//! Quantiles against sorted samples, intervals against known values and by their coverage.

mod histogram;
mod intervals;

/// Asserts |got − want| ≤ relative·|want|.
#[track_caller]
fn near(got: f64, want: f64, relative: f64) {
    let error = (got - want).abs();
    assert!(
        error <= relative * want.abs() + 1e-300,
        "got {got:e}, want {want:e}"
    );
}
