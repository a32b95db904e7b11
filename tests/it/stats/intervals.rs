//! Moments, quantiles of t, intervals.

use frostline::stats::accuracy::mape_percent;
use frostline::stats::intervals::{
    Interval, Sign, mean_interval, paired_difference, total_interval,
};
use frostline::stats::moments::Moments;
use frostline::stats::student::{normal_quantile, student_t_quantile};
use proptest::collection::vec;
use proptest::prelude::*;
use rand::SeedableRng;
use rand_distr::{Distribution, Normal};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::near;

/// 40-digit references (mpmath): degrees, upper tail, t.
const STUDENT: &str = "
    0.5 0.25 1.5537739740300373
    0.5 0.025 164.55767348048853
    0.5 0.0005 411396.46252617139
    0.5 1e-7 10284911563163.4
    1 0.25 1.0
    1 0.025 12.706204736174705
    1 0.0005 636.61924876871962
    1 1e-7 3183098.861837802
    2 0.25 0.81649658092772603
    2 0.025 4.3026527297494639
    2 0.0005 31.599054576443621
    2 1e-7 2236.0676420895791
    3 0.25 0.76489232840434528
    3 0.025 3.1824463052837096
    3 0.0005 12.923978636687483
    3 1e-7 222.57159094719873
    4.5 0.25 0.7328666862359945
    4.5 0.025 2.6589123472044038
    4.5 0.0005 7.580740499372559
    4.5 1e-7 51.912218679417912
    9 0.25 0.70272214675132637
    9 0.025 2.2621571627982055
    9 0.0005 4.7809125859311391
    9 1e-7 14.040718740070065
    29 0.25 0.68304386082161315
    29 0.025 2.0452296421327043
    29 0.0005 3.6594050194663329
    29 1e-7 6.7651601932769703
    100 0.25 0.67695104301147148
    100 0.025 1.9839715185235523
    100 0.0005 3.3904913111642299
    100 1e-7 5.5869004745869027
    1000 0.25 0.67473516460700944
    1000 0.025 1.9623390808264085
    1000 0.0005 3.3002826484239129
    1000 1e-7 5.235998469292347
    99999 0.25 0.6744922035778261
    99999 0.025 1.9599877077718448
    99999 0.0005 3.2906240323849177
    99999 1e-7 5.1997019920093724
    2000000 0.25 0.67448987286356469
    2000000 0.025 1.959965170676375
    2000000 0.0005 3.2905315963637597
    2000000 1e-7 5.1993558014493251
    1000000000 0.25 0.67448975044141667
    1000000000 0.025 1.9599639869123255
    1000000000 0.0005 3.2905267412216255
    1000000000 1e-7 5.1993376186312194
";

#[test]
fn student_t_against_references() {
    let mut seen = 0;
    for line in STUDENT.lines().filter(|line| !line.trim().is_empty()) {
        let cells: Vec<f64> = line
            .split_whitespace()
            .map(|c| c.parse().unwrap())
            .collect();
        let [degrees, tail, want] = cells[..] else {
            panic!("three columns")
        };
        near(-student_t_quantile(tail, degrees), want, 1e-12);
        near(student_t_quantile(1.0 - tail, degrees), want, 1e-8);
        seen += 1;
    }
    assert_eq!(seen, 48);
}

#[test]
fn student_t_at_its_ends() {
    near(
        student_t_quantile(0.975, f64::INFINITY),
        normal_quantile(0.975),
        1e-15,
    );
    assert!(student_t_quantile(0.5, 3.0).abs() < 1e-300);
    assert!(student_t_quantile(1.0, 3.0).is_infinite());
    assert!(student_t_quantile(0.0, 3.0) < 0.0);
    assert!(student_t_quantile(f64::NAN, 3.0).is_nan());
    // The two methods meet.
    near(
        student_t_quantile(0.01, 99_999.9),
        student_t_quantile(0.01, 100_000.0),
        1e-10,
    );
}

#[test]
fn normal_quantile_against_references() {
    for (p, want) in [
        (1e-20, -9.262_340_089_798_408),
        (1e-5, -4.264_890_793_922_825),
        (0.025, -1.959_963_984_540_054_2),
        (0.3, -0.524_400_512_708_040_8),
        (0.9, 1.281_551_565_544_600_5),
        (0.975, 1.959_963_984_540_054_2),
    ] {
        near(normal_quantile(p), want, 1e-13);
    }
}

proptest! {
    #[test]
    fn moments_match_two_passes(values in vec(-1e3..1e3_f64, 2..100), cut in 0_usize..100) {
        let cut = cut.min(values.len());
        let whole: Moments = values.iter().copied().collect();
        let mut merged: Moments = values[..cut].iter().copied().collect();
        merged.merge(&values[cut..].iter().copied().collect());
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
        for moments in [whole, merged] {
            prop_assert_eq!(moments.count(), values.len() as u64);
            prop_assert!((moments.mean().unwrap() - mean).abs() < 1e-10);
            prop_assert!((moments.variance().unwrap() - variance).abs() < 1e-10 * (1.0 + variance));
        }
    }
}

#[test]
fn moments_of_too_few() {
    let mut moments = Moments::new();
    assert_eq!((moments.mean(), moments.variance()), (None, None));
    moments.record(3.0);
    assert_eq!((moments.mean(), moments.variance()), (Some(3.0), None));
}

/// Ten values, mean 5.5, s = 3.02765, t(9) = 2.262157.
#[test]
fn mean_and_total_by_hand() {
    let values: Vec<f64> = (1..=10).map(f64::from).collect();
    let half = 2.262_157_162_798_205_5 * (55.0_f64 / 6.0).sqrt() / 10.0_f64.sqrt();
    let mean = mean_interval(&values, 0.95).unwrap();
    near(mean.mean, 5.5, 1e-15);
    near(mean.half_width(), half, 1e-12);
    let total = total_interval(&values, 0.95).unwrap();
    near(total.mean, 55.0, 1e-15);
    near(total.lo, 55.0 - 10.0 * half, 1e-12);
    assert_eq!(mean_interval(&values[..1], 0.95), None);
    assert_eq!(total_interval(&[], 0.95), None);
}

#[test]
fn pairs_see_what_separate_means_do_not() {
    let before = [10.0, 50.0, 90.0, 30.0, 70.0];
    let after = [11.0, 51.2, 91.1, 30.9, 70.8];
    let difference = paired_difference(&before, &after, 0.95).unwrap();
    near(difference.mean, 1.0, 1e-12);
    assert_eq!(difference.sign(), Sign::Higher);
    assert_eq!(
        paired_difference(&after, &before, 0.95).unwrap().sign(),
        Sign::Lower
    );
    assert_eq!(
        paired_difference(&before, &before, 0.95).unwrap().sign(),
        Sign::Unclear
    );
    assert_eq!(paired_difference(&before, &after[1..], 0.95), None);
}

/// 95 % intervals of 4,000 normal samples cover the mean 95 % of the time, within 4 standard
/// errors, at any sample size.
#[test]
fn intervals_cover() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
    let law = Normal::new(3.0, 2.0).unwrap();
    for size in [2, 5, 30] {
        let trials = 4000;
        let mut covered = (0, 0);
        for _ in 0..trials {
            let sample: Vec<f64> = (0..size).map(|_| law.sample(&mut random)).collect();
            covered.0 += u64::from(mean_interval(&sample, 0.95).unwrap().contains(3.0));
            let total = 3.0 * f64::from(size);
            covered.1 += u64::from(total_interval(&sample, 0.95).unwrap().contains(total));
        }
        let error = (0.95_f64 * 0.05 / f64::from(trials)).sqrt();
        let share = |hits: u64| hits as f64 / f64::from(trials);
        assert!(
            (share(covered.0) - 0.95).abs() < 4.0 * error,
            "{size}: {covered:?}"
        );
        assert!(
            (share(covered.1) - 0.95).abs() < 4.0 * error,
            "{size}: {covered:?}"
        );
    }
}

#[test]
fn mape() {
    near(
        mape_percent(&[100.0, 50.0], &[110.0, 45.0]).unwrap(),
        10.0,
        1e-12,
    );
    assert_eq!(mape_percent(&[0.0], &[1.0]), None);
    assert_eq!(mape_percent(&[], &[]), None);
    assert_eq!(mape_percent(&[1.0], &[1.0, 2.0]), None);
}

#[test]
fn interval_written_form() {
    let text = serde_json::to_string(&Interval {
        mean: 2.0,
        lo: 1.0,
        hi: 3.0,
    })
    .unwrap();
    assert_eq!(text, r#"{"mean":2.0,"lo":1.0,"hi":3.0}"#);
}
