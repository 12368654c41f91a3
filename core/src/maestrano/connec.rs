//! Connec!, the data sharing: a thin client of one group's entities.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use url::Url;

use super::Client;
use super::marketplace::joined;
use crate::error::{Code, Error, Outcome, Result};
use crate::id::Id;
use crate::ops::{CallContext, Fields, Operation, any_json, decode, row};

/// The vendor's own dialect of JSON, in both directions.
const MEDIA_TYPE: &str = "application/vnd.api+json";
/// Operations of one batch, as the vendor's own connectors send them.
const CHUNK: usize = 50;

/// A request as the core sends it: the path and the query are written already.
#[derive(Debug, Default, Serialize)]
pub(super) struct Written {
    #[serde(skip)]
    path: String,
    #[serde(skip)]
    query: String,
    #[serde(skip)]
    body: Option<Value>,
}

impl Fields for Written {
    fn raw_path(&self) -> Option<&str> {
        Some(&self.path)
    }

    fn raw_query(&self) -> Option<String> {
        Some(self.query.clone())
    }

    fn body(&self) -> Option<Value> {
        self.body.clone()
    }
}

/// These rows are carried out by the functions below, which write their paths.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Nothing {}

impl Serialize for Nothing {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl Fields for Nothing {}

macro_rules! rows {
    ($($name:literal $verb:ident $path:literal $safety:ident $body:ident;)*) => {
        pub(super) const OPERATIONS: &[Operation] = &[$(
            Operation {
                accept: MEDIA_TYPE,
                check: any_json,
                ..row!(
                    concat!("maestrano.connec.", $name), $verb $path, $safety, Basic, $body, "", "", Nothing, Value
                )
            },
        )*];
    };
}

rows! {
    "list" GET "/{group_id}/{resource}" Safe Query;
    "get" GET "/{group_id}/{resource}/{id}" Safe Query;
    "create" POST "/{group_id}/{resource}" Once Json;
    "update" PUT "/{group_id}/{resource}/{id}" Idempotent Json;
    "batch" POST "/batch" Once Json;
    "report" GET "/api/reports/{group_id}/{name}" Safe Query;
}

/// What a caller asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    group_id: Id,
    resource: Id,
    #[serde(default)]
    id: Option<Id>,
    /// `$filter`, `$orderby`, `$top`, `$skip`, or others.
    #[serde(default)]
    params: BTreeMap<String, Value>,
    /// The entity's own fields.
    #[serde(default)]
    data: Option<Map<String, Value>>,
    /// Of a list read to its end: where its next page is.
    #[serde(default)]
    next: Option<String>,
}

impl Asked {
    fn written(&self, client: &Client) -> Result<Written> {
        let connec = client.connec()?;
        let mut path = joined(&connec.base_path, self.group_id.as_str());
        if !path.starts_with('/') {
            path.insert(0, '/');
        }
        for part in [Some(&self.resource), self.id.as_ref()].into_iter().flatten() {
            path.push('/');
            path.push_str(part.as_str());
        }
        let body = self.data.as_ref().map(|data| json!({ self.resource.as_str(): data }));
        Ok(Written { path, query: query(&self.params)?, body })
    }
}

fn query(params: &BTreeMap<String, Value>) -> Result<String> {
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in params {
        match value {
            Value::String(text) => pairs.append_pair(name, text),
            Value::Number(number) => pairs.append_pair(name, &number.to_string()),
            Value::Bool(flag) => pairs.append_pair(name, &flag.to_string()),
            _ => return Err(Error::validation(&format!("params.{name}"), "must be text, a number or a truth value")),
        };
    }
    Ok(pairs.finish())
}

/// Carries `maestrano.connec.<verb>` out; arguments and reply are JSON text.
pub(super) async fn invoke(client: &Client, verb: &str, arguments: &str, call: &CallContext) -> Result<String> {
    let call = &client.connec_call(call)?;
    match verb {
        "batch" => return batch(client, crate::ops::read_arguments(arguments)?, call).await,
        "report" => return report(client, crate::ops::read_arguments(arguments)?, call).await,
        _ => {}
    }
    let asked: Asked = crate::ops::read_arguments(arguments)?;
    match verb {
        "page" => page(client, &asked, call).await,
        "get" if asked.id.is_none() => send(client, "list", asked.written(client)?, call).await,
        "get" => send(client, "get", asked.written(client)?, call).await,
        "post" | "put" if asked.data.is_none() => Err(Error::validation("data", "is missing")),
        "post" => send(client, "create", asked.written(client)?, call).await,
        "put" => send(client, "update", asked.written(client)?, call).await,
        _ => Err(Error::validation("operation", format!("maestrano.connec.{verb} is no operation of Maestrano"))),
    }
}

async fn send(client: &Client, row: &str, mut written: Written, call: &CallContext) -> Result<String> {
    let name = format!("maestrano.connec.{row}");
    let operation = OPERATIONS.iter().find(|operation| operation.name == name);
    let operation = operation.ok_or_else(|| Error::internal(format!("{name} has no row")))?;
    Ok(client.engine.execute(operation, &mut written, call).await?.into_text())
}

/// One page of a list, `{"items": […], "next": url or null}`.
async fn page(client: &Client, asked: &Asked, call: &CallContext) -> Result<String> {
    let mut written = asked.written(client)?;
    if let Some(next) = &asked.next {
        written.query = query_of_next(client, &written.path, next)?;
    }
    let (here, text) = (written.query.clone(), send(client, "list", written, call).await?);
    let path = asked.written(client)?.path;
    read_page(client, asked.resource.as_str(), &path, &here, &text)
        .map_err(|error| error.with_outcome(Outcome::Answered))
}

fn read_page(client: &Client, resource: &str, path: &str, here: &str, text: &str) -> Result<String> {
    let body: BTreeMap<String, &RawValue> = decode(text, "application/json")?;
    let items = body.get(resource).ok_or_else(|| {
        Error::new(Code::Decode, format!("the reply: missing field `{resource}`")).with_detail("path", ".")
    })?;
    if !items.get().starts_with('[') {
        let message = format!("the reply's {resource}: must be a list");
        return Err(Error::new(Code::Decode, message).with_detail("path", resource));
    }
    #[derive(Deserialize)]
    struct Pagination {
        #[serde(default)]
        next: Option<String>,
    }
    let pagination = body.get("pagination").map_or("null", |raw| raw.get());
    let pagination: Option<Pagination> = decode(pagination, "application/json")?;
    let next = pagination.and_then(|pagination| pagination.next).filter(|next| !next.is_empty());
    if let Some(next) = &next
        && query_of_next(client, path, next)? == here
    {
        return Err(Error::new(Code::UnexpectedContent, "the list does not move on: its next page is this one"));
    }
    Ok(format!(r#"{{"items":{},"next":{}}}"#, items.get(), json!(next)))
}

/// The query of the next page's URL, which must be of the same list on the same host: credentials go there.
fn query_of_next(client: &Client, path: &str, next: &str) -> Result<String> {
    let host = Url::parse(&client.connec()?.host).map_err(|_| Error::internal("a host that was no URL"))?;
    let url = host.join(next).ok().filter(|url| url.origin() == host.origin() && url.path() == path);
    let Some(url) = url else {
        return Err(Error::new(Code::UnexpectedContent, "the next page is elsewhere: it is not followed")
            .with_detail("reason", "other_origin"));
    };
    Ok(url.query().unwrap_or_default().to_owned())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    group_id: Id,
    name: Id,
    #[serde(default)]
    params: BTreeMap<String, Value>,
}

async fn report(client: &Client, report: Report, call: &CallContext) -> Result<String> {
    let path = format!("/api/reports/{}/{}", report.group_id, report.name);
    send(client, "report", Written { path, query: query(&report.params)?, body: None }, call).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    group_id: Id,
    ops: Vec<BatchOperation>,
}

/// One operation of a batch.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchOperation {
    method: String,
    resource: Id,
    #[serde(default)]
    id: Option<Id>,
    #[serde(default)]
    data: Option<Map<String, Value>>,
}

/// Sends the operations in chunks; gives a result for each, in their order: `[{"status", "body"}]`.
async fn batch(client: &Client, batch: Batch, call: &CallContext) -> Result<String> {
    let base = client.connec()?.base_path.trim_matches('/').to_owned();
    let mut ops = Vec::new();
    for (index, op) in batch.ops.iter().enumerate() {
        let method = op.method.to_ascii_lowercase();
        if !["get", "post", "put"].contains(&method.as_str()) {
            return Err(Error::validation(&format!("ops[{index}].method"), "must be GET, POST or PUT"));
        }
        if method != "get" && op.data.is_none() {
            return Err(Error::validation(&format!("ops[{index}].data"), "is missing"));
        }
        let id = op.id.as_ref().map(|id| format!("/{id}")).unwrap_or_default();
        let url = format!("/{base}/{}/{}{id}", batch.group_id, op.resource);
        let params = op.data.as_ref().map_or_else(|| json!({}), |data| json!({ op.resource.as_str(): data }));
        ops.push(json!({ "method": method, "url": url, "params": params }));
    }
    let mut results = Vec::new();
    for chunk in ops.chunks(CHUNK) {
        let body = Some(json!({ "sequential": true, "ops": chunk }));
        let sent = send(client, "batch", Written { path: "/batch".to_owned(), query: String::new(), body }, call).await;
        #[derive(Deserialize)]
        struct Results {
            results: Vec<Box<RawValue>>,
        }
        let unread = |error: Error| error.with_outcome(Outcome::Unknown);
        let read = |text: String| decode::<Results>(&text, "application/json").map_err(unread);
        let chunk_results = sent.and_then(read).map(|results| results.results);
        // What was carried out before is not lost with what came after it.
        let done = |error: Error, results: &[String]| {
            let value = |text: &String| serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()));
            let so_far: Vec<Value> = results.iter().map(value).collect();
            error.with_detail("results", so_far)
        };
        let chunk_results = chunk_results.map_err(|error| done(error, &results))?;
        if chunk_results.len() != chunk.len() {
            let message = format!("{} operations have {} results", chunk.len(), chunk_results.len());
            return Err(done(unread(Error::new(Code::Decode, message).with_detail("path", "results")), &results));
        }
        results.extend(chunk_results.iter().map(|raw| raw.get().to_owned()));
    }
    Ok(format!("[{}]", results.join(",")))
}
