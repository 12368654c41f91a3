//! The identity provider, its assertions, and session checks (contract, 1d).

use std::path::Path;
use std::process::Command;

use crate::marketplace::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use miniz_oxide::deflate::compress_to_vec;
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

const CONSUME: &str = "http://127.0.0.1:8000/maestrano/auth/saml/consume/maestrano?a=b&c=d";

fn quoted(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

fn request(app_id: &str) -> String {
    let text = format!(
        "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_request-1\" Version=\"2.0\" \
            AssertionConsumerServiceURL=\"{}\"><saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{app_id}\
            </saml:Issuer></samlp:AuthnRequest>",
        CONSUME.replace('&', "&amp;")
    );
    quoted(&STANDARD.encode(compress_to_vec(text.as_bytes(), 6)))
}

/// Where a user is sent to sign in to the app on the n-th marketplace.
fn login_path(maestrano: &Maestrano, n: usize, further: &str) -> String {
    let app_id = maestrano.entries[n]["api"]["id"].as_str().unwrap();
    format!("/api/v1/auth/saml?SAMLRequest={}{further}", request(app_id))
}

/// The response in a page's form, decoded.
fn response(page: &Reply) -> String {
    assert_eq!(page.status, 200, "{page:?}");
    let (_, rest) = page.body.split_once("name=\"SAMLResponse\" value=\"").unwrap();
    let encoded = rest.split_once('"').unwrap().0;
    assert!(encoded.ends_with('\n') && encoded.lines().all(|line| line.len() <= 60));
    String::from_utf8(STANDARD.decode(encoded.replace('\n', "")).unwrap()).unwrap()
}

fn sign_on(maestrano: &Maestrano, n: usize, further: &str) -> String {
    response(&raw::get(maestrano, &login_path(maestrano, n, further), &[]))
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}"));
    rest.split_once(after).unwrap().0
}

fn attribute<'a>(xml: &'a str, name: &str) -> &'a str {
    between(xml, &format!("<Attribute Name=\"{name}\"><AttributeValue>"), "</AttributeValue>")
}

/// Whether xmlsec1 finds the assertion's signature good under the configured certificate.
fn verifies(maestrano: &Maestrano, xml: &str, directory: &Path) -> bool {
    let (document, certificate) = (directory.join("response.xml"), directory.join("certificate.pem"));
    std::fs::write(&document, xml).unwrap();
    std::fs::write(&certificate, maestrano.entries[0]["sso"]["x509_certificate"].as_str().unwrap()).unwrap();
    let output = Command::new("xmlsec1")
        .args(["--verify", "--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion", "--pubkey-cert-pem"])
        .args([&certificate, &document])
        .output()
        .unwrap();
    output.status.success()
}

#[test]
fn xmlsec1_verifies_what_the_provider_signs_and_nothing_that_was_changed() {
    if Command::new("xmlsec1").arg("--version").output().is_err() {
        eprintln!("skipped: there is no xmlsec1 on this machine");
        return;
    }
    let directory = std::env::temp_dir().join(format!("tenantry-sandbox-{}", secret()));
    std::fs::create_dir(&directory).unwrap();
    let maestrano = start();
    for signature in ["sha256", "sha1"] {
        maestrano.maestrano(json!({"signature": signature})).unwrap();
        for further in ["", "&group_id=cld-5", "&user_id=usr-3&group_id=cld-6"] {
            let xml = sign_on(&maestrano, 0, further);
            assert!(verifies(&maestrano, &xml, &directory), "{signature} {further} {xml}");
            let changed = xml.replace(">usr-", ">usr-9");
            assert!(!verifies(&maestrano, &changed, &directory), "{signature} {further} {changed}");
        }
    }
    // The vendor's own names of SHA-256 are in no standard, but the signature under them is the same.
    maestrano.maestrano(json!({"signature": "sha256_nonstandard"})).unwrap();
    let xml = sign_on(&maestrano, 0, "");
    assert!(xml.contains("2000/09/xmldsig#rsa-sha256\"") && xml.contains("2000/09/xmldsig#sha256\""), "{xml}");
    assert!(!verifies(&maestrano, &xml, &directory));
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn the_response_has_the_vendors_shape() {
    let maestrano = start();
    let page = raw::get(
        &maestrano,
        &login_path(&maestrano, 0, "&group_id=cld-4&user_id=usr-2"),
        &["host: api-hub.maestrano.com"],
    );
    assert!(page.body.contains(&format!("<form action=\"{}\" method=\"post\">", CONSUME.replace('&', "&amp;"))));
    let xml = response(&page);
    assert!(xml.starts_with("<samlp:Response ID=\"_"));
    let assertion = between(&xml, "<Assertion xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\" ", "</Assertion>");
    let id = between(assertion, "ID=\"", "\"");
    assert!(assertion.contains(&format!("<ds:Reference URI=\"#{id}\">")));
    assert!(assertion.contains(&format!("SessionIndex=\"{id}\"")));
    assert!(!assertion.contains("/>"), "canonical XML has no empty-element tags");
    assert_eq!((xml.matches("<ds:Signature ").count(), xml.matches("<Assertion ").count()), (1, 1));
    // The provider calls itself by the URL that was called, up to the first &.
    let issuer = format!("http://api-hub.maestrano.com{}", login_path(&maestrano, 0, ""));
    assert_eq!(between(assertion, "<Issuer>", "</Issuer>"), issuer);
    assert_eq!(between(assertion, "<Audience>", "</Audience>"), "http://127.0.0.1:8000/");
    assert_eq!(between(assertion, "persistent\">", "</NameID>"), "usr-2");
    assert_eq!(between(assertion, "InResponseTo=\"", "\""), "_request-1");
    assert_eq!(between(assertion, "Recipient=\"", "\""), CONSUME.replace('&', "&amp;"));
    let confirmation = between(assertion, "<SubjectConfirmationData ", ">");
    assert!(confirmation.contains("NotOnOrAfter=\"2026-01-01T00:03:00Z\""), "{confirmation}");
    let conditions = between(assertion, "<Conditions ", ">");
    assert_eq!(conditions, "NotBefore=\"2025-12-31T23:59:55Z\" NotOnOrAfter=\"2026-01-01T01:00:00Z\"");
    let pem = maestrano.entries[0]["sso"]["x509_certificate"].as_str().unwrap().replace('\n', "");
    assert!(pem.contains(between(assertion, "<ds:X509Certificate>", "</ds:X509Certificate>")));

    let session = maestrano.get("users/usr-2")["sso_session"].as_str().unwrap().to_owned();
    for (name, value) in [
        ("mno_uid", "usr-2"),
        ("mno_session", session.as_str()),
        ("mno_session_recheck", "2026-01-01T00:03:00Z"),
        ("group_uid", "cld-4"),
        ("group_name", "Coco Co. Logistics"),
        ("group_end_free_trial", "2014-06-21T04:04:53Z"),
        ("group_role", "Member"),
        ("group_has_credit_card", "true"),
        ("group_timezone", "America/Los_Angeles"),
        ("group_reseller_id", "rsl-1"),
        ("reseller_name", "Reseller Inc."),
        ("uid", "usr-2"),
        ("virtual_uid", "usr-2.cld-4"),
        ("email", "john.doe@example.com"),
        ("app_owner", "usr-1"),
        ("company_name", ""),
    ] {
        assert_eq!(attribute(assertion, name), value, "{name}");
    }
    let organizations: Value = serde_json::from_str(attribute(assertion, "organizations")).unwrap();
    assert_eq!(organizations[0]["uid"], "cld-4");
}

#[test]
fn names_are_escaped_unless_the_vendors_way_is_asked_for() {
    let maestrano = start();
    let xml = sign_on(&maestrano, 0, "&group_id=cld-5");
    assert_eq!(attribute(&xml, "group_name"), "Smith &amp; Sons &lt;Wholesale&gt;");
    maestrano.maestrano(json!({"escape": false})).unwrap();
    let xml = sign_on(&maestrano, 0, "&group_id=cld-5");
    assert_eq!(attribute(&xml, "group_name"), "Smith & Sons <Wholesale>");
}

#[test]
fn the_group_and_the_marketplace_decide_who_signs_in() {
    let maestrano = start();
    let xml = sign_on(&maestrano, 0, "");
    assert_eq!((attribute(&xml, "uid"), attribute(&xml, "group_uid")), ("usr-1", "cld-4"));
    let xml = sign_on(&maestrano, 1, "&group_id=cld-6");
    assert_eq!((attribute(&xml, "uid"), attribute(&xml, "group_currency")), ("usr-3", ""));
    let telco = sign_on(&maestrano, 1, "&user_id=usr-2.cld-4");
    assert_eq!(attribute(&telco, "surname"), "Doe-Telco");
    let unauthorized = format!("{}/app_access_unauthorized", maestrano.url());
    for further in ["&user_id=nobody", "&group_id=cld-404", "&user_id=usr-3&group_id=cld-4"] {
        let reply = raw::get(&maestrano, &login_path(&maestrano, 0, further), &[]);
        assert_eq!(reply.status, 302);
        assert!(reply.head.contains(&format!("location: {unauthorized}")), "{further} {}", reply.head);
    }
    let stranger = format!("/api/v1/auth/saml?SAMLRequest={}", request("app-stranger"));
    assert_eq!(raw::get(&maestrano, &stranger, &[]).status, 302);
    assert_eq!(raw::get(&maestrano, "/app_access_unauthorized", &[]).status, 200);
}

#[test]
fn what_is_no_request_is_refused_on_a_page() {
    let maestrano = start();
    let deflated = |text: &str| quoted(&STANDARD.encode(compress_to_vec(text.as_bytes(), 6)));
    let bomb = deflated(&"a".repeat(1 << 20));
    for query in [
        String::new(),
        "SAMLRequest=%21".to_owned(),
        format!("SAMLRequest={}", quoted(&STANDARD.encode("not deflated"))),
        format!("SAMLRequest={}", deflated("<samlp:AuthnRequest ID=\"_1\">")),
        format!("SAMLRequest={bomb}"),
    ] {
        let reply = raw::get(&maestrano, &format!("/api/v1/auth/saml?{query}"), &[]);
        assert_eq!((reply.status, reply.head.contains("text/html")), (400, true), "{reply:?}");
    }
}

#[test]
fn a_session_lives_until_its_user_signs_out() {
    let maestrano = start();
    let xml = sign_on(&maestrano, 0, "");
    let session = attribute(&xml, "mno_session").to_owned();
    let check =
        |uid: &str| raw::get(&maestrano, &format!("/api/v1/auth/saml/{uid}?session={session}"), &[]).expect(200);
    let valid = json!({"valid": true, "recheck": "2026-01-01T00:03:00Z"});
    let virtual_email = attribute(&xml, "virtual_email").replace('@', "%40");
    for uid in ["usr-1", "usr-1.cld-4", &virtual_email] {
        assert_eq!(check(uid), valid, "{uid}");
    }
    assert_eq!(check("usr-2")["valid"], false);
    assert_eq!(check("nobody")["valid"], false);
    let none = raw::get(&maestrano, "/api/v1/auth/saml/usr-1", &[]).expect(200);
    assert_eq!(none, json!({"valid": false, "recheck": "2026-01-01T00:03:00Z"}));

    maestrano.maestrano(json!({"session_valid": false, "recheck_ms": 1000})).unwrap();
    assert_eq!(check("usr-1"), json!({"valid": false, "recheck": "2026-01-01T00:00:01Z"}));
    maestrano.maestrano(json!({"session_valid": true})).unwrap();
    assert_eq!(raw::get(&maestrano, "/app_logout?user_uid=usr-1", &[]).status, 200);
    assert_eq!(check("usr-1")["valid"], false);
    let again = sign_on(&maestrano, 0, "");
    assert_ne!(attribute(&again, "mno_session"), session);
}
