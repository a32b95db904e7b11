//! What a process has used so far.

use std::fs;
use std::time::Instant;

/// Processor time of this process so far, to 10 ms, where the system tells (Linux); else the time
/// that has passed, in which others may have had the processor.
#[expect(clippy::disallowed_methods, reason = "a bench times")]
pub(crate) fn processor_seconds() -> f64 {
    use std::sync::LazyLock;
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in brackets may hold blanks; behind it utime is the 12th field, stime the 13th.
    let ticks = stat.rsplit_once(')').and_then(|(_, fields)| {
        let mut fields = fields.split_whitespace().skip(11);
        let mut next = || fields.next()?.parse::<f64>().ok();
        Some(next()? + next()?)
    });
    ticks.map_or_else(|| BEGAN.elapsed().as_secs_f64(), |ticks| ticks / 100.0)
}

/// Most memory this process has held, in MB; NaN where the system does not say.
pub(crate) fn peak_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let kb = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kb.map_or(f64::NAN, |kb| kb / 1024.0)
}
