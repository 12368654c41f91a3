//! What is answered without a request of an operation's own, as the generator of the other languages' models sees it.

use crate::error::Error;
use crate::ops::{Auth, Body, Kind, Operation};
use crate::retry::Safety;

macro_rules! shown {
    ($($name:literal -> $reply:ty;)*) => {
        pub(super) const OPERATIONS: &[Operation] = &[$(Operation {
            name: $name,
            method: "",
            path: "",
            safety: Safety::Safe,
            auth: Auth::None,
            body: Body::None,
            kind: Kind::Local,
            accept: "application/json",
            record: None,
            filters: &[],
            doc: "",
            resource_doc: "",
            read: |_| Err(Error::internal(concat!($name, " has no row"))),
            check: |_, _| Ok(()),
            #[cfg(feature = "schema")]
            schemas: crate::ops::Schemas {
                arguments: |generator| generator.subschema_for::<schema::Nothing>(),
                reply: |generator| generator.subschema_for::<$reply>(),
            },
        }),*];
    };
}

shown! {
    "maestrano.marketplaces.config" -> super::Marketplace;
    "maestrano.sso.login" -> super::sso::Login;
    "maestrano.sso.consume" -> super::sso::Identity;
    "maestrano.webhooks.unwrap" -> schema::WebhookEvent;
}

#[cfg(feature = "schema")]
mod schema {
    use std::collections::BTreeMap;

    use serde_json::{Map, Value};

    #[derive(schemars::JsonSchema)]
    pub(super) struct Nothing {}

    /// A webhook that was proved to come from a marketplace.
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "it stands for `webhooks::Unwrapped`, whose kinds it holds side by side")]
    pub(super) struct WebhookEvent {
        /// What it tells.
        ///
        /// `group_deleted`, `group_user_removed`, `connec_notification`, `synchronization_start`, `synchronization_toggle` or
        /// `synchronization_status`.
        r#type: String,
        /// The marketplace that sent it.
        marketplace: String,
        /// The same for equal deliveries. Deletions and notifications may be dropped by it; wishes to start, toggle or report a
        /// synchronization are rightly repeated.
        dedupe_key: String,
        /// What to answer when it was dealt with.
        reply: super::super::webhooks::Reply,
        /// The group; absent from a notification.
        group_id: Option<String>,
        /// Of `group_user_removed`: the user's own id, e.g. `usr-1`.
        user_id: Option<String>,
        /// Of `group_user_removed`: the user's id in this group, e.g. `usr-1.cld-1`.
        virtual_user_id: Option<String>,
        /// Of `connec_notification`: entities by group, in the order in which each first appears.
        groups: Option<Vec<NotificationGroup>>,
        /// Of `synchronization_start`: options as they were sent.
        opts: Option<Map<String, Value>>,
    }

    /// The entities of one group in a notification.
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "it stands for `webhooks::Group`")]
    pub(super) struct NotificationGroup {
        /// The group; null when the entities name none.
        group_id: Option<String>,
        /// Entities by the name of their resource.
        entities: BTreeMap<String, Vec<Value>>,
    }
}
