//! Cold starts of most-recently-used (last in, first out) routing with a keep-alive: exact for
//! Poisson arrivals, exponential service and starts of zero length.
//!
//! The instance freed when the busy count falls from k to k−1 is the one taken when it next climbs
//! back to k. So its idle time is the first-passage time T(k) of [`Passage`], the climb happens at
//! rate λ·π(k−1), and it is cold iff T(k) > D. Starts that take time are not modelled: they make
//! these an approximation of error O(P(cold)·start/service).

use super::passage::Passage;
use super::queues::count_law;
use super::special::poisson_density;

/// What the pool does in the long run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LifoPool {
    /// Cold starts over requests offered (offered = accepted where there is no limit).
    pub cold_ratio: f64,
    /// Throttled over offered; 0 without a limit.
    pub throttle_ratio: f64,
    /// Mean idle instances.
    pub idle_mean: f64,
    /// Mean busy instances.
    pub busy_mean: f64,
    /// Mean life of an instance in seconds, instances ÷ rate of cold starts; infinite when none
    /// starts.
    pub instance_life_s_mean: f64,
}

impl LifoPool {
    /// Mean instances, idle and busy.
    pub fn instances_mean(&self) -> f64 {
        self.idle_mean + self.busy_mean
    }
}

/// Poisson arrivals at `rate_per_s` > 0, exponential service of mean `mean_service_s` > 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LifoLoad {
    /// λ, arrivals a second.
    pub rate_per_s: f64,
    /// E\[S\], in seconds.
    pub mean_service_s: f64,
}

impl LifoLoad {
    /// A keep-alive of fixed length (V9): P(cold) = Σ π(k−1)·P(T(k)>D),
    /// E\[idle\] = Σ λ·π(k−1)·E\[min(T(k), D)\], π Poisson.
    ///
    /// `keep_alive_s` ≥ 0, finite. Relative error about 1e-13, checked up to loads of 600 against
    /// inverted Laplace transforms. Costs O(load²·√load): a load of 600 takes about two seconds.
    pub fn fixed(self, keep_alive_s: f64) -> LifoPool {
        self.unlimited(&[(1.0, keep_alive_s)], 0)
    }

    /// The same with a floor: the pool never shrinks below `floor` instances (V9b).
    ///
    /// Levels up to the floor never expire. For minimum instances counted over busy and idle.
    pub fn with_floor(self, keep_alive_s: f64, floor: u32) -> LifoPool {
        self.unlimited(&[(1.0, keep_alive_s)], floor as usize)
    }

    /// The same with a concurrency limit ≥ 1 that throttles (V9c): π is cut at the limit.
    pub fn with_limit(self, keep_alive_s: f64, limit: u32) -> LifoPool {
        let law = count_law(self.load(), limit, limit);
        // The climb to level k starts in k−1, so the last state starts none.
        let levels = self.levels(&[(1.0, keep_alive_s)], 0, &law[..limit as usize]);
        self.pool(levels, law[limit as usize])
    }

    /// A keep-alive drawn for each idle period from (weight, seconds) points: [`Self::fixed`]
    /// averaged over the draw.
    ///
    /// An **approximation**. With one keep-alive, whatever lies below an expired instance has
    /// expired too; with drawn ones an older instance may outlive a younger one and serve in its
    /// place, which moves the levels. Exact for a single point, and near where the load is so low
    /// that idle instances seldom stack. Weights are ≥ 0 and are normalised to sum 1.
    pub fn with_drawn_keep_alive(self, points: &[(f64, f64)]) -> LifoPool {
        let total: f64 = points.iter().map(|(weight, _)| weight).sum();
        let points: Vec<_> = points
            .iter()
            .map(|(weight, s)| (weight / total, *s))
            .collect();
        self.unlimited(&points, 0)
    }

    fn load(self) -> f64 {
        self.rate_per_s * self.mean_service_s
    }

    fn unlimited(self, keep_alives: &[(f64, f64)], floor: usize) -> LifoPool {
        let load = self.load();
        // As far as any sum can feel it.
        let end = load + 14.0 * load.sqrt() + 40.0;
        let law: Vec<f64> = (0..end as u32)
            .map(|n| poisson_density(f64::from(n), load))
            .collect();
        let mut levels = self.levels(keep_alives, floor, &law);
        // A floor above every likely level: the rest of it is idle.
        levels.idle += floor.saturating_sub(law.len()) as f64;
        self.pool(levels, 0.0)
    }

    /// Sums over levels; `law` holds π(0), π(1), … of the states that a climb starts in.
    fn levels(self, keep_alives: &[(f64, f64)], floor: usize, law: &[f64]) -> Levels {
        let longest_s = keep_alives
            .iter()
            .fold(0.0, |most: f64, (_, s)| most.max(*s));
        let reach = 1.0 + self.rate_per_s * longest_s;
        let shortest_s = keep_alives
            .iter()
            .fold(f64::INFINITY, |least, (_, s)| least.min(*s));
        let (mut below, mut mean_s) = (0.0, 0.0);
        let mut sum = Levels {
            cold: 0.0,
            idle: 0.0,
        };
        for (n, &p) in law.iter().enumerate() {
            let level = n + 1;
            below += p;
            // The mean passage: m(k) = (1 + (k−1)·μ·m(k−1))/λ.
            mean_s = (1.0 + n as f64 / self.mean_service_s * mean_s) / self.rate_per_s;
            if level <= floor {
                sum.idle += below;
                continue;
            }
            // A level adds at most p to the one sum and p·reach to the other.
            let rising = (n as f64) < self.load();
            if rising && p * reach < 1e-24 {
                continue;
            }
            if !rising && p < 1e-16 * sum.cold && p * reach < 1e-16 * sum.idle {
                break;
            }
            let (rate_per_s, mean_service_s, level) =
                (self.rate_per_s, self.mean_service_s, level as u32);
            // Low levels are climbed long before the keep-alive ends: P(T(k)>D) < e^(−60).
            if Passage::is_faster_than(rate_per_s, mean_service_s, level, 60.0 / shortest_s) {
                sum.idle += p * rate_per_s * mean_s;
                continue;
            }
            let passage = Passage::new(rate_per_s, mean_service_s, level);
            for &(weight, keep_alive_s) in keep_alives {
                sum.cold += weight * p * passage.survival(keep_alive_s);
                sum.idle += weight * p * rate_per_s * passage.mean_up_to(keep_alive_s);
            }
        }
        sum
    }

    fn pool(self, levels: Levels, throttle_ratio: f64) -> LifoPool {
        let busy_mean = self.load() * (1.0 - throttle_ratio);
        LifoPool {
            cold_ratio: levels.cold,
            throttle_ratio,
            idle_mean: levels.idle,
            busy_mean,
            instance_life_s_mean: (levels.idle + busy_mean) / (self.rate_per_s * levels.cold),
        }
    }
}

/// Sums over levels: share of requests cold, instances idle.
#[derive(Clone, Copy)]
struct Levels {
    cold: f64,
    idle: f64,
}
