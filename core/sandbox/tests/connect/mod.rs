//! Calls to the sandbox's CloudBlue Connect, as these tests make them.
#![allow(dead_code, unused_imports, reason = "each test file uses a part of it")]

#[path = "../raw/mod.rs"]
mod raw;

use std::ops::Deref;

pub use raw::{Reply, bytes, secret, try_raw};
use serde_json::{Value, json};
use tenantry_sandbox::{ClockKind, Sandbox, SandboxOptions};

/// A sandbox on the virtual clock and the key to its Connect.
pub struct Connect {
    pub sandbox: Sandbox,
    pub key: String,
}

impl Deref for Connect {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.sandbox
    }
}

/// A sandbox on the virtual clock; a bare socket does not move it, only `advance` does.
pub fn start() -> Connect {
    let options = SandboxOptions { clock: ClockKind::Virtual, ..SandboxOptions::default() };
    let sandbox = Sandbox::start(options).unwrap();
    let key = sandbox.line()["cloudblue"]["api_key"].as_str().unwrap().to_owned();
    Connect { sandbox, key }
}

/// A query as it goes over the wire: everything encoded but what separates.
pub fn encoded(query: &str) -> String {
    let keeps = |byte: &u8| byte.is_ascii_alphanumeric() || b"()=&,;|.-_~*:'!".contains(byte);
    let code = |byte: u8| if keeps(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    query.bytes().map(code).collect()
}

pub fn address(sandbox: &Sandbox) -> std::net::SocketAddr {
    raw::address(sandbox)
}

impl Connect {
    pub fn send(&self, method: &str, path: &str, body: &str) -> Reply {
        let headers = [format!("authorization: {}", self.key), "content-type: application/json".to_owned()];
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        raw::send(&self.sandbox, method, &format!("/public/v1{path}"), &headers, body)
    }

    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, "")
    }

    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, &body.to_string())
    }

    pub fn put(&self, path: &str, body: &Value) -> Reply {
        self.send("PUT", path, &body.to_string())
    }

    /// `POST /requests/{id}/{verb}`.
    pub fn act(&self, id: &str, verb: &str, body: &Value) -> Reply {
        self.post(&format!("/requests/{id}/{verb}"), body)
    }

    pub fn request(&self, id: &str) -> Value {
        self.get(&format!("/requests/{id}")).expect(200)
    }

    pub fn asset(&self, id: &str) -> Value {
        self.get(&format!("/assets/{id}")).expect(200)
    }

    /// The rows of a list and its `Content-Range`.
    #[track_caller]
    pub fn list(&self, path: &str, query: &str) -> (Vec<Value>, String) {
        let reply = self.get(&format!("{path}?{}", encoded(query)));
        let rows = reply.expect(200).as_array().unwrap().clone();
        (rows, content_range(&reply))
    }

    /// The ids that a query of `/requests` selects, in order.
    #[track_caller]
    pub fn ids(&self, query: &str) -> Vec<String> {
        ids(&self.list("/requests", query).0)
    }

    /// The error text of a query that is refused.
    #[track_caller]
    pub fn refusal(&self, path: &str, query: &str) -> String {
        let reply = self.get(&format!("{path}?{}", encoded(query))).expect(400);
        assert_eq!(reply["error_code"], "VAL_001", "{reply}");
        reply["errors"][0].as_str().unwrap().to_owned()
    }

    /// Some request with this status.
    #[track_caller]
    pub fn one(&self, status: &str) -> Value {
        let (rows, _) = self.list("/requests", &format!("status={status}&product_id=PRD-1&limit=1"));
        rows.into_iter().next().unwrap_or_else(|| panic!("no request is {status}"))
    }

    pub fn kept(&self) -> Value {
        self.sandbox.state()["cloudblue"].take()
    }

    /// The transitions of a request as words, `from>to`.
    pub fn transitions(&self, id: &str) -> Vec<String> {
        let state = self.kept();
        let request = state["requests"].as_array().unwrap().iter().find(|request| request["id"] == id).unwrap();
        let words = |one: &Value| format!("{}>{}", one["from"].as_str().unwrap_or("new"), one["to"].as_str().unwrap());
        request["transitions"].as_array().unwrap().iter().map(words).collect()
    }
}

pub fn content_range(reply: &Reply) -> String {
    let line = reply.head.lines().find_map(|line| line.strip_prefix("content-range: "));
    line.unwrap_or_else(|| panic!("no Content-Range in {}", reply.head)).to_owned()
}

pub fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(id).collect()
}

pub fn id(thing: &Value) -> String {
    thing["id"].as_str().unwrap().to_owned()
}

/// One parameter of a request or an asset.
pub fn param<'a>(thing: &'a Value, id: &str) -> &'a Value {
    let params = thing.pointer("/asset/params").unwrap_or(&thing["params"]).as_array().unwrap();
    params.iter().find(|param| param["id"] == id).unwrap_or_else(|| panic!("no parameter {id}"))
}

/// A purchase of the first product that lacks nothing.
pub fn purchase(external_id: &str) -> Value {
    json!({
        "type": "purchase", "marketplace": {"id": "MP-00001"},
        "asset": {
            "product": {"id": "PRD-1"}, "connection": {"id": "CT-0000-0000-0003", "type": "test"},
            "external_id": external_id, "external_uid": "1c378bdd-9c8a-4566-be8a-bd90a51aa42a",
            "items": [{"id": "PRD-1-0001", "quantity": 5}],
            "params": [{"id": "company_name", "value": "Coco Co."}, {"id": "email", "value": "coco@example.com"}],
            "tiers": {"customer": {"name": "Coco Co.", "external_id": "76829"}, "tier1": {"name": "Reseller"}},
        },
    })
}
