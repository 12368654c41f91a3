//! What a response must be, and what became of one that is.

use super::identity::Identity;

/// What a response must be. Everything that the verifier knows besides the response is here.
#[derive(Debug, Clone)]
pub struct Expected<'a> {
    /// The provider's certificate: PEM, or base64 alone. Empty counts as absent.
    pub certificate: Option<&'a str>,
    /// SHA-1 or SHA-256 of the certificate in hexadecimal. Beside a certificate it must agree with that.
    pub fingerprint: Option<&'a str>,
    /// Accepts SHA-1 for signature and digest, and keys of 1024 bits and more.
    pub allow_sha1: bool,
    /// Accepts a SHA-1 fingerprint where no certificate is configured.
    pub allow_sha1_fingerprint: bool,
    /// Where responses are posted; the assertion's recipient must be this text.
    pub consume_url: &'a str,
    /// What the issuer begins with, e.g. `https://api-hub.example.com/api/v1/auth/saml`; a query may follow.
    pub issuer: &'a str,
    /// The audiences of which the assertion must name one.
    pub audiences: &'a [String],
    /// The request that is answered.
    pub request_id: Option<&'a str>,
    /// Accepts a response that answers no request, and without `request_id` one that answers any.
    pub allow_unsolicited: bool,
    /// Now, in milliseconds since the Unix epoch.
    pub now_ms: i64,
    /// How far this clock and the provider's may differ; 60,000 is usual.
    pub skew_ms: i64,
}

/// A response that holds: who signed in, and until when its reuse must be refused.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Verified {
    /// Who signed in.
    pub identity: Identity,
    /// Until when this response would be accepted again (milliseconds since the Unix epoch): remember its assertion so long.
    pub until_ms: i64,
}
