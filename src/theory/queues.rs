//! Queues in front of a limited number of instances: Little's law, Erlang B and C, M/M/c/K, M/G/1.
//!
//! A concurrency limit that rejects is Erlang B; one that queues is Erlang C, or M/M/c/K where the
//! queue is bounded. No starts, no keep-alive: those are in the other modules.

/// Mean number present, L = λ·E\[S\] (Little's law, V1): arrivals a second times mean time present
/// in seconds.
pub fn little(rate_per_s: f64, mean_time_s: f64) -> f64 {
    rate_per_s * mean_time_s
}

/// Erlang B: the share of requests rejected by `limit` instances at `load` erlangs (V2).
///
/// M/G/c/c without a queue, for any service law; Poisson arrivals. 1/B(j) = 1 + (j/a)/B(j−1),
/// B(0) = 1. Valid for load ≥ 0; costs O(limit).
pub fn erlang_b(limit: u32, load: f64) -> f64 {
    let mut b = 1.0;
    for j in 1..=limit {
        b = load * b / (f64::from(j) + load * b);
    }
    b
}

/// Mean busy instances under [`erlang_b`]: a·(1 − B).
pub fn erlang_b_busy(limit: u32, load: f64) -> f64 {
    load * (1.0 - erlang_b(limit, load))
}

/// M/M/c: `limit` instances and an unbounded first-come-first-served queue (Erlang C, V3).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ErlangC {
    /// Probability that a request waits at all.
    pub wait_probability: f64,
    /// Mean wait in seconds, over all requests; infinite when the load reaches the limit.
    pub mean_wait_s: f64,
    /// Mean response time in seconds: wait and service.
    pub mean_response_s: f64,
    /// Mean number of requests waiting.
    pub mean_queue: f64,
    drain_per_s: f64,
}

impl ErlangC {
    /// Solves M/M/c: C = B / (1 − ρ(1−B)), Wq = C·E\[S\]/(c−a), Lq = λ·Wq.
    ///
    /// `rate_per_s` > 0, `mean_service_s` > 0 (exponential), `limit` ≥ 1. At or above saturation
    /// every request waits and the means are infinite.
    pub fn new(rate_per_s: f64, mean_service_s: f64, limit: u32) -> Self {
        let load = little(rate_per_s, mean_service_s);
        let free = f64::from(limit) - load;
        if free <= 0.0 {
            return Self {
                wait_probability: 1.0,
                mean_wait_s: f64::INFINITY,
                mean_response_s: f64::INFINITY,
                mean_queue: f64::INFINITY,
                drain_per_s: 0.0,
            };
        }
        let b = erlang_b(limit, load);
        let wait_probability = b / (1.0 - load / f64::from(limit) * (1.0 - b));
        let mean_wait_s = wait_probability * mean_service_s / free;
        Self {
            wait_probability,
            mean_wait_s,
            mean_response_s: mean_wait_s + mean_service_s,
            mean_queue: rate_per_s * mean_wait_s,
            drain_per_s: free / mean_service_s,
        }
    }

    /// P(wait > t) = C·exp(−(c−a)·t/E\[S\]), t in seconds.
    pub fn wait_tail(&self, t_s: f64) -> f64 {
        self.wait_probability * (-self.drain_per_s * t_s).exp()
    }
}

/// M/M/c/K: `limit` instances, at most `capacity` requests present, queue included (V3b).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoundedQueue {
    /// Share of offered requests rejected.
    pub reject_probability: f64,
    /// Mean number waiting.
    pub mean_queue: f64,
    /// Mean wait in seconds of the requests accepted.
    pub mean_wait_s: f64,
    /// Mean response time in seconds of the requests accepted.
    pub mean_response_s: f64,
}

/// Solves M/M/c/K by its birth–death balance: p(n) ∝ Π a / min(j, c).
///
/// `rate_per_s` > 0, `mean_service_s` > 0 (exponential), 1 ≤ `limit` ≤ `capacity`.
pub fn bounded_queue(
    rate_per_s: f64,
    mean_service_s: f64,
    limit: u32,
    capacity: u32,
) -> BoundedQueue {
    let law = count_law(little(rate_per_s, mean_service_s), limit, capacity);
    let reject_probability = law[capacity as usize];
    let mean_queue: f64 = law
        .iter()
        .enumerate()
        .skip(limit as usize)
        .map(|(n, p)| (n - limit as usize) as f64 * p)
        .sum();
    let mean_wait_s = mean_queue / (rate_per_s * (1.0 - reject_probability));
    BoundedQueue {
        reject_probability,
        mean_queue,
        mean_wait_s,
        mean_response_s: mean_wait_s + mean_service_s,
    }
}

/// Stationary law of the number present in M/M/c/K, `capacity` + 1 probabilities.
///
/// `capacity` = `limit` gives the Erlang loss law (any service law). Weights start at 1 in the mode
/// and fall to both sides, so nothing overflows. Valid for load > 0, `limit` ≥ 1.
pub fn count_law(load: f64, limit: u32, capacity: u32) -> Vec<f64> {
    let servers = |n: usize| n.min(limit as usize) as f64;
    let capacity = capacity as usize;
    let mode = if load >= f64::from(limit) {
        capacity
    } else {
        capacity.min(load as usize)
    };
    let mut law = vec![1.0; capacity + 1];
    for n in (0..mode).rev() {
        law[n] = law[n + 1] * servers(n + 1) / load;
    }
    for n in mode + 1..=capacity {
        law[n] = law[n - 1] * load / servers(n);
    }
    let total: f64 = law.iter().sum();
    for p in &mut law {
        *p /= total;
    }
    law
}

/// M/G/1 mean wait in seconds (Pollaczek–Khinchine, V3c): λ·E\[S²\] / (2(1−ρ)).
///
/// `service_cv` is the coefficient of variation of service: 0 constant, 1 exponential. First come
/// first served, one instance; infinite at ρ ≥ 1.
pub fn single_server_wait(rate_per_s: f64, mean_service_s: f64, service_cv: f64) -> f64 {
    let load = little(rate_per_s, mean_service_s);
    if load >= 1.0 {
        return f64::INFINITY;
    }
    load * mean_service_s * (1.0 + service_cv * service_cv) / (2.0 * (1.0 - load))
}
