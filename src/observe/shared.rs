//! What functions that are simulated apart have in common: how many instances are alive and busy
//! at once, and whether a limit of the account would have bound.
//!
//! Window by window the notes of all functions are put together. The peaks are exact. That no limit
//! binds is proved on the safe side: every bound taken is an upper one.

use serde::{Deserialize, Serialize};

use crate::model::Plan;
use crate::sim::MOST_INSTANCES;
use crate::units::{NANOS_PER_SECOND, Time};

use super::claims::{CLAIMS, ENDS, FLAGS, INSTANT, Notes, Rare};
use super::states::Peaks;

/// A limit of the account that would bind, so that functions have to be simulated together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Binding {
    /// Requests in flight reach `concurrency-quota`.
    ConcurrencyQuota,
    /// Attempts come as fast as `requests-per-second`.
    RequestsPerSecond,
    /// More instances are alive than can be told apart.
    Instances,
}

/// Puts the notes of all functions together.
#[derive(Debug)]
pub struct Shared {
    /// What functions without reservation may have in flight, provisioned capacity included.
    unreserved: Option<i64>,
    requests_per_second: Option<u64>,
    /// Attempts that this quota has left, in billionths.
    credit: u64,
    alive: i64,
    busy: i64,
    /// Requests that wait for their instance to start.
    waiting: i64,
    /// Requests that count against the concurrency quota.
    claims: i64,
    provisioned: i64,
    /// Whether the peaks have just been taken.
    anew: bool,
    peaks: Peaks,
    cells: Vec<Cell>,
}

/// What happens in a cell of time: in the lower half how many runs begin, in the upper half how
/// many more begin than end.
#[derive(Clone, Copy, Debug, Default)]
struct Cell(u64);

impl Cell {
    const BEGINS: u64 = 1 + (1 << u32::BITS);
    const ENDS: u64 = u64::MAX << u32::BITS;

    #[inline]
    fn count(&mut self, run: u64) {
        let change = if run & ENDS == 0 {
            Self::BEGINS
        } else {
            Self::ENDS
        };
        self.0 = self.0.wrapping_add(change);
    }

    /// An attempt that is no beginning, once the beginnings have been looked at.
    fn attempt(&mut self) {
        self.0 += 1;
    }

    #[inline]
    fn begin(self) -> i64 {
        i64::from(self.0 as u32)
    }

    #[inline]
    fn more(self) -> i64 {
        self.0.cast_signed() >> u32::BITS
    }
}

/// The quota on attempts is looked at so many cells at a time.
const CELLS_A_BLOCK: usize = 32;

/// A lower bound of what is left of the quota on attempts, in billionths of one.
struct Bucket {
    a_second: u64,
    credit: u64,
}

impl Bucket {
    /// Takes attempts, then fills up for so many nanoseconds. False, and nothing done, where that
    /// may be too many.
    ///
    /// However attempts and filling take turns within that time, at least so much is left: what
    /// overflows in between is at most what attempts had taken by then.
    #[inline]
    fn take(&mut self, attempts: u64, nanos: u64) -> bool {
        let price = attempts.saturating_mul(NANOS_PER_SECOND);
        let full = self.a_second * NANOS_PER_SECOND;
        let filled = self
            .a_second
            .saturating_mul(nanos)
            .saturating_add(self.credit)
            .min(full);
        let enough = price <= self.credit;
        if enough {
            self.credit = filled - price;
        }
        enough
    }
}

/// Equal cells of a window, each 2^`bits` nanoseconds long.
#[derive(Clone, Copy)]
struct Grid {
    begin: u64,
    bits: u32,
}

impl Grid {
    /// About half as many cells as beginnings and ends, up to so many that they take 8 MB.
    fn new(begin: Time, until: Time, runs: usize) -> (Self, usize) {
        let most = (runs / 2).next_power_of_two().clamp(64, 1 << 20) as u64;
        let length = until.since(begin).nanos();
        let bits = length.div_ceil(most).next_power_of_two().trailing_zeros();
        let grid = Self {
            begin: begin.nanos(),
            bits,
        };
        (grid, (length >> bits) as usize + 1)
    }

    #[inline]
    fn cell(self, nanos: u64) -> usize {
        ((nanos - self.begin) >> self.bits) as usize
    }
}

impl Shared {
    /// The account of a plan, with nothing in it.
    pub fn new(plan: &Plan) -> Self {
        let platform = &plan.platform;
        let reserved: i64 = plan
            .functions
            .iter()
            .filter_map(|f| f.reserved_concurrency.map(i64::from))
            .sum();
        let requests_per_second = platform.requests_per_second.map(u64::from);
        Self {
            unreserved: platform
                .concurrency_quota
                .map(|quota| (i64::from(quota) - reserved).max(0)),
            requests_per_second,
            credit: requests_per_second.unwrap_or(0) * NANOS_PER_SECOND,
            alive: 0,
            busy: 0,
            waiting: 0,
            claims: 0,
            provisioned: 0,
            anew: true,
            peaks: Peaks::default(),
            cells: Vec::new(),
        }
    }

    /// The peaks since they were last taken.
    pub fn take_peaks(&mut self) -> Peaks {
        self.anew = true;
        std::mem::take(&mut self.peaks)
    }

    /// Puts together all that was noted about the window from `begin` to `until`, which follows the
    /// one before.
    ///
    /// # Errors
    /// The limit that would bind, or that cannot be shown not to.
    pub fn settle(&mut self, begin: Time, until: Time, notes: &[Notes]) -> Result<(), Binding> {
        if begin == until {
            return Ok(());
        }
        let rare = notes.iter().flat_map(|notes| notes.rare.iter().copied());
        let mut rare: Vec<(Time, Rare)> = rare.collect();
        rare.sort_unstable_by_key(|(at, _)| *at);
        let runs = || notes.iter().flat_map(|notes| &notes.runs).copied();
        let (grid, cells) = Grid::new(begin, until, notes.iter().map(Notes::runs).sum());

        self.carry_over(begin, runs(), &rare);
        let claimed = self.fill(grid, cells, notes);
        let most_busy = self.busy_peak(grid, runs());
        self.check_rate(grid, until, &rare)?;
        let (claims, provisioned) = (self.claims, self.provisioned);
        let most_waiting = self.waiting + count(&rare, |what| matches!(what, Rare::Waits { .. }));
        let most_provisioned = provisioned + count_provisioned(&rare);
        self.count_rare(&rare)?;
        self.claims += claimed;
        match self.unreserved {
            Some(most) if most_busy + most_waiting + most_provisioned > most => {
                claims_in_order(claims, provisioned, most, runs(), &rare)
            }
            _ => Ok(()),
        }
    }

    /// What was alive and busy before has been so in this part too, unless it changes at once.
    fn carry_over(&mut self, begin: Time, runs: impl Iterator<Item = u64>, rare: &[(Time, Rare)]) {
        if !std::mem::take(&mut self.anew) {
            return;
        }
        if rare.first().is_none_or(|(at, _)| *at > begin) {
            self.peaks.raise(self.alive as u32, 0);
        }
        if { runs }.all(|run| run >> FLAGS > begin.nanos()) {
            self.peaks.raise(0, self.busy as u32);
        }
    }

    /// Counts runs by cell; how many more claims there are.
    fn fill(&mut self, grid: Grid, cells: usize, notes: &[Notes]) -> i64 {
        self.cells.clear();
        self.cells.resize(cells, Cell::default());
        let mut claims = 0;
        for notes in notes {
            for run in &notes.runs {
                self.cells[grid.cell(run >> FLAGS)].count(*run);
                claims += sign(*run) * (run & CLAIMS).cast_signed();
            }
        }
        claims / CLAIMS.cast_signed()
    }

    /// Raises the peak of busy instances to that of the window; an upper bound of it, instants
    /// included.
    fn busy_peak(&mut self, grid: Grid, runs: impl Iterator<Item = u64>) -> i64 {
        let mut level = self.busy;
        let mut bound = level;
        let mut peak = i64::from(self.peaks.busy);
        for cell in &self.cells {
            bound = bound.max(level + cell.begin());
            level += cell.more();
            // No run begins or ends between the last of this cell and the next cell.
            peak = peak.max(level);
        }
        if bound > peak {
            peak = self.peak_within_cells(grid, peak, runs);
        }
        self.busy = level;
        self.peaks.raise(0, peak as u32);
        bound
    }

    /// The peak where it may lie within a cell: the runs of such cells are put in order.
    fn peak_within_cells(&self, grid: Grid, known: i64, runs: impl Iterator<Item = u64>) -> i64 {
        let mut level = self.busy;
        // The number busy at the beginning of each cell that may hold a greater one.
        let before: Vec<Option<i64>> = self
            .cells
            .iter()
            .map(|cell| {
                let at_first = level;
                level += cell.more();
                (at_first + cell.begin() > known).then_some(at_first)
            })
            .collect();
        let mut within: Vec<u64> = runs
            .filter(|run| before[grid.cell(run >> FLAGS)].is_some())
            .collect();
        within.sort_unstable();
        let mut peak = known;
        for cell in within.chunk_by(|a, b| grid.cell(a >> FLAGS) == grid.cell(b >> FLAGS)) {
            let mut level = before[grid.cell(cell[0] >> FLAGS)].unwrap_or(0);
            for instant in cell.chunk_by(|a, b| a >> FLAGS == b >> FLAGS) {
                level += instant.iter().map(|run| sign(*run)).sum::<i64>();
                peak = peak.max(level);
            }
        }
        peak
    }

    /// Proves that the quota on attempts never runs dry. It is emptied at the beginning of each
    /// length of time as if all attempts came then, and filled as if they came at its end: of many
    /// cells at once, and cell by cell where that is not proof enough.
    fn check_rate(
        &mut self,
        grid: Grid,
        until: Time,
        rare: &[(Time, Rare)],
    ) -> Result<(), Binding> {
        let Some(a_second) = self.requests_per_second else {
            return Ok(());
        };
        let attempts = rare.iter().filter(|(_, what)| *what == Rare::Attempt);
        for (at, _) in attempts {
            self.cells[grid.cell(at.nanos())].attempt();
        }
        let length = |first: usize, cells: usize| {
            let from = grid.begin + ((first as u64) << grid.bits);
            let most = until.nanos().saturating_sub(from);
            most.min((cells as u64) << grid.bits)
        };
        let mut bucket = Bucket {
            a_second,
            credit: self.credit,
        };
        for (number, block) in self.cells.chunks(CELLS_A_BLOCK).enumerate() {
            let first = number * CELLS_A_BLOCK;
            let attempts = block.iter().map(|cell| cell.begin() as u64).sum();
            if bucket.take(attempts, length(first, block.len())) {
                continue;
            }
            for (number, cell) in (first..).zip(block) {
                if !bucket.take(cell.begin() as u64, length(number, 1)) {
                    return Err(Binding::RequestsPerSecond);
                }
            }
        }
        self.credit = bucket.credit;
        Ok(())
    }

    fn count_rare(&mut self, rare: &[(Time, Rare)]) -> Result<(), Binding> {
        for instant in rare.chunk_by(|(a, _), (b, _)| a == b) {
            for (_, what) in instant {
                match what {
                    Rare::Born => self.alive += 1,
                    Rare::Gone => self.alive -= 1,
                    Rare::Waits { claims } => {
                        self.waiting += 1;
                        self.claims += i64::from(*claims);
                    }
                    Rare::Runs => self.waiting -= 1,
                    Rare::Attempt => {}
                    Rare::Provisioned(more) => self.provisioned += more,
                }
            }
            self.peaks.raise(self.alive as u32, 0);
            if self.alive > i64::from(MOST_INSTANCES) {
                return Err(Binding::Instances);
            }
        }
        Ok(())
    }
}

/// Plus one where a run begins, minus one where it ends.
#[inline]
fn sign(run: u64) -> i64 {
    if run & ENDS == 0 { 1 } else { -1 }
}

fn count(rare: &[(Time, Rare)], is: fn(&Rare) -> bool) -> i64 {
    rare.iter().map(|(_, what)| i64::from(is(what))).sum()
}

/// The most by which capacity taken out of the quota may grow.
fn count_provisioned(rare: &[(Time, Rare)]) -> i64 {
    let more = |(_, what): &(Time, Rare)| match what {
        Rare::Provisioned(more) => (*more).max(0),
        _ => 0,
    };
    rare.iter().map(more).sum()
}

/// Follows the claims one by one. At the same instant ends come first, but for those of runs that
/// began then, and nothing is given back before all is taken.
fn claims_in_order(
    mut claims: i64,
    mut provisioned: i64,
    most: i64,
    runs: impl Iterator<Item = u64>,
    rare: &[(Time, Rare)],
) -> Result<(), Binding> {
    let of_run = |run: u64| {
        let (phase, more) = match (run & ENDS != 0, run & INSTANT != 0) {
            (true, false) => (0, -1),
            (false, _) => (1, 1),
            (true, true) => (2, -1),
        };
        (run >> FLAGS, phase, more, 0)
    };
    let of_rare = |(at, what): &(Time, Rare)| match what {
        Rare::Waits { claims: true } => Some((at.nanos(), 1, 1, 0)),
        Rare::Provisioned(more) if *more > 0 => Some((at.nanos(), 1, 0, *more)),
        Rare::Provisioned(more) => Some((at.nanos(), 2, 0, *more)),
        _ => None,
    };
    let mut order: Vec<(u64, u8, i64, i64)> = runs
        .filter(|run| run & CLAIMS != 0)
        .map(of_run)
        .chain(rare.iter().filter_map(of_rare))
        .collect();
    order.sort_unstable();
    for (_, _, claim, capacity) in order {
        claims += claim;
        provisioned += capacity;
        if claims + provisioned > most {
            return Err(Binding::ConcurrencyQuota);
        }
    }
    Ok(())
}
