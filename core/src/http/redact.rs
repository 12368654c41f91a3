//! Takes secrets out of text that a server sent, before a person sees it.

use std::sync::OnceLock;

use zeroize::Zeroizing;

/// Words that make a key's value a secret; a public key is none.
const SENSITIVE: [&str; 10] =
    ["password", "passwd", "secret", "token", "key", "cookie", "session", "authorization", "credential", "dashsess"];
const HARMLESS: [&str; 3] = ["pubkey", "public_key", "publickey"];
const MASK: &str = "***";
/// What is scrubbed at most, and what is shown of it.
const READ_BYTES: usize = 16 * 1024;
const SHOWN_BYTES: usize = 2 * 1024;

/// Masks the values of secret-sounding keys, and every live secret wherever it stands.
#[derive(Default)]
pub struct Redactor {
    secrets: Vec<Zeroizing<String>>,
    /// Made when there is something to be shown; most calls never need them.
    forms: OnceLock<Forms>,
}

/// What is masked.
#[derive(Default)]
struct Forms(Vec<Zeroizing<String>>);

impl Redactor {
    /// Adds a live secret. Each of its forms that a server may echo is masked: plain, JSON-escaped, percent-encoded, base64.
    pub fn add(&mut self, secret: &str) {
        // A short secret would blank out half of any text.
        if secret.len() >= 4 && !self.secrets.iter().any(|known| known.as_str() == secret) {
            self.secrets.push(Zeroizing::new(secret.to_owned()));
            self.forms = OnceLock::new();
        }
    }

    fn forms(&self) -> &[Zeroizing<String>] {
        let forms = self.forms.get_or_init(|| {
            let mut forms = Forms::default();
            self.secrets.iter().for_each(|secret| forms.add(secret));
            // The longest first: a form inside another must not leave the other's rest.
            forms.0.sort_by_key(|form| std::cmp::Reverse(form.len()));
            forms
        });
        &forms.0
    }

    /// The beginning of `body` as text, at most 2 KiB, without secrets.
    pub fn excerpt(&self, body: &[u8]) -> String {
        let mut text = mask_keys(&String::from_utf8_lossy(&body[..body.len().min(READ_BYTES)]));
        for form in self.forms() {
            text = text.replace(form.as_str(), MASK);
        }
        let mut end = text.len().min(SHOWN_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text
    }
}

impl Forms {
    fn add(&mut self, secret: &str) {
        let json = serde_json::to_string(secret).unwrap_or_default();
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let forms = [
            secret.to_owned(),
            json.trim_matches('"').replace('/', "\\/"),
            json.trim_matches('"').to_owned(),
            encoded.replace('+', "%20"),
            encoded,
        ];
        let base64 = (0..3).map(|offset| base64_core(secret.as_bytes(), offset));
        for form in forms.into_iter().chain(base64) {
            let form = Zeroizing::new(form);
            if form.len() >= 4 && !self.0.contains(&form) {
                self.0.push(form);
            }
        }
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

/// The base64 characters that depend on `secret` alone when it stands `offset` bytes after a multiple of three.
fn base64_core(secret: &[u8], offset: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let skip = (3 - offset) % 3;
    let whole = &secret[skip.min(secret.len())..];
    let mut text = String::new();
    for group in whole.chunks_exact(3) {
        let bits = u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
        for shift in [18, 12, 6, 0] {
            text.push(char::from(ALPHABET[(bits >> shift & 63) as usize]));
        }
    }
    text
}

fn is_sensitive(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    SENSITIVE.iter().any(|stem| word.contains(stem)) && !HARMLESS.iter().any(|stem| word.contains(stem))
}

/// Masks what follows a secret-sounding key and its `:` or `=`.
fn mask_keys(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        out.push_str(word);
        rest = after;
        if is_sensitive(word) {
            let separator = rest.trim_start_matches(['"', '\'', '\\', ' ', '\t', ']']);
            if separator.starts_with([':', '=']) {
                let value = separator[1..].trim_start();
                out.push_str(&rest[..rest.len() - value.len()]);
                out.push_str(MASK);
                rest = &value[value_length(value)..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// Bytes of the value at the start of `text`: a string, an object or list, or a bare word up to its delimiter.
fn value_length(text: &str) -> usize {
    let quote = text.trim_start_matches('\\').chars().next().unwrap_or(' ');
    match quote {
        '"' | '\'' => {
            let opening = text.find(quote).unwrap_or(0) + 1;
            let mut escaped = false;
            for (position, c) in text[opening..].char_indices() {
                match c {
                    _ if escaped => escaped = false,
                    '\\' => escaped = true,
                    c if c == quote => return opening + position + 1,
                    _ => {}
                }
            }
            text.len()
        }
        '{' | '[' => {
            let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
            for (position, c) in text.char_indices() {
                match c {
                    _ if escaped => escaped = false,
                    '\\' => escaped = true,
                    '"' => in_string = !in_string,
                    '{' | '[' if !in_string => depth += 1,
                    '}' | ']' if !in_string => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    return position + 1;
                }
            }
            text.len()
        }
        _ => text.find(['\r', '\n', '&', ',', '}', ']', '<', '"', '\'']).unwrap_or(text.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_of_secret_keys_are_masked_in_every_notation() {
        let redactor = Redactor::default();
        for text in [
            r#"{"access_token":"hunter2","a":1}"#,
            r#"{"password" : "hun\"ter2 hunter2"}"#,
            "clientSecret=hunter2&x=1",
            "Authorization: Bearer hunter2\r\nx: y",
            "Set-Cookie: DASHSESS2=hunter2; path=/",
            r#"{"credentials": {"a": "hunter2", "b": ["hunter2"]}}"#,
            r#"{"credentials": {"a": "}", "b": "hunter2"}}"#,
            r#"{"body":"{\"password\":\"hunter2\"}"}"#,
            "{'api_key': 'hunter2'}",
            r#"{"token": "hunter2"#,
        ] {
            let shown = redactor.excerpt(text.as_bytes());
            assert!(!shown.contains("hunter2") && shown.contains(MASK), "{text} -> {shown}");
        }
        let public = r#"{"pubkey":"ssh-rsa AAAA","status":"completed"}"#;
        assert_eq!(redactor.excerpt(public.as_bytes()), public);
    }

    #[test]
    fn a_long_body_is_cut() {
        assert_eq!(Redactor::default().excerpt("ü".repeat(9_000).as_bytes()).len(), SHOWN_BYTES);
    }

    #[test]
    fn base64_of_text_around_a_secret_is_masked() {
        let mut redactor = Redactor::default();
        redactor.add("hunter2-hunter2");
        // base64 of "user:hunter2-hunter2", "xuser:…" and "xyuser:…".
        for text in ["dXNlcjpodW50ZXIyLWh1bnRlcjI=", "eHVzZXI6aHVudGVyMi1odW50ZXIy", "eHl1c2VyOmh1bnRlcjItaHVudGVyMg=="]
        {
            assert!(redactor.excerpt(text.as_bytes()).contains(MASK), "{text}");
        }
    }

    #[test]
    fn a_secret_that_is_added_after_a_look_is_masked_too() {
        let mut redactor = Redactor::default();
        redactor.add("hunter2");
        assert_eq!(redactor.excerpt(b"hunter2 hunter3"), "*** hunter3");
        redactor.add("hunter3");
        assert_eq!(redactor.excerpt(b"hunter2 hunter3"), "*** ***");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]
        #[test]
        fn a_live_secret_never_survives(
            secret in "[!-~]{8,24}", before in "[ -~]{0,40}", after in "[ -~]{0,40}", escape in any::<bool>(),
        ) {
            let mut redactor = Redactor::default();
            redactor.add(&secret);
            let shown_form = if escape { serde_json::to_string(&secret).unwrap() } else { secret.clone() };
            let shown = redactor.excerpt(format!("{before}{shown_form}{after}").as_bytes());
            prop_assert!(!shown.contains(&secret), "{}", shown);
        }

        #[test]
        fn any_bytes_make_an_excerpt(bytes in proptest::collection::vec(any::<u8>(), 0..4_000)) {
            let shown = Redactor::default().excerpt(&bytes);
            prop_assert!(shown.len() <= SHOWN_BYTES);
        }
    }
}
