//! Verifies SAML responses: pure functions without clock, I/O or randomness.
//!
//! This is no engine of XML signatures but one strict profile: a response holds one assertion and one signature, and what is
//! returned was read from the element that the signature covers, in the one tree that was checked. Whatever the profile does
//! not name is refused with a [`Reason`].
//!
//! What is accepted:
//! - at most 256 KiB of UTF-8 without comments, CDATA, processing instructions or a document type;
//! - a root `samlp:Response` with `Issuer`, `Status`, one `Assertion`; the `Signature` stands in the assertion or in the root;
//! - exclusive canonicalization without comments and without `InclusiveNamespaces`, the enveloped transform, RSA with SHA-256
//!   or SHA-512 (SHA-1 by `allow_sha1`), each also by the non-standard names of the vendor's provider;
//! - the key of the configured certificate, or of an embedded one that has the configured fingerprint. A certificate's
//!   validity and issuer are not looked at: it is trusted because it was configured.
//!
//! On a response whose root is not signed, the root's own attributes and issuer mean nothing, and nothing is read from them.

mod assertion;
mod der;
mod document;
mod expected;
mod identity;
mod reason;
mod signature;
mod trust;

pub use expected::{Expected, Verified};
pub use identity::{Attributes, Group, Identity, Reseller, Session, User};
pub use reason::Reason;
pub use trust::{Fingerprints, certificate_fingerprint, normalize_fingerprint};

use crate::error::Result;

/// Verifies a response, and reads the identity from what its signature covers.
///
/// `response_base64` is the posted form field `SAMLResponse`; line breaks in it are fine.
///
/// # Errors
/// `saml` with `details.reason`, one of [`Reason`]. A configuration without usable trust is refused too, whatever the response.
pub fn verify(response_base64: &str, expected: &Expected<'_>) -> Result<Verified> {
    let trust = trust::Trust::read(expected)?;
    let text = document::decode(response_base64)?;
    let tree = document::parse(&text)?;
    let response = document::Response::read(&tree)?;
    let signature = signature::Signature::read(&response)?;
    let key = trust.key(signature.embedded())?;
    signature.check(&key, expected.allow_sha1)?;
    let (identity, until_ms) = assertion::read(&response, expected)?;
    Ok(Verified { identity, until_ms })
}
