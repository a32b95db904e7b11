//! V1 to V4d: queues and the busy count.

use frostline::theory::busy::{
    DailyRate, Service, busy_at_least, busy_from_empty, busy_probability, busy_quantile,
    kth_cold_start_s,
};
use frostline::theory::queues::{
    ErlangC, bounded_queue, erlang_b, erlang_b_busy, little, single_server_wait,
};

use super::{TABLE, all_near, near, rows};

#[test]
fn v1_little() {
    for [rate, service, want] in rows(
        "100 0.2 | 20
         0.9 1.991 | 1.7919
         1000 0.05 | 50
         3 12.5 | 37.5",
    ) {
        near(little(rate, service), want, TABLE);
    }
}

#[test]
fn v2_erlang_b() {
    for [rate, service, c, a, throttle, busy, throttles, utilization] in rows(
        "1 1 1 | 1 0.5 0.5 0.5 0.5
         3 1 5 | 3 0.1100543478 2.669836957 0.3301630435 0.5339673913
         40 0.2 10 | 8 0.1216610643 7.026711486 4.86644257 0.7026711486
         10 5 50 | 50 0.1047874555 44.76062722 1.047874555 0.8952125445
         45 2 100 | 90 0.02695738046 87.57383576 1.213082121 0.8757383576
         480 2 1000 | 960 0.006135071485 954.1103314 2.944834313 0.9541103314
         1000 2.016 1000 | 2016 0.5044545819 999.0195629 504.4545819 0.9990195629",
    ) {
        let load = little(rate, service);
        let b = erlang_b(c as u32, load);
        let present = erlang_b_busy(c as u32, load);
        all_near(
            &[load, b, present, rate * b, present / c],
            &[a, throttle, busy, throttles, utilization],
        );
    }
}

#[test]
fn v3_erlang_c() {
    for [rate, service, c, rho, wait, wq, w, lq, tail] in rows(
        "0.5 1 1 | 0.5 0.5 1 2 0.5 0.3032653299
         1.5 1 2 | 0.75 0.6428571429 1.285714286 2.285714286 1.928571429 0.389912567
         45 0.2 10 | 0.9 0.6687315241 0.1337463048 0.3337463048 6.018583717 0.2460125794
         47.5 2 100 | 0.95 0.5064568539 0.2025827416 2.202582742 9.622680224 0.003412479439
         490 2 1000 | 0.98 0.4122002924 0.04122002924 2.041220029 20.19781433 8.496081258e-10",
    ) {
        let queue = ErlangC::new(rate, service, c as u32);
        all_near(
            &[
                rate * service / c,
                queue.wait_probability,
                queue.mean_wait_s,
                queue.mean_response_s,
                queue.mean_queue,
                queue.wait_tail(service),
            ],
            &[rho, wait, wq, w, lq, tail],
        );
    }
    assert!(ErlangC::new(2.0, 1.0, 2).mean_wait_s.is_infinite());
}

#[test]
fn v3b_bounded_queue() {
    for [rate, service, c, k, reject, lq, wq, w] in rows(
        "1 1 1 5 | 0.1666666667 1.666666667 2 3
         9 1 10 15 | 0.06125876183 1.066869749 0.1262766334 1.126276633
         12 1 10 30 | 0.1686372446 15.3093143 1.534560194 2.534560194
         100 1 100 120 | 0.03011144792 6.323404064 0.06519722343 1.065197223",
    ) {
        let queue = bounded_queue(rate, service, c as u32, k as u32);
        all_near(
            &[
                queue.reject_probability,
                queue.mean_queue,
                queue.mean_wait_s,
                queue.mean_response_s,
            ],
            &[reject, lq, wq, w],
        );
    }
}

#[test]
fn v3c_single_server() {
    for [rate, service, cv, wq] in rows(
        "0.5 1 0 | 0.5
         0.5 1 1 | 1
         0.8 1 2 | 10
         2 0.3 0.5 | 0.28125",
    ) {
        near(single_server_wait(rate, service, cv), wq, TABLE);
    }
}

#[test]
fn v4_busy_count() {
    for [rate, service, k, a, none, tail, p50, p99, p999] in rows(
        "0.9 1.991 6 | 1.7919 0.1666432465 0.01016871927 2 6 7
         10 0.5 12 | 5 0.006737946999 0.005453091913 5 11 13
         100 1 130 | 100 3.720075976e-44 0.002282093054 100 124 132
         5 20 125 | 100 3.720075976e-44 0.008773598989 100 124 132
         0.01 2 2 | 0.02 0.9801986733 0.0001973532271 0 1 1",
    ) {
        let load = rate * service;
        all_near(
            &[
                load,
                busy_probability(load, 0),
                busy_at_least(load, k as u32),
            ],
            &[a, none, tail],
        );
        let quantiles = [0.5, 0.99, 0.999].map(|q| f64::from(busy_quantile(load, q)));
        all_near(&quantiles, &[p50, p99, p999]);
    }
}

#[test]
fn v4b_from_empty() {
    for [rate, service, t, exponential, constant] in rows(
        "10 2 1 | 7.869386806 10
         10 2 3 | 15.5373968 20
         100 0.5 0.25 | 19.67346701 25",
    ) {
        all_near(
            &[
                busy_from_empty(rate, Service::Exponential(service), t),
                busy_from_empty(rate, Service::Constant(service), t),
            ],
            &[exponential, constant],
        );
    }
}

#[test]
fn v4c_daily_rate() {
    for [
        mean_per_s,
        amplitude,
        period_s,
        service,
        t,
        exponential,
        constant,
    ] in rows(
        "10 0.8 86400 30 21600 | 539.9988577 539.9998096
         10 0.8 60 10 15 | 138.1566028 166.1594675
         50 0.5 600 120 150 | 7163.17991 8270.480186",
    ) {
        let rate = DailyRate {
            mean_per_s,
            amplitude,
            period_s,
        };
        let laws = [Service::Exponential(service), Service::Constant(service)];
        all_near(&laws.map(|law| rate.busy(law, t)), &[exponential, constant]);
        for law in laws {
            // The busy count is flat where the rate's peak has been trailed in.
            let peak = period_s / 4.0 + rate.peak_lag_s(law);
            let [before, at, after] = [-1.0, 0.0, 1.0].map(|d| rate.busy(law, peak + d));
            assert!(at > before && at > after);
        }
    }
}

#[test]
fn v4d_pool_growth() {
    for [rate, service, k, want] in rows(
        "2 1 1 | 0.5
         2 1 3 | 2.5
         2 1 6 | 23.75
         2 1 8 | 210.4375
         0.9 1.991 8 | 780.7760597",
    ) {
        near(kth_cold_start_s(rate, service, k as u32), want, TABLE);
    }
}
