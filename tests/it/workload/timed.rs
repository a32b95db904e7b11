//! Requests at times of the calendar.

use frostline::model::TimedRequests;
use frostline::schedule::{Expression, Schedule, Start, Zone};

use super::*;

fn timed(cron: &str, requests: u32, jitter: Dist) -> Process {
    let expression = Expression::parse(cron).unwrap();
    Process::Schedule(TimedRequests {
        until: Time::NEVER,
        at: Schedule::new(expression, Zone::UTC, Start::default()),
        requests,
        jitter,
    })
}

#[test]
fn the_calendar_sends_so_many_requests_each_time() {
    let twice = timed("*/5 * * * *", 2, Dist::ZERO);
    assert_eq!(
        instants(&twice, 601.0, 1),
        [0.0, 0.0, 300.0, 300.0, 600.0, 600.0]
    );
    assert_eq!(
        instants(&timed("at(2024-01-01T01:00:00)", 1, Dist::ZERO), 1e5, 1),
        [3600.0]
    );
    assert!(instants(&timed("0 0 1 1 ? 2020", 1, Dist::ZERO), 1e5, 1).is_empty());
}

/// Jitter longer than the time between two firings: requests overtake one another, none is lost, and
/// they come in order.
#[test]
fn jitter_delays_each_request_and_keeps_the_order() {
    let jitter = Dist::uniform(Span::ZERO, secs(900.0)).unwrap();
    let once = timed("at(2024-01-01T00:01:00)", 1000, jitter.clone());
    let mean = over_seeds(20, |seed| {
        let instants = instants(&once, 1e4, seed);
        instants.iter().sum::<f64>() / instants.len() as f64
    });
    assert_near(mean, 60.0 + 450.0, "mean instant");
    let minutely = timed("0-29 0 * * *", 3, jitter);
    let instants = instants(&minutely, 36_000.0, 1);
    assert_eq!(instants.len(), 90);
    assert!(instants.windows(2).all(|pair| pair[0] <= pair[1]));
}
