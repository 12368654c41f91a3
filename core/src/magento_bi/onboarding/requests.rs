//! What each step sends.

use serde_json::{Value, json};

use super::machine::Onboarding;
use super::options::ConnectionIdFrom;
use super::spec::Parts;
use super::state::{ConnectionIds, Step, UserIdFrom};
use crate::id::Id;
use crate::magento_bi::jobs::{CONNECTION_TEST, STRUCTURE_SYNC};

/// A request that a step may have to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// The step's own POST, which must not be sent twice.
    Create,
    /// The step's own PUT.
    Update,
    /// The step's own poll.
    Poll,
    /// The client's connections, to find ours among them.
    Connections,
    /// The client's structure syncs.
    Syncs,
    /// The client's connection tests.
    Tests,
    /// Whose the access token is.
    TokenUser,
}

impl Onboarding {
    /// The operation and the arguments of a question, secrets by reference.
    pub(super) fn request(&self, question: Question) -> Option<(&'static str, Value)> {
        let outputs = &self.state.outputs;
        let client_id = &outputs.client_id;
        match question {
            Question::Create => self.create(),
            Question::Update => {
                let parts = self.spec.parts().ok()?;
                let settings = parts.client_settings?;
                let name = settings.name.unwrap_or(parts.company);
                let arguments = json!({"client_id": client_id, "name": name, "properties": settings.properties});
                Some(("magento_bi.clients.update", arguments))
            }
            Question::Poll => match self.state.step {
                Step::AwaitClient => Some(("magento_bi.signups.get", json!({"signup_id": outputs.signup_id}))),
                Step::AwaitConnection => self.request(Question::Connections),
                Step::AwaitStructureSync => self.request(Question::Syncs),
                Step::AwaitDashboards => {
                    let arguments = json!({"client_id": client_id, "autodash_id": outputs.autodash_id});
                    Some(("magento_bi.autodash.get", arguments))
                }
                _ => None,
            },
            Question::Connections => {
                Some(("magento_bi.connections.list", json!({"client_id": client_id, "include_deleted": false})))
            }
            Question::Syncs | Question::Tests => {
                let type_id = if question == Question::Syncs { STRUCTURE_SYNC } else { CONNECTION_TEST };
                Some(("magento_bi.jobs.list_by_type", json!({"client_id": client_id, "type_id": type_id})))
            }
            Question::TokenUser => Some(("magento_bi.tokens.create", json!({}))),
        }
    }

    fn create(&self) -> Option<(&'static str, Value)> {
        let parts = self.spec.parts().ok()?;
        let client_id = &self.state.outputs.client_id;
        match self.state.step {
            Step::CreateClient => Some((
                "magento_bi.signups.create",
                json!({
                    "tier": parts.tier,
                    "company": parts.company,
                    "first_name": parts.admin.first_name,
                    "last_name": parts.admin.last_name,
                    "email": parts.admin.email,
                    "role": parts.admin.role,
                    "magento": parts.magento,
                }),
            )),
            Step::InviteUser => Some((
                "magento_bi.invites.create",
                json!({
                    "force_create": 1,
                    "email": parts.user.email,
                    "client_id": client_id,
                    "client_rights": parts.user.client_rights,
                    "first_name": parts.user.first_name,
                    "last_name": parts.user.last_name,
                }),
            )),
            Step::CreateConnection => Some(("magento_bi.connections.create", self.connection(parts))),
            Step::StartConnectionTest => Some((
                "magento_bi.jobs.start_connection_test",
                json!({"client_id": client_id, "connection_id": self.connection_id(), "sync_and_sample": 1}),
            )),
            Step::CreateDashboards => {
                let mut arguments = json!({
                    "client_id": client_id,
                    "connections": {"db": {
                        "connection_id": self.connection_id(),
                        "database": parts.dashboards.database,
                        "table_prefix": parts.dashboards.table_prefix,
                    }},
                    "package": parts.dashboards.package,
                });
                if let Some(user_id) = self.user_id(&parts) {
                    arguments["user_id"] = json!(user_id);
                }
                Some(("magento_bi.autodash.create", arguments))
            }
            _ => None,
        }
    }

    fn connection(&self, parts: Parts) -> Value {
        let connection = parts.connection;
        let mut properties = json!(connection.properties);
        let group_secret = self.spec.secret_reference("connection.properties.encryption_groupSecret");
        if !group_secret.is_null() {
            properties["encryption_groupSecret"] = group_secret;
        }
        json!({
            "client_id": self.state.outputs.client_id,
            "credentials": {
                "encryption_password": self.spec.secret_reference("connection.encryption_password"),
                "password": self.spec.secret_reference("connection.password"),
            },
            "display_name": connection.display_name.as_ref().unwrap_or(&connection.name),
            "name": connection.name,
            "properties": properties,
            "type": connection.r#type,
        })
    }

    /// The connection's id as jobs and dashboards want it.
    pub(super) fn connection_id(&self) -> Option<&Id> {
        let ConnectionIds { id, meta_id, .. } = self.state.outputs.connection.as_deref()?;
        match self.options.connection_id_from {
            ConnectionIdFrom::MetaId => meta_id.as_ref(),
            ConnectionIdFrom::Id => Some(id),
        }
    }

    /// How the user of step 10 is found: a person's answer, else the spec.
    pub(super) fn user_id_from(&self, parts: &Parts) -> UserIdFrom {
        self.state.user_id_from.unwrap_or(parts.dashboards.user_id_from)
    }

    /// The user of step 10: the spec's own, else as [`Onboarding::user_id_from`] says.
    pub(super) fn user_id(&self, parts: &Parts) -> Option<Id> {
        parts.user.user_id.clone().or_else(|| match self.user_id_from(parts) {
            UserIdFrom::Reply => self.state.outputs.user_id.clone(),
            UserIdFrom::Token => self.run.token_user.clone(),
            UserIdFrom::Omit => None,
        })
    }
}
