//! One text for equal JSON.

use serde_json::Result;
use serde_json::value::RawValue;

use super::members::Members;

/// Writes `json` without blanks, keys sorted, texts escaped in one way. Numbers stay as they were written.
///
/// # Errors
/// Where a text holds half of a surrogate pair.
pub(super) fn write(json: &str, out: &mut String) -> Result<()> {
    let json = json.trim_matches([' ', '\n', '\r', '\t']);
    match json.as_bytes().first() {
        Some(b'{') => {
            let mut members = serde_json::from_str::<Members<'_>>(json)?.0;
            // Stable: of a key that comes twice, which one comes last is a difference.
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            list(out, ['{', '}'], members, |(key, value), out| {
                out.push_str(&serde_json::to_string(&key)?);
                out.push(':');
                write(value.get(), out)
            })
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(json)?;
            list(out, ['[', ']'], items, |item, out| write(item.get(), out))
        }
        Some(b'"') => {
            out.push_str(&serde_json::to_string(&serde_json::from_str::<String>(json)?)?);
            Ok(())
        }
        _ => {
            out.push_str(json);
            Ok(())
        }
    }
}

fn list<T>(
    out: &mut String,
    [open, close]: [char; 2],
    items: Vec<T>,
    mut item: impl FnMut(T, &mut String) -> Result<()>,
) -> Result<()> {
    out.push(open);
    for (place, each) in items.into_iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        item(each, out)?;
    }
    out.push(close);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(json: &str) -> String {
        let mut out = String::new();
        write(json, &mut out).unwrap();
        out
    }

    #[test]
    fn blanks_key_order_and_escapes_make_no_difference() {
        let expected = r#"{"a":[1,2.50,{"b":null,"ü":"/"}],"z":"x"}"#;
        for json in [expected, " { \"z\":\"\\u0078\",\n\"a\" : [ 1, 2.50, {\"\\u00fc\":\"\\/\",\"b\": null} ] }\r\n"] {
            assert_eq!(canonical(json), expected);
        }
    }

    #[test]
    fn everything_else_does() {
        let different = [
            "{}",
            "[]",
            "null",
            "1",
            "1.0",
            "10000000000000000001",
            "10000000000000000002",
            "\"1\"",
            "[1,2]",
            "[2,1]",
            r#"{"a":1}"#,
            r#"{"a":1,"a":2}"#,
            r#"{"a":2,"a":1}"#,
            r#"{"a":2}"#,
        ];
        let texts: std::collections::BTreeSet<_> = different.iter().map(|json| canonical(json)).collect();
        assert_eq!(texts.len(), different.len());
    }

    #[test]
    fn half_a_surrogate_pair_is_an_error() {
        assert!(write(r#"{"a":"\ud800"}"#, &mut String::new()).is_err());
    }
}
