//! `PUT /v1/clients/{client_id}` (step 5).

use serde_json::{Value, json};

use super::auth;
use crate::call::Call;
use crate::reply::Reply;
use crate::world::Systems;

pub(super) fn update(systems: &mut Systems, call: &Call<'_>) -> Reply {
    merge(systems, call).unwrap_or_else(|refusal| refusal)
}

/// The vendor has not told whether a PUT merges or replaces; here it merges, so that a second one loses nothing.
fn merge(systems: &mut Systems, call: &Call<'_>) -> Result<Reply, Reply> {
    auth::api(&systems.magento_bi, call)?;
    let client = systems.magento_bi.client(call.segment(0), call.now)?;
    let sent = call.object()?;
    let name = match sent.get("name") {
        None => None,
        Some(Value::String(name)) => Some(name.clone()),
        Some(_) => return Err(Reply::error(400, "field `name` is no text")),
    };
    let properties = match sent.get("properties") {
        None => None,
        Some(Value::Object(properties)) => Some(properties.clone()),
        Some(_) => return Err(Reply::error(400, "field `properties` is no object")),
    };
    client.properties.extend(properties.unwrap_or_default());
    if let Some(name) = name {
        client.name = name;
    }
    Ok(Reply::ok(&json!({ "id": client.id, "name": client.name, "properties": client.properties })))
}
