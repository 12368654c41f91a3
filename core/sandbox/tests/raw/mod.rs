//! An HTTP client of a few lines over a bare socket: what these tests see is what went over the wire.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};
use tenantry_sandbox::{ClockKind, Sandbox, SandboxOptions, Vocabulary};

/// A reply, split but not interpreted.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Reply {
    pub fn parse(text: &str) -> Reply {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no whole head in {text:?}"));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status in {head:?}"));
        Reply { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The JSON of a reply with this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.json()
    }
}

pub fn address(sandbox: &Sandbox) -> SocketAddr {
    sandbox.url().trim_start_matches("http://").parse().unwrap()
}

/// The bytes of a request; it asks for the connection's end unless `headers` speak of the connection.
pub fn bytes(method: &str, path: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\n");
    for header in headers {
        text.push_str(&format!("{header}\r\n"));
    }
    if !headers.iter().any(|header| header.starts_with("host:")) {
        text.push_str("host: api.rjmetrics.com\r\n");
    }
    if !headers.iter().any(|header| header.starts_with("connection:")) {
        text.push_str("connection: close\r\n");
    }
    text.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    text.into_bytes()
}

/// Everything that comes back until the server ends the connection.
pub fn try_raw(to: SocketAddr, request: &[u8]) -> (Vec<u8>, std::io::Result<()>) {
    let mut socket = TcpStream::connect(to).unwrap();
    socket.write_all(request).unwrap();
    let mut got = Vec::new();
    let end = socket.read_to_end(&mut got).map(|_| ());
    (got, end)
}

pub fn send(sandbox: &Sandbox, method: &str, path: &str, headers: &[&str], body: &str) -> Reply {
    let (got, end) = try_raw(address(sandbox), &bytes(method, path, headers, body));
    end.unwrap();
    Reply::parse(&String::from_utf8(got).unwrap())
}

pub fn get(sandbox: &Sandbox, path: &str, headers: &[&str]) -> Reply {
    send(sandbox, "GET", path, headers, "")
}

pub fn post(sandbox: &Sandbox, path: &str, headers: &[&str], body: &Value) -> Reply {
    let headers: Vec<&str> = headers.iter().copied().chain(["content-type: application/json"]).collect();
    send(sandbox, "POST", path, &headers, &body.to_string())
}

pub fn start(vocabulary: Vocabulary) -> Sandbox {
    Sandbox::start(SandboxOptions { clock: ClockKind::Virtual, vocabulary, ..SandboxOptions::default() }).unwrap()
}

/// A sandbox on the virtual clock; a bare socket does not move it, only `advance` does.
pub fn virtual_sandbox() -> Sandbox {
    start(Vocabulary::Client)
}

pub fn login_body(sandbox: &Sandbox) -> Value {
    let line = sandbox.line();
    let login = &line["magento_bi"];
    json!({
        "password": login["password"], "scope": "default", "username": login["username"], "grant_type": "password",
        "clientId": login["oauth_client_id"], "clientSecret": login["client_secret"],
    })
}

pub fn login(sandbox: &Sandbox) -> String {
    let reply = post(sandbox, "/v1/tokens", &[], &login_body(sandbox)).expect(201);
    reply["access_token"].as_str().unwrap().to_owned()
}

pub fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}")
}

pub fn cookies(token: &str) -> String {
    format!("cookie: dashuid=1; DASHSESS2={token}")
}

pub fn signup_body() -> Value {
    json!({
        "tier": "T100", "company": "Coco Co.", "first_name": "CSMFirst", "last_name": "CSMLast",
        "email": "csm@example.com", "role": "csm",
        "magento": {"customer_id": "MAG0000001", "subscription_id": "1000"},
    })
}

pub fn connection_body() -> Value {
    json!({
        "credentials": {"encryption_password": null, "password": secret()},
        "display_name": "new conn", "name": "new conn", "type": "mysql",
        "properties": {
            "dbName": "magento_store", "desiredTZ": null, "encryption_groupSecret": null, "encryption_type": "none",
            "host": "my-magento-db.example.com", "noPhpPasswordEncryption": "1", "port": "3306", "sourceTZ": "UTC",
            "status": "1", "useSSL": "false", "username": "magento",
        },
    })
}

/// A secret that no other run has.
pub fn secret() -> String {
    tenantry::time::Random::uuid(&tenantry::time::SystemRandom)
}

/// A client that exists already.
pub fn client(sandbox: &Sandbox) -> u64 {
    sandbox.seed(json!({})).unwrap()["client_id"].as_u64().unwrap()
}

pub fn connections_path(client: u64) -> String {
    format!("/v1/v2/clients/{client}/connections/input-connections")
}
