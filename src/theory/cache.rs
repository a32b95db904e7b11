//! Memory pressure as a cache: room for C instances of equal size, requests that take no time and
//! choose their function independently (the independent reference model). Hit = warm.

/// Zipf popularity: pᵢ ∝ i^(−s), i = 1..n, summing to 1.
pub fn zipf(n: u32, s: f64) -> Vec<f64> {
    let weights: Vec<f64> = (1..=n).map(|i| f64::from(i).powf(-s)).collect();
    let total: f64 = weights.iter().sum();
    weights.iter().map(|w| w / total).collect()
}

/// Largest number of functions that [`lru_hit_ratio`] sums over.
pub const LRU_EXACT_MOST: usize = 24;

/// Exact hit ratio of evicting the least recently used (W. F. King 1971, V17):
/// P(stack = `i₁..i_C`) = Π `p(i_j)/(1` − Σ_{l<j} `p(i_l)`).
///
/// Summed over sets rather than orders, O(2ⁿ·n): `None` beyond [`LRU_EXACT_MOST`] functions. All
/// popularities > 0.
pub fn lru_hit_ratio(popularity: &[f64], room: usize) -> Option<f64> {
    let n = popularity.len();
    if n > LRU_EXACT_MOST {
        return None;
    }
    if room >= n {
        return Some(1.0);
    }
    let sets = 1_usize << n;
    let mass = |set: usize| -> f64 {
        popularity
            .iter()
            .enumerate()
            .filter(|(i, _)| set >> i & 1 == 1)
            .map(|(_, p)| p)
            .sum()
    };
    let mut top = vec![0.0; sets];
    top[0] = 1.0;
    let mut hit = 0.0;
    for set in 0..sets {
        let size = set.count_ones() as usize;
        if size > room {
            continue;
        }
        let held = mass(set);
        if size == room {
            hit += top[set] * held;
            continue;
        }
        let step = top[set] / (1.0 - held);
        for (i, p) in popularity
            .iter()
            .enumerate()
            .filter(|(i, _)| set >> i & 1 == 0)
        {
            top[set | 1 << i] += step * p;
        }
    }
    Some(hit)
}

/// Exact hit ratio of evicting the oldest or a random instance (V17): P(set) ∝ Π pᵢ.
pub fn fifo_hit_ratio(popularity: &[f64], room: usize) -> f64 {
    // For each set size so far: Σ Πp, and Σ Πp·Σp, over the subsets of the functions seen.
    let mut weight = vec![0.0; room + 1];
    let mut held = vec![0.0; room + 1];
    weight[0] = 1.0;
    for p in popularity {
        for size in (1..=room).rev() {
            held[size] += p * (held[size - 1] + p * weight[size - 1]);
            weight[size] += p * weight[size - 1];
        }
    }
    if room >= popularity.len() {
        1.0
    } else {
        held[room] / weight[room]
    }
}

/// The best any fixed choice can do: the sum of the `room` largest popularities (V17).
pub fn static_hit_ratio(popularity: &[f64], room: usize) -> f64 {
    let mut sorted = popularity.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    sorted.iter().take(room).sum()
}

/// Che's approximation of the LRU hit ratio (V17): t solves Σ(1 − e^(−pᵢt)) = C,
/// hit = Σ pᵢ(1 − e^(−pᵢt)).
pub fn che_hit_ratio(popularity: &[f64], room: usize) -> f64 {
    if room >= popularity.len() {
        return 1.0;
    }
    let filled = |t: f64| -> f64 { popularity.iter().map(|p| -(-p * t).exp_m1()).sum() };
    let target = room as f64;
    let (mut low, mut high) = (0.0, 1.0);
    while filled(high) < target {
        low = high;
        high *= 2.0;
    }
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if filled(middle) < target {
            low = middle;
        } else {
            high = middle;
        }
    }
    popularity.iter().map(|p| p * -(-p * high).exp_m1()).sum()
}
