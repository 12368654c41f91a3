//! Takes secrets out of what is kept.

use serde_json::{Map, Value};

/// The value with every secret in it replaced by `***`; `null`, `""`, true and false stay, because they are none.
pub(crate) fn masked(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let tells = holds_secret_value(&object);
            let hide = |(key, value): (String, Value)| {
                let hides = secret(&key) || tells && matches!(key.as_str(), "value" | "structured_value");
                if hides { (key, hidden(value)) } else { (key, masked(value)) }
            };
            Value::Object(object.into_iter().map(hide).collect())
        }
        Value::Array(values) => values.into_iter().map(masked).collect(),
        other => other,
    }
}

fn hidden(value: Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) => value,
        Value::String(text) if text.is_empty() => Value::String(text),
        _ => "***".into(),
    }
}

/// A parameter of CloudBlue, which says what it holds by its type or its id.
fn holds_secret_value(object: &Map<String, Value>) -> bool {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    text("type") == "password" || secret(text("id"))
}

/// By the key's end, so that `noPhpPasswordEncryption` and `pubkey`, which hold none, stay readable.
fn secret(key: &str) -> bool {
    let key = key.trim_end_matches(']').to_ascii_lowercase();
    [
        "password",
        "secret",
        "token",
        "apikey",
        "api_key",
        "sslkey",
        "authorization",
        "cookie",
        "dashsess2",
        "session",
        "samlrequest",
        "samlresponse",
    ]
    .iter()
    .any(|end| key.ends_with(end))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::masked;

    #[test]
    fn secrets_go_and_emptiness_stays() {
        let canary = tenantry::time::Random::uuid(&tenantry::time::SystemRandom);
        let body = json!({
            "password": canary, "clientSecret": canary, "access_token": canary, "apikey": canary,
            "credentials": {"password": canary, "encryption_password": null, "deep": [{"encryption_groupSecret": canary}]},
            "secret": {"nested": canary}, "properties": {"noPhpPasswordEncryption": "1", "encryption_groupSecret": ""},
            "workload[token]": canary,
            "params": [
                {"id": "pin", "type": "password", "value": canary}, {"id": "admin_password", "value": canary},
                {"id": "admin_password", "value": "", "value_error": "too short"},
                {"id": "x", "type": "password", "structured_value": {"deep": canary}}, {"id": "email", "value": "a@b.c"},
            ],
        });
        let kept = masked(body);
        assert!(!kept.to_string().contains(&canary));
        assert_eq!(kept["credentials"]["password"], "***");
        assert_eq!(kept["credentials"]["encryption_password"], json!(null));
        assert_eq!(kept["params"][2], json!({"id": "admin_password", "value": "", "value_error": "too short"}));
        assert_eq!(kept["params"][4], json!({"id": "email", "value": "a@b.c"}));
        assert_eq!(kept["properties"], json!({"noPhpPasswordEncryption": "1", "encryption_groupSecret": ""}));
    }
}
