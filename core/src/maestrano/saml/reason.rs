//! Why a response is refused: stable words, each with its sentence.

use serde::Serialize;

use crate::error::{Code, Error};

/// Why a response is refused; the word is `details.reason` of the error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// Neither a certificate nor a fingerprint is configured.
    NoTrust,
    /// The configured certificate cannot be read.
    CertificateInvalid,
    /// The configured fingerprint is not 40 or 64 hexadecimal digits.
    FingerprintInvalid,
    /// The configured fingerprint is not that of the configured certificate.
    FingerprintMismatch,
    /// Only a SHA-1 fingerprint is configured, and that was not allowed.
    Sha1FingerprintNotAllowed,
    /// The certificate's key is no RSA key, or too short.
    WeakKey,

    /// More than 256 KiB.
    TooLarge,
    /// Not base64.
    NotBase64,
    /// Not UTF-8, or declared as another encoding.
    NotUtf8,
    /// A document type or an entity.
    Doctype,
    /// A processing instruction.
    ProcessingInstruction,
    /// A comment.
    Comment,
    /// A CDATA section.
    Cdata,
    /// Elements nested too deep.
    TooDeep,
    /// Too many elements, or attributes in one element.
    TooManyNodes,
    /// Not well-formed XML with namespaces.
    MalformedXml,

    /// The root is not a `Response` of SAML 2.0.
    NotAResponse,
    /// An element, attribute or text that the profile does not know at this place.
    UnexpectedContent,
    /// Two elements carry the same ID.
    DuplicateId,
    /// The provider answers with another status than success.
    StatusNotSuccess,
    /// An encrypted assertion.
    EncryptedAssertion,
    /// No assertion in the response.
    NoAssertion,
    /// More than one assertion.
    SeveralAssertions,
    /// No signature.
    NotSigned,
    /// More than one signature.
    SeveralSignatures,
    /// The signature is a child neither of the assertion nor of the response.
    SignatureMisplaced,

    /// The signature has not exactly the parts of the profile.
    SignatureMalformed,
    /// The signature refers to something else than its parent, or to more than one thing.
    ReferenceMismatch,
    /// Other transforms than enveloped and exclusive canonicalization.
    Transforms,
    /// Another canonicalization than the exclusive one without comments.
    Canonicalization,
    /// A signature or digest algorithm that is not allowed.
    Algorithm,
    /// SHA-1, which was not allowed.
    Sha1NotAllowed,
    /// The embedded certificate is not the configured one.
    CertificateMismatch,
    /// Only a fingerprint is configured, and the response embeds no certificate.
    CertificateMissing,
    /// What is signed was changed.
    DigestMismatch,
    /// The signature was not made with the configured certificate's key.
    SignatureInvalid,

    /// Another issuer.
    Issuer,
    /// The subject has not exactly one name and one bearer confirmation, or lacks what these must have.
    Subject,
    /// Meant for another consume URL.
    Recipient,
    /// Meant for another audience, or for none.
    Audience,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// An instant that cannot be read.
    Time,
    /// No request was named, and an unsolicited response was not allowed.
    Unsolicited,
    /// The answer to another request.
    InResponseTo,
    /// An attribute twice, or of another shape than text.
    Attribute,
    /// No `mno_session`.
    SessionMissing,
    /// This assertion or this request was used before.
    Replayed,
}

impl Reason {
    /// The word, e.g. `digest_mismatch`.
    pub fn code(self) -> &'static str {
        self.row().0
    }

    /// The sentence.
    pub fn text(self) -> &'static str {
        self.row().1
    }

    /// All of them.
    pub const ALL: [Self; 48] = [
        Self::NoTrust,
        Self::CertificateInvalid,
        Self::FingerprintInvalid,
        Self::FingerprintMismatch,
        Self::Sha1FingerprintNotAllowed,
        Self::WeakKey,
        Self::TooLarge,
        Self::NotBase64,
        Self::NotUtf8,
        Self::Doctype,
        Self::ProcessingInstruction,
        Self::Comment,
        Self::Cdata,
        Self::TooDeep,
        Self::TooManyNodes,
        Self::MalformedXml,
        Self::NotAResponse,
        Self::UnexpectedContent,
        Self::DuplicateId,
        Self::StatusNotSuccess,
        Self::EncryptedAssertion,
        Self::NoAssertion,
        Self::SeveralAssertions,
        Self::NotSigned,
        Self::SeveralSignatures,
        Self::SignatureMisplaced,
        Self::SignatureMalformed,
        Self::ReferenceMismatch,
        Self::Transforms,
        Self::Canonicalization,
        Self::Algorithm,
        Self::Sha1NotAllowed,
        Self::CertificateMismatch,
        Self::CertificateMissing,
        Self::DigestMismatch,
        Self::SignatureInvalid,
        Self::Issuer,
        Self::Subject,
        Self::Recipient,
        Self::Audience,
        Self::Expired,
        Self::NotYetValid,
        Self::Time,
        Self::Unsolicited,
        Self::InResponseTo,
        Self::Attribute,
        Self::SessionMissing,
        Self::Replayed,
    ];

    fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::NoTrust => ("no_trust", "neither sso.x509_certificate nor sso.x509_fingerprint is configured"),
            Self::CertificateInvalid => ("certificate_invalid", "sso.x509_certificate cannot be read"),
            Self::FingerprintInvalid => {
                ("fingerprint_invalid", "sso.x509_fingerprint is not 40 or 64 hexadecimal digits")
            }
            Self::FingerprintMismatch => {
                ("fingerprint_mismatch", "sso.x509_fingerprint is not that of sso.x509_certificate")
            }
            Self::Sha1FingerprintNotAllowed => {
                ("sha1_fingerprint_not_allowed", "all trust would hang on a SHA-1 fingerprint")
            }
            Self::WeakKey => ("weak_key", "the certificate's key is not RSA of 2048 to 8192 bits"),
            Self::TooLarge => ("too_large", "it is larger than 256 KiB"),
            Self::NotBase64 => ("not_base64", "it is not base64"),
            Self::NotUtf8 => ("not_utf8", "it is not UTF-8"),
            Self::Doctype => ("doctype", "it holds a document type or an entity"),
            Self::ProcessingInstruction => ("processing_instruction", "it holds a processing instruction"),
            Self::Comment => ("comment", "it holds a comment"),
            Self::Cdata => ("cdata", "it holds a CDATA section"),
            Self::TooDeep => ("too_deep", "its elements are nested too deep"),
            Self::TooManyNodes => ("too_many_nodes", "it has too many elements or attributes"),
            Self::MalformedXml => ("malformed_xml", "it is not well-formed XML"),
            Self::NotAResponse => ("not_a_response", "its root is not a Response of SAML 2.0"),
            Self::UnexpectedContent => {
                ("unexpected_content", "it holds something at a place where nothing such belongs")
            }
            Self::DuplicateId => ("duplicate_id", "two of its elements carry the same ID"),
            Self::StatusNotSuccess => ("status_not_success", "the provider did not sign the user in"),
            Self::EncryptedAssertion => ("encrypted_assertion", "its assertion is encrypted"),
            Self::NoAssertion => ("no_assertion", "it holds no assertion"),
            Self::SeveralAssertions => ("several_assertions", "it holds more than one assertion"),
            Self::NotSigned => ("not_signed", "it is not signed"),
            Self::SeveralSignatures => ("several_signatures", "it holds more than one signature"),
            Self::SignatureMisplaced => {
                ("signature_misplaced", "its signature stands neither in the assertion nor in the response")
            }
            Self::SignatureMalformed => ("signature_malformed", "its signature has other parts than it must have"),
            Self::ReferenceMismatch => {
                ("reference_mismatch", "its signature refers to something else than the element it stands in")
            }
            Self::Transforms => {
                ("transforms", "its signature uses other transforms than enveloped and exclusive canonicalization")
            }
            Self::Canonicalization => {
                ("canonicalization", "its signature uses another canonicalization than the exclusive one")
            }
            Self::Algorithm => ("algorithm", "its signature uses an algorithm that is not allowed"),
            Self::Sha1NotAllowed => ("sha1_not_allowed", "it is signed with SHA-1"),
            Self::CertificateMismatch => {
                ("certificate_mismatch", "the certificate in it is not the one that is configured")
            }
            Self::CertificateMissing => {
                ("certificate_missing", "it holds no certificate to compare with the fingerprint")
            }
            Self::DigestMismatch => ("digest_mismatch", "what is signed was changed"),
            Self::SignatureInvalid => ("signature_invalid", "its signature is not by the configured certificate's key"),
            Self::Issuer => ("issuer", "it comes from another provider"),
            Self::Subject => ("subject", "its subject is not one name with one bearer confirmation"),
            Self::Recipient => ("recipient", "it is meant for another consume URL"),
            Self::Audience => ("audience", "it is meant for another audience"),
            Self::Expired => ("expired", "its time is over"),
            Self::NotYetValid => ("not_yet_valid", "its time has not come"),
            Self::Time => ("time", "it holds an instant that cannot be read"),
            Self::Unsolicited => ("unsolicited", "it answers no request that is known"),
            Self::InResponseTo => ("in_response_to", "it answers another request"),
            Self::Attribute => ("attribute", "an attribute is given twice, or is not plain text"),
            Self::SessionMissing => ("session_missing", "it holds no mno_session"),
            Self::Replayed => ("replayed", "it was used before"),
        }
    }

    fn hint(self) -> Option<&'static str> {
        Some(match self {
            Self::Sha1NotAllowed => {
                "the vendor's provider signs with SHA-1 unless it is set to another algorithm: allow_sha1=True accepts that"
            }
            Self::WeakKey => {
                "allow_sha1=True also accepts keys of 1024 bits and more; better have the provider use a longer one"
            }
            Self::Sha1FingerprintNotAllowed => {
                "configure sso.x509_certificate or its SHA-256 fingerprint, or give allow_sha1_fingerprint=True"
            }
            Self::NoTrust => "configure sso.x509_certificate",
            Self::FingerprintMismatch | Self::FingerprintInvalid => {
                "correct or remove sso.x509_fingerprint; the function certificate_fingerprint tells that of a certificate"
            }
            Self::CertificateInvalid => "give it as PEM; an elided or cut one cannot be used",
            Self::CertificateMismatch => "if the provider's certificate was renewed, configure the new one",
            Self::MalformedXml => {
                "the vendor's provider writes values without escaping: a name like A & B makes its response unreadable"
            }
            Self::Unsolicited => "give the request_id that login_url returned, or allow_unsolicited=True",
            Self::Expired | Self::NotYetValid => "compare this machine's clock with the provider's",
            _ => return None,
        })
    }

    /// The error of this reason.
    pub(crate) fn error(self) -> Error {
        let message = format!("the SAML response is refused: {}", self.text());
        let error = Error::new(Code::Saml, message).with_detail("reason", self.code());
        match self.hint() {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}

/// Result of a check that needs no more than its reason.
pub(super) type Checked<T> = Result<T, Reason>;

impl From<Reason> for Error {
    fn from(reason: Reason) -> Self {
        reason.error()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_reason_has_one_word_and_crosses_as_it() {
        let words: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(words.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.code());
            let error = reason.error();
            assert_eq!((error.code(), &error.report().details["reason"]), (Code::Saml, &reason.code().into()));
        }
    }

    #[test]
    fn a_refusal_of_sha1_says_how_to_allow_it() {
        assert!(Reason::Sha1NotAllowed.error().to_string().contains("allow_sha1=True"));
    }
}
