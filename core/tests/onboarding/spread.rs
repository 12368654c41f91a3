//! When the polls of many flows come: spread, and never early.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::common::*;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tenantry::flow::{Invoke, NoCheckpoints};
use tenantry::magento_bi::Client;
use tenantry::magento_bi::onboarding::{Fleet, OnboardingSpec};
use tenantry::ops::CallContext;
use tenantry::time::{Clock, Random, SystemRandom};

/// A clock that moves to whoever sleeps.
#[derive(Debug, Default, Clone)]
struct Leap(Arc<Mutex<Duration>>);

impl Clock for Leap {
    fn now(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    fn wall_ms(&self) -> i64 {
        1_767_225_600_000 + self.now().as_millis() as i64
    }

    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()> {
        let now = Arc::clone(&self.0);
        async move {
            let mut now = now.lock().unwrap();
            *now = at.max(*now);
        }
        .boxed()
    }
}

/// A server whose signups never end, and the time of each poll by its signup.
#[derive(Debug)]
struct Endless {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    polls: Mutex<Vec<(String, Duration)>>,
}

impl Invoke for Endless {
    fn invoke<'a>(
        &'a self,
        operation: &'static str,
        arguments: String,
        _: CallContext,
    ) -> BoxFuture<'a, tenantry::Result<String>> {
        let arguments: Value = serde_json::from_str(&arguments).unwrap();
        let reply = if operation == "magento_bi.signups.create" {
            json!({"id": arguments["company"]})
        } else {
            let signup = arguments["signup_id"].as_str().unwrap().to_owned();
            self.polls.lock().unwrap().push((signup, self.clock.now()));
            json!({"status": "pending"})
        };
        async move { Ok(reply.to_string()) }.boxed()
    }

    fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    fn random(&self) -> &Arc<dyn Random> {
        &self.random
    }
}

const FLOWS: usize = 2_000;
const INTERVAL: Duration = Duration::from_secs(10);

/// The polls of a minute, of flows that all begin together.
fn polls(jitter: f64) -> Vec<(String, Duration)> {
    let clock = Arc::new(Leap::default());
    let random = Arc::new(SystemRandom);
    let server = Arc::new(Endless { clock: clock.clone(), random, polls: Mutex::default() });
    let client = Client::builder().username("u").password("p").oauth_client_id(1).client_secret("s").clock(clock);
    let merchant =
        |key: &str| -> tenantry::Result<OnboardingSpec> { Ok(spec_with(|spec| spec["company"] = key.into())) };
    let minute = json!({"await_client": 60_000});
    let poll = json!({"min_ms": 10_000, "max_ms": 10_000, "factor": 1.0, "jitter": jitter});
    let options = serde_json::from_value(json!({"flow": {"poll": poll, "step_max_wait_ms": minute}})).unwrap();
    let invoke = Arc::clone(&server) as Arc<dyn Invoke>;
    let mut fleet = Fleet::new(&client.build().unwrap(), invoke, merchant, options, Arc::new(NoCheckpoints)).unwrap();
    (0..FLOWS).for_each(|number| fleet.add(&format!("shop-{number}")).unwrap());
    while fleet.next().now_or_never().unwrap().is_some() {}
    assert!(fleet.status().late_p99_ms <= 5.0, "{:?}", fleet.status());
    let polls = server.polls.lock().unwrap();
    polls.clone()
}

#[test]
fn flows_that_begin_together_poll_spread_over_their_interval() {
    for jitter in [0.0, 0.2] {
        let polls = polls(jitter);
        // Fifty windows of each interval of the first half minute: none is empty, none much fuller than the others.
        let mut windows = vec![0; 150];
        for (_, at) in &polls {
            if let Some(window) = windows.get_mut((at.as_millis() / 200) as usize) {
                *window += 1;
            }
        }
        let mean = FLOWS / 50;
        assert!(windows.iter().all(|polls| (mean / 3..mean * 2).contains(polls)), "{jitter}: {windows:?}");
    }
}

#[test]
fn no_poll_is_early() {
    let mut last = std::collections::HashMap::new();
    for (signup, at) in polls(0.0) {
        let before: Option<Duration> = last.insert(signup, at);
        let passed = before.map_or(INTERVAL, |before| at - before);
        // The last poll falls on the limit.
        let at_the_limit = at >= Duration::from_secs(60);
        assert!(passed >= INTERVAL || at_the_limit, "{passed:?} after another");
        assert!(passed <= INTERVAL + Duration::from_millis(8), "{passed:?} after another");
    }
    assert_eq!(last.len(), FLOWS);
}
