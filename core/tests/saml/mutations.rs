//! A hundred thousand changed responses: none gives another identity than the one that was signed, and none panics.
//!
//! `TENANTRY_SEED` makes others, `TENANTRY_CASES` more.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::mutate::{Chance, mutate};
use crate::provider::{Assertion, CONSUME, Hash, How, IDP, NOW_MS, Provider, REQUEST, posted};
use tenantry::maestrano::saml::{Expected, certificate_fingerprint, verify};

const CASES: u64 = 100_000;
/// One in so many is changed in its base64 instead.
const IN_BASE64: usize = 10;

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().map_or(usual, |text| text.parse().expect("a number"))
}

/// A response that is accepted, and against which trust.
struct Original {
    xml: String,
    by_fingerprint: bool,
    identity: String,
}

fn verified(posted: &str, by_fingerprint: bool, fingerprint: &str) -> Result<String, String> {
    let issuer = format!("{IDP}/api/v1/auth/saml");
    let expected = Expected {
        certificate: (!by_fingerprint).then_some(&Provider::shared().certificate),
        fingerprint: Some(fingerprint),
        allow_sha1: true,
        allow_sha1_fingerprint: false,
        consume_url: CONSUME,
        issuer: &issuer,
        audiences: &["https://app.example.com/".to_owned()],
        request_id: Some(REQUEST),
        allow_unsolicited: false,
        now_ms: NOW_MS,
        skew_ms: 60_000,
    };
    match verify(posted, &expected) {
        Ok(verified) => Ok(verified.identity.to_json().unwrap()),
        Err(error) => Err(error.report().details["reason"].as_str().unwrap().to_owned()),
    }
}

fn originals(fingerprint: &str) -> Vec<Original> {
    let (provider, assertion) = (Provider::shared(), Assertion::vendor());
    let embedding = provider.response(&assertion, &How::embedding(provider.bare_certificate()));
    let responses = [
        (embedding.clone(), false),
        (embedding, true),
        (provider.response(&assertion, &How::by(Hash::Sha1)), false),
        (provider.response(&assertion, &How::by(Hash::Sha512)), false),
        (provider.signed_root(&assertion, &How::default()), false),
        (format!("<?xml version=\"1.0\"?>\n{}\n", provider.response(&assertion, &How::default())), false),
    ];
    let original = |(xml, by_fingerprint): (String, bool)| {
        let identity = verified(&posted(&xml), by_fingerprint, fingerprint).unwrap();
        Original { xml, by_fingerprint, identity }
    };
    responses.into_iter().map(original).collect()
}

/// The text that is posted: changed once to three times, in its XML or in its base64.
fn changed(xml: &str, chance: &mut Chance) -> String {
    use base64::Engine as _;
    let times = 1 + chance.below(3) * chance.below(2);
    if chance.below(IN_BASE64) == 0 {
        let mut text = posted(xml).into_bytes();
        for _ in 0..times {
            let at = chance.below(text.len());
            text[at] = b"ABCxyz059+/=\n -_"[chance.below(16)];
        }
        return String::from_utf8(text).unwrap();
    }
    let mut bytes = xml.as_bytes().to_vec();
    for _ in 0..times {
        mutate(&mut bytes, chance);
        if bytes.is_empty() {
            break;
        }
    }
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn no_change_of_a_response_changes_who_signed_in() {
    let (seed, cases) = (setting("TENANTRY_SEED", 0), setting("TENANTRY_CASES", CASES));
    let fingerprint = certificate_fingerprint(&Provider::shared().certificate).unwrap().sha256;
    let originals = originals(&fingerprint);
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let run = |first: u64| {
        let mut outcomes = BTreeMap::<String, u64>::new();
        for case in (first..cases).step_by(usize::try_from(threads).unwrap()) {
            let mut chance = Chance::new(seed.wrapping_mul(1_000_003).wrapping_add(case));
            let original = &originals[chance.below(originals.len())];
            let text = changed(&original.xml, &mut chance);
            let outcome = catch_unwind(AssertUnwindSafe(|| verified(&text, original.by_fingerprint, &fingerprint)));
            let outcome = outcome.unwrap_or_else(|_| panic!("seed {seed}, case {case} panics: {text}"));
            let word = match outcome {
                Ok(identity) => {
                    assert_eq!(identity, original.identity, "seed {seed}, case {case} is forged: {text}");
                    "accepted".to_owned()
                }
                Err(reason) => reason,
            };
            *outcomes.entry(word).or_default() += 1;
        }
        outcomes
    };
    let mut outcomes = BTreeMap::<String, u64>::new();
    std::thread::scope(|scope| {
        let run = &run;
        let running: Vec<_> = (0..threads).map(|first| scope.spawn(move || run(first))).collect();
        for thread in running {
            for (word, count) in thread.join().unwrap() {
                *outcomes.entry(word).or_default() += count;
            }
        }
    });
    println!("{cases} changed responses, seed {seed}: {outcomes:?}");
    // Changes outside of what is signed leave a response valid; if none does, the changes are too coarse to find anything.
    assert!(cases < 1000 || (outcomes["accepted"] > cases / 100 && outcomes.len() > 20), "{outcomes:?}");
}
