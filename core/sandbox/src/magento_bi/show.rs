//! The state as tests and people look at it: no secret in it, in the order of creation.

use std::time::Duration;

use serde_json::{Value, json};

use super::state::{Autodash, Birth, Client, Connection, Invite, Job, Signup, State};
use crate::mask;

impl State {
    pub(crate) fn show(&self, now: Duration) -> Value {
        let clients = || self.clients.values();
        let of = |client: &Client, (order, mut shown): (u64, Value)| {
            shown["client_id"] = client.id.into();
            (order, shown)
        };
        let connections = clients().flat_map(|c| c.connections.iter().map(move |made| of(c, made.show(now))));
        let jobs = clients().flat_map(|c| c.jobs.iter().map(move |job| of(c, job.show(now))));
        let autodash = clients().flat_map(|c| c.autodash.values().map(move |made| of(c, made.show(now))));
        mask::masked(json!({
            // How many may still be used.
            "tokens": self.tokens.values().filter(|token| now < token.expires_at).count(),
            "signups": ordered(self.signups.values().map(|signup| signup.show(now))),
            "clients": ordered(clients().map(|client| client.show(now))),
            "invites": ordered(self.invites.iter().map(|invite| invite.show(now))),
            "connections": ordered(connections),
            "jobs": ordered(jobs),
            "autodash": ordered(autodash),
        }))
    }
}

fn ordered(things: impl Iterator<Item = (u64, Value)>) -> Value {
    let mut things: Vec<_> = things.collect();
    things.sort_by_key(|(order, _)| *order);
    things.into_iter().map(|(_, shown)| shown).collect()
}

/// Adds what every thing has.
fn born(birth: &Birth, now: Duration, mut shown: Value) -> (u64, Value) {
    shown["created_at_ms"] = u64::try_from(birth.at.as_millis()).unwrap_or(u64::MAX).into();
    shown["visible"] = birth.visible(now).into();
    (birth.order, shown)
}

impl Signup {
    fn show(&self, now: Duration) -> (u64, Value) {
        let shown = json!({
            "id": self.id, "company": self.company, "email": self.email, "status": self.status(now),
            "client_id": self.client_id,
        });
        born(&self.birth, now, shown)
    }
}

impl Client {
    fn show(&self, now: Duration) -> (u64, Value) {
        born(&self.birth, now, json!({ "id": self.id, "name": self.name, "properties": self.properties }))
    }
}

impl Invite {
    fn show(&self, now: Duration) -> (u64, Value) {
        let shown = json!({ "id": self.id, "client_id": self.client_id, "email": self.email, "user_id": self.user_id });
        born(&self.birth, now, shown)
    }
}

impl Connection {
    fn show(&self, now: Duration) -> (u64, Value) {
        let shown = json!({
            "id": self.id, "meta_id": self.meta_id, "name": self.name, "type": self.kind,
            "display_name": self.display_name, "properties": self.properties, "has_password": self.has_password,
            "deleted": self.deleted, "established": self.established.is_some_and(|(at, _)| now >= at),
        });
        born(&self.birth, now, shown)
    }
}

impl Job {
    fn show(&self, now: Duration) -> (u64, Value) {
        let (name, id) = self.status(now);
        let shown = json!({
            "id": self.id, "type": self.kind, "connection_meta_id": self.connection,
            "status": { "name": name, "id": id },
        });
        born(&self.birth, now, shown)
    }
}

impl Autodash {
    fn show(&self, now: Duration) -> (u64, Value) {
        let shown = json!({
            "id": self.id, "package": self.package, "connection_meta_id": self.connection,
            "user_id": self.user_id, "status": self.status(now),
        });
        born(&self.birth, now, shown)
    }
}
