//! Who takes part: accounts of the tiers, connections, marketplaces, contracts, users.

use serde_json::{Value, json};

use super::json_object::write_text;
use super::param::members;

/// An id of somebody else's system: the vendor sends texts and whole numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ExternalId {
    Null,
    Text(String),
    Integer(i64),
}

impl ExternalId {
    pub(super) fn of(value: Option<&Value>) -> Option<ExternalId> {
        match value {
            None | Some(Value::Null) => Some(Self::Null),
            Some(Value::String(text)) => Some(Self::Text(text.clone())),
            Some(Value::Number(number)) => number.as_i64().map(Self::Integer),
            Some(_) => None,
        }
    }

    pub(super) fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Text(text) => write_text(out, text),
            Self::Integer(number) => out.push_str(&number.to_string()),
        }
    }

    /// As a filter compares it: a number is its digits.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Text(text) => Some(text.clone()),
            Self::Integer(number) => Some(number.to_string()),
        }
    }
}

/// A thing of which requests show id and name, with all its members finished as JSON.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) json: String,
}

impl Named {
    pub(super) fn new(json: &Value) -> Named {
        let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
        Named { id: text("id"), name: text("name"), json: json.to_string() }
    }
}

/// The account of a tier.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) named: Named,
    pub(super) external_id: ExternalId,
    pub(super) external_uid: String,
    /// Its JSON without the braces, for the nesting of the vendor's oldest page.
    pub(super) members: String,
}

impl Account {
    pub(super) fn new(json: &Value) -> Account {
        let named = Named::new(json);
        let members = members(&named.json);
        let external_id = ExternalId::of(json.get("external_id")).unwrap_or(ExternalId::Null);
        let external_uid = json["external_uid"].as_str().unwrap_or_default().to_owned();
        Account { named, external_id, external_uid, members }
    }
}

/// Through which distributor a vendor sells.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: &'static str,
    pub(super) kind: &'static str,
    pub(super) provider: (&'static str, &'static str),
    pub(super) vendor: (&'static str, &'static str),
    pub(super) hub: (&'static str, &'static str),
    pub(super) json: String,
}

impl Connection {
    pub(super) fn new(
        id: &'static str,
        kind: &'static str,
        provider: (&'static str, &'static str),
        hub: (&'static str, &'static str),
    ) -> Connection {
        let vendor = ("VA-000-000", "Coco Vendor");
        let json = json!({
            "id": id, "type": kind, "provider": {"id": provider.0, "name": provider.1},
            "vendor": {"id": vendor.0, "name": vendor.1}, "hub": {"id": hub.0, "name": hub.1},
        });
        Connection { id, kind, provider, vendor, hub, json: json.to_string() }
    }
}

/// Who works on a request; the vendor writes it in three ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Assignee {
    /// `""`.
    Nobody,
    Null,
    Text(String),
    User {
        id: String,
        name: String,
        email: String,
    },
}

impl Assignee {
    pub(super) fn write(&self, out: &mut String) {
        match self {
            Self::Nobody => out.push_str("\"\""),
            Self::Null => out.push_str("null"),
            Self::Text(text) => write_text(out, text),
            Self::User { id, name, email } => {
                out.push_str(&json!({ "id": id, "name": name, "email": email }).to_string());
            }
        }
    }
}
