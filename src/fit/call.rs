//! A call as a log tells of it, and the facts that it is put together from.

use super::sort::Row;

/// No stream or group is known.
pub(super) const NONE: u32 = u32::MAX;

/// No time is known.
pub(super) const NEVER: i64 = i64::MIN;

/// How a call ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub(super) enum End {
    /// The log does not say that anything was wrong.
    Plain = 0,
    Error = 1,
    /// The process ended, and its instance was reset.
    Exit = 2,
    Timeout = 3,
}

/// What a fact is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub(super) enum About {
    Report = 0,
    Start = 1,
    /// How the call ended, told apart from its report.
    End = 2,
}

/// What one record tells of one request. Lengths in nanoseconds; what is not known is negative or
/// NaN.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Fact {
    pub(super) request: u128,
    /// Nanoseconds since 1970; of a report the end of the call.
    pub(super) at: i64,
    pub(super) about: About,
    pub(super) end: End,
    pub(super) restored: bool,
    pub(super) json: bool,
    pub(super) stream: u32,
    pub(super) group: u32,
    pub(super) run: i64,
    /// Init or restore that the call waited for.
    pub(super) start: i64,
    pub(super) billed_ms: f64,
    pub(super) billed_restore_ms: f32,
    pub(super) memory_mb: f32,
    pub(super) max_memory_mb: f32,
    pub(super) timeout_s: f32,
}

impl Fact {
    /// A fact about a request, of which nothing else is known.
    pub(super) fn new(request: u128, about: About) -> Self {
        Self {
            request,
            at: NEVER,
            about,
            end: End::Plain,
            restored: false,
            json: false,
            stream: NONE,
            group: NONE,
            run: -1,
            start: -1,
            billed_ms: f64::NAN,
            billed_restore_ms: f32::NAN,
            memory_mb: f32::NAN,
            max_memory_mb: f32::NAN,
            timeout_s: f32::NAN,
        }
    }
}

impl Row for Fact {
    type Key = (u128, About, i64);
    const BYTES: usize = 16 + 8 + 4 + 4 + 4 + 8 + 8 + 8 + 4 * 4;

    fn key(&self) -> Self::Key {
        (self.request, self.about, self.at)
    }

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.request.to_le_bytes());
        bytes.extend_from_slice(&self.at.to_le_bytes());
        let flags = [
            self.about as u8,
            self.end as u8,
            u8::from(self.restored),
            u8::from(self.json),
        ];
        bytes.extend_from_slice(&flags);
        bytes.extend_from_slice(&self.stream.to_le_bytes());
        bytes.extend_from_slice(&self.group.to_le_bytes());
        bytes.extend_from_slice(&self.run.to_le_bytes());
        bytes.extend_from_slice(&self.start.to_le_bytes());
        bytes.extend_from_slice(&self.billed_ms.to_le_bytes());
        for number in [
            self.billed_restore_ms,
            self.memory_mb,
            self.max_memory_mb,
            self.timeout_s,
        ] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
    }

    fn take(bytes: &[u8]) -> Self {
        let mut bytes = Bytes(bytes);
        let request = u128::from_le_bytes(bytes.next());
        let at = i64::from_le_bytes(bytes.next());
        let [about, end, restored, json] = bytes.next();
        Self {
            request,
            at,
            about: match about {
                0 => About::Report,
                1 => About::Start,
                _ => About::End,
            },
            end: match end {
                0 => End::Plain,
                1 => End::Error,
                2 => End::Exit,
                _ => End::Timeout,
            },
            restored: restored != 0,
            json: json != 0,
            stream: u32::from_le_bytes(bytes.next()),
            group: u32::from_le_bytes(bytes.next()),
            run: i64::from_le_bytes(bytes.next()),
            start: i64::from_le_bytes(bytes.next()),
            billed_ms: f64::from_le_bytes(bytes.next()),
            billed_restore_ms: f32::from_le_bytes(bytes.next()),
            memory_mb: f32::from_le_bytes(bytes.next()),
            max_memory_mb: f32::from_le_bytes(bytes.next()),
            timeout_s: f32::from_le_bytes(bytes.next()),
        }
    }
}

/// Numbers cut off the front of bytes.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn next<const N: usize>(&mut self) -> [u8; N] {
        let (front, rest) = self.0.split_at(N);
        self.0 = rest;
        let mut bytes = [0; N];
        bytes.copy_from_slice(front);
        bytes
    }
}

/// A call, by the time at which it arrived.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Call(pub(super) Fact);

impl Call {
    /// When its request arrived, as far as the log tells: its end less what it ran and waited for.
    pub(super) fn arrival(&self) -> Option<i64> {
        (self.0.at != NEVER).then(|| self.0.at - self.0.run - self.0.start.max(0))
    }

    /// Whether it waited for its instance to start.
    pub(super) fn is_cold(&self) -> bool {
        self.0.start >= 0
    }

    pub(super) fn run_ms(&self) -> f64 {
        self.0.run as f64 / 1e6
    }

    pub(super) fn start_ms(&self) -> f64 {
        self.0.start.max(0) as f64 / 1e6
    }

    /// What a client waited for, as far as the log tells.
    pub(super) fn latency_ms(&self) -> f64 {
        self.run_ms() + self.start_ms()
    }
}

impl Row for Call {
    type Key = (i64, i64, u128);
    const BYTES: usize = Fact::BYTES;

    fn key(&self) -> Self::Key {
        (self.arrival().unwrap_or(NEVER), self.0.at, self.0.request)
    }

    fn put(&self, bytes: &mut Vec<u8>) {
        self.0.put(bytes);
    }

    fn take(bytes: &[u8]) -> Self {
        Self(Fact::take(bytes))
    }
}

/// A call in the order of streams, and in each in that of arrival.
#[derive(Clone, Copy, Debug)]
pub(super) struct ByStream(pub(super) Call);

impl Row for ByStream {
    type Key = (u32, <Call as Row>::Key);
    const BYTES: usize = Call::BYTES;

    fn key(&self) -> Self::Key {
        (self.0.0.stream, self.0.key())
    }

    fn put(&self, bytes: &mut Vec<u8>) {
        self.0.put(bytes);
    }

    fn take(bytes: &[u8]) -> Self {
        Self(Call::take(bytes))
    }
}

/// An error that names no request: it is of the call that ran on its stream at its time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct NamelessError {
    pub(super) stream: u32,
    /// Nanoseconds since 1970.
    pub(super) at: i64,
}

impl Row for NamelessError {
    type Key = Self;
    const BYTES: usize = 4 + 8;

    fn key(&self) -> Self {
        *self
    }

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.stream.to_le_bytes());
        bytes.extend_from_slice(&self.at.to_le_bytes());
    }

    fn take(bytes: &[u8]) -> Self {
        let mut bytes = Bytes(bytes);
        Self {
            stream: u32::from_le_bytes(bytes.next()),
            at: i64::from_le_bytes(bytes.next()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_come_back_from_their_bytes() {
        let fact = Fact {
            at: 12,
            about: About::End,
            end: End::Exit,
            restored: true,
            json: true,
            stream: 3,
            run: 7,
            start: 9,
            billed_ms: 1.5,
            billed_restore_ms: 2.0,
            memory_mb: 128.0,
            max_memory_mb: 64.0,
            timeout_s: 3.0,
            ..Fact::new(u128::MAX - 5, About::Report)
        };
        let mut bytes = Vec::new();
        fact.put(&mut bytes);
        assert_eq!(bytes.len(), Fact::BYTES);
        assert_eq!(Fact::take(&bytes), fact);
    }
}
