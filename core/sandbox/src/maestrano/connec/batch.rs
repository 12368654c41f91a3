//! `POST /batch`: several requests in one, one after the other.

use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::{BASE, Request, perform, refusal};
use crate::call::{Body, Call};
use crate::reply::Reply;
use crate::world::Systems;

const PATH: &str = "/batch";

/// More are refused; the vendor's own connector sends as many.
const MOST: usize = 50;

pub(in super::super) fn batch(systems: &mut Systems, call: &Call<'_>) -> Reply {
    let Some(place) = call.maestrano.caller(call) else { return refusal::unauthorized(PATH) };
    let ops = match call.body {
        Body::Json(body) => body.get("ops").and_then(Value::as_array),
        _ => None,
    };
    let Some(ops) = ops else { return refusal::refused(400, PATH, "the body is not {\"sequential\", \"ops\": […]}") };
    if ops.len() > MOST {
        return refusal::refused(400, PATH, &format!("more than {MOST} operations"));
    }
    let account = &mut systems.maestrano.accounts[place];
    let results = ops.iter().map(|op| {
        let reply = with_request(op, |request| perform(account, call, place, request));
        let reply = reply
            .unwrap_or_else(|| Err(refusal::refused(400, PATH, "an operation is {\"method\", \"url\", \"params\"}")));
        let reply = reply.unwrap_or_else(|refusal| refusal);
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        json!({ "status": reply.status, "body": body })
    });
    refusal::media(200, &json!({ "results": results.collect::<Value>() }))
}

/// Reads an operation; its URL may have a host, and need not.
fn with_request<T>(op: &Value, act: impl FnOnce(&Request<'_>) -> T) -> Option<T> {
    let url = op.get("url")?.as_str()?;
    // The base only fills in what a path lacks.
    let url = Url::parse("http://127.0.0.1").ok()?.join(url).ok()?;
    let mut segments =
        url.path().strip_prefix(BASE)?.trim_start_matches('/').split('/').map(crate::cloudblue::unquoted);
    let query: Vec<(String, String)> =
        form_urlencoded::parse(url.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let method = op.get("method")?.as_str()?.to_ascii_uppercase();
    let request = Request {
        method: &method,
        path: url.path().to_owned(),
        group_id: segments.next()?,
        resource: segments.next(),
        id: segments.next(),
        query: &query,
        body: op.get("params"),
    };
    Some(act(&request))
}
