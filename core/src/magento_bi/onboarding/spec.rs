//! What to onboard: the merchant, as a person writes it down.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::check::{check, inline_secrets, pack, unpack};
use super::state::UserIdFrom;
use crate::error::{Code, Error, Result};
use crate::flow::checkpoint::sha256;
use crate::host::Secrets;
use crate::id::Id;
use crate::magento_bi::invites::ClientRights;
use crate::magento_bi::signups::MagentoAccount;
use crate::secret::Secret;

/// The fields of a spec that hold secrets.
pub(crate) const SECRETS: [&str; 3] =
    ["connection.password", "connection.encryption_password", "connection.properties.encryption_groupSecret"];

/// How a request names the secret at `path`: a name that no callback of a program's own has.
fn reference(path: &str) -> &'static str {
    match path {
        "connection.password" => "spec:connection.password",
        "connection.encryption_password" => "spec:connection.encryption_password",
        _ => "spec:connection.properties.encryption_groupSecret",
    }
}

/// A checked spec. Its secrets lie apart from the rest, which is kept packed as JSON text: a waiting flow should be small.
#[derive(Debug, Clone)]
pub struct OnboardingSpec {
    packed: Box<str>,
    secrets: Secrets,
    /// Tells it from others within this process.
    mark: u32,
}

/// The rest of a spec, taken apart when a step needs it.
#[derive(Debug, Deserialize)]
pub(super) struct Parts {
    pub(super) company: String,
    pub(super) tier: String,
    pub(super) admin: Admin,
    pub(super) magento: MagentoAccount,
    pub(super) user: User,
    pub(super) client_settings: Option<ClientSettings>,
    pub(super) connection: ConnectionPart,
    pub(super) dashboards: Dashboards,
    #[serde(default)]
    pub(super) confirm_user: bool,
    pub(super) install_public_key: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Admin {
    pub(super) email: String,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) role: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) email: String,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) client_rights: ClientRights,
    pub(super) user_id: Option<Id>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct ClientSettings {
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) properties: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ConnectionPart {
    pub(super) name: String,
    pub(super) display_name: Option<String>,
    pub(super) r#type: String,
    pub(super) properties: BTreeMap<String, Option<String>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Dashboards {
    pub(super) package: String,
    pub(super) database: String,
    #[serde(default)]
    pub(super) table_prefix: String,
    #[serde(default)]
    pub(super) user_id_from: UserIdFrom,
}

impl Parts {
    pub(super) fn has_tunnel(&self) -> bool {
        let encryption = self.connection.properties.get("encryption_type").and_then(Option::as_deref);
        encryption.is_some_and(|kind| !kind.is_empty() && kind != "none")
    }
}

impl OnboardingSpec {
    /// Reads a spec from JSON text.
    ///
    /// # Errors
    /// `validation` with every problem at once, by the field's path, in the detail `errors`.
    pub fn from_json(text: &str) -> Result<Self> {
        let value = serde_json::from_str(text);
        Self::from_value(value.map_err(|error| Error::validation("spec", format!("is not JSON: {error}")))?)
    }

    /// The same from a JSON value.
    ///
    /// # Errors
    /// Those of [`OnboardingSpec::from_json`].
    pub(super) fn from_value(mut value: Value) -> Result<Self> {
        let problems = check(&value);
        if !problems.is_empty() {
            let lines: Vec<String> = problems.iter().map(|(field, problem)| format!("{field}: {problem}")).collect();
            let message = format!("the spec has {} problem(s): {}", lines.len(), lines.join("; "));
            let errors: Vec<Value> =
                problems.iter().map(|(field, message)| json!({"field": field, "message": message})).collect();
            let mut error = Error::new(Code::Validation, message).with_detail("errors", errors);
            error.report_mut().outcome = Some(crate::error::Outcome::NotSent);
            return Err(error);
        }
        let mut secrets = Vec::new();
        for path in SECRETS {
            let (parent, key) = path.rsplit_once('.').unwrap_or_default();
            let pointer = format!("/{}", parent.replace('.', "/"));
            let Some(object) = value.pointer_mut(&pointer).and_then(Value::as_object_mut) else { continue };
            if object.get(key).is_some_and(|secret| !secret.is_null())
                && let Some(secret) = object.remove(key)
            {
                let secret: Secret = serde_json::from_value(secret)
                    .map_err(|_| Error::validation(path, "is no secret: give text, or env, file or callback"))?;
                secrets.push((reference(path), secret));
            }
        }
        Parts::deserialize(&value).map_err(|error| Error::validation("spec", error))?;
        let packed: Box<str> = pack(&value).to_string().into();
        let mut hasher = DefaultHasher::new();
        packed.hash(&mut hasher);
        Ok(Self { packed, secrets: secrets.into(), mark: hasher.finish() as u32 })
    }

    /// What a flow that only polls has in place of the spec of this mark.
    pub(super) fn absent(mark: u32) -> Self {
        static NO_SECRETS: LazyLock<Secrets> = LazyLock::new(|| Arc::new([]));
        Self { packed: "".into(), secrets: Arc::clone(&NO_SECRETS), mark }
    }

    pub(super) fn mark(&self) -> u32 {
        self.mark
    }

    /// Reads a spec from TOML text; secrets are best written as `password = {env = "NAME"}`.
    ///
    /// # Errors
    /// `validation` with every problem at once.
    pub fn from_toml(text: &str) -> Result<Self> {
        Self::from_json(&super::from_toml(text)?)
    }

    pub(super) fn parts(&self) -> Result<Parts> {
        serde_json::from_value(self.value()).map_err(|error| Error::validation("spec", error))
    }

    fn value(&self) -> Value {
        unpack(&serde_json::from_str(&self.packed).unwrap_or_default())
    }

    pub(crate) fn secrets(&self) -> Secrets {
        Arc::clone(&self.secrets)
    }

    /// How a request names the secret at `path`: by reference, or null.
    pub(super) fn secret_reference(&self, path: &str) -> Value {
        if self.secrets.iter().any(|(known, _)| *known == reference(path)) {
            json!({ "callback": reference(path) })
        } else {
            Value::Null
        }
    }

    /// A digest of everything but the secrets: a digest of a short password could be guessed.
    pub(super) fn digest(&self) -> String {
        sha256(&self.value().to_string())
    }

    /// The same for each top-level part, so that a difference can be named.
    pub(super) fn digests(&self) -> BTreeMap<String, String> {
        let value = self.value();
        let parts = value.as_object().into_iter().flatten();
        parts.map(|(name, value)| (name.clone(), sha256(&value.to_string())[..16].to_owned())).collect()
    }
}

/// All that is wrong with a spec, and what is unwise about it, as JSON text.
pub(crate) fn check_json(text: &str) -> Result<String> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| Error::validation("spec", format!("is not JSON: {error}")))?;
    let row = |(field, message): &(String, String)| json!({"field": field, "message": message});
    let errors: Vec<Value> = check(&value).iter().map(row).collect();
    let warnings: Vec<Value> = inline_secrets(&value)
        .map(|field| (field.to_owned(), "is plain text: write {env = \"NAME\"} or {file = \"PATH\"}".to_owned()))
        .map(|warning| row(&warning))
        .collect();
    Ok(json!({ "errors": errors, "warnings": warnings }).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::magento_bi::onboarding::sample;

    #[test]
    fn secrets_are_kept_apart() {
        let mut value = sample();
        value["connection"]["properties"]["encryption_groupSecret"] = "group-canary".into();
        let spec = OnboardingSpec::from_json(&value.to_string()).unwrap();
        assert!(!spec.packed.contains("canary") && !format!("{spec:?}").contains("canary"));
        assert_eq!(spec.secrets.len(), 2);
        assert_eq!(spec.secret_reference("connection.password"), json!({"callback": "spec:connection.password"}));
        assert_eq!(spec.secret_reference("connection.encryption_password"), Value::Null);
    }

    #[test]
    fn the_digest_covers_everything_but_secrets() {
        let digest = |value: &Value| OnboardingSpec::from_json(&value.to_string()).unwrap().digest();
        let (first, mut other) = (sample(), sample());
        other["connection"]["password"] = "another".into();
        assert_eq!(digest(&first), digest(&other));
        other["tier"] = "T200".into();
        assert_ne!(digest(&first), digest(&other));
    }

    #[test]
    fn a_spec_is_read_from_toml() {
        let toml = r#"
            company = "Coco Co."
            tier = "T100"
            admin = { email = "csm@example.com", first_name = "CSMFirst", last_name = "CSMLast", role = "csm" }
            magento = { customer_id = "MAG0000001", subscription_id = "1000" }
            dashboards = { package = "magento1_rjql1", database = "magento_store" }
            [user]
            email = "customer@customer.com"
            first_name = "tester"
            last_name = "mctest"
            client_rights = { admin = 1 }
            [connection]
            name = "store"
            type = "mysql"
            password = { env = "STORE_DB_PASSWORD" }
            properties = { host = "db.example.com", port = "3306", username = "magento" }
        "#;
        let spec = OnboardingSpec::from_toml(toml).unwrap();
        assert_eq!(format!("{:?}", spec.secrets[0].1), "Secret(env STORE_DB_PASSWORD)");
        assert!(OnboardingSpec::from_toml("a = [").unwrap_err().to_string().contains("TOML"));
    }
}
