//! Secrets: where they come from, and the one way to read them.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serializer, de};
use zeroize::Zeroizing;

use crate::error::{Code, Error, Result};
use crate::host::Host;
use crate::http::Redactor;

/// A secret, or where to find it. It has no `Display`, no `Serialize` and no equality, and its `Debug` hides it.
///
/// Dropping one overwrites its bytes. That cannot reach the copies that TLS, the kernel or a caller's own strings hold.
#[derive(Clone)]
pub struct Secret(Source);

#[derive(Clone)]
enum Source {
    Text(Zeroizing<String>),
    Env(String),
    File(PathBuf),
    Callback(String),
}

impl Secret {
    /// The secret itself.
    pub fn text(text: impl Into<String>) -> Self {
        Self(Source::Text(Zeroizing::new(text.into())))
    }

    /// The environment variable that holds it, read each time it is needed.
    pub fn env(name: impl Into<String>) -> Self {
        Self(Source::Env(name.into()))
    }

    /// The file that holds it (one line; readable by its owner alone), read each time it is needed.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Source::File(path.into()))
    }

    /// A name by which the host program is asked for it, each time it is needed (see [`Host`]).
    pub fn callback(name: impl Into<String>) -> Self {
        Self(Source::Callback(name.into()))
    }

    /// Finds the secret's text, so that [`Secret::expose`] can give it.
    ///
    /// # Errors
    /// `config` when the variable, the file or the host has none. The secret itself is in no message.
    pub(crate) async fn resolve(&mut self, host: &Host) -> Result<()> {
        let text = match &self.0 {
            Source::Text(_) => return Ok(()),
            Source::Env(name) => Zeroizing::new(std::env::var(name).map_err(|_| {
                Error::config(format!("the environment variable {name} is not set"), "set it, or give the secret")
            })?),
            Source::File(path) => read_file(path)?,
            Source::Callback(name) => Zeroizing::new(host.secret(name).await?),
        };
        if text.is_empty() {
            return Err(Error::config(format!("{self:?} is empty"), "give a secret that is not empty"));
        }
        self.0 = Source::Text(text);
        Ok(())
    }

    /// The text of a resolved secret. Every use of this is a place to review.
    ///
    /// # Errors
    /// `internal` when it was not resolved.
    pub(crate) fn expose(&self) -> Result<&str> {
        match &self.0 {
            Source::Text(text) => Ok(text),
            _ => Err(Error::internal(format!("{self:?} was not resolved"))),
        }
    }
}

impl Secret {
    /// Whether it is given by its source, and may be another one at the next look.
    pub(crate) fn is_reference(&self) -> bool {
        !matches!(self.0, Source::Text(_))
    }

    /// Adds an inline or found secret to what is never shown.
    pub(crate) fn redact(&self, redactor: &mut Redactor) {
        if let Source::Text(text) = &self.0 {
            redactor.add(text);
        }
    }
}

fn read_file(path: &std::path::Path) -> Result<Zeroizing<String>> {
    let problem =
        |what: String| Error::config(format!("the secret file {}: {what}", path.display()), "see Secret.file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path).map_err(|error| problem(error.to_string()))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(problem(format!("others may read it (mode {:o}); use chmod 600", mode & 0o777)));
        }
    }
    let mut text = Zeroizing::new(std::fs::read_to_string(path).map_err(|error| problem(error.to_string()))?);
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    Ok(text)
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Text(_) => f.write_str("Secret(***)"),
            Source::Env(name) => write!(f, "Secret(env {name})"),
            Source::File(path) => write!(f, "Secret(file {})", path.display()),
            Source::Callback(name) => write!(f, "Secret(callback {name})"),
        }
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Secret;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a secret: text, {\"env\": NAME}, {\"file\": PATH} or {\"callback\": NAME}")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<Secret, E> {
                Ok(Secret::text(text))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> std::result::Result<Secret, A::Error> {
                let secret = match map.next_key::<String>()?.as_deref() {
                    Some("env") => Secret::env(map.next_value::<String>()?),
                    Some("file") => Secret::file(map.next_value::<String>()?),
                    Some("callback") => Secret::callback(map.next_value::<String>()?),
                    _ => return Err(de::Error::custom("a secret is given by one of env, file, callback")),
                };
                if map.next_key::<String>()?.is_some() {
                    return Err(de::Error::custom("a secret has one source, this one has two"));
                }
                Ok(secret)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// Writes a resolved secret into a request body; for `#[serde(serialize_with)]` on arguments only.
pub(crate) fn into_body<S: Serializer>(secret: &Secret, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose().map_err(serde::ser::Error::custom)?)
}

/// The same for a secret that may be absent: `null` then.
pub(crate) fn option_into_body<S: Serializer>(
    secret: &Option<Secret>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => into_body(secret, serializer),
        None => serializer.serialize_none(),
    }
}

/// Refuses a secret that cannot stand in a header or cookie, naming `field` and never the value.
///
/// # Errors
/// `validation` when it holds control characters, `;`, `,`, quotes, spaces or characters outside ASCII.
pub(crate) fn check_token(field: &str, text: &str) -> Result<()> {
    let forbidden = |byte: u8| !(0x21..=0x7e).contains(&byte) || b";,\"\\".contains(&byte);
    match text.bytes().position(forbidden) {
        Some(position) => Err(Error::new(
            Code::Validation,
            format!("{field} holds a character that cannot stand in a header, at position {position}"),
        )
        .with_detail("field", field)),
        None => Ok(()),
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "secret" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn debug_hides_the_text() {
        assert_eq!(format!("{:?}", Secret::text("hunter2")), "Secret(***)");
        assert_eq!(format!("{:?}", Secret::env("X")), "Secret(env X)");
    }

    #[test]
    fn a_secret_is_read_from_its_sources() {
        let secret: Secret = serde_json::from_str(r#"{"env": "HOME"}"#).unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(env HOME)");
        let two = serde_json::from_str::<Secret>(r#"{"env": "A", "file": "b"}"#).unwrap_err();
        assert!(two.to_string().contains("one source"), "{two}");
        let none = serde_json::from_str::<Secret>(r#"{"text": "x"}"#).unwrap_err();
        assert!(none.to_string().contains("env, file, callback") && !none.to_string().contains('x'), "{none}");
    }

    #[cfg(unix)]
    #[test]
    fn a_secret_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "s3cret\n").unwrap();
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(read_file(file.path()).unwrap().as_str(), "s3cret");
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read_file(file.path()).unwrap_err().to_string().contains("chmod 600"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn an_accepted_token_changes_no_header(text in any::<String>()) {
            if check_token("token", &text).is_ok() {
                let value = http::HeaderValue::from_str(&format!("DASHSESS2={text}")).unwrap();
                prop_assert_eq!(value.to_str().unwrap().split([';', ',']).count(), 1);
            }
        }
    }
}
