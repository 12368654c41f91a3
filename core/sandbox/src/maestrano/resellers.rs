//! `GET account/resellers[/{id}[/groups]]`.

use serde_json::Value;

use super::account::Account;
use super::envelope;
use super::groups;
use super::reading;
use super::reseller::Reseller;
use crate::call::Call;
use crate::reply::Reply;
use crate::world::Systems;

fn show(reseller: &Reseller) -> Value {
    Value::Object(reseller.fields.clone())
}

fn find<'a>(account: &'a Account, id: &str) -> Option<&'a Reseller> {
    account.resellers.iter().find(|reseller| reseller.fields.get("id").is_some_and(|own| own == id))
}

pub(super) fn list(systems: &mut Systems, call: &Call<'_>) -> Reply {
    match systems.maestrano.caller(call) {
        Ok(account) => reading::list(call, account.resellers.iter(), show),
        Err(refusal) => refusal,
    }
}

pub(super) fn get(systems: &mut Systems, call: &Call<'_>) -> Reply {
    match systems.maestrano.caller(call) {
        Ok(account) => reading::get(find(account, call.segment(0)).map(show)),
        Err(refusal) => refusal,
    }
}

/// The groups that a reseller has brought.
pub(super) fn groups(systems: &mut Systems, call: &Call<'_>) -> Reply {
    let account = match systems.maestrano.caller(call) {
        Ok(account) => account,
        Err(refusal) => return refusal,
    };
    let Some(reseller) = find(account, call.segment(0)) else { return envelope::unknown_id(200) };
    reading::list(call, account.groups.iter().filter(|group| reseller.groups.contains(&group.id())), groups::show)
}
