//! Checks a spec as a whole: all that is wrong, at once, by the field's path.

use serde_json::{Value, json};

use super::spec::SECRETS;
use crate::id::Id;

/// What a field must be.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// An object; its fields have rows of their own.
    Object,
    /// Text that is not empty.
    Text,
    /// Text.
    AnyText,
    Email,
    /// 0 or 1.
    Flag,
    Bool,
    Id,
    Secret,
    /// Text or null by name.
    Properties,
    /// Anything by name.
    OpenProperties,
    OneOf(&'static [&'static str]),
}

const REQUIRED: bool = true;
const OPTIONAL: bool = false;

/// Every field of a spec; parents stand before their children.
const FIELDS: &[(&str, Kind, bool)] = &[
    ("company", Kind::Text, REQUIRED),
    ("tier", Kind::Text, REQUIRED),
    ("admin", Kind::Object, REQUIRED),
    ("admin.email", Kind::Email, REQUIRED),
    ("admin.first_name", Kind::Text, REQUIRED),
    ("admin.last_name", Kind::Text, REQUIRED),
    ("admin.role", Kind::Text, REQUIRED),
    ("magento", Kind::Object, REQUIRED),
    ("magento.customer_id", Kind::Text, REQUIRED),
    ("magento.subscription_id", Kind::Text, REQUIRED),
    ("user", Kind::Object, REQUIRED),
    ("user.email", Kind::Email, REQUIRED),
    ("user.first_name", Kind::Text, REQUIRED),
    ("user.last_name", Kind::Text, REQUIRED),
    ("user.client_rights", Kind::Object, REQUIRED),
    ("user.client_rights.admin", Kind::Flag, OPTIONAL),
    ("user.client_rights.billing", Kind::Flag, OPTIONAL),
    ("user.client_rights.readonly", Kind::Flag, OPTIONAL),
    ("user.client_rights.technical", Kind::Flag, OPTIONAL),
    ("user.user_id", Kind::Id, OPTIONAL),
    ("client_settings", Kind::Object, OPTIONAL),
    ("client_settings.name", Kind::Text, OPTIONAL),
    ("client_settings.properties", Kind::OpenProperties, OPTIONAL),
    ("connection", Kind::Object, REQUIRED),
    ("connection.name", Kind::Text, REQUIRED),
    ("connection.display_name", Kind::Text, OPTIONAL),
    ("connection.type", Kind::Text, REQUIRED),
    ("connection.properties", Kind::Properties, REQUIRED),
    ("connection.password", Kind::Secret, OPTIONAL),
    ("connection.encryption_password", Kind::Secret, OPTIONAL),
    ("dashboards", Kind::Object, REQUIRED),
    ("dashboards.package", Kind::Text, REQUIRED),
    ("dashboards.database", Kind::Text, REQUIRED),
    ("dashboards.table_prefix", Kind::AnyText, OPTIONAL),
    ("dashboards.user_id_from", Kind::OneOf(&["reply", "token", "omit"]), OPTIONAL),
    ("confirm_user", Kind::Bool, OPTIONAL),
    ("install_public_key", Kind::Bool, OPTIONAL),
];

/// Fields that step 5 and step 10 both send.
const TWICE: [(&str, &str); 2] = [
    ("client_settings.properties.magento_store_db_name", "dashboards.database"),
    ("client_settings.properties.magento_store_table_prefix", "dashboards.table_prefix"),
];

type Problem = (String, String);

/// All that is wrong with `spec`, by field.
pub(super) fn check(spec: &Value) -> Vec<Problem> {
    if !spec.is_object() {
        return vec![("spec".to_owned(), "is not an object".to_owned())];
    }
    let mut problems = Vec::new();
    for &(path, kind, required) in FIELDS {
        let parent = path.rsplit_once('.').map_or(Some(spec), |(parent, _)| at(spec, parent));
        if !parent.is_some_and(Value::is_object) {
            continue; // A missing or ill-typed parent is named itself.
        }
        match at(spec, path).filter(|value| !value.is_null()) {
            None if required => problems.push((path.to_owned(), "is missing".to_owned())),
            None => {}
            Some(value) => problems.extend(problem(value, kind).map(|(key, what)| (format!("{path}{key}"), what))),
        }
    }
    unknown_keys(spec, &mut String::new(), &mut problems);
    for (one, other) in TWICE {
        let differ = |(a, b): (&Value, &Value)| a.as_str().is_some_and(|a| a != b.as_str().unwrap_or_default());
        let empty = Value::from("");
        if at(spec, one).map(|a| (a, at(spec, other).unwrap_or(&empty))).is_some_and(differ) {
            problems.push((one.to_owned(), format!("differs from {other}, and both name the same thing")));
        }
    }
    problems
}

/// The spec's values in the order of [`FIELDS`]: half the size of the spec itself.
pub(super) fn pack(spec: &Value) -> Value {
    let value = |&(path, kind, _): &(&str, Kind, bool)| match at(spec, path) {
        Some(object) if kind == Kind::Object => Value::Bool(object.is_object()),
        Some(value) => value.clone(),
        None => Value::Null,
    };
    FIELDS.iter().map(value).collect()
}

/// The spec that [`pack`] took; what was null is absent.
pub(super) fn unpack(packed: &Value) -> Value {
    let mut spec = json!({});
    for (&(path, kind, _), value) in FIELDS.iter().zip(packed.as_array().into_iter().flatten()) {
        let value = match value {
            Value::Null | Value::Bool(false) if kind == Kind::Object => continue,
            Value::Null => continue,
            _ if kind == Kind::Object => json!({}),
            value => value.clone(),
        };
        let (parent, key) = path.rsplit_once('.').map_or(("", path), |(parent, key)| (parent, key));
        let pointer = if parent.is_empty() { String::new() } else { format!("/{}", parent.replace('.', "/")) };
        if let Some(object) = spec.pointer_mut(&pointer).and_then(Value::as_object_mut) {
            object.insert(key.to_owned(), value);
        }
    }
    spec
}

/// The fields whose secrets stand in `spec` as plain text.
pub(super) fn inline_secrets(spec: &Value) -> impl Iterator<Item = &'static str> {
    SECRETS.into_iter().filter(|path| at(spec, path).is_some_and(Value::is_string))
}

fn at<'a>(spec: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(spec, |value, key| value.get(key))
}

/// What is wrong with one value, and at which key of it.
fn problem(value: &Value, kind: Kind) -> Option<Problem> {
    let here = |wrong: bool, what: &str| wrong.then(|| (String::new(), what.to_owned()));
    let text = value.as_str();
    match kind {
        Kind::Object => here(!value.is_object(), "is not an object"),
        Kind::Text if text == Some("") => here(true, "is empty"),
        Kind::Text | Kind::AnyText if text.is_some_and(|text| text.chars().any(char::is_control)) => {
            here(true, "holds a control character")
        }
        Kind::Text | Kind::AnyText => here(text.is_none(), "is not text"),
        Kind::Email => here(!text.is_some_and(is_email), "is not an e-mail address"),
        Kind::Flag => here(!matches!(value.as_u64(), Some(0 | 1)), "is neither 0 nor 1"),
        Kind::Bool => here(!value.is_boolean(), "is neither true nor false"),
        Kind::Id => {
            let given = value.as_u64().map(|number| number.to_string()).or(text.map(str::to_owned));
            here(given.is_none_or(|id| Id::new(id).is_err()), "is not an identifier")
        }
        Kind::Secret => here(!is_secret(value), "is no secret: give text, or one of env, file, callback"),
        Kind::OpenProperties => here(!value.is_object(), "is not an object"),
        Kind::Properties => {
            let Some(properties) = value.as_object() else { return here(true, "is not an object") };
            properties.iter().find_map(|(key, value)| {
                let secret = key == "encryption_groupSecret";
                let fine = value.is_null() || if secret { is_secret(value) } else { value.is_string() };
                (!fine).then(|| (format!(".{key}"), "is neither text nor null (write numbers as text)".to_owned()))
            })
        }
        Kind::OneOf(words) => {
            here(!text.is_some_and(|text| words.contains(&text)), &format!("is not one of {}", words.join(", ")))
        }
    }
}

fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(user, host)| !user.is_empty() && host.contains('.') && !host.contains('@'))
        && !text.contains(|c: char| c.is_control() || c.is_whitespace())
}

fn is_secret(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Object(source) => {
            source.len() == 1
                && ["env", "file", "callback"].iter().any(|key| source.get(*key).is_some_and(Value::is_string))
        }
        _ => false,
    }
}

fn unknown_keys(value: &Value, path: &mut String, problems: &mut Vec<Problem>) {
    let Some(object) = value.as_object() else { return };
    let above = path.len();
    for (key, child) in object {
        if above > 0 {
            path.push('.');
        }
        path.push_str(key);
        match FIELDS.iter().find(|(known, _, _)| known == path) {
            None => problems.push((path.clone(), "is no field of a spec".to_owned())),
            Some((_, Kind::Object, _)) => unknown_keys(child, path, problems),
            Some(_) => {}
        }
        path.truncate(above);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::magento_bi::onboarding::sample;

    fn problems(change: impl FnOnce(&mut Value)) -> Vec<String> {
        let mut spec = sample();
        change(&mut spec);
        check(&spec).into_iter().map(|(field, what)| format!("{field}: {what}")).collect()
    }

    #[test]
    fn a_complete_spec_has_no_problem() {
        assert_eq!(problems(|_| {}), Vec::<String>::new());
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let found = problems(|spec| {
            spec["admin"]["email"] = "nobody".into();
            spec["user"]["client_rights"]["admin"] = true.into();
            spec["connection"]["properties"]["port"] = 3306.into();
            spec["compny"] = "x".into();
            spec["dashboards"].as_object_mut().unwrap().remove("package");
            spec["tier"] = "".into();
            spec["user"]["user_id"] = "a/b".into();
            spec["dashboards"]["user_id_from"] = "guess".into();
        });
        assert_eq!(
            found,
            [
                "tier: is empty",
                "admin.email: is not an e-mail address",
                "user.client_rights.admin: is neither 0 nor 1",
                "user.user_id: is not an identifier",
                "connection.properties.port: is neither text nor null (write numbers as text)",
                "dashboards.package: is missing",
                "dashboards.user_id_from: is not one of reply, token, omit",
                "compny: is no field of a spec",
            ]
        );
    }

    #[test]
    fn a_packed_spec_is_the_same_spec() {
        let mut spec = sample();
        assert_eq!(unpack(&pack(&spec)), spec);
        spec["client_settings"] = json!({});
        spec["confirm_user"] = false.into();
        assert_eq!(unpack(&pack(&spec)), spec);
        spec.as_object_mut().unwrap().remove("client_settings");
        assert_eq!(unpack(&pack(&spec)), spec);
    }

    #[test]
    fn what_two_steps_send_must_agree() {
        let found = problems(|spec| spec["client_settings"]["properties"]["magento_store_db_name"] = "other".into());
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("client_settings.properties.magento_store_db_name: differs"), "{found:?}");
    }

    #[test]
    fn plain_secrets_are_pointed_out() {
        let mut spec = sample();
        assert_eq!(inline_secrets(&spec).collect::<Vec<_>>(), ["connection.password"]);
        spec["connection"]["password"] = json!({"env": "X"});
        assert_eq!(inline_secrets(&spec).count(), 0);
    }
}
