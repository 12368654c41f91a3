//! `like` and `ilike`: `*` stands for any text, `\*` for a star, `\\` for a backslash.

use super::Refused;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// The texts between the stars; a single one is the whole text.
    parts: Vec<String>,
    ignores_case: bool,
}

impl Pattern {
    pub(super) fn read(text: &str, ignores_case: bool) -> Result<Pattern, Refused> {
        let folded = if ignores_case { text.to_lowercase() } else { text.to_owned() };
        let mut parts = vec![String::new()];
        let mut characters = folded.chars().peekable();
        let mut after_star = false;
        while let Some(character) = characters.next() {
            let escaped =
                if character == '\\' { characters.next_if(|next| *next == '*' || *next == '\\') } else { None };
            match (escaped, character) {
                (None, '*') if after_star => {
                    return Err(Refused::new(format!("Bad filter value: `{text}`: two stars.")));
                }
                (None, '*') => parts.push(String::new()),
                (literal, other) => {
                    if let Some(part) = parts.last_mut() {
                        part.push(literal.unwrap_or(other));
                    }
                }
            }
            after_star = escaped.is_none() && character == '*';
        }
        Ok(Pattern { parts, ignores_case })
    }

    /// A pattern that finds `text` anywhere, as `search=` does.
    pub(super) fn containing(text: &str) -> Result<Pattern, Refused> {
        let open = if text.starts_with('*') { "" } else { "*" };
        let close = if text.ends_with('*') { "" } else { "*" };
        Pattern::read(&format!("{open}{text}{close}"), true)
    }

    pub(super) fn fits(&self, text: &str) -> bool {
        if self.ignores_case { fits(&self.parts, &text.to_lowercase()) } else { fits(&self.parts, text) }
    }
}

fn fits(parts: &[String], text: &str) -> bool {
    let [head, between @ ..] = parts else { return false };
    let Some((tail, middle)) = between.split_last() else { return text == head };
    let Some(mut rest) = text.strip_prefix(head.as_str()) else { return false };
    for part in middle {
        match rest.find(part.as_str()) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(tail.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_escapes_and_case() {
        for (pattern, text, like, ilike) in [
            ("abc", "abc", true, true),
            ("abc", "ABC", false, true),
            ("abc", "abcd", false, false),
            ("abc*", "abcd", true, true),
            ("*bcd", "abcd", true, true),
            ("*b*d", "abcd", true, true),
            ("a*c*e", "abcde", true, true),
            ("a*a", "a", false, false),
            ("*", "", true, true),
            (r"a\*", "a*", true, true),
            (r"a\*", "ab", false, false),
            (r"a\\*", r"a\b", true, true),
            (r"\n", r"\n", true, true),
            ("*ÄB*", "xäby", false, true),
        ] {
            assert_eq!(Pattern::read(pattern, false).unwrap().fits(text), like, "like {pattern} {text}");
            assert_eq!(Pattern::read(pattern, true).unwrap().fits(text), ilike, "ilike {pattern} {text}");
        }
        assert!(Pattern::read("a**b", false).is_err());
        assert!(Pattern::containing("Bc").unwrap().fits("aBcd") && Pattern::containing("*bC*").unwrap().fits("abcd"));
    }
}
