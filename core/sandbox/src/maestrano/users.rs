//! `GET account/users[/{id}]`.

use serde_json::Value;

use super::envelope;
use super::filter::Filter;
use super::reading;
use super::user::User;
use crate::call::Call;
use crate::reply::Reply;
use crate::world::Systems;

fn show(user: &User) -> Value {
    Value::Object(user.fields.clone())
}

/// `group_id` is no column of a user, but selects those who are in the group.
pub(super) fn list(systems: &mut Systems, call: &Call<'_>) -> Reply {
    let account = match systems.maestrano.caller(call) {
        Ok(account) => account,
        Err(refusal) => return refusal,
    };
    let filter = Filter::of::<User>(reading::pairs(call).filter(|(key, _)| *key != "group_id"));
    let group = call.query("group_id");
    let selected = account.users.iter().filter(|user| group.is_none_or(|group| user.is_in(group)));
    envelope::succeeded(&selected.filter(|user| filter.selects(*user)).map(show).collect())
}

pub(super) fn get(systems: &mut Systems, call: &Call<'_>) -> Reply {
    match systems.maestrano.caller(call) {
        Ok(account) => reading::get(account.users.iter().find(|user| user.id() == call.segment(0)).map(show)),
        Err(refusal) => refusal,
    }
}
