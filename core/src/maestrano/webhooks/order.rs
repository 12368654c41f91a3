//! The other side: requests as Maestrano would send them, to test an app with.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use url::Position;

use super::credentials::basic;
use super::kind::Kind;
use super::request::Request;
use super::template::{Template, fill};
use crate::error::{Error, Result};
use crate::id::Id;
use crate::maestrano::Marketplace;
use crate::maestrano::marketplace::joined;
use crate::ops::read_arguments;

/// What is to be sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Order {
    /// The marketplace that sends; where it is given, [`request`] asks that it is the one it was given.
    #[serde(default)]
    pub marketplace: Option<String>,
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Of every kind but notifications, whose entities name theirs.
    #[serde(default)]
    pub group_id: Option<Id>,
    /// Of `group_user_removed` alone: `usr-1`, or `usr-1.cld-1` as `mask_user` makes it.
    #[serde(default)]
    pub user_id: Option<Id>,
    /// Of `connec_notification` alone: the body, e.g. `{"organizations": [{"group_id": "cld-4"}]}`.
    #[serde(default)]
    pub entities: Option<Box<RawValue>>,
    /// Of `synchronization_start` alone.
    #[serde(default)]
    pub opts: Option<Box<RawValue>>,
}

impl Order {
    /// Reads an order: `{"type", "group_id", "user_id", "entities", "opts"}`, each where its type has it.
    ///
    /// # Errors
    /// `validation` or `invalid_id` that names the field.
    pub fn from_json(text: &str) -> Result<Self> {
        read_arguments(text)
    }

    fn group(&self) -> Result<&Id> {
        self.group_id
            .as_ref()
            .ok_or_else(|| Error::validation("group_id", format!("a {} has one", self.kind.row().name)))
    }

    /// Refuses what would be left out without a word.
    fn check(&self, marketplace: &Marketplace) -> Result<()> {
        let given = [
            ("group_id", self.group_id.is_some(), self.kind != Kind::ConnecNotification),
            ("user_id", self.user_id.is_some(), self.kind == Kind::GroupUserRemoved),
            ("entities", self.entities.is_some(), self.kind == Kind::ConnecNotification),
            ("opts", self.opts.is_some(), self.kind == Kind::SynchronizationStart),
        ];
        if let Some((field, ..)) = given.iter().find(|(_, given, taken)| *given && !taken) {
            return Err(Error::validation(field, format!("a {} has none", self.kind.row().name)));
        }
        match &self.marketplace {
            Some(name) if *name != marketplace.marketplace => {
                Err(Error::validation("marketplace", format!("this one is {}", marketplace.marketplace)))
            }
            _ => Ok(()),
        }
    }

    fn body(&self) -> Result<Option<String>> {
        let raw = |raw: &Option<Box<RawValue>>| raw.as_ref().map(|raw| raw.get().to_owned());
        Ok(match self.kind {
            Kind::ConnecNotification => {
                let what = "a connec_notification has some: an object of lists";
                Some(raw(&self.entities).ok_or_else(|| Error::validation("entities", what))?)
            }
            Kind::SynchronizationStart => {
                let opts = raw(&self.opts).unwrap_or_else(|| "{}".to_owned());
                Some(format!(r#"{{"group_id":"{}","opts":{opts}}}"#, self.group()?))
            }
            Kind::SynchronizationToggle => Some(format!(r#"{{"group_id":"{}"}}"#, self.group()?)),
            _ => None,
        })
    }
}

/// A request that was not sent, and where to send it. It holds the app's key: its `Debug` does not show it, its JSON does.
#[derive(Clone)]
#[non_exhaustive]
pub struct Signed {
    pub url: String,
    pub request: Request,
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed").field("request", &self.request).finish_non_exhaustive()
    }
}

impl Serialize for Signed {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Parts<'a> {
            method: &'a str,
            path: &'a str,
            url: &'a str,
            headers: &'a [(String, String)],
            body: &'a str,
        }
        let Self { url, request: Request { method, path, headers, body } } = self;
        let body = std::str::from_utf8(body).map_err(serde::ser::Error::custom)?;
        Parts { method, path, url, headers, body }.serialize(serializer)
    }
}

/// The request that `marketplace` would send to the app: method, path, URL, Basic credentials and body.
///
/// # Errors
/// `validation` for an order that lacks what its type needs, or has what its type has not; `config` where the marketplace
/// has no path for the type, or its key is not there as text.
pub fn request(marketplace: &Marketplace, order: &Order) -> Result<Signed> {
    order.check(marketplace)?;
    let row = order.kind.row();
    if row.group.is_some() {
        order.group()?;
    }
    if row.user.is_some() && order.user_id.is_none() {
        return Err(Error::validation("user_id", format!("a {} has one", row.name)));
    }
    let name = &marketplace.marketplace;
    let template = row.path(marketplace).ok_or_else(|| {
        Error::config(format!("{name} has no path for a {}", row.name), "set it in the marketplace's configuration")
    })?;
    let id = |place: &str| match place {
        _ if row.user == Some(place) => order.user_id.as_ref(),
        _ if row.group == Some(place) => order.group_id.as_ref(),
        _ => None,
    };
    // What this app's own side would not take is refused here: a test of an app is to show that the app works.
    let path = Template::read(&marketplace.app.host, template, row.needs()).and_then(|_| fill(template, id));
    let path = path.ok_or_else(|| {
        let needs: Vec<_> = row.needs().map(|place| format!(":{place}")).collect();
        let needs = if needs.is_empty() { "none".to_owned() } else { needs.join(", ") };
        let what = format!("{name}'s path for a {} has other placeholders than it needs: {needs}", row.name);
        Error::config(what, "set it in the marketplace's configuration")
    })?;
    let url = url::Url::parse(&joined(&marketplace.app.host, &path)).map_err(|error| {
        Error::config(format!("{name}'s app.host is no URL: {error}"), "e.g. https://app.example.com")
    })?;
    let mut headers =
        vec![("authorization".to_owned(), basic(marketplace)?), ("accept".to_owned(), "application/json".to_owned())];
    let body = order.body()?;
    if body.is_some() {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    let path = &url[Position::BeforePath..Position::AfterQuery];
    let request = Request::new(row.method, path, headers, body.unwrap_or_default());
    Ok(Signed { url: url.to_string(), request })
}
