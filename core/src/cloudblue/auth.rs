//! Who is calling: an API key in one header.

use std::fmt;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::header::AUTHORIZATION;
use zeroize::Zeroizing;

use crate::auth::Cell;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::http::{BaseUrl, Redactor, sensitive_header};
use crate::ops::{CallContext, Credentials, Engine, Operation, System};
use crate::secret::Secret;

/// Where and as whom a client calls.
pub(crate) struct CloudBlue {
    pub(super) api: BaseUrl,
    pub(super) api_key: Secret,
    /// The key as it was last found, with the word in front.
    pub(super) found: Cell<Zeroizing<String>>,
}

/// A key that is given by its source is looked up again after this time, and when a server refuses it.
const LOOK_UP_EVERY: Duration = Duration::from_secs(5 * 60);
const WORD: &str = "ApiKey ";

/// The header's value: with the word `ApiKey` in front, whether it was given or not.
fn with_word(key: &str) -> Result<Zeroizing<String>> {
    let key = key.trim();
    let bare = key.get(..WORD.len()).filter(|word| word.eq_ignore_ascii_case(WORD)).map_or(key, |_| &key[WORD.len()..]);
    let bare = bare.trim_start();
    if bare.contains(':') && !bare.contains(char::is_whitespace) {
        return Ok(Zeroizing::new(format!("{WORD}{bare}")));
    }
    Err(Error::config(
        "api_key is no key",
        "give it as <key id>:<key secret>, with or without the word ApiKey before it",
    ))
}

impl System for CloudBlue {
    fn base(&self, _: &Operation) -> &BaseUrl {
        &self.api
    }

    fn bases(&self) -> Vec<&BaseUrl> {
        vec![&self.api]
    }

    fn authorize<'a>(
        &'a self,
        engine: &'a Engine<Self>,
        _: &'static Operation,
        refused: Option<u64>,
        call: &'a CallContext,
    ) -> BoxFuture<'a, Result<Credentials>> {
        async move {
            let now = engine.clock.now();
            let look_up = || async move {
                let mut secret = self.api_key.clone();
                // A virtual clock stands still while the program is asked for the key.
                let _busy = engine.clock.busy();
                secret.resolve(&call.host).await?;
                Ok((with_word(secret.expose()?)?, now.saturating_add(LOOK_UP_EVERY)))
            };
            let (key, number) = self.found.get(now, refused, look_up).await?;
            let bare = key.trim_start_matches(WORD);
            let secrets = [bare, bare.split_once(':').unwrap_or_default().1];
            Ok(Credentials {
                headers: vec![(AUTHORIZATION, sensitive_header("api_key", &key)?)],
                // A key that was given itself would be the same again.
                number: self.api_key.is_reference().then_some(number),
                secrets: secrets.map(|text| Zeroizing::new(text.to_owned())).into(),
            })
        }
        .boxed()
    }

    fn login_body<'a>(&'a self, _: &'a Host, _: &'a mut Redactor) -> BoxFuture<'a, Result<Zeroizing<Vec<u8>>>> {
        async { Err(Error::internal("Connect has no login")) }.boxed()
    }

    fn redact(&self, redactor: &mut Redactor) {
        self.api_key.redact(redactor);
    }
}

impl fmt::Debug for CloudBlue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudBlue").field("api", &self.api.origin()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_with_and_without_its_word() {
        for given in ["SU-1:k", "ApiKey SU-1:k", "apikey  SU-1:k ", " SU-1:k\n"] {
            assert_eq!(*with_word(given).unwrap(), "ApiKey SU-1:k");
        }
        for given in ["SU-1", "Bearer SU-1:k", "SU-1:k x"] {
            let error = with_word(given).unwrap_err();
            assert!(!error.to_string().contains("SU-1:"), "{error}");
        }
    }
}
