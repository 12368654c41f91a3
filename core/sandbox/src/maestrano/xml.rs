//! Text and attribute values in XML, escaped as canonical XML has them.

/// How what comes from outside is put into XML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escaping {
    Canonical,
    /// Values stand as they are, as the vendor's do.
    None,
}

impl Escaping {
    pub(super) fn text(self, value: &str) -> String {
        self.escaped(value, &[('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('\r', "&#xD;")])
    }

    /// Between double quotes.
    pub(super) fn attribute(self, value: &str) -> String {
        let pairs = [('&', "&amp;"), ('<', "&lt;"), ('"', "&quot;"), ('\t', "&#x9;"), ('\n', "&#xA;"), ('\r', "&#xD;")];
        self.escaped(value, &pairs)
    }

    fn escaped(self, value: &str, pairs: &[(char, &str)]) -> String {
        if self == Self::None {
            return value.to_owned();
        }
        let mut escaped = String::with_capacity(value.len());
        for character in value.chars() {
            match pairs.iter().find(|(special, _)| *special == character) {
                Some((_, entity)) => escaped.push_str(entity),
                None => escaped.push(character),
            }
        }
        escaped
    }
}

/// The value that an attribute or a text stands for.
pub(super) fn unescaped(text: &str) -> String {
    let pairs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#39;", "'"), ("&amp;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}
