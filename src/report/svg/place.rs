//! Puts labels beside points so that none covers another.
//!
//! Greedy: the most important first, each at the best of some places around its point. A label
//! that finds no place is told to the caller, who numbers it instead.

/// A rectangle in pixels.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Area {
    fn overlaps(self, other: Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    fn inside(self, outer: Self) -> bool {
        self.left >= outer.left
            && self.right <= outer.right
            && self.top >= outer.top
            && self.bottom <= outer.bottom
    }

    /// The square around a point.
    fn around((x, y): (f64, f64), half: f64) -> Self {
        Self {
            left: x - half,
            top: y - half,
            right: x + half,
            bottom: y + half,
        }
    }

    /// The area that a horizontal or vertical line covers.
    pub(super) fn of_line(from: (f64, f64), to: (f64, f64)) -> Self {
        Self {
            left: from.0.min(to.0) - 1.0,
            top: from.1.min(to.1) - 1.0,
            right: from.0.max(to.0) + 1.0,
            bottom: from.1.max(to.1) + 1.0,
        }
    }
}

/// Distances from the point to its label that are tried, in pixels; from the second on a thin
/// line leads to the label.
const RINGS: [f64; 5] = [9.0, 20.0, 34.0, 50.0, 70.0];
/// Directions that are tried, the preferred first: x and y, where −1 is left or up.
const SIDES: [(f64, f64); 8] = [
    (1.0, 0.0),
    (1.0, -1.0),
    (1.0, 1.0),
    (0.0, -1.0),
    (-1.0, -1.0),
    (-1.0, 0.0),
    (0.0, 1.0),
    (-1.0, 1.0),
];
/// Half the side of the square that a point keeps free.
const POINT: f64 = 7.0;

/// Where a label went.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Spot {
    pub(super) area: Area,
    /// The side of the label that faces the point: −1 its left, 0 its middle, 1 its right. Fonts
    /// narrower than reckoned with must leave their slack on the other side.
    pub(super) facing: i8,
    /// Where a line to it ends, where it stands so far off that it needs one.
    pub(super) leader: Option<(f64, f64)>,
}

/// Places labels one after the other.
pub(super) struct Placer {
    outer: Area,
    points: Vec<(f64, f64)>,
    /// What a label had better not cover.
    lines: Vec<Area>,
    taken: Vec<Area>,
}

impl Placer {
    pub(super) fn new(outer: Area, points: Vec<(f64, f64)>, lines: Vec<Area>) -> Self {
        Self {
            outer,
            points,
            lines,
            taken: Vec::new(),
        }
    }

    /// The best free place for a label of this size at a point, which it then occupies.
    pub(super) fn place(&mut self, point: (f64, f64), width: f64, height: f64) -> Option<Spot> {
        let mut best: Option<(usize, Spot)> = None;
        for (ring, distance) in RINGS.iter().enumerate() {
            for (side, direction) in SIDES.iter().enumerate() {
                let area = candidate(point, *direction, *distance, width, height);
                let facing = -(direction.0 as i8);
                let leader = (ring > 0).then(|| docking(area, facing, direction.1));
                let clear = leader.is_none_or(|end| self.clear(point, end));
                if !self.free(area) || !clear {
                    continue;
                }
                let crossed = self.lines.iter().filter(|line| line.overlaps(area)).count();
                let cost = crossed * 12 + ring * 9 + side;
                if best.is_none_or(|(least, _)| cost < least) {
                    best = Some((
                        cost,
                        Spot {
                            area,
                            facing,
                            leader,
                        },
                    ));
                }
            }
        }
        let (_, spot) = best?;
        self.taken.push(spot.area);
        if let Some(end) = spot.leader {
            self.taken
                .extend(beads(point, end).map(|bead| Area::around(bead, 1.5)));
        }
        Some(spot)
    }

    /// Whether a line from a point runs over no label and no other point.
    fn clear(&self, point: (f64, f64), end: (f64, f64)) -> bool {
        beads(point, end).all(|bead| {
            let near = Area::around(bead, 1.0);
            let other = |at: &&(f64, f64)| **at != point;
            let mut others = self.points.iter().filter(other);
            !self.taken.iter().any(|taken| taken.overlaps(near))
                && !others.any(|at| Area::around(*at, POINT - 1.0).overlaps(near))
        })
    }

    fn free(&self, area: Area) -> bool {
        area.inside(self.outer)
            && !self.taken.iter().any(|taken| taken.overlaps(area))
            && !self
                .points
                .iter()
                .any(|at| Area::around(*at, POINT).overlaps(area))
    }
}

/// Where a line meets the side of a label that faces its point.
fn docking(area: Area, facing: i8, down: f64) -> (f64, f64) {
    let x = match facing {
        -1 => area.left - 1.0,
        1 => area.right + 1.0,
        _ => f64::midpoint(area.left, area.right),
    };
    let y = if facing != 0 || down == 0.0 {
        f64::midpoint(area.top, area.bottom)
    } else if down > 0.0 {
        area.top
    } else {
        area.bottom
    };
    (x, y)
}

/// Points along a line, close enough together that nothing slips through.
fn beads(from: (f64, f64), to: (f64, f64)) -> impl Iterator<Item = (f64, f64)> {
    let length = (to.0 - from.0).hypot(to.1 - from.1);
    let count = (length / 3.0).ceil().max(1.0) as u32;
    (0..=count).map(move |i| {
        let share = f64::from(i) / f64::from(count);
        (
            from.0 + (to.0 - from.0) * share,
            from.1 + (to.1 - from.1) * share,
        )
    })
}

fn candidate(point: (f64, f64), side: (f64, f64), distance: f64, width: f64, height: f64) -> Area {
    // On a diagonal the distance is shared by both directions.
    let reach = if side.0 != 0.0 && side.1 != 0.0 {
        distance * 0.8
    } else {
        distance
    };
    let left = point.0 + side.0 * reach + (side.0 - 1.0) / 2.0 * width;
    let top = point.1 + side.1 * reach + (side.1 - 1.0) / 2.0 * height;
    Area {
        left,
        top,
        right: left + width,
        bottom: top + height,
    }
}

/// Moves the centres of labels in a column apart until they are `gap` from each other and between
/// `top` and `bottom`, as near to where they want to be as that allows. The order stays. Where
/// they are too many, the gaps shrink.
pub(super) fn spread(wanted: &[f64], gap: f64, top: f64, bottom: f64) -> Vec<f64> {
    let count = wanted.len();
    if count == 0 {
        return Vec::new();
    }
    let gap = gap.min((bottom - top) / count as f64);
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    // Blocks of labels that touch; a block stands where its members' wishes average out.
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for &i in &order {
        blocks.push((wanted[i], 1));
        while let [.., (above, n), (below, m)] = blocks[..] {
            if below - above >= (n + m) as f64 / 2.0 * gap {
                break;
            }
            blocks.pop();
            blocks.pop();
            blocks.push((
                (above * n as f64 + below * m as f64) / (n + m) as f64,
                n + m,
            ));
        }
    }
    let mut placed = vec![0.0; count];
    let mut members = order.into_iter();
    let mut floor = top;
    let mut left = count;
    for (centre, size) in blocks {
        let height = size as f64 * gap;
        let lowest = bottom - left as f64 * gap;
        let start = (centre - height / 2.0).max(floor).min(lowest);
        for (k, i) in members.by_ref().take(size).enumerate() {
            placed[i] = start + (k as f64 + 0.5) * gap;
        }
        floor = start + height;
        left -= size;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_do_not_cover_each_other_or_points() {
        let points: Vec<_> = (0..20)
            .map(|i| {
                (
                    160.0 + f64::from(i % 5) * 25.0,
                    160.0 + f64::from(i / 5) * 25.0,
                )
            })
            .collect();
        let outer = Area {
            left: 0.0,
            top: 0.0,
            right: 400.0,
            bottom: 400.0,
        };
        let mut placer = Placer::new(outer, points.clone(), Vec::new());
        let spots: Vec<_> = points
            .iter()
            .filter_map(|p| placer.place(*p, 60.0, 12.0))
            .collect();
        assert!(spots.len() > 8);
        for (i, a) in spots.iter().enumerate() {
            assert!(a.area.inside(outer));
            assert!(spots[..i].iter().all(|b| !a.area.overlaps(b.area)));
        }
    }

    #[test]
    fn labels_in_a_column_keep_their_order_and_their_distance() {
        let placed = spread(&[50.0, 50.0, 51.0, 90.0, 99.0], 10.0, 0.0, 100.0);
        assert!(
            placed.windows(2).all(|pair| pair[1] - pair[0] > 9.999),
            "{placed:?}"
        );
        assert!(placed[4] <= 95.0 && placed[0] >= 5.0);
        assert_eq!(
            spread(&[5.0; 4], 50.0, 0.0, 100.0),
            [12.5, 37.5, 62.5, 87.5]
        );
    }
}
