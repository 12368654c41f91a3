//! The identity provider's key and certificate.

use std::convert::Infallible;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_RSA_SHA256};
use rsa::PrivateKey;
use rsa::pkcs8::EncodePrivateKey as _;
use rsa::rand_core::{TryCryptoRng, TryRng};
use sha1::{Digest as _, Sha1};
use tenantry::time::{Random as _, SystemRandom};

/// As many as the vendor's newer certificates have.
const BITS: usize = 2048;

#[derive(Debug)]
pub(super) struct Identity {
    pub(super) key: PrivateKey,
    /// The certificate's DER in base64, on one line.
    pub(super) certificate: String,
    pub(super) pem: String,
    /// SHA-1 of the certificate's DER: `8A:1E:…`.
    pub(super) fingerprint: String,
}

/// The identity of this process's sandboxes, made when it is first asked for and kept in memory alone.
///
/// They share one because making it takes a good part of a second, and a test run starts sandboxes by the hundred.
pub(super) fn shared() -> Result<&'static Identity, String> {
    static IDENTITY: OnceLock<Result<Identity, String>> = OnceLock::new();
    IDENTITY.get_or_init(Identity::random).as_ref().map_err(Clone::clone)
}

impl Identity {
    fn random() -> Result<Identity, String> {
        let key = PrivateKey::new(&mut Bytes, BITS).map_err(|error| error.to_string())?;
        let pkcs8 = key.to_pkcs8_der().map_err(|error| error.to_string())?;
        let pkcs8 = pkcs8.as_bytes().to_vec().into();
        let pair = KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8, &PKCS_RSA_SHA256);
        let certificate = pair.and_then(|pair| certificate_params().self_signed(&pair));
        let certificate = certificate.map_err(|error| error.to_string())?;
        let digest = Sha1::digest(certificate.der());
        let fingerprint: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
        let base64 = STANDARD.encode(certificate.der());
        let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines(&base64, 64));
        Ok(Identity { key, certificate: base64, pem, fingerprint: fingerprint.join(":") })
    }
}

fn certificate_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "tenantry sandbox");
    name.push(DnType::CommonName, "identity provider");
    params.distinguished_name = name;
    params
}

/// The text in lines of so many characters.
pub(super) fn lines(text: &str, width: usize) -> String {
    let characters: Vec<char> = text.chars().collect();
    let lines: Vec<String> = characters.chunks(width).map(|line| line.iter().collect()).collect();
    lines.join("\n")
}

/// The operating system's random bytes, as the key's maker asks for them.
struct Bytes;

impl TryRng for Bytes {
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

impl TryCryptoRng for Bytes {}
