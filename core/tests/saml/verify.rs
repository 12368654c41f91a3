//! What the verifier accepts, and the word by which it refuses everything else.

use crate::provider;

use crate::provider::{Assertion, CONSUME, Hash, How, IDP, NOW_MS, Provider, REQUEST, posted};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tenantry::maestrano::saml::{Expected, Identity, Verified, certificate_fingerprint, verify};
use tenantry::{Code, Error};

/// What the shared provider's responses are held against, changed by `change`.
fn verify_by(xml: &str, change: impl FnOnce(&mut Expected<'_>)) -> Result<Verified, Error> {
    verify_text(&posted(xml), change)
}

fn verify_text(text: &str, change: impl FnOnce(&mut Expected<'_>)) -> Result<Verified, Error> {
    let issuer = format!("{IDP}/api/v1/auth/saml");
    let audiences = ["app-1".to_owned(), "https://app.example.com".to_owned(), "https://app.example.com/".to_owned()];
    let mut expected = Expected {
        certificate: Some(&Provider::shared().certificate),
        fingerprint: None,
        allow_sha1: false,
        allow_sha1_fingerprint: false,
        consume_url: CONSUME,
        issuer: &issuer,
        audiences: &audiences,
        request_id: Some(REQUEST),
        allow_unsolicited: false,
        now_ms: NOW_MS,
        skew_ms: 60_000,
    };
    change(&mut expected);
    verify(text, &expected)
}

fn accepted(xml: &str) -> Identity {
    verify_by(xml, |_| {}).unwrap_or_else(|error| panic!("{error}")).identity
}

fn reason(result: Result<Verified, Error>) -> String {
    let error = result.expect_err("a hostile response is refused");
    assert_eq!(error.code(), Code::Saml, "{error}");
    error.report().details["reason"].as_str().unwrap().to_owned()
}

fn refused(xml: &str) -> String {
    reason(verify_by(xml, |_| {}))
}

fn vendor() -> String {
    Provider::shared().response(&Assertion::vendor(), &How::default())
}

fn with(change: impl FnOnce(&mut Assertion)) -> String {
    let mut assertion = Assertion::vendor();
    change(&mut assertion);
    Provider::shared().response(&assertion, &How::default())
}

#[test]
fn the_vendors_response_gives_the_identity() {
    let verified = verify_by(&vendor(), |_| {}).unwrap();
    let identity = verified.identity;
    assert_eq!((identity.user.uid.as_str(), identity.user.virtual_uid.as_deref()), ("usr-1", Some("usr-1.cld-4")));
    assert_eq!(
        (identity.group.uid.as_deref(), identity.group.name.as_deref()),
        (Some("cld-4"), Some("Ada & Söhne <1>"))
    );
    assert_eq!((identity.group.has_credit_card, identity.role.as_deref()), (Some(false), Some("Power User")));
    assert_eq!(identity.session.token(), "7ds8f9789a7fd7x0b898bvb8vc9h0gg");
    assert_eq!(identity.session.recheck.as_deref(), Some("2026-09-21T14:16:20Z"));
    assert_eq!(identity.attributes.get("organizations"), Some("[{\"uid\":\"org-1\"}]"));
    assert_eq!(identity.in_response_to.as_deref(), Some(REQUEST));
    assert_eq!(identity.not_on_or_after, provider::instant(NOW_MS + 180_000));
    assert_eq!(verified.until_ms, NOW_MS + 240_000);
    assert!(!format!("{:?}", identity).contains("7ds8f"), "a session's token is never shown");
}

#[test]
fn a_signed_root_is_read_through_its_own_assertion() {
    let xml = Provider::shared().signed_root(&Assertion::vendor(), &How::default());
    assert_eq!(accepted(&xml).user.uid, "usr-1");
}

#[test]
fn algorithms_by_standard_names_and_the_vendors_own() {
    let provider = Provider::shared();
    accepted(&provider.response(&Assertion::vendor(), &How::by(Hash::Sha512)));
    let names = ("http://www.w3.org/2000/09/xmldsig#rsa-sha256", "http://www.w3.org/2000/09/xmldsig#sha256");
    accepted(&provider.response(&Assertion::vendor(), &How { names: Some(names), ..How::default() }));
    for name in ["http://www.w3.org/2000/09/xmldsig#hmac-sha256", "http://www.w3.org/2001/04/xmldsig-more#rsa-md5", ""]
    {
        let names = (name, "http://www.w3.org/2001/04/xmlenc#sha256");
        let how = How { names: Some(names), ..How::default() };
        assert_eq!(refused(&provider.response(&Assertion::vendor(), &how)), "algorithm", "{name}");
    }
}

#[test]
fn sha1_needs_an_opt_in_for_signature_and_digest_alike() {
    let provider = Provider::shared();
    let mixed = ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2000/09/xmldsig#sha1");
    for how in [How::by(Hash::Sha1), How { names: Some(mixed), ..How::default() }] {
        let xml = provider.response(&Assertion::vendor(), &how);
        let error = verify_by(&xml, |_| {}).unwrap_err();
        assert!(error.to_string().contains("allow_sha1=True"), "{error}");
        assert_eq!(reason(Err(error)), "sha1_not_allowed");
    }
    let xml = provider.response(&Assertion::vendor(), &How::by(Hash::Sha1));
    verify_by(&xml, |expected| expected.allow_sha1 = true).unwrap();
}

#[test]
fn a_short_key_needs_the_same_opt_in() {
    let short = Provider::new(1024);
    let xml = short.response(&Assertion::vendor(), &How::default());
    let by = |allow| {
        let certificate = short.certificate.clone();
        let xml = xml.clone();
        verify_by(&xml, move |expected| {
            expected.allow_sha1 = allow;
            expected.certificate = Some(Box::leak(certificate.into_boxed_str()));
        })
    };
    assert_eq!(reason(by(false)), "weak_key");
    by(true).unwrap();
}

#[test]
fn an_embedded_certificate_is_compared_and_never_believed() {
    let (provider, other) = (Provider::shared(), Provider::new(2048));
    let assertion = Assertion::vendor();
    for same in [provider.bare_certificate(), STANDARD.encode(&provider.certificate), provider.certificate.clone()] {
        accepted(&provider.response(&assertion, &How::embedding(same)));
    }
    // Signed by the attacker, with the attacker's certificate; and with the provider's, in the hope that it is looked up.
    assert_eq!(refused(&other.response(&assertion, &How::embedding(other.bare_certificate()))), "certificate_mismatch");
    assert_eq!(refused(&other.response(&assertion, &How::embedding(provider.bare_certificate()))), "signature_invalid");
    assert_eq!(refused(&other.response(&assertion, &How::default())), "signature_invalid");
    assert_eq!(refused(&provider.response(&assertion, &How::embedding("AAAA"))), "certificate_mismatch");
}

#[test]
fn a_fingerprint_must_agree_with_the_certificate_or_stand_for_it() {
    let (provider, other) = (Provider::shared(), Provider::new(2048));
    let ours = certificate_fingerprint(&provider.certificate).unwrap();
    let embedding = provider.response(&Assertion::vendor(), &How::embedding(provider.bare_certificate()));
    let by = |certificate: Option<&'static str>, fingerprint: &str, sha1: bool, xml: &str| {
        let fingerprint: &'static str = Box::leak(fingerprint.to_owned().into_boxed_str());
        let result = verify_by(xml, |expected| {
            expected.certificate = certificate;
            expected.fingerprint = Some(fingerprint);
            expected.allow_sha1_fingerprint = sha1;
        });
        result.map_or_else(|error| reason(Err(error)), |_| "accepted".to_owned())
    };
    let certificate: Option<&'static str> = Some(&Provider::shared().certificate);
    for agreeing in [&ours.sha1, &ours.sha256, &ours.sha1.to_uppercase(), &ours.sha256.replace(':', "")] {
        assert_eq!(by(certificate, agreeing, false, &embedding), "accepted");
    }
    let seed = "861e:2e:54:c4:67:80:68:47:81:18:f7:d3:29:87:77:f8:69:54:2f";
    assert_eq!(by(certificate, seed, false, &embedding), "fingerprint_mismatch");
    assert_eq!(by(certificate, &ours.sha1[3..], false, &embedding), "fingerprint_invalid");
    for absent in [None, Some(""), Some(" \n")] {
        assert_eq!(by(absent, &ours.sha256, false, &embedding), "accepted");
        assert_eq!(by(absent, &ours.sha1, false, &embedding), "sha1_fingerprint_not_allowed");
        assert_eq!(by(absent, &ours.sha1, true, &embedding), "accepted");
        assert_eq!(by(absent, &ours.sha256, false, &vendor()), "certificate_missing");
        assert_eq!(by(absent, "", false, &embedding), "no_trust");
        let foreign = other.response(&Assertion::vendor(), &How::embedding(other.bare_certificate()));
        assert_eq!(by(absent, &ours.sha256, false, &foreign), "certificate_mismatch");
    }
    assert_eq!(by(Some("(...)"), &ours.sha256, false, &embedding), "certificate_invalid");
}

#[test]
fn what_is_meant_for_others_or_for_another_time_is_refused() {
    type Change = fn(&mut Assertion);
    let cases: [(Change, &str); 12] = [
        (|a| a.issuer = "https://evil.example.com/api/v1/auth/saml".to_owned(), "issuer"),
        (|a| a.issuer = format!("{IDP}/api/v1/auth/samlet"), "issuer"),
        (|a| a.recipient = "https://app.example.com/maestrano/auth/saml/consume".to_owned(), "recipient"),
        (|a| a.audience = "https://app.example.com.evil.example/".to_owned(), "audience"),
        (|a| a.audience = String::new(), "audience"),
        (|a| a.in_response_to = "_other".to_owned(), "in_response_to"),
        (|a| a.in_response_to = String::new(), "in_response_to"),
        (|a| a.not_on_or_after_ms = NOW_MS - 60_000, "expired"),
        (|a| a.not_before_ms = NOW_MS + 61_000, "not_yet_valid"),
        (|a| a.attributes.retain(|(name, _)| name != "mno_session"), "session_missing"),
        (|a| a.attributes.push(("mno_uid".to_owned(), "usr-2".to_owned())), "attribute"),
        (|a| a.attributes.clear(), "session_missing"),
    ];
    for (change, word) in cases {
        assert_eq!(refused(&with(change)), word);
    }
}

#[test]
fn the_clocks_may_differ_by_the_skew_and_not_more() {
    let by = |now_ms| verify_by(&vendor(), |expected| expected.now_ms = now_ms);
    by(NOW_MS - 65_000).unwrap();
    assert_eq!(reason(by(NOW_MS - 65_001)), "not_yet_valid");
    by(NOW_MS + 239_999).unwrap();
    assert_eq!(reason(by(NOW_MS + 240_000)), "expired");
    for wild in [i64::MIN, i64::MAX] {
        by(wild).unwrap_err();
    }
}

#[test]
fn a_response_to_no_request_needs_an_opt_in() {
    let solicited = vendor();
    let unsolicited = with(|assertion| assertion.in_response_to = String::new());
    let by = |xml: &str, request: Option<&'static str>, allow| {
        verify_by(xml, |expected| (expected.request_id, expected.allow_unsolicited) = (request, allow))
            .map_or_else(|error| reason(Err(error)), |_| "accepted".to_owned())
    };
    assert_eq!(by(&solicited, None, false), "unsolicited");
    assert_eq!(by(&solicited, Some(""), false), "unsolicited");
    assert_eq!(by(&solicited, None, true), "accepted");
    assert_eq!(by(&unsolicited, None, true), "accepted");
    assert_eq!(by(&unsolicited, Some(REQUEST), true), "accepted");
    assert_eq!(by(&solicited, Some("_other"), true), "in_response_to", "a request that is named must be the one");
}

#[test]
fn a_signature_of_any_other_shape_is_refused() {
    type Change = fn(String) -> String;
    let cases: [(Change, &str); 10] = [
        (
            |info| info.replacen("xml-exc-c14n#\"></ds:Can", "xml-exc-c14n#WithComments\"></ds:Can", 1),
            "canonicalization",
        ),
        (|info| info.replacen("xml-exc-c14n#\"></ds:Trans", "xml-exc-c14n#WithComments\"></ds:Trans", 1), "transforms"),
        (
            |info| {
                info.replace(
                    "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>",
                    "",
                )
            },
            "transforms",
        ),
        (
            |info| {
                info.replacen("<ds:Transforms>", "<ds:Transforms><ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"></ds:Transform>", 1)
            },
            "transforms",
        ),
        (
            |info| {
                info.replacen("#\"></ds:Transform></ds:Tr", "#\"><x:InclusiveNamespaces xmlns:x=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"a\"></x:InclusiveNamespaces></ds:Transform></ds:Tr", 1)
            },
            "transforms",
        ),
        (|info| info.replace(" URI=\"#_4f2b8c9e-0000-4000-8000-000000000001\"", " URI=\"\""), "reference_mismatch"),
        (|info| info.replace(" URI=\"#_4f2b8c9e-0000-4000-8000-000000000001\"", ""), "reference_mismatch"),
        (
            |info| info.replace(" URI=\"#_4f2b8c9e-0000-4000-8000-000000000001\"", " URI=\"#_response\""),
            "reference_mismatch",
        ),
        (
            |info| info.replacen("<ds:Reference ", "<ds:Reference URI=\"#_x\"></ds:Reference><ds:Reference ", 1),
            "signature_malformed",
        ),
        (|info| info.replace("<ds:DigestValue>", "<ds:DigestValue>AAAA"), "digest_mismatch"),
    ];
    for (at, (change, word)) in cases.into_iter().enumerate() {
        let how = How::changing(change);
        let xml = Provider::shared().response(&Assertion::vendor(), &how);
        assert_eq!(refused(&xml), word, "case {at}");
    }
}

#[test]
fn what_was_changed_moved_or_wrapped_is_refused() {
    let xml = vendor();
    let (before, assertion) = xml.split_at(xml.find("<Assertion").unwrap());
    let (assertion, after) = assertion.split_at(assertion.find("</samlp:Response>").unwrap());
    let evil = assertion.replacen("ID=\"_4f2b8c9e", "ID=\"_evil", 1).replace("usr-1", "usr-2");
    let unsigned = {
        let (start, rest) = evil.split_once("<ds:Signature").unwrap();
        format!("{start}{}", rest.split_once("</ds:Signature>").unwrap().1)
    };
    let cases = [
        (xml.replace("usr-1<", "usr-2<"), "digest_mismatch"),
        (format!("{before}{unsigned}{after}"), "not_signed"),
        (format!("{before}{evil}{after}"), "reference_mismatch"),
        (format!("{before}{unsigned}{assertion}{after}"), "several_assertions"),
        (format!("{before}{assertion}{unsigned}{after}"), "several_assertions"),
        (format!("{before}{assertion}{assertion}{after}"), "duplicate_id"),
        (format!("{before}<samlp:Extensions>{assertion}</samlp:Extensions>{unsigned}{after}"), "several_assertions"),
        (format!("{before}<samlp:Extensions>{assertion}</samlp:Extensions>{after}"), "unexpected_content"),
        (xml.replace("<samlp:Status>", "<Object/><samlp:Status>"), "unexpected_content"),
        (xml.replace("<Subject>", "<Advice/><Subject>"), "digest_mismatch"),
        (xml.replace("ID=\"_response\"", "Id=\"_4f2b8c9e-0000-4000-8000-000000000001\""), "duplicate_id"),
        (
            xml.replace("<Assertion", "<EncryptedAssertion/><Assertion")
                .replace("<EncryptedAssertion", "<EncryptedAssertion xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\""),
            "encrypted_assertion",
        ),
        (format!("{before}{after}"), "no_assertion"),
        (xml.replace("2.0:status:Success", "2.0:status:Responder"), "status_not_success"),
        (xml.replace("samlp:Response", "samlp:LogoutResponse"), "not_a_response"),
        (xml.replace("2.0:protocol", "1.0:protocol"), "not_a_response"),
    ];
    for (at, (xml, word)) in cases.iter().enumerate() {
        assert_eq!(refused(xml), *word, "case {at}");
    }
}

#[test]
fn text_that_is_no_plain_small_xml_is_refused_before_it_is_parsed() {
    let xml = vendor();
    let deep = format!("{}{}", "<a>".repeat(100_000 / 3), "</a>".repeat(100_000 / 4));
    let many = format!("<a>{}</a>", "<b/>".repeat(60_000));
    let attributes: String = (0..20_000).map(|at| format!(" a{at}=\"\"")).collect();
    let cases = [
        (format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{xml}"), "doctype"),
        (xml.replace("usr-1<", "usr-1<!-- x -->.evil<"), "comment"),
        (xml.replace("usr-1<", "<![CDATA[usr-1]]><"), "cdata"),
        (xml.replace("usr-1<", "usr-1<?x?><"), "processing_instruction"),
        (format!("<?xml-stylesheet href=\"x\"?>{xml}"), "processing_instruction"),
        (format!("<?xml version=\"1.0\" encoding=\"UTF-16\"?>{xml}"), "not_utf8"),
        (deep, "too_deep"),
        (many, "too_many_nodes"),
        (format!("<a{attributes}/>"), "too_many_nodes"),
        (format!("{xml}{}", " ".repeat(256 * 1024)), "too_large"),
        (xml.replace("Ada &amp; S", "Ada & S"), "malformed_xml"),
        (xml.replace("Ada &amp; S", "Ada &b; S"), "malformed_xml"),
        (xml[..xml.len() / 2].to_owned(), "malformed_xml"),
        (format!("{xml}{xml}"), "malformed_xml"),
        (String::new(), "malformed_xml"),
    ];
    for (at, (xml, word)) in cases.iter().enumerate() {
        assert_eq!(refused(xml), *word, "case {at}");
    }
    accepted(&format!("\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{xml}\n"));
    let text = |text: &str| reason(verify_text(text, |_| {}));
    assert_eq!((text("%%%").as_str(), text("PGE+*").as_str()), ("not_base64", "not_base64"));
    assert_eq!(text(&STANDARD.encode([0x3c, 0xff, 0xfe, 0x3e])), "not_utf8");
    assert_eq!(text(&"A".repeat(600 * 1024)), "too_large");
    assert_eq!(text(&"\n".repeat(100)), "malformed_xml");
}
