//! The histogram beside a sorted vector.

use frostline::stats::histogram::{Histogram, Joint};
use proptest::collection::vec;
use proptest::prelude::*;

fn histogram(values: &[u64]) -> Histogram {
    let mut histogram = Histogram::new();
    for &value in values {
        histogram.record(value);
    }
    histogram
}

/// Every magnitude alike, with the ends and repeated values.
fn values() -> impl Strategy<Value = Vec<u64>> {
    let value = prop_oneof![
        8 => (0_u32..64, any::<u64>()).prop_map(|(shift, bits)| bits >> shift),
        1 => Just(0),
        1 => Just(u64::MAX),
        2 => Just(80_000_000),
        2 => 0_u64..300,
    ];
    vec(value, 1..200)
}

/// The ⌈q·n⌉-th least value, in whole numbers: q = permille / 1000.
fn nearest_rank(sorted: &[u64], permille: usize) -> u64 {
    sorted[(permille * sorted.len()).div_ceil(1000).max(1) - 1]
}

proptest! {
    #[test]
    fn quantiles_are_within_a_percent(values in values(), permille in 0_usize..=1000) {
        let histogram = histogram(&values);
        let mut sorted = values;
        sorted.sort_unstable();
        let want = nearest_rank(&sorted, permille);
        let got = histogram.quantile(permille as f64 / 1000.0).unwrap();
        let error = got.abs_diff(want);
        prop_assert!(u128::from(error) * 128 <= u128::from(want), "got {got}, want {want}");
        if want < 128 {
            prop_assert_eq!(got, want);
        }
    }

    #[test]
    fn ends_count_and_sum_are_exact(values in values()) {
        let histogram = histogram(&values);
        prop_assert_eq!(histogram.count(), values.len() as u64);
        prop_assert_eq!(histogram.sum(), values.iter().map(|v| u128::from(*v)).sum::<u128>());
        prop_assert_eq!(histogram.min(), values.iter().min().copied());
        prop_assert_eq!(histogram.max(), values.iter().max().copied());
        prop_assert_eq!(histogram.quantile(0.0), histogram.min());
        prop_assert_eq!(histogram.quantile(1.0), histogram.max());
    }

    #[test]
    fn two_histograms_and_zeros_are_read_as_one(
        left in values(),
        right in values(),
        zeros in 0_u64..500,
    ) {
        let (left, right) = (histogram(&left), histogram(&right));
        let joint = Joint::new([&left, &right], zeros);
        let all = joint.histogram();
        let mut recorded = left.clone();
        recorded.merge(&right);
        recorded.record_n(0, zeros);
        prop_assert_eq!(&all, &recorded);
        prop_assert_eq!((joint.count(), joint.mean()), (all.count(), all.mean()));
        for permille in 0..=1000 {
            let q = f64::from(permille) / 1000.0;
            prop_assert_eq!(joint.quantiles([q]), [all.quantile(q)], "{}", q);
        }
        let qs = [0.01, 0.5, 0.5, 0.9, 0.999, 1.0];
        prop_assert_eq!(joint.quantiles(qs), qs.map(|q| all.quantile(q)));
    }

    #[test]
    fn merging_is_recording_all(left in values(), right in values()) {
        let mut merged = histogram(&left);
        merged.merge(&histogram(&right));
        let all = [left, right].concat();
        prop_assert_eq!(&merged, &histogram(&all));
    }

    #[test]
    fn buckets_partition_the_values(values in values()) {
        let histogram = histogram(&values);
        let mut counted = 0;
        let mut above: Option<u64> = None;
        for bucket in histogram.buckets() {
            prop_assert!(above.is_none_or(|end| bucket.lower > end));
            let inside = |v: &&u64| (bucket.lower..=bucket.upper).contains(*v);
            prop_assert_eq!(values.iter().filter(inside).count() as u64, bucket.count);
            counted += bucket.count;
            above = Some(bucket.upper);
        }
        prop_assert_eq!(counted, histogram.count());
    }

    #[test]
    fn many_at_once_is_one_by_one(value in any::<u64>(), times in 0_u64..50) {
        let mut at_once = Histogram::new();
        at_once.record_n(value, times);
        prop_assert_eq!(at_once, histogram(&vec![value; times as usize]));
    }

    #[test]
    fn json_round_trip(values in values()) {
        let histogram = histogram(&values);
        let text = serde_json::to_string(&histogram).unwrap();
        let back: Histogram = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(back, histogram);
    }
}

#[test]
fn empty() {
    let mut empty = Histogram::new();
    assert_eq!(
        (empty.count(), empty.quantile(0.5), empty.mean()),
        (0, None, None)
    );
    assert_eq!((empty.min(), empty.max()), (None, None));
    empty.merge(&Histogram::new());
    let text = serde_json::to_string(&empty).unwrap();
    assert_eq!(serde_json::from_str::<Histogram>(&text).unwrap(), empty);
}

#[test]
fn quantiles_outside_zero_to_one_are_refused() {
    let histogram = histogram(&[1, 2, 3]);
    for q in [-0.1, 1.1, f64::NAN] {
        assert_eq!(histogram.quantile(q), None);
    }
}

/// 0.07 × 100 is 7.000000000000001 in binary; the rank is still 7.
#[test]
fn ranks_forgive_rounding() {
    let histogram = histogram(&(1..=100).collect::<Vec<u64>>());
    assert_eq!(histogram.quantile(0.07), Some(7));
    assert_eq!(histogram.quantile(0.99), Some(99));
    assert_eq!(histogram.quantile(0.5), Some(50));
}

#[test]
fn counts_pass_32_bits() {
    let mut histogram = Histogram::new();
    histogram.record_n(1_000_000, u64::from(u32::MAX) - 1);
    for _ in 0..5 {
        histogram.record(1_000_000);
    }
    histogram.record_n(1_000_000, 3 << 33);
    histogram.record(5);
    let want = u64::from(u32::MAX) + 4 + (3 << 33);
    assert_eq!(histogram.buckets().last().unwrap().count, want);
    assert_eq!(histogram.count(), want + 1);
    let mut twice = histogram.clone();
    twice.merge(&histogram);
    assert_eq!(twice.buckets().last().unwrap().count, 2 * want);
    let text = serde_json::to_string(&twice).unwrap();
    assert_eq!(serde_json::from_str::<Histogram>(&text).unwrap(), twice);
}

#[test]
fn written_form_is_sparse() {
    let text = serde_json::to_string(&histogram(&[7, 7, u64::MAX])).unwrap();
    assert_eq!(
        text,
        concat!(
            r#"{"count":3,"sum_ns":"18446744073709551629","min_ns":7,"max_ns":18446744073709551615,"#,
            r#""buckets_per_octave":64,"buckets":[[7,2],[18302628885633695744,1]]}"#
        )
    );
}

#[test]
fn contradictory_written_forms_are_refused() {
    let text = |count, min, buckets| {
        format!(
            r#"{{"count":{count},"sum_ns":"9","min_ns":{min},"max_ns":1000,
                "buckets_per_octave":64,"buckets":{buckets}}}"#
        )
    };
    let error = |text: String| {
        serde_json::from_str::<Histogram>(&text)
            .unwrap_err()
            .to_string()
    };
    assert!(error(text(3, "7", "[[7,1],[1000,1]]")).contains("hold 2 values, not 3"));
    assert!(error(text(2, "7", "[[7,1],[1001,1]]")).contains("begins at 1001 ns"));
    assert!(error(text(2, "8", "[[7,1],[1000,1]]")).contains("min_ns"));
    assert!(error(text(2, "null", "[[7,1],[1000,1]]")).contains("min_ns"));
    let huge = "[[7,18446744073709551615],[1000,18446744073709551615]]";
    assert!(error(text(2, "7", huge)).contains("64 bits"));
}
