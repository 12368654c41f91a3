//! Sign-on as an app meets it: the URL it sends browsers to, the response it gets back, and what is never used twice.

use crate::provider;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use crate::provider::{Assertion, Hash, How, IDP, NOW_MS, Provider, REQUEST, posted};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tenantry::maestrano::Marketplace;
use tenantry::maestrano::sso::{Consume, Identity, MemoryReplays, Replays, consume, consume_for, local, login};
use tenantry::time::{SystemClock, SystemRandom};
use tenantry::{Code, Error};
use url::Url;

fn consumed(marketplace: &Marketplace, arguments: &Consume, replays: &dyn Replays) -> Result<Identity, Error> {
    consume(marketplace, arguments, replays, NOW_MS).now_or_never().expect("nothing to wait for")
}

fn reason(error: &Error) -> &str {
    assert_eq!(error.code(), Code::Saml, "{error}");
    error.report().details["reason"].as_str().unwrap()
}

fn vendor() -> String {
    posted(&Provider::shared().response(&Assertion::vendor(), &How::default()))
}

fn answered(name: &str, marketplace: &Marketplace, arguments: Value) -> Result<Value, Error> {
    local(name, marketplace, &arguments.to_string(), &SystemRandom, &SystemClock)
        .map(|text| serde_json::from_str(&text).unwrap())
}

/// The request in a login URL, as the provider unpacks it.
fn unpacked(url: &Url) -> String {
    let (name, packed) = url.query_pairs().next().unwrap();
    assert_eq!(name, "SAMLRequest", "it comes first: the provider's issuer ends at the first &");
    let packed = STANDARD.decode(packed.as_bytes()).unwrap();
    let mut text = String::new();
    flate2::read::DeflateDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_login_url_carries_the_request_and_the_apps_own_parameters() {
    let marketplace = Provider::shared().marketplace();
    let params = BTreeMap::from(
        [
            ("group_id", "cld-4"),
            ("a&b", "c=d é"),
            ("SAMLRequest", "evil"),
            ("SAMLRequest[]", "evil"),
            ("samlrequest", "x"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let begun = login(&marketplace, &params, &SystemRandom, NOW_MS).unwrap();
    let url = Url::parse(&begun.url).unwrap();
    assert!(begun.url.starts_with(&format!("{IDP}/api/v1/auth/saml?SAMLRequest=")), "{url}");
    let passed: Vec<(String, String)> = url.query_pairs().skip(1).map(|(n, v)| (n.into(), v.into())).collect();
    let expected = [("a&b", "c=d é"), ("group_id", "cld-4")];
    assert_eq!(passed, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let request = unpacked(&url);
    assert!(request.contains(&format!("ID=\"{}\"", begun.request_id)) && !request.contains("evil"), "{request}");
    assert!(request.contains("IssueInstant=\"2026-09-21T14:13:20Z\""), "{request}");
    assert!(request.contains(&format!("AssertionConsumerServiceURL=\"{}\"", marketplace.consume_url())), "{request}");
}

#[test]
fn a_requests_id_has_128_random_bits() {
    let marketplace = Provider::shared().marketplace();
    let id = || login(&marketplace, &BTreeMap::new(), &SystemRandom, NOW_MS).unwrap().request_id;
    let ids: BTreeSet<String> = (0..200).map(|_| id()).collect();
    assert_eq!(ids.len(), 200);
    assert!(ids.iter().all(|id| id.len() == 33 && id.starts_with('_')), "{ids:?}");
}

#[test]
fn the_other_urls_keep_what_they_are_given_in_its_place() {
    let marketplace = Provider::shared().marketplace();
    let by = |name, arguments| answered(name, &marketplace, arguments).unwrap();
    assert_eq!(by("logout_url", json!({"uid": "usr-1"})), format!("{IDP}/app_logout?user_uid=usr-1"));
    assert_eq!(by("unauthorized_url", json!({})), format!("{IDP}/app_access_unauthorized"));
    assert_eq!(by("openid_provider_url", json!({})), format!("{IDP}/api/openid/provider/app-1"));
    assert_eq!(by("init_url", json!({})), marketplace.init_url());
    assert_eq!(by("consume_url", json!({})), provider::CONSUME);
    let check = by("session_check_url", json!({"uid": "usr-1.cld-4@mail.example.com", "token": "a&b=c d"}));
    assert_eq!(check, format!("{IDP}/api/v1/auth/saml/usr-1.cld-4@mail.example.com?session=a%26b%3Dc+d"));
    let begun = by("login_url", json!({"params": {"group_id": "cld-4"}}));
    assert!(begun["url"].as_str().unwrap().ends_with("&group_id=cld-4"), "{begun}");
    let fingerprints = by("fingerprint", json!({}));
    assert_eq!(fingerprints["sha1"].as_str().unwrap().len(), 59);
    assert_eq!(fingerprints, by("fingerprint", json!({"certificate": Provider::shared().bare_certificate()})));
}

#[test]
fn what_could_change_a_url_is_refused_before_it_is_one() {
    let marketplace = Provider::shared().marketplace();
    for uid in ["", "..", "usr-1/../..", "usr-1?x", "usr-1#", "usr 1", "%2e%2e"] {
        for (name, arguments) in
            [("logout_url", json!({"uid": uid})), ("session_check_url", json!({"uid": uid, "token": "t"}))]
        {
            assert_eq!(answered(name, &marketplace, arguments).unwrap_err().code(), Code::InvalidId, "{uid}");
        }
    }
    for (name, arguments) in [
        ("session_check_url", json!({"uid": "usr-1", "token": ""})),
        ("login_url", json!({"group_id": "cld-4"})),
        ("consume_url", json!({"x": 1})),
    ] {
        assert_eq!(answered(name, &marketplace, arguments).unwrap_err().code(), Code::Validation, "{name}");
    }
    let mut broken = marketplace;
    broken.sso.idp = "https://user:hunter2@api-hub.example.com".to_owned();
    let error = answered("login_url", &broken, json!({})).unwrap_err();
    assert!(error.code() == Code::Config && error.to_string().contains("marketplace some-telco: sso.idp"), "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn a_response_is_consumed_once() {
    let (marketplace, replays) = (Provider::shared().marketplace(), memory());
    let arguments = Consume::new(vendor(), REQUEST);
    assert_eq!(consumed(&marketplace, &arguments, &replays).unwrap().user.uid, "usr-1");
    let again = consumed(&marketplace, &arguments, &replays).unwrap_err();
    assert_eq!((reason(&again), &again.report().details["used"]), ("replayed", &json!("assertion")));
    assert!(again.to_string().contains("marketplace some-telco"), "{again}");
}

#[test]
fn a_request_is_answered_once_even_by_another_assertion() {
    let (marketplace, replays) = (Provider::shared().marketplace(), memory());
    consumed(&marketplace, &Consume::new(vendor(), REQUEST), &replays).unwrap();
    let second = Assertion { id: "_another".to_owned(), ..Assertion::vendor() };
    let second = posted(&Provider::shared().response(&second, &How::default()));
    let error = consumed(&marketplace, &Consume::new(second, REQUEST), &replays).unwrap_err();
    assert_eq!((reason(&error), &error.report().details["used"]), ("replayed", &json!("request")));
}

#[test]
fn a_refused_response_uses_up_nothing() {
    let (marketplace, replays) = (Provider::shared().marketplace(), memory());
    let other = consumed(&marketplace, &Consume::new(vendor(), "_other"), &replays).unwrap_err();
    assert_eq!(reason(&other), "in_response_to");
    consumed(&marketplace, &Consume::new(vendor(), REQUEST), &replays).unwrap();
}

/// A store that cannot be reached.
struct Unreachable;

impl Replays for Unreachable {
    fn claim<'a>(&'a self, _: &'a str, _: i64) -> BoxFuture<'a, Result<bool, Error>> {
        std::future::ready(Err(Error::new(Code::Config, "the store is down"))).boxed()
    }
}

#[test]
fn without_its_replay_store_nobody_is_signed_in() {
    let error =
        consumed(&Provider::shared().marketplace(), &Consume::new(vendor(), REQUEST), &Unreachable).unwrap_err();
    assert!(error.to_string().contains("the store is down"), "{error}");
}

#[test]
fn marketplaces_do_not_share_what_was_used_nor_accept_each_others_responses() {
    let (first, replays) = (Provider::shared().marketplace(), memory());
    let mut second = first.clone();
    second.marketplace = "another".to_owned();
    consumed(&first, &Consume::new(vendor(), REQUEST), &replays).unwrap();
    consumed(&second, &Consume::new(vendor(), REQUEST), &replays).unwrap();
    second.sso.consume_path = "/maestrano/auth/saml/consume?marketplace=another".to_owned();
    let error = consumed(&second, &Consume::new(vendor(), REQUEST), &replays).unwrap_err();
    assert_eq!(reason(&error), "recipient");
    assert!(error.to_string().contains("marketplace another"), "{error}");
}

#[test]
fn a_marketplace_whose_fingerprint_disagrees_signs_nobody_in_and_is_named() {
    let mut marketplace = Provider::shared().marketplace();
    marketplace.sso.x509_fingerprint = Some("861e:2e:54:c4:67:80:68:47:81:18:f7:d3:29:87:77:f8:69:54:2f".to_owned());
    let error = consumed(&marketplace, &Consume::new(vendor(), REQUEST), &memory()).unwrap_err();
    assert_eq!(
        (reason(&error), &error.report().details["marketplace"]),
        ("fingerprint_mismatch", &json!("some-telco"))
    );
}

#[test]
fn the_audience_may_be_the_consume_urls_origin_or_the_app() {
    let marketplace = Provider::shared().marketplace();
    for audience in ["https://app.example.com/", "https://app.example.com", "app-1"] {
        let assertion = Assertion { audience: audience.to_owned(), ..Assertion::vendor() };
        let text = posted(&Provider::shared().response(&assertion, &How::default()));
        consumed(&marketplace, &Consume::new(text, REQUEST), &memory()).unwrap();
    }
}

#[test]
fn from_json_to_json_the_same_and_the_operation_is_named() {
    let marketplace = Provider::shared().marketplace();
    let by = |arguments: Value| {
        let (arguments, replays) = (arguments.to_string(), memory());
        let answer = consume_for("maestrano.sso.consume", &marketplace, &arguments, &replays, NOW_MS);
        answer.now_or_never().unwrap()
    };
    let identity: Value =
        serde_json::from_str(&by(json!({"saml_response": vendor(), "request_id": REQUEST})).unwrap()).unwrap();
    assert_eq!(identity["session"]["token"], "7ds8f9789a7fd7x0b898bvb8vc9h0gg");
    assert_eq!((&identity["group"]["uid"], &identity["user"]["uid"]), (&json!("cld-4"), &json!("usr-1")));
    assert_eq!(identity["attributes"]["mno_session_recheck"], identity["session"]["recheck"]);
    let sha1 = posted(&Provider::shared().response(&Assertion::vendor(), &How::by(Hash::Sha1)));
    by(json!({"saml_response": sha1, "request_id": REQUEST, "allow_sha1": true})).unwrap();
    by(json!({"saml_response": vendor(), "allow_unsolicited": true})).unwrap();
    let error = by(json!({"saml_response": sha1, "request_id": REQUEST})).unwrap_err();
    assert!(error.to_string().starts_with("maestrano.sso.consume: marketplace some-telco: "), "{error}");
    assert_eq!(by(json!({"request_id": REQUEST})).unwrap_err().code(), Code::Validation);
    let unknown = by(json!({"saml_response": "x", "allow_md5": true})).unwrap_err();
    assert!(unknown.code() == Code::Validation && unknown.to_string().contains("allow_md5"), "{unknown}");
    assert!(!format!("{:?}", Consume::new("hunter2", REQUEST)).contains("hunter2"));
}

/// A memory that lives by the test's clock: nothing that a test claims has expired.
fn memory() -> MemoryReplays {
    MemoryReplays::new(std::sync::Arc::new(Still), 1000)
}

#[derive(Debug)]
struct Still;

impl tenantry::time::Clock for Still {
    fn now(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }

    fn wall_ms(&self) -> i64 {
        NOW_MS
    }

    fn sleep_until(&self, _: std::time::Duration) -> BoxFuture<'static, ()> {
        std::future::pending().boxed()
    }
}
