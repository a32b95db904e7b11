//! Grid × replications → cells → results, in order, over all cores.

mod results;

pub use results::{
    Estimate, Estimates, FunctionResult, IntervalMethod, Results, ScenarioResult, Timeline,
    TimelinePoint,
};
