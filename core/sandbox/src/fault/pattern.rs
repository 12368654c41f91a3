//! `*` in names and paths.

/// Whether `text` is `pattern`, where each `*` stands for any text, also none.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = parts.next().and_then(|head| text.strip_prefix(head)) else { return false };
    let mut rest = rest;
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text) in [
            ("/v1/tokens", "/v1/tokens"),
            ("*", ""),
            ("*", "/a"),
            ("/v3/*", "/v3/signups/1"),
            ("/v1/*/autodash/*", "/v1/clients/2/autodash/x"),
            ("*dash", "/autodash"),
            ("a*a", "aa"),
        ] {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("/v1", "/v1/"), ("/v3/*", "/v1/x"), ("*dash", "/dash/1"), ("a*a", "a"), ("", "x")] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }
}
