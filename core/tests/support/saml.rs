//! A provider for the SAML tests: it signs what a test asks for, the vendor's shape first. Its key is made when tests run.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use rsa::pkcs1::EncodeRsaPublicKey as _;
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::{Pkcs1v15Sign, PrivateKey};
use serde_json::{Value, json};
use tenantry::maestrano::Marketplace;
use tenantry::time::{Random as _, SystemRandom};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub const IDP: &str = "https://api-hub.example.com";
pub const CONSUME: &str = "https://app.example.com/maestrano/auth/saml/consume?marketplace=some-telco";
pub const REQUEST: &str = "_0123456789abcdef0123456789abcdef";
pub const NOW_MS: i64 = 1_790_000_000_000;
/// Where the signature goes in what is to be signed.
pub const SIGNATURE: &str = "{signature}";

const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

struct Randomness;

impl TryRng for Randomness {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        SystemRandom.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        SystemRandom.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        SystemRandom.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Randomness {}

struct PublicKey(Vec<u8>);

impl rcgen::PublicKeyData for PublicKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

impl Hash {
    /// Signature and digest algorithm by their standard names.
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Sha1 => ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2000/09/xmldsig#sha1"),
            Self::Sha256 => {
                ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256")
            }
            Self::Sha512 => {
                ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", "http://www.w3.org/2001/04/xmlenc#sha512")
            }
        }
    }

    pub fn of(self, bytes: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, bytes).as_ref().to_vec()
    }

    /// What stands before the hash in a PKCS #1 signature.
    fn prefix(self) -> &'static [u8] {
        match self {
            Self::Sha1 => &[0x30, 0x21, 0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0, 4, 0x14],
            Self::Sha256 => &[0x30, 0x31, 0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20],
            Self::Sha512 => &[0x30, 0x51, 0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3, 5, 0, 4, 0x40],
        }
    }
}

/// A provider's key and certificate.
pub struct Provider {
    key: PrivateKey,
    pub certificate: String,
}

impl Provider {
    pub fn new(bits: usize) -> Self {
        let key = PrivateKey::new(&mut Randomness, bits).unwrap();
        let public = PublicKey(key.to_public_key().to_pkcs1_der().unwrap().as_bytes().to_vec());
        let parameters = rcgen::CertificateParams::new(["idp.example.com".to_owned()]).unwrap();
        // Only its key counts. Any other key may sign the certificate.
        let issuer = rcgen::Issuer::new(parameters.clone(), rcgen::KeyPair::generate().unwrap());
        let certificate = parameters.signed_by(&public, &issuer).unwrap().pem();
        Self { key, certificate }
    }

    /// The one that tests share: a key takes a moment to make.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Provider> = OnceLock::new();
        SHARED.get_or_init(|| Self::new(2048))
    }

    pub fn bare_certificate(&self) -> String {
        self.certificate.lines().filter(|line| !line.starts_with("---")).collect()
    }

    fn sign(&self, hash: Hash, bytes: &[u8]) -> String {
        let hashed = [hash.prefix(), &hash.of(bytes)].concat();
        STANDARD.encode(self.key.sign(Pkcs1v15Sign::new_unprefixed(), &hashed).unwrap())
    }

    /// Puts a signature into `canonical`, which holds [`SIGNATURE`] where it belongs, over the element with the ID `id`.
    pub fn signed(&self, canonical: &str, id: &str, how: &How) -> String {
        let (method, digest_method) = how.names.unwrap_or(how.hash.names());
        let digest = STANDARD.encode(how.hash.of(canonical.replacen(SIGNATURE, "", 1).as_bytes()));
        let info = format!(
            "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"></ds:CanonicalizationMethod>\
             <ds:SignatureMethod Algorithm=\"{method}\"></ds:SignatureMethod><ds:Reference URI=\"#{id}\"><ds:Transforms>\
             <ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>\
             <ds:Transform Algorithm=\"{EXCLUSIVE}\"></ds:Transform></ds:Transforms>\
             <ds:DigestMethod Algorithm=\"{digest_method}\"></ds:DigestMethod><ds:DigestValue>{digest}</ds:DigestValue>\
             </ds:Reference></ds:SignedInfo>"
        );
        let info = (how.info)(info);
        let value = self.sign(how.hash, info.as_bytes());
        let key_info = match &how.embedded {
            Some(certificate) => format!(
                "<KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo>"
            ),
            None => String::new(),
        };
        let signature = format!(
            "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{info}<ds:SignatureValue>{value}</ds:SignatureValue>{key_info}</ds:Signature>"
        );
        canonical.replacen(SIGNATURE, &signature, 1)
    }

    /// The vendor's response with this assertion: its root is not signed.
    pub fn response(&self, assertion: &Assertion, how: &How) -> String {
        around(&self.signed(&assertion.canonical(), &assertion.id, how))
    }

    /// A response whose root is signed, and not its assertion.
    pub fn signed_root(&self, assertion: &Assertion, how: &How) -> String {
        let inner = assertion.canonical().replacen(SIGNATURE, "", 1);
        let root = around(&inner).replacen("</samlp:Status>", &format!("</samlp:Status>{SIGNATURE}"), 1);
        self.signed(&root, "_response", how)
    }

    pub fn configuration(&self) -> Value {
        json!({
            "marketplace": "some-telco", "environment": "test",
            "app": {"host": "https://app.example.com"},
            "api": {"id": "app-1", "key": SystemRandom.uuid(), "host": IDP, "base": "/api/v1/"},
            "sso": {
                "idm": "https://app.example.com", "idp": IDP, "init_path": "/maestrano/auth/saml/init?marketplace=some-telco",
                "consume_path": "/maestrano/auth/saml/consume?marketplace=some-telco", "x509_certificate": self.certificate,
            },
        })
    }

    pub fn marketplace(&self) -> Marketplace {
        serde_json::from_value(self.configuration()).unwrap()
    }
}

/// How a signature is made; `info` changes what is signed before it is signed.
pub struct How {
    pub hash: Hash,
    pub names: Option<(&'static str, &'static str)>,
    pub embedded: Option<String>,
    pub info: fn(String) -> String,
}

impl Default for How {
    fn default() -> Self {
        Self { hash: Hash::Sha256, names: None, embedded: None, info: |info| info }
    }
}

impl How {
    pub fn by(hash: Hash) -> Self {
        Self { hash, ..Self::default() }
    }

    pub fn embedding(certificate: impl Into<String>) -> Self {
        Self { embedded: Some(certificate.into()), ..Self::default() }
    }

    pub fn changing(info: fn(String) -> String) -> Self {
        Self { info, ..Self::default() }
    }
}

/// What an assertion says.
#[derive(Clone)]
pub struct Assertion {
    pub id: String,
    pub issuer: String,
    pub in_response_to: String,
    pub recipient: String,
    pub audience: String,
    pub not_before_ms: i64,
    pub not_on_or_after_ms: i64,
    pub attributes: Vec<(String, String)>,
}

pub fn instant(ms: i64) -> String {
    OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000)).unwrap().format(&Rfc3339).unwrap()
}

impl Assertion {
    /// As the vendor's provider makes it at [`NOW_MS`].
    pub fn vendor() -> Self {
        let attributes = [
            ("mno_uid", "usr-1"),
            ("mno_session", "7ds8f9789a7fd7x0b898bvb8vc9h0gg"),
            ("mno_session_recheck", "2026-09-21T14:16:20Z"),
            ("group_uid", "cld-4"),
            ("group_name", "Ada & Söhne <1>"),
            ("group_end_free_trial", "2026-12-01T00:00:00Z"),
            ("group_role", "Power User"),
            ("group_has_credit_card", "false"),
            ("group_email", "ops@example.com"),
            ("group_currency", "USD"),
            ("group_timezone", "America/Los_Angeles"),
            ("group_country", "US"),
            ("group_city", "Los Angeles"),
            ("uid", "usr-1"),
            ("virtual_uid", "usr-1.cld-4"),
            ("email", "ada@example.com"),
            ("virtual_email", "usr-1.cld-4@mail.example.com"),
            ("name", "Ada"),
            ("surname", "Lovelace"),
            ("country", "GB"),
            ("company_name", "Analytical Engines"),
            ("organizations", "[{\"uid\":\"org-1\"}]"),
        ];
        Self {
            id: "_4f2b8c9e-0000-4000-8000-000000000001".to_owned(),
            issuer: format!("{IDP}/api/v1/auth/saml?SAMLRequest=fZFBS8MwFMf%3D"),
            in_response_to: REQUEST.to_owned(),
            recipient: CONSUME.to_owned(),
            audience: "https://app.example.com/".to_owned(),
            not_before_ms: NOW_MS - 5_000,
            not_on_or_after_ms: NOW_MS + 180_000,
            attributes: attributes.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec(),
        }
    }

    /// Its canonical form: what is signed, with [`SIGNATURE`] in its place.
    pub fn canonical(&self) -> String {
        let attributes: String = self
            .attributes
            .iter()
            .map(|(name, text)| {
                let text = escaped(text);
                format!("<Attribute Name=\"{name}\"><AttributeValue>{text}</AttributeValue></Attribute>")
            })
            .collect();
        let (from, to) = (instant(self.not_before_ms), instant(self.not_on_or_after_ms));
        let request = match self.in_response_to.as_str() {
            "" => String::new(),
            id => format!(" InResponseTo=\"{id}\""),
        };
        format!(
            "<Assertion xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{id}\" IssueInstant=\"{from}\" Version=\"2.0\">\
             <Issuer>{issuer}</Issuer>{SIGNATURE}<Subject>\
             <NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">usr-1</NameID>\
             <SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
             <SubjectConfirmationData{request} NotOnOrAfter=\"{to}\" Recipient=\"{recipient}\"></SubjectConfirmationData>\
             </SubjectConfirmation></Subject>\
             <Conditions NotBefore=\"{from}\" NotOnOrAfter=\"{to}\"><AudienceRestriction><Audience>{audience}</Audience>\
             </AudienceRestriction></Conditions><AttributeStatement>{attributes}</AttributeStatement>\
             <AuthnStatement AuthnInstant=\"{from}\" SessionIndex=\"{id}\"><AuthnContext>\
             <AuthnContextClassRef>urn:federation:authentication:windows</AuthnContextClassRef></AuthnContext></AuthnStatement></Assertion>",
            id = self.id,
            issuer = escaped(&self.issuer),
            recipient = escaped(&self.recipient),
            audience = escaped(&self.audience),
        )
    }
}

/// A response around a (signed) assertion.
pub fn around(assertion: &str) -> String {
    format!(
        "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" Consent=\"urn:oasis:names:tc:SAML:2.0:consent:unspecified\" \
         Destination=\"{CONSUME}\" ID=\"_response\" InResponseTo=\"{REQUEST}\" IssueInstant=\"{}\" Version=\"2.0\">\
         <Issuer xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">{IDP}</Issuer><samlp:Status>\
         <samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"></samlp:StatusCode></samlp:Status>{assertion}</samlp:Response>",
        instant(NOW_MS)
    )
}

pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Base64 in lines, as the vendor posts it.
pub fn posted(xml: &str) -> String {
    let packed = STANDARD.encode(xml);
    packed.as_bytes().chunks(60).map(|line| format!("{}\n", std::str::from_utf8(line).unwrap())).collect()
}
