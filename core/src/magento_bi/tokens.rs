//! Step 1: access tokens.

use serde::{Deserialize, Serialize};

use super::Client;
use crate::id::Id;
use crate::ops::{Fields, operations};

/// Arguments of [`Tokens::create`]: none, for the client holds the credentials.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateToken {}

impl Fields for CreateToken {}

/// A time-limited session of one user.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Token {
    /// The token; treat it as a password.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "secret")))]
    pub access_token: String,
    /// Whose session it is; the dashboard's cookie names it.
    pub user_id: Option<Id>,
    /// Seconds from now until it expires; 14,400 in the vendor's sample.
    pub expires_in: Option<u64>,
    /// The token's own id.
    pub id: Option<Id>,
    /// Always `bearer` in the vendor's sample.
    pub token_type: Option<String>,
    /// The scope asked for.
    pub scope: Option<String>,
    /// The grant asked for.
    pub grant_type: Option<String>,
    /// The OAuth client's id.
    pub oauth_client_id: Option<Id>,
    /// Always null in the vendor's sample; not the client that an onboarding creates.
    pub client_id: Option<Id>,
    /// When it expires, on the server's clock, without a zone.
    pub expires_at: Option<String>,
    /// When it was last refreshed, on the server's clock, without a zone.
    pub refreshed_at: Option<String>,
    /// When it was made, on the server's clock, without a zone; spelled as the wire has it.
    #[serde(alias = "created_at")]
    pub create_at: Option<String>,
    /// Always null in the vendor's sample: a session cannot be refreshed.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "secret")))]
    pub refresh_token: Option<String>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("id", &self.id).field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

operations! {
    /// Access tokens (the vendor's document, section 1).
    Tokens(Client) in "magento_bi.tokens" {
        /// Creates an access token from the client's own credentials.
        ///
        /// A client gets its token by itself when a call needs one, renews it five minutes before it expires and once when
        /// a server refuses it, so this is for looking, not for calling.
        ///
        /// Repeating it is harmless. Raises `authentication` when the credentials are refused.
        /// Source: Magento BI Cloud Onboarding API, section 1.
        create(CreateToken) -> Token = POST "/v1/tokens", Idempotent, None, Login;
    }
}
