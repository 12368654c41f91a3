//! Writes a JSON object straight into a text: pages of a thousand requests are made of finished pieces, not of trees.

use serde_json::Value;

/// An object that is being written; [`Object::end`] closes it.
pub(super) struct Object<'a> {
    out: &'a mut String,
    empty: bool,
}

impl<'a> Object<'a> {
    pub(super) fn begin(out: &'a mut String) -> Object<'a> {
        out.push('{');
        Object { out, empty: true }
    }

    pub(super) fn end(self) {
        self.out.push('}');
    }

    /// Writes the key; the caller writes its value to what is returned.
    pub(super) fn key(&mut self, key: &str) -> &mut String {
        if !self.empty {
            self.out.push(',');
        }
        self.empty = false;
        self.out.push('"');
        self.out.push_str(key);
        self.out.push_str("\":");
        self.out
    }

    /// A value that is JSON already.
    pub(super) fn raw(&mut self, key: &str, json: &str) {
        self.key(key).push_str(json);
    }

    pub(super) fn text(&mut self, key: &str, text: &str) {
        write_text(self.key(key), text);
    }

    pub(super) fn optional_text(&mut self, key: &str, text: Option<&str>) {
        match text {
            Some(text) => self.text(key, text),
            None => self.raw(key, "null"),
        }
    }

    pub(super) fn value(&mut self, key: &str, value: &Value) {
        let json = value.to_string();
        self.raw(key, &json);
    }

    pub(super) fn list<T>(&mut self, key: &str, things: &[T], write: impl Fn(&T, &mut String)) {
        write_list(self.key(key), things, write);
    }
}

pub(super) fn write_list<T>(out: &mut String, things: &[T], write: impl Fn(&T, &mut String)) {
    out.push('[');
    for (place, thing) in things.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write(thing, out);
    }
    out.push(']');
}

pub(super) fn write_text(out: &mut String, text: &str) {
    let plain = text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
    if plain {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&Value::from(text).to_string());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_is_written_reads_as_the_same() {
        let odd = "a \"quoted\" \\ line\nbreak, Yalı \u{1} \u{7f}";
        let mut out = String::new();
        let mut object = Object::begin(&mut out);
        object.text("text", odd);
        object.optional_text("none", None);
        object.value("value", &json!({"a": [1, null]}));
        object.list("list", &["x", odd], |text, out| write_text(out, text));
        object.list::<&str>("empty", &[], |text, out| write_text(out, text));
        object.end();
        let read: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(
            read,
            json!({"text": odd, "none": null, "value": {"a": [1, null]}, "list": ["x", odd], "empty": []})
        );
        let mut nothing = String::new();
        Object::begin(&mut nothing).end();
        assert_eq!(nothing, "{}");
    }
}
