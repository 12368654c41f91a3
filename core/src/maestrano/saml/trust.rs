//! Whose signatures count: the configured certificate, the configured fingerprint, or both in agreement.

use ring::digest;
use serde::Serialize;
use subtle::ConstantTimeEq as _;

use super::der::{self, RsaKey};
use super::document::from_base64;
use super::expected::Expected;
use super::reason::Reason;
use crate::error::Result;

const ARMOUR: &str = "-----";

/// A certificate's fingerprints, in lower-case hexadecimal with colons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Fingerprints {
    /// The form that marketplace configurations hold.
    pub sha1: String,
    /// The form that can stand alone.
    pub sha256: String,
}

/// The fingerprints of a certificate given as PEM, or as base64 alone.
///
/// # Errors
/// `saml` with the reason `certificate_invalid`.
pub fn certificate_fingerprint(certificate: &str) -> Result<Fingerprints> {
    let der = read_certificate(certificate).ok_or(Reason::CertificateInvalid)?;
    let text = |algorithm: &'static digest::Algorithm| {
        let pairs =
            digest::digest(algorithm, &der).as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>();
        pairs.join(":")
    };
    Ok(Fingerprints { sha1: text(&digest::SHA1_FOR_LEGACY_USE_ONLY), sha256: text(&digest::SHA256) })
}

/// A fingerprint as 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits: colons, spaces and hyphens are dropped.
///
/// # Errors
/// `saml` with the reason `fingerprint_invalid` when anything else is left, or another number of digits.
pub fn normalize_fingerprint(text: &str) -> Result<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-') && !c.is_ascii_whitespace()).collect();
    let usable = matches!(digits.len(), 40 | 64) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if usable { Ok(digits.to_ascii_lowercase()) } else { Err(Reason::FingerprintInvalid.into()) }
}

/// The DER of a certificate. Armour may be there or not, on lines of its own or not; base64 of a PEM is taken for the PEM.
pub(super) fn read_certificate(text: &str) -> Option<Vec<u8>> {
    let der = from_base64(within_armour(text)?)?;
    let der = match std::str::from_utf8(&der) {
        Ok(inner) if inner.trim_start().starts_with(ARMOUR) => from_base64(within_armour(inner)?)?,
        _ => der,
    };
    der::is_sequence(&der).then_some(der)
}

/// What stands between the first pair of armour lines, or all of it where there is none.
fn within_armour(text: &str) -> Option<&str> {
    let Some((_, rest)) = text.split_once("-----BEGIN CERTIFICATE-----") else {
        return (!text.contains(ARMOUR)).then_some(text);
    };
    rest.split_once("-----END CERTIFICATE-----").map(|(body, _)| body)
}

/// A checked fingerprint: which hash, and its hexadecimal digits.
struct Fingerprint(String);

impl Fingerprint {
    fn is_sha1(&self) -> bool {
        self.0.len() == 40
    }

    fn is_of(&self, certificate: &[u8]) -> bool {
        let algorithm = if self.is_sha1() { &digest::SHA1_FOR_LEGACY_USE_ONLY } else { &digest::SHA256 };
        let hash = digest::digest(algorithm, certificate);
        let digits: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        digits.as_bytes().ct_eq(self.0.as_bytes()).into()
    }
}

/// What was configured, found consistent.
pub(super) enum Trust {
    Certificate(Vec<u8>),
    Fingerprint(String),
}

impl Trust {
    pub(super) fn read(expected: &Expected<'_>) -> Result<Self> {
        let given = |text: Option<&'_ str>| text.filter(|text| !text.trim().is_empty()).map(str::to_owned);
        let fingerprint = match given(expected.fingerprint) {
            Some(text) => Some(Fingerprint(normalize_fingerprint(&text)?)),
            None => None,
        };
        match (given(expected.certificate), fingerprint) {
            (Some(text), fingerprint) => {
                let certificate = read_certificate(&text).ok_or(Reason::CertificateInvalid)?;
                if fingerprint.is_some_and(|fingerprint| !fingerprint.is_of(&certificate)) {
                    return Err(Reason::FingerprintMismatch.into());
                }
                Ok(Self::Certificate(certificate))
            }
            (None, Some(fingerprint)) if fingerprint.is_sha1() && !expected.allow_sha1_fingerprint => {
                Err(Reason::Sha1FingerprintNotAllowed.into())
            }
            (None, Some(fingerprint)) => Ok(Self::Fingerprint(fingerprint.0)),
            (None, None) => Err(Reason::NoTrust.into()),
        }
    }

    /// The key that must have signed. What a response embeds is compared with what is configured, and never believed.
    pub(super) fn key(&self, embedded: Option<&str>) -> Result<RsaKey> {
        let embedded = match embedded {
            Some(text) => Some(read_certificate(text).ok_or(Reason::CertificateMismatch)?),
            None => None,
        };
        let certificate = match (self, embedded) {
            (Self::Certificate(configured), None) => configured.clone(),
            (Self::Certificate(configured), Some(embedded)) if bool::from(configured.ct_eq(&embedded)) => embedded,
            (Self::Fingerprint(digits), Some(embedded)) if Fingerprint(digits.clone()).is_of(&embedded) => embedded,
            (Self::Fingerprint(_), None) => return Err(Reason::CertificateMissing.into()),
            (_, Some(_)) => return Err(Reason::CertificateMismatch.into()),
        };
        Ok(der::rsa_key(&certificate).ok_or(Reason::WeakKey)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    fn certificate() -> String {
        rcgen::generate_simple_self_signed(["idp.example.com".to_owned()]).unwrap().cert.pem()
    }

    #[test]
    fn a_certificate_is_read_in_every_form_that_configurations_hold() {
        let pem = certificate();
        let der = read_certificate(&pem).unwrap();
        let bare = STANDARD.encode(&der);
        let one_line = pem.replace(['\n', '\r'], "");
        let with_comment = format!("subject=/CN=idp\n{pem}");
        for text in [&bare, &one_line, &with_comment, &STANDARD.encode(&pem), &pem.replace('\n', "\r\n")] {
            assert_eq!(read_certificate(text).as_ref(), Some(&der), "{text}");
        }
    }

    #[test]
    fn an_elided_or_cut_certificate_is_not_read() {
        let pem = certificate();
        let half = &pem[..pem.len() / 2];
        let cut = pem.replacen("\nM", "\n(...)", 1);
        for text in ["", "(...)", half, &cut, "-----BEGIN CERTIFICATE-----", "-----BEGIN RSA PRIVATE KEY-----AA"] {
            assert_eq!(read_certificate(text), None, "{text}");
        }
    }

    #[test]
    fn a_fingerprint_is_40_or_64_digits_after_its_separators() {
        let ours = certificate_fingerprint(&certificate()).unwrap();
        for text in [&ours.sha1, &ours.sha256] {
            let bare = text.replace(':', "");
            for spelled in [text.clone(), text.to_uppercase(), bare.clone(), text.replace(':', " ")] {
                assert_eq!(normalize_fingerprint(&spelled).unwrap(), bare);
            }
        }
        let broken = "861e:2e:54:c4:67:80:68:47:81:18:f7:d3:29:87:77:f8:69:54:2f";
        assert_eq!(normalize_fingerprint(broken).unwrap().len(), 40, "only its separators are odd");
        for text in
            ["", "86", &ours.sha1[3..], &format!("{}:00", ours.sha1), &ours.sha1.replace(':', "_"), &"é".repeat(20)]
        {
            assert!(normalize_fingerprint(text).is_err(), "{text}");
        }
    }
}
