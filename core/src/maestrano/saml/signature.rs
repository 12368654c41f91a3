//! The one shape of an XML signature that is accepted, and whether it holds.

use bergshamra_c14n::{C14nMode, canonicalize_doc};
use bergshamra_xml::NodeSet;
use ring::digest;
use ring::signature::{self as rsa, RsaParameters, UnparsedPublicKey};
use subtle::ConstantTimeEq as _;

use super::der::RsaKey;
use super::document::{DSIG, Node, Response, from_base64};
use super::reason::{Checked, Reason};
use crate::error::Result;

const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

impl Hash {
    /// By the name of a signature algorithm. The names under `xmldsig#` other than SHA-1's are the vendor's own.
    fn of_signature(uri: &str) -> Option<Self> {
        match uri {
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" | "http://www.w3.org/2000/09/xmldsig#rsa-sha256" => {
                Some(Self::Sha256)
            }
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" | "http://www.w3.org/2000/09/xmldsig#rsa-sha512" => {
                Some(Self::Sha512)
            }
            "http://www.w3.org/2000/09/xmldsig#rsa-sha1" => Some(Self::Sha1),
            _ => None,
        }
    }

    /// By the name of a digest algorithm.
    fn of_digest(uri: &str) -> Option<Self> {
        match uri {
            "http://www.w3.org/2001/04/xmlenc#sha256" | "http://www.w3.org/2000/09/xmldsig#sha256" => {
                Some(Self::Sha256)
            }
            "http://www.w3.org/2001/04/xmlenc#sha512" | "http://www.w3.org/2000/09/xmldsig#sha512" => {
                Some(Self::Sha512)
            }
            "http://www.w3.org/2000/09/xmldsig#sha1" => Some(Self::Sha1),
            _ => None,
        }
    }

    fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha512 => &digest::SHA512,
        }
    }

    /// How a signature by a key of so many bits is checked; keys below 2048 bits only where SHA-1 is allowed too.
    fn verification(self, bits: usize, allow_sha1: bool) -> Option<&'static RsaParameters> {
        match (self, bits) {
            (Self::Sha1, 2048..=8192) => Some(&rsa::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY),
            (Self::Sha256, 2048..=8192) => Some(&rsa::RSA_PKCS1_2048_8192_SHA256),
            (Self::Sha512, 2048..=8192) => Some(&rsa::RSA_PKCS1_2048_8192_SHA512),
            (Self::Sha1, 1024..2048) if allow_sha1 => Some(&rsa::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY),
            (Self::Sha256, 1024..2048) if allow_sha1 => Some(&rsa::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
            (Self::Sha512, 1024..2048) if allow_sha1 => Some(&rsa::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
            _ => None,
        }
    }
}

/// A signature of the accepted shape, not yet checked.
pub(super) struct Signature<'t, 'x> {
    node: Node<'t, 'x>,
    signed: Node<'t, 'x>,
    info: Node<'t, 'x>,
    method: Hash,
    digest_method: Hash,
    digest: Vec<u8>,
    value: Vec<u8>,
    embedded: Option<&'t str>,
}

impl<'t, 'x> Signature<'t, 'x> {
    pub(super) fn read(response: &Response<'t, 'x>) -> Result<Self> {
        let (node, signed) = (response.signature, response.signed);
        let (info, value, key_info) = match *parts(&node)? {
            [info, value] => (info, value, None),
            [info, value, key_info] if key_info.is(DSIG, "KeyInfo") => (info, value, Some(key_info)),
            _ => return Err(Reason::SignatureMalformed.into()),
        };
        named(&info, "SignedInfo")?;
        named(&value, "SignatureValue")?;
        let [canonicalization, method, reference] = parts(&info)?[..] else {
            return Err(Reason::SignatureMalformed.into());
        };
        named(&canonicalization, "CanonicalizationMethod")?;
        if algorithm(&canonicalization, Reason::Canonicalization)? != EXCLUSIVE {
            return Err(Reason::Canonicalization.into());
        }
        named(&method, "SignatureMethod")?;
        let method = Hash::of_signature(algorithm(&method, Reason::Algorithm)?).ok_or(Reason::Algorithm)?;
        named(&reference, "Reference")?;
        let (digest_method, digest) = read_reference(&reference, &signed)?;
        let embedded = match key_info {
            Some(key_info) => read_key_info(&key_info)?,
            None => None,
        };
        let value = from_base64(value.text()?).ok_or(Reason::SignatureMalformed)?;
        Ok(Self { node, signed, info, method, digest_method, digest, value, embedded })
    }

    /// The certificate that it says it was made with, as it is written.
    pub(super) fn embedded(&self) -> Option<&str> {
        self.embedded
    }

    /// Checks that `key` made it over exactly the element that it stands in.
    pub(super) fn check(&self, key: &RsaKey, allow_sha1: bool) -> Result<()> {
        if !allow_sha1 && (self.method == Hash::Sha1 || self.digest_method == Hash::Sha1) {
            return Err(Reason::Sha1NotAllowed.into());
        }
        let verification = self.method.verification(key.bits, allow_sha1).ok_or(Reason::WeakKey)?;
        let mut content = NodeSet::tree_without_comments(self.signed.id, self.signed.document);
        for id in self.node.document.descendants(self.node.id) {
            content.remove_id(id);
        }
        content.remove_id(self.node.id);
        let digest = digest::digest(self.digest_method.digest(), &self.canonical(&content)?);
        if !bool::from(digest.as_ref().ct_eq(&self.digest)) {
            return Err(Reason::DigestMismatch.into());
        }
        let info = NodeSet::tree_without_comments(self.info.id, self.info.document);
        let key = UnparsedPublicKey::new(verification, &key.der);
        key.verify(&self.canonical(&info)?, &self.value).map_err(|_| Reason::SignatureInvalid.into())
    }

    fn canonical(&self, nodes: &NodeSet) -> Result<Vec<u8>> {
        let document = self.node.document;
        canonicalize_doc::<&str>(document, C14nMode::Exclusive, Some(nodes), &[])
            .map_err(|_| Reason::Canonicalization.into())
    }
}

/// Reads the one reference: to the element that the signature stands in, by its own ID, through the two known transforms.
fn read_reference(reference: &Node<'_, '_>, signed: &Node<'_, '_>) -> Result<(Hash, Vec<u8>)> {
    let uri = reference.attribute("URI").and_then(|uri| uri.strip_prefix('#')).unwrap_or_default();
    if uri.is_empty() || signed.attribute("ID") != Some(uri) {
        return Err(Reason::ReferenceMismatch.into());
    }
    let [transforms, method, value] = parts(reference)?[..] else {
        return Err(Reason::SignatureMalformed.into());
    };
    named(&transforms, "Transforms")?;
    let [enveloped, exclusive] = parts(&transforms).map_err(|_| Reason::Transforms)?[..] else {
        return Err(Reason::Transforms.into());
    };
    for (transform, known) in [(enveloped, ENVELOPED), (exclusive, EXCLUSIVE)] {
        if !transform.is(DSIG, "Transform") || algorithm(&transform, Reason::Transforms)? != known {
            return Err(Reason::Transforms.into());
        }
    }
    named(&method, "DigestMethod")?;
    named(&value, "DigestValue")?;
    let method = Hash::of_digest(algorithm(&method, Reason::Algorithm)?).ok_or(Reason::Algorithm)?;
    Ok((method, from_base64(value.text()?).ok_or(Reason::SignatureMalformed)?))
}

/// The certificate in a `KeyInfo`, if it holds one. Other ways of naming a key mean nothing here.
fn read_key_info<'t>(key_info: &Node<'t, '_>) -> Result<Option<&'t str>> {
    let mut found = None;
    for data in parts(key_info)?.into_iter().filter(|child| child.is(DSIG, "X509Data")) {
        for certificate in parts(&data)?.into_iter().filter(|child| child.is(DSIG, "X509Certificate")) {
            if found.replace(certificate.text()?).is_some() {
                return Err(Reason::SignatureMalformed.into());
            }
        }
    }
    Ok(found)
}

fn parts<'t, 'x>(node: &Node<'t, 'x>) -> Checked<Vec<Node<'t, 'x>>> {
    node.elements().map_err(|_| Reason::SignatureMalformed)
}

fn named(node: &Node<'_, '_>, name: &str) -> Checked<()> {
    if node.is(DSIG, name) { Ok(()) } else { Err(Reason::SignatureMalformed) }
}

/// The algorithm that an element names. A parameter in it (a prefix list, a length, an XPath) is none that is known.
fn algorithm<'t>(node: &Node<'t, '_>, otherwise: Reason) -> Checked<&'t str> {
    match node.elements() {
        Ok(parameters) if parameters.is_empty() => node.attribute("Algorithm").ok_or(otherwise),
        _ => Err(otherwise),
    }
}
