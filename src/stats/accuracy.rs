//! How far a model lies from what was measured.

/// Mean absolute percentage error, 100·mean(|model − measured| / |measured|), in percent.
///
/// `None` for empty samples, samples of different length, or a measured 0.
pub fn mape_percent(measured: &[f64], model: &[f64]) -> Option<f64> {
    if measured.is_empty() || measured.len() != model.len() || measured.contains(&0.0) {
        return None;
    }
    let sum: f64 = measured
        .iter()
        .zip(model)
        .map(|(seen, told)| (told / seen - 1.0).abs())
        .sum();
    Some(100.0 * sum / measured.len() as f64)
}
