//! What the fault matrix shares: sample calls, senders and servers that misbehave on purpose, and clocks.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

pub mod client;
pub mod clock;
pub mod connect_samples;
pub mod fake;
pub mod gzip;
pub mod maestrano_samples;
pub mod requests;
pub mod samples;
pub mod way;
pub mod wire;
pub mod world;

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tenantry::host::{Event, Listener};
use tenantry::http::Options;
use tenantry::time::{Random as _, SystemRandom};
use tenantry::{Error, Report};

/// A secret of this run alone.
pub fn secret() -> String {
    format!("canary-{}", SystemRandom.uuid())
}

/// Call options from their JSON form.
pub fn options(json: Value) -> Options {
    serde_json::from_value(json).unwrap()
}

/// The JSON form of call options. A proxy is an option of clients alone, as far as the tests go.
pub fn options_json(options: &Options) -> Value {
    assert!(options.proxy.is_none(), "no test gives a list's call a proxy");
    let mut all = json!({
        "timeout_ms": options.timeout_ms, "connect_timeout_ms": options.connect_timeout_ms,
        "first_byte_timeout_ms": options.first_byte_timeout_ms, "max_retries": options.max_retries,
        "ca_file": options.ca_file, "allow_insecure_http": options.allow_insecure_http,
        "user_agent": options.user_agent, "extra_headers": options.extra_headers,
        "max_response_bytes": options.max_response_bytes,
    });
    all.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    all
}

/// The events that a client tells.
#[derive(Clone, Default)]
pub struct Events(Arc<Mutex<Vec<Event>>>);

impl Events {
    pub fn listener(&self) -> Listener {
        let events = self.0.clone();
        Arc::new(move |event| events.lock().unwrap().push(event.clone()))
    }

    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// How many attempts `operation` has made since the last look.
    pub fn attempts(&self, operation: &str) -> usize {
        self.take().iter().filter(|event| event.kind == "attempt" && event.operation == operation).count()
    }
}

/// A detail of an error's report.
pub fn detail<'a>(error: &'a Error, name: &str) -> &'a Value {
    error.report().details.get(name).unwrap_or(&Value::Null)
}

/// Everything that an error shows in any form.
pub fn shown(error: &Error) -> String {
    let report: &Report = error.report();
    format!("{error} {error:?} {report:?} {}", serde_json::to_string(error).unwrap())
}

/// Lets a future that a defect would hang fail instead; no test depends on the time itself.
pub async fn bounded<F: Future>(what: &str, future: F) -> F::Output {
    match tokio::time::timeout(Duration::from_secs(120), future).await {
        Ok(output) => output,
        Err(_) => panic!("hangs: {what}"),
    }
}
