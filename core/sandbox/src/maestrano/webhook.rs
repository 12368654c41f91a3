//! What Maestrano tells the app: which call an order of `/_sandbox/maestrano/webhooks` makes (contract, 1c).

use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::{Host, Url};

use super::basic;
use super::configuration;
use super::credentials::{Credentials, MARKETPLACES};
use super::delivery::Delivery;
use super::state::State;
use crate::error::SandboxError;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    GroupDeleted,
    GroupUserRemoved,
    ConnecNotification,
    SynchronizationStart,
    SynchronizationToggle,
    SynchronizationStatus,
}

impl Kind {
    /// Method, and where the configuration has the path.
    fn route(self) -> (&'static str, &'static str) {
        match self {
            Self::GroupDeleted => ("DELETE", "/webhooks/account/group_path"),
            Self::GroupUserRemoved => ("DELETE", "/webhooks/account/group_user_path"),
            Self::ConnecNotification => ("POST", "/webhooks/connec/notification_path"),
            Self::SynchronizationStart => ("POST", "/app/synchronization_start_path"),
            Self::SynchronizationToggle => ("PUT", "/app/synchronization_toggle_path"),
            Self::SynchronizationStatus => ("GET", "/app/synchronization_status_path"),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(default = "first_marketplace")]
    marketplace: String,
    #[serde(default = "first_group")]
    group_id: String,
    #[serde(default = "first_user")]
    user_id: String,
    /// The body of a notification; its first organizations when absent.
    entities: Option<Map<String, Value>>,
    /// Further fields of a synchronization's start.
    opts: Option<Map<String, Value>>,
    to: Option<String>,
    #[serde(default = "yes")]
    credentials: bool,
    #[serde(default = "once")]
    times: u8,
}

fn first_marketplace() -> String {
    MARKETPLACES[0].to_owned()
}

fn first_group() -> String {
    "cld-4".to_owned()
}

fn first_user() -> String {
    "usr-1".to_owned()
}

fn yes() -> bool {
    true
}

fn once() -> u8 {
    1
}

fn wrong(key: &str, why: &str) -> SandboxError {
    SandboxError::Invalid(format!("maestrano webhook: key `{key}`: {why}"))
}

impl State {
    /// Carries out what the order tells of, and gives the call that tells it.
    pub(crate) fn webhook(
        &mut self,
        order: Value,
        wall_ms: i64,
        credentials: &Credentials,
    ) -> Result<Delivery, SandboxError> {
        let order: Order = SandboxError::reading("maestrano webhook", order)?;
        let place = MARKETPLACES.iter().position(|name| *name == order.marketplace);
        let place = place.ok_or_else(|| wrong("marketplace", "maestrano or some-telco"))?;
        for (key, id) in [("group_id", &order.group_id), ("user_id", &order.user_id)] {
            if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte)) {
                return Err(wrong(key, "letters, digits and -._~@"));
            }
        }
        let base = order.to.as_deref().unwrap_or(&self.behaviour.app_host);
        let (method, pointer) = order.kind.route();
        let path = configuration::path(place, pointer).ok_or_else(|| {
            wrong(
                "type",
                &format!("marketplace {} has no {}", order.marketplace, pointer.rsplit('/').next().unwrap_or(pointer)),
            )
        })?;
        let url = target(base, &filled(&path, order.kind, &order))?;
        let app = credentials.app(place);
        // Nobody else's key looks like this one.
        let key = if order.credentials { app.key } else { format!("not-{}", app.key) };
        let body = self.body(place, &order);
        if order.credentials {
            self.happen(place, &order, wall_ms);
        }
        Ok(Delivery { method, url, authorization: basic::header(&app.id, &key), body, times: order.times })
    }

    fn body(&self, place: usize, order: &Order) -> Option<Value> {
        match order.kind {
            Kind::GroupDeleted | Kind::GroupUserRemoved | Kind::SynchronizationStatus => None,
            Kind::SynchronizationToggle => Some(json!({ "group_id": order.group_id })),
            Kind::SynchronizationStart => {
                Some(json!({ "group_id": order.group_id, "opts": order.opts.clone().unwrap_or_default() }))
            }
            Kind::ConnecNotification => Some(match &order.entities {
                Some(entities) => Value::Object(entities.clone()),
                None => {
                    let lists = configuration::external_ids(place);
                    json!({ "organizations": self.accounts[place].connec.first(&order.group_id, "organizations", lists) })
                }
            }),
        }
    }

    /// What is told is also so: the group has ended, the user has left.
    fn happen(&mut self, place: usize, order: &Order, wall_ms: i64) {
        self.settle(wall_ms);
        let account = &mut self.accounts[place];
        match order.kind {
            Kind::GroupDeleted => account.terminate(&order.group_id, wall_ms),
            Kind::GroupUserRemoved => {
                let uid = super::sessions::unmasked(&order.user_id);
                for user in account.users.iter_mut().filter(|user| user.id() == uid) {
                    user.groups.retain(|group| *group != order.group_id);
                }
            }
            _ => {}
        }
    }
}

/// The template with its placeholders filled in; `:id` is the group, or the user where the group has one of its own.
fn filled(template: &str, kind: Kind, order: &Order) -> String {
    let id = if kind == Kind::GroupUserRemoved { &order.user_id } else { &order.group_id };
    let segments = template.split('/').map(|segment| match segment {
        ":group_id" | ":cld-uid" => order.group_id.as_str(),
        ":id" => id.as_str(),
        other => other,
    });
    segments.collect::<Vec<_>>().join("/")
}

/// The sandbox calls nobody but this machine.
fn target(base: &str, path: &str) -> Result<Url, SandboxError> {
    let url = Url::parse(&format!("{}{path}", base.trim_end_matches('/')));
    let url = url.ok().filter(|url| url.scheme() == "http" && is_loopback(url));
    url.ok_or_else(|| wrong("to", "an http URL on this machine, e.g. http://127.0.0.1:8000"))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
