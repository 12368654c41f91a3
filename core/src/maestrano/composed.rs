//! What takes several requests, or none: which function carries which operation out.

use std::borrow::Cow;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::bills::CreateBill;
use super::recurring_bills::CreateRecurringBill;
use super::sso::{self, Replays};
use super::{Client, billing, changes, connec, sessions, wait, watch};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::ops::{CallContext, read_arguments};

/// The arguments of what a person decided about a bill.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Force<A> {
    arguments: A,
}

/// Carries the operation `name` out; its arguments are JSON text.
pub(super) async fn invoke(client: &Client, name: &str, arguments: &str, call: &CallContext) -> Result<String> {
    if let Some(verb) = name.strip_prefix("maestrano.connec.") {
        return connec::invoke(client, verb, arguments, call).await;
    }
    match name {
        "maestrano.bills.create" => billing::create::<CreateBill>(client, read_arguments(arguments)?, call).await,
        "maestrano.bills.adopt" => billing::adopt::<CreateBill>(client, read_arguments(arguments)?, call).await,
        "maestrano.bills.force" => {
            billing::force::<CreateBill>(client, read_arguments::<Force<_>>(arguments)?.arguments, call).await
        }
        "maestrano.bills.wait" => wait::for_bill(client, read_arguments(arguments)?, call).await,
        "maestrano.recurring_bills.create" => {
            billing::create::<CreateRecurringBill>(client, read_arguments(arguments)?, call).await
        }
        "maestrano.recurring_bills.adopt" => {
            billing::adopt::<CreateRecurringBill>(client, read_arguments(arguments)?, call).await
        }
        "maestrano.recurring_bills.force" => {
            billing::force::<CreateRecurringBill>(client, read_arguments::<Force<_>>(arguments)?.arguments, call).await
        }
        "maestrano.recurring_bills.watch" => watch::next_change(client, read_arguments(arguments)?, call).await,
        "maestrano.changes.next" => changes::next_changes(client, read_arguments(arguments)?, call).await,
        "maestrano.sso.consume" => consume(client, name, arguments, call).await,
        "maestrano.sessions.check" => {
            client.has_sso()?;
            sessions::check(client, read_arguments(arguments)?, call).await
        }
        _ => Err(Error::validation("operation", format!("{name} is no operation of Maestrano"))),
    }
}

/// Verifies a response; what was used is remembered by the client, or by the store that `replay_store` names.
async fn consume(client: &Client, name: &str, arguments: &str, call: &CallContext) -> Result<String> {
    let (arguments, store) = replay_store(arguments)?;
    let (marketplace, now) = (client.marketplace()?, client.engine.clock.wall_ms());
    match store {
        Some(store) => {
            let replays = HostReplays { host: call.host.clone(), store };
            sso::consume_for(name, marketplace, &arguments, &replays, now).await
        }
        None => sso::consume_for(name, marketplace, &arguments, client.replays(), now).await,
    }
}

/// The arguments without the name of a replay store, and that name.
fn replay_store(arguments: &str) -> Result<(Cow<'_, str>, Option<String>)> {
    // Most name none, and a response is long: it is read once.
    if !arguments.contains("\"replay_store\"") {
        return Ok((Cow::Borrowed(arguments), None));
    }
    let mut given: Map<String, Value> = read_arguments(arguments)?;
    let store = match given.remove("replay_store") {
        None | Some(Value::Null) => None,
        Some(Value::Object(store)) => store.get("store").and_then(Value::as_str).map(str::to_owned),
        Some(_) => return Err(Error::validation("replay_store", "must be a store")),
    };
    Ok((Cow::Owned(Value::Object(given).to_string()), store))
}

/// Asks the host program whether something was used before: `claim`, answered with a truth value.
struct HostReplays {
    host: Host,
    store: String,
}

impl Replays for HostReplays {
    fn claim<'a>(&'a self, key: &'a str, until_ms: i64) -> BoxFuture<'a, Result<bool>> {
        async move {
            let asked = json!({ "store": self.store, "key": key, "until_ms": until_ms });
            match self.host.ask("claim", asked).await? {
                Value::Bool(fresh) => Ok(fresh),
                _ => Err(Error::config(
                    "the replay store gave no truth value",
                    "claim(key, until) returns True or False",
                )),
            }
        }
        .boxed()
    }
}
