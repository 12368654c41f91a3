//! Who is calling: one access token, carried as a bearer or as cookies.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::header::{AUTHORIZATION, COOKIE};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::client::Endpoints;
use super::tokens::{CreateToken, Token};
use crate::auth::Cell;
use crate::error::{Code, Error, Result};
use crate::host::Host;
use crate::http::{BaseUrl, Redactor, sensitive_header};
use crate::ops::{Auth, CallContext, Credentials, Engine, Operation, System, decode};
use crate::secret::{Secret, check_token, into_body};

/// How operations that take both show the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthStyle {
    /// `Authorization: Bearer`.
    Bearer,
    /// `Cookie: DASHSESS2`.
    Cookie,
}

/// Where and as whom a client calls.
pub(crate) struct MagentoBi {
    pub(crate) api: BaseUrl,
    pub(crate) dashboard: BaseUrl,
    pub(super) endpoints: Arc<Endpoints>,
    pub(crate) username: String,
    pub(crate) password: Secret,
    pub(crate) oauth_client_id: u64,
    pub(crate) client_secret: Secret,
    pub(crate) auth_style: Option<AuthStyle>,
    pub(crate) token: Cell<Session>,
}

/// An access token and whose it is.
pub(crate) struct Session {
    token: Zeroizing<String>,
    pub(crate) user_id: Option<String>,
}

/// A token is renewed this long before it expires.
const RENEW_BEFORE: Duration = Duration::from_secs(5 * 60);

impl MagentoBi {
    /// The current session; `refused` is the number of one that the server turned down.
    pub(crate) async fn session(
        &self,
        engine: &Engine<Self>,
        refused: Option<u64>,
        call: &CallContext,
    ) -> Result<(Arc<Session>, u64)> {
        let login = || async move {
            let start = engine.clock.now();
            // The login belongs to the call that needs it, and shares its time; it may be repeated as often as any read.
            let call = CallContext { attempts: None, ..call.clone() };
            let operation = super::Client::operation("magento_bi.tokens.create")?;
            let text = engine.execute(operation, &mut CreateToken {}, &call).await?.into_text();
            let token: Token = decode(&text, "application/json")?;
            check_token("access_token", &token.access_token)
                .map_err(|error| Error::new(Code::Decode, error.report().message.clone()))?;
            let lasts = Duration::from_secs(token.expires_in.unwrap_or(4 * 60 * 60));
            // A token that lives no longer than that serves for half its life.
            let good_for = lasts.saturating_sub(RENEW_BEFORE).max(lasts / 2);
            let session =
                Session { token: Zeroizing::new(token.access_token), user_id: token.user_id.map(|id| id.to_string()) };
            Ok((session, start.saturating_add(good_for)))
        };
        self.token.get(engine.clock.now(), refused, login).await
    }

    fn carrier(&self, auth: Auth) -> Carrier {
        match (auth, self.auth_style) {
            (Auth::BearerOrCookie, Some(AuthStyle::Cookie)) => Carrier::Cookie,
            (Auth::CookieOrBearer, Some(AuthStyle::Bearer)) | (Auth::BearerOrCookie | Auth::Bearer, _) => {
                Carrier::Bearer
            }
            (Auth::CookieOrBearer, _) => Carrier::Cookie,
            (Auth::DashboardCookies, _) => Carrier::DashboardCookies,
            (Auth::None | Auth::ApiKey | Auth::Basic, _) => Carrier::None,
        }
    }
}

enum Carrier {
    None,
    Bearer,
    Cookie,
    DashboardCookies,
}

impl System for MagentoBi {
    fn base(&self, operation: &Operation) -> &BaseUrl {
        if operation.auth == Auth::DashboardCookies { &self.dashboard } else { &self.api }
    }

    fn bases(&self) -> Vec<&BaseUrl> {
        vec![&self.api, &self.dashboard]
    }

    fn authorize<'a>(
        &'a self,
        engine: &'a Engine<Self>,
        operation: &'static Operation,
        refused: Option<u64>,
        call: &'a CallContext,
    ) -> BoxFuture<'a, Result<Credentials>> {
        async move {
            let carrier = self.carrier(operation.auth);
            if matches!(carrier, Carrier::None) {
                return Ok(Credentials::default());
            }
            let (session, number) = self.session(engine, refused, call).await?;
            let token = session.token.as_str();
            let header = match carrier {
                Carrier::Bearer => (AUTHORIZATION, Zeroizing::new(format!("Bearer {token}"))),
                Carrier::DashboardCookies => {
                    let user = session.user_id.as_deref().ok_or_else(|| {
                        Error::new(Code::Decode, "the token's reply has no user_id, which the dashboard's cookie needs")
                    })?;
                    check_token("user_id", user)?;
                    (COOKIE, Zeroizing::new(format!("dashuid={user}; DASHSESS2={token}")))
                }
                _ => (COOKIE, Zeroizing::new(format!("DASHSESS2={token}"))),
            };
            Ok(Credentials {
                headers: vec![(header.0, sensitive_header("access_token", &header.1)?)],
                number: Some(number),
                secrets: vec![session.token.clone()],
            })
        }
        .boxed()
    }

    fn login_body<'a>(
        &'a self,
        host: &'a Host,
        redactor: &'a mut Redactor,
    ) -> BoxFuture<'a, Result<Zeroizing<Vec<u8>>>> {
        /// The body of step 1; its keys mix cases as the vendor's do.
        #[derive(Serialize)]
        struct Login<'a> {
            #[serde(serialize_with = "into_body")]
            password: Secret,
            scope: &'a str,
            username: &'a str,
            grant_type: &'a str,
            #[serde(rename = "clientId")]
            client_id: u64,
            #[serde(rename = "clientSecret", serialize_with = "into_body")]
            client_secret: Secret,
        }
        async move {
            let mut login = Login {
                password: self.password.clone(),
                scope: "default",
                username: &self.username,
                grant_type: "password",
                client_id: self.oauth_client_id,
                client_secret: self.client_secret.clone(),
            };
            for secret in [&mut login.password, &mut login.client_secret] {
                secret.resolve(host).await?;
                secret.redact(redactor);
            }
            let mut body = Zeroizing::new(Vec::new());
            serde_json::to_writer(&mut *body, &login)
                .map_err(|error| Error::internal(format!("the login cannot be written: {error}")))?;
            Ok(body)
        }
        .boxed()
    }

    fn redact(&self, redactor: &mut Redactor) {
        for secret in [&self.password, &self.client_secret] {
            secret.redact(redactor);
        }
    }
}

impl fmt::Debug for MagentoBi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MagentoBi")
            .field("api", &self.api.origin())
            .field("dashboard", &self.dashboard.origin())
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}
