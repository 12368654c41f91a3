//! `GET account/groups[/{id}]`.

use serde_json::Value;

use super::group::Group;
use super::reading;
use crate::call::Call;
use crate::reply::Reply;
use crate::world::Systems;

pub(super) fn show(group: &Group) -> Value {
    Value::Object(group.fields.clone())
}

pub(super) fn list(systems: &mut Systems, call: &Call<'_>) -> Reply {
    match systems.maestrano.caller(call) {
        Ok(account) => reading::list(call, account.groups.iter(), show),
        Err(refusal) => refusal,
    }
}

pub(super) fn get(systems: &mut Systems, call: &Call<'_>) -> Reply {
    match systems.maestrano.caller(call) {
        Ok(account) => reading::get(account.group(call.segment(0)).map(show)),
        Err(refusal) => refusal,
    }
}
