//! Closed forms that the simulator must agree with.
//!
//! Plain functions of plain numbers: seconds, rates a second, erlangs (`load` = rate × mean service
//! time). They know no simulator type, draw no random number and hold no state, so they are an
//! independent witness. V-numbers name the rows of the validation sheet that the tests repeat;
//! arguments outside the range a function states give a meaningless number, not an error.
//!
//! Conventions: a gap equal to the keep-alive is warm; P(cold) counts requests offered, which
//! without a limit are the requests accepted; instances start in no time unless a start is named.

pub mod billing;
pub mod bursts;
pub mod busy;
pub mod keep_alive;
pub mod lifo;
pub mod passage;
pub mod ping;
pub mod provisioned;
pub mod queues;
pub mod renewal;
pub mod special;
