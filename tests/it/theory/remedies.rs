//! V5 to V8, V10 to V13 and V19 to V19b: keep-alive, pings, provisioned, bursts, bills.

use frostline::theory::billing;
use frostline::theory::bursts::{Mmpp2, fixed_batches, geometric_batches, mixed_batches};
use frostline::theory::keep_alive::{self, DrawnKeepAlive};
use frostline::theory::ping::{self, Pings};
use frostline::theory::provisioned::{self, ProvisionedPrices};
use frostline::theory::renewal::{Gap, Window};

use super::{TABLE, all_near, near, rows};

#[test]
fn v5_fixed_keep_alive() {
    for [rate, d, cold, idle, warm, life] in rows(
        "1/600 600 | 0.3678794412 379.2723353 0.6321205588 1030.969097
         1/60 600 | 4.539992976e-05 59.997276 0.9999546001 1321527.948
         1/3600 600 | 0.8464817249 552.6657904 0.1535182751 652.8974863
         1/1200 1200 | 0.3678794412 758.5446706 0.6321205588 2061.938194
         0.004247997 600 | 0.07817556096 217.0021398 0.921824439 2775.830927",
    ) {
        let kept = keep_alive::fixed(rate, d);
        all_near(
            &[
                kept.cold_ratio,
                kept.idle_s,
                kept.mean_warm,
                kept.mean_life_s,
            ],
            &[cold, idle, warm, life],
        );
        near(
            keep_alive::cold_and_alone(rate, 2.0, d),
            cold * (-2.0 * rate).exp(),
            TABLE,
        );
    }
}

#[test]
fn v5_best_keep_alive_is_a_corner() {
    let rate = 0.01;
    for (cold_start_cost, idle_cost) in [(1.0, 0.009), (1.0, 0.011)] {
        let cost = |d| keep_alive::fixed_cost_per_s(rate, d, cold_start_cost, idle_cost);
        let for_ever = keep_alive::keep_for_ever(rate, cold_start_cost, idle_cost);
        for d in [10.0, 100.0, 300.0] {
            assert_eq!(cost(d) < cost(d - 5.0), for_ever);
        }
    }
}

#[test]
fn v5b_drawn_keep_alive() {
    let exponential = rows(
        "1/600 600 | 0.5 300
         1/300 600 | 0.3333333333 200",
    );
    for [rate, mean_s, cold, idle] in exponential {
        let law = DrawnKeepAlive::Exponential { mean_s };
        all_near(&[law.cold_ratio(rate), law.idle_s(rate)], &[cold, idle]);
    }
    let uniform = rows(
        "1/600 300 900 | 0.3834004996 369.9597003
         1/600 1500 3600 | 0.02274464184 586.3532149",
    );
    for [rate, min_s, max_s, cold, idle] in uniform {
        let law = DrawnKeepAlive::Uniform { min_s, max_s };
        all_near(&[law.cold_ratio(rate), law.idle_s(rate)], &[cold, idle]);
    }
    near(keep_alive::DRAWN_COMPETITIVE_RATIO, 1.581_977, 1e-6);
    let steps = 1000;
    let mass: f64 = (0..steps)
        .map(|i| keep_alive::ski_rental_density(60.0, (f64::from(i) + 0.5) * 0.06) * 0.06)
        .sum();
    near(mass, 1.0, 1e-6);
}

#[test]
fn v6_periodic() {
    for [t, warm, cold, d, want] in rows(
        "700 1 3 600 | 1
         600 1 3 600 | 0
         602 1 3 600 | 0.5
         60 2 2.5 600 | 0",
    ) {
        near(
            keep_alive::periodic_cold_ratio(t, warm, cold, d),
            want,
            TABLE,
        );
    }
}

#[test]
fn v7_renewal() {
    let mean_s = 300.0;
    let table = [
        (
            Gap::Weibull { mean_s, shape: 0.5 },
            "600 | 0.1353352832 178.1982451",
        ),
        (
            Gap::Weibull { mean_s, shape: 2.0 },
            "600 | 0.04321391826 296.3433353",
        ),
        (
            Gap::Gamma { mean_s, shape: 0.5 },
            "600 | 0.1572992071 222.6575129",
        ),
        (
            Gap::Gamma { mean_s, shape: 4.0 },
            "600 | 0.04238011199 295.538347",
        ),
        (
            Gap::Lognormal { mean_s, cv: 2.0 },
            "600 | 0.1188629457 210.8056792",
        ),
        (
            Gap::Hyperexponential { mean_s, cv2: 9.0 },
            "600 | 0.06416623228 175.1583509",
        ),
        (
            Gap::Pareto { mean_s, shape: 1.5 },
            "600 | 0.06804138174 218.3503419",
        ),
        (Gap::Constant { mean_s }, "600 | 0 300"),
    ];
    for (gap, row) in table {
        let [[d, cold, idle]] = rows(row)[..] else {
            panic!("one row")
        };
        all_near(&[gap.survival(d), gap.mean_up_to(d)], &[cold, idle]);
    }
}

/// E[min(T,t)] is the integral of the survival: its slope, for every law.
#[test]
fn v7_idle_time_integrates_the_survival() {
    let mean_s = 50.0;
    for gap in [
        Gap::Exponential { mean_s },
        Gap::Weibull { mean_s, shape: 0.7 },
        Gap::Gamma { mean_s, shape: 2.5 },
        Gap::Lognormal { mean_s, cv: 3.0 },
        Gap::Hyperexponential { mean_s, cv2: 5.0 },
        Gap::Pareto { mean_s, shape: 2.5 },
    ] {
        for t in [5.0, 40.0, 200.0] {
            let slope = (gap.mean_up_to(t + 1e-3) - gap.mean_up_to(t - 1e-3)) / 2e-3;
            near(slope, gap.survival(t), 1e-6);
        }
        assert!((mean_s - gap.mean_up_to(1e9)) / mean_s < 1e-4, "{gap:?}");
    }
}

#[test]
fn v8_prewarm_window() {
    let exponential = Gap::Exponential { mean_s: 600.0 };
    let table = [
        (exponential, "300 900 | 0.5288046235 282.7172259"),
        (exponential, "0 900 | 0.2231301601 466.1219039"),
        (
            Gap::Gamma {
                mean_s: 600.0,
                shape: 16.0,
            },
            "300 600 | 0.04263110505 297.4412336",
        ),
        (
            Gap::Gamma {
                mean_s: 3600.0,
                shape: 100.0,
            },
            "2700 1800 | 0.01273157317 898.9545162",
        ),
    ];
    for (gap, row) in table {
        let [[prewarm_s, keep_alive_s, cold, idle]] = rows(row)[..] else {
            panic!("one row")
        };
        let window = Window {
            prewarm_s,
            keep_alive_s,
        };
        all_near(&[window.cold_ratio(gap), window.idle_s(gap)], &[cold, idle]);
    }
}

#[test]
fn v10_ping() {
    for [rate, period, d, user, pinged] in rows(
        "1/600 300 600 | 0 0
         1/600 900 600 | 0.1226264804 0.3678794412
         1/300 600 300 | 0.1839397206 0.3678794412
         0.001 1800 600 | 0.3658744241 0.5488116361",
    ) {
        all_near(
            &[
                ping::user_cold_ratio(rate, period, d),
                ping::ping_cold_ratio(rate, period, d),
            ],
            &[user, pinged],
        );
    }
}

#[test]
fn v10b_ping_bill() {
    for [
        period_s,
        instances,
        memory_gb,
        billed_s,
        count,
        requests,
        duration,
        total,
    ] in rows(
        "300 1 0.125 0.001 | 8640 0.001728 1.8000036e-05 0.001746000036
         300 5 1 0.075 | 43200 0.00864 0.054000108 0.062640108
         240 1 0.5 0.1 | 10800 0.00216 0.009000018 0.011160018
         60 20 2 0.025 | 864000 0.1728 0.72000144 0.89280144",
    ) {
        let bill = Pings {
            period_s,
            instances,
            memory_gb,
            billed_s,
        }
        .monthly_bill(2e-7, 1.666_67e-5);
        all_near(
            &[bill.invocations, bill.requests, bill.duration, bill.total()],
            &[count, requests, duration, total],
        );
    }
}

#[test]
fn v11_break_even() {
    for [
        provisioned,
        provisioned_duration,
        on_demand,
        even,
        ratio,
        saving,
    ] in rows(
        "4.1667e-06 9.7222e-06 1.66667e-05 | 0.6 0.8333323333 0.1666676667
         3.3334e-06 7.7778e-06 1.33334e-05 | 0.6000071999 0.8333358333 0.1666641667",
    ) {
        let prices = ProvisionedPrices {
            provisioned,
            provisioned_duration,
            on_demand,
        };
        all_near(
            &[
                prices.break_even_utilization(),
                prices.cost_ratio(1.0),
                prices.largest_saving(),
            ],
            &[even, ratio, saving],
        );
        near(prices.cost_ratio(even), 1.0, TABLE);
    }
}

#[test]
fn v11b_best_provisioned_count() {
    for [a, even, best, spill, utilization, next] in rows(
        "1 0.6 | 0 1 0 0.5
         5 0.6 | 4 0.3983428936 0.6565906169 0.5673753612
         20 0.6 | 20 0.1588919615 0.6003189671 0.5491186074
         100 0.6 | 100 0.07570045271 0.6199893268 0.5975463169
         1000 0.6 | 1004 0.02235751214 0.6027647174 0.5953583858",
    ) {
        let n = provisioned::best_count(a, even);
        let of_last = if n == 0 {
            0.0
        } else {
            provisioned::marginal_utilization(a, n)
        };
        all_near(
            &[
                f64::from(n),
                provisioned::spillover_ratio(a, n),
                of_last,
                provisioned::marginal_utilization(a, n + 1),
            ],
            &[best, spill, utilization, next],
        );
    }
}

#[test]
fn v12_mmpp() {
    for [l1, l2, q12, q21, d, rate, cv2, cold, idle, warm] in rows(
        "1 0.01 0.01 0.002 60 | 0.175 23.5 0.02791235034 3.384365615 0.5922639827
         5 0.001 0.1 0.005 300 | 0.239047619 76.30454343 0.004010662309 3.503706419 0.8375526774
         0.1 0.1 1 1 20 | 0.1 1 0.1353352832 8.646647168 0.8646647168
         2 0 0.05 0.001 600 | 0.03921568627 77.8935025 0.01359600977 11.5639241 0.4534872197",
    ) {
        let process = Mmpp2 {
            arrivals: (l1, l2),
            switches: (q12, q21),
        };
        all_near(
            &[
                process.mean_rate_per_s(),
                process.gap_cv2(),
                process.cold_ratio(d),
                process.idle_s(d),
                process.mean_warm(d),
            ],
            &[rate, cv2, cold, idle, warm],
        );
    }
}

#[test]
fn v13_batches() {
    for [rate, size, d, cold, idle] in rows(
        "0.01 5 60 | 0.5488116361 2.25594182
         1/900 20 600 | 0.513417119 9.731657619",
    ) {
        let pool = fixed_batches(rate, size as u32, d);
        all_near(
            &[pool.mean_size, pool.cold_ratio, pool.idle_mean],
            &[size, cold, idle],
        );
    }
    for [rate, q, d, size, cold, idle] in rows(
        "0.01 0.7 60 | 3.333333333 0.7167847053 1.695458255
         1/300 0.9 600 | 10 0.4169840942 12.95613014",
    ) {
        let pool = geometric_batches(rate, q, d);
        all_near(
            &[pool.mean_size, pool.cold_ratio, pool.idle_mean],
            &[size, cold, idle],
        );
    }
    let pool = mixed_batches(1.0 / 60.0, &[(0.7, 1), (0.25, 10), (0.05, 100)], 600.0);
    let [[size, cold, idle]] = rows("8.2 0.3492510309 44.96411161")[..] else {
        panic!("one row")
    };
    all_near(
        &[pool.mean_size, pool.cold_ratio, pool.idle_mean],
        &[size, cold, idle],
    );
}

#[test]
fn v19_billing() {
    for [mean, step, billed, inflation] in rows(
        "0.05 0.001 | 0.05050166666 1.010033333
         0.05 0.1 | 0.1156517643 2.313035285
         0.5 0.1 | 0.5516655566 1.103331113
         2 0.1 | 2.050416649 1.025208325",
    ) {
        let got = billing::rounded_up_s(mean, step);
        all_near(&[got, got / mean], &[billed, inflation]);
    }
    for [mean, least, billed] in rows(
        "0.05 0.1 | 0.1067667642
         0.5 0.1 | 0.5093653765",
    ) {
        near(billing::at_least_s(mean, least), billed, TABLE);
    }
}
