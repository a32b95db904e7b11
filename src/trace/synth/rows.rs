//! Rows of the three tables, as the release writes them.

use std::io::Write as _;

use super::population::{App, Function, normal};
use crate::dist::{exponential, uniform};
use crate::random::Stream;

pub(super) fn requests_header(minutes: usize) -> Vec<u8> {
    let mut text = b"HashOwner,HashApp,HashFunction,Trigger".to_vec();
    for minute in 1..=minutes {
        text.push(b',');
        push(minute as u64, &mut text);
    }
    text.push(b'\n');
    text
}

pub(super) const DURATIONS_HEADER: &[u8] =
    b"HashOwner,HashApp,HashFunction,Average,Count,Minimum,Maximum,percentile_Average_0,\
      percentile_Average_1,percentile_Average_25,percentile_Average_50,percentile_Average_75,\
      percentile_Average_99,percentile_Average_100\n";

pub(super) const MEMORY_HEADER: &[u8] =
    b"HashOwner,HashApp,SampleCount,AverageAllocatedMb,AverageAllocatedMb_pct1,\
      AverageAllocatedMb_pct5,AverageAllocatedMb_pct25,AverageAllocatedMb_pct50,\
      AverageAllocatedMb_pct75,AverageAllocatedMb_pct95,AverageAllocatedMb_pct99,\
      AverageAllocatedMb_pct100\n";

/// Spread of the logarithm of one function's executions: an assumption, less than the spread of
/// all functions.
const WITHIN: f64 = 0.85;

/// No execution is longer, in seconds: an assumption.
const LONGEST: f64 = 7_200.0;

pub(super) fn requests(app: &App, function: &Function, counts: &[u32], text: &mut Vec<u8>) {
    names(app, function, text);
    text.extend_from_slice(function.trigger.name().as_bytes());
    for count in counts {
        if *count == 0 {
            text.extend_from_slice(b",0");
        } else {
            text.push(b',');
            push(u64::from(*count), text);
        }
    }
    text.push(b'\n');
}

/// Lengths in ms, whole as in the release, at the percentiles of a lognormal.
pub(super) fn durations(
    app: &App,
    function: &Function,
    requests: u64,
    stream: &mut Stream,
    text: &mut Vec<u8>,
) {
    // Standard normal quantiles of 1, 25, 50, 75, 99 %.
    const Z: [f64; 5] = [-2.326, -0.674, 0.0, 0.674, 2.326];
    names(app, function, text);
    let mu = function.average.ln() - WITHIN * WITHIN / 2.0;
    let at = |z: f64| ((mu + WITHIN * z).exp().min(LONGEST) * 1e3).round() as u64;
    // Beyond the 1st and 99th percentile by an exponential tail.
    let least = at(Z[0] - 0.3 * exponential(stream));
    let most = at(Z[4] + 0.3 * exponential(stream));
    push((function.average * 1e3).round() as u64, text);
    text.push(b',');
    push(requests, text);
    // Writing to a vector cannot fail.
    let _ = write!(text, ",{least}.0,{most}.0,");
    push(least, text);
    for z in Z {
        text.push(b',');
        push(at(z), text);
    }
    text.push(b',');
    push(most, text);
    text.push(b'\n');
}

/// Memory in MB, with a tenth of the average as spread: an assumption.
pub(super) fn memory(app: &App, stream: &mut Stream, text: &mut Vec<u8>) {
    // Standard normal quantiles of 1, 5, 25, 50, 75, 95, 99 %, and a maximum.
    const Z: [f64; 8] = [-2.326, -1.645, -0.674, 0.0, 0.674, 1.645, 2.326, 3.0];
    app.owner.write(text);
    text.push(b',');
    app.hash.write(text);
    text.push(b',');
    push(100 + (uniform(stream) * 1_000.0) as u64, text);
    text.push(b',');
    // From day to day by a hundredth.
    let average = app.memory * (1.0 + 0.01 * normal(stream));
    push(average.round().max(1.0) as u64, text);
    for z in Z {
        text.push(b',');
        push((average * (1.0 + 0.1 * z)).round().max(1.0) as u64, text);
    }
    text.push(b'\n');
}

fn names(app: &App, function: &Function, text: &mut Vec<u8>) {
    for hash in [app.owner, app.hash, function.hash] {
        hash.write(text);
        text.push(b',');
    }
}

/// A number in decimal.
fn push(mut number: u64, text: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    text.extend_from_slice(&digits[first..]);
}
