//! What an app asks the identity provider, read as the vendor reads it: by patterns, not by an XML parser.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

use super::xml;

/// No request is longer than this when inflated.
const LONGEST: usize = 64 << 10;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct SamlRequest {
    pub(super) id: String,
    /// Where the response goes.
    pub(super) consume_url: String,
    /// The app's id.
    pub(super) issuer: String,
}

impl SamlRequest {
    /// The request in a query's `SAMLRequest`; the error says what the vendor would not find.
    pub(super) fn read(encoded: &str) -> Result<SamlRequest, &'static str> {
        let base64: String = encoded.chars().filter(|character| !character.is_ascii_whitespace()).collect();
        let deflated = STANDARD.decode(base64).map_err(|_| "SAMLRequest is not base64")?;
        let inflated = decompress_to_vec_with_limit(&deflated, LONGEST);
        let inflated = inflated.map_err(|_| "SAMLRequest is not deflated, or is too long")?;
        SamlRequest::of_text(&String::from_utf8_lossy(&inflated))
    }

    fn of_text(text: &str) -> Result<SamlRequest, &'static str> {
        Ok(SamlRequest {
            id: attribute(text, "ID").ok_or("SAMLRequest has no ID=\"…\"")?,
            consume_url: attribute(text, "AssertionConsumerServiceURL")
                .ok_or("SAMLRequest has no AssertionConsumerServiceURL=\"…\"")?,
            issuer: issuer(text).ok_or("SAMLRequest has no <saml:Issuer>…</saml:Issuer> on one line")?,
        })
    }
}

/// The value after the first `name="`, wherever that stands: also at the end of a longer name.
fn attribute(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("{name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    (!value.is_empty()).then(|| xml::unescaped(value))
}

fn issuer(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("<saml:Issuer")?;
    let (_, rest) = rest.split_once('>')?;
    let (value, _) = rest.split_once("</saml:Issuer>")?;
    (!value.is_empty() && !value.contains('\n')).then(|| xml::unescaped(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_prefix_that_the_vendor_looks_for_is_found() {
        let text = "<samlp:AuthnRequest ID=\"_1\" AssertionConsumerServiceURL=\"https://a/b?c=d&amp;e=f\">\
            <saml:Issuer xmlns:saml=\"x\">app-1</saml:Issuer></samlp:AuthnRequest>";
        let read = SamlRequest::of_text(text).unwrap();
        assert_eq!((&*read.id, &*read.consume_url, &*read.issuer), ("_1", "https://a/b?c=d&e=f", "app-1"));
        assert!(SamlRequest::of_text(&text.replace("saml:Issuer", "saml2:Issuer")).is_err());
        assert!(SamlRequest::of_text(&text.replace("app-1", "app-1\n")).is_err());
        // An attribute whose name ends in ID and which comes first is taken for the ID.
        let trapped = text.replace("ID=\"_1\"", "ProviderID=\"trap\" ID=\"_1\"");
        assert_eq!(SamlRequest::of_text(&trapped).unwrap().id, "trap");
    }
}
