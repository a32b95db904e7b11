//! How requests are spread over apps: the curve of the release, made to fit a total.

/// Apps of the release.
const APPS: f64 = 24_274.0;

/// Days of the release.
const DAYS: f64 = 14.0;

/// (rank, requests in 14 days) of apps in falling order; between them requests are a power of the
/// rank. The first five, and 76,295 at rank 2,278, are counted from the release (an analysis in
/// github.com/Jay3404/network, week 1). The values at 20, 100 and 500 are fitted to shares counted
/// there: the first 20 apps make 57.59 % of all requests, 100 apps 78.45 %, 500 apps 93.77 %. At
/// 18.6 % of the apps there is a request a minute, at 55 % one an hour (Shahrad et al., ATC'20,
/// figure 5). That the last app has a single one is an assumption.
const CURVE: [(f64, f64); 12] = [
    (1.0, 1_800_297_327.0),
    (2.0, 1_303_897_114.0),
    (3.0, 908_443_266.0),
    (4.0, 644_038_364.0),
    (5.0, 251_016_433.0),
    (20.0, 1.1e8),
    (100.0, 1.2e7),
    (500.0, 2.2e6),
    (2_278.0, 76_295.0),
    (0.186 * APPS, 20_160.0),
    (0.55 * APPS, 336.0),
    (APPS, 1.0),
];

/// Requests a day of the app at a place between 0 (the most popular) and 1.
pub(super) fn requests_a_day(place: f64) -> f64 {
    let rank = (0.5 + place * APPS).clamp(1.0, APPS);
    let above = CURVE.partition_point(|(at, _)| *at < rank);
    let above = above.clamp(1, CURVE.len() - 1);
    let ((rank_0, requests_0), (rank_1, requests_1)) = (CURVE[above - 1], CURVE[above]);
    let exponent = (requests_1 / requests_0).ln() / (rank_1 / rank_0).ln();
    requests_0 * (rank / rank_0).powf(exponent) / DAYS
}

/// Changes expected numbers of requests so that they add up to a total, and none is below 1. What
/// is above `line` (a request a minute) is stretched towards or away from it, so that how many are
/// above it stays as published; only where that cannot do are all multiplied. False where the total
/// is below one each.
pub(super) fn fit(expected: &mut [f64], line: f64, total: f64) -> bool {
    const MOST_STRETCHED: f64 = 2.0;
    if total < expected.len() as f64 {
        return false;
    }
    let stretch = |value: f64, power: f64| {
        if value > line {
            line * (value / line).powf(power)
        } else {
            value.max(1.0)
        }
    };
    let multiply = |value: f64, factor: f64| (value * factor).max(1.0);
    let sum =
        |change: &dyn Fn(f64) -> f64| expected.iter().map(|value| change(*value)).sum::<f64>();
    let stretched = |power: f64| sum(&|value| stretch(value, power));
    if (stretched(0.0)..stretched(MOST_STRETCHED)).contains(&total) {
        let power = solve(stretched, total, 0.0, MOST_STRETCHED);
        for value in expected {
            *value = stretch(*value, power);
        }
    } else {
        let multiplied = |log: f64| sum(&|value| multiply(value, log.exp()));
        let factor = solve(multiplied, total, -50.0, 50.0).exp();
        for value in expected {
            *value = multiply(*value, factor);
        }
    }
    true
}

/// Where a rising function has a value, by halving.
fn solve(rising: impl Fn(f64) -> f64, value: f64, mut low: f64, mut high: f64) -> f64 {
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if rising(middle) < value {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// Whole numbers, none below 1, that add up to `total`; each within 1 of what is expected but the
/// largest, which takes what rounding leaves.
pub(super) fn whole(expected: &[f64], total: u64) -> Vec<u64> {
    let (mut before, mut rounded) = (0.0, 0_u64);
    let mut whole: Vec<u64> = expected
        .iter()
        .map(|value| {
            before += value - 1.0;
            let next = before.round().max(0.0) as u64;
            1 + next - std::mem::replace(&mut rounded, next)
        })
        .collect();
    let sum: u64 = whole.iter().sum();
    if let Some(most) = whole.iter_mut().max() {
        *most = (*most + total).saturating_sub(sum).max(1);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release() -> Vec<f64> {
        let places = (0..24_274).map(|rank| (f64::from(rank) + 0.5) / APPS);
        places.map(|place| requests_a_day(place) * DAYS).collect()
    }

    #[test]
    fn the_curve_is_that_of_the_release() {
        let apps = release();
        assert!(apps.is_sorted_by(|a, b| a >= b));
        let total: f64 = apps.iter().sum();
        // 12,495,810,846 requests, before they are made to fit.
        assert!((total / 12_495_810_846.0 - 1.0).abs() < 0.02, "{total}");
        for (first, share) in [(20, 0.5759), (100, 0.7845), (500, 0.9377), (4_515, 0.996)] {
            let found = apps[..first].iter().sum::<f64>() / total;
            assert!((found - share).abs() < 0.02, "{first}: {found}");
        }
    }

    #[test]
    fn any_total_is_met_exactly() {
        for total in [24_274, 1_000_000, 12_495_810_846, 1_000_000_000_000_000] {
            let mut apps = release();
            assert!(fit(&mut apps, 20_160.0, total as f64));
            let whole = whole(&apps, total);
            assert_eq!(whole.iter().sum::<u64>(), total);
            assert!(whole.iter().all(|requests| *requests > 0));
        }
        assert!(!fit(&mut [1.0; 10], 20_160.0, 9.0));
        let mut one = [3.0];
        assert!(fit(&mut one, 1_440.0, 1e6));
        assert_eq!(whole(&one, 1_000_000), [1_000_000]);
    }
}
