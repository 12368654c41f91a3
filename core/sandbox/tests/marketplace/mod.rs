//! Calls to the sandbox's Maestrano, as these tests make them.
#![allow(dead_code, unused_imports, reason = "each test file uses a part of it")]

#[path = "../raw/mod.rs"]
pub mod raw;

use std::ops::Deref;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
pub use raw::{Reply, address, bytes, secret, try_raw};
use serde_json::{Value, json};
use tenantry_sandbox::{ClockKind, Sandbox, SandboxOptions};

/// A sandbox on the virtual clock and the app's credentials on each marketplace.
pub struct Maestrano {
    pub sandbox: Sandbox,
    pub entries: Vec<Value>,
}

impl Deref for Maestrano {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.sandbox
    }
}

pub fn basic(user: &str, password: &str) -> String {
    format!("authorization: Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// A sandbox on the virtual clock; a bare socket does not move it, only `advance` does.
pub fn start() -> Maestrano {
    start_with(SandboxOptions { clock: ClockKind::Virtual, ..SandboxOptions::default() })
}

pub fn start_with(options: SandboxOptions) -> Maestrano {
    let sandbox = Sandbox::start(options).unwrap();
    let entries = configuration(&sandbox).expect(200)["marketplaces"].as_array().unwrap().clone();
    Maestrano { sandbox, entries }
}

pub fn configuration(sandbox: &Sandbox) -> Reply {
    let line = sandbox.line()["maestrano"].take();
    let auth = basic(line["api_key"].as_str().unwrap(), line["api_secret"].as_str().unwrap());
    raw::get(sandbox, "/api/config/v1/marketplaces", &[&auth])
}

impl Maestrano {
    /// The Basic header of the app on the n-th marketplace.
    pub fn auth(&self, n: usize) -> String {
        let api = &self.entries[n]["api"];
        basic(api["id"].as_str().unwrap(), api["key"].as_str().unwrap())
    }

    pub fn send_as(&self, n: usize, method: &str, path: &str, body: &Value) -> Reply {
        let auth = self.auth(n);
        let headers = [auth.as_str(), "content-type: application/json", "host: api-hub.maestrano.com"];
        let text = if body.is_null() { String::new() } else { body.to_string() };
        raw::send(&self.sandbox, method, path, &headers, &text)
    }

    pub fn send(&self, method: &str, path: &str, body: &Value) -> Reply {
        self.send_as(0, method, path, body)
    }

    /// The data of a call of the account API that succeeds.
    #[track_caller]
    pub fn data(&self, method: &str, path: &str, body: &Value) -> Value {
        let mut reply = self.send(method, &format!("/api/v1/account/{path}"), body).expect(200);
        assert_eq!((&reply["success"], &reply["errors"]), (&json!(true), &json!({})), "{reply}");
        reply["data"].take()
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        self.data("GET", path, &Value::Null)
    }

    /// The errors of a call of the account API that is refused.
    #[track_caller]
    pub fn errors(&self, status: u16, method: &str, path: &str, body: &Value) -> Value {
        let mut reply = self.send(method, &format!("/api/v1/account/{path}"), body).expect(status);
        assert_eq!((&reply["success"], &reply["data"]), (&json!(false), &json!({})), "{reply}");
        reply["errors"].take()
    }

    /// The ids of a list.
    #[track_caller]
    pub fn ids(&self, path: &str) -> Vec<String> {
        self.get(path).as_array().unwrap().iter().map(id).collect()
    }

    pub fn kept(&self, marketplace: &str, kind: &str) -> Vec<Value> {
        let state = self.sandbox.state();
        state["maestrano"]["marketplaces"][marketplace][kind].as_array().unwrap().clone()
    }
}

pub fn id(thing: &Value) -> String {
    thing["id"].as_str().unwrap().to_owned()
}

/// A bill that lacks nothing.
pub fn bill() -> Value {
    json!({"group_id": "cld-4", "price_cents": 2000, "description": "Product purchase", "currency": "USD"})
}

pub fn recurring_bill() -> Value {
    json!({"group_id": "cld-4", "price_cents": 2990, "description": "User licence", "period": "Month"})
}

pub fn with(mut body: Value, changes: &Value) -> Value {
    for (key, value) in changes.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}
