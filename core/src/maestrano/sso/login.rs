//! Begins a sign-on: the URL that a browser is sent to.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde::Serialize;

use super::urls::{of_marketplace, sign_on_url};
use crate::error::{Error, Result};
use crate::http::BaseUrl;
use crate::maestrano::Marketplace;
use crate::time::Random;

const PARAMETER: &str = "SAMLRequest";

/// A begun sign-on.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Login {
    /// Where the browser is sent.
    pub url: String,
    /// The request's id: keep it in the browser's own session, and give it to `consume`.
    pub request_id: String,
}

/// Begins a sign-on.
///
/// `params` are those of the request at the app's init URL (`group_id` among them); they are passed on, all but `SAMLRequest`.
/// `now_ms` (since the Unix epoch) becomes the request's instant; `random` gives its id 128 bits.
///
/// # Errors
/// `config` that names the marketplace, when `sso.idp` or the app's host is no base URL.
pub fn login(
    marketplace: &Marketplace,
    params: &BTreeMap<String, String>,
    random: &dyn Random,
    now_ms: i64,
) -> Result<Login> {
    BaseUrl::parse("sso.idm", marketplace.idm(), true).map_err(|error| of_marketplace(error, marketplace))?;
    let mut id = [0; 16];
    random.fill(&mut id);
    // An XML ID begins with no digit.
    let request_id = id.iter().fold("_".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    let request = request(&request_id, &instant(now_ms)?, &marketplace.consume_url(), &marketplace.api.id);
    let mut url = sign_on_url(marketplace)?;
    {
        let mut query = url.query_pairs_mut();
        query.append_pair(PARAMETER, &STANDARD.encode(deflate(&request)?));
        // Also `SAMLRequest[]`, which the provider's framework would read into the same parameter.
        let ours = |name: &str| name.get(..PARAMETER.len()).is_some_and(|start| start.eq_ignore_ascii_case(PARAMETER));
        for (name, value) in params.iter().filter(|(name, _)| !ours(name)) {
            query.append_pair(name, value);
        }
    }
    Ok(Login { url: url.into(), request_id })
}

/// The request in the shape that the vendor's provider reads, by regular expressions: the first `ID="…"`,
/// `AssertionConsumerServiceURL="…"`, and `<saml:Issuer…>…</saml:Issuer>` on one line.
fn request(id: &str, instant: &str, consume_url: &str, app_id: &str) -> String {
    format!(
        concat!(
            r#"<samlp:AuthnRequest ID="{id}" xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" Version="2.0" "#,
            r#"IssueInstant="{instant}" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" "#,
            r#"AssertionConsumerServiceURL="{consume_url}">"#,
            r#"<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">{issuer}</saml:Issuer>"#,
            r#"<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" AllowCreate="true"/>"#,
            r#"</samlp:AuthnRequest>"#
        ),
        id = id,
        instant = instant,
        consume_url = escape(consume_url),
        issuer = escape(app_id),
    )
}

/// Text that stands the same in an attribute and between tags. Line breaks too: the provider reads one line.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
            // What XML cannot hold at all.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => escaped.push(c),
        }
    }
    escaped
}

fn deflate(text: &str) -> Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    let packed = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    packed.map_err(|error| Error::internal(format!("a request could not be packed: {error}")))
}

/// An instant to the second, as SAML writes it.
fn instant(now_ms: i64) -> Result<String> {
    time::OffsetDateTime::from_unix_timestamp(now_ms.div_euclid(1000))
        .ok()
        .and_then(|instant| instant.format(&time::format_description::well_known::Rfc3339).ok())
        .ok_or_else(|| Error::validation("now_ms", "is no instant of our time"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_has_what_the_providers_expressions_look_for_and_nothing_before_it() {
        let text = request("_1", "2026-01-01T00:00:00Z", "https://app.example.com/consume?a=1&b=2", "app-1");
        let first = text.split_once("ID=\"").unwrap();
        assert_eq!((first.0, &first.1[..3]), ("<samlp:AuthnRequest ", "_1\""));
        assert!(
            text.contains(r#"AssertionConsumerServiceURL="https://app.example.com/consume?a=1&amp;b=2""#),
            "{text}"
        );
        assert!(text.contains(">app-1</saml:Issuer>") && !text.contains('\n'), "{text}");
    }

    #[test]
    fn a_value_cannot_leave_its_place() {
        let text = request("_1", "t", "https://x/\"><evil/>\n", "a</saml:Issuer><b>'\u{0}");
        let document = uppsala::parse(&text).unwrap();
        let root = document.document_element().unwrap();
        assert_eq!(document.children(root).len(), 2, "{text}");
        assert_eq!(document.get_attribute(root, "AssertionConsumerServiceURL"), Some("https://x/\"><evil/>\n"));
    }
}
