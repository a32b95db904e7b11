//! V9 to V9c, the passage behind them against an independent method, and twenty measured
//! experiments.

use frostline::theory::lifo::LifoLoad;
use frostline::theory::passage::Passage;

use super::{all_near, near, rows};

fn load(rate_per_s: f64, mean_service_s: f64) -> LifoLoad {
    LifoLoad {
        rate_per_s,
        mean_service_s,
    }
}

#[test]
fn v9_fixed_keep_alive() {
    for [rate, service, d, cold, idle, instances, life] in rows(
        "0.01 1 600 | 0.01174771518 1.045022455 1.055022455 8980.660817
         0.1 2 60 | 0.07613310554 1.482310015 1.682310015 220.9695774
         1 1 2 | 0.323377697 1.090663042 2.090663042 6.465081116
         1 1 10 | 0.0773738269 2.278075407 3.278075407 42.36672191
         5 1 5 | 0.05828595026 4.086101941 9.086101941 31.17767455
         10 0.5 20 | 0.0062099616 6.94910053 11.94910053 192.4182676
         0.9 1.991 600 | 0.001329306649 5.900033508 7.691933508 6429.361345
         20 1 1 | 0.1046994775 4.294048979 24.29404898 11.60180048
         50 1 30 | 0.002250215713 19.99156599 69.99156599 622.0876122
         100 2 600 | 7.932277244e-05 52.1690115 252.1690115 31790.24179",
    ) {
        let pool = load(rate, service).fixed(d);
        all_near(
            &[
                pool.cold_ratio,
                pool.idle_mean,
                pool.instances_mean(),
                pool.instance_life_s_mean,
            ],
            &[cold, idle, instances, life],
        );
    }
}

/// The same sums by another road: f(k) = λ/(λ + s + (k−1)μ(1 − f(k−1))), the transform of T(k),
/// inverted along Talbot's contour with 50 digits. Heavier loads than the table has.
#[test]
fn v9_agrees_with_inverted_transforms() {
    for [rate, service, d, cold, idle] in rows(
        "20 1 1 | 0.10469947752764 4.2940489788838
         0.9 1.991 600 | 0.0013293066491828 5.9000335076855
         5 1 86400 | 1.755181441536e-6 14.089341935801
         100 2 600 | 7.9322772440548e-5 52.169011500956
         300 2 3600 | 6.310542537154e-6 102.5887734093",
    ) {
        let pool = load(rate, service).fixed(d);
        println!(
            "{:e} {:e}",
            pool.cold_ratio / cold - 1.0,
            pool.idle_mean / idle - 1.0
        );
        near(pool.cold_ratio, cold, 1e-12);
        near(pool.idle_mean, idle, 1e-12);
    }
}

#[test]
fn v9b_floor() {
    for [rate, service, d, floor, cold, idle, instances] in rows(
        "2 1 5 0 | 0.09969984652 2.531241282 4.531241282
         2 1 5 3 | 0.08632905646 2.581254841 4.581254841
         2 1 5 6 | 0.0104054458 4.116451326 6.116451326
         5 1 4 6 | 0.06591611239 3.805387436 8.805387436
         0.9 1.991 600 4 | 0.001329306649 5.900033508 7.691933508",
    ) {
        let pool = load(rate, service).with_floor(d, floor as u32);
        all_near(
            &[pool.cold_ratio, pool.idle_mean, pool.instances_mean()],
            &[cold, idle, instances],
        );
    }
    let wide = load(2.0, 1.0).with_floor(5.0, 1000);
    near(wide.instances_mean(), 1000.0, 1e-12);
}

#[test]
fn v9c_limit() {
    for [rate, service, d, limit, cold, throttle, idle, busy] in rows(
        "5 1 4 6 | 0.008204488208 0.1918472589 1.902621806 4.040763706
         2 1 5 3 | 0.01559960808 0.2105263158 1.362702159 1.578947368
         10 1 2 12 | 0.03341158632 0.1197391884 2.741459802 8.802608116
         1 1 10 1 | 2.269996488e-05 0.5 0.4999773 0.5",
    ) {
        let pool = load(rate, service).with_limit(d, limit as u32);
        all_near(
            &[
                pool.cold_ratio,
                pool.throttle_ratio,
                pool.idle_mean,
                pool.busy_mean,
            ],
            &[cold, throttle, idle, busy],
        );
    }
}

#[test]
fn without_keep_alive_every_request_is_cold() {
    let pool = load(7.0, 3.0).fixed(0.0);
    near(pool.cold_ratio, 1.0, 1e-13);
    near(pool.instance_life_s_mean, 3.0, 1e-13);
    assert!(pool.idle_mean.abs() < 1e-300);
}

#[test]
fn drawn_keep_alive_averages_over_its_points() {
    let traffic = load(5.0, 1.0);
    let one = traffic.with_drawn_keep_alive(&[(3.0, 5.0)]);
    assert_eq!(one, traffic.fixed(5.0));
    let two = traffic.with_drawn_keep_alive(&[(1.0, 2.0), (3.0, 8.0)]);
    let (short, long) = (traffic.fixed(2.0), traffic.fixed(8.0));
    near(
        two.cold_ratio,
        0.25 * short.cold_ratio + 0.75 * long.cold_ratio,
        1e-12,
    );
    near(
        two.idle_mean,
        0.25 * short.idle_mean + 0.75 * long.idle_mean,
        1e-12,
    );
}

/// P(T > t) by uniformisation of the same generator: v ← (I + Q/Λ)·v, weighted by Poisson(Λt).
fn survival_by_uniformisation(rate: f64, service: f64, level: usize, t: f64) -> f64 {
    let death = 1.0 / service;
    let speed = rate + (level as f64 - 1.0) * death;
    let mean = speed * t;
    let mut alive = vec![1.0; level];
    let (mut sum, mut seen, mut n) = (0.0, 0.0, 0.0);
    while seen < 1.0 - 1e-15 && n < mean + 12.0 * mean.sqrt() + 60.0 {
        let weight = frostline::theory::special::poisson_density(n, mean);
        sum += weight * alive[level - 1];
        seen += weight;
        let next: Vec<f64> = (0..level)
            .map(|j| {
                let fall = j as f64 * death;
                let below = if j == 0 { 0.0 } else { fall * alive[j - 1] };
                let above = if j + 1 == level {
                    0.0
                } else {
                    rate * alive[j + 1]
                };
                (below + above + (speed - rate - fall) * alive[j]) / speed
            })
            .collect();
        alive = next;
        n += 1.0;
    }
    sum
}

#[test]
fn passage_agrees_with_uniformisation() {
    for (rate, service, level, t) in [
        (1.0, 1.0, 1, 0.7),
        (1.0, 1.0, 2, 3.0),
        (2.0, 1.0, 9, 5.0),
        (0.1, 2.0, 6, 60.0),
        (50.0, 1.0, 60, 3.0),
        (100.0, 2.0, 240, 5.0),
        (300.0, 2.0, 600, 1.0),
        (300.0, 2.0, 640, 2.0),
    ] {
        let passage = Passage::new(rate, service, level as u32);
        let want = survival_by_uniformisation(rate, service, level, t);
        let got = passage.survival(t);
        assert!(
            (got - want).abs() < 1e-12,
            "{rate} {service} {level} {t}: {got:e} {want:e}"
        );
    }
}

/// The mean passage is 1/(λ·B(k−1, a)); its law at 0 is certain.
#[test]
fn passage_has_the_known_mean() {
    for (rate, service, level) in [(2.0, 1.0, 5_u32), (20.0, 1.0, 25), (300.0, 2.0, 620)] {
        let passage = Passage::new(rate, service, level);
        let blocking = frostline::theory::queues::erlang_b(level - 1, rate * service);
        near(passage.mean_up_to(1e7), 1.0 / (rate * blocking), 1e-9);
        near(passage.survival(0.0), 1.0, 1e-12);
    }
}

/// The second level in closed form: eigenvalues ½(2λ + μ ± √(μ² + 4λμ)).
#[test]
fn second_level_in_closed_form() {
    let (rate, death, t): (f64, f64, f64) = (0.3, 0.7, 4.0);
    let root = (death * death + 4.0 * rate * death).sqrt();
    let (fast, slow) = (
        (2.0 * rate + death + root) / 2.0,
        (2.0 * rate + death - root) / 2.0,
    );
    let weight = (rate - slow) / (fast - slow);
    let want = weight * (-fast * t).exp() + (1.0 - weight) * (-slow * t).exp();
    near(Passage::new(rate, 1.0 / death, 2).survival(t), want, 1e-13);
}

/// Twenty Poisson experiments on AWS Lambda (Mahmoudi and Khazaei, TCC 2020) against V9 with
/// keep-alive 600 s: rate, warm ms, measured P(cold), V9 P(cold), measured instances, V9 instances.
#[test]
fn twenty_lambda_experiments() {
    let table = rows(
        "0.001863137 1955 0.342988 | 0.329391 0.674194 0.678266
         0.002457662 1954.2 0.210828 | 0.23251 0.813505 0.779244
         0.002881641 1952.41 0.145431 | 0.181995 0.779471 0.833148
         0.003453464 1959.83 0.110098 | 0.131683 0.90757 0.888738
         0.004247997 1958.28 0.0794801 | 0.0855762 0.945903 0.943235
         0.005724776 1951.71 0.0382848 | 0.04246 1.0319 1.00525
         0.007850938 1969.64 0.0338214 | 0.0229566 1.12908 1.06004
         0.01638363 1959.43 0.0195526 | 0.0229733 1.2699 1.26203
         0.05011997 1967.13 0.00854213 | 0.0106465 2.11358 2.04047
         0.09987113 1972.59 0.00594912 | 0.00706342 2.7641 2.63804
         0.1003774 1975.89 0.00565849 | 0.00706078 2.8888 2.64548
         0.1980761 1986.14 0.00372428 | 0.00379118 3.71882 3.57561
         0.3017913 1991.68 0.00293949 | 0.00281357 4.42176 4.37171
         0.3974858 1997.78 0.00208464 | 0.00240056 5.045 5.00396
         0.4996728 2006.74 0.00191331 | 0.00198253 5.6942 5.6306
         0.5956058 2002.4 0.00175595 | 0.00178762 6.41938 6.16433
         0.6972661 2012.68 0.00175121 | 0.00158378 6.92772 6.72014
         0.7979431 2015.49 0.0015602 | 0.00145582 7.56394 7.23607
         0.9024594 2016.05 0.00151339 | 0.00133234 7.86984 7.74847
         1.000533 2021.75 0.00130704 | 0.00124534 8.39714 8.22218",
    );
    let (mut cold_error, mut instances_error) = (0.0, 0.0);
    for [rate, warm_ms, cold_seen, cold, instances_seen, instances] in &table {
        let pool = load(*rate, warm_ms / 1000.0).fixed(600.0);
        near(pool.cold_ratio, *cold, 5e-6);
        near(pool.instances_mean(), *instances, 5e-6);
        cold_error += (pool.cold_ratio / cold_seen - 1.0).abs();
        instances_error += (pool.instances_mean() / instances_seen - 1.0).abs();
    }
    let count = table.len() as f64;
    near(cold_error / count, 0.1275, 5e-4);
    near(instances_error / count, 0.0308, 2e-3);
}
