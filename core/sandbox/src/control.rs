//! The routes under `/_sandbox/`: the same as the methods of [`Sandbox`](crate::Sandbox), over HTTP.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::SandboxError;
use crate::reply::Reply;
use crate::server::Server;

pub(crate) const PREFIX: &str = "/_sandbox/";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    ms: u64,
}

/// Answers a control request; it is neither journalled nor faulted.
pub(crate) async fn answer(server: &Arc<Server>, method: &str, path: &str, body: &[u8]) -> Reply {
    let route = path.strip_prefix(PREFIX).unwrap_or_default();
    match (method, route) {
        ("GET", "journal") => Reply::ok(&server.journal()),
        ("GET", "state") => Reply::ok(&server.state()),
        ("POST", "faults") => with_json(body, |rule| Ok(json!({ "added": server.fault(rule)? }))),
        ("DELETE", "faults") => {
            server.clear_faults();
            Reply::ok(&json!({}))
        }
        ("POST", "advance") => advance(server, body).await,
        ("POST", "reset") => {
            server.reset();
            Reply::created(&json!({}))
        }
        ("POST", "magento_bi/expire_tokens") => {
            server.expire_tokens();
            Reply::created(&json!({}))
        }
        ("POST", "magento_bi/outcome") => with_json(body, |outcome| server.outcome(outcome).map(|()| json!({}))),
        ("POST", "cloudblue/behaviour") => with_json(body, |change| server.behave(change)),
        ("POST", "cloudblue/generate") => with_json(body, |order| server.generate(order)),
        ("POST", "maestrano/behaviour") => with_json(body, |change| server.behave_maestrano(change)),
        ("POST", "maestrano/webhooks") => webhook(server, body).await,
        ("POST", "magento_bi/seed") => with_json(body, |seed| server.seed(seed)),
        _ => Reply::error(404, &format!("there is no control route {method} {path}")),
    }
}

/// Moving time wakes sleepers of this very thread, so it happens on another one.
async fn advance(server: &Arc<Server>, body: &[u8]) -> Reply {
    let read = parse(body).and_then(|json| SandboxError::reading::<Advance>("advance", json));
    let ms = match read {
        Ok(Advance { ms }) => ms,
        Err(error) => return Reply::error(400, &error.to_string()),
    };
    let server = server.clone();
    let moved = tokio::task::spawn_blocking(move || {
        server.advance(ms)?;
        Ok::<_, SandboxError>(server.clock.now())
    });
    match moved.await {
        Ok(Ok(now)) => Reply::created(&json!({ "now_ms": u64::try_from(now.as_millis()).unwrap_or(u64::MAX) })),
        Ok(Err(error)) => Reply::error(400, &error.to_string()),
        Err(_) => Reply::plain(500),
    }
}

/// Calls the app, which may call the sandbox before it answers.
async fn webhook(server: &Arc<Server>, body: &[u8]) -> Reply {
    match parse(body).and_then(|order| server.webhook(order)) {
        Ok(delivery) => match delivery.send().await {
            Ok(replies) => Reply::created(&replies),
            Err(error) => Reply::error(502, &error.to_string()),
        },
        Err(error) => Reply::error(400, &error.to_string()),
    }
}

fn parse(body: &[u8]) -> Result<Value, SandboxError> {
    serde_json::from_slice(body).map_err(|error| SandboxError::Invalid(format!("the body is not JSON: {error}")))
}

fn with_json(body: &[u8], act: impl FnOnce(Value) -> Result<Value, SandboxError>) -> Reply {
    match parse(body).and_then(act) {
        Ok(json) => Reply::created(&json),
        Err(error) => Reply::error(400, &error.to_string()),
    }
}
