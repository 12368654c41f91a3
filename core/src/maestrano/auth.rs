//! Who is calling: an id and a key by HTTP Basic; and what a reply is wrapped in.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::header::AUTHORIZATION;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::auth::Cell;
use crate::error::{Code, Error, Outcome, Result};
use crate::host::Host;
use crate::http::{BaseUrl, Redactor, sensitive_header};
use crate::ops::{Auth, CallContext, Credentials, Engine, Operation, System, decode};
use crate::secret::Secret;

/// Where and as whom a client of one marketplace calls.
pub(crate) struct Maestrano {
    /// The account API: `{api.host}{api.base}`.
    pub(super) account: BaseUrl,
    /// The provider of single sign-on, where sessions are checked.
    pub(super) idp: Option<BaseUrl>,
    /// Data sharing.
    pub(super) connec: Option<BaseUrl>,
    pub(super) login: Login,
}

/// An id and its key.
pub(super) struct Login {
    pub(super) id: String,
    pub(super) key: Secret,
    found: Cell<Zeroizing<String>>,
}

/// A key that is given by its source is looked up again after this time, and when a server refuses it.
const LOOK_UP_EVERY: Duration = Duration::from_secs(5 * 60);

impl Login {
    pub(super) fn new(id: String, key: Secret) -> Self {
        Self { id, key, found: Cell::default() }
    }

    /// The header that shows them.
    pub(super) async fn credentials<S: System>(
        &self,
        engine: &Engine<S>,
        refused: Option<u64>,
        call: &CallContext,
    ) -> Result<Credentials> {
        let now = engine.clock.now();
        let look_up = || async move {
            let mut key = self.key.clone();
            // A virtual clock stands still while the program is asked for the key.
            let _busy = engine.clock.busy();
            key.resolve(&call.host).await?;
            Ok((Zeroizing::new(key.expose()?.to_owned()), now.saturating_add(LOOK_UP_EVERY)))
        };
        let (key, number) = self.found.get(now, refused, look_up).await?;
        let pair = Zeroizing::new(STANDARD.encode(Zeroizing::new(format!("{}:{}", self.id, key.as_str()))));
        let value = Zeroizing::new(format!("Basic {}", pair.as_str()));
        Ok(Credentials {
            headers: vec![(AUTHORIZATION, sensitive_header("app_key", &value)?)],
            // A key that was given itself would be the same again.
            number: self.key.is_reference().then_some(number),
            secrets: vec![Zeroizing::new(key.to_string()), pair],
        })
    }
}

/// What every reply of the account API is wrapped in.
#[derive(Deserialize)]
struct Envelope<'t> {
    success: bool,
    #[serde(borrow, default)]
    data: Option<&'t RawValue>,
}

fn is_wrapped(operation: &Operation) -> bool {
    let resource = operation.name.split('.').nth(1).unwrap_or_default();
    operation.auth == Auth::Basic && resource != "connec" && resource != "request"
}

impl System for Maestrano {
    fn base(&self, operation: &Operation) -> &BaseUrl {
        let elsewhere = match operation.name.split('.').nth(1) {
            Some("connec") => self.connec.as_ref(),
            Some("sessions") => self.idp.as_ref(),
            _ => None,
        };
        elsewhere.unwrap_or(&self.account)
    }

    fn bases(&self) -> Vec<&BaseUrl> {
        [Some(&self.account), self.idp.as_ref(), self.connec.as_ref()].into_iter().flatten().collect()
    }

    fn authorize<'a>(
        &'a self,
        engine: &'a Engine<Self>,
        _: &'static Operation,
        refused: Option<u64>,
        call: &'a CallContext,
    ) -> BoxFuture<'a, Result<Credentials>> {
        self.login.credentials(engine, refused, call).boxed()
    }

    fn login_body<'a>(&'a self, _: &'a Host, _: &'a mut Redactor) -> BoxFuture<'a, Result<Zeroizing<Vec<u8>>>> {
        async { Err(Error::internal("Maestrano has no login")) }.boxed()
    }

    fn redact(&self, redactor: &mut Redactor) {
        self.login.key.redact(redactor);
    }

    fn refuses(&self, operation: &Operation, body: &[u8]) -> bool {
        is_wrapped(operation) && serde_json::from_slice::<Envelope<'_>>(body).is_ok_and(|envelope| !envelope.success)
    }

    fn explain(&self, operation: &Operation, error: Error) -> Error {
        if is_wrapped(operation) { explain(error) } else { error }
    }

    fn open<'t>(&self, operation: &Operation, text: &'t str, content_type: &str) -> Result<&'t str> {
        if !is_wrapped(operation) {
            return Ok(text);
        }
        let envelope: Envelope<'t> = decode(text, content_type)?;
        let data = envelope.data.map(RawValue::get);
        data.ok_or_else(|| Error::new(Code::Decode, "the reply's data is missing").with_detail("path", "data"))
    }
}

/// What the vendor says about a field, and what that means.
const MEANINGS: [(&str, &str, Code); 4] = [
    ("id", "does not exist", Code::NotFound),
    ("status", "cannot be changed", Code::Conflict),
    ("authentication", "Invalid API token", Code::Authentication),
    ("system", "system error", Code::Server),
];

/// The error with the code that the vendor's field errors stand for, and all of them in its message.
fn explain(error: Error) -> Error {
    let Some(Value::Object(fields)) = error.report().details.get("errors").cloned() else { return error };
    let messages = |value: &Value| -> Vec<String> {
        let texts = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        texts.iter().map(|text| text.as_str().map_or_else(|| text.to_string(), str::to_owned)).collect()
    };
    let all: Vec<String> =
        fields.iter().map(|(field, value)| format!("{field} {}", messages(value).join(", "))).collect();
    let meaning = MEANINGS.iter().find(|(field, part, _)| {
        fields.get(*field).is_some_and(|value| messages(value).iter().any(|text| text.contains(part)))
    });
    let mut error = error;
    if !all.is_empty() {
        error.report_mut().message = format!("{}: {}", error.report().message, all.join("; "));
    }
    // A server that fails says so by its status as well; everything else may come with any status.
    if let Some((_, _, code)) = meaning
        && error.code() == Code::BadRequest
    {
        error.report_mut().code = *code;
        if *code == Code::Server {
            error = error.with_outcome(Outcome::Unknown);
        }
    }
    error
}

impl fmt::Debug for Maestrano {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Maestrano")
            .field("account", &self.account.as_str())
            .field("app_id", &self.login.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn explained(errors: Value) -> Error {
        explain(Error::new(Code::BadRequest, "HTTP 400, the server refuses the request").with_detail("errors", errors))
    }

    #[test]
    fn every_field_error_is_told() {
        let error = explained(
            json!({"currency": ["is not included in the list"], "price_cents": ["can't be blank", "is not a number"]}),
        );
        assert_eq!(error.code(), Code::BadRequest);
        let text = error.to_string();
        assert!(
            text.ends_with("currency is not included in the list; price_cents can't be blank, is not a number"),
            "{text}"
        );
    }

    #[test]
    fn a_field_error_means_a_code() {
        for (errors, code) in [
            (json!({"id": ["does not exist"]}), Code::NotFound),
            (json!({"status": ["has already been set to invoiced and cannot be changed"]}), Code::Conflict),
            (json!({"authentication": ["Invalid API token"]}), Code::Authentication),
            (json!({"system": ["A system error occured. Please retry later."]}), Code::Server),
            (json!({"group_id": ["does not exist or cannot be charged by your service"]}), Code::BadRequest),
            (json!({"id": "does not exist"}), Code::NotFound),
            (json!([]), Code::BadRequest),
        ] {
            assert_eq!(explained(errors.clone()).code(), code, "{errors}");
        }
    }
}
