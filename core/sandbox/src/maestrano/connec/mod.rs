//! Connec!, the data that apps share (contract, 1e): `{base}/{group_id}/{resource}[/{id}]`.
//!
//! One request of it is the same whether it comes alone or in a batch.

mod batch;
mod entity;
mod query;
mod refusal;
mod report;
mod resource;
mod seed;
mod store;

use serde_json::{Map, Value, json};

use super::account::Account;
use super::configuration::external_ids;
use super::instant;
use crate::call::{Body, Call};
use crate::reply::Reply;
use crate::world::Systems;
use entity::Entity;
use query::Query;

pub(super) use batch::batch;
pub(super) use refusal::{holds, refused};
pub(super) use report::{report, version};
pub(super) use store::Connec;

const BASE: &str = "/api/v2";

/// One request: of the wire, or of a batch.
struct Request<'a> {
    method: &'a str,
    /// Without query; what is said of it in errors, and what the next page's URL is made of.
    path: String,
    group_id: String,
    resource: Option<String>,
    id: Option<String>,
    query: &'a [(String, String)],
    body: Option<&'a Value>,
}

/// Answers a request of the wire.
pub(super) fn answer(systems: &mut Systems, call: &Call<'_>, method: &str) -> Reply {
    let segments: Vec<String> = call.segments.iter().map(|segment| crate::cloudblue::unquoted(segment)).collect();
    let body = match call.body {
        Body::Json(json) => Some(json),
        _ => None,
    };
    let request = Request {
        method,
        path: format!("{BASE}/{}", call.segments.join("/")),
        group_id: segments.first().cloned().unwrap_or_default(),
        resource: segments.get(1).cloned(),
        id: segments.get(2).cloned(),
        query: &call.query,
        body,
    };
    let Some(place) = call.maestrano.caller(call) else { return refusal::unauthorized(&request.path) };
    let account = &mut systems.maestrano.accounts[place];
    perform(account, call, place, &request).unwrap_or_else(|refusal| refusal)
}

pub(super) fn read(systems: &mut Systems, call: &Call<'_>) -> Reply {
    answer(systems, call, "GET")
}

pub(super) fn create(systems: &mut Systems, call: &Call<'_>) -> Reply {
    answer(systems, call, "POST")
}

pub(super) fn update(systems: &mut Systems, call: &Call<'_>) -> Reply {
    answer(systems, call, "PUT")
}

fn perform(account: &mut Account, call: &Call<'_>, place: usize, request: &Request<'_>) -> Result<Reply, Reply> {
    let refused = |status, text: &str| refused(status, &request.path, text);
    if account.group(&request.group_id).is_none() {
        return Err(refused(404, "there is no such group"));
    }
    let Some(resource) = &request.resource else { return Ok(index(call, request)) };
    if !resource::is_known(resource) {
        return Err(refused(400, "there is no such resource"));
    }
    let shelf = account.connec.shelf(&request.group_id, resource);
    let show = |entity: &Entity| entity.show(external_ids(place));
    let one = |entity: &Entity| refusal::media(200, &json!({ resource: show(entity) }));
    let single = resource::is_single(resource);
    match (request.method, &request.id) {
        ("GET", None) if single => shelf.iter().find(|entity| entity.visible(call.now)).map(|entity| one(entity)),
        ("GET", None) => {
            let query = Query::read(request.query).map_err(|why| refused(400, &why))?;
            let rows = shelf.iter().map(|entity| &**entity).filter(|entity| entity.visible(call.now));
            let page = query.page(rows.collect());
            let mut pagination = json!({ "skip": query.skip, "top": query.top, "total": page.total });
            if let Some(next) = query.next(page.total) {
                pagination["next"] = format!("{}{}?{next}", call.url, request.path).into();
            }
            let rows: Value = page.rows.into_iter().map(show).collect();
            Some(refusal::media(200, &json!({ resource: rows, "pagination": pagination })))
        }
        ("GET", Some(id)) => shelf.iter().find(|entity| entity.has(id, call.now)).map(|entity| one(entity)),
        ("POST", None) if !single => {
            let fields = sent(request, resource).map_err(|why| refused(400, &why))?;
            if entity::names_itself(fields) {
                return Err(refused(409, "a new entity is given its id by Connec!"));
            }
            let entity = Entity::made(fields, &request.group_id, resource, call);
            let mut reply = refusal::media(201, &json!({ resource: show(&entity) }));
            refusal::locate(&mut reply, &format!("{}{}/{}", call.url, request.path, entity.id));
            account.connec.add(&request.group_id, resource, entity);
            Some(reply)
        }
        ("PUT", id) if id.is_some() != single => {
            let fields = sent(request, resource).map_err(|why| refused(400, &why))?;
            let wall_ms = instant::whole_second(call.wall_ms);
            let wanted = |entity: &Entity| entity.visible(call.now) && id.as_ref().is_none_or(|id| entity.id == *id);
            account.connec.find_mut(&request.group_id, resource, wanted).map(|entity| {
                entity.merge(fields, wall_ms);
                one(entity)
            })
        }
        _ => return Err(refused(405, "this path has no such method")),
    }
    .ok_or_else(|| refused(404, "there is no such entity"))
}

/// The entity in a body: `{"organizations": {…}}`.
fn sent<'a>(request: &Request<'a>, resource: &str) -> Result<&'a Map<String, Value>, String> {
    let entity = request.body.and_then(|body| body.get(resource)).and_then(Value::as_object);
    entity.ok_or_else(|| format!("the body is not {{\"{resource}\": {{…}}}}"))
}

/// What a group has: a link for each resource.
fn index(call: &Call<'_>, request: &Request<'_>) -> Reply {
    let link = |resource: &&str| {
        ((*resource).to_owned(), json!({ "href": format!("{}{}/{resource}", call.url, request.path) }))
    };
    let mut links: Map<String, Value> = resource::RESOURCES.iter().map(link).collect();
    links.insert("self".to_owned(), json!({ "href": format!("{}{}", call.url, request.path) }));
    refusal::media(200, &json!({ "_links": links }))
}
