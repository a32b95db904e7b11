//! A stream: records lie in shards and are handed over in order; what fails blocks its shard.
//!
//! A shard with several batches at the same time is that many lanes: records of one partition key
//! stay in one lane, so they follow each other.

use super::*;
use crate::dist::uniform;
use crate::model::StreamRules;

/// What a stream keeps.
pub(in crate::sim) struct StreamState {
    lanes: Vec<Lane>,
    /// Which lane a record goes to, and whether it is poison.
    draws: Stream,
}

/// Records that follow each other.
struct Lane {
    records: VecDeque<Message>,
    /// A batch of it is tried.
    busy: bool,
    /// How often the batch at the front has failed.
    failures: u32,
    /// Sizes of the next batches, the next one last, where they are prescribed.
    sizes: Vec<u32>,
    /// Between zero and a poll interval: the shard is looked at this long after each.
    phase: Span,
    /// The last look found records, and more wait: the next look is at once.
    behind: bool,
    /// Not looked at before.
    not_before: Time,
    /// When the live timer fires.
    timer: Time,
}

impl StreamState {
    pub(super) fn new(rules: &StreamRules, mut draws: Stream) -> Self {
        let mut lanes = Vec::new();
        for _ in 0..rules.shards {
            let phase = Span::from_secs(rules.poll_every.secs() * uniform(&mut draws));
            lanes.extend((0..rules.parallelization_factor).map(|_| Lane {
                records: VecDeque::new(),
                busy: false,
                failures: 0,
                sizes: Vec::new(),
                phase,
                behind: false,
                not_before: Time::ZERO,
                timer: Time::NEVER,
            }));
        }
        Self { lanes, draws }
    }

    pub(super) fn waiting(&self) -> Vec<Message> {
        let lanes = self.lanes.iter();
        lanes
            .flat_map(|lane| lane.records.iter().copied())
            .collect()
    }
}

impl Lane {
    /// When it is looked at next, given what lies in it; `NEVER` where nothing does.
    fn due(&self, rules: &StreamRules, now: Time) -> Time {
        let Some(first) = self.records.front() else {
            return Time::NEVER;
        };
        let wanted = self.sizes.last().copied().unwrap_or(rules.batch_size);
        let gathered = if self.records.len() >= wanted as usize {
            now
        } else {
            first.arrived + rules.window
        };
        let at = gathered.max(self.not_before).max(now);
        if self.behind {
            at
        } else {
            self.next_look(rules, at)
        }
    }

    /// The first look at `at` or later.
    fn next_look(&self, rules: &StreamRules, at: Time) -> Time {
        let every = rules.poll_every.nanos();
        if every == 0 {
            return at;
        }
        let since = at.since(Time::ZERO + self.phase).nanos();
        Time::ZERO + self.phase + Span::from_nanos(since.div_ceil(every).saturating_mul(every))
    }
}

impl<O: Observer> Simulation<'_, O> {
    fn stream_rules(&self, id: FunctionId) -> Option<StreamRules> {
        match &self.plan.functions[id.index()].source {
            EventSource::Stream(rules) => Some(*rules),
            _ => None,
        }
    }

    fn stream(&mut self, id: FunctionId) -> Option<&mut StreamState> {
        match &mut self.functions[id].rare.source {
            SourceState::Stream(state) => Some(state),
            _ => None,
        }
    }

    fn lane(&mut self, id: FunctionId, lane: u32) -> Option<&mut Lane> {
        self.stream(id)?.lanes.get_mut(lane as usize)
    }

    pub(super) fn append_record(&mut self, id: FunctionId, mut record: Message) {
        let Some(rules) = self.stream_rules(id) else {
            return;
        };
        let Some(state) = self.stream(id) else { return };
        let lanes = state.lanes.len() as u32;
        let lane = ((uniform(&mut state.draws) * f64::from(lanes)) as u32).min(lanes - 1);
        record.poison = rules.poison > 0.0 && uniform(&mut state.draws) < rules.poison;
        state.lanes[lane as usize].records.push_back(record);
        self.schedule_look(id, &rules, lane);
    }

    /// Sees to it that a lane that is not busy is looked at when it is due.
    fn schedule_look(&mut self, id: FunctionId, rules: &StreamRules, number: u32) {
        let now = self.now;
        let Some(lane) = self.lane(id, number).filter(|lane| !lane.busy) else {
            return;
        };
        let due = lane.due(rules, now);
        if due < lane.timer {
            lane.timer = due;
            let event = Event::Shard {
                function: id.0,
                lane: number,
            };
            self.calendar.push(due, event);
        }
    }

    /// A lane is looked at.
    pub(in crate::sim) fn look_at_lane(&mut self, id: FunctionId, number: u32) {
        let now = self.now;
        let Some(rules) = self.stream_rules(id) else {
            return;
        };
        let Some(lane) = self.lane(id, number).filter(|lane| lane.timer == now) else {
            return;
        };
        lane.timer = Time::NEVER;
        if lane.busy || lane.due(&rules, now) > now {
            self.schedule_look(id, &rules, number);
            return;
        }
        self.take_records(id, &rules, number);
    }

    fn take_records(&mut self, id: FunctionId, rules: &StreamRules, number: u32) {
        let now = self.now;
        let too_old =
            |record: &Message| rules.max_age.is_some_and(|age| record.arrived + age <= now);
        let mut expired = self.batches.list();
        let mut records = self.batches.list();
        let Some(lane) = self.lane(id, number) else {
            return;
        };
        while lane.records.front().is_some_and(too_old) {
            expired.extend(lane.records.pop_front());
            lane.sizes.clear();
            lane.failures = 0;
        }
        let size = lane.sizes.pop().unwrap_or(rules.batch_size) as usize;
        let size = size.min(lane.records.len());
        records.extend(lane.records.drain(..size));
        lane.busy = size > 0;
        for record in &expired {
            self.end_message(id, record, Fate::Expired);
        }
        self.batches.recycle(expired);
        if size == 0 {
            self.batches.recycle(records);
            return;
        }
        for record in &mut records {
            record.receives = record.receives.saturating_add(1);
            if record.receives > 1 {
                record.fails = self.draws_failure(id);
            }
        }
        let batch = self.batches.put(id, number, records, now);
        self.hand_over(id, batch);
    }

    pub(super) fn stream_batch_tried(&mut self, request: &Request, tried: Tried) {
        let id = request.function;
        let Some(rules) = self.stream_rules(id) else {
            return;
        };
        let Some((_, number, mut records, _)) = self.batches.take(request.batch) else {
            return;
        };
        let again = self.now + rules.retry_wait;
        let size = records.len() as u32;
        let Some(lane) = self.lane(id, number) else {
            return;
        };
        lane.busy = false;
        // Where more records are there a stream goes on until it has caught up
        // (docs.aws.amazon.com, with-kinesis); else it is looked at every so often.
        lane.behind = tried != Tried::Completed || !lane.records.is_empty();
        let fate = match tried {
            Tried::Completed => Some(Fate::Processed),
            // Tries that were throttled do not count.
            Tried::Refused => {
                lane.sizes.push(size);
                None
            }
            Tried::Failed | Tried::WentDown | Tried::TimedOut if rules.bisect && size > 1 => {
                lane.sizes.extend([size - size / 2, size / 2]);
                None
            }
            Tried::Failed | Tried::WentDown | Tried::TimedOut => {
                lane.failures += 1;
                let last = rules.max_retries.is_some_and(|most| lane.failures > most);
                if !last {
                    lane.sizes.push(size);
                }
                last.then_some(Fate::GivenUp)
            }
        };
        if let Some(fate) = fate {
            lane.failures = 0;
            for record in &records {
                self.end_message(id, record, fate);
            }
        } else {
            lane.not_before = again;
            for record in records.drain(..).rev() {
                lane.records.push_front(record);
            }
        }
        self.batches.recycle(records);
        self.schedule_look(id, &rules, number);
    }
}
