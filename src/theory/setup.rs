//! One instance at most, a first-come-first-served queue, a cold start that takes time, and a
//! keep-alive: M/G/1 with delayed setup.

use super::queues::{little, single_server_wait};

/// The system: Poisson arrivals, one instance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SingleInstance {
    /// λ, arrivals a second.
    pub rate_per_s: f64,
    /// E\[S\], in seconds; λ·E\[S\] < 1.
    pub mean_service_s: f64,
    /// Coefficient of variation of service.
    pub service_cv: f64,
    /// D, in seconds.
    pub keep_alive_s: f64,
    /// E\[I\], the mean start, in seconds.
    pub mean_start_s: f64,
    /// Coefficient of variation of the start: 0 constant, 1 exponential.
    pub start_cv: f64,
}

impl SingleInstance {
    /// p = e^(−λD): the share of idle periods that outlast the keep-alive.
    fn expiry(&self) -> f64 {
        (-self.rate_per_s * self.keep_alive_s).exp()
    }

    /// 1 + λ·p·E\[I\].
    fn stretch(&self) -> f64 {
        1.0 + self.rate_per_s * self.expiry() * self.mean_start_s
    }

    /// Mean latency in seconds (Welch's decomposition, V15): E\[S\] + M/G/1 wait +
    /// (2pE\[I\] + λpE\[I²\]) / (2(1 + λpE\[I\])).
    pub fn mean_latency_s(&self) -> f64 {
        let start_square = self.mean_start_s.powi(2) * (1.0 + self.start_cv.powi(2));
        let behind_start = self.expiry()
            * (2.0 * self.mean_start_s + self.rate_per_s * start_square)
            / (2.0 * self.stretch());
        self.mean_service_s
            + single_server_wait(self.rate_per_s, self.mean_service_s, self.service_cv)
            + behind_start
    }

    /// P(cold): requests that trigger a start, p(1−ρ)/(1 + λpE\[I\]) (V15).
    pub fn cold_ratio(&self) -> f64 {
        self.expiry() * (1.0 - self.busy_share()) / self.stretch()
    }

    /// Share of time busy, ρ (V15).
    pub fn busy_share(&self) -> f64 {
        little(self.rate_per_s, self.mean_service_s)
    }

    /// Share of time starting (V15).
    pub fn start_share(&self) -> f64 {
        self.cold_ratio() * self.rate_per_s * self.mean_start_s
    }

    /// Share of time idle (V15).
    pub fn idle_share(&self) -> f64 {
        let kept = -(-self.rate_per_s * self.keep_alive_s).exp_m1();
        kept * (1.0 - self.busy_share()) / self.stretch()
    }

    /// Share of time with no instance (V15); equals P(cold), by PASTA.
    pub fn off_share(&self) -> f64 {
        self.cold_ratio()
    }
}
