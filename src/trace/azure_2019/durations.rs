//! The table of durations, a function a row.

use std::ops::Range;

use super::super::fault::TraceFault;
use super::super::lines::Lines;
use super::super::text::{Header, parse_fixed, split};
use super::Reading;
use super::keys::{FUNCTION_KEY, KeyColumns};
use crate::dist::Dist;
use crate::units::Span;

const PERCENTS: [f64; 7] = [0.0, 1.0, 25.0, 50.0, 75.0, 99.0, 100.0];

impl Reading<'_> {
    pub(super) fn durations(&mut self, lines: &mut Lines) -> Result<(), TraceFault> {
        let header = lines.header()?;
        let key_columns = KeyColumns::find(&header, &FUNCTION_KEY)?;
        let average = header.need("Average")?;
        let mut percentiles = Vec::new();
        for percent in PERCENTS {
            percentiles.push(header.need(&format!("percentile_Average_{percent}"))?);
        }
        let width = header.names.len();
        let (mut fields, mut key) = (Vec::new(), Vec::new());
        // Functions with a row in this very file, to tell a second row from another day's.
        let mut here = vec![false; self.functions.len()];
        let mut any = false;
        while self.next_row(lines) {
            any = true;
            split(lines.line(), &mut fields);
            if fields.len() != width {
                self.faults.add(lines.cut(fields.len(), width));
                continue;
            }
            key_columns.read(lines.line(), &fields, &mut key);
            let Some(function) = self.keys.get(&key) else {
                let message = "a function with durations has no row of requests: left out";
                self.warn(lines, message);
                continue;
            };
            if std::mem::replace(&mut here[function], true) {
                let message = "a function has several rows of durations: the first counts";
                self.warn(lines, message);
                continue;
            }
            if self.functions[function].has_durations {
                continue;
            }
            let mut values = [Span::ZERO; 7];
            let mut complete = true;
            for (value, column) in values.iter_mut().zip(&percentiles) {
                match self.milliseconds(lines, &fields, *column, &header) {
                    Some(span) => *value = span,
                    None => complete = false,
                }
            }
            let average = self.milliseconds(lines, &fields, average, &header);
            if let (true, Some(average)) = (complete, average) {
                let service = self.service(lines, average, values);
                let entry = &mut self.functions[function];
                entry.service = service;
                entry.has_durations = true;
            }
        }
        self.ends(any, lines)
    }

    /// The distribution that a row of durations describes.
    fn service(&mut self, lines: &Lines, average: Span, mut values: [Span; 7]) -> Option<Dist> {
        if !values.is_sorted() {
            let message = "percentiles of a duration fall: each is raised to the one before";
            self.warn(lines, message);
            for place in 1..values.len() {
                values[place] = values[place].max(values[place - 1]);
            }
        }
        let (least, most) = (values[0], values[values.len() - 1]);
        if most.is_zero() {
            let message = if average.is_zero() {
                "a function has durations of 0 only: it takes no time"
            } else {
                "a function has percentiles of 0 only: its average is taken"
            };
            self.warn(lines, message);
            return Some(Dist::constant(average));
        }
        if least == most {
            return Some(Dist::constant(most));
        }
        let points: Vec<(f64, Span)> = PERCENTS.into_iter().zip(values).collect();
        match Dist::percentiles(&points) {
            Ok(dist) => Some(dist),
            Err(error) => {
                self.faults.add(lines.fault(error.to_string()));
                None
            }
        }
    }

    /// A duration of the release; `None` where it is none, which is noted as a fault.
    fn milliseconds(
        &mut self,
        lines: &Lines,
        fields: &[Range<usize>],
        column: usize,
        header: &Header,
    ) -> Option<Span> {
        let field = &lines.line()[fields[column].clone()];
        match parse_fixed(field, 6) {
            Ok(nanos) if nanos < 0 => {
                self.warn(lines, "a duration is negative: taken as 0");
                Some(Span::ZERO)
            }
            Ok(nanos) => Some(Span::from_nanos(nanos as u64)),
            Err(wrong) => {
                let message = wrong.explain(field, &header.names[column]);
                self.faults.add(lines.fault(message));
                None
            }
        }
    }
}
