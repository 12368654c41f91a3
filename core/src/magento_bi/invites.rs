//! Step 4: the merchant's user.

use serde::{Deserialize, Serialize};

use super::Client;
use crate::id::Id;
use crate::ops::{Fields, operations};

/// Arguments of [`Invites::create`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateInvite {
    /// 1 creates the user even where the address is known; default 1.
    #[serde(default = "one")]
    pub force_create: u8,
    /// The customer's e-mail address; an invitation is sent to it.
    pub email: String,
    /// The client that the signup created.
    pub client_id: Id,
    /// What the user may do.
    pub client_rights: ClientRights,
    /// First name of the user.
    pub first_name: String,
    /// Last name of the user.
    pub last_name: String,
}

fn one() -> u8 {
    1
}

/// What a user may do: 1 for yes, 0 for no.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ClientRights {
    /// May administer the client.
    #[serde(default)]
    pub admin: u8,
    /// May see and pay bills.
    #[serde(default)]
    pub billing: u8,
    /// May look.
    #[serde(default)]
    pub readonly: u8,
    /// Is the technical contact; grants nothing.
    #[serde(default)]
    pub technical: u8,
}

impl Fields for CreateInvite {}

/// An invitation that was sent.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Invite {
    /// The invitation's id; not the user's.
    pub id: Option<Id>,
    /// The user that was created. The vendor's document has none; its example client relies on it.
    pub user_id: Option<Id>,
    /// Who invited.
    pub inviter_user_id: Option<Id>,
    /// The client invited to.
    pub client_id: Option<Id>,
    /// The address invited.
    pub email: Option<String>,
}

operations! {
    /// Users of a client (the vendor's document, section 4).
    Invites(Client) in "magento_bi.invites" {
        /// Creates a user of a client and sends the invitation.
        ///
        /// Each sending invites once more: a request whose reply was lost is not sent again, and raises `outcome_unknown`.
        /// Source: Magento BI Cloud Onboarding API, section 4.
        create(CreateInvite) -> Invite = POST "/v3/invites", Once, Bearer, Json;
    }
}
