//! What the integration tests share: a sandbox on virtual time, a client of it, and a spec.
#![allow(dead_code, reason = "each test file uses its part")]

use serde_json::{Value, json};
use tenantry::flow::{FlowEvent, Progress};
use tenantry::magento_bi::onboarding::{Flow, FlowOptions, OnboardingSpec};
use tenantry::magento_bi::{Builder, Client};
use tenantry::{Error, Result};
use tenantry_sandbox::{ClockKind, Sandbox, SandboxOptions, Vocabulary};

pub fn sandbox() -> Sandbox {
    sandbox_with(|_| {})
}

pub fn sandbox_with(change: impl FnOnce(&mut SandboxOptions)) -> Sandbox {
    let mut options = SandboxOptions { clock: ClockKind::Virtual, ..SandboxOptions::default() };
    change(&mut options);
    Sandbox::start(options).unwrap()
}

pub fn document_sandbox() -> Sandbox {
    sandbox_with(|options| options.vocabulary = Vocabulary::Document)
}

pub fn builder(sandbox: &Sandbox) -> Builder {
    let config = sandbox.line()["magento_bi"].to_string();
    Client::builder().config_json(&config).unwrap().clock(sandbox.clock())
}

pub fn client(sandbox: &Sandbox) -> Client {
    builder(sandbox).build().unwrap()
}

pub fn spec_json() -> Value {
    json!({
        "company": "Coco Co.",
        "tier": "T100",
        "admin": {"email": "csm@example.com", "first_name": "CSMFirst", "last_name": "CSMLast", "role": "csm"},
        "magento": {"customer_id": "MAG0000001", "subscription_id": "1000"},
        "user": {
            "email": "customer@customer.com", "first_name": "tester", "last_name": "mctest",
            "client_rights": {"admin": 1, "billing": 1, "readonly": 1, "technical": 0},
        },
        "client_settings": {"name": "Coco Co.", "properties": {"timezone": "America/New_York"}},
        "connection": {
            "name": "store", "type": "mysql", "password": secret("db"),
            "properties": {
                "host": "db.example.com", "port": "3306", "username": "magento", "dbName": "magento_store",
            },
        },
        "dashboards": {"package": "magento1_rjql1", "database": "magento_store", "table_prefix": ""},
    })
}

/// A secret of this process alone.
pub fn secret(name: &str) -> String {
    format!("{name}-canary-{:08x}", std::process::id())
}

pub fn spec() -> OnboardingSpec {
    spec_with(|_| {})
}

pub fn spec_with(change: impl FnOnce(&mut Value)) -> OnboardingSpec {
    let mut spec = spec_json();
    change(&mut spec);
    OnboardingSpec::from_json(&spec.to_string()).unwrap()
}

pub fn options(json: Value) -> FlowOptions {
    serde_json::from_value(json).unwrap()
}

/// Drives `flow` to its end, its need or its error, and keeps the events.
pub async fn drive(flow: &mut Flow) -> (Vec<FlowEvent>, Result<Progress>) {
    let mut events = Vec::new();
    loop {
        match flow.next().await {
            Ok(Progress::Event(event)) => events.push(event),
            end => return (events, end),
        }
    }
}

/// The reason and the step of the need that `flow` stops at.
pub async fn need(flow: &mut Flow) -> (String, String) {
    match drive(flow).await.1.unwrap() {
        Progress::Need(need) => (need.step, need.reason),
        other => panic!("no need: {other:?}"),
    }
}

pub async fn done(flow: &mut Flow) -> Value {
    match drive(flow).await.1.unwrap() {
        Progress::Done(outputs) => outputs,
        other => panic!("not done: {other:?}"),
    }
}

pub async fn failed(flow: &mut Flow) -> Error {
    match drive(flow).await.1 {
        Err(error) => error,
        other => panic!("no error: {other:?}"),
    }
}

/// Operations that arrived, in order, without their system's name.
pub fn arrived(sandbox: &Sandbox) -> Vec<String> {
    let journal = sandbox.journal();
    let name = |entry: &Value| entry["operation"].as_str().unwrap_or("?").replace("magento_bi.", "");
    journal.as_array().unwrap().iter().map(name).collect()
}

/// How often `operation` was carried out.
pub fn committed(sandbox: &Sandbox, operation: &str) -> usize {
    let journal = sandbox.journal();
    let is = |entry: &&Value| entry["operation"] == format!("magento_bi.{operation}") && entry["committed"] == true;
    journal.as_array().unwrap().iter().filter(is).count()
}

pub const CREATES: [&str; 5] =
    ["signups.create", "invites.create", "connections.create", "jobs.start_connection_test", "autodash.create"];
