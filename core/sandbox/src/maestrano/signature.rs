//! The signature of an assertion.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::sha2::Sha256;
use sha1::{Digest as _, Sha1};

use super::behaviour::Signature;
use super::identity::Identity;

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
pub(super) const EXCLUSIVE_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

impl Signature {
    /// The names of the signing and the digesting algorithm.
    fn algorithms(self) -> [String; 2] {
        match self {
            Self::Sha256 => [
                "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256".to_owned(),
                "http://www.w3.org/2001/04/xmlenc#sha256".to_owned(),
            ],
            Self::Sha1 => [format!("{DSIG}rsa-sha1"), format!("{DSIG}sha1")],
            // No standard knows these.
            Self::Sha256Nonstandard => [format!("{DSIG}rsa-sha256"), format!("{DSIG}sha256")],
        }
    }

    fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(bytes).to_vec(),
            Self::Sha256 | Self::Sha256Nonstandard => Sha256::digest(bytes).to_vec(),
        }
    }

    fn sign(self, identity: &Identity, bytes: &[u8]) -> Result<Vec<u8>, rsa::Error> {
        match self {
            Self::Sha1 => identity.key.pkcs1v15_sign::<Sha1>(bytes),
            Self::Sha256 | Self::Sha256Nonstandard => identity.key.pkcs1v15_sign::<Sha256>(bytes),
        }
    }

    /// The `ds:Signature` of an element that is in its exclusive canonical form already and has this ID.
    ///
    /// Digest and signature are over the very bytes that go out, without a canonicalizer: what is signed, and `SignedInfo`
    /// below, are written as exclusive canonicalization (no comments) writes them. That is: double quotes, the namespaces
    /// that an element uses declared on it and before its attributes, attributes in the order of their names, no empty-element
    /// tags, escapes as in [`Escaping`](super::xml::Escaping), no declaration of a namespace that nothing in it uses. A
    /// verifier takes this element out again (the enveloped-signature transform), and nothing stands around it.
    pub(super) fn of(self, identity: &Identity, canonical: &str, id: &str) -> Result<String, rsa::Error> {
        let [signing, digesting] = self.algorithms();
        let digest = STANDARD.encode(self.digest(canonical.as_bytes()));
        let signed_info = format!(
            "<ds:SignedInfo xmlns:ds=\"{DSIG}\">\
                <ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE_C14N}\"></ds:CanonicalizationMethod>\
                <ds:SignatureMethod Algorithm=\"{signing}\"></ds:SignatureMethod>\
                <ds:Reference URI=\"#{id}\">\
                <ds:Transforms><ds:Transform Algorithm=\"{DSIG}enveloped-signature\"></ds:Transform>\
                <ds:Transform Algorithm=\"{EXCLUSIVE_C14N}\"></ds:Transform></ds:Transforms>\
                <ds:DigestMethod Algorithm=\"{digesting}\"></ds:DigestMethod>\
                <ds:DigestValue>{digest}</ds:DigestValue>\
                </ds:Reference></ds:SignedInfo>"
        );
        let signature = STANDARD.encode(self.sign(identity, signed_info.as_bytes())?);
        let certificate = &identity.certificate;
        Ok(format!(
            "<ds:Signature xmlns:ds=\"{DSIG}\">{signed_info}<ds:SignatureValue>{signature}</ds:SignatureValue>\
                <KeyInfo xmlns=\"{DSIG}\"><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></KeyInfo>\
                </ds:Signature>"
        ))
    }
}
