//! What a rule makes of a reply's content.

use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value};

use super::rule::Rule;
use crate::reply::Reply;

/// The reply with the rule's status, body, type and headers in the place of its own.
pub(crate) fn replaced(rule: &Rule, mut reply: Reply) -> Reply {
    if let Some(status) = rule.status {
        reply.status = status;
    }
    if let Some(body) = &rule.body {
        reply.body = body.clone().into_bytes();
        reply.content_type = Some("text/plain; charset=utf-8".to_owned());
    }
    if let Some(json) = &rule.json {
        reply.body = json.to_string().into_bytes();
        reply.content_type = Some("application/json".to_owned());
    }
    if let Some(content_type) = &rule.content_type {
        reply.content_type = Some(content_type.clone()).filter(|text| !text.is_empty());
    }
    // A rule with headers that cannot be sent was refused when it was added.
    let headers = headers(&rule.headers).unwrap_or_default();
    reply.headers.retain(|(own, _)| headers.iter().all(|(name, _)| name != own));
    reply.headers.extend(headers);
    reply
}

/// The headers that a rule writes; a list sends its name once for each value. An error names the key.
pub(super) fn headers(written: &Map<String, Value>) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    let mut headers = Vec::new();
    for (key, value) in written {
        let name = HeaderName::try_from(key.as_str());
        let name = name.map_err(|_| format!("key `headers.{key}`: this is no header name"))?;
        let values = match value {
            Value::Array(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        for value in values {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => return Err(format!("key `headers.{key}`: text, a number, or a list of these")),
            };
            let value = HeaderValue::try_from(text);
            headers.push((name.clone(), value.map_err(|_| format!("key `headers.{key}`: this is no header value"))?));
        }
    }
    Ok(headers)
}

/// The reply's JSON with the rule's `merge` laid over it and its `remove` taken out; in a list, every element's.
pub(crate) fn overlay(rule: &Rule, mut reply: Reply) -> Reply {
    if rule.merge.is_empty() && rule.remove.is_empty() {
        return reply;
    }
    let Ok(mut json) = serde_json::from_slice::<Value>(&reply.body) else { return reply };
    match &mut json {
        Value::Array(elements) => elements.iter_mut().for_each(|element| lay(rule, element)),
        one => lay(rule, one),
    }
    reply.body = json.to_string().into_bytes();
    reply
}

fn lay(rule: &Rule, json: &mut Value) {
    if let Value::Object(object) = json {
        merge(object, &rule.merge);
        rule.remove.iter().for_each(|path| remove(object, path));
    }
}

fn merge(target: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (key, value) in patch {
        match (target.get_mut(key), value) {
            (Some(Value::Object(below)), Value::Object(patch)) => merge(below, patch),
            _ => {
                target.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Takes out the key at a path like `properties.host`.
fn remove(object: &mut Map<String, Value>, path: &str) {
    match path.split_once('.') {
        None => {
            object.remove(path);
        }
        Some((head, rest)) => {
            if let Some(below) = object.get_mut(head).and_then(Value::as_object_mut) {
                remove(below, rest);
            }
        }
    }
}
