//! The few steps through a certificate's DER that lead to its RSA key.
//!
//! Only certificates that are trusted already come here (configured, or equal to a configured fingerprint), so this reads and
//! does not judge: ring checks the key itself.

/// `rsaEncryption`, 1.2.840.113549.1.1.1.
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_ID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// An RSA key: its `RSAPublicKey` in DER, as ring takes it, and how long its modulus is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RsaKey {
    pub(super) der: Vec<u8>,
    pub(super) bits: usize,
}

/// Whether it is one DER value of the kind that a certificate is.
pub(super) fn is_sequence(der: &[u8]) -> bool {
    matches!(value(der, SEQUENCE), Some((_, [])))
}

/// The RSA key of a certificate; nothing if it holds another key.
pub(super) fn rsa_key(certificate: &[u8]) -> Option<RsaKey> {
    let (certificate, _) = value(certificate, SEQUENCE)?;
    let (mut body, _) = value(certificate, SEQUENCE)?;
    if body.first() == Some(&VERSION) {
        (_, body) = value(body, VERSION)?;
    }
    (_, body) = value(body, INTEGER)?; // serial number
    for _ in ["signature", "issuer", "validity", "subject"] {
        (_, body) = value(body, SEQUENCE)?;
    }
    let (key_info, _) = value(body, SEQUENCE)?;
    let (algorithm, key) = value(key_info, SEQUENCE)?;
    let (algorithm, _) = value(algorithm, OBJECT_ID)?;
    let (key, _) = value(key, BIT_STRING)?;
    let (unused_bits, key) = key.split_first()?;
    if algorithm != RSA_ENCRYPTION || *unused_bits != 0 {
        return None;
    }
    let (numbers, _) = value(key, SEQUENCE)?;
    let (modulus, _) = value(numbers, INTEGER)?;
    let modulus = &modulus[modulus.iter().position(|byte| *byte != 0)?..];
    let bits = modulus.len() * 8 - modulus.first()?.leading_zeros() as usize;
    Some(RsaKey { der: key.to_vec(), bits })
}

/// The content of the value that `der` begins with, which must have this tag, and what follows it.
fn value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, length], rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        // Up to three bytes of length: no certificate needs more.
        0x81..=0x83 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    (found == tag).then_some((content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_certificate_of_another_key_gives_none() {
        let other = rcgen::generate_simple_self_signed(["idp.example.com".to_owned()]).unwrap();
        assert!(is_sequence(other.cert.der()));
        assert_eq!(rsa_key(other.cert.der()), None);
    }

    #[test]
    fn no_cut_of_a_certificate_is_one() {
        let whole = rcgen::generate_simple_self_signed(["idp.example.com".to_owned()]).unwrap();
        for end in 0..whole.cert.der().len() {
            assert!(!is_sequence(&whole.cert.der()[..end]), "{end}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = rsa_key(&bytes);
        }
    }
}
