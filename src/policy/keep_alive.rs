//! Keep-alive by a rule that looks at nothing: never, for a length of time, for ever.

use super::{Keep, Policy, Question};
use crate::model::KeepAlive;
use crate::random::Stream;
use crate::units::Span;

/// Answers `keep` by the rule alone.
pub(super) struct FixedRule(KeepAlive);

impl FixedRule {
    pub(super) fn new(rule: KeepAlive) -> Self {
        Self(rule)
    }
}

impl Policy for FixedRule {
    fn answers(&self) -> &'static [Question] {
        &[Question::Keep]
    }

    fn keep(&mut self, stream: &mut Stream) -> Keep {
        match &self.0 {
            KeepAlive::Never => Keep::Never,
            KeepAlive::For(lifetime) => Keep::For(lifetime.sample(stream)),
            KeepAlive::TwoClocks { instance, .. } => Keep::For(instance.sample(stream)),
            KeepAlive::ForEver => Keep::ForEver,
        }
    }

    fn always_keep(&self) -> Option<Keep> {
        match &self.0 {
            KeepAlive::Never => Some(Keep::Never),
            KeepAlive::For(lifetime) => lifetime.as_constant().map(Keep::For),
            KeepAlive::TwoClocks { instance, .. } => instance.as_constant().map(Keep::For),
            KeepAlive::ForEver => Some(Keep::ForEver),
        }
    }

    fn function_idle(&self) -> Option<Span> {
        match self.0 {
            KeepAlive::TwoClocks { function, .. } => Some(function),
            _ => None,
        }
    }
}
