//! Why a request that finds no instance is cold.

use super::*;

impl FunctionState {
    /// Why a request that finds no instance now is cold. An instance that only a ping keeps busy
    /// comes before all else, provisioned or not: without the ping the request would have had it.
    pub(super) fn cause(&self) -> Cause {
        if self.with_ping > 0 {
            return Cause::PingCollision;
        }
        if self.provisioned_target > 0 {
            let none_yet = self.provisioned_ready == 0;
            return if none_yet {
                Cause::NotReady
            } else {
                Cause::Spillover
            };
        }
        if !self.rare.ever {
            Cause::First
        } else if self.rare.prewarming > 0 {
            Cause::NotReady
        } else if self.alive > self.rare.outdated {
            Cause::ScaleOut
        } else if self.alive > 0 {
            Cause::Deployed
        } else {
            match self.rare.last_retired {
                Retirement::IdleTimeout => Cause::Expired,
                Retirement::Deployed => Cause::Deployed,
                Retirement::Evicted => Cause::Evicted,
                Retirement::MaxLife
                | Retirement::Lowered
                | Retirement::TimedOut
                | Retirement::Crashed
                | Retirement::OutOfMemory
                | Retirement::EndOfRun => Cause::Recycled,
            }
        }
    }
}
