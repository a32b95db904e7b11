//! What rounding does to a bill when durations are exponential.

/// Mean billed seconds when durations are rounded up to multiples of `step_s` > 0 (V19):
/// E\[⌈S/g⌉·g\] = g/(1 − e^(−g/m)).
pub fn rounded_up_s(mean_s: f64, step_s: f64) -> f64 {
    step_s / -(-step_s / mean_s).exp_m1()
}

/// Mean billed seconds under a least billed duration (V19b): E\[max(S, m₀)\] = m₀ + m·e^(−m₀/m).
pub fn at_least_s(mean_s: f64, least_s: f64) -> f64 {
    least_s + mean_s * (-least_s / mean_s).exp()
}
