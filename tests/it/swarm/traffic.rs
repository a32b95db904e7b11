//! More traffic for random houses.

use super::*;
use frostline::model::Surge;

impl Dice {
    /// More traffic than the sources say, or less, and surges one after another.
    pub(super) fn traffic(&mut self, functions: u32) -> Traffic {
        let mut begins = Time::ZERO;
        let mut surges = Vec::new();
        for _ in 0..self.below(3) {
            let (start, duration) = (begins + self.span(200.0), self.some_span(200.0));
            let some = self.maybe(|dice| {
                let all = (0..functions).map(FunctionId);
                all.filter(|_| dice.one_in(2)).collect::<Vec<_>>()
            });
            surges.push(Surge {
                start,
                duration,
                times: 1.5 + f64::from(self.below(5)),
                ramp: if self.one_in(2) {
                    Span::ZERO
                } else {
                    duration.part(1, 3)
                },
                functions: some.map(Into::into),
            });
            begins = start + duration;
        }
        Traffic {
            times: [0.4, 1.0, 1.0, 1.7, 3.0][self.below(5) as usize],
            surges: surges.into(),
        }
    }
}
